"""What people take back is taken back at once, whatever the agent, its launcher or the disk do about it."""

import json
import os
import signal
import subprocess
import time

from brokers import EmbeddedBroker, Story
from frames import Conversation, frame
from host import wait_until

# Inside: a TCP connection with unsent data whose close() waits, sent along with the agent's first message.
LINGER = r"""
import socket, struct, sys, time
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen(1)
bomb = socket.socket(); bomb.connect(listener.getsockname()); peer, _ = listener.accept()
bomb.setblocking(False)
try:
    while True: bomb.send(b"x" * 65536)
except BlockingIOError: pass
bomb.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 20))
if sys.argv[1] == "here":
    begun = time.time(); bomb.setblocking(True)
    bomb.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 2))
    bomb.close(); print("waited", time.time() - begun); sys.exit()
def connect():
    broker = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); broker.connect("/run/pawl/broker/agent.sock")
    return broker
broker = connect()
hello = b"\x00\x40\x00\x00\x00\x01"
if sys.argv[1] == "first": socket.send_fds(broker, [hello], [bomb.fileno()])
if sys.argv[1] == "many": socket.send_fds(broker, [hello], [bomb.fileno()] * 200)
if sys.argv[1] == "unread":
    outer, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    socket.send_fds(inner, [b"x"], [bomb.fileno()])
    while True:
        try: broker.send(hello); broker.send(hello); socket.send_fds(broker, [hello], [outer.fileno()]); break
        except (BrokenPipeError, ConnectionResetError): broker = connect()  # it was quicker with the second
    outer.close(); inner.close()
print("sent", flush=True); bomb.close(); time.sleep(25)
"""


def answer_time(path):
    begun = time.monotonic()
    with Conversation(path, 30) as conversation:
        conversation.ask(frame("hello"))
    return time.monotonic() - begun


class Revocation(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)

    def launcher_of(self, shell):
        listed = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(shell.child.pid)], capture_output=True, text=True, check=True).stdout
        return next(int(line.split()[0]) for line in listed.splitlines() if "pawl-launch" in line)

    def sessions(self):
        return json.loads(self.host.pawl(self.alice, "sessions", "--json").out)

    def test_linger(self):
        """a socket that the agent prepared to block close() does not keep the broker from answering"""
        self.alice.write("project/linger.py", LINGER)
        shell = self.shell()
        alone = shell.sh("python3 linger.py here")
        self.assertGreater(float(alone.out.split()[1]), 1, alone)
        for how in ("first", "many", "unread"):
            with self.subTest(how):
                shell.sh(f"python3 linger.py {how} >{how}.out 2>&1 &")
                said = wait_until(lambda name=how: shell.sh(f"cat {name}.out 2>/dev/null").out.strip(), what="the message")
                self.assertEqual("sent", said)
                time.sleep(0.5)
                self.assertLess(answer_time(self.broker.people_socket), 3)

    def test_stopped_launcher(self):
        """kill takes a session's authority although its launcher does not act, and the agent dies all the same"""
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        request = self.pending(self.alice)
        launcher = self.launcher_of(shell)
        os.kill(launcher, signal.SIGSTOP)
        try:
            killed = self.host.pawl(self.alice, "kill", request["session"])
            self.assert_done(killed)
            self.assertIn("requests made void: 1", killed.out)
            self.assertEqual([], self.sessions())
            self.assertEqual("voided", self.request_of(self.alice, request["id"])["state"])
            with self.assertRaises(AssertionError):
                shell.sh("echo still here", timeout=3)
        finally:
            os.kill(launcher, signal.SIGCONT)
        self.assertNotEqual(0, self.approve(self.alice, request["id"]).code)
        self.assertEqual([], self.host.journal())
        self.verify_log(self.alice)

    def test_running_action(self):
        """kill stops the action that runs for the session, and its outcome says so"""
        shell = self.shell()
        self.assert_done(shell.request(service="slow1"), 75)
        request = self.pending(self.alice)
        self.assert_done(self.approve(self.alice, request["id"]))
        killed = self.host.pawl(self.alice, "kill", request["session"])
        self.assert_done(killed)
        self.assertIn("running actions stopped: 1", killed.out)
        self.assertEqual("done", self.final_state(self.alice, request["id"]))
        after = self.request_of(self.alice, request["id"])
        self.assertIn("killed the session", after["detail"])
        self.assertNotIn("rolled out", str(after))  # what the command says at its end
        self.assertLessEqual(len(self.host.journal()), 1)
        self.verify_log(self.alice)

    def test_ended_session(self):
        """kill of a session that has ended voids what it asked for, and says so"""
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        request = self.pending(self.alice)
        shell.close()
        wait_until(lambda: not self.sessions(), what="the session's end")
        killed = self.host.pawl(self.alice, "kill", request["session"])
        self.assert_done(killed)
        self.assertIn("had ended already", killed.out)
        self.assertEqual("voided", self.request_of(self.alice, request["id"])["state"])

    def test_records_cut_off(self):
        """log verify misses records that were taken off the end, and torn bytes when no broker runs"""
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        self.assert_done(self.approve(self.alice, self.pending(self.alice)["id"]))
        wait_until(self.host.journal, what="the execution")
        shell.close()
        wait_until(lambda: not self.sessions(), what="the session's end")
        self.verify_log(self.alice)
        self.broker.kill()
        bundle = self.broker.state / "log/tile/entries/000"
        whole = bundle.read_bytes()
        cut = whole
        for _ in range(2):
            cut = cut[:self.last_record(cut)]
        bundle.write_bytes(cut)
        told = self.host.pawl(self.alice, "log", "verify")
        self.assertNotEqual(0, told.code, told)
        self.assertIn("entries, but had", told.err)
        bundle.write_bytes(whole + b"torn")
        self.assertNotEqual(0, self.host.pawl(self.alice, "log", "verify").code)
        # One changed byte of one entry.
        at = whole.index(b'"kind":"boot"') + 60
        bundle.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        self.assertNotEqual(0, self.host.pawl(self.alice, "log", "verify").code)
        bundle.write_bytes(whole)
        self.assert_done(self.host.pawl(self.alice, "log", "verify"))

    @staticmethod
    def last_record(bundle):
        """Where the last record of a bundle begins."""
        begin = last = 0
        while begin < len(bundle):
            last = begin
            begin += 2 + int.from_bytes(bundle[begin:begin + 2], "big")
        return last

    def test_receipt_quorum(self):
        """receipt verify asks for the rule's quorum, and does not take an unspent receipt for a spent one"""
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        request = self.pending(self.alice)
        self.assert_done(self.approve(self.alice, request["id"]))
        wait_until(self.host.journal, what="the execution")
        target = self.alice.home / "receipt"
        self.assert_done(self.host.pawl(self.alice, "receipt", "export", request["id"], target))
        check = ["receipt", "verify", target / "receipt.json", "--signers", target / "allowed_signers"]
        self.assert_done(self.host.pawl(self.alice, *check), 2)
        self.assert_done(self.host.pawl(self.alice, *check, "--quorum", "2"), 3)
        held = self.host.pawl(self.alice, *check, "--quorum", "1")
        self.assert_done(held)
        self.assertIn("--log-key", held.out)
        bundle = json.loads((target / "receipt.json").read_text(encoding="utf-8"))
        bundle["consumed"] = None
        unspent = self.alice.write("unspent.json", json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n")
        check[2] = unspent
        self.assert_done(self.host.pawl(self.alice, *check, "--quorum", "1"), 3)
        self.assert_done(self.host.pawl(self.alice, *check, "--quorum", "1", "--unspent"))
