"""The model route through a real pawld, pawl-egress and pawl-dial, in front of a vendor of the tests' own."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import policy_files
from brokers import EmbeddedBroker, Story
from host import MODEL_KEY, SUPPORT, in_own_network, mount, wait_until

sys.path.insert(0, str(SUPPORT))
from vendor import EVENTS, Vendor  # noqa: E402  (the folder above is where it lives)

OTHER_KEY = "sk-other-real/9876+543210zyxwvu"


class Answering:
    """One address and port that answers whoever comes, and counts them."""

    def __init__(self, kind, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, port))
        self.seen = 0
        if kind == "tcp":
            self.socket.listen()
        threading.Thread(target=self.accept if kind == "tcp" else self.reflect, daemon=True).start()

    def accept(self):
        while (client := self.unless_closed(self.socket.accept)) is not None:
            self.seen += 1
            client[0].close()

    def reflect(self):
        while (datagram := self.unless_closed(lambda: self.socket.recvfrom(2048))) and datagram[1]:
            self.seen += 1
            self.socket.sendto(*datagram)

    @staticmethod
    def unless_closed(call):
        try:
            return call()
        except OSError:
            return None

    def close(self):
        # Wakes the thread, which closing alone does not.
        self.unless_closed(lambda: self.socket.shutdown(socket.SHUT_RDWR))
        self.socket.close()


def route(name, upstream, secret):
    return f'\n[[llm]]\nname = "{name}"\nupstream = "{upstream}"\nsecret = "{secret}"\n'


class ModelRoute(Story):
    def setUp(self):
        super().setUp()
        self.vendor, self.second = Vendor(), Vendor()
        self.addCleanup(self.vendor.close)
        self.addCleanup(self.second.close)
        self.broker = EmbeddedBroker(self.host)
        self.alice.write("project/model_client.py", (SUPPORT / "model_client.py").read_text(encoding="utf-8"))
        self.broker.write(MODEL_KEY + "\n", "secrets/model.key", 0o600)
        self.broker.write(OTHER_KEY + "\n", "secrets/other.key", 0o600)
        self.settle()

    def url(self, vendor):
        return f"http://127.0.0.1:{vendor.port}"

    def settle(self, routes=None, more_uses=()):
        """Policy with these routes; by default one to the first vendor. Both keys may go to both vendors."""
        uses = [f"llm:{self.url(vendor)}" for vendor in (self.vendor, self.second)] + list(more_uses)
        listed = ", ".join(f'"{use}"' for use in uses)
        secrets = "".join(f'\n[{name}]\nfile = "{file}"\nroles = ["deployer"]\nuses = [{listed}]\nrequire = "none"\n'
                          for name, file in (("model", "model.key"), ("other", "other.key")))
        ports = ", ".join(f'"127.0.0.1:{vendor.port}"' for vendor in (self.vendor, self.second))
        settings = policy_files.settings(["alice"]).replace("[launchers]", f"plain_http = [{ports}]\n[launchers]")
        self.broker.write(policy_files.secrets("solo") + secrets, "secrets.toml")
        self.broker.write(settings, "pawl.toml")
        self.role(routes or route("anthropic", self.url(self.vendor), "model"))

    def role(self, routes):
        self.broker.write(policy_files.deployer("solo", routes), "roles/deployer.toml")

    def client(self, shell, *words, timeout=60):
        told = shell.sh("python3 model_client.py " + " ".join(f"'{word}'" for word in words), timeout)
        self.assertEqual(0, told.code, told)
        return told.out.strip()

    def ask(self, shell, vendor="anthropic", method="GET", path="/v1/models", *more):
        """(status or the error's name, seconds, body)"""
        first, _, body = self.client(shell, "ask", vendor, method, path, *more).partition("\n")
        outcome, seconds = first.split()
        return outcome, float(seconds), body

    def egress_entries(self, containing, timeout=10):
        """The ledger's egress entries, once one holds this text."""
        def there():
            log = self.host.pawl(self.alice, "log", "--json")
            entries = [entry for entry in json.loads(log.out) if entry["kind"] == "egress"]
            return entries if containing in json.dumps(entries) else None
        return wait_until(there, timeout, what=f"an egress entry with {containing!r}")

    def egress_pids(self):
        return self.pids_of("pawl-egress")

    def pids_of(self, name):
        program = os.path.realpath(self.host.program(name))
        pids = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(folder / "exe") == program or (folder / "comm").read_text() == name[:15] + "\n":
                    if int(re.search(r"Uid:\s+(\d+)", (folder / "status").read_text()).group(1)) == self.alice.uid:
                        pids.append(int(folder.name))
            except OSError:
                continue
        return pids

    # Everything inside but the host's programs (also by their links), devices, and /proc, which is looked at by itself.
    SEARCH = ('for place in /*; do case $place in /proc|/sys|/usr|/dev) ;; *) '
              f'[ -L "$place" ] || grep -rlF -- {MODEL_KEY} "$place" 2>/dev/null;; esac; done')

    def test_keys(self):
        """model route: the vendor gets the real key; inside there is only the placeholder"""
        shell = self.shell()
        outcome, _, body = self.ask(shell)
        self.assertEqual(("200", '{"ok":true}'), (outcome, body))
        method, path, headers, _ = self.vendor.requests[0]
        self.assertEqual(("GET", "/v1/models", MODEL_KEY), (method, path, headers["x-api-key"]))
        placeholder = shell.sh('echo "$ANTHROPIC_API_KEY"').out.strip()
        self.assertRegex(placeholder, r"^sk-ant-api03-[\w-]{95}$")
        self.assertNotIn(placeholder, self.vendor.seen())
        inside = shell.sh("env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'")
        self.assertIn(placeholder, inside.out)
        self.assertNotIn(MODEL_KEY, inside.out)
        self.assertEqual("", shell.sh(self.SEARCH).out.strip())
        # The search finds what is there.
        self.assertIn("k8s/canary", shell.sh(f"echo {MODEL_KEY} >k8s/canary; {self.SEARCH}").out)

    def test_stream(self):
        """model route: an event stream comes piece by piece, each before the next is made"""
        told = self.client(self.shell(), "stream", "anthropic").splitlines()
        self.assertEqual([f'data: {{"number":{number}}}' for number in range(EVENTS)] + ["the end"],
                         [line for line in told if line])

    def test_network(self):
        """model route: everything else on the network is refused at once, also what answers on the host"""
        if not in_own_network():
            self.fail("run it through tests/support/reachable.sh --own-network: it gives the loopback addresses of the world")
        places = [("tcp", "127.0.0.1", self.vendor.port)]
        for address in ("127.0.0.1", "10.0.0.1", "1.1.1.1", "169.254.169.254", "::1", "2606:4700::1111"):
            if address not in ("127.0.0.1", "::1"):
                length = "128" if ":" in address else "32"
                words = [f"{address}/{length}", "dev", "lo"] + (["nodad"] if ":" in address else [])
                subprocess.run(["ip", "addr", "add", *words], check=True)
                self.addCleanup(subprocess.run, ["ip", "addr", "del", f"{address}/{length}", "dev", "lo"], check=False)
            places += [("tcp", address, 443), ("udp", address, 53)]
        answering = [Answering(*place) for place in places[1:]]
        for one in answering:
            self.addCleanup(one.close)
        for place in places:
            told = self.host.run(self.alice, "/usr/bin/python3", "model_client.py", "reach", *place)
            self.assertEqual("connected", told.out.split()[0], (place, told))
        wait_until(lambda: [1] * len(answering) == [one.seen for one in answering], what="the sight of each connection from outside")
        shell = self.shell()
        for place in places + [("tcp", "example.com", 443)]:
            outcome, seconds = self.client(shell, "reach", *place).split()
            self.assertNotIn(outcome, ("connected", "TimeoutError"), place)
            self.assertLess(float(seconds), 1, place)
        self.assertEqual([1] * len(answering), [one.seen for one in answering])
        self.assertEqual([], self.vendor.requests)

    def test_echo(self):
        """model route: a vendor that echoes the key tells the agent nothing, in no spelling"""
        _, _, body = self.ask(self.shell(), "anthropic", "GET", "/echo")
        self.assertTrue(body.startswith("key\n") and body.endswith("end"), body)
        self.assertIn(MODEL_KEY, self.vendor.seen())
        lines = body.split("\n")
        for line in lines[1:7]:
            self.assertRegex(line, r"^\*+$")
        self.assertGreater(sum(line.count("*") for line in lines[7:]), 0.8 * sum(map(len, lines[7:-1])))

    def test_placeholder(self):
        """model route: the placeholder in another header or the query is refused, in a body masked, and reported"""
        shell = self.shell()
        for more in (("GET", "/v1/models", "x-note=PLACEHOLDER"), ("GET", "/v1/models?q=PLACEHOLDER")):
            outcome, _, body = self.ask(shell, "anthropic", *more)
            self.assertEqual("403", outcome, (more, body))
        self.egress_entries("placeholder key stands")
        self.assertEqual([], self.vendor.requests)
        self.assertEqual("200", self.ask(shell, "anthropic", "POST", "/v1/messages", "--body", "look: PLACEHOLDER.")[0])
        placeholder = shell.sh('echo "$ANTHROPIC_API_KEY"').out.strip()
        self.assertEqual(b"look: " + b"*" * len(placeholder) + b".", self.vendor.requests[0][3])
        self.egress_entries("placeholder key was masked")

    def test_several(self):
        """model route: several routes reach their own vendors with their own keys, and a rotated key is the next one used"""
        self.settle(route("anthropic", self.url(self.vendor), "model") + route("openai", self.url(self.second), "other"))
        shell = self.shell()
        self.assertEqual("200", self.ask(shell, "anthropic")[0])
        self.assertEqual("200", self.ask(shell, "openai")[0])
        self.assertEqual(MODEL_KEY, self.vendor.requests[0][2]["x-api-key"])
        self.assertEqual("Bearer " + OTHER_KEY, self.second.requests[0][2]["authorization"])
        self.broker.write("sk-ant-rotated-0123456789\n", "secrets/model.key", 0o600)
        self.assertEqual("200", self.ask(shell, "anthropic")[0])
        self.assertEqual("sk-ant-rotated-0123456789", self.vendor.requests[1][2]["x-api-key"])

    def test_gemini(self):
        """model route: a gemini route sets its own variables, and its vendor gets the real key in its own header"""
        self.settle(route("gemini", self.url(self.second), "other"))
        shell = self.shell()
        self.assertEqual(("200", '{"ok":true}'), self.ask(shell, "gemini", "GET", "/v1beta/models")[::2])
        method, path, headers, _ = self.second.requests[0]
        self.assertEqual(("GET", "/v1beta/models", OTHER_KEY), (method, path, headers["x-goog-api-key"]))
        placeholder = shell.sh('echo "$GEMINI_API_KEY"').out.strip()
        self.assertRegex(placeholder, r"^AIza[\w-]{35}$")
        self.assertNotIn(placeholder, self.second.seen())
        self.assertEqual([], self.vendor.requests)
        self.assertEqual("", shell.sh("env | grep -E '^(ANTHROPIC|OPENAI)_'").out.strip())

    def test_edited(self):
        """model route: a route edited during the session is refused, and no key goes anywhere"""
        shell = self.shell()
        self.assertEqual("200", self.ask(shell)[0])
        self.role(route("anthropic", self.url(self.second), "model"))
        outcome, _, body = self.ask(shell)
        self.assertEqual("502", outcome)
        self.assertEqual([], self.second.requests)
        self.assertEqual(1, len(self.vendor.requests))
        # The agent learns that, its operator why.
        self.assertIn("the broker refuses this route", body)
        self.assertNotIn(str(self.second.port), body)
        self.assertNotIn("changed", body)
        self.egress_entries("the route has changed")

    def test_reordered(self):
        """model route: after a restart each listener still leads where it did, whatever the role's order is now"""
        one, two = route("anthropic", self.url(self.vendor), "model"), route("openai", self.url(self.second), "other")
        self.settle(one + two)
        shell = self.shell()
        self.assertEqual("200", self.ask(shell)[0])
        self.role(two + one)
        self.broker.kill()
        self.broker.start()
        self.assertEqual("200", wait_until(lambda: self.answered(shell), what="the route's return"))
        self.assertEqual(MODEL_KEY, self.vendor.requests[-1][2]["x-api-key"])
        self.assertEqual([], self.second.requests)
        self.assertEqual("200", self.ask(shell, "openai")[0])
        self.assertEqual("Bearer " + OTHER_KEY, self.second.requests[-1][2]["authorization"])

    def answered(self, shell):
        outcome = self.ask(shell)[0]
        return outcome if outcome == "200" else None

    def test_no_broker(self):
        """model route: without a broker requests are refused within a second, and work when it is back"""
        shell = self.shell()
        self.assertEqual("200", self.ask(shell)[0])
        pid = self.broker.pid()
        # `pawl run` starts an embedded broker again: this one shall not come up.
        self.broker.state.chmod(0)
        self.host.end_broker(pid)
        for _ in range(3):
            outcome, seconds, _ = self.ask(shell)
            self.assertIn(outcome, ("ConnectionResetError", "RemoteDisconnected", "BrokenPipeError"))
            self.assertLess(seconds, 1)
        self.broker.state.chmod(0o700)
        self.broker.start()
        wait_until(lambda: self.answered(shell), what="the route's return")

    def test_walls(self):
        """model route: pawl-egress has no network, no file and no right; pawl-dial has the network alone; both are bounded"""
        self.assertEqual("200", self.ask(self.shell())[0])
        (egress,), (dialer,) = self.pids_of("pawl-egress"), self.pids_of("pawl-dial")
        own = os.readlink("/proc/self/ns/net")
        for pid, network in ((egress, False), (dialer, True)):
            with self.subTest(pid=pid, network=network):
                process = pathlib.Path("/proc") / str(pid)
                self.assertEqual(network, os.readlink(process / "ns/net") == own)
                status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
                self.assertEqual(("2", "1"), (status["Seccomp"], status["NoNewPrivs"]))
                for held in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
                    self.assertEqual(0, int(status[held], 16), held)
                self.assertRegex((process / "limits").read_text(), r"Max data size +268435456 +268435456 ")
                self.assertNotEqual(os.readlink("/proc/self/ns/mnt"), os.readlink(process / "ns/mnt"))
        self.assertEqual([], os.listdir(f"/proc/{egress}/root"))
        self.assertEqual(["bin", "etc", "lib", "lib64", "sbin", "usr"], sorted(os.listdir(f"/proc/{dialer}/root")))
        # Loopback, and that is down.
        interfaces = [line.split(":")[0].strip() for line in pathlib.Path(f"/proc/{egress}/net/dev").read_text().splitlines()[2:]]
        self.assertLessEqual(set(interfaces), {"lo", "sit0"})
        self.assertEqual("", pathlib.Path(f"/proc/{egress}/net/route").read_text().partition("\n")[2].strip())

    def test_no_egress(self):
        """model route: a session whose egress died or cannot start is refused at once, and served again"""
        shell = self.shell()
        self.assertEqual("200", self.ask(shell)[0])
        pids = self.egress_pids()
        self.assertEqual(1, len(pids), pids)
        os.kill(pids[0], signal.SIGKILL)
        began = time.monotonic()
        wait_until(lambda: self.answered(shell), what="the next egress")
        self.assertLess(time.monotonic() - began, 5)
        self.egress_entries("pawl-egress ended")

    def test_no_trust_store(self):
        """model route: an https route without the host's certificates is refused before anything runs, http needs none"""
        mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", "/etc/ssl/certs")
        self.addCleanup(subprocess.run, ["umount", "--lazy", "/etc/ssl/certs"], check=False)
        self.assertEqual("200", self.ask(self.shell())[0])
        self.settle(route("anthropic", "https://api.example.com", "model"), ["llm:https://api.example.com"])
        told = self.host.pawl(self.alice, "run", "--role", "deployer", "--workspace", self.alice.workspace, "--", "true")
        self.assertEqual(125, told.code, told)
        self.assertIn("install the package ca-certificates", told.err)

    def test_resolver(self):
        """model route: what the host resolves now counts, also when its files were replaced"""
        mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", "/mnt")
        shutil.copytree("/etc", "/mnt/etc", symlinks=True, ignore=shutil.ignore_patterns("pawl"))
        resolver = pathlib.Path("/mnt/etc/resolv.conf")
        resolver.unlink(missing_ok=True)
        resolver.write_text("nameserver 127.0.0.1\n", encoding="ascii")
        mount("--bind", "/mnt/etc", "/etc")
        self.addCleanup(subprocess.run, ["umount", "--lazy", "/etc"], check=False)
        self.addCleanup(subprocess.run, ["umount", "--lazy", "/mnt"], check=False)
        self.settle(route("anthropic", "https://vendor.test", "model"), ["llm:https://vendor.test"])
        shell = self.shell()
        self.assertEqual("502", self.ask(shell)[0])
        self.egress_entries("vendor.test does not resolve")
        fresh = pathlib.Path("/etc/hosts.new")
        fresh.write_text("127.0.0.1 localhost vendor.test\n", encoding="ascii")
        fresh.rename("/etc/hosts")
        self.assertEqual("502", self.ask(shell)[0])
        self.egress_entries("resolves to the loopback address")
