"""A watch over real servers, and every fault done for real: killed, frozen, stepped down, cut off, used up."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import sys
import threading
import time
import tracemalloc
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from clearline.core.check.request import Request
from clearline.core.driver.client import Built, build_client
from clearline.core.findings import Certainty
from clearline.core.profiles.profile import Pool, Profile, SecretSource
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.watch import live, pool_fold, watch
from clearline.core.watch import rounds as rounds_of_watch
from clearline.core.watch import session as watch_session
from clearline.core.watch.exercise import ExercisePlan, Work
from clearline.core.watch.health import HealthFold, HealthState
from clearline.core.watch.state import WatchState
from clearline.core.watch.topology import ChangeKind
from lab import deployments, loops
from lab.command_lines import command_line
from lab.deployment import ROOT, ROOT_PASSWORD, Deployment
from lab.namespaces import OUTSIDE, Network
from lab.peers import closed_port
from lab.relay import Relay
from lab.watching import Watched, is_, let_pass

DOWN, DEGRADED, PAUSED = is_(HealthState.DOWN), is_(HealthState.DEGRADED), is_(HealthState.PAUSED)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ping has 0.7 s instead of three, so that silence is told soon."""
    monkeypatch.setattr(watch_session, "ANSWER_WITHIN_S", 0.7)


def test_a_good_server_is_healthy_and_everything_about_it_is_told(standalone: Deployment) -> None:
    async def play() -> None:
        async with Watched(standalone.uri()) as watched:
            state = await watched.until(lambda s: s.health.pings >= 3)
        assert state.health.state is HealthState.HEALTHY
        assert state.health.rtt_ms is not None
        assert state.health.rtt_ms < 100
        assert state.health.uptime == 1.0
        assert [p.server for p in state.health.latencies] == [standalone.address] * state.health.pings
        (server,) = state.topology.servers
        assert (server.role, server.version, server.seed) == ("Standalone", "6.0.5", True)
        assert server.ping_ms is not None
        assert server.rtt_ms is not None
        (found,) = state.pools
        assert (found.server, found.in_use, found.idle, found.made) == (standalone.address, 0, 1, 1)
        assert state.local
        assert not state.findings
        assert watched.states[-1].ended
        assert {"connection", "pool", "command", "heartbeat", "server", "topology", "log"} <= {
            event.kind for event in watched.events
        }

    loops.run(play())


def test_a_set_is_told_with_roles_tags_and_who_knows_whom(diverse_set: Deployment) -> None:
    async def play() -> None:
        async with Watched(diverse_set.uri()) as watched:
            state = await watched.healthy()
            state = await watched.until(lambda s: sum(x.version is not None for x in s.topology.servers) == 3)
        by_address = {server.address: server for server in state.topology.servers}
        first = by_address[diverse_set.addresses[0]]
        assert state.topology.kind == "ReplicaSetWithPrimary"
        assert state.topology.primary == first.address
        assert (first.role, first.set_name, dict(first.tags)) == ("RSPrimary", "rs5", {"dc": "east"})
        assert set(first.hosts) >= set(diverse_set.addresses[:3])
        assert set(first.known_by) >= set(diverse_set.addresses[:3])
        assert by_address[diverse_set.addresses[4]].role == "RSArbiter"
        pinged = {server.address for server in state.topology.servers if server.ping_ms is not None}
        assert pinged == set(diverse_set.addresses[:3])

    loops.run(play())


def test_a_killed_server_is_down_with_its_cause_and_restored_when_it_is_back() -> None:
    async def play() -> None:
        async with Watched(deployment.uri()) as watched:
            await watched.healthy()
            killed = time.monotonic()
            await asyncio.to_thread(deployment.server.kill)
            state = await watched.until(DOWN)
            assert time.monotonic() - killed < 1.5
            state = await watched.until(lambda s: s.health.outages and s.health.outages[-1].cause)
            (outage,) = state.health.outages
            assert outage.cause is not None
            assert outage.cause.cause == "tcp.refused"
            assert outage.lasted_s is None
            assert outage.report is not None
            await asyncio.to_thread(deployment.server.start)
            state = await watched.healthy()
            (outage,) = state.health.outages
            assert outage.worst is HealthState.DOWN
            assert outage.lasted_s is not None
            assert outage.lasted_s > 0
            assert [c.kind for c in state.topology.changes if c.server][-2:] == [ChangeKind.LOST, ChangeKind.BACK]
            assert state.health.down_s > 0
            assert 0 < (state.health.uptime or 0) < 1
            # Afterwards it is known why: the process that answers is another one.
            assert outage.cause is not None
            assert (outage.cause.cause, outage.cause.certainty) == ("pool.server-went-away", Certainty.LIKELY)

    with deployments.standalone() as deployment:
        loops.run(play())


def test_an_outage_begins_with_the_loss_of_a_member_also_where_an_answer_was_slow() -> None:
    async def play() -> None:
        async with Watched(deployment.uri(), interval_s=30) as watched:
            await watched.until(lambda s: s.health.state is HealthState.HEALTHY and len(s.topology.servers) == 3)
            now = watched.watch.state.at_s
            watched.watch._live.health.judge(HealthState.DEGRADED, "The answer was slow.", now, time.time())
            await asyncio.to_thread(deployment.member("secondary").kill)
            state = await watched.until(lambda s: s.health.outages)
            (lost,) = [change for change in state.topology.changes if change.kind is ChangeKind.LOST]
            assert state.health.outages[0].began_s == pytest.approx(lost.at_s, abs=0.001)

    with deployments.replica_set() as deployment:
        loops.run(play())


def test_a_server_that_never_answered_is_down_at_once_and_healthy_when_it_starts() -> None:
    async def play() -> None:
        began = time.monotonic()
        async with Watched(uri, interval_s=5) as watched:
            state = await watched.until(lambda s: s.health.outages and s.health.outages[-1].cause)
            assert time.monotonic() - began < 2.5  # the ping's own deadline, which nobody waited for, is 3 s
            assert state.health.state is HealthState.DOWN
            assert state.health.outages[-1].cause is not None
            assert state.health.outages[-1].cause.cause == "tcp.refused"
            await asyncio.to_thread(deployment.server.start)
            await watched.healthy()

    with deployments.standalone() as deployment:
        uri = deployment.uri()
        deployment.server.kill()
        loops.run(play())


@pytest.mark.usefixtures("impatient")
def test_a_frozen_server_is_down_soon_although_its_connections_stand() -> None:
    async def play() -> None:
        async with Watched(deployment.uri(), late_s=1.6) as watched:
            await watched.healthy()
            deployment.server.freeze()
            frozen = time.monotonic()
            await watched.until(DOWN)
            assert time.monotonic() - frozen < 0.2 + 2 * 0.7 + 1.0
            assert "degraded" in watched.words
            state = await watched.until(lambda s: s.health.outages[-1].cause)
            assert state.health.outages[-1].cause is not None
            assert state.health.outages[-1].cause.cause == "hello.no-answer"
            deployment.server.thaw()
            state = await watched.healthy()
            assert state.health.outages[-1].lasted_s is not None
            assert not any(f.cause == "pool.idle-connections-dropped" for f in state.findings)

    with deployments.standalone() as deployment:
        loops.run(play())


def test_a_step_down_is_told_as_it_happens_and_recovers_as_a_fail_over() -> None:
    def step_down() -> None:
        with deployment.client(old) as client:
            client.admin.command("replSetStepDown", 30, force=True)

    async def play() -> None:
        async with Watched(deployment.uri()) as watched:
            await watched.healthy()
            await asyncio.to_thread(step_down)
            state = await watched.until(lambda s: any(c.kind is ChangeKind.ELECTED for c in s.topology.changes))
            state = await watched.healthy()
            assert "degraded" in watched.words
            elected = next(c for c in state.topology.changes if c.kind is ChangeKind.ELECTED)
            assert elected.server != old.address
            assert old.address in elected.text
            assert state.topology.primary == elected.server
            (finding,) = [f for f in state.findings if f.cause == "pool.failover"]
            assert (finding.evidence["elections"], old.address in finding.detail) == (1, True)
            assert state.health.outages[-1].cause is not None
            assert state.health.outages[-1].lasted_s is not None

    with deployments.replica_set(
        deployments.Member(priority=2), deployments.Member(), deployments.Member()
    ) as deployment:
        old = deployment.member("primary")
        loops.run(play())


def test_time_in_which_the_program_was_stopped_is_told_and_counts_for_nothing(
    standalone: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds_of_watch, "_STOOD_STILL_S", 0.5)

    async def play() -> None:
        async with Watched(standalone.uri(), interval_s=0.5) as watched:
            await watched.healthy()
            threading.Event().wait(1.5)  # as by SIGSTOP: nothing of this program runs
            state = await watched.until(
                lambda s: any(re.match("Nothing was watched for [1-9]", c.text) for c in s.topology.changes)
            )
            state = await watched.until(lambda s: s.health.pings >= 3)
            assert state.health.up_s < state.at_s - 0.5
            assert not state.health.outages

    loops.run(play())


@pytest.mark.usefixtures("impatient")
def test_a_cut_network_is_down_with_silence_as_its_cause(standalone: Deployment) -> None:
    async def play() -> None:
        async with Watched(uri, late_s=1.6) as watched:
            await watched.healthy()
            network.drop(port=27017)
            state = await watched.until(lambda s: s.health.outages and s.health.outages[-1].cause)
            cause = state.health.outages[-1].cause
            assert cause is not None
            assert cause.cause == "tcp.no-answer"
            await watched.until(DOWN)
            network.open_again()
            state = await watched.healthy()
            assert state.health.outages[-1].lasted_s is not None
            assert state.health.outages[-1].worst is HealthState.DOWN

    with Network() as network:
        network.publish(standalone.address, host=OUTSIDE, port=27017)
        uri = f"mongodb://{OUTSIDE}:27017/?directConnection=true"
        network.call(lambda: loops.run(play()))


def test_a_port_that_refused_for_a_server_that_ran_all_the_while_is_told_as_a_firewall(standalone: Deployment) -> None:
    async def play() -> None:
        async with Watched(uri) as watched:
            await watched.healthy()
            network.reject("tcp reset", port=27017)
            state = await watched.until(lambda s: s.health.outages and s.health.outages[-1].cause)
            assert state.health.outages[-1].cause is not None
            assert state.health.outages[-1].cause.cause == "tcp.refused"
            network.open_again()
            state = await watched.healthy()
            cause = state.health.outages[-1].cause
            assert cause is not None
            assert (cause.cause, cause.certainty) == ("tcp.local-firewall", Certainty.LIKELY)

    with Network() as network:
        network.publish(standalone.address, host=OUTSIDE, port=27017)
        uri = f"mongodb://{OUTSIDE}:27017/?directConnection=true"
        network.call(lambda: loops.run(play()))


def test_idle_connections_that_a_firewall_forgot_are_named_and_the_server_is_never_down(
    standalone: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        async with Watched(uri) as watched:
            state = await watched.healthy()
            for _ in range(5):  # one that died while it was in use, or after a late heartbeat, proves nothing
                made = state.pools[0].made
                network.drop_established(27017)
                state = await watched.until(lambda s, made=made: s.pools[0].made > made)  # type: ignore[misc]
                state = await watched.healthy()
                if state.findings:
                    break
            assert [f.cause for f in state.findings] == ["pool.idle-connections-dropped"]
            assert "down" not in watched.later_words

    monkeypatch.setattr(pool_fold, "IDLE_DROP_S", 0.15)
    with Network() as network:
        network.publish(standalone.address, host=OUTSIDE, port=27017)
        # The monitor's connection, which goes silent as well, is not given up before all is over.
        uri = f"mongodb://{OUTSIDE}:27017/?directConnection=true&connectTimeoutMS=300000"
        network.call(lambda: loops.run(play()))


def test_a_used_up_pool_degrades_the_health_and_says_so(standalone: Deployment) -> None:
    def used_up(state: WatchState) -> bool:
        return "connections of the pool are busy" in state.health.why and state.pools[0].waiting > 10

    async def play() -> None:
        async with Watched(standalone.uri(maxPoolSize=3)) as watched:
            await watched.healthy()
            for duration_s in (4.5, 20.0, 60.0):
                plan = ExercisePlan(workers=20, duration_s=duration_s, work=Work.WAIT, wait_ms=1000)
                exercise = asyncio.create_task(watched.watch.exercise(plan))
                state = await watched.until(lambda s: used_up(s) or exercise.done(), timeout_s=90)  # noqa: B023
                result = await exercise
                if used_up(state):
                    break
            assert state.health.state is HealthState.DEGRADED
            assert state.health.outages[-1].cause is not None
            assert state.health.outages[-1].cause.cause == "pool.exhausted"
            assert any(f.cause == "pool.exhausted" for f in state.findings)
            (busy,) = state.pools
            assert (busy.in_use, busy.limits.max_pool_size) == (3, 3)
            assert result.finished
            assert "maxPoolSize=3" in result.sentence
            state = await watched.healthy()
            assert "down" not in watched.later_words
            assert not any(f.cause == "pool.exhausted" for f in state.findings)
            assert max(point.waiting for point in state.series[standalone.address]) > 10

    loops.run(play())


def test_an_exercise_with_other_options_runs_on_a_client_of_its_own(standalone: Deployment) -> None:
    async def play() -> None:
        async with Watched(standalone.uri(maxPoolSize=2)) as watched:
            await watched.healthy()
            for duration_s in (0.4, 2.0, 10.0, 60.0):  # the last for a computer with much else to do
                plan = ExercisePlan(workers=8, duration_s=duration_s, pool=Pool(max_pool_size=50, max_connecting=8))
                result = await watched.watch.exercise(plan)
                if result.operations > 20 and result.pools[0].most_in_use == 8:
                    break
            assert (result.limits.max_pool_size, result.limits.max_connecting) == (50, 8)
            assert result.operations > 20
            assert not result.errors
            (found,) = result.pools
            assert found.most_in_use == 8
            state = await watched.until(lambda s: s.exercise is not None and s.exercise.finished)
            assert state.pools[0].made == 1
            assert state.exercise is not None
            assert state.exercise.sentence == result.sentence

    loops.run(play())


def test_a_read_is_exercised_without_writing_anything(standalone: Deployment) -> None:
    async def play() -> None:
        async with Watched(standalone.uri()) as watched:
            await watched.healthy()
            plan = ExercisePlan(workers=2, duration_s=1.0, work=Work.READ, collection="nothing.here")
            assert (await watched.watch.exercise(plan)).operations > 5
            commands = {e.command for e in watched.events if e.command}
            assert commands <= {"hello", "ping", "buildInfo", "find", "endSessions"}

    loops.run(play())
    with standalone.client() as client:
        assert "nothing" not in client.list_database_names()


def test_only_one_exercise_runs_at_a_time_and_none_without_a_connection(standalone: Deployment) -> None:
    async def play() -> None:
        watched = Watched(standalone.uri())
        with pytest.raises(ValueError, match="no open connection"):
            await watched.watch.exercise(ExercisePlan())
        async with watched:
            await watched.healthy()
            first = asyncio.create_task(watched.watch.exercise(ExercisePlan(duration_s=30)))
            await watched.until(lambda s: s.exercise)
            with pytest.raises(ValueError, match="already"):
                await watched.watch.exercise(ExercisePlan())
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            stopped = watched.watch.state.exercise
            assert stopped is not None
            assert stopped.finished
            assert stopped.sentence.startswith("Stopped after ")
            await watched.watch.exercise(ExercisePlan(workers=1, duration_s=0.05))

    loops.run(play())


def test_a_wrong_password_is_tried_once_and_pauses_the_watch_even_with_a_minimum_pool() -> None:
    async def play() -> None:
        async with Watched(deployment.uri("app", "wrong-secret", minPoolSize=10)) as watched:
            state = await watched.until(PAUSED)
            assert state.paused is not None
            assert state.paused.code == 18
            assert "wrong-secret" not in repr(state)
            watched.watch.ping_now()
            # The driver looks after its pools once a second: a client that lived would try again by then.
            await let_pass(1.6)
            assert await asyncio.to_thread(deployment.logins) == [("app", False)]

    with deployments.with_login() as deployment:
        loops.run(play())


def test_a_rotated_password_pauses_the_watch_and_the_new_one_resumes_it() -> None:
    def rotate() -> None:
        with deployment.client() as client:
            client.admin.command("updateUser", "app", pwd="rotated")

    async def play() -> None:
        before = deployment.logins().count(("app", False))
        async with Watched(uri, interval_s=0.2) as watched:
            await watched.healthy()
            await asyncio.to_thread(rotate)
            relay.cut()
            state = await watched.until(PAUSED)
            assert state.paused is not None
            assert state.paused.code == 18
            assert not state.pools
            await let_pass(1.2)
            failed = (await asyncio.to_thread(deployment.logins)).count(("app", False)) - before
            assert 1 <= failed <= 2
            watched.watch.resume({PASSWORD: Secret("rotated")})
            state = await watched.healthy()
            assert state.paused is None

    with deployments.with_login() as deployment, Relay(deployment.address) as relay:
        uri = f"mongodb://app:pass@{relay.address}/?directConnection=true&minPoolSize=3"
        loops.run(play())


def test_references_are_resolved_and_one_that_is_missing_pauses_the_watch(
    standalone: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(uri: str) -> WatchState:
        async with Watched(uri) as watched:
            return await watched.until(lambda s: s.paused or s.health.state is HealthState.HEALTHY)

    monkeypatch.setenv("WATCHED_SERVER", standalone.address)
    state = loops.run(play("mongodb://${WATCHED_SERVER}/"))
    assert [pool.server for pool in state.pools] == [standalone.address]
    state = loops.run(play("mongodb://${NOBODY_SET_THIS}/"))
    assert state.paused is not None
    assert "NOBODY_SET_THIS" in state.paused.text


def test_a_command_is_run_once_also_when_an_outage_is_explained(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    script = tmp_path / "secret.py"
    script.write_text(f"open({str(runs)!r}, 'a').write('x')\nprint('s3cret')\n")
    source = SecretSource(place="command", command=command_line([sys.executable, str(script)]))

    async def play(uri: str) -> None:
        profile = Profile(secrets={PASSWORD: source})
        async with Watched(uri, profile=profile, may_run=lambda _command: True) as watched:
            state = await watched.until(lambda s: s.health.outages and s.health.outages[-1].report)
            cause = state.health.outages[-1].cause
            assert cause is not None
            assert cause.cause == "tcp.refused"

    with closed_port() as port:
        loops.run(play(f"mongodb://app@127.0.0.1:{port}/"))
    assert runs.read_text() == "x"


def test_settings_that_the_driver_refuses_pause_the_watch() -> None:
    async def play() -> None:
        async with Watched("mongodb://127.0.0.1/?tls=true&tlsCAFile=/nowhere/ca.pem") as watched:
            state = await watched.until(PAUSED)
            assert state.paused is not None
            assert state.paused.text == "The file /nowhere/ca.pem does not exist."  # the words are ours

    loops.run(play())


def test_what_is_wrong_with_a_file_is_said_whatever_the_driver_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ca.pem").write_text("")

    def refuse(*_arguments: object, **_keywords: object) -> None:
        raise OSError(2, "words of another release")

    monkeypatch.setattr("clearline.core.watch.session.build_client", refuse)

    async def play() -> None:
        async with Watched(f"mongodb://127.0.0.1/?tls=true&tlsCAFile={tmp_path}/ca.pem") as watched:
            state = await watched.until(PAUSED)
            assert state.paused is not None
            assert f"{tmp_path}/ca.pem" in state.paused.text
            assert "another release" not in state.paused.text

    loops.run(play())


def test_the_loop_goes_on_while_the_client_of_a_watch_reads_the_trusted_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, went_on = threading.Event(), threading.Event()

    def slowly(*arguments: Any, **keywords: Any) -> Built:
        begun.set()
        assert went_on.wait(60)
        return build_client(*arguments, **keywords)

    async def play() -> None:
        async with Watched(f"mongodb://127.0.0.1:{port}/?tls=true") as watched:
            while not begun.is_set():
                await asyncio.sleep(0)
            went_on.set()
            await watched.until(DOWN)

    monkeypatch.setattr(watch_session, "build_client", slowly)
    with closed_port() as port:
        loops.run(play())


def test_a_password_is_not_sent_in_clear_by_a_watch() -> None:
    async def play() -> None:
        uri = "mongodb://u:p@db.example.com/?authMechanism=PLAIN&authSource=$external"
        async with Watched(uri) as watched:
            state = await watched.until(PAUSED)
            assert state.paused is not None
            assert "TLS" in state.paused.text
            assert not watched.events

    loops.run(play())


def test_stop_ends_a_watch_within_its_bound_also_when_the_server_is_frozen() -> None:
    async def play() -> None:
        watched = Watched(deployment.uri(), interval_s=0.05)
        async with watched:
            await watched.healthy()
            deployment.server.freeze()
            await let_pass(0.2)
            began = time.monotonic()
        deployment.server.thaw()
        assert time.monotonic() - began < 1.5
        assert watched.states[-1].ended

    with deployments.standalone() as deployment:
        loops.run(play())


def test_the_interval_can_be_changed_and_a_ping_asked_for(standalone: Deployment) -> None:
    async def play() -> None:
        async with Watched(standalone.uri(), interval_s=3600) as watched:
            await watched.healthy()
            pings = watched.watch.state.health.pings
            watched.watch.ping_now()
            state = await watched.until(lambda s: s.health.pings > pings)
            watched.watch.set_interval(0.1)
            state = await watched.until(lambda s: s.health.pings > pings + 3)
            assert state.interval_s == 0.1

    loops.run(play())


def test_states_come_at_most_four_times_a_second_and_only_when_something_changed(standalone: Deployment) -> None:
    async def play() -> None:
        async with Watched(standalone.uri(), interval_s=3600) as watched:
            await watched.healthy()
            await let_pass(1.5)
            told = len(watched.states)
            await let_pass(1.0)
            assert len(watched.states) == told
            await watched.watch.exercise(ExercisePlan(workers=5, duration_s=1.0))
            assert len(watched.states) - told <= 8

    loops.run(play())


def test_thousands_of_pings_grow_neither_memory_nor_threads_nor_files(
    standalone: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SHORTEST_INTERVAL_S", 0.0)
    monkeypatch.setattr(rounds_of_watch, "_ROUND_GAP_S", 0.0)
    kept, rounds = 400, 1600
    fold = HealthFold()
    fold._latencies = deque(maxlen=kept)  # 3,600 in earnest
    monkeypatch.setattr(live, "HealthFold", lambda: fold)

    def used() -> tuple[int, int, int]:
        gc.collect()
        return tracemalloc.get_traced_memory()[0], threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    async def play() -> None:
        states = 0

        def emit(_state: watch.WatchState) -> None:
            nonlocal states
            states += 1

        session = watch.Watch(Request(text=standalone.uri()), emit=emit, interval_s=0.0)
        task = asyncio.create_task(session.run())
        while session.state.health.pings < kept + 200:
            await asyncio.sleep(0.05)
        tracemalloc.start()
        before = used()
        while session.state.health.pings < rounds:
            await asyncio.sleep(0.05)
        after = used()
        tracemalloc.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        # The pings that are kept were made while tracing, those that they replaced were not: 400 of some 300 bytes.
        assert after[0] - before[0] < 200_000
        assert after[1:] == before[1:]

    loops.run(play())


def test_the_loggers_of_the_driver_are_as_before_when_the_watch_has_ended(standalone: Deployment) -> None:
    async def play() -> None:
        async with Watched(standalone.uri()) as watched:
            await watched.healthy()
            assert logging.getLogger("pymongo.command").level == logging.DEBUG

    before = [logging.getLogger(f"pymongo.{n}").level for n in ("command", "connection", "topology", "serverSelection")]
    loops.run(play())
    after = [logging.getLogger(f"pymongo.{n}").level for n in ("command", "connection", "topology", "serverSelection")]
    assert after == before


def test_no_secret_is_in_any_state_or_event() -> None:
    async def play() -> None:
        async with Watched(deployment.uri(ROOT, ROOT_PASSWORD)) as watched:
            await watched.healthy()
            await asyncio.to_thread(deployment.server.kill)
            await watched.until(DOWN)
            assert ROOT_PASSWORD not in repr(watched.states)
            assert ROOT_PASSWORD not in repr(watched.events)

    with deployments.with_login() as deployment:
        loops.run(play())


@pytest.mark.parametrize("loses", ["round", "until_next"])
def test_a_stop_that_something_inside_loses_ends_the_watch_all_the_same(
    monkeypatch: pytest.MonkeyPatch, loses: str
) -> None:
    async def play() -> None:
        reached = asyncio.Event()

        async def lost(*_: object) -> None:
            reached.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass  # as PyMongo does at times

        monkeypatch.setattr(rounds_of_watch.Rounds, loses, lost)
        with closed_port() as port:
            async with asyncio.timeout(60), Watched(f"mongodb://127.0.0.1:{port}/") as watched:
                await reached.wait()
                watched.task.cancel()
                await asyncio.wait({watched.task})
        assert watched.task.cancelled()
        assert watched.states[-1].ended

    loops.run(play())
