"""The system broker under its own uid, in front of several people."""

import hashlib
import os
import pwd
import re

import policy_files
from brokers import Story, SystemBroker
from host import TOKEN, wait_until


class TwoPersons(Story):
    def setUp(self):
        super().setUp()
        self.broker = SystemBroker(self.host)
        self.broker.start()

    def asked(self, shell):
        self.assert_done(shell.request(), 75)
        return self.pending(self.bob)["id"]

    def test_quorum(self):
        """system: two persons other than the launcher approve, then it runs once, as the action's own user"""
        shell = self.shell()
        identity = self.asked(shell)
        self.assert_done(self.approve(self.bob, identity))
        self.assertEqual([], self.host.journal())
        self.assertEqual("pending", self.request_of(self.bob, identity)["state"])
        self.assert_done(self.approve(self.carol, identity))
        self.assert_done(shell.status(identity))
        action_user = pwd.getpwnam("pawl-action").pw_uid
        # The action's user reads the pinned copy, which belongs to the broker.
        digest = hashlib.sha256((self.alice.workspace / "k8s/web.yaml").read_bytes()).hexdigest()
        ran, = self.host.journal()
        self.assertTrue(ran.endswith(f"manifest={digest} uid={action_user}"), ran)
        self.verify_log(self.bob)

    def test_launcher(self):
        """system: the launcher's own approval is refused, although they are in the group"""
        identity = self.asked(self.shell())
        self.assert_done(self.approve(self.alice, identity), 3)
        self.assert_done(self.approve(self.bob, identity))
        self.assert_done(self.approve(self.alice, identity), 3)
        self.assertEqual("pending", self.request_of(self.bob, identity)["state"])
        self.assertEqual([], self.host.journal())

    def test_one_person_twice(self):
        """system: one person who approves twice is one person"""
        identity = self.asked(self.shell())
        self.assert_done(self.approve(self.bob, identity))
        self.assertNotEqual(0, self.approve(self.bob, identity).code)
        self.assertEqual(1, self.request_of(self.bob, identity)["approvals"])
        self.assertEqual([], self.host.journal())

    def test_one_deny(self):
        """system: one deny ends it, whatever others said before"""
        shell = self.shell()
        identity = self.asked(shell)
        self.assert_done(self.approve(self.bob, identity))
        self.assert_done(self.deny(self.carol, identity, "not on a Friday"))
        told = shell.status(identity)
        self.assert_done(told, 3)
        self.assertIn("not on a Friday", told.out)
        self.assertEqual([], self.host.journal())

    def test_who_may_launch(self):
        """system: who is not among a role's launchers opens no session with it"""
        refused = self.host.pawl(self.bob, "run", "--role", "deployer", "--workspace", self.bob.workspace, "--", "/bin/true")
        self.assert_done(refused, 125)
        self.assertNotEqual("", refused.err.strip())

    def test_private_workspace(self):
        """system: a workspace in a 0700 home works, and neither pawl nor bob can look into it"""
        shell = self.shell()
        self.assert_done(shell.sh("cat k8s/web.yaml && echo hello >written"))
        self.assertEqual("hello\n", (self.alice.workspace / "written").read_text())
        self.assertEqual(self.alice.uid, (self.alice.workspace / "written").stat().st_uid)
        self.assertNotEqual(0, self.host.run(self.bob, "ls", self.alice.workspace).code)

    def test_restart(self):
        """system: a half-approved request survives kill -9 of the broker with the approval it had"""
        shell = self.shell()
        identity = self.asked(shell)
        self.assert_done(self.approve(self.bob, identity))
        self.broker.kill()
        down = self.host.pawl(self.bob, "requests")
        self.assert_done(down, 6)
        self.broker.start()
        self.assertEqual(1, self.pending(self.bob)["approvals"])
        self.assert_done(self.approve(self.carol, identity))
        self.assert_done(shell.status(identity))
        self.assertEqual(1, len(self.host.journal()))
        self.verify_log(self.bob)

    def test_no_fallback(self):
        """system: while the system broker is down, pawl run refuses and starts no embedded one"""
        self.broker.kill()
        refused = self.host.pawl(self.alice, "run", "--role", "deployer", "--workspace", self.alice.workspace, "--", "/bin/true")
        self.assert_done(refused, 125)
        self.assertFalse((self.alice.home / ".local/state/pawl/run").exists())

    def test_policy_edit(self):
        """system: a secret's floor holds against an edited approval rule: nobody decides until the policy is whole again"""
        shell = self.shell()
        identity = self.asked(shell)
        weak = policy_files.approvals(system=True) + '\n[weak]\nquorum = 1\nfrom = ["@sre"]\n'
        self.broker.write(weak, "approvals.toml")
        self.broker.write(policy_files.deployer("weak"), "roles/deployer.toml")
        checked = self.host.pawl(self.bob, "policy", "check")
        self.assertEqual(5, checked.code, checked)
        self.assertIn("approval 'weak' is below 'two-person'", checked.out + checked.err)
        for reviewer in (self.bob, self.carol):
            self.assert_done(self.approve(reviewer, identity), 5)
        self.broker.write(policy_files.approvals(system=True), "approvals.toml")
        self.broker.write(policy_files.deployer("two-person"), "roles/deployer.toml")
        request = self.request_of(self.bob, identity)
        self.assertEqual(("pending", 0), (request["state"], request["approvals"]), request)
        self.assertEqual([], self.host.journal())

    def test_lowered_floor(self):
        """system: where rule and floor are lowered together, what was asked before can no longer be approved, and nothing runs"""
        identity = self.asked(self.shell())
        self.broker.write(policy_files.approvals(system=True) + '\n[weak]\nquorum = 1\nfrom = ["@sre"]\n', "approvals.toml")
        self.broker.write(policy_files.deployer("weak"), "roles/deployer.toml")
        self.broker.write(policy_files.secrets("weak"), "secrets.toml")
        self.assert_done(self.host.pawl(self.bob, "policy", "check"))
        for reviewer in (self.bob, self.carol):
            refused = self.approve(reviewer, identity)
            self.assert_done(refused, 3)
            self.assertIn("was asked under another policy", refused.err)
        request = self.request_of(self.bob, identity)
        self.assertEqual(("pending", 0), (request["state"], request["approvals"]), request)
        self.assertEqual([], self.host.journal())

    def test_what_an_action_reaches(self):
        """system: an action reaches no configuration, secret, state, workspace, home, process or network of the host"""
        self.assert_reaches_nothing(self.shell(), self.broker, [self.bob, self.carol])

    def test_unknown_launcher_and_person(self):
        """system: a person whom people.toml does not know decides and lists nothing"""
        identity = self.asked(self.shell())
        self.broker.write(policy_files.people([self.alice, self.bob, self.carol]).split("[carol]")[0], "people.toml")
        # Two reviewers without the launcher are needed, so this policy is refused as a whole and nothing moves.
        self.assertNotEqual(0, self.approve(self.carol, identity).code)
        self.assertEqual([], self.host.journal())

    def test_notifier(self):
        """system: a waiting request rings the operator's command once, with its id and nothing secret"""
        self.broker.kill()
        ring = "/opt/ring"
        with open(ring, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\ncat >>/var/lib/pawl/rung\n")
        os.chmod(ring, 0o755)
        self.broker.write(policy_files.settings(["alice"], system=True, notify=ring), "pawl.toml")
        self.broker.start()
        identity = self.asked(self.shell())
        rung = wait_until(lambda: os.path.exists("/var/lib/pawl/rung") and open("/var/lib/pawl/rung", encoding="utf-8").read(),
                          what="the notifier")
        self.assertEqual(1, len(rung.strip().splitlines()))
        self.assertIn(identity, rung)
        self.assertNotIn(TOKEN, rung)

    def test_agent_sees_no_secret(self):
        """system: nothing inside a session holds the token, the configuration or another session"""
        shell = self.shell()
        seen = shell.sh("env; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; ls -la /etc/pawl /var/lib/pawl /run/pawl "
                        "/run/pawl/broker /opt /home 2>&1; cat /etc/pawl/secrets/* 2>&1; cat /proc/keys 2>&1; ls /proc/self/fd")
        self.assertNotIn(TOKEN, seen.out)
        self.assertNotIn("deploy-token", seen.out)
        self.assertNotIn("people.toml", seen.out)
        self.assertNotIn("pawl-test-bob", seen.out)
        self.assertIsNone(re.search(r"\b(PAWL_(?!SESSION=|ROLE=)|SUDO_|SSH_)", seen.out), seen.out)
