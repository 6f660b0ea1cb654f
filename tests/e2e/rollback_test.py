"""Rollbacks: a person asks for what takes a finished request back, others decide on it."""

import hashlib
import json

import previews
from brokers import SystemBroker, Story

MANIFEST = hashlib.sha256(b"service: web\nreplicas: 2\n").hexdigest()


class Rollback(Story):
    def setUp(self):
        super().setUp()
        self.broker = SystemBroker(self.host)
        previews.install(self.broker, "two-person", owner=self.broker.user)
        self.broker.start()

    def shipped(self, shell):
        """The id of a request that has run."""
        asked = shell.sh("pawl-agent request ship service=web manifest=k8s/web.yaml --wait 0s")
        self.assert_done(asked, 75)
        self.assertIn(f"plan: web manifest={MANIFEST}", asked.out)
        identity = self.pending(self.bob)["id"]
        early = self.host.pawl(self.bob, "rollback", identity)
        self.assert_done(early, 3)
        self.assertIn("there is nothing to take back", early.err)
        for reviewer in (self.bob, self.carol):
            self.assert_done(self.approve(reviewer, identity))
        self.assertEqual("done", self.final_state(self.bob, identity))
        return identity

    def test_taken_back(self):
        """rollback asks for the named action with the same values and files; who asked cannot approve it, two others can"""
        shell = self.shell()
        first = self.shipped(shell)
        shell.sh("rm k8s/web.yaml")
        self.assertIn(f"To take it back: pawl rollback {first[:12]}", self.host.pawl(self.bob, "show", first).out)
        asked = self.host.pawl(self.bob, "rollback", first, "--why", "the error rate rises", "--json")
        self.assert_done(asked)
        request = json.loads(asked.out)
        self.assertEqual((first, "unship", "bob", ""), (request["rolls_back"], request["action"], request["launcher"], request["session"]))
        again = self.host.pawl(self.bob, "rollback", first, "--why", "the error rate rises")
        self.assertIn("waits already", again.out)
        self.assertIn(f"rolls back {first[:12]}", self.host.pawl(self.carol, "requests").out)
        shown = self.host.pawl(self.carol, "show", request["id"]).out
        self.assertIn(f"rolls back request {first[:12]}", shown)
        self.assertIn("asked by   bob, on their own", shown)
        self.assertIn(MANIFEST, shown)
        self.assertIn("the error rate rises", shown)
        self.assert_done(self.approve(self.bob, request["id"]), 3)
        for reviewer in (self.alice, self.carol):
            self.assert_done(self.approve(reviewer, request["id"]))
        self.assertEqual("done", self.final_state(self.bob, request["id"]))
        self.assertEqual(f"back web manifest={MANIFEST}", self.host.journal()[-1])
        self.assertEqual(2, len(self.host.journal()))
        self.assertIn("exit code 0", self.host.pawl(self.bob, "show", request["id"]).out)
        # The agent's session has no such request.
        self.assert_done(shell.status(request["id"], "0s"), 1)
        self.host.end_broker(self.broker.pid())
        self.broker.start()
        self.assertEqual(first, self.request_of(self.bob, request["id"])["rolls_back"])

    def test_refused(self):
        """nothing is taken back that nothing takes back, by nobody whom people.toml does not know, and not from inside"""
        shell = self.shell()
        first = self.shipped(shell)
        self.assertNotEqual(0, shell.sh(f"{self.host.program('pawl')} rollback {first}").code)
        self.assert_done(self.host.pawl(self.carol, "rollback", "0" * 64), 1)
        taken = self.host.pawl(self.bob, "rollback", first, "--json")
        self.assert_done(taken)
        back = json.loads(taken.out)["id"]
        for reviewer in (self.alice, self.carol):
            self.assert_done(self.approve(reviewer, back))
        self.assertEqual("done", self.final_state(self.bob, back))
        # `unship` names no rollback.
        told = self.host.pawl(self.bob, "rollback", back)
        self.assert_done(told, 3)
        self.assertIn("nothing takes back action unship", told.err)
        people = (self.broker.configuration / "people.toml").read_text()
        self.broker.write(people.replace(f"uids = [{self.carol.uid}]", "uids = []"), "people.toml")
        self.assert_done(self.host.pawl(self.carol, "rollback", first), 3)
        self.assertEqual(2, len(self.host.journal()))
