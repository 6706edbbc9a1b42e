"""All pages of the form in the whole window: nothing without a name, nothing cut off, Tab goes as one reads."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from clearline.core.diagnosis.catalogue import title_of
from clearline.core.secrets.secret import Secret
from clearline.ui.app import Desktop
from clearline.ui.forms.field_notes import FieldNote
from clearline.ui.profiles.open_profile import Origin
from ui import played_checks as play

PAGES = ("server", "way", "auth", "tls", "pool", "options", "checklist")
LAPTOP, LAPTOP_AT_150_PERCENT = (1366, 728), (910, 480)
TEXTS = {
    "nothing": "",
    "SRV": "mongodb+srv://app:pw@c.abcde.mongodb.net/db?srvMaxHosts=2",
    "files": "mongodb://a,b,c/?replicaSet=rs0&tlsCAFile=/no/ca.pem&tlsCertificateKeyFile=/no/key.pem&tlsInsecure=true",
    "X.509": "mongodb://h/?authMechanism=MONGODB-X509&tls=true",
    "AWS": "mongodb://AK:se@h/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:tok",
    "OIDC": "mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:azure",
    "Kerberos": "mongodb://u%40R@h/?authMechanism=GSSAPI&authMechanismProperties="
    "SERVICE_NAME:x,CANONICALIZE_HOST_NAME:forward,SERVICE_REALM:a,SERVICE_HOST:b",
    "LDAP": "mongodb://u:p@h/?authMechanism=PLAIN",
    "contradictions": "mongodb://u:p@h,h2/?directConnection=true&minPoolSize=9&maxPoolSize=5&foo=1&w=0&journal=true"
    "&compressors=zlib,zstd&heartbeatFrequencyMS=1&tls=false&tlsCAFile=/no/ca.pem",
    "long": f"mongodb://{'u' * 300}:p@{'h' * 200}.example.com/{'d' * 70}",
}

WRONG = (
    "mongodb://h/?minPoolSize=9&maxPoolSize=5",
    "mongodb://a,b/?directConnection=true",
    "mongodb://a/?loadBalanced=true&replicaSet=rs0",
    "mongodb://h/?heartbeatFrequencyMS=100",
    "mongodb://h/?waitQueueTimeoutMS=-1",
    "mongodb://h/?maxStalenessSeconds=120",
    "mongodb://h/?w=0&journal=true",
    "mongodb://h/?srvMaxHosts=2",
    "mongodb+srv://c.x.example.com/?srvMaxHosts=2&replicaSet=r",
    "mongodb://u@h/?authMechanism=MONGODB-X509&authSource=admin",
    "mongodb://h/?authMechanism=SCRAM-SHA-256",
    "mongodb://h/?tls=false&tlsCAFile=/x",
    "mongodb://h/?zlibCompressionLevel=4",
    "mongodb://h/?foo=1",
    "mongodb://h/?autoEncryption=1",
    "mongodb://h:99999/",
    "mongodb://h/a.b",
)


@pytest.fixture
def desktop(make_desktop: Callable[..., Any]) -> Desktop:
    return make_desktop(play.waiting())


def show(desktop: Desktop, text: str, size: tuple[int, ...] = LAPTOP) -> None:
    desktop.window.resize(*size)
    desktop.workbench.profiles.current.set_text(Secret(text), Origin.ELSEWHERE)


def turned_to(desktop: Desktop, name: str) -> Any:
    desktop.window.pages.turn_to(name)
    QApplication.sendPostedEvents()
    QApplication.processEvents()
    return desktop.window.pages.page(name)


def visible_in(page: Any) -> list[QLabel]:
    """Everything that is seen and is no part of a control that Qt made."""
    return [
        widget
        for widget in page.findChildren(QWidget)
        if widget.isVisible()
        and not widget.objectName().startswith("qt_")
        and not isinstance(widget.parentWidget(), (QComboBox, QLineEdit))
    ]


def said_by(widget: Any) -> str:
    return widget.accessibleName() or (widget.text() if isinstance(widget, (QAbstractButton, QLabel)) else "")


def is_cut_off(widget: Any, page: Any) -> bool:
    place = QRect(widget.mapTo(page, QPoint(0, 0)), widget.size())
    if place.left() < 0 or place.right() > page.width():
        return True
    if isinstance(widget, QComboBox):
        return widget.fontMetrics().horizontalAdvance(widget.currentText()) > widget.width() - 30
    if isinstance(widget, QAbstractButton) and not isinstance(widget, QToolButton):
        return widget.width() < widget.minimumSizeHint().width()
    if isinstance(widget, QLabel) and widget.text():
        if widget.wordWrap():
            return widget.height() < widget.heightForWidth(widget.width()) - 1
        return widget.width() < widget.sizeHint().width() - 1
    return widget.height() < widget.minimumSizeHint().height() - 3


def test_every_editor_of_every_page_has_a_name_for_screen_readers(desktop: Desktop) -> None:
    for what in TEXTS:
        show(desktop, TEXTS[what])
        for name in PAGES:
            nameless = [
                widget
                for widget in visible_in(turned_to(desktop, name))
                if (widget.focusPolicy() & Qt.FocusPolicy.TabFocus or isinstance(widget, QAbstractButton))
                and not said_by(widget)
            ]
            assert nameless == [], (what, name)


@pytest.mark.parametrize("size", [LAPTOP, LAPTOP_AT_150_PERCENT], ids=["laptop", "laptop at 150 %"])
def test_nothing_is_cut_off(qtbot: QtBot, desktop: Desktop, size: tuple[int, ...]) -> None:
    for what in TEXTS:
        show(desktop, TEXTS[what], size)
        for name in PAGES:
            page = turned_to(desktop, name)
            assert page.width() <= page.parentWidget().width(), (what, name)

            def cut_off(page: Any = page) -> list[tuple[str, ...]]:
                return [(type(one).__name__, said_by(one)) for one in visible_in(page) if is_cut_off(one, page)]

            qtbot.waitUntil(lambda cut_off=cut_off: cut_off() == [])  # what files are is said a moment later


def test_tab_goes_through_a_page_as_one_reads_it(qtbot: QtBot, desktop: Desktop) -> None:
    show(desktop, TEXTS["contradictions"])
    for name in PAGES:
        page = turned_to(desktop, name)
        desktop.window.pages.groups[name].head.setFocus()
        stops = []
        while len(stops) < 80:
            qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
            focused = QApplication.focusWidget()
            if page.isAncestorOf(focused):
                stops.append(focused)
            elif stops:
                break
        wanted = {w for w in visible_in(page) if w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.isEnabled()}
        wanted -= {w for w in wanted if w.focusProxy() is not None}
        assert wanted <= set(stops), name
        places = [stop.mapTo(page, QPoint(0, 0)) for stop in stops]
        for before, after in pairwise(places):
            assert after.y() >= before.y() - 12 or after.x() > before.x() + 40, (name, before, after)


def test_mistakes_are_visited_between_the_connection_string_and_the_pages(qtbot: QtBot, desktop: Desktop) -> None:
    show(desktop, TEXTS["contradictions"])
    window = desktop.window
    window.connection.field.setFocus()
    stops = []
    while QApplication.focusWidget() is not window.results.bar and len(stops) < 10:
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        stops.append(QApplication.focusWidget())
    assert all(button in stops for button in window.connection.said.buttons)


def test_every_mistake_stands_beside_its_field(desktop: Desktop) -> None:
    for text in WRONG:
        show(desktop, text)
        mistakes = desktop.workbench.profiles.current.mistakes
        assert mistakes, text
        notes = [note for name in PAGES for note in turned_to(desktop, name).findChildren(FieldNote)]
        for mistake in mistakes:
            assert any(title_of(mistake) in note.text for note in notes), mistake


def test_a_reference_without_a_value_is_said_beside_its_field(
    qtbot: QtBot, desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLEARLINE_LAB_HOST", raising=False)
    show(desktop, "mongodb://${CLEARLINE_LAB_HOST}/")
    page = turned_to(desktop, "server")
    note = page._notes["hosts"]
    qtbot.waitUntil(lambda: "${CLEARLINE_LAB_HOST}" in note.text)
    env_file = tmp_path / "team.env"
    env_file.write_text("CLEARLINE_LAB_HOST=db1.example.com\n")
    desktop.window.pages.edited.emit("env_file", str(env_file))
    qtbot.waitUntil(lambda: note.text == "")


def test_the_code_in_front_follows_what_is_typed(qtbot: QtBot, desktop: Desktop) -> None:
    show(desktop, "mongodb://db1.example.com/")
    qtbot.keyClick(
        desktop.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert desktop.window.results.current_name == "code"
    code: Any = desktop.window.results.get("code")
    qtbot.waitUntil(lambda: "db1.example.com" in code.text)
    field = desktop.window.connection.field
    field.setFocus()
    field.selectAll()
    field.insert_text("mongodb://db2.example.com/")
    qtbot.waitUntil(lambda: "db2.example.com" in code.code.toPlainText())
    assert "db1.example.com" not in code.text
