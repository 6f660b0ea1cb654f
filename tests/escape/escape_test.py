"""Everything that tests/escape knows to try: it works unconfined, and in a session under each role it does not."""

import collections
import errno
import operator
import os
import pathlib
import unittest

from ground import Ground
from roles import ROLES

LEAST = 120  # attempts
# What has to work in the sandbox, too; what does where the workspace is not read-only; what may in a copy of it.
CONTROLS, WRITABLE, PROTECTED = "controls", "writable", "protected"
# What a host may lack without the suite being worth less: devices, protocols, the first version of control groups.
MAY_BE_ABSENT = ("cgroups", "devices", "sockets", "kernel", "proc-sys", "files")


# A host's own settings refuse some system calls to everybody (perf_event_paranoid, io_uring_disabled, a kernel without i386).
HOSTS_OWN = (*(f"refused {os.strerror(number)}" for number in (errno.EPERM, errno.EACCES, errno.ENOSYS)),
             "died of Segmentation fault")
# Where root itself may not do everything (a container), what it is refused is tried in the sandbox alone.
LESSER_ROOT = ("refused Operation not permitted", "refused Permission denied")


def has_all_capabilities():
    status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    effective = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), 16)
    return effective.bit_count() > int(pathlib.Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii"))


def outcomes(text):
    found = {}
    for line in text.splitlines():
        category, name, outcome = line.split("\t")
        found[category, name] = outcome
    return found


class Escape(Ground):
    def unconfined(self, starter):
        code, out, err = self.plants.start(starter, [self.alice.workspace / "escape-probe", self.file, "unconfined"])
        self.assertEqual(0, code, err)
        return outcomes(out)

    def confined(self, starter, role):
        code, out, err = self.plants.start(starter, [self.host.program("pawl"), "run", "--role", role.name, "--workspace",
                                                     self.alice.workspace, "--", self.alice.workspace / "escape-probe", self.file,
                                                     "confined"])
        self.assertEqual(0, code, err)
        return outcomes(out)

    def check_unconfined(self, found):
        self.assertGreaterEqual(len(found), LEAST)
        shown = ("worked", "needs-root", *(LESSER_ROOT if not has_all_capabilities() else ()))
        wrong = {key: outcome for key, outcome in found.items() if outcome not in shown and not (
            outcome == "absent" and key[0] in MAY_BE_ABSENT) and not (key[0] == "kernel" and outcome in HOSTS_OWN)}
        self.assertEqual({}, wrong, "these do not work where nothing stands in their way")
        self.assertGreaterEqual(sum(outcome == "worked" for outcome in found.values()), LEAST)

    def check_confined(self, found, tried, role):
        self.assertEqual(list(tried), list(found))
        working = (CONTROLS,) if role.workspace == "read-only" else (CONTROLS, WRITABLE)
        allowed = {key for key in found if key[0] in working} - role.refused | role.allowed
        failing = {key: found[key] for key in allowed if found[key] not in ("worked", tried[key])}
        self.assertEqual({}, failing, "these do not work in the sandbox, and have to")
        # An overlay's copy of what is protected is a file like others. A kernel without i386 ends its calls before a filter
        # hears of them, here as there.
        escaped = {key: outcome for key, outcome in found.items() if key not in allowed and not outcome.startswith("refused")
                   and not (key[0] == PROTECTED and role.workspace == "overlay")
                   and not (key[0] == "kernel" and outcome in HOSTS_OWN and outcome == tried[key])}
        self.assertEqual({}, escaped, "these work in the sandbox, or it cannot be told")

    def run_as(self, starter):
        tried = self.unconfined(starter)
        self.check_unconfined(tried)
        self.prepare(starter)
        for role in ROLES:
            with self.subTest(role.name):
                before = self.host_files()
                self.check_confined(self.confined(starter, role), tried, role)
                after = self.host_files()
                changed = {str(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
                self.assertEqual(self.may_change(role), changed, "files of the host")
        counted = collections.Counter(tried.values())
        print(f"    {len(tried)} attempts: {dict(counted)}", flush=True)

    def host_files(self):
        facts = operator.attrgetter("st_ino", "st_mode", "st_size", "st_mtime_ns", "st_nlink")
        return {path: facts(path.lstat()) for folder in (self.alice.workspace, self.alice.home / ".ssh", self.alice.home / ".aws")
                for path in folder.rglob("*")}

    def may_change(self, role):
        """What the attempts of WRITABLE write."""
        return {f"{self.alice.workspace}/{name}" for name in ("notes", "made-by-the-agent") if role.workspace == "direct"}

    def test_as_user(self):
        """escape: nothing that works unconfined works under any role, as an ordinary user"""
        self.run_as(self.alice)

    def test_as_root(self):
        """escape: nothing that works unconfined works under any role, started by root"""
        self.run_as(self.root)


if __name__ == "__main__":
    unittest.main()
