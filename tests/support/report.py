"""Outcomes of test cases, one JSON object a line, and the sum that tools/check prints.

A skipped case says what it lacks: "needs:NAME …", or one of PHRASES. The sum refuses a skip whose need is there
after all, and one that names no known need, so that a test never disappears silently.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

OUTCOMES = ("passed", "failed", "skipped")


class Report:
    """Appends outcomes to a file that several programs of one run may share."""

    def __init__(self, path):
        self.path = path

    def add(self, suite, case, outcome, detail=""):
        assert outcome in OUTCOMES, outcome
        line = json.dumps({"suite": suite, "case": case, "outcome": outcome, "detail": detail[:4000]})
        with open(self.path, "ab", buffering=0) as out:  # one write: others append, too
            out.write(f"{line}\n".encode())
        if outcome != "passed":
            print(f"  {outcome}: {suite}: {case}\n    {detail.strip()[:4000]}", flush=True)

    def take(self, lines, suite):
        """Outcomes that another run wrote, which had a report of its own."""
        for line in lines.splitlines():
            entry = json.loads(line)
            if entry["outcome"] == "passed":
                print(f"  passed: {entry['case']}", flush=True)
            self.add(suite, entry["case"], entry["outcome"], entry["detail"])


def _succeeds(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _user_namespaces():
    command = ["unshare", "--user", "true"]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *command]
    return _succeeds(*command)


# What a test may lack, and whether this machine has it.
NEEDS = {
    "agent-kit": lambda: bool(os.environ.get("PAWL_AGENT_KIT")),
    "root": lambda: os.geteuid() == 0 or _succeeds("sudo", "-n", "true"),
    "ordinary-user": lambda: True,
    "user-namespaces": _user_namespaces,
    "ptrace": lambda: bool(shutil.which("strace")) and _succeeds("strace", "-o", "/dev/null", "true"),
    "cgroup2": lambda: os.path.exists("/sys/fs/cgroup/cgroup.controllers")
    and bool(open("/sys/fs/cgroup/cgroup.controllers", encoding="ascii").read().strip()),
    "loop-devices": lambda: os.path.exists("/dev/loop-control"),
    "qemu-system-x86_64": lambda: bool(shutil.which("qemu-system-x86_64")),
    "apparmor_parser": lambda: bool(shutil.which("apparmor_parser", path=os.environ["PATH"] + ":/usr/sbin:/sbin")) and os.path.isdir("/etc/apparmor.d"),
    "busybox": lambda: bool(shutil.which("busybox")),
    "mmdebstrap": lambda: bool(shutil.which("mmdebstrap")),
    # Fetched from the package sources, which may be out of reach; in CI they are not.
    "debian-packages": lambda: bool(os.environ.get("CI")),
    "landlock": lambda: "landlock" in _read("/sys/kernel/security/lsm"),
}


def _read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _keeps_attributes(folder):
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        try:
            os.setxattr(file.name, "user.pawl.test", b"1")
        except OSError:
            return False
        return True


# The same in the words of Catch2's cases: WARN("skipped: …").
PHRASES = [
    (re.compile(r"skipped: not with a sanitizer\b"), lambda _: False),
    (re.compile(r"skipped: needs root\b"), lambda _: NEEDS["root"]()),
    (re.compile(r"skipped: (\S+) is not installed\b"), lambda match: bool(shutil.which(match.group(1)))),
    (re.compile(r"skipped: this kernel has no keys\b"), lambda _: os.path.exists("/proc/keys")),
    (re.compile(r"skipped: this kernel has no btrfs\b"), lambda _: "\tbtrfs\n" in _read("/proc/filesystems")),
    (re.compile(r"skipped: this kernel's tmpfs keeps no user extended attributes\b"), lambda _: _keeps_attributes("/dev/shm")),
]


def says_skipped(text):
    return text.startswith(("needs:", "skipped:"))


def is_there(detail):
    """Whether what a skipped case lacks is there after all; None when it names nothing known."""
    if detail.startswith("needs:"):
        question = NEEDS.get(detail.split(None, 1)[0].removeprefix("needs:").rstrip(":,"))
        return None if question is None else question()
    for pattern, question in PHRASES:
        if match := pattern.match(detail):
            return question(match)
    return None


def base_name(suite):
    """The suite without the identity it ran as: "unit (as pawl-test-alice)" → "unit"."""
    return suite.split(" (as ", 1)[0]


def sum_up(lines):
    """(counts, skips that are failures): both lists of outcomes are what tools/check prints and exits by."""
    outcomes = [json.loads(line) for line in lines]
    counts = {outcome: sum(1 for entry in outcomes if entry["outcome"] == outcome) for outcome in OUTCOMES}
    ran = {(base_name(entry["suite"]), entry["case"]) for entry in outcomes if entry["outcome"] != "skipped"}
    unexcused = []
    for entry in outcomes:
        if entry["outcome"] != "skipped" or (base_name(entry["suite"]), entry["case"]) in ran:
            continue
        there = is_there(entry["detail"])
        if there is not False:
            unexcused.append((entry, "it names no known need" if there is None else "what it needs is there"))
    return outcomes, counts, unexcused


def main():
    path = sys.argv[1]
    with open(path, encoding="utf-8") as file:
        outcomes, counts, unexcused = sum_up(file)
    for entry in outcomes:
        if entry["outcome"] != "passed":
            first = entry["detail"].strip().splitlines()
            print(f"{entry['outcome']}: {entry['suite']}: {entry['case']}" + (f": {first[0]}" if first else ""))
    for entry, why in unexcused:
        print(f"skipped although it can run here ({why}): {entry['suite']}: {entry['case']}")
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['failed']} failed{skipped}")
    sys.exit(1 if counts["failed"] or unexcused or not counts["passed"] else 0)


if __name__ == "__main__":
    main()
