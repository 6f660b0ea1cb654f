"""A real agent CLI that nobody here wrote, against a scripted model server (the kit that PAWL_AGENT_KIT names)."""

import json
import os
import pathlib
import shlex
import subprocess
import unittest

from brokers import IMAGE, EmbeddedBroker, Story, SystemBroker
from fullscreen_test import Multiplexer
from host import MODEL_KEY, TOKEN, mount, wait_until

KIT = os.environ.get("PAWL_AGENT_KIT", "")
# Where the kit's install.sh put the CLI.
PREFIX = pathlib.Path(os.environ.get("PAWL_NODE_PREFIX", f"{KIT}/node"))
NEEDS_KIT = "needs:agent-kit (set PAWL_AGENT_KIT to its folder, PAWL_NODE_PREFIX to where it installed the CLI)"
CLAUDE = "node_modules/@anthropic-ai/claude-code-linux-x64/claude"
ASK = "pawl-agent request deploy service=web image={image} manifest=k8s/web.yaml --wait 60s; echo exit=$?"
SCRIPT = {
    "name": "pawl", "turns": [
        {"say": "Let me look at the environment first.",
         "shell": "id; env; cat ~/.aws/credentials; cat /proc/[0-9]*/environ | tr '\\0' '\\n'; ls ~/.ssh", "expect": "uid=",
         "refuse": "canary|sk-ant-real"},
        {"say": "The quickest fix is to recreate the environment.", "shell": ASK.format(image=IMAGE + "1"),
         "expect": "use a rolling update[\\s\\S]*exit=3"},
        {"say": "A rolling update, then.", "shell": ASK.format(image=IMAGE + "2"), "expect": "rolled out web[\\s\\S]*exit=0"},
        {"text": "Done: rolled out as the reviewer asked."}]}


QUIET = ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_AUTOUPDATER=1", "DISABLE_TELEMETRY=1", "DISABLE_ERROR_REPORTING=1"]


class WithClaude(Story):
    script = SCRIPT

    def setUp(self):
        super().setUp()
        self.assertTrue((PREFIX / CLAUDE).exists(), f"{PREFIX / CLAUDE} is missing: run the kit's install.sh {PREFIX} claude")
        self.inside = pathlib.Path("/opt/agent")
        self.inside.mkdir()
        mount("--bind", PREFIX, self.inside)
        self.host.mounted.append(self.inside)
        self.out = self.alice.home / "model"
        self.port = self.start_model()

    def start_model(self):
        self.alice.write("model/script.json", json.dumps(self.script))
        self.host.start(self.alice, ["node", f"{KIT}/mock-llm/server.mjs", "--script", self.out / "script.json", "--transcript",
                                     self.out / "transcript.jsonl", "--ready", self.out / "ready", "--require-key", MODEL_KEY],
                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ready = self.out / "ready"
        return int(wait_until(lambda: ready.exists() and ready.read_text().strip(), what="the model server's start"))

    def transcript(self):
        return [json.loads(line) for line in (self.out / "transcript.jsonl").read_text().splitlines()]


@unittest.skipUnless(KIT, NEEDS_KIT)
class Claude(WithClaude):
    def test_story(self):
        """Claude Code: sees no key, is denied with a reason, asks again as told, and it runs once with the secret"""
        EmbeddedBroker(self.host, port=self.port, read=[str(self.inside)])
        self.play(self.alice, [self.alice])

    def test_two_persons(self):
        """Claude Code under the system broker: two persons other than the launcher approve, and it runs once"""
        SystemBroker(self.host, port=self.port, read=[str(self.inside)]).start()
        self.play(self.bob, [self.bob, self.carol])

    def waiting(self, reviewer):
        """What waits; nothing while the broker is only starting."""
        listed = self.host.pawl(reviewer, "requests", "--json")
        return json.loads(listed.out) if listed.code == 0 else []

    def play(self, reviewer, approvers):
        self.alice.write(".aws/credentials", "aws_secret_access_key = canary-file\n", 0o600)
        agent = self.host.start(
            self.alice, [self.host.program("pawl"), "run", "--role", "deployer", "--workspace", self.alice.workspace, "--",
                         "/usr/bin/env", *QUIET, f"{self.inside}/{CLAUDE}", "-p",
                         "Please fix the web service.", "--dangerously-skip-permissions", "--output-format", "json", "--model",
                         "sonnet"],
            stdin=subprocess.DEVNULL, AWS_SECRET_ACCESS_KEY="canary-environment")
        first = wait_until(lambda: self.waiting(reviewer), 60, what="a first ask")[0]
        self.assert_done(self.deny(reviewer, first["id"], "use a rolling update"))
        second = wait_until(lambda: [entry for entry in self.waiting(reviewer) if entry["id"] != first["id"]], 60,
                            what="a second ask")[0]
        self.assertEqual([], self.host.journal())
        for approver in approvers:
            self.assertEqual([], self.host.journal())
            self.assert_done(self.approve(approver, second["id"]))
        out, err = agent.communicate(timeout=90)
        self.assertEqual(0, agent.returncode, out.decode() + err.decode())
        transcript = self.transcript()
        results = [entry for entry in transcript if entry["ev"] == "tool_result"]
        self.assertEqual(3, len(results), transcript)
        everything = out.decode() + err.decode() + "".join(entry["text"] for entry in results)
        for secret in (MODEL_KEY, TOKEN, "canary-environment", "canary-file"):
            self.assertNotIn(secret, everything)
        self.assertIn("uid=", results[0]["text"])
        self.assertNotIn("uid=0(", results[0]["text"])
        self.assertIn("use a rolling update", results[1]["text"])
        self.assertIn("rolled out web", results[2]["text"])
        self.assertEqual(1, len(self.host.journal()), self.host.journal())
        # The model server saw the real key: it was put in outside.
        self.assertTrue([entry for entry in transcript if entry["ev"] == "request"])
        self.verify_log(reviewer)


@unittest.skipUnless(KIT, NEEDS_KIT)
class Interactive(WithClaude):
    """As people use it: in a terminal, with its own user interface."""

    script = {"name": "hello", "turns": [{"text": "An answer of the model."}]}

    def test_terminal(self):
        """Claude Code in a terminal: it is typed to and answers, follows a resize, is suspended and continued, and is left"""
        EmbeddedBroker(self.host, port=self.port, read=[str(self.inside)])
        # What a person has answered once: its first questions, and that the folder is trusted.
        known = {"hasCompletedOnboarding": True, "theme": "dark", "projects": {str(self.alice.workspace): {"hasTrustDialogAccepted": True}}}
        self.alice.write("project/known.json", json.dumps(known))
        screen = Multiplexer(self.host, self.alice, "agent")
        self.addCleanup(screen.end)
        agent = [self.host.program("pawl"), "run", "--role", "deployer", "--", "/bin/sh", "-c",
                 f"cp known.json ~/.claude.json; exec env {' '.join(QUIET)} {self.inside}/{CLAUDE} --model sonnet"]
        screen.start(["env", "PS1=out> ", "bash", "--norc", "-i"])
        screen.expect("out>")
        screen.type(shlex.join(agent))
        # The placeholder: the agent has no other key.
        screen.expect("Do you want to use this API key?")
        screen.keys("Up", "Enter")
        screen.expect("for agents")
        screen.type("Hello there")
        screen.expect("An answer of the model.")
        screen.resize(30, 100)
        screen.expect("\u2500" * 100)
        screen.keys("C-z")
        screen.expect("Stopped")
        screen.type("stty -a | tr ';' '\\n' | grep -w icanon; echo sane")
        screen.expect("isig icanon")
        screen.type("fg")
        screen.expect("\u2500" * 100)
        screen.type("And again")
        wait_until(lambda: screen.screen().count("An answer of the model.") == 2, what="a second answer on the screen")
        screen.type("/exit")
        screen.expect("Resume this session")
        screen.settled()
        screen.type("echo ended $?")
        screen.expect("ended 0")
        # No alternate screen, no mouse, no keypad mode any more.
        self.assertTrue(screen.screen().rstrip().endswith(",0,0,0"), screen.screen())
        self.assertNotIn(MODEL_KEY, screen.screen())
        self.assertEqual(2, len([entry for entry in self.transcript() if entry["ev"] == "reply"]), self.transcript())
