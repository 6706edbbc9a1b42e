"""The window: where everything stands. It shows what it is told and reports what is asked of it; no logic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QSize, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from clearline.ui.look import theme

if TYPE_CHECKING:
    from clearline.ui.forms.connection_line import ConnectionLine
    from clearline.ui.forms.masked_text import Redact
    from clearline.ui.forms.pages import FormPages
    from clearline.ui.look.icons import LabelledButton
    from clearline.ui.panels.diagnosis import DiagnosisPanel
    from clearline.ui.panels.events import EventsPanel
    from clearline.ui.panels.health import HealthIndicator
    from clearline.ui.panels.profile_list import ProfileList
    from clearline.ui.panels.servers import ServersPanel
    from clearline.ui.panels.stage_strip import StageStrip
    from clearline.ui.panels.verdict import VerdictBanner
    from clearline.ui.widgets.lazy_tabs import LazyTabs
    from clearline.ui.window.menus import Menus

_MESSAGE_MS: Final = 6000
_OFFER_MS: Final = 15_000
_FORM_HEIGHT: Final = 252
_RESULTS_HEIGHT: Final = 296
_WELCOME_HEIGHT: Final = 232
_WIDE: Final = 1100
_NO_LIMIT: Final = 16_777_215
"""Qt's own greatest width of a widget."""
_SIDE_WIDTH: Final = 232
_SIDE_WIDTH_MIN: Final = 192


class _Halves(QSplitter):
    """The form above, the results below; tells when there is more or less room for both."""

    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell it after Qt has shared the room by itself."""
        super().resizeEvent(event)
        self.resized.emit()


class MainWindow(QMainWindow):
    """Profiles on the left; connection string, form and results on the right.

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
    banner: VerdictBanner
    strip: StageStrip
    diagnosis: DiagnosisPanel
    servers: ServersPanel
    events: EventsPanel
    results: LazyTabs

    def __init__(self) -> None:
        super().__init__()
        self._painted = False
        self._furnished = False
        self.may_close: Callable[[], bool] = lambda: True
        """Whether the window may be closed now; who says no asks the user, and closes it later."""
        self._shared_by_user = False
        self._sides_by_user = False
        self._turned = False
        self.setWindowTitle("Clearline")
        self.setMinimumSize(QSize(800, 420))
        roles = (QPalette.ColorRole.Base, QPalette.ColorRole.Midlight, QPalette.ColorRole.Accent)
        self._outlines = [self._outline(role) for role in roles]
        self.resize(1280, 680)  # a screen of 720 has a title bar and a panel as well

    def furnish(self, redact: Redact) -> None:
        """Make everything that stands in the window."""
        from clearline.ui.forms.connection_line import ConnectionLine
        from clearline.ui.forms.pages import FormPages
        from clearline.ui.look.icons import IconButton, LabelledButton, window_icon
        from clearline.ui.panels.diagnosis import DiagnosisPanel
        from clearline.ui.panels.events import EventsPanel
        from clearline.ui.panels.health import HealthIndicator
        from clearline.ui.panels.profile_list import ProfileList
        from clearline.ui.panels.servers import ServersPanel
        from clearline.ui.panels.stage_strip import StageStrip
        from clearline.ui.panels.verdict import VerdictBanner
        from clearline.ui.panels.welcome import Welcome
        from clearline.ui.widgets.lazy_tabs import LazyTabs
        from clearline.ui.widgets.parts import ElidedLabel
        from clearline.ui.window.menus import Menus

        self.setWindowIcon(window_icon())
        self.profiles = ProfileList()
        self.name = QLineEdit()
        self.name.setObjectName("profileName")
        self.name.setFont(theme.title_font())
        self.name.setPlaceholderText("New connection")
        self.name.setAccessibleName("Profile name")
        self.name.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.unsaved = QLabel("not saved")
        self.unsaved.setProperty("role", "chip")
        self.save = QPushButton("Save")
        self.revert = QPushButton("Revert")
        self.revert.setToolTip("Back to what was saved")
        for button in (self.save, self.revert):
            button.setObjectName("small")
        self._offers: list[QPushButton] = []
        self.name.setMinimumWidth(theme.GRID * 16)
        self._message = ElidedLabel("muted")
        self._message.hide()
        self._message_timer = QTimer(self)
        self._message_timer.setSingleShot(True)
        self._message_timer.timeout.connect(self._end_message)
        self.health = HealthIndicator()
        self.watch = LabelledButton("watch", "Watch")
        self.watch.setObjectName("small")
        self.watch.setCheckable(True)
        self.show_watching(False)
        self.connection = ConnectionLine(redact)
        self.pages = FormPages()
        self.pages.setMinimumHeight(theme.GRID * 12)
        self.banner = VerdictBanner()
        self.strip = StageStrip()
        self.diagnosis = DiagnosisPanel()
        self.servers = ServersPanel()
        self.events = EventsPanel()
        self.results = LazyTabs("Results")
        self.results.addTab(self.diagnosis, "Diagnosis")
        self.results.addTab(self.servers, "Servers")
        self.results.addTab(self.events, "Events")
        self.results.add_lazy("topology", "Topology", _topology_panel)
        self.results.add_lazy("pool", "Pool", _pool_panel)
        self.results.add_lazy("health", "Health", _health_page)
        self.results.add_lazy("code", "Code", _code_panel)
        self.results.add_lazy("history", "History", _history_panel)
        self.results.setCurrentWidget(self.servers)
        self.results.currentChanged.connect(self._on_turned)
        self.widen = IconButton("widen", "Give the results the whole window (Ctrl+Shift+M)", checkable=True)
        self.widen.toggled.connect(self._on_widened)
        self.results.setCornerWidget(self.widen)
        self._lay_out(Welcome())
        self.menus = Menus(self)
        for outline in self._outlines:
            outline.deleteLater()
        self._furnished = True
        self._share_room()

    # ------------------------------------------------------------ layout

    def _lay_out(self, welcome: QWidget) -> None:
        from PySide6.QtCore import Qt

        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(theme.GRID)
        head.addWidget(self.name, 1)
        head.addWidget(self._message, 1)
        self._head = head
        head.addWidget(self.unsaved, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self.save, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self.revert, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addSpacing(theme.GRID)
        head.addWidget(self.health)
        head.addWidget(self.watch, 0, Qt.AlignmentFlag.AlignVCenter)
        top = QVBoxLayout()
        top.setContentsMargins(12, theme.GRID, 12, theme.GRID // 2)
        top.setSpacing(6)
        top.addLayout(head)
        top.addWidget(self.connection)

        found = QWidget()
        self._above = QWidget()
        above = QVBoxLayout(self._above)
        above.setContentsMargins(12, theme.GRID, 12, 4)
        above.setSpacing(6)
        above.addWidget(self.banner)
        above.addWidget(self.strip)
        column = QVBoxLayout(found)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._above)
        column.addWidget(self.results, 1)
        self._below = QStackedWidget()
        self._below.addWidget(welcome)
        self._below.addWidget(found)
        self._found = found
        self._halves = _Halves(Qt.Orientation.Vertical)
        self._halves.resized.connect(self._share_room)
        self._halves.setHandleWidth(1)
        self._halves.setChildrenCollapsible(False)
        self._halves.addWidget(self.pages)
        self._halves.addWidget(self._below)
        self._halves.setStretchFactor(0, 0)
        self._halves.setStretchFactor(1, 1)
        self._halves.splitterMoved.connect(self._on_shared)

        right = QWidget()
        right.setObjectName("surface")
        right.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        whole = QVBoxLayout(right)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(top)
        whole.addWidget(self._halves, 1)
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

    def show_results(self, shown: bool) -> None:
        """Results, or the welcome that stands in their place before the first check."""
        if not shown:
            self.widen.setChecked(False)
        self._below.setCurrentIndex(1 if shown else 0)
        # Results that are not shown must not ask for room, which the form can use.
        ignored, preferred = QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        self._found.setSizePolicy(preferred, preferred if shown else ignored)
        self._share_room()

    def show_telling_tab(self, *, has_servers: bool) -> None:
        """Turn from an empty matrix to the findings, and back when there are servers, unless the user turned."""
        if not has_servers and self.results.currentWidget() is self.servers:
            self.results.setCurrentWidget(self.diagnosis)
            self._turned = True
        elif has_servers and self._turned:
            self.results.setCurrentWidget(self.servers)

    def show_counts(self, findings: int, servers: int, events: int) -> None:
        """How much there is behind each tab."""
        for place, (word, count) in enumerate((("Diagnosis", findings), ("Servers", servers), ("Events", events))):
            text = f"{word} ({count:,})" if count else word
            if self.results.tabText(place) != text:
                self.results.setTabText(place, text)

    def show_watching(self, watching: bool) -> None:
        """Whether the connection in front is kept open and watched."""
        self.watch.setChecked(watching)
        self.watch.setText("Watching" if watching else "Watch")
        self.watch.show_icon("watch", "accent" if watching else "text")
        tip = "Ends the watch" if watching else "Keeps the connection open and shows what the driver does"
        self.watch.setToolTip(f"{tip} (Ctrl+Shift+W)")

    def say(self, message: str) -> None:
        """A short message that goes away by itself."""
        self.offer(message, ())

    def offer(self, message: str, answers: tuple[tuple[str, Callable[[], object]], ...]) -> None:
        """A short message with buttons; all go away when one is pressed, or by themselves."""
        self._end_message()
        self._message.setText(message)
        self._message.setToolTip(message)
        self._message.show()
        for words, act in answers:
            button = QPushButton(words)
            button.setObjectName("small")
            button.clicked.connect(self._end_message)
            button.clicked.connect(lambda _checked=False, act=act: act())
            self._head.insertWidget(self._head.indexOf(self.unsaved), button)
            self._offers.append(button)
        self._message_timer.start(_OFFER_MS if answers else _MESSAGE_MS)

    @property
    def offers(self) -> list[QPushButton]:
        """The buttons of the message that stands there."""
        return list(self._offers)

    def _end_message(self) -> None:
        self._message.clear()
        self._message.hide()
        for button in self._offers:
            button.hide()
            button.deleteLater()
        self._offers = []

    @property
    def message(self) -> str:
        """What it says at the moment."""
        return self._message.text()

    # ------------------------------------------------------------ Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the height anew, unless the user did it."""
        super().resizeEvent(event)
        if self._furnished:
            self._share_room()
        else:
            self._place_outlines()

    def _share_room(self) -> None:
        """Results come first where the window is low: the form scrolls."""
        # The dot in the list and the Save button say it too.
        self.unsaved.setMaximumWidth(_NO_LIMIT if self.width() >= _WIDE else 0)
        if not self._sides_by_user:
            self._sides.setSizes([_SIDE_WIDTH if self.width() >= _WIDE else _SIDE_WIDTH_MIN, self.width()])
        if not self._shared_by_user:
            height = self._halves.height()
            has_results = self._below.currentIndex() == 1
            welcome = min(_WELCOME_HEIGHT, height * 2 // 5)
            form = min(_FORM_HEIGHT, height - _RESULTS_HEIGHT) if has_results else height - welcome
            self._halves.setSizes([max(self.pages.minimumHeight(), form), max(1, height - form)])

    def _on_widened(self, wide: bool) -> None:
        """On a small screen the live tabs need what form and verdict take."""
        self.pages.setVisible(not wide)
        self._above.setVisible(not wide)
        tip = "Show form and verdict again" if wide else "Give the results the whole window"
        self.widen.show_as("narrow" if wide else "widen", f"{tip} (Ctrl+Shift+M)")

    def _on_turned(self) -> None:
        self._turned = False

    def _on_sides_moved(self) -> None:
        self._sides_by_user = True

    def _on_shared(self) -> None:
        self._shared_by_user = True

    def event(self, event: QEvent) -> bool:
        """Notice the first paint: what takes long to import waits for it."""
        done = super().event(event)
        if not self._painted and event.type() == QEvent.Type.Paint:
            self._painted = True
            QTimer.singleShot(0, self.first_painted.emit)
        return done

    def _place_outlines(self) -> None:
        """Until it is furnished, show where things will stand; painting them by hand would load half of Qt."""
        top = self.fontMetrics().height() + theme.GRID
        side = _SIDE_WIDTH if self.width() >= _WIDE else _SIDE_WIDTH_MIN
        surface, field, button = self._outlines
        surface.setGeometry(side, top, self.width() - side, self.height() - top)
        field.setGeometry(side + 13, top + 43, self.width() - side - 196, 30)
        button.setGeometry(self.width() - 108, top + 42, 96, 31)

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


def _topology_panel() -> QWidget:
    from clearline.ui.panels.topology import TopologyPanel

    return TopologyPanel()


def _pool_panel() -> QWidget:
    from clearline.ui.panels.pool import PoolPanel

    return PoolPanel()


def _health_page() -> QWidget:
    from clearline.ui.panels.health_page import HealthPage

    return HealthPage()


def _code_panel() -> QWidget:
    from clearline.ui.panels.code import CodePanel

    return CodePanel()


def _history_panel() -> QWidget:
    from clearline.ui.panels.history import HistoryPanel

    return HistoryPanel()
