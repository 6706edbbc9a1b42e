"""Findings that show only over time, from hand-made facts."""

from __future__ import annotations

from clearline.core.findings import Certainty, Severity
from clearline.core.profiles.profile import Profile, patched
from clearline.core.watch.findings import WatchFacts, another_process, findings
from clearline.core.watch.pool import DeadIdle, PoolLimits, PoolSnapshot, SlowGrowth
from clearline.core.watch.topology import ChangeKind, TopologyChange


def change(at_s: float, kind: ChangeKind, server: str, before: str, after: str) -> TopologyChange:
    return TopologyChange(at=at_s, at_s=at_s, kind=kind, server=server, before=before, after=after, text="…")


def test_nothing_seen_gives_no_finding() -> None:
    assert findings(WatchFacts()) == ()


def test_dead_idle_connections_are_likely_to_be_forgotten_on_the_way() -> None:
    (one,) = findings(WatchFacts(dead_idle=(DeadIdle(server="db:27017", count=1, shortest_s=300.0),)))
    (two,) = findings(WatchFacts(dead_idle=(DeadIdle(server="db:27017", count=2, shortest_s=300.0),)))
    assert (one.cause, one.certainty, two.certainty) == (
        "pool.idle-connections-dropped",
        Certainty.LIKELY,
        Certainty.LIKELY,
    ), "a server that closes quiet connections looks the same"
    assert (one.severity, one.server) == (Severity.WARNING, "db:27017")


def test_the_remedy_for_dropped_connections_stays_below_what_was_seen() -> None:
    for shortest_s, wanted in ((300.0, 120_000), (90.0, 45_000)):
        (found,) = findings(WatchFacts(dead_idle=(DeadIdle(server="db:27017", count=1, shortest_s=shortest_s),)))
        assert found.remedies[0].patch is not None
        assert patched(Profile(), found.remedies[0].patch).pool.max_idle_time_ms == wanted


def test_a_member_that_lags_is_told_by_how_much() -> None:
    (found,) = findings(WatchFacts(behind={"a:27017": 12.0, "b:27017": 400.4}))
    assert (found.cause, found.server) == ("topology.lagging-member", "b:27017")
    assert "400 s behind" in found.summary


def test_slow_growth_names_the_number_and_the_price() -> None:
    slow = SlowGrowth(server="db:27017", waited_ms=1800.0, made=40, make_ms=210.4, max_connecting=2)
    (found,) = findings(WatchFacts(slow_growth=(slow,)))
    assert found.cause == "pool.slow-growth"
    assert found.summary == "The pool grows only 2 connections at a time, and each costs 210 ms."
    assert found.remedies[0].patch is not None
    assert patched(Profile(), found.remedies[0].patch).pool.min_pool_size == 20


def test_a_short_wait_or_the_first_connections_are_no_slow_growth() -> None:
    short = SlowGrowth(server="db:27017", waited_ms=100.0, made=40, make_ms=10.0, max_connecting=2)
    first = SlowGrowth(server="db:27017", waited_ms=1000.0, made=2, make_ms=500.0, max_connecting=2)
    assert findings(WatchFacts(slow_growth=(short, first))) == ()


def test_a_used_up_pool_is_a_warning_of_the_watch() -> None:
    pool = PoolSnapshot(server="db:27017", in_use=10, waiting=7, limits=PoolLimits(max_pool_size=10))
    (found,) = findings(WatchFacts(used_up=(pool,)))
    assert (found.cause, found.severity) == ("pool.exhausted", Severity.WARNING)
    assert found.summary == "All 10 connections of the pool are busy."


def test_a_fail_over_names_the_old_and_the_new_primary() -> None:
    changes = (
        change(1, ChangeKind.ROLE, "a:1", "Unknown", "RSPrimary"),
        change(5, ChangeKind.ROLE, "a:1", "RSPrimary", "RSSecondary"),
        change(6, ChangeKind.ELECTED, "b:1", "RSSecondary", "RSPrimary"),
    )
    (found,) = findings(WatchFacts(changes=changes))
    assert (found.cause, found.server) == ("pool.failover", "b:1")
    assert found.detail.startswith("b:1 took over from a:1.")


def test_a_primary_that_is_elected_again_has_not_failed_over() -> None:
    changes = (
        change(5, ChangeKind.LOST, "a:1", "RSPrimary", "Unknown"),
        change(6, ChangeKind.ELECTED, "a:1", "Unknown", "RSPrimary"),
    )
    assert findings(WatchFacts(changes=changes)) == ()


def test_only_a_member_of_a_set_is_known_to_have_been_restarted() -> None:
    member, other = (another_process("a:1", member=known) for known in (True, False))
    assert (member.certainty, other.certainty) == (Certainty.PROVEN, Certainty.LIKELY)
    assert member.summary == "Another server process answers at a:1 than before: it was restarted."
    assert "or a balancer or a name with several addresses leads to another server now." in other.summary
