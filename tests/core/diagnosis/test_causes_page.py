"""The pages about causes are made from the catalogue and never fall behind it."""

from __future__ import annotations

import re

from clearline.core.diagnosis.catalogue import causes, finding
from clearline.core.diagnosis.causes_page import page_of, pages
from clearline.core.findings import Certainty
from clearline.paths import resource


def test_the_pages_that_ship_are_those_that_the_catalogue_gives() -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in resource("causes").iterdir()}
    assert shipped == pages(), "write them again: python -m clearline.core.diagnosis.causes_page"


def test_every_cause_has_its_page_without_open_blanks_or_dead_links() -> None:
    written = pages()
    assert {f"{code}.md" for code in causes()} < set(written)
    for code in causes():
        assert "{" not in written[f"{code}.md"].partition("## What programs print")[0]
        assert f"]({code}.md)" in written["index.md"]
    linked = {name for text in written.values() for name in re.findall(r"\]\(([\w.\-]+\.md)\)", text)}
    assert linked <= set(written)


def test_a_finding_names_its_page() -> None:
    found = finding("tcp.refused", Certainty.LIKELY, host="db1", port=27017)
    assert found.page == page_of("tcp.refused") == "causes/tcp.refused.md"


def test_a_text_that_lives_in_many_places_is_mended_in_each() -> None:
    page = pages()["uri.unescaped-credentials.md"]
    for place in ("shell", ".env", "Compose", "Helm", "JSON", "Kubernetes secret", "variable"):
        assert place in page.partition("## Where the text lives")[2].partition("##")[0]
    assert "## Where the text lives" not in pages()["tcp.refused.md"]
