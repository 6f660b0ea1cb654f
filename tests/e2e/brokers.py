"""The two homes of the broker, and what people and agents do with it."""

import grp
import json
import os
import pathlib
import pwd
import re
import select
import shlex
import socket
import subprocess
import sys
import unittest

import policy_files
from host import SUPPORT, TARGET, TOKEN, Host, Result, in_private_namespace, wait_until

sys.path.insert(0, str(SUPPORT))
import frames  # noqa: E402  (the folder above is where it lives)

IMAGE = "registry.example.com/web@sha256:" + "0" * 63


class Broker:
    """A running pawld. `home` tells where its sockets, configuration and state are."""

    def __init__(self, host, owner_uid, sockets, configuration, state):
        self.host, self.owner_uid = host, owner_uid
        self.sockets, self.configuration, self.state = map(pathlib.Path, (sockets, configuration, state))

    @property
    def people_socket(self):
        return str(self.sockets / "people.sock")

    def pid(self):
        """The process that listens, 0 when there is none."""
        try:
            with frames.Conversation(self.people_socket) as conversation:
                pid = conversation.peer_pid()
        except (FileNotFoundError, ConnectionRefusedError):
            return 0
        return pid if self.host.is_broker(pid) else 0

    def kill(self):
        self.host.end_broker(self.pid())

    def wait(self):
        return wait_until(self.pid, what="the broker's start")

    def agent_socket(self, session):
        return str(self.sockets / "sessions" / session[:16] / "agent.sock")


class EmbeddedBroker(Broker):
    """alice's own broker: `pawl run` starts it, or start()."""

    def __init__(self, host, expires="15m", port=None, read=(), floor="solo"):
        alice = host.alice
        super().__init__(host, alice.uid, alice.home / ".local/state/pawl/run", alice.home / ".config/pawl",
                         alice.home / ".local/state/pawl")
        self.write(policy_files.deployer(floor, policy_files.llm_route(port) if port else "", read), "roles/deployer.toml")
        self.write(policy_files.OBSERVER, "roles/observer.toml")
        self.write(policy_files.approvals(expires, two_person=floor != "solo"), "approvals.toml")
        self.write(policy_files.people([alice]) if floor == "solo" else policy_files.people(host.people.values()), "people.toml")
        self.write(policy_files.secrets(floor, port), "secrets.toml")
        self.write(policy_files.settings(["alice"], port=port), "pawl.toml")
        for name, value in policy_files.SECRET_FILES.items():
            self.write(value, name, 0o600)

    def write(self, text, name, mode=0o644):
        self.host.alice.write(".config/pawl/" + name, text, mode)

    def start(self):
        # Whoever started it may be starting it still.
        if not self.pid():
            self.host.start(self.host.alice, [self.host.program("pawld"), "--embedded"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        return self.wait()


class SystemBroker(Broker):
    """The host's broker as the user pawl, with what its unit would give it: its folders and two capabilities."""

    def __init__(self, host, launchers=("alice",), notify=None, port=None, read=()):
        user = pwd.getpwnam("pawl")
        super().__init__(host, user.pw_uid, "/run/pawl", "/etc/pawl", "/var/lib/pawl")
        for folder in ("/run/pawl", "/var/lib/pawl", "/var/cache/pawl"):
            os.chown(folder, user.pw_uid, grp.getgrnam("pawl").gr_gid)
        os.chmod("/var/lib/pawl", 0o700)
        os.chmod("/var/cache/pawl", 0o700)
        self.user = user
        self.process = None
        self.enrolled = False
        self.write(policy_files.deployer("two-person", policy_files.llm_route(port) if port else "", read), "roles/deployer.toml")
        self.write(policy_files.OBSERVER, "roles/observer.toml")
        self.write(policy_files.approvals(system=True), "approvals.toml")
        self.write(policy_files.people(host.people.values()), "people.toml")
        self.write(policy_files.secrets("two-person", port), "secrets.toml")
        self.write(policy_files.settings(launchers, system=True, port=port, notify=notify), "pawl.toml")
        for name, value in policy_files.SECRET_FILES.items():
            path = self.write(value, name, 0o600)
            os.chown(path, user.pw_uid, user.pw_gid)
        os.chown("/etc/pawl/secrets", user.pw_uid, user.pw_gid)
        os.chmod("/etc/pawl/secrets", 0o700)

    def write(self, text, name, mode=0o644):
        path = self.configuration / name
        path.parent.mkdir(mode=0o755, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def enroll(self):
        """bob and carol ask, alice vouches, once: until then their keys and groups stand in the file alone."""
        for person in (self.host.bob, self.host.carol):
            asked = self.host.pawl(person, "people", "add", "--json")
            if asked.code != 0:
                raise AssertionError(f"{person.name} cannot ask to be enrolled: {asked}")
            confirmed = self.host.pawl(self.host.alice, "people", "confirm", json.loads(asked.out)["id"], "--yes")
            if confirmed.code != 0:
                raise AssertionError(f"alice cannot vouch for {person.name}: {confirmed}")
        self.enrolled = True

    def start(self, enroll=True):
        argv = ["setpriv", "--reuid", "pawl", "--regid", "pawl", "--clear-groups", "--inh-caps", "-all,+setuid,+setgid",
                "--ambient-caps", "-all,+setuid,+setgid", "--bounding-set", "-all,+setuid,+setgid", "--reset-env",
                self.host.program("pawld"), "--system"]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/",
                                        start_new_session=True)
        self.host.children.append(self.process)
        wait_until(lambda: self.pid() or self.process.poll() is not None, what="the broker's start")
        if self.process.poll() is not None:
            raise AssertionError(f"pawld --system ended with {self.process.returncode}: {self.process.stderr.read().decode()}")
        if enroll and not self.enrolled:
            self.enroll()
        return self.pid()


class AgentShell:
    """A shell under `pawl run`, spoken to over pipes: an agent whose next step the test decides."""

    def __init__(self, host, person, role="deployer", workspace=None):
        self.host = host
        self.log = open(person.home / "session.log", "wb")
        self.child = host.start(person, [host.program("pawl"), "run", "--role", role, "--workspace", workspace or person.workspace,
                                         "--", "/bin/sh"], stderr=self.log)
        self.number = 0

    def sh(self, command, timeout=60):
        """Runs one command line inside; stdout and stderr together."""
        self.number += 1
        mark = f"@@{self.number}@@"
        self.child.stdin.write(f"{{ {command}\n}} 2>&1 </dev/null; code=$?; echo; echo {mark}$code\n".encode())
        self.child.stdin.flush()
        read = b""

        def finished():
            nonlocal read
            if not select.select([self.child.stdout], [], [], 0.2)[0]:
                return None
            piece = self.child.stdout.read1(65536)
            if not piece:
                self.log.flush()
                said = pathlib.Path(self.log.name).read_text(encoding="utf-8", errors="replace")
                raise AssertionError(f"the session ended ({self.child.wait()}): {read.decode()} {said}")
            read += piece
            return re.search(re.escape(mark).encode() + rb"(\d+)\n", read)

        found = wait_until(finished, timeout, 0, f"the end of: {command}")
        return Result(int(found.group(1)), read[:found.start()].decode("utf-8", "replace").rstrip("\n") + "\n", "")

    def request(self, service="web", wait="0s", image=IMAGE + "1", manifest="k8s/web.yaml", why="a test"):
        return self.sh(f"pawl-agent request deploy service={service} image={image} manifest={manifest} "
                       f"--why {shlex.quote(why)} --wait {wait}")

    def ask(self, action, wait="0s"):
        return self.sh(f"pawl-agent request {action} --wait {wait}")

    def status(self, request, wait="20s"):
        return self.sh(f"pawl-agent status {request} --wait {wait}")

    def close(self):
        if self.child.poll() is None:
            self.child.stdin.close()
            self.child.wait(timeout=20)
        self.log.close()


class Story(unittest.TestCase):
    """A test with its own host and, where it makes one, its own broker."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs:root to make users' processes and private mounts")
        if not in_private_namespace():
            self.fail("run it through tests/support/reachable.sh: it mounts over /etc/pawl, /opt and homes")
        self.host = Host()
        self.addCleanup(self.host.end)
        self.alice, self.bob, self.carol = self.host.alice, self.host.bob, self.host.carol

    def shell(self, person=None, **options):
        shell = AgentShell(self.host, person or self.alice, **options)
        self.addCleanup(shell.log.close)
        return shell

    # People

    def requests(self, person, *options):
        listed = self.host.pawl(person, "requests", "--json", *options)
        self.assertEqual(0, listed.code, listed)
        return json.loads(listed.out)

    def pending(self, person, timeout=20):
        """The one request that waits."""
        listed = wait_until(lambda: self.requests(person), timeout, what="a pending request")
        self.assertEqual(1, len(listed), listed)
        return listed[0]

    def request_of(self, person, identity):
        return next(entry for entry in self.requests(person, "--all") if entry["id"].startswith(identity))

    def approve(self, person, identity):
        return self.host.pawl(person, "approve", identity, "--yes")

    def deny(self, person, identity, reason):
        return self.host.pawl(person, "deny", identity, "-m", reason)

    def final_state(self, person, identity, timeout=20):
        def final():
            state = self.request_of(person, identity)["state"]
            return state if state not in ("pending", "approved", "executing") else None
        return wait_until(final, timeout, what=f"the end of request {identity}")

    def assert_done(self, result, code=0):
        self.assertEqual(code, result.code, result)

    def attempts_on(self, broker):
        """What a program that runs for alice's session tries to get at; root gets at all of it with the same program. The
        lines that anybody gets at, those that it must not, and the listener that it must not reach."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        listener.setblocking(False)
        pid = broker.wait()
        self.assertGreater(pid, 1000, "the action's own processes could pass for the broker")
        wait_until(lambda: (broker.state / "log/tile/entries/000").exists(), what="the first record")
        self.bob.write("notes.txt", "private\n")
        attempts = [f"open {path}" for path in (
            broker.configuration, broker.configuration / "pawl.toml", broker.configuration / "secrets/deploy-token", broker.state,
            broker.state / "log/tile/entries/000", broker.state / "log.key", self.alice.home, self.alice.workspace, self.alice.workspace / "k8s/web.yaml", self.bob.home,
            self.bob.home / "notes.txt", TARGET.parent / "elsewhere", f"/proc/{pid}/environ", f"/proc/{pid}/mem", "/etc/shadow")]
        attempts += [f"see {broker.people_socket}", f"see /proc/{pid}", "connect 127.0.0.1 %d" % listener.getsockname()[1]]
        (TARGET.parent / "elsewhere").write_text("beside what the action may read\n", encoding="ascii")
        shown = [f"open {TARGET}/deployctl", "see /usr/bin/bash", "see /usr/bin/timeout"]  # what the attempts need is there
        listed = TARGET / "attempts"
        listed.write_text("\n".join(shown + attempts) + "\n", encoding="utf-8")
        outside = subprocess.run([TARGET / "deployctl", "--journal", "/dev/null", "--token-sha256", policy_files.TOKEN_HASH, "reach", listed],
                                 env={"PATH": "/usr/bin:/bin", "DEPLOY_TOKEN": TOKEN}, capture_output=True, text=True, check=False)
        self.assertEqual([f"yes: {attempt}" for attempt in shown + attempts], outside.stdout.splitlines(), outside)
        listener.accept()[0].close()
        return shown, attempts, listener

    def assert_reached_nothing(self, text, shown, attempts, listener):
        expected = [f"yes: {attempt}" for attempt in shown] + [f"no: {attempt}" for attempt in attempts]
        self.assertEqual(expected, re.findall("(?m)^(?:yes|no): .*$", text), text)
        self.assertRaises(BlockingIOError, listener.accept)

    def assert_reaches_nothing(self, shell, broker, reviewers):
        """An approved action of alice's session gets at none of the attempts."""
        tried = self.attempts_on(broker)
        self.assert_done(shell.ask("reach"), 75)
        identity = self.pending(reviewers[0])["id"]
        for reviewer in reviewers:
            self.assert_done(self.approve(reviewer, identity))
        told = shell.status(identity)
        self.assert_done(told)
        self.assert_reached_nothing(told.out, *tried)
        self.assertEqual(["reach"], self.host.journal())

    def log_kinds(self, person):
        log = self.host.pawl(person, "log", "--json")
        self.assertEqual(0, log.code, log)
        return [entry["kind"] for entry in json.loads(log.out)]

    def verify_log(self, person):
        self.assert_done(self.host.pawl(person, "log", "verify"))
