"""What the documents say about the tree is true of it, where a program can tell."""

import re
import unittest

import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
TYPE = re.compile(r"^\s*(\w+) = (\d+),", re.MULTILINE)
ROW = re.compile(r"^\| (\d+) \| `(\w+)` \|", re.MULTILINE)
PATH = re.compile(r"`((?:sandbox|supervisor|tools|policies|tests)/[A-Za-z0-9_./-]*)`")


class Documents(unittest.TestCase):
    def test_links(self):
        """every relative link in a document leads somewhere"""
        dead = []
        for path in tree.files((".md",)):
            for target in LINK.findall(tree.text(path)):
                if "://" not in target and not target.startswith("mailto:") and not (tree.ROOT / path.parent / target).exists():
                    dead.append(f"{path}: {target}")
        self.assertEqual([], dead)

    def test_paths(self):
        """every path that a document names exists"""
        dead = []
        for path in tree.files((".md",)):
            dead += [f"{path}: {name}" for name in PATH.findall(tree.text(path)) if not (tree.ROOT / name).exists()]
        self.assertEqual([], dead)

    def test_protocol(self):
        """PROTOCOL.md lists every message with the number it has"""
        numbers = {name: int(number) for name, number in TYPE.findall(tree.text("supervisor/wire/types.hpp"))}
        listed = {name: int(number) for number, name in ROW.findall(tree.text("supervisor/wire/PROTOCOL.md"))}
        self.assertEqual(numbers, listed)

    def test_house(self):
        """README and ARCHITECTURE name every top-level folder of sources"""
        text = tree.text("ARCHITECTURE.md")
        missing = [path.name for path in tree.ROOT.iterdir()
                   if path.is_dir() and not path.name.startswith((".", "build", "__")) and any(path.rglob("*.*")) and f"{path.name}/" not in text]
        self.assertEqual([], missing)


if __name__ == "__main__":
    unittest.main()
