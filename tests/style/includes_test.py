"""Includes point one way (ARCHITECTURE.md, "The house"): a lower layer never knows a higher one."""

import re
import unittest

import tree

# Folder → rank. A file may include its own layer and every lower rank; layers of one rank may know each other.
RANKS = [
    ("sandbox/base", 0),
    ("sandbox", 1),
    ("supervisor/scrub", 2),
    ("supervisor/policy", 2),
    ("supervisor/wire", 2),
    ("supervisor/receipt", 2),
    ("supervisor/ledger", 2),
    ("supervisor/approval", 3),
    ("supervisor/broker", 3),
    ("supervisor/egress", 3),
    ("supervisor/web", 3),
    ("supervisor", 4),  # main.cpp
    ("tools", 4),
    ("tests", 5),
]

# Third-party headers that only some layers may know, and why.
CONFINED = [
    (r"toml\+\+/|toml\.hpp", ["supervisor/policy", "tests"], "only the policy layer parses TOML"),
    (r"boost/", ["supervisor", "tools", "tests"], "sandbox/ has no Boost: little code runs between clone and exec"),
    (r"spdlog/|fmt/", ["supervisor", "tools", "tests"], "sandbox/ never logs"),
    (r"openssl/", ["supervisor", "tools", "tests"], "sandbox/ has no cryptography"),
    (r"iostream$", ["supervisor", "tools", "tests"], "sandbox/ never prints"),
    (r"regex$", [], "std::regex crashes on long input: use RE2"),
    (r"format$", [], "gcc 12 has no <format>: use fmt or plain strings"),
    (r"catch2/", ["tests"], "only tests know the test framework"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def rank_of(path):
    path = str(path)
    best = None
    for folder, rank in RANKS:
        if path.startswith(folder + "/") and (best is None or len(folder) > len(best[0])):
            best = (folder, rank)
    return best


def violations(path, source):
    own = rank_of(path)
    if own is None:
        yield f"{path}: stands in no layer; name its folder in {__name__}"
        return
    for kind, name in INCLUDE.findall(source):
        for pattern, allowed, reason in CONFINED:
            if re.match(pattern, name) and not any(str(path).startswith(folder + "/") for folder in allowed):
                yield f"{path}: includes {name}: {reason}"
        if kind == "<":
            continue
        target = rank_of(name)
        if target is None:
            yield f'{path}: "{name}" is not a path from the root'
        elif not (tree.ROOT / name).exists():
            yield f'{path}: "{name}" does not exist'
        elif target[0] == "tests" and own[0] != "tests":
            yield f"{path}: includes a test: {name}"
        elif target[0] == "tools" and own[0] not in ("tools", "tests"):
            yield f"{path}: includes a tool: {name}"
        elif target[1] > own[1]:
            yield f"{path}: the layer {own[0]} must not know {name}"


class Includes(unittest.TestCase):
    def test_direction(self):
        """includes point from higher layers to lower ones only"""
        sources = tree.files(tree.CPP)
        self.assertGreater(len(sources), 20, "the sources are not where this test looks")
        found = [line for path in sources for line in violations(path, tree.text(path))]
        self.assertEqual([], found, "\n".join(found))

    def test_that_it_can_fail(self):
        """the include test notices each kind of wrong include"""
        wrong = {
            "sandbox/base/x.cpp": '#include "sandbox/plan.hpp"',
            "sandbox/x.cpp": '#include "supervisor/wire/types.hpp"',
            "supervisor/wire/x.cpp": "#include <toml++/toml.h>",
            "supervisor/policy/x.cpp": '#include "tests/support/catch_main.cpp"',
            "supervisor/receipt/x.cpp": "#include <regex>",
            "sandbox/y.cpp": "#include <boost/json.hpp>",
            "supervisor/broker/x.cpp": '#include "types.hpp"',
        }
        for path, source in wrong.items():
            with self.subTest(path):
                self.assertEqual(1, len(list(violations(path, source))))


if __name__ == "__main__":
    unittest.main()
