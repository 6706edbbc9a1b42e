"""The page about all causes is made from the catalogue and never falls behind it."""

from __future__ import annotations

from clearline.core.diagnosis.catalogue import causes
from clearline.core.diagnosis.causes_page import causes_page
from clearline.paths import resource


def test_the_page_that_ships_is_the_one_that_the_catalogue_gives() -> None:
    shipped = resource("causes.md").read_text(encoding="utf-8")
    assert shipped == causes_page(), "write it again: python -m clearline.core.diagnosis.causes_page"


def test_every_cause_has_its_paragraph_without_open_blanks() -> None:
    page = causes_page()
    assert all(f"### `{code}`" in page for code in causes())
    assert "{" not in page
