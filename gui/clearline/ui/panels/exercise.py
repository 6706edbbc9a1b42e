"""The pool exercised: what to do, how it goes, what the numbers say. It never writes."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from clearline.core.profiles.profile import Pool
from clearline.core.watch.exercise import LONGEST_S, MOST_WORKERS, ExercisePlan, ExerciseResult, Work
from clearline.core.watch.pool import Quantiles
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton
from clearline.ui.models.pools import reasons
from clearline.ui.widgets.editors import Choice, number_box
from clearline.ui.widgets.flow import Flow
from clearline.ui.widgets.labels import WrappedLabel, section

_WORKS: tuple[tuple[str, object], ...] = (
    ("ping", Work.PING),
    ("read one document of a collection", Work.READ),
    ("let the server wait", Work.WAIT),
)
_POOL_FIELDS = (
    ("maxPoolSize", "max_pool_size", 10_000),
    ("minPoolSize", "min_pool_size", 1_000),
    ("maxConnecting", "max_connecting", 100),
    ("waitQueueTimeoutMS", "wait_queue_timeout_ms", 60_000),
)
_AS_IN_PROFILE = "as in the profile"


class ExerciseForm(QWidget):
    """A form; then progress and Stop; then the result. It is a part of the page, and closed at first."""

    start_requested = Signal(object)
    """An `ExercisePlan`."""
    stop_requested = Signal()
    closed = Signal()
    shown = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._running = False
        self._local, self._production = True, False
        self._shown: ExerciseResult | None = None
        self.title = section("Exercise the pool")
        self.workers = _number("Workers", 1, MOST_WORKERS, 20)
        self.duration = _number("Duration in seconds", 1, int(LONGEST_S), 10, " s")
        self.work = Choice("What each worker does", _WORKS)
        self.collection = QLineEdit()
        self.collection.setPlaceholderText("database.collection")
        self.collection.setAccessibleName("Collection to read from")
        self.wait_ms = _number("Milliseconds that the server waits", 1, 10_000, 100, " ms")
        self.own_pool = QCheckBox("Try other pool options, on a client of its own")
        self.pool_fields = {
            field: _number(name, 0, most, 0, special=_AS_IN_PROFILE) for name, field, most in _POOL_FIELDS
        }
        self._fields: dict[QWidget, QWidget] = {}
        self._form = Flow()
        self._form.setSpacing(theme.GRID * 2)
        for words, editor in (
            ("Workers", self.workers),
            ("Duration", self.duration),
            ("Each does", self.work),
            ("Collection", self.collection),
            ("Wait", self.wait_ms),
            ("", self.own_pool),
            *((name, self.pool_fields[field]) for name, field, _most in _POOL_FIELDS),
        ):
            self._fields[editor] = _labelled(words, editor)
            self._form.addWidget(self._fields[editor])
        self.promise = WrappedLabel("It only reads: nothing is ever written.", "muted")
        self.problem = WrappedLabel(role="failure")
        self.warning = WrappedLabel(role="warning")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress of the exercise")
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(theme.GRID)
        self.sentence = WrappedLabel()
        self._numbers = QGridLayout()
        self._numbers.setHorizontalSpacing(theme.GRID * 3)
        self._numbers.setVerticalSpacing(2)
        self._numbers.setColumnStretch(0, 1)
        self._cells: dict[tuple[int, int], QLabel] = {}
        self.start = QPushButton("Start")
        self.start.setObjectName("primary")
        self.close_button = IconButton("close", "Close the exercise")
        self._lay_out()
        self.start.clicked.connect(self._on_start)
        self.close_button.clicked.connect(self.end)
        self.work.currentIndexChanged.connect(self._show_fields)
        self.own_pool.toggled.connect(self._show_fields)
        for edited in (self.workers.valueChanged, self.duration.valueChanged, self.collection.textEdited):
            edited.connect(self._forget_question)
        for label in (self.problem, self.warning, self.progress, self.sentence):
            label.hide()
        self._asked = False
        self._show_fields()
        self.hide()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.GRID * 2)
        head.addWidget(self.title)
        head.addWidget(self.promise, 1)
        head.addWidget(self.close_button)
        foot = QHBoxLayout()
        foot.addWidget(self.start)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID * 2, theme.GRID, theme.GRID * 2, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        column.addLayout(self._form)
        column.addLayout(foot)
        for widget in (self.problem, self.warning, self.progress, self.sentence):
            column.addWidget(widget)
        column.addLayout(self._numbers)

    @property
    def plan(self) -> ExercisePlan:
        """What the form says. Raises ValueError when it makes no sense."""
        pool = None
        if self.own_pool.isChecked():
            values = {field: box.value() for field, box in self.pool_fields.items() if box.value()}
            pool = msgspec.structs.replace(Pool(), **values) if values else None
        work = _WORKS[self.work.currentIndex()][1]
        assert isinstance(work, Work)
        return ExercisePlan(
            workers=self.workers.value(),
            duration_s=float(self.duration.value()),
            work=work,
            collection=self.collection.text().strip() or None if work is Work.READ else None,
            wait_ms=float(self.wait_ms.value()),
            pool=pool,
        )

    def show_place(self, name: str, *, local: bool, database: str | None, production: bool = False) -> None:
        """Which deployment it is; production, and one that is not on this computer, is asked about first."""
        self._local, self._production = local, production
        self.title.setText(f"Exercise the pool of {name}")
        if database and not self.collection.text():
            self.collection.setText(f"{database}.")

    def forget(self) -> None:
        """Nothing of an earlier exercise, which was another connection's."""
        self._shown = None
        self._forget_question()
        self.collection.clear()
        self.start.setText("Start")
        self.sentence.hide()
        self.problem.hide()
        for label in self._cells.values():
            label.clear()

    def show_result(self, result: ExerciseResult | None, *, running: bool) -> None:
        """Show how it goes, or went."""
        self._running = running
        self._shown = result or self._shown
        self.start.setText("Stop" if running else "Start again" if self._shown else "Start")
        for holder in self._fields.values():
            holder.setEnabled(not running)
        self.progress.setVisible(running)
        if result is None:
            return
        self.progress.setValue(min(1000, round(1000 * result.elapsed_s / result.plan.duration_s)))
        self.sentence.setVisible(bool(result.sentence))
        self.sentence.setText(result.sentence)
        self._show_numbers(result)

    def show_problem(self, text: str) -> None:
        """It cannot be done, and why."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        if text:
            self.show_result(None, running=False)

    def showEvent(self, event: QShowEvent) -> None:
        """Tell it."""
        super().showEvent(event)
        self.shown.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Tell it."""
        super().hideEvent(event)
        self.shown.emit(False)

    def end(self) -> None:
        """Close it; what runs is ended, for its page is gone."""
        if self._running:
            self.stop_requested.emit()
        self.hide()
        self.closed.emit()

    def _on_start(self) -> None:
        if self._running:
            self.stop_requested.emit()
            return
        try:
            plan = self.plan
        except ValueError as error:
            self.show_problem(f"{str(error)[:1].upper()}{str(error)[1:]}.")
            return
        self.problem.hide()
        if (self._production or not self._local) and not self._asked:
            self._asked = True
            where = "This is production." if self._production else "This deployment is not on this computer."
            self.warning.setText(
                f"{where} {plan.workers} workers for {plan.duration_s:g} s are real load for all who use it, and "
                "up to that many connections. Start all the same?"
            )
            self.warning.show()
            self.start.setText("Start all the same")
            return
        self.warning.hide()
        self._asked = False
        self.start_requested.emit(plan)

    def _forget_question(self) -> None:
        """An answer to a question about other numbers does not count."""
        if self._asked:
            self._asked = False
            self.warning.hide()
            self.start.setText("Start")

    def _show_fields(self) -> None:
        work = _WORKS[self.work.currentIndex()][1]
        self._fields[self.collection].setVisible(work is Work.READ)
        self._fields[self.wait_ms].setVisible(work is Work.WAIT)
        for box in self.pool_fields.values():
            self._fields[box].setVisible(self.own_pool.isChecked())

    def _show_numbers(self, result: ExerciseResult) -> None:
        head = ("", "count", "median", "p95", "p99", "max")
        rows: list[tuple[str, ...]] = [head]
        for name, times in (
            ("operation", result.operation_ms),
            ("server and network", result.command_ms),
            ("waiting for a connection", result.check_out_ms),
            ("making a connection", result.make_ms),
        ):
            rows.append((name, *_quantiles(times)))
        for place, cells in enumerate(rows):
            for column, text in enumerate(cells):
                self._cell(place, column).setText(text)
        errors = reasons(result.errors) or "none"
        facts = (
            f"{result.operations:,} operations in {result.elapsed_s:,.1f} s, {result.per_second:,.0f} a second. "
            f"{result.made:,} connections made, at most "
            f"{max((pool.most_in_use for pool in result.pools), default=0):,} in use at once. "
            f"Wait-queue timeouts: {result.wait_queue_timeouts:,}. Other failures: {errors}."
        )
        self._cell(len(rows), 0, columns=len(head)).setText(facts)

    def _cell(self, row: int, column: int, columns: int = 1) -> QLabel:
        if (row, column) not in self._cells:
            heading = row == 0
            label = WrappedLabel() if columns > 1 else section("") if heading else QLabel()
            if column and not heading:
                theme.write_in(label, theme.Face.MONO)
            if column:
                label.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._numbers.addWidget(label, row, column, 1, columns)
            self._cells[row, column] = label
        return self._cells[row, column]


def _quantiles(times: Quantiles) -> tuple[str, ...]:
    if not times.count:
        return ("0", "–", "–", "–", "–")
    return (f"{times.count:,}", *(f"{value:,.1f} ms" for value in (times.median, times.p95, times.p99, times.max)))


def _labelled(words: str, editor: QWidget) -> QWidget:
    if not words:
        return editor
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    label = QLabel(words)
    label.setBuddy(editor)
    row.addWidget(label)
    row.addWidget(editor)
    return made


def _number(name: str, least: int, most: int, value: int, suffix: str = "", special: str = "") -> QSpinBox:
    box = number_box(QSpinBox())
    box.setAccessibleName(name)
    box.setMinimumHeight(theme.GRID * 4)
    box.setRange(least, most)
    box.setValue(value)
    box.setSuffix(suffix)
    if special:
        box.setSpecialValueText(special)
    return box
