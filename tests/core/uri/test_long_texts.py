"""Texts of any length are read in the time that their length asks for, and repaired for good."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.secrets.redaction import redact
from clearline.core.uri.connection_string import LONGEST_TEXT, build, read
from examples import examples

UNITS = (
    "a", "@", ":", ",", "h,", "h:1,", "?", "/", "&", "a=b&", "u:p@", "%40", " ", "\n", "[::1],", "password=", "null,",
    "{", "<", "a@", "2024-01-01T00:00:00 ERROR pymongo: db1:27017: timed out password=x\n",
    '{"a": "b"},', "mongodb+srv:u:p@h ", "x y ",
)  # fmt: skip
TICK = 0.016 if sys.platform == "win32" else 1e-6
"""In what the system counts the processor's time, in seconds."""
BEGINNINGS = ("", "mongodb://", "mongodb://u:", "mongodb://h/?", 'mongosh "mongodb://h" ')


def long_text(beginning: str, unit: str, length: int) -> str:
    return (beginning + unit * length)[:length]


def seconds(text: str) -> float:
    """The processor's time for reading it."""
    began = time.process_time()
    read(text)
    return time.process_time() - began


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_text_that_no_program_could_be_given_is_not_read(beginning: str, unit: str) -> None:
    text = long_text(beginning, unit, 1_000_000)
    reading = read(text)
    assert [(m.cause, m.start, m.end) for m in reading.mistakes] == [("uri.too-long", 0, len(text))]
    assert (reading.text, reading.usable, reading.profile.seeds.hosts, reading.secrets) == (text, False, (), {})
    assert len(reading.facts.redacted) < 100


def test_a_million_characters_take_no_time() -> None:
    assert max(seconds(long_text(b, u, 1_000_000)) for u in UNITS for b in BEGINNINGS[:2]) < 0.3


@pytest.mark.parametrize("unit", UNITS)
def test_eight_times_the_text_takes_about_eight_times_as_long(unit: str) -> None:
    for beginning in ("", "mongodb://u:", "mongodb://h/?"):
        long = seconds(long_text(beginning, unit, 8_000))
        if long < 0.02:
            continue
        long = min(long, seconds(long_text(beginning, unit, 8_000)))
        short = min(seconds(long_text(beginning, unit, 1_000)) for _ in range(3))
        assert long < 0.02 or long / max(short, TICK) < 30, beginning  # 64 where the time grows with the square


def test_a_list_of_a_thousand_seeds_is_read_whole() -> None:
    hosts = tuple(f"shard-{n:05d}.cluster0.example.net:27017" for n in range(1000))
    reading = read("mongodb://" + ",".join(hosts))
    assert (reading.profile.seeds.hosts, reading.mistakes) == (hosts, ())
    assert len(reading.text) < LONGEST_TEXT


def test_credentials_one_after_another_are_masked_in_one_go() -> None:
    began = time.process_time()
    assert redact("u:p@" * 25_000 + "h") == "u:***@h"
    assert time.process_time() - began < 1


@examples(300)
@given(
    st.lists(
        st.sampled_from(
            [
                *"ab1:@/?&=%,;#[]{}$\\\"'<>\n\t ",
                "mongodb://",
                "mongodb+srv://",
                "[::1]",
                "::",
                "%40",
                "tls=true",
                "“",
                "-p ",
            ]
        )
    )
    | st.lists(st.text(max_size=4)),
    st.sampled_from(
        ["", "mongodb://", "mongodb://app:Pl4nted@", "mongodb://app:Pl4nted@h/?", "mongodb+srv://c.example.net/?"]
    ),
)
def test_a_repaired_text_stays_as_it_is(pieces: list[str], beginning: str) -> None:
    reading = read(beginning + "".join(pieces))
    repaired = reading.repaired
    assert read(repaired).repaired == repaired
    again = read(repaired)
    assert build(again.profile, again.secrets, show="plain") == repaired
