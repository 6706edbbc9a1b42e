"""From the answers of one round to the state of the deployment, case by case."""

from __future__ import annotations

from clearline.core.watch.health import HealthState
from clearline.core.watch.judgement import judged, lacking
from clearline.core.watch.pool import PoolSnapshot
from clearline.core.watch.session import Answer, Outcome
from clearline.core.watch.topology import ServerState, TopologySnapshot

A, B, C = "a:27017", "b:27017", "c:27017"


def answer(server: str, rtt_ms: float | None = 1.0) -> Answer:
    return Answer(outcome=Outcome.ANSWERED, server=server, rtt_ms=rtt_ms)


def silence(server: str | None = None) -> Answer:
    return Answer(outcome=Outcome.SILENT, server=server, text="No answer within 3 s.")


def a_set(*roles: str, kind: str = "ReplicaSetWithPrimary") -> TopologySnapshot:
    servers = tuple(ServerState(address=a, role=r) for a, r in zip((A, B, C), roles, strict=True))
    return TopologySnapshot(kind=kind, set_name="rs0", servers=servers)


HEALTHY_SET = a_set("RSPrimary", "RSSecondary", "RSSecondary")


def test_all_answer() -> None:
    found = judged(answer(A), (answer(B), answer(C)), HEALTHY_SET)
    assert (found.state, found.outage, found.missing) == (HealthState.HEALTHY, False, frozenset())


def test_a_member_that_the_driver_knows_but_that_ignores_us_is_missing() -> None:
    found = judged(answer(A), (answer(B), silence(C)), HEALTHY_SET)
    assert (found.state, found.why) == (HealthState.DEGRADED, f"{C} does not answer.")
    assert (found.outage, found.missing) == (True, {C})


def test_several_missing_members_are_listed() -> None:
    found = judged(answer(A), (), a_set("RSPrimary", "Unknown", "Unknown"))
    assert found.why == f"{B} and {C} do not answer."


def test_without_a_primary_secondaries_still_make_it_degraded() -> None:
    topology = a_set("Unknown", "RSSecondary", "RSSecondary", kind="ReplicaSetNoPrimary")
    found = judged(silence(), (answer(B), answer(C)), topology)
    assert (found.state, found.why, found.outage) == (HealthState.DEGRADED, "There is no primary.", True)


def test_no_server_answers() -> None:
    found = judged(silence(A), (silence(B), silence(C)), HEALTHY_SET)
    assert (found.state, found.why) == (HealthState.DOWN, f"{A}: No answer within 3 s.")


def test_when_the_driver_knows_no_server_the_seeds_are_named() -> None:
    found = judged(silence(), (), a_set("Unknown", "Unknown", "Unknown", kind="ReplicaSetNoPrimary"))
    assert (found.state, found.why) == (HealthState.DOWN, f"{A}, {B} and {C} do not answer.")
    assert judged(silence(), (), TopologySnapshot()).why == "No answer within 3 s."


def test_a_used_up_pool_is_degraded_whatever_else_there_is() -> None:
    queued = Answer(outcome=Outcome.QUEUED, server=A)
    found = judged(queued, (answer(B),), HEALTHY_SET, busy=PoolSnapshot(server=A, in_use=10))
    assert (found.state, found.why) == (HealthState.DEGRADED, "All 10 connections of the pool are busy.")


def test_a_slow_answer_is_degraded_without_being_an_outage() -> None:
    found = judged(answer(A, 812.0), (answer(B), answer(C)), HEALTHY_SET, usual_ms=20.0)
    assert (found.state, found.outage) == (HealthState.DEGRADED, False)
    assert found.why == "The answer took 812 ms; 20 ms are usual."


def test_a_set_without_a_known_member_lacks_its_servers_not_its_primary() -> None:
    gone = a_set("Unknown", "Unknown", "Unknown", kind="ReplicaSetNoPrimary")
    assert lacking(gone) == f"{A}, {B} and {C} do not answer."
    assert lacking(HEALTHY_SET) is None
