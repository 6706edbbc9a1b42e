"""Marks of `clearline explain` on texts with known answers, its time and memory: ``dev.py bench explain``.

Marks: the first cause acceptable 1, an acceptable one among three 0.5, another one called proven -1; a text without a
fault of the connection 1 when nothing is more than possible, else -1. ``python tests/bench/explain.py FILE …`` takes
other texts, one JSON object a line: text, causes (acceptable codes, best first), and if known tolerate and driver.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clearline.core.explain.explain import explain
from clearline.core.explain.explanation import Explanation
from clearline.core.findings import Certainty

TEXTS = [Path(__file__).parents[1] / "core" / "explain" / name for name in ("texts.jsonl", "met.jsonl")]
LOG_BYTES = 100_000_000
RUNS = 10


def main(files: list[Path]) -> int:
    """Print the figures; the exit code is 1 when a proven cause is wrong."""
    rows = [json.loads(line) for path in files or TEXTS for line in path.read_text("utf-8").splitlines()]
    told = [(row, explain(row["text"])) for row in rows]
    marks = [mark(row, found) for row, found in told]
    print(f"{sum(marks):.1f} of {len(marks)} marks, {100 * sum(marks) / len(marks):.1f} %")
    _by_driver(told, marks)
    _by_certainty(told)
    _confusion(told)
    _times(rows)
    _log()
    return int(min(marks) < 0)


def fits(cause: str, wanted: list[str]) -> bool:
    """``tcp.*`` takes every cause of the family."""
    return cause in wanted or f"{cause.partition('.')[0]}.*" in wanted


def mark(row: dict[str, Any], found: Explanation) -> float:
    """The mark of one explanation."""
    wanted, harmless = row["causes"], [*row["causes"], *(row.get("tolerate") or ())]
    if not wanted:
        return 1 if all(c.certainty is Certainty.POSSIBLE for c in found.causes) else -1
    if any(c.certainty is Certainty.PROVEN and not fits(c.cause, harmless) for c in found.causes):
        return -1
    if found.causes and fits(found.causes[0].cause, wanted):
        return 1
    return 0.5 if any(fits(c.cause, wanted) for c in found.causes[:3]) else 0


def _by_driver(told: list[tuple[dict[str, Any], Explanation]], marks: list[float]) -> None:
    by: dict[str, list[float]] = defaultdict(list)
    for (row, found), points in zip(told, marks, strict=True):
        by[row.get("driver") or found.recognised.driver or "unknown"].append(points)
    for driver, each in sorted(by.items(), key=lambda item: -len(item[1])):
        print(f"  {driver:12} {sum(each):6.1f} of {len(each):3}")


def _by_certainty(told: list[tuple[dict[str, Any], Explanation]]) -> None:
    """How often each certainty of the first cause was right."""
    right: Counter[Certainty] = Counter()
    every: Counter[Certainty] = Counter()
    for row, found in told:
        if found.causes and row["causes"]:
            every[found.causes[0].certainty] += 1
            right[found.causes[0].certainty] += fits(found.causes[0].cause, row["causes"])
    for certainty in Certainty:
        print(f"  {certainty.value:12} {right[certainty]:4} of {every[certainty]:4} right")


def _confusion(told: list[tuple[dict[str, Any], Explanation]]) -> None:
    """Of the ten causes that texts have most often: what was said instead."""
    frequent = Counter(row["causes"][0] for row, _ in told if row["causes"]).most_common(10)
    for cause, count in frequent:
        said = Counter(
            found.causes[0].cause if found.causes else "nothing"
            for row, found in told
            if row["causes"] and row["causes"][0] == cause
        )
        others = ", ".join(f"{other} {n}" for other, n in said.most_common(4) if other != cause)
        print(f"  {cause:30} {said[cause]:3} of {count:3}   {others}")


def _times(rows: list[dict[str, Any]]) -> None:
    spent = []
    for row in rows:
        start = time.perf_counter()
        explain(row["text"])
        spent.append(1000 * (time.perf_counter() - start))
    spent.sort()
    print(f"in process: median {statistics.median(spent):.1f} ms, worst of 20 {spent[len(spent) * 19 // 20]:.1f} ms")
    for name, text in (("short", "MongoServerSelectionError: connect ECONNREFUSED 192.0.2.7:27017"),
                       ("longest", max((row["text"] for row in rows), key=len))):  # fmt: skip
        runs = [_process(text.encode()) for _ in range(RUNS)]
        print(f"as a process, {name}: median {statistics.median(runs):.2f} s of {RUNS}")


def _process(text: bytes) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "clearline", "explain", "-"], input=text, capture_output=True, check=False)
    return time.perf_counter() - start


def _log() -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "app.log"
        with path.open("wb") as log:
            for line in _lines():
                log.write(line)
        start = time.perf_counter()
        command = [sys.executable, "-m", "clearline", "explain", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        spent = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"a log of {LOG_BYTES / 1e6:.0f} MB: {spent:.1f} s, {peak:.0f} MB; {done.stdout.splitlines()[0]}")


def _lines() -> Iterator[bytes]:
    written = number = 0
    while written < LOG_BYTES:
        number += 1
        when = f"2024-05-01T10:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}Z"
        line = f"{when} INFO request {number} took 3 ms\n"
        if number % 500 == 0:
            line = line.replace(
                "INFO request", "ERROR MongoServerSelectionError: connect ECONNREFUSED 192.0.2.7:27017 in request"
            )
        yield line.encode()
        written += len(line)


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
