"""The window: where everything stands. It shows what it is told and reports what is asked of it; no logic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QMainWindow, QWidget  # of Qt's types each takes time when it is first named

from clearline.ui.look import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QPaintEvent, QResizeEvent
    from PySide6.QtWidgets import QPushButton

    from clearline.ui.forms.connection_line import ConnectionLine
    from clearline.ui.forms.masked_text import Redact
    from clearline.ui.forms.pages import FormPages
    from clearline.ui.look.icons import LabelledButton
    from clearline.ui.panels.answer import AnswerPage
    from clearline.ui.panels.health import HealthIndicator
    from clearline.ui.panels.live import LivePage
    from clearline.ui.panels.profile_list import ProfileList
    from clearline.ui.widgets.lazy_tabs import LazyTabs
    from clearline.ui.widgets.marks import EnvironmentMark
    from clearline.ui.window.menus import Menus

_MESSAGE_MS: Final = 6000
_OFFER_MS: Final = 15_000
_WIDE: Final = 1280
"""From here on list, answer and settings have room beside one another."""
_RAIL_BELOW: Final = 1000
"""Below it the list is always a rail; up to `_WIDE` while the settings are open."""
_OVER_BELOW: Final = 912
"""Below it the settings lie over the answer."""
_SIDE_WIDTH: Final = 232
_SIDE_WIDTH_MIN: Final = 208
_RAIL: Final = theme.GRID * 6
_NO_LIMIT: Final = 16_777_215
"""Qt's own greatest width of a widget."""


class _Below(QWidget):
    """What stands below the tabs; tells when there is more or less room."""

    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell it."""
        super().resizeEvent(event)
        self.resized.emit()


class MainWindow(QMainWindow):
    """Profiles on the left; connection string and, below it, answer, live view, code, history; settings beside them.

    It is painted empty first, which takes no longer than a bare window; `furnish` brings in what stands in it.
    """

    first_painted = Signal()
    closing = Signal()

    menus: Menus
    profiles: ProfileList
    connection: ConnectionLine
    pages: FormPages
    health: HealthIndicator
    watch: LabelledButton
    answer: AnswerPage
    live: LivePage
    results: LazyTabs
    environment: EnvironmentMark

    def __init__(self) -> None:
        super().__init__()
        self._painted = False
        self._furnished = False
        self.may_close: Callable[[], bool] = lambda: True
        """Whether the window may be closed now; who says no asks the user, and closes it later."""
        self._list_asked_for = False
        self._sides_by_user = False
        self.setWindowTitle("Clearline")
        self.setMinimumSize(800, 420)
        roles = (QPalette.ColorRole.Base, QPalette.ColorRole.Midlight, QPalette.ColorRole.Accent)
        self._outlines = [self._outline(role) for role in roles]
        self.resize(1280, 680)  # a screen of 720 has a title bar and a panel as well

    def furnish(self, redact: Redact) -> None:
        """Make everything that stands in the window."""
        from PySide6.QtWidgets import QLabel, QPushButton

        from clearline.ui.background.turns import Turns
        from clearline.ui.forms.connection_line import ConnectionLine
        from clearline.ui.forms.pages import FormPages
        from clearline.ui.look.icons import LabelledButton, window_icon
        from clearline.ui.panels.answer import AnswerPage
        from clearline.ui.panels.health import HealthIndicator
        from clearline.ui.panels.live import LivePage
        from clearline.ui.panels.profile_list import ProfileList
        from clearline.ui.widgets.lazy_tabs import LazyTabs
        from clearline.ui.widgets.marks import EnvironmentMark
        from clearline.ui.window.menus import Menus
        from clearline.ui.window.name_field import NameField
        from clearline.ui.window.toast import Toast

        self.setWindowIcon(window_icon())
        self.profiles = ProfileList()
        self.profiles.list_asked_for.connect(self._on_list_asked_for)
        self.name = NameField()
        self.environment = EnvironmentMark()
        self.unsaved = QLabel("not saved")
        self.unsaved.setProperty("role", "chip")
        self.save = QPushButton("Save")
        self.revert = QPushButton("Revert")
        self.revert.setToolTip("Back to what was saved")
        for button in (self.save, self.revert):
            button.setObjectName("small")
        self.health = HealthIndicator()
        self.watch = LabelledButton("watch", "Watch")
        self.watch.setObjectName("small")
        self.watch.setCheckable(True)
        self.connection = ConnectionLine(redact)
        self.pages = FormPages()
        self.pages.hide()
        self.pages.wanted.connect(lambda: self.show_settings_panel(True))
        self.pages.close_requested.connect(lambda: self.show_settings_panel(False))
        self.settings = LabelledButton("sliders", "Settings")
        self.settings.setObjectName("toggle")
        self.settings.setCheckable(True)
        self.settings.setToolTip("Everything that can be set about this connection (Ctrl+,)")
        self.settings.clicked.connect(self.show_settings_panel)
        self.turns = Turns(self)
        self.answer = AnswerPage(self.turns)
        self.answer.primary_changed.connect(self.show_next_step)
        self.answer.welcome.form_requested.connect(lambda: self.show_settings_panel(True))
        self.live = LivePage()
        self.live.watch_requested.connect(self.watch.click)
        self.results = LazyTabs("Pages")
        self.results.bar.setObjectName("pages")
        self.results.add("answer", "Answer", self.answer)
        self.results.add("live", "Live", self.live)
        self.results.add_lazy("code", "Code", _code_panel)
        self.results.add_lazy("history", "History", _history_panel)
        self.results.turned.connect(lambda _name: self.show_next_step())
        self.live.next_step_changed.connect(self.show_next_step)
        self.connection.said.next_step_changed.connect(self.show_next_step)
        self.show_watching(False)
        self._lay_out()
        self._toast = Toast(self)
        self.menus = Menus(self)
        for outline in self._outlines:
            outline.deleteLater()
        self._furnished = True
        self._share_room()

    # ------------------------------------------------------------ layout

    def _lay_out(self) -> None:
        from PySide6.QtCore import Qt
        from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout

        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(theme.GRID)
        middle = Qt.AlignmentFlag.AlignVCenter
        head.addWidget(self.name, 0, middle)
        for widget in (self.environment, self.unsaved, self.save, self.revert):
            head.addWidget(widget, 0, middle)
        head.addStretch()
        head.addWidget(self.health, 1)
        head.addWidget(self.watch, 0, middle)
        tabs = QHBoxLayout()
        tabs.setContentsMargins(0, 0, 0, 0)
        tabs.addWidget(self.results.bar, 1, Qt.AlignmentFlag.AlignBottom)
        tabs.addWidget(self.settings, 0, middle)
        self.chrome = chrome = QWidget()
        chrome.setObjectName("chrome")
        chrome.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        top = QVBoxLayout(chrome)
        top.setContentsMargins(theme.GRID * 2, theme.GRID - 2, theme.GRID * 2, 0)
        top.setSpacing(4)
        top.addLayout(head)
        top.addWidget(self.connection)
        top.addLayout(tabs)

        self._below = _Below()
        self._below.resized.connect(self._lay_over)
        self._beside = QHBoxLayout(self._below)
        self._beside.setContentsMargins(0, 0, 0, 0)
        self._beside.setSpacing(0)
        self._beside.addWidget(self.results, 1)
        self._beside.addWidget(self.pages)
        right = QWidget()
        right.setObjectName("surface")
        right.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        whole = QVBoxLayout(right)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(chrome)
        whole.addWidget(self._below, 1)
        self._sides = QSplitter(Qt.Orientation.Horizontal)
        self._sides.setHandleWidth(1)
        self._sides.setChildrenCollapsible(False)
        self._sides.addWidget(self.profiles)
        self._sides.addWidget(right)
        self._sides.setStretchFactor(0, 0)
        self._sides.setStretchFactor(1, 1)
        self._sides.splitterMoved.connect(self._on_sides_moved)
        self.setCentralWidget(self._sides)

    # ------------------------------------------------------------ what it is told

    def turn_to(self, name: str) -> None:
        """Bring a page to the front, or a view of the live page."""
        if name in self.live.views.names:
            self.live.show_live(True)
            self.live.views.turn_to(name)
            name = "live"
        self.results.turn_to(name)

    def turn_by(self, step: int) -> None:
        """The next page, or the one before; after the last comes the first."""
        names = self.results.names
        self.turn_to(names[(names.index(self.results.current_name) + step) % len(names)])

    @property
    def next_step(self) -> QPushButton | None:
        """The one filled button: of the page in front, else the repair of the text; None: it is Test."""
        page = {"answer": self.answer.primary, "live": self.live.primary}.get(self.results.current_name)
        return page or self.connection.said.next_step

    def show_next_step(self) -> None:
        """Test is filled only where no other button is, and neither is the repair of a text that the answer mends."""
        in_front = self.results.current_name == "answer"
        said = self.connection.said
        said.show_answered(self.answer.told if in_front else "", filled=self.next_step in (None, said.repair))
        self.connection.show_primary(self.next_step is None)

    def show_environment(self, word: str, colour: str | None, *, tinted: bool) -> None:
        """Which environment the connection leads to; ``tinted`` colours the whole window with it."""
        from clearline.ui.look.style_sheet import restyle

        self.environment.show_environment(word, colour)
        tint = colour if tinted and colour is not None else ""
        for part in (self.menuBar(), self.profiles, self.profiles.list, self.chrome, self.pages):
            restyle(part, "tint", tint)

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab, as the window is read."""
        from clearline.ui.window.keyboard import next_stop

        return next_stop(self, 1 if next else -1) or super().focusNextPrevChild(next)

    def front_of(self, name: str) -> QWidget | None:
        """The widget of a page or live view, if it exists and is in front."""
        views = self.live.views
        if name in views.names:
            in_front = self.results.current_name == "live" and views.current_name == name
            return views.made_widgets().get(name) if in_front else None
        return self.results.made_widgets().get(name) if self.results.current_name == name else None

    def show_settings_panel(self, shown: bool) -> None:
        """Open or close the settings of the connection."""
        if shown != self.settings.isChecked() or self.pages.isHidden() is shown:
            self.settings.setChecked(shown)
            self.pages.setVisible(shown)
            self._share_room()

    def show_watching(self, watching: bool) -> None:
        """Whether the connection in front is kept open and watched."""
        self.watch.setChecked(watching)
        self.watch.setText("Stop watching" if watching else "Watch")
        self.watch.show_icon("watch", "accent" if watching else "text")
        tip = "Ends the watch" if watching else "Keeps the connection open and shows what the driver does"
        self.watch.setToolTip(f"{tip} (Ctrl+Shift+W)")
        self.health.setVisible(watching)
        self.answer.banner.show_watched(watching)

    def ask_for_text(self) -> None:
        """Nothing can be tested or watched before there is an address: say so where it is typed."""
        self.connection.field.setFocus()
        self.connection.said.show_hint("Paste or type a connection string first, for example localhost:27017.")

    def say(self, message: str) -> None:
        """A short message that goes away by itself."""
        self.offer(message, ())

    def offer(self, message: str, answers: tuple[tuple[str, Callable[[], object]], ...]) -> None:
        """A short message with buttons; all go away when one is pressed, or by themselves."""
        self._toast.say(message, answers, _OFFER_MS if answers else _MESSAGE_MS)

    @property
    def offers(self) -> list[QPushButton]:
        """The buttons of the message that stands there."""
        return self._toast.buttons

    @property
    def message(self) -> str:
        """What it says at the moment."""
        return self._toast.text

    # ------------------------------------------------------------ Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the height anew, unless the user did it."""
        super().resizeEvent(event)
        if self._furnished:
            self._list_asked_for = False
            self._share_room()
            self._toast.place()
        else:
            self._place_outlines()

    def changeEvent(self, event: QEvent) -> None:
        """Larger letters leave less room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self._furnished:
            self._share_room()

    def _share_room(self) -> None:
        """The answer comes first: where there is little room the list is a rail, and the settings lie over."""
        width, is_open = self.width(), not self.pages.isHidden()
        room = width * 100 / theme.scaled(100)  # larger letters leave as much less
        over = room < _OVER_BELOW
        beside = self._beside.indexOf(self.pages) >= 0
        if over and beside:
            self._beside.removeWidget(self.pages)
        elif not over and not beside:
            self._beside.addWidget(self.pages)
        self._lay_over()
        rail = not self._list_asked_for and (room < _RAIL_BELOW or (room < _WIDE and is_open))
        self.profiles.show_rail(rail)
        self.profiles.setMinimumWidth(_RAIL if rail else theme.scaled(_SIDE_WIDTH_MIN))
        self.profiles.setMaximumWidth(_RAIL if rail else _NO_LIMIT)
        if rail:
            self._sides.setSizes([_RAIL, width - _RAIL])
        elif not self._sides_by_user:
            self._sides.setSizes([theme.scaled(_SIDE_WIDTH if room >= _WIDE else _SIDE_WIDTH_MIN), width])

    def _lay_over(self) -> None:
        """Where the settings lie over the answer, they stand at its right edge."""
        if self._beside.indexOf(self.pages) < 0:
            width = self.pages.width()
            self.pages.setGeometry(self._below.width() - width, 0, width, self._below.height())
            self.pages.raise_()

    def _on_list_asked_for(self) -> None:
        self._list_asked_for = True
        self._share_room()

    def _on_sides_moved(self) -> None:
        self._sides_by_user = True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Notice the first paint: what takes long to import waits for it."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self.first_painted.emit)

    def _place_outlines(self) -> None:
        """Until it is furnished, show where things will stand; painting them by hand would load half of Qt."""
        top = theme.GRID * 3  # of the menu; measuring its font would load it
        side = _SIDE_WIDTH if self.width() >= _WIDE else _SIDE_WIDTH_MIN if self.width() >= _RAIL_BELOW else _RAIL
        surface, field, button = self._outlines
        surface.setGeometry(side, top + 141, self.width() - side, self.height() - top)
        field.setGeometry(side + 16, top + 40, self.width() - side - 220, 36)
        button.setGeometry(self.width() - 112, top + 40, 96, 36)

    def _outline(self, role: QPalette.ColorRole) -> QWidget:
        outline = QWidget(self)
        outline.setAutoFillBackground(True)
        outline.setBackgroundRole(role)
        return outline

    def closeEvent(self, event: QCloseEvent) -> None:
        """Out of sight at once, unless `may_close` has something to ask; what still runs is ended afterwards."""
        if not self.may_close():
            event.ignore()
            return
        self.hide()
        super().closeEvent(event)
        self.closing.emit()


def _code_panel() -> QWidget:
    from clearline.ui.panels.code import CodePanel

    return CodePanel()


def _history_panel() -> QWidget:
    from clearline.ui.panels.history import HistoryPanel

    return HistoryPanel()
