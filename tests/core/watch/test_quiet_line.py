"""After how long is a quiet line ended? Lines through real hops and scripted ones, to a real server."""

from __future__ import annotations

import asyncio

import pytest

from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.findings import Certainty, Finding
from clearline.core.hops.hop_log import Terms
from clearline.core.hops.loop import HopLoop
from clearline.core.hops.way import lay
from clearline.core.profiles.hop import HttpProxy
from clearline.core.profiles.profile import Options, Profile, Seeds, Timeouts
from clearline.core.watch import quiet_line
from clearline.core.watch.cut_lines import IdleLimit
from clearline.core.watch.findings import WatchFacts, findings
from clearline.core.watch.quiet_line import QuietLine
from clearline.core.watch.watch import Watch
from lab import loops
from lab.deployment import Deployment
from lab.meddling_proxies import MeddlingProxy
from lab.peer import Conversation, Peer
from lab.watching import Watched

HERE = "127.0.0.1"


def tried(proxy: MeddlingProxy) -> IdleLimit | None:
    async def work() -> IdleLimit | None:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        way = await lay([HttpProxy(host=HERE, port=proxy.port)], {}, terms=Terms())
        quiet = QuietLine(way, None)
        await quiet.run("db.far.test:27017")
        way.close()
        return quiet.limit

    return loops.run(work())


def test_lines_that_are_closed_whenever_they_were_quiet(standalone: Deployment) -> None:
    with MeddlingProxy(standalone.address, idle_s=2.0) as proxy:
        limit = tried(proxy)
    assert limit is not None
    assert limit.seconds == pytest.approx(2.0, abs=0.4)


def test_lines_that_are_forgotten_without_a_word(standalone: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet_line, "LONGEST_S", 1.6)
    monkeypatch.setattr(quiet_line, "ANSWER_S", 0.8)
    with MeddlingProxy(standalone.address, idle_s=1.2, forgets=True) as proxy:
        limit = tried(proxy)
    assert limit is not None
    assert limit.seconds == 1.6


def test_lines_that_end_however_much_is_said_have_no_idle_limit(standalone: Deployment) -> None:
    """Some servers end, after a while, every connection that does not log in."""
    with MeddlingProxy(standalone.address, life_s=1.0) as proxy:
        assert tried(proxy) is None
        assert proxy.connections == 4


def test_one_line_that_lasts_is_enough(standalone: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet_line, "LONGEST_S", 0.3)
    with MeddlingProxy(standalone.address) as proxy:
        assert tried(proxy) is None
        assert proxy.connections == 1


def test_a_watch_finds_what_its_heartbeats_do_not_meet(standalone: Deployment) -> None:
    """They are asked every half second here, and a line may be quiet for a second."""

    async def watched(profile: Profile) -> Finding:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        found: asyncio.Future[Finding] = asyncio.get_running_loop().create_future()

        def told(state: object) -> None:
            for one in getattr(state, "findings", ()):
                if one.cause == "proxy.idle-limit" and not found.done():
                    found.set_result(one)

        task = asyncio.create_task(Watch(Request(profile), emit=told, log=False, interval_s=0.3).run())
        try:
            return await asyncio.wait_for(found, 60)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    with MeddlingProxy(standalone.address, idle_s=1.0) as proxy, asyncio.Runner(loop_factory=HopLoop) as runner:
        profile = Profile(
            hops=(HttpProxy(host=HERE, port=proxy.port),),
            seeds=Seeds(hosts=("db.far.test:27017",)),
            timeouts=Timeouts(heartbeat_frequency_ms=500),
            options=Options(server_monitoring_mode="poll"),
        )
        finding = runner.run(watched(profile))
    assert finding.certainty is Certainty.LIKELY
    assert finding.evidence["ends"] == 3
    assert finding.summary == f"The proxy {HERE} ends connections that are idle for 1 seconds."


def test_through_other_hops_it_is_something_on_the_way() -> None:
    limit = IdleLimit("db:27017", 30.2, 3)
    [finding] = findings(WatchFacts(idle_limit=limit, hops="the SSH server b.example.com:22"))
    assert (finding.cause, finding.certainty) == ("pool.idle-connections-dropped", Certainty.LIKELY)
    assert "Through the SSH server b.example.com:22, 3 were ended after 30 s" in finding.detail
    assert finding.remedies[0].patch == {"pool": {"maxIdleTimeMS": 15100}}


def test_without_any_hop_it_is_something_on_the_way_too_and_heartbeats_are_sent_more_often() -> None:
    [finding] = findings(WatchFacts(idle_limit=IdleLimit("db:27017", 5.0, 3)))
    assert (finding.cause, finding.certainty) == ("pool.idle-connections-dropped", Certainty.LIKELY)
    assert finding.summary == "Lines to db:27017 are ended once they have been quiet for 5 s."
    assert finding.remedies[0].patch == {"pool": {"maxIdleTimeMS": 2500}, "timeouts": {"heartbeatFrequencyMS": 2500}}


@pytest.mark.parametrize("kind", ["idle_s", "life_s"])
def test_a_limit_that_heartbeats_have_met_is_confirmed_by_a_line_that_talks(standalone: Deployment, kind: str) -> None:
    limit = IdleLimit("db.far.test:27017", 2.0, 3)

    async def work() -> IdleLimit | None:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        way = await lay([HttpProxy(host=HERE, port=proxy.port)], {}, terms=Terms())
        quiet = QuietLine(way, None)
        await quiet.confirm(limit)
        way.close()
        return quiet.limit

    with MeddlingProxy(standalone.address, **{kind: 2.0}) as proxy:
        confirmed = loops.run(work())
    assert confirmed == (limit if kind == "idle_s" else None)


def test_a_watch_without_hops_finds_a_balancer_that_ends_quiet_lines(standalone: Deployment) -> None:
    host, _, port = standalone.address.rpartition(":")

    async def passed(line: Conversation) -> None:
        """Resets a line on which nothing was said for 1.2 s, in either direction."""
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            ways = {
                asyncio.ensure_future(line.read()): "up",
                asyncio.ensure_future(reader.read(65536)): "down",
            }
            while True:
                done, _ = await asyncio.wait(ways, timeout=1.2, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    line.reset()
                    return
                for way in done:
                    data, which = way.result(), ways.pop(way)
                    if not data:
                        return
                    if which == "up":
                        writer.write(data)
                        ways[asyncio.ensure_future(line.read())] = which
                    else:
                        await line.write(data)
                        ways[asyncio.ensure_future(reader.read(65536))] = which
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.transport.abort()

    async def play() -> None:
        async with Watched(f"mongodb://{balancer.address}/?directConnection=true", interval_s=0.4) as watched:
            state = await watched.until(lambda s: s.findings)
            (found,) = state.findings
            assert found.cause == "pool.idle-connections-dropped"
            assert found.evidence["idle_s"] == pytest.approx(1.2, abs=0.6)
            state = await watched.until(lambda s: s.health.outages and s.health.outages[-1].cause)
            assert state.health.outages[-1].cause == found

    with Peer(passed) as balancer:
        loops.run(play())
