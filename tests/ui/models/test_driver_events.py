from __future__ import annotations

import random

import pytest
from PySide6.QtCore import Qt

from clearline.ui.models.driver_events import COLUMNS, DriverEventsModel, EventRole
from ui.played_checks import event


def numbers(model):
    return [int(model.event_at(row).text.split()[1]) for row in range(model.rowCount())]


def test_the_model_behaves_as_qt_demands(qtmodeltester, qapp):
    model = DriverEventsModel(capacity=50)
    model.append([event(n) for n in range(40)])
    qtmodeltester.check(model)
    model.append([event(n) for n in range(40, 120)])
    model.show_only("command", "ping 1")
    model.append([event(n) for n in range(120, 150)])
    qtmodeltester.check(model)


def test_past_its_capacity_it_keeps_the_newest_and_counts_the_dropped(qapp):
    model = DriverEventsModel(capacity=10)
    for start in range(0, 35, 7):
        model.append([event(n) for n in range(start, start + 7)])
    assert numbers(model) == list(range(25, 35))
    assert model.dropped == 25


def test_a_batch_larger_than_the_ring_leaves_its_newest(qapp):
    model = DriverEventsModel(capacity=10)
    model.append([event(n) for n in range(3)])
    model.append([event(n) for n in range(3, 40)])
    assert numbers(model) == list(range(30, 40))
    model.append([event(40)])
    assert numbers(model) == list(range(31, 41))


@pytest.mark.parametrize("seed", range(20))
def test_the_filter_shows_what_a_plain_search_of_the_newest_would(qapp, seed):
    chance = random.Random(seed)
    model = DriverEventsModel(capacity=chance.randint(1, 30))
    capacity, all_events, kind, text = model._capacity, [], "", ""
    for _ in range(60):
        if chance.random() < 0.2:
            kind, text = chance.choice(["", "pool", "command"]), chance.choice(["", "1", "ping 2", "NOTHING"])
            model.show_only(kind, text)
        batch = [event(len(all_events) + i, chance.choice(["pool", "command"])) for i in range(chance.randint(0, 40))]
        all_events += batch
        model.append(batch)
        kept = all_events[-capacity:]
        wanted = [
            e
            for e in kept
            if (not kind or e.kind == kind) and text.lower() in f"{e.name} {e.server} 3 {e.text}".lower()
        ]
        assert list(model.shown()) == wanted
        assert model.dropped == len(all_events) - len(kept)


def test_one_batch_is_one_insertion(qapp):
    model = DriverEventsModel()
    inserted = []
    model.rowsInserted.connect(lambda _parent, first, last: inserted.append((first, last)))
    model.append([event(n) for n in range(1000)])
    model.append([event(n) for n in range(1000, 1500)])
    assert inserted == [(0, 999), (1000, 1499)]


def test_while_paused_events_wait_and_are_shown_afterwards(qapp):
    model = DriverEventsModel()
    model.append([event(0)])
    model.set_paused(True)
    model.append([event(1), event(2)])
    assert (numbers(model), model.held) == ([0], 2)
    model.set_paused(False)
    assert (numbers(model), model.held) == ([0, 1, 2], 0)


def test_what_was_lost_before_it_came_is_counted_too(qapp):
    model = DriverEventsModel()
    model.append([event(0)], lost_before=7)
    assert model.dropped == 7
    model.clear()
    assert (model.rowCount(), model.dropped) == (0, 0)


def test_every_column_has_text_and_a_failure_says_so(qapp):
    model = DriverEventsModel()
    model.append([event(12, duration_ms=1.25, failed=True)])
    texts = [model.index(0, column).data(Qt.ItemDataRole.DisplayRole) for column in range(len(COLUMNS))]
    assert texts == ["12.0 ms", "command", "CommandStarted", "db1.example.com:27017", "3", "1.2 ms", "ping 12"]
    assert model.index(0, 0).data(EventRole.FAILED)
