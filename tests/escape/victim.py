"""A process of the person's that has what an agent would like: secrets in its environment and memory, sockets, objects
of System V and POSIX. Tells what it has as lines NAME VALUE, and goes when its standard input ends.

  victim.py SECRET HOME NAME=SOCKET...
"""

import ctypes
import os
import select
import socket
import sys

SECRET, HOME = sys.argv[1:3]
SOCKETS = dict(word.split("=", 1) for word in sys.argv[3:])
LIBC = ctypes.CDLL(None, use_errno=True)
KEY = 0x5061776C
listening = []


def tell(name, value):
    print(name, value, flush=True)


def check(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def listen(family, address, kind=socket.SOCK_STREAM):
    place = socket.socket(family, kind)
    place.bind(address)
    if kind == socket.SOCK_STREAM:
        place.listen(64)
    listening.append(place)
    return place


def sockets():
    tcp = listen(socket.AF_INET, ("0.0.0.0", 0))
    port = tcp.getsockname()[1]
    tell("tcp", port)
    tell("tcp_hexadecimal", f":{port:04X} ")
    try:
        tell("tcp6", listen(socket.AF_INET6, ("::", 0)).getsockname()[1])
    except OSError:
        tell("tcp6", 0)  # a host without IPv6
    tell("udp", listen(socket.AF_INET, ("0.0.0.0", 0), socket.SOCK_DGRAM).getsockname()[1])
    for name, path in SOCKETS.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        listen(socket.AF_UNIX, path)
        tell(f"unix_{name}", path)
    abstract = f"pawl-escape-{os.getpid()}"
    listen(socket.AF_UNIX, "\0" + abstract)
    tell("unix_abstract", abstract)


def objects():
    LIBC.shmat.restype = ctypes.c_void_p
    memory = check(LIBC.shmget(KEY, 4096, 0o1600), "shmget")
    place = LIBC.shmat(memory, None, 0)
    ctypes.memmove(place, SECRET.encode() + b"\0", len(SECRET) + 1)
    queue, semaphores = check(LIBC.msgget(KEY, 0o1600), "msgget"), check(LIBC.semget(KEY, 1, 0o1600), "semget")
    tell("key", KEY)
    tell("key_decimal", KEY)
    tell("shm", memory)
    tell("msg", queue)
    LIBC.mq_open.restype = ctypes.c_int
    name = f"/pawl-escape-{os.getpid()}"
    check(LIBC.mq_open(name.encode(), os.O_RDWR | os.O_CREAT, 0o600, None), "mq_open")
    tell("mqueue", name)
    shared = f"pawl-escape-{os.getpid()}"
    with open(f"/dev/shm/{shared}", "w", encoding="ascii") as file:
        file.write(SECRET)
    tell("dev_shm", shared)
    memfd = os.memfd_create("pawl-escape")
    os.write(memfd, SECRET.encode())
    tell("memfd", memfd)

    def remove():
        LIBC.shmctl(memory, 0, None)
        LIBC.msgctl(queue, 0, None)
        LIBC.semctl(semaphores, 0, 0)
        LIBC.mq_unlink(name.encode())
        os.unlink(f"/dev/shm/{shared}")
    return remove


def answer():
    """Whoever says something gets the secret."""
    talking = []
    while True:
        ready, _, _ = select.select([0, *listening, *talking], [], [])
        for place in ready:
            if place == 0:
                if not os.read(0, 1):
                    return
            elif place in talking:
                try:
                    place.recv(16)
                    place.send(SECRET.encode())
                except OSError:
                    pass
                place.close()
                talking.remove(place)
            elif place.type == socket.SOCK_DGRAM:
                _, sender = place.recvfrom(16)
                place.sendto(SECRET.encode(), sender)
            else:
                talking.append(place.accept()[0])


def main():
    os.chdir(HOME)
    LIBC.prctl(0x59616D61, ctypes.c_ulong(-1 & 0xFFFFFFFFFFFFFFFF), 0, 0, 0)  # PR_SET_PTRACER, anybody: where Yama would ask
    with open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write("escape-victim")
    tell("victim", os.getpid())
    tell("victim_name", "escape-victim")
    master, terminal = os.openpty()
    tell("terminal", os.ttyname(terminal))
    sockets()
    remove = objects()
    tell("ready", "yes")
    try:
        answer()
    finally:
        remove()
        os.close(master)


main()
