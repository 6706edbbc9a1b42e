"""The marks on files of texts, by the marking of the contract: right first, right among three, wrongly proven."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from all_rows import all_rows
from clearline.core.explain.explain import explain
from clearline.core.findings import Certainty

ROWS = [
    json.loads(line)
    for name in ("texts.jsonl", "met.jsonl")
    for line in Path(__file__).with_name(name).read_text("utf-8").splitlines()
]
GOAL = 0.97


def fits(cause: str, wanted: tuple[str, ...]) -> bool:
    """``tcp.*`` takes every cause of the family."""
    return cause in wanted or f"{cause.partition('.')[0]}.*" in wanted


def mark(row: dict[str, Any]) -> float:
    return mark_of(str(row["text"]), tuple(row["causes"]))


@cache
def mark_of(text: str, wanted: tuple[str, ...]) -> float:
    found = explain(text).causes
    if not wanted:
        return 1 if all(c.certainty is Certainty.POSSIBLE for c in found) else -1
    if any(c.certainty is Certainty.PROVEN and not fits(c.cause, wanted) for c in found):
        return -1
    if found and fits(found[0].cause, wanted):
        return 1
    return 0.5 if any(fits(c.cause, wanted) for c in found[:3]) else 0


def test_the_marks_reach_the_goal() -> None:
    marks = {str(row["text"])[:80]: mark(row) for row in ROWS}
    missed = [text for text, points in marks.items() if points < 1]
    assert sum(marks.values()) >= GOAL * len(marks), missed


def test_nothing_is_wrongly_proven() -> None:
    """One test for all rows, that names each which fails: a test for each would take longer than the texts do."""
    assert not [f"{told}: {row['text']}" for row in ROWS if (told := wrong(row))]


def wrong(row: dict[str, Any]) -> str:
    """What is wrong with the answer to a text, if that is worse than none."""
    try:
        return "wrongly proven" if mark(row) < 0 else ""
    except Exception as error:
        return repr(error)


@all_rows("row", ROWS[::8])
def test_a_text_that_is_cut_off_raises_nothing(row: dict[str, list[str]]) -> None:
    text = str(row["text"])
    for part in (text[: len(text) // 2], text[len(text) // 3 :], text[::-1]):
        assert len(explain(part).causes) <= 5


def each_line(before: str, after: str = "") -> Callable[[str], str]:
    return lambda text: "\n".join(f"{before}{line}{after}" for line in text.split("\n"))


def wrapped(width: int) -> Callable[[str], str]:
    def wrap(text: str) -> str:
        lines = [line[at : at + width] for line in text.split("\n") for at in range(0, max(len(line), 1), width)]
        return "\n".join(lines)

    return wrap


FRAMES: dict[str, Callable[[str], str]] = {
    "a pod's log with times": each_line("2024-05-02T10:11:12.345678901Z "),
    "a pod's log by stern": each_line("shop-api-7d9f8b6c5-x2x9z api "),
    "a journal": each_line("Aug 12 09:15:02 web-1 shop[812]: "),
    "a build's log in colour": each_line("2024-09-11T12:00:01.0000000Z \x1b[31m", "\x1b[0m"),
    "a quotation of a quotation": each_line("> > "),
    "a logger of Java": each_line("2024-05-02 10:11:12,345 ERROR [main] com.shop.App - "),
    "a process manager": each_line("0|api      | "),
    "lines of Windows": lambda text: text.replace("\n", "\r\n"),
    "a terminal of 80 columns": wrapped(80),
    "a web page": html.escape,
    "a field of JSON": lambda text: json.dumps({"level": "error", "msg": text}),
    "JSON in JSON": lambda text: json.dumps({"log": json.dumps({"level": "error", "message": text}) + "\n"}),
    "a logger's key and value": lambda text: f"time=2024-05-02T10:11:12Z level=error err={json.dumps(text)}",
    "one line of syslog": lambda text: text.replace("\n", "#012"),
    "spaces that do not break": lambda text: text.replace(" ", "\u00a0"),
    "prose in another language": lambda text: f"大家好，启动时报错，请问怎么解决？\n{text}\n谢谢",
}


@pytest.mark.parametrize("frame", FRAMES)
def test_what_stands_around_a_text_changes_little(frame: str) -> None:
    rows = ROWS[::11]
    plain = sum(mark(row) for row in rows)
    assert sum(mark({**row, "text": FRAMES[frame](str(row["text"]))}) for row in rows) >= 0.97 * plain
