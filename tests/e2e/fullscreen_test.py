"""A full-screen program looks the same under pawl run as without it: drawn by real programs, read off a real terminal."""

import os
import re
import shutil
import subprocess
import time

from host import wait_until
from terminal_story import TerminalStory

ROWS, COLUMNS = 24, 80
VIM = ["vim.basic", "-u", "NONE", "-i", "NONE", "-n", "-N", "--cmd", "set number ruler laststatus=2 mouse=a t_RV= t_u7= ttimeout ttimeoutlen=20 timeoutlen=100"]


class Multiplexer:
    """tmux as the person's terminal: it keeps the screen that the escape codes make. Spoken to in its control mode."""

    def __init__(self, host, person, name):
        self.host, self.person = host, person
        self.command = ["tmux", "-S", str(person.home / f"{name}.tmux"), "-f", "/dev/null"]
        self.control, self.read = None, b""

    def start(self, argv):
        self.control = self.host.start(self.person, [*self.command, "-C", "new-session", "-x", COLUMNS, "-y", ROWS, "-c",
                                                     self.person.workspace, "sleep", "1000"], stderr=subprocess.DEVNULL)
        os.set_blocking(self.control.stdout.fileno(), False)
        self.answer()
        self.tell("set-option", "-g", "window-size", "manual")
        self.resize(ROWS, COLUMNS)
        self.tell("respawn-pane", "-k", "-c", self.person.workspace, "env", "-u", "TMUX", "-u", "TMUX_PANE", "LANG=C.UTF-8",
                  "sh", "-c", '"$@"; echo "over $?"; exec sleep 1000', "sh", *argv)

    def answer(self):
        """What the next command answered; what tmux tells besides is skipped."""
        def whole():
            self.read += self.control.stdout.read() or b""
            return re.search(rb"^%begin ([\d ]+)\n(.*?)^%(end|error) \1\n", self.read, re.S | re.M)
        found = wait_until(whole, 20, 0.01, "an answer of tmux")
        self.read = self.read[found.end():]
        text = found.group(2).decode("utf-8")
        if found.group(3) == b"error":
            raise AssertionError(f"tmux: {text}")
        return text

    def tell(self, *words):
        line = " ".join("'" + str(word).replace("'", "'\\''") + "'" for word in words)
        self.control.stdin.write(line.encode() + b"\n")
        self.control.stdin.flush()
        return self.answer()

    def keys(self, *keys):
        self.tell("send-keys", *keys)

    def type(self, line):
        self.keys("-l", line)
        self.keys("Enter")

    def resize(self, rows, columns):
        self.tell("resize-window", "-x", columns, "-y", rows)

    def screen(self):
        """Text with attributes, and where the cursor is."""
        where = "#{cursor_x},#{cursor_y},#{alternate_on},#{mouse_any_flag},#{keypad_flag}"
        # Attributes at the end of a line change nothing that is seen.
        text = re.sub(r"(\x1b\[[0-9;]*m)+$", "", self.tell("capture-pane", "-p", "-e"), flags=re.M)
        return text + self.tell("display-message", "-p", where)

    def expect(self, text):
        try:
            wait_until(lambda: text in self.screen(), 20, what=f"{text!r} on the screen")
        except AssertionError as error:
            raise AssertionError(f"{error}; there is\n{self.screen()}") from None

    def settled(self):
        """The screen, once it no longer changes."""
        def same():
            before = self.screen()
            time.sleep(0.4)
            after = self.screen()
            return after if before == after else None
        return wait_until(same, 20, 0, "a screen that stays")

    def end(self):
        self.host.run(self.person, *self.command, "kill-server")


class FullScreen(TerminalStory):
    def setUp(self):
        for program in ("tmux", "vim.basic", "less"):
            if not shutil.which(program):
                self.skipTest(f"skipped: {program} is not installed")
        super().setUp()
        self.alice.write("project/text", "".join(f"line {number} of a text with \u00e4 and \u2192 in it\n" for number in range(1, 200)))

    def multiplexer(self, name):
        made = Multiplexer(self.host, self.alice, name)
        self.addCleanup(made.end)
        return made

    def compare(self, argv, steps):
        """Plays the steps with and without pawl, and compares the screen after each."""
        outside, inside = self.multiplexer("outside"), self.multiplexer("inside")
        outside.start(argv)
        inside.start([self.host.program("pawl"), "run", "--role", "deployer", "--", *argv])
        for expected, step in steps:
            if step:
                for one in (outside, inside):
                    step(one)
            inside.expect(expected)
            self.assertEqual(outside.settled(), inside.settled())
        return outside, inside

    def test_vim(self):
        """vim draws the same, follows a resize in the middle, and leaves the terminal as it was"""
        outside, inside = self.compare([*VIM, "text"], [
            ("line 1 of", None),
            ("line 121 of", lambda one: one.keys("120G", "dd", "O", "new text \u00fc", "Escape")),
            ("line 115 of", lambda one: one.resize(30, 100)),
            ("line 5 of", lambda one: one.keys("gg", "i", "C-v", "u2588", "Escape", "v", "j", "l")),
            ("-- More --", lambda one: one.keys("Escape", ":version", "Enter")),
            ("line 5 of", lambda one: one.keys("q", "Escape")),
        ])
        for one in (outside, inside):
            one.keys(":q!", "Enter")
        inside.expect("over 0")
        for one in (outside, inside):
            # No alternate screen, no mouse, no keypad mode any more.
            self.assertTrue(one.screen().rstrip().endswith(",0,0,0"), one.screen())

    def test_left(self):
        """what a command prints after it has left its own screen stays, and what follows comes below it"""
        self.compare(["sh", "-c", r"echo before; printf '\033[?1049h\033[Hdrawn'; sleep 1; printf '\033[?1049l'; echo after; echo more"],
                     [("over 0", None)])

    def test_less(self):
        """less draws the same, and leaves the screen that was there before it"""
        self.compare(["less", "-S", "text"], [
            ("line 1 of", None),
            ("line 24 of", lambda one: one.keys("Space")),
            ("line 24 of", lambda one: one.resize(18, 50)),
            ("line 166 of", lambda one: one.keys("/line 150", "Enter")),
        ])

    def test_colours(self):
        """attributes, line drawing, wide and combining characters arrive as they were sent"""
        program = self.script("curses-one", """
import curses, locale
locale.setlocale(locale.LC_ALL, "")
def main(screen):
    curses.use_default_colors()
    for pair in range(1, 8):
        curses.init_pair(pair, pair, -1)
        screen.addstr(pair, pair, f"colour {pair}", curses.color_pair(pair) | curses.A_BOLD)
    screen.border()
    screen.addstr(10, 5, "\\u4e2d\\u6587 e\\u0301 \\u2500")
    screen.refresh()
    while screen.getch() != ord("q"):
        screen.addstr(12, 3, "%d x %d" % screen.getmaxyx())
        screen.refresh()
curses.wrapper(main)
""")
        self.compare(program.split(), [
            ("colour 7", None),
            ("24 x 80", lambda one: one.keys("x")),
            ("20 x 90", lambda one: (one.resize(20, 90), time.sleep(0.3), one.keys("x"))),
        ])

    def test_attached_again(self):
        """a program that was left and come back to looks as if nobody had gone"""
        stayed, left = self.multiplexer("stayed"), self.multiplexer("left")
        for one in (stayed, left):
            one.start([self.host.program("pawl"), "run", "--role", "deployer", "--", *VIM, "text"])
            one.expect("line 1 of")
            one.keys("50G", "v", "3j")
            one.settled()
        left.keys("C-\\", "C-\\")
        left.expect("goes on without you")
        session = re.search(r"session ([0-9a-f]{12})", left.screen()).group(1)
        again = self.multiplexer("again")
        again.start([self.host.program("pawl"), "attach", session])
        again.expect("line 60 of")
        self.assertEqual(stayed.settled(), again.settled())
        again.keys("Escape", ":q!", "Enter")
        again.expect("over 0")


del TerminalStory
