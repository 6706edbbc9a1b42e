"""The log of driver events, filtered from the menu of a row."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from clearline.ui.models.driver_events import DriverEventsModel
from clearline.ui.panels.events import EventsPanel
from ui.played_checks import event

ELSEWHERE = "db2.example.com:27017"


@pytest.fixture
def panel(qtbot: QtBot) -> EventsPanel:
    """Events 0 and 1 are of connection 3, 2 of connection 4 to the same server, 3 of another server, 4 of none."""
    model = DriverEventsModel()
    model.append(
        [
            event(0),
            event(1),
            event(2, connection_id=4),
            event(3, server=ELSEWHERE),
            event(4, kind="topology", server=None, connection_id=None),
        ]
    )
    made = EventsPanel()
    qtbot.addWidget(made)
    made.show_model(model)
    return made


def chosen(panel: EventsPanel, row: int, action: str) -> list[str]:
    """The texts that are left after the menu of a row has done this."""
    panel.table.selectRow(row)
    next(one for one in panel.table.actions() if one.text() == action).trigger()
    model = panel.table.model()
    assert isinstance(model, DriverEventsModel)
    return [model.event_at(row).text for row in range(model.rowCount())]


def test_only_the_events_of_a_connection_are_left(panel: EventsPanel) -> None:
    assert chosen(panel, 1, "Only this connection") == ["ping 0", "ping 1"]


def test_only_the_events_of_a_server_are_left(panel: EventsPanel) -> None:
    assert chosen(panel, 1, "Only this server") == ["ping 0", "ping 1", "ping 2"]


@pytest.mark.parametrize("action", ["Only this connection", "Only this server"])
def test_an_event_of_no_server_filters_nothing(panel: EventsPanel, action: str) -> None:
    assert len(chosen(panel, 4, action)) == 5
