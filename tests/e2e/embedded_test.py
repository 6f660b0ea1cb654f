"""One person on their own machine: the embedded broker, started on demand."""

import hashlib
import json
import os
import pty
import re
import subprocess
import time

from brokers import EmbeddedBroker, Story
from host import TOKEN, wait_until


class Solo(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)

    def test_approved(self):
        """embedded: an approved action runs once, outside, with the secret, on the file the agent saw"""
        shell = self.shell()
        asked = shell.request()
        self.assert_done(asked, 75)
        request = self.pending(self.alice)
        self.assertEqual("deploy", request["action"])
        self.assertEqual([], self.host.journal())
        # What happens to the workspace after the ask changes nothing.
        shell.sh("echo tampered >k8s/web.yaml")
        self.assert_done(self.approve(self.alice, request["id"]))
        told = shell.status(request["id"])
        self.assert_done(told)
        self.assertIn("rolled out web", told.out)
        digest = hashlib.sha256(b"service: web\nreplicas: 2\n").hexdigest()
        self.assertEqual([f"rollout web {'registry.example.com/web@sha256:' + '0' * 63 + '1'} manifest={digest} "
                          f"uid={self.alice.uid}"], self.host.journal())
        self.verify_log(self.alice)

    def test_denied(self):
        """embedded: a denial carries the reviewer's reason back to the agent, and nothing runs"""
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        request = self.pending(self.alice)
        self.assert_done(self.deny(self.alice, request["id"], "use a rolling update"))
        told = shell.status(request["id"])
        self.assert_done(told, 3)
        self.assertIn("use a rolling update", told.out)
        # A late approval finds nothing to approve.
        self.assert_done(self.approve(self.alice, request["id"]), 3)
        self.assertEqual([], self.host.journal())
        self.verify_log(self.alice)

    def test_expiry(self):
        """embedded: a request that nobody decides expires, and cannot be approved afterwards"""
        self.broker.write(self.expiring(), "approvals.toml")
        shell = self.shell()
        told = shell.request(wait="20s")
        self.assert_done(told, 4)
        request = self.requests(self.alice, "--all")[0]
        self.assertEqual("expired", request["state"])
        self.assertEqual(4, self.approve(self.alice, request["id"]).code)
        self.assertEqual([], self.host.journal())

    @staticmethod
    def expiring():
        import policy_files
        return policy_files.approvals("3s", two_person=False)

    def test_joined(self):
        """embedded: asking again for the same joins the pending request"""
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        self.assert_done(shell.request(), 75)
        self.pending(self.alice)

    def test_failed(self):
        """embedded: an action that fails says so with its exit code and output, and exits 1"""
        shell = self.shell()
        self.assert_done(shell.request(service="broken"), 75)
        request = self.pending(self.alice)
        self.approve(self.alice, request["id"])
        told = shell.status(request["id"])
        self.assert_done(told, 1)
        self.assertIn("did not become healthy", told.out)
        self.assertIn("9", told.out)
        self.assertEqual(1, len(self.host.journal()))

    def test_scrubbed(self):
        """embedded: an action that prints its token gives the agent and the reviewer none of it"""
        shell = self.shell()
        self.assert_done(shell.ask("leak"), 75)
        request = self.pending(self.alice)
        self.assert_done(self.approve(self.alice, request["id"]))
        told = shell.status(request["id"])
        self.assert_done(told)
        self.assertIn("token=", told.out)
        self.assertEqual(["leak"], self.host.journal())
        shown = self.host.pawl(self.alice, "show", request["id"])
        log = self.host.pawl(self.alice, "log", "--json")
        import base64
        encoded = base64.b64encode(TOKEN.encode()).decode()
        for text in (told.out, shown.out, shown.err, log.out):
            self.assertNotIn(TOKEN, text)
            self.assertNotIn(encoded, text)

    def test_what_an_action_sees(self):
        """embedded: an action has its own environment and no network but a loopback"""
        shell = self.shell()
        self.assert_done(shell.ask("look"), 75)
        request = self.pending(self.alice)
        self.assert_done(self.approve(self.alice, request["id"]))
        told = shell.status(request["id"])
        self.assert_done(told)
        self.assertIn("variables: DEPLOY_TOKEN HOME LANG PATH PWD TMPDIR\n", told.out)
        self.assertIn("interfaces: lo\n", told.out)

    def test_what_an_action_reaches(self):
        """embedded: an action reaches no configuration, secret, state, workspace, home, process or network of the host"""
        self.assert_reaches_nothing(self.shell(), self.broker, [self.alice])

    def test_terminal(self):
        """embedded: on a terminal, approve shows the whole action and does what is answered"""
        shell = self.shell()
        for answer, state in ((b"n\n", "pending"), (b"y\n", "done")):
            self.assert_done(shell.request(), 75)
            request = self.pending(self.alice)
            text, _ = self.on_terminal(["approve", request["id"]], answer)
            self.assertIn("registry.example.com/web@sha256:", text)
            self.assertIn("deployctl", text)
            self.assertIn(hashlib.sha256(b"service: web\nreplicas: 2\n").hexdigest(), text)
            if state == "done":
                self.assertEqual("done", self.final_state(self.alice, request["id"]))
            else:
                self.assertEqual("pending", self.request_of(self.alice, request["id"])["state"])
                self.assertEqual([], self.host.journal())
        self.assertEqual(1, len(self.host.journal()))

    def on_terminal(self, arguments, answer):
        ours, theirs = pty.openpty()
        os.fchown(theirs, self.alice.uid, self.alice.gid)
        child = self.host.start(self.alice, [self.host.program("pawl"), *arguments], stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        os.set_blocking(ours, False)
        seen, answered = b"", False

        def over():
            nonlocal seen, answered
            try:
                seen += os.read(ours, 65536)
            except BlockingIOError:
                pass
            except OSError:
                return True
            if not answered and re.search(rb"(?i)\[y/n\] *$", seen):
                time.sleep(0.3)  # what was typed before the question is thrown away
                os.write(ours, answer)
                answered = True
            return child.poll() is not None

        wait_until(over, 20, what=f"the end of pawl {arguments}: {seen!r}")
        os.close(ours)
        return seen.decode("utf-8", "replace"), child.wait()

    def test_receipt(self):
        """embedded: stock ssh-keygen verifies the exported receipt, and refuses it with any byte changed"""
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        request = self.pending(self.alice)
        self.assert_done(self.approve(self.alice, request["id"]))
        self.assertEqual("done", self.final_state(self.alice, request["id"]))
        folder = self.alice.home / "receipt"
        self.assert_done(self.host.pawl(self.alice, "receipt", "export", request["id"], str(folder)))
        signed = sorted(folder.rglob("*.pae"))
        self.assertEqual(1, len(signed), list(folder.rglob("*")))
        signature = next(iter(folder.rglob("*.sig")))
        signers = next(iter(folder.rglob("*allowed_signers*")))
        pae = signed[0].read_bytes()
        # The signed bytes name this action and this request.
        self.assertIn(request["id"].encode(), pae)
        self.assertEqual(0, self.keygen(signers, signature, pae).returncode)
        self.assertNotEqual(0, self.keygen(signers, signature, pae, "deny.v1@pawl").returncode)
        self.assertNotEqual(0, self.keygen(signers, signature, pae, who="bob").returncode)
        for at in range(0, len(pae), 7):
            changed = pae[:at] + bytes([pae[at] ^ 1]) + pae[at + 1:]
            self.assertNotEqual(0, self.keygen(signers, signature, changed).returncode, f"byte {at}")
        # The command line that came with it does the same.
        self.assertTrue(any("ssh-keygen -Y verify" in path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()))

    @staticmethod
    def keygen(signers, signature, pae, verb="approve.v1@pawl", who="alice"):
        return subprocess.run(["ssh-keygen", "-Y", "verify", "-f", signers, "-I", who, "-n", verb, "-s", signature], input=pae,
                              capture_output=True, check=False)

    def test_restart(self):
        """embedded: a pending request survives the broker's death, and the session finds the new broker"""
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        request = self.pending(self.alice)
        self.broker.kill()
        self.broker.start()
        self.assertEqual(request["id"], self.pending(self.alice)["id"])
        self.assert_done(self.approve(self.alice, request["id"]))
        self.assert_done(shell.status(request["id"]))
        self.assertEqual(1, len(self.host.journal()))
        self.verify_log(self.alice)

    def test_kill(self):
        """embedded: kill ends the session and all in it, and voids what it asked for"""
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        request = self.pending(self.alice)
        sessions = json.loads(self.host.pawl(self.alice, "sessions", "--json").out)
        self.assertEqual(1, len(sessions))
        self.assertEqual("deployer", sessions[0]["role"])
        self.assert_done(self.host.pawl(self.alice, "kill", sessions[0]["id"]))
        wait_until(lambda: shell.child.poll() is not None, what="the session's end")
        self.assertEqual("voided", self.final_state(self.alice, request["id"]))
        self.assertNotEqual(0, self.approve(self.alice, request["id"]).code)
        self.assertEqual([], self.host.journal())

    def test_scripted_agent(self):
        """the whole story: no credential is found, the first ask is denied, the second approved, it ran once"""
        agent = self.host.start(self.alice, [self.host.program("pawl"), "run", "--role", "deployer", "--workspace",
                                             self.alice.workspace, "--", "/bin/sh", "./agent.sh"], AWS_SECRET_ACCESS_KEY="canary-aws")
        self.alice.write(".aws/credentials", "aws_secret_access_key = canary-file\n", 0o600)
        self.broker.wait()
        first = self.pending(self.alice)
        self.assert_done(self.deny(self.alice, first["id"], "use a rolling update"))
        second = wait_until(lambda: [entry for entry in self.requests(self.alice) if entry["id"] != first["id"]], what="a second ask")[0]
        self.assertIn("0" * 63 + "2", second["summary"])
        self.assert_done(self.approve(self.alice, second["id"]))
        out, err = agent.communicate(timeout=30)
        text = out.decode() + err.decode()
        self.assertEqual(0, agent.returncode, text)
        self.assertIn("agent: readable credential files: none", text)
        self.assertIn("agent: first request: exit 3", text)
        self.assertIn("agent: second request: exit 0", text)
        for secret in (TOKEN, "canary-aws", "canary-file"):
            self.assertNotIn(secret, text)
        self.assertEqual(1, len(self.host.journal()), self.host.journal())
        self.verify_log(self.alice)
