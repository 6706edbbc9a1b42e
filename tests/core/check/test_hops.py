"""Checks through proxies: real ones of every kind, their faults, and that nothing falls back to going directly."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clearline.core.check.check import check, farewells
from clearline.core.check.request import USUAL, Patience, Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.findings import Certainty, Severity, Stage
from clearline.core.profiles.hop import Hop, HttpProxy, Socks5Proxy
from clearline.core.profiles.profile import Auth, Profile, Seeds, Tls, Unread
from clearline.core.report.report import Report, Status, Verdict, to_json
from clearline.core.secrets.secret import PASSWORD, PROXY_PASSWORD, Secret, hop_password
from clearline.core.uri.connection_string import build, read
from clearline.core.watch.watch import Watch
from lab import deployments, loops, peers, proxies
from lab.deployment import Deployment
from lab.peer import Conversation, Peer

HERE = "127.0.0.1"


def run(
    hops: tuple[Hop, ...],
    *hosts: str,
    password: str | None = None,
    profile: Profile | None = None,
    secrets: dict[str, Secret] | None = None,
    patience: Patience = USUAL,
) -> Report:
    known = dict(secrets or {})
    if password is not None:
        known[hop_password(0)] = Secret(password)
    base = profile or Profile(seeds=Seeds(hosts=hosts))
    behind = Profile(hops=hops, seeds=base.seeds, auth=base.auth, tls=base.tls, timeouts=base.timeouts)

    async def checked() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        report = await check(Request(behind, known, patience=patience), lambda _: None)
        await farewells()
        return report

    return loops.run(checked())


def headline(report: Report) -> str:
    assert report.diagnosis is not None, report.findings
    assert report.verdict is Verdict.FAILED
    return report.diagnosis.cause


@pytest.fixture(scope="module")
def socks() -> Iterator[Hop]:
    with proxies.microsocks() as port:
        yield Socks5Proxy(host=HERE, port=port)


@pytest.fixture(scope="module")
def squid() -> Iterator[Hop]:
    with proxies.squid() as port:
        yield HttpProxy(host=HERE, port=port)


def run_text(text: str, profile: Profile | None = None, secrets: dict[str, Secret] | None = None) -> Report:
    async def checked() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        report = await check(Request(profile or Profile(), secrets or {}, text), lambda _: None)
        await farewells()
        return report

    return loops.run(checked())


@pytest.fixture(scope="module")
def closed_squid() -> Iterator[int]:
    with proxies.squid(login=True) as port:
        yield port


@contextmanager
def scripted(script: Callable[[Conversation], Any], kind: type[Socks5Proxy] | type[HttpProxy]) -> Iterator[Hop]:
    with Peer(script) as peer:
        yield kind(host=HERE, port=peer.port)


def answering(answer: bytes) -> Callable[[Conversation], Any]:
    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(answer)
        await line.read()
        line.close()

    return script


# ---------------------------------------------------------------- ways that work


@pytest.mark.parametrize("kind", ["socks", "squid"])
@pytest.mark.parametrize("servers", ["replica_set", "tls_server"])
def test_every_member_is_reached_also_over_tls_with_verified_names(
    kind: str, servers: str, request: pytest.FixtureRequest
) -> None:
    hop, deployment = request.getfixturevalue(kind), request.getfixturevalue(servers)
    profile = read(deployment.uri()).profile
    report = run((hop,), profile=profile)
    assert report.verdict is Verdict.CONNECTED, report.findings
    assert [f for f in report.findings if f.severity is not Severity.NOTE] == []
    assert len(report.servers) == len(deployment.servers)
    for server in report.servers:
        assert server.cells["dns"].note == "at the far side"
        assert server.cells["tcp"].note == f"through {report.hops[0].kind} {report.hops[0].server}"
        assert server.cells["hello"].status is Status.PASSED
    assert [s.stage for s in report.stages][2:4] == [Stage.HOP, Stage.DNS]
    assert next(s for s in report.stages if s.stage is Stage.HOP).status is Status.PASSED


def test_a_login_at_the_proxy_and_one_at_the_server(login_server: Deployment) -> None:
    reading = read(login_server.uri(deployments.APP, path="appdb"))
    with proxies.microsocks(login=True) as port:
        hop = Socks5Proxy(host=HERE, port=port, user=proxies.USER)
        report = run((hop,), password=proxies.PASSWORD, profile=reading.profile, secrets=dict(reading.secrets))
    assert report.verdict is Verdict.CONNECTED, report.findings
    assert proxies.PASSWORD not in to_json(report)


def test_basic_login_at_an_http_proxy(closed_squid: int, standalone: Deployment) -> None:
    hop = HttpProxy(host=HERE, port=closed_squid, user=proxies.USER, login="basic")
    report = run((hop,), standalone.address, password=proxies.PASSWORD)
    assert report.verdict is Verdict.CONNECTED, report.findings
    assert proxies.PASSWORD not in to_json(report)


def test_a_proxy_behind_a_proxy(socks: Hop, squid: Hop, standalone: Deployment) -> None:
    report = run((socks, squid), standalone.address)
    assert report.verdict is Verdict.CONNECTED, report.findings
    assert [hop.kind for hop in report.hops] == ["socks5", "http"]
    assert all(stage.status is Status.PASSED for hop in report.hops for stage in hop.stages)


def test_a_watch_goes_the_same_way(socks: Hop, standalone: Deployment) -> None:
    profile = Profile(hops=(socks,), seeds=Seeds(hosts=(standalone.address,)))

    async def watched() -> bool:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        healthy = asyncio.Event()
        watch = Watch(Request(profile), emit=lambda s: healthy.set() if s.health.pings else None, log=False)
        task = asyncio.create_task(watch.run())
        await asyncio.wait_for(healthy.wait(), 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return healthy.is_set()

    assert loops.run(watched())


# ---------------------------------------------------------------- nothing goes directly


@pytest.mark.parametrize("kind", [Socks5Proxy, HttpProxy])
def test_a_dead_proxy_in_front_of_a_living_server_fails(
    kind: type[Socks5Proxy] | type[HttpProxy], standalone: Deployment
) -> None:
    with peers.closed_port() as port:
        report = run((kind(host=HERE, port=port),), standalone.address)
    assert headline(report) == "hop.refused"
    assert report.diagnosis is not None
    assert (report.diagnosis.certainty, report.diagnosis.stage) == (Certainty.PROVEN, Stage.HOP)
    assert [f.cause for f in report.findings if f.server is not None] == []


def test_on_an_ordinary_loop_nothing_is_connected(standalone: Deployment, socks: Hop) -> None:
    profile = Profile(hops=(socks,), seeds=Seeds(hosts=(standalone.address,)))
    report = asyncio.run(check(Request(profile), lambda _: None))
    assert report.verdict is Verdict.FAILED


def test_a_unix_socket_is_no_target_of_a_proxy(socks: Hop, tmp_path: Path) -> None:
    path = tmp_path / "mongodb.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.setblocking(False)
        report = run((socks,), str(path))
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert headline(report) == "hop.socket-is-local"


def test_a_password_in_clear_does_not_count_localhost_as_here(socks: Hop) -> None:
    profile = Profile(
        seeds=Seeds(hosts=("localhost:27017",)), auth=Auth(mechanism="PLAIN", user="app", source="$external")
    )
    report = run((socks,), profile=profile, secrets={PASSWORD: Secret("ldap-secret")})
    assert headline(report) == "auth.password-in-clear"


# ---------------------------------------------------------------- faults of the hop itself


def test_a_name_that_does_not_exist() -> None:
    assert headline(run((Socks5Proxy(host="nobody.invalid"),), "db.example.com:27017")) in (
        "hop.name-unknown",
        "hop.name-unresolved",  # a network without any name server
    )


def test_a_proxy_that_accepts_and_says_nothing() -> None:
    for kind in (Socks5Proxy, HttpProxy):
        with peers.silent() as peer:
            began = time.monotonic()
            report = run((kind(host=HERE, port=peer.port),), "db:27017", patience=Patience(0.2, 0.2))
        assert headline(report) == "hop.hangs"
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("kind", [Socks5Proxy, HttpProxy])
def test_one_that_hangs_up(kind: type[Socks5Proxy] | type[HttpProxy]) -> None:
    with peers.closing() as peer:
        assert headline(run((kind(host=HERE, port=peer.port),), "db:27017")) == "hop.closed"


@pytest.mark.parametrize(
    ("kind", "greeting", "service"),
    [
        (Socks5Proxy, b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server"),
        (Socks5Proxy, b"HTTP/1.1 400 Bad Request\r\n\r\n", "a web server"),
        (Socks5Proxy, b"\x00\x5b", "a SOCKS4 proxy"),
        (HttpProxy, b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server"),
        (HttpProxy, b"\x05\xff", "a SOCKS5 proxy"),
    ],
)
def test_another_service_is_named(kind: type[Socks5Proxy] | type[HttpProxy], greeting: bytes, service: str) -> None:
    with scripted(answering(greeting), kind) as hop:
        report = run((hop,), "db:27017")
    assert headline(report) == "hop.wrong-service"
    assert report.diagnosis is not None
    assert service in report.diagnosis.summary


def test_a_refused_password_is_sent_once_however_many_lines_are_opened() -> None:
    logins = []

    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(b"\x05\x02")
        logins.extend([said] if (said := await line.read()) else [])
        await line.write(b"\x01\x01")
        line.close()

    with Peer(script) as peer:
        hop = Socks5Proxy(host=HERE, port=peer.port, user="walker")
        report = run((hop,), "a:1", "b:1", "c:1", password="wrong")
    assert headline(report) == "socks.login-refused"
    assert len(logins) == 1


def test_logins_of_an_http_proxy(closed_squid: int, standalone: Deployment) -> None:
    report = run((HttpProxy(host=HERE, port=closed_squid),), standalone.address)
    assert headline(report) == "proxy.login-required"
    assert report.diagnosis is not None
    assert "Basic" in report.diagnosis.summary
    hop = HttpProxy(host=HERE, port=closed_squid, user=proxies.USER, login="basic")
    assert headline(run((hop,), standalone.address, password="wrong")) == "proxy.login-refused"


def test_a_refused_basic_login_is_sent_once() -> None:
    logins = []

    async def script(line: Conversation) -> None:
        logins.append(await line.read())
        await line.write(
            b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        line.close()

    with Peer(script) as peer:
        hop = HttpProxy(host=HERE, port=peer.port, user="walker", login="basic")
        report = run((hop,), "a:1", "b:1", "c:1", password="wrong")
    assert headline(report) == "proxy.login-refused"
    assert len(logins) == 1


def test_a_proxy_with_other_schemes() -> None:
    answer = (
        b"HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n"
    )
    with scripted(answering(answer), HttpProxy) as hop:
        wanted = HttpProxy(host=HERE, port=hop.port, user="walker", login="basic")
        report = run((wanted,), "db:27017", password="pw-of-the-proxy")
    assert headline(report) == "proxy.login-scheme"
    assert report.diagnosis is not None
    assert "Negotiate and NTLM" in report.diagnosis.summary


def test_tls_to_a_proxy_that_speaks_plainly(squid: Hop) -> None:
    report = run((HttpProxy(host=HERE, port=squid.port, tls=True),), "db:27017")
    assert headline(report) == "proxy.tls-failed"


# ---------------------------------------------------------------- what a hop says of a target


def test_a_closed_port_behind_a_proxy(socks: Hop, squid: Hop) -> None:
    with peers.closed_port() as port:
        for hop, cause in ((socks, "hop.localhost-is-remote"), (squid, "hop.localhost-is-remote")):
            report = run((hop,), f"127.0.0.1:{port}")
            assert headline(report) == cause
            assert report.diagnosis is not None
            assert report.diagnosis.server == f"127.0.0.1:{port}"


def test_one_port_forbidden_and_the_whole_host_forbidden() -> None:
    port_rule = "acl web port 443\nhttp_access deny CONNECT !web\nhttp_access allow all"
    with proxies.squid(rules=port_rule) as port:
        assert headline(run((HttpProxy(host=HERE, port=port),), "127.0.0.1:27017")) == "proxy.port-forbidden"
    host_rule = "acl inside dst 127.0.0.0/8\nhttp_access deny inside\nhttp_access allow all"
    with proxies.squid(rules=host_rule) as port:
        assert headline(run((HttpProxy(host=HERE, port=port),), "127.0.0.1:27017")) == "proxy.host-forbidden"
    with proxies.tinyproxy(connect_port=443) as port:
        assert headline(run((HttpProxy(host=HERE, port=port),), "127.0.0.1:27017")) == "proxy.port-forbidden"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"HTTP/1.1 501 Unsupported method\r\nServer: SimpleHTTP/0.6\r\n\r\n", "proxy.no-connect"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n", "proxy.failed"),
        (b"HTTP/1.1 405 No\r\nVia: 1.1 gate\r\n\r\n", "proxy.failed"),
        (b"HTTP/1.1 429 Slow down\r\nRetry-After: 5\r\n\r\n", "proxy.overloaded"),
        (b"HTTP/1.1 502 Bad Gateway\r\nVia: 1.1 gate\r\n\r\n", "proxy.overloaded"),
        (b"HTTP/1.1 500 X\r\nX-Squid-Error: ERR_CANNOT_FORWARD 0\r\n\r\n", "proxy.name-unknown"),
        (b"HTTP/1.1 503 X\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\n\r\n", "proxy.name-unknown"),
        (b"HTTP/1.1 503 X\r\nX-Squid-Error: ERR_CONNECT_FAIL 111\r\n\r\n", "proxy.far-refused"),
        (b"HTTP/1.1 503 X\r\nX-Squid-Error: ERR_CONNECT_FAIL 113\r\n\r\n", "proxy.far-unreachable"),
    ],
)
def test_what_an_http_proxy_answers(answer: bytes, cause: str) -> None:
    with scripted(answering(answer), HttpProxy) as hop:
        assert headline(run((hop,), "db.example.com:27017")) == cause


@pytest.mark.parametrize(
    ("code", "host", "cause"),
    [
        (1, "db", "socks.failed"),
        (2, "db", "socks.not-allowed"),
        (3, "db", "socks.far-unreachable"),
        (4, "db", "socks.name-unknown"),
        (4, "10.9.9.9", "socks.far-unreachable"),
        (5, "db", "socks.far-refused"),
        (5, "localhost", "hop.localhost-is-remote"),
        (6, "db", "socks.far-unreachable"),
        (7, "db", "socks.failed"),
        (8, "[fd00::1]", "socks.address-type"),
        (9, "db", "socks.failed"),
    ],
)
def test_what_a_socks_proxy_answers(code: int, host: str, cause: str) -> None:
    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(b"\x05\x00")
        await line.read()
        await line.write(bytes([5, code, 0, 1, 0, 0, 0, 0, 0, 0]))
        await line.read()
        line.close()

    with scripted(script, Socks5Proxy) as hop:
        report = run((hop,), f"{host}:27017")
    assert headline(report) == cause
    json.loads(to_json(report))


def test_a_server_that_hangs_up_behind_a_proxy_is_not_proven_to_do_so(socks: Hop) -> None:
    with peers.closing() as peer:
        report = run((socks,), peer.address)
    assert report.diagnosis is not None
    assert report.diagnosis.stage is not Stage.HOP
    assert report.diagnosis.certainty is not Certainty.PROVEN
    assert "SOCKS proxy" in report.diagnosis.detail


def test_a_certificate_that_is_not_trusted_is_the_servers_own(socks: Hop, tls_server: Deployment) -> None:
    profile = Profile(seeds=Seeds(hosts=(tls_server.address,)), tls=Tls(enabled=True))
    report = run((socks,), profile=profile)
    assert headline(report).startswith("tls.")


def test_a_member_that_the_proxy_does_not_reach_warns_beside_living_ones(socks: Hop, replica_set: Deployment) -> None:
    with peers.closed_port() as port:
        profile = read(replica_set.uri()).profile
        hosts = (*profile.seeds.hosts, f"localhost:{port}")
        report = run((socks,), profile=Profile(seeds=Seeds(hosts=hosts, replica_set=profile.seeds.replica_set)))
    assert report.verdict is Verdict.CONNECTED
    assert "hop.localhost-is-remote" in [f.cause for f in report.findings if f.severity is Severity.WARNING]


# ---------------------------------------------------------------- a proxy that the connection string names


def test_a_proxy_of_the_connection_string_is_gone_through(standalone: Deployment) -> None:
    with proxies.microsocks(login=True) as port:
        text = f"{standalone.uri()}?proxyHost={HERE}&proxyPort={port}&proxyUsername={proxies.USER}"
        report = run_text(f"{text}&proxyPassword={proxies.PASSWORD}")
        given = run_text(text, secrets={hop_password(0): Secret(proxies.PASSWORD)})
    for one in (report, given):
        assert one.verdict is Verdict.CONNECTED
        assert [(hop.kind, hop.server) for hop in one.hops] == [("socks5", f"{HERE}:{port}")]
        assert "uri.pymongo-goes-directly" in [found.cause for found in one.findings]
        assert "Unknown option" not in to_json(one)  # the driver warns of none
        assert proxies.PASSWORD not in to_json(one)


def test_a_profile_that_kept_the_options_of_a_proxy_goes_through_it(standalone: Deployment) -> None:
    with proxies.microsocks(login=True) as port:
        unread = (
            Unread(name="proxyHost", value=HERE),
            Unread(name="proxyPort", value=str(port)),
            Unread(name="proxyUsername", value=proxies.USER),
            Unread(name=PROXY_PASSWORD, value=None),
        )
        profile = Profile(seeds=Seeds(hosts=(standalone.address,)), unread=unread)
        report = run_text(build(profile, {PROXY_PASSWORD: Secret(proxies.PASSWORD)}, show="plain"), profile)
    assert report.verdict is Verdict.CONNECTED
    assert [hop.server for hop in report.hops] == [f"{HERE}:{port}"]


@pytest.mark.parametrize(
    "options", ["proxyPort=1080", "proxyHost=127.0.0.1&proxyUsername=me", "proxyHost=127.0.0.1&proxyPort=none"]
)
def test_options_that_name_no_whole_proxy_never_lead_directly(options: str) -> None:
    with peers.silent() as server:
        report = run_text(f"mongodb://{server.address}/?{options}")
        assert headline(report) == "uri.bad-value"
        assert server.connections == 0


def test_variables_of_the_options_are_found_before_the_way_is_gone(
    standalone: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{standalone.uri()}?proxyHost=${{GATE}}&proxyPort=${{PORT}}&proxyUsername=${{ME}}&proxyPassword=${{PW}}"
    assert headline(run_text(text)) == "uri.not-set"
    with proxies.microsocks(login=True) as port:
        values = {"GATE": HERE, "PORT": str(port), "ME": proxies.USER, "PW": proxies.PASSWORD}
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        reports = [run_text(text), run_text(text.replace("${PORT}", str(port)))]
    for report in reports:
        assert report.verdict is Verdict.CONNECTED
        assert [hop.server for hop in report.hops] == [f"{HERE}:{port}"]
        assert proxies.PASSWORD not in to_json(report)


def test_a_link_local_proxy_without_its_interface_cannot_be_reached() -> None:
    report = run((HttpProxy(host="fe80::1", port=3128),), "db.example.com:27017")
    assert headline(report) == "hop.unreachable"
    assert report.diagnosis is not None
    assert "[fe80::1]:3128" in report.diagnosis.summary
