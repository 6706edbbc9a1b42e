from __future__ import annotations

import random
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from clearline.core.driver.events import DriverEvent
from clearline.ui.models.driver_events import DriverEventsModel, EventRole
from clearline.ui.models.event_columns import COLUMNS
from clearline.ui.models.event_ring import EventFilter, EventRing
from ui.played_checks import event


def numbers(model: DriverEventsModel) -> list[int]:
    return [int(model.event_at(row).text.split()[1]) for row in range(model.rowCount())]


def test_the_model_behaves_as_qt_demands(qtmodeltester: Any, qapp: QApplication) -> None:
    model = DriverEventsModel(capacity=50)
    model.append([event(n) for n in range(40)])
    qtmodeltester.check(model)
    model.append([event(n) for n in range(40, 120)])
    model.show_only(EventFilter(kind="command", text="ping 1"))
    model.append([event(n) for n in range(120, 150)])
    qtmodeltester.check(model)


def test_past_its_capacity_it_keeps_the_newest_and_counts_the_dropped(qapp: QApplication) -> None:
    model = DriverEventsModel(capacity=10)
    for start in range(0, 35, 7):
        model.append([event(n) for n in range(start, start + 7)])
    assert numbers(model) == list(range(25, 35))
    assert model.dropped == 25


def test_a_batch_larger_than_the_ring_leaves_its_newest(qapp: QApplication) -> None:
    model = DriverEventsModel(capacity=10)
    model.append([event(n) for n in range(3)])
    model.append([event(n) for n in range(3, 40)])
    assert numbers(model) == list(range(30, 40))
    model.append([event(40)])
    assert numbers(model) == list(range(31, 41))


@pytest.mark.parametrize("seed", range(20))
def test_the_filter_shows_what_a_plain_search_of_the_newest_would(qapp: QApplication, seed: int) -> None:
    chance = random.Random(seed)
    model = DriverEventsModel(capacity=chance.randint(1, 30))
    capacity, all_events, kind, text = model.capacity, [], "", ""
    for _ in range(60):
        if chance.random() < 0.2:
            kind, text = (
                chance.choice(["", "pool", "command"]),
                chance.choice(["", "1", "3", "77", "ping 2", "NOTHING", "STARTED"]),
            )
            model.show_only(EventFilter(kind=kind, text=text))
        batch = [event(len(all_events) + i, chance.choice(["pool", "command"])) for i in range(chance.randint(0, 40))]
        all_events += batch
        model.append(batch)
        kept = all_events[-capacity:]
        wanted = [
            e
            for e in kept
            if (not kind or e.kind == kind)
            and (text.lower() in f"{e.name} {e.server}".lower() or text.lower() in e.text or text == "3")
        ]
        assert list(model.shown()) == wanted
        assert model.dropped == len(all_events) - len(kept)


def test_one_batch_is_one_insertion(qapp: QApplication) -> None:
    model = DriverEventsModel()
    inserted = []
    model.rowsInserted.connect(lambda _parent, first, last: inserted.append((first, last)))
    model.append([event(n) for n in range(1000)])
    model.append([event(n) for n in range(1000, 1500)])
    assert inserted == [(0, 999), (1000, 1499)]


def test_while_paused_events_wait_and_are_shown_afterwards(qapp: QApplication) -> None:
    model = DriverEventsModel()
    model.append([event(0)])
    model.set_paused(True)
    model.append([event(1), event(2)])
    assert (numbers(model), model.held) == ([0], 2)
    model.set_paused(False)
    assert (numbers(model), model.held) == ([0, 1, 2], 0)


def test_what_was_lost_before_it_came_is_counted_too(qapp: QApplication) -> None:
    model = DriverEventsModel()
    model.append([event(0)], lost_before=7)
    assert model.dropped == 7
    model.clear()
    assert (model.rowCount(), model.dropped) == (0, 0)


def test_every_column_has_text_and_a_failure_says_so(qapp: QApplication) -> None:
    model = DriverEventsModel()
    model.append([event(10), event(12, duration_ms=1.25, failed=True)])
    texts = [model.index(1, column).data(Qt.ItemDataRole.DisplayRole) for column in range(len(COLUMNS))]
    assert texts == [
        "",
        "12.0 ms",
        "+2.0 ms",
        "command",
        "CommandStarted",
        "db1.example.com:27017",
        "3",
        "1.2 ms",
        "ping 12",
    ]
    assert model.index(1, 0).data(EventRole.FAILED)
    assert not model.index(0, 0).data(EventRole.FAILED)


def test_the_gap_is_to_the_event_that_is_shown_above(qapp: QApplication) -> None:
    model = DriverEventsModel()
    model.append([event(0, "pool"), event(5), event(1500, "pool")])
    model.show_only(EventFilter(kind="pool"))
    assert [model.text_at(row, 2) for row in range(2)] == ["", "+1.50 s"]


def test_an_event_comes_back_as_it_went_in(qapp: QApplication) -> None:
    whole = event(1, duration_ms=0.25, failed=True, command="ping", request_id=7, code=13, reason="stale", role="x")
    bare = DriverEvent(at_s=1.5, kind="topology", name="TopologyOpened")
    model = DriverEventsModel()
    model.append([whole, bare])
    assert list(model.shown()) == [whole, bare]


def test_times_of_a_later_recording_go_on_where_the_earlier_one_began(qapp: QApplication) -> None:
    model = DriverEventsModel()
    model.append([event(100)])
    model.append([event(50)], offset_s=2.0)
    assert [e.at_s for e in model.shown()] == [0.1, 2.05]


@pytest.mark.parametrize("seed", range(10))
def test_every_filter_finds_what_it_names_and_nothing_else(qapp: QApplication, seed: int) -> None:
    chance = random.Random(seed)
    ring, kept = EventRing(chance.randint(1, 40)), []
    for n in range(120):
        one = event(
            n,
            chance.choice(["pool", "command"]),
            server=chance.choice(["a:1", "b:2", None]),
            connection_id=chance.choice([None, 1, 2]),
            failed=chance.random() < 0.3,
        )
        ring.extend([one])
        kept = [*kept, one][-ring.capacity :]
        wanted = EventFilter(
            kind=chance.choice(["", "pool"]),
            server=chance.choice(["", "a:1"]),
            connection_id=chance.choice([None, 1]),
            text=chance.choice(["", "ping 1", "a:1"]),
            failed=chance.random() < 0.5,
        )
        assert [ring.event(number) for number in ring.matching(wanted)] == [
            e
            for e in kept
            if (not wanted.kind or e.kind == wanted.kind)
            and (not wanted.server or e.server == wanted.server)
            and (wanted.connection_id is None or e.connection_id == wanted.connection_id)
            and (not wanted.failed or e.failed)
            and (wanted.text in f"{e.name} {e.server or ''}" or wanted.text in e.text)
        ]


def test_a_bookmark_stays_with_its_event_until_that_is_pushed_out(qapp: QApplication) -> None:
    model = DriverEventsModel(capacity=10)
    model.append([event(n) for n in range(8)])
    model.toggle_bookmark(5)
    model.append([event(n) for n in range(8, 14)])
    assert [row for row in range(10) if model.is_bookmarked(row)] == [1]
    assert numbers(model)[1] == 5
    model.show_only(EventFilter(), bookmarked=True)
    assert numbers(model) == [5]
    model.append([event(n) for n in range(14, 20)])
    assert (numbers(model), model.bookmarks) == ([], [])


def test_another_bound_keeps_the_newest(qapp: QApplication) -> None:
    model = DriverEventsModel(capacity=10)
    model.append([event(n) for n in range(14)])
    model.set_capacity(4)
    assert (numbers(model), model.dropped) == ([10, 11, 12, 13], 10)
    model.set_capacity(6)
    model.append([event(14), event(15), event(16)])
    assert (numbers(model), model.dropped) == ([11, 12, 13, 14, 15, 16], 11)


def test_all_events_of_a_command_and_of_a_connection_are_found(qapp: QApplication) -> None:
    model = DriverEventsModel()
    model.append([event(n, request_id=n // 2, connection_id=n % 3) for n in range(12)])
    assert [e.text for e in model.of_request(3)] == ["ping 6", "ping 7"]
    assert [e.text for e in model.of_connection("db1.example.com:27017", 2)] == [
        "ping 2",
        "ping 5",
        "ping 8",
        "ping 11",
    ]
    assert model.connections() == [2, 1, 0]
    assert model.servers() == ["db1.example.com:27017"]
