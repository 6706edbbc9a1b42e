"""The marks on a file of texts, by the marking of the contract: right first, right among three, wrongly proven."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clearline.core.explain.explain import explain
from clearline.core.findings import Certainty

ROWS = [json.loads(line) for line in Path(__file__).with_name("texts.jsonl").read_text("utf-8").splitlines()]
GOAL = 0.97


def fits(cause: str, wanted: list[str]) -> bool:
    """``tcp.*`` takes every cause of the family."""
    return cause in wanted or f"{cause.partition('.')[0]}.*" in wanted


def mark(row: dict[str, list[str]]) -> float:
    found = explain(str(row["text"])).causes
    wanted = row["causes"]
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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["text"])[:40])
def test_nothing_is_wrongly_proven(row: dict[str, list[str]]) -> None:
    assert mark(row) >= 0


@pytest.mark.parametrize("row", ROWS[::4], ids=lambda row: str(row["text"])[:40])
def test_a_text_that_is_cut_off_raises_nothing(row: dict[str, list[str]]) -> None:
    text = str(row["text"])
    for part in (text[: len(text) // 2], text[len(text) // 3 :], text[::-1]):
        assert len(explain(part).causes) <= 5
