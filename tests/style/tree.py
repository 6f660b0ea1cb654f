"""The project's own files, as the style tests read them."""

import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
CPP = (".cpp", ".hpp")
_SKIPPED = re.compile(r"^(build.*|\.git|\.cache|__pycache__)$")


def files(suffixes=None):
    """Paths relative to the root, sorted; build folders and version control left out."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not _SKIPPED.match(name)]
        for name in names:
            path = (pathlib.Path(folder) / name).relative_to(ROOT)
            if suffixes is None or path.suffix in suffixes:
                found.append(path)
    return sorted(found)


def text(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def is_binary(path):
    return b"\0" in (ROOT / path).read_bytes()[:4096]


def scripts(interpreter):
    """Files whose first line names the interpreter, whatever their suffix."""
    chosen = []
    for path in files():
        with open(ROOT / path, "rb") as file:
            first = file.readline(100)
        if first.startswith(b"#!") and interpreter in first:
            chosen.append(path)
    return chosen
