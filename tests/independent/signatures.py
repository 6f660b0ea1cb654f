"""SSH keys, enrolments and SSHSIG signatures of receipts (FORMAT.md, sections 6 and 7)."""
import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

ED25519, ECDSA, RSA = "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"
SK_ED25519, SK_ECDSA = "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"
WEBAUTHN = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"
CERTIFICATES = {kind.removesuffix("@openssh.com") + "-cert-v01@openssh.com": kind for kind in (ED25519, ECDSA, RSA, SK_ED25519, SK_ECDSA)}
HASHES = {"rsa-sha2-512": hashes.SHA512(), "rsa-sha2-256": hashes.SHA256()}
BACKUP = {"none": 0x00, "eligible": 0x08, "synced": 0x18}
BEGIN, END = "-----BEGIN SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n"
HOST = re.compile(r"(?!.*\.\.)(?!\.)[a-z0-9.-]{1,253}(?<!\.)")
ORIGIN = re.compile(r"(https?)://([a-z0-9.-]+)(?::([1-9][0-9]{0,4}))?")
FIELD_PRIME = 2**255 - 19


class Refused(Exception):
    """The receipt, or what it is verified with, breaks a rule."""


def need(condition, reason):
    """Refuse unless the condition holds."""
    if not condition:
        raise Refused(reason)


def sha256(data):
    """The 32 bytes of SHA-256."""
    return hashlib.sha256(data).digest()


def decode_base64(text):
    """The bytes of padded Base64 in its one canonical form."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Refused("Base64 is malformed") from None
    need(base64.b64encode(data).decode() == text, "Base64 is not canonical")
    return data


def pack(data):
    """An SSH string."""
    return len(data).to_bytes(4, "big") + data


class Reader:
    """Reads SSH's wire types from bytes."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        """The next bytes, exactly so many."""
        need(count <= len(self.data) - self.at, "a structure ends too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size):
        """A big-endian unsigned integer of so many bytes."""
        return int.from_bytes(self.take(size), "big")

    def string(self):
        """A string: its length, then its bytes."""
        return self.take(self.number(4))

    def mpint(self):
        """A positive integer in its shortest form."""
        data = self.string()
        need(data and data[0] < 0x80, "an mpint is not positive")
        need(data[0] or len(data) > 1 and data[1] >= 0x80, "an mpint is not in its shortest form")
        return int.from_bytes(data, "big")

    def end(self):
        """Refuse what is left over."""
        need(self.at == len(self.data), "bytes are left over at the end of a structure")


@dataclass(frozen=True)
class Key:
    """A public key: its type, its blob, what verifies with it, and a security key's application."""
    type: str
    blob: bytes
    public: object
    application: str | None = None

    @property
    def passkey(self):
        """Whether it belongs to a relying party instead of ssh."""
        return self.application is not None and not self.application.startswith("ssh:")


def read_point(reader):
    """A P-256 public key from its curve's name and uncompressed point."""
    need(reader.string() == b"nistp256", "a curve is not nistp256")
    point = reader.string()
    need(len(point) == 65 and point[0] == 4, "a point is not uncompressed")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise Refused("a point is not on the curve") from None


def read_edwards(reader):
    """An Ed25519 public key; RFC 8032 decodes no coordinate from the field's prime on."""
    data = reader.string()
    need(len(data) == 32, "an Ed25519 key is not of 32 bytes")
    need(int.from_bytes(data, "little") % 2**255 < FIELD_PRIME, "an Ed25519 key is not canonical")
    return ed25519.Ed25519PublicKey.from_public_bytes(data)


def read_rsa(reader):
    """An RSA public key."""
    exponent, modulus = reader.mpint(), reader.mpint()
    need(modulus % 2 and 2048 <= modulus.bit_length() <= 16384, "an RSA modulus is even or of a wrong size")
    need(exponent % 2 and exponent != 1 and exponent.bit_length() <= 64, "an RSA exponent is even, 1 or too big")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def read_key(kind, reader):
    """A key of this type from its fields, wherever they stand."""
    start, application = reader.at, None
    if kind in (ED25519, SK_ED25519):
        public = read_edwards(reader)
    elif kind in (ECDSA, SK_ECDSA):
        public = read_point(reader)
    else:
        need(kind == RSA, "a key's type is unknown")
        public = read_rsa(reader)
    if kind in (SK_ED25519, SK_ECDSA):
        data = reader.string()
        need(1 <= len(data) <= 253 and all(0x21 <= byte <= 0x7e for byte in data), "an application is malformed")
        application = data.decode("ascii")
        need(application.startswith("ssh:") or kind == SK_ECDSA and HOST.fullmatch(application), "an application is of no known use")
    blob = pack(kind.encode()) + reader.data[start:reader.at]
    need(len(blob) <= 4096, "a key is too long")
    return Key(kind, blob, public, application)


def parse_key(blob):
    """The key of a whole blob."""
    reader = Reader(blob)
    key = read_key(reader.string().decode("latin-1"), reader)
    reader.end()
    return key


@dataclass(frozen=True)
class Enrolment:
    """How a person is enrolled: with a key, an authority, or a passkey with its origin and backup state."""
    authority: bool
    key: Key
    origin: str | None = None
    backup: str | None = None

    @property
    def identity(self):
        """What two equal enrolments have in common."""
        return self.authority, self.key.blob, self.origin, self.backup


def parse_enrolment(words, authority, comments):
    """An enrolment from the words of its line, those after `cert-authority`."""
    need(len(words) >= 2, "an enrolment has no key")
    key = parse_key(decode_base64(words[1]))
    need(words[0] == key.type, "the word before a key is not its type")
    if not key.passkey:
        need(comments or len(words) == 2, "something stands behind a key")
        return Enrolment(authority, key)
    need(not authority, "a passkey is no authority")
    need(len(words) == 4 and words[2].startswith("origin=") and words[3].startswith("backup="), "a passkey needs origin and backup alone")
    origin, backup = words[2].removeprefix("origin="), words[3].removeprefix("backup=")
    match = ORIGIN.fullmatch(origin)
    need(match and HOST.fullmatch(match[2]), "an origin is malformed")
    scheme, host, port = match.groups()
    need(scheme == "https" or host == "localhost", "an origin is neither https nor localhost")
    need(port is None or int(port) <= 65535 and port != {"https": "443", "http": "80"}[scheme], "an origin's port is wrong")
    need(host == key.application or host.endswith("." + key.application), "an origin is not of the passkey's relying party")
    need(backup in BACKUP, "a backup state is unknown")
    return Enrolment(False, key, origin, backup)


def parse_line(line):
    """The enrolment that a decision names, with nothing behind it."""
    words = line.split(" ")
    authority = words[0] == "cert-authority"
    return parse_enrolment(words[1:] if authority else words, authority, comments=False)


def check_value(key, value, message, digest=None):
    """The signature value alone holds over the message."""
    try:
        if key.type in (ED25519, SK_ED25519):
            need(len(value) == 64, "an Ed25519 signature is not of 64 bytes")
            key.public.verify(value, message)
        elif key.type == RSA:
            need(len(value) == (key.public.key_size + 7) // 8, "an RSA signature is not as long as its modulus")
            key.public.verify(value, message, padding.PKCS1v15(), digest)
        else:
            reader = Reader(value)
            r, s = reader.mpint(), reader.mpint()
            reader.end()
            need(max(r, s).bit_length() <= 256, "an ECDSA signature's number is too big")
            key.public.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused("a signature does not hold") from None


def check_signature(key, signature, message, algorithms=("rsa-sha2-512",), verification=False):
    """A signature by an ssh key holds over the message; a security key's counter is returned."""
    reader = Reader(signature)
    kind, value = reader.string().decode("latin-1"), reader.string()
    need(not key.passkey, "a passkey made a signature of an ssh key's form")
    need(kind in algorithms if key.type == RSA else kind == key.type, "a signature's type is not the key's")
    counter = None
    if key.application is not None:
        flags, counter = reader.number(1), reader.number(4)
        need(flags in (1, 5), "a security key's flags are wrong")
        need(flags == 5 or not verification, "a security key did not verify its user")
        message = sha256(key.application.encode()) + bytes([flags]) + counter.to_bytes(4, "big") + sha256(message)
    reader.end()
    check_value(key, value, message, HASHES.get(kind))
    return counter


def check_certificate(blob, authority, person, time):
    """The key that a certificate gives to this person at this time."""
    need(len(blob) <= 10240, "a certificate is too long")
    reader = Reader(blob)
    kind = CERTIFICATES.get(reader.string().decode("latin-1"))
    need(kind, "a certificate's type is unknown")
    reader.string()
    key = read_key(kind, reader)
    need(not key.passkey, "a certificate is for a passkey")
    reader.number(8)
    need(reader.number(4) == 1, "a certificate is not a user's")
    identity = reader.string()
    try:
        identity.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("a certificate's key id is not UTF-8") from None
    need(len(identity) <= 1024, "a certificate's key id is too long")
    need(reader.string() == pack(person.encode()), "a certificate's principals are not exactly the person")
    after, before = reader.number(8), reader.number(8)
    need(before != 2**64 - 1, "a certificate never ends")
    need(after <= time < before, "a certificate is not valid at that time")
    need(reader.string() == b"", "a certificate has critical options")
    extensions = Reader(reader.string())
    while extensions.at < len(extensions.data):
        extensions.string()
        extensions.string()
    need(reader.string() == b"", "a certificate's reserved field is not empty")
    need(reader.string() == authority.blob, "a certificate is of another authority")
    signed = blob[:reader.at]
    signature = reader.string()
    reader.end()
    check_signature(authority, signature, signed, tuple(HASHES))
    return key


def unique_members(pairs):
    """An object from its members, each key once."""
    need(len({key for key, _ in pairs}) == len(pairs), "client data has a key twice")
    return dict(pairs)


def check_levels(value, level=1):
    """Client data is not deeper or wider than allowed."""
    if isinstance(value, (dict, list)):
        need(level <= 8 and len(value) <= 64, "client data is too deep or too wide")
        for item in value.values() if isinstance(value, dict) else value:
            check_levels(item, level + 1)


def no_constant(word):
    """Python reads NaN and the infinities, which JSON does not have."""
    raise Refused("client data is not JSON")


def check_client_data(data, origin, message):
    """Client data names this challenge and origin, and says nothing else that matters."""
    need(len(data) <= 4096, "client data is too long")
    challenge = base64.urlsafe_b64encode(message).rstrip(b"=").decode()
    start = '{"type":"webauthn.get","challenge":"' + challenge + '","origin":"' + origin + '"'
    need(data.startswith(start.encode()) and data.endswith(b"}"), "client data is of another challenge, origin or form")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=unique_members, parse_constant=no_constant)
        json.dumps(value, ensure_ascii=False).encode()  # an escaped surrogate alone cannot be written
    except (ValueError, RecursionError):
        raise Refused("client data is not JSON") from None
    check_levels(value)
    need(value.get("crossOrigin", False) is False and "topOrigin" not in value, "client data is of another origin's frame")


def check_passkey(enrolment, signature, message, verification):
    """A passkey's signature holds over the message; its counter is returned."""
    reader = Reader(signature)
    need(reader.string() == WEBAUTHN.encode(), "a passkey's signature is of another form")
    value, flags, counter = reader.string(), reader.number(1), reader.number(4)
    origin, data, extensions = reader.string(), reader.string(), reader.string()
    reader.end()
    need(origin == enrolment.origin.encode(), "a passkey's origin is not the enrolled one")
    need(extensions == b"", "a passkey's extensions are not empty")
    need(flags & ~0x04 == 0x01 | BACKUP[enrolment.backup], "a passkey's flags are wrong")
    need(flags & 0x04 or not verification, "a passkey did not verify its user")
    check_client_data(data, enrolment.origin, message)
    authenticator = sha256(enrolment.key.application.encode()) + bytes([flags]) + counter.to_bytes(4, "big")
    check_value(enrolment.key, value, authenticator + sha256(data))
    return counter


def read_armor(armor):
    """The blob in an armored signature, which must be folded in the one way."""
    need(len(armor.encode()) <= 32768, "an armored signature is too long")
    need(armor.startswith(BEGIN) and armor.endswith(END) and len(armor) > len(BEGIN) + len(END), "a signature's armor is malformed")
    text = armor[len(BEGIN):-len(END)].replace("\n", "")
    folded = "".join(text[at:at + 70] + "\n" for at in range(0, len(text), 70))
    need(armor == BEGIN + folded + END, "a signature's armor is folded otherwise")
    return decode_base64(text)


def check_sshsig(armor, pae, namespace, enrolment, person, time, verification=False):
    """The armored signature holds over the encoding by the enrolled key; its counter is returned."""
    reader = Reader(read_armor(armor))
    need(reader.take(6) == b"SSHSIG" and reader.number(4) == 1, "a signature is no SSHSIG of version 1")
    blob = reader.string()
    need(reader.string() == namespace.encode(), "a signature's namespace is not its verdict's")
    need(reader.string() == b"" and reader.string() == b"sha512", "a signature's reserved field or hash is wrong")
    signature = reader.string()
    reader.end()
    message = b"SSHSIG" + pack(namespace.encode()) + pack(b"") + pack(b"sha512") + pack(hashlib.sha512(pae).digest())
    key = enrolment.key
    if enrolment.authority:
        key = check_certificate(blob, key, person, time)
    else:
        need(blob == key.blob, "a signature is by another key")
        if key.passkey:
            return check_passkey(enrolment, signature, message, verification)
    return check_signature(key, signature, message, verification=verification)
