"""A terminal with a person at it: a pty of fixed size, in front of any command or an interactive shell of theirs."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time

from host import wait_until

PROMPT = "out> "


def set_size(descriptor, rows, columns):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class PersonsTerminal:
    """`argv` runs as a session leader that this terminal controls."""

    def __init__(self, host, person, argv, rows=24, columns=80, **environment):
        self.screen, line = pty.openpty()
        set_size(line, rows, columns)
        os.fchown(line, person.uid, person.gid)
        os.set_blocking(self.screen, False)
        self.line = os.ttyname(line)
        self.person, self.seen, self.closed = person, b"", False
        self.listeners, self.lock = [], threading.Lock()
        # A session leader without a terminal gets the first one that it opens.
        self.child = host.start(person, ["sh", "-c", 'exec <>"$0" >&0 2>&0; exec "$@"', self.line, *argv],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                **{"TERM": "xterm-256color", **environment})
        # Kept open: modes are looked at also when nobody else has it.
        self.kept = line

    def read(self):
        with self.lock:
            try:
                while piece := os.read(self.screen, 65536):
                    self.seen += piece
                    for hear in self.listeners:
                        hear(piece)
            except BlockingIOError:
                pass
            except OSError:
                self.closed = True
            return self.seen

    def type(self, keys):
        os.write(self.screen, keys.encode() if isinstance(keys, str) else keys)

    def forget(self):
        self.read()
        with self.lock:
            self.seen = b""

    def expect(self, pattern, timeout=20):
        """The first match in what was shown since the last one; all up to it is forgotten."""
        if isinstance(pattern, str):
            pattern = pattern.encode()
        try:
            found = wait_until(lambda: re.search(pattern, self.read(), re.S), timeout, 0.02, f"{pattern!r} on the terminal")
        except AssertionError as error:
            raise AssertionError(f"{error}; there was {self.seen[-2000:]!r}") from None
        with self.lock:
            self.seen = self.seen[found.end():]
        return found

    def never_shows(self, pattern, seconds):
        time.sleep(seconds)
        if re.search(pattern.encode(), self.read(), re.S):
            raise AssertionError(f"{pattern!r} is on the terminal: {self.seen[-2000:]!r}")

    def modes(self):
        return termios.tcgetattr(self.kept)

    def resize(self, rows, columns):
        set_size(self.screen, rows, columns)

    def close(self):
        """The window is closed."""
        for descriptor in (self.screen, self.kept):
            if descriptor >= 0:
                os.close(descriptor)
        self.screen = self.kept = -1


class Answers:
    """What makes a person's terminal answer questions as real ones do, in order and `delay` seconds late. It knows where the
    cursor was put, not what text does to it."""

    def __init__(self, terminal, delay):
        self.terminal, self.delay = terminal, delay
        self.due, self.place, self.rest, self.said = [], b"1;1", b"", b""
        self.ended = threading.Event()
        terminal.listeners.append(self.hear)
        self.thread = threading.Thread(target=self.talk, daemon=True)
        self.thread.start()

    def hear(self, shown):
        self.rest += shown
        while found := re.search(rb"\x1b\[(?:(\d+;\d+)H|(6n)|(5n)|(c))|\x1b\]11;(\?)(?:\x07|\x1b\\)", self.rest):
            place, cursor, status, attributes, colour = found.groups()
            self.rest = self.rest[found.end():]
            if place:
                self.place = place
            answer = (cursor and b"\x1b[" + self.place + b"R" or status and b"\x1b[0n" or attributes and b"\x1b[?62;22c" or
                      colour and b"\x1b]11;rgb:0000/0000/0000\x1b\\")
            if answer:
                self.due.append((time.monotonic() + self.delay, answer))

    def talk(self):
        while not self.ended.wait(0.005):
            self.terminal.read()
            while self.due and self.due[0][0] <= time.monotonic():
                answer = self.due.pop(0)[1]
                try:
                    self.terminal.type(answer)
                except OSError:
                    return
                self.said += answer

    def end(self):
        self.ended.set()
        self.thread.join()


class PersonsShell(PersonsTerminal):
    """An interactive bash, as people have it."""

    def __init__(self, host, person, **options):
        self.host = host
        person.write(".inputrc", "set enable-bracketed-paste off\n")
        super().__init__(host, person, ["bash", "--norc", "--noprofile", "-i"], PS1=PROMPT, PS2="", HISTFILE="",
                         PAWL=host.program("pawl"), **options)
        self.expect(PROMPT)

    def start(self, command):
        """Types a command and does not wait for it."""
        self.forget()
        self.type(command + "\n")

    def run(self, command, timeout=20):
        """What a command prints, and its exit code; the prompt is back then."""
        self.forget()
        self.type(f"{command}; echo \"code=$?\"\n")
        found = self.expect(r"(.*?)code=(\d+)\r\n.*?" + PROMPT, timeout)
        text = found.group(1).decode("utf-8", "replace")
        return text.split("\r\n", 1)[-1].replace("\r\n", "\n"), int(found.group(2))

    def stty(self):
        """As a command finds it: the shell's own line editing is not on while one runs."""
        return self.run("stty -a")[0]


def processes_with(marker):
    """Pids, on the host, of the processes in sandboxes whose command line contains the marker; not pid 1's."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read()
            with open(f"/proc/{name}/status", encoding="utf-8") as file:
                inside = re.search(r"^NSpid:\t\d+\t(\d+)$", file.read(), re.M)
        except OSError:
            continue
        if marker.encode() in words and inside and inside.group(1) != "1":
            found.append(int(name))
    return found


def pawls(host, *verbs):
    """Pids of the running programs `pawl` of this test, of these verbs."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/exe") == os.path.realpath(host.program("pawl")):
                with open(f"/proc/{name}/cmdline", encoding="utf-8") as file:
                    # One that is about to go has no words any more.
                    if (file.read().split("\0") + [""])[1] in verbs and state_of(int(name)) not in ("", "Z"):
                        found.append(int(name))
        except OSError:
            continue
    return found


def state_of(pid):
    """One letter, as ps shows it; empty when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


def parent_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return int(file.read().rsplit(")", 1)[1].split()[1])


def children_of(pid):
    """Those that live, a set."""
    found = set()
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and parent_of(int(name)) == pid and state_of(int(name)) not in ("", "Z"):
                found.add(int(name))
        except OSError:
            continue
    return found


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
