"""What people's commands show and take, besides the decisions themselves."""

import json
import os
import pathlib
import pty
import re
import subprocess

from brokers import EmbeddedBroker, Story, SystemBroker
from host import wait_until


class Commands(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)

    def asked(self):
        self.session = self.shell()
        self.assert_done(self.session.request(), 75)
        return self.pending(self.alice)["id"]

    def test_receipt_show_and_verify(self):
        """receipt show, export and verify agree; verify works on another machine's terms and refuses a changed byte"""
        identity = self.asked()
        self.assert_done(self.approve(self.alice, identity))
        self.assertEqual("done", self.final_state(self.alice, identity))
        shown = self.host.pawl(self.alice, "receipt", "show", identity, "--json")
        self.assert_done(shown)
        self.assertIn(identity, shown.out)
        json.loads(shown.out)
        folder = self.alice.home / "receipt"
        self.assert_done(self.host.pawl(self.alice, "receipt", "export", identity, folder))
        signers = self.alice.write("signers", self.host.pawl(self.alice, "people", "allowed-signers").out)
        # bob has no broker, no policy and nothing of alice's but these two files.
        copy = self.bob.write("receipt.json", (folder / "receipt.json").read_bytes())
        theirs = self.bob.write("signers", signers.read_bytes())
        verified = self.host.pawl(self.bob, "receipt", "verify", copy, "--signers", theirs, "--json")
        self.assert_done(verified)
        json.loads(verified.out)
        self.assert_done(self.host.pawl(self.bob, "receipt", "verify", copy, "--signers", theirs, "--quorum", "2"), 3)
        other = self.bob.write("other", f'alice namespaces="approve.v1@pawl" {self.bob.public_key()}\n')
        self.assert_done(self.host.pawl(self.bob, "receipt", "verify", copy, "--signers", other), 3)
        text = copy.read_bytes()
        for at in (len(text) // 4, len(text) // 2, 3 * len(text) // 4):
            changed = self.bob.write("changed.json", text[:at] + bytes([text[at] ^ 1]) + text[at + 1:])
            self.assertIn(self.host.pawl(self.bob, "receipt", "verify", changed, "--signers", theirs).code, (1, 3))
        # And without pawl at all.
        self.assertEqual(0, subprocess.run(["sh", "./verify.sh"], cwd=folder, check=False, capture_output=True).returncode)

    def test_lists(self):
        """log verify, secrets check and the log that follows speak JSON"""
        identity = self.asked()
        for command in (["log", "verify"], ["secrets", "check"]):
            told = self.host.pawl(self.alice, *command, "--json")
            self.assert_done(told)
            json.loads(told.out)
        follower = self.host.start(self.alice, [self.host.program("pawl"), "log", "--follow", "--json"])
        self.assert_done(self.deny(self.alice, identity, "no"))
        kinds = []
        wait_until(lambda: kinds.append(json.loads(follower.stdout.readline())["kind"]) or kinds[-1] == "decision", what="the denial")
        self.assertEqual("boot", kinds[0])

    def test_review_rings(self):
        """review --plain shows what waits and rings the terminal's bell once for each new request"""
        self.session = self.shell()
        self.broker.wait()
        ours, theirs = pty.openpty()
        os.fchown(theirs, self.alice.uid, self.alice.gid)
        watcher = self.host.start(self.alice, [self.host.program("pawl"), "review", "--plain"], stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        os.set_blocking(ours, False)
        seen = b""

        def sees(what):
            nonlocal seen
            try:
                seen += os.read(ours, 65536)
            except BlockingIOError:
                pass
            return what in seen

        wait_until(lambda: sees(b"-- "), what="the first list")
        self.assertNotIn(b"\a", seen)
        self.assert_done(self.session.request(), 75)
        identity = self.pending(self.alice)["id"]
        wait_until(lambda: sees(identity[:12].encode()), what="the request in the list")
        self.assertEqual(1, seen.count(b"\a"))
        self.assert_done(self.deny(self.alice, identity, "no"))
        before = seen.count(b"-- ")
        wait_until(lambda: sees(b"-- ") and seen.count(b"-- ") > before, what="the next list")
        self.assertEqual(1, seen.count(b"\a"))
        self.assertIsNone(watcher.poll())
        os.close(ours)


class OwnKey(Story):
    def test_key_in_agent(self):
        """init --key takes a key of one's own; approve signs with it through ssh-agent when its file is gone"""
        key = self.carol.home / ".ssh/own"
        self.carol.write(".ssh/.keep", "")
        for command in (["rm", "-r", self.carol.home / ".config"], ["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", key]):
            self.assert_done(self.host.run(self.carol, *command))
        self.assert_done(self.host.pawl(self.carol, "init", "--name", "carol", "--key", f"{key}.pub"))
        started = self.host.run(self.carol, "ssh-agent", "-s")
        socket = re.search(r"SSH_AUTH_SOCK=([^;]+)", started.out).group(1)
        agent = int(re.search(r"SSH_AGENT_PID=(\d+)", started.out).group(1))
        try:
            self.assert_done(self.host.run(self.carol, "ssh-add", key, SSH_AUTH_SOCK=socket))
            key.unlink()
            role = self.carol.home / ".config/pawl/roles/deployer.toml"
            text = role.read_text(encoding="utf-8").replace('run = ["/usr/local/bin/deployctl",', 'run = ["/usr/bin/echo",')
            self.carol.write(".config/pawl/roles/deployer.toml", text)
            self.carol.write(".config/pawl/secrets/deploy-prod.token", "a-token-that-nobody-needs\n", 0o600)
            shell = self.shell(self.carol)
            self.assert_done(shell.request(), 75)
            identity = self.pending(self.carol)["id"]
            without = self.host.pawl(self.carol, "approve", identity, "--yes")
            self.assert_done(without, 1)
            self.assertIn("ssh-add", without.err)
            self.assert_done(self.host.pawl(self.carol, "approve", identity, "--yes", SSH_AUTH_SOCK=socket))
            told = shell.status(identity)
            self.assert_done(told)
            self.assertIn("rollout web", told.out)
            # The agent's socket never enters a sandbox.
            self.assertIn("absent", shell.sh(f"test -e {socket} || echo absent; env | grep SSH_ && echo leaked").out)
        finally:
            os.kill(agent, 15)


class Unknown(Story):
    def test_missing_tools(self):
        """a missing ssh-keygen and a missing launcher are named, with the remedy"""
        SystemBroker(self.host).start()
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        identity = self.pending(self.bob)["id"]
        empty = self.bob.home / "empty"
        self.host.run(self.bob, "mkdir", empty)
        told = self.host.pawl(self.bob, "approve", identity, "--yes", PATH=str(empty))
        self.assert_done(told, 1)
        self.assertIn("ssh-keygen", told.err)
        programs = pathlib.Path("/opt/part")
        programs.mkdir()
        lone = programs / "pawl"
        lone.write_bytes(pathlib.Path(self.host.program("pawl")).read_bytes())
        lone.chmod(0o755)
        told = self.host.run(self.alice, lone, "run", "--role", "deployer", "--workspace", self.alice.workspace, "--", "true")
        self.assert_done(told, 125)
        self.assertIn("pawl-launch", told.err)
