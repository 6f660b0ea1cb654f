"""Workspaces: what a session writes into an overlay is kept apart and told, and what appears in a direct one is named."""

import hashlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

import policy_files
from brokers import IMAGE, EmbeddedBroker, Story, SystemBroker
from host import Result, mount, wait_until
from overlays import MENU, is_locked, kept_folders, on_terminal


def role(name, workspace, *lines):
    return f"""pawl = 1
name = "{name}"

[sandbox.files]
workspace = "{workspace}"
""" + "\n".join(lines) + "\n"


class Workspaces(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)
        self.broker.write(role("editor", "overlay", 'hide = ["**/.env", "vault/"]', 'protect = ["ci/"]'), "roles/editor.toml")
        self.broker.write(role("viewer", "read-only", 'hide = ["**/.env"]'), "roles/viewer.toml")
        self.alice.write("project/.env", "SECRET=top\n")
        self.alice.write("project/k8s/.env", "SECRET=deep\n")
        self.kept = self.alice.home / ".local/share/pawl/workspaces"

    def run_as(self, role_name, script, person=None, **options):
        person = person or self.alice
        workspace = options.pop("workspace", person.workspace)
        return self.host.pawl(person, "run", "--role", role_name, "--workspace", workspace, "--", "/bin/sh", "-c", script, **options)

    def folders(self, place=None):
        return kept_folders(place or self.kept)

    def manifest(self):
        return (self.alice.workspace / "k8s/web.yaml").read_text(encoding="utf-8")


class Overlay(Workspaces):
    def test_untouched(self):
        """overlay: a session that writes nothing leaves no folder and says nothing, and its exit code is the command's"""
        ran = self.run_as("editor", "cat k8s/web.yaml; exit 7")
        self.assertEqual((7, "service: web\nreplicas: 2\n", ""), (ran.code, ran.out, ran.err))
        self.assertEqual([], self.folders())

    def test_written_and_undone(self):
        """overlay: what was made and removed again is nothing, also where the agent closed its workspace"""
        ran = self.run_as("editor", "echo x >new; rm new; chmod 000 .")
        self.assertEqual((0, ""), (ran.code, ran.err))
        self.assertEqual([], self.folders())

    def test_kept(self):
        """overlay: changes are kept apart, told with the commands for them, and the host's files stay"""
        before = (self.alice.workspace / "k8s/web.yaml").stat()
        ran = self.run_as("editor", "pwd; echo replicas: 3 >>k8s/web.yaml; rm agent.sh; echo new >new; exit 3")
        self.assertEqual((3, f"{self.alice.workspace}\n"), (ran.code, ran.out))
        folder, = self.folders()
        told, *commands = ran.err.splitlines()
        self.assertEqual(f"pawl: session {folder.name} (editor) left changes: 1 file added, 1 modified, 1 deleted; 0 need a word of their own", told)
        self.assertEqual([f"pawl {verb} {folder.name[:12]}" for verb in ("diff", "apply", "discard")],
                         [" ".join(line.split()[:3]) for line in commands])
        self.assertEqual("service: web\nreplicas: 2\n", self.manifest())
        after = (self.alice.workspace / "k8s/web.yaml").stat()
        self.assertEqual((before.st_mtime_ns, before.st_ctime_ns), (after.st_mtime_ns, after.st_ctime_ns))
        self.assertTrue((self.alice.workspace / "agent.sh").exists())
        self.assertEqual("service: web\nreplicas: 2\nreplicas: 3\n", (folder / "upper/k8s/web.yaml").read_text(encoding="utf-8"))
        self.assertEqual("new\n", (folder / "upper/new").read_text(encoding="utf-8"))
        self.assertTrue((folder / "upper/agent.sh").is_char_device())
        with open(folder / "session.json", encoding="utf-8") as file:
            self.assertEqual(folder.name, json.load(file)["session"])
        self.assertFalse(is_locked(folder))

    def test_applied(self):
        """overlay: diff, apply and discard take what the session left, and the folder goes with the last of it"""
        self.assert_done(self.run_as("editor", "echo replicas: 3 >>k8s/web.yaml; rm agent.sh; echo x >.envrc; echo new >new"))
        folder, = self.folders()
        diff = self.host.pawl(self.alice, "diff", folder.name[:8])
        self.assert_done(diff)
        self.assertIn("--- a/k8s/web.yaml\n+++ b/k8s/web.yaml\n@@ -1,2 +1,3 @@\n service: web\n replicas: 2\n+replicas: 3\n", diff.out)
        applied = self.host.pawl(self.alice, "apply", folder.name[:8], "--yes")
        self.assert_done(applied, 3)
        self.assertIn("(--force-protected .envrc)", applied.out)
        self.assertEqual("service: web\nreplicas: 2\nreplicas: 3\n", self.manifest())
        self.assertEqual("new\n", (self.alice.workspace / "new").read_text(encoding="utf-8"))
        self.assertFalse((self.alice.workspace / "agent.sh").exists())
        self.assertFalse((self.alice.workspace / ".envrc").exists())
        self.assert_done(self.host.pawl(self.alice, "discard", folder.name, "--yes"))
        self.assertEqual([], self.folders())

    def test_asked(self):
        """overlay: on a terminal the person is asked when the session is dead and the terminal is theirs again"""
        agent = ("printf '\\033[?1049h\\033[?25lWhat now? [write/c/d/x/k] '; sleep 1; echo evil >.envrc; echo new >>k8s/web.yaml; exit 5")
        command = ["run", "--role", "editor", "--workspace", self.alice.workspace, "--", "/bin/sh", "-c", agent]
        # The first question is the agent's drawing: its answer goes to the agent.
        code, seen = on_terminal(self.host, self.alice, command, [(MENU, b"write\ny\ny\n"), (MENU, b"k\n")], TERM="xterm-256color")
        self.assertEqual(5, code, seen)
        self.assertLess(seen.index("\x1b[?1049l"), seen.index("would change"), "the terminal is put back before")
        self.assertIn("direnv runs it", seen)
        folder, = self.folders()
        self.assertEqual("service: web\nreplicas: 2\n", self.manifest())
        shutil.rmtree(folder)
        # In the background nobody is asked: the terminal is somebody else's.
        code, seen = on_terminal(self.host, self.alice, ["run", "--role", "editor", "--workspace", self.alice.workspace, "--", "/bin/sh", "-c",
                                                         "echo new >>k8s/web.yaml"], [], background=True)
        self.assertNotIn("What now", seen)
        folder, = self.folders()
        self.assertIn(folder.name, seen)
        shutil.rmtree(folder)
        code, seen = on_terminal(self.host, self.alice, command, [(MENU, b"\n"), (MENU, b"write\n"), (rb"all the same\? \[y/N\] $", b"n\n")])
        self.assertEqual(5, code, seen)
        self.assertEqual("service: web\nreplicas: 2\nnew\n", self.manifest())
        self.assertFalse((self.alice.workspace / ".envrc").exists())
        folder, = self.folders()
        self.assertEqual([".envrc"], os.listdir(folder / "upper"))

    def test_record(self):
        """overlay: while it runs, the folder is private, locked, and says whose changes of what it holds"""
        started = time.time() * 1000
        shell = self.shell(role="editor")
        self.assert_done(shell.sh("true"))
        folder, = self.folders()
        self.assertTrue(is_locked(folder))
        owner = (self.alice.uid, self.alice.gid)
        for path, mode in ((self.kept, 0o700), (folder, 0o700), (folder / "session.json", 0o600),
                           (folder / "upper", self.alice.workspace.stat().st_mode & 0o777), (folder / "work", 0o700)):
            status = path.stat()
            self.assertEqual((mode, *owner), (status.st_mode & 0o777, status.st_uid, status.st_gid), path)
        with open(folder / "session.json", encoding="utf-8") as file:
            record = json.load(file)
        session, = json.loads(self.host.pawl(self.alice, "sessions", "--json").out)
        status = self.alice.workspace.stat()
        self.assertLess(abs(record.pop("started") - started), 30_000)
        protect = record.pop("protect")
        self.assertIn("**/.git/hooks", protect)
        self.assertIn("ci", protect)
        self.assertEqual({"version": 1, "session": session["id"], "role": "editor", "workspace": str(self.alice.workspace),
                          "device": status.st_dev, "inode": status.st_ino, "hide": ["**/.env", "vault"]}, record)
        self.assert_done(shell.sh("echo hello >written; mkdir -p ci .git/hooks && echo x >ci/run && echo x >.git/hooks/post-checkout"))
        self.assertFalse((self.alice.workspace / "written").exists())
        shell.close()
        self.assertEqual([folder], self.folders())
        self.assertFalse((self.alice.workspace / ".git").exists())

    def test_hidden(self):
        """overlay: hidden files read as absent, and the agent's own in their place reach no host file"""
        ran = self.run_as("editor", "cat .env k8s/.env; ls -A . k8s; echo own >.env; grep -r SECRET . && echo found")
        self.assertNotIn("SECRET", ran.out)
        self.assertNotIn("found", ran.out)
        self.assertNotIn(".env", ran.out)
        self.assertEqual("SECRET=top\n", (self.alice.workspace / ".env").read_text(encoding="utf-8"))

    def test_read_only_and_hidden(self):
        """a read-only workspace hides files, too, and makes no folder"""
        ran = self.run_as("viewer", "cat k8s/web.yaml; cat .env; ls -A k8s; touch new || touch k8s/new || echo sealed")
        self.assertEqual(0, ran.code, ran)
        self.assertEqual("service: web\nreplicas: 2\nweb.yaml\nsealed\n", ran.out)
        self.assertEqual([], self.folders())

    def test_killed(self):
        """overlay: a killed pawl run leaves its folder for later, and no session"""
        shell = self.shell(role="editor")
        self.assert_done(shell.sh("echo precious >work-of-hours"))
        os.kill(shell.child.pid, signal.SIGKILL)
        shell.child.wait()
        folder, = self.folders()
        wait_until(lambda: not is_locked(folder), what="the end of the session")
        self.assertEqual("precious\n", (folder / "upper/work-of-hours").read_text(encoding="utf-8"))
        self.assert_done(self.host.pawl(self.alice, "apply", folder.name, "--yes"))
        self.assertEqual("precious\n", (self.alice.workspace / "work-of-hours").read_text(encoding="utf-8"))

    def test_without_record(self):
        """overlay: a folder that a crash left without its record is told and can be discarded"""
        self.assert_done(self.run_as("editor", "echo x >new"))
        folder, = self.folders()
        (folder / "session.json").unlink()
        listed, = json.loads(self.host.pawl(self.alice, "diff", "--json").out)
        self.assertIn("session.json", listed["problem"])
        self.assert_done(self.host.pawl(self.alice, "apply", folder.name, "--yes"), 1)
        self.assert_done(self.host.pawl(self.alice, "discard", folder.name, "--yes"))
        self.assertEqual([], self.folders())

    def test_killed_by_signal(self):
        """overlay: a command that a signal ended keeps its exit code and its changes"""
        ran = self.run_as("editor", "echo x >new; kill -TERM $$")
        self.assertEqual(143, ran.code, ran)
        self.assertEqual(1, len(self.folders()))

    def test_another_place(self):
        """overlay: XDG_DATA_HOME is where changes are kept; one that cannot keep them is refused with the remedy"""
        place = self.alice.home / "data"
        ran = self.run_as("editor", "echo x >new", XDG_DATA_HOME=str(place))
        self.assertEqual(0, ran.code, ran)
        self.assertEqual(1, len(self.folders(place / "pawl/workspaces")))
        self.assertEqual([], self.folders())
        ran = self.run_as("editor", "true", XDG_DATA_HOME=str(self.alice.workspace / "inside"))
        self.assertEqual(125, ran.code, ran)
        self.assertIn("lies in what is shown at", ran.err)
        self.assertIn("XDG_DATA_HOME", ran.err)
        self.assertEqual([], self.folders(self.alice.workspace / "inside/pawl/workspaces"))
        self.alice.write("plain/.keep", "")
        mount("-t", "ramfs", "ramfs", self.alice.home / "plain")
        self.host.mounted.append(self.alice.home / "plain")
        os.chown(self.alice.home / "plain", self.alice.uid, self.alice.gid)
        ran = self.run_as("editor", "true", XDG_DATA_HOME=str(self.alice.home / "plain"))
        self.assertEqual(125, ran.code, ran)
        self.assertIn("ramfs", ran.err)
        self.assertIn("user extended attributes", ran.err)
        self.assertEqual([], self.folders(self.alice.home / "plain/pawl/workspaces"))

    def test_mounted_below(self):
        """overlay: a mount below the workspace is refused with the remedy, and leaves no folder"""
        self.alice.write("project/data/.keep", "")
        self.host.scratch(self.alice.workspace / "data")
        ran = self.run_as("editor", "true")
        self.assertEqual(125, ran.code, ran)
        self.assertIn("something is mounted below it", ran.err)
        self.assertIn("unmount", ran.err)
        self.assertEqual([], self.folders())

    def test_foreign_files(self):
        """overlay: files of others, which the session cannot change, are told at launch in one line with the remedy"""
        path = self.alice.write("project/shared\x1b[2J", "theirs\n", 0o666)
        os.chown(path, self.bob.uid, self.alice.gid)
        other = self.alice.write("project/k8s/group", "theirs\n", 0o664)
        os.chown(other, self.alice.uid, self.bob.gid)
        ran = self.run_as("editor", "for file in shared* k8s/group; do echo x >>\"$file\"; done; exit 0")
        self.assertEqual(2, ran.out.count("Value too large") + ran.err.count("Value too large"), ran)
        told, = [line for line in ran.err.splitlines() if "cannot change" in line]
        self.assertRegex(told, r"cannot change shared\\x1b\[2J and 1 more")
        self.assertIn(f"chown -R {self.alice.uid}:{self.alice.gid}", told)

    def test_private_places(self):
        """the folders where changes are kept are no workspace"""
        self.run_as("editor", "echo x >new")
        folder, = self.folders()
        for place in (self.kept, folder, folder / "upper"):
            with self.subTest(str(place)):
                refused = self.run_as("editor", "true", workspace=place)
                self.assertEqual(125, refused.code, refused)
                self.assertIn("looks like a place of credentials", refused.err)

    def test_policy(self):
        """hide with a direct workspace is refused with the reason; explain says what an overlay is"""
        self.broker.write(role("editor", "direct", 'workspace_reason = "x"', 'hide = [".env"]'), "roles/editor.toml")
        checked = self.host.pawl(self.alice, "policy", "check")
        self.assertEqual(5, checked.code, checked)
        self.assertIn("a direct workspace hides nothing", checked.out + checked.err)
        self.broker.write(role("editor", "overlay", 'hide = [".env"]'), "roles/editor.toml")
        explained = self.host.pawl(self.alice, "policy", "explain", "--role", "editor")
        self.assertIn("pawl apply", explained.out)
        self.assertIn("absent in it: .env", explained.out)

    def test_input_from_the_overlay(self):
        """overlay: a file that the agent asks with is the one that it sees"""
        self.broker.write(policy_files.deployer("solo").replace('"direct"', '"overlay"'), "roles/deployer.toml")
        shell = self.shell()
        self.assert_done(shell.sh("echo 'replicas: 9' >k8s/web.yaml"))
        self.assert_done(shell.request(), 75)
        request = self.pending(self.alice)
        self.assert_done(self.approve(self.alice, request["id"]))
        self.assert_done(shell.status(request["id"]))
        self.assertIn("manifest=" + hashlib.sha256(b"replicas: 9\n").hexdigest(), self.host.journal()[0])
        self.assertEqual("service: web\nreplicas: 2\n", self.manifest())

    def test_input_that_is_hidden(self):
        """overlay: what the role hides, and a link to what lies outside, cannot be asked with"""
        self.broker.write(policy_files.deployer("solo").replace('"direct"', '"overlay"\nhide = ["**/.env"]'), "roles/deployer.toml")
        shell = self.shell()
        self.assert_done(shell.sh("ln -s /etc/passwd k8s/link.yaml"))
        for manifest, why in ((".env", "No such file"), ("k8s/.env", "No such file"), ("k8s/link.yaml", "is a symbolic link")):
            with self.subTest(manifest):
                told = shell.sh(f"pawl-agent request deploy service=web image={IMAGE}1 manifest={manifest}")
                self.assertNotEqual(0, told.code, told)
                self.assertIn(why, told.out)
        self.broker.wait()
        self.assertEqual([], self.requests(self.alice, "--all"))


class Direct(Workspaces):
    def run_direct(self, script):
        return self.run_as("deployer", script)

    def test_appeared(self):
        """direct: what makes the host execute things and appeared is told at the end, quoted, and nothing else"""
        self.alice.write("project/.envrc", "old\n")
        quiet = self.run_direct("echo x >>k8s/web.yaml; mkdir more; touch more/file")
        self.assertEqual((0, ""), (quiet.code, quiet.err))
        ran = self.run_direct("echo evil >more/.envrc; mkdir -p x/objects x/refs x/hooks; touch x/HEAD x/config; "
                              "echo gitdir: x >more/.git; d=$(printf 'a\\033[2J\\nb'); mkdir \"$d\"; touch \"$d/.envrc\"; exit 4")
        self.assertEqual(4, ran.code, ran)
        lines = ran.err.splitlines()
        workspace = str(self.alice.workspace)
        self.assertIn("look at them before you use the folder", lines[0])
        self.assertEqual([f"  '{workspace}/a\\x1b[2J\\nb/.envrc'", f"  {workspace}/more/.envrc",
                          f"  {workspace}/more/.git (leads git to a repository)", f"  {workspace}/x (a git repository)"], sorted(lines[1:]))

    def test_many(self):
        """direct: the list of what appeared is bounded"""
        ran = self.run_direct("mkdir $(seq 300); for i in $(seq 300); do : >$i/.envrc; done")
        self.assertEqual(0, ran.code, ran)
        self.assertEqual(22, len(ran.err.splitlines()), ran)
        self.assertIn("and 280 more", ran.err)


class OfRoot(Workspaces):
    def test_root(self):
        """overlay: started by root it runs as the workspace's owner, and the folder is root's"""
        self.host.scratch(self.root_home())
        broker = SystemBroker(self.host)
        broker.write(policy_files.people(self.host.people.values()) + "\n[admin]\nuids = [0]\n", "people.toml")
        broker.write(role("editor", "overlay", 'hide = ["**/.env"]'), "roles/editor.toml")
        broker.write(policy_files.settings(["alice"], system=True) + 'editor = ["admin", "alice"]\n', "pawl.toml")
        broker.start()
        self.workspace = pathlib.Path("/opt/project")
        shutil.copytree(self.alice.workspace, self.workspace)
        for path in (self.workspace, *self.workspace.rglob("*")):
            os.chown(path, self.alice.uid, self.alice.gid)
        ran = self.as_root("id -u; cat .env; echo mine >new; stat -c %u new .; rm agent.sh")
        self.assertEqual(f"{self.alice.uid}\n" * 3, ran.out, ran)
        self.assertEqual(0, ran.code, ran)
        folder, = self.folders(self.root_home() / "share/pawl/workspaces")
        self.assertEqual((0, self.alice.uid), (folder.stat().st_uid, (folder / "upper").stat().st_uid))
        self.assertTrue((self.workspace / "agent.sh").exists())
        shutil.rmtree(folder)
        ran = self.as_root("exit 5")
        self.assertEqual((5, ""), (ran.code, ran.err))
        self.assertEqual([], self.folders(self.root_home() / "share/pawl/workspaces"))
        os.chown(self.workspace, 0, 0)
        refused = self.as_root("true")
        self.assertEqual(125, refused.code, refused)
        self.assertIn("belongs to root", refused.err)

    @staticmethod
    def root_home():
        return pathlib.Path(pwd.getpwuid(0).pw_dir) / ".local"

    def as_root(self, script):
        ran = subprocess.run([self.host.program("pawl"), "run", "--role", "editor", "--workspace", self.workspace, "--",
                              "/bin/sh", "-c", script], cwd="/", env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "dumb"},
                             stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        return Result(ran.returncode, ran.stdout.decode(), ran.stderr.decode())
