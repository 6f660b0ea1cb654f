"""Stories in front of a terminal: alice's own broker, her terminals, and programs that can be seen to run."""

from brokers import EmbeddedBroker, Story
from host import wait_until
from persons_terminal import PersonsShell, PersonsTerminal, kill, pawls, processes_with

# Counts, so that it is seen whether it runs; the marker finds it in /proc.
COUNTER = """
import os, signal, time
marker = "{marker}"
# Past print(): it may have been stopped in the middle of one.
signal.signal(signal.SIGCONT, lambda *_: os.write(1, b"continued\\n"))
print("ready", flush=True)
for number in range(100000):
    print("count", number, flush=True)
    time.sleep(0.05)
"""


class TerminalStory(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)
        self.broker.start()
        self.addCleanup(self.end_pawls)

    def end_pawls(self):
        """Holders are nobody's children, and outlive the test that failed."""
        for pid in pawls(self.host, "run", "attach"):
            kill(pid)
        wait_until(lambda: not pawls(self.host, "run", "attach"), what="the end of every pawl run")

    def terminal(self, argv, person=None, **options):
        terminal = PersonsTerminal(self.host, person or self.alice, argv, **options)
        self.addCleanup(terminal.close)
        return terminal

    def person_shell(self, person=None, **options):
        shell = PersonsShell(self.host, person or self.alice, **options)
        self.addCleanup(shell.close)
        return shell

    def script(self, name, text):
        """A Python program in the workspace; the command line that runs it inside and outside."""
        self.alice.write(f"project/{name}.py", text)
        return f"/usr/bin/python3 {name}.py"

    def counter(self, marker):
        return self.script(marker, COUNTER.format(marker=marker))

    def inner(self, marker):
        return wait_until(lambda: processes_with(marker), what=f"a process {marker}")[0]
