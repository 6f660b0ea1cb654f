"""Ways to outlive the session: each starts a process that would go on, named by its first argument so that it can be
looked for afterwards. Ends with its standard input."""

import ctypes
import os
import signal
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
MARK = "pawl-escape-survivor"
CHAIN = """
import os, time
for _ in range(6000):
    if os.fork():
        os._exit(0)
    time.sleep(0.01)
"""


def stay(name):
    """Until it is ended; a minute at most, so that nothing is left of a test that fails."""
    os.execv("/bin/sleep", [f"{MARK}-{name}", "60"])


def detach():
    for descriptor in (0, 1, 2):
        os.close(descriptor)
        os.open("/dev/null", os.O_RDWR)


def plain(name):
    detach()
    stay(name)


def daemon(name):
    os.setsid()
    if os.fork():
        os._exit(0)
    detach()
    stay(name)


def own_group(name):
    os.setpgid(0, 0)
    detach()
    stay(name)


def deaf(name):
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    os.setsid()
    detach()
    stay(name)


def stopped(name):
    detach()
    if os.fork() == 0:
        stay(name + "-beside")
    os.kill(os.getpid(), signal.SIGSTOP)
    stay(name)


def adopting(name):
    LIBC.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    os.setsid()
    detach()
    if os.fork() == 0:
        if os.fork() == 0:
            stay(name + "-below")
        os._exit(0)
    stay(name)


def chain(name):
    """Forks on and on; whoever kills one has missed the next."""
    detach()
    os.execv("/usr/bin/python3", [f"{MARK}-{name}", "-c", CHAIN])


def holding(name):
    """Keeps the session's streams open."""
    os.setsid()
    stay(name)


WAYS = {"plain": plain, "daemon": daemon, "own-group": own_group, "deaf": deaf, "stopped": stopped, "adopting": adopting,
        "chain": chain, "holding": holding}


def main():
    for name, way in WAYS.items():
        if os.fork() == 0:
            way(name)
    sys.stdin.read()


if __name__ == "__main__":
    sys.exit(main())
