"""What an overlay session left behind, from the kernel's own overlay to the person's workspace."""

import json
import os
import re
import shutil
import subprocess
import unittest

from brokers import Story
from overlays import MENU, Overlay, file_system, on_terminal, tree_of

LONG = "a line that is long enough to be known again when it comes up elsewhere"

# Something of everything that an agent does to files.
AGENT = f"""
echo edited >>edited
rm removed
mv moved moved-elsewhere
mv tree tree2
rm -r again && mkdir again && echo new >again/new
chmod 755 script
mkdir -p new/deep && echo '{LONG}, new' >new/deep/file
ln -s ../edited new/link
rm link && ln -s script link
rm file-to-folder && mkdir file-to-folder && echo x >file-to-folder/in
rm -r folder-to-file && echo x >folder-to-file
mkfifo fifo
touch touched
ln edited hard
truncate -s 100M sparse
mkdir sealed && echo x >sealed/in && mkdir sealed/deeper && echo y >sealed/deeper/in && chmod 555 sealed/deeper sealed
rm -r once && mkdir once && echo new >once/new && mkdir once/sub && echo new >once/sub/new && chmod 555 once/sub once
mv folder/a folder/b && echo more >>folder/b
rm fifo
find . -mindepth 1 \\( -type l -printf '%P|link %l\\n' \\) -o \\( -type d -printf '%P|folder %m\\n' \\) -o -printf '%P|file %m\\n'
"""
FURNISH = f"""
echo old >edited; echo old >removed; echo '{LONG}' >moved; echo same >touched
mkdir -p once/sub && echo old >once/old && echo old >once/sub/old
mkdir -p tree/sub again folder folder-to-file/sub untouched
echo a >tree/a; echo b >tree/sub/b; echo old >again/old; echo a >folder/a; echo '#!/bin/sh' >script
ln -s edited link; echo f >file-to-folder; echo f >folder-to-file/sub/f; echo u >untouched/u
"""


class Changes(Story):
    def setUp(self):
        super().setUp()
        self.overlay = Overlay(self.host, self.alice, self.alice.home / "here") if self.make_base() else None

    def make_base(self):
        base = self.alice.home / "here"
        base.mkdir()
        os.chown(base, self.alice.uid, self.alice.gid)
        return True

    def play(self, overlay):
        overlay.as_person(FURNISH)
        identity = overlay.session(AGENT)
        inside = dict(line.split("|") for line in overlay.printed.splitlines())
        stat = overlay.pawl("diff", identity[:12], "--stat")
        self.assert_done(stat)
        self.assertRegex(stat.out, r"moved => moved-elsewhere +\| renamed")
        changes = overlay.changes(identity)
        self.assertEqual("renamed", changes["moved-elsewhere"]["kind"])
        self.assertEqual("deleted", changes["again/old"]["kind"])
        self.assertEqual("added", changes["tree2/sub/b"]["kind"])
        self.assertNotIn("touched", changes)
        self.assertNotIn("untouched/u", changes)
        self.assertEqual([], [path for path, change in changes.items() if change["conflict"]])
        self.assertEqual(100 << 20, changes["sparse"]["size"])
        diff = overlay.pawl("diff", identity)
        self.assert_done(diff)
        self.assertIn("--- a/edited\n+++ b/edited\n@@ -1 +1,2 @@\n old\n+edited\n", diff.out)
        before = tree_of(overlay.workspace)
        applied = overlay.pawl("apply", identity, "--yes")
        self.assert_done(applied)
        after = tree_of(overlay.workspace)
        self.assertNotEqual(before, after)
        self.assertEqual(inside, {path: re.sub(r"^(file \d+) .*", r"\1", shown) for path, shown in after.items()})
        self.assertLess((overlay.workspace / "sparse").stat().st_blocks, 1000)
        self.assertEqual(os.stat(overlay.workspace).st_uid, os.stat(overlay.workspace / "edited").st_uid)
        self.assertFalse((overlay.sessions / identity).exists(), "nothing is left, so the folder goes")

    def test_tmpfs(self):
        """changes on tmpfs: what the agent saw is what apply makes of the workspace, as an ordinary user"""
        self.play(self.overlay)

    @unittest.skipUnless(os.path.exists("/dev/loop-control"), "needs:loop-devices")
    def test_ext4(self):
        """changes on ext4: what the agent saw is what apply makes of the workspace, as an ordinary user"""
        with file_system(self.host, "ext4", 64 << 20) as place:
            self.play(Overlay(self.host, self.alice, place))

    @unittest.skipUnless(os.path.exists("/dev/loop-control"), "needs:loop-devices")
    def test_btrfs(self):
        """changes on btrfs: what the agent saw is what apply makes of the workspace, as an ordinary user"""
        with file_system(self.host, "btrfs", 256 << 20) as place:
            self.play(Overlay(self.host, self.alice, place))

    def test_conflicts(self):
        """changes: what the host did meanwhile is named and stays, until the person says --overwrite"""
        overlay = self.overlay
        overlay.as_person("echo old >a; echo old >b; echo old >c; mkdir d; echo old >d/e")
        identity = overlay.session("echo agent >a; echo agent >fresh; echo agent >b; rm c; echo agent >>d/e")
        overlay.as_person("echo host >a; echo host >fresh; echo host >>c; rm -r d")
        applied = overlay.pawl("apply", identity, "--yes")
        self.assert_done(applied, 3)
        for path in ("a", "fresh", "c", "d/e"):
            self.assertRegex(applied.out, rf"stays: {path}: .*\(--overwrite {path}\)")
        read = lambda name: (overlay.workspace / name).read_text()
        self.assertEqual(("host\n", "host\n", "old\nhost\n", "agent\n"), (read("a"), read("fresh"), read("c"), read("b")))
        self.assertFalse((overlay.workspace / "d").exists())
        self.assert_done(overlay.pawl("apply", identity, "a", "c", "--yes", "--overwrite", "a", "--overwrite", "c"))
        self.assertEqual("agent\n", read("a"))
        self.assertFalse((overlay.workspace / "c").exists())
        self.assertEqual("host\n", read("fresh"))
        self.assertEqual({"fresh", "d", "d/e"}, set(overlay.changes(identity)))

    def test_running(self):
        """changes: those of a running session can be seen, not applied or discarded"""
        overlay = self.overlay
        identity = overlay.session("echo x >new")
        with overlay.running(identity):
            shown = overlay.pawl("diff", identity)
            self.assert_done(shown)
            self.assertIn("+x", shown.out)
            self.assertIn("is running", shown.err)
            for verb in ("apply", "discard"):
                refused = overlay.pawl(verb, identity, "--yes")
                self.assert_done(refused, 3)
                self.assertIn("still running", refused.err)
            listed = json.loads(overlay.pawl("diff", "--json").out)
            self.assertEqual([(identity, True)], [(entry["id"], entry["running"]) for entry in listed])
        self.assertFalse((overlay.workspace / "new").exists())
        self.assert_done(overlay.pawl("apply", identity, "--yes"))

    def test_list(self):
        """changes: pawl diff without a session lists whose changes are kept, and discard ends that"""
        overlay = self.overlay
        nothing = overlay.pawl("diff")
        self.assertEqual((0, "no session's changes are kept\n"), (nothing.code, nothing.out))
        overlay.as_person("echo old >a; echo old >b")
        first = overlay.session("echo 1 >one; rm b")
        second = overlay.session("echo x >.envrc")
        listed = {entry["id"]: entry for entry in json.loads(overlay.pawl("diff", "--json").out)}
        self.assertEqual({first, second}, set(listed))
        self.assertEqual((1, 1, 0), (listed[first]["added"], listed[first]["deleted"], listed[first]["guarded"]))
        self.assertEqual((1, str(overlay.workspace)), (listed[second]["guarded"], listed[second]["workspace"]))
        table = overlay.pawl("diff").out
        self.assertIn(first[:12], table)
        self.assertIn("1 file added, 1 deleted", table)
        self.assert_done(overlay.pawl("discard", first), 1)  # nobody to ask
        self.assert_done(overlay.pawl("discard", first[:8], "one", "--yes"))
        self.assertEqual({"b"}, set(overlay.changes(first)))
        self.assert_done(overlay.pawl("discard", first, "--yes"))
        self.assert_done(overlay.pawl("diff", first), 1)
        # Also when the workspace is gone.
        os.rename(overlay.workspace, overlay.base / "moved")
        elsewhere = overlay.host.pawl(self.alice, "diff", second, "--workspace", overlay.base / "moved", cwd="/", XDG_DATA_HOME=str(overlay.data))
        self.assert_done(elsewhere)
        self.assert_done(overlay.host.pawl(self.alice, "discard", second, "--yes", cwd="/", XDG_DATA_HOME=str(overlay.data)))
        self.assertEqual([], list(overlay.sessions.iterdir()))

    def test_protected(self):
        """changes: --yes writes nothing that is protected, escaping or special; each needs its own name"""
        overlay = self.overlay
        overlay.as_person("echo secret >.env")
        identity = overlay.session("""
echo evil >.envrc; mkdir -p .git/hooks; echo evil >.git/hooks/pre-commit; echo data >.git/packed-refs
ln -s /etc/passwd out; cp /bin/true suid; chmod 4755 suid; echo mine >.env; mkfifo fifo; echo fine >fine
""", hide=["**/.env"])
        applied = overlay.pawl("apply", identity, "--yes")
        self.assert_done(applied, 3)
        self.assertEqual({".env", ".git", ".git/packed-refs", "fine"}, set(tree_of(overlay.workspace)))
        self.assertEqual("secret\n", (overlay.workspace / ".env").read_text())
        for path in (".envrc", ".git/hooks/pre-commit", "out", "suid", ".env"):
            self.assertIn(f"(--force-protected {path})", applied.out)
        self.assert_done(overlay.pawl("apply", identity, "--yes", "--force-protected", "suid", "--force-protected", ".envrc", "suid"))
        self.assertEqual(0o755, (overlay.workspace / "suid").stat().st_mode & 0o7777)
        self.assertTrue((overlay.workspace / ".envrc").exists())
        self.assert_done(overlay.pawl("apply", identity, "fifo", "--yes"), 3)
        self.assertFalse((overlay.workspace / "fifo").exists())

    # A hostile upper layer (hazard 51)

    def test_hostile(self):
        """hostile changes: after apply --yes, git status in every folder of the workspace runs nothing"""
        overlay, canary = self.overlay, self.alice.home / "canary"
        overlay.as_person("git init -q . && git config user.email a@example.com && git config user.name a && "
                          "echo x >x && git add x && git commit -qm x; mkdir -p plain/deep half/refs; echo ref: refs/heads/x >half/HEAD")
        config = f"""[core]
	repositoryformatversion = 0
	bare = false
	worktree = .
	fsmonitor = "touch {canary};false"
"""
        identity = overlay.session(f"""
make_bare() {{
  mkdir -p "$1/objects" "$1/refs/heads" "$1/hooks"
  echo 'ref: refs/heads/main' >"$1/HEAD"
  printf '%s' '{config}' >"$1/config"
  printf '#!/bin/sh\\ntouch {canary}\\n' >"$1/hooks/post-index-change"; chmod 755 "$1/hooks/post-index-change"
}}
make_bare evil
make_bare plain/deep/evil
make_bare half
mkdir -p split/store/objects split/store/refs split/tree
printf '%s' '{config}' >split/store/config
echo 'ref: refs/heads/main' >split/tree/HEAD; echo ../store >split/tree/commondir
mkdir gitfile linked; echo 'gitdir: ../evil' >gitfile/.git; ln -s ../evil linked/.git
make_bare nested/.git
printf '%s' '{config}' >.git/config
printf '%s' '{config}' >.git/config.worktree
echo '* filter=x' >.git/info/attributes
printf '#!/bin/sh\\ntouch {canary}\\n' >.git/hooks/post-index-change; chmod 755 .git/hooks/post-index-change
rm -r plain/deep/evil/refs; mkdir plain/deep/evil/refs
ln -s / root; ln -s ../../.. up
n=$(printf 'n%.0s' $(seq 255)); echo long >"$n"
printf x >"$(printf 'evil\\n\\033[31mname')"
mkfifo fifo
chmod 6755 x
d=deep; i=0; while [ $i -lt 100 ]; do d="$d/deep"; i=$((i+1)); done; mkdir -p "$d"; echo bottom >"$d/file"
(cd evil && git status >/dev/null 2>&1) || true
ls {canary} && rm {canary}
rm evil/index 2>/dev/null || true
""")
        self.assertIn(str(canary), overlay.printed, "otherwise this git proves nothing")
        shown = overlay.pawl("diff", identity)
        self.assert_done(shown)
        self.assertIsNone(re.search(r"[^\n\t -~]", shown.out), "nothing that acts on a terminal")
        applied = overlay.pawl("apply", identity, "--yes")
        self.assert_done(applied, 3)
        walked = 0
        for folder, _, _ in os.walk(overlay.workspace):
            subprocess.run(["git", "status"], cwd=folder, check=False, capture_output=True, env=self.alice.environment(),
                           **self.alice.identity())
            walked += 1
            self.assertFalse(canary.exists(), f"git status in {folder} ran the agent's command")
        self.assertGreater(walked, 100)
        names = set(tree_of(overlay.workspace))
        self.assertIn("n" * 255, names)
        self.assertIn("deep/" * 101 + "file", names)
        for path in ("evil/config", "plain/deep/evil/config", "half/config", "split/store/config", "gitfile/.git", "linked/.git",
                     "nested/.git/config", ".git/config.worktree", "root", "up", "fifo"):
            self.assertNotIn(path, names)
        self.assertEqual(0o644, (overlay.workspace / "x").stat().st_mode & 0o7777)
        # The attack is there still, for whoever asks for it by name: the test is about the asking.
        forced = [word for path in ("evil/config", "evil/HEAD") for word in ("--force-protected", path)]
        overlay.pawl("apply", identity, "evil/config", "--yes", *forced)
        self.assertIn("evil/config", set(tree_of(overlay.workspace)))

    # The end of a session

    def on_terminal(self, overlay, arguments, answers, before=b""):
        return on_terminal(self.host, self.alice, arguments, answers, before, cwd=overlay.workspace, XDG_DATA_HOME=str(overlay.data))

    def test_over_apply(self):
        """the end of a session: the summary is shown, and what is protected is asked for on its own"""
        overlay = self.overlay
        overlay.as_person("echo old >a")
        identity = overlay.session("echo new >>a; echo x >.envrc; echo y >.mcp.json")
        code, seen = self.on_terminal(overlay, ["session-over", identity],
                                      [(MENU, b"d\n"), (MENU, b"write\n"), (rb"all the same\? \[y/N\] $", b"n\n"),
                                       (rb"all the same\? \[y/N\] $", b"y\n")])
        self.assertEqual(0, code, seen)
        self.assertIn("direnv runs it", seen)
        self.assertEqual({"a", ".mcp.json"}, set(tree_of(overlay.workspace)))
        self.assertEqual({".envrc"}, set(overlay.changes(identity)))

    def test_over_typed_ahead(self):
        """the end of a session: what the agent left in the terminal's input is no answer"""
        overlay = self.overlay
        identity = overlay.session("echo x >.envrc; echo new >a")
        code, seen = self.on_terminal(overlay, ["session-over", identity], [(MENU, b"k\n")], before=b"write\ny\ny\ny\n" * 20)
        self.assertEqual(0, code, seen)
        self.assertIn("kept", seen)
        self.assertEqual({}, tree_of(overlay.workspace))
        self.assertEqual({".envrc", "a"}, set(overlay.changes(identity)))

    def test_over_choose(self):
        """the end of a session: chosen one by one, thrown away only after a second word"""
        overlay = self.overlay
        overlay.as_person("echo old >b")
        overlay.as_person("mkdir f; echo old >f/g")
        identity = overlay.session("echo 1 >a; rm b; mkdir c; echo 3 >c/d; chmod 700 f; echo new >f/g")
        question = rb"\[y\]es, \[N\]o, \[q\]uit: $"
        code, seen = self.on_terminal(overlay, ["session-over", identity],
                                      [(MENU, b"c\n"), (question, b"y\n"), (question, b"n\n"), (question, b"y\n"),
                                       (question, b"y\n"), (question, b"n\n")])
        self.assertEqual(0, code, seen)
        tree = tree_of(overlay.workspace)
        self.assertEqual({"a", "b", "c", "c/d", "f", "f/g"}, set(tree))
        self.assertEqual("folder 700", tree["f"])
        self.assertEqual("old\n", (overlay.workspace / "f/g").read_text())  # the folder's mode is not what is in it
        self.assertEqual({"b", "f/g"}, set(overlay.changes(identity)))
        self.assert_done(overlay.pawl("discard", identity, "f", "--yes"))
        self.on_terminal(overlay, ["session-over", identity], [(MENU, b"x\n"), (rb"for good\? \[y/N\] $", b"\n")])
        self.assertEqual({"b"}, set(overlay.changes(identity)))
        self.on_terminal(overlay, ["session-over", identity], [(MENU, b"x\n"), (rb"for good\? \[y/N\] $", b"y\n")])
        self.assertFalse((overlay.sessions / identity).exists())

    def test_over_script(self):
        """the end of a session: without a terminal the id and the commands are on stderr, and nothing is written"""
        overlay = self.overlay
        identity = overlay.session("echo 1 >a; echo x >.envrc")
        said = overlay.pawl("session-over", identity)
        self.assertEqual((0, ""), (said.code, said.out))
        self.assertIn(identity, said.err)
        for verb in ("diff", "apply", "discard"):
            self.assertIn(f"pawl {verb} {identity[:12]}", said.err)
        self.assertEqual({}, tree_of(overlay.workspace))
        nothing = overlay.session("true")
        self.assertEqual((0, "", ""), tuple(vars(overlay.pawl("session-over", nothing)).values()))
        self.assertFalse((overlay.sessions / nothing).exists())
        self.assertNotIn("session-over", overlay.pawl("--help").out)

    def test_apply_asks(self):
        """changes: apply shows what it would write and does what is answered"""
        overlay = self.overlay
        identity = overlay.session("echo 1 >a; echo x >.envrc")
        code, _ = self.on_terminal(overlay, ["apply", identity], [(rb"all the same\? \[y/N\] $", b"n\n"), (rb"Write this to .*\? \[y/N\] $", b"n\n")])
        self.assertEqual((1, {}), (code, tree_of(overlay.workspace)))
        code, seen = self.on_terminal(overlay, ["apply", identity], [(rb"all the same\? \[y/N\] $", b"n\n"), (rb"Write this to .*\? \[y/N\] $", b"y\n")])
        self.assertEqual((3, {"a"}), (code, set(tree_of(overlay.workspace))), seen)
        self.assert_done(overlay.pawl("apply", identity), 1)
        refused = overlay.pawl("apply", identity, "--yes", PAWL_SESSION="x")
        self.assert_done(refused, 3)

    # Crashes

    STEPS = "write,pwrite64,fsync,rename,renameat,renameat2,linkat,symlinkat,mkdirat,mknodat,unlinkat,ftruncate,fchmod,chmod,removexattr,fremovexattr"

    @unittest.skipUnless(shutil.which("strace"), "needs:ptrace")
    def test_crash(self):
        """changes: kill -9 at every step of an apply, and the next one makes the same of the workspace"""
        overlay = self.overlay
        wanted, step, killed = None, 0, 0
        while True:
            step += 1
            overlay.as_person("rm -rf ./* && echo old >a; echo old >b; mkdir d o; echo x >d/x; echo y >o/y")
            identity = overlay.session(f"echo new >a; rm b; rm -r d; rm -r o; mkdir o; echo z >o/z; mkdir n; echo '{LONG}' >n/f; ln -s a l")
            folder = overlay.sessions / identity
            argv = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={self.STEPS}", "-e",
                    f"inject={self.STEPS}:signal=KILL:when={step}", self.host.program("pawl-cli"), "apply", identity, "--yes"]
            ended = self.host.run(self.alice, *argv, cwd=overlay.workspace, XDG_DATA_HOME=str(overlay.data))
            again = overlay.pawl("apply", identity, "--yes") if folder.exists() else None
            if folder.exists():  # the one that was interrupted is finished first; then what is left
                again = overlay.pawl("apply", identity, "--yes")
            state = tree_of(overlay.workspace)
            if ended.code == 0:
                wanted = state if wanted is None else wanted
                break
            killed += 1
            self.assertIn(ended.code, (137, -9), ended)
            self.assertEqual({"a", "n", "n/f", "l", "o", "o/z"}, set(state), f"killed at step {step}: {again}")
            self.assertEqual("new\n", (overlay.workspace / "a").read_text())
            self.assertFalse(folder.exists(), f"killed at step {step}: {again}")
        self.assertEqual({"a", "n", "n/f", "l", "o", "o/z"}, set(wanted))
        self.assertGreater(killed, 30)

    @unittest.skipUnless(shutil.which("strace"), "needs:ptrace")
    def test_interrupted(self):
        """changes: an interrupted apply is told by diff, keeps discard away, and is finished by apply"""
        overlay = self.overlay
        overlay.as_person("echo old >a; echo old >b")
        identity = overlay.session("echo new >a; echo new >b; echo x >.envrc")
        argv = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e", "inject=renameat2:signal=KILL:when=1",
                self.host.program("pawl-cli"), "apply", identity, "--yes"]
        self.host.run(self.alice, *argv, cwd=overlay.workspace, XDG_DATA_HOME=str(overlay.data))
        self.assertTrue((overlay.sessions / identity / "apply.journal").exists())
        self.assertIn("was interrupted", overlay.pawl("diff", identity).err)
        for arguments in ([], ["a"]):
            refused = overlay.pawl("discard", identity, *arguments, "--yes")
            self.assert_done(refused, 3)
            self.assertIn("unfinished", refused.err)
        self.assertTrue(json.loads(overlay.pawl("diff", "--json").out)[0]["unfinished"])
        self.assert_done(overlay.pawl("apply", identity, "--yes"))
        self.assertEqual({"a", "b"}, set(tree_of(overlay.workspace)))
        self.assertEqual("new\n", (overlay.workspace / "b").read_text())
        self.assertEqual({".envrc"}, set(overlay.changes(identity)))


if __name__ == "__main__":
    unittest.main()
