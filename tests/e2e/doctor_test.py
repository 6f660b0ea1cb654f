"""pawl doctor on a host that gives what it needs, or whose files are in the way: what it tries, and how it tells.

Hosts that refuse a layer are in doctor_refused_test.py, kernels that lie about one in doctor_lies_test.py."""

import os
import pathlib

from brokers import EmbeddedBroker, SystemBroker
from doctors import NAMESPACES, DoctorStory, Root
from host import wait_until


class Works(DoctorStory):
    def test_ordinary(self):
        """doctor, as an ordinary user: every layer was tried, every role launched, and nothing is left behind"""
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json"), 0)
        for layer in (*NAMESPACES, "system call filter", "session keyring", "close_range", "pidfd", "state directory", "socket directory",
                      "policy", "broker", "clock", "disk", "role deployer", "role observer"):
            self.assertEqual("works", rows[layer]["state"], rows[layer])
        for layer in ("redirect rules", "overlay workspace", "limits", "landlock files", "landlock scopes", "foreign system calls"):
            self.assertIn(layer, rows)
        self.assert_nothing_left(self.alice)
        wait_until(lambda: not self.broker.pid(), what="the end of the broker that the doctor started")

    def test_root(self):
        """doctor, as root: the same, with sandboxes of an ordinary user, under the host's broker"""
        root = self.make_root()
        rows = self.rows(self.host.pawl(root, "doctor", "--json"), 0)
        for layer in (*NAMESPACES, "system call filter", "role observer", "role deployer", "broker", "policy"):
            self.assertEqual("works", rows[layer]["state"], rows[layer])
        self.assert_done(self.host.run(root, *self.run_words(root)))
        self.assert_nothing_left(root)

    def test_closed_to_sessions(self):
        """doctor, as root with a broker of its own: what root's sandboxes cannot reach there is found by a launch"""
        root = Root(self.host)
        self.assert_done(self.host.pawl(root, "init"))
        told = self.host.pawl(root, "doctor", "--json")
        row = self.rows(told, told.code)["role observer"]
        ran = self.host.run(root, *self.run_words(root))
        # One cannot be had without the other.
        self.assertEqual(ran.code == 0, row["state"] == "works", (row, ran))

    def assert_nothing_left(self, person):
        self.assertEqual([], list(pathlib.Path("/tmp").glob("pawl-doctor-*")))
        self.assertEqual([], [path for path in person.home.rglob("*") if "pawl-doctor" in path.name or ".pawl-probe" in path.name])

    def test_files_of_the_person(self):
        """doctor leaves alone what is in the folders where it tries things, whatever it is called"""
        names = ("probe.sock", ".pawl-probe")
        local = self.alice.home / ".local"
        folders = [self.alice.home, *(folder for folder in (local, *local.rglob("*")) if folder.is_dir())]
        for folder in folders:
            for name in names:
                (folder / name).write_text("mine", encoding="utf-8")
        self.rows(self.host.pawl(self.alice, "doctor", "--json"), 0)
        for folder in folders:
            for name in names:
                self.assertEqual("mine", (folder / name).read_text(encoding="utf-8"), folder)

    def test_running_broker(self):
        """doctor leaves a broker alone that runs already"""
        pid = self.broker.start()
        self.rows(self.host.pawl(self.alice, "doctor", "--json"), 0)
        self.assertEqual(pid, self.broker.pid())

    def test_system(self):
        """doctor, where the host's broker is installed: it must answer, and who may launch what is its policy's"""
        broker = SystemBroker(self.host)
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json"), 1)
        self.assert_blamed(rows["broker"], "no broker runs")
        broker.start()
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json"), 0)
        self.assertEqual("works", rows["role deployer"]["state"])
        rows = self.rows(self.host.pawl(self.bob, "doctor", "--json"), 0)
        self.assertEqual(("not needed", False), (rows["role deployer"]["state"], rows["role deployer"]["required"]))

    def test_role(self):
        """doctor --role launches that role alone; an unknown one is a usage error with the nearest name"""
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--role", "observer", "--json"), 0)
        self.assertEqual(["role observer"], [layer for layer in rows if layer.startswith("role ")])
        wrong = self.host.pawl(self.alice, "doctor", "--role", "obsever")
        self.assertEqual(2, wrong.code, wrong)
        self.assertIn("observer", wrong.err)

    def test_role_that_cannot_be_honoured(self):
        """doctor: a role that shows what is not there cannot be honoured, and the others can"""
        self.broker.write((self.broker.configuration / "roles/observer.toml").read_text(encoding="utf-8") + 'read = ["/opt/not-there"]\n',
                          "roles/observer.toml")
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json"), 1)
        self.assert_blamed(rows["role observer"], "/opt/not-there")
        self.assertEqual("works", rows["role deployer"]["state"])

    def test_not_set_up(self):
        """doctor, before pawl init: it says so, and tries the shipped roles all the same"""
        rows = self.rows(self.host.pawl(self.carol, "doctor", "--json"), 1)
        self.assert_blamed(rows["policy"], "pawl.toml")
        self.assertEqual("pawl init", rows["policy"]["remedy"])
        self.assertEqual("works", rows["role coder"]["state"])

    def test_invalid_policy(self):
        """doctor: a policy that does not parse is named with file and line"""
        self.broker.write("pawl = 1\nname = \n", "roles/deployer.toml")
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json"), 1)
        self.assert_blamed(rows["policy"], "roles/deployer.toml:2")

    def test_inside(self):
        """doctor, in a session: it is about the host, and says where to run it"""
        self.broker = EmbeddedBroker(self.host, read=[str(self.host.programs)])
        inside = self.host.pawl(self.alice, "run", "--role", "deployer", "--workspace", self.alice.workspace, "--",
                                self.host.program("pawl"), "doctor")
        self.assertEqual(1, inside.code, inside)
        self.assertIn("sandboxes do not nest", inside.err)


class Table(DoctorStory):
    def test_table(self):
        """doctor's table is aligned, at most 100 columns wide, worst first, and ends with what it comes to"""
        (self.alice.home / ".config/pawl/pawl.toml").unlink()
        told = self.host.pawl(self.alice, "doctor")
        self.assertEqual(1, told.code, told)
        lines = told.out.splitlines()
        heading = next(number for number, line in enumerate(lines) if line.startswith("LAYER"))
        outcome = lines[heading].index("OUTCOME")
        states = [line[outcome:outcome + 10].strip() for line in lines[heading + 1:] if line and not line.startswith(" ")]
        states = [state for state in states if state in ("missing", "not needed", "works")]
        self.assertEqual(sorted(states, key=["missing", "not needed", "works"].index), states)
        self.assertGreater(states.count("works"), 15)
        for line in lines:
            self.assertTrue(len(line) <= 100 or len(line.split()) <= 2, line)
        self.assertRegex(lines[-1], r"^\d+ work, \d+ missing, \d+ not needed: not every role can be honoured$")

    def test_hostile_words(self):
        """doctor makes visible what a path holds: no escape code reaches the terminal"""
        folder = self.alice.home / "run\x1b[2J\u202e"
        folder.mkdir(mode=0o500)
        os.chown(folder, self.alice.uid, self.alice.gid)
        told = self.host.pawl(self.alice, "doctor", XDG_RUNTIME_DIR=str(folder))
        self.assertEqual(1, told.code, told)
        self.assertIn("socket directory", told.out)
        self.assertIn("\\x1b[2J", told.out)
        self.assertNotIn("\x1b", told.out + told.err)
        self.assertNotIn("\u202e", told.out + told.err)

    def test_long_socket_path(self):
        """doctor: a path that is too long for a socket is told before anything is bound there"""
        folder = self.alice.home / ("d" * 90)
        folder.mkdir(mode=0o700)
        os.chown(folder, self.alice.uid, self.alice.gid)
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json", XDG_RUNTIME_DIR=str(folder)), 1)
        self.assert_blamed(rows["socket directory"], "107 bytes")


class Storage(DoctorStory):
    def test_read_only_state(self):
        """doctor and run: where the state cannot be written, both say so before anything is asked or begun"""
        for person in self.everybody():
            with self.subTest(person.name):
                state = person.home / ".local/state"
                self.host.run(person, "mkdir", "-p", state / "pawl")
                seal = f"mount --bind {state} {state}; mount -o remount,bind,ro {state}"
                rows = self.rows(self.confined(person, seal, *self.doctor_words("--json")), 1)
                self.assert_blamed(rows["state directory"], "mounted read-only")
                if person is self.alice:  # the host's broker has its state elsewhere
                    self.assert_blamed(rows["broker"], "Read-only file system")
                self.assert_same(self.confined(person, seal, *self.run_words(person)), rows["state directory"])

    def test_full_disk(self):
        """doctor: too little room for the state is told, with the figure"""
        state = self.alice.home / ".local/state"
        self.host.run(self.alice, "mkdir", "-p", state)
        fill = f"mount -t tmpfs -o size=8m,mode=0700,uid={self.alice.uid},gid={self.alice.gid} tmpfs {state}"
        rows = self.rows(self.confined(self.alice, fill, *self.doctor_words("--json")), 1)
        self.assert_blamed(rows["disk"], "MiB are free")
        crowd = f"mount -t tmpfs -o nr_inodes=500,mode=0700,uid={self.alice.uid},gid={self.alice.gid} tmpfs {state}"
        rows = self.rows(self.confined(self.alice, crowd, *self.doctor_words("--json")), 1)
        self.assert_blamed(rows["disk"], "more files are possible")

    def test_clock_that_went_back(self):
        """doctor: a ledger from the future says that the clock is wrong"""
        self.broker.start()
        head = self.alice.home / ".local/share/pawl/ledger-head"
        later = head.stat().st_mtime + 3600
        os.utime(head, (later, later))
        rows = self.rows(self.host.pawl(self.alice, "doctor", "--json"), 1)
        self.assert_blamed(rows["clock"], "the ledger was written at")
        self.assertIn("timedatectl set-ntp true", rows["clock"]["remedy"])

    def test_no_extended_attributes(self):
        """doctor: a data folder whose file system keeps no attributes carries no overlay"""
        for person in self.everybody():
            with self.subTest(person.name):
                share = person.home / ".local/share"
                self.host.run(person, "mkdir", "-p", share)
                bare = f"mount -t ramfs ramfs {share}; chown {person.uid}:{person.gid} {share}; chmod 0700 {share}"
                told = self.confined(person, bare, *self.doctor_words("--json"))
                row = self.rows(told, told.code)["overlay workspace"]
                self.assertNotEqual("works", row["state"], row)
                self.assertIn("extended attributes", row["cause"])
                self.assertIn("ext4, btrfs, xfs", row["remedy"])
                # With such attributes the same place carries one.
                kept = f"mount -t tmpfs -o mode=0700,uid={person.uid},gid={person.gid} tmpfs {share}"
                rows = self.rows(self.confined(person, kept, *self.doctor_words("--json")), 0)
                self.assertEqual("works", rows["overlay workspace"]["state"], rows["overlay workspace"])


class Probes(DoctorStory):
    def test_probe_alone(self):
        """pawl-probe without a doctor says who runs it"""
        told = self.host.run(self.alice, self.host.program("pawl-probe"), "pidfd", "/tmp")
        self.assertEqual(2, told.code, told)
        self.assertIn("pawl doctor", told.err)

    def test_hanging_and_dying_probes(self):
        """doctor outlives probes that hang or die, and tells which"""
        probe, real = pathlib.Path(self.host.program("pawl-probe")), pathlib.Path("/opt/real-probe")
        script = pathlib.Path("/opt/probe")
        script.write_text(f'#!/bin/sh\ncase $1 in pidfd) sleep 300 ;; close_range) kill -9 $$ ;; esac\nexec {real} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
        swap = f"touch {real}; mount --bind {probe} {real}; mount --bind {script} {probe}"
        rows = self.rows(self.confined(self.alice, swap, *self.doctor_words("--json")), 1)
        self.assert_blamed(rows["pidfd"], "did not end within")
        self.assert_blamed(rows["close_range"], "died")
        self.assertEqual("works", rows["user namespace"]["state"])
