"""Runs a command in a user namespace with all ids of this one mapped to themselves, and with settings of its own.

  in_user_namespace.py SYSCTL=VALUE... -- COMMAND...      SYSCTL: below /proc/sys/user, of the new namespace alone

Needs root.
"""

import ctypes
import os
import sys

CLONE_NEWUSER = 0x10000000
ALL_IDS = "0 0 4294967295"


def map_all(pid):
    for kind in ("uid_map", "gid_map"):
        with open(f"/proc/{pid}/{kind}", "w", encoding="ascii") as file:
            file.write(ALL_IDS)


def main():
    split = sys.argv.index("--")
    settings = [word.split("=", 1) for word in sys.argv[1:split]]
    ready, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
            raise OSError(ctypes.get_errno(), "make a user namespace")
        os.write(ready[1], b"x")
        os.read(mapped[0], 1)
        for name, value in settings:
            with open(f"/proc/sys/user/{name}", "w", encoding="ascii") as file:
                file.write(value)
        os.execvp(sys.argv[split + 1], sys.argv[split + 1:])
    os.read(ready[0], 1)
    map_all(child)
    os.write(mapped[1], b"x")
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
