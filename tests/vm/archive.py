"""Writes initial root file systems (cpio "newc", as the kernel's early-userspace/buffer-format says). Everything belongs to
root unless a tar says otherwise; the kernel reads archives that stand one behind the other as one."""

import os
import stat
import tarfile


class Archive:
    def __init__(self, path):
        self.out = open(path, "wb")
        self.number = 0
        self.folders = set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.entry("TRAILER!!!", 0)
        self.out.close()

    def entry(self, name, mode, content=b"", uid=0, gid=0, device=(0, 0)):
        self.number += 1
        encoded = name.encode() + b"\0"
        fields = [self.number, mode, uid, gid, 1, 0, len(content), 0, 0, *device, len(encoded), 0]
        self.write(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded)
        self.write(content)

    def write(self, piece):
        self.out.write(piece + b"\0" * (-len(piece) % 4))

    def parents(self, name):
        for parent in [name[:at] for at, letter in enumerate(name) if letter == "/"]:
            self.folder(parent)

    def folder(self, name, mode=0o755):
        if name not in self.folders:
            self.parents(name)
            self.folders.add(name)
            self.entry(name, stat.S_IFDIR | mode)

    def text(self, name, content, mode=0o644):
        self.parents(name)
        self.entry(name, stat.S_IFREG | mode, content.encode())

    def link(self, name, target):
        self.parents(name)
        self.entry(name, stat.S_IFLNK | 0o777, target.encode())

    def file(self, source, name):
        self.parents(name)
        mode = 0o755 if os.access(source, os.X_OK) else 0o644
        with open(source, "rb") as file:
            self.entry(name, stat.S_IFREG | mode, file.read())

    def tree(self, source, name):
        """A folder and all below it."""
        for path, folders, files in os.walk(source):
            folders.sort()
            inside = os.path.join(name, os.path.relpath(path, source)).removesuffix("/.")
            self.folder(inside)
            for file in sorted(files):
                if os.path.islink(os.path.join(path, file)):
                    self.link(os.path.join(inside, file), os.readlink(os.path.join(path, file)))
                else:
                    self.file(os.path.join(path, file), os.path.join(inside, file))

    def tar(self, path):
        """What mmdebstrap makes, with its owners. Hard links become copies."""
        kinds = {tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK, tarfile.CHRTYPE: stat.S_IFCHR,
                 tarfile.BLKTYPE: stat.S_IFBLK, tarfile.FIFOTYPE: stat.S_IFIFO}
        with tarfile.open(path) as source:
            for member in source:
                name = member.name.removeprefix("./")
                if name in ("", "."):
                    continue
                content = b""
                if member.isreg() or member.islnk():
                    content = source.extractfile(member).read()
                elif member.issym():
                    content = member.linkname.encode()
                kind = kinds.get(member.type, stat.S_IFREG)
                device = (member.devmajor, member.devminor) if member.ischr() or member.isblk() else (0, 0)
                if member.isdir():
                    self.folders.add(name)
                self.entry(name, kind | member.mode, content, member.uid, member.gid, device)
