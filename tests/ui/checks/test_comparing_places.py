"""The check in front from another place: the command without secrets, and what the other report says differs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication

from clearline.core.findings import Stage
from clearline.core.report.report import Verdict, to_json
from ui import played_checks as play
from ui import scenes
from ui.scenes import REFUSED, Seen


@pytest.fixture
def seen(qapp: QApplication, tmp_path: Path) -> Iterator[Seen]:
    with scenes.seen(qapp, tmp_path) as opened:
        yield opened


def opened(seen: Seen) -> Any:
    seen.window.menus.compare.trigger()
    return seen.dialog()


def failed(seen: Seen) -> None:
    seen.test(play.report(Verdict.FAILED, REFUSED, servers=(play.server(1, failed_at=Stage.TCP),)))


def test_every_command_is_ready_and_holds_no_secret(seen: Seen) -> None:
    seen.type()
    dialog = opened(seen)
    assert dialog.engine.count() == 9
    for place in range(dialog.engine.count()):
        dialog.engine.setCurrentIndex(place)
        assert "clearline" in dialog.command.toPlainText()
        assert "s3cret" not in dialog.command.toPlainText()
    dialog.engine.setCurrentIndex(0)
    dialog.copy.click()
    assert "docker run" in QGuiApplication.clipboard().text()
    assert "app:PASSWORD@db1.example.com" in QGuiApplication.clipboard().text()


def test_a_pasted_report_is_compared_with_the_one_in_front(seen: Seen) -> None:
    failed(seen)
    dialog = opened(seen)
    dialog.field.setPlainText(f'pod "clearline" created\n{to_json(play.connected())}\npod "clearline" deleted')
    seen.until(lambda: "the other place it connects" in dialog.page.toPlainText())
    assert dialog.page.toPlainText().startswith("In this place it fails at tcp")


def test_a_dropped_report_is_compared(seen: Seen, tmp_path: Path) -> None:
    failed(seen)
    dialog = opened(seen)
    file = tmp_path / "pod-7.json"
    file.write_text(to_json(play.connected()))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    dialog.dropEvent(QDropEvent(QPoint(5, 5).toPointF(), copy, data, left, none))
    seen.until(lambda: "pod-7 it connects" in dialog.page.toPlainText())


def test_without_a_report_here_it_says_what_to_do(seen: Seen) -> None:
    dialog = opened(seen)
    dialog.field.setPlainText(to_json(play.connected()))
    seen.until(lambda: "test first" in dialog.page.toPlainText())


@pytest.mark.parametrize("text", ["hello", "{}", '{"format": "clearline-report", "version": 2}', "{{{"])
def test_what_is_no_report_is_said_beside_it_and_stays(seen: Seen, text: str) -> None:
    failed(seen)
    dialog = opened(seen)
    dialog.field.setPlainText(text)
    seen.until(lambda: "This text" in dialog.page.toPlainText())
    assert dialog.field.toPlainText() == text
