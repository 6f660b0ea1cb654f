"""The terminal of pawl run: job control, what a crash or a hostile agent leaves, full-screen programs."""

import re
import signal
import termios
import time

import policy_files
from host import wait_until
from persons_terminal import PROMPT, Answers, children_of, kill, parent_of, pawls, processes_with, state_of
from terminal_story import TerminalStory

# What a hostile or crashed program leaves behind: every mode that can be set, and a string that is never ended.
HOSTILE = r"""
import os, sys, tty
tty.setraw(0)
import termios
modes = termios.tcgetattr(0)
modes[3] &= ~(termios.ECHO | termios.ISIG)
termios.tcsetattr(0, termios.TCSANOW, modes)
os.write(1, b"\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?1006h\x1b[?2004h\x1b[>5u\x1b[3;5r\x1b[?6h\x1b[?25l\x1b(0\x1b[7m"
            b"\x1b[22;0t\x1b]0;owned\x07marker-of-hostile\x1b]0;never ended")
"""


class JobControl(TerminalStory):
    def test_suspend(self):
        """Ctrl-Z suspends pawl run with its command, the terminal is as before, and fg continues both"""
        shell = self.person_shell()
        before = shell.stty()
        shell.start(f"$PAWL run --role observer -- {self.counter('suspended-one')}")
        for _ in range(2):
            shell.expect(r"count \d+")
            inner = self.inner("suspended-one.py")
            shell.type("\x1a")
            shell.expect(r"Stopped.*?" + PROMPT)
            self.assertEqual("T", state_of(inner))
            self.assertEqual(before, shell.stty())
            shell.start("fg")
            shell.expect("continued\r\n")
            self.assertNotEqual("T", state_of(inner))
        shell.type("\x03")
        shell.expect(PROMPT)
        self.assertEqual(("130\n", 0), shell.run("echo $?"))
        self.assertEqual(before, shell.stty())

    def test_background(self):
        """bg continues the command in the background, and fg takes the keyboard back without any signal"""
        shell = self.person_shell()
        shell.start("$PAWL run --role observer -- sh -c 'echo ready; while read line; do echo \"got $line\"; done'")
        shell.expect("ready\r\n")
        shell.type("\x1a")
        shell.expect("Stopped.*?" + PROMPT)
        shell.start("bg")
        shell.expect(PROMPT)
        # The shell's own commands work meanwhile; what is typed is the shell's.
        self.assertEqual(("mine\n", 0), shell.run("echo mine"))
        shell.start("fg")
        time.sleep(0.5)
        shell.type("yours\r")
        shell.expect("got yours")
        shell.type("\x04")
        shell.expect(PROMPT)

    def test_inner_shell(self):
        """with a shell inside, its jobs are its own and the outer shell notices nothing"""
        shell = self.person_shell()
        shell.start("$PAWL run --role observer -- bash --norc --noprofile -i")
        shell.expect(r"\$ ")
        shell.type("PS1='in> '\r")
        shell.expect(r"\r\n.*in> ")
        shell.type("sleep 100\r")
        wait_until(lambda: processes_with("sleep\x00100"), what="the inner job")
        time.sleep(0.2)
        shell.type("\x1a")
        shell.expect("Stopped.*in> ")
        shell.type("jobs -l; kill %1; echo pid=$$\r")
        shell.expect(r"Stopped.*pid=\d+\r\n.*in> ")
        shell.never_shows(PROMPT, 0.3)
        shell.type("exit 9\r")
        shell.expect(PROMPT)
        self.assertEqual(("9\n", 0), shell.run("echo $?"))

    def test_pipes(self):
        """between pipes SIGTSTP stops pawl run together with its command, and SIGCONT continues both"""
        # In a group below its parent's: the kernel stops none that nobody could continue.
        job = "import subprocess, sys; sys.exit(subprocess.Popen(sys.argv[1:], process_group=0).wait())"
        child = self.host.start(self.alice, ["/usr/bin/python3", "-c", job, self.host.program("pawl"), "run", "--role", "observer",
                                             "--", *self.counter("piped-one").split()])
        self.assertEqual(b"ready\n", child.stdout.readline())
        inner = self.inner("piped-one.py")
        run, = pawls(self.host, "run")
        for _ in range(2):
            kill(run, signal.SIGTSTP)
            wait_until(lambda: state_of(run) == "T", 5, what="the stop of pawl run")
            self.assertEqual("T", state_of(inner))
            kill(run, signal.SIGCONT)
            wait_until(lambda: b"continued" in child.stdout.readline(), what="the command's going on")
            self.assertNotEqual("T", state_of(run))
        kill(run, signal.SIGTERM)
        wait_until(lambda: not state_of(inner), what="the end of the command")
        child.stdout.read()
        self.assertEqual(143, child.wait(10))

    def test_pipeline(self):
        """a pipeline with pawl run in it is one job: Ctrl-Z stops it with its command, fg continues it"""
        shell = self.person_shell()
        shell.start(f"$PAWL run --role observer -- {self.counter('pipeline-one')} </dev/null 2>/dev/null | cat")
        shell.expect(r"count \d+")
        inner = self.inner("pipeline-one.py")
        shell.type("\x1a")
        shell.expect("Stopped.*?" + PROMPT)
        wait_until(lambda: state_of(inner) == "T", 5, what="the command's stop")
        shell.start("fg")
        shell.expect("continued\r\n")
        shell.type("\x03")
        shell.expect(PROMPT)
        wait_until(lambda: not state_of(inner), 5, what="the command's end")

    def test_own_stop(self):
        """a command that stops of its own accord stops pawl run, and nothing else of the pipeline"""
        program = self.script("stopping-one", """
import os, signal, time
signal.signal(signal.SIGCONT, lambda *_: os.write(1, b"continued\\n"))
time.sleep(0.5)
os.kill(os.getpid(), signal.SIGSTOP)
time.sleep(100)
""")
        shell = self.person_shell()
        shell.start(f"$PAWL run --role observer -- {program} 2>/dev/null | tee /dev/null")
        run = wait_until(lambda: pawls(self.host, "run"), what="pawl run")[0]
        wait_until(lambda: state_of(run) == "T", what="the stop of pawl run")
        other, = children_of(shell.child.pid) - {run}
        self.assertEqual("S", state_of(other))
        kill(run, signal.SIGCONT)
        shell.expect("continued")
        shell.type("\x03")
        shell.expect(PROMPT)

    def test_window_closed_behind(self):
        """closing the window ends a session in the background, too, whatever signals its command ignores"""
        shell = self.person_shell()
        program = self.script("ignoring-one", """
import signal, time
for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(100)
""")
        shell.start(f"$PAWL run --role observer -- {program} &")
        shell.expect("ready")
        inner = self.inner("ignoring-one.py")
        shell.close()
        wait_until(lambda: not state_of(inner), what="the command's end")

    def test_no_shell(self):
        """where there is no shell to go back to, Ctrl-Z leaves both running"""
        command = self.counter("orphan-one").split()
        terminal = self.terminal([self.host.program("pawl"), "run", "--role", "observer", "--", *command])
        terminal.expect(r"count \d+")
        terminal.type("\x1a")
        terminal.expect("continued")
        terminal.expect(r"count \d+")
        terminal.type("\x03")
        self.assertEqual(130, terminal.child.wait(20))


class Crash(TerminalStory):
    def test_killed(self):
        """SIGKILL of pawl run while the terminal is raw: it is put back and reset, and the command is dead"""
        shell = self.person_shell()
        before = shell.stty()
        program = self.script("drawing-one", HOSTILE + "\nimport time\ntime.sleep(100)\n")
        shell.start(f"$PAWL run --role observer -- {program}")
        shell.expect("marker-of-hostile")
        inner = self.inner("drawing-one.py")
        # This is how it would be left.
        self.assertEqual(0, shell.modes()[3] & (termios.ECHO | termios.ICANON | termios.ISIG))
        run, = pawls(self.host, "run")
        kill(run)
        # Shell and launcher notice at the same time: either may be first on the terminal.
        shell.expect("(?=.*" + re.escape("\x1b[?1049l") + ")(?=.*Killed.*" + PROMPT + ")")
        self.assertEqual(before, shell.stty())
        wait_until(lambda: not state_of(inner), 1, what="the command's end")

    def test_hostile(self):
        """whatever the command leaves, the terminal is as before and reset before pawl says anything"""
        shell = self.person_shell()
        before = shell.stty()
        program = self.script("leaving-one", HOSTILE + "\nsys.exit(3)\n")
        # Without pawl it works: the shell is left with it.
        shell.start(f"{program}; stty -a | tr -d '\\r'; stty sane; echo 'do''ne'")
        left = shell.expect("marker-of-hostile(.*)done").group(1)
        self.assertIn(b"-echo", left)
        self.assertNotIn(b"\x1b[?1049l", left)
        shell.expect(PROMPT)
        shell.run("stty sane")
        before = shell.stty()
        shell.forget()
        shell.start(f"$PAWL run --role observer -- {program}")
        left = shell.expect("marker-of-hostile(.*?)" + PROMPT).group(1)
        for undone in (b"\x1b\\", b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?1006l", b"\x1b[?2004l", b"\x1b[<99u", b"\x1b[r",
                       b"\x1b[?6l", b"\x1b[?25h", b"\x1b(B", b"\x1b[0m", b"\x1b[23;0t"):
            self.assertIn(undone, left)
        # The open string is closed first: what stands in it undoes nothing.
        self.assertLess(left.index(b"\x1b\\"), left.index(b"\x1b[?1049l"))
        self.assertEqual(before, shell.stty())

    def test_launcher_and_pid_1(self):
        """SIGKILL of pawl-launch, or of pid 1: the terminal is put back, pawl run says what happened, and nothing is left"""
        shell = self.person_shell()
        before = shell.stty()
        for victim, code in (("launcher", 125), ("pid 1", 137)):
            marker = "drawing-" + victim[0]
            program = self.script(marker, HOSTILE + "\nimport time\ntime.sleep(100)\n")
            shell.start(f"$PAWL run --role observer -- {program}")
            shell.expect("marker-of-hostile")
            inner = self.inner(marker + ".py")
            first = parent_of(inner)
            launcher = parent_of(first)
            kill(launcher if victim == "launcher" else first)
            shell.expect(re.escape("\x1b[?1049l") + ".*" + PROMPT)
            self.assertEqual((f"{code}\n", 0), shell.run("echo $?"))
            self.assertEqual(before, shell.stty())
            for pid in (inner, first, launcher):
                wait_until(lambda pid=pid: state_of(pid) in ("", "Z"), 1, what=f"the end of {pid}")

    def test_failure_is_readable(self):
        """what pawl says itself comes after the reset"""
        shell = self.person_shell()
        self.broker.write(policy_files.OBSERVER + '\n[limits]\nwall_time = "1s"\n', "roles/observer.toml")
        program = self.script("late-one", HOSTILE + "\nimport time\ntime.sleep(100)\n")
        shell.start(f"$PAWL run --role observer -- {program}")
        shown = shell.expect("marker-of-hostile(.*?)wall time(.*?)" + PROMPT).group(1)
        self.assertIn(b"\x1b[?1049l", shown)
        self.assertEqual(("124\n", 0), shell.run("echo $?"))


# Asks until its last breath, and has forged what a terminal says when all is well.
ASKING = r"""
import os, tty
tty.setraw(0)
os.write(1, b"\x1b[5n\x1b[6n\x1b[c\x1b]11;?\x07" * 20 + b"\x1b[3;4H\x1b[6n\x1b[5;6H\x1b[6n\x1b[1;1Hmarker-of-asking")
"""
# What the shell finds to read, for a second, once the command is over.
LEFT = "; IFS= read -rs -t 1 -d '' left; printf 'left=%q.\\n' \"$left\""


class Questions(TerminalStory):
    def asking(self, delay):
        shell = self.person_shell()
        answers = Answers(shell, delay)
        self.addCleanup(answers.end)
        return shell, answers

    def test_at_the_end(self):
        """answers to what a command asked, however late, never reach the shell: without pawl they do"""
        program = self.script("asking-one", ASKING)
        for delay in (0, 0.3):
            shell, answers = self.asking(delay)
            shell.start(f"{program}{LEFT}; stty sane")
            self.assertIn(b"R", shell.expect(r"left=([^\n]*)\.\r?\n").group(1))
            shell.expect(PROMPT)
            shell.start(f"$PAWL run --role observer -- {program}{LEFT}")
            self.assertEqual(b"''", shell.expect(r"left=([^\n]*)\.\r?\n").group(1))
            shell.expect(PROMPT)
            # They came, all of them, and pawl's own three.
            self.assertGreaterEqual(answers.said.count(b"R"), 2 * 22 + 3)
            self.assertGreaterEqual(answers.said.count(b"c"), 2 * 20)

    def test_suspended_and_left(self):
        """nor when it is suspended, or detached, right behind its question"""
        program = self.script("asking-two", """
import os, signal, time, tty
tty.setcbreak(0)
while True:
    os.read(0, 1)
    os.write(1, b"\\x1b[6n\\x1b[c" * 5 + b"asked")
    os.kill(0, signal.SIGTSTP)
""")
        shell, _ = self.asking(0.3)
        shell.start(f"$PAWL run --role deployer -- {program}{LEFT}")
        time.sleep(1)
        shell.type("x")
        shell.expect("asked")
        self.assertEqual(b"''", shell.expect(r"left=([^\n]*)\.\r?\n").group(1))
        shell.expect(PROMPT)
        shell.run("kill -9 %1; wait")
        other = self.script("asking-three", """
import os, time, tty
tty.setraw(0)
while True:
    os.write(1, b"\\x1b[6n\\x1b[c")
    time.sleep(0.05)
""")
        shell.start(f"$PAWL run --role deployer -- {other}{LEFT}")
        time.sleep(1)
        shell.type("\x1c\x1c")
        self.assertEqual(b"''", shell.expect(r"left=([^\n]*)\.\r?\n").group(1))

    def test_from_behind(self):
        """nor from the background: the command's text is shown there, and what asks is not"""
        program = self.script("asking-behind", """
import os, time
number = 0
while True:
    number += 1
    os.write(1, b"\\x1b[6n\\x1b[cnumber %d\\r\\n" % number)
    time.sleep(0.05)
""")
        shell, _ = self.asking(0)
        shell.start(f"$PAWL run --role observer -- {program}")
        shell.expect(r"number \d+")
        shell.type("\x1a")
        shell.expect("Stopped.*?" + PROMPT)
        shell.start("bg" + LEFT)
        shown = shell.expect(r"number \d+.*left=([^\n]*)\.\r?\n")
        self.assertEqual(b"''", shown.group(1))
        self.assertNotIn(b"\x1b[6n", shown.group(0))
        shell.start("kill -9 %1")

    def test_rest_of_a_line(self):
        """what somebody goes on typing for a command that has ended is not run by the shell"""
        shell = self.person_shell()
        program = self.script("ending-one", "import os, tty; tty.setraw(0); print('asks', flush=True); os.read(0, 1)")
        shell.start(f"{program}; stty sane")
        shell.expect("asks")
        self.type_slowly(shell, "xecho ru''n\r")
        shell.expect("run\r\n")  # this is what happens without pawl
        shell.expect(PROMPT)
        shell.start(f"$PAWL run --role observer -- {program}")
        shell.expect("asks")
        self.type_slowly(shell, "xecho ru''n\r")
        shown = shell.expect("(.*)" + PROMPT).group(1)
        self.assertNotIn(b"run", shown)
        self.assertNotIn(b"run", shell.run("echo mine")[0].encode())

    @staticmethod
    def type_slowly(shell, keys):
        for key in keys:
            shell.type(key)
            time.sleep(0.1)

    def test_no_answer(self):
        """a terminal that never answers costs two seconds, and nothing where nothing was asked"""
        shell = self.person_shell()
        silent = self.script("silent-one", "print('no question')")
        asking = self.script("asking-four", "print('\\x1b[6n')")
        times = {}
        for program in (silent, asking):
            started = time.monotonic()
            self.assertEqual(0, shell.run(f"$PAWL run --role observer -- {program}")[1])
            times[program] = time.monotonic() - started
        self.assertGreater(times[asking], 2.0)
        self.assertLess(times[asking] - times[silent], 4)


del TerminalStory
