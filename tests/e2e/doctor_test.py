"""pawl doctor, and pawl run on the same host: what is missing is found by trying, named, and has one remedy.

Each restriction is a real one, made for one command: a user namespace without room, a filter as containers have,
covered files, file systems. A host may have more of them than its mark says (a container's), so the remedies
themselves stand in the unit tests; here both commands must say the same one."""

import json
import os
import pathlib
import shlex
import shutil
import socket
import struct
import subprocess

import policy_files
from brokers import EmbeddedBroker, Story, SystemBroker
from host import SUPPORT, Person, Result, mount, wait_until

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


class Works(DoctorStory):
    def test_ordinary(self):
        """doctor, as an ordinary user: every layer was tried, every role launched, and nothing is left behind"""
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json"), 0)
        for layer in (*NAMESPACES, "system call filter", "session keyring", "close_range", "pidfd", "state directory", "socket directory",
                      "policy", "broker", "clock", "disk", "role deployer", "role observer"):
            self.assertEqual("works", rows[layer]["state"], rows[layer])
        for layer in ("redirect rules", "overlay workspace", "limits", "landlock files", "landlock scopes", "foreign system calls"):
            self.assertIn(layer, rows)
        self.assert_nothing_left(self.alice)
        wait_until(lambda: not self.broker.pid(), what="the end of the broker that the doctor started")

    def test_root(self):
        """doctor, as root: the same, with sandboxes of an ordinary user, under the host's broker"""
        root = self.make_root()
        rows = self.rows(self.host.pawl(root, "doctor", "--json"), 0)
        for layer in (*NAMESPACES, "system call filter", "role observer", "role deployer", "broker", "policy"):
            self.assertEqual("works", rows[layer]["state"], rows[layer])
        self.assert_done(self.host.run(root, *self.run_words(root)))
        self.assert_nothing_left(root)

    def test_closed_to_sessions(self):
        """doctor, as root with a broker of its own: what root's sandboxes cannot reach there is found by a launch"""
        root = Root(self.host)
        self.assert_done(self.host.pawl(root, "init"))
        told = self.host.pawl(root, "doctor", "--json")
        row = self.rows(told, told.code)["role observer"]
        ran = self.host.run(root, *self.run_words(root))
        # One cannot be had without the other.
        self.assertEqual(ran.code == 0, row["state"] == "works", (row, ran))

    def assert_nothing_left(self, person):
        self.assertEqual([], list(pathlib.Path("/tmp").glob("pawl-doctor-*")))
        self.assertEqual([], [path for path in person.home.rglob("*") if "pawl-doctor" in path.name or ".pawl-probe" in path.name])

    def test_files_of_the_person(self):
        """doctor leaves alone what is in the folders where it tries things, whatever it is called"""
        names = ("probe.sock", ".pawl-probe")
        local = self.alice.home / ".local"
        folders = [self.alice.home, *(folder for folder in (local, *local.rglob("*")) if folder.is_dir())]
        for folder in folders:
            for name in names:
                (folder / name).write_text("mine", encoding="utf-8")
        self.rows(self.host.pawl(self.alice, "doctor", "--json"), 0)
        for folder in folders:
            for name in names:
                self.assertEqual("mine", (folder / name).read_text(encoding="utf-8"), folder)

    def test_running_broker(self):
        """doctor leaves a broker alone that runs already"""
        pid = self.broker.start()
        self.rows(self.host.pawl(self.alice, "doctor", "--json"), 0)
        self.assertEqual(pid, self.broker.pid())

    def test_system(self):
        """doctor, where the host's broker is installed: it must answer, and who may launch what is its policy's"""
        broker = SystemBroker(self.host)
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json"), 1)
        self.assert_blamed(rows["broker"], "no broker runs")
        broker.start()
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json"), 0)
        self.assertEqual("works", rows["role deployer"]["state"])
        rows = self.rows(self.host.pawl(self.bob, "doctor", "--json"), 0)
        self.assertEqual(("not needed", False), (rows["role deployer"]["state"], rows["role deployer"]["required"]))

    def test_role(self):
        """doctor --role launches that role alone; an unknown one is a usage error with the nearest name"""
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--role", "observer", "--json"), 0)
        self.assertEqual(["role observer"], [layer for layer in rows if layer.startswith("role ")])
        wrong = self.host.pawl(self.alice, "doctor", "--role", "obsever")
        self.assertEqual(2, wrong.code, wrong)
        self.assertIn("observer", wrong.err)

    def test_role_that_cannot_be_honoured(self):
        """doctor: a role that shows what is not there cannot be honoured, and the others can"""
        self.broker.write((self.broker.configuration / "roles/observer.toml").read_text(encoding="utf-8") + 'read = ["/opt/not-there"]\n',
                          "roles/observer.toml")
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json"), 1)
        self.assert_blamed(rows["role observer"], "/opt/not-there")
        self.assertEqual("works", rows["role deployer"]["state"])

    def test_not_set_up(self):
        """doctor, before pawl init: it says so, and tries the shipped roles all the same"""
        rows = self.rows(self.host.pawl(self.carol, "doctor", "--json"), 1)
        self.assert_blamed(rows["policy"], "pawl.toml")
        self.assertEqual("pawl init", rows["policy"]["remedy"])
        self.assertEqual("works", rows["role coder"]["state"])

    def test_invalid_policy(self):
        """doctor: a policy that does not parse is named with file and line"""
        self.broker.write("pawl = 1\nname = \n", "roles/deployer.toml")
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json"), 1)
        self.assert_blamed(rows["policy"], "roles/deployer.toml:2")

    def test_inside(self):
        """doctor, in a session: it is about the host, and says where to run it"""
        self.broker = EmbeddedBroker(self.host, read=[str(self.host.programs)])
        inside = self.host.pawl(self.alice, "run", "--role", "deployer", "--workspace", self.alice.workspace, "--",
                                self.host.program("pawl"), "doctor")
        self.assertEqual(1, inside.code, inside)
        self.assertIn("sandboxes do not nest", inside.err)


class Table(DoctorStory):
    def test_table(self):
        """doctor's table is aligned, at most 100 columns wide, worst first, and ends with what it comes to"""
        (self.alice.home / ".config/pawl/pawl.toml").unlink()
        told = self.host.pawl(self.alice, "doctor")
        self.assertEqual(1, told.code, told)
        lines = told.out.splitlines()
        heading = next(number for number, line in enumerate(lines) if line.startswith("LAYER"))
        outcome = lines[heading].index("OUTCOME")
        states = [line[outcome:outcome + 10].strip() for line in lines[heading + 1:] if line and not line.startswith(" ")]
        states = [state for state in states if state in ("missing", "not needed", "works")]
        self.assertEqual(sorted(states, key=["missing", "not needed", "works"].index), states)
        self.assertGreater(states.count("works"), 15)
        for line in lines:
            self.assertTrue(len(line) <= 100 or len(line.split()) <= 2, line)
        self.assertRegex(lines[-1], r"^\d+ work, \d+ missing, \d+ not needed: not every role can be honoured$")

    def test_hostile_words(self):
        """doctor makes visible what a path holds: no escape code reaches the terminal"""
        folder = self.alice.home / "run\x1b[2J\u202e"
        folder.mkdir(mode=0o500)
        os.chown(folder, self.alice.uid, self.alice.gid)
        told = self.host.pawl(self.alice, "doctor", XDG_RUNTIME_DIR=str(folder))
        self.assertEqual(1, told.code, told)
        self.assertIn("socket directory", told.out)
        self.assertIn("\\x1b[2J", told.out)
        self.assertNotIn("\x1b", told.out + told.err)
        self.assertNotIn("\u202e", told.out + told.err)

    def test_long_socket_path(self):
        """doctor: a path that is too long for a socket is told before anything is bound there"""
        folder = self.alice.home / ("d" * 90)
        folder.mkdir(mode=0o700)
        os.chown(folder, self.alice.uid, self.alice.gid)
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json", XDG_RUNTIME_DIR=str(folder)), 1)
        self.assert_blamed(rows["socket directory"], "107 bytes")


class Refusing(DoctorStory):
    """Hosts that refuse a layer: the doctor and pawl run, each as alice and as root."""

    def test_no_user_namespaces(self):
        """doctor and run: where user.max_user_namespaces is 0, both name it and the setting"""
        wrapper = [PYTHON, SUPPORT / "in_user_namespace.py", "max_user_namespaces=0", "--"]
        for person in self.everybody():
            with self.subTest(person.name):
                rows = self.rows(self.confined(person, ":", *self.doctor_words("--json"), wrapper=wrapper), 1)
                for layer in (*NAMESPACES, "role observer"):
                    self.assert_blamed(rows[layer], "user.max_user_namespaces is 0")
                self.assertIn("user.max_user_namespaces=15000", rows["user namespace"]["remedy"])
                self.assertEqual("works", rows["close_range"]["state"])
                self.assert_same(self.confined(person, ":", *self.run_words(person), wrapper=wrapper), rows["user namespace"])

    def test_no_pid_namespaces(self):
        """doctor and run: where another kind has no room, it is found by name, also from inside the outer namespace"""
        wrapper = [PYTHON, SUPPORT / "in_user_namespace.py", "max_pid_namespaces=0", "--"]
        rows = self.rows(self.confined(self.alice, ":", *self.doctor_words("--json"), wrapper=wrapper), 1)
        self.assertEqual("works", rows["user namespace"]["state"])
        self.assert_blamed(rows["pid namespace"], "user.max_pid_namespaces is 0")
        self.assert_same(self.confined(self.alice, ":", *self.run_words(self.alice), wrapper=wrapper), rows["pid namespace"])

    def test_covered_proc(self):
        """doctor and run: where part of /proc is covered, both say which, and how to get a whole one"""
        cover = "mount --bind /dev/null /proc/uptime"
        for person in self.everybody():
            with self.subTest(person.name):
                rows = self.rows(self.confined(person, cover, *self.doctor_words("--json")), 1)
                self.assert_blamed(rows["private /proc"], "/proc/uptime")
                self.assertEqual("works", rows["pid namespace"]["state"])
                self.assert_blamed(rows["role observer"], "/proc/uptime")
                self.assertEqual(rows["private /proc"]["remedy"], rows["role observer"]["remedy"])
                self.assert_same(self.confined(person, cover, *self.run_words(person)), rows["private /proc"])

    def filtered(self, person, calls, words, number="EPERM"):
        return self.confined(person, ":", PYTHON, SUPPORT / "refuse_calls.py", "--errno", number, calls, *words)

    def test_filter(self):
        """doctor and run, under a filter as containers have: the layer behind each refused call is named"""
        refusals = {"unshare": "user namespace", "keyctl": "session keyring", "mount": "private /proc", "fsopen": "new root",
                    "open_tree": "read-only binds"}
        for person in self.everybody():
            for call, layer in refusals.items():
                with self.subTest(person.name, call=call):
                    rows = self.rows(self.filtered(person, call, self.doctor_words("--json")), 1)
                    self.assert_blamed(rows[layer], "forbids it", "Operation not permitted")
                    self.assertIn("seccomp=unconfined", rows[layer]["remedy"])
                    self.assert_blamed(rows["role observer"], "forbids it")
                    self.assert_same(self.filtered(person, call, self.run_words(person)), rows[layer])

    def test_filter_that_lies(self):
        """doctor and run, under a filter that answers ENOSYS: it is not taken for an old kernel"""
        rows = self.rows(self.filtered(self.alice, "close_range", self.doctor_words("--json"), "ENOSYS"), 1)
        self.assert_blamed(rows["close_range"], "forbids it")
        self.assert_same(self.filtered(self.alice, "close_range", self.run_words(self.alice), "ENOSYS"), rows["close_range"])

    def test_filter_without_landlock(self):
        """doctor, under a filter without Landlock: the layer is missing, whatever the kernel has"""
        for person in self.everybody():
            with self.subTest(person.name):
                rows = self.rows(self.filtered(person, "landlock_create_ruleset", self.doctor_words("--json")), 1)
                self.assert_blamed(rows["landlock files"], "forbids it")

    def test_chroot(self):
        """doctor and run, in a chroot: the kernel gives no user namespace there, and both say why"""
        top = pathlib.Path("/opt/top")
        top.mkdir()
        # A plain folder with everything bound into it: its root is no mount.
        folders = " ".join(folder for folder in ("/usr", "/etc", "/proc", "/sys", "/dev", "/home", "/run", "/opt", "/tmp", "/var") if folder != "/opt")
        prepare = (f"for f in {folders}; do mkdir -p {top}$f; mount --rbind $f {top}$f; done; "
                   f"for l in bin sbin lib lib64; do ln -sfn usr/$l {top}/$l; done")
        program = pathlib.Path(self.host.program("pawl"))
        if not any(program.is_relative_to(folder) for folder in folders.split()):
            prepare += f"; mkdir -p {top}{self.host.programs}; mount --rbind {self.host.programs} {top}{self.host.programs}"
        wrapper = ["chroot", top]
        rows = self.rows(self.confined(self.alice, prepare, *self.doctor_words("--json"), wrapper=wrapper), 1)
        self.assert_blamed(rows["user namespace"], "chroot")
        self.assert_same(self.confined(self.alice, prepare, *self.run_words(self.alice), wrapper=wrapper), rows["user namespace"])


class Storage(DoctorStory):
    def test_read_only_state(self):
        """doctor and run: where the state cannot be written, both say so before anything is asked or begun"""
        for person in self.everybody():
            with self.subTest(person.name):
                state = person.home / ".local/state"
                self.host.run(person, "mkdir", "-p", state / "pawl")
                seal = f"mount --bind {state} {state}; mount -o remount,bind,ro {state}"
                rows = self.rows(self.confined(person, seal, *self.doctor_words("--json")), 1)
                self.assert_blamed(rows["state directory"], "mounted read-only")
                if person is self.alice:  # the host's broker has its state elsewhere
                    self.assert_blamed(rows["broker"], "Read-only file system")
                self.assert_same(self.confined(person, seal, *self.run_words(person)), rows["state directory"])

    def test_full_disk(self):
        """doctor: too little room for the state is told, with the figure"""
        state = self.alice.home / ".local/state"
        self.host.run(self.alice, "mkdir", "-p", state)
        fill = f"mount -t tmpfs -o size=8m,mode=0700,uid={self.alice.uid},gid={self.alice.gid} tmpfs {state}"
        rows = self.rows(self.confined(self.alice, fill, *self.doctor_words("--json")), 1)
        self.assert_blamed(rows["disk"], "MiB are free")

    def test_no_extended_attributes(self):
        """doctor: a data folder whose file system keeps no attributes carries no overlay"""
        for person in self.everybody():
            with self.subTest(person.name):
                share = person.home / ".local/share"
                self.host.run(person, "mkdir", "-p", share)
                bare = f"mount -t ramfs ramfs {share}; chown {person.uid}:{person.gid} {share}; chmod 0700 {share}"
                told = self.confined(person, bare, *self.doctor_words("--json"))
                row = self.rows(told, told.code)["overlay workspace"]
                self.assertNotEqual("works", row["state"], row)
                self.assertIn("extended attributes", row["cause"])
                self.assertIn("ext4, btrfs, xfs", row["remedy"])
                # With such attributes the same place carries one.
                kept = f"mount -t tmpfs -o mode=0700,uid={person.uid},gid={person.gid} tmpfs {share}"
                rows = self.rows(self.confined(person, kept, *self.doctor_words("--json")), 0)
                self.assertEqual("works", rows["overlay workspace"]["state"], rows["overlay workspace"])


class Attacked(DoctorStory):
    """The kernel is made to lie: a call that would enforce a layer says yes and does nothing. Then the attack gets
    through, and the probe must see that; one that only made the call would report a layer that is not there."""

    LIES = {
        "read-only binds": "mount_setattr:retval=0",
        "system call filter": "seccomp:retval=0",
        "foreign system calls": "seccomp:retval=0",
        "terminal": "seccomp:retval=0",
        "landlock files": "landlock_restrict_self:retval=0",
        "landlock scopes": "landlock_restrict_self:retval=0",
        "session keyring": "keyctl:retval=1",
        "close_range": "close_range:retval=0",
        "ipc namespace": "unshare:retval=0:when=2+",
        "pid namespace": "unshare:retval=0:when=2+",
        "private /proc": "mount:retval=0",
        "no new privileges": "prctl:retval=0",
    }

    def ask(self, layer, folder, *before):
        """The verdict, cause and remedy of pawl-probe."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            command = [*before, self.host.program("pawl-probe"), layer, str(folder)]
            child = subprocess.Popen(["/bin/sh", "-c", 'exec 3<&"$0"; exec "$@"', str(theirs.fileno()), *command], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=[theirs.fileno()], start_new_session=True,
                                     **self.alice.identity())
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

    def test_lies(self):
        """doctor's probes attack what they made: a layer that says yes and holds nothing is seen through"""
        if not shutil.which("strace"):
            self.skipTest("needs:ptrace to let calls lie")
        for layer, lie in self.LIES.items():
            with self.subTest(layer):
                folder = self.alice.home / "scratch"
                self.host.run(self.alice, "mkdir", folder)
                honest = self.ask(layer, folder)
                if honest[0] == "nothing" or (layer.startswith("landlock") and honest[0] == "refused"):
                    continue  # this kernel has nothing there to lie about
                self.assertEqual("holds", honest[0], honest)
                verdict, cause, remedy = self.ask(layer, folder, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=" + lie)
                self.assertEqual("broken", verdict, (layer, cause))
                self.assertNotEqual("", cause)
                self.assertIn("start no agent on this kernel", remedy)
                shutil.rmtree(folder)

    def test_probe_alone(self):
        """pawl-probe without a doctor says who runs it"""
        told = self.host.run(self.alice, self.host.program("pawl-probe"), "pidfd", "/tmp")
        self.assertEqual(2, told.code, told)
        self.assertIn("pawl doctor", told.err)

    def test_hanging_and_dying_probes(self):
        """doctor outlives probes that hang or die, and tells which"""
        probe, real = pathlib.Path(self.host.program("pawl-probe")), pathlib.Path("/opt/real-probe")
        script = pathlib.Path("/opt/probe")
        script.write_text(f'#!/bin/sh\ncase $1 in pidfd) sleep 300 ;; close_range) kill -9 $$ ;; esac\nexec {real} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
        swap = f"touch {real}; mount --bind {probe} {real}; mount --bind {script} {probe}"
        rows = self.rows(self.confined(self.alice, swap, *self.doctor_words("--json")), 1)
        self.assert_blamed(rows["pidfd"], "did not end within")
        self.assert_blamed(rows["close_range"], "died")
        self.assertEqual("works", rows["user namespace"]["state"])
