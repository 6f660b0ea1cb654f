"""pawl-agent mcp: the agent's requests as tools of a Model Context Protocol server, over its standard streams."""

import json
import select
import time

from brokers import IMAGE, EmbeddedBroker, Story

LEGACY = "2025-11-25"


class Client:
    """A small MCP client: one JSON message a line."""

    def __init__(self, host, person):
        self.log = open(person.home / "mcp.log", "wb")
        self.child = host.start(person, [host.program("pawl"), "run", "--role", "deployer", "--workspace", person.workspace, "--",
                                         "pawl-agent", "mcp"], stderr=self.log)
        self.number, self.pending = 0, b""

    def write(self, text):
        self.child.stdin.write(text.encode() + b"\n")
        self.child.stdin.flush()

    def read(self, timeout=20.0):
        deadline = time.monotonic() + timeout
        while b"\n" not in self.pending:
            if not select.select([self.child.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"no message within {timeout} seconds; so far {self.pending!r}")
            piece = self.child.stdout.read1(65536)
            if not piece:
                raise AssertionError("the server ended")
            self.pending += piece
        line, self.pending = self.pending.split(b"\n", 1)
        return json.loads(line)

    def send(self, method, params=None):
        self.number += 1
        self.write(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params or {}}))
        return self.number

    def ask(self, method, params=None):
        number = self.send(method, params)
        answer = self.read()
        assert answer["id"] == number, answer
        return answer

    def greet(self):
        answer = self.ask("initialize", {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}})
        self.write(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        return answer["result"]

    def call(self, tool, **arguments):
        return self.ask("tools/call", {"name": tool, "arguments": arguments})["result"]

    def end(self):
        self.child.stdin.close()
        code = self.child.wait(timeout=20)
        self.log.close()
        return code


DEPLOY = {"service": "web", "image": IMAGE + "1", "manifest": "k8s/web.yaml"}


class Mcp(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)
        self.client = Client(self.host, self.alice)
        self.addCleanup(self.client.log.close)

    def test_tools(self):
        """mcp: one tool for each allowed action, with a JSON Schema of its parameters, in both revisions of the protocol"""
        greeted = self.client.greet()
        self.assertEqual(LEGACY, greeted["protocolVersion"])
        self.assertEqual("pawl", greeted["serverInfo"]["name"])
        tools = {tool["name"]: tool for tool in self.client.ask("tools/list")["result"]["tools"]}
        self.assertEqual({"deploy", "leak", "look", "reach", "pawl_request_status"}, set(tools))
        schema = tools["deploy"]["inputSchema"]
        self.assertEqual({"service", "image", "manifest"}, set(schema["required"]))
        self.assertFalse(schema["additionalProperties"])
        self.assertRegex("web", schema["properties"]["service"]["pattern"])
        self.assertNotRegex("Web!", schema["properties"]["service"]["pattern"])
        meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
        modern = self.client.ask("tools/list", {"_meta": meta})["result"]
        self.assertEqual("complete", modern["resultType"])
        self.assertEqual(set(tools), {tool["name"] for tool in modern["tools"]})
        self.assertEqual(0, self.client.end())

    def test_denied_then_approved(self):
        """mcp: a denial carries the reason, a pending request outlives the call, an approved one ran once with its output"""
        self.client.greet()
        asked = self.client.call("deploy", **DEPLOY, why="quick", wait_seconds=0)
        self.assertFalse(asked["isError"])
        self.assertEqual("pending", asked["structuredContent"]["state"])
        first = asked["structuredContent"]["id"]
        self.assert_done(self.deny(self.alice, first, "use a rolling update"))
        denied = self.client.call("pawl_request_status", id=first)
        self.assertTrue(denied["isError"])
        self.assertIn("use a rolling update", denied["content"][0]["text"])
        number = self.client.send("tools/call", {"name": "deploy", "arguments": {**DEPLOY, "image": IMAGE + "2", "wait_seconds": 60}})
        self.assert_done(self.approve(self.alice, self.pending(self.alice)["id"]))
        answer = self.client.read()
        self.assertEqual(number, answer["id"])
        self.assertFalse(answer["result"]["isError"], answer)
        self.assertIn("rolled out web", answer["result"]["content"][0]["text"])
        self.assertEqual(1, len(self.host.journal()))
        self.verify_log(self.alice)

    def test_wrong_arguments(self):
        """mcp: unknown tools and wrong arguments are answered with what is wrong; nobody is asked"""
        self.client.greet()
        unknown = self.client.ask("tools/call", {"name": "destroy", "arguments": {}})
        self.assertEqual(-32602, unknown["error"]["code"])
        for arguments, word in (({**DEPLOY, "service": "WEB;rm"}, "service"), ({**DEPLOY, "force": "yes"}, "force"),
                                ({"service": "web"}, "image"), ({**DEPLOY, "service": 7}, "service"),
                                ({**DEPLOY, "manifest": "k8s/none.yaml"}, "none.yaml"), ({**DEPLOY, "wait_seconds": -1}, "wait_seconds")):
            with self.subTest(word):
                answer = self.client.call("deploy", **arguments)
                self.assertTrue(answer["isError"], answer)
                self.assertIn(word, answer["content"][0]["text"])
        self.assertEqual([], self.requests(self.alice))

    def test_malformed(self):
        """mcp: malformed messages are answered as JSON-RPC says it, and the server goes on"""
        for line, code in (("{", -32700), ("[]", -32600), ('{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
                           ('{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600), ("[" * 5000, -32700),
                           ('{"jsonrpc":"2.0","id":7,"method":"tools/list"}', -32602), ("x" * (2 << 20), -32600)):
            with self.subTest(line[:40]):
                self.client.write(line)
                self.assertEqual(code, self.client.read()["error"]["code"])
        self.client.greet()
        self.assertEqual(-32601, self.client.ask("resources/list")["error"]["code"])
        self.assertEqual({}, self.client.ask("ping")["result"])
        self.assertEqual(0, self.client.end())
