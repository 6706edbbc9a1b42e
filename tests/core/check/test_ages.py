"""Servers of every age are what the compatibility page says of them."""

from __future__ import annotations

import pytest

from clearline.paths import resource
from lab.ages import AGES, COLUMNS, Age, page, row, tried
from lab.certificates import Authority


def _id(age: Age) -> str:
    return age.name


@pytest.mark.parametrize("age", AGES, ids=_id)
def test_a_server_is_as_the_compatibility_page_says(age: Age, authority: Authority) -> None:
    if not age.is_here:
        pytest.skip(f"{age.name} is not here: python3 packaging/dev.py test fetches it where it runs")
    line = row(age.name, tried(age, authority))
    shipped = resource("compatibility.md").read_text(encoding="utf-8").splitlines()
    assert line in shipped, f"{line}\nis not in the page: python3 packaging/dev.py docs writes it"


def test_the_page_has_a_row_for_each_server_and_nothing_else() -> None:
    shipped = resource("compatibility.md").read_text(encoding="utf-8")
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in shipped.splitlines() if line.startswith("| ")}
    assert list(rows)[1:] == [age.name for age in AGES]
    cells = {age.name: dict(zip(COLUMNS, rows[age.name].strip("| ").split(" | ")[1:], strict=True)) for age in AGES}
    assert page(cells) == shipped
