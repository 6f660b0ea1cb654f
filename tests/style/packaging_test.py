"""What pipelines take over from packaging/ci: its YAML parses, and its scripts are sound in every POSIX shell."""

import re
import shutil
import subprocess
import unittest

import tree

CI = tree.ROOT / "packaging/ci"
EXPRESSION = re.compile(r"\$\{\{")


def parsed(path):
    try:
        import yaml
    except ImportError:
        raise AssertionError("python3-yaml is missing; remedy: tools/setup test") from None
    return yaml.safe_load(path.read_text(encoding="utf-8"))


class Packaging(unittest.TestCase):
    def test_yaml(self):
        """every YAML file of packaging/ci parses"""
        files = [path for path in sorted(CI.rglob("*")) if path.suffix in (".yml", ".yaml")]
        self.assertEqual(3, len(files))
        for path in files:
            with self.subTest(str(path)):
                self.assertIsInstance(parsed(path), dict)

    def test_action(self):
        """the GitHub action hands each of its inputs over in the environment, and none to a shell"""
        action = parsed(CI / "github/action.yml")
        steps = action["runs"]["steps"]
        self.assertEqual(1, len(steps))
        self.assertNotRegex(steps[0]["run"], EXPRESSION)
        handed = " ".join(steps[0]["env"].values())
        for name in action["inputs"]:
            self.assertIn(f"${{{{ inputs.{name} }}}}", handed)
        script = (CI / "pawl-gate-ci").read_text(encoding="utf-8")
        for variable in steps[0]["env"]:
            self.assertRegex(script, rf"\${{?{variable}\b")

    def test_example(self):
        """the example workflow gives the action no input that it does not have, and pins what it uses"""
        action = parsed(CI / "github/action.yml")
        for step in parsed(CI / "github/example-workflow.yml")["jobs"]["deploy"]["steps"]:
            self.assertRegex(step["uses"], r"@[0-9a-f]{40}$")
            if "packaging/ci/github" in step["uses"]:
                self.assertEqual(set(), set(step["with"]) - set(action["inputs"]))

    def test_shellcheck(self):
        """shellcheck finds nothing in the scripts of packaging/ci"""
        self.assertIsNotNone(shutil.which("shellcheck"), "shellcheck is missing; remedy: tools/setup test")
        scripts = [path for path in sorted(CI.iterdir()) if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh")]
        self.assertEqual(["pawl-gate-ci", "pre-receive"], [path.name for path in scripts])
        checked = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False)
        self.assertEqual(0, checked.returncode, checked.stdout)
        for path in scripts:
            self.assertTrue(path.stat().st_mode & 0o100, f"{path} is not executable")


if __name__ == "__main__":
    unittest.main()
