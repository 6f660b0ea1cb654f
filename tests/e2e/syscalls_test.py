"""The sets of system calls of roles, and single calls that a role judges otherwise. What each set holds is for tests/unit."""

from brokers import EmbeddedBroker, Story

ROLE = """pawl = 1
name = "{name}"

[sandbox]
{sandbox}

[sandbox.files]
workspace = "read-only"
"""

SOCKET = "import socket; socket.socket(); print('socket')"


class Syscalls(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)

    def under(self, sandbox):
        self.broker.write(ROLE.format(name="caller", sandbox=sandbox), "roles/caller.toml")
        return self.host.pawl(self.alice, "run", "--role", "caller", "--workspace", self.alice.workspace, "--", "python3", "-c", SOCKET)

    def test_sets(self):
        """syscalls: every set runs a command, and refuses what it lacks"""
        for name in ("default", "build"):
            done = self.under(f'syscalls = "{name}"')
            self.assertEqual("socket\n", done.out, (name, done))
        done = self.under('syscalls = "minimal"')
        self.assertIn("PermissionError", done.err, done)

    def test_changes(self):
        """syscalls: a role allows and denies single calls, with a reason that explain tells"""
        allowed = 'syscalls = "minimal"\nallow_syscalls = [{ name = "socket", reason = "asks itself" }]'
        self.assertEqual("socket\n", self.under(allowed).out)
        explained = self.host.pawl(self.alice, "policy", "explain", "--role", "caller")
        self.assertIn('the set "minimal" and socket (asks itself)', " ".join(explained.out.split()))
        denied = self.under('deny_syscalls = [{ name = "socket", reason = "no network at all" }]')
        self.assertIn("PermissionError", denied.err, denied)
        explained = self.host.pawl(self.alice, "policy", "explain", "--role", "caller")
        self.assertIn("make the system call socket: no network at all", " ".join(explained.out.split()))

    def test_never(self):
        """syscalls: what leads out of a session no file can allow"""
        done = self.under('allow_syscalls = [{ name = "mount", reason = "please" }]')
        self.assertEqual("", done.out)
        self.assertIn("'mount': no role can allow it: mounts", done.err)
