"""A real agent CLI that nobody here wrote, against a scripted model server (the kit that PAWL_AGENT_KIT names)."""

import json
import os
import pathlib
import subprocess
import unittest

from brokers import IMAGE, EmbeddedBroker, Story, SystemBroker
from host import MODEL_KEY, TOKEN, mount, wait_until

KIT = os.environ.get("PAWL_AGENT_KIT", "")
# Where the kit's install.sh put the CLI.
PREFIX = pathlib.Path(os.environ.get("PAWL_NODE_PREFIX", f"{KIT}/node"))
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


@unittest.skipUnless(KIT, "needs:agent-kit (set PAWL_AGENT_KIT to its folder, PAWL_NODE_PREFIX to where it installed the CLI)")
class Claude(Story):
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
        self.alice.write("model/script.json", json.dumps(SCRIPT))
        self.host.start(self.alice, ["node", f"{KIT}/mock-llm/server.mjs", "--script", self.out / "script.json", "--transcript",
                                     self.out / "transcript.jsonl", "--ready", self.out / "ready", "--require-key", MODEL_KEY],
                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ready = self.out / "ready"
        return int(wait_until(lambda: ready.exists() and ready.read_text().strip(), what="the model server's start"))

    def transcript(self):
        return [json.loads(line) for line in (self.out / "transcript.jsonl").read_text().splitlines()]

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
                         "/usr/bin/env", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_AUTOUPDATER=1",
                         "DISABLE_TELEMETRY=1", "DISABLE_ERROR_REPORTING=1", f"{self.inside}/{CLAUDE}", "-p",
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
