"""Overlay sessions made by hand: a real overlay mount in a user namespace of an ordinary user, with the folder that
`pawl run` makes for one."""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import pty
import re
import secrets
import stat
import subprocess
import tempfile
import time

from host import mount, wait_until

MENU = rb"What now\? \[write/c/d/x/k\] $"

INSIDE = """set -e
mount -t overlay -o userxattr,index=off,lowerdir="$1",upperdir="$2/upper",workdir="$2/work" overlay "$3"
cd "$3"
. "$4"
"""


def tree_of(top):
    """Path → what is there, for everything below."""
    found = {}
    for folder, folders, names in os.walk(top):
        for name in folders + names:
            path = pathlib.Path(folder) / name
            status = path.lstat()
            mode = stat.S_IMODE(status.st_mode) & 0o777
            if stat.S_ISLNK(status.st_mode):
                shown = "link " + os.readlink(path)
            elif stat.S_ISDIR(status.st_mode):
                shown = f"folder {mode:o}"
            elif stat.S_ISREG(status.st_mode):
                shown = f"file {mode:o} " + hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            else:
                shown = "special"
            found[str(path.relative_to(top))] = shown
    return found


def kept_folders(place):
    """Of the sessions whose changes are kept there."""
    return sorted(place.iterdir()) if place.exists() else []


def is_locked(folder):
    """Whether some pawl holds the session's folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def on_terminal(host, person, arguments, answers, before=b"", background=False, **options):
    """Runs pawl on a terminal; each answer is typed once its question has appeared. Its exit code, and what was shown.
    In the background: on a terminal that is not its own."""
    ours, theirs = pty.openpty()
    os.fchown(theirs, person.uid, person.gid)
    os.write(ours, before)
    own = [] if background else ["setsid", "--ctty", "--wait"]
    child = host.start(person, [*own, host.program("pawl"), *arguments], stdin=theirs, stdout=theirs, stderr=theirs, **options)
    os.close(theirs)
    os.set_blocking(ours, False)
    seen, searched, left = b"", 0, list(answers)

    def over():
        nonlocal seen, searched
        ended = child.poll() is not None  # before the last look, or what it said last would be missed
        try:
            while piece := os.read(ours, 65536):
                seen += piece
        except BlockingIOError:
            pass
        except OSError:
            return True
        if left and (found := re.search(left[0][0], seen[searched:])):
            searched += found.end()
            time.sleep(0.2)  # what was typed before the question is thrown away
            os.write(ours, left.pop(0)[1])
        return ended

    wait_until(over, 60, what=f"the end of pawl {arguments}: {seen!r}, left {left}")
    os.close(ours)
    if left:
        raise AssertionError(f"pawl {arguments} never asked {left[0][0]}: {seen!r}")
    return child.wait(), seen.decode("utf-8", "replace")


@contextlib.contextmanager
def file_system(host, kind, size):
    """A folder of alice's on a file system of this kind, from a file behind a loop device."""
    place = pathlib.Path("/opt") / kind
    place.mkdir()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:
        image = pathlib.Path(scratch) / "image"
        with open(image, "wb") as file:
            file.truncate(size)
        subprocess.run(["mkfs." + kind, "-q", image], check=True, stdout=subprocess.DEVNULL)
        mount("-o", "loop", image, place)
        try:
            os.chown(place, host.alice.uid, host.alice.gid)
            yield place
        finally:
            subprocess.run(["umount", str(place)], check=True)


class Overlay:
    """A workspace, and sessions over it, in one folder of a person's."""

    def __init__(self, host, person, base):
        self.host, self.person, self.base = host, person, pathlib.Path(base)
        self.workspace, self.data = self.base / "src", self.base / "data"
        self.sessions = self.data / "pawl/workspaces"
        for folder in (self.workspace, self.data, self.data / "pawl", self.sessions):
            folder.mkdir(mode=0o700, exist_ok=True)
            os.chown(folder, person.uid, person.gid)

    def as_person(self, script, check=True, **options):
        return subprocess.run(["/bin/sh", "-ec", script], cwd=self.workspace, check=check, env=self.person.environment(),
                              umask=0o022, **self.person.identity(), **options)

    def session(self, script, protect=(), hide=()):
        """Runs the agent's script in the overlay, mounted by the person in a namespace of their own. Its id."""
        identity = secrets.token_hex(32)
        folder = self.sessions / identity
        time.sleep(0.02)  # the kernel's clock for files moves every few milliseconds
        for path in (folder, folder / "upper", folder / "work"):
            path.mkdir(mode=0o700)
            os.chown(path, self.person.uid, self.person.gid)
        os.chmod(folder / "upper", 0o755)
        status = self.workspace.stat()
        record = {"version": 1, "session": identity, "role": "coder", "workspace": str(self.workspace), "device": status.st_dev,
                  "inode": status.st_ino, "started": time.time_ns() // 1_000_000, "protect": list(protect), "hide": list(hide)}
        self.write(folder / "session.json", json.dumps(record))
        merged, agent = self.base / "merged", self.base / "agent.sh"
        merged.mkdir(exist_ok=True)
        self.write(agent, script)
        done = subprocess.run(["unshare", "-Urm", "/bin/sh", "-c", INSIDE, "sh", self.workspace, folder, merged, agent],
                              capture_output=True, check=False, env=self.person.environment(), umask=0o022, **self.person.identity())
        if done.returncode != 0:
            raise AssertionError(f"the agent's script: {done.stderr.decode()}")
        self.printed = done.stdout.decode("utf-8", "replace")
        return identity

    def write(self, path, text):
        path.write_text(text, encoding="utf-8")
        os.chown(path, self.person.uid, self.person.gid)

    def upper(self, identity):
        return self.sessions / identity / "upper"

    def pawl(self, *arguments, **options):
        return self.host.pawl(self.person, *arguments, cwd=self.workspace, XDG_DATA_HOME=str(self.data), **options)

    def changes(self, identity):
        """Path → change, as JSON has it."""
        shown = self.pawl("diff", identity, "--json")
        if shown.code != 0:
            raise AssertionError(shown)
        return {change["path"]: change for change in json.loads(shown.out)}

    @contextlib.contextmanager
    def running(self, identity):
        """As `pawl run` holds the session's folder while it lives."""
        folder = os.open(self.sessions / identity, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
