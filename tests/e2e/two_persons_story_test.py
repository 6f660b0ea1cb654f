"""The story that pawl exists for: an agent with its operator's permissions wants to recreate production, its operator says
yes, and that is not enough. Under the host's broker, with the real programs and real keys from beginning to end."""

import re
import subprocess

from brokers import Story, SystemBroker
from host import wait_until


class Recreation(Story):
    def test_story(self):
        """system: the operator alone cannot let it happen, one reviewer denies, two sign the better way, and anyone can check that"""
        SystemBroker(self.host).start()
        agent = self.host.start(self.alice, [self.host.program("pawl"), "run", "--role", "deployer", "--workspace", self.alice.workspace,
                                             "--", "/bin/sh", "./agent.sh"], stdin=subprocess.DEVNULL)
        first = self.pending(self.bob)["id"]

        # Kiro's operator had the permission. Here it is nobody's: alice launched the agent and does not count.
        refused = self.approve(self.alice, first)
        self.assert_done(refused, 3)
        self.assertIn("alice", refused.err)
        self.assert_done(self.approve(self.bob, first))
        self.assertEqual(("pending", 1), (lambda request: (request["state"], request["approvals"]))(self.request_of(self.bob, first)))
        self.assert_done(self.deny(self.carol, first, "recreating is 13 hours of outage: use a rolling update"))
        self.assertEqual([], self.host.journal())

        # The agent was told why, and asks for the better way by itself.
        second = wait_until(lambda: next((request["id"] for request in self.requests(self.bob) if request["id"] != first), None),
                            what="the second request")
        self.assert_done(self.approve(self.alice, second), 3)
        self.assert_done(self.approve(self.bob, second))
        self.assertNotEqual(0, self.approve(self.bob, second).code)
        self.assertEqual([], self.host.journal())
        self.assert_done(self.approve(self.carol, second))
        out, err = (text.decode() for text in agent.communicate(timeout=60))
        self.assertEqual(0, agent.returncode, out + err)
        self.assertIn("agent: first request: exit 3", out)
        self.assertIn("agent: second request: exit 0", out)
        ran, = self.host.journal()
        self.assertIn("@sha256:" + "0" * 63 + "2", ran)

        # What was denied is dead, what was used is used.
        for request in (first, second):
            self.assert_done(self.approve(self.carol, request), 3)
        self.assertEqual([ran], self.host.journal())
        self.verify_log(self.bob)
        self.check_as_anyone(second)

    def check_as_anyone(self, request):
        """With what `pawl people` says the keys are, and ssh-keygen; the denied one holds no receipt."""
        exported = self.bob.workspace / "receipt"
        self.assert_done(self.host.pawl(self.bob, "receipt", "export", request, exported))
        signers = self.host.pawl(self.bob, "people", "allowed-signers")
        self.assert_done(signers)
        self.bob.write("project/signers", signers.out)
        for pae in sorted(exported.glob("*.pae")):
            person = re.sub(r"^\d+-", "", pae.stem)
            checked = self.host.run(self.bob, "ssh-keygen", "-Y", "verify", "-f", "signers", "-I", person, "-n", "approve.v1@pawl",
                                    "-s", pae.with_suffix(".sig"), stdin=pae.read_bytes())
            self.assert_done(checked)
        self.assert_done(self.host.pawl(self.bob, "receipt", "verify", exported / "receipt.json", "--signers", "signers", "--quorum", "2"))
        self.assert_done(self.host.pawl(self.bob, "receipt", "verify", exported / "receipt.json", "--signers", "signers", "--quorum", "3"), 3)
