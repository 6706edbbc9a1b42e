"""What an HTTP proxy, or what stands in its place, answers to CONNECT: read as RFC 9110 has it, and named."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Patience, Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.findings import Certainty, Finding
from clearline.core.hops.proxy_login import challenges
from clearline.core.profiles.hop import HttpProxy, ProxyLogin, Socks5Proxy
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Report, Verdict, to_json
from clearline.core.secrets.secret import Secret, hop_password
from lab import loops, peers
from lab.certificates import Authority, server_context
from lab.deployment import Deployment
from lab.peer import Conversation, Peer, Script

HERE = "127.0.0.1"
QUICK = Patience(silence_s=0.6, late_s=0.9)
UNHURRIED = Patience(silence_s=5.0, late_s=10.0)


def checked(hop: HttpProxy | Socks5Proxy, host: str = "db.example.com:27017", patience: Patience = UNHURRIED) -> Report:
    async def work() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        profile = Profile(hops=(hop,), seeds=Seeds(hosts=(host,), direct_connection=True))
        secrets = {hop_password(0): Secret("proxy-secret-4T")}
        report = await check(Request(profile, secrets, patience=patience), lambda _: None)
        await farewells()
        return report

    report = loops.run(work())
    assert "proxy-secret-4T" not in to_json(report)
    return report


def diagnosis(report: Report) -> Finding:
    assert report.verdict is Verdict.FAILED
    assert report.diagnosis is not None
    return report.diagnosis


def answering(*heads: str) -> Script:
    """Says one of them to each request, the last one again and again."""

    async def script(line: Conversation) -> None:
        left = list(heads)
        while await line.read():
            await line.write(f"HTTP/1.1 {left[0]}\r\nContent-Length: 0\r\n\r\n".encode())
            left = left[1:] or left

    return script


def proxy(port: int, login: ProxyLogin = "none", *, tls: bool = False) -> HttpProxy:
    return HttpProxy(host=HERE, port=port, login=login, user="me" if login == "basic" else None, tls=tls)


LISTED = 'Negotiate, NTLM TlRMTVNTUAAC, Digest realm="a, Basic", qop = "auth", Basic realm="b"'


def test_one_header_may_list_several_schemes() -> None:
    assert challenges([LISTED]) == {"Negotiate": "", "NTLM": "TlRMTVNTUAAC", "Digest": "", "Basic": ""}
    assert challenges(["NTLM", 'Basic realm="x", charset=UTF-8']) == {"NTLM": "", "Basic": ""}
    assert challenges(["Negotiate YQ==, Basic realm=x"]) == {"Negotiate": "YQ==", "Basic": ""}
    assert challenges(["", ",,", "=", 'realm="x"']) == {}


def test_a_scheme_in_a_list_is_taken() -> None:
    with Peer(answering(f"407 Login\r\nProxy-Authenticate: {LISTED}")) as peer:
        refused = diagnosis(checked(proxy(peer.port, "basic")))
        assert (refused.cause, refused.certainty) == ("proxy.login-refused", Certainty.PROVEN)
        wanted = diagnosis(checked(proxy(peer.port)))
    assert wanted.cause == "proxy.login-required"
    assert "Basic" in wanted.summary


def test_a_login_that_is_refused_without_a_word_about_schemes() -> None:
    with Peer(answering("407 Login")) as peer:
        refused = diagnosis(checked(proxy(peer.port, "basic")))
    assert (refused.cause, refused.certainty) == ("proxy.login-refused", Certainty.LIKELY)


def test_interim_answers_are_passed_over(standalone: Deployment) -> None:
    place, _, port = standalone.address.rpartition(":")

    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        await line.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        reader, writer = await asyncio.open_connection(place, int(port))
        try:
            while data := await line.read():
                writer.write(data)
                head = await reader.readexactly(4)
                await line.write(head + await reader.readexactly(int.from_bytes(head, "little") - 4))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    with Peer(script) as peer:
        assert checked(proxy(peer.port), standalone.address).verdict is Verdict.CONNECTED


def test_a_page_elsewhere_may_want_a_sign_in_and_is_told_without_its_secrets() -> None:
    place = "https://gateway.example.net/login?token=T0ken-of-me"
    with Peer(answering(f"307 Temporary Redirect\r\nLocation: {place}\r\nServer: gateway")) as peer:
        report = checked(proxy(peer.port))
    found = diagnosis(report)
    assert (found.cause, found.certainty) == ("proxy.failed", Certainty.LIKELY)
    assert "gateway.example.net" in found.detail
    assert "T0ken" not in to_json(report)


def test_silence_is_the_targets_only_where_the_proxy_shows_that_it_lives() -> None:
    async def living(line: Conversation) -> None:
        if b"CONNECT" not in await line.read():
            await line.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        await line.until_closed()

    with peers.silent() as peer:
        assert diagnosis(checked(proxy(peer.port), patience=QUICK)).cause == "hop.hangs"
    with Peer(living) as peer:
        assert diagnosis(checked(proxy(peer.port), patience=QUICK)).cause == "hop.far-silent"


def test_another_service_that_waits_is_named() -> None:
    async def script(line: Conversation) -> None:
        if (await line.read()).startswith(b"\x05"):
            await line.write(b"\x05\x00")
        await line.until_closed()

    with Peer(script) as peer:
        found = diagnosis(checked(proxy(peer.port), patience=QUICK))
    assert found.cause == "hop.wrong-service"
    assert "SOCKS5" in found.summary


def test_one_that_is_spoken_to_over_tls(authority: Authority) -> None:
    """It answers plain words with an alert, hangs up, waits for more of them, or says 400 to them."""
    context = server_context(authority.server())
    ways: dict[str, Callable[[Conversation], Awaitable[object]]] = {
        "hangs up": lambda line: line.write(b""),
        "waits": lambda line: line.until_closed(),
        "400": lambda line: line.write(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"),
        "alert": lambda line: line.write(b"\x15\x03\x01\x00\x02\x02\x46"),
    }

    def over_tls(to_plain_words: Callable[[Conversation], Awaitable[object]]) -> Script:
        async def script(line: Conversation) -> None:
            if not (first := await line.read()).startswith(b"\x16"):
                await to_plain_words(line)
            elif await line.secure(context, heard=first):
                await line.until_closed()

        return script

    for name, way in ways.items():
        with Peer(over_tls(way)) as peer:
            found = diagnosis(checked(proxy(peer.port)))
            assert (found.cause, found.certainty) == ("proxy.wants-tls", Certainty.LIKELY), name
    with Peer(over_tls(ways["400"])) as peer:
        assert diagnosis(checked(proxy(peer.port, tls=True))).cause == "proxy.unknown-ca"


def test_a_socks_proxy_that_hangs_up_after_the_login_may_have_refused_it() -> None:
    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(b"\x05\x02")
        await line.read()

    with Peer(script) as peer:
        found = diagnosis(checked(Socks5Proxy(host=HERE, port=peer.port, user="me")))
    assert (found.cause, found.certainty) == ("socks.login-refused", Certainty.LIKELY)
