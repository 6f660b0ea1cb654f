"""The AppArmor profile that is shipped: what it allows, for which programs, and that a parser takes it.

Debian 12 has AppArmor 3, which knows neither the ABI 4.0 nor the rule `userns`: there these lines, and no others, are
taken out before it is parsed."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

import tree

PROFILE = tree.ROOT / "packaging/apparmor/pawl-launch"
PROGRAMS = ("pawl-launch", "pawl-probe")
NEWER = ("abi <abi/4.0>,", "userns,")  # than AppArmor 3
SETTINGS = pathlib.Path("/etc/apparmor.d")


def rules():
    lines = [line.strip() for line in PROFILE.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


class Profile(unittest.TestCase):
    def test_allows_one_thing(self):
        """the AppArmor profile allows user namespaces, to the two programs that make them, and nothing else"""
        expected = ["abi <abi/4.0>,", "include <tunables/global>"]
        for name in PROGRAMS:
            expected += [f"profile {name} /usr{{,/local}}/libexec/pawl/{name} flags=(unconfined) {{", "userns,",
                         f"include if exists <local/{name}>", "}"]
        self.assertEqual(expected, rules())

    def parse(self, text, *options):
        parser = shutil.which("apparmor_parser", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if not parser or not SETTINGS.is_dir():
            self.skipTest("needs:apparmor_parser to read the profile")
        return subprocess.run([parser, "--skip-kernel-load", "--skip-cache", *options], input=text, capture_output=True, text=True, check=False)

    def test_parses(self):
        """AppArmor's parser takes the profile, and finds the two programs in it"""
        text = PROFILE.read_text(encoding="utf-8")
        if not (SETTINGS / "abi/4.0").exists():
            text = "".join(line for line in text.splitlines(keepends=True) if line.strip() not in NEWER)
        told = self.parse(text)
        self.assertEqual(0, told.returncode, told.stderr)
        self.assertEqual(list(PROGRAMS), self.parse(text, "--names").stdout.split())
        # It does refuse what is none.
        self.assertNotEqual(0, self.parse(re.sub(r"\}\s*$", "", text)).returncode)
