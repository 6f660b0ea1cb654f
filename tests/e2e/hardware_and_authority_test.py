"""Decisions signed by a security key and under an SSH authority's certificate, with the stock OpenSSH programs: the
broker takes them, refuses what the stock programs let pass, and the exported receipt is verified without pawl."""

import json
import os
import re

from brokers import EmbeddedBroker, Story
from host import BUILD

MIDDLEWARE = BUILD / "tests/security-key.so"


class Keys(Story):
    def setUp(self):
        super().setUp()
        self.assertTrue(MIDDLEWARE.exists(), f"{MIDDLEWARE} is not built; remedy: ninja -C build tests/security-key.so")
        self.broker = EmbeddedBroker(self.host)
        self.device = {"SSH_SK_PROVIDER": str(MIDDLEWARE)}
        self.alice.key.unlink()  # the ordinary key would be taken first

    def make_key(self, name, kind, **env):
        self.assert_done(self.host.run(self.alice, "ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", self.alice.home / name, **env))
        return (self.alice.home / (name + ".pub")).read_text(encoding="ascii").strip()

    def enroll(self, line):
        self.broker.write(f'[alice]\nuids = [{self.alice.uid}]\nkeys = ["{line}"]\ngroups = ["sre"]\n', "people.toml")

    def ask(self):
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        return shell, self.pending(self.alice)["id"]

    def approve_with(self, request, key, **env):
        words = ["--key", self.alice.home / key] if key else []
        return self.host.pawl(self.alice, "approve", request, "--yes", *words, **env)

    def certify(self, authority, key, *options):
        """KEY-cert.pub: alice's key, certified by the authority."""
        self.assert_done(self.host.run(self.alice, "ssh-keygen", "-q", "-s", self.alice.home / authority, "-I", "alice at her desk", "-z", "42",
                                       *options, self.alice.home / (key + ".pub")))
        return key + "-cert.pub"

    def assert_receipt_holds(self, request):
        """By pawl against its own list of signers, and by the script that came with it, which knows ssh-keygen alone."""
        folder = self.alice.home / "receipt"
        self.assert_done(self.host.pawl(self.alice, "receipt", "export", request, folder))
        signers = self.host.pawl(self.alice, "people", "allowed-signers")
        self.assert_done(signers)
        log, own = signers.out.split("\n", 1)
        self.assertTrue(log.startswith("# pawl-log-key pawl/"), log)
        self.assertEqual(own, (folder / "allowed_signers").read_text(encoding="ascii"))
        verified = self.host.pawl(self.alice, "receipt", "verify", folder / "receipt.json", "--signers",
                                  self.alice.write("signers", signers.out), "--quorum", "1", "--json")
        self.assert_done(verified)
        self.assert_done(self.host.run(self.alice, "sh", folder / "verify.sh"))
        pae = next(folder.glob("*.pae"))
        content = pae.read_bytes()
        for at in range(0, len(content), 97):
            pae.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:])
            self.assertNotEqual(0, self.host.run(self.alice, "sh", folder / "verify.sh").code, f"byte {at}")
        return json.loads(verified.out)["signatures"][0]

    def test_security_key(self):
        """embedded: a security key that was touched approves, and its receipt holds for stock ssh-keygen"""
        for kind in ("ed25519-sk", "ecdsa-sk"):
            with self.subTest(kind):
                self.enroll(self.make_key(kind, kind, **self.device))
                shell, request = self.ask()
                self.assert_done(self.approve_with(request, kind, **self.device, PAWL_TEST_SK_FLAGS="05", PAWL_TEST_SK_COUNTER="7"))
                self.assert_done(shell.status(request))
                how = self.assert_receipt_holds(request)
                self.assertEqual({"user_verified": True, "counter": 7}, how["device"])
                shown = self.host.pawl(self.alice, "receipt", "show", request)
                self.assertRegex(shown.out, r"security key SHA256:\S+, touched, user verified, counter 7")
                self.host.run(self.alice, "rm", "-r", self.alice.home / "receipt")
        self.assertEqual(2, len(self.host.journal()))
        self.verify_log(self.alice)

    def test_untouched(self):
        """embedded: a security key that nobody touched, or whose flags say too much, approves nothing"""
        self.enroll(self.make_key("sk", "ed25519-sk", **self.device))
        _, request = self.ask()
        for flags in ("00", "04", "41", "81", "09"):
            refused = self.approve_with(request, "sk", **self.device, PAWL_TEST_SK_FLAGS=flags)
            self.assertNotEqual(0, refused.code, flags)
            self.assertIn("security key", refused.err)
        self.assertEqual("pending", self.request_of(self.alice, request)["state"])
        self.assertEqual([], self.host.journal())

    def test_certificate_file(self):
        """embedded: a certificate of the enrolled authority approves for the person whose name it bears, and nobody else"""
        self.enroll("cert-authority " + self.make_key("authority", "ed25519"))
        self.make_key("laptop", "ed25519")
        shell, request = self.ask()
        for options, why in ((("-n", "alice"), "for ever"), (("-n", "alice,bob", "-V", "-1m:+5m"), "for alice alone"),
                             (("-n", "bob", "-V", "-1m:+5m"), "for alice alone"), (("-n", "alice", "-V", "-10m:-1m"), "expired"),
                             (("-h", "-n", "alice", "-V", "-1m:+5m"), "not one of a user"),
                             (("-n", "alice", "-V", "-1m:+5m", "-O", "force-command=/bin/true"), "critical options")):
            refused = self.approve_with(request, self.certify("authority", "laptop", *options))
            self.assertNotEqual(0, refused.code, options)
            self.assertIn(why, refused.err)
        # The key without its certificate is nobody's.
        self.assertIn("not enrolled", self.approve_with(request, "laptop").err)
        self.assertEqual([], self.host.journal())
        self.assert_done(self.approve_with(request, self.certify("authority", "laptop", "-n", "alice", "-V", "-1m:+5m")))
        self.assert_done(shell.status(request))
        how = self.assert_receipt_holds(request)
        self.assertEqual((42, "alice at her desk"), (how["certificate"]["serial"], how["certificate"]["key_id"]))
        self.assertEqual(1, len(self.host.journal()))
        self.verify_log(self.alice)

    def test_certificate_in_agent(self):
        """embedded: without --key the certificate that ssh-agent holds is found and used"""
        self.enroll("cert-authority " + self.make_key("authority", "ecdsa"))
        self.make_key("laptop", "ed25519")
        self.certify("authority", "laptop", "-n", "alice", "-V", "-1m:+5m")
        started = self.host.run(self.alice, "ssh-agent", "-a", self.alice.home / "agent")
        self.assert_done(started)
        self.addCleanup(os.kill, int(re.search(r"SSH_AGENT_PID=(\d+)", started.out).group(1)), 15)
        agent = {"SSH_AUTH_SOCK": str(self.alice.home / "agent")}
        shell, request = self.ask()
        nothing = self.approve_with(request, None, **agent)
        self.assertNotEqual(0, nothing.code)
        self.assertIn("no key to sign with", nothing.err)
        self.assert_done(self.host.run(self.alice, "ssh-add", "-q", self.alice.home / "laptop", **agent))
        self.assert_done(self.approve_with(request, None, **agent))
        self.assert_done(shell.status(request))
        self.assertIsNotNone(self.assert_receipt_holds(request)["certificate"])
        self.verify_log(self.alice)
