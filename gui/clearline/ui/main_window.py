"""The window: where everything stands. It shows what it is told and reports what is asked of it; no logic."""

from __future__ import annotations

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
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from clearline.ui import theme

if TYPE_CHECKING:
    from clearline.ui.forms.connection_line import ConnectionLine
    from clearline.ui.forms.masked_text import Redact
    from clearline.ui.forms.pages import FormPages
    from clearline.ui.menus import Menus
    from clearline.ui.panels.diagnosis import DiagnosisPanel
    from clearline.ui.panels.events import EventsPanel
    from clearline.ui.panels.health import HealthIndicator
    from clearline.ui.panels.profile_list import ProfileList
    from clearline.ui.panels.servers import ServersPanel
    from clearline.ui.panels.stage_strip import StageStrip
    from clearline.ui.panels.verdict import VerdictBanner

_MESSAGE_MS: Final = 6000
_FORM_HEIGHT: Final = 252
_RESULTS_HEIGHT: Final = 296
_WELCOME_HEIGHT: Final = 232
_WIDE: Final = 1100
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
    banner: VerdictBanner
    strip: StageStrip
    diagnosis: DiagnosisPanel
    servers: ServersPanel
    events: EventsPanel

    def __init__(self) -> None:
        super().__init__()
        self._painted = False
        self._furnished = False
        self._shared_by_user = False
        self._sides_by_user = False
        self._turned = False
        self.setWindowTitle("Clearline")
        self.setMinimumSize(QSize(800, 420))
        roles = (QPalette.ColorRole.Base, QPalette.ColorRole.Midlight, QPalette.ColorRole.Accent)
        self._outlines = [self._outline(role) for role in roles]
        self.resize(1280, 740)

    def furnish(self, redact: Redact) -> None:
        """Make everything that stands in the window."""
        from PySide6.QtCore import Qt  # naming it makes all its enumerations, which takes 15 ms

        from clearline.ui.forms.connection_line import ConnectionLine
        from clearline.ui.forms.pages import FormPages
        from clearline.ui.icons import window_icon
        from clearline.ui.menus import Menus
        from clearline.ui.panels.diagnosis import DiagnosisPanel
        from clearline.ui.panels.events import EventsPanel
        from clearline.ui.panels.health import HealthIndicator
        from clearline.ui.panels.profile_list import ProfileList
        from clearline.ui.panels.servers import ServersPanel
        from clearline.ui.panels.stage_strip import StageStrip
        from clearline.ui.panels.verdict import VerdictBanner
        from clearline.ui.panels.welcome import Welcome

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
        self._message = QLabel()
        self._message.setProperty("role", "muted")
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message_timer = QTimer(self)
        self._message_timer.setSingleShot(True)
        self._message_timer.timeout.connect(self._message.clear)
        self.health = HealthIndicator()
        self.connection = ConnectionLine(redact)
        self.pages = FormPages()
        self.pages.setMinimumHeight(theme.GRID * 12)
        self.banner = VerdictBanner()
        self.strip = StageStrip()
        self.diagnosis = DiagnosisPanel()
        self.servers = ServersPanel()
        self.events = EventsPanel()
        self.results = QTabWidget()
        self.results.setAccessibleName("Results")
        self.results.addTab(self.diagnosis, "Diagnosis")
        self.results.addTab(self.servers, "Servers")
        self.results.addTab(self.events, "Events")
        self.results.setCurrentWidget(self.servers)
        self.results.currentChanged.connect(self._on_turned)
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
        head.addWidget(self._message)
        head.addWidget(self.unsaved, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addSpacing(theme.GRID)
        head.addWidget(self.health)
        top = QVBoxLayout()
        top.setContentsMargins(12, theme.GRID, 12, theme.GRID // 2)
        top.setSpacing(6)
        top.addLayout(head)
        top.addWidget(self.connection)

        found = QWidget()
        above = QVBoxLayout()
        above.setContentsMargins(12, theme.GRID, 12, 4)
        above.setSpacing(6)
        above.addWidget(self.banner)
        above.addWidget(self.strip)
        column = QVBoxLayout(found)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(above)
        column.addWidget(self.results, 1)
        self._below = QStackedWidget()
        self._below.addWidget(welcome)
        self._below.addWidget(found)
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
        self._below.setCurrentIndex(1 if shown else 0)
        # Results that are not shown must not ask for room, which the form can use.
        ignored, preferred = QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        self._below.widget(1).setSizePolicy(preferred, preferred if shown else ignored)
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

    def say(self, message: str) -> None:
        """A short message that goes away by itself."""
        self._message.setText(message)
        self._message_timer.start(_MESSAGE_MS)

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
        if not self._sides_by_user:
            self._sides.setSizes([_SIDE_WIDTH if self.width() >= _WIDE else _SIDE_WIDTH_MIN, self.width()])
        if not self._shared_by_user:
            height = self._halves.height()
            has_results = self._below.currentIndex() == 1
            form = min(_FORM_HEIGHT, height - _RESULTS_HEIGHT) if has_results else height - _WELCOME_HEIGHT
            self._halves.setSizes([max(self.pages.minimumHeight(), form), max(1, height - form)])

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
        """Out of sight at once; what still runs is ended afterwards."""
        self.hide()
        super().closeEvent(event)
        self.closing.emit()
