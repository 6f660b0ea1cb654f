"""A policy that somebody breaks while the broker runs: everybody is told what is wrong with it, and nobody decides."""

import policy_files
from brokers import EmbeddedBroker, Story, SystemBroker
from host import wait_until

MISTAKE = "pawl = 1\nname = \n"


class Embedded(Story):
    def test_decisions(self):
        """a policy that is broken meanwhile: the queue is shown, a decision exits 5 with the mistake, and counts once it is mended"""
        broker = EmbeddedBroker(self.host)
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        identity = self.pending(self.alice)["id"]
        role = broker.configuration / "roles/observer.toml"
        before = role.read_text(encoding="utf-8")
        broker.write(MISTAKE, "roles/observer.toml")
        self.assert_done(self.host.pawl(self.alice, "requests"))
        for decision in (["approve", identity, "--yes"], ["deny", identity, "-m", "no"]):
            told = self.host.pawl(self.alice, *decision)
            self.assertEqual(5, told.code, told)
            self.assertRegex(told.err, r"observer\.toml.*pawl policy check")
        self.assertEqual([], self.host.journal())
        broker.write(before, "roles/observer.toml")
        self.assert_done(self.approve(self.alice, identity))
        wait_until(self.host.journal, what="the execution")


class System(Story):
    def test_everybody(self):
        """system: a policy that is broken meanwhile exits 5 for whoever asks, and nobody is called a stranger for it"""
        broker = SystemBroker(self.host)
        broker.start()
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        identity = self.pending(self.bob)["id"]
        broker.write(MISTAKE, "roles/observer.toml")
        for verb in (["requests"], ["show", identity], ["approve", identity, "--yes"], ["deny", identity, "-m", "no"], ["sessions"],
                     ["log"], ["receipt", "show", identity]):
            with self.subTest(" ".join(verb)):
                told = self.host.pawl(self.bob, *verb)
                self.assertEqual(5, told.code, told)
                self.assertIn("observer.toml", told.err)
        self.assertEqual([], self.host.journal())
        broker.write(policy_files.OBSERVER, "roles/observer.toml")
        self.assertEqual(identity, self.pending(self.bob)["id"])

    def test_stranger(self):
        """system: whom people.toml does not know is shown nothing, exit 3, and ends nobody's session"""
        broker = SystemBroker(self.host)
        people = [self.host.alice, self.host.bob, self.host.carol]
        broker.start()
        broker.write(policy_files.people(people).replace(str(self.host.carol.uid), "4000000"), "people.toml")
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        request = self.pending(self.bob)
        for verb in (["requests"], ["show", request["id"]], ["sessions"], ["log"], ["kill", request["session"]],
                     ["deny", request["id"], "-m", "no"]):
            with self.subTest(" ".join(verb)):
                told = self.host.pawl(self.host.carol, *verb)
                self.assertEqual(3, told.code, told)
                self.assertIn("people.toml does not know you", told.err)
        self.assert_done(shell.sh("true"))
