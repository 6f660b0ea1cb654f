"""The stage of every story: ordinary users with private homes, scratch file systems over the folders that pawl uses,
and a production target that is owned by root. All of it lives in a private mount namespace (tests/support/reachable.sh
made it), so that nothing of the host is touched."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PAWL_BUILD", ROOT / "build"))
SUPPORT = ROOT / "tests" / "support"
TARGET = pathlib.Path("/opt/target")  # the stand-in for production
TOKEN = "tok-prod-5b1f0c9d7e6a4832"  # what only the approved action may ever hold
MODEL_KEY = "sk-ant-real-0123456789abcdef"


def staged():
    """Where `meson install` put the programs (tools/check does it): the layout that packages have."""
    stage = pathlib.Path(os.environ.get("PAWL_STAGE", BUILD / "stage")) / "usr/local"
    if not (stage / "bin/pawl").exists():
        raise AssertionError(f"no installed pawl below {stage}; remedy: tools/check, or DESTDIR=$PWD/build/stage meson install -C build")
    return stage


class Person:
    """An ordinary user of the host. Its name in people.toml is the short one."""

    def __init__(self, name):
        user = pwd.getpwnam(f"pawl-test-{name}")
        self.name, self.login, self.uid, self.gid = name, user.pw_name, user.pw_uid, user.pw_gid
        self.home = pathlib.Path(user.pw_dir)
        self.workspace = self.home / "project"
        self.key = self.home / ".config/pawl/keys" / name

    def identity(self):
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def environment(self, **more):
        return {"HOME": str(self.home), "USER": self.login, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "dumb", **more}

    def public_key(self):
        return self.key.with_suffix(".pub").read_text(encoding="ascii").rsplit(" ", 1)[0]

    def write(self, relative, content, mode=0o644):
        """A file in the person's home, with its folders, all theirs."""
        path = self.home / relative
        for folder in reversed(path.parents):
            if folder.is_relative_to(self.home) and not folder.exists():
                folder.mkdir(mode=0o700)
                os.chown(folder, self.uid, self.gid)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.chown(path, self.uid, self.gid)
        path.chmod(mode)
        return path


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def in_private_namespace():
    """tests/support/reachable.sh tells which mounts are the host's."""
    return os.environ.get("PAWL_HOST_MOUNTS", own := os.readlink("/proc/self/ns/mnt")) != own


def in_own_network():
    """The same of the network: apart, there is a loopback that nobody else uses."""
    return os.environ.get("PAWL_HOST_NETWORK", own := os.readlink("/proc/self/ns/net")) != own


def wait_until(question, timeout=20.0, every=0.05, what="it"):
    """The first true answer; fails the test when there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {timeout:g} seconds")
        time.sleep(every)


class Host:
    """Scratch folders and processes of one test; end() takes all of them away."""

    def __init__(self):
        self.programs = staged()
        self.people = {name: Person(name) for name in ("alice", "bob", "carol")}
        self.alice, self.bob, self.carol = self.people.values()
        self.mounted, self.made, self.children = [], [], []
        try:
            for person in self.people.values():
                self.scratch(person.home, f"mode=0700,uid={person.uid},gid={person.gid}")
                self.furnish(person)
            for folder in ("/etc/pawl", "/run/pawl", "/var/lib/pawl", "/var/cache/pawl", "/opt"):
                self.scratch(pathlib.Path(folder))
            self.build_target()
        except BaseException:
            self.end()
            raise

    def scratch(self, path, options="mode=0755"):
        if not path.exists():
            path.mkdir(parents=True)
            self.made.append(path)
        mount("-t", "tmpfs", "-o", "size=64m," + options, "tmpfs", path)
        self.mounted.append(path)

    @staticmethod
    def empty(folder):
        """What a scratch folder holds goes, the folder stays."""
        for path in pathlib.Path(folder).iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def furnish(self, person):
        person.write(".config/pawl/keys/.keep", "")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person.name, "-f", person.key], check=True,
                       **person.identity())
        person.write("project/k8s/web.yaml", "service: web\nreplicas: 2\n")
        person.write("project/agent.sh", (SUPPORT / "scripted_agent").read_text(encoding="utf-8"), 0o755)

    def build_target(self):
        TARGET.mkdir(mode=0o755)
        shutil.copy(SUPPORT / "deployctl", TARGET / "deployctl")
        (TARGET / "deployctl").chmod(0o755)
        (TARGET / "journal").mkdir(mode=0o777)
        (TARGET / "journal").chmod(0o777)

    def journal(self):
        """Real executions so far, one line each, as the target saw them."""
        path = TARGET / "journal/executions"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    # Processes

    def program(self, name):
        public = self.programs / "bin" / name
        return str(public if public.exists() else self.programs / "libexec/pawl" / name)

    def start(self, person, argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=None, **env):
        child = subprocess.Popen([str(word) for word in argv], stdin=stdin, stdout=stdout, stderr=stderr,
                                 cwd=str(cwd or person.workspace), env=person.environment(**env), start_new_session=True,
                                 umask=0o022, **person.identity())
        self.children.append(child)
        return child

    def run(self, person, *argv, stdin=b"", timeout=60, cwd=None, **env):
        child = self.start(person, argv, cwd=cwd, **env)
        try:
            out, err = child.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            raise AssertionError(f"{' '.join(map(str, argv))} did not end in {timeout} seconds\n{out!r}\n{err!r}") from None
        finally:
            self.children.remove(child)
        return Result(child.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    def pawl(self, person, *arguments, **options):
        return self.run(person, self.program("pawl"), *arguments, **options)

    def is_broker(self, pid):
        try:
            return os.readlink(f"/proc/{pid}/exe").split(" (deleted)")[0] == os.path.realpath(self.program("pawld"))
        except OSError:
            return False

    def own_brokers(self):
        """Every pawld of this test, also those that nobody has asked for: they share its private mounts."""
        ours = os.readlink("/proc/self/ns/mnt")
        found = set()
        for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
            try:
                if self.is_broker(pid) and os.readlink(f"/proc/{pid}/ns/mnt") == ours:
                    found.add(pid)
            except OSError:
                pass  # gone meanwhile
        return found

    def end_broker(self, pid, how=signal.SIGKILL):
        """Ends a pawld of this test, and waits until it is gone."""
        if self.is_broker(pid):
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass  # a helper of one that was ended before
            wait_until(lambda: not self.is_broker(pid), what=f"the end of pawld {pid}")

    def end(self):
        for child in self.children:
            if child.poll() is None:
                try:
                    os.killpg(child.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                child.wait()
            for stream in (child.stdin, child.stdout, child.stderr):
                if stream:
                    stream.close()
        for pid in self.own_brokers():
            self.end_broker(pid)
        for path in reversed(self.mounted):
            subprocess.run(["umount", "--lazy", str(path)], check=False)
        for path in reversed(self.made):
            path.rmdir()
        self.children, self.mounted, self.made = [], [], []
