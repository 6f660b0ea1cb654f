"""Revocations and freezes under the system broker: on record, and effective within a second on all that runs."""

import json
import shutil
import time
import unittest

import policy_files
from brokers import EmbeddedBroker, Story, SystemBroker
from crash_test import Injected
from host import wait_until

IN_TIME = 5  # seconds: a second is promised, and machines under test are slow


class TakeBack(Story):
    def setUp(self):
        super().setUp()
        self.broker = SystemBroker(self.host)
        self.broker.start()

    def running(self, service="hang1"):
        """A session whose approved action runs, and would for half a minute."""
        shell = self.shell()
        self.assert_done(shell.request(service=service), 75)
        identity = self.pending(self.bob)["id"]
        for reviewer in (self.bob, self.carol):
            self.assert_done(self.approve(reviewer, identity))
        wait_until(self.host.journal, what="the action")
        return shell, identity

    def stopped(self, identity, by, *words):
        """Takes it back; the request as it then is, which is at once."""
        begun = time.monotonic()
        told = self.host.pawl(by, *words)
        self.assert_done(told)
        self.assertIn("running actions stopped: 1", told.out)
        state = self.final_state(self.carol if by is self.bob else self.bob, identity, timeout=IN_TIME)
        self.assertLess(time.monotonic() - begun, IN_TIME)
        self.assertEqual("done", state)
        after = self.request_of(self.carol if by is self.bob else self.bob, identity)
        self.assertIn("stopped: ", after["detail"])
        self.assertNotIn("rolled out", str(after))
        self.verify_log(self.carol if by is self.bob else self.bob)
        return told

    def assert_over(self, shell):
        """The session has ended; nothing is left to be read but its end."""
        shell.child.wait(timeout=IN_TIME)
        self.assertEqual(b"", shell.child.stdout.read())

    def test_session(self):
        """revoke session: its action is stopped and it dies"""
        shell, identity = self.running()
        session = self.request_of(self.bob, identity)["session"]
        self.stopped(identity, self.carol, "revoke", "session", session[:12], "-m", "reads what it should not")
        self.assert_over(shell)

    def test_request(self):
        """revoke request: its action is stopped, the session goes on"""
        shell, identity = self.running()
        self.stopped(identity, self.carol, "revoke", "request", identity[:12])
        self.assert_done(shell.sh("true"))

    def test_role(self):
        """revoke role: its action is stopped, its sessions die, none opens until another person restores it"""
        shell, identity = self.running()
        self.stopped(identity, self.carol, "revoke", "role", "deployer", "-m", "runs wild")
        self.assert_over(shell)
        launch = ["run", "--role", "deployer", "--workspace", self.alice.workspace, "--", "/bin/true"]
        refused = self.host.pawl(self.alice, *launch)
        self.assert_done(refused, 125)
        self.assertIn("revoked by carol: runs wild", refused.err)
        self.assert_done(self.host.pawl(self.alice, "run", "--role", "observer", "--workspace", self.alice.workspace, "--", "/bin/true"))
        self.assert_done(self.host.pawl(self.carol, "restore", "role", "deployer"), 3)
        self.assert_done(self.host.pawl(self.bob, "restore", "role", "deployer"))
        self.assert_done(self.host.pawl(self.alice, *launch))

    def test_launcher(self):
        """revoke person: the launcher's action is stopped, their sessions die, they are shown nothing and sign nothing"""
        shell, identity = self.running()
        self.stopped(identity, self.carol, "revoke", "person", "alice", "-m", "laptop stolen")
        self.assert_over(shell)
        for verb in (["run", "--role", "deployer", "--workspace", self.alice.workspace, "--", "/bin/true"], ["requests"],
                     ["restore", "person", "alice"], ["freeze", "-m", "revenge"]):
            with self.subTest(" ".join(map(str, verb[:2]))):
                refused = self.host.pawl(self.alice, *verb)
                self.assertIn(refused.code, (3, 125), refused)
                self.assertIn("revoked", refused.err)
        self.assert_done(self.host.pawl(self.bob, "restore", "person", "alice"))
        self.assert_done(self.host.pawl(self.alice, "requests"))

    def test_who_approved(self):
        """revoke key: the action that rests on it is stopped, what waits and rests on it is void"""
        shell, identity = self.running()
        self.assert_done(shell.request(service="web"), 75)
        waiting = self.pending(self.bob)["id"] if len(self.requests(self.bob)) == 1 else next(
            entry["id"] for entry in self.requests(self.bob) if entry["id"] != identity)
        self.assert_done(self.approve(self.bob, waiting))
        listed = json.loads(self.host.pawl(self.bob, "people", "list", "--json").out)
        print_ = next(entry for entry in listed["people"] if entry["name"] == "bob")["keys"][0]["fingerprint"]
        told = self.stopped(identity, self.bob, "revoke", "key", print_, "-m", "lost")
        self.assertIn("requests made void: 1", told.out)
        answer = shell.status(waiting)
        self.assert_done(answer, 3)
        self.assertIn("is revoked by bob: lost", answer.out)
        asked = self.host.pawl(self.bob, "people", "add")
        self.assert_done(asked, 3)
        self.assertIn("revoked for good", asked.err)

    def test_freeze(self):
        """freeze: the action is stopped, nothing is asked for or spent, sessions go on and are told; a restart and the freezer do not thaw"""
        shell, identity = self.running()
        self.assert_done(shell.request(service="web"), 75)
        waiting = next(entry["id"] for entry in self.requests(self.bob) if entry["id"] != identity)
        self.assert_done(self.approve(self.bob, waiting))
        self.stopped(identity, self.bob, "freeze", "-m", "incident 42")
        for verb in ("requests", "sessions"):
            listed = self.host.pawl(self.carol, verb)
            self.assert_done(listed)
            self.assertIn("everything is frozen by bob", listed.out)
        self.assertIn("everything is frozen by bob", self.host.pawl(self.alice, "doctor").out)
        refused = shell.request(service="other")
        self.assert_done(refused, 3)
        self.assertIn("frozen by bob: incident 42", refused.out)
        self.assert_done(self.approve(self.carol, waiting), 3)
        self.broker.kill()
        self.broker.start()
        self.assertIn("frozen by bob", self.request_of(self.carol, waiting)["detail"])
        self.assert_done(self.approve(self.carol, waiting), 3)
        self.assertEqual(1, len(self.host.journal()))
        own = self.host.pawl(self.bob, "thaw", "-m", "over")
        self.assert_done(own, 3)
        self.assertIn("nobody gives back what they took themselves", own.err)
        self.assert_done(self.host.pawl(self.carol, "thaw", "-m", "over"))
        self.assert_done(self.approve(self.carol, waiting))
        self.assert_done(shell.status(waiting))
        self.assertEqual(2, len(self.host.journal()))
        self.verify_log(self.bob)

    def test_frozen_role(self):
        """freeze --role: that role alone stops"""
        shell, identity = self.running()
        self.assert_done(self.host.pawl(self.bob, "freeze", "--role", "observer", "-m", "x"))
        self.assert_done(shell.request(service="web"), 75)
        self.stopped(identity, self.carol, "freeze", "--role", "deployer", "-m", "bad image")
        self.assert_done(shell.request(service="other"), 3)

    def test_killers(self):
        """whom pawl.toml's killers does not name stops nothing of that role; slips of the pen stop nothing at all"""
        settings = policy_files.settings(["alice"], system=True)
        self.broker.write(settings + '[killers]\ndeployer = ["carol"]\n"*" = ["bob"]\n', "pawl.toml")
        for person, words, code in ((self.bob, ["freeze", "--role", "deployer", "-m", "x"], 3), (self.carol, ["freeze", "-m", "x"], 3),
                                    (self.bob, ["freeze", "-m", "x"], 0), (self.carol, ["revoke", "role", "deployer"], 0),
                                    (self.bob, ["revoke", "role", "deploier"], 3), (self.bob, ["revoke", "person", "bbo"], 3),
                                    (self.bob, ["revoke", "session", "deadbeef"], 1)):
            with self.subTest(" ".join(words)):
                self.assert_done(self.host.pawl(person, *words), code)

    @unittest.skipUnless(shutil.which("strace"), "needs:ptrace")
    def test_outlives_the_broker(self):
        """a broker that dies in the middle of a revocation: the order is on record and the next one carries it out, or neither"""
        kept = 0
        for write in (2, 3, 4):
            with self.subTest(write=write):
                shell = self.shell()
                self.assert_done(shell.request(service=f"web{write}"), 75)
                identity = self.pending(self.bob)["id"]
                self.assert_done(self.approve(self.bob, identity))
                fault = Injected(self.host, self.broker.pid(), "signal=SIGKILL", ("pwrite64", write))
                self.host.pawl(self.carol, "revoke", "role", "deployer")
                wait_until(lambda: self.broker.process.poll() is not None, what="the end of the broker")
                fault.end()
                self.broker.start()
                revoked = json.loads(self.host.pawl(self.bob, "people", "list", "--json").out)["revoked_roles"]
                kept += len(revoked)
                if not revoked:
                    self.assertEqual("pending", self.request_of(self.bob, identity)["state"])
                    self.assert_done(self.deny(self.carol, identity, "next"))
                    self.assert_done(self.host.pawl(self.carol, "revoke", "role", "deployer"))
                else:
                    self.assertEqual("voided", self.request_of(self.bob, identity)["state"])
                shell.child.wait(timeout=20)  # its client looks for the broker, and is told
                refused = self.host.pawl(self.alice, "run", "--role", "deployer", "--workspace", self.alice.workspace, "--", "/bin/true")
                self.assert_done(refused, 125)
                self.assertIn("revoked by carol", refused.err)
                self.assert_done(self.host.pawl(self.bob, "restore", "role", "deployer"))
        self.assertGreater(kept, 0, "the broker never died behind the order")
        self.assertEqual([], self.host.journal())
        self.verify_log(self.bob)


class OneOwnBroker(Story):
    def test_embedded(self):
        """embedded: the file says who counts, an order needs the person's key all the same, and who froze may thaw"""
        broker = EmbeddedBroker(self.host)
        shell = self.shell()
        self.assert_done(shell.sh("true"))
        listed = self.host.pawl(self.alice, "people", "list")
        self.assert_done(listed)
        self.assertIn("people.toml alone decides here", listed.out)
        self.assert_done(self.host.pawl(self.alice, "people", "add"), 3)
        other = self.bob.key
        stolen = self.alice.write("other", other.read_text(encoding="ascii"), 0o600)
        self.alice.write("other.pub", other.with_suffix(".pub").read_text(encoding="ascii"))
        self.assertNotEqual(0, self.host.pawl(self.alice, "freeze", "-m", "x", "--key", stolen).code)
        self.assert_done(self.host.pawl(self.alice, "freeze", "-m", "lunch"))
        refused = shell.request()
        self.assert_done(refused, 3)
        self.assertIn("frozen by alice: lunch", refused.out)
        broker.kill()
        broker.start()
        self.assert_done(shell.request(), 3)
        self.assert_done(self.host.pawl(self.alice, "thaw", "-m", "back"))
        self.assert_done(shell.request(), 75)
        self.assert_done(self.approve(self.alice, self.pending(self.alice)["id"]))
        wait_until(self.host.journal, what="the execution")
        self.verify_log(self.alice)
