"""The stage of the stories about pipelines: a repository with a deploy.sh, a broker with the role `pipeline`, and whose keys
the runner believes."""

import policy_files
from brokers import Story, SystemBroker

ROLE = """pawl = 1
name = "pipeline"
description = "Deploys one commit"

[sandbox.files]
workspace = "read-only"

[[gate]]
name = "deploy"
subject = "git"
command = ["./deploy.sh", {{ match = "[a-z]{{1,20}}" }}]
inputs = ["deploy.sh"]
inputs_max = "64 KiB"
approval = "two-person"
expires = "{expires}"

[[gate]]
name = "push"
subject = "git"
command = ["true", {{ match = "refs/heads/[a-z/]{{1,40}}" }}]
approval = "two-person"
"""
# Tells outside of the pipeline that it ran, with which words, and what it was.
DEPLOY = '#!/bin/sh\nprintf \'%s\\n\' "$*" >>"$HOME/deployed"\ncat k8s/web.yaml >>"$HOME/deployed"\nexit 7\n'
COMMAND = ("./deploy.sh", "production")


class GateStory(Story):
    expires = "10m"

    def setUp(self):
        super().setUp()
        self.broker = SystemBroker(self.host)
        self.broker.write(ROLE.format(expires=self.expires), "roles/pipeline.toml")
        settings = policy_files.settings(["alice"], system=True)
        self.broker.write(settings + 'pipeline = ["alice"]\n', "pawl.toml")
        self.broker.start()
        self.repository = self.make_repository()
        self.signers = self.alice.write("signers", self.host.pawl(self.alice, "people", "allowed-signers", "--from", "@sre").out)

    # The repository

    def git(self, *words, cwd=None, check=True):
        ran = self.host.run(self.alice, "git", "-c", "user.name=alice", "-c", "user.email=alice@example.com",
                            "-c", "protocol.file.allow=always", *words, cwd=cwd or self.repository)
        if check:
            self.assert_done(ran)
        return ran

    def make_repository(self):
        self.alice.write("repository/deploy.sh", DEPLOY, 0o755)
        self.alice.write("repository/k8s/web.yaml", "replicas: 3\n")
        self.repository = self.alice.home / "repository"
        self.git("init", "-q", "-b", "main")
        self.commit("first")
        return self.repository

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.head()

    def head(self):
        return self.git("rev-parse", "HEAD").out.strip()

    # The broker

    def propose(self, *options, command=COMMAND, action="deploy", inputs=("deploy.sh",), person=None, wait="0s", cwd=None):
        named = [word for path in inputs for word in ("--input", path)]
        return self.host.pawl(person or self.alice, "propose", "--role", "pipeline", "--action", action, *named, "--wait", wait,
                              *options, "--", *command, cwd=cwd or self.repository)

    def start_proposing(self, *options, command=COMMAND, action="deploy", inputs=("deploy.sh",)):
        named = [word for path in inputs for word in ("--input", path)]
        return self.host.start(self.alice, [self.host.program("pawl"), "propose", "--role", "pipeline", "--action", action, *named,
                                            "--wait", "60s", *options, "--", *command], cwd=self.repository)

    def released(self, name="receipt.json", subject=None, persons=None, **asked):
        """A receipt that two persons signed, as a file of alice's."""
        path = self.alice.home / name
        child = self.start_proposing("-o", path, "--subject", "git:" + (subject or self.head()), **asked)
        identity = self.pending(self.bob)["id"]
        for person in persons or (self.bob, self.carol):
            self.assert_done(self.approve(person, identity))
        out, err = child.communicate(timeout=60)
        self.assertEqual(0, child.returncode, (out, err))
        return path

    # The runner

    def gate(self, receipt, *options, command=COMMAND, inputs=("deploy.sh",), subject=None, signers=None, cwd=None, **env):
        named = [word for path in inputs for word in ("--input", path)]
        return self.host.pawl(self.alice, "gate", "--receipt", receipt, "--signers", signers or self.signers, "--subject",
                              "git:" + (subject or self.head()), *named, *options, "--", *command, cwd=cwd or self.repository, **env)

    def deployed(self):
        path = self.alice.home / "deployed"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def assert_refused(self, ran, reason):
        """The contract: nothing started, 125, one line."""
        self.assertEqual((125, ""), (ran.code, ran.out), ran)
        self.assertEqual(1, ran.err.count("\n"), ran)
        self.assertTrue(ran.err.startswith("pawl gate: "), ran)
        self.assertIn(reason, ran.err)
        self.assertEqual("", self.deployed())
