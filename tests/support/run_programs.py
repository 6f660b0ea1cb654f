"""Runs the test programs that Meson knows and counts their cases (Catch2's XML; else one case a program).

  run_programs.py --build DIR --report FILE [--suite NAME]... [--without NAME] [--again] [--as USER] [--label TEXT]

A Catch2 case that cannot run here says so with WARN("skipped: …") and returns (the words: PHRASES of report.py): it counts as skipped.
With --again the cases tagged [pure] are left out: they compute only, and another user has run them.
"""

import argparse
import concurrent.futures
import json
import os
import pwd
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml

from report import Report, says_skipped


def tests_of(build):
    listed = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, check=True, text=True)
    return json.loads(listed.stdout)


def identity(name):
    """Arguments for subprocess that make the child this user, and nothing else."""
    if name is None:
        return {}
    user = pwd.getpwnam(name)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def environment(test, user, scratch):
    values = {key: os.environ[key] for key in ("PATH", "LANG", "TERM", "PAWL_AGENT_KIT", "CI") if key in os.environ}
    values["HOME"] = pwd.getpwnam(user).pw_dir if user else os.environ.get("HOME", "/")
    values["TMPDIR"] = scratch
    for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if key in os.environ:
            values[key] = os.environ[key]
    values.update(test.get("env", {}))
    return values


def is_catch(command, **options):
    said = subprocess.run([*command, "--libidentify"], capture_output=True, text=True, check=False, timeout=60, **options)
    return "Catch2" in said.stdout


def messages(case):
    texts = []
    for node in case.iter():
        if node.tag == "Expression":
            where = f"{os.path.basename(node.get('filename', ''))}:{node.get('line')}"
            texts.append(f"{where}: {(node.findtext('Original') or '').strip()} was {(node.findtext('Expanded') or '').strip()}")
        elif node.tag in ("Failure", "Exception", "FatalErrorCondition", "Warning", "Info"):
            texts.append((node.text or "").strip())
    return texts


def outcome_of(case):
    texts = messages(case)
    result = case.find("OverallResult")
    if result is None or result.get("success") != "true":
        return "failed", "\n".join(texts)
    for text in texts:
        if says_skipped(text):
            return "skipped", text
    return "passed", ""


def count_catch(report, suite, path):
    """Adds every finished case of the XML report; False where the report ends before its end."""
    try:
        for _, node in xml.iterparse(path):
            if node.tag == "TestCase":
                outcome, detail = outcome_of(node)
                report.add(suite, node.get("name").strip(), outcome, detail)
    except (xml.ParseError, FileNotFoundError):
        return False
    return True


def run_program(report, test, label, user, again):
    suite = f"{test['name']}{label}"
    with tempfile.TemporaryDirectory(prefix="pawl-test-") as scratch:
        if user:
            os.chown(scratch, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        options = {"env": environment(test, user, scratch), "cwd": test.get("workdir") or scratch, **identity(user)}
        command = list(test["cmd"])
        path = os.path.join(scratch, "report.xml")
        try:
            catch = is_catch(command, **options)
            if catch:
                command += ["-r", "xml", "-o", path, *(["~[pure]"] if again else [])]
            limit = max(int(test.get("timeout") or 30), 30) * int(os.environ.get("PAWL_TEST_SLOWNESS", "4"))
            ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   timeout=limit, check=False, **options)
        except subprocess.TimeoutExpired:
            count_catch(report, suite, path)
            report.add(suite, "(the program)", "failed", "took too long")
            return
        except OSError as error:
            report.add(suite, "(the program)", "failed", f"cannot be run: {error}")
            return
        output = ended.stdout.decode("utf-8", "replace")
        if not catch:
            outcome = {0: "passed", 77: "skipped"}.get(ended.returncode, "failed")
            report.add(suite, test["name"], outcome, output if outcome != "passed" else "")
        elif not count_catch(report, suite, path):
            report.add(suite, "(the program)", "failed", f"ended early with {ended.returncode}\n{output[-3000:]}")
        elif ended.returncode != 0 and "Sanitizer" in output:
            report.add(suite, "(the program)", "failed", output[-3000:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--report", required=True)
    parser.add_argument("--suite", action="append", default=[])
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--as", dest="user")
    parser.add_argument("--label", default="")
    asked = parser.parse_args()
    os.umask(0o022)
    label = asked.label + (f" (as {asked.user})" if asked.user else "")
    report = Report(asked.report)
    chosen = [test for test in tests_of(asked.build)
              if test["name"] not in asked.without
              and (not asked.suite or any(name.split(":")[-1] in asked.suite for name in test["suite"]))]
    if not chosen:
        report.add("programs" + label, "(none)", "failed", f"no test program of the suites {asked.suite}")

    def run(test):
        started = time.monotonic()
        run_program(report, test, label, asked.user, asked.again)
        print(f"-- {test['name']}{label} ({time.monotonic() - started:.0f} s)", flush=True)

    # Those that wait for real programs have the machine to themselves afterwards.
    together = sorted((test for test in chosen if test["is_parallel"]), key=lambda test: -test["timeout"])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(run, test) for test in together]:
            done.result()
    for test in chosen:
        if not test["is_parallel"]:
            run(test)
    sys.exit(0)


if __name__ == "__main__":
    main()
