"""What people come for, walked by keyboard and mouse in the window; every press, click, text or file is one action."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QComboBox, QFileDialog, QLineEdit, QMenu, QWidget

from clearline.core.exchange import ours
from clearline.core.findings import Finding, Remedy, Stage
from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Verdict
from clearline.core.secrets.secret import Secret
from clearline.ui.panels.batch_window import BatchWindow
from clearline.ui.panels.go_to_dialog import GoToDialog
from clearline.ui.panels.import_dialog import ImportDialog
from ui import passing_time, scenes
from ui import played_checks as play
from ui import played_watches as watches

W = TypeVar("W", bound=QWidget)
Walk = Callable[["Actions"], None]
CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
SHIFT, PLAIN = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier
UNESCAPED = "mongodb://app:p@ss@db1.example.com/"
PASSPHRASE = "four words make it good"
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
        box = QPoint(8, widget.height() // 2)  # what is wider than its words takes no click behind them
        place = box if isinstance(widget, QCheckBox) else widget.rect().center()
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place)

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
        passing_time.run_for(20)
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
    dialog = go.seen.dialog()
    assert isinstance(dialog, GoToDialog)
    go.type("maxpool", at=dialog.field)
    go.key(Qt.Key.Key_Return, at=dialog.field)
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
    dialog: Any = go.seen.dialog()
    go.type("user name", at=dialog.field)
    go.key(Qt.Key.Key_Return, at=dialog.field)
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


def export_encrypted(go: Actions) -> None:
    go.seen.workbench.profiles.choose(scenes.TEAM[0].id)
    go.key(Qt.Key.Key_E, CONTROL | ALT)
    dialog: Any = go.seen.dialog()
    file = go.seen.folder / "connections.json"
    dialog.file.setText(str(file))
    go.click(go.button("All", inside=dialog))
    go.click(dialog.encrypt)
    for _ in range(2):
        go.type(PASSPHRASE, at=dialog.focusWidget())
        if dialog.focusWidget() is dialog.passphrase.entry:
            go.key(Qt.Key.Key_Tab, at=dialog.focusWidget())
    go.click(dialog.passwords)
    assert len(dialog.chosen) == len(scenes.TEAM)
    go.key(Qt.Key.Key_Return, at=dialog)
    go.seen.until(file.exists)


def open_in_a_second_home(go: Actions) -> None:
    file = go.seen.folder / "connections.json"
    ours.write(scenes.TEAM, file, {}, Secret(PASSPHRASE))
    go.key(Qt.Key.Key_O, CONTROL)
    go.choose(str(file))
    found: list[ImportDialog] = []
    go.seen.until(lambda: found.extend(go.window.findChildren(ImportDialog)) or found)
    dialog: Any = found[0]
    go.seen.until(dialog.passphrase.entry.hasFocus)
    go.type(PASSPHRASE, at=dialog.passphrase.entry)
    go.key(Qt.Key.Key_Return, at=dialog.passphrase.entry)
    go.click(go.button(f"Import {len(scenes.TEAM)}", inside=dialog))
    go.click(go.button("Close", inside=dialog))
    go.seen.until(lambda: len(go.window.profiles.model.rows) >= len(scenes.TEAM))


def _filed(words: str, place: Callable[[QMenu], QAction] | None, so: Callable[[Profile], bool]) -> Walk:
    """The right button on a row, a menu that opens under the pointer, a click in it."""

    def walk(go: Actions) -> None:
        wanted = scenes.TEAM[2]
        go.count += 1  # the right button
        menu = go.window.profiles.menu_for([wanted.id])
        menu.popup(go.window.mapToGlobal(QPoint(100, 200)))
        action = next(one for one in menu.actions() if one.text().startswith(words))
        if place is not None:
            menu.setActiveAction(action)  # the pointer rests on it, and its menu opens
            inner = action.menu()
            assert isinstance(inner, QMenu)
            inner.popup(go.window.mapToGlobal(QPoint(300, 200)))
            menu, action = inner, place(inner)
        go.count += 1
        QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
        if action.text().startswith("New folder"):
            question: Any = go.seen.dialog()
            go.type("Team / New", at=question.entry)
            go.key(Qt.Key.Key_Return, at=question.entry)
        model = go.window.profiles.model

        def is_so() -> bool:
            row = model.profile_row(wanted.id)
            return row is not None and so(row.profile)

        go.seen.until(is_so)

    return walk


def _called(words: str) -> Callable[[QMenu], QAction]:
    return lambda menu: next(one for one in menu.actions() if one.text() == words)


def every_one_tested(go: Actions) -> None:
    go.seen.until(lambda: len(go.window.profiles.model.rows) >= len(scenes.TEAM))
    go.finds(play.connected())
    go.count += 1
    menu = go.window.profiles.more_menu()
    menu.popup(go.window.mapToGlobal(QPoint(100, 200)))
    action = next(one for one in menu.actions() if one.text().startswith("Test all"))
    go.count += 1
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
    found: list[BatchWindow] = []
    go.seen.until(lambda: found.extend(go.window.findChildren(BatchWindow)) or found)
    go.seen.until(lambda: all(found[0].model.report_of(one.id) is not None for one in scenes.TEAM))


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
    walk: Walk
    before: int
    goal: int | None = None
    profiles: tuple[Profile, ...] = ()


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
    Journey("export every connection, encrypted", export_encrypted, 8, profiles=scenes.TEAM),
    Journey("open that file in a second home", open_in_a_second_home, 7),
    Journey("make it a favourite", _filed("Add to fav", None, lambda one: one.favourite), 2, profiles=scenes.TEAM),
    Journey(
        "into a folder that is there",
        _filed("Move to", _called("Production"), lambda one: one.folder == "Production"),
        4,
        profiles=scenes.TEAM,
    ),
    Journey(
        "into a new folder",
        _filed("Move to", _called("New folder…"), lambda one: one.folder == "Team/New"),
        4,
        profiles=scenes.TEAM,
    ),
    Journey(
        "give it a colour",
        _filed("Colour", _called("Purple"), lambda one: one.colour == "purple"),
        3,
        profiles=scenes.TEAM,
    ),
    Journey("test them all", every_one_tested, 2, profiles=scenes.TEAM),
    Journey("from the verdict to its fix", verdict_to_fix, 25, goal=1),
    Journey("to a setting by its name", find_a_setting, 3),
    Journey("the server is killed → its cause is read", kill_to_cause, 0),
    Journey("it is back → healthy", back_to_healthy, 0),
)


def walk(journey: Journey, seen: scenes.Seen) -> int:
    """How many actions it takes in this window."""
    seen.window.activateWindow()
    passing_time.run_for(20)
    actions = Actions(seen)
    journey.walk(actions)
    return actions.count
