"""What the tests of pawl doctor share: who asks it, hosts that are restricted for one command, and single probes."""

import json
import os
import pathlib
import shlex
import socket
import struct
import subprocess

import policy_files
from brokers import EmbeddedBroker, Story, SystemBroker
from host import SUPPORT, Person, Result, mount

PYTHON = "/usr/bin/python3"
NAMESPACES = ("user namespace", "nested user namespace", "id maps", "new root", "read-only binds", "pid namespace", "private /proc",
              "network namespace", "ipc namespace", "uts namespace", "cgroup namespace", "terminal")


class Root(Person):
    """root, a person of the host's broker, with a scratch home: the passwd entry of this mount namespace says so."""

    def __init__(self, host):
        self.name, self.login, self.uid, self.gid = "root", "root", 0, 0
        self.home = pathlib.Path("/opt/root-home")
        self.workspace = self.home / "project"
        self.key = self.home / "key"
        self.home.mkdir(mode=0o755)
        self.workspace.mkdir()
        os.chown(self.workspace, host.alice.uid, host.alice.gid)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "root", "-f", self.key], check=True)
        entries = pathlib.Path("/etc/passwd").read_text(encoding="utf-8").splitlines()
        passwd = pathlib.Path("/opt/passwd")
        passwd.write_text("\n".join([f"root:x:0:0::{self.home}:/bin/bash", *(line for line in entries if not line.startswith("root:"))]) + "\n",
                          encoding="utf-8")
        mount("--bind", passwd, "/etc/passwd")
        host.mounted.append(pathlib.Path("/etc/passwd"))


class DoctorStory(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)

    def make_root(self):
        """root, and the host's broker, which every person talks to from then on."""
        root = Root(self.host)
        broker = SystemBroker(self.host, launchers=("alice", "root"))
        broker.write(policy_files.people([*self.host.people.values(), root]), "people.toml")
        broker.start()
        return root

    def everybody(self):
        """alice with her own broker, then root with the host's."""
        yield self.alice
        yield self.make_root()

    def confined(self, person, preparation, *argv, wrapper=()):
        """Runs argv as the person in a mount namespace of its own, after root has prepared that."""
        environment = [f"{name}={value}" for name, value in person.environment().items()]
        identity = [] if person.uid == 0 else ["setpriv", "--reuid", str(person.uid), "--regid", str(person.gid), "--clear-groups", "--"]
        command = [*map(str, wrapper), *identity, "env", "-i", *environment, *map(str, argv)]
        script = f"set -e; {preparation}\ncd {shlex.quote(str(person.workspace))}; exec {shlex.join(command)}"
        ran = subprocess.run(["unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-c", script], stdin=subprocess.DEVNULL,
                             capture_output=True, timeout=120, check=False, start_new_session=True)
        return Result(ran.returncode, ran.stdout.decode("utf-8", "replace"), ran.stderr.decode("utf-8", "replace"))

    def run_words(self, person):
        return [self.host.program("pawl"), "run", "--role", "observer", "--workspace", person.workspace, "--", "true"]

    def doctor_words(self, *options):
        return [self.host.program("pawl"), "doctor", *options]

    def rows(self, result, code):
        self.assertEqual(code, result.code, result)
        rows = json.loads(result.out)
        for row in rows:
            self.assertEqual({"layer", "state", "required", "cause", "remedy"}, set(row), row)
            self.assertIn(row["state"], ("works", "missing", "not needed"), row)
        return {row["layer"]: row for row in rows}

    def assert_blamed(self, row, *words):
        """Required, missing, with these words in its cause, and a remedy."""
        self.assertEqual(("missing", True), (row["state"], row["required"]), row)
        for word in words:
            self.assertIn(word, row["cause"])
        self.assertNotEqual("", row["remedy"], row)

    def assert_same(self, ran, row):
        """pawl run fails on its one line with the remedy of that row, and points to the doctor."""
        self.assertEqual(125, ran.code, ran)
        lines = [line for line in ran.err.splitlines() if line.strip()]
        self.assertEqual(1, len(lines), ran)
        self.assertIn(row["remedy"], lines[0])
        self.assertIn("pawl doctor", lines[0])

    def filtered(self, person, calls, words, number="EPERM"):
        return self.confined(person, ":", PYTHON, SUPPORT / "refuse_calls.py", "--errno", number, calls, *words)


class ProbeStory(DoctorStory):
    """pawl-probe alone: what it says of one layer."""

    def ask(self, layer, *before, prepare=":", wrapper=()):
        """Its verdict, cause and remedy, tried by alice after root has run `prepare` in mounts of its own. The words of
        `wrapper` come before her identity is taken, those of `before` after it."""
        folder = self.alice.home / "scratch"
        self.host.run(self.alice, "rm", "-rf", folder)
        self.host.run(self.alice, "mkdir", folder)
        identity = ["setpriv", "--reuid", self.alice.uid, "--regid", self.alice.gid, "--clear-groups", "--"]
        command = [*wrapper, *identity, *before, self.host.program("pawl-probe"), layer, folder]
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            script = f"set -e; {prepare}; exec 3<&{theirs.fileno()}; exec {shlex.join(map(str, command))}"
            child = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-c", script], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=[theirs.fileno()], start_new_session=True)
            theirs.close()
            ours.settimeout(60)
            answer = ours.recv(65536)
            _, said = child.communicate(timeout=60)
        self.assertNotEqual(b"", answer, said)
        verdict, at, texts = answer[0], 1, []
        for _ in range(2):
            (size,) = struct.unpack_from(">I", answer, at)
            texts.append(answer[at + 4:at + 4 + size].decode())
            at += 4 + size
        return ("holds", "refused", "broken", "nothing")[verdict], *texts
