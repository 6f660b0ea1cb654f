"""The terminal of pawl run: job control, what a crash or a hostile agent leaves, full-screen programs."""

import re
import signal
import termios
import time

import policy_files
from host import wait_until
from persons_terminal import PROMPT, kill, pawls, processes_with, state_of
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
        shell.expect(re.escape("\x1b[?1049l"))
        shell.expect("Killed.*" + PROMPT)
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

    def test_failure_is_readable(self):
        """what pawl says itself comes after the reset"""
        shell = self.person_shell()
        self.broker.write(policy_files.OBSERVER + '\n[limits]\nwall_time = "1s"\n', "roles/observer.toml")
        program = self.script("late-one", HOSTILE + "\nimport time\ntime.sleep(100)\n")
        shell.start(f"$PAWL run --role observer -- {program}")
        shown = shell.expect("marker-of-hostile(.*?)wall time(.*?)" + PROMPT).group(1)
        self.assertIn(b"\x1b[?1049l", shown)
        self.assertEqual(("124\n", 0), shell.run("echo $?"))


del TerminalStory
