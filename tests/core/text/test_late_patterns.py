from __future__ import annotations

import re
from importlib import import_module
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clearline.core.secrets.references import is_reference
from clearline.core.text.late_patterns import _Rare, late
from clearline.core.uri.unset import _TEXTS, unset
from examples import examples

ROOMS = ("secrets.redaction", "secrets.references", "uri.parts", "uri.surroundings", "uri.hosts", "uri.lint")


def rare() -> list[_Rare]:
    """All patterns of the rooms that say what they need."""
    found = []
    for room in (*ROOMS, "uri.lint_hosts"):
        for value in vars(import_module(f"clearline.core.{room}")).values():
            found += [one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, _Rare)]
    return list({one.pattern: one for one in found}.values())


def test_a_late_pattern_does_what_the_compiled_one_does() -> None:
    pattern = late(r"(\d+)-(?P<word>\w+)", re.IGNORECASE)
    for _ in range(2):
        assert pattern.fullmatch("12-Ab")["word"] == "Ab"
        assert pattern.findall("1-a 2-b") == [("1", "a"), ("2", "b")]
        assert pattern.sub("x", "1-a 2") == "x 2"
    assert pattern.flags == re.compile("", re.IGNORECASE).flags


def test_a_pattern_that_is_wrong_raises_at_its_first_use() -> None:
    wrong = late("(")
    with pytest.raises(re.error):
        wrong.search("")


def test_a_pattern_is_not_compiled_for_a_text_without_what_it_needs() -> None:
    wrong = late("(", needs=("@",))
    assert wrong.search("db1") is wrong.match("db1") is wrong.fullmatch("db1") is None
    assert (list(wrong.finditer("db1")), wrong.findall("db1"), wrong.sub("", "db1")) == ([], [], "db1")
    with pytest.raises(re.error):
        wrong.search("user@db1")


def test_letters_of_another_alphabet_are_letters_too() -> None:
    assert late("(?i)secret", needs=("secret",)).search("ſecret") is not None


@examples(50)
@given(st.data())
def test_whatever_matches_has_what_its_pattern_needs(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(rare()))
    text = data.draw(st.from_regex(re.compile(pattern.pattern, pattern.flags)))
    assert pattern.search(text) is not None


@examples(50)
@given(st.sampled_from(_TEXTS).flatmap(lambda row: st.from_regex(re.compile(row[0], row[1]), fullmatch=True)))
def test_a_text_of_a_program_is_known_whatever_it_looks_like(text: str) -> None:
    assume(text == unquote(text).strip() and not is_reference(text))
    assert unset(text) is not None
