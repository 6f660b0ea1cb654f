#!/usr/bin/python3
"""Makes gate.json, gate-receipt.json and gate-allowed_signers anew: the sample gate of tests/support/sample_gate.hpp, written
without pawl's own code and signed by the stock ssh-keygen with fresh keys, which are not kept. gate.txt is what reviewers see
of it, and is not made here. Needed only when those bytes change, which breaks every receipt of a gate that exists."""

import hashlib
import json
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ISSUED = 1780000000


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def pinned(name, content):
    return {"name": name, "sha256": sha256(content), "size": len(content)}


def statement(document, person):
    return canonical({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "action", "digest": {"sha256": sha256(document)}}],
        "predicateType": "https://pawl.dev/decision/v1",
        "predicate": {
            "request": "1" * 32 + "c" * 32, "audience": "prod-broker", "role": "pipeline", "session": "",
            "requesters": {"agent": "", "person": "dave"}, "policy": sha256("policy"), "preview": None,
            "rendered": {"sha256": sha256((HERE / "gate.txt").read_text(encoding="ascii")), "version": 1},
            "issued": ISSUED, "expires": ISSUED + 900, "max_uses": 1, "verdict": "approve", "person": person, "group": "@sre",
            "reason": "rollout as planned", "time": ISSUED + 60}})


def main():
    document = canonical({
        "version": 1, "kind": "gate", "action": "deploy", "subject": "git:" + "1" * 20 + "e" * 20,
        "argv": ["./deploy.sh", "production", "--note=two words"],
        "inputs": [pinned("deploy.sh", "#!/bin/sh\n"), pinned("k8s/web.yaml", "replicas: 3\n")]})
    (HERE / "gate.json").write_text(document, encoding="ascii")
    decisions, signers = [], ""
    with tempfile.TemporaryDirectory() as folder:
        for person, kind in (("alice", "ed25519"), ("bob", "ecdsa")):
            key = f"{folder}/{person}"
            subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", key], check=True)
            line = " ".join(pathlib.Path(key + ".pub").read_text(encoding="ascii").split()[:2])
            said = statement(document, person)
            pae = f"DSSEv1 28 application/vnd.in-toto+json {len(said)} {said}"
            signature = subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", "approve.v1@pawl"], input=pae.encode(),
                                       check=True, capture_output=True).stdout.decode()
            decisions.append({"statement": said, "signature": signature, "person": person, "key": line})
            signers += f'{person} namespaces="approve.v1@pawl,deny.v1@pawl" {line}\n'
    bundle = {"version": 1, "document": document, "decisions": decisions, "consumed": None}
    (HERE / "gate-receipt.json").write_text(canonical(bundle) + "\n", encoding="ascii")
    (HERE / "gate-allowed_signers").write_text(signers, encoding="ascii")


if __name__ == "__main__":
    main()
