"""kill -9 and a full disk at every durable step of an action's life. Executions are counted by the target itself."""

import json
import os
import re
import shutil
import subprocess
import time
import unittest

from brokers import EmbeddedBroker, Story
from host import wait_until

# What a durable step is made of, on the broker's own state: bytes, then a sync, then a name.
# All that the broker does to its state (supervisor/ledger/disk.cpp), and nothing that it does to sockets.
STEPS = "pwrite64,fsync,fdatasync,ftruncate,renameat"
FAILING = "pwrite64,fsync,fdatasync,renameat"


class Injected:
    """strace on the broker: one of its durable steps is answered by a signal or an error instead; of no step, it only looks."""

    def __init__(self, host, pid, what, step):
        self.report = f"/run/pawl/strace.{pid}"
        self.calls = STEPS if what.startswith("signal") else FAILING
        inject = ["-e", f"inject={step[0]}:{what}:when={step[1]}"] if step else []
        self.tracer = subprocess.Popen(["strace", "-f", "-y", "-o", self.report, "-p", str(pid), "-e", f"trace={self.calls}", *inject],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        host.children.append(self.tracer)
        self.tracer.stderr.readline()  # "Process … attached"

    def steps(self):
        """Every step that was made: the call's name, and which of its kind it was. strace counts each kind by itself."""
        made, counts = [], {}
        with open(self.report, encoding="utf-8", errors="replace") as file:
            for line in file:
                if call := re.match(rf"\d+ +({self.calls.replace(',', '|')})\(", line):
                    counts[call[1]] = counts.get(call[1], 0) + 1
                    made.append((call[1], counts[call[1]]))
        return made

    def happened(self):
        """What was hit, in strace's words; empty when nothing was."""
        try:
            with open(self.report, encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
        except FileNotFoundError:
            return ""
        hit = [line for line in lines if "INJECTED" in line or "killed by SIGKILL" in line or "+++ killed" in line]
        return hit[0] if hit else ""

    def end(self):
        if self.tracer.poll() is None:
            self.tracer.terminate()
        self.tracer.wait()


@unittest.skipUnless(shutil.which("strace"), "needs:ptrace")
class Crash(Story):
    def one_life(self, what, step):
        """Plays propose, approve, execute, answer with the fault at this step. Returns (fault, state, executions)."""
        broker = EmbeddedBroker(self.host)
        shell = self.shell()
        broker.wait()
        fault = Injected(self.host, broker.pid(), what, step)
        try:
            identity = self.asked(shell, broker)
            for _ in range(4):
                if wait_until(lambda: self.state_of(broker, identity), what="an answer") != "pending":
                    break
                self.approve(self.alice, identity)
            state = wait_until(lambda: self.settled(broker, identity), 30, what="a final state")
        finally:
            fault.end()
        hit = fault.happened()
        told = shell.status(identity, wait="10s")
        # A broker that stopped over a fault is gone; whoever asks next gets a new one.
        self.revive(broker)
        self.verify_log(self.alice)
        journal = self.host.journal()
        kinds = self.log_kinds(self.alice)
        self.assertLessEqual(len(journal), 1, f"{hit}: executed twice: {journal}")
        self.assertLessEqual(len(journal), kinds.count("consume"), f"{hit}: executed without a consumed receipt")
        if state == "done":
            self.assertEqual(1, len(journal), hit)
            self.assert_done(told)
        elif state == "indeterminate":
            self.assert_done(told, 7)
        else:
            self.assertIn(state, ("voided", "denied"), hit)
            self.assertEqual([], journal, hit)
        shell.child.stdin.close()
        return fault, state, len(journal)

    def revive(self, broker):
        if not broker.pid():
            time.sleep(0.02)
            broker.start()

    def state_of(self, broker, identity):
        """Nothing while the fault keeps the broker from answering: the next look starts it anew."""
        self.revive(broker)
        listed = self.host.pawl(self.alice, "requests", "--all", "--json")
        if listed.code != 0:
            return None
        return next(entry["state"] for entry in json.loads(listed.out) if entry["id"].startswith(identity))

    def settled(self, broker, identity):
        state = self.state_of(broker, identity)
        return state if state in ("done", "denied", "expired", "voided", "indeterminate") else None

    def asked(self, shell, broker):
        """Asks until the request is on record: asking again for the same joins it."""
        for _ in range(60):
            told = shell.request()
            if told.code == 75:
                return re.search(r"\b[0-9a-f]{12}\b", told.out).group(0)
            self.assertNotEqual(0, told.code, told)
            self.revive(broker)
            time.sleep(0.05)  # the session's launcher comes back to a new broker a little later
        raise AssertionError(f"the request was never taken: {told}")

    def ended_life(self, what, step, expires, end):
        """Asks, and lets end(shell, broker, request) end it without an execution, with the fault at this step of that."""
        broker = EmbeddedBroker(self.host, expires=expires)
        shell = self.shell()
        broker.wait()
        identity = self.asked(shell, broker)
        fault = Injected(self.host, broker.pid(), what, step)
        try:
            end(shell, broker, identity)
            state = wait_until(lambda: self.settled(broker, identity), 30, what="a final state")
        finally:
            fault.end()
        self.revive(broker)
        self.verify_log(self.alice)
        self.assertEqual([], self.host.journal())
        self.assertNotIn("consume", self.log_kinds(self.alice))
        # Decided once and for all, and a further broker still knows.
        self.assertNotEqual(0, self.approve(self.alice, identity).code)
        broker.kill()
        broker.start()
        self.assertEqual(state, self.request_of(self.alice, identity)["state"])
        shell.child.stdin.close()
        return fault, state, 0

    def denied(self, shell, broker, identity):
        for _ in range(4):
            told = self.deny(self.alice, identity, "not on a Friday")
            state = wait_until(lambda: self.state_of(broker, identity), what="an answer")
            self.assertIn(state, ("denied",) if told.code == 0 else ("denied", "pending"), told)
            if state == "denied":
                break
        heard = wait_until(lambda: told if (told := shell.status(identity, wait="10s")).code != 6 else None, what="the agent's answer")
        self.assert_done(heard, 3)
        self.assertIn("not on a Friday", heard.out)
        self.assertEqual(1, self.log_kinds(self.alice).count("decision"))

    def expired(self, shell, broker, identity):
        wait_until(lambda: self.settled(broker, identity), 30, every=0.3, what="the end of its time")
        heard = wait_until(lambda: told if (told := shell.status(identity, wait="10s")).code != 6 else None, what="the agent's answer")
        self.assert_done(heard, 4)

    def sweep(self, least, life):
        """life(step): first without a fault, which tells the steps, then with the fault at each of them."""
        fault, unhit, executions = life(None)
        steps = fault.steps()
        # Otherwise the faults would miss the broker's files, and this test proved nothing.
        self.assertGreaterEqual(len(steps), least, steps)
        limit = int(os.environ.get("PAWL_CRASH_STEPS", "60"))
        self.assertLessEqual(len(steps), limit, f"a life has more steps than are tried; remedy: PAWL_CRASH_STEPS={len(steps)}")
        print("   ", "no fault", unhit, executions)
        for number, step in enumerate(steps, 1):
            self.host.end()
            self.host = type(self.host)()
            self.addCleanup(self.host.end)
            self.alice, self.bob, self.carol = self.host.alice, self.host.bob, self.host.carol
            with self.subTest(step=step):
                fault, state, executions = life(step)
                self.assertNotEqual("", fault.happened())
                print("   ", number, *step, state, executions)
        return unhit

    def test_kill(self):
        """kill -9 before every durable step: never two executions, none without a consumed receipt, nothing lost"""
        self.assertEqual("done", self.sweep(25, lambda step: self.one_life("signal=KILL", step)))

    def test_kill_of_a_denial(self):
        """kill -9 before every durable step of a denial: denied with its reason, or still pending; a denial that was told is kept"""
        self.assertEqual("denied", self.sweep(4, lambda step: self.ended_life("signal=KILL", step, "15m", self.denied)))

    def test_kill_of_an_expiry(self):
        """kill -9 before every durable step of an expiry: it expires all the same, and is never approved"""
        self.assertEqual("expired", self.sweep(4, lambda step: self.ended_life("signal=KILL", step, "1s", self.expired)))

    def test_full_disk(self):
        """ENOSPC at every durable step: refused or voided with a reason, never run twice, nothing lost"""
        self.assertEqual("done", self.sweep(25, lambda step: self.one_life("error=ENOSPC", step)))

    def test_really_full(self):
        """a state directory without room: the ask is refused with a reason, nothing runs; with room it goes on"""
        broker = EmbeddedBroker(self.host)
        shell = self.shell()
        broker.wait()
        filler = broker.state / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 4096):
                    pass
            except OSError:
                pass
        told = shell.request()
        self.assertNotIn(told.code, (0, 75), told)
        self.assertNotEqual("", told.out.strip())
        self.assertEqual([], self.host.journal())
        filler.unlink()
        self.revive(broker)
        identity = self.asked(shell, broker)
        self.assert_done(self.approve(self.alice, identity))
        self.assert_done(shell.status(identity))
        self.assertEqual(1, len(self.host.journal()))
        self.verify_log(self.alice)

    def test_during_execution(self):
        """kill -9 while the action runs: indeterminate is shown, and it is never run again"""
        broker = EmbeddedBroker(self.host)
        shell = self.shell()
        self.assert_done(shell.request(service="slow"), 75)
        identity = self.pending(self.alice)["id"]
        self.assert_done(self.approve(self.alice, identity))
        wait_until(self.host.journal, what="the execution's start")
        broker.kill()
        broker.start()
        self.assertEqual("indeterminate", self.final_state(self.alice, identity))
        self.assert_done(shell.status(identity), 7)
        self.assertNotEqual(0, self.approve(self.alice, identity).code)
        time.sleep(2.5)
        self.assertEqual(1, len(self.host.journal()))
        self.verify_log(self.alice)
