"""The catalogue is whole: every code can be produced, every sentence can be filled."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from importlib import resources
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

import msgspec
import pytest

import clearline.core
from all_rows import all_rows
from clearline.core.diagnosis.catalogue import HOP_FAMILIES, Cause, blanks_of, causes, finding, listed
from clearline.core.diagnosis.texts import rows
from clearline.core.findings import Certainty, Severity, Stage

CORE = Path(clearline.core.__file__).parent


def strings(constant: object) -> Iterator[str]:
    """All strings of a compiled module, docstrings included (no docstring is a bare code)."""
    match constant:
        case str():
            yield constant
        case CodeType():
            yield from strings(constant.co_consts)
        case tuple() | frozenset():
            for one in constant:
                yield from strings(one)


def compiled(path: Path) -> CodeType | None:
    """A module as Python keeps it: parsing each of them again would take seconds."""
    return SourceFileLoader(path.stem, str(path)).get_code(path.stem)


@functools.cache
def named_codes() -> set[str]:
    return set().union(*(strings(compiled(path)) for path in CORE.rglob("*.py")))


def keywords_of_finding_calls() -> dict[str, list[set[str] | None]]:
    """For each literal ``finding("code", …)``: its keywords, or None where ``fill`` or a partial brings some."""
    calls: dict[str, list[set[str] | None]] = defaultdict(list)
    for path in (*(CORE / "diagnosis" / "rules").glob("*.py"), CORE / "watch" / "findings.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "finding"):
                continue
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                names = {k.arg for k in node.keywords}
                open_ended = None in names or "fill" in names
                calls[first.value].append(None if open_ended else {n for n in names if n})
    return calls


def test_all_causes_load() -> None:
    assert len(causes()) > 200


def test_every_code_belongs_to_a_stage_or_to_this_computer_or_to_the_pool() -> None:
    stages = {s.value for s in Stage} | {"env", "pool"} | HOP_FAMILIES
    assert {code.partition(".")[0] for code in causes()} <= stages


def test_every_code_is_named_in_the_product() -> None:
    assert set(causes()) - named_codes() == set()


def test_no_code_is_named_that_the_catalogue_lacks() -> None:
    prefixes = "|".join({code.partition(".")[0] for code in causes()})
    shape = re.compile(rf"(?:{prefixes})\.[a-z0-9]+(?:-[a-z0-9]+)+")
    assert {s for s in named_codes() if shape.fullmatch(s)} <= set(causes()) | set(rows())


@all_rows("code", sorted(causes()))
def test_every_sentence_can_be_filled(code: str) -> None:
    cause = causes()[code]
    stage = Stage.TCP if code.startswith(("env.", "pool.")) else None
    blanks = {name: f"<{name}>" for name in blanks_of(cause)}
    assert all(name.isidentifier() for name in blanks)
    found = finding(code, Certainty.PROVEN, stage=stage, fill=blanks)
    texts = (found.summary, found.detail, found.remedies[0].text)
    assert not any("{" in text or "}" in text for text in texts)
    assert all(text.strip() == text and text for text in texts)
    assert found.summary.endswith((".", ">"))
    for blank in blanks.values():
        assert any(blank in text for text in texts)


def test_every_literal_call_fills_the_blanks() -> None:
    unfilled = {
        code: blanks_of(causes()[code]) - keywords
        for code, calls in keywords_of_finding_calls().items()
        for keywords in calls
        if keywords is not None and not blanks_of(causes()[code]) <= keywords
    }
    assert unfilled == {}


def test_an_unfilled_blank_and_an_unknown_code_are_bugs() -> None:
    with pytest.raises(KeyError):
        finding("dns.host-not-found", Certainty.PROVEN)
    with pytest.raises(KeyError):
        finding("dns.no-such-cause", Certainty.PROVEN)


def test_a_finding_takes_stage_and_severity_from_its_cause_unless_told_otherwise() -> None:
    usual = finding("dns.host-not-found", Certainty.PROVEN, host="db1")
    mild = finding("dns.host-not-found", Certainty.PROVEN, host="db1", severity=Severity.NOTE, stage=Stage.TCP)
    assert (usual.stage, usual.severity) == (Stage.DNS, Severity.FAILURE)
    assert (mild.stage, mild.severity) == (Stage.TCP, Severity.NOTE)


def test_a_detail_follows_the_meaning() -> None:
    plain = finding("dns.host-not-found", Certainty.PROVEN, host="db1")
    more = finding("dns.host-not-found", Certainty.PROVEN, host="db1", detail="More.")
    assert more.detail == f"{plain.detail} More."


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ((), "none"),
        (("a",), "a"),
        (("a", "b"), "a and b"),
        (("a", "b", "c"), "a, b and c"),
        (("a", "b", "c", "d", "e", "f"), "a, b, c, d and 2 more"),
    ],
)
def test_names_are_listed_as_sentences_have_them(names: tuple[str, ...], sentence: str) -> None:
    assert listed(names) == sentence


def test_the_rows_read_one_by_one_are_those_of_the_whole_file() -> None:
    text = resources.files("clearline.core.diagnosis").joinpath("causes.toml").read_text(encoding="utf-8")
    whole = {f"{stage}.{name}": row for stage, rows in tomllib.loads(text).items() for name, row in rows.items()}
    assert list(causes()) == list(whole)
    assert {code: msgspec.convert(row, Cause) for code, row in whole.items()} == dict(causes())
