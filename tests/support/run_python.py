"""Runs the unittest cases of a folder and counts them into a report.

  run_python.py FOLDER --report FILE [--only TEXT] [--share FILE]

Several that share a FILE, empty at first, divide the modules among themselves: each takes the next when it is done.
"""

import argparse
import fcntl
import os
import sys
import time
import unittest

from report import Report


class Counting(unittest.TestResult):
    def __init__(self, report, suite):
        super().__init__()
        self.report = report
        self.suite = suite
        self.started = 0.0

    def name(self, test):
        return (test.shortDescription() or test.id()).strip()

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def say(self, test, outcome, detail=""):
        if outcome == "passed":
            print(f"  passed: {self.name(test)} ({time.monotonic() - self.started:.1f} s)", flush=True)
        self.report.add(self.suite, self.name(test), outcome, detail)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.say(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.say(test, "failed", self.failures[-1][1][-3500:])

    def addError(self, test, err):
        super().addError(test, err)
        self.say(test, "failed", self.errors[-1][1][-3500:])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say(test, "skipped", reason)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.say(subtest, "failed", self._exc_info_to_string(err, test)[-3500:])


def cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases(item)
        else:
            yield item


def shared(modules, path):
    """Those of the list that this process takes; the file has one byte for each that was taken."""
    while True:
        with open(path, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            taken = file.seek(0, os.SEEK_END)
            if taken >= len(modules):
                return
            file.write(b".")
        yield modules[taken]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--report", required=True)
    parser.add_argument("--only", default="", help="run only cases whose id or sentence contains this")
    parser.add_argument("--share", help="cases are divided among the processes that are given this file")
    asked = parser.parse_args()
    folder = os.path.abspath(asked.folder)
    found = unittest.TestLoader().discover(folder, pattern="*_test.py", top_level_dir=folder)
    modules = {}
    for test in cases(found):
        if asked.only in f"{test.id()} {test.shortDescription() or ''}" or isinstance(test, unittest.loader._FailedTest):
            modules.setdefault(type(test).__module__, []).append(test)
    result = Counting(Report(asked.report), os.path.basename(folder))
    print(f"-- {os.path.basename(folder)}", flush=True)
    for taken in shared(list(modules), asked.share) if asked.share else modules:
        unittest.TestSuite(modules[taken]).run(result)
    sys.exit(0)


if __name__ == "__main__":
    main()
