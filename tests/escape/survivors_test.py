"""What a session started is gone when it is: a second after its end, whoever started it and however it ended."""

import contextlib
import json
import os
import pathlib
import signal
import time
import unittest

from ground import HERE, Ground
from host import wait_until
from roles import SHIPPED
from survivors import MARK

PROCESSES = 9  # that survivors.py leaves and that have its mark
SCRIPT = (HERE / "survivors.py").read_text(encoding="utf-8")


def survivors():
    """What is left, wherever it is: its name, and a process that has it."""
    left = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            word = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")[0].decode("utf-8", "replace")
        except OSError:
            continue
        if word.startswith(MARK):
            left[word] = int(entry)
    return left


class Survivors(Ground):
    def setUp(self):
        super().setUp()
        self.script = self.alice.write("project/survivors.py", SCRIPT)

    def start(self, starter, *before):
        """All of them run when this returns."""
        child = self.host.start(starter, [*before, "/usr/bin/python3", self.script])
        wait_until(lambda: len(survivors()) == PROCESSES, what="that all of them run")
        return child

    def end(self, child):
        """survivors.py ends with its input."""
        child.stdin.close()
        self.assertEqual(0, child.wait(timeout=20))

    def kill(self, starter, child):
        listed = self.host.pawl(starter, "sessions", "--json")
        self.assert_done(listed)
        [session] = json.loads(listed.out)
        self.assert_done(self.host.pawl(starter, "kill", session["id"]))
        self.assert_nothing_left()
        self.assertNotEqual(0, child.wait(timeout=20))

    def assert_nothing_left(self):
        wait_until(lambda: not survivors(), timeout=1, what="the end of all that the session started")

    def run_as(self, starter):
        child = self.start(starter)
        self.end(child)
        wait_until(lambda: len(survivors()) == PROCESSES, what="that all outlive a parent that is not confined")
        os.killpg(child.pid, signal.SIGKILL)  # at once: none forks away
        for pid in survivors().values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.assert_nothing_left()
        self.prepare(starter)
        for role in SHIPPED:
            session = (self.host.program("pawl"), "run", "--role", role, "--workspace", self.alice.workspace, "--")
            with self.subTest(role, how="it ends"):
                self.end(self.start(starter, *session))
                self.assert_nothing_left()
            with self.subTest(role, how="pawl kill"):
                self.kill(starter, self.start(starter, *session))

    def test_as_user(self):
        """escape: no process outlives its session, whatever it does to, as an ordinary user"""
        self.run_as(self.alice)

    def test_as_root(self):
        """escape: no process outlives its session, whatever it does to, started by root"""
        self.run_as(self.root)


if __name__ == "__main__":
    unittest.main()
