"""Who is asking is told by the socket: each message on each socket, from a client that shares no code with pawl."""

import os

import frames
from brokers import EmbeddedBroker, Story, SystemBroker
from frames import Closed, Conversation, failure_of, frame


class Sockets(Story):
    def setUp(self):
        super().setUp()
        self.broker = EmbeddedBroker(self.host)
        self.agent = self.shell()
        self.assert_done(self.agent.request(), 75)
        self.request = self.pending(self.alice)
        self.agent_socket = self.broker.agent_socket(self.request["session"])

    def as_alice(self, question):
        """Runs question() in a child with alice's uid: the agent's socket admits nobody else. Returns its text."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reading)
                os.setgroups([])
                os.setresgid(self.alice.gid, self.alice.gid, self.alice.gid)
                os.setresuid(self.alice.uid, self.alice.uid, self.alice.uid)
                os.write(writing, question().encode())
            except BaseException as error:  # the child must end here, whatever happened
                os.write(writing, f"error: {error!r}".encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as answer:
            text = answer.read().decode()
        os.waitpid(child, 0)
        return text

    def untouched(self):
        """The broker lives, and the request waits as before."""
        self.assertEqual(self.request["id"], self.pending(self.alice)["id"])
        self.assertEqual([], self.host.journal())

    def refused(self, path, greeting, name, body=None):
        """Sends one message after (or instead of) the greeting: "refused", or what came back instead."""
        def question():
            with Conversation(path) as conversation:
                try:
                    if greeting:
                        answer = conversation.ask(frame(greeting))
                        if failure_of(answer):
                            return f"greeting refused: {failure_of(answer)}"
                    answer = conversation.ask(frame(name, body))
                    if not failure_of(answer):
                        return f"answered by {answer[0]}"
                    conversation.receive()
                    return "still open"
                except Closed:
                    return "refused"
                except TimeoutError:
                    return "still open"
        return self.as_alice(question)

    def test_people_on_agent_socket(self):
        """every person-message on the agent's socket is refused and ends the connection"""
        for name in frames.PEOPLE_ASKS:
            for greeting in (None, "agent_hello"):
                with self.subTest(name, greeting=greeting):
                    self.assertEqual("refused", self.refused(self.agent_socket, greeting, name))
        self.untouched()

    def test_agent_on_people_socket(self):
        """every agent-message on the people's socket is refused and ends the connection"""
        for name in frames.AGENT_ASKS:
            for greeting in (None, "hello"):
                with self.subTest(name, greeting=greeting):
                    self.assertEqual("refused", self.refused(self.broker.people_socket, greeting, name))
        self.untouched()

    def test_no_asks(self):
        """answers, the broker's inner messages and unknown numbers are refused on both sockets"""
        others = [name for name in frames.MESSAGES if name not in frames.PEOPLE_ASKS + frames.AGENT_ASKS]
        for path, greeting in ((self.agent_socket, "agent_hello"), (self.broker.people_socket, "hello")):
            for name in others:
                with self.subTest(name, socket=path):
                    self.assertEqual("refused", self.refused(path, greeting, name))
        self.untouched()

    def test_malformed(self):
        """empty, short, long and trailing bytes are refused, and the broker goes on"""
        bodies = {"short": b"\0\0", "trailing": frames.u32(1) + b"x", "huge count": frames.u32(1)[:3], "text": b"\xff" * 64}
        for path, greeting in ((self.agent_socket, "agent_hello"), (self.broker.people_socket, "hello")):
            for what, body in bodies.items():
                with self.subTest(what, socket=path):
                    self.assertEqual("refused", self.refused(path, None, greeting, body))
            ask = "await_request" if greeting == "agent_hello" else "show_request"
            with self.subTest("a list longer than the message", socket=path):
                self.assertEqual("refused", self.refused(path, greeting, ask, b"\xff\xff\xff\xff"))
        self.untouched()

    def test_unsigned_verbs(self):
        """another process of the same uid decides nothing without the reviewer's key"""
        def question():
            with Conversation(self.broker.people_socket) as conversation:
                conversation.ask(frame("hello"))
                answers = []
                for statement in ("{}", "[]", "x" * 1000):
                    body = frames.text(self.request["id"]) + frames.text(statement) + frames.text("-----BEGIN SSH SIGNATURE-----\nAAAA\n")
                    answers.append(failure_of(conversation.ask(frame("decide", body))) is not None)
                return str(answers)
        self.assertEqual("[True, True, True]", self.as_alice(question))
        self.untouched()

    def test_strangers(self):
        """the embedded broker's sockets let no other user in"""
        for path in (self.broker.people_socket, self.agent_socket):
            seen = self.host.run(self.bob, "/usr/bin/python3", "-c",
                                 f"import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect({path!r})")
            self.assertNotEqual(0, seen.code, seen)


class AgentSocketOfTheSystem(Story):
    def test_other_persons(self):
        """system: nobody but the session's own user gets a word out of its agent socket"""
        broker = SystemBroker(self.host)
        broker.start()
        shell = self.shell()
        self.assert_done(shell.request(), 75)
        path = broker.agent_socket(self.pending(self.bob)["session"])
        seen = self.host.run(self.bob, "/usr/bin/python3", "-c",
                             "import socket, sys\n"
                             "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                             "s.settimeout(5)\n"
                             f"s.connect({path!r})\n"
                             "s.send(bytes([0, 64, 0, 0, 0, 1]))\n"
                             "sys.exit(9 if s.recv(65536) else 0)\n")
        self.assertNotEqual(9, seen.code, seen)
        self.assertEqual("pending", self.request_of(self.bob, self.pending(self.bob)["id"])["state"])
