"""What no file of the project may hold: marks of unfinished work, traces of a developer's machine, calls that the
style guide refuses, and more than 500 lines."""

import re
import subprocess
import unittest

import tree

LINES = 500
# Longer files, each with the reason why it is still about one thing.
LONGER = {
    
}

# Spelled in pieces, so that this file passes its own test.
MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK|un" r"implemented|not im" r"plemented|for n" r"ow)\b")
MACHINE = re.compile(r"/wo" r"rk/(main|shared|\.library)|/tmp/(brief|build-)")

# Code that the product never has (tests may start shells).
REFUSED = [
    (re.compile(r"\b(std::)?system\("), "runs a shell"),
    (re.compile(r"\bpopen\("), "runs a shell"),
    (re.compile(r"\bstrcpy\(|\bsprintf\(|\bgets\("), "no bounds"),
    (re.compile(r"\busing namespace std\b"), "hides whose name it is"),
    (re.compile(r"\bstd::rand\(|\bsrand\("), "not random; use getrandom"),
    (re.compile(r"\bmktemp\("), "a race; use O_TMPFILE or mkdtemp"),
]


class Hygiene(unittest.TestCase):
    def readable(self):
        for path in tree.files():
            if not tree.is_binary(path):
                yield path, tree.text(path)

    def test_marks(self):
        """no file holds a mark of unfinished work"""
        found = [f"{path}:{number}: {line.strip()[:120]}"
                 for path, source in self.readable() if not str(path).startswith("tests/golden/")
                 for number, line in enumerate(source.splitlines(), 1) if MARKS.search(line)]
        self.assertEqual([], found, "\n".join(found))

    def test_machine(self):
        """no file names a developer's machine"""
        found = [f"{path}:{number}: {line.strip()[:120]}" for path, source in self.readable()
                 for number, line in enumerate(source.splitlines(), 1) if MACHINE.search(line)]
        self.assertEqual([], found, "\n".join(found))

    def test_refused_calls(self):
        """the product calls nothing that the style guide refuses"""
        found = []
        for path in tree.files(tree.CPP):
            if str(path).startswith("tests/"):
                continue
            for number, line in enumerate(tree.text(path).splitlines(), 1):
                code = line.split("//", 1)[0]
                found += [f"{path}:{number}: {reason}: {code.strip()}" for pattern, reason in REFUSED if pattern.search(code)]
        self.assertEqual([], found, "\n".join(found))

    def test_length(self):
        """a file has at most 500 lines, unless its reason stands here"""
        found = []
        for path, source in self.readable():
            lines = source.count("\n")
            if lines > LINES and str(path) not in LONGER and not str(path).startswith(("tests/golden/", "tests/fuzz/corpus/")):
                found.append(f"{path}: {lines} lines; split it by concern")
        self.assertEqual([], found, "\n".join(found))

    def test_exceptions_exist(self):
        """every exception to the length rule names a file that is really longer"""
        stale = [name for name in LONGER if not (tree.ROOT / name).exists()
                 or (tree.text(name).count("\n") <= LINES)]
        self.assertEqual([], stale)

    def test_shell(self):
        """every shell script parses"""
        for path in tree.scripts(b"bash") + tree.scripts(b"/bin/sh"):
            with self.subTest(str(path)):
                checked = subprocess.run(["bash", "-n", tree.ROOT / path], capture_output=True, text=True, check=False)
                self.assertEqual(0, checked.returncode, checked.stderr)


if __name__ == "__main__":
    unittest.main()
