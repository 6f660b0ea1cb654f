"""A virtual machine of Debian's kernel under software emulation (qemu, no KVM): its kernel from the Debian package, which is
fetched but never installed, its root file system an archive that the caller fills. What is fetched is kept in build/vm."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from archive import Archive

PACKAGE = "linux-image-amd64"
QEMU = "qemu-system-x86_64"


class Lacking(Exception):
    """The host lacks something; the text is a "needs:NAME …" of tests/support/report.py."""


def need_programs(*names):
    for name in names:
        if not shutil.which(name):
            raise Lacking(f"needs:{name} (tools/setup vm)")


def run(*command, **options):
    ended = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {ended.stderr.strip()[-2000:]}")
    return ended.stdout


class Kernel:
    """The newest kernel of the configured package sources, unpacked."""

    def __init__(self, cache):
        self.folder = pathlib.Path(cache) / "kernel"
        if not list(self.folder.glob("boot/vmlinuz-*")):
            self.fetch()
        self.image = next(self.folder.glob("boot/vmlinuz-*"))
        self.version = self.image.name.removeprefix("vmlinuz-")

    def fetch(self):
        depends = run("apt-cache", "depends", "--important", PACKAGE)
        names = re.findall(r"Depends: (linux-image-[0-9]\S+)", depends)
        if not names:
            raise Lacking(f"needs:debian-packages (apt-cache knows no kernel for {PACKAGE}; remedy: apt-get update)")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as scratch:
            try:
                run("apt-get", "download", names[0], cwd=scratch)
            except RuntimeError as error:
                raise Lacking(f"needs:debian-packages ({error})") from error
            unpacked = pathlib.Path(scratch) / "unpacked"
            run("dpkg", "--extract", next(pathlib.Path(scratch).glob("*.deb")), unpacked)
            shutil.rmtree(self.folder, ignore_errors=True)
            unpacked.rename(self.folder)


# What the second machine has: systemd, and what pawl and its stories need besides.
ROOT_PACKAGES = ("systemd-sysv,dbus,dbus-user-session,libpam-systemd,libssl3,libre2-9,libfmt9,libgit2-1.5,python3,openssh-client,"
                 "ca-certificates,passwd")
ROOT_USERS = ("pawl", "pawl-action", "pawl-test-alice", "pawl-test-bob", "pawl-test-carol")
ROOT_LEAVES_OUT = ("doc", "man", "locale", "i18n", "info", "bash-completion", "zoneinfo")


class DebianRoot:
    """A small Debian with systemd as an archive, made once by mmdebstrap from the configured package sources."""

    def __init__(self, cache):
        recipe = f"{ROOT_PACKAGES} {ROOT_USERS} {ROOT_LEAVES_OUT}"
        name = hashlib.sha256(recipe.encode()).hexdigest()[:12]
        self.archive = pathlib.Path(cache) / f"debian-{name}.cpio"
        if not self.archive.exists():
            self.make()

    def make(self):
        need_programs("mmdebstrap")
        if os.geteuid() != 0:
            raise Lacking("needs:root to make a Debian root file system")
        self.archive.parent.mkdir(parents=True, exist_ok=True)
        hooks = [f'--customize-hook=chroot "$1" useradd --system --user-group --create-home --shell /bin/bash {user}'
                 for user in ROOT_USERS]
        leaves_out = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ROOT_LEAVES_OUT]
        with tempfile.TemporaryDirectory(dir=self.archive.parent) as scratch:
            tar, cpio = pathlib.Path(scratch) / "root.tar", pathlib.Path(scratch) / "root.cpio"
            run("mmdebstrap", "--variant=minbase", f"--include={ROOT_PACKAGES}", *leaves_out, *hooks, "bookworm", tar)
            with Archive(cpio) as out:
                out.tar(tar)
            cpio.rename(self.archive)


class Boot:
    """One run of the machine until it powers off. `console`: what the kernel and init said; `results`: what was written to the
    second serial line."""

    def __init__(self, kernel, archive, memory, timeout, arguments=""):
        with tempfile.TemporaryDirectory() as scratch:
            console, results = (pathlib.Path(scratch) / name for name in ("console", "results"))
            command = [QEMU, "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", str(memory), "-nodefaults",
                       "-no-user-config", "-display", "none", "-no-reboot", "-kernel", str(kernel.image), "-initrd", str(archive),
                       "-append", f"console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on {arguments}",
                       "-serial", f"file:{console}", "-serial", f"file:{results}"]
            started = time.monotonic()
            machine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                said, _ = machine.communicate(timeout=timeout)
                self.in_time = True
            except subprocess.TimeoutExpired:
                machine.kill()
                said, _ = machine.communicate()
                self.in_time = False
            self.seconds = time.monotonic() - started
            self.said = said.decode("utf-8", "replace")
            self.console = console.read_text(encoding="utf-8", errors="replace") if console.exists() else ""
            self.results = results.read_bytes() if results.exists() else b""
