"""Who is asking is told by the socket: each message on each socket, from a client that shares no code with pawl."""

import hashlib
import json
import os

import frames
from brokers import EmbeddedBroker, Story, SystemBroker
from frames import Closed, Conversation, failure_of, frame, listed, text, u8


class Sockets(Story):
    """The same under both brokers."""

    def settle(self, broker, reviewer):
        self.broker, self.reviewer = broker, reviewer
        self.agent = self.shell()
        self.assert_done(self.agent.request(), 75)
        self.request = self.pending(reviewer)
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
        self.assertEqual(self.request["id"], self.pending(self.reviewer)["id"])
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


class OfTheEmbedded(Sockets):
    def setUp(self):
        super().setUp()
        self.settle(EmbeddedBroker(self.host), self.alice)

    def shortDescription(self):
        return "embedded: " + super().shortDescription()

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
        """the broker's sockets let no other user in"""
        for path in (self.broker.people_socket, self.agent_socket):
            seen = self.host.run(self.bob, "/usr/bin/python3", "-c",
                                 f"import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect({path!r})")
            self.assertNotEqual(0, seen.code, seen)


class OfTheSystem(Sockets):
    def setUp(self):
        super().setUp()
        broker = SystemBroker(self.host)
        broker.start()
        self.settle(broker, self.bob)

    def shortDescription(self):
        return "system: " + super().shortDescription()

    def test_other_persons(self):
        """nobody but the session's own user gets a word out of its agent socket"""
        seen = self.host.run(self.bob, "/usr/bin/python3", "-c",
                             "import socket, sys\n"
                             "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                             "s.settimeout(5)\n"
                             f"s.connect({self.agent_socket!r})\n"
                             "s.send(bytes([0, 64, 0, 0, 0, 1]))\n"
                             "sys.exit(9 if s.recv(65536) else 0)\n")
        self.assertNotEqual(9, seen.code, seen)
        self.untouched()

    def conversation(self, person):
        """As this person, who has said hello."""
        os.seteuid(person.uid)  # the kernel tells the broker who connected
        try:
            conversation = Conversation(self.broker.people_socket)
        finally:
            os.seteuid(0)
        self.addCleanup(conversation.socket.close)
        conversation.ask(frame("hello"))
        return conversation

    def opened(self, workspace):
        """The id and the token of a session of alice's that is never launched, whose launcher's end is held open."""
        conversation = self.conversation(self.alice)
        conversation.kept = kept = []
        number, body = conversation.ask(frame("open_session", text("observer") + text("") + listed([text("/bin/true")]) +
                                              listed([u8(0)] * 3) + text("")), [workspace])
        for descriptor in kept:
            self.addCleanup(os.close, descriptor)
        self.assertEqual((frames.MESSAGES["session_opened"][0], 1), (number, len(kept)))
        return frames.texts_of(body, 2)

    def resumed(self, person, identity, token):
        """What comes of resume_session, in a word."""
        answer = self.conversation(person).ask(frame("resume_session", text(identity) + text(token)))
        failure = failure_of(answer)
        return failure[0] if failure else next(name for name, (number, _) in frames.MESSAGES.items() if number == answer[0])

    def test_resume(self):
        """a session's launcher is replaced only by its own user with its own token, also after a restart"""
        workspace = os.open(self.alice.workspace, os.O_PATH)
        self.addCleanup(os.close, workspace)
        (one, token), (other, _) = self.opened(workspace), self.opened(workspace)
        for restarted in (False, True):
            if restarted:
                self.broker.kill()
                self.broker.start()
            wrong = {"no token": (self.alice, one, ""), "a wrong token": (self.alice, one, "0" * len(token)),
                     "a part of it": (self.alice, one, token[:-1]), "its hash": (self.alice, one, hashlib.sha256(token.encode()).hexdigest()),
                     "another session's": (self.alice, other, token), "a session with an agent": (self.alice, self.request["session"], token),
                     "another user": (self.bob, one, token)}
            for what, attempt in wrong.items():
                with self.subTest(what, restarted=restarted):
                    self.assertEqual("not_found", self.resumed(*attempt))
            listed_now = self.host.pawl(self.bob, "sessions", "--json")
            self.assertLessEqual({one, other, self.request["session"]}, {session["id"] for session in json.loads(listed_now.out)}, listed_now)
            # A prefix names no session here: this one has ended as far as its launcher is told.
            self.assertEqual("session_over", self.resumed(self.alice, one[:16], token))
        # Who has both is taken: the refusals above were for what was wrong.
        self.assertEqual("session_resumed", self.resumed(self.alice, one, token))
        self.assert_done(self.agent.sh("true"))


del Sockets
