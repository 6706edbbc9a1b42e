"""Servers and name servers that repeat the password wherever they can: no report of a check shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.findings import Certainty, Finding, Remedy, Severity, Stage
from clearline.core.profiles.profile import Profile
from clearline.core.report.masking import masked
from clearline.core.report.report import Cell, DriverResult, Report, ServerResult, Status, Target
from clearline.core.secrets.secret import Secret
from lab import loops
from lab.dns_server import DnsServer, cluster, resolver_at
from lab.mongo_peer import Failure, MongoPeer, hello, member_hello

WORD = "Parrot-" + "Passw0rd"


def told(text: str) -> list[str]:
    """Every report that a check of that text tells, as JSON."""
    heard: list[str] = []

    async def checked() -> None:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        await check(
            Request(Profile(), {}, text=text), lambda report: heard.append(msgspec.json.encode(report).decode())
        )
        await farewells()

    loops.run(checked())
    return heard


@pytest.mark.parametrize(
    "answers",
    [
        {"hello": Failure(1, f"no: {WORD}", WORD)},
        {"hello": hello(setName=WORD, me=f"{WORD}:1", hosts=[f"{WORD}:1"], tags={WORD: WORD}, msg=WORD)},
        {"hello": member_hello("rs0", [f"{WORD.lower()}:27017"], me="a:1", primary=f"{WORD.lower()}:27017")},
        {"saslStart": Failure(18, f"bad auth : {WORD} is wrong", WORD)},
        {"find": Failure(13, f"not authorized to {WORD}", WORD), "buildInfo": {"version": WORD, "modules": [WORD]}},
    ],
    ids=["hello fails", "names", "members", "login", "later commands"],
)
def test_a_server_that_repeats_the_password_gets_it_masked(answers: dict[str, Any]) -> None:
    with MongoPeer(answers) as peer:
        reports = told(f"mongodb://app:{WORD}@127.0.0.1:{peer.port}/")
    assert reports
    assert not [report for report in reports if WORD in report]


@contextmanager
def named(txt: str) -> Iterator[str]:
    zone = cluster("c0.parrot.example", {"a.parrot.example": 1}, txt=txt)
    with DnsServer(zone) as server, resolver_at(server):
        yield f"mongodb+srv://app:{WORD}@c0.parrot.example/"


@pytest.mark.parametrize("txt", [f"authSource={WORD}", f"password={WORD}", f"mongodb://x:{WORD}@h/", WORD])
def test_a_txt_record_that_holds_the_password_gets_it_masked(txt: str) -> None:
    with named(txt) as address:
        reports = told(address)
    assert reports
    assert not [report for report in reports if WORD in report]


def test_an_unknown_password_in_a_txt_record_is_masked_by_its_place() -> None:
    with named("password=0therSecret&authSource=admin") as address:
        assert "0therSecret" not in "".join(told(address))


def finding(**changes: Any) -> Finding:
    fields = {"cause": "hello.member-error", "severity": Severity.FAILURE, "certainty": Certainty.PROVEN}
    return Finding(**{**fields, "stage": Stage.HELLO, "summary": "It failed.", **changes})


def report(*findings: Finding, **changes: Any) -> Report:
    fields: dict[str, Any] = {
        "app_version": "1",
        "started": "2026-01-01T00:00:00.000Z",
        "elapsed_ms": 1.0,
        "target": Target(profile="p", uri="mongodb://app:***@h/"),
        "verdict": None,
        "stages": (),
        "driver": DriverResult(name="pymongo", version="4", exception=None, message=None),
    }
    return Report(findings=findings, **fields | changes)


@pytest.mark.parametrize(
    "found",
    [
        finding(summary=f"It said {WORD}."),
        finding(detail=f"It said {WORD}."),
        finding(remedies=(Remedy(text=f"Try {WORD}."),)),
        finding(evidence={"said": [{"deep": WORD}]}),
    ],
)
def test_every_text_of_a_finding_is_swept(found: Finding) -> None:
    clean = masked(report(found), [Secret(WORD)])
    assert WORD not in msgspec.json.encode(clean).decode()
    assert "***" in msgspec.json.encode(clean.findings).decode()


def test_a_password_that_is_a_word_does_not_blank_our_sentences() -> None:
    found = finding(summary="The password of user app is wrong.", evidence={"said": "password refused"})
    clean = masked(report(found), [Secret("password")])
    assert clean.findings[0].summary == found.summary
    assert clean.findings[0].evidence == {"said": "*** refused"}


def test_a_report_without_secrets_stays_the_same_object_in_its_parts() -> None:
    server = ServerResult(
        address="h:1", seed=True, advertised=False, cells={"tcp": Cell(status=Status.PASSED, evidence={"a": 1})}
    )
    plain = report(finding(), servers=(server,))
    clean = masked(plain, [Secret(WORD)])
    assert clean == plain
    assert clean.servers is plain.servers
