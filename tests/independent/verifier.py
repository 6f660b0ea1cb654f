"""Verifies receipts of version 1 as FORMAT.md describes them."""
import json
import re
import sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from signatures import Refused, check_sshsig, decode_base64, need, parse_enrolment, parse_line, sha256

LARGEST = 2**53 - 1
NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
DIGEST = re.compile(r"[0-9a-f]{64}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
COMMIT = re.compile(r"git:([0-9a-f]{40}|[0-9a-f]{64})")
PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
SIGNERS = re.compile(r'([A-Za-z0-9._@-]{1,64}) (cert-authority,)?namespaces="([^"]*)" (.*)', re.DOTALL)
LOG_KEY = re.compile(r"([!-*,-~]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
SIGNATURE_LINE = re.compile("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)")
STATEMENT, PREDICATE = "https://in-toto.io/Statement/v1", "https://pawl.dev/decision/v1"
SHARED = ("request", "audience", "role", "session", "requesters", "policy", "preview", "rendered", "issued", "expires")


def check_tree(value, level=0):
    """No floats, no big integers, no key beyond ASCII, no level beyond the 64th."""
    if isinstance(value, (dict, list)):
        need(level < 64, "JSON is too deep")
        need(not isinstance(value, dict) or all(key.isascii() for key in value), "a JSON key is not ASCII")
        for item in value.values() if isinstance(value, dict) else value:
            check_tree(item, level + 1)
    elif type(value) is int:
        need(abs(value) <= LARGEST, "a JSON integer is too big")


def no_number(word):
    """Fractions, exponents and Python's constants have no canonical spelling."""
    raise Refused("JSON holds a number that is not an integer")


def parse(data, limit, what):
    """The value of canonical JSON, which is what writing it again gives."""
    need(len(data) <= limit, f"{what} is too long")
    try:
        value = json.loads(data.decode("utf-8"), parse_float=no_number, parse_constant=no_number)
        check_tree(value)
        again = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")
    except (ValueError, RecursionError):
        raise Refused(f"{what} is not JSON") from None
    need(again == data, f"{what} is not canonical JSON")
    return value


def members(value, keys, what, optional=()):
    """An object has exactly these keys; an optional one may miss, but is never null."""
    need(isinstance(value, dict) and set(keys) <= set(value) <= set(keys) | set(optional), f"{what} has other keys")
    need(all(value[key] is not None for key in optional if key in value), f"{what} has an optional key that is null")


def is_name(value):
    return isinstance(value, str) and NAME.fullmatch(value)


def is_digest(value):
    return isinstance(value, str) and DIGEST.fullmatch(value)


def is_text(value):
    return isinstance(value, str) and "\0" not in value


def is_path(value):
    return is_text(value) and (value == "/" or value[:1] == "/" and not {"", ".", ".."} & set(value[1:].split("/")))


def is_integer(value, low, high=LARGEST):
    return type(value) is int and low <= value <= high


def is_list(value, check):
    return isinstance(value, list) and all(check(item) for item in value)


def check_executable(value):
    """A program is a path, a digest and a size."""
    members(value, ("path", "sha256", "size"), "an executable")
    need(is_path(value["path"]) and is_digest(value["sha256"]) and is_integer(value["size"], 0), "an executable is malformed")


def check_secrets(secrets, taken):
    """Secrets are well formed, and no variable of theirs is taken already or twice."""
    need(isinstance(secrets, list), "secrets are no array")
    for secret in secrets:
        members(secret, ("environment", "name", "version"), "a secret")
        variable = secret["environment"]
        need(isinstance(variable, str) and VARIABLE.fullmatch(variable) and variable not in taken, "a secret's variable is wrong or taken")
        need(is_name(secret["name"]) and is_text(secret["version"]) and secret["version"], "a secret is malformed")
        taken = taken | {variable}


def check_inputs(inputs):
    """An action's inputs stand where their parameters and names say."""
    need(isinstance(inputs, list), "inputs are no array")
    for entry in inputs:
        members(entry, ("name", "parameter", "path", "sha256", "size"), "an input")
        name, parameter = entry["name"], entry["parameter"]
        need(is_text(name) and is_path("/" + name) and name and "/" not in name and is_name(parameter), "an input's name is wrong")
        need(entry["path"] == f"/run/pawl/inputs/{parameter}/{name}" and is_path(entry["path"]), "an input's path is wrong")
        need(is_digest(entry["sha256"]) and is_integer(entry["size"], 0), "an input is malformed")
    need(len({entry["parameter"] for entry in inputs}) == len(inputs), "a parameter stands twice")


def check_action(document):
    """A document of an action, which the broker runs."""
    members(document, ("version", "kind", "action", "executable", "argv", "directory", "inputs", "environment", "secrets", "read", "write",
                       "hosts", "timeout", "preconditions"), "the document", ("preview",))
    check_executable(document["executable"])
    need(is_list(document["argv"], is_text) and document["argv"], "argv is malformed")
    need(is_path(document["directory"]), "the directory is no path")
    check_inputs(document["inputs"])
    need(isinstance(document["environment"], list), "the environment is no array")
    variables = set()
    for entry in document["environment"]:
        members(entry, ("name", "value"), "a variable")
        name = entry["name"]
        need(isinstance(name, str) and VARIABLE.fullmatch(name) and name not in variables, "a variable's name is wrong or stands twice")
        need(is_text(entry["value"]), "a variable's value is no text")
        variables.add(name)
    check_secrets(document["secrets"], variables)
    need(is_list(document["read"], is_path) and is_list(document["write"], is_path), "read or write hold no paths")
    need(is_list(document["hosts"], is_text), "a host is malformed")
    need(is_integer(document["timeout"], 1), "the timeout is malformed")
    need(document["preconditions"] == [], "there are preconditions")
    preview = document.get("preview")
    if preview is not None:
        members(preview, ("argv", "executable", "recheck", "secrets", "timeout"), "the preview")
        check_executable(preview["executable"])
        need(is_list(preview["argv"], is_text) and preview["argv"], "the preview's argv is malformed")
        need(type(preview["recheck"]) is bool and is_integer(preview["timeout"], 1), "the preview's recheck or timeout is malformed")
        check_secrets(preview["secrets"], variables)


def check_gate(document):
    """A document of a gate, which a pipeline runs."""
    members(document, ("version", "kind", "action", "subject", "argv", "inputs"), "the document")
    commit = isinstance(document["subject"], str) and COMMIT.fullmatch(document["subject"])
    need(commit and commit[1].strip("0"), "the subject is no commit")
    need(is_list(document["argv"], is_text) and document["argv"] and document["argv"][0], "argv is malformed")
    inputs = document["inputs"]
    need(isinstance(inputs, list) and len(inputs) <= 16, "inputs are no array or too many")
    for entry in inputs:
        members(entry, ("name", "sha256", "size"), "an input")
        name = entry["name"]
        need(is_text(name) and 1 <= len(name.encode()) <= 1024, "an input's name is no text or of a wrong length")
        need(name != "/" and (is_path(name) or is_path("/" + name)), "an input's name is no path")
        need(is_digest(entry["sha256"]) and is_integer(entry["size"], 0), "an input is malformed")
    names = [entry["name"].encode() for entry in inputs]
    need(names == sorted(set(names)), "inputs are not in the order of their names")


def parse_document(data):
    """The document, with every rule of its kind."""
    document = parse(data, 65536, "the document")
    need(isinstance(document, dict) and is_integer(document.get("version"), 1, 1), "the document's version is unknown")
    need(document.get("kind") in ("exec", "gate"), "the document's kind is unknown")
    need(is_name(document.get("action")), "the action is no name")
    (check_action if document["kind"] == "exec" else check_gate)(document)
    return document


def visible(text):
    """A text in printable ASCII."""
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
    return "".join(short.get(c) or (c if " " <= c <= "~" else f"\\x{ord(c):02x}" if c < "\x80" else f"\\u{{{ord(c):x}}}") for c in text)


def word(text):
    """A text as one word, quoted where it needs to be."""
    return text if PLAIN.fullmatch(text) else "'" + visible(text).replace("'", "\\'") + "'"


def size_line(value):
    return f"sha256 {value['sha256']}, {value['size']} bytes"


def render_arguments(argv):
    return [f"[{index}] {word(argument)}" for index, argument in enumerate(argv)]


def render_secrets(secrets):
    return [f"{word(secret['name'])} as ${visible(secret['environment'])}, version {word(secret['version'])}" for secret in secrets]


def render_action(document):
    """The sections of an action's rendering."""
    inputs = [line for entry in document["inputs"] for line in (
        f"{word(entry['parameter'])}: {word(entry['name'])}", "  seen by the program at " + word(entry["path"]), "  " + size_line(entry))]
    yield "Program", [word(document["executable"]["path"]), size_line(document["executable"])]
    yield "Arguments, each on its line", render_arguments(document["argv"])
    yield "Working directory", [word(document["directory"])]
    yield "Input files, as they were when this was asked", inputs
    yield "Environment", [f"{visible(entry['name'])}={word(entry['value'])}" for entry in document["environment"]]
    yield "Secrets that it is given", render_secrets(document["secrets"])
    yield "Files that it may read, besides /usr and /etc", [word(path) for path in document["read"]]
    yield "Files that it may change", [word(path) for path in document["write"]]
    yield "Hosts that it may connect to", [word(host) for host in document["hosts"]]
    yield "Time limit", [f"{document['timeout']} seconds"]
    yield "Conditions that must still hold", []
    preview = document.get("preview")
    if preview:
        again = ("made again before the action runs: another output voids the approval" if preview["recheck"] else
                 "not made again: what it showed may have changed when the action runs")
        yield "Preview: made of the same input files before this was asked", [
            word(preview["executable"]["path"]), size_line(preview["executable"]), f"at most {preview['timeout']} seconds", again]
        yield "The preview's arguments, each on its line", render_arguments(preview["argv"])
        yield "Secrets that the preview is given", render_secrets(preview["secrets"])
    loose = ["what the program loads by itself: libraries, an interpreter, modules, plugins, files in /usr and /etc"]
    loose += ["the contents of the files that it may read or change"] * bool(document["read"] or document["write"])
    loose += ["what the hosts answer"] * bool(document["hosts"])
    loose += ["the secrets' values: only their versions are pinned"] * bool(document["secrets"])
    yield "NOT pinned by an approval", loose


def render_gate(document):
    """The sections of a gate's rendering."""
    yield "A pipeline may start one command, once, for this commit", [word(document["subject"])]
    yield "Arguments, each on its line", render_arguments(document["argv"])
    yield "Input files, as they were when this was asked", [
        line for entry in document["inputs"] for line in (word(entry["name"]), "  " + size_line(entry))]
    yield "NOT pinned by an approval", [
        "the machine, directory and environment in which the pipeline starts it",
        "the program itself and every file it reads, unless they are among the input files above",
        "that the files beside it are those of the commit, unless the gate is told to look"]


def render(document):
    """What reviewers saw, in UTF-8."""
    action = document["kind"] == "exec"
    lines = [("ACTION " if action else "GATE ") + word(document["action"])]
    for heading, section in (render_action if action else render_gate)(document):
        lines += ["", heading] + ["  " + line for line in section or ["none"]]
    return "".join(line + "\n" for line in lines).encode()


def parse_statement(data):
    """The predicate and the subject digest of a decision statement."""
    statement = parse(data, 16384, "a statement")
    members(statement, ("_type", "predicateType", "subject", "predicate"), "a statement")
    need(statement["_type"] == STATEMENT and statement["predicateType"] == PREDICATE, "a statement is of another type")
    subject, predicate = statement["subject"], statement["predicate"]
    need(isinstance(subject, list) and len(subject) == 1, "a statement has not one subject")
    members(subject[0], ("digest", "name"), "a subject")
    members(subject[0]["digest"], ("sha256",), "a subject's digest")
    need(subject[0]["name"] == "action" and is_digest(subject[0]["digest"]["sha256"]), "a subject is malformed")
    members(predicate, SHARED + ("max_uses", "verdict", "person", "group", "reason", "time"), "a predicate")
    need(all(is_name(predicate[key]) for key in ("audience", "role", "person", "group")), "a statement has a malformed name")
    need(is_digest(predicate["request"]) and is_digest(predicate["policy"]), "a statement's request or policy is malformed")
    session, requesters = predicate["session"], predicate["requesters"]
    need(session == "" or is_digest(session), "a statement's session is malformed")
    members(requesters, ("agent", "person"), "requesters")
    agent = requesters["agent"]
    need(is_text(agent) and len(agent.encode()) <= 256 and (agent == "") == (session == ""), "a statement's agent is malformed")
    need(is_name(requesters["person"]), "a requester is no name")
    need(predicate["preview"] is None or is_digest(predicate["preview"]), "a statement's preview is malformed")
    members(predicate["rendered"], ("sha256", "version"), "rendered")
    need(is_digest(predicate["rendered"]["sha256"]) and is_integer(predicate["rendered"]["version"], 1), "rendered is malformed")
    need(is_integer(predicate["issued"], 0) and is_integer(predicate["expires"], predicate["issued"] + 1), "issued or expires is malformed")
    need(is_integer(predicate["max_uses"], 1, 1), "a statement allows other than one use")
    need(predicate["verdict"] in ("approve", "deny"), "a verdict is unknown")
    need(is_text(predicate["reason"]) and len(predicate["reason"]) <= 280, "a reason is malformed")
    need(predicate["reason"] or predicate["verdict"] == "approve", "a denial has no reason")
    need(is_integer(predicate["time"], 0), "a statement's time is malformed")
    return predicate, subject[0]["digest"]["sha256"]


def parse_signers(data):
    """The lines of an allowed signers file: person, namespaces, enrolment."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    signers, holders = [], {}
    for line in lines:
        if line == "" or line[0] == "#":
            continue
        match = SIGNERS.fullmatch(line)
        need(match, "a line of the signers is malformed")
        namespaces = match[3].split(",")
        need(all(is_name(namespace) for namespace in namespaces), "a namespace of the signers is malformed")
        enrolment = parse_enrolment(match[4].split(" "), bool(match[2]), comments=True)
        blob = enrolment.key.blob
        holders.setdefault(blob, []).append((match[1], enrolment.authority))
        alone = len({person for person, _ in holders[blob]}) == 1
        need(alone or all(authority for _, authority in holders[blob]), "a key stands at two persons")
        signers.append((match[1], namespaces, enrolment.identity))
    return signers


def parse_logs(data):
    """The logs that an allowed signers file names."""
    mark = b"# pawl-log-key "
    return [parse_log_key(line[len(mark):].decode("latin-1")) for line in data.split(b"\n") if line.startswith(mark)]


def is_held(consumed, predicate, subject, log):
    """Whether this log's key signed the checkpoint."""
    try:
        return bool(check_consumed(consumed, predicate, subject, log))
    except Refused:
        return False


def check_decision(decision, signers, verification):
    """One decision: its predicate, its subject digest and its key's counter."""
    statement = decision["statement"].encode()
    predicate, subject = parse_statement(statement)
    person = predicate["person"]
    need(person == decision["person"], "a decision names another person than its statement")
    enrolment = parse_line(decision["key"])
    pae = b"DSSEv1 28 application/vnd.in-toto+json %d %s" % (len(statement), statement)
    namespace = predicate["verdict"] + ".v1@pawl"
    counter = check_sshsig(decision["signature"], pae, namespace, enrolment, person, predicate["time"], verification)
    need(any(line[0] == person and namespace in line[1] and line[2] == enrolment.identity for line in signers), "a key is not allowed")
    need(predicate["issued"] - 300 <= predicate["time"] < predicate["expires"] + 300, "a decision was made too early or too late")
    return predicate, subject, counter


def parse_checkpoint(note):
    """A checkpoint's text, origin, size, root and signatures."""
    need(len(note.encode()) <= 8192, "a checkpoint is too long")
    need(not re.search(r"[\0-\x09\x0b-\x1f]", note), "a checkpoint has control characters")
    text, gap, rest = note.rpartition("\n\n")
    need(gap and rest.endswith("\n"), "a checkpoint has no signatures")
    lines = text.split("\n")
    need(len(lines) >= 3 and all(lines), "a checkpoint has too few lines")
    need(re.fullmatch("0|[1-9][0-9]{0,19}", lines[1]), "a checkpoint's size is malformed")
    root = decode_base64(lines[2])
    need(len(root) == 32, "a checkpoint's root is malformed")
    signatures = []
    for line in rest[:-1].split("\n"):
        match = SIGNATURE_LINE.fullmatch(line)
        need(match, "a checkpoint's signature line is malformed")
        value = decode_base64(match[2])
        need(len(value) > 4, "a checkpoint's signature is too short")
        signatures.append((match[1], value[:4], value[4:]))
    need(len(signatures) <= 16 and int(lines[1]) < 2**64, "a checkpoint has too many signatures, or is of no size")
    return text.encode() + b"\n", lines[0], int(lines[1]), root, signatures


def parse_log_key(text):
    """A log's name, key id and public key."""
    match = LOG_KEY.fullmatch(text)
    need(match, "the log's key is malformed")
    data = decode_base64(match[3])
    need(len(data) == 33 and data[0] == 1, "the log's key is not of Ed25519")
    identity = sha256(match[1].encode() + b"\n" + data)[:4]
    need(identity.hex() == match[2], "the log's key has another id")
    return match[1], identity, ed25519.Ed25519PublicKey.from_public_bytes(data[1:])


def holds(key, signature, text):
    """Whether an Ed25519 signature holds."""
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return len(signature) == 64


def inclusion_root(entry, index, size, path):
    """The root to which an inclusion proof leads."""
    need(index < size, "the proof's index is not in the tree")
    first, last, root = index, size - 1, sha256(b"\0" + entry)
    for digest in path:
        need(last > 0, "the proof's path is too long")
        sibling = bytes.fromhex(digest)
        if first % 2 or first == last:
            root = sha256(b"\1" + sibling + root)
            while first % 2 == 0 and first > 0:
                first, last = first >> 1, last >> 1
        else:
            root = sha256(b"\1" + root + sibling)
        first, last = first >> 1, last >> 1
    need(last == 0, "the proof's path is too short")
    return root


def check_consumed(proof, predicate, subject, log):
    """The proof that the receipt was burned."""
    members(proof, ("checkpoint", "entry", "index", "path"), "the proof")
    need(isinstance(proof["entry"], str) and isinstance(proof["checkpoint"], str), "the proof is malformed")
    need(is_integer(proof["index"], 0) and is_list(proof["path"], is_digest), "the proof is malformed")
    data = proof["entry"].encode()
    entry = parse(data, 65535, "the entry")
    members(entry, ("body", "index", "kind", "time"), "the entry")
    need(entry["kind"] == "consume" and is_integer(entry["index"], 0) and entry["index"] == proof["index"], "the entry is another")
    need(is_integer(entry["time"], 0) and isinstance(entry["body"], dict), "the entry is malformed")
    said = [entry["body"].get(key) for key in ("request", "audience", "document")]
    need(said == [predicate["request"], predicate["audience"], subject], "the entry is of another receipt")
    text, origin, size, root, signatures = parse_checkpoint(proof["checkpoint"])
    need(inclusion_root(data, proof["index"], size, proof["path"]) == root, "the proof leads to another root")
    if log:
        name, identity, key = log
        need(origin == name, "the checkpoint is of another log")
        need(any(line[:2] == (name, identity) and holds(key, line[2], text) for line in signatures), "the log did not sign the checkpoint")
    return {"index": proof["index"], "size": size, "time": entry["time"], "checkpoint": "signed by the log" if log else "not checked"}


def parse_receipt(data):
    """The receipt file, with the types of its members."""
    need(len(data) <= 4 * 2**20, "the receipt is too long")
    receipt = parse(data.removesuffix(b"\n"), 4 * 2**20, "the receipt")
    members(receipt, ("version", "document", "decisions", "consumed"), "the receipt", ("preview",))
    need(is_integer(receipt["version"], 1, 1), "the receipt's version is unknown")
    need(isinstance(receipt["document"], str) and isinstance(receipt.get("preview", ""), str), "the document or preview is no string")
    need(isinstance(receipt["decisions"], list) and receipt["decisions"], "the receipt has no decisions")
    for decision in receipt["decisions"]:
        members(decision, ("key", "person", "signature", "statement"), "a decision")
        need(all(isinstance(value, str) for value in decision.values()) and is_name(decision["person"]), "a decision is malformed")
    return receipt


def verify(receipt_bytes, signers_bytes, quorum, log_key=None, user_verification=False):
    """Check a receipt in full and report what it says, or raise Refused."""
    need(is_integer(quorum, 1), "the quorum is not at least 1")
    log = None if log_key is None else parse_log_key(log_key)
    receipt = parse_receipt(receipt_bytes)
    signers, logs = parse_signers(signers_bytes), parse_logs(signers_bytes)
    document_bytes = receipt["document"].encode()
    document = parse_document(document_bytes)
    decided, first, counters = {"approve": [], "deny": []}, None, {}
    for decision in receipt["decisions"]:
        predicate, subject, counter = check_decision(decision, signers, user_verification)
        shared = [subject] + [predicate[key] for key in SHARED]
        first = first or shared
        need(shared == first, "the statements differ")
        need(predicate["person"] not in decided[predicate["verdict"]], "a person decided twice")
        decided[predicate["verdict"]].append(predicate["person"])
        if counter is not None:
            counters[predicate["person"]] = counter
    need(subject == sha256(document_bytes).hex(), "the statements are of another document")
    need(predicate["rendered"]["version"] == 1, "the renderer's version is unknown")
    need(predicate["rendered"]["sha256"] == sha256(render(document)).hex(), "reviewers saw another rendering")
    need((predicate["preview"] is not None) == ("preview" in document) == ("preview" in receipt), "a preview is missing or too much")
    if "preview" in receipt:
        need(predicate["preview"] == sha256(receipt["preview"].encode()).hex(), "the preview is another")
    consumed = receipt["consumed"] and check_consumed(receipt["consumed"], predicate, subject, log)
    need(consumed or receipt["consumed"] is None, "the proof is malformed")
    need(not (consumed and logs) or any(is_held(receipt["consumed"], predicate, subject, one) for one in logs), "no named log holds the entry")
    need(not decided["deny"], "denied by " + ", ".join(decided["deny"]))
    need(len(decided["approve"]) >= quorum, f"{len(decided['approve'])} approvals of {quorum}")
    report = {key: predicate[key] for key in SHARED}
    return report | {"kind": document["kind"], "action": document["action"], "document": subject, "approvals": decided["approve"],
                     "counters": counters, "consumed": consumed}


def main(arguments):
    """The command line."""
    if len(arguments) not in (3, 4) or not re.fullmatch("[1-9][0-9]{0,8}", arguments[2]):
        print("usage: verifier.py RECEIPT SIGNERS QUORUM [LOG_KEY]", file=sys.stderr)
        return 2
    try:
        with open(arguments[0], "rb") as receipt, open(arguments[1], "rb") as signers:
            report = verify(receipt.read(), signers.read(), int(arguments[2]), *arguments[3:])
    except (Refused, OSError) as problem:
        print(f"refused: {problem}", file=sys.stderr)
        return 1
    spent = "spent, " + report["consumed"]["checkpoint"] if report["consumed"] else "unspent"
    print(f"valid: {report['kind']} {report['action']} approved by {', '.join(report['approvals'])}; {spent}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
