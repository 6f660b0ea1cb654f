"""Detached sessions: left, come back to, looked at, killed."""

import json
import re
import signal
import stat
import subprocess
import termios
import time

from brokers import SystemBroker, Story
from host import wait_until
from persons_terminal import PROMPT, PersonsTerminal, kill, pawls, processes_with, state_of
from terminal_story import TerminalStory

# Whatever survives a session would go on beating; it ignores everything that can be ignored.
SURVIVOR = """
import os, signal, sys, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for descriptor in range(3):
            os.close(descriptor)
        while True:
            time.sleep(0.05)
    os._exit(0)
print("ready", flush=True)
while True:
    time.sleep(0.05)
"""


class Detached(TerminalStory):
    def run_words(self, *command, **options):
        return [self.host.program("pawl"), "run", "--role", "observer", *options.get("more", []), "--", *command]

    def detached(self, *command, more=()):
        """The id of a session that was started detached, from pipes."""
        started = self.host.run(self.alice, *self.run_words(*command, more=["--detach", *more]))
        self.assert_done(started)
        self.assertRegex(started.out, r"^[0-9a-f]{12}\n$")
        self.assertEqual("", started.err)
        return started.out.strip()

    def attach(self, session, *more, **options):
        return self.terminal([self.host.program("pawl"), "attach", *more, session], **options)

    def sessions(self, person=None, *options):
        listed = self.host.pawl(person or self.alice, "sessions", "--json", *options)
        self.assert_done(listed)
        return json.loads(listed.out)

    def session(self, identity):
        return next(entry for entry in self.sessions(None, "--all") if entry["id"].startswith(identity))

    def held(self):
        return self.alice.home / ".local/state/pawl/held"

    def holder(self):
        return wait_until(lambda: pawls(self.host, "run"), what="a holder")[0]

    ECHO = ["sh", "-c", 'echo ready; while read line; do [ "$line" = end ] && exit 7; echo "got $line"; done']

    def test_by_keys(self):
        """Ctrl-\\ twice leaves the session running; attach shows it again, types into it and gets its exit code"""
        terminal = self.terminal(self.run_words(*self.ECHO))
        before = terminal.modes()
        terminal.expect("ready")
        # Once is the command's: cat -v style echo of the line discipline, and a SIGQUIT for it.
        terminal.type("one\r")
        terminal.expect("got one")
        terminal.type("\x1c\x1c")
        said = terminal.expect(r"pawl: session ([0-9a-f]{12}) goes on without you; come back with: pawl attach \1\r\n")
        self.assertEqual(0, terminal.child.wait(10))
        self.assertEqual(before, terminal.modes())
        session = said.group(1).decode()
        self.assertIs(True, self.session(session)["detached"])
        terminal.close()
        for number in range(2):
            again = self.attach(session)
            again.expect("ready.*got one")
            self.assertIs(False, self.session(session)["detached"])
            again.type(f"more{number}\r")
            again.expect(f"got more{number}")
            before = again.modes()
            again.type("\x1c\x1c")
            again.expect("goes on without you")
            self.assertEqual(0, again.child.wait(10))
            self.assertTrue(again.modes()[3] & termios.ICANON)
        last = self.attach(session)
        last.expect("got more1")
        last.type("end\r")
        self.assertEqual(7, last.child.wait(10))
        self.assertTrue(last.modes()[3] & termios.ECHO)
        self.assertEqual([], self.sessions())
        self.assertEqual(7, self.session(session)["exit_code"])
        self.assertEqual([], list(self.held().iterdir()))
        wait_until(lambda: not pawls(self.host, "run", "attach"), what="the holder's end")

    def test_one_key(self):
        """a single Ctrl-\\ is the command's, as is everything when other keys or none were chosen"""
        terminal = self.terminal(self.run_words("sh", "-c", "trap 'echo quit' QUIT; echo ready; while :; do read line; done"))
        terminal.expect("ready")
        terminal.type("\x1c")
        terminal.expect("quit")
        terminal.type("\x1c")
        time.sleep(0.7)
        terminal.type("\x1c")
        terminal.expect("quit.*quit")
        self.assertIsNone(terminal.child.poll())
        for keys, typed in (("ctrl-a,d", "\x01d"), ("ctrl-x", "\x18")):
            other = self.terminal([*self.run_words(*self.ECHO)], PAWL_DETACH_KEYS=keys)
            other.expect("ready")
            other.type("\x1c\x1c" if keys == "none" else typed)
            other.expect("goes on without you")
        refused = self.host.run(self.alice, *self.run_words("true", more=["--detach-keys", "d"]))
        self.assert_done(refused, 125)
        self.assertIn("control key", refused.err)

    def test_from_pipes(self):
        """--detach gives a terminal whatever the caller's streams are; a second attach is refused, --steal takes over"""
        session = self.detached("sh", "-c", "tty; stty size; echo ready; exec cat")
        first = self.attach(session, rows=30, columns=100)
        # The size is the usual one, or already that of the terminal that came.
        first.expect(r"/dev/pts/\d+\r\n(24 80|29 100|30 100)\r\nready")
        first.type("both\r")
        first.expect("both\r\nboth\r\n")
        second = self.attach(session)
        second.expect("somebody is attached to session " + session + ".*--steal")
        self.assertEqual(125, second.child.wait(10))
        third = self.attach(session, "--steal")
        third.expect("both\r\nboth\r\n")
        first.expect("taken over by another pawl attach")
        self.assertEqual(125, first.child.wait(10))
        self.assertTrue(first.modes()[3] & termios.ICANON)
        third.type("mine\r")
        third.expect("mine\r\nmine\r\n")
        third.type("\x04")
        self.assertEqual(0, third.child.wait(10))

    def test_resize(self):
        """a program that draws itself does so anew for whoever comes, in their terminal's size, and follows it"""
        program = self.script("drawer", """
import os, signal, sys, time
def draw(*_):
    size = os.get_terminal_size(0)
    os.write(1, b"\\x1b[2J\\x1b[Hsize %d %d" % (size.lines, size.columns))
signal.signal(signal.SIGWINCH, draw)
os.write(1, b"\\x1b[?1049h\\x1b[?2004h")
draw()
while True:
    signal.pause()
""")
        session = self.detached(*program.split())
        terminal = self.attach(session, rows=41, columns=99)
        # The modes that it has set long ago come first.
        terminal.expect(re.escape("\x1b[?1049h") + ".*" + re.escape("\x1b[?2004h") + ".*size 41 99")
        terminal.resize(20, 60)
        terminal.expect("size 20 60")
        terminal.type("\x1c\x1c")
        terminal.expect(re.escape("\x1b[?1049l") + ".*" + re.escape("\x1b[?2004l") + ".*goes on without you")

    def test_suspend(self):
        """Ctrl-Z in an attached session stops attach and the command; going on continues both"""
        session = self.detached(*self.counter("held-one").split())
        inner = self.inner("held-one.py")
        shell = self.person_shell()
        before = shell.stty()
        shell.start(f"$PAWL attach {session}")
        shell.expect(r"count \d+")
        shell.type("\x1a")
        shell.expect("Stopped.*?" + PROMPT)
        self.assertEqual("T", state_of(inner))
        self.assertEqual(before, shell.stty())
        shell.start("fg")
        shell.expect("continued.*count")
        # Left while it is stopped: coming back continues it.
        shell.type("\x1a")
        shell.expect("Stopped.*?" + PROMPT)
        shell.run("kill -9 %1; wait %1")
        self.assertEqual("T", state_of(inner))
        shell.start(f"$PAWL attach {session}")
        shell.expect("continued.*count")
        shell.type("\x03")
        shell.expect(PROMPT)
        self.assertEqual(("130\n", 0), shell.run("echo $?"))

    def test_left_alone(self):
        """closing the terminal, or SIGKILL, of attach leaves the session, and the terminal is put back"""
        session = self.detached(*self.ECHO)
        first = self.attach(session)
        first.expect("ready")
        first.close()
        self.assertEqual(128 + signal.SIGHUP, first.child.wait(10))
        second = self.attach(session)
        second.expect("ready")
        before = second.modes()
        self.assertFalse(before[3] & termios.ICANON)
        kill(second.child.pid)
        second.expect(re.escape("\x1b[?1049l"))
        wait_until(lambda: second.modes()[3] & termios.ICANON, 2, what="the terminal's putting back")
        self.assertIs(True, wait_until(lambda: self.session(session)["detached"], what="the seat's being free"))
        third = self.attach(session)
        third.expect("ready")
        third.type("end\r")
        self.assertEqual(7, third.child.wait(10))

    def test_holder_dies(self):
        """losing the holder ends the session, and whoever is attached gets the terminal back and a reason"""
        session = self.detached(*self.counter("orphaned-one").split())
        inner = self.inner("orphaned-one.py")
        terminal = self.attach(session)
        terminal.expect(r"count \d+")
        kill(self.holder())
        terminal.expect("is gone, and the session with it")
        self.assertEqual(125, terminal.child.wait(10))
        self.assertTrue(terminal.modes()[3] & termios.ICANON)
        wait_until(lambda: not state_of(inner), 1, what="the command's end")
        gone = self.attach(session)
        gone.expect("is not held any more")
        self.assertEqual(125, gone.child.wait(10))

    def test_output_is_bounded(self):
        """what nobody reads does not hold the command up, and takes no memory"""
        program = self.script("flooding", """
import os, time
line = b"x" * 79 + b"\\n"
for number in range(1000):
    os.write(1, line * 1000)
os.write(1, b"\\x1b[cflooded\\n\\x05")
os.execv("/bin/sleep", ["flooding-done", "1000"])
""")
        session = self.detached(*program.split())
        holder = self.holder()
        wait_until(lambda: processes_with("flooding-done"), 60, what="the flood's end")
        with open(f"/proc/{holder}/status", encoding="ascii") as file:
            resident = int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))
        self.assertLess(resident, 8 * 1024)
        terminal = self.attach(session)
        found = terminal.expect("flooded")
        shown = found.string[:found.start()]
        self.assertTrue(50_000 < len(shown) < 70_000, len(shown))
        # A question to the terminal is not asked again: its answer would be typed into the command.
        self.assertNotIn(b"\x1b[c", shown)
        terminal.never_shows("\x05", 0.2)

    def test_only_its_person(self):
        """nobody else may attach, not even where the folder is open to them"""
        session = self.detached(*self.ECHO)
        full = self.session(session)["id"]
        path = self.held() / f"{full}.sock"
        self.assertEqual(0o700, stat.S_IMODE(self.held().stat().st_mode))
        self.assertEqual(0o600, stat.S_IMODE(path.stat().st_mode))
        other = self.terminal([self.host.program("pawl"), "attach", session], person=self.bob)
        other.expect(f"no session {session} of yours is detached")
        self.assertEqual(125, other.child.wait(10))
        # What the holder answers to `look`: alice it tells; to everybody else, root too, it closes.
        look = "import os, socket, sys; os.chdir(sys.argv[1]); s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); " \
               "s.connect(sys.argv[2]); s.sendall(bytes(int(sys.argv[3]))); print('answered', len(s.recv(100)))"
        size = self.length_of_look()
        for folder in path.parents:
            if folder.is_relative_to(self.alice.home):
                folder.chmod(0o755)
        path.chmod(0o777)
        arguments = ["/usr/bin/python3", "-c", look, str(path.parent), path.name, size]
        self.assertRegex(self.host.run(self.alice, *arguments, cwd="/").out, r"^answered [1-9]")
        tried = self.host.run(self.bob, *arguments, cwd="/")
        self.assertTrue(tried.out == "answered 0\n" or "BrokenPipe" in tried.err or "ConnectionReset" in tried.err, tried)
        own = subprocess.run([str(word) for word in arguments], capture_output=True, check=False, timeout=20)
        self.assertNotRegex(own.stdout, rb"answered [1-9]")
        # Nonsense from alice herself is no reason to die.
        self.host.run(self.alice, *arguments[:-1], 7, cwd="/")
        again = self.attach(session)
        again.expect("ready")

    @staticmethod
    def length_of_look():
        """Of a GuestMessage of zeros (tools/hold_protocol.hpp): kind, take, four sizes, three empty texts, number."""
        return 1 + 1 + 4 * 2 + 3 * 4 + 4

    def test_sandbox_does_not_see_it(self):
        """an agent of the same uid finds neither the folder nor the socket"""
        session = self.detached(*self.ECHO)
        full = self.session(session)["id"]
        found = self.host.run(self.alice, *self.run_words("sh", "-c", f"ls -la {self.held()}; ls -R / 2>/dev/null | grep {full[:16]}.*sock; grep {full} /proc/net/unix; echo done"))
        self.assertIn("done", found.out)
        self.assertNotIn(".sock", found.out)

    def test_piped_streams_stay(self):
        """where a standard stream is a pipe, the keys that detach are the command's"""
        program = self.script("quitter", """
import os, signal, time
signal.signal(signal.SIGQUIT, lambda *_: os.write(1, b"q" * 3))
print("r" * 3, flush=True)
while True:
    time.sleep(0.05)
""")
        shell = self.person_shell()
        shell.start(f"$PAWL run --role observer -- {program} | cat")
        shell.expect("rrr")
        shell.type("\x1c\x1c")
        shell.expect("qqq")
        self.assertFalse(self.held().exists() and list(self.held().iterdir()))
        shell.type("\x03")
        shell.expect(PROMPT)

    # pawl kill

    def kill_within_a_second(self, session, marker, codes=(0,)):
        inner = processes_with(marker)
        self.assertGreaterEqual(len(inner), 2)
        started = time.monotonic()
        self.assertIn(self.host.pawl(self.alice, "kill", session).code, codes)
        wait_until(lambda: not any(state_of(pid) not in ("", "Z") for pid in inner), 5, 0.01, "the end of all")
        self.assertLess(time.monotonic() - started, 1.0)
        self.assertEqual([], processes_with(marker))

    def survivor(self, marker):
        return self.script(marker, SURVIVOR).split()

    def two(self, marker):
        wait_until(lambda: len(processes_with(marker)) >= 2, what="the survivors")

    def test_kill_detached(self):
        """pawl kill ends a detached session with every survivor within a second"""
        session = self.detached(*self.survivor("survivor-one"))
        self.two("survivor-one.py")
        holder = self.holder()
        self.kill_within_a_second(session, "survivor-one.py")
        wait_until(lambda: state_of(holder) in ("", "Z"), 2, what="the holder's end")
        self.assertEqual(137, self.session(session)["exit_code"])
        self.assertEqual([], list(self.held().iterdir()))

    def test_kill_attached(self):
        """pawl kill ends a session in its terminal, suspended or not, and the terminal is put back"""
        shell = self.person_shell()
        before = shell.stty()
        shell.start(f"$PAWL run --role observer -- {' '.join(self.survivor('survivor-two'))}")
        shell.expect("ready")
        self.two("survivor-two.py")
        self.kill_within_a_second(self.sessions()[0]["id"], "survivor-two.py")
        shell.expect(PROMPT)
        self.assertEqual(("137\n", 0), shell.run("echo $?"))
        self.assertEqual(before, shell.stty())
        shell.start(f"$PAWL run --role observer -- {self.counter('survivor-three')}")
        shell.expect(r"count \d+")
        shell.type("\x1a")
        shell.expect("Stopped.*?" + PROMPT)
        inner = self.inner("survivor-three.py")
        self.assert_done(self.host.pawl(self.alice, "kill", self.sessions()[0]["id"]))
        wait_until(lambda: not state_of(inner), 1, what="the stopped command's end")
        shell.start("fg")
        shell.expect(PROMPT)
        self.assertEqual(("137\n", 0), shell.run("echo $?"))

    def test_kill_after_restart(self):
        """pawl kill does so, too, when the broker was restarted meanwhile, attached or not"""
        for held in (True, False):
            marker = f"restarted-{held}".lower()
            if held:
                session = self.detached(*self.survivor(marker))
            else:
                terminal = self.terminal(self.run_words(*self.survivor(marker)))
                terminal.expect("ready")
                session = self.sessions()[0]["id"]
            self.two(marker + ".py")
            self.broker.kill()
            self.broker.start()
            self.assertEqual(1, len(self.sessions()))
            # 1: its launcher has not found the new broker yet, and is told when it does.
            self.kill_within_a_second(session, marker + ".py", codes=(0, 1))
            wait_until(lambda: not pawls(self.host, "run"), 3, what="the end of pawl run")
            self.assertEqual([], self.sessions())

    def test_goes_on_without_a_broker(self):
        """a detached session outlives the broker's restart, and is attached to while there is none"""
        session = self.detached(*self.ECHO)
        self.broker.kill()
        first = self.attach(session)
        first.expect("ready")
        first.type("x\r")
        first.expect("got x")
        first.type("\x1c\x1c")
        first.expect("goes on without you")
        self.broker.start()
        self.assertIs(True, self.session(session)["detached"])


class DetachedUnderTheSystemBroker(Story):
    def test_system(self):
        """under the system broker a person's session is held by themselves, and others see only that it runs"""
        broker = SystemBroker(self.host)
        broker.start()
        started = self.host.pawl(self.alice, "run", "--role", "observer", "--detach", "--", "cat")
        self.assert_done(started)
        session = started.out.strip()
        listed = {person.name: json.loads(self.host.pawl(person, "sessions", "--json").out)[0]["detached"]
                  for person in (self.alice, self.bob)}
        self.assertEqual({"alice": True, "bob": None}, listed)
        self.assertIn("detached", self.host.pawl(self.alice, "sessions").out)
        terminal = PersonsTerminal(self.host, self.alice, [self.host.program("pawl"), "attach", session])
        self.addCleanup(terminal.close)
        terminal.type("hello\r")
        terminal.expect("hello\r\nhello\r\n")
        self.assert_done(self.host.pawl(self.alice, "kill", session))
        self.assertEqual(137, terminal.child.wait(10))


del TerminalStory, Story
