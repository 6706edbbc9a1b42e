"""Signing in at an HTTP proxy by NTLM: the password is proved once and never sent, and each failure has a name."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Patience, Request
from clearline.core.consent.concerns import concerns
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.findings import Certainty
from clearline.core.profiles.hop import HttpProxy
from clearline.core.profiles.hop_urls import hop_of, url_of
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Report, Verdict, to_json
from clearline.core.secrets.secret import Secret, hop_password
from lab import loops, ntlm_proxy, proxies
from lab.deployment import Deployment
from lab.ntlm_proxy import DOMAIN, PASSWORD, USER, NtlmProxy

NAMED = f"{DOMAIN}\\{USER}"


@pytest.fixture(scope="module", autouse=True)
def domain() -> Iterator[None]:
    with ntlm_proxy.domain():
        yield


def run(port: int, address: str, *, user: str | None = NAMED, password: str | None = PASSWORD) -> Report:
    hop = HttpProxy(host="127.0.0.1", port=port, user=user, login="ntlm")
    secrets = {} if password is None else {hop_password(0): Secret(password)}

    async def checked() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        profile = Profile(hops=(hop,), seeds=Seeds(hosts=(address,)))
        report = await check(Request(profile, secrets, patience=Patience(5, 10)), lambda _: None)
        await farewells()
        return report

    return loops.run(checked())


def cause(report: Report) -> tuple[str, Certainty]:
    assert report.verdict is Verdict.FAILED
    assert report.diagnosis is not None
    return report.diagnosis.cause, report.diagnosis.certainty


@pytest.mark.parametrize("user", [NAMED, USER], ids=["with its domain", "alone"])
def test_the_password_is_proved_and_never_sent(standalone: Deployment, user: str) -> None:
    with NtlmProxy(standalone.address) as proxy:
        report = run(proxy.port, standalone.address, user=user)
        assert not any(PASSWORD.encode() in data for data in proxy.received)
    assert report.verdict is Verdict.CONNECTED, report.findings
    assert PASSWORD not in to_json(report)


def test_a_real_squid_is_passed(standalone: Deployment) -> None:
    with proxies.squid(ntlm=True) as port:
        assert run(port, standalone.address).verdict is Verdict.CONNECTED


def test_a_wrong_password_is_proved_once(standalone: Deployment) -> None:
    with NtlmProxy(standalone.address) as proxy:
        report = run(proxy.port, standalone.address, password="wrong")
        assert proxy.proofs == 1
    assert cause(report) == ("proxy.ntlm-refused", Certainty.PROVEN)
    assert report.diagnosis is not None
    assert NAMED in report.diagnosis.summary


@pytest.mark.parametrize("breaks", ["silent", "garbage", "closes"])
def test_an_exchange_that_breaks_off_blames_no_password(standalone: Deployment, breaks: str) -> None:
    with NtlmProxy(standalone.address, breaks) as proxy:
        report = run(proxy.port, standalone.address)
        assert proxy.proofs == 0
    assert cause(report) == ("proxy.ntlm-broken", Certainty.PROVEN)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows proves who is signed in there")
@pytest.mark.parametrize(("user", "password"), [(None, None), (NAMED, None)])
def test_without_a_password_nothing_is_begun(standalone: Deployment, user: str | None, password: str | None) -> None:
    with NtlmProxy(standalone.address) as proxy:
        report = run(proxy.port, standalone.address, user=user, password=password)
        assert not any(b"Authorization" in data for data in proxy.received)
    assert cause(report) == ("proxy.ntlm-user-missing", Certainty.PROVEN)


def test_a_proxy_that_takes_no_ntlm_says_what_it_takes(standalone: Deployment) -> None:
    with proxies.squid(login=True) as port:
        assert cause(run(port, standalone.address))[0] == "proxy.login-scheme"


def test_it_can_be_written_in_one_line() -> None:
    hop, password = hop_of(f"http://{DOMAIN}%5C{USER}:pw@proxy:8080?login=ntlm")
    assert hop == HttpProxy(host="proxy", port=8080, user=NAMED, login="ntlm")
    assert password == Secret("pw")
    assert hop_of(url_of(hop)) == (hop, None)
    with pytest.raises(ValueError, match="follow"):
        hop_of("http://proxy?login=other")


def test_the_sign_in_of_this_computer_asks_first_and_a_typed_user_does_not() -> None:
    def wanted(user: str | None) -> list[str]:
        hop = HttpProxy(host="proxy", user=user, login="ntlm")
        return [one.value for one in concerns(Profile(hops=(hop,), seeds=Seeds(hosts=("db",))))]

    assert wanted(None) == ["ticket proxy"]
    assert wanted(NAMED) == []
