"""MongoDB's suites for discovery and for connection pools: the watch's folds say what the suites expect."""

from __future__ import annotations

from typing import Any

import pytest

from all_rows import all_rows
from clearline.core.driver.events import DriverEvent
from clearline.core.watch.pool_fold import PoolFold
from clearline.core.watch.topology import TopologyFold
from lab.spec_suites import FETCH, SUITES, Play, documents

DISCOVERY = [
    pytest.param(case, id=name)
    for name, case in documents(
        "discovery_and_monitoring/rs",
        "discovery_and_monitoring/single",
        "discovery_and_monitoring/sharded",
        "discovery_and_monitoring/load-balanced",
    )
]
POOLS = [pytest.param(case, id=name) for name, case in documents("connection_monitoring") if case.get("events")]


def test_the_suites_are_there() -> None:
    assert SUITES.is_dir(), FETCH
    assert len(DISCOVERY) >= 100
    assert len(POOLS) >= 25


@all_rows("case", DISCOVERY)
def test_the_fold_shows_the_deployment_that_the_suite_expects(case: dict[str, Any]) -> None:
    play, fold = Play(case), TopologyFold()
    fold.observe(play.description, 0.0, 0.0)
    for number, (_, outcome) in enumerate(play.phases()):
        fold.observe(play.description, float(number + 1), float(number + 1))
        shown = fold.snapshot()
        assert shown.kind == outcome["topologyType"]
        assert shown.set_name == outcome.get("setName")
        expected = {
            address: "Unknown" if server["type"] == "PossiblePrimary" else server["type"]
            for address, server in outcome["servers"].items()
        }
        assert {server.address: server.role for server in shown.servers} == expected
        primaries = [address for address, role in expected.items() if role == "RSPrimary"]
        assert shown.primary == (primaries[0] if primaries else None)


@all_rows("case", DISCOVERY)
def test_every_change_of_a_role_is_told_once(case: dict[str, Any]) -> None:
    play, fold = Play(case), TopologyFold()
    fold.observe(play.description, 0.0, 0.0)
    before = {server.address: server.role for server in fold.snapshot().servers}
    for number, _ in enumerate(play.phases()):
        told = len(fold.snapshot().changes)
        fold.observe(play.description, float(number + 1), float(number + 1))
        after = {server.address: server.role for server in fold.snapshot().servers}
        new = [change for change in fold.snapshot().changes[told:] if change.server is not None]
        moved = {a for a in after if a in before and after[a] != before[a]}
        assert moved | (before.keys() - after.keys()) <= {change.server for change in new}
        assert len(new) == len({(change.server, change.kind) for change in new})
        before = after


class Model:
    """A pool as the suite's list of events describes it; 42 stands for whichever connection it is."""

    def __init__(self) -> None:
        self.making: list[int] = []
        self.idle: list[int] = []
        self.out: list[int] = []
        self.closed = self.check_outs = self.failed = self.generation = self._last = 0

    def number(self, event: dict[str, Any]) -> int:
        """Which connection an event is about, moved to where it is after the event."""
        kind, named = event["type"], event.get("connectionId")
        places = {
            "ConnectionReady": (self.making,),
            "ConnectionCheckedOut": (self.idle,),
            "ConnectionCheckedIn": (self.out,),
            "ConnectionClosed": (self.idle, self.out, self.making),
        }.get(kind, ())
        found = None
        for place in places:
            candidates = [n for n in place if named in (None, 42) or n == named]
            if candidates:
                found = candidates[0]
                place.remove(found)
                break
        known = found is not None  # the suite leaves events out that a case is not about
        if found is None:
            self._last = named if isinstance(named, int) and named != 42 else self._last + 1
            found = self._last
        match kind:
            case "ConnectionCreated":
                self.making.append(found)
            case "ConnectionReady":
                self.idle.append(found)
            case "ConnectionCheckedIn" if known:
                self.idle.append(found)
            case "ConnectionCheckedOut":
                self.out.append(found)
                self.check_outs += 1
            case "ConnectionClosed":
                self.closed += 1
        return found


@all_rows("case", POOLS)
def test_the_fold_follows_every_list_of_pool_events(case: dict[str, Any]) -> None:
    model, fold, server = Model(), PoolFold(), "a:27017"
    fold.feed(DriverEvent(at_s=0.0, kind="pool", name="PoolCreated", server=server))
    for number, event in enumerate(case["events"]):
        about_connection = event["type"].startswith("ConnectionCheck") or event["type"] in (
            "ConnectionCreated",
            "ConnectionReady",
            "ConnectionClosed",
        )
        name = event["type"].replace("ConnectionPool", "Pool")
        if name == "PoolCreated":
            continue
        has_connection = about_connection and name not in ("ConnectionCheckOutStarted", "ConnectionCheckOutFailed")
        fold.feed(
            DriverEvent(
                at_s=number + 1.0,
                kind="connection" if about_connection else "pool",
                name=name,
                server=server,
                connection_id=model.number(event) if has_connection else None,
                reason=event.get("reason"),
            )
        )
        model.failed += name == "ConnectionCheckOutFailed"
        model.generation += name == "PoolCleared"
        (shown,) = fold.snapshot()
        assert (shown.making, shown.idle, shown.in_use) == (len(model.making), len(model.idle), len(model.out))
        assert (shown.check_outs, shown.closed_in_all) == (model.check_outs, model.closed)
        assert (sum(shown.failed_check_outs.values()), shown.generation) == (model.failed, model.generation)
        if event.get("reason") and event["reason"] != 42:
            told = shown.closed if name == "ConnectionClosed" else shown.failed_check_outs
            assert told.get(event["reason"], 0) >= 1
