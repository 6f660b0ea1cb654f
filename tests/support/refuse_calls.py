"""Runs a command under a seccomp filter that refuses some system calls, as a container's profile does.

  refuse_calls.py [--errno NAME] CALL,CALL... COMMAND...
"""

import ctypes
import errno
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
ALLOW, ERRNO = 0x7FFF0000, 0x00050000

# x86-64
NUMBERS = {"prctl": 157, "mount": 165, "keyctl": 250, "unshare": 272, "pivot_root": 155, "seccomp": 317, "open_tree": 428, "fsopen": 430,
           "close_range": 436, "landlock_create_ruleset": 444, "mount_setattr": 442, "pidfd_send_signal": 424}


def program(calls, number):
    """A classic BPF program: one comparison a call, then the two verdicts."""
    code = [(LOAD, 0, 0, 0)]
    for index, call in enumerate(calls):
        code.append((EQUAL, len(calls) - index, 0, NUMBERS[call]))
    code += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, ERRNO | number)]
    return code


def install(calls, number):
    libc = ctypes.CDLL(None, use_errno=True)
    code = program(calls, number)
    instructions = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
    header = struct.pack("HxxxxxxP", len(code), ctypes.addressof(instructions))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(PR_SET_SECCOMP, MODE_FILTER, header, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "install a filter")


def main():
    words = sys.argv[1:]
    number = errno.EPERM
    if words[0] == "--errno":
        number = getattr(errno, words[1])
        words = words[2:]
    install(words[0].split(","), number)
    os.execvp(words[1], words[1:])


if __name__ == "__main__":
    main()
