"""Texts that were made to be slow: what they cost grows as they do, and no faster."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from clearline.core.explain.brackets import named_brackets
from clearline.core.explain.record import Record
from clearline.core.explain.rules import address, logs
from clearline.core.secrets.redaction import redact

SIZE = 5_000
TIMES = 8
"""By so much a text is made longer; one whose cost is the square of its length costs 64 times as much."""
MARGIN = 3


def cost_s(work: Callable[[str], object], text: str) -> float:
    """Of the processor, at the quickest."""

    def once() -> float:
        began = time.process_time()
        work(text)
        return time.process_time() - began

    return min(once() for _ in range(4))


@pytest.mark.parametrize(
    ("work", "repeated", "before", "behind"),
    [
        (redact, "\\", "", "@host.example.com/"),
        (redact, "\\/", "", "@host.example.com/"),
        (address._TEMPLATE.search, "mongodb://", "", ""),
        (lambda text: [*address.address_text(Record(), text)], ":", "mongodb://", ""),
        (lambda text: [*logs._ended(text)], "Ports are not available:", "", ""),
        (lambda text: [*logs._ended(text)], "err", "", ""),
    ],
)
def test_the_cost_grows_as_the_text_does(
    work: Callable[[str], object], repeated: str, before: str, behind: str
) -> None:
    def text(size: int) -> str:
        return before + repeated * (size // len(repeated)) + behind

    work(text(100))  # patterns are compiled at their first use
    small, large = cost_s(work, text(SIZE)), cost_s(work, text(TIMES * SIZE))
    assert large < MARGIN * TIMES * max(small, 0.0005)


@pytest.mark.parametrize(
    ("work", "word"),
    [
        (lambda text: [*logs._ended(text)], "mongo "),
        (lambda text: [*logs._ended(text)], "OOMKilled "),
        (lambda text: [*logs._ended(text)], "MongoDB "),
        (lambda text: [*logs._ended(text)], "Error 1067 "),
        (address._NO_VARIABLE.search, "_MONGO"),
    ],
)
def test_the_half_of_a_sign_costs_no_more_than_other_words(work: Callable[[str], object], word: str) -> None:
    other = "hello "[: len(word)].ljust(len(word))
    work(word)
    assert cost_s(work, word * SIZE) < 4 * cost_s(work, other * SIZE)


def test_brackets_that_never_close_are_not_read_to_the_end_each() -> None:
    text = "type: {" * SIZE
    assert sum(len(body) for _, body in named_brackets(text, "type: ")) < 6 * len(text)


@pytest.mark.parametrize("far", [True, False])
@pytest.mark.parametrize("words", ["Pod mongo-0 {} OOMKilled", "Reason: OOMKilled {} of mongo-0"])
def test_a_server_that_the_system_has_ended_is_named_where_both_stand_together(words: str, *, far: bool) -> None:
    text = words.format("x " * (2000 if far else 10))
    assert ["server.does-not-start" for _ in logs._ended(text)] == ([] if far else ["server.does-not-start"])


def test_what_stands_in_two_logs_is_not_put_together() -> None:
    assert not [*logs._ended("Pod mongo-0\0Reason: OOMKilled")]
