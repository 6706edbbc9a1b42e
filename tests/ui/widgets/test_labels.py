"""No label cuts a long word, and what is copied from one is what it says."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from clearline.ui.widgets.labels import SteadyLabel, WrappedLabel
from ui.cut_off import cut_off

HOST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
LONG = (
    HOST,
    "C:\\Users\\administrator\\AppData\\Roaming\\Organisation\\certificate_authorities.pem",
    "/opt/organisation_with_a_long_name_of_its_own_and_more/certificates",
    f"CN={HOST},OU=Certificates,O=Organisation",
    "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
    "W" * 40,
    "数" * 40,
)


def shown(qtbot: QtBot, label: QLabel) -> QWidget:
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
    column.addWidget(label)
    column.addStretch(1)
    page.resize(250, 600)
    page.show()
    QApplication.processEvents()
    return page


@pytest.mark.parametrize("kind", [WrappedLabel, SteadyLabel])
@pytest.mark.parametrize("word", LONG)
def test_long_words_are_broken_and_copied_whole(qtbot: QtBot, kind: type[WrappedLabel], word: str) -> None:
    label = kind(f"It is {word}.")
    page = shown(qtbot, label)
    assert cut_off(page) == []
    label.setSelection(0, len(label.text()))
    assert label.selectedText() == label.text() == f"It is {word}."


def test_they_stay_broken_whatever_changes(qtbot: QtBot) -> None:
    label = SteadyLabel("Short.")
    page = shown(qtbot, label)
    large = QFont(label.font())
    large.setPointSize(20)
    for change in (
        lambda: label.setText(HOST),
        lambda: page.resize(200, 1200),
        lambda: label.setFont(large),
        lambda: label.setText(HOST.upper()),
        lambda: page.resize(220, 1200),
    ):
        change()
        QApplication.processEvents()
        page.grab()
        assert cut_off(page) == []


def test_a_word_that_is_cut_is_found(qtbot: QtBot) -> None:
    label = QLabel(f"It is {HOST}.")
    label.setWordWrap(True)
    page = shown(qtbot, label)
    assert any("a word of" in line for line in cut_off(page))
