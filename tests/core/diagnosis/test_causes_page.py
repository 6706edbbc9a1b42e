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
    assert not [line for line in page.splitlines() if "{" in line and not line.startswith("- Printed by ")]


def test_the_page_lists_what_each_driver_prints() -> None:
    page = causes_page()
    section = page[page.index("### `auth.atlas-bad-auth`") :]
    assert "bad auth : Authentication failed" in section[: section.index("\n### ")]
    assert "### `app.client-not-connected`" in page
