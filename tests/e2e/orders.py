"""Orders about people, written and signed without pawl's own code (supervisor/receipt/order.hpp): canonical JSON, the DSSE
encoding, ssh-keygen."""

import hashlib
import json
import secrets
import subprocess
import time

from host import SUPPORT

ENROLS = ("add_key", "rotate_key", "join_group", "remove_key", "leave_group", "remove_person")


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def statement(verb, name, by, key="", old_key="", groups=(), reason="", audience="test-host", identity=None, age=0, life=600):
    sort = "enroll" if verb in ENROLS else "revoke"
    change = {"verb": verb, "name": name, "key": key, "old_key": old_key, "groups": list(groups), "reason": reason}
    issued = int(time.time()) - age
    return canonical({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "change", "digest": {"sha256": hashlib.sha256(canonical(change).encode()).hexdigest()}}],
        "predicateType": f"https://pawl.dev/{sort}/v1",
        "predicate": {"order": identity or secrets.token_hex(32), "audience": audience, "by": by, "issued": issued,
                      "expires": issued + life, "change": change}})


def identity_of(text):
    return json.loads(text)["predicate"]["order"]


def sign(text, key, namespace=None):
    verb = json.loads(text)["predicate"]["change"]["verb"]
    namespace = namespace or ("enroll.v1@pawl" if verb in ENROLS else "revoke.v1@pawl")
    pae = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(text.encode()) + text.encode()
    made = subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", namespace], input=pae, capture_output=True, check=True)
    return made.stdout.decode()


def hand_over(host, person, socket, what, first, *signatures):
    """As that person; `first`: the statement, or for confirm the id."""
    files = [person.write(f"signature{number}", each) for number, each in enumerate(signatures)]
    if what == "give":
        first = person.write("statement.json", first)
    told = host.run(person, "/usr/bin/python3", SUPPORT / "hand_over.py", socket, what, first, *files, PYTHONDONTWRITEBYTECODE="1")
    if told.code != 0:
        raise AssertionError(f"nothing could be handed over: {told}")
    return told.out.strip()
