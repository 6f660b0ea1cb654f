"""Bad input: each a clear one-line error with the remedy and the right exit code, nothing lost, nothing run."""

import json
import os
import re
import shlex

import policy_files
from brokers import IMAGE, EmbeddedBroker, Story
from host import TARGET, wait_until


class BadInput(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)

    def one_line(self, result, code, *words):
        """The error is one line on stderr that holds these words, and the exit code is this."""
        self.assertEqual(code, result.code, result)
        lines = [line for line in result.err.splitlines() if line.strip()]
        self.assertEqual(1, len(lines), result)
        for word in words:
            self.assertIn(word, lines[0])

    def run_pawl(self, *arguments):
        return self.host.pawl(self.alice, "run", "--role", "deployer", "--workspace", self.alice.workspace, *arguments)

    def test_unknown_role(self):
        """pawl run with a role that does not exist: 125, and the role's name"""
        self.one_line(self.host.pawl(self.alice, "run", "--role", "deploier", "--workspace", self.alice.workspace, "--", "true"), 125,
                      "deploier")

    def test_no_workspace(self):
        """pawl run with a workspace that does not exist: 125, and its name"""
        self.one_line(self.host.pawl(self.alice, "run", "--role", "deployer", "--workspace", "/nowhere/at-all", "--", "true"), 125,
                      "/nowhere/at-all")

    def test_forbidden_workspaces(self):
        """a HOME, the root or a folder that holds pawl's own files is no workspace"""
        self.broker.start()
        places = {self.alice.home: ["is a home directory"], "/": ["/opt/target/deployctl", "choose another workspace"],
                  "/home": ["holds more than one project"], "/opt": ["/opt/target/deployctl", "choose another workspace"],
                  self.alice.home / ".config": [".config", "place of credentials"],
                  self.alice.home / ".config/pawl": [".config", "place of credentials"],
                  self.alice.home / ".local/state/pawl": [".local", "place of credentials"]}
        for place, words in places.items():
            with self.subTest(str(place)):
                self.one_line(self.host.pawl(self.alice, "run", "--role", "deployer", "--workspace", place, "--", "true"), 125, str(place), *words)

    def test_no_command(self):
        """a command that does not exist inside: 127 as a shell says it, or 125, with its name"""
        result = self.run_pawl("--", "no-such-command")
        self.assertIn(result.code, (125, 127), result)
        self.assertIn("no-such-command", result.err)

    def test_exit_status(self):
        """pawl run exits as the command did, and 128+N for a signal"""
        self.assert_done(self.run_pawl("--", "/bin/sh", "-c", "exit 7"), 7)
        self.assert_done(self.run_pawl("--", "/bin/sh", "-c", "kill -TERM $$"), 143)

    def test_malformed_policy(self):
        """TOML that does not parse: policy check exits 5 and names file, line and column; pawl run exits 125"""
        self.broker.write("pawl = 1\nname = \n", "roles/deployer.toml")
        checked = self.host.pawl(self.alice, "policy", "check")
        self.assertEqual(5, checked.code, checked)
        self.assertRegex(checked.out + checked.err, r"deployer\.toml:2:\d+")
        self.assertEqual(125, self.run_pawl("--", "true").code)

    def test_unknown_key(self):
        """an unknown key is an error with the nearest known key; one of a later version is refused, not ignored"""
        self.broker.write(policy_files.OBSERVER.replace("description", "descripton"), "roles/observer.toml")
        checked = self.host.pawl(self.alice, "policy", "check")
        self.assertEqual(5, checked.code, checked)
        self.assertIn("description", checked.out + checked.err)
        self.broker.write(policy_files.OBSERVER + '[[egress]]\nhost = "static.example.net"\n', "roles/observer.toml")
        checked = self.host.pawl(self.alice, "policy", "check")
        self.assertEqual(5, checked.code, checked)
        self.assertIn("egress", checked.out + checked.err)

    def test_writable_policy(self):
        """a policy file that others can write is refused"""
        (self.alice.home / ".config/pawl/approvals.toml").chmod(0o666)
        checked = self.host.pawl(self.alice, "policy", "check")
        self.assertEqual(5, checked.code, checked)
        self.assertIn("approvals.toml", checked.out + checked.err)

    def test_unknown_ids(self):
        """unknown, short and hostile ids are refused by every command that takes one"""
        shell = self.shell()
        self.broker.wait()
        exported = self.alice.home / "exported"
        for identity in ("f" * 64, "abc", "../../etc/passwd", "\x1b[2J" + "a" * 12):
            visible = identity.replace("\x1b", "x1b")
            for command in (["show"], ["approve", "--yes"], ["deny", "-m", "no"], ["kill"], ["receipt", "show"], ["receipt", "export"]):
                with self.subTest(" ".join(command), identity=identity):
                    refused = self.host.pawl(self.alice, *command, identity, *([exported] if "export" in command else []))
                    self.one_line(refused, 1, "at least 8" if len(identity) < 8 else visible)
                    self.assertNotIn("\x1b", refused.err + refused.out)
            with self.subTest("pawl-agent status", identity=identity):
                refused = shell.sh(f"pawl-agent status {shlex.quote(identity)} --wait 0s")
                self.assert_done(refused, 1)
                self.assertIn("this session has no request " + ("\\" if visible != identity else "") + visible, refused.out)
                self.assertNotIn("\x1b", refused.out)
        self.assertFalse(exported.exists())

    def test_no_broker(self):
        """no broker: people's commands exit 6 and say how to start it; the agent's too"""
        for command in (["requests"], ["show", "f" * 12], ["approve", "f" * 12, "--yes"], ["deny", "f" * 12, "-m", "no"], ["sessions"],
                        ["kill", "f" * 12], ["log"], ["receipt", "show", "f" * 12]):
            with self.subTest(" ".join(command)):
                self.one_line(self.host.pawl(self.alice, *command), 6, "no broker runs", "`pawl run` starts it")
        shell = self.shell()
        self.assert_done(shell.sh("pawl-agent actions"))
        pid = self.broker.wait()
        self.broker.state.chmod(0)  # `pawl run` would bring it back at once
        self.host.end_broker(pid)
        for command in ("actions", "status 0123456789ab --wait 0s", "request look --wait 0s"):
            with self.subTest(command):
                told = shell.sh("pawl-agent " + command, timeout=20)
                self.assert_done(told, 6)
                self.assertIn("the broker cannot be reached", told.out)
                self.assertIn("(try again later", told.out)
        self.broker.state.chmod(0o700)

    def test_usage(self):
        """wrong words: exit 2 and what is known"""
        self.assertEqual(2, self.host.pawl(self.alice, "aprove").code)
        self.assertEqual(2, self.host.pawl(self.alice, "deny").code)
        self.assertEqual(125, self.host.pawl(self.alice, "run", "--nonsense").code)

    def test_help(self):
        """every command that pawl --help lists, and every second word, explains itself: an example and its exit codes"""
        words = self.second_words([])
        self.assertLessEqual({"run", "attach", "requests", "show", "approve", "deny", "review", "sessions", "kill", "diff", "apply", "discard",
                              "policy", "log", "receipt", "init", "doctor"}, set(words))
        commands = [[word] for word in words]
        for command in commands[:]:
            commands += [command + [second] for second in self.second_words(command)]
        self.assertIn(["receipt", "export"], commands)
        for command in commands:
            with self.subTest(" ".join(command)):
                told = self.host.pawl(self.alice, *command, "--help")
                self.assertEqual(0, told.code, told)
                self.assertGreater(len(told.out), 80)
                self.assertRegex(told.out, r"(?m)^Exit codes?: ")
                if [command] == [known for known in commands if known[:len(command)] == command]:
                    self.assertRegex(told.out, rf"(?m)^  (sudo )?pawl {' '.join(command)}\b(?! +Print)")

    def second_words(self, command):
        told = self.host.pawl(self.alice, *command, "--help").out
        listed = re.search(r"(?m)^Subcommands:\n((?:  .*\n)+)", told)
        return re.findall(r"(?m)^  ([a-z-]+) ", listed.group(1)) if listed else []

    def test_parameters(self):
        """what the role does not allow is refused at once with the parameter's name; nobody is asked"""
        shell = self.shell()
        # 2: the words make no request; 3: the role says no, whoever notices.
        wrong = {
            "unknown action": (3, "destroy", "pawl-agent request destroy"),
            "unknown parameter": (2, "force", f"pawl-agent request deploy service=web image={IMAGE}1 manifest=k8s/web.yaml force=yes"),
            "missing parameter": (2, "image", "pawl-agent request deploy service=web"),
            "pattern": (3, "service", f"pawl-agent request deploy service='WEB;rm -rf /' image={IMAGE}1 manifest=k8s/web.yaml"),
            "leading dash": (3, "service", f"pawl-agent request deploy service=-rf image={IMAGE}1 manifest=k8s/web.yaml"),
            "newline": (3, "service", f"pawl-agent request deploy service=\"$(printf 'web\\nx')\" image={IMAGE}1 manifest=k8s/web.yaml"),
            "huge": (3, "service", f"pawl-agent request deploy service=$(head -c 100000 /dev/zero | tr '\\0' a) image={IMAGE}1 manifest=k8s/web.yaml"),
            "beyond a message": (3, "too long", "big=$(head -c 100000 /dev/zero | tr '\\0' a); "
                                                "pawl-agent request deploy service=$big image=$big manifest=k8s/web.yaml"),
            "no such file": (2, "manifest", f"pawl-agent request deploy service=web image={IMAGE}1 manifest=k8s/none.yaml"),
            "a folder": (2, "manifest", f"pawl-agent request deploy service=web image={IMAGE}1 manifest=k8s"),
            "a FIFO": (2, "manifest", f"mkfifo /tmp/fifo; pawl-agent request deploy service=web image={IMAGE}1 manifest=/tmp/fifo"),
            "a device": (2, "manifest", f"pawl-agent request deploy service=web image={IMAGE}1 manifest=/dev/zero"),
            "too large": (3, "manifest", f"truncate -s 2M big; pawl-agent request deploy service=web image={IMAGE}1 manifest=big"),
        }
        for what, (code, name, command) in wrong.items():
            with self.subTest(what):
                told = shell.sh(command + " --wait 0s", timeout=20)
                self.assertEqual(code, told.code, told)
                self.assertIn(name, told.out)
        self.assertEqual([], self.requests(self.alice))
        self.assertEqual([], self.host.journal())

    def test_changed_after_approval(self):
        """a program, secret or role that changed after the ask voids it: the pinned thing runs, or nothing"""
        shell = self.shell()
        changes = {
            "program": lambda: open(TARGET / "deployctl", "a", encoding="utf-8").write("# changed\n"),
            "secret": lambda: self.broker.write("another-token\n", "secrets/deploy-token", 0o600),
            "role": lambda: self.broker.write(policy_files.deployer("solo").replace('timeout = "1m"', 'timeout = "2m"'), "roles/deployer.toml"),
        }
        for number, (what, change) in enumerate(changes.items()):
            with self.subTest(what):
                self.assert_done(shell.request(image=IMAGE + str(number)), 75)
                identity = self.pending(self.alice)["id"]
                change()
                self.approve(self.alice, identity)
                if self.request_of(self.alice, identity)["state"] == "pending":
                    self.assert_done(self.deny(self.alice, identity, "changed"))
                self.assertIn(self.final_state(self.alice, identity), ("voided", "denied"))
                self.assertEqual([], self.host.journal())

    def test_json(self):
        """every list and show is one JSON value with --json"""
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        identity = self.pending(self.alice)["id"]
        for command in (["requests"], ["requests", "--all"], ["show", identity], ["sessions"], ["log"], ["policy", "check"],
                        ["policy", "explain", "--role", "deployer"]):
            with self.subTest(" ".join(command)):
                told = self.host.pawl(self.alice, *command, "--json")
                self.assertEqual(0, told.code, told)
                json.loads(told.out)
        json.loads(shell.sh("pawl-agent actions --json").out)
        json.loads(shell.sh(f"pawl-agent status {identity} --json").out)

    def test_hostile_words(self):
        """escape codes in a workspace's name, a command or an agent's reason reach no terminal"""
        evil = self.alice.home / "evil\x1b[2J\nname"
        self.host.run(self.alice, "mkdir", evil)
        refused = self.run_pawl("--workspace", evil, "--", "true")
        self.assert_done(refused, 125)
        self.assertNotIn("\x1b", refused.err)
        other = self.host.start(self.alice, [self.host.program("pawl"), "run", "--role", "observer", "--", "/bin/sh", "-c", "sleep 60",
                                             "\x1b[2Jcommand\u202e\n"])
        shell = self.shell()
        self.assert_done(shell.request(why="\x1b[2Jlooks fine\u202e"), 75)
        identity = self.pending(self.alice)["id"]
        wait_until(lambda: "sleep 60" in self.host.pawl(self.alice, "sessions").out, what="the second session")
        for command in (["requests"], ["show", identity], ["sessions"], ["log"]):
            with self.subTest(" ".join(command)):
                told = self.host.pawl(self.alice, *command)
                self.assert_done(told)
                self.assertNotIn("\x1b[2J", told.out)
                self.assertNotIn("\u202e", told.out)
        self.assertIsNone(other.poll())

    def test_no_user_namespaces(self):
        """where user namespaces are forbidden, pawl run exits 125 and names the switch"""
        # In a user namespace of alice's own, whose limit is hers: the host's stays as it is.
        self.broker.start()
        script = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
        told = self.host.run(self.alice, "unshare", "--user", f"--map-user={self.alice.uid}", f"--map-group={self.alice.gid}", "--keep-caps",
                             "--", "unshare", "--user", "true")
        self.assert_done(told)  # nesting works here, so that what follows is the limit's doing
        before = open("/proc/sys/user/max_user_namespaces", encoding="ascii").read()
        self.one_line(self.host.run(self.alice, "unshare", "--user", f"--map-user={self.alice.uid}", f"--map-group={self.alice.gid}",
                                    "--keep-caps", "--", "sh", "-c", script, "sh", self.host.program("pawl"), "run", "--role", "deployer",
                                    "--workspace", self.alice.workspace, "--", "true"), 125, "namespace")
        self.assertEqual(before, open("/proc/sys/user/max_user_namespaces", encoding="ascii").read())

    def test_init(self):
        """pawl init makes a working home, which policy check accepts, and never overwrites one"""
        carol = self.carol
        self.host.run(carol, "rm", "-r", carol.home / ".config")
        made = self.host.pawl(carol, "init")
        self.assert_done(made)
        self.assert_done(self.host.pawl(carol, "policy", "check"))
        self.assertNotEqual(0, self.host.pawl(carol, "init").code)
        explained = self.host.pawl(carol, "policy", "explain", "--role", "deployer")
        self.assert_done(explained)
        self.assertIn("deploy", explained.out)
        ran = self.host.pawl(carol, "run", "--role", "observer", "--workspace", carol.workspace, "--", "/bin/sh", "-c",
                             "cat k8s/web.yaml; touch forbidden 2>/dev/null || echo read-only")
        self.assert_done(ran)
        self.assertIn("read-only", ran.out)
        self.assertFalse(os.path.exists(carol.workspace / "forbidden"))
