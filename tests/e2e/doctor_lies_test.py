"""pawl doctor on kernels that lie: a call that would make or enforce a layer says yes and does nothing. Then the attack
gets through, and the probe must see that; one that only made the call would report a layer that is not there."""

import pathlib
import shlex
import shutil

from doctors import ProbeStory

# unshare(2) says yes; then also on a host whose /proc does not tell, where nothing but the attack itself can find out.
NO_NAMESPACE = ["unshare:retval=0:when=2+"]
BLIND = [*NO_NAMESPACE, "readlink:error=ENOENT", "readlinkat:error=ENOENT"]

# Layer, the lies, and what the cause says then.
LIES = [
    ("user namespace", ["unshare:retval=0"], "made no user namespace"),
    ("user namespace", ["sethostname:retval=0"], "reached the host's name"),
    ("nested user namespace", NO_NAMESPACE, "made no mount namespace"),
    ("nested user namespace", ["setns:retval=0"], "left for the outer one"),
    ("id maps", ["setresuid:retval=0"], "became root without a map"),
    ("new root", ["pivot_root:retval=0"], "a file of the host is there"),
    ("new root", ["mount_setattr:retval=0"], "a read-only root can be written"),
    ("read-only binds", ["mount_setattr:retval=0"], "opened for writing"),
    ("pid namespace", NO_NAMESPACE, "made no pid namespace"),
    ("pid namespace", BLIND, "does not begin with 1"),
    ("pid namespace", ["kill:retval=0"], "outside of the pid namespace can be signalled"),
    ("private /proc", ["mount:retval=0"], ""),
    ("network namespace", NO_NAMESPACE, "made no network namespace"),
    ("network namespace", BLIND, "abstract socket of the host answers"),
    ("network namespace", ["connect:retval=0"], "abstract socket of the host answers"),
    ("redirect rules", NO_NAMESPACE, "made no network namespace"),
    ("redirect rules", ["connect:retval=0"], "is not an empty one"),
    ("redirect rules", ["connect:error=ENETUNREACH"], "connections are not redirected"),
    ("ipc namespace", NO_NAMESPACE, "made no ipc namespace"),
    ("ipc namespace", BLIND, "message queue of the host"),
    ("uts namespace", NO_NAMESPACE, "made no uts namespace"),
    ("uts namespace", ["sethostname:retval=0"], "is not the name there"),
    ("cgroup namespace", NO_NAMESPACE, "made no cgroup namespace"),
    ("overlay workspace", ["mount:retval=0"], "shows nothing of its layers"),
    ("no new privileges", ["prctl:retval=0"], "no_new_privs"),
    ("system call filter", ["seccomp:retval=0"], "passed the system call filter"),
    ("foreign system calls", ["seccomp:retval=0"], "did not end in death"),
    ("landlock files", ["landlock_restrict_self:retval=0"], "a file without a rule was opened"),
    ("landlock scopes", ["landlock_restrict_self:retval=0"], "outside of the Landlock scope answered"),
    ("session keyring", ["keyctl:retval=1"], "key of the person's session keyring"),
    ("close_range", ["close_range:retval=0"], "stayed open over exec"),
    ("pidfd", ["pidfd_send_signal:retval=0:when=1"], "did not arrive"),
    ("pidfd", ["pidfd_send_signal:retval=0:when=2+"], "after its own was gone"),
    ("terminal", ["seccomp:retval=0"], "TIOCSTI"),
    ("state directory", ["write:retval=23"], "does not hold what was written"),
    ("socket directory", ["connect:retval=0"], "led nowhere"),
]

# A control group is a folder of files. These are ordinary ones, in which limits can be written and hold nothing: the file
# system claims to be cgroup2, and the name that the session's group gets by chance is that of a folder that is there.
CGROUP2_SUPER_MAGIC = "7072676300000000"
SESSION = "pawl-" + 16 * "0"
NO_GROUP = [f"fstatfs:poke_exit=@arg2={CGROUP2_SUPER_MAGIC}", f"getrandom:poke_exit=@arg1={16 * '0'}", "mkdirat:retval=0"]
FILES = ("cgroup.procs", "cgroup.kill", "memory.max", "memory.swap.max", "memory.oom.group", "cpu.max", "pids.max", "memory.events")


def own_group():
    """Where this process's control group of version 2 is mounted, and its path below that."""
    mounts = [line.split(" - ") for line in pathlib.Path("/proc/self/mountinfo").read_text(encoding="ascii").splitlines()]
    points = [left.split()[4] for left, right in mounts if right.startswith("cgroup2 ")]
    paths = [line[3:] for line in pathlib.Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines() if line.startswith("0::")]
    return (points[0], paths[0]) if points and paths else None


def folder_of_files(point, path, owner, controllers):
    """The commands that put one over the control groups of a mount namespace."""
    group = point + path.rstrip("/")
    session = f"{group}/{SESSION}"
    words = shlex.quote(controllers)
    return (f"mount -t tmpfs tmpfs {point}; mkdir -p {session}; for f in {' '.join(FILES)}; do touch {session}/$f; done; "
            f"touch {group}/cgroup.procs; for f in {point} {group}; do echo {words} >$f/cgroup.controllers; "
            f"echo {words} >$f/cgroup.subtree_control; done; chown -R {owner} {point}")


class Lies(ProbeStory):
    def lied_to(self, layer, lies, **more):
        tracer = ["strace", "-f", "-qq", "-o", "/dev/null", *(word for lie in lies for word in ("-e", "inject=" + lie))]
        verdict, cause, remedy = self.ask(layer, *tracer, **more)
        self.assertEqual("broken", verdict, (layer, lies, cause))
        self.assertIn("start no agent on this kernel", remedy)
        return cause

    def setUp(self):
        if not shutil.which("strace"):
            self.skipTest("needs:ptrace to let calls lie")
        super().setUp()

    def test_lies(self):
        """doctor's probes attack what they made: a layer that says yes and holds nothing is seen through"""
        honest = {layer: self.ask(layer) for layer in dict.fromkeys(layer for layer, _, _ in LIES)}
        for layer, lies, words in LIES:
            with self.subTest(layer, lies=lies):
                if honest[layer][0] == "nothing" or (layer.startswith("landlock") and honest[layer][0] == "refused"):
                    continue  # this kernel has nothing there to lie about
                self.assertEqual("holds", honest[layer][0], honest[layer])
                self.assertIn(words, self.lied_to(layer, lies))

    def test_overlay_that_keeps_nothing_apart(self):
        """doctor's probe of overlays sees a change that reached the folder below"""
        link = f"ln -s lower {self.alice.home}/scratch/merged; chown -h {self.alice.uid}:{self.alice.gid} {self.alice.home}/scratch/merged"
        self.assertIn("reached the folder below", self.lied_to("overlay workspace", ["mount:retval=0"], prepare=link))

    def test_limits(self):
        """doctor's probe of limits sees control groups that take every limit and hold none"""
        place = own_group()
        if place is None:
            self.skipTest("needs:cgroup2 to put something in its place")
        owner = f"{self.alice.uid}:{self.alice.gid}"
        group = place[0] + place[1].rstrip("/")
        cause = self.lied_to("limits", NO_GROUP, prepare=folder_of_files(*place, owner, "cpu memory pids"))
        self.assertIn("more processes than its limit", cause)
        uncounted = f"{folder_of_files(*place, owner, 'cpu memory')}; rm {group}/{SESSION}/pids.max"
        cause = self.lied_to("limits", NO_GROUP, prepare=uncounted)
        self.assertRegex(cause, "more (processor time|memory) than the limit")
