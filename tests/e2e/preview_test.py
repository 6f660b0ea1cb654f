"""Previews: made before anyone is asked, shown whole, signed, and harmless."""

import hashlib
import json
import time

import previews
from brokers import EmbeddedBroker, Story
from host import TARGET, TOKEN, wait_until

MANIFEST = hashlib.sha256(b"service: web\nreplicas: 2\n").hexdigest()


class PreviewStory(Story):
    more = 'preview_secrets = { LOOK_TOKEN = "look" }'
    preview_timeout = "20s"

    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)
        previews.install(self.broker, "solo", self.more, preview_timeout=self.preview_timeout)

    def ask(self, shell, service="web", wait="0s", before=""):
        return shell.sh(f"{before}pawl-agent request ship service={service} manifest=k8s/web.yaml --wait {wait}")

    def show(self, identity):
        shown = self.host.pawl(self.alice, "show", identity)
        self.assert_done(shown)
        return shown.out

    def blobs(self):
        return sorted(path.name for path in (self.broker.state / "blobs").iterdir())

    def assert_nothing_asked(self):
        self.assertEqual([], self.requests(self.alice, "--all"))
        self.assertEqual([], self.host.journal())


class Previews(PreviewStory):
    def test_signed(self):
        """a preview runs on the pinned inputs before anyone is asked, is shown to agent and reviewer, and is part of the receipt"""
        shell = self.shell()
        asked = self.ask(shell)
        self.assert_done(asked, 75)
        line = f"plan: web manifest={MANIFEST} now=nothing"
        self.assertIn(line, asked.out)
        request = self.pending(self.alice)
        self.assertEqual([], self.host.journal())
        shown = self.show(request["id"])
        self.assertIn(f"  preview | {line}\n", shown)
        self.assertIn("not made again", shown)
        told = json.loads(shell.sh(f"pawl-agent status {request['id']} --wait 0s --json").out)
        self.assertEqual(line + "\n", told["preview"])
        shell.sh("echo tampered >k8s/web.yaml")
        approved = self.approve(self.alice, request["id"])
        self.assert_done(approved)
        self.assertIn(f"  preview | {line}\n", approved.out)
        self.assert_done(shell.status(request["id"]))
        self.assertEqual([f"rollout web web manifest={MANIFEST} uid={self.alice.uid}"], self.host.journal())
        self.verify_log(self.alice)
        self.receipt(request["id"], line)

    def receipt(self, identity, line):
        folder = self.alice.home / "receipt"
        self.assert_done(self.host.pawl(self.alice, "receipt", "export", identity, str(folder)))
        self.assertEqual(line + "\n", (folder / "preview.txt").read_text())
        digest = hashlib.sha256((folder / "preview.txt").read_bytes()).hexdigest()
        statement, = folder.glob("*.statement.json")
        self.assertEqual(digest, json.loads(statement.read_text())["predicate"]["preview"])
        verify = ["receipt", "verify", str(folder / "receipt.json"), "--signers", str(folder / "allowed_signers"), "--quorum", "1"]
        self.assert_done(self.host.pawl(self.alice, *verify))
        text = (folder / "receipt.json").read_text()
        for altered in (text.replace("plan: web", "plan: wob"), text.replace('"preview":' + json.dumps(line + "\n") + ",", "")):
            self.assertNotEqual(text, altered)
            (folder / "receipt.json").write_text(altered)
            self.assertEqual(3, self.host.pawl(self.alice, *verify).code)

    def test_log_holds_the_preview(self):
        """log verify checks the digest of what people were shown"""
        shell = self.shell()
        self.assert_done(self.ask(shell), 75)
        self.verify_log(self.alice)
        digest = hashlib.sha256(f"plan: web manifest={MANIFEST} now=nothing\n".encode()).hexdigest()
        blob = self.broker.state / "blobs" / digest
        blob.chmod(0o600)
        blob.write_text("plan: nothing at all\n")
        self.assert_done(self.host.pawl(self.alice, "log", "verify"), 1)

    def test_refusals(self):
        """a preview that fails, never ends, prints too much or no text is a refusal with its output, and nobody is asked"""
        previews.install(self.broker, "solo", self.more, preview_timeout="2s")
        shell = self.shell()
        for service, reason, output in (("fails", "failed with exit code 3", "no quota for fails"), ("hangs-a", "did not end in time", "plan: hangs-a"),
                                        ("huge", "printed more than 64 KiB", "xxxx"), ("binary", "is not UTF-8 text", "\\xff\\xfe")):
            with self.subTest(service):
                told = self.ask(shell, service)
                self.assert_done(told, 3)
                self.assertIn(reason, told.out)
                self.assertIn(output, told.out)
                self.assertLess(len(told.out), 16384)
        self.assert_nothing_asked()
        self.assertEqual([], previews.processes_with("hangs-a"))
        self.assertEqual([], self.blobs())
        self.assertIn("deny", self.log_kinds(self.alice))
        self.verify_log(self.alice)

    def test_harmless_text(self):
        """escape codes and bidirectional marks in a preview reach no terminal"""
        shell = self.shell()
        self.assert_done(self.ask(shell, "draws"), 75)
        identity = self.pending(self.alice)["id"]
        for text in (self.show(identity), self.approve(self.alice, identity).out):
            self.assertIn("  preview | \\x1b[2J\\x1b]0;title\\x07Approve? [y/N] \\u{202e}exe\n", text)
            self.assertTrue(all(character == "\n" or " " <= character <= "~" for character in text), text)

    def test_secrets(self):
        """a preview holds only the secret that lists it, and what it prints is scrubbed of that everywhere"""
        shell = self.shell()
        asked = self.ask(shell, "tells")
        self.assert_done(asked, 75)
        self.assertIn("variables: HOME LANG LOOK_TOKEN PATH PWD TMPDIR\n", asked.out)
        self.assertIn("look=[secret look] [secret look]", asked.out)
        identity = self.pending(self.alice)["id"]
        self.assert_done(self.approve(self.alice, identity))
        self.assert_done(shell.status(identity))
        log = self.host.pawl(self.alice, "log", "--json").out
        blobs = b"".join(path.read_bytes() for path in (self.broker.state / "blobs").iterdir())
        for text in (asked.out, self.show(identity), log, blobs.decode("utf-8", "replace")):
            self.assertNotIn(previews.LOOK_TOKEN, text)
            self.assertNotIn(TOKEN, text)

    def test_changes_nothing(self):
        """what an approved action may write, its preview cannot"""
        shell = self.shell()
        asked = self.ask(shell, "writes")
        self.assert_done(asked, 75)
        self.assertIn("could not write", asked.out)
        self.assertEqual([], self.host.journal())

    def test_reaches_nothing(self):
        """a preview reaches no configuration, secret, state, workspace, home, process or network of the host"""
        shell = self.shell()
        tried = self.attempts_on(self.broker)
        asked = shell.ask("reach-unasked")
        self.assert_done(asked, 75)
        self.assert_reached_nothing(asked.out, *tried)

    def test_joined(self):
        """asking again for what waits makes no second preview"""
        shell = self.shell()
        self.assert_done(self.ask(shell), 75)
        (TARGET / "journal/state").write_text("other\n")
        again = self.ask(shell)
        self.assert_done(again, 75)
        self.assertIn("now=nothing", again.out)
        self.pending(self.alice)


class Ends(PreviewStory):
    """Previews that nobody waits for any more."""

    preview_timeout = "3m"  # longer than any of these tests waits for its end

    def running(self, service):
        return wait_until(lambda: previews.processes_with(service), what=f"the preview of {service}")

    def assert_gone(self, service):
        wait_until(lambda: not previews.processes_with(service), what=f"the end of the preview of {service}")

    def start(self, shell, service):
        shell.sh(f"(exec </dev/null >out.{service} 2>&1; exec pawl-agent request ship service={service} manifest=k8s/web.yaml --wait 60s) & "
                 f"echo $! >pid.{service}")
        self.running(service)

    @staticmethod
    def planned(service):
        """The preview's own processes, without those of who asked for it."""
        return sorted(set(previews.processes_with("plan")) & set(previews.processes_with(service)))

    def test_agent_hangs_up(self):
        """when the agent hangs up its preview dies with everything in it, and nothing is left of the request"""
        shell = self.shell()
        before = self.blobs() if self.broker.wait() else []
        self.start(shell, "hangs-up")
        shell.sh("kill -9 $(cat pid.hangs-up)")
        self.assert_gone("hangs-up")
        self.assert_nothing_asked()
        wait_until(lambda: self.blobs() == before, what="the removal of what was pinned for it")
        self.assert_done(self.ask(shell), 75)

    def test_session_killed(self):
        """a killed session's preview dies with it"""
        shell = self.shell()
        self.start(shell, "hangs-kill")
        session, = json.loads(self.host.pawl(self.alice, "sessions", "--json").out)
        self.assert_done(self.host.pawl(self.alice, "kill", session["id"]))
        self.assert_gone("hangs-kill")
        self.assert_nothing_asked()

    def test_broker_dies(self):
        """a preview dies with its broker; the agent's call finds the new one and asks there"""
        shell = self.shell()
        self.start(shell, "later-a")
        self.broker.kill()
        self.assert_gone("later-a")
        self.broker.start()
        request = self.pending(self.alice)
        self.assertIn("plan: later-a", self.show(request["id"]))
        self.assertEqual([], self.host.journal())
        self.verify_log(self.alice)

    def test_bounded(self):
        """a session has two previews at a time, and one that is asked for twice is made once"""
        shell = self.shell()
        self.start(shell, "hangs-1")
        self.start(shell, "hangs-2")
        told = self.ask(shell, "web")
        self.assert_done(told, 3)
        self.assertIn("two previews of yours are being made already", told.out)
        made = self.planned("hangs-2")
        shell.sh("(pawl-agent request ship service=hangs-2 manifest=k8s/web.yaml --wait 60s >/dev/null 2>&1 </dev/null) & echo $! >pid.again; sleep 1")
        shell.sh("kill -9 $(cat pid.hangs-1)")
        self.assert_gone("hangs-1")
        self.assert_done(self.ask(shell, "web"), 75)
        # The second one who asked for it still waits.
        shell.sh("kill -9 $(cat pid.hangs-2)")
        time.sleep(1)
        left = set(self.planned("hangs-2"))
        self.assertTrue(left and left <= set(made), (left, made))


class Rechecked(PreviewStory):
    more = "recheck = true"

    def state(self, text):
        (TARGET / "journal/state").write_text(text + "\n")

    def test_unchanged(self):
        """with recheck the preview is made again before the action runs; when it is the same, that runs, once"""
        shell = self.shell()
        self.assert_done(self.ask(shell, "later-b"), 75)
        request = self.pending(self.alice)
        self.assertIn("another output voids the approval", self.show(request["id"]))
        self.assert_done(self.approve(self.alice, request["id"]))
        wait_until(lambda: previews.processes_with("later-b"), what="the second preview")
        self.assertEqual([], self.host.journal())
        self.assert_done(shell.status(request["id"]))
        self.assertEqual(1, len(self.host.journal()))
        self.verify_log(self.alice)

    def test_changed(self):
        """when the preview has changed nothing runs, people are asked again with the new one, and the agent's wait follows"""
        self.state("two")
        shell = self.shell()
        self.assert_done(self.ask(shell), 75)
        first = self.pending(self.alice)
        self.state("three")
        shell.sh(f"(pawl-agent status {first['id']} --wait 60s >out 2>&1; echo $? >code) </dev/null & true")
        self.assert_done(self.approve(self.alice, first["id"]))
        self.assertEqual("voided", self.final_state(self.alice, first["id"]))
        second = self.pending(self.alice)
        self.assertNotEqual(first["id"], second["id"])
        self.assertEqual(0, second["approvals"])
        self.assertEqual([], self.host.journal())
        self.assertIn("now=three", self.show(second["id"]))
        self.assertIn(f"in place of request {first['id'][:12]}", self.show(second["id"]))
        self.assertIn(f"asked again as request {second['id'][:12]}", self.show(first["id"]))
        self.assert_done(self.approve(self.alice, first["id"]), 3)
        self.assert_done(self.approve(self.alice, second["id"]))
        code = wait_until(lambda: shell.sh("cat code 2>/dev/null").out.strip(), what="the end of the agent's wait")
        self.assertEqual("0", code)
        self.assertIn(second["id"][:12], shell.sh("cat out").out)
        self.assertEqual(1, len(self.host.journal()))
        self.verify_log(self.alice)

    def test_fails(self):
        """a preview that cannot be made again voids the approval, and is not asked again"""
        previews.install(self.broker, "solo", self.more, planner=previews.PLANNER)
        planner = TARGET / "planctl"
        planner.write_text((TARGET / "deployctl").read_text())
        planner.chmod(0o755)
        shell = self.shell()
        for change, reason in ((lambda: planner.write_text(planner.read_text() + "\n# another\n"), "was changed after the request"),
                               (planner.unlink, "planctl")):
            self.assert_done(self.ask(shell), 75)
            request = self.pending(self.alice)
            change()
            self.assert_done(self.approve(self.alice, request["id"]))
            self.assertEqual("voided", self.final_state(self.alice, request["id"]))
            self.assertIn(reason, self.request_of(self.alice, request["id"])["detail"])
            self.assertEqual([], self.requests(self.alice))
        self.assertEqual([], self.host.journal())
        self.verify_log(self.alice)

    def test_exits_otherwise(self):
        """a preview that fails the second time voids the approval"""
        self.state("two")
        shell = self.shell()
        self.assert_done(self.ask(shell), 75)
        request = self.pending(self.alice)
        # A state that makes the target's program fail.
        (TARGET / "journal/state").unlink()
        (TARGET / "journal/state").write_bytes(b"\xff\xfe\n")
        self.assert_done(self.approve(self.alice, request["id"]))
        self.assertEqual("voided", self.final_state(self.alice, request["id"]))
        self.assertIn("could not be made again", self.request_of(self.alice, request["id"])["detail"])
        self.assertEqual([], self.requests(self.alice))
        self.assertEqual([], self.host.journal())

    def test_crash(self):
        """a broker that dies while it looks again has spent nothing: the next one looks again, and it runs once"""
        shell = self.shell()
        self.assert_done(self.ask(shell, "later-c"), 75)
        request = self.pending(self.alice)
        self.assert_done(self.approve(self.alice, request["id"]))
        wait_until(lambda: previews.processes_with("later-c"), what="the second preview")
        self.broker.kill()
        wait_until(lambda: not previews.processes_with("later-c"), what="its end")
        self.assertEqual([], self.host.journal())
        self.broker.start()
        self.assert_done(shell.status(request["id"], "30s"))
        self.assertEqual(1, len(self.host.journal()))
        self.verify_log(self.alice)

    def test_denied_meanwhile(self):
        """a denial while the preview is made again still ends the request"""
        shell = self.shell()
        self.assert_done(self.ask(shell, "later-d"), 75)
        request = self.pending(self.alice)
        self.assert_done(self.approve(self.alice, request["id"]))
        wait_until(lambda: previews.processes_with("later-d"), what="the second preview")
        self.host.pawl(self.alice, "deny", request["id"], "-m", "not now")
        state = self.final_state(self.alice, request["id"])
        wait_until(lambda: not previews.processes_with("later-d"), what="its end")
        self.assertEqual(0 if state == "denied" else 1, len(self.host.journal()))
        self.verify_log(self.alice)
