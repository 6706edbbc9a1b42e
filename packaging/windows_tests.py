"""The suites on Windows' own Python by wine: several processes, one answer.

Beside them, what takes a server of this computer: checks by Windows' Python through SOCKS5, CONNECT and SSH.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import Sequence  # noqa: UP035 (dev.py imports this on an older Python too)

import wine
from environment import venv_python
from steps import ROOT, say, step

RUNS = {
    "cli": ("tests/cli",),
    "ui": ("tests/ui",),
    "core": ("tests/core", "tests/test_paths.py"),
}
"""By name: what one process runs. What kills one of them, as a test that hangs does, leaves the others alone."""
KINDS = "not netns and not frozen and not timed and not crowd"
"""How long something takes by wine says nothing of Windows."""
HOPS = "tests/packaging/hops_by_wine.py"
RESULTS = ROOT / "build" / "windows-tests"


def run(machine: wine.Wine, arguments: Sequence[str], several: Sequence[str]) -> None:
    """Run all, with the options ``several``, or what the arguments name in one process.

    Raises `SystemExit` at the end when something failed, or an exception was met nowhere.
    """
    RESULTS.mkdir(parents=True, exist_ok=True)
    failed, found, unmet = [], {}, set(wine.EXCEPTIONS)
    for name, chosen in ({"chosen": tuple(arguments)} if arguments else RUNS).items():
        results = RESULTS / f"{name}.xml"
        results.unlink(missing_ok=True)
        pytest = ["-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", "-p", "by_wine", "-m", KINDS]
        pytest += ["--junitxml", rf"Z:\source\build\windows-tests\{name}.xml"]
        try:
            machine.run_python(*pytest, *(() if arguments else several), *chosen)
        except SystemExit:
            failed.append(name)
        found[name] = counted(results)
        unmet -= failed_as_expected(results)
    if not arguments:
        try:
            step([str(venv_python()), "-m", "pytest", "-q", HOPS])
        except SystemExit:
            failed.append("hops")
        failed += [f"{test} is no exception any more" for test in sorted(unmet)]
    for name, counts in found.items():
        say(f"{name}: {told(counts)}")
    say(f"On Windows' Python: {told(sum(found.values(), Counter()))}.")
    if failed:
        raise SystemExit(f"Not everything passed: {', '.join(failed)}.")


def counted(results: Path) -> Counter[str]:
    """How many tests passed, failed, were skipped or failed as expected; nothing of a process that did not end."""
    if not results.is_file():
        return Counter()
    counts: Counter[str] = Counter()
    for case in ElementTree.parse(results).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            counts["failed"] += 1
        elif case.find("skipped") is not None:
            counts["failed as expected" if _expected(case) else "skipped"] += 1
        else:
            counts["passed"] += 1
    return counts


def failed_as_expected(results: Path) -> set[str]:
    """The tests that did, by file and name, without their parameters."""
    if not results.is_file():
        return set()
    cases = [case for case in ElementTree.parse(results).iter("testcase") if _expected(case)]
    return {f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').split('[')[0]}" for case in cases}


def _expected(case: ElementTree.Element) -> bool:
    skipped = case.find("skipped")
    return skipped is not None and skipped.get("type") == "pytest.xfail"


def told(counts: Counter[str]) -> str:
    """In words: ``812 passed, 3 skipped``."""
    order = ("passed", "failed", "failed as expected", "skipped")
    return ", ".join(f"{counts[kind]} {kind}" for kind in order if counts[kind]) or "nothing: its process did not end"
