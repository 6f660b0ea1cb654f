"""The verifier written from FORMAT.md alone: golden receipts, their alterations, and receipts made here with keys of our own."""
import base64
import json
import subprocess
import sys
import unittest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from made_receipts import (ACTION, CURVE, DIGEST, EDWARDS, FIELDS, FINE, GATE, GOLDEN, GONE, HERE, MODULUS, PASSKEY, PASSKEY_LINE,
                           PREVIEW, RSA_FIELDS, SECRET, STRIDE, canonical, certificate, changed, decide, digest, ecdsa, line, log_key,
                           mpint, passkey, paths, point, proof, raw, receipt_of, sign, signers_of)
import signatures
import verifier
from signatures import BEGIN, END, Refused, pack

class VerifierTest(unittest.TestCase):
    """The verifier accepts what FORMAT.md describes and nothing else."""

    def golden(self):
        """Each golden receipt with its signers and its number of approvals."""
        for path in sorted(GOLDEN.glob("*receipt*.json")):
            signers = GOLDEN / ("gate-allowed_signers" if path.name.startswith("gate-") else "allowed_signers")
            data = path.read_bytes()
            yield path.name, data, signers.read_bytes(), data.count(rb'\"verdict\":\"approve\"')

    def accepted(self, receipt, signers=None, quorum=1, key=None, **options):
        """Verify and give the report."""
        return verifier.verify(receipt, signers_of() if signers is None else signers, quorum, key, **options)

    def refused(self, receipt, signers=None, quorum=1, key=None, why="", **options):
        """Verify and expect a refusal for a reason that holds these words."""
        with self.assertRaises(Refused) as caught:
            self.accepted(receipt, signers, quorum, key, **options)
        self.assertIn(why, str(caught.exception))

    def test_golden(self):
        """Every golden receipt is accepted for as many persons as approve, and refused for one more."""
        count = 0
        for name, data, signers, approvals in self.golden():
            with self.subTest(name):
                self.assertEqual(len(self.accepted(data, signers, approvals)["approvals"]), approvals)
                self.accepted(data.rstrip(b"\n"), signers, approvals)
                self.refused(data, signers, approvals + 1, why="approvals of")
                self.refused(data, signers, 0, why="quorum")
                count += 1
        self.assertGreaterEqual(count, 15)

    def test_golden_parts(self):
        """The single parts give receipts: each approval is accepted, each denial refused for being one, and both keep their encoding."""
        document, signers = (GOLDEN / "document.json").read_text(), (GOLDEN / "allowed_signers").read_bytes()
        self.assertEqual(verifier.render(json.loads(document)).decode(), (GOLDEN / "document.txt").read_text())
        self.assertEqual(verifier.render(json.loads((GOLDEN / "gate.json").read_text())).decode(), (GOLDEN / "gate.txt").read_text())
        for path in sorted(GOLDEN.glob("*.sig")):
            verdict, kind = path.name.split(".")[:2]
            if verdict == "openssh-webauthn":
                continue
            statement = (GOLDEN / f"{verdict}.json").read_text()
            pae = b"DSSEv1 28 application/vnd.in-toto+json %d %s" % (len(statement), statement.encode())
            self.assertEqual(pae, (GOLDEN / f"{verdict}.pae").read_bytes())
            decision = {"key": (GOLDEN / f"{kind}.pub").read_text().rstrip("\n"), "person": "alice", "signature": path.read_text(),
                        "statement": statement}
            with self.subTest(path.name):
                receipt = receipt_of(document, [decision])
                if verdict == "approve":
                    self.accepted(receipt, signers)
                else:
                    self.refused(receipt, signers, why="denied by alice")

    def test_openssh_webauthn(self):
        """The signature that a browser made holds by the rules for passkeys, over the message that its challenge names."""
        reader = signatures.Reader(signatures.read_armor((GOLDEN / "openssh-webauthn.sig").read_text()))
        reader.take(10)
        blob, space = reader.string(), reader.string()
        reader.take(4 + 4 + 6)
        signature = reader.string()
        words = (GOLDEN / "openssh-webauthn.pub").read_text().split() + ["origin=https://www.mindrot.org", "backup=none"]
        enrolment = signatures.parse_enrolment(words, False, False)
        self.assertEqual((enrolment.key.blob, space), (blob, b"unittest"))
        challenge = signature.split(b'"challenge":"')[1].split(b'"')[0]
        message = base64.urlsafe_b64decode(challenge + b"=" * (-len(challenge) % 4))
        self.assertEqual(signatures.check_passkey(enrolment, signature, message, False), 799)
        with self.assertRaises(Refused):
            signatures.check_passkey(enrolment, signature, message[:-1], False)

    def test_bytes(self):
        """No golden receipt survives one altered byte."""
        survivors = []
        for offset, (name, data, signers, approvals) in enumerate(self.golden()):
            for at in range(offset % STRIDE, len(data), STRIDE):
                altered = bytearray(data)
                altered[at] ^= 1
                try:
                    self.accepted(bytes(altered), signers, approvals)
                    survivors.append((name, at))
                except Refused:
                    pass
        self.assertEqual(survivors, [])

    def test_golden_structure(self):
        """No golden receipt survives a key removed, added or reordered, white space, a decision twice, or another person's key line."""
        everyone = [json.loads(data)["decisions"] for _, data, _, _ in self.golden()]
        for name, data, signers, approvals in self.golden():
            receipt = json.loads(data)
            for path in paths(receipt):
                self.refused(canonical(changed(receipt, path, GONE)).encode(), signers, approvals)
            for path in [("x",), ("decisions", 0, "x")]:
                self.refused(canonical(changed(receipt, path, 1)).encode(), signers, approvals, why="other keys")
            self.refused(canonical(receipt | {"preview": None}).encode(), signers, approvals, why="null")
            backwards = dict(reversed(sorted(receipt.items())))
            self.refused(json.dumps(backwards, ensure_ascii=False, separators=(",", ":")).encode(), signers, approvals, why="canonical")
            self.refused(json.dumps(receipt, sort_keys=True).encode(), signers, approvals, why="canonical")
            for spelled in (b"\xef\xbb\xbf" + data, b" " + data, data + b"\n", data + b" ", data.rstrip() + b"\r\n"):
                self.refused(spelled, signers, approvals)
            twice = changed(receipt, ("decisions",), receipt["decisions"] + receipt["decisions"][:1])
            self.refused(canonical(twice).encode(), signers, approvals, why="twice")
            self.refused(canonical(changed(receipt, ("decisions",), [])).encode(), signers, approvals, why="no decisions")
            for decisions in everyone:
                if decisions[0]["key"] != receipt["decisions"][0]["key"]:
                    self.refused(canonical(changed(receipt, ("decisions", 0, "key"), decisions[0]["key"])).encode(), signers, approvals)
                if decisions[0]["statement"] != receipt["decisions"][0]["statement"]:
                    self.refused(canonical(changed(receipt, ("decisions", 0, "statement"), decisions[0]["statement"])).encode(), signers)
                    self.refused(canonical(changed(receipt, ("decisions",), decisions)).encode(), signers, approvals)
            signature = receipt["decisions"][0]["signature"]
            body = signature[len(BEGIN):-len(END)].replace("\n", "")
            folded = "".join(body[at:at + 76] + "\n" for at in range(0, len(body), 76))
            for other in (BEGIN + folded + END, BEGIN + body + "\n" + END, signature.rstrip("\n"), signature + "\n", " " + signature,
                          signature.replace("\n", "\r\n"), signature.replace(END, "\n" + END), BEGIN + END, ""):
                self.refused(canonical(changed(receipt, ("decisions", 0, "signature"), other)).encode(), signers, approvals)
            key = receipt["decisions"][0]["key"]
            for other in (key + " comment", key + " ", " " + key, key + "\n", key.replace(" ", "  ", 1), key[:-1]):
                self.refused(canonical(changed(receipt, ("decisions", 0, "key"), other)).encode(), signers, approvals)
            self.refused(canonical(changed(receipt, ("decisions", 0, "person"), "bob")).encode(), signers, approvals, why="another person")

    def test_documents(self):
        """Documents of every shape are accepted, and none that breaks one rule, though it be signed."""
        good = [(ACTION, (), None), (GATE, (), None), (ACTION, ("directory",), "/a b/\u00e9"), (ACTION, ("hosts",), []),
                (ACTION, ("inputs",), []),
                (GATE, ("inputs",), []), (GATE, ("subject",), "git:" + "a" * 64), (ACTION, ("argv",), [""])]
        for document, path, new in good:
            self.accepted(receipt_of(changed(document, path, new) if path else document))
        entry = ACTION["inputs"][0]
        bad = [(("version",), True), (("version",), 2), (("kind",), "gate"), (("kind",), "run"), (("action",), "a b"),
               (("action",), "x" * 65),
               (("argv",), []), (("argv",), ["\0"]), (("argv",), [1]), (("directory",), "relative"), (("directory",), "/a//b"),
               (("directory",), "/a/"),
               (("directory",), "/a/.."), (("executable", "sha256"), DIGEST.upper()), (("executable", "size"), -1),
               (("executable", "size"), 2**53),
               (("executable", "size"), 1.0), (("executable", "size"), False), (("executable", "path"), ""), (("timeout",), 0),
               (("timeout",), True), (("preconditions",), ["x"]), (("preconditions",), None), (("read",), ["x"]), (("write",), ["/a/."]),
               (("hosts",), ["\0"]), (("hosts",), [1]), (("inputs",), [entry, entry]),
               (("inputs", 0, "name"), "a/b"),
               (("inputs", 0, "path"), "/run/pawl/inputs/q/a b"), (("inputs", 0, "parameter"), ""), (("environment", 0, "name"), "1A"),
               (("environment",), ACTION["environment"] * 2), (("environment", 0, "name"), "TOKEN"), (("secrets",), [SECRET, SECRET]),
               (("secrets", 0, "version"), ""), (("secrets", 0, "environment"), "A-B"), (("preview",), None),
               (("environment", 0, "value"), None)]
        bad += [(path, GONE) for path in paths(ACTION)] + [(path[:-1] + ("zz",), 1) for path in paths(ACTION)]
        for path, new in bad:
            with self.subTest(path=path, new=new):
                self.refuse_document(changed(ACTION, path, new))
        entry = {"name": "a", "sha256": DIGEST, "size": 1}
        names = ("", "/", "a/", "a//b", "./a", "/a/..", "x" * 1025, "a\0")
        bad = [(("inputs",), [entry, entry]), (("inputs",), [entry | {"name": "b"}, entry]), (("argv",), []), (("argv",), [""]),
               (("inputs",), [entry | {"name": f"{at:02}"} for at in range(17)]), (("subject",), "git:" + "0" * 40),
               (("subject",), "git:" + "A" * 40), (("subject",), "git:" + "a" * 41), (("subject",), "a" * 40), (("preview",), PREVIEW)]
        bad += [(("inputs", 0, "name"), name) for name in names]
        bad += [(path, GONE) for path in paths(GATE)] + [(path[:-1] + ("zz",), 1) for path in paths(GATE)]
        for path, new in bad:
            with self.subTest(path=path, new=new):
                self.refuse_document(changed(GATE, path, new))
        self.refuse_document(changed(ACTION, ("argv",), ["x" * 65536]), why="too long")

    def test_types(self):
        """A member of a wrong type, wherever it stands, is refused and never stops the verifier otherwise."""
        statement = json.loads(decide(ACTION)["statement"])
        for new in (None, True, 0, -1, "", "x", [], [None], ["x"], {}, {"x": 1}):
            for document in (ACTION | {"preview": PREVIEW}, GATE):
                for path in paths(document):
                    other = changed(document, path, new)
                    decision = decide(ACTION, [(("subject", 0, "digest", "sha256"), digest(canonical(other).encode()).hex())])
                    self.refused(receipt_of(other, [decision]))
            for path in paths(statement):
                other = changed(statement, path, new)
                if other == statement:
                    continue
                with self.subTest(path=path, new=new):
                    self.refused(receipt_of(ACTION, [decide(ACTION) | {"statement": canonical(other)}]))
                    if len(path) > 1 and (path[-1], new) not in FINE:
                        self.refused(receipt_of(ACTION, [decide(ACTION, [(path[path[0] == "predicate":], new)])]))

    def refuse_document(self, document, why=""):
        """The document is refused, and not for what the decision on it says."""
        decision = decide(ACTION, [(("subject", 0, "digest", "sha256"), digest(canonical(document).encode()).hex())])
        with self.assertRaises(Refused) as caught:
            self.accepted(receipt_of(document, [decision]))
        self.assertNotIn("rendering", str(caught.exception))
        self.assertIn(why, str(caught.exception))

    def test_rendering(self):
        """The rendering quotes as told, has a preview's sections, and another one is refused."""
        text = verifier.render(ACTION | {"preview": PREVIEW}).decode()
        self.assertIn("  [1] ''\n  [2] 'it\\'s\\t\\x7f\\u{e9}\\u{1f600}'\n", text)
        self.assertIn("  p: 'a b'\n    seen by the program at '/run/pawl/inputs/p/a b'\n    sha256 " + DIGEST + ", 0 bytes\n", text)
        self.assertIn("  HOME=''\n\nSecrets that it is given\n  token as $TOKEN, version v1\n", text)
        self.assertIn("  at most 9 seconds\n  made again before the action runs", text)
        self.refused(receipt_of(ACTION, [decide(ACTION, [(("rendered", "sha256"), DIGEST)])]), why="rendering")
        self.refused(receipt_of(ACTION, [decide(ACTION, [(("rendered", "version"), 2)])]), why="version")

    def test_preview(self):
        """A preview stands in the document, the statements and the receipt, or in none, and is the signed one."""
        document, output = ACTION | {"preview": PREVIEW}, "caf\u00e9\0\n"
        signed = [decide(document, [(("preview",), digest(output.encode()).hex())])]
        self.accepted(receipt_of(document, signed, preview=output))
        self.refused(receipt_of(document, signed, preview="x"), why="another")
        self.refused(receipt_of(document, signed), why="missing")
        self.refused(receipt_of(document, [decide(document)]), why="missing")
        self.refused(receipt_of(ACTION, preview=output), why="too much")
        self.refused(receipt_of(ACTION, [decide(ACTION, [(("preview",), DIGEST)])]), why="missing")
        bad = [(("recheck",), 1), (("argv",), []), (("timeout",), 0), (("secrets", 0, "environment"), "HOME"), (("secrets",), [SECRET] * 2),
               (("executable", "path"), "x"), (("x",), 1)] + [(path, GONE) for path in paths(PREVIEW)]
        for path, new in bad:
            with self.subTest(path=path):
                self.refuse_document(ACTION | {"preview": changed(PREVIEW, path, new)})

    def test_statements(self):
        """A signed statement that breaks one rule is refused."""
        session = [(("session",), DIGEST), (("requesters", "agent"), "x" * 256)]
        for changes in (session, [(("reason",), "\u00e9" * 280)], [(("time",), 700)], [(("time",), 2299)], [(("issued",), 0)]):
            self.accepted(receipt_of(ACTION, [decide(ACTION, changes)]))
        bad = [(("request",), "12"), (("audience",), ""), (("role",), "a/b"), (("session",), DIGEST), (("session",), "x"),
               (("policy",), None),
               (("requesters", "agent"), "x"), (("requesters", "person"), ""), (("preview",), ""), (("rendered", "version"), 0),
               (("issued",), -1), (("issued",), 2000), (("expires",), "2000"), (("max_uses",), 2), (("max_uses",), True),
               (("verdict",), "maybe"),
               (("group",), ""), (("reason",), "x" * 281), (("reason",), "\0"), (("time",), 699), (("time",), 2300), (("time",), -1),
               (("_type",), "x"), (("subject",), []), (("subject", 0, "name"), "other"), (("subject", 0, "digest", "sha256"), DIGEST),
               (("subject", 0, "digest", "sha512"), DIGEST), (("x",), 1)]
        bad += [(path, GONE) for path in paths(json.loads(decide(ACTION)["statement"])["predicate"])]
        for change in bad:
            with self.subTest(change=change):
                self.refused(receipt_of(ACTION, [decide(ACTION, [change])]))
        self.refused(receipt_of(ACTION, [decide(ACTION, [session[0], (("requesters", "agent"), "x" * 257)])]), why="agent")
        self.refused(receipt_of(ACTION, [decide(ACTION, [(("verdict",), "deny")])]), why="no reason")
        self.refused(receipt_of(ACTION, [decide(ACTION, [(("verdict",), "deny"), (("reason",), "no")])]), why="denied")
        self.refused(receipt_of(ACTION, [decide(GATE)]), why="another document")

    def test_decisions_together(self):
        """Statements that differ in what they share are refused, as are two approvals of a person; two persons make two approvals."""
        second = {"key": line("ecdsa-sha2-nistp256"), "blob": pack(b"ecdsa-sha2-nistp256") + FIELDS["ecdsa-sha2-nistp256"],
                  "signer": lambda data: sign("ecdsa-sha2-nistp256", data)}
        signers = signers_of() + signers_of(second["key"], person="bob")
        bob = (("person",), "bob")
        self.accepted(receipt_of(ACTION, [decide(ACTION), decide(ACTION, [bob], **second)]), signers, 2)
        shared = [(("request",), "34" * 32), (("audience",), "x"), (("role",), "x"), (("policy",), "cd" * 32),
                  (("requesters", "person"), "x"),
                  (("issued",), 999), (("expires",), 1999), (("rendered", "sha256"), DIGEST), (("subject", 0, "digest", "sha256"), DIGEST)]
        for change in shared:
            self.refused(receipt_of(ACTION, [decide(ACTION), decide(ACTION, [bob, change], **second)]), signers, why="differ")
        both = signers_of() + signers_of(second["key"])
        self.refused(receipt_of(ACTION, [decide(ACTION), decide(ACTION, **second)]), both, why="twice")
        denial = decide(ACTION, [(("verdict",), "deny"), (("reason",), "no")])
        self.refused(receipt_of(ACTION, [decide(ACTION), denial]), signers, why="denied by alice")
        self.refused(receipt_of(ACTION, [denial, denial]), signers, why="twice")

    def test_signers(self):
        """A signers file that does not name person, key and namespace, or says more than allowed, is refused."""
        receipt, plain = receipt_of(ACTION), line("ssh-ed25519")
        start = 'alice namespaces="approve.v1@pawl" '
        for good in (start + plain, start + plain + " any comment", "# note\n\n" + start + plain,
                     start + plain + '\nalice cert-authority,namespaces="approve.v1@pawl" ' + plain):
            self.accepted(receipt, (good + "\n").encode())
            self.accepted(receipt, good.encode())
        bad = ["", start + "\n", start.replace("alice", "bob") + plain + "\n",
               start.replace("approve", "deny") + plain + "\n",
               start.replace("alice", "*") + plain + "\n", start.replace("alice", "alice,bob") + plain + "\n", "alice " + plain + "\n",
               start.replace("approve.v1@pawl", "*") + plain + "\n", start.replace("approve.v1@pawl", "") + plain + "\n",
               'alice namespaces="approve.v1@pawl",valid-before="20300101" ' + plain + "\n", start.replace(" ", "  ", 1) + plain + "\n",
               'alice namespaces="approve.v1@pawl",cert-authority ' + plain + "\n", 'alice Namespaces="approve.v1@pawl" ' + plain + "\n",
               'alice cert-authority,namespaces="approve.v1@pawl" ' + plain + "\n", " " + start + plain + "\n", start + plain + "\r\n",
               start + plain + "\n" + start.replace("alice", "bob") + plain + "\n", start + "ssh-rsa " + plain.split()[1] + "\n",
               start + plain + '\nbob cert-authority,namespaces="approve.v1@pawl" ' + plain + "\n"]
        for text in bad:
            with self.subTest(text=text):
                self.refused(receipt, text.encode())
        authority = signers_of("cert-authority " + line("ecdsa-sha2-nistp256"))
        self.accepted(receipt, signers_of() + authority + authority.replace(b"alice", b"bob"))

    def test_keys(self):
        """Each kind of ssh key signs, and not with another type, flags, namespace, blob or more bytes than told."""
        for kind in FIELDS:
            blob, signers = pack(kind.encode()) + FIELDS[kind], signers_of(line(kind))

            def made(signer=lambda data, kind=kind: sign(kind, data), blob=blob, kind=kind, **options):
                return receipt_of(ACTION, [decide(ACTION, key=line(kind), blob=blob, signer=signer, **options)])

            with self.subTest(kind):
                self.accepted(made(), signers)
                self.refused(made(lambda data, kind=kind: sign(kind, data) + b"\0"), signers, why="left over")
                self.refused(made(tail=b"\0"), signers, why="left over")
                self.refused(made(namespace="deny.v1@pawl"), signers, why="namespace")
                self.refused(made(namespace="file"), signers, why="namespace")
                self.refused(made(lambda data, kind=kind: sign(kind, data, algorithm="ssh-rsa")), signers, why="type")
                self.refused(made(lambda data, kind=kind: sign(kind, data[:-1])), signers, why="hold")
                self.refused(made(blob=blob + b"\0"), signers, why="another key")
            if kind.startswith("sk-"):
                for flags in (0, 2, 4, 7, 0x81):
                    self.refused(made(lambda data, flags=flags, kind=kind: sign(kind, data, flags)), signers, why="flags")
                self.refused(made(), signers, why="verify its user", user_verification=True)
                report = self.accepted(made(lambda data, kind=kind: sign(kind, data, 5)), signers, user_verification=True)
                self.assertEqual(report["counters"], {"alice": 77})
        wide = pack(b"rsa-sha2-256") + pack(b"")
        rsa_line = line("ssh-rsa")
        self.refused(receipt_of(ACTION, [decide(ACTION, key=rsa_line, blob=pack(b"ssh-rsa") + RSA_FIELDS, signer=lambda _: wide)]),
                     signers_of(rsa_line), why="type")

    def test_key_blobs(self):
        """Malformed key blobs are refused in the signers file."""
        modulus = MODULUS.public_key().public_numbers().n
        curve = point(CURVE)
        bad = [("ssh-ed25519", pack(b"x" * 31)), ("ssh-ed25519", pack(b"\xff" * 32)), ("ssh-ed25519", FIELDS["ssh-ed25519"] + b"\0"),
               ("ecdsa-sha2-nistp256", pack(b"nistp384") + pack(curve)), ("ecdsa-sha2-nistp256",
                                                                          pack(b"nistp256") + pack(curve[:-1] + b"\0")),
               ("ecdsa-sha2-nistp256", pack(b"nistp256") + pack(b"\2" + curve[1:33])), ("ssh-rsa", mpint(1) + mpint(modulus)),
               ("ssh-rsa", mpint(4) + mpint(modulus)), ("ssh-rsa", mpint(3) + mpint(modulus >> 1 | 1)),
               ("ssh-rsa", mpint(3) + mpint(modulus - 1)),
               ("ssh-rsa", pack(b"\0\3") + mpint(modulus)), ("ssh-rsa", mpint(2**64 + 1) + mpint(modulus)), ("ssh-dss", pack(b"x")),
               ("sk-ssh-ed25519@openssh.com", pack(raw(EDWARDS)) + pack(b"example.com")),
               ("sk-ssh-ed25519@openssh.com", pack(raw(EDWARDS)) + pack(b"")), ("sk-ssh-ed25519@openssh.com",
                                                                                pack(raw(EDWARDS)) + pack(b"ssh: ")),
               ("sk-ecdsa-sha2-nistp256@openssh.com", pack(b"nistp256") + pack(curve) + pack(b"Example.com"))]
        for kind, fields in bad:
            with self.subTest(kind=kind, fields=fields):
                self.refused(receipt_of(ACTION), signers_of() + signers_of(line(kind, pack(kind.encode()) + fields)))

    def test_certificates(self):
        """A certificate of the enrolled authority for the person and time lets its key sign, and no other does."""
        def made(changes=(), authority="ssh-ed25519", kind="ssh-ed25519", signer=None, **options):
            key = "cert-authority " + line(authority)
            blob = certificate(kind, authority, **options)
            decision = decide(ACTION, changes, key=key, blob=blob, signer=signer or (lambda data: sign(kind, data)))
            return receipt_of(ACTION, [decision]), signers_of(key)

        for authority in FIELDS:
            for kind in FIELDS:
                with self.subTest(authority=authority, kind=kind):
                    self.accepted(*made(authority=authority, kind=kind))
        self.accepted(*made(authority="ssh-rsa", algorithm="rsa-sha2-256"))
        self.accepted(*made(times=(1000, 1001), identity="\u00e9".encode(), extensions=b""))
        bad = [{"user": 2}, {"principals": ()}, {"principals": (b"bob",)}, {"principals": (b"alice", b"alice")}, {"times": (1001, 2000)},
               {"times": (0, 1000)}, {"times": (0, 2**64 - 1)}, {"options": pack(b"force-command") + pack(b"")}, {"reserved": b"x"},
               {"identity": b"\xff"}, {"identity": b"x" * 1025}, {"extensions": pack(b"x")}, {"extensions": b"\0"}, {"tail": b"\0"},
               {"extensions": pack(b"x" * 9999) + pack(b"")}, {"authority": "ssh-rsa", "algorithm": "ssh-rsa"},
               {"authority": "sk-ssh-ed25519@openssh.com", "flags": 0}, {"kind": "ssh-rsa",
                                                                         "signer": lambda data: sign("ssh-ed25519", data)},
               {"kind": "ssh-rsa", "signer": lambda data: sign("ssh-rsa", data, algorithm="rsa-sha2-256")}]
        for options in bad:
            with self.subTest(options=options):
                self.refused(*made(**options))
        receipt, signers = made(kind="ecdsa-sha2-nistp256")
        self.refused(receipt, signers.replace(b"cert-authority,", b""), why="not allowed")
        self.refused(receipt, signers_of("cert-authority " + line("ssh-rsa")), why="not allowed")
        plain = decide(ACTION, key="cert-authority " + line("ssh-ed25519"))
        self.refused(receipt_of(ACTION, [plain]), signers, why="certificate")
        self.refused(receipt_of(ACTION, [decide(ACTION, blob=certificate())]), why="another key")

    def test_passkeys(self):
        """A passkey's signature is of the challenge, origin, backup state and form enrolled."""
        def made(text=PASSKEY_LINE, signer=None, blob=PASSKEY, **options):
            decision = decide(ACTION, key=text, blob=blob, signer=signer or (lambda data: passkey(data, **options)))
            return receipt_of(ACTION, [decision]), signers_of(text)

        deep = "[" * 7 + "]" * 7
        for options in ({}, {"flags": 0x09}, {"rest": "}"}, {"rest": ',"x":"\\u00e9\u00e9", "y": {"a":1,"b":[null,1e3]} }'},
                        {"rest": ',"x":' + deep + "}"},
                        {"rest": ',"x":[' + ",".join("1" * 64) + "]}"}):
            with self.subTest(options=options):
                self.accepted(*made(**options))
        bad = [{"flags": flags} for flags in (0x01, 0x05, 0x08, 0x19, 0x0b, 0x49, 0x89)]
        bad += [{"origin": "https://example.com"}, {"extensions": b"\xa0"},
                {"start": '{"type":"webauthn.create","challenge":"%s","origin":"%s"'},
                {"start": '{"type":"webauthn.get", "challenge":"%s","origin":"%s"'},
                {"start": '{"type":"webauthn.get","challenge":"%s=","origin":"%s"'}]
        bad += [{"rest": rest} for rest in (
            ',"crossOrigin":true}', ',"crossOrigin":null}', ',"crossOrigin":0}', ',"topOrigin":""}', ',"typ\\u0065":"x"}',
            ',"x":{"a":1,"\\u0061":2}}',
            ',"x":NaN}', ',"x":[' + deep + "]}", ',"x":[' + ",".join("1" * 65) + "]}", "} ", "}}", ",}", ',"x":01}',
            ',"x":"' + "x" * 4096 + '"}',
            ',"x":"\t"}')]
        for options in bad:
            with self.subTest(options=options):
                self.refused(*made(**options))
        self.refused(*made(flags=0x09), user_verification=True, why="verify its user")
        self.accepted(*made(), user_verification=True)
        kind = "sk-ecdsa-sha2-nistp256@openssh.com"
        self.refused(*made(signer=lambda data: sign(kind, data)), why="another form")
        ssh_blob = pack(kind.encode()) + FIELDS[kind]
        self.refused(*made(text=line(kind), blob=ssh_blob, signer=passkey), why="type")
        receipt, signers = made()
        for old, new in ((b"eligible", b"synced"), (b":8443", b":8444")):
            self.refused(receipt, signers.replace(old, new), why="not allowed")
        for text in (" origin=https://pawl.example.com:443 backup=eligible", " origin=http://pawl.example.com backup=none", " backup=none",
                     " origin=https://example.org backup=none", " origin=https://badexample.com backup=none", "",
                     " origin=https://example.com",
                     " origin=https://example.com backup=some", " origin=https://example.com backup=none comment",
                     " backup=none origin=https://example.com",
                     " origin=https://example.com/ backup=none", " origin=https://example.com:0443 backup=none",
                     " origin=https://a..example.com backup=none",
                     " origin=https://example.com:65536 backup=none"):
            with self.subTest(text=text):
                self.refused(receipt, signers + signers_of(line(kind, PASSKEY, text)))
        self.refused(receipt, signers + signers_of("cert-authority " + PASSKEY_LINE))

    def test_canonical_json(self):
        """Only the one spelling of a value is read, to the 64th level and within the integers' range."""
        for good in (b"[" * 64 + b"]" * 64, b'{"":-9007199254740991,"a":"\\u001f\\b\x7f/\xc3\xa9"}', b"null", b'"\\u0000"'):
            verifier.parse(good, 999, "it")
        for bad in (b"[" * 65 + b"]" * 65, b"[" * 100000, b"9007199254740992", b"-0", b"1.0", b"1e3", b"01", b"+1", b"NaN", b"-Infinity",
                    b"", b"[1, 2]",
                    b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'"\\/"', b'"\\u0041"', b'"\\u001F"', b'"\\u0008"', b'"\xff"', b'"\\ud800"',
                    b'"\xed\xa0\x80"', b'{"\xc3\xa9":1}', b"\xef\xbb\xbf1", b"1\n", b"9" * 5000, b'"\n"', b"1 1"):
            with self.subTest(bad=bad[:20]), self.assertRaises(Refused):
                verifier.parse(bad, 10**6, "it")

    def test_consumed(self):
        """Proofs in trees of many sizes are accepted with and without the log's key; every alteration is refused."""
        body = {"request": "12" * 32, "audience": "broker", "document": digest(canonical(ACTION).encode()).hex(), "more": [None]}
        decision = decide(ACTION)

        def made(value):
            return receipt_of(ACTION, [decision], value)

        for size in (1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 21):
            for index in range(size):
                report = self.accepted(made(proof(size, index, body)), key=log_key())
                self.assertEqual(report["consumed"]["checkpoint"], "signed by the log")
        self.assertEqual(self.accepted(made(proof(5, 2, body)))["consumed"]["checkpoint"], "not checked")
        self.assertIsNone(self.accepted(receipt_of(ACTION), key=log_key())["consumed"])
        good = proof(13, 6, body, extra="more\n", lines="\u2014 witness AAAAAAAA\n")
        self.accepted(made(good), key=log_key())
        named, another = (f"# pawl-log-key {key}\n".encode() for key in (log_key(), log_key("other.example.com")))
        self.accepted(made(good), another + named + signers_of())
        self.refused(made(good), another + signers_of(), why="no named log")
        path, text = good["path"], good["checkpoint"]
        bad = [(("path",), path[:-1]), (("path",), path + path[:1]), (("path",), path[::-1]), (("path", 0), DIGEST),
               (("path", 0), path[0].upper()),
               (("path",), []), (("index",), 7), (("index",), 13), (("index",), -1), (("index",), True), (("entry",), good["entry"] + " "),
               (("entry",), good["entry"].replace("1700000000000", "1700000000001")), (("checkpoint",), text.replace("\n13\n", "\n40\n")),
               (("checkpoint",), text.replace("\n13\n", "\n013\n")), (("checkpoint",), text.rstrip("\n")), (("checkpoint",), text + "\n"),
               (("checkpoint",), text.replace("more", "")), (("checkpoint",), text.split("\n\n")[0] + "\n\n"),
               (("checkpoint",), "\n" + text),
               (("checkpoint",), text.replace("\u2014", "-")), (("checkpoint",), text.replace("\u2014 witness", "\u2014  witness")),
               (("checkpoint",), text + "\u2014 x " + "A" * 8192 + "\n"), (("x",), 1)] + [((key,), GONE) for key in good]
        for change, new in bad:
            with self.subTest(change=change, new=new):
                self.refused(made(changed(good, change, new)))
        for value in ({}, [], 0, False, "", "x"):
            self.refused(made(value))
        for entry in ({"kind": "issue"}, {"index": 5}, {"index": True}, {"time": "x"}, {"more": 1}, {"body": []},
                      {"body": body | {"request": DIGEST}},
                      {"body": body | {"audience": "x"}}, {"body": body | {"document": DIGEST}}, {"body": {}}):
            with self.subTest(entry=entry):
                self.refused(made(proof(4, 1, body, entry)))
        self.refused(made(changed(good, ("checkpoint",), text.replace("more", "less"))), key=log_key(), why="did not sign")
        self.accepted(made(changed(good, ("checkpoint",), text.replace("more", "less"))))
        # A size near the true one gives a path of the same form: only the log's signature binds it.
        self.refused(made(changed(good, ("checkpoint",), text.replace("\n13\n", "\n14\n"))), key=log_key(), why="did not sign")
        other = ed25519.Ed25519PrivateKey.from_private_bytes(b"o" * 32)
        self.refused(made(good), key=log_key(key=other), why="did not sign")
        self.refused(made(good), key=log_key("other.example.com"), why="another log")
        self.refused(made(proof(4, 1, body, key=other)), key=log_key(), why="did not sign")
        self.refused(made(proof(4, 1, body, name="witness")), key=log_key(), why="did not sign")
        name, identity, data = log_key().split("+", 2)
        for spelled in (f"{name}+{'0' * 8}+{data}", f"{name}+{identity}", f"a b+{identity}+{data}", f"{name}+{identity.upper()}x+{data}",
                        "",
                        f"{name}+{identity}+{data}\n"):
            self.refused(made(good), key=spelled, why="log's key")

    def test_command_line(self):
        """The command exits 0 with a valid receipt, 1 with one line for a refused one."""
        for quorum, code in (("2", 0), ("3", 1)):
            command = [sys.executable, HERE / "verifier.py", GOLDEN / "gate-receipt.json", GOLDEN / "gate-allowed_signers", quorum]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, (done.stdout + done.stderr).count("\n")), (code, 1))


if __name__ == "__main__":
    unittest.main()
