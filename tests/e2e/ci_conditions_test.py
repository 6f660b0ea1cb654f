"""packaging/ci/pawl-gate-ci, driven with the variables that GitHub Actions and GitLab CI set: what never gets as far as the
gate, and what the gate is asked otherwise."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from host import ROOT

SCRIPT = ROOT / "packaging/ci/pawl-gate-ci"
COMMIT = "7" * 40

WANTED = {"PAWL_COMMAND": "./deploy.sh\nproduction\n", "PAWL_RECEIPT": "receipt.json", "PAWL_SIGNERS": "/etc/pawl/signers"}
GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_SHA": COMMIT, "GITHUB_RUN_ATTEMPT": "1",
          "GITHUB_REPOSITORY": "acme/web", "GITHUB_REF": "refs/heads/main", "CI": "true"}
PULL = {"GITHUB_EVENT_NAME": "pull_request", "PAWL_DRAFT": "false", "PAWL_HEAD_REPOSITORY": "acme/web"}
GITLAB = {"GITLAB_CI": "true", "CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_SHA": COMMIT, "CI_PROJECT_ID": "10",
          "PAWL_SIGNERS": "/tmp/mallory", "PAWL_QUORUM": "1", "PAWL_ONCE": "/tmp/x", "PAWL_ALLOW": "draft rerun fork", "PAWL_GATE": "/bin/true",
          "PAWL_VERIFY_TREE": ""}  # whoever starts a pipeline may set these
OWNERS = "PAWL_SIGNERS=/etc/pawl/signers\nPAWL_ONCE=/var/lib/pawl-gate\nPAWL_QUORUM=3\nPAWL_ALLOW=\n"
MERGE = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_DRAFT": "false", "CI_MERGE_REQUEST_TITLE": "Ship it",
         "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "10", "CI_MERGE_REQUEST_PROJECT_ID": "10"}


class Conditions(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pawl-test-"))
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=False)
        gate = self.folder / "pawl-gate"
        gate.write_text("#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done\n", encoding="ascii")
        gate.chmod(0o755)
        self.owners = self.folder / "gate-ci.conf"

    def owners_say(self, text):
        self.owners.write_text(f"{text}PAWL_GATE={self.folder / 'pawl-gate'}\n", encoding="ascii")

    def job(self, *variables):
        """What the gate was asked, or the line with which it was not asked at all."""
        environment = {"PATH": "/usr/bin:/bin", "PAWL_GATE": str(self.folder / "pawl-gate"), **WANTED}
        for more in variables:
            environment.update(more)
        environment = {name: value for name, value in environment.items() if value is not None}
        ran = subprocess.run([SCRIPT, self.owners], env=environment, capture_output=True, text=True, check=False, timeout=30)
        if ran.returncode == 0:
            self.assertEqual("", ran.stderr)
            return ran.stdout.split("\0")[:-1]
        self.assertEqual((125, ""), (ran.returncode, ran.stdout), ran)
        self.assertEqual(1, ran.stderr.count("\n"), ran)
        return ran.stderr.strip()

    def assert_asked(self, *variables):
        asked = self.job(*variables)
        self.assertIsInstance(asked, list, asked)
        self.assertIn(f"git:{COMMIT}", asked)
        self.assertEqual(["--", "./deploy.sh", "production"], asked[-3:])
        return asked

    def assert_kept_away(self, reason, *variables):
        said = self.job(*variables)
        self.assertIsInstance(said, str, said)
        self.assertIn(reason, said)

    def test_github_passes(self):
        """ci: a push, a run by hand and a pull request of the same repository get as far as the gate"""
        for event in ("push", "workflow_dispatch", "release", "deployment", "merge_group"):
            self.assert_asked(GITHUB, {"GITHUB_EVENT_NAME": event})
        self.assert_asked(GITHUB, PULL)

    def test_github_drafts_reruns_forks(self):
        """ci: GitHub: drafts, reruns, forks, events with foreign code and events that are not known never do"""
        self.assert_kept_away("is a draft", GITHUB, PULL, {"PAWL_DRAFT": "true"})
        self.assert_kept_away("a draft is not known", GITHUB, PULL, {"PAWL_DRAFT": None})
        self.assert_kept_away("another repository", GITHUB, PULL, {"PAWL_HEAD_REPOSITORY": "mallory/web"})
        self.assert_kept_away("another repository", GITHUB, PULL, {"PAWL_HEAD_REPOSITORY": None})  # the fork was deleted
        self.assert_kept_away("attempt 2 of its run", GITHUB, {"GITHUB_RUN_ATTEMPT": "2"})
        self.assert_kept_away("attempt unknown of its run", GITHUB, {"GITHUB_RUN_ATTEMPT": None})
        for event in ("pull_request_target", "workflow_run", "schedule", "issue_comment", "", None):
            self.assert_kept_away("none that may deploy", GITHUB, {"GITHUB_EVENT_NAME": event})

    def test_allowed(self):
        """ci: what is let through on purpose is let through, and nothing besides"""
        self.assert_asked(GITHUB, PULL, {"PAWL_DRAFT": "true", "PAWL_ALLOW": "draft"})
        self.assert_asked(GITHUB, {"GITHUB_RUN_ATTEMPT": "3", "PAWL_ALLOW": "fork rerun"})
        self.assert_kept_away("another repository", GITHUB, PULL, {"PAWL_HEAD_REPOSITORY": "x/y", "PAWL_ALLOW": "draft rerun"})
        self.owners_say(OWNERS + "PAWL_ALLOW=fork\n")
        self.assert_kept_away("is a draft", GITLAB, MERGE, {"CI_MERGE_REQUEST_DRAFT": "true"})
        self.assert_asked(GITLAB, MERGE, {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "66"})

    def test_gitlab_passes(self):
        """ci: GitLab: a push, a run by hand and a merge request of the same project get as far as the gate"""
        self.owners_say(OWNERS)
        for source in ("push", "web", "api"):
            asked = self.assert_asked(GITLAB, {"CI_PIPELINE_SOURCE": source})
            for option, value in (("--signers", "/etc/pawl/signers"), ("--quorum", "3"), ("--once", "/var/lib/pawl-gate"), ("--verify-tree", ".")):
                self.assertEqual(value, asked[asked.index(option) + 1])
        self.assert_asked(GITLAB, MERGE)
        self.assert_asked(GITLAB, MERGE, {"CI_MERGE_REQUEST_DRAFT": None})  # before 17.10: the title tells

    def test_gitlab_drafts_reruns_forks(self):
        """ci: GitLab: drafts by flag or title, forks, retries without a burned list and other sources never do"""
        self.assert_kept_away("what decides must not stand in variables", GITLAB)
        self.owners_say(OWNERS)
        self.assert_kept_away("is a draft", GITLAB, MERGE, {"CI_MERGE_REQUEST_DRAFT": "true"})
        for title in ("Draft: x", "draft:x", "[Draft] x", "(draft) x", "WIP: x", "[WIP] x", "Draft - x"):
            self.assert_kept_away("is a draft", GITLAB, MERGE, {"CI_MERGE_REQUEST_TITLE": title, "CI_MERGE_REQUEST_DRAFT": None})
        self.assert_kept_away("is not known", GITLAB, MERGE, {"CI_MERGE_REQUEST_TITLE": None, "CI_MERGE_REQUEST_DRAFT": None})
        self.assert_kept_away("another project", GITLAB, MERGE, {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "66"})
        self.assert_kept_away("another project", GITLAB, MERGE, {"CI_PROJECT_ID": "66"})  # a pipeline that runs in the fork
        self.assert_kept_away("another project", GITLAB, MERGE, {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": None})
        for source in ("schedule", "trigger", "pipeline", "parent_pipeline", "external_pull_request_event", None):
            self.assert_kept_away("none that may deploy", GITLAB, {"CI_PIPELINE_SOURCE": source})
        self.owners_say(OWNERS + "PAWL_ONCE=\n")
        self.assert_kept_away("without PAWL_ONCE", GITLAB)

    def test_what_is_missing(self):
        """ci: without commit, command, receipt or signers, and outside of both platforms, nothing is asked"""
        self.assert_kept_away("neither a job of GitHub Actions", {})
        self.assert_kept_away("which commit", GITHUB, {"GITHUB_SHA": None})
        self.assert_kept_away("there is no command", GITHUB, {"PAWL_COMMAND": None})
        self.assert_kept_away("there is no receipt", GITHUB, {"PAWL_RECEIPT": None})
        self.assert_kept_away("whose keys count", GITHUB, {"PAWL_SIGNERS": None})
        self.assert_kept_away("there is no /nowhere/pawl-gate", GITHUB, {"PAWL_GATE": "/nowhere/pawl-gate"})
        self.assert_kept_away("RUNNER_TEMP", GITHUB, {"PAWL_RECEIPT": None, "PAWL_RECEIPT_TEXT": "{}"})

    def test_words(self):
        """ci: arguments and paths arrive as they are, whatever a shell would make of them"""
        words = ["./deploy.sh", "$(touch /tmp/pawned)", "a b", "", "`id`", "*", "--", "\\n", "'\""]
        asked = self.job(GITHUB, {"PAWL_COMMAND": "\n".join(words) + "\n", "PAWL_INPUTS": "a b\n$HOME\n", "PAWL_QUORUM": "3",
                                  "PAWL_ROLE": "pipeline", "PAWL_VERIFY_TREE": "."})
        at = asked.index("--")
        self.assertEqual(words, asked[at + 1:])
        self.assertEqual(["--input", "a b", "--input", "$HOME"], asked[at - 4:at])
        self.assertEqual(["--quorum", "3"], asked[6:8])

    def test_texts(self):
        """ci: a receipt and signers that come as text become files of the job"""
        asked = self.job(GITHUB, {"PAWL_RECEIPT": None, "PAWL_RECEIPT_TEXT": "{}", "PAWL_SIGNERS": None, "RUNNER_TEMP": str(self.folder),
                                  "PAWL_SIGNERS_TEXT": "alice ssh-ed25519 AAAA"})
        self.assertEqual("{}\n", pathlib.Path(asked[1]).read_text(encoding="ascii"))
        self.assertEqual("alice ssh-ed25519 AAAA\n", pathlib.Path(asked[3]).read_text(encoding="ascii"))
        self.assertTrue(os.path.dirname(asked[1]).startswith(str(self.folder)))


if __name__ == "__main__":
    unittest.main()
