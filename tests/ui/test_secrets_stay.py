"""A whole session in the window with secrets: nothing that is shown, spoken, copied, written or logged holds one."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from clearline.core.consent.agreements import Agreements
from clearline.core.consent.concerns import always_asked
from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.report.formats import Form
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.uri.connection_string import read
from clearline.ui.app import Desktop
from clearline.ui.profiles.open_profile import Origin
from lab.command_lines import command_line
from lab.dns_server import DnsServer

CANARY = "Zq7-c4nary&Xk9!m00n=Vv3/bird"
PIECES = ("Zq7-c4nary", "Xk9!m00n", "Vv3/bird", quote(CANARY, safe=""), quote("Xk9!m00n", safe=""))
_ROLES = [
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.EditRole,
    Qt.ItemDataRole.ToolTipRole,
    Qt.ItemDataRole.AccessibleTextRole,
    Qt.ItemDataRole.AccessibleDescriptionRole,
    *range(Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 8),
]
_TEXTS = ("windowTitle", "toolTip", "statusTip", "whatsThis", "accessibleName", "accessibleDescription")


def shown() -> Any:
    """Every text that a widget shows or speaks, with its place."""
    for widget in QApplication.allWidgets():
        name = f"{type(widget).__name__} {widget.objectName()} {widget.accessibleName()[:40]}"
        for getter in (*_TEXTS, "placeholderText", "toPlainText", "title"):
            if callable(method := getattr(widget, getter, None)):
                yield f"{name}.{getter}", str(method())
        if isinstance(widget, QLineEdit):
            yield f"{name}.displayText", widget.displayText()
        elif callable(text := getattr(widget, "text", None)):
            yield f"{name}.text", str(text())
        spoken = QAccessible.queryAccessibleInterface(widget)
        if spoken is not None:
            for kind in (QAccessible.Text.Name, QAccessible.Text.Description, QAccessible.Text.Value):
                yield f"{name} spoken", spoken.text(kind)
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            for text in _told(widget.model()):
                yield f"{name} rows", text


def _told(model: QAbstractItemModel, parent: QModelIndex | None = None) -> Any:
    parent = parent or QModelIndex()
    for row in range(min(model.rowCount(parent), 500)):
        for column in range(_columns(model, parent)):
            index = model.index(row, column, parent)
            for role in _ROLES:
                yield str(model.data(index, role))
        yield from _told(model, model.index(row, 0, parent))


def _columns(model: Any, parent: QModelIndex) -> Any:
    try:
        return model.columnCount(parent)
    except TypeError:  # a list has one
        return 1


def holds(text: str) -> str | None:
    for piece in PIECES:
        for spelling in (piece, json.dumps(piece)[1:-1], piece.replace("&", "&amp;")):
            if spelling in text:
                return piece
    return None


def copied(desktop: Desktop) -> Any:
    """What every way to copy puts on the clipboard."""
    clipboard = QGuiApplication.clipboard()
    menus = desktop.window.menus
    for action in (
        menus.copy_text,
        menus.copy_report,
        menus.copy_ticket,
        menus.copy_placeholder,
        menus.copy_variables,
    ):
        clipboard.clear()
        action.trigger()
        yield action.text(), clipboard.text()
    desktop.workbench.reports.copy_report(Form.JSON)
    yield "JSON", clipboard.text()
    desktop.window.connection.field.selectAll()
    desktop.window.connection.field.copy()
    yield "field", clipboard.text()
    report = desktop.workbench.profiles.current.report
    for finding in report.findings:
        desktop.workbench.reports.copy_note(finding)
        yield "note", clipboard.text()
    yield "events", "\n".join(str(event) for event in desktop.workbench.profiles.current.events.shown())


@pytest.fixture
def logged() -> Any:
    records = []

    class Keep(logging.Handler):
        def emit(self, record: Any) -> None:
            records.append(self.format(record))

    handler = Keep(logging.NOTSET)
    logging.getLogger().addHandler(handler)
    yield records
    logging.getLogger().removeHandler(handler)


def with_password(server: DnsServer | None, folder: Path) -> Any:
    return read(f"mongodb://app:{quote(CANARY, safe='')}@{server.address}/appdb?authSource=admin"), None


def with_password_not_escaped(server: DnsServer | None, folder: Path) -> Any:
    return read(f"mongodb://app:{CANARY}@{server.address}/appdb?authSource=admin"), None


def with_a_key_password(server: DnsServer | None, folder: Path) -> Any:
    key = folder / "key.pem"
    key.write_text("no key")
    return read(
        f"mongodb://{server.address}/?tls=true&tlsCertificateKeyFile={quote(str(key))}"
        f"&tlsCertificateKeyFilePassword={CANARY}"
    ), None


def with_a_token(server: DnsServer | None, folder: Path) -> Any:
    properties = f"AWS_SESSION_TOKEN:{CANARY}"
    return read(f"mongodb://k:s@{server.address}/?authMechanism=MONGODB-AWS&authMechanismProperties={properties}"), None


def with_a_command(server: DnsServer | None, folder: Path) -> Any:
    program = folder / "prints.py"
    program.write_text(f"print({CANARY!r})")
    source = SecretSource(place="command", command=command_line([sys.executable, str(program)]))
    return read(f"mongodb://app@{server.address}/?authSource=admin"), source


def with_a_reference(server: DnsServer | None, folder: Path) -> Any:
    (folder / ".env").write_text(f'MONGO_PW="{CANARY}"\n')
    return read(f"mongodb://app:${{MONGO_PW}}@{server.address}/?authSource=admin"), None


@pytest.mark.parametrize(
    "make",
    [
        with_password,
        with_password_not_escaped,
        with_a_key_password,
        with_a_token,
        with_a_command,
        with_a_reference,
    ],
    ids=lambda make: make.__name__,
)
def test_a_session_keeps_its_secrets(
    qtbot: QtBot, make_desktop: Callable[..., Any], login_server: Any, tmp_path: Path, logged: Any, make: Any
) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    reading, source = make(login_server, inputs)
    profile = replace(reading.profile, name="Canary", env_file=str(inputs / ".env"))
    if source is not None:
        profile = replace(profile, secrets={PASSWORD: source})
        Agreements(tmp_path / "agreements.json").remember(profile, always_asked(profile))
    desktop = make_desktop()
    bench = desktop.workbench
    opened = bench.profiles.open_profile(replace(Profile(), id=profile.id))
    if source is None:
        opened.set_text(Secret(reading.text), Origin.TEXT)
    opened.set_profile(replace(profile, id=opened.profile.id)) if source is not None else opened.rename("Canary")
    opened.profile = replace(opened.profile, env_file=profile.env_file)
    bench.save()
    qtbot.waitUntil(lambda: opened.path is not None)
    bench.test()
    qtbot.waitUntil(lambda: opened.report is not None and not opened.running)
    for name in desktop.window.pages.names:
        desktop.window.pages.turn_to(name)
    for name in (*desktop.window.results.names, *desktop.window.live.views.names):
        desktop.window.turn_to(name)
    assert opened.report.diagnosis is not None
    found = [(place, piece) for place, text in shown() if (piece := holds(text))]
    found += [(f"copied: {what}", piece) for what, text in copied(desktop) if (piece := holds(text))]
    for ending in ("json", "md", "html"):
        bench.storage.reports.write(opened.report, tmp_path / f"report.{ending}")
    qtbot.waitUntil(lambda: all((tmp_path / f"report.{e}").exists() for e in ("json", "md", "html")))
    for path in tmp_path.rglob("*"):
        if path.is_file() and not path.is_relative_to(inputs) and (piece := holds(path.read_text("utf-8", "replace"))):
            found.append((str(path), piece))
    found += [("log", piece) for text in logged if (piece := holds(text))]
    assert found == []
