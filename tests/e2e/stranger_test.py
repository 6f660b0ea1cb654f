"""A receipt in a stranger's hands: a root with nothing in it but a shell, ssh-keygen, sha256sum and grep."""

import os
import pathlib
import re
import shutil
import subprocess

from brokers import Story, SystemBroker

STRANGERS = ("/bin/sh", "/usr/bin/ssh-keygen", "/usr/bin/sha256sum", "/usr/bin/grep")
ROOM = pathlib.Path("/opt/stranger")


def libraries(program):
    """What the loader wants for it, and the loader."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(/\S+) \(0x", listed)


def furnish(room):
    """A root with four programs and their libraries; ssh-keygen also wants to know who it is."""
    for program in STRANGERS:
        for path in (program, *libraries(program)):
            copy = room / path.lstrip("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(os.path.realpath(path), copy)
    (room / "etc").mkdir()
    (room / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n", encoding="ascii")
    (room / "dev").mkdir()
    (room / "dev/null").touch()
    subprocess.run(["mount", "--bind", "/dev/null", room / "dev/null"], check=True)


class Stranger(Story):
    def setUp(self):
        super().setUp()
        broker = SystemBroker(self.host)
        broker.start()
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        identity = self.pending(self.bob)["id"]
        for reviewer in (self.bob, self.carol):
            self.assert_done(self.approve(reviewer, identity))
        self.assert_done(shell.status(identity))
        exported = self.bob.workspace / "receipt"
        self.assert_done(self.host.pawl(self.bob, "receipt", "export", identity, exported))
        furnish(ROOM)
        self.addCleanup(subprocess.run, ["umount", ROOM / "dev/null"], check=True)
        self.receipt = ROOM / "receipt"
        shutil.copytree(exported, self.receipt)

    def checked(self):
        return subprocess.run(["/usr/sbin/chroot", ROOM, "/bin/sh", "/receipt/verify.sh"], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, env={"PATH": "/bin:/usr/bin"}, timeout=60)

    @staticmethod
    def places(name, whole):
        """Some bytes that mean something: between lines of Base64 ssh-keygen takes any white space; of the signers, their keys."""
        if name == "allowed_signers":
            return [place for key in re.finditer(rb"AAAA\S+", whole) for place in range(key.start(), key.end(), 9)]
        return [place for place in range(len(whole) // 5, len(whole) - 2, len(whole) // 25) if not whole[place:place + 1].isspace()]

    def test_chroot(self):
        """stranger: in a root without pawl, ssh-keygen accepts both decisions, and no altered byte of document, statement, signature or key"""
        good = self.checked()
        self.assertEqual(0, good.returncode, good)
        self.assertEqual(2, good.stdout.count("Good"), good)
        self.assertFalse(any("pawl" in path.name for path in ROOM.rglob("*") if self.receipt not in (path, *path.parents)))
        signed = sorted(path for path in self.receipt.iterdir() if path.suffix in (".pae", ".sig") or path.name in ("allowed_signers", "document.json"))
        self.assertEqual(6, len(signed), signed)
        for path in signed:
            whole = path.read_bytes()
            for place in self.places(path.name, whole):
                path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
                altered = self.checked()
                self.assertNotEqual((0, 2), (altered.returncode, altered.stdout.count("Good")), f"{path.name} altered at {place}: {altered}")
            path.write_bytes(whole)
        self.assertEqual(0, self.checked().returncode)
