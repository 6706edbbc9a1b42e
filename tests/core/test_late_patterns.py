from __future__ import annotations

import re

import pytest

from clearline.core.late_patterns import late


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
