"""Logs of any length: bounded memory, repeats folded with counts and times, no text refused with a sentence."""

from __future__ import annotations

import io
import json

import pytest

from clearline.core.explain import folding
from clearline.core.explain.explain import explain_stream
from clearline.core.explain.explanation import schema_text
from clearline.core.explain.folding import condensed
from clearline.core.explain.server_log import Nothing, explain_server_log, lines_of_check
from clearline.core.report.report import Report, ServerResult
from clearline.paths import resource
from lab import hand_made_reports

NOISE = (
    '{"t":{"$date":"2024-05-01T10:%02d:%02d.000+00:00"},"s":"I","c":"COMMAND","id":51803,"ctx":"conn%d",'
    '"msg":"Slow query"}\n'
)
REFUSED = (
    '{"t":{"$date":"2024-05-01T10:%02d:%02d.000+00:00"},"s":"I","c":"ACCESS","id":20249,"ctx":"conn%d",'
    '"msg":"Authentication failed","attr":{"mechanism":"SCRAM-SHA-256","principalName":"app",'
    '"authenticationDatabase":"shop","remote":"10.1.2.3:%d","error":"UserNotFound: Could not find user"}}\n'
)


def long_log() -> bytes:
    lines = []
    for number in range(20_000):
        moment = (number // 60 % 60, number % 60)
        lines.append(REFUSED % (*moment, number, 40000 + number) if number % 100 == 50 else NOISE % (*moment, number))
    return "".join(lines).encode()


def test_repeats_are_one_line_with_a_count_and_times() -> None:
    read = condensed(io.BytesIO(long_log()))
    assert len(read.text) < 5000
    [fold] = [f for f in read.folds if f.count > 1]
    assert fold.count == 200
    assert fold.line == 51
    assert fold.first.startswith("2024-05-01T10:00:50")
    assert fold.last > fold.first


def test_a_long_log_is_explained_with_its_own_line_numbers() -> None:
    found = explain_stream(io.BytesIO(long_log())).causes[0]
    assert found.cause == "auth.unknown-user"
    assert found.because[0].startswith("line 51 (200 times, from 2024-05-01T10:00:50")


@pytest.mark.parametrize(
    ("raw", "word"),
    [(b"\x89PNG\r\n\x1a\n\0\0", "picture"), (b"\x1f\x8b\x08", "packed"), (b"a\0b\0\x01", "binary"), (b"", "no text")],
)
def test_what_is_no_text_is_refused_in_a_sentence(raw: bytes, word: str) -> None:
    explanation = explain_stream(io.BytesIO(raw))
    assert word in (explanation.why or "")
    assert explanation.causes == ()


def test_a_text_of_powershell_is_read() -> None:
    raw = "connect ECONNREFUSED 192.0.2.7:27017".encode("utf-16")
    assert explain_stream(io.BytesIO(raw)).causes[0].cause == "tcp.refused"


def test_one_endless_line_is_bounded() -> None:
    raw = b"x" * 10_000_000 + b" MongoServerError: bad auth : Authentication failed."
    assert len(condensed(io.BytesIO(raw)).text) < 1_000_000


def test_what_comes_when_the_room_is_full_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "_WHOLE", 10)
    monkeypatch.setattr(folding, "_KEPT", 90)
    errors = [f"Error: {word} refused the connection to the server" for word in ("alpha", "beta", "gamma", "delta")]
    read = condensed(io.BytesIO("\n".join([*errors, *errors, errors[0]]).encode()))
    assert read.text.splitlines() == errors[:2]
    assert [fold.count for fold in read.folds] == [3, 2]


def report(*, started: str = "2024-05-01T10:00:52.000Z", source: str | None = None) -> Report:
    return hand_made_reports.report(
        started=started,
        elapsed_ms=500.0,
        servers=(ServerResult(address="db1:27017", seed=True, advertised=False, source=source),),
    )


def test_a_log_is_joined_to_a_check_by_time_and_address() -> None:
    chosen = lines_of_check(io.BytesIO(long_log()), report(source="10.1.2.3"))
    assert {json.loads(line)["id"] for line in chosen.splitlines()} == {20249}
    assert all("10:00:50" in line for line in chosen.splitlines())


def test_the_server_tells_what_the_client_never_learns() -> None:
    attempt = {"t": {"$date": "2024-05-01T10:00:52.100+00:00"}, "s": "I", "c": "ACCESS", "ctx": "conn9"}
    lines = [
        {**attempt, "id": 51800, "msg": "m", "attr": {
            "client": "10.1.2.3:5", "doc": {"application": {"name": "shop"}}}},
        {**attempt, "id": 5286307, "msg": "m", "attr": {
            "client": "10.1.2.3:5", "mechanism": "SCRAM-SHA-256", "user": "app", "db": "shop", "result": 11,
            "error": "UserNotFound: Could not find user"}},
        {**attempt, "id": 23255, "msg": "m", "attr": {}},
    ]  # fmt: skip
    log = "\n".join(json.dumps(line) for line in lines).encode()
    found = explain_server_log(io.BytesIO(log), report(source="10.1.2.3"))
    assert found.server_knew == (
        "The server saw the program as shop.",
        "The server knew no user app in the database shop.",
        "The server was shown no client certificate.",
    )
    assert "auth.unknown-user" in {cause.cause for cause in found.causes}


def test_a_log_of_another_day_says_so() -> None:
    with pytest.raises(Nothing, match="the check began"):
        lines_of_check(io.BytesIO(long_log()), report(started="2024-06-01T10:01:00.000Z"))
    with pytest.raises(Nothing, match="not the JSON log"):
        lines_of_check(io.BytesIO(b"hello\n"), report())


def test_the_schema_in_the_resources_is_current() -> None:
    write = "from clearline.core.explain.explanation import schema_text; print(schema_text(), end='')"
    path = resource("explanation.schema.json")
    assert path.read_text("utf-8") == schema_text(), f'renew it: python -c "{write}" > {path}'
