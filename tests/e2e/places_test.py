"""Where private things are, whatever path leads to them, and what a session, its streams and its end leave behind."""

import json
import os
import pathlib
import signal
import subprocess
import time

import frames
import policy_files
from brokers import EmbeddedBroker, Story, SystemBroker
from frames import Conversation, failure_of, frame, listed, text, u8
from host import TARGET, mount, wait_until
from traced import Traced


class Places(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)

    def run_in(self, workspace, *command, role="deployer", **options):
        return self.host.pawl(self.alice, "run", "--role", role, "--workspace", workspace, "--", *command, **options)

    def refused(self, result, *words):
        self.assertEqual(125, result.code, result)
        for word in words:
            self.assertIn(word, result.err)

    def test_linked_keys(self):
        """~/.ssh that is a link into ~/dotfiles: ~/dotfiles is no workspace"""
        self.alice.write("dotfiles/ssh/id_x", "key")
        self.alice.write("dotfiles/vim/vimrc", "")
        self.assert_done(self.run_in(self.alice.home / "dotfiles", "cat", "ssh/id_x"))  # shown, while it is not the person's
        self.host.run(self.alice, "ln", "-s", "dotfiles/ssh", self.alice.home / ".ssh")
        self.refused(self.run_in(self.alice.home / "dotfiles", "cat", "ssh/id_x"), ".ssh", "which no agent may see")
        self.assert_done(self.run_in(self.alice.home / "dotfiles/vim", "true"))

    def test_linked_read(self):
        """a path that a role reads and another agent turned into a link shows nothing"""
        self.alice.write("shared/tool/info", "harmless\n")
        self.alice.write(".ssh/id_x", "key\n")
        shared = self.alice.home / "shared"
        self.broker.write(policy_files.deployer("solo", read=["~/shared/tool"]), "roles/deployer.toml")
        shown = shared / "tool"
        self.assertIn("harmless", self.run_in(self.alice.workspace, "cat", shown / "info").out)
        self.host.run(self.alice, "rm", "-r", shown)
        self.host.run(self.alice, "ln", "-s", self.alice.home / ".ssh", shown)
        self.refused(self.run_in(self.alice.workspace, "cat", shown / "id_x"), "is a link: name its target")

    def test_devices(self):
        """what stands in a device's place on the host is not handed to a session in its name"""
        planted = self.alice.write("planted", "not a device\n", 0o666)
        for name in ("full", "null"):
            with self.subTest(name):
                mount("--bind", planted, f"/dev/{name}")
                try:
                    self.refused(self.run_in(self.alice.workspace, "true"), f"/dev/{name} is not the device that it should be")
                finally:
                    subprocess.run(["umount", f"/dev/{name}"], check=True)
        self.assert_done(self.run_in(self.alice.workspace, "true"))

    def test_credential_folders(self):
        """a credential folder, what lies in one and what holds one are no workspaces"""
        self.alice.write(".aws/deep/credentials-file", "key")
        self.alice.write(".gnupg/x", "key")
        self.alice.write("laptop-backup/.aws/config", "key")
        for place in (".aws", ".aws/deep", ".gnupg", "laptop-backup"):
            with self.subTest(place):
                self.refused(self.run_in(self.alice.home / place, "ls", "-a", role="observer"), "choose the folder of one project")

    def test_actions_inside(self):
        """what an action runs, is given, reads or writes does not lie in a workspace that an agent writes"""
        inside = self.alice.workspace / "k8s"
        self.host.run(self.alice, "ln", "-s", inside, self.alice.home / "way")
        role = policy_files.deployer("solo")
        changes = {
            "reads": role.replace(f'read = ["{TARGET}"]', f'read = ["{inside}"]', 1),
            "writes": role.replace(f'write = ["{TARGET}/journal"]', f'write = ["{self.alice.home}/way"]', 1),
            "is given": role.replace('"rollout", ', f'"rollout", "--config={inside}/x", ', 1),
            "runs": role.replace(f'"{TARGET}/deployctl"', f'"{inside}/deployctl"', 1),
        }
        for how, changed in changes.items():
            with self.subTest(how):
                self.assertNotEqual(role, changed)
                self.broker.write(changed, "roles/deployer.toml")
                self.refused(self.run_in(self.alice.workspace, "true"), how, "choose another workspace")
                self.assert_done(self.run_in(self.alice.workspace, "true", role="observer"))

    def test_changed_action(self):
        """a policy that moves an action into a live workspace can have nothing performed"""
        shell = self.shell()
        self.assert_done(shell.sh("true"))
        role = policy_files.deployer("solo").replace(f'read = ["{TARGET}"]', f'read = ["{self.alice.workspace}/k8s"]')
        self.broker.write(role, "roles/deployer.toml")
        told = shell.request()
        self.assertNotIn(told.code, (0, 75), told)
        self.assertIn("choose another workspace", told.out)

    def test_streams(self):
        """a FIFO of the host is not handed in: /proc/self/fd would open it again, in the other direction"""
        fifo = self.alice.home / "fifo"
        self.host.run(self.alice, "mkfifo", fifo)
        number = fifo.stat().st_ino
        reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        writing = os.open(fifo, os.O_WRONLY)
        try:
            child = self.host.start(self.alice, [self.host.program("pawl"), "run", "--role", "observer", "--workspace",
                                                 self.alice.workspace, "--", "stat", "-L", "-c", "inode %i", "/proc/self/fd/1"],
                                    stdout=writing)
            child.communicate(timeout=30)
            os.set_blocking(reading, True)
            said = os.read(reading, 4096).decode()
        finally:
            os.close(writing)
            os.close(reading)
        self.assertEqual(0, child.returncode)
        self.assertRegex(said, r"^inode \d+\n$")
        self.assertNotEqual(f"inode {number}\n", said)

    def test_long_command(self):
        """a command line beyond the limit: 125, the limit and what to do"""
        self.refused(self.run_in(self.alice.workspace, "true", "x" * 100_000), "98304", "in a file")
        self.refused(self.run_in(self.alice.workspace, "true", *["x"] * 4096), "4096", "in a file")
        self.assert_done(self.run_in(self.alice.workspace, "true", "x" * 90_000))

    def test_first_problem(self):
        """a policy that keeps the broker from starting: the problem is told, not a note that follows it"""
        self.broker.write(policy_files.secrets("solo").replace('roles = ["deployer"]', 'roles = ["deployer", "nobody-has-it"]'),
                          "secrets.toml")
        self.broker.write("pawl = 1\nnmae = \"observer\"\n", "roles/observer.toml")
        told = self.run_in(self.alice.workspace, "true")
        self.refused(told, "observer.toml")
        self.assertNotIn("note:", told.err)

    def swapped(self, ahead):
        """pawl run, stopped so many system calls after it opened the workspace, whose path is then a link to another folder.
        What came of it: the exit status, and what the command read and wrote where."""
        project = self.alice.workspace
        opened, other = self.alice.home / "opened", self.alice.write("other/which", "other\n").parent
        self.alice.write("project/which", "opened\n")
        traced = Traced(self.alice, [self.host.program("pawl"), "run", "--role", "deployer", "--workspace", str(project), "--",
                                     "/bin/sh", "-c", "cat which >seen"])
        self.addCleanup(traced.kill)
        while not self.holds(traced.pid, project):
            self.assertTrue(traced.go(0), "pawl run ended before it opened the workspace")
        # With few calls more it is before the broker is asked, with many the sandbox is being built.
        alive = traced.go(ahead)
        begun = (project / "seen").exists()
        project.rename(opened)
        project.symlink_to(other)
        status = traced.let_go()
        self.assertEqual(["which"], os.listdir(other))
        seen = (opened / "seen").read_text() if (opened / "seen").exists() else ""
        project.unlink()
        opened.rename(project)
        (project / "seen").unlink(missing_ok=True)
        return status, seen, alive and not begun

    @staticmethod
    def holds(pid, folder):
        for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            if os.readlink(descriptor) == str(folder):
                return True
        return False

    def test_swapped(self):
        """a workspace whose path becomes a link to another folder after it was opened: the opened one is shown, or it is refused"""
        self.broker.start()
        outcomes = []
        for ahead in (0, 1, 2, 4, 8, 12, 16, 24, 32, 48, 64):
            with self.subTest(calls=ahead):
                status, seen, in_time = self.swapped(ahead)
                if in_time:
                    outcomes.append(status)
                    self.assertIn((status, seen), ((0, "opened\n"), (125, "")))
        self.assertGreater(len(outcomes), 5, "the command ran before the path was swapped")

    # Ends

    def sessions(self):
        return json.loads(self.host.pawl(self.alice, "sessions", "--json").out)

    def test_kill_of_an_orphan(self):
        """a kill that cannot be carried out yet says so, survives a restart, and is carried out"""
        beat = self.alice.workspace / "beat"
        shell = self.shell()
        shell.child.stdin.write(b"while :; do date +%N >beat; sleep 0.1; done\n")
        shell.child.stdin.flush()
        wait_until(beat.exists, what="the agent's first beat")

        def beats():
            before = beat.read_text()
            time.sleep(0.5)
            return before != beat.read_text()

        identity = self.sessions()[0]["id"]
        os.kill(shell.child.pid, signal.SIGSTOP)
        try:
            self.broker.kill()
            self.broker.start()
            killed = self.host.pawl(self.alice, "kill", identity)
            self.assert_done(killed, 1)
            self.assertIn("it is killed when it returns", killed.err)
            self.assertTrue(beats())  # so nothing may have claimed its end
            self.assertEqual([identity], [session["id"] for session in self.sessions()])
            self.broker.kill()
            self.broker.start()
        finally:
            os.kill(shell.child.pid, signal.SIGCONT)
        self.assertEqual(137, shell.child.wait(timeout=30))
        self.assertFalse(beats())
        wait_until(lambda: not self.sessions(), what="the record of its end")
        self.verify_log(self.alice)

    def opened(self, workspace):
        """The answer to who opens a session that is never launched; its launcher's end stays open."""
        os.seteuid(self.alice.uid)  # the kernel tells the broker who connected
        try:
            conversation = Conversation(self.broker.people_socket)
        finally:
            os.seteuid(0)
        with conversation:
            conversation.ask(frame("hello"))
            conversation.send(frame("open_session", text("observer") + text("") + listed([text("/bin/true")]) +
                                    listed([u8(0)] * 3) + text("")), [workspace])
            raw, descriptors, _, _ = frames.socket.recv_fds(conversation.socket, frames.LIMIT, 32)
        for descriptor in descriptors:
            self.addCleanup(os.close, descriptor)
        return frames.struct.unpack(">H", raw[:2])[0], raw[2:]

    def test_session_limit(self):
        """a person's own broker has 512 sessions at most, and those that no launcher takes up end by themselves"""
        self.broker.start()
        workspace = os.open(self.alice.workspace, os.O_PATH)
        self.addCleanup(os.close, workspace)
        self.assert_most_sessions(512, workspace)
        self.refused(self.run_in(self.alice.workspace, "true"), "512 sessions")
        # The launchers' ends are still open: only the launch time ends them.
        wait_until(lambda: not self.sessions(), timeout=60, every=1, what="the end of what was never launched")
        self.assert_done(self.run_in(self.alice.workspace, "true"))

    def test_session_limit_of_one(self):
        """system: one person has 64 sessions at most, and leaves room for everybody else's"""
        self.broker = SystemBroker(self.host)
        self.broker.start()
        workspace = os.open(self.alice.workspace, os.O_PATH)
        self.addCleanup(os.close, workspace)
        self.assert_most_sessions(64, workspace)

    def assert_most_sessions(self, most, workspace):
        for _ in range(most):
            self.assertIsNone(failure_of(self.opened(workspace)))
        kind, why, remedy = failure_of(self.opened(workspace))
        self.assertEqual("refused", kind)
        self.assertIn(f"you have {most} sessions", why)
        self.assertIn("pawl kill", remedy)


class AsRoot(Story):
    def as_root(self, *words, **env):
        root = pathlib.Path("/root")
        return subprocess.run([self.host.program("pawl"), *map(str, words)], capture_output=True, text=True, timeout=60, check=False,
                              env={"HOME": str(root), "PATH": "/usr/bin:/bin", **env}, cwd="/", stdin=subprocess.DEVNULL)

    def setUp(self):
        super().setUp()
        self.host.scratch(pathlib.Path("/root"), "mode=0700")
        made = self.as_root("init")
        self.assertEqual(0, made.returncode, made)
        self.addCleanup(self.end_broker)

    def end_broker(self):
        socket = "/root/.local/state/pawl/run/people.sock"
        if os.path.exists(socket):
            with Conversation(socket) as conversation:
                self.host.end_broker(conversation.peer_pid())

    def test_closed_home(self):
        """root works in a workspace below somebody's 0700 home, with its own broker below /root"""
        told = self.as_root("run", "--role", "observer", "--workspace", self.alice.workspace, "--", "sh", "-c",
                            "id -u; cat k8s/web.yaml; pawl-agent actions")
        self.assertIn("service: web", told.stdout, told)
        self.assertIn(str(self.alice.uid), told.stdout)
        self.assertNotIn("cannot be reached", told.stderr)
        self.assertEqual(0, told.returncode, told)

    def test_environment(self):
        """root's environment is not in a process that runs as the workspace's owner"""
        child = subprocess.Popen([self.host.program("pawl"), "run", "--role", "observer", "--workspace", str(self.alice.workspace), "--",
                                  "sleep", "20"], env={"HOME": "/root", "PATH": "/usr/bin:/bin", "ROOT_TOKEN": "s3cret"}, cwd="/",
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        self.host.children.append(child)

        def launchers():
            found = []
            for process in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
                    if parent == child.pid and b"pawl-launch" in (process / "cmdline").read_bytes():
                        found.append(process)
                except OSError:  # it ended meanwhile
                    continue
            return found

        launcher = wait_until(launchers, what="the launcher")[0]
        self.assertIn(b"ROOT_TOKEN", pathlib.Path(f"/proc/{child.pid}/environ").read_bytes())
        self.assertNotIn(b"ROOT_TOKEN", (launcher / "environ").read_bytes())


class UnreadableSystem(Story):
    def test_no_fallback(self):
        """a system configuration that the person cannot look into is the host's all the same: no embedded broker instead"""
        EmbeddedBroker(self.host)
        SystemBroker(self.host)
        os.chmod("/etc/pawl", 0o700)
        ran = self.host.pawl(self.alice, "run", "--role", "observer", "--workspace", self.alice.workspace, "--", "true")
        self.assert_done(ran, 125)
        self.assertIn("/run/pawl", ran.err)
        self.assertFalse((self.alice.home / ".local/state/pawl").exists())
