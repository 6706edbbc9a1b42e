"""The exported page says what the report says, needs nothing from outside, and lets no text become markup."""

from __future__ import annotations

from html.parser import HTMLParser

import msgspec
import pytest

from clearline.core.findings import Certainty, Finding, Remedy, Severity, Stage
from clearline.core.report.html import to_html
from clearline.core.report.marks import MARKS
from clearline.core.report.report import (
    Cell,
    ChainEntry,
    Deployment,
    DriverResult,
    Identity,
    Latency,
    Report,
    ServerResult,
    Status,
    Target,
    TlsSummary,
    Verdict,
)
from lab import hand_made_reports

EVIL = "<script>alert(1)</script>\"'&<img src=x onerror=1>"
_VOID = {"meta", "br", "img", "link"}


class Page(HTMLParser):
    """Every element, its attributes and texts; raises when the tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data


def report(text: str = "db1", verdict: Verdict | None = Verdict.FAILED) -> Report:
    """A report with a text in every place that has one."""
    finding = Finding(
        cause=f"tcp.{text}",
        severity=Severity.FAILURE,
        certainty=Certainty.PROVEN,
        stage=Stage.TCP,
        server=text,
        summary=f"Nothing listens on {text}.",
        detail=f"Detail {text}",
        remedies=(Remedy(text=f"Start {text}."),),
        evidence={f"key {text}": [text, {"deep": text}]},
    )
    return Report(
        app_version=text,
        started=f"2026-11-22 {text}",
        elapsed_ms=20.0,
        verdict_ms=8.0,
        target=Target(profile=f"Orders {text}", uri=f"mongodb://app:***@{text}/"),
        verdict=verdict,
        findings=(finding,),
        servers=(
            ServerResult(
                address=text,
                seed=True,
                advertised=True,
                role=text,
                rtt_ms=Latency(min=1, median=1.4, max=3),
                cells={"tcp": Cell(status=Status.FAILED, elapsed_ms=0.5, note=text)},
                tls=TlsSummary(
                    version=text, cipher=text, chain=(ChainEntry(subject=text, issuer=text, not_after=text),)
                ),
            ),
        ),
        deployment=Deployment(kind=text, product=text, version=text, edition=text, set_name=text, primary=text),
        identity=Identity(user=text, mechanism=text, roles=(text,), databases=(text,)),
        effective={text: text},
        driver=DriverResult(name=text, version=text, exception=text, message=text),
    )


def test_the_page_says_verdict_reason_proof_servers_and_driver() -> None:
    said = " ".join(Page(to_html(report())).text.split())
    for words in (
        "Failed: Orders db1",
        "mongodb://app:***@db1/",
        "Failure: Nothing listens on db1.",
        "Detail db1",
        "Start db1.",
        "tcp, proven",
        "0.5 ms",
        "1.4 ms",
        "verdict after 8 ms, 20 ms in all",
    ):
        assert words in said


def test_no_text_of_a_report_becomes_markup() -> None:
    harmless, evil = Page(to_html(report())), Page(to_html(report(EVIL)))
    assert evil.tags == harmless.tags
    assert [name for name, _ in evil.attributes] == [name for name, _ in harmless.attributes]
    assert EVIL in evil.text


def test_the_page_needs_nothing_from_outside_and_runs_nothing() -> None:
    page = Page(to_html(report()))
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name in ("src", "href") or name.startswith("on")]
    assert "url(" not in to_html(report())
    assert "@import" not in to_html(report())


def test_the_page_follows_light_dark_and_paper() -> None:
    for query in ("prefers-color-scheme: dark", "@media print"):
        assert query in to_html(report())


@pytest.mark.parametrize("verdict", [*Verdict, None])
def test_every_verdict_has_a_page(verdict: Verdict | None) -> None:
    word = MARKS[verdict].word
    assert f"{word}: Orders" in Page(to_html(report(verdict=verdict))).text


def test_an_empty_report_has_a_page() -> None:
    bare = hand_made_reports.report()
    assert "mongodb://db1/" in Page(to_html(bare)).text
    assert to_html(msgspec.structs.replace(bare, verdict=Verdict.CONNECTED)).startswith("<!DOCTYPE html>")
