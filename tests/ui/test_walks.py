"""What people come for takes no more actions than it did, and the three that hurt take what was promised."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from ui import scenes, walks


@pytest.mark.qt_log_ignore("This plugin does not support")  # of menus and Qt's own file dialog, without a screen
@pytest.mark.parametrize("journey", walks.JOURNEYS, ids=lambda journey: journey.words)
def test_no_journey_takes_more_actions(qapp: QApplication, tmp_path: Path, journey: walks.Journey) -> None:
    with scenes.seen(qapp, tmp_path, profiles=journey.profiles) as seen:
        actions = walks.walk(journey, seen)
    assert actions <= journey.before
    assert journey.goal is None or actions == journey.goal
