"""The sources are as clang-format writes them."""

import shutil
import subprocess
import unittest

import tree


class Format(unittest.TestCase):
    def test_format(self):
        """every C++ file is as clang-format-19 writes it"""
        self.assertIsNotNone(shutil.which("clang-format-19"), "clang-format-19 is missing; remedy: tools/setup lint")
        sources = [str(path) for path in tree.files(tree.CPP)]
        checked = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *sources], cwd=tree.ROOT,
                                 capture_output=True, text=True, check=False)
        named = sorted({line.split(":", 1)[0] for line in checked.stderr.splitlines() if ": error:" in line})
        self.assertEqual(0, checked.returncode, "clang-format-19 -i " + " ".join(named))


if __name__ == "__main__":
    unittest.main()
