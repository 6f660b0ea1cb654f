"""Limits of sessions and actions, as people, agents and the ledger see them. What the limits themselves hold is for
tests/kernel and tests/vm."""

import json

from brokers import EmbeddedBroker, Story
from host import wait_until


def role(best_effort):
    return f"""pawl = 1
name = "deployer"

[sandbox.files]
workspace = "read-only"

[limits]
memory = "256 MiB"
processes = 100
best_effort = {best_effort}

[[action]]
name = "talk"
run = ["/usr/bin/head", "-c", "100000", "/dev/zero"]
approval = "solo"
output = "4 KiB"
limits = {{ processes = 20 }}
"""


class Limits(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)
        self.broker.write("", "secrets.toml")

    def run_true(self):
        return self.host.pawl(self.alice, "run", "--role", "deployer", "--workspace", self.alice.workspace, "--", "/bin/true")

    def ended_session(self):
        log = json.loads(self.host.pawl(self.alice, "log", "--json").out)
        ended = [entry["body"] for entry in log if entry["kind"] == "session" and entry["body"]["what"] == "ended"]
        return ended[-1] if ended else None

    def test_told(self):
        """limits: what the host cannot hold is a refusal, or is told once on stderr and recorded"""
        self.broker.write(role("true"), "roles/deployer.toml")
        tried = self.run_true()
        self.assert_done(tried)
        ended = wait_until(self.ended_session, what="the session's end in the ledger")
        self.broker.write(role("false"), "roles/deployer.toml")
        strict = self.run_true()
        if ended["limits_not_enforced"]:
            self.assertEqual(1, tried.err.count("pawl: limits not enforced: memory: "), tried)
            self.assertTrue(ended["limits_not_enforced"].startswith("memory: "), ended)
            self.assertEqual("processes 100", ended["limits"])
            self.assertEqual(125, strict.code, strict)
            self.assertIn("limits.memory: ", strict.err)
            self.assertIn("best_effort = true", strict.err)
        else:  # this host delegates what it takes
            self.assertEqual("", tried.err)
            self.assertEqual("memory 256 MiB, processes 100", ended["limits"])
            self.assert_done(strict)

    def test_doctor(self):
        """limits: the doctor finds the role that this host cannot honour, with the remedy that pawl run gives"""
        self.broker.write(role("false"), "roles/deployer.toml")
        told = self.host.pawl(self.alice, "doctor", "--json")
        rows = {row["layer"]: row for row in json.loads(told.out)}
        strict = self.run_true()
        row = rows["role deployer"]
        self.assertEqual(rows["limits"]["state"] == "works", row["state"] == "works", rows)
        self.assertEqual(strict.code == 0, row["state"] == "works", (row, strict))
        if row["state"] == "works":
            return
        self.assertEqual((1, "not needed", "missing"), (told.code, rows["limits"]["state"], row["state"]), rows)
        for text in (rows["limits"]["remedy"], "best_effort = true", "pawl doctor"):
            self.assertIn(text, strict.err)
        self.assertIn(rows["limits"]["remedy"], row["remedy"])
        # With best effort the same host honours it.
        self.broker.write(role("true"), "roles/deployer.toml")
        told = self.host.pawl(self.alice, "doctor", "--json")
        self.assertEqual(0, told.code, told)

    def test_output(self):
        """limits: of what an action prints its limit is kept, and the rest is counted"""
        self.broker.write(role("true"), "roles/deployer.toml")
        shell = self.shell()
        self.assert_done(shell.sh("pawl-agent request talk --why test --wait 0s"), 75)
        request = self.pending(self.alice)
        self.assert_done(self.approve(self.alice, request["id"]))
        self.assertEqual("done", self.final_state(self.alice, request["id"]))
        told = shell.status(request["id"])
        self.assert_done(told)
        self.assertIn(f"{100000 - 4096} further bytes were not kept", told.out)
