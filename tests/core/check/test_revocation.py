"""The revocation service of a certificate: asked where the address says so, believed where its answer is signed."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509.ocsp import OCSPCertStatus

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.findings import Certainty, Finding, Severity
from clearline.core.report.report import Verdict
from lab import loops
from lab.certificates import DAY, Authority, server_context
from lab.mongo_peer import MongoPeer, mongos_hello
from lab.ocsp_responder import Responder, serving

ASKED = "&tlsDisableOCSPEndpointCheck=false"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(Path(tmp_path_factory.mktemp("authority")))


def told(
    responder: Responder, status: OCSPCertStatus, options: str = ASKED, path: str = "", servers: int = 1
) -> dict[str, Finding]:
    authority = responder.authority
    answers = {"/nonsense": b"<html>sign in</html>"}
    with serving(responder, answers), ExitStack() as stack:
        identity = authority.server(ocsp=responder.url + path)
        responder.knows(identity, status)
        peers = [
            stack.enter_context(MongoPeer({"hello": _router}, tls=server_context(identity))) for _ in range(servers)
        ]
        hosts = ",".join(peer.address for peer in peers)

        async def run() -> tuple[Finding, ...]:
            asyncio.get_running_loop().set_default_executor(DaemonExecutor())
            text = f"mongodb://{hosts}/?tls=true&tlsCAFile={authority.ca_file}{options}"
            report = await check(Request(text=text), lambda _report: None)
            await farewells()
            assert report.verdict is Verdict.CONNECTED, report.diagnosis
            return report.findings

        return {f.cause: f for f in loops.run(run())}


def _router(_command: object) -> dict[str, object]:
    return mongos_hello()


def test_a_revoked_certificate_is_a_warning_that_names_the_service(authority: Authority) -> None:
    responder = Responder(authority)
    found = told(responder, OCSPCertStatus.REVOKED)["tls.revoked"]
    assert (found.severity, found.certainty) == (Severity.WARNING, Certainty.PROVEN)
    assert responder.url in found.detail


def test_a_good_one_says_nothing_and_is_asked_about_once_for_all_servers(authority: Authority) -> None:
    responder = Responder(authority)
    found = told(responder, OCSPCertStatus.GOOD, servers=3)
    assert not {"tls.revoked", "tls.ocsp-no-answer", "tls.ocsp-not-asked"} & set(found)
    assert responder.asked == 1


def test_without_a_word_from_the_address_nothing_is_asked(authority: Authority) -> None:
    responder = Responder(authority)
    assert "tls.ocsp-not-asked" in told(responder, OCSPCertStatus.REVOKED, options="")
    assert responder.asked == 0


def test_an_answer_that_another_authority_signed_does_not_count(authority: Authority, tmp_path: Path) -> None:
    impostor = Authority(tmp_path, "Another CA")
    found = told(Responder(authority, impostor), OCSPCertStatus.REVOKED)
    assert "tls.revoked" not in found
    assert found["tls.ocsp-no-answer"].certainty is Certainty.LIKELY


@pytest.mark.parametrize("age", [timedelta(days=9)])
def test_an_answer_of_earlier_days_does_not_count(authority: Authority, age: timedelta) -> None:
    assert age > 2 * DAY
    assert "tls.ocsp-no-answer" in told(Responder(authority, age=age), OCSPCertStatus.GOOD)


def test_a_page_in_place_of_an_answer_does_not_count(authority: Authority) -> None:
    assert "tls.ocsp-no-answer" in told(Responder(authority), OCSPCertStatus.GOOD, path="nonsense")


def test_a_service_that_does_not_know_the_certificate_is_no_yes(authority: Authority) -> None:
    assert "tls.ocsp-no-answer" in told(Responder(authority), OCSPCertStatus.UNKNOWN)
