"""A report pasted into a ticket says what the window said, and survives Markdown."""

from __future__ import annotations

import msgspec

from clearline.core.findings import Certainty, Finding, Remedy, Severity, Stage
from clearline.core.report.html import to_html
from clearline.core.report.markdown import ticket, to_markdown
from clearline.core.report.network_note import network_note
from clearline.core.report.report import Cell, DriverResult, Report, ServerResult, Status, Target, Verdict

FINDING = Finding(
    cause="tcp.refused",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.TCP,
    server="db1:27017",
    summary="Nothing listens on db1:27017.",
    detail="The computer answered that the port <27017> is *closed*.",
    remedies=(Remedy(text="Start mongod."),),
    evidence={"errno": 111, "addresses": ["10.0.0.5", "10.0.0.6"]},
)
REPORT = Report(
    app_version="0.1.0",
    started="2026-11-22T10:15:00Z",
    elapsed_ms=20.0,
    verdict_ms=8.0,
    target=Target(profile="Orders_prod", uri="mongodb://app:***@db1/"),
    verdict=Verdict.FAILED,
    findings=(FINDING,),
    servers=(
        ServerResult(
            address="db1:27017",
            seed=True,
            advertised=False,
            cells={"tcp": Cell(status=Status.FAILED, elapsed_ms=0.52, note="a|b")},
        ),
    ),
    effective={"tls": False, "compressors": ["zstd"]},
    driver=DriverResult(name="pymongo", version="4.20.0", exception="pymongo.errors.AutoReconnect", message="refused"),
)


def test_the_markdown_tells_verdict_reason_proof_and_driver() -> None:
    text = to_markdown(REPORT)
    lines = text.splitlines()
    assert lines[0] == r"## Failed: Orders\_prod"
    assert "`mongodb://app:***@db1/`" in lines
    assert "**Nothing listens on db1:27017.**" in lines
    assert r"The computer answered that the port \<27017\> is \*closed\*." in lines
    assert "- Start mongod." in lines
    assert "proven, `tcp.refused`, `db1:27017`" in lines
    assert "- addresses: `10.0.0.5, 10.0.0.6`" in lines
    assert "- Options in force: `tls=False`, `compressors=zstd`" in lines
    assert "- It raised `pymongo.errors.AutoReconnect`: refused" in lines


def test_a_note_with_a_bar_does_not_break_the_table() -> None:
    rows = [line for line in to_markdown(REPORT).splitlines() if line.startswith("|")]
    assert rows[0] == "| server | role | dns | tcp | tls | hello | auth | access |"
    assert rows[2] == r"| `db1:27017` |  | – | ✖ 0.5 ms a\|b | – | – | – | – |"


def test_other_findings_name_their_severity() -> None:
    warning = msgspec.structs.replace(FINDING, severity=Severity.WARNING, evidence={})
    assert "**Warning: Nothing listens on db1:27017.**" in to_markdown(
        msgspec.structs.replace(REPORT, findings=(FINDING, warning))
    )


def test_a_ticket_has_the_verdict_the_cause_the_proof_and_where_it_was_seen() -> None:
    lines = ticket(REPORT).splitlines()
    assert lines[0] == "**Failed: Nothing listens on db1:27017.**"
    assert "- Connection: `mongodb://app:***@db1/`" in lines
    assert "- Cause: `tcp.refused` (proven, `db1:27017`)" in lines
    [proof] = [line for line in lines if line.startswith("- Proof: ")]
    assert "errno `111`" in proof
    assert "10.0.0.6" in proof
    assert "- Fix: Start mongod." in lines
    assert lines[-1] == "- Seen 2026-11-22T10:15:00Z with Clearline 0.1.0, pymongo 4.20.0"
    assert len(lines) <= 12


def test_a_ticket_of_a_good_check_is_short() -> None:
    good = msgspec.structs.replace(REPORT, verdict=Verdict.CONNECTED, findings=(), servers=())
    assert ticket(good).splitlines()[0] == "**Connected: Orders\\_prod**"


STEERING = "a\x1b]52;c;cm0gLXJm\x07\r\u202eb\u2066c\x9b2Jd"


def test_no_text_steers_the_terminal_or_the_eye_of_who_pastes_it() -> None:
    evil = msgspec.json.encode(REPORT).replace(b"tcp.refused", b"tcp.refused\\u001b[2J\\u202e")
    told = msgspec.json.decode(evil, type=Report)
    driver = DriverResult(name=STEERING, version=STEERING, exception=STEERING, message=STEERING)
    told = msgspec.structs.replace(told, driver=driver, target=Target(profile=STEERING, uri=STEERING))
    for text in (to_markdown(told), ticket(told), to_html(told), network_note(told, told.findings[0])):
        assert text.replace("\n", "").replace("\t", "").isprintable()
