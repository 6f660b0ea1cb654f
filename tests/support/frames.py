"""A second, independent writer of pawl's frames (supervisor/wire/PROTOCOL.md), for tests that speak to the broker
without pawl's own code: a 16-bit type, then the fields, big-endian, text and lists with a 32-bit count."""

import socket
import struct

PROTOCOL = 1
LIMIT = 128 * 1024


def u8(value):
    return struct.pack(">B", value)


def u16(value):
    return struct.pack(">H", value)


def u32(value):
    return struct.pack(">I", value)


def u64(value):
    return struct.pack(">Q", value)


def i32(value):
    return struct.pack(">i", value)


def i64(value):
    return struct.pack(">q", value)


def text(value):
    raw = value.encode() if isinstance(value, str) else value
    return u32(len(raw)) + raw


def flag(value):
    return u8(1 if value else 0)


def listed(items):
    items = list(items)
    return u32(len(items)) + b"".join(items)


ID = "0" * 64

# Every message: name → (number, a well-formed body).
MESSAGES = {
    "failure": (1, u8(0) + text("x") + text("")),
    "done": (2, b""),
    "hello": (16, u32(PROTOCOL)),
    "welcome": (17, u32(PROTOCOL) + u8(0) + text("x") + text("alice") + text("/x") + listed([])),
    "open_session": (18, text("deployer") + text("") + listed([text("/bin/true")]) + listed([u8(0)] * 3) + text("")),
    "session_opened": (19, text(ID) + text("t") + text("h") + text(b"")),
    "resume_session": (20, text(ID) + text("t")),
    "session_resumed": (21, b""),
    "list_sessions": (22, flag(True)),
    "sessions": (23, listed([])),
    "kill_session": (24, text(ID)),
    "list_requests": (25, flag(True) + text("")),
    "requests": (26, listed([]) + flag(False)),
    "show_request": (27, text(ID)),
    "request_shown": (28, b""),
    "decide": (29, text(ID) + text("{}") + text("-----BEGIN SSH SIGNATURE-----\n")),
    "decided": (30, b""),
    "watch_queue": (31, u64(0) + u32(0)),
    "queue_changed": (32, u64(0)),
    "read_log": (33, u64(0) + u32(0)),
    "log_page": (34, listed([])),
    "get_receipt": (35, text(ID)),
    "receipt": (36, text("{}")),
    "session_over": (37, b""),
    "propose_gate": (38, text("pipeline") + text("deploy") + text("git:" + "1" * 40) + listed([text("./deploy.sh")]) + listed([]) + text("")),
    "proposal": (39, b""),
    "await_proposal": (40, text(ID) + u32(0)),
    "read_preview": (42, text(ID)),
    "preview": (43, text("")),
    "propose_rollback": (44, text(ID) + text("")),
    "rollback_proposed": (45, b""),
    "list_people": (46, u32(0) + u32(0)),
    "people_shown": (47, listed([]) * 5 + flag(False)),
    "give_order": (48, text("{}") + listed([text("-----BEGIN SSH SIGNATURE-----\n")])),
    "order_given": (49, text(ID) + flag(False) + text("")),
    "confirm_order": (50, text(ID) + text("-----BEGIN SSH SIGNATURE-----\n")),
    "get_checkpoint": (58, u64(0) + u64(0)),
    "log_checkpoint": (59, text("") + text("") + listed([])),
    "agent_hello": (64, u32(PROTOCOL)),
    "agent_welcome": (65, u32(PROTOCOL) + text(ID) + text("deployer") + listed([])),
    "propose": (66, text("deploy") + listed([]) + listed([]) + text("")),
    "await_request": (67, text(ID) + u32(0)),
    "request_status": (68, b""),
    "spawn": (96, u8(0) + listed([])),
    "egress_setup": (97, text(ID) + listed([])),
    "egress_connect": (98, u32(1) + text("anthropic")),
    "egress_connected": (99, u32(1) + text("") + text("")),
    "egress_report": (100, text("r") + text("GET") + text("/") + u32(200) + text("") + u64(0) + u64(0)),
    "dial": (101, u32(1) + text("localhost") + u16(80) + listed([])),
    "dialed": (102, u32(1) + text("") + text("")),
}
PEOPLE_ASKS = ["hello", "open_session", "resume_session", "list_sessions", "kill_session", "list_requests", "show_request",
               "decide", "watch_queue", "read_log", "get_receipt", "read_preview", "propose_rollback", "list_people", "give_order",
               "confirm_order", "propose_gate", "await_proposal", "get_checkpoint"]
AGENT_ASKS = ["agent_hello", "propose", "await_request"]
FAILURE = 1
FAILURE_KINDS = ["failed", "usage", "refused", "expired", "invalid_policy", "not_found", "busy"]


def frame(name, body=None):
    number, well_formed = MESSAGES[name]
    return u16(number) + (well_formed if body is None else body)


class Closed(Exception):
    """The broker ended the connection."""


class Conversation:
    """One connection to a broker's socket."""

    def __init__(self, path, timeout=10):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.kept = None  # a list takes the descriptors that come along; otherwise they are closed

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def peer_pid(self):
        credentials = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return struct.unpack("3i", credentials)[0]

    def send(self, raw, descriptors=()):
        if descriptors:
            socket.send_fds(self.socket, [raw], list(descriptors))
        else:
            self.socket.send(raw)

    def receive(self):
        """(type number, body); Closed at the end of the connection."""
        try:
            raw, descriptors, _, _ = socket.recv_fds(self.socket, LIMIT, 32)
        except ConnectionResetError as error:
            raise Closed() from error
        if self.kept is not None:
            self.kept += descriptors
        else:
            for descriptor in descriptors:
                socket.close(descriptor)
        if not raw:
            raise Closed()
        return struct.unpack(">H", raw[:2])[0], raw[2:]

    def ask(self, raw, descriptors=()):
        try:
            self.send(raw, descriptors)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed() from error
        return self.receive()


def texts_of(body, count):
    """The first so many texts of a body that begins with them."""
    found, at = [], 0
    for _ in range(count):
        size = struct.unpack(">I", body[at:at + 4])[0]
        found.append(body[at + 4:at + 4 + size].decode("utf-8", "replace"))
        at += 4 + size
    return found


def failure_of(answer):
    """(kind, text, remedy) of a Failure answer; None for any other."""
    number, body = answer
    if number != FAILURE:
        return None
    return FAILURE_KINDS[body[0]], *texts_of(body[1:], 2)
