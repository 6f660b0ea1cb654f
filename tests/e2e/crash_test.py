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
    """strace on the broker: its Nth durable step is answered by a signal or an error instead."""

    def __init__(self, host, pid, what, number):
        self.report = f"/run/pawl/strace.{number}"
        calls = STEPS if what.startswith("signal") else FAILING
        self.tracer = subprocess.Popen(
            ["strace", "-f", "-y", "-o", self.report, "-p", str(pid), "-e", f"trace={calls}",
             "-e", f"inject={calls}:{what}:when={number}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        host.children.append(self.tracer)
        self.tracer.stderr.readline()  # "Process … attached"

    def happened(self):
        """What was hit, in strace's words; empty when the life had fewer steps."""
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
    def one_life(self, what, number):
        """Plays propose, approve, execute, answer with the fault at step `number`. Returns (hit, state, executions)."""
        broker = EmbeddedBroker(self.host)
        shell = self.shell()
        broker.wait()
        fault = Injected(self.host, broker.pid(), what, number)
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
        return hit, state, len(journal)

    def revive(self, broker):
        if not broker.pid():
            time.sleep(0.1)
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
        for _ in range(12):
            told = shell.request()
            if told.code == 75:
                return re.search(r"\b[0-9a-f]{12}\b", told.out).group(0)
            self.assertNotEqual(0, told.code, told)
            self.revive(broker)
            time.sleep(0.25)  # the session's launcher comes back to a new broker a little later
        raise AssertionError(f"the request was never taken: {told}")

    def sweep(self, what, least):
        number, hit, seen = 0, "", []
        limit = int(os.environ.get("PAWL_CRASH_STEPS", "60"))
        while number < limit:
            number += 1
            with self.subTest(what, step=number):
                hit, state, executions = self.one_life(what, number)
                seen.append((number, state, executions, hit))
            self.host.end()
            self.host = type(self.host)()
            self.addCleanup(self.host.end)
            self.alice, self.bob, self.carol = self.host.alice, self.host.bob, self.host.carol
            if not hit:
                break
        for line in seen:
            print("   ", *line)
        # Otherwise the faults missed the broker's files, and this test proved nothing.
        self.assertGreaterEqual(number - 1, least, "too few steps were hit")

    def test_kill(self):
        """kill -9 before every durable step: never two executions, none without a consumed receipt, nothing lost"""
        self.sweep("signal=KILL", 8)

    def test_full_disk(self):
        """ENOSPC at every durable step: refused or voided with a reason, never run twice, nothing lost"""
        self.sweep("error=ENOSPC", 8)

    def test_really_full(self):
        """a state directory without room: the ask is refused with a reason, nothing runs; with room it goes on"""
        broker = EmbeddedBroker(self.host)
        shell = self.shell()
        broker.wait()
        filler = broker.state / "filler"
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
                    file.flush()
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
