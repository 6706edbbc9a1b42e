"""What a process costs from start to exit, in ratios against a ten-line PyMongo script measured in the same run.

The program of dist, where there is one, is compared with the source.

Run it with ``python3 packaging/dev.py bench start``. Prints numbers; never fails on a time.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab import deployments, peers

ROUNDS = 15
IMPORT_ROUNDS = 5
MOST = 10
RAW = """
import sys
from pymongo import MongoClient
client = MongoClient(sys.argv[1])
print(client.get_default_database("test")["clearline"].find_one({}, projection={"_id": True}))
client.close()
"""
BYTECODE = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Installed packages are compiled; a checkout is at its first start."""
BYTECODE["QT_QPA_PLATFORM"] = "offscreen"
PROGRAM = Path(__file__).resolve().parents[2] / "dist" / "clearline" / "clearline"


def cost(command: Sequence[str]) -> tuple[float, float]:
    """Milliseconds of one process on the wall, and of the processor (user and system)."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=BYTECODE)
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0  # it is gone
    return (time.perf_counter() - began) * 1000, (used.ru_utime + used.ru_stime) * 1000


def costs(commands: Mapping[str, Sequence[str]]) -> dict[str, tuple[float, float]]:
    """The least of several rounds: the commands take turns, so that all meet the same machine."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(ROUNDS + 1):
        for name, command in commands.items():
            found[name].append(cost(command))
    return {name: (min(w for w, _ in ones[1:]), min(c for _, c in ones[1:])) for name, ones in found.items()}


def imports(arguments: Sequence[str]) -> dict[str, float]:
    """Milliseconds of each module that a command imports, without what it imports in its turn."""
    found: dict[str, float] = {}
    for _ in range(IMPORT_ROUNDS):
        command = [sys.executable, "-X", "importtime", "-m", "clearline", *arguments]
        told = subprocess.run(command, capture_output=True, text=True, env=BYTECODE, check=False).stderr
        for line in told.splitlines():
            if row := re.match(r"import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)", line):
                found[row[2]] = min(found.get(row[2], float("inf")), int(row[1]) / 1000)
    return found


def main() -> None:
    """Print everything."""
    with ExitStack() as stack:
        plain = stack.enter_context(deployments.standalone()).uri()
        login = stack.enter_context(deployments.with_login()).uri(deployments.APP, path="appdb")
        closed = f"mongodb://127.0.0.1:{stack.enter_context(peers.closed_port())}/"
        ours = [sys.executable, "-m", "clearline"]
        log = Path(stack.enter_context(tempfile.TemporaryDirectory()), "app.log")
        log.write_text("MongoServerError: Authentication failed.\n", encoding="utf-8")
        picture = str(Path(stack.enter_context(tempfile.TemporaryDirectory()), "window.png"))
        compared = {"--version": ["--version"], "check, plain": ["check", plain], "a window": ["--screenshot", picture]}
        programs = {f"program: {name}": [str(PROGRAM), *words] for name, words in compared.items() if PROGRAM.exists()}
        found = costs(
            {
                "python -c pass": [sys.executable, "-c", "pass"],
                "PyMongo, plain": [sys.executable, "-c", RAW, plain],
                "PyMongo, SCRAM": [sys.executable, "-c", RAW, login],
                "--version": [*ours, "--version"],
                "check, plain": [*ours, "check", plain],
                "check, SCRAM": [*ours, "check", login],
                "check --fast, plain": [*ours, "check", "--fast", plain],
                "check, refused": [*ours, "check", closed],
                "explain": [*ours, "explain", str(log)],
                "a window": [*ours, *compared["a window"]],
                **programs,
            }
        )
        for name, (wall, used) in found.items():
            raw = found["PyMongo, SCRAM" if "SCRAM" in name else "PyMongo, plain"][1]
            print(f"{name:<22} {wall:7.0f} ms   processor {used:6.0f} ms   {used / raw:5.2f} of PyMongo's")
        print("goals: check 1.50 of PyMongo's processor time and 200 ms; refused 150 ms; --version 30 ms")
        for name in compared if programs else ():
            (wall, used), (source_wall, source_used) = found[f"program: {name}"], found[name]
            ratios = f"{wall / source_wall:5.2f} of the source's time, {used / source_used:5.2f} of its processor's"
            print(f"program, {name:<13} {ratios}")
        print("goals: check 1.20, a window 1.10")
        modules = imports(["check", plain])
        print(f"\n{len(modules)} modules in {sum(modules.values()):.0f} ms; the dearest, without what they import:")
        for name, spent in sorted(modules.items(), key=lambda one: -one[1])[:MOST]:
            print(f"  {spent:5.1f} ms  {name}")


if __name__ == "__main__":
    main()
