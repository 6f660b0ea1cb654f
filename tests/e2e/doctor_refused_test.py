"""pawl doctor, and pawl run on the same host: what is missing is found by trying, named, and has one remedy.

Each restriction is a real one, made for one command: a user namespace without room, a filter as containers have,
covered files, file systems. A host may have more of them than its mark says (a container's), so the remedies
themselves stand in the unit tests; here both commands must say the same one."""

import pathlib
import shutil
import subprocess

from doctor_lies_test import LIES
from doctors import NAMESPACES, PYTHON, DoctorStory, ProbeStory
from host import SUPPORT


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

    def test_no_room_of_one_kind(self):
        """doctor and run: where another kind has no room, it is found by name, also from inside the outer namespace"""
        kinds = {"pid": "pid namespace", "mnt": "new root", "net": "network namespace", "ipc": "ipc namespace", "uts": "uts namespace",
                 "cgroup": "cgroup namespace"}
        for kind, layer in kinds.items():
            with self.subTest(kind):
                wrapper = [PYTHON, SUPPORT / "in_user_namespace.py", f"max_{kind}_namespaces=0", "--"]
                rows = self.rows(self.confined(self.alice, ":", *self.doctor_words("--json"), wrapper=wrapper), 1)
                self.assertEqual("works", rows["user namespace"]["state"])
                self.assert_blamed(rows[layer], f"user.max_{kind}_namespaces is 0")
                self.assert_same(self.confined(self.alice, ":", *self.run_words(self.alice), wrapper=wrapper), rows[layer])

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
        folders = "/usr /etc /proc /sys /dev /home /run /tmp /var"
        prepare = (f"for f in {folders}; do mkdir -p {top}$f; mount --rbind $f {top}$f; done; "
                   f"for l in bin sbin lib lib64; do ln -sfn usr/$l {top}/$l; done")
        program = pathlib.Path(self.host.program("pawl"))
        if not any(program.is_relative_to(folder) for folder in folders.split()):
            prepare += f"; mkdir -p {top}{self.host.programs}; mount --rbind {self.host.programs} {top}{self.host.programs}"
        wrapper = ["chroot", top]
        rows = self.rows(self.confined(self.alice, prepare, *self.doctor_words("--json"), wrapper=wrapper), 1)
        self.assert_blamed(rows["user namespace"], "chroot")
        self.assert_same(self.confined(self.alice, prepare, *self.run_words(self.alice), wrapper=wrapper), rows["user namespace"])


SERVICES = ("policy", "broker", "clock", "disk")
UBUNTU = ("mount -t tmpfs tmpfs /proc/sys/kernel; echo 1 >/proc/sys/kernel/apparmor_restrict_unprivileged_userns; "
          "echo 10000 >/proc/sys/kernel/ns_last_pid")
DEBIAN = "mount -t tmpfs tmpfs /proc/sys/kernel; echo 0 >/proc/sys/kernel/unprivileged_userns_clone"
OLD = "echo 'Linux version 5.4.0-42-generic (builder)' >/opt/version; mount --bind /opt/version /proc/version"
BARE = "umount -R /sys/fs/cgroup"
CLOSED = "chmod 0500 {home}/scratch"
SEALED = "mount --bind {home}/scratch {home}/scratch; mount -o remount,bind,ro {home}/scratch"


def sysctl(setting):
    return {"wrapper": [PYTHON, SUPPORT / "in_user_namespace.py", setting, "--"]}


def fails(*injections, prepare=":"):
    """Calls that fail as in a kernel without them: a filter would be seen in /proc, and blamed."""
    return {"before": ["strace", "-f", "-qq", "-o", "/dev/null", *(word for one in injections for word in one)], "prepare": prepare}


def call(injection):
    return ["-e", "inject=" + injection]


# Where these tests run in a container themselves, it does not tell.
NO_CONTAINER = [["-P", "/.dockerenv"], ["-P", "/run/.containerenv"], call("access:error=ENOENT")]


def filtered(call_name, number="EPERM"):
    return {"before": [PYTHON, SUPPORT / "refuse_calls.py", "--errno", number, call_name]}


# Layer, the host, and what cause and remedy say then.
REFUSALS = [
    ("user namespace", sysctl("max_user_namespaces=0"), "user.max_user_namespaces is 0", "user.max_user_namespaces=15000"),
    ("user namespace", {**filtered("unshare"), "prepare": DEBIAN}, "kernel.unprivileged_userns_clone is 0", "unprivileged_userns_clone=1"),
    ("user namespace", fails(call("unshare:error=EINVAL")), "was built without it", "CONFIG_USER_NS=y"),
    ("nested user namespace", sysctl("max_user_namespaces=1"), "all namespaces that this host allows", "lsns"),
    ("nested user namespace", sysctl("max_mnt_namespaces=0"), "user.max_mnt_namespaces is 0", "user.max_mnt_namespaces=15000"),
    ("id maps", fails(["-P", "/proc/self/uid_map"], call("openat:error=EPERM"), *NO_CONTAINER, prepare=UBUNTU),
     "kernel.apparmor_restrict_unprivileged_userns is 1", "sudo apparmor_parser -r"),
    ("new root", fails(call("fsopen:error=ENOSYS"), prepare=OLD), "Linux 5.4.0-42-generic is too old", "Linux 5.12 or later"),
    ("new root", sysctl("max_mnt_namespaces=0"), "user.max_mnt_namespaces is 0", "user.max_mnt_namespaces=15000"),
    ("read-only binds", fails(call("mount_setattr:error=ENOSYS"), prepare=OLD), "too old", "Linux 5.12 or later"),
    ("pid namespace", sysctl("max_pid_namespaces=0"), "user.max_pid_namespaces is 0", "user.max_pid_namespaces=15000"),
    ("private /proc", filtered("mount"), "forbids it", "seccomp=unconfined"),
    ("network namespace", sysctl("max_net_namespaces=0"), "user.max_net_namespaces is 0", "user.max_net_namespaces=15000"),
    ("redirect rules", fails(call("sendto:error=EOPNOTSUPP")), "no nftables", "nft_redir"),
    ("ipc namespace", sysctl("max_ipc_namespaces=0"), "user.max_ipc_namespaces is 0", "user.max_ipc_namespaces=15000"),
    ("uts namespace", sysctl("max_uts_namespaces=0"), "user.max_uts_namespaces is 0", "user.max_uts_namespaces=15000"),
    ("cgroup namespace", sysctl("max_cgroup_namespaces=0"), "user.max_cgroup_namespaces is 0", "user.max_cgroup_namespaces=15000"),
    ("overlay workspace", fails(call("mount:error=ENODEV")), "no overlay file system", "modprobe overlay"),
    ("no new privileges", filtered("prctl"), "forbids it", "seccomp=unconfined"),
    ("system call filter", filtered("seccomp"), "forbids it", "seccomp=unconfined"),
    ("system call filter", fails(call("seccomp:error=EINVAL")), "was built without it", "CONFIG_SECCOMP_FILTER=y"),
    ("foreign system calls", filtered("seccomp"), "forbids it", "seccomp=unconfined"),
    ("landlock files", fails(call("landlock_create_ruleset:error=EOPNOTSUPP")), "not switched on when it booted", "lsm=landlock,"),
    ("landlock files", fails(call("landlock_create_ruleset:error=ENOSYS"), prepare=OLD), "too old", "Linux 5.19 or later"),
    ("landlock scopes", fails(call("landlock_create_ruleset:error=EINVAL:when=1"), prepare=OLD), "too old", "Linux 6.12 or later"),
    ("session keyring", filtered("keyctl"), "forbids it", "seccomp=unconfined"),
    ("close_range", fails(call("close_range:error=ENOSYS"), prepare=OLD), "too old", "Linux 5.11 or later"),
    ("pidfd", fails(call("pidfd_send_signal:error=ENOSYS"), prepare=OLD.replace("5.4.0", "5.0.0")), "too old", "Linux 5.4 or later"),
    ("terminal", filtered("mount"), "forbids it", "seccomp=unconfined"),
    ("limits", {"prepare": BARE}, "no control groups of version 2", "mount -t cgroup2"),
    ("state directory", {"prepare": CLOSED}, "may not write", "chown"),
    ("state directory", {"prepare": SEALED}, "mounted read-only", "findmnt"),
    ("socket directory", {"prepare": CLOSED}, "may not write", "chown"),
    ("socket directory", {"prepare": SEALED}, "mounted read-only", "findmnt"),
]


class Layers(ProbeStory):
    def test_refusals(self):
        """doctor's probes: each layer on a host that refuses it, with the cause and the remedy"""
        if not shutil.which("strace"):
            self.skipTest("needs:ptrace to let calls fail")
        for layer, host, cause, remedy in REFUSALS:
            with self.subTest(layer, cause=cause):
                prepare = host.get("prepare", ":").format(home=self.alice.home)
                told = self.ask(layer, *host.get("before", ()), prepare=prepare, wrapper=host.get("wrapper", ()))
                self.assertEqual("refused", told[0], told)
                self.assertIn(cause, told[1])
                self.assertIn(remedy, told[2])

    def test_profile(self):
        """doctor: the command that gives the programs their AppArmor profile finds it, and writes their own paths into it"""
        if not shutil.which("strace"):
            self.skipTest("needs:ptrace to let calls fail")
        host = next(host for layer, host, *_ in REFUSALS if layer == "id maps")
        _, _, remedy = self.ask("id maps", *host["before"], prepare=host["prepare"])
        command, _, rest = remedy.partition(" | sudo tee ")
        self.assertEqual("/etc/apparmor.d/pawl-launch && sudo apparmor_parser -r /etc/apparmor.d/pawl-launch", rest)
        written = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
        for name in ("pawl-launch", "pawl-probe"):
            self.assertIn(f"profile {name} {self.host.program(name)} flags=(unconfined) {{", written)

    def test_nothing_to_hold(self):
        """doctor's probes: a kernel without keys, message queues or foreign calls has nothing to hold there"""
        if not shutil.which("strace"):
            self.skipTest("needs:ptrace to let calls fail")
        for layer, injection in (("session keyring", "keyctl:error=ENOSYS"), ("ipc namespace", "msgget:error=ENOSYS")):
            with self.subTest(layer):
                self.assertEqual("nothing", self.ask(layer, *fails(call(injection))["before"])[0])

    def test_every_layer(self):
        """doctor: every layer that it shows has a host in these tables that refuses it, and a kernel that lies about it"""
        told = self.host.pawl(self.alice, "doctor", "--json")
        shown = [row for row in self.rows(told, told.code) if row not in SERVICES and not row.startswith("role ")]
        for table in (REFUSALS, [*LIES, ("limits",)]):
            self.assertEqual(sorted(shown), sorted({row[0] for row in table}))
