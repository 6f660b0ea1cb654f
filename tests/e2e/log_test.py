"""The log as others see it: its key, its checkpoints, an export that anybody can read, and receipts that rest on it."""

import base64
import hashlib
import json

from brokers import EmbeddedBroker, Story
from host import wait_until


class Log(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)

    def test_export(self):
        """an exported log is checked on another machine: tiles, root, signature, and a checkpoint noted earlier"""
        shell = self.shell()
        self.broker.wait()
        key = self.host.pawl(self.alice, "log", "key").out.strip()
        self.assertRegex(key, r"^pawl/[^+ ]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$")
        noted = self.alice.write("noted", self.host.pawl(self.alice, "log", "checkpoint").out)
        self.assert_done(shell.request(), 75)
        request = self.pending(self.alice)
        self.assert_done(self.approve(self.alice, request["id"]))
        wait_until(self.host.journal, what="the execution")
        shell.close()
        wait_until(lambda: not self.sessions(), what="the session's end")
        folder = self.alice.home / "exported"
        self.assert_done(self.host.pawl(self.alice, "log", "export", folder))
        verify = ["log", "verify", "--dir", folder]
        told = self.host.pawl(self.alice, *verify, "--key", key, "--since", noted, "--json")
        self.assert_done(told)
        report = json.loads(told.out)
        self.assertTrue(report["signature_checked"] and report["tiles_checked"])
        self.assertEqual(1, report["consumed"])
        unsigned = self.host.pawl(self.alice, *verify)
        self.assert_done(unsigned)
        self.assertIn("was not looked at", unsigned.out)
        # A stranger reads it by C2SP's words alone: entries, tiles and the root in the checkpoint.
        self.read_as_a_stranger(folder, report["entries"], bytes.fromhex(report["root"]))
        # Another log's checkpoint, another key, and each file changed by one bit.
        other = noted.read_text(encoding="utf-8").splitlines(keepends=True)
        forged = self.alice.write("forged", "".join([*other[:2], "A" + other[2][1:] if other[2][0] != "A" else "B" + other[2][1:], *other[3:]]))
        self.assertNotEqual(0, self.host.pawl(self.alice, *verify, "--since", forged).code)
        self.assertNotEqual(0, self.host.pawl(self.alice, *verify, "--key", key, "--since", forged).code)
        wrong = key[:-8] + ("AAAAAAA=" if not key.endswith("AAAAAAA=") else "BBBBBBB=")
        self.assertNotEqual(0, self.host.pawl(self.alice, *verify, "--key", wrong).code)
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            whole = file.read_bytes()
            at = len(whole) // 2
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
            self.assertNotEqual(0, self.host.pawl(self.alice, *verify, "--key", key).code, file)
            file.write_bytes(whole)
        self.assert_done(self.host.pawl(self.alice, *verify, "--key", key))
        self.receipt_of_log(request, key, noted)

    def receipt_of_log(self, request, key, noted):
        """The same log's receipt: held by the signed checkpoint, which goes back to the noted one."""
        target = self.alice.home / "receipt-of-log"
        self.assert_done(self.host.pawl(self.alice, "receipt", "export", request["id"], target, "--since", noted))
        check = ["receipt", "verify", target / "receipt.json", "--signers", target / "allowed_signers", "--quorum", "1"]
        told = self.host.pawl(self.alice, *check, "--log-key", key, "--since", noted, "--json")
        self.assert_done(told)
        report = json.loads(told.out)
        self.assertTrue(report["ledger_proof_verified"] and report["checkpoint_signature_verified"])
        self.assertIn("unsigned for you", self.host.pawl(self.alice, *check).out)
        parts = key.split("+")
        self.assertNotEqual(0, self.host.pawl(self.alice, *check, "--log-key", "+".join([parts[0] + "x", *parts[1:]])).code)
        proof = target / "consistency.json"
        whole = proof.read_text(encoding="utf-8")
        path = json.loads(whole)["path"]
        self.assertTrue(path)
        proof.write_text(whole.replace(path[0], "00" * 32), encoding="utf-8")
        self.assert_done(self.host.pawl(self.alice, *check, "--log-key", key, "--since", noted), 3)

    def read_as_a_stranger(self, folder, size, root):
        def leaf(entry):
            return hashlib.sha256(b"\0" + entry).digest()

        def tree(leaves):
            if len(leaves) == 1:
                return leaves[0]
            split = 1
            while split * 2 < len(leaves):
                split *= 2
            return hashlib.sha256(b"\1" + tree(leaves[:split]) + tree(leaves[split:])).digest()

        self.assertLess(size, 256)
        bundle = (folder / f"tile/entries/000.p/{size}").read_bytes()
        entries = []
        while bundle:
            length = int.from_bytes(bundle[:2], "big")
            entries.append(bundle[2:2 + length])
            bundle = bundle[2 + length:]
        self.assertEqual(size, len(entries))
        self.assertEqual((folder / f"tile/0/000.p/{size}").read_bytes(), b"".join(map(leaf, entries)))
        self.assertEqual(root, tree([leaf(entry) for entry in entries]))
        origin, told, hashed = (folder / "checkpoint").read_text(encoding="utf-8").splitlines()[:3]
        self.assertTrue(origin.startswith("pawl/"))
        self.assertEqual([str(size), base64.b64encode(root).decode()], [told, hashed])

    def sessions(self):
        return json.loads(self.host.pawl(self.alice, "sessions", "--json").out)
