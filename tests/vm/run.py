"""Runs the tests that need a machine of their own, and counts their cases.

  run.py --build DIR --report FILE [--systemd]

Without --systemd: a small machine, half a minute. With it: the one whose pid 1 is systemd, some minutes.
"""

import argparse
import io
import pathlib
import shutil
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from archive import Archive  # noqa: E402
from machine import QEMU, Boot, DebianRoot, Kernel, Lacking, need_programs  # noqa: E402
from report import Report  # noqa: E402
from run_programs import count_catch  # noqa: E402

SMALL_TIME, SYSTEMD_TIME = 600, 1800  # seconds; alone on two cores it takes a tenth of that
CASE = "limits in a machine of their own"
PROGRAMS = ("pawl-launch", "pawl-init", "tests/kernel/probe", "tests/vm/vm-tests")


def add_programs(archive, build):
    for program in PROGRAMS:
        archive.file(build / program, "pawl/" + pathlib.Path(program).name)


def small_machine(build, kernel, scratch):
    """Pawl's static programs, the tests and busybox; no other file."""
    path = scratch / "root.cpio"
    with Archive(path) as archive:
        archive.file(shutil.which("busybox"), "bin/busybox")
        for name in ("sh", "mount", "chroot"):
            archive.link("bin/" + name, "busybox")
        archive.file(HERE / "guest/small_init", "init")
        add_programs(archive, build)
    return Boot(kernel, path, 768, SMALL_TIME)


def systemd_machine(build, kernel, scratch):
    """Debian with systemd, pawl as it is installed, and the stories' tools."""
    root = DebianRoot(build / "vm")
    path = scratch / "root.cpio"
    with Archive(path) as archive:
        archive.file(HERE / "guest/systemd_init", "init")
        archive.file(HERE / "guest/pawl-vm.service", "etc/systemd/system/pawl-vm.service")
        archive.link("etc/systemd/system/graphical.target.wants/pawl-vm.service", "../pawl-vm.service")
        add_programs(archive, build)
        archive.tree(build / "stage/usr", "pawl/stage/usr")
        for folder in ("support", "e2e", "vm/guest"):
            archive.tree(HERE.parent / folder, "pawl/tests/" + folder)
    whole = scratch / "whole.cpio"
    with open(whole, "wb") as out:
        for part in (root.archive, path):
            with open(part, "rb") as file:
                shutil.copyfileobj(file, out)
    return Boot(kernel, whole, 1536, SYSTEMD_TIME, "systemd.show_status=0 systemd.unit=graphical.target")


def count(report, suite, boot):
    """Adds what the machine sent: reports of Catch2 (NAME.xml) and of run_python.py (NAME.report)."""
    whole = False
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with tarfile.open(fileobj=io.BytesIO(boot.results)) as results:
                results.extractall(scratch)
        except tarfile.TarError:
            pass
        for path in sorted(pathlib.Path(scratch).iterdir()):
            whole = True
            if path.suffix == ".xml" and not count_catch(report, path.stem, path):
                report.add(path.stem, "(the program)", "failed", f"ended early\n{boot.console[-3000:]}")
            if path.suffix == ".report":
                report.take(path.read_text(encoding="utf-8"), suite)
    if not whole:
        why = "did not finish in time" if not boot.in_time else "ended early"
        report.add(suite, "(the machine)", "failed", f"it {why}\n{boot.said[-500:]}\n{boot.console[-3000:]}")
    print(f"  {suite}: {boot.seconds:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--report", required=True)
    parser.add_argument("--systemd", action="store_true")
    asked = parser.parse_args()
    report = Report(asked.report)
    suite = "vm, systemd" if asked.systemd else "vm"
    try:
        need_programs(QEMU, "busybox")
        kernel = Kernel(asked.build / "vm")
        with tempfile.TemporaryDirectory() as scratch:
            machine = systemd_machine if asked.systemd else small_machine
            count(report, suite, machine(asked.build, kernel, pathlib.Path(scratch)))
    except Lacking as lacking:
        report.add(suite, CASE, "skipped", str(lacking))
    except RuntimeError as error:
        report.add(suite, CASE, "failed", str(error))


if __name__ == "__main__":
    main()
