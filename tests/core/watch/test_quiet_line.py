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
    with MeddlingProxy(standalone.address, idle_s=1.0) as proxy:
        limit = tried(proxy)
    assert limit is not None
    assert limit.seconds == pytest.approx(1.0, abs=0.2)


def test_lines_that_are_forgotten_without_a_word(standalone: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet_line, "LONGEST_S", 1.0)
    monkeypatch.setattr(quiet_line, "ANSWER_S", 0.3)
    with MeddlingProxy(standalone.address, idle_s=0.6, forgets=True) as proxy:
        limit = tried(proxy)
    assert limit is not None
    assert limit.seconds == 1.0


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
            return await asyncio.wait_for(found, 30)
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
    assert findings(WatchFacts(idle_limit=limit)) == ()
