"""Who counts under the system broker: the file proposes, signed statements decide."""

import json

import orders
import policy_files
from brokers import Story, SystemBroker
from host import wait_until


class People(Story):
    def setUp(self):
        super().setUp()
        self.broker = SystemBroker(self.host)

    def people(self, person=None):
        listed = self.host.pawl(person or self.alice, "people", "list", "--json")
        self.assert_done(listed)
        return json.loads(listed.out)

    def standing(self, person):
        """{key or group: standing} of one person."""
        shown = next(entry for entry in self.people()["people"] if entry["name"] == person.name)
        return {held["what"]: held["standing"] for held in shown["keys"] + shown["groups"]}

    def give(self, person, statement, *signatures):
        return orders.hand_over(self.host, person, self.broker.people_socket, "give", statement, *signatures)

    def confirm(self, person, identity, signature):
        return orders.hand_over(self.host, person, self.broker.people_socket, "confirm", identity, signature)


class Enrolment(People):
    def setUp(self):
        super().setUp()
        self.broker.start(enroll=False)

    def test_story(self):
        """system: bob's key and group count once he asked with it and alice vouched; until then nobody can meet the rule"""
        self.assertEqual({self.alice.public_key(): "live", "sre": "live"}, self.standing(self.alice))
        self.assertEqual({self.bob.public_key(): "proposed", "sre": "proposed"}, self.standing(self.bob))
        shell = self.shell()
        refused = shell.request()
        self.assert_done(refused, 3)
        self.assertIn("eligible people", refused.out)
        for person in (self.bob, self.carol):
            asked = self.host.pawl(person, "people", "add", "--json")
            self.assert_done(asked)
            self.assertTrue(json.loads(asked.out)["waits"], asked)
        waiting = self.people()["waiting"]
        self.assertEqual([("add_key", "bob", self.bob.uid), ("add_key", "carol", self.carol.uid)],
                         [(order["verb"], order["person"], order["uid"]) for order in waiting])
        self.assertEqual("proposed", self.standing(self.bob)["sre"])
        confirmed = self.host.pawl(self.alice, "people", "confirm", waiting[0]["id"][:12], "--yes")
        self.assert_done(confirmed)
        self.assertIn("Let bob sign with a key", confirmed.out)
        self.assertIn(f"asked for by a process of uid {self.bob.uid}", confirmed.out)
        # Then bob vouches for carol.
        self.assert_done(self.host.pawl(self.bob, "people", "confirm", waiting[1]["id"], "--yes"))
        shown = next(entry for entry in self.people()["people"] if entry["name"] == "carol")
        self.assertEqual([("live", "bob")] * 2, [(held["standing"], held["voucher"]) for held in shown["keys"] + shown["groups"]])
        self.assert_done(shell.request(), 75)
        identity = self.pending(self.bob)["id"]
        for reviewer in (self.bob, self.carol):
            self.assert_done(self.approve(reviewer, identity))
        self.assert_done(shell.status(identity))
        self.assertEqual(1, len(self.host.journal()))
        # A restart, and the log alone, know the same.
        self.broker.kill()
        self.broker.start(enroll=False)
        self.assertEqual({self.bob.public_key(): "live", "sre": "live"}, self.standing(self.bob))
        self.verify_log(self.bob)

    def test_self_vouching(self):
        """system: nobody vouches for themself, neither with the new key nor with an old one"""
        asked = orders.statement("add_key", "bob", "bob", key=self.bob.public_key(), groups=["sre"])
        self.assertEqual("taken", self.give(self.bob, asked, orders.sign(asked, self.bob.key)))
        told = self.confirm(self.bob, orders.identity_of(asked), orders.sign(asked, self.bob.key))
        self.assertIn("refused: ", told)
        self.assertEqual("proposed", self.standing(self.bob)["sre"])
        second = self.alice.home / ".config/pawl/keys/second"
        self.host.run(self.alice, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", second)
        line = second.with_suffix(".pub").read_text(encoding="ascii").rsplit(" ", 1)[0]
        people = policy_files.people(self.host.people.values())
        self.broker.write(people.replace(f'["{self.alice.public_key()}"]', f'["{self.alice.public_key()}", "{line}"]'), "people.toml")
        self.assert_done(self.host.pawl(self.alice, "people", "add", "--key", second))
        waiting = next(order for order in self.people()["waiting"] if order["person"] == "alice")
        told = self.host.pawl(self.alice, "people", "confirm", waiting["id"], "--yes")
        self.assert_done(told, 3)
        self.assertIn("nobody vouches for themself", told.err)

    def test_stolen_uid(self):
        """system: carol cannot ask for a key of bob's, whoever signs; nor anybody for what people.toml does not propose"""
        asked = orders.statement("add_key", "bob", "bob", key=self.carol.public_key(), groups=["sre"])
        self.assertIn("is not bob", self.give(self.carol, asked, orders.sign(asked, self.carol.key)))
        # With bob's own signature, which she got hold of.
        asked = orders.statement("add_key", "bob", "bob", key=self.bob.public_key())
        signature = orders.sign(asked, self.bob.key)
        self.assertIn("is not bob", self.give(self.carol, asked, signature))
        self.assertEqual("taken", self.give(self.bob, asked, signature))
        for changed in ({"key": self.carol.public_key()}, {"key": self.bob.public_key(), "groups": ["admins"]}):
            asked = orders.statement("add_key", "bob", "bob", **changed)
            self.assertIn("people.toml has", self.give(self.bob, asked, orders.sign(asked, self.bob.key)))

    def test_unsigned(self):
        """system: an order is refused without the new key's signature, in another namespace, expired or for another broker"""
        def refused(key, namespace=None, **more):
            asked = orders.statement("add_key", "bob", "bob", key=self.bob.public_key(), **more)
            return self.give(self.bob, asked, orders.sign(asked, key, namespace))
        self.assertIn("refused: ", refused(self.carol.key))
        self.assertIn("refused: ", refused(self.bob.key, "approve.v1@pawl"))
        self.assertIn("for the broker other", refused(self.bob.key, audience="other"))
        self.assertIn("expired", refused(self.bob.key, age=700))
        self.assertIn("in the future", refused(self.bob.key, age=-900))
        self.assertIn("lives longer", refused(self.bob.key, life=100 * 3600))
        self.assertEqual([], self.people()["waiting"])

    def test_no_first_person(self):
        """system: where several people stand in the file and none is the first, the broker does not start, and says the remedy"""
        self.broker.kill()
        for folder in ("/var/lib/pawl", "/var/cache/pawl"):
            self.host.empty(folder)
        settings = policy_files.settings(["alice"], system=True)
        self.broker.write(settings.replace('first = "alice"\n', ""), "pawl.toml")
        with self.assertRaisesRegex(AssertionError, 'first = "alice"'):
            self.broker.start(enroll=False)


class Enrolled(People):
    def setUp(self):
        super().setUp()
        self.broker.start()

    def asked(self):
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        return shell, self.pending(self.bob)["id"]

    def test_removal(self):
        """system: who is removed counts no more at once, what rested on their signature is void, and the file alone brings nobody back"""
        shell, identity = self.asked()
        self.assert_done(self.approve(self.bob, identity))
        removed = self.host.pawl(self.carol, "people", "remove", "bob", "-m", "has left")
        self.assert_done(removed)
        self.assertIn("requests made void: 1", removed.out)
        told = shell.status(identity)
        self.assert_done(told, 3)
        self.assertIn("bob, who decided, does not count any more", told.out)
        self.assertEqual({self.bob.public_key(): "proposed", "sre": "proposed"}, self.standing(self.bob))
        self.assert_done(shell.request(), 3)
        self.broker.write(policy_files.people(self.host.people.values()) + "\n", "people.toml")
        self.assertEqual("proposed", self.standing(self.bob)["sre"])
        self.assertEqual([], self.host.journal())
        self.verify_log(self.carol)

    def test_line_taken_out(self):
        """system: a key that is taken out of people.toml counts no more at once, although it was enrolled"""
        _, identity = self.asked()
        self.assert_done(self.approve(self.bob, identity))
        self.broker.write(policy_files.people(self.host.people.values(), {"carol": ["other"]}), "people.toml")
        self.assertEqual("dropped", self.standing(self.carol)["sre"])
        self.assert_done(self.approve(self.carol, identity), 3)
        self.assertEqual([], self.host.journal())

    def test_replayed_order(self):
        """system: an order that was carried out is refused the second time"""
        leaving = orders.statement("leave_group", "bob", "alice", groups=["sre"])
        signature = orders.sign(leaving, self.alice.key)
        self.assertEqual("taken", self.give(self.carol, leaving, signature))  # whose it is, the signature tells
        self.assertEqual("proposed", self.standing(self.bob)["sre"])
        self.assert_done(self.host.pawl(self.bob, "people", "join", "@sre"))
        waiting = self.people()["waiting"][0]["id"]
        self.assert_done(self.host.pawl(self.alice, "people", "confirm", waiting, "--yes"))
        self.assertEqual("live", self.standing(self.bob)["sre"])
        self.assertIn("given before", self.give(self.carol, leaving, signature))
        self.assertEqual("live", self.standing(self.bob)["sre"])

    def test_rotation(self):
        """system: a rotated key signs, the old one does not"""
        fresh = self.bob.home / ".config/pawl/keys/fresh"
        self.host.run(self.bob, "ssh-keygen", "-q", "-t", "ecdsa", "-b", "256", "-N", "", "-C", "bob", "-f", fresh)
        line = fresh.with_suffix(".pub").read_text(encoding="ascii").rsplit(" ", 1)[0]
        people = policy_files.people(self.host.people.values())
        self.broker.write(people.replace(f'["{self.bob.public_key()}"]', f'["{self.bob.public_key()}", "{line}"]'), "people.toml")
        self.assert_done(self.host.pawl(self.bob, "people", "rotate", "--key", fresh))
        waiting = self.people()["waiting"][0]["id"]
        self.assert_done(self.host.pawl(self.carol, "people", "confirm", waiting, "--yes"))
        self.assertEqual({self.bob.public_key(): "proposed", line: "live", "sre": "live"}, self.standing(self.bob))
        _, identity = self.asked()
        self.assertNotEqual(0, self.approve(self.bob, identity).code)
        self.assert_done(self.host.pawl(self.bob, "approve", identity, "--yes", "--key", fresh))
        signers = self.host.pawl(self.carol, "people", "allowed-signers")
        self.assert_done(signers)
        self.assertIn(line, signers.out)
        self.assertNotIn(self.bob.public_key(), signers.out)

    def test_enrollers(self):
        """system: whom pawl.toml's enrollers does not name vouches for nobody and removes nobody but themself"""
        settings = policy_files.settings(["alice"], system=True)
        self.broker.write('enrollers = ["carol"]\n' + settings, "pawl.toml")
        self.assert_done(self.host.pawl(self.alice, "people", "remove", "bob"), 3)
        self.assert_done(self.host.pawl(self.bob, "people", "leave", "sre"))
        self.assert_done(self.host.pawl(self.bob, "people", "join", "sre"))
        waiting = self.people()["waiting"][0]["id"]
        told = self.host.pawl(self.alice, "people", "confirm", waiting, "--yes")
        self.assert_done(told, 3)
        self.assertIn("may not vouch for others", told.err)
        self.assert_done(self.host.pawl(self.carol, "people", "confirm", waiting, "--yes"))
