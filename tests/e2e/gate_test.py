"""The deploy gate for pipelines: propose, two signatures, and a command that starts exactly as it was signed, or not at all."""

import base64
import hashlib
import json
import os
import subprocess
import time

import policy_files
from brokers import Story
from gates import COMMAND, DEPLOY, ROLE, GateStory
from host import wait_until


class FromNothing(Story):
    def test_blocked_deploy(self):
        """gate: from nothing to a blocked deploy: init, propose, refused without a receipt, signed, started (each step timed)"""
        begun, steps = time.monotonic(), []

        def step(name, ran, code=0):
            nonlocal begun
            self.assert_done(ran, code)
            steps.append(f"{name} {time.monotonic() - begun:.2f} s")
            begun = time.monotonic()
            return ran

        alice, repository = self.alice, self.alice.home / "repository"
        subprocess.run(["rm", "-rf", alice.home / ".config"], check=True)
        alice.write("repository/deploy.sh", DEPLOY, 0o755)
        alice.write("repository/k8s/web.yaml", "replicas: 3\n")
        for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"]):
            self.assert_done(self.host.run(alice, "git", *words, cwd=repository))
        step("pawl init", self.host.pawl(alice, "init", "--name", "alice"))
        signers = alice.write("signers", step("allowed-signers", self.host.pawl(alice, "people", "allowed-signers")).out)
        commit = self.host.run(alice, "git", "rev-parse", "HEAD", cwd=repository).out.strip()
        receipt = alice.home / "receipt.json"
        gate = ["gate", "--receipt", receipt, "--signers", signers, "--subject", f"git:{commit}", "--input", "deploy.sh", "--quorum", "1",
                "--allow-requester", "--", *COMMAND]
        step("refused without a receipt", self.host.pawl(alice, *gate, cwd=repository), 125)
        asked = step("propose", self.host.pawl(alice, "propose", "--role", "pipeline", "--action", "deploy", "--input", "deploy.sh", "--wait",
                                               "0s", "--json", "--", *COMMAND, cwd=repository), 75)
        identity = json.loads(asked.out)["id"]
        step("approve", self.approve(alice, identity))
        shown = step("receipt", self.host.pawl(alice, "receipt", "show", identity, "--json"))
        alice.write("receipt.json", shown.out)
        step("started", self.host.pawl(alice, *gate, cwd=repository), 7)
        self.assertEqual("production\nreplicas: 3\n", (alice.home / "deployed").read_text(encoding="utf-8"))
        print("    steps: " + ", ".join(steps), flush=True)


class Gate(GateStory):
    def test_story(self):
        """gate: without a receipt nothing starts; signed by two it starts exactly that, and the broker starts nothing"""
        self.assert_refused(self.gate(self.alice.home / "none.json"), "none.json")
        receipt = self.released()
        ran = self.gate(receipt)
        self.assertEqual((7, "", ""), (ran.code, ran.out, ran.err))
        self.assertEqual("production\nreplicas: 3\n", self.deployed())
        self.assertEqual([], self.host.journal())
        kinds = self.log_kinds(self.bob)
        self.assertEqual((1, 2, 1, 0, 0), tuple(kinds.count(kind) for kind in ("request", "decision", "consume", "exec_start", "outcome")))
        self.verify_log(self.bob)
        request = self.requests(self.bob, "--all")[0]
        self.assertEqual(("released", "", "alice"), (request["state"], request["session"], request["launcher"]))
        shown = self.host.pawl(self.bob, "show", request["id"])
        self.assertIn("asked by   alice, on their own, under role pipeline", shown.out)
        self.assertIn(f"git:{self.head()}", shown.out)

    def test_who_asked(self):
        """gate: who proposes cannot approve, however often, and the runner would not count them either"""
        self.assert_done(self.propose(), 75)
        identity = self.pending(self.bob)["id"]
        self.assert_done(self.approve(self.alice, identity), 3)
        self.assert_done(self.approve(self.bob, identity))
        self.assertEqual("pending", self.request_of(self.bob, identity)["state"])

    def test_each_altered(self):
        """gate: another commit, input, word, signer, role, quorum or receipt is refused with its own line"""
        receipt = self.released()
        other = self.alice.write("other", f'bob namespaces="approve.v1@pawl" {self.alice.public_key()}\n')
        text = receipt.read_text(encoding="utf-8")
        spoilt = self.alice.write("spoilt.json", text.replace("production", "prodUction"))
        cases = [
            ("the receipt is for the commit", {"subject": "1" * 40}),
            ("word 1 of the command is staging, but production was approved", {"command": ("./deploy.sh", "staging")}),
            ("the command has 3 words, but 2 were approved", {"command": (*COMMAND, "now")}),
            ("word 0 of the command is deploy.sh, but ./deploy.sh was approved", {"command": ("deploy.sh", "production")}),
            ("the receipt pins the input deploy.sh, which was not given", {"inputs": ()}),
            ("the receipt does not pin the input k8s/web.yaml", {"inputs": ("deploy.sh", "k8s/web.yaml")}),
            ("the key is not an allowed one of", {"signers": other}),
            ("the document is not the one that was decided on", {"receipt": spoilt}),
        ]
        for reason, changed in cases:
            with self.subTest(reason):
                self.assert_refused(self.gate(**{"receipt": receipt, **changed}), reason)
        for reason, options in (("approved by 2 of 3 persons", ["--quorum", "3"]), ("for the role pipeline, not for", ["--role", "x"]),
                                ("for the action deploy, not for", ["--action", "push"]),
                                ("for the broker test-host, not for", ["--audience", "elsewhere"])):
            self.assert_refused(self.gate(receipt, *options), reason)
        self.alice.write("repository/deploy.sh", DEPLOY.replace("exit 7", "exit 8"), 0o755)
        self.assert_refused(self.gate(receipt), "the input deploy.sh is not the file that was approved")

    def test_denied(self):
        """gate: one denial ends it: the proposer is told why, and there is no receipt that opens"""
        child = self.start_proposing("-o", self.alice.home / "receipt.json")
        identity = self.pending(self.bob)["id"]
        self.assert_done(self.approve(self.bob, identity))
        self.assert_done(self.deny(self.carol, identity, "not on a Friday"))
        out, err = child.communicate(timeout=30)
        self.assertEqual(3, child.returncode, (out, err))
        self.assertIn("not on a Friday", out.decode())
        self.assertFalse((self.alice.home / "receipt.json").exists())
        bundle = self.alice.write("denied.json", self.host.pawl(self.bob, "receipt", "show", identity, "--json").out)
        self.assert_refused(self.gate(bundle), "carol denied it: not on a Friday")

    def test_forged_release(self):
        """gate: signatures without the denial beside them, and a proof from a log of the asker's own: the signers' file names the broker's"""
        child = self.start_proposing()
        identity = self.pending(self.bob)["id"]
        self.assert_done(self.approve(self.bob, identity))
        self.assert_done(self.deny(self.carol, identity, "not on a Friday"))
        child.communicate(timeout=30)
        bundle = json.loads(self.host.pawl(self.bob, "receipt", "show", identity, "--json").out)
        bundle["decisions"] = [decision for decision in bundle["decisions"] if decision["person"] == "bob"]
        said = json.loads(bundle["decisions"][0]["statement"])
        body = {"audience": said["predicate"]["audience"], "document": said["subject"][0]["digest"]["sha256"], "persons": ["bob"],
                "request": said["predicate"]["request"]}
        entry = json.dumps({"body": body, "index": 0, "kind": "consume", "time": 1}, separators=(",", ":"), sort_keys=True)
        root = base64.b64encode(hashlib.sha256(b"\0" + entry.encode()).digest()).decode()
        signature = base64.b64encode(bytes(68)).decode()
        bundle["consumed"] = {"checkpoint": f"pawl/test-host\n1\n{root}\n\n\u2014 pawl/test-host {signature}\n", "entry": entry, "index": 0,
                              "path": []}
        forged = self.alice.write("forged.json", json.dumps(bundle, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n")
        self.assert_refused(self.gate(forged, "--quorum", "1"), "no log that the signers' file names holds the entry")
        self.assertEqual("", self.deployed())
        # It is the first line that makes the difference.
        blind = self.alice.write("blind", self.signers.read_text(encoding="ascii").split("\n", 1)[1])
        self.assertEqual(7, self.gate(forged, "--quorum", "1", signers=blind).code)

    def test_openssl_configuration(self):
        """gate: what OPENSSL_CONF names is not even opened: it could name code to load into the gate"""
        fifo = self.alice.home / "openssl.cnf"
        self.assert_done(self.host.run(self.alice, "mkfifo", fifo))
        self.assert_refused(self.gate(self.alice.home / "none.json", OPENSSL_CONF=str(fifo)), "none.json")
        receipt = self.released()
        self.assertEqual(7, self.gate(receipt, OPENSSL_CONF=str(fifo)).code)  # it would wait for somebody to write

    def test_half_approved(self):
        """gate: a receipt taken before its broker released it opens nothing, not even with one signature asked for"""
        self.assert_done(self.propose(), 75)
        identity = self.pending(self.bob)["id"]
        self.assert_done(self.approve(self.bob, identity))
        early = self.alice.write("early.json", self.host.pawl(self.bob, "receipt", "show", identity, "--json").out)
        self.assert_refused(self.gate(early), "approved by 1 of 2 persons")
        self.assert_refused(self.gate(early, "--quorum", "1"), "never released by its broker")

    def test_once(self):
        """gate: with a burned list the second use is refused, and of six runners that race exactly one starts it"""
        used = self.alice.home / "used"
        self.host.run(self.alice, "mkdir", used)
        receipt = self.released()
        subject = self.head()
        argv = [self.host.program("pawl"), "gate", "--receipt", receipt, "--signers", self.signers, "--subject", f"git:{subject}", "--input",
                "deploy.sh", "--once", used, "--", *COMMAND]
        runners = [self.host.start(self.alice, argv, cwd=self.repository) for _ in range(6)]
        ended = [(runner.communicate(timeout=60), runner.returncode) for runner in runners]
        self.assertEqual([7] + [125] * 5, sorted(code for _, code in ended), ended)
        for (_, err), code in ended:
            if code == 125:
                self.assertIn(b"was used before", err)
        self.assertEqual("production\nreplicas: 3\n", self.deployed())
        self.assertEqual(1, len(list(used.iterdir())))
        # A receipt that is refused for another reason is not marked.
        (self.alice.home / "deployed").unlink()
        again = self.released("second.json")
        self.assert_refused(self.gate(again, "--once", used, command=("./deploy.sh", "staging")), "word 1")
        self.assert_refused(self.gate(again, "--once", used, inputs=(), command=COMMAND), "was not given")
        self.assertEqual(1, len(list(used.iterdir())))
        self.assertEqual(7, self.gate(again, "--once", used).code)

    def test_hostile_files(self):
        """gate: a receipt of 10 MB, a FIFO, a folder, links to nowhere, JSON bombs: one line each, at once"""
        write = self.alice.write
        receipts = {
            "big.json": b"x" * 10_000_000, "nested.json": b"[" * 3_000_000, "objects.json": b'{"a":' * 500_000, "empty.json": b"",
            "binary.json": bytes(range(256)) * 100, "null.json": b"null\n", "nul.json": b'{"version":1,"document":"\\u0000"}',
            "long.json": b'{"consumed":null,"decisions":[' + b"{}," * 400_000 + b"{}]}", "escapes.json": b"\x1b[2J\n\nline\n",
        }
        paths = [write(name, content) for name, content in receipts.items()]
        home = self.alice.home
        os.mkfifo(home / "fifo.json")
        os.symlink("/nowhere/at/all", home / "dangling.json")
        os.symlink("loop.json", home / "loop.json")
        paths += [home / "fifo.json", home / "dangling.json", home / "loop.json", home, "/dev/zero", "/dev/null"]
        for path in paths:
            with self.subTest(str(path)):
                begun = time.monotonic()
                ran = self.gate(path, inputs=())
                self.assert_refused(ran, "")
                self.assertNotIn("\x1b", ran.err)
                self.assertLess(time.monotonic() - begun, 10)
        receipt = self.released()
        for signers in (home / "fifo.json", home / "nested.json", "/dev/zero"):
            self.assert_refused(self.gate(receipt, signers=signers), "")
        os.symlink("deploy.sh", self.repository / "linked.sh")
        self.assert_refused(self.gate(receipt, inputs=("linked.sh",)), "linked.sh is a symbolic link")
        os.mkfifo(self.repository / "fifo")
        self.assert_refused(self.gate(receipt, inputs=("fifo",)), "fifo is not a regular file")

    def test_pinned_program(self):
        """gate: a command that is pinned runs as the bytes that were checked, even while its file is being changed"""
        slow = '#!/bin/sh\nsleep 1\necho "$1" >>"$HOME/deployed"\nexit 7\n'
        self.alice.write("repository/deploy.sh", slow, 0o755)
        self.commit("slow")
        receipt = self.released()
        argv = [self.host.program("pawl"), "gate", "--receipt", receipt, "--signers", self.signers, "--subject", f"git:{self.head()}", "--input",
                "deploy.sh", "--", *COMMAND]
        runner = self.host.start(self.alice, argv, cwd=self.repository)
        wait_until(lambda: b"sleep" in open(f"/proc/{runner.pid}/task/{runner.pid}/children", "rb").read() or
                   open(f"/proc/{runner.pid}/cmdline", "rb").read().startswith(b"/bin/sh\0/dev/fd/"), what="the start of deploy.sh")
        with open(self.repository / "deploy.sh", "r+", encoding="ascii") as file:  # in place: a shell reads its script as it goes
            file.write("#!/bin/sh\nsleep 1\necho pwned >$HOME/deployed;exit 0\n")
        runner.communicate(timeout=30)
        self.assertEqual((7, "production\n"), (runner.returncode, self.deployed()))

    def test_verify_tree(self):
        """gate: told to look at the work tree, it refuses one that stands on another commit"""
        receipt = self.released()
        subject = self.head()
        self.alice.write("repository/more", "1\n")
        self.commit("second")
        self.assert_refused(self.gate(receipt, "--verify-tree", ".", subject=subject), "HEAD of")
        self.git("checkout", "-q", subject)
        self.assertEqual(7, self.gate(receipt, "--verify-tree", ".", subject=subject).code)

    def test_verbose(self):
        """gate: --verbose says who approved it and what is not known; --help explains, both without a broker"""
        receipt = self.released()
        self.broker.kill()
        ran = self.gate(receipt, "--verbose")
        self.assertEqual(7, ran.code)
        self.assertIn("approved by bob, carol", ran.err)
        self.assertIn("cannot be told without --once", ran.err)
        self.assert_done(self.host.pawl(self.alice, "gate", "--help"))
        refused = self.host.pawl(self.alice, "gate", "--receipt")
        self.assertEqual((125, 1), (refused.code, refused.err.count("\n")), refused)


class Expiring(GateStory):
    expires = "6s"

    def test_expired(self):
        """gate: an expired receipt is refused by the runner's clock"""
        receipt = self.released()
        time.sleep(6.5)
        self.assert_refused(self.gate(receipt), "the receipt expired")

    def test_nobody(self):
        """gate: a proposal on which nobody decides expires, and propose says so"""
        self.assert_done(self.propose(wait="20s"), 4)


class Proposing(GateStory):
    def test_ceiling(self):
        """propose: what the role does not let anybody ask for is refused at once, and on record"""
        for reason, options in (
                ("word 1: does not match", {"command": ("./deploy.sh", "UPPER")}), ("has 2 words, not 3", {"command": (*COMMAND, "x")}),
                ("word 0: is", {"command": ("/bin/sh", "production")}), ("the input 'deploy.sh' is missing", {"inputs": ()}),
                ("there is no gate", {"action": "destroy"})):
            with self.subTest(reason):
                refused = self.propose(**options)
                self.assert_done(refused, 3)
                self.assertIn(reason, refused.err)
        self.alice.write("repository/huge", b"x" * 70_000)
        refused = self.propose("--subject", "git:" + "1" * 40, inputs=("deploy.sh", "huge"))
        self.assert_done(refused, 3)
        self.assertIn("huge", refused.err)
        self.assertEqual([], self.requests(self.bob))
        self.assertEqual(6, self.log_kinds(self.bob).count("deny"))

    def test_who(self):
        """propose: who may not launch the role, and whom people.toml does not know, proposes nothing"""
        self.host.run(self.alice, "chmod", "-R", "a+rX", self.repository)
        os.chmod(self.alice.home, 0o755)
        refused = self.propose("--subject", "git:" + "1" * 40, person=self.bob)
        self.assert_done(refused, 3)
        self.assertIn("bob may not launch role 'pipeline'", refused.err)
        people = policy_files.people([self.alice, self.bob, self.carol])
        self.broker.write(people.replace(f"uids = [{self.alice.uid}]", "uids = [4242424]"), "people.toml")
        self.assertIn(self.propose().code, (3, 5))

    def test_usage(self):
        """propose: what makes no sense is refused with the reason before anything is sent"""
        for reason, options, more in (
                ("no command", [], {"command": ()}), ("is no time", ["--wait", "soon"], {}), ("full commit id", ["--subject", "git:main"], {}),
                ("not a clean path", [], {"inputs": ("../x",)}), ("given twice", [], {"inputs": ("deploy.sh", "./deploy.sh")})):
            refused = self.propose(*options, **more) if "--wait" not in options else self.host.pawl(
                self.alice, "propose", "--role", "pipeline", "--action", "deploy", *options, "--", *COMMAND, cwd=self.repository)
            self.assert_done(refused, 2)
            self.assertIn(reason, refused.err)
        self.alice.write("receipt.json", "kept")
        refused = self.propose("-o", self.alice.home / "receipt.json")
        self.assert_done(refused, 1)
        self.assertEqual("kept", (self.alice.home / "receipt.json").read_text(encoding="ascii"))

    def test_join_and_restart(self):
        """propose: asking again joins what waits; it survives kill -9 of the broker, and who waits finds it again"""
        self.assert_done(self.propose(), 75)
        identity = self.pending(self.bob)["id"]
        child = self.start_proposing("-o", self.alice.home / "receipt.json")
        wait_until(lambda: b"before" in child.stderr.readline(), what="the word that it was asked before")
        self.assert_done(self.approve(self.bob, identity))
        self.broker.kill()
        self.broker.start()
        self.assert_done(self.approve(self.carol, identity))
        child.communicate(timeout=60)
        self.assertEqual(0, child.returncode)
        self.assertEqual(1, len(self.requests(self.bob, "--all")))
        self.assertEqual(7, self.gate(self.alice.home / "receipt.json").code)
        self.verify_log(self.bob)

    def test_policy_change(self):
        """propose: a gate that was changed after it was asked for releases nothing"""
        self.assert_done(self.propose(), 75)
        identity = self.pending(self.bob)["id"]
        self.assert_done(self.approve(self.bob, identity))
        self.broker.write(ROLE.format(expires="10m").replace("[a-z]{1,20}", "[a-z]{1,21}"), "roles/pipeline.toml")
        refused = self.approve(self.carol, identity)
        self.assert_done(refused, 3)
        self.assertIn("was asked under another policy", refused.err)

    def test_clean_tree(self):
        """propose: without --subject it takes HEAD of a tree in which nothing differs, and runs nothing that the repository names"""
        marker = self.alice.home / "ran"
        trap = self.alice.write("trap", f"#!/bin/sh\ntouch {marker}\ncat\n", 0o755)
        self.alice.write("repository/.gitattributes", "*.yaml filter=trap diff=trap\n")
        self.commit("attributes")
        for name, value in (("core.fsmonitor", trap), ("filter.trap.clean", trap), ("filter.trap.smudge", trap), ("diff.trap.textconv", trap),
                            ("core.hooksPath", self.alice.home), ("core.sshCommand", trap), ("diff.external", trap)):
            self.git("config", name, str(value))
        marker.unlink(missing_ok=True)
        os.utime(self.repository / "k8s/web.yaml")  # so that its content has to be looked at
        asked = self.propose("--json")
        self.assert_done(asked, 75)
        self.assertFalse(marker.exists())
        shown = json.loads(self.host.pawl(self.bob, "show", json.loads(asked.out)["id"], "--json").out)
        self.assertEqual(f"git:{self.git('rev-parse', 'HEAD').out.strip()}", shown["document"]["subject"])
        # The trap would have worked.
        self.assertEqual(0, self.git("status").code)
        self.assertTrue(marker.exists())
        marker.unlink()
        for change in ("k8s/web.yaml", "new file"):
            path = self.alice.write(f"repository/{change}", "changed\n")
            refused = self.propose()
            self.assert_done(refused, 1)
            self.assertIn("is not what its HEAD is", refused.err)
            path.unlink()
        self.assert_done(self.propose(), 1)  # k8s/web.yaml is gone
        outside = self.propose(cwd=self.alice.workspace, inputs=())
        self.assert_done(outside, 1)
        self.assertIn("is in no git work tree", outside.err)
        self.assertFalse(marker.exists())


class PreReceive(GateStory):
    def test_push(self):
        """gate: the pre-receive hook refuses a real push without a receipt, takes it with one, and once only"""
        bare = self.alice.home / "server.git"
        self.git("clone", "-q", "--bare", ".", str(bare))
        receipts = self.alice.home / "receipts"
        used = receipts / "used"
        self.host.run(self.alice, "mkdir", "-p", used)
        hook = self.host.programs / "share/pawl/ci/pre-receive"
        self.host.run(self.alice, "install", "-m", "755", hook, bare / "hooks/pre-receive")
        push = lambda *words: self.git("push", "-q", str(bare), *words, check=False)
        served = lambda ref: self.git("--git-dir", str(bare), "rev-parse", ref).out.strip()
        before = served("main")
        self.alice.write("repository/more", "1\n")
        commit = self.commit("second")
        refused = push("main")
        self.assertNotEqual(0, refused.code)
        self.assertIn("so nothing can be let through", refused.err)  # no configuration
        self.alice.write("server.git/hooks/pawl-gate.conf", f'protected="refs/heads/main refs/heads/release/*"\nreceipts={receipts}\n'
                         f'signers={self.signers}\nonce={used}\nrole=pipeline\naction=push\ngate={self.host.program("pawl-gate")}\n')
        refused = push("main")
        self.assertNotEqual(0, refused.code)
        self.assertIn(f"there is no receipt for refs/heads/main at {commit}", refused.err)
        # Whole or not at all: an unprotected ref beside it stays away, too; alone it passes.
        self.assertNotEqual(0, push("main", "main:refs/heads/topic").code)
        self.assertEqual(before, served("main"))
        self.assert_done(push("main:refs/heads/topic"))
        # A receipt for another ref, in the place of this one's.
        other = self.released("receipts/other.json", command=("true", "refs/heads/release/one"), action="push", inputs=())
        self.host.run(self.alice, "cp", other, receipts / f"{commit}.json")
        refused = push("main")
        self.assertNotEqual(0, refused.code)
        self.assertIn("word 1 of the command is refs/heads/main, but refs/heads/release/one was approved", refused.err)
        self.assertEqual(before, served("main"))
        self.host.run(self.alice, "rm", receipts / f"{commit}.json")
        self.released(f"receipts/{commit}.json", command=("true", "refs/heads/main"), action="push", inputs=())
        self.assert_done(push("main"))
        self.assertEqual(commit, served("main"))
        self.assertIn("cannot be deleted", push(":main").err)
        # Moved back and forward again: that receipt is used up.
        self.git("--git-dir", str(bare), "update-ref", "refs/heads/main", before)
        self.assertIn("was used before", push("main").err)
        self.assertEqual(before, served("main"))
