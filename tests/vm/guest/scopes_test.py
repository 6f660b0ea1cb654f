"""Limits through both brokers where systemd manages the host: sessions in scopes, actions below the broker's own unit."""

import json
import os
import pathlib
import subprocess

import policy_files
from brokers import EmbeddedBroker, Story, SystemBroker
from host import wait_until

PROBE = "/pawl/probe"
UNIT = pathlib.Path("/run/systemd/system/pawld.service")
CGROUP = pathlib.Path("/sys/fs/cgroup/system.slice/pawld.service")


def hungry_role(approval, best_effort="false"):
    """What a session of it, and its action, eat too much of is memory."""
    return f"""pawl = 1
name = "deployer"

[sandbox.files]
workspace = "read-only"
read = ["{PROBE}"]

[limits]
memory = "64 MiB"
cpus = 1.5
processes = 100
best_effort = {best_effort}

[[action]]
name = "eat"
run = ["{PROBE}", "eat-memory", "{{mebibytes}}"]
params.mebibytes = {{ match = "[0-9]{{1,4}}" }}
approval = "{approval}"
limits = {{ memory = "64 MiB", processes = 50 }}
"""


class DelegatedBroker(SystemBroker):
    """The host's broker as a unit, to which systemd delegates its cgroup."""

    def start(self):
        UNIT.write_text(f"""[Service]
Type=exec
User=pawl
ExecStart={self.host.program("pawld")} --system
AmbientCapabilities=CAP_SETUID CAP_SETGID
CapabilityBoundingSet=CAP_SETUID CAP_SETGID
Delegate=yes
""", encoding="ascii")
        subprocess.run(["systemctl", "daemon-reload"], check=True)
        subprocess.run(["systemctl", "start", "pawld"], check=True)
        return self.wait()

    def stop(self):
        subprocess.run(["systemctl", "stop", "pawld"], check=True)


class Limits(Story):
    def eat(self, shell, mebibytes, people):
        """The request's end after everybody approved it."""
        asked = shell.sh(f"pawl-agent request eat mebibytes={mebibytes} --why test --wait 0s")
        self.assert_done(asked, 75)
        request = self.pending(people[0])
        for person in people:
            self.assert_done(self.approve(person, request["id"]))
        self.assertEqual("done", self.final_state(people[0], request["id"], 60))
        return shell.status(request["id"])

    def run_probe(self, person, *arguments):
        return self.host.pawl(person, "run", "--role", "deployer", "--workspace", person.workspace, "--", PROBE, *arguments, timeout=120)

    def last_session(self, person):
        log = json.loads(self.host.pawl(person, "log", "--json").out)
        return [entry["body"] for entry in log if entry["kind"] == "session" and entry["body"]["what"] == "ended"][-1]


class Delegated(Limits):
    def setUp(self):
        super().setUp()
        self.broker = DelegatedBroker(self.host, launchers=("alice", "bob"))
        self.broker.write(hungry_role("two-person"), "roles/deployer.toml")
        self.broker.write("", "secrets.toml")
        self.addCleanup(self.broker.stop)
        self.broker.start()

    def test_action(self):
        """system: an action's limits are held below the broker's delegated unit, and nothing is left of them"""
        shell = self.shell()
        told = self.eat(shell, 20, [self.bob, self.carol])
        self.assert_done(told)
        told = self.eat(shell, 120, [self.bob, self.carol])
        self.assert_done(told, 1)
        self.assertIn("memory limit of 64 MiB", told.out)
        wait_until(lambda: [path.name for path in CGROUP.iterdir() if path.is_dir()] == ["broker"], what="the end of the cgroups")

    def test_session(self):
        """system: a session's limits are held in a scope of the person's own systemd"""
        self.assert_done(self.run_probe(self.alice, "true"))
        self.assertEqual("memory 64 MiB, cpus 1.5, processes 100", self.last_session(self.bob)["limits"])
        ended = self.run_probe(self.alice, "eat-memory", "120")
        self.assertEqual(137, ended.code, ended)
        self.assertIn("the command reached its memory limit of 64 MiB", ended.err)
        wait_until(lambda: "memory limit" in self.last_session(self.bob)["how"], what="the session's end in the ledger")

    def test_nobody_delegates(self):
        """system: where no systemd runs for the person a limit is a refusal, or is told once and recorded"""
        refused = self.run_probe(self.bob, "true")
        self.assertEqual(125, refused.code, refused)
        self.assertIn("limits.memory", refused.err)
        self.assertIn("loginctl enable-linger", refused.err)
        self.broker.write(hungry_role("two-person", "true"), "roles/deployer.toml")
        tried = self.run_probe(self.bob, "true")
        self.assert_done(tried)
        self.assertEqual(1, tried.err.count("limits not enforced: memory, cpus: "), tried)
        entry = wait_until(lambda: self.last_session(self.carol)["limits_not_enforced"] and self.last_session(self.carol),
                           what="the session's end in the ledger")
        self.assertEqual("processes 100", entry["limits"])
        self.assertIn("memory, cpus: ", entry["limits_not_enforced"])

    def test_detached(self):
        """detach: who does not linger is told that systemd ends the session with the last logout, and it does"""
        manager = f"user@{self.bob.uid}.service"
        subprocess.run(["systemctl", "start", manager], check=True)
        self.addCleanup(subprocess.run, ["systemctl", "stop", manager], check=True)
        sessions = {}
        for person, told in ((self.alice, False), (self.bob, True)):
            left = self.host.pawl(person, "run", "--detach", "--role", "deployer", "--workspace", person.workspace, "--", PROBE, "sleep", "300",
                                  timeout=120)
            self.assert_done(left)
            self.assertEqual(told, "loginctl enable-linger" in left.err, left)
            sessions[person] = left.out.strip()
        subprocess.run(["systemctl", "stop", manager], check=True)
        wait_until(lambda: self.last_session(self.carol)["id"].startswith(sessions[self.bob]), timeout=120, what="the session's end")
        self.assert_done(self.host.pawl(self.alice, "kill", sessions[self.alice]))

    def test_doctor(self):
        """doctor: where systemd gives a scope, limits work; where none runs for the person, both rows say what to do"""
        for person, works in ((self.alice, True), (self.bob, False)):
            with self.subTest(person.name):
                told = self.host.pawl(person, "doctor", "--json", timeout=240)
                rows = {row["layer"]: row for row in json.loads(told.out)}
                self.assertEqual(["works" if works else "not needed", "works" if works else "missing"],
                                 [rows[layer]["state"] for layer in ("limits", "role deployer")], told)
                for layer in () if works else ("limits", "role deployer"):
                    self.assertIn("loginctl enable-linger", rows[layer]["remedy"])


class Embedded(Limits):
    def test_action(self):
        """embedded: an action's limits are held in a scope of the person's own systemd"""
        broker = EmbeddedBroker(self.host)
        broker.write(hungry_role("solo"), "roles/deployer.toml")
        broker.write("", "secrets.toml")
        shell = self.shell()
        told = self.eat(shell, 120, [self.alice])
        self.assert_done(told, 1)
        self.assertIn("memory limit of 64 MiB", told.out)
        scopes = pathlib.Path(f"/sys/fs/cgroup/user.slice/user-{self.alice.uid}.slice/user@{self.alice.uid}.service/app.slice")
        # The session's own is the one that is left.
        wait_until(lambda: len(list(scopes.glob("pawl-*.scope"))) == 1, what="the end of the action's scope")
