"""What a detached session writes into its workspace is kept and told as that of any other, by whoever holds it at the end."""

import re
import time

from host import wait_until
from overlays import is_locked, kept_folders
from persons_terminal import pawls
from terminal_story import TerminalStory

ROLE = """pawl = 1
name = "{name}"

[sandbox.files]
workspace = "{workspace}"
{more}
"""
WAITS = 'echo ready; while read line; do eval "$line"; done'


class DetachedChanges(TerminalStory):
    def setUp(self):
        super().setUp()
        self.broker.write(ROLE.format(name="editor", workspace="overlay", more=""), "roles/editor.toml")
        self.broker.write(ROLE.format(name="writer", workspace="direct", more='workspace_reason = "a test"'), "roles/writer.toml")
        self.kept = self.alice.home / ".local/share/pawl/workspaces"

    def detached(self, role):
        started = self.host.pawl(self.alice, "run", "--role", role, "--detach", "--", "sh", "-c", WAITS)
        self.assert_done(started)
        return started.out.strip()

    def attach(self, session):
        terminal = self.terminal([self.host.program("pawl"), "attach", session])
        terminal.expect("ready")
        return terminal

    def folders(self):
        return kept_folders(self.kept)

    def holder_ends(self):
        wait_until(lambda: not pawls(self.host, "run"), 5, what="the holder's end")

    def test_told(self):
        """a detached session holds its folder, and whoever is attached at its end is asked about the changes"""
        session = self.detached("editor")
        folder, = self.folders()
        self.assertTrue(folder.name.startswith(session))
        self.assertTrue(is_locked(folder))
        terminal = self.attach(session)
        terminal.type("echo new >written; exit 3\r")
        terminal.expect(re.escape("\x1b[0m\x1b[?25h") + f".*Session {session}.*would change.*" + re.escape("What now? [write/c/d/x/k] "))
        # The holder is gone already: nothing but the answer decides over the folder.
        self.holder_ends()
        # Long enough for what is typed before a question to be thrown away.
        time.sleep(0.1)
        terminal.type("k\r")
        terminal.expect("kept:")
        self.assertEqual(3, terminal.child.wait(10))
        self.assertEqual([folder], self.folders())
        self.assertFalse(is_locked(folder))
        self.assertEqual("new\n", (folder / "upper/written").read_text(encoding="utf-8"))
        self.assertFalse((self.alice.workspace / "written").exists())

    def test_left_by_keys(self):
        """one that was left by its keys does so, too, and says nothing of changes when it is left"""
        terminal = self.terminal([self.host.program("pawl"), "run", "--role", "editor", "--", "sh", "-c", WAITS])
        terminal.expect("ready")
        terminal.type("echo new >written; echo do''ne\r")
        terminal.expect("done")
        terminal.type("\x1c\x1c")
        session = terminal.expect("session ([0-9a-f]{12}) goes on without you").group(1).decode()
        self.assertEqual(0, terminal.child.wait(10))
        self.assertNotIn(b"changes", terminal.read())
        folder, = self.folders()
        self.assertTrue(is_locked(folder))
        self.assert_done(self.host.pawl(self.alice, "kill", session))
        self.holder_ends()
        self.assertFalse(is_locked(folder))
        self.assertEqual("new\n", (folder / "upper/written").read_text(encoding="utf-8"))

    def test_nothing(self):
        """without changes nothing is said, and no folder stays"""
        session = self.detached("editor")
        terminal = self.attach(session)
        terminal.type("exit\r")
        self.assertEqual(0, terminal.child.wait(10))
        self.holder_ends()
        self.assertNotIn(b"changes", terminal.read())
        self.assertEqual([], self.folders())

    def test_appeared(self):
        """what appeared in a direct workspace is named to whoever is attached"""
        terminal = self.attach(self.detached("writer"))
        terminal.type("mkdir -p .git/hooks; echo x >.envrc; exit\r")
        terminal.expect(r"these appeared in the workspace.*\.envrc")
        self.assertEqual(0, terminal.child.wait(10))


del TerminalStory
