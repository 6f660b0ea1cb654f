"""Approval rules in full, under the system broker: groups, escalation, emergencies, cooldown and rates."""

import json
import os
import time

import policy_files
from brokers import Story, SystemBroker
from host import wait_until

FLOOR = """
[two-person]
quorum = 2
from = ["alice", "bob", "carol"]
"""
RING = "/opt/ring"
RUNG = "/var/lib/pawl/rung"


class Rules(Story):
    def serve(self, rule, groups, notify=False):
        """A broker whose deployer is approved by this rule, called `rule`; alice launches."""
        self.broker = SystemBroker(self.host)
        self.broker.write(policy_files.deployer("rule"), "roles/deployer.toml")
        self.broker.write(FLOOR + "\n[rule]\n" + rule + "\n", "approvals.toml")
        self.broker.write(policy_files.people(self.host.people.values(), groups), "people.toml")
        if notify:
            with open(RING, "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\ncat >>{RUNG}\n")
            os.chmod(RING, 0o755)
            self.broker.write(policy_files.settings(["alice"], system=True, notify=RING), "pawl.toml")
        self.broker.start()

    def approve_with(self, person, identity, *options):
        return self.host.pawl(person, "approve", identity, "--yes", *options)

    def asked(self, shell, service="web"):
        self.assert_done(shell.request(service), 75)
        return next(entry["id"] for entry in self.requests(self.bob) if service in entry["summary"].split())

    def rung(self):
        return [json.loads(line) for line in open(RUNG, encoding="utf-8")] if os.path.exists(RUNG) else []

    def report(self, *options):
        reported = self.host.pawl(self.bob, "report", "--json", *options)
        self.assert_done(reported)
        return json.loads(reported.out)

    SPLIT = 'quorum = 2\nfrom = ["@sre", { group = "@security", least = 1 }]'
    SPLIT_GROUPS = {"carol": ["sre", "security"]}

    def test_one_of_each(self):
        """rules: one of two groups must be among the quorum; the reviewer's tool names the group that lacks one"""
        self.serve(self.SPLIT, self.SPLIT_GROUPS)
        shell = self.shell()
        identity = self.asked(shell)
        self.assert_done(self.approve_with(self.bob, identity, "--group", "@security"), 3)
        self.assert_done(self.approve(self.bob, identity))
        request = self.request_of(self.bob, identity)
        self.assertEqual((1, [{"group": "@security", "persons": 1}]), (request["approvals"], request["missing"]), request)
        shown = self.host.pawl(self.carol, "show", identity)
        self.assertIn("@security: at least 1, 0 so far", shown.out)
        self.assertIn("1 of @security", shown.out)
        self.assert_done(self.approve(self.carol, identity))
        self.assert_done(shell.status(identity))
        self.assertEqual(1, len(self.host.journal()))
        shown = json.loads(self.host.pawl(self.carol, "show", identity, "--json").out)
        self.assertEqual([("bob", "@sre"), ("carol", "@security")],
                         [(decision["person"], decision["group"]) for decision in shown["decisions"]])
        self.verify_log(self.bob)

    def test_quorum_without_the_group(self):
        """rules: a full quorum that lacks the group's place runs nothing"""
        self.serve(self.SPLIT, self.SPLIT_GROUPS)
        identity = self.asked(self.shell())
        self.assert_done(self.approve(self.bob, identity))
        told = self.approve_with(self.carol, identity, "--group", "@sre")
        self.assert_done(told)
        self.assertIn("still missing: 1 of @security", told.out)
        request = self.request_of(self.bob, identity)
        self.assertEqual(("pending", 2), (request["state"], request["approvals"]), request)
        self.assert_done(self.approve_with(self.carol, identity, "--group", "@security"), 3)
        self.assertEqual([], self.host.journal())

    def test_escalation(self):
        """rules: who is on call may approve only after a while, and is told once, through a restart too"""
        self.serve('quorum = 2\nfrom = ["@sre"]\nescalate = [{ after = "6s", to = ["@oncall"] }]',
                   {"carol": ["oncall"]}, notify=True)
        shell = self.shell()
        identity = self.asked(shell)
        early = self.approve(self.carol, identity)
        self.assert_done(early, 3)
        self.assertIn("not before", early.err)
        self.assertIn("@oncall: may approve from", self.host.pawl(self.carol, "show", identity).out)
        wait_until(lambda: len(self.rung()) == 2, what="the escalation's notice")
        self.assertEqual([("request", ["@sre"]), ("escalation", ["@oncall"])],
                         [(notice["event"], notice["from"]) for notice in self.rung()])
        self.broker.kill()
        self.broker.start()
        time.sleep(2)  # the next tick would have told it again
        self.assertEqual(2, len(self.rung()))
        self.assert_done(self.approve(self.carol, identity))
        self.assert_done(self.approve(self.bob, identity))
        self.assert_done(shell.status(identity))
        self.assertEqual(1, len(self.host.journal()))
        self.verify_log(self.bob)

    def test_cooldown(self):
        """rules: after a denial the same session may not ask for the same for as long as the rule says"""
        self.serve('quorum = 2\nfrom = ["@sre"]\ncooldown = "10m"', {})
        shell = self.shell()
        identity = self.asked(shell)
        self.assert_done(self.deny(self.bob, identity, "not on a Friday"))
        refused = shell.request()
        self.assert_done(refused, 3)
        self.assertRegex(refused.out, r"wait 5\d\d s|wait 600 s")
        self.assert_done(shell.request("api"), 75)

    def test_rate(self):
        """rules: more requests than the rule's rate are refused, counted and reported"""
        self.serve('quorum = 2\nfrom = ["@sre"]\nrate = { requests = 2, within = "1h" }', {})
        shell = self.shell()
        for service in ("web", "api"):
            self.assert_done(shell.request(service), 75)
        self.assert_done(shell.request("web"), 75)  # joins what waits
        for _ in range(3):
            refused = shell.request("db")
            self.assert_done(refused, 3)
            self.assertIn("2 requests for deploy within 3600 s", refused.out)
        self.broker.process.terminate()  # writes what it counted in this minute
        self.broker.process.wait()
        self.broker.start()
        row, = self.report("--role", "deployer", "--since", "1h")["actions"]
        self.assertEqual((2, 2, 3, 3, 1), (row["requests"], row["waiting"], row["refused"], row["refused_by_limits"], row["joined"]))
        self.verify_log(self.bob)

    def test_emergency(self):
        """rules: an approval for an emergency needs a reason, and its use is marked in list, show and report"""
        self.serve('quorum = 2\nfrom = ["@incident"]\nemergency = true',
                   {name: ["incident"] for name in ("alice", "bob", "carol")})
        shell = self.shell()
        identity = self.asked(shell)
        silent = self.approve(self.bob, identity)
        self.assert_done(silent, 2)
        self.assertIn("needs a reason", silent.err)
        self.assert_done(self.approve_with(self.bob, identity, "-m", "the site is down"))
        self.assertTrue(self.request_of(self.bob, identity)["emergency"])
        self.assertIn("EMERGENCY", self.host.pawl(self.bob, "show", identity).out)
        self.assertIn("(emergency)", self.host.pawl(self.bob, "requests").out)
        self.assert_done(self.approve_with(self.carol, identity, "-m", "I see it too"))
        self.assert_done(shell.status(identity))
        self.assertEqual(1, len(self.host.journal()))
        use, = self.report()["emergencies"]
        self.assertEqual([("bob", "the site is down"), ("carol", "I see it too")],
                         [(approval["person"], approval["reason"]) for approval in use["approvals"]])
        self.assertIn("EMERGENCIES", self.host.pawl(self.bob, "report").out)
        self.verify_log(self.bob)

    def test_emergency_below_the_floor(self):
        """rules: a rule for emergencies goes no lower than the floor of the secret that its action uses"""
        broker = SystemBroker(self.host)
        broker.write(policy_files.deployer("rule"), "roles/deployer.toml")
        broker.write(FLOOR + '\n[rule]\nquorum = 1\nfrom = ["@incident"]\nemergency = true\n', "approvals.toml")
        broker.write(policy_files.people(self.host.people.values(), {"bob": ["incident"]}), "people.toml")
        checked = self.host.pawl(self.bob, "policy", "check")
        self.assert_done(checked, 5)
        self.assertIn("approval 'rule' is below 'two-person': 1 of its people suffice, 2 are required", checked.out + checked.err)

    def test_agent_sees_the_rule(self):
        """rules: agents read in words who must say yes"""
        self.serve(self.SPLIT + '\ncooldown = "5m"', self.SPLIT_GROUPS)
        actions = self.shell().sh("pawl-agent actions")
        self.assertIn("2 persons of @sre, @security, at least 1 of @security, never the launcher, within 15m", actions.out)
