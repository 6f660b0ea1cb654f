"""A process of a person that is held before each of its system calls."""

import ctypes
import os
import signal

PTRACE_TRACEME, PTRACE_DETACH, PTRACE_SYSCALL = 0, 17, 24
LIBC = ctypes.CDLL(None, use_errno=True)


def trace(request, pid=0, number=0):
    return LIBC.ptrace(request, ctypes.c_int(pid), None, ctypes.c_void_p(number))


class Traced:
    """A process of a person, with no terminal, that goes from one system call to the next."""

    def __init__(self, person, argv):
        self.pid = os.fork()
        if self.pid == 0:
            self.become(person, argv)
        self.stopped = self.wait()

    @staticmethod
    def become(person, argv):
        try:
            os.setsid()
            nothing = os.open("/dev/null", os.O_RDWR)
            for number in range(3):
                os.dup2(nothing, number)
            os.setgroups([])
            os.setgid(person.gid)
            os.setuid(person.uid)
            os.chdir(person.workspace)
            trace(PTRACE_TRACEME)
            os.execve(argv[0], argv, person.environment())
        finally:
            os._exit(99)

    def wait(self):
        self.status = os.waitpid(self.pid, 0)[1]
        return os.WSTOPSIG(self.status) if os.WIFSTOPPED(self.status) else None

    def signal_on(self):
        """What it was stopped for and is to get, 0 when it was a call."""
        return 0 if self.stopped == signal.SIGTRAP else self.stopped

    def go(self, calls):
        """To just before its next call after so many; False when it has ended before."""
        for _ in range(2 * calls + 1):
            if self.stopped is None:
                return False
            trace(PTRACE_SYSCALL, self.pid, self.signal_on())
            self.stopped = self.wait()
        return self.stopped is not None

    def let_go(self):
        """It goes on by itself. Its exit status, as a shell has it."""
        if self.stopped is not None:
            trace(PTRACE_DETACH, self.pid, self.signal_on())
            self.stopped = None
            self.status = os.waitpid(self.pid, 0)[1]
        return os.waitstatus_to_exitcode(self.status)

    def kill(self):
        if self.stopped is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.stopped = None
