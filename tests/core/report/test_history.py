"""Reports of checks are kept, few and small, without secrets, and the last verdict of all is known at a glance."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from clearline.core.check.check import check
from clearline.core.check.request import Request
from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.profiles.profile import Profile
from clearline.core.report import history
from clearline.core.report.history import History, Last
from clearline.core.report.masking import masked
from clearline.core.report.report import Cell, DriverResult, Report, ServerResult, Status, Target, Verdict
from clearline.core.secrets.secret import Secret
from clearline.core.uri.connection_string import read
from lab import deployments
from lab.deployment import Deployment

ORDERS = Profile(id="a1", name="Orders")
REFUSED = Finding(
    cause="tcp.refused",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.TCP,
    summary="Nothing listens on db1:27017.",
)


def report(second: int = 0, verdict: Verdict = Verdict.CONNECTED, uri: str = "mongodb://app:***@db1/") -> Report:
    return Report(
        app_version="0.1.0",
        started=f"2026-11-22T10:{second // 60:02}:{second % 60:02}.123Z",
        elapsed_ms=20.0,
        target=Target(profile="Orders", uri=uri),
        verdict=verdict,
        findings=(REFUSED,) if verdict is Verdict.FAILED else (),
        driver=DriverResult(name="pymongo", version="4.20.0"),
    )


def test_reports_come_back_newest_first_whatever_order_they_were_made_in(tmp_path: Path) -> None:
    kept = History(tmp_path / "history")
    for second in (2, 1, 3):
        kept.record(ORDERS, report(second))
    assert kept.reports("a1") == tuple(report(second) for second in (3, 2, 1))
    assert History(tmp_path / "history").reports("other") == ()


def test_the_last_verdict_of_each_profile_is_in_one_file(tmp_path: Path) -> None:
    kept = History(tmp_path)
    kept.record(ORDERS, report(1))
    kept.record(Profile(id="b2"), report(2))
    kept.record(ORDERS, report(3, Verdict.FAILED))
    assert kept.lasts() == {
        "a1": Last(verdict=Verdict.FAILED, started=report(3).started, cause="tcp.refused"),
        "b2": Last(verdict=Verdict.CONNECTED, started=report(2).started),
    }
    assert kept.last("a1") == kept.lasts()["a1"]
    assert kept.last("c3") is None


def test_fifty_are_kept_and_the_last_good_one_beyond_that(tmp_path: Path) -> None:
    kept = History(tmp_path)
    kept.record(ORDERS, report(0))
    kept.record(ORDERS, report(1))
    for second in range(2, history.KEPT + 10):
        kept.record(ORDERS, report(second, Verdict.FAILED))
    found = kept.reports("a1")
    assert len(found) == history.KEPT + 1
    assert found[-1] == report(1)


def test_two_checks_of_the_same_moment_are_two_reports(tmp_path: Path) -> None:
    kept = History(tmp_path)
    for _ in range(3):
        kept.record(ORDERS, report(1))
    assert len(kept.reports("a1")) == 3


def test_broken_files_and_a_cut_line_hide_nothing(tmp_path: Path) -> None:
    kept = History(tmp_path)
    kept.record(ORDERS, report(1))
    newest = kept.record(ORDERS, report(2)) and max((tmp_path / "a1").iterdir())
    newest.write_text('{"half')
    with (tmp_path / "last.jsonl").open("a") as file:
        file.write('\n["b2","conn')
    kept.record(Profile(id="c3"), report(3))
    assert kept.reports("a1") == (report(1),)
    assert report(1) in kept.reports("a1")
    assert list(kept.lasts()) == ["a1", "c3"]


def test_the_index_is_written_anew_when_most_of_it_is_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_SLACK", 10)
    kept = History(tmp_path)
    for second in range(25):
        kept.record(ORDERS, report(second))
        assert kept.last("a1") == Last(verdict=Verdict.CONNECTED, started=report(second).started)
    assert len((tmp_path / "last.jsonl").read_bytes().splitlines()) < 10


def test_a_huge_report_is_kept_without_the_evidence_of_its_cells(tmp_path: Path) -> None:
    cell = Cell(status=Status.PASSED, note="ok", evidence={"text": "x" * (history.LARGEST + 1)})
    huge = replace(report(), servers=(ServerResult(address="a", seed=True, advertised=True, cells={"dns": cell}),))
    kept = History(tmp_path)
    kept.record(ORDERS, huge)
    assert kept.reports("a1")[0].servers[0].cells["dns"] == Cell(status=Status.PASSED, note="ok")
    assert sum(path.stat().st_size for path in (tmp_path / "a1").iterdir()) < 10_000


def test_what_a_report_should_never_hold_is_masked_before_it_is_written(tmp_path: Path) -> None:
    leaking = replace(
        report(uri="mongodb://app:s3cr3t-horse@db1/"),
        effective={"x": ["mongodb://app:s3cr3t-horse@db1/", {"deep": "it was tr0ub4dor"}]},
    )
    kept = History(tmp_path)
    kept.record(ORDERS, leaking, [Secret("tr0ub4dor")])
    kept.note_recent(leaking)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"mongodb://app:***@db1/" in written
    assert b"s3cr3t-horse" not in written
    assert b"tr0ub4dor" not in written


def test_masking_changes_nothing_in_the_report_of_a_real_check(login_server: Deployment) -> None:
    special = next(user for user in deployments.USERS if user.name == "special")
    for uri in (login_server.uri(special), login_server.uri("app:wr0ng-h0rse", authSource="admin")):
        reading = read(uri)
        made = asyncio.run(check(Request(reading.profile, reading.secrets, uri), lambda _: None))
        through_json = msgspec.json.decode(msgspec.json.encode(made), type=Report)
        assert masked(made, reading.secrets.values()) == through_json


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_only_the_owner_may_look_into_the_folders(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    profile = Profile(name="a")
    History(folder).record(profile, report())
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.glob("*/"))} == {0o700}


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_only_the_owner_may_read_the_history(tmp_path: Path) -> None:
    kept = History(tmp_path / "history")
    kept.record(ORDERS, report())
    kept.note_recent(report())
    files = [path for path in (tmp_path / "history").rglob("*") if path.is_file()]
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_forgotten_profile_leaves_nothing(tmp_path: Path) -> None:
    kept = History(tmp_path)
    kept.record(ORDERS, report())
    kept.record(Profile(id="b2"), report())
    kept.forget("a1")
    assert (kept.reports("a1"), list(kept.lasts())) == ((), ["b2"])
    assert not (tmp_path / "a1").exists()
    History(tmp_path / "missing").forget("a1")


def test_an_id_from_a_file_by_hand_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    kept = History(tmp_path / "history")
    kept.record(Profile(id="../../etc"), report())
    assert [path.name for path in tmp_path.iterdir()] == ["history"]
    assert len(kept.reports("../../etc")) == 1


def test_the_last_twenty_unsaved_strings_are_remembered_each_once(tmp_path: Path) -> None:
    kept = History(tmp_path)
    for second in range(25):
        kept.note_recent(report(second, uri=f"mongodb://host{second}/"))
    kept.note_recent(report(59, Verdict.FAILED, uri="mongodb://host10/"))
    recent = kept.recent()
    assert len(recent) == history.MOST_RECENT
    assert recent[0].uri == "mongodb://host10/"
    assert recent[0].last.verdict is Verdict.FAILED
    assert recent[1].uri == "mongodb://host24/"
    assert len({entry.uri for entry in recent}) == len(recent)
    kept.forget_recent()
    assert kept.recent() == ()


_RECORDS = """
import sys
from pathlib import Path
from clearline.core.report.history import History
from clearline.core.profiles.profile import Profile
import msgspec
from clearline.core.report.report import Report
made = msgspec.json.decode(sys.argv[3], type=Report)
for number in range(30):
    History(Path(sys.argv[1])).record(Profile(id=f"{sys.argv[2]}{number}"), made)
"""


def test_two_programs_record_at_the_same_time_and_nothing_is_lost(tmp_path: Path) -> None:
    made = msgspec.json.encode(report()).decode()
    programs = [subprocess.Popen([sys.executable, "-c", _RECORDS, str(tmp_path), who, made]) for who in "ab"]
    assert [program.wait(60) for program in programs] == [0, 0]
    assert set(History(tmp_path).lasts()) == {f"{who}{number}" for who in "ab" for number in range(30)}


@pytest.mark.parametrize("wrong", [b"\xff\xfe", b'["\xff"]', b"[" * 100_000, b"", b"\x00" * 100])
def test_a_broken_byte_in_the_history_costs_no_more_than_its_line(tmp_path: Path, wrong: bytes) -> None:
    history = History(tmp_path)
    kept = history.record(Profile(id="p1"), report())
    for file in tmp_path.rglob("*"):
        if file.is_file():
            with file.open("ab") as end:
                end.write(b"\n" + wrong)
    (tmp_path / "recent.json").write_bytes(wrong)
    assert history.lasts()["p1"].started == kept.started
    assert history.recent() == ()
    assert history.reports("p1") in ((), (kept,))
    history.record(Profile(id="p2"), report(1))
    assert {"p1", "p2"} <= history.lasts().keys()
