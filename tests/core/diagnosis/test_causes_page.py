"""The pages about causes are made from the catalogue and never fall behind it."""

from __future__ import annotations

import re
from functools import cache

import pytest

from all_rows import all_rows
from clearline.core.diagnosis.catalogue import causes, finding
from clearline.core.diagnosis.causes_page import page_of, pages
from clearline.core.diagnosis.where_values_live import TABLE, kinds_of, options_in
from clearline.core.findings import Certainty
from clearline.paths import resource


@cache
def written() -> dict[str, str]:
    """All the pages; making them takes longer than all that is asked of them here."""
    return pages()


def test_the_pages_that_ship_are_those_that_the_catalogue_gives() -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in resource("causes").iterdir()}
    assert shipped == written(), "write them again: python -m clearline.core.diagnosis.causes_page"


def test_every_cause_has_its_page_without_open_blanks_or_dead_links() -> None:
    files = written()
    assert {f"{code}.md" for code in causes()} < set(files)
    for code in causes():
        assert "{" not in files[f"{code}.md"].partition("## What programs print")[0]
        assert f"]({code}.md)" in files["index.md"]
    linked = {name for text in files.values() for name in re.findall(r"\]\(([\w.\-]+\.md)\)", text)}
    assert linked <= set(files)


def test_a_finding_names_its_page() -> None:
    found = finding("tcp.refused", Certainty.LIKELY, host="db1", port=27017)
    assert found.page == page_of("tcp.refused") == "causes/tcp.refused.md"


def section(code: str, title: str) -> str:
    return written()[f"{code}.md"].partition(f"## {title}")[2].partition("##")[0]


def test_a_text_that_lives_in_many_places_is_mended_in_each() -> None:
    text = section("uri.unescaped-credentials", "Where the text lives")
    for place in ("shell", ".env", "Compose", "Helm", "JSON", "Spring"):
        assert place in text
    for place in ("connection string", "Kubernetes secret", "variable", "program"):
        assert place in section("auth.wrong-password", "Where user name and password live")
    assert "Where the text lives" not in written()["tcp.refused.md"]


PLACES = ("connection string", "shell", ".env", "Compose", "Kubernetes", "Spring", "program")


@pytest.mark.parametrize(
    ("code", "title", "words"),
    [
        ("auth.wrong-authsource", "Where the option lives", "--authenticationDatabase"),
        ("topology.wrong-set-name", "Where the option lives", "`replicaSet=VALUE`"),
        ("topology.internal-names", "Where the option lives", "`directConnection=true`"),
        ("tls.unknown-ca", "Where the file lives", "tlsCAFile=/etc/mongo/file.pem"),
        ("files.not-found", "Where the file lives", "mountPath"),
        ("dns.short-name", "Where the host's name lives", "SERVICE.NAMESPACE.svc"),
        ("tcp.refused", "Where the host's name lives", "published port"),
    ],
)
def test_each_kind_of_value_is_told_of_in_each_place(code: str, title: str, words: str) -> None:
    text = section(code, title)
    assert words in text
    assert [place for place in PLACES if place not in text] == []


@all_rows("code", [code for code in causes() if code.partition(".")[0] in ("tls", "topology", "auth")])
def test_an_option_in_the_advice_is_one_that_the_page_places(code: str) -> None:
    kinds = kinds_of(code, causes()[code])
    for name in options_in(causes()[code].fix)[:1]:
        assert name in kinds.values()
        assert name in written()[f"{code}.md"].partition("## Where")[2]


def test_every_row_of_the_table_is_shown_somewhere() -> None:
    shown = "".join(written().values())
    for place, row in TABLE.items():
        for kind in row:
            assert f"- {place}: {row[kind].partition('{')[0]}" in shown


def test_no_blank_is_left() -> None:
    assert not any(blank in text for text in written().values() for blank in ("{example}", "{flag}", "{keyword}"))
