"""Signing in at an HTTP proxy with the ticket of this computer's user: a real realm and a real squid."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator

import pytest

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Patience, Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.profiles.hop import HttpProxy
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Report, Verdict
from lab import kdc, loops
from lab.deployment import Deployment
from lab.kdc import Realm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the laboratory's realm needs Linux")


@pytest.fixture(scope="module")
def realm() -> Iterator[Realm]:
    with kdc.realm() as found:
        yield found


@pytest.fixture(scope="module")
def proxy(realm: Realm) -> Iterator[int]:
    with kdc.signing_squid(realm) as port:
        yield port


@pytest.fixture(autouse=True)
def here(realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in realm.environ.items():
        monkeypatch.setenv(name, value)
    realm.sign_out()


def run(port: int, address: str, host: str = "localhost") -> Report:
    hop = HttpProxy(host=host, port=port, login="kerberos")

    async def checked() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        profile = Profile(hops=(hop,), seeds=Seeds(hosts=(address,)))
        report = await check(Request(profile, patience=Patience(5, 10)), lambda _: None)
        await farewells()
        return report

    return loops.run(checked())


def cause(report: Report) -> str:
    assert report.verdict is Verdict.FAILED
    assert report.diagnosis is not None
    return report.diagnosis.cause


def test_a_ticket_opens_the_way(realm: Realm, proxy: int, standalone: Deployment) -> None:
    realm.sign_in()
    assert run(proxy, standalone.address).verdict is Verdict.CONNECTED


def test_no_ticket_and_one_that_has_expired(realm: Realm, proxy: int, standalone: Deployment) -> None:
    assert cause(run(proxy, standalone.address)) == "proxy.no-ticket"
    realm.sign_in("1s")
    end = time.monotonic() + 10
    found = ""
    while found != "proxy.ticket-expired" and time.monotonic() < end:
        found = cause(report) if (report := run(proxy, standalone.address)).verdict is Verdict.FAILED else ""
    assert found == "proxy.ticket-expired"


def test_a_name_that_the_realm_does_not_know(realm: Realm, proxy: int, standalone: Deployment) -> None:
    realm.sign_in()
    assert cause(run(proxy, standalone.address, host="127.0.0.1")) == "proxy.kerberos-failed"
