"""Receipts made with keys of our own, by the page: what is around them in the tests is refused or accepted on purpose."""
import base64
import copy
import hashlib
import json
import pathlib
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import signatures
import verifier
from signatures import BEGIN, END, pack

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden" / "receipt"
STRIDE = 2
GONE = object()
BOTH = "approve.v1@pawl,deny.v1@pawl"
EDWARDS = ed25519.Ed25519PrivateKey.from_private_bytes(b"e" * 32)
LOG = ed25519.Ed25519PrivateKey.from_private_bytes(b"l" * 32)
CURVE = ec.derive_private_key(7, ec.SECP256R1())
MODULUS = rsa.generate_private_key(65537, 2048)
ORIGIN = "https://pawl.example.com:8443"
DIGEST = "ab" * 32
FINE = [("audience", "x"), ("role", "x"), ("group", "x"), ("person", "x"), ("reason", "x"), ("issued", 0)]
SECRET = {"environment": "TOKEN", "name": "token", "version": "v1"}
PROGRAM = {"path": "/usr/bin/tool", "sha256": DIGEST, "size": 1}
PREVIEW = {"argv": ["tool", "--dry"], "executable": PROGRAM, "recheck": True, "secrets": [SECRET], "timeout": 9}


def canonical(value):
    """Canonical JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def changed(value, path, new):
    """A copy with one member replaced, added or gone."""
    value = copy.deepcopy(value)
    inner = value
    for step in path[:-1]:
        inner = inner[step]
    if new is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return value


def paths(value, at=()):
    """The paths of all members of objects, at every level."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(value, dict):
            yield at + (key,)
        yield from paths(item, at + (key,))


def digest(data):
    """SHA-256."""
    return hashlib.sha256(data).digest()


def mpint(number):
    """A positive mpint."""
    return pack(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def raw(key):
    """An Ed25519 public key's bytes."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def point(key):
    """A P-256 public key's bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def ecdsa(message):
    """ECDSA's two numbers in SSH's form."""
    return b"".join(map(mpint, utils.decode_dss_signature(CURVE.sign(message, ec.ECDSA(hashes.SHA256())))))


RSA_FIELDS = mpint(65537) + mpint(MODULUS.public_key().public_numbers().n)
FIELDS = {
    "ssh-ed25519": pack(raw(EDWARDS)), "ecdsa-sha2-nistp256": pack(b"nistp256") + pack(point(CURVE)), "ssh-rsa": RSA_FIELDS,
    "sk-ssh-ed25519@openssh.com": pack(raw(EDWARDS)) + pack(b"ssh:"),
    "sk-ecdsa-sha2-nistp256@openssh.com": pack(b"nistp256") + pack(point(CURVE)) + pack(b"ssh:x")}
PASSKEY = pack(b"sk-ecdsa-sha2-nistp256@openssh.com") + pack(b"nistp256") + pack(point(CURVE)) + pack(b"example.com")


def sign(kind, message, flags=1, algorithm=None):
    """A signature of section 6.2 or 6.3 by our key of this type."""
    tail = b""
    if kind.startswith("sk-"):
        tail = bytes([flags]) + (77).to_bytes(4, "big")
        message = digest(b"ssh:" if "ed25519" in kind else b"ssh:x") + tail + digest(message)
    if "ed25519" in kind:
        value = EDWARDS.sign(message)
    elif "rsa" in kind:
        algorithm = algorithm or "rsa-sha2-512"
        value = MODULUS.sign(message, padding.PKCS1v15(), hashes.SHA512() if algorithm == "rsa-sha2-512" else hashes.SHA256())
    else:
        value = ecdsa(message)
    return pack((algorithm or kind).encode()) + pack(value) + tail


def passkey(message, flags=0x0d, origin=ORIGIN, extensions=b"", rest=',"crossOrigin":false}', start=None):
    """A passkey's signature."""
    challenge = base64.urlsafe_b64encode(message).rstrip(b"=").decode()
    data = ((start or '{"type":"webauthn.get","challenge":"%s","origin":"%s"') % (challenge, origin) + rest).encode()
    tail = bytes([flags]) + (5).to_bytes(4, "big")
    value = ecdsa(digest(b"example.com") + tail + extensions + digest(data))
    return b"".join([pack(signatures.WEBAUTHN.encode()), pack(value), tail, pack(origin.encode()), pack(data), pack(extensions)])


def certificate(kind="ssh-ed25519", authority="ssh-ed25519", user=1, principals=(b"alice",), times=(1, 2**33), options=b"", reserved=b"",
                identity=b"id", extensions=pack(b"permit-pty") + pack(b""), tail=b"", **signing):
    """A certificate for our key of this type by our key of the authority's type."""
    data = pack(kind.removesuffix("@openssh.com").encode() + b"-cert-v01@openssh.com") + pack(b"nonce") + FIELDS[kind]
    data += bytes(8) + user.to_bytes(4, "big") + pack(identity) + pack(b"".join(map(pack, principals)))
    data += b"".join(time.to_bytes(8, "big") for time in times) + pack(options) + pack(extensions) + pack(reserved)
    data += pack(pack(authority.encode()) + FIELDS[authority])
    return data + pack(sign(authority, data, **signing)) + tail


def line(kind, blob=None, extra=""):
    """A key's line."""
    return kind + " " + base64.b64encode(blob or pack(kind.encode()) + FIELDS[kind]).decode() + extra


PASSKEY_LINE = line("sk-ecdsa-sha2-nistp256@openssh.com", PASSKEY, f" origin={ORIGIN} backup=eligible")


def armored(blob):
    """An armored signature."""
    text = base64.b64encode(blob).decode()
    return BEGIN + "".join(text[at:at + 70] + "\n" for at in range(0, len(text), 70)) + END


def decide(document, changes=(), key=None, blob=None, signer=None, namespace=None, wrap=armored, tail=b""):
    """A decision on a document, signed by our Ed25519 key unless told otherwise."""
    document_bytes = canonical(document).encode()
    rendered = digest(verifier.render(document)).hex()
    predicate = {
        "request": "12" * 32, "audience": "broker", "role": "deployer", "session": "", "requesters": {"agent": "", "person": "carol"},
        "policy": DIGEST, "preview": None, "rendered": {"sha256": rendered, "version": 1}, "issued": 1000, "expires": 2000, "max_uses": 1,
        "verdict": "approve", "person": "alice", "group": "@sre", "reason": "", "time": 1000}
    statement = {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://pawl.dev/decision/v1", "predicate": predicate,
                 "subject": [{"digest": {"sha256": digest(document_bytes).hex()}, "name": "action"}]}
    for path, new in changes:
        statement = changed(statement, path if path[0] in ("_type", "predicateType", "subject") else ("predicate",) + path, new)
    text = canonical(statement)
    pae = f"DSSEv1 28 application/vnd.in-toto+json {len(text.encode())} {text}".encode()
    space = (namespace or str(statement["predicate"].get("verdict")) + ".v1@pawl").encode()
    head = pack(space) + pack(b"") + pack(b"sha512")
    message = b"SSHSIG" + head + pack(hashlib.sha512(pae).digest())
    signature = (signer or (lambda data: sign("ssh-ed25519", data)))(message)
    blob = blob or pack(b"ssh-ed25519") + FIELDS["ssh-ed25519"]
    armor = wrap(b"SSHSIG" + (1).to_bytes(4, "big") + pack(blob) + head + pack(signature) + tail)
    return {"key": key or line("ssh-ed25519"), "person": str(statement["predicate"].get("person")), "signature": armor, "statement": text}


def receipt_of(document, decisions=None, consumed=None, **extra):
    """A receipt's bytes."""
    text = document if isinstance(document, str) else canonical(document)
    decisions = decisions if decisions is not None else [decide(document)]
    return canonical({"version": 1, "document": text, "decisions": decisions, "consumed": consumed} | extra).encode()


def signers_of(*lines, person="alice", namespaces=BOTH):
    """An allowed signers file."""
    text = ""
    for item in lines or (line("ssh-ed25519"),):
        authority = "cert-authority," if item.startswith("cert-authority ") else ""
        text += f'{person} {authority}namespaces="{namespaces}" {item.removeprefix("cert-authority ")}\n'
    return text.encode()


def tree_root(leaves):
    """RFC 6962's root, by its recursive definition."""
    if len(leaves) == 1:
        return digest(b"\0" + leaves[0])
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return digest(b"\1" + tree_root(leaves[:half]) + tree_root(leaves[half:]))


def tree_path(index, leaves):
    """RFC 6962's audit path, by its recursive definition."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return tree_path(index, leaves[:half]) + [tree_root(leaves[half:])]
    return tree_path(index - half, leaves[half:]) + [tree_root(leaves[:half])]


def log_key(name="log.example.com/a", key=LOG):
    """The log's key as it is spelled."""
    data = b"\1" + raw(key)
    return "+".join([name, digest(name.encode() + b"\n" + data)[:4].hex(), base64.b64encode(data).decode()])


def proof(size, index, body, entry=(), text=None, origin="log.example.com/a", key=LOG, extra="", name=None, lines=""):
    """A proof in a tree of this size."""
    value = {"body": body, "index": index, "kind": "consume", "time": 1700000000000} | dict(entry)
    leaves = [b"other %d" % at for at in range(size)]
    leaves[index] = canonical(value).encode()
    root = base64.b64encode(tree_root(leaves)).decode()
    text = text or f"{origin}\n{size}\n{root}\n{extra}"
    identity = bytes.fromhex(log_key(origin, key).split("+")[1])
    signature = base64.b64encode(identity + key.sign(text.encode())).decode()
    return {"checkpoint": f"{text}\n{lines}\u2014 {name or origin} {signature}\n", "entry": leaves[index].decode(), "index": index,
            "path": [item.hex() for item in tree_path(index, leaves)]}


ACTION = {
    "version": 1, "kind": "exec", "action": "deploy", "executable": PROGRAM, "argv": ["tool", "", "it's\t\x7f\u00e9\U0001f600"],
    "directory": "/",
    "inputs": [{"name": "a b", "parameter": "p", "path": "/run/pawl/inputs/p/a b", "sha256": DIGEST, "size": 0}],
    "environment": [{"name": "HOME", "value": ""}], "secrets": [SECRET], "read": [], "write": ["/var/x"], "hosts": ["a.example.com:443"],
    "timeout": 1, "preconditions": []}
GATE = {"version": 1, "kind": "gate", "action": "deploy", "subject": "git:" + "0" * 39 + "1", "argv": ["./run", ""],
        "inputs": [{"name": "/etc/x", "sha256": DIGEST, "size": 3}, {"name": "a/b", "sha256": DIGEST, "size": 2**53 - 1}]}
