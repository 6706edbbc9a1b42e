from __future__ import annotations

from pathlib import Path

import pytest

from all_rows import all_rows
from lab import peers
from uses import marks_behind

JUDGED: list[int] = []


@all_rows("name, number", [("one", 1), ("two", 2), pytest.param("three", 3, id="the third")])
def test_a_row_comes_with_its_values_and_with_fixtures(tmp_path: Path, name: str, number: int) -> None:
    assert tmp_path.is_dir()
    assert len(name) == (3, 3, 5)[number - 1]
    JUDGED.append(number)


def test_all_were_judged() -> None:
    test_a_row_comes_with_its_values_and_with_fixtures(tmp_path=Path())
    assert JUDGED[-3:] == [1, 2, 3]


def test_every_row_that_fails_is_told_and_none_is_left_out() -> None:
    judged: list[int] = []

    @all_rows("number", [1, 2, pytest.param(3, id="the third"), 4])
    def judge(number: int) -> None:
        judged.append(number)
        if number == 2:
            pytest.fail("not two")
        assert number != 3

    with pytest.raises(BaseExceptionGroup, match="2 of 4 rows failed") as raised:
        judge()
    assert judged == [1, 2, 3, 4]
    assert [one.__notes__ for one in raised.value.exceptions] == [
        ["This is the row (2,)"],
        ["This is the row the third"],
    ]


def test_without_rows_nothing_is_called_right() -> None:
    with pytest.raises(pytest.skip.Exception):
        all_rows("number", [])(lambda number: None)()


def test_what_a_row_names_marks_the_test() -> None:
    assert marks_behind(all_rows("peer", [peers.silent])(lambda peer: None)) == {"peer"}
    assert marks_behind(all_rows("number", [1])(lambda number: None)) == set()
