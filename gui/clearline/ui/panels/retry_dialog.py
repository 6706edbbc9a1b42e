"""A test that is repeated: how often and how soon, and how each attempt went."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLayout,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from clearline.core.check.retry import MOST_ATTEMPTS, Attempt, RetryPlan
from clearline.core.report.report import Verdict
from clearline.ui.look import theme
from clearline.ui.look.status import status_icon, status_tone, status_word
from clearline.ui.models.live_rows import Column, LiveRows
from clearline.ui.widgets.editors import number_box
from clearline.ui.widgets.labels import WrappedLabel
from clearline.ui.widgets.live_table import LiveTable

_HINT = (
    "Only what time alone may mend is tried again: the network, a server that starts, an election. "
    "A refused login never is, because repeated failures can lock the account."
)


def _verdict(attempt: Attempt) -> Verdict:
    return attempt.report.verdict or Verdict.CANCELLED


def _what(attempt: Attempt) -> str:
    diagnosis = attempt.report.diagnosis
    return diagnosis.summary if diagnosis is not None else status_word(_verdict(attempt))


def _next(attempt: Attempt) -> str:
    return f"again in {attempt.again_in_s:g} s" if attempt.again_in_s is not None else attempt.why


_COLUMNS: tuple[Column[Attempt], ...] = (
    Column("attempt", "Which attempt, of how many", lambda a: f"{a.number} of {a.of}"),
    Column(
        "verdict",
        "How it ended",
        lambda a: status_word(_verdict(a)),
        icon=lambda a: (status_icon(_verdict(a)), status_tone(_verdict(a))),
    ),
    Column("took", "How long the check ran", lambda a: f"{a.report.elapsed_ms:,.0f} ms", number=True),
    Column("then", "What follows", _next),
    Column("why", "The diagnosis", _what, _what),
)


class RetryDialog(QDialog):
    """A form; then the attempts as they end. It stays open beside the window."""

    start_requested = Signal(object)
    """A `RetryPlan`."""
    stop_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._running = False
        self._attempts: list[Attempt] = []
        self.setWindowTitle("Test with retries")
        self.setMinimumSize(theme.scaled(theme.GRID * 88), theme.GRID * 48)
        self.attempts = number_box(QSpinBox())
        self.attempts.setAccessibleName("Attempts at most")
        self.attempts.setRange(2, MOST_ATTEMPTS)
        self.attempts.setValue(5)
        self.delay = _seconds("Seconds before the second attempt", 0, 600, 1, " s")
        self.factor = _seconds("Each later delay is so many times the one before", 1, 10, 2, " times")
        form = QFormLayout()
        form.setHorizontalSpacing(theme.GRID * 2)
        form.addRow("Attempts at most", self.attempts)
        form.addRow("First delay", self.delay)
        form.addRow("Each later delay", self.factor)
        self.model = LiveRows(_COLUMNS, lambda attempt: str(attempt.number))
        self.table = LiveTable("Attempts", mono=False)
        self.table.show_model(self.model)
        self.start = QPushButton("Start")
        self.start.setObjectName("primary")
        self.start.setDefault(True)
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        foot.addWidget(self.start)
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(theme.GRID)
        column.addWidget(WrappedLabel(_HINT, "muted"))
        column.addLayout(form)
        column.addWidget(self.table, 1)
        column.addLayout(foot)
        self.start.clicked.connect(self._on_start)

    @property
    def plan(self) -> RetryPlan:
        """What the form says."""
        return RetryPlan(attempts=self.attempts.value(), delay_s=self.delay.value(), factor=self.factor.value())

    def show_attempt(self, attempt: Attempt) -> None:
        """One more attempt has ended."""
        self._attempts.append(attempt)
        self.model.show(self._attempts)
        self.table.scrollToBottom()

    def show_running(self, running: bool) -> None:
        """Whether attempts are being made."""
        self._running = running
        self.start.setText("Stop" if running else "Start again" if self._attempts else "Start")
        for editor in (self.attempts, self.delay, self.factor):
            editor.setEnabled(not running)

    def _on_start(self) -> None:
        if self._running:
            self.stop_requested.emit()
            return
        self._attempts = []
        self.model.show([])
        self.start_requested.emit(self.plan)


def _seconds(name: str, least: float, most: float, value: float, suffix: str) -> QDoubleSpinBox:
    box = number_box(QDoubleSpinBox())
    box.setAccessibleName(name)
    box.setRange(least, most)
    box.setDecimals(1)
    box.setValue(value)
    box.setSuffix(suffix)
    return box
