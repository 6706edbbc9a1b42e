"""The report in a terminal: the reason first, aligned, inside its width, readable without colours or Unicode."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearline.cli.report_text import render, terminal_width, unicode_fits
from clearline.cli.text_grid import columns, grid, shown
from clearline.core.findings import SERVER_STAGES, Certainty, Finding, Remedy, Severity, Stage
from clearline.core.report.report import (
    Cell,
    Computer,
    Deployment,
    DriverResult,
    Identity,
    Latency,
    Report,
    ServerResult,
    StageResult,
    Status,
    SystemProxyResult,
    Target,
    Verdict,
)

WRONG_PASSWORD = Finding(
    cause="auth.wrong-password",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.AUTH,
    server="db1.example.com:27017",
    summary="The password of user app is wrong.",
    detail="Server db1.example.com:27017 knows user app in database admin (it offers SCRAM-SHA-256 for it) and refused"
    " the proof that PyMongo made from the password.",
    remedies=(Remedy(text="Type the password again.", action="ask-password"), Remedy(text="Use authSource=admin.")),
    evidence={"code": 18},
)
OLD_SERVER = Finding(
    cause="hello.old-server",
    severity=Severity.WARNING,
    certainty=Certainty.LIKELY,
    stage=Stage.HELLO,
    summary="The server is old.",
)
MANY_HOSTS = Finding(
    cause="uri.many-hosts",
    severity=Severity.NOTE,
    certainty=Certainty.POSSIBLE,
    stage=Stage.URI,
    summary="Nine seeds are more than needed.",
)


def _server(number: int, *, failed_at: Stage | None = None, note: str = "refused") -> ServerResult:
    cells: dict[str, Cell] = {}
    reached = True
    for stage in SERVER_STAGES:
        if stage is failed_at:
            cells[stage.value] = Cell(status=Status.FAILED, elapsed_ms=0.4, note=note)
            reached = False
        else:
            elapsed_ms = 1.25 * number if reached else None
            cells[stage.value] = Cell(status=Status.PASSED if reached else Status.SKIPPED, elapsed_ms=elapsed_ms)
    return ServerResult(
        address=f"db{number}.example.com:27017",
        seed=True,
        advertised=True,
        role="primary" if number == 1 else "secondary",
        rtt_ms=Latency(min=1.0, median=1.4, max=3.0) if failed_at is None else None,
        cells=cells,
    )


def _report(
    verdict: Verdict | None, *, servers: tuple[ServerResult, ...], findings: tuple[Finding, ...] = ()
) -> Report:
    return Report(
        app_version="0.1.0",
        started="2026-11-22T10:15:00.123Z",
        elapsed_ms=1231.4,
        verdict_ms=84.0,
        target=Target(
            profile="Orders (staging)", uri="mongodb://app:***@db1.example.com,db2.example.com/orders?replicaSet=rs0"
        ),
        verdict=verdict,
        findings=findings,
        stages=(StageResult(stage=Stage.DNS, status=Status.PASSED, elapsed_ms=12.1),),
        servers=servers,
        deployment=Deployment(
            kind="replica set", product="MongoDB", version="7.0.5", set_name="rs0", primary="db1.example.com:27017"
        ),
        identity=Identity(
            user="app@admin", mechanism="SCRAM-SHA-256", roles=("readWrite@orders",), databases=("orders",)
        ),
        driver=DriverResult(name="pymongo", version="4.20.0"),
    )


FAILED = _report(
    Verdict.FAILED, servers=(_server(1, failed_at=Stage.AUTH, note="code 18"),), findings=(WRONG_PASSWORD,)
)
NINE = _report(
    Verdict.CONNECTED,
    servers=(*(_server(number) for number in range(1, 9)), _server(9, failed_at=Stage.TCP)),
    findings=(MANY_HOSTS, OLD_SERVER),
)


def _plain(report: Report, width: int = 100, **options: bool) -> str:
    return render(report, colour=False, width=width, **options)


def test_the_verdict_comes_first_and_then_its_reason() -> None:
    lines = _plain(FAILED).splitlines()
    assert lines[0] == "✖ Failed in 84 ms  Orders (staging)"
    assert lines[1].strip() == FAILED.target.uri
    assert lines[2:4] == ["", "The password of user app is wrong."]
    text = _plain(FAILED)
    assert "  → Type the password again.\n  → Use authSource=admin.\n" in text
    assert "  proven · auth.wrong-password · db1.example.com:27017\n" in text
    assert not text.endswith("\n")


def test_a_good_check_says_connected_and_who_is_logged_in_where() -> None:
    lines = _plain(NINE).splitlines()
    assert lines[0].startswith("✔ Connected in 84 ms")
    assert "deployment    replica set rs0 · MongoDB 7.0.5 · primary db1.example.com:27017" in lines
    assert "logged in as  app@admin (SCRAM-SHA-256) · roles readWrite@orders · databases orders" in lines
    assert "driver        pymongo 4.20.0" in lines
    assert "timings       dns 12 · 1.2 s in all" in lines


@pytest.mark.parametrize(("report", "count"), [(FAILED, 1), (NINE, 9)])
def test_every_server_has_one_row_and_the_columns_are_aligned(report: Report, count: int) -> None:
    lines = _plain(report).splitlines()
    [head] = [line for line in lines if line.lstrip().startswith("server")]
    rows = [line for line in lines if re.match(r"  db\d\.example\.com:27017  ", line)]
    assert len(rows) == count
    for stage in SERVER_STAGES:
        column = head.index(stage.value)
        assert {row[column] for row in rows if len(row) > column} <= set("✔✖–!")
        assert all(row[column - 1] == " " for row in rows if len(row) > column)


def test_a_failed_cell_says_why_in_a_few_words() -> None:
    [row] = [line for line in _plain(NINE).splitlines() if "db9" in line]
    assert "✖ refused" in row
    assert row.count("–") == 4


def test_warnings_come_before_notes_and_after_the_matrix() -> None:
    text = _plain(NINE)
    assert text.index("db9.example.com") < text.index("! Warning: The server is old.")
    assert text.index("! Warning:") < text.index("· Note: Nine seeds")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("report", [FAILED, NINE])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_terminal(report: Report, width: int, unicode: bool) -> None:
    lines = _plain(report, width=width, unicode=unicode).splitlines()
    too_wide = [line for line in lines if columns(line) > width]
    assert all(len(line.split()) == 1 for line in too_wide), too_wide  # one long word, such as an address


def test_an_address_longer_than_a_line_stays_whole() -> None:
    assert f"  {FAILED.target.uri}\n" in _plain(FAILED, width=40)


def test_a_terminal_too_narrow_for_the_matrix_gets_one_block_for_each_server() -> None:
    text = _plain(NINE, width=50)
    assert "  db9.example.com:27017 secondary\n    dns ✔ 11  tcp ✖ refused  tls –" in text


def test_without_unicode_there_are_words() -> None:
    text = _plain(FAILED, unicode=False)
    assert text.isascii()
    assert text.startswith("[FAIL] Failed in 84 ms")
    assert "FAIL code 18" in text
    assert "  -> Type the password again." in text
    assert _plain(NINE, unicode=False).isascii()


def test_colours_only_repeat_what_marks_and_words_say() -> None:
    coloured = render(NINE, colour=True, width=100)
    assert "\x1b[31m✖\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == _plain(NINE)
    assert "\x1b" not in _plain(NINE)


def test_a_check_that_was_stopped_or_still_runs_says_so() -> None:
    empty = _report(Verdict.CANCELLED, servers=())
    assert _plain(empty).startswith("– Stopped")
    assert _plain(msgspec.structs.replace(empty, verdict=None, verdict_ms=None)).startswith("… Not finished  Orders")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (SystemProxyResult(source="GNOME", proxy="http://gate:3128"), "proxy http://gate:3128 in GNOME's settings"),
        (SystemProxyResult(script="http://wpad"), "proxy script http://wpad in the system's settings"),
    ],
)
def test_a_proxy_that_only_browsers_use_is_told_where_the_check_failed(settings: SystemProxyResult, told: str) -> None:
    around = Computer(system="Linux", system_proxy=settings)
    assert f"checked from  {told}" in _plain(msgspec.structs.replace(FAILED, computer=around))
    assert told not in _plain(msgspec.structs.replace(NINE, computer=around))


def test_what_the_driver_raised_is_told() -> None:
    driver = DriverResult(name="pymongo", version="4.20.0", exception="pymongo.errors.OperationFailure", message="No.")
    assert "pymongo 4.20.0 · pymongo.errors.OperationFailure: No." in _plain(
        msgspec.structs.replace(FAILED, driver=driver)
    )


def test_a_server_cannot_steer_the_terminal() -> None:
    evil = msgspec.structs.replace(WRONG_PASSWORD, summary="a\x1b[2Jb\rc\u202ed\x07")
    text = _plain(msgspec.structs.replace(FAILED, findings=(evil,)))
    assert not set(text) & set("\x1b\r\x07\u202e")
    assert shown("a\x1b[2Jb\n  c") == "a\N{REPLACEMENT CHARACTER}[2Jb c"


@given(st.text(), st.text())
def test_any_text_can_be_rendered(summary: str, address: str) -> None:
    finding = msgspec.structs.replace(WRONG_PASSWORD, summary=summary, detail=address)
    server = msgspec.structs.replace(_server(1), address=address)
    text = _plain(_report(Verdict.FAILED, servers=(server,), findings=(finding,)))
    assert "\x1b" not in text


def test_wide_characters_keep_the_columns() -> None:
    assert grid([["name", "x"], ["数据库", "1"], ["db", "2"]], 40) == ["name    x", "数据库  1", "db      2"]


@pytest.mark.parametrize(
    ("encoding", "fits"), [("utf-8", True), ("ascii", False), ("cp1252", False), (None, False), ("no-such", False)]
)
def test_the_encoding_of_the_stream_decides_about_the_marks(encoding: str | None, fits: bool) -> None:
    assert unicode_fits(encoding) is fits


def test_the_width_is_that_of_the_terminal_up_to_what_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal, used in ((80, 80), (300, 120)):
        monkeypatch.setenv("COLUMNS", str(terminal))
        assert terminal_width() == used
