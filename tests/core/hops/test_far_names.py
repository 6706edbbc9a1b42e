"""Names of mongodb+srv that only the far side of the hops knows: real SSH and SOCKS servers, real name servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Patience, Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.findings import Severity
from clearline.core.hops.hop_log import Terms
from clearline.core.hops.loop import HopLoop
from clearline.core.hops.way import lay
from clearline.core.profiles.hop import Hop, Socks5Proxy
from clearline.core.profiles.profile import OF_SSH, Auth, FarDns, Profile, Seeds, Tls
from clearline.core.report.report import Report, Verdict
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.watch import session
from clearline.core.watch.health import HealthState
from clearline.core.watch.state import WatchState
from clearline.core.watch.watch import Watch
from lab import loops, peers, proxies, ssh_server
from lab.deployment import Deployment
from lab.dns_server import NXDOMAIN, SERVFAIL, SILENT, DnsServer, Value, cluster, resolver_at
from lab.mongo_peer import MongoPeer, mongos_hello
from lab.ssh_server import Keys, Server, make_keys, sshd

pytestmark = [
    pytest.mark.skipif(ssh_server.unavailable() is not None, reason=str(ssh_server.unavailable())),
    pytest.mark.xdist_group("ssh"),
]

NAME = "c0.far.test"
MEMBER = "m1.far.test"
NAME_SERVER = "127.0.0.53"


@pytest.fixture(scope="module")
def bastion(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An SSH server that alone knows the name of the member, and whose name server is `NAME_SERVER`."""
    keys: Keys = make_keys(tmp_path_factory.mktemp("keys"))
    files = {
        "/etc/hosts": f"127.0.0.1 localhost {MEMBER}\n",
        "/etc/resolv.conf": f"# by hand\nnameserver {NAME_SERVER}\noptions timeout:1\n",
    }
    with sshd(keys, files=files) as server:
        yield server


@contextmanager
def names(port: int, **txt: str) -> Iterator[tuple[DnsServer, DnsServer]]:
    """A name server of this computer, which knows nothing, and one of the far side."""
    with DnsServer({}) as here, DnsServer(cluster(NAME, {MEMBER: port}, **txt)) as far, resolver_at(here):
        yield here, far


def at(server: DnsServer) -> str:
    return f"{server.host}:{server.port}"


def profile(hop: Hop, far: FarDns, *, auth: Auth | None = None) -> Profile:
    seeds = Seeds(srv=True, hosts=(NAME,))
    return Profile(hops=(hop,), far_dns=far, seeds=seeds, tls=Tls(enabled=False), auth=auth or Auth())


def run(checked: Profile, secrets: dict[str, Secret] | None = None, *, silence_s: float = 5.0) -> Report:
    async def go() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        patience = Patience(silence_s=silence_s, late_s=10.0)
        report = await check(Request(checked, secrets or {}, patience=patience), lambda _: None)
        await farewells()
        return report

    return loops.run(go())


def test_a_name_that_only_the_far_side_knows(bastion: Server, standalone: Deployment) -> None:
    with names(standalone.servers[0].port) as (here, far):
        report = run(profile(bastion.hop(), FarDns(server=at(far))))
        assert here.asked(f"_mongodb._tcp.{NAME}", "SRV") == 1  # by us, and not by the driver
        assert far.questions
        assert all(question.tcp for question in far.questions)
    assert report.verdict is Verdict.CONNECTED, report.findings
    assert [f for f in report.findings if f.severity is not Severity.NOTE] == []
    assert [server.address for server in report.servers] == [f"{MEMBER}:{standalone.servers[0].port}"]


def test_options_of_the_far_txt_record_count(bastion: Server, login_server: Deployment) -> None:
    user = next(user for user in login_server.users if user.database == "appdb")
    auth, secrets = Auth(user=user.name), {PASSWORD: Secret(user.password)}
    port = login_server.servers[0].port
    with names(port, txt="authSource=appdb") as (_, far):
        report = run(profile(bastion.hop(), FarDns(server=at(far)), auth=auth), secrets)
    assert report.verdict is Verdict.CONNECTED, report.findings


def test_here_comes_first(bastion: Server, standalone: Deployment) -> None:
    zone = cluster(NAME, {MEMBER: standalone.servers[0].port})
    with DnsServer(zone) as here, DnsServer({}) as far, resolver_at(here):
        report = run(profile(bastion.hop(), FarDns(server=at(far))))
        assert far.questions == []
    assert report.verdict is Verdict.CONNECTED, report.findings


def test_silence_here_does_not_keep_the_far_side_waiting(bastion: Server, standalone: Deployment) -> None:
    with DnsServer({("*", "*"): SILENT}) as here, resolver_at(here):
        with DnsServer(cluster(NAME, {MEMBER: standalone.servers[0].port})) as far:
            report = run(profile(bastion.hop(), FarDns(server=at(far))), silence_s=1.0)
    assert report.verdict is Verdict.CONNECTED, report.findings


def test_where_only_the_far_side_is_asked_nothing_is_asked_here(bastion: Server, standalone: Deployment) -> None:
    with names(standalone.servers[0].port) as (here, far):
        report = run(profile(bastion.hop(), FarDns(server=at(far), first=True)))
        assert here.questions == []
        assert report.verdict is Verdict.CONNECTED, report.findings
        far.zone.clear()
        report = run(profile(bastion.hop(), FarDns(server=at(far), first=True)))
        assert here.questions == []
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "dns.srv-not-found"
    assert f"{far.host}#{far.port}" in report.diagnosis.detail


def test_the_name_server_of_the_ssh_server_itself(bastion: Server, standalone: Deployment) -> None:
    zone = cluster(NAME, {MEMBER: standalone.servers[0].port})
    with DnsServer({}) as here, DnsServer(zone, host=NAME_SERVER, port=53), resolver_at(here):
        report = run(profile(bastion.hop(), FarDns(server=OF_SSH)))
    assert report.verdict is Verdict.CONNECTED, report.findings


def test_an_ssh_server_that_runs_no_commands_tells_no_name_server(
    tmp_path: pytest.TempPathFactory, standalone: Deployment, bastion: Server
) -> None:
    with sshd(bastion.keys, ForceCommand="/bin/false") as closed, DnsServer({}) as here, resolver_at(here):
        report = run(profile(closed.hop(), FarDns(server=OF_SSH)))
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "dns.far-unanswered"
    assert "of the SSH server" in report.diagnosis.summary


@pytest.mark.parametrize(("answer", "cause"), [(NXDOMAIN, "dns.srv-not-found"), (SERVFAIL, "dns.far-unanswered")])
def test_what_the_far_side_says_instead(bastion: Server, answer: Value, cause: str) -> None:
    with DnsServer({}) as here, DnsServer({("*", "*"): answer}) as far, resolver_at(here):
        report = run(profile(bastion.hop(), FarDns(server=at(far))))
    assert report.diagnosis is not None
    assert report.diagnosis.cause == cause
    assert "at the far side" in str(report.diagnosis.evidence)
    assert f"{far.host}#{far.port}" in report.diagnosis.summary + report.diagnosis.detail


def test_a_name_server_that_the_hop_does_not_reach(bastion: Server) -> None:
    with DnsServer({}) as here, resolver_at(here), peers.closed_port() as port:
        report = run(profile(bastion.hop(), FarDns(server=f"127.0.0.1:{port}")))
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "dns.far-unanswered"


def test_without_a_far_name_server_the_finding_says_that_one_can_be_named(bastion: Server) -> None:
    with DnsServer({}) as here, resolver_at(here):
        report = run(profile(bastion.hop(), FarDns()))
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "dns.srv-not-found"
    assert "behind the hops" in report.diagnosis.detail


def test_a_target_outside_of_the_domain_is_refused_as_the_driver_does(bastion: Server) -> None:
    zone = cluster(NAME, {"m1.elsewhere.test": 27017})
    with DnsServer({}) as here, DnsServer(zone) as far, resolver_at(here):
        report = run(profile(bastion.hop(), FarDns(server=at(far))))
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "dns.srv-target-refused"
    assert report.servers == ()


def test_a_name_server_that_is_silent_has_a_deadline(bastion: Server) -> None:
    with DnsServer({}) as here, DnsServer({("*", "*"): SILENT}) as far, resolver_at(here):
        report = run(profile(bastion.hop(), FarDns(server=at(far), first=True)), silence_s=0.5)
        assert here.questions == []
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "dns.far-unanswered"
    assert report.elapsed_ms < 5000, "and not the driver's own patience"


def test_over_socks_too() -> None:
    """Its far side is this computer, which does not know the member: the name of the cluster was found all the same."""
    with proxies.microsocks() as port, names(27017) as (_, far):
        report = run(profile(Socks5Proxy(host="127.0.0.1", port=port), FarDns(server=at(far))))
    assert [server.address for server in report.servers] == [f"{MEMBER}:27017"]
    assert report.diagnosis is not None
    assert report.diagnosis.server == f"{MEMBER}:27017"


def test_a_watch_finds_it_too(bastion: Server, standalone: Deployment) -> None:
    async def watched(one: Profile) -> None:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        healthy = asyncio.Event()
        watch = Watch(Request(one), emit=lambda s: healthy.set() if s.health.pings else None, log=True)
        task = asyncio.create_task(watch.run())
        await asyncio.wait_for(healthy.wait(), 15)
        assert [server.address for server in watch.state.topology.servers] == [f"{MEMBER}:{standalone.servers[0].port}"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with names(standalone.servers[0].port) as (_, far), asyncio.Runner(loop_factory=HopLoop) as runner:
        runner.run(watched(profile(bastion.hop(), FarDns(server=at(far)))))
        hidden = replace(profile(bastion.hop(), FarDns(server=at(far), first=True)), name="far only")
        runner.run(watched(hidden))


def test_a_watch_of_a_name_that_is_nowhere_says_so_and_tries_again(bastion: Server) -> None:
    async def watched(one: Profile) -> str:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def heard(state: WatchState) -> None:
            if state.health.state is HealthState.DOWN and not told.done():
                told.set_result(state.health.why)

        task = asyncio.create_task(Watch(Request(one), emit=heard, log=True).run())
        try:
            return await asyncio.wait_for(told, 60)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    with DnsServer({}) as far, asyncio.Runner(loop_factory=HopLoop) as runner:
        assert runner.run(watched(profile(bastion.hop(), FarDns(server=at(far), first=True))))


def test_routers_that_come_later_are_found_by_a_watch(bastion: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "RESCAN_S", 0.2)

    async def watched(one: Profile, far: DnsServer, ports: tuple[int, int]) -> None:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        known: set[str] = set()
        news = asyncio.Event()

        def heard(state: WatchState) -> None:
            known.clear()
            known.update(server.address for server in state.topology.servers)
            news.set()

        async def until(*wanted: int) -> None:
            async with asyncio.timeout(60):
                while known != {f"{MEMBER}:{port}" for port in wanted}:
                    news.clear()
                    await news.wait()

        task = asyncio.create_task(Watch(Request(one), emit=heard, log=False).run())
        try:
            await until(ports[0])
            far.zone.update(cluster(NAME, {MEMBER: ports[1]}))
            await until(ports[1])
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    with MongoPeer({"hello": mongos_hello()}) as first, MongoPeer({"hello": mongos_hello()}) as second:
        with names(first.port) as (_, far), asyncio.Runner(loop_factory=HopLoop) as runner:
            one = profile(bastion.hop(), FarDns(server=at(far)))
            runner.run(watched(one, far, (first.port, second.port)))


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("10.0.0.2", ("10.0.0.2", 53)),
        ("10.0.0.2:5353", ("10.0.0.2", 5353)),
        ("dns.far.test", ("dns.far.test", 53)),
        ("fd00::1", ("fd00::1", 53)),
        ("[fd00::1]:5353", ("fd00::1", 5353)),
        ("dns:99999", None),
        ("not a name", None),
    ],
)
def test_how_a_name_server_may_be_written(named: str, found: tuple[str, int] | None) -> None:
    async def asked() -> tuple[tuple[str, int], ...]:
        way = await lay((Socks5Proxy(host="gate"),), {}, terms=Terms())
        return await way.name_servers(named)

    assert loops.run(asked()) == (() if found is None else (found,))
