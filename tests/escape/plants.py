"""What lies about on a host: keys and tokens in a home, files that are not the agent's, a process that has what it would
like. The attempts of tests/escape reach all of it unconfined."""

import ctypes
import os
import pathlib
import shutil
import socket
import subprocess
import sys

SECRET = "pawl-escape-secret-4f1d8c"
HERE = pathlib.Path(__file__).resolve().parent
PLACES = (".ssh/id_ed25519", ".aws/credentials", ".netrc", ".config/gh/hosts.yml", ".kube/config", ".docker/config.json", ".npmrc",
          ".git-credentials", ".config/gcloud/application_default_credentials.json", ".azure/msal_token_cache.json",
          ".gnupg/private-keys-v1.d/0123.key", ".pgpass", ".bash_history", ".mozilla/firefox/default/logins.json",
          ".local/share/keyrings/login.keyring", ".config/pawl/secrets/escape.token", ".config/pawl/keys/escape",
          ".local/state/pawl/escape")
SYS_ADD_KEY, SYS_KEYCTL = 248, 250
USER_KEYRING, SESSION_KEYRING = -4, -3
JOIN_SESSION, SET_PERMISSIONS, LINK, UNLINK = 1, 5, 8, 9
# Of the workspace: what makes the host execute things. A folder that holds HEAD, objects and refs is a repository to git.
PROTECTED = (".git/HEAD", ".git/config", ".git/hooks/pre-commit", ".git/info/exclude", ".git/modules/part/config",
             ".git/modules/part/hooks/update.sample", "deep/er/.git/HEAD", "deep/er/.git/config", "deep/er/.git/hooks/pre-commit",
             "store/HEAD", "store/config", "store/hooks/pre-receive", "store/objects/keep", "store/refs/keep", "elsewhere/.git", ".envrc",
             "deep/.envrc", ".claude/settings.json", ".github/workflows/ci.yml", "editor/tasks.json")
LIBC = ctypes.CDLL(None, use_errno=True)


def own_interface():
    return next((name for _, name in socket.if_nameindex() if name not in ("lo", "sit0")), "")


def own_address():
    """One of the host's own addresses that is not loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return ""


def hierarchies():
    """Where control groups are mounted: the unified hierarchy, and one of version 1 with its controllers."""
    found = {}
    for line in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, place, kind, options = line.split()[:4]
        if kind == "cgroup2":
            found.setdefault("cgroup2", place)
        elif kind == "cgroup" and "name=" not in options:
            known = options.split(",")[-1]
            found = {"cgroup1": place, "cgroup1_controllers": known, **found}
    return found


class Plants:
    """`person` owns what is planted; `starter` is who starts the attempts: the person, or root."""

    def __init__(self, host, person, probe):
        self.host, self.person = host, person
        self.values = {"secret": SECRET, "home": str(person.home), "workspace": str(person.workspace),
                       "hostname": pathlib.Path("/etc/hostname").read_text(encoding="utf-8").strip(), "interface": own_interface(), "address": own_address(),
                       "harness": str(os.getpid()), "big": "/var/tmp", **hierarchies()}
        for place in PLACES:
            person.write(place, SECRET + "\n", 0o600)
        person.write("writable", "writable\n", 0o644)
        self.plant_elsewhere()
        self.plant_workspace(probe)
        self.victim = self.start_victim()
        self.descriptors = self.open_descriptors()

    def plant_elsewhere(self):
        """In the private mounts of the test, so that the host's own folders stay as they are."""
        for name, folder in (("tmp", "/tmp"), ("var_tmp", "/var/tmp"), ("run", "/run/pawl"), ("opt", "/opt")):
            place = pathlib.Path(folder) / f"pawl-escape-{os.getpid()}"
            place.mkdir(mode=0o755)
            os.chown(place, self.person.uid, self.person.gid)
            (place / "secret").write_text(SECRET, encoding="ascii")
            (place / "secret").chmod(0o644)
            self.values[f"host_{name}"] = str(place / "secret")
            self.values[f"place_{name}"] = str(place)

    def plant_workspace(self, probe):
        workspace = self.person.workspace
        self.person.write("project/control", SECRET)
        self.person.write("project/notes", "the agent's\n")
        for name in PROTECTED:
            self.person.write("project/" + name, "gitdir: ../store\n")
        (workspace / ".vscode").symlink_to("editor")
        os.chown(workspace / ".vscode", self.person.uid, self.person.gid, follow_symlinks=False)
        shutil.copy(probe, workspace / "escape-probe")
        (workspace / "escape-probe").chmod(0o755)
        (workspace / "link-to-netrc").symlink_to(self.person.home / ".netrc")
        shutil.copy("/bin/dash", workspace / "setuid-sh")
        os.chown(workspace / "setuid-sh", 0, 0)
        (workspace / "setuid-sh").chmod(0o4755)
        os.mknod(workspace / "zero", 0o020666, os.makedev(1, 5))
        (workspace / "zero").chmod(0o666)

    def sockets(self):
        """Where they are on many hosts, and elsewhere."""
        own = f"/run/user/{self.person.uid}"
        self.host.scratch(pathlib.Path("/run/user"))
        self.host.scratch(pathlib.Path("/run/dbus"))
        for folder in (own, "/run/dbus"):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            os.chown(folder, self.person.uid, self.person.gid)
        places = {name: f"{folder}/agent.sock" for name, folder in (("home", self.person.home), ("run", self.values["place_run"]),
                                                                    ("tmp", self.values["place_tmp"]))}
        return {"bus": f"{own}/bus", "docker": f"{own}/docker.sock", "gpg": f"{own}/gnupg/S.gpg-agent", "ssh": f"{own}/ssh-agent",
                "system_bus": "/run/dbus/system_bus_socket", **places}

    def start_victim(self):
        argv = ["/usr/bin/python3", str(HERE / "victim.py"), SECRET, str(self.person.home)]
        argv += [f"{name}={path}" for name, path in self.sockets().items()]
        victim = self.host.start(self.person, argv, stderr=None, ESCAPE_SECRET=SECRET)
        for line in victim.stdout:
            name, value = line.decode().rstrip("\n").split(" ", 1)
            if name == "ready":
                break
            self.values[name] = value
        return victim

    def open_descriptors(self):
        file = os.open(self.person.home / ".netrc", os.O_RDONLY)
        folder = os.open(self.person.home, os.O_RDONLY | os.O_DIRECTORY)
        ours, theirs = socket.socketpair()
        self.ends = (ours, theirs)
        numbers = {"open_file": file, "open_folder": folder, "open_socket": theirs.fileno()}
        self.values.update({name: str(number) for name, number in numbers.items()})
        return tuple(numbers.values())

    def write(self):
        text = "".join(f"{name} {value}\n" for name, value in self.values.items())
        return self.person.write("project/plants", text)

    def plant_keys(self):
        """In the process that becomes the attempts' ancestor, as its user."""
        LIBC.syscall(SYS_KEYCTL, JOIN_SESSION, None)
        LIBC.syscall(SYS_KEYCTL, LINK, USER_KEYRING, SESSION_KEYRING)  # to possess, for a moment, what is added to it
        for ring in (USER_KEYRING, SESSION_KEYRING):
            key = LIBC.syscall(SYS_ADD_KEY, b"user", b"pawl-escape", SECRET.encode(), len(SECRET), ring)
            LIBC.syscall(SYS_KEYCTL, SET_PERMISSIONS, key, 0x3F3F0000)
        LIBC.syscall(SYS_KEYCTL, UNLINK, USER_KEYRING, SESSION_KEYRING)

    def start(self, starter, argv):
        """Runs to its end; all that a careless launch would hand on is handed on."""
        environment = starter.environment(ESCAPE_SECRET=SECRET, LC_ALL="C", SSH_AUTH_SOCK=self.values["unix_ssh"],
                                          DBUS_SESSION_BUS_ADDRESS="unix:path=" + self.values["unix_bus"])
        child = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, cwd=str(self.person.workspace), env=environment, start_new_session=True,
                                 umask=0o022, pass_fds=self.descriptors, preexec_fn=self.plant_keys, **starter.identity())
        self.host.children.append(child)
        out, err = child.communicate(timeout=300)
        self.host.children.remove(child)
        return child.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    def end(self):
        self.victim.stdin.close()
        self.victim.wait(timeout=20)
        for number in self.descriptors[:2]:
            os.close(number)
        for end in self.ends:
            end.close()
        for name in ("tmp", "var_tmp", "run", "opt"):
            shutil.rmtree(self.values[f"place_{name}"], ignore_errors=True)


if __name__ == "__main__":
    sys.exit("a module of tests/escape")
