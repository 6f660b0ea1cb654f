"""SIGKILL of pawl run before every second of its system calls: whatever it had begun is gone within a second, or can be found again."""

import itertools
import json
import os

import policy_files
from host import wait_until
from overlays import kept_folders
from persons_terminal import pawls, processes_with, state_of
from terminal_story import TerminalStory
from traced import Traced


class KilledAnywhere(TerminalStory):
    def launchers(self):
        """Pids of pawl-launch, of this test's own copy."""
        program, found = os.path.realpath(self.host.program("pawl-launch")), []
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and os.readlink(f"/proc/{name}/exe") == program and state_of(int(name)) != "Z":
                    found.append(int(name))
            except OSError:
                continue
        return found

    def rounds(self, more, marker, over, role="observer"):
        """Kills pawl run before its first, its third, its fifth … system call, until it ends or `over` says that it may."""
        argv = [self.host.program("pawl"), "run", "--role", role, *more, "--", "sleep", marker]
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            mounts = file.read()
        for calls in itertools.count(0, 2):
            traced = Traced(self.alice, argv)
            alive = traced.go(calls)
            last = not alive or over()
            traced.kill()
            yield calls
            if last:
                break
        self.assertGreater(calls, 60)
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            self.assertEqual(mounts, file.read())

    def nothing_left(self, marker):
        return not processes_with(marker) and not self.launchers()

    def test_run(self):
        """pawl run: nothing of it is left"""
        for calls in self.rounds([], "31415", lambda: processes_with("sleep\x0031415")):
            wait_until(lambda: self.nothing_left("sleep\x0031415"), 1, 0.01, f"the end of all, after {calls} system calls,")
        self.sessions_end()

    def test_overlay(self):
        """pawl run with an overlay: nothing of it is left but a folder, which can be found and discarded"""
        self.broker.write(policy_files.OBSERVER.replace('"observer"', '"editor"').replace('"read-only"', '"overlay"'), "roles/editor.toml")
        kept, found = self.alice.home / ".local/share/pawl/workspaces", 0
        for calls in self.rounds([], "31417", lambda: processes_with("sleep\x0031417"), "editor"):
            wait_until(lambda: self.nothing_left("sleep\x0031417"), 1, 0.01, f"the end of all, after {calls} system calls,")
            for folder in kept_folders(kept):
                self.assert_done(self.host.pawl(self.alice, "discard", folder.name, "--yes"))
                found += 1
            self.assertEqual([], kept_folders(kept))
        self.assertGreater(found, 0)
        self.sessions_end()

    def test_detach(self):
        """pawl run --detach: nothing of it is left, or a session that is listed as detached and can be killed"""
        found = 0
        for calls in self.rounds(["--detach"], "31416", lambda: False):
            try:
                wait_until(lambda: self.nothing_left("sleep\x0031416"), 1, 0.01)
            except AssertionError:
                session, = [entry for entry in self.sessions() if entry["detached"]]
                self.assert_done(self.host.pawl(self.alice, "kill", session["id"]))
                wait_until(lambda: self.nothing_left("sleep\x0031416"), 1, 0.01, f"the end of all, after {calls} system calls,")
                found += 1
            for holder in pawls(self.host, "run"):
                wait_until(lambda pid=holder: state_of(pid) in ("", "Z"), 2, what="the holder's end")
        self.assertGreater(found, 0)
        self.sessions_end()

    def sessions(self):
        listed = self.host.pawl(self.alice, "sessions", "--json")
        self.assert_done(listed)
        return json.loads(listed.out)

    def sessions_end(self):
        """Those that nobody launched are given up."""
        wait_until(lambda: not self.sessions(), 40, 0.5, "the end of every session for the broker")


del TerminalStory
