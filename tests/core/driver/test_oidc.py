"""A human signs in at a provider on this computer, through the callback as PyMongo calls it."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import Any

import bson
import pytest
from pymongo import MongoClient
from pymongo.auth_oidc_shared import OIDCCallbackContext, OIDCCallbackResult, OIDCIdPInfo

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Permits, Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.driver import oidc_provider
from clearline.core.driver.oidc import ALLOWED_HOSTS, Flow, HumanSignIn, wants_human
from clearline.core.driver.oidc_provider import SignInProblem
from clearline.core.report.report import Report, Verdict
from clearline.core.uri.connection_string import read
from lab import loops
from lab.identity_provider import CLIENT, IdentityProvider
from lab.mongo_peer import Command, MongoPeer
from lab.peer import Conversation, Peer
from lab.watching import Watched


def context(idp: IdentityProvider, *, client: str | None = CLIENT, refresh: str | None = None) -> OIDCCallbackContext:
    info = OIDCIdPInfo(issuer=idp.issuer, clientId=client, requestScopes=["db"])
    return OIDCCallbackContext(timeout_seconds=20, username="", version=1, refresh_token=refresh, idp_info=info)


class Browser:
    """The user: opens the page where there is one, and notes what they were shown."""

    def __init__(self, idp: IdentityProvider) -> None:
        self.idp = idp
        self.prompts: list[tuple[str, str | None]] = []
        self.threads: list[threading.Thread] = []

    def __call__(self, url: str, code: str | None) -> None:
        self.prompts.append((url, code))
        if code is None:
            self.threads.append(self.idp.authorize(url))

    def fetch(self, *, flow: Flow | None = None, **asked: Any) -> OIDCCallbackResult:
        sign_in = HumanSignIn(self, flow=flow, redirect_port=0)
        try:
            return sign_in.callback().fetch(context(self.idp, **asked))
        finally:
            for thread in self.threads:
                thread.join()


def test_the_browser_brings_a_token() -> None:
    with IdentityProvider() as idp:
        user = Browser(idp)
        result = user.fetch()
    assert (result.access_token, result.expires_in_seconds) == (idp.access_token, 3600)
    assert result.refresh_token == "refresh-1"
    (url, code), *_ = user.prompts
    assert code is None
    assert url.startswith(f"{idp.issuer}/authorize?")
    assert "scope=db+openid+offline_access" in url


def test_a_provider_without_a_page_shows_a_code() -> None:
    with IdentityProvider(browser=False) as idp:
        user = Browser(idp)
        result = user.fetch()
    assert result.access_token == idp.access_token
    assert user.prompts == [(f"{idp.issuer}/activate", "WDJB-MJHT")]
    assert len(idp.questions) == 3  # twice not yet


def test_the_code_can_be_chosen() -> None:
    with IdentityProvider() as idp:
        user = Browser(idp)
        user.fetch(flow=Flow.DEVICE)
    assert user.prompts[0][1] == "WDJB-MJHT"


def test_a_refresh_token_needs_no_human() -> None:
    with IdentityProvider() as idp:
        user = Browser(idp)
        assert user.fetch(refresh="refresh-1").access_token == idp.access_token
        assert user.prompts == []
        user.fetch(refresh="expired")
        assert len(user.prompts) == 1


@pytest.mark.parametrize("browser", [True, False])
def test_a_user_who_says_no_ends_it(browser: bool) -> None:
    with IdentityProvider(browser=browser) as idp:
        idp.denies = True
        with pytest.raises(SignInProblem, match="access_denied"):
            Browser(idp).fetch()


def test_a_provider_that_refuses_is_quoted_by_its_code() -> None:
    with IdentityProvider() as idp:
        idp.refuse = "invalid_client"
        with pytest.raises(SignInProblem, match=r"invalid_client") as problem:
            Browser(idp).fetch()
    assert "the-code" not in str(problem.value)


def test_another_name_than_the_servers_is_refused() -> None:
    with IdentityProvider() as idp:
        idp.other_issuer = "https://evil.example.test"
        with pytest.raises(SignInProblem, match="another name"):
            Browser(idp).fetch()


@pytest.mark.parametrize("issuer", ["http://idp.example.test", "ftp://127.0.0.1/", "file:///etc/passwd", "x"])
def test_nothing_is_asked_over_an_open_line(issuer: str) -> None:
    with pytest.raises(SignInProblem, match="not encrypted"):
        HumanSignIn(lambda _url, _code: None).token(issuer, CLIENT)


def test_a_provider_that_is_not_there_is_named() -> None:
    with pytest.raises(SignInProblem, match=r"127\.0\.0\.1:1 does not answer \(ConnectionRefusedError\)"):
        HumanSignIn(lambda _url, _code: None).token("http://127.0.0.1:1", CLIENT)


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"[" * 100_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{",
    ],
)
def test_a_provider_that_answers_nonsense_is_a_reason(said: bytes) -> None:
    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(said)
        line.close()

    with Peer(script) as peer, pytest.raises(SignInProblem):
        HumanSignIn(lambda _page, _code: None).token(f"http://127.0.0.1:{peer.port}", CLIENT)


def test_a_provider_that_answers_a_byte_now_and_then_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc_provider, "_ANSWER_S", 0.2)

    async def script(line: Conversation) -> None:
        await line.read()
        while True:
            await line.write(b"H")
            await asyncio.sleep(0.02)

    with Peer(script) as peer, pytest.raises(SignInProblem, match="does not answer"):
        HumanSignIn(lambda _page, _code: None).token(f"http://127.0.0.1:{peer.port}", CLIENT)


def test_an_address_without_sense_is_a_reason() -> None:
    with pytest.raises(SignInProblem):
        HumanSignIn(lambda _page, _code: None).token("https://[::1", CLIENT)


def test_a_server_that_names_no_client_is_told_apart() -> None:
    with IdentityProvider() as idp, pytest.raises(SignInProblem, match="names no provider"):
        Browser(idp).fetch(client=None)


@pytest.mark.parametrize("browser", [True, False])
def test_the_sign_in_comes_too_late(browser: bool) -> None:
    with IdentityProvider(browser=browser) as idp:
        idp.pending = 1000
        sign_in = HumanSignIn(lambda _url, _code: None, patience_s=0.3, redirect_port=0)
        began = time.monotonic()
        with pytest.raises(SignInProblem, match="in time"):
            sign_in.callback().fetch(context(idp))
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("browser", [True, False])
def test_stop_ends_it(browser: bool) -> None:
    with IdentityProvider(browser=browser) as idp:
        idp.pending = 1000
        sign_in = HumanSignIn(lambda _url, _code: sign_in.stop(), redirect_port=0)
        with pytest.raises(SignInProblem, match="stopped"):
            sign_in.callback().fetch(context(idp))


@pytest.mark.parametrize("browser", [True, False])
def test_after_a_stop_there_is_no_prompt(browser: bool) -> None:
    prompts: list[str] = []
    with IdentityProvider(browser=browser) as idp:
        sign_in = HumanSignIn(lambda url, _code: prompts.append(url), redirect_port=0)
        sign_in.stop()
        with pytest.raises(SignInProblem, match="stopped"):
            sign_in.callback().fetch(context(idp))
    assert not prompts


def test_a_call_without_the_state_is_no_answer() -> None:
    with IdentityProvider() as idp:
        threads: list[threading.Thread] = []

        def prompt(url: str, _code: str | None) -> None:
            def call_and_stop() -> None:
                idp.authorize(url.replace("state=", "state=forged&other=")).join()
                sign_in.stop()

            threads.append(threading.Thread(target=call_and_stop))
            threads[0].start()

        sign_in = HumanSignIn(prompt, redirect_port=0)
        with pytest.raises(SignInProblem, match="stopped"):
            sign_in.callback().fetch(context(idp))
        threads[0].join()


def test_only_oidc_without_an_environment_wants_a_human() -> None:
    assert wants_human(read("mongodb://h/?authMechanism=MONGODB-OIDC").profile)
    k8s = "mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s"
    assert not wants_human(read(k8s).profile)
    assert not wants_human(read("mongodb://u:p@h/").profile)


# ---------------------------------------------------------------- a whole check


def payload(document: dict[str, Any]) -> bson.Binary:
    return bson.Binary(bson.encode(document))


def run_check(text: str, user: Browser | None, hosts: tuple[str, ...] = ()) -> Report:
    async def checked() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        permits = Permits(on_prompt=user, oidc_hosts=lambda _profile: hosts)
        report = await check(Request(text=text, permits=permits), lambda _report: None)
        await farewells()
        return report

    return loops.run(checked())


def test_a_check_logs_in_with_the_token_of_the_human() -> None:
    tokens: list[str] = []

    def take(command: Command) -> dict[str, Any]:
        tokens.append(bson.decode(command.document["payload"])["jwt"])
        return {"conversationId": 1, "done": True, "payload": payload({})}

    with IdentityProvider(browser=False) as idp:
        start = {"issuer": idp.issuer, "clientId": CLIENT}
        answers = {"saslStart": {"conversationId": 1, "done": False, "payload": payload(start)}, "saslContinue": take}
        with MongoPeer(answers) as peer:
            user = Browser(idp)
            report = run_check(f"mongodb://{peer.address}/?authMechanism=MONGODB-OIDC", user)
    assert report.verdict is Verdict.CONNECTED, [f.summary for f in report.findings]
    assert tokens == [idp.access_token]
    assert user.prompts[0][1] == "WDJB-MJHT"
    assert idp.access_token not in repr(report)


def test_without_a_person_to_prompt_the_missing_token_source_is_said_before_any_contact() -> None:
    with MongoPeer({}) as peer:
        report = run_check(f"mongodb://{peer.address}/?authMechanism=MONGODB-OIDC", None)
        assert peer.connections == 0
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "auth.oidc-not-configured"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux answers at 127.0.0.2 by itself")
@pytest.mark.parametrize("agreed", [True, False])
def test_the_token_goes_to_another_host_only_after_that_was_agreed_to(agreed: bool) -> None:
    with IdentityProvider(browser=False) as idp:
        start = {"issuer": idp.issuer, "clientId": CLIENT}
        answers = {
            "saslStart": {"conversationId": 1, "done": False, "payload": payload(start)},
            "saslContinue": {"conversationId": 1, "done": True, "payload": payload({})},
        }
        with MongoPeer(answers, host="127.0.0.2") as peer:
            user = Browser(idp)
            text = f"mongodb://{peer.address}/?authMechanism=MONGODB-OIDC"
            report = run_check(text, user, ("127.0.0.2",) if agreed else ())
    assert (report.verdict is Verdict.CONNECTED) is agreed, [f.summary for f in report.findings]
    assert bool(user.prompts) is agreed


def test_a_sign_in_that_fails_is_the_diagnosis_with_its_reason() -> None:
    with IdentityProvider(browser=False) as idp:
        idp.denies = True
        start = {"issuer": idp.issuer, "clientId": CLIENT}
        with MongoPeer({"saslStart": {"conversationId": 1, "done": False, "payload": payload(start)}}) as peer:
            report = run_check(f"mongodb://{peer.address}/?authMechanism=MONGODB-OIDC", Browser(idp))
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "auth.oidc-token-missing", [f.cause for f in report.findings]
    assert "access_denied" in report.diagnosis.summary


def test_a_sign_in_that_fails_pauses_a_watch_so_that_the_page_is_not_opened_again_and_again() -> None:
    async def play(text: str, user: Browser) -> str:
        async with Watched(text, on_prompt=user, interval_s=0.05) as watched:
            state = await watched.until(lambda s: s.paused or len(user.prompts) > 1)
            assert state.paused is not None
            return state.paused.text

    with IdentityProvider(browser=False) as idp:
        idp.denies = True
        start = {"issuer": idp.issuer, "clientId": CLIENT}
        with MongoPeer({"saslStart": {"conversationId": 1, "done": False, "payload": payload(start)}}) as peer:
            user = Browser(idp)
            said = loops.run(play(f"mongodb://{peer.address}/?authMechanism=MONGODB-OIDC", user))
    assert "access_denied" in said
    assert len(user.prompts) == 1


def test_stop_ends_a_check_that_waits_for_the_human() -> None:
    async def stopped(text: str) -> tuple[Report, float]:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        loop, prompted = asyncio.get_running_loop(), asyncio.Event()

        def prompt(_url: str, _code: str | None) -> None:
            loop.call_soon_threadsafe(prompted.set)

        task = asyncio.create_task(check(Request(text=text, permits=Permits(on_prompt=prompt)), lambda _report: None))
        await prompted.wait()
        began = time.perf_counter()
        task.cancel()
        report = await task
        await farewells()
        return report, time.perf_counter() - began

    with IdentityProvider(browser=False) as idp:
        idp.pending = 10_000
        start = {"issuer": idp.issuer, "clientId": CLIENT}
        with MongoPeer({"saslStart": {"conversationId": 1, "done": False, "payload": payload(start)}}) as peer:
            report, elapsed_s = loops.run(stopped(f"mongodb://{peer.address}/?authMechanism=MONGODB-OIDC"))
    assert report.verdict is Verdict.CANCELLED
    assert elapsed_s < 2


# ---------------------------------------------------------------- where a token may go


def allowed_hosts(*hosts: str) -> list[str]:
    properties = HumanSignIn(lambda _url, _code: None).properties(hosts)
    text = "mongodb://127.0.0.1/?authMechanism=MONGODB-OIDC"
    client: MongoClient[Any] = MongoClient(text, connect=False, authMechanismProperties=properties)
    with client:
        credentials = client.options.pool_options._credentials
        assert credentials is not None
        return list(credentials.mechanism_properties.allowed_hosts)


def test_without_consent_a_token_goes_where_pymongo_lets_it_go() -> None:
    assert tuple(allowed_hosts()) == ALLOWED_HOSTS


def test_a_host_that_was_agreed_to_is_added() -> None:
    assert allowed_hosts("*.corp.example.test") == [*ALLOWED_HOSTS, "*.corp.example.test"]
