"""What a session cannot do with pawl itself: decide, nest, bring its own policy, or get at another session's home."""

import json

import policy_files
from brokers import EmbeddedBroker, Story
from host import wait_until


class Inside(Story):
    def setUp(self):
        super().setUp()
        # The installed programs are shown inside, which they are not by themselves: the same ones are tried inside and outside.
        self.broker = EmbeddedBroker(self.host, read=[self.host.programs])

    # Homes

    def in_session(self, script, role="deployer", workspace=None):
        ran = self.host.pawl(self.alice, "run", "--role", role, "--workspace", workspace or self.alice.workspace, "--", "/bin/sh", "-c", script)
        self.assert_done(ran)
        return ran.out

    def test_home(self):
        """what a session writes into its HOME is there for the next one of the same role and workspace, and for no other"""
        other = self.alice.write("other/README", "another project\n").parent
        look = 'cat "$HOME/kept" 2>/dev/null || echo nothing'
        self.assertEqual("nothing\n", self.in_session(look))
        self.in_session('echo mine >"$HOME/kept"; mkdir -m 0777 "$HOME/open"')
        self.assertEqual("mine\n", self.in_session(look))
        self.assertEqual("nothing\n", self.in_session(look, role="observer"))
        self.assertEqual("nothing\n", self.in_session(look, workspace=other))
        self.in_session('echo theirs >"$HOME/kept"', workspace=other)
        self.assertEqual("mine\n", self.in_session(look))
        # The same folder under another name is the same workspace.
        (self.alice.home / "link").symlink_to(self.alice.workspace)
        self.assertEqual("mine\n", self.in_session(look, workspace=self.alice.home / "link"))

    def test_home_on_the_host(self):
        """a session's HOME is a folder of the person's own state that nobody else can enter, and no other home"""
        self.alice.write("of-the-person", "private\n")
        self.in_session('echo mine >"$HOME/kept"; mkdir -m 0777 "$HOME/open"; test ! -e "$HOME/of-the-person"; chmod 0777 "$HOME"')
        self.in_session("true")
        homes = self.broker.state / "homes"
        kept, = homes.glob("*/*/kept")
        self.assertEqual("mine\n", kept.read_text())
        self.assertEqual("deployer", kept.parent.parent.name)
        for folder in (homes, kept.parent.parent, kept.parent):
            self.assertEqual((0o700, self.alice.uid), (folder.stat().st_mode & 0o7777, folder.stat().st_uid), folder)
        self.assertNotEqual(0, self.host.run(self.bob, "cat", kept, cwd="/").code)
        self.assertFalse((self.alice.home / "kept").exists())

    # pawl itself

    def test_no_decision(self):
        """approve and deny take no decision inside a session or on its terminal; with the same program and key, a person does outside"""
        pawl = self.host.program("pawl")
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        identity = self.pending(self.alice)["id"]
        for key in (self.alice.key, self.alice.key.with_suffix(".pub")):
            self.alice.write("project/keys/" + key.name, key.read_bytes(), 0o600)
        self.assert_done(shell.sh("test -r keys/alice"))
        verbs = (f"approve {identity} --yes --key keys/alice --as alice", f"deny {identity} -m no --key keys/alice --as alice")
        for verb in verbs:
            for before in ("", "env -u PAWL_SESSION -u PAWL_ROLE ", "env -i "):
                with self.subTest(before + verb):
                    told = shell.sh(f"{before}{pawl} {verb}")
                    self.assert_done(told, 3)
                    self.assertIn("decisions are not taken inside a session", told.out)
            with self.subTest("on its terminal: " + verb):
                told = self.host.run(self.alice, pawl, *verb.split(), PAWL_SESSION="0" * 64)
                self.assert_done(told, 3)
                self.assertIn("decisions are not taken inside a session", told.err)
        request = self.request_of(self.alice, identity)
        self.assertEqual(("pending", 0), (request["state"], request["approvals"]), request)
        self.assertEqual([], self.host.journal())
        self.assert_done(self.host.run(self.alice, pawl, *verbs[0].split()))
        self.assertEqual("done", self.final_state(self.alice, identity))

    def test_no_nesting(self):
        """pawl run inside a session is refused with the reason; the same program starts one outside"""
        pawl = self.host.program("pawl")
        shell = self.shell()
        for before in ("", "env -i "):
            told = shell.sh(f"{before}{pawl} run --role observer -- true")
            self.assert_done(told, 125)
            self.assertIn("this is a pawl sandbox already, and sandboxes do not nest", told.out)
            self.assertIn("start pawl run outside", told.out)
        self.assert_done(self.host.run(self.alice, pawl, "run", "--role", "observer", "--", "true"))
        sessions = json.loads(self.host.pawl(self.alice, "sessions", "--json").out)
        self.assertEqual(1, len(sessions), sessions)

    # Policy

    def policy(self, shell):
        """What the broker goes by, as people and the agent are told it."""
        told = [self.host.pawl(self.alice, "policy", "explain", "--role", role, "--json") for role in ("deployer", "observer")]
        told += [self.host.pawl(self.alice, "policy", "check", "--json"), shell.sh("pawl-agent actions --json")]
        for one in told:
            self.assert_done(one)
        return [json.loads(one.out) for one in told]

    def test_planted_policy(self):
        """a policy in the workspace or in the HOME inside changes nothing for this session, the next one or the person"""
        shell = self.shell()
        before = self.policy(shell)
        role = policy_files.deployer("solo").replace('name = "leak"', 'name = "planted"')
        planted = {"roles/deployer.toml": role, "roles/planted.toml": policy_files.OBSERVER.replace('name = "observer"', 'name = "planted"'),
                   "roles/observer.toml": policy_files.OBSERVER.replace('"read-only"', '"direct"\nworkspace_reason = "so it says"'),
                   "approvals.toml": policy_files.approvals("1h", two_person=False), "people.toml": policy_files.people([self.alice, self.bob]),
                   "secrets.toml": policy_files.secrets("solo").replace("action:leak", "action:planted"),
                   "pawl.toml": policy_files.settings(["alice"]).replace("[launchers]", '[launchers]\nplanted = ["alice"]')}
        for name, content in planted.items():
            for folder in ("", ".pawl/", "pawl/", ".config/pawl/", "etc/pawl/"):
                self.alice.write(f"project/{folder}{name}", content)
        self.assert_done(shell.sh('mkdir -p "$HOME/.config" "$HOME/.local/state" && cp -r .config/pawl "$HOME/.config/" && cp -r pawl "$HOME/" && '
                                  'cp -r pawl "$HOME/.local/state/"'))
        self.assertEqual(before, self.policy(shell))
        self.assert_done(shell.ask("planted"), 3)
        self.assertEqual([], self.requests(self.alice))
        self.assertIn("planted", self.host.pawl(self.alice, "run", "--role", "planted", "--", "true").err)
        self.assertEqual("read-only\n", self.in_session("touch new 2>/dev/null || echo read-only", role="observer"))
        later = self.shell()
        self.assertEqual(before, self.policy(later))
        # A new broker, started from within the workspace, reads the same.
        self.broker.kill()
        self.assertEqual(before, self.policy(self.shell()))
        # Where policy belongs, these very files count.
        for name, content in planted.items():
            self.broker.write(content, name)
        after = wait_until(lambda: self.policy(later), what="the answer to other policy")
        self.assertNotEqual(before[:2], after[:2])
        self.assert_done(self.host.pawl(self.alice, "run", "--role", "planted", "--", "true"))
