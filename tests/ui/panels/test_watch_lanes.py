"""A watch as lanes: every lane has the same time, and an outage is in all of them."""

from __future__ import annotations

import msgspec
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from clearline.core.watch.topology import ChangeKind, TopologyChange
from clearline.ui.look import theme
from clearline.ui.panels.watch_lanes import score_of
from clearline.ui.widgets.lanes import Lanes
from ui import played_watches as watches

FIRST, SECOND, _THIRD = watches.SERVERS


def elected() -> object:
    at = watches.BEGAN + 6
    change = {"at": at, "at_s": 6.0, "kind": ChangeKind.ELECTED, "text": "db2 is primary."}
    changes = (
        TopologyChange(server=FIRST, before="RSPrimary", after="RSSecondary", **change),
        TopologyChange(server=SECOND, before="RSSecondary", after="RSPrimary", **change),
    )
    return msgspec.structs.replace(
        watches.state(), topology=msgspec.structs.replace(watches.topology(SECOND), changes=changes)
    )


def test_members_are_called_by_what_differs_and_the_primary_comes_first() -> None:
    bars = score_of(elected(), 300.0).bars
    assert [bar.name for bar in bars] == ["db2", "db1", "db3"]
    assert [(span.word, span.strong) for span in bars[0].spans] == [("secondary", False), ("primary", True)]
    assert bars[0].spans[0].end == bars[0].spans[1].begin == watches.BEGAN + 6


def test_of_very_many_members_the_rest_is_counted() -> None:
    state = watches.state()
    servers = tuple(msgspec.structs.replace(state.topology.servers[0], address=f"db{n}:1") for n in range(50))
    many = msgspec.structs.replace(state, topology=msgspec.structs.replace(state.topology, servers=servers))
    score = score_of(many, 300.0)
    assert (len(score.bars), score.more_bars) == (6, 44)


def test_an_outage_shades_every_lane(qtbot: QtBot) -> None:
    lanes = Lanes("Lanes")
    qtbot.addWidget(lanes)
    lanes.resize(800, 420)
    lanes.show_score(score_of(watches.lost(), 30.0))
    begin, end = lanes.shown
    plot = lanes._plot()
    x = round(plot.left() + (watches.BEGAN + 13 - begin) / (end - begin) * plot.width())
    drawn = lanes.grab().toImage()
    bar = QColor(theme.tone("failed"))
    assert drawn.pixelColor(x, round(plot.top()) + 1) == bar
    shaded = [
        drawn.pixelColor(x, y).red() > drawn.pixelColor(x, y).green()
        for y in range(round(plot.top()), round(plot.bottom()))
    ]
    assert sum(shaded) > len(shaded) * 0.8  # the bar of a primary is blue under its shade


def test_without_a_watch_it_says_so(qtbot: QtBot) -> None:
    lanes = Lanes("Lanes")
    qtbot.addWidget(lanes)
    lanes.show_score(score_of(None, 300.0))
    assert lanes.accessibleDescription() == "No ping yet."
    lanes.resize(700, 400)
    assert not lanes.grab().isNull()
