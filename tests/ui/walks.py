"""What people come for, walked by keyboard and mouse in the window; every press, click, text or file is one action."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QLineEdit, QWidget

from clearline.core.findings import Finding, Remedy, Stage
from clearline.core.report.report import Verdict
from clearline.ui.panels.palette import Palette
from ui import played_checks as play
from ui import played_watches as watches
from ui import scenes

W = TypeVar("W", bound=QWidget)
CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
SHIFT, PLAIN = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier
UNESCAPED = "mongodb://app:p@ss@db1.example.com/"
MANY = "\n".join(f"mongodb://app:secret{n}@db{n}.example.com/" for n in range(200))


class Actions:
    """Presses and clicks as a user does, and counts them."""

    def __init__(self, seen: scenes.Seen) -> None:
        self.seen = seen
        self.window = seen.window
        self.count = 0

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = PLAIN, *, at: QWidget | None = None) -> None:
        """One key, wherever the focus is."""
        self.count += 1
        QTest.keyClick(at or self.window.focusWidget() or self.window, key, modifier)

    def click(self, widget: QWidget) -> None:
        """The mouse on something that is in sight."""
        self.seen.until(widget.isVisible)
        self.count += 1
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)

    def button(self, words: str, *, inside: QWidget | None = None) -> QAbstractButton:
        """A button by what it says."""
        found: list[QAbstractButton] = []

        def there() -> bool:
            buttons = (inside or self.window).findChildren(QAbstractButton)
            found[:] = [one for one in buttons if one.isVisible() and words in (one.text(), one.accessibleName())]
            return bool(found)

        self.seen.until(there)
        return found[0]

    def type(self, text: str, *, at: QWidget | None = None) -> None:
        """Words; however long, one action."""
        self.count += 1
        QTest.keyClicks(at or self.window.focusWidget(), text)

    def find(self, words: str) -> None:
        """Ctrl+F and words, while the settings are open."""
        self.key(Qt.Key.Key_F, CONTROL)
        filter_field = self.window.pages.filter
        self.seen.until(filter_field.hasFocus)
        self.type(words)

    def write(self, name: str, text: str) -> None:
        """A click into a field of the settings, and its new text."""
        field = self._setting(name, QLineEdit)
        self.click(field)
        self.type(text, at=field)
        QTest.keyClick(field, Qt.Key.Key_Tab)  # what comes next leaves it anyhow

    def pick(self, name: str, value: str) -> None:
        """Open a choice of the settings, and take a value."""
        choice = self._setting(name, QComboBox)
        self.count += 2
        place = next(n for n in range(choice.count()) if choice.itemText(n) == value)
        choice.setCurrentIndex(place)
        choice.activated.emit(place)

    def _setting(self, name: str, kind: builtins.type[W]) -> W:
        found: list[W] = []

        def there() -> bool:
            every = self.window.pages.findChildren(kind)
            found[:] = [one for one in every if one.isVisible() and one.accessibleName() == name]
            return bool(found)

        self.seen.until(there)
        return found[0]

    def choose(self, file: str) -> None:
        """A file in the dialog that stands open."""
        self.count += 1
        dialog = self.seen.dialog()
        assert isinstance(dialog, QFileDialog)
        dialog.fileSelected.emit(file)
        dialog.close()

    def paste(self, text: str) -> None:
        """Ctrl+V where the cursor stands."""
        QGuiApplication.clipboard().setText(text)
        self.key(Qt.Key.Key_V, CONTROL)

    def finds(self, report: Any) -> None:
        """What the next test comes to."""
        self.seen._checks[:] = [play.playing(report)]

    def test(self, *, by: Qt.KeyboardModifier = CONTROL) -> None:
        """The keys that test, or do the next step, and what they come to."""
        self.key(Qt.Key.Key_Return, by)
        self.seen.until(lambda: self.seen.front.report is not None and not self.seen.front.running)

    def connects(self) -> None:
        """The last test connected."""
        self.seen.until(lambda: self.seen.front.verdict is Verdict.CONNECTED)

    def tested(self, report: Any, uri: str = scenes.URI) -> None:
        """A verdict stands there; what it took is another journey."""
        self.finds(report)
        self.paste(uri)
        self.test()
        QTest.qWait(20)
        self.count = 0


def _failed(remedy: Remedy | None = None, stage: Stage = Stage.TLS, **more: Any) -> Any:
    found: Finding = msgspec.structs.replace(
        play.WRONG_SOURCE, stage=stage, remedies=(remedy,) if remedy else (), **more
    )
    return play.report(Verdict.FAILED, found, servers=(play.server(1, failed_at=stage),))


# ---------------------------------------------------------------- the journeys


def paste_to_verdict(go: Actions) -> None:
    go.finds(play.connected())
    go.paste(scenes.URI)
    go.test()


def unescaped_at(go: Actions) -> None:
    go.finds(play.connected())
    go.paste(UNESCAPED)
    go.test(by=ALT)
    go.connects()
    assert go.seen.front.text.reveal() == "mongodb://app:p%40ss@db1.example.com/"


def wrong_port(go: Actions) -> None:
    go.finds(_failed(Remedy(text="Connect to port 27018."), Stage.TCP))
    go.paste(scenes.URI)
    go.test()
    go.seen.until(go.window.answer.banner.remedy.isVisible)


def copy_report(go: Actions) -> None:
    go.tested(play.connected())
    go.key(Qt.Key.Key_C, CONTROL | SHIFT)
    go.seen.until(lambda: "Connected" in QGuiApplication.clipboard().text())


def needs_tls(go: Actions) -> None:
    go.tested(_failed(Remedy(text="Switch TLS on.", patch={"tls": {"enabled": True}}), Stage.HELLO))
    go.finds(play.connected())
    go.key(Qt.Key.Key_Return, ALT)
    dialog = go.seen.dialog()
    go.key(Qt.Key.Key_Return, at=dialog)
    go.connects()
    assert go.seen.front.profile.tls.enabled


def unknown_authority(go: Actions) -> None:
    go.tested(_failed(Remedy(text="Give the file.", action="ask-ca-file")))
    go.finds(play.connected())
    go.key(Qt.Key.Key_Return, ALT)
    go.choose("/tmp/ca.pem")
    go.connects()


def verdict_to_fix(go: Actions) -> None:
    go.tested(_failed(Remedy(text="Type it again.", action="ask-password"), Stage.AUTH))
    go.key(Qt.Key.Key_Return, ALT)
    go.seen.until(go.window.pages.isVisible)


def find_a_setting(go: Actions) -> None:
    go.paste(scenes.URI)
    go.count = 0
    go.key(Qt.Key.Key_K, CONTROL)
    palette = go.seen.dialog()
    assert isinstance(palette, Palette)
    go.type("maxpool", at=palette.field)
    go.key(Qt.Key.Key_Return, at=palette.field)
    go.seen.until(go.window.pages.isVisible)


def by_the_form(go: Actions) -> None:
    go.finds(play.connected())
    go.key(Qt.Key.Key_Comma, CONTROL)
    go.write("Host 1", "db1.example.com")
    go.find("tls")
    go.pick("TLS", "on")
    go.pick("Trust source", "CA file")
    go.write("CA file", "/tmp/ca.pem")
    go.find("readPref")
    go.pick("readPreference", "nearest")
    go.write("readPreferenceTags", "dc:west")
    go.test()
    go.connects()
    profile = go.seen.front.profile
    assert profile.tls.ca_file == "/tmp/ca.pem"
    assert "readPreference=nearest&readPreferenceTags=dc:west" in go.seen.front.text.reveal()


def user_by_the_form(go: Actions) -> None:
    go.paste("mongodb://db1.example.com/")
    go.count = 0
    go.key(Qt.Key.Key_K, CONTROL)
    palette: Any = go.seen.dialog()
    go.type("user name", at=palette.field)
    go.key(Qt.Key.Key_Return, at=palette.field)
    go.seen.until(lambda: getattr(go.window.focusWidget(), "accessibleName", str)() == "User")
    go.type("app")
    go.key(Qt.Key.Key_Tab)
    go.type("hunter22")
    go.key(Qt.Key.Key_Tab)
    assert go.seen.front.text.reveal() == "mongodb://app:hunter22@db1.example.com/"


def save_without_a_name(go: Actions) -> None:
    go.paste(scenes.URI)
    go.count = 0
    go.key(Qt.Key.Key_S, CONTROL)
    go.seen.until(lambda: go.seen.front.path is not None)


def save_with_a_name(go: Actions) -> None:
    go.paste(scenes.URI)
    go.count = 0
    go.click(go.window.name)
    go.type("Orders", at=go.window.name)
    go.key(Qt.Key.Key_S, CONTROL)
    go.seen.until(lambda: go.seen.front.path is not None)
    assert go.seen.front.profile.name == "Orders"


def import_many(go: Actions) -> None:
    go.key(Qt.Key.Key_I, CONTROL)
    dialog = go.seen.dialog()
    QGuiApplication.clipboard().setText(MANY)
    go.key(Qt.Key.Key_V, CONTROL, at=dialog)
    go.click(go.button("Import 200", inside=dialog))
    go.seen.until(lambda: len(go.window.profiles.model.rows) >= 200)


def kill_to_cause(go: Actions) -> None:
    go.tested(play.connected())
    go.seen.watch(watches.lost())
    go.seen.until(lambda: "lost" in go.window.answer.banner.word.text())


def back_to_healthy(go: Actions) -> None:
    kill_to_cause(go)
    go.seen.watch(watches.restored())
    go.seen.until(lambda: go.window.answer.banner.word.text() == "Connected")


@dataclass(frozen=True)
class Journey:
    """How many actions it took before the answer was the page, and how many it may take."""

    words: str
    walk: Callable[[Actions], None]
    before: int
    goal: int | None = None


JOURNEYS = (
    Journey("first start → verdict of a pasted address", paste_to_verdict, 2),
    Journey("unescaped @ → connected", unescaped_at, 4, goal=2),
    Journey("wrong port → what to do", wrong_port, 3),
    Journey("copy the report as Markdown", copy_report, 2),
    Journey("TLS is needed → connected", needs_tls, 2),
    Journey("unknown authority → connected", unknown_authority, 7, goal=2),
    Journey("form only: host, TLS, CA, nearest, tags, test", by_the_form, 19),
    Journey("form only: a user with a password", user_by_the_form, 7),
    Journey("save with a name", save_with_a_name, 4),
    Journey("save without one", save_without_a_name, 1),
    Journey("import 200 addresses", import_many, 5),
    Journey("from the verdict to its fix", verdict_to_fix, 25, goal=1),
    Journey("to a setting by its name", find_a_setting, 3),
    Journey("the server is killed → its cause is read", kill_to_cause, 0),
    Journey("it is back → healthy", back_to_healthy, 0),
)


def walk(journey: Journey, seen: scenes.Seen) -> int:
    """How many actions it takes in this window."""
    seen.window.activateWindow()
    QTest.qWait(20)
    actions = Actions(seen)
    journey.walk(actions)
    return actions.count
