"""The banner: what the check found, in one icon, one word and one sentence, and the buttons that mend it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from clearline.core.findings import Finding, Remedy, Severity
from clearline.core.report.formats import Form
from clearline.core.report.report import Report, Verdict
from clearline.core.uri.remedies import weakens
from clearline.ui.look import theme
from clearline.ui.look.status import status_icon, status_tone
from clearline.ui.widgets.delegates import turning
from clearline.ui.widgets.parts import StatusIcon, WrappedLabel, restyle
from clearline.ui.widgets.remedy_words import offered, remedy_button

_MOST_BUTTONS = 2
_WIDE = theme.GRID * 100


class VerdictBanner(QFrame):
    """Shows a report, or that one is being made."""

    remedy_chosen = Signal(object)
    copy_requested = Signal(object)
    """The `Form` to copy it in."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._report: Report | None = None
        self._running = False
        self._stale = False
        self._trouble = ("", "")
        self._state = "running"
        self._icon = StatusIcon(24)
        self.word = QLabel()
        self.word.setFont(theme.title_font())
        self.certainty = QLabel()
        self.certainty.setProperty("role", "chip")
        self.stale = QLabel("changed since this test")
        self.stale.setProperty("role", "chip")
        self.stale.setToolTip("The connection was changed since. Test again to see how it is now.")
        self.sentence = WrappedLabel()
        self.sentence.setAccessibleName("Verdict")
        self.remedy = WrappedLabel()
        self.remedy.setAccessibleName("What to do")
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(theme.GRID)
        self._copy = QPushButton("Copy report")
        self._copy.setObjectName("menuButton")
        self._copy.setAccessibleName("Copy report")
        menu = QMenu(self._copy)
        for label, form in (("As Markdown, for a ticket", Form.MARKDOWN), ("As JSON", Form.JSON)):
            action = QAction(label, menu)
            action.triggered.connect(lambda _checked=False, form=form: self.copy_requested.emit(form))
            menu.addAction(action)
        self._copy.setMenu(menu)

        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(self.word)
        head.addWidget(self.certainty)
        head.addWidget(self.stale)
        head.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(head)
        words.addWidget(self.sentence)
        words.addWidget(self.remedy)
        side = QHBoxLayout()
        side.setSpacing(theme.GRID)
        side.addLayout(self._buttons)
        side.addWidget(self._copy)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(12)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._body.setSpacing(6)
        self._body.addLayout(words, 1)
        self._body.addLayout(side)
        side.addStretch(1)
        row.addLayout(self._body, 1)

    def show_stale(self, stale: bool) -> None:
        """Say that what is shown is about an earlier state of the connection."""
        self.stale.setVisible(stale)
        restyle(self, "state", "stale" if stale else self._state)

    def show_report(self, report: Report | None, *, running: bool, stale: bool = False) -> None:
        """Show what is known; nothing known and nothing running shows nothing."""
        self._report, self._running, self._stale = report, running, stale
        self.setVisible(running or report is not None)
        verdict = report.verdict if report else None
        self._copy.setVisible(verdict is not None)
        finding = _headline(report)
        self._show_buttons(finding if verdict is not None else None)
        self._show_remedy(finding if verdict is not None else None)
        chip = finding.certainty.value if finding and verdict is not Verdict.CONNECTED else ""
        self.certainty.setText(chip)
        self.certainty.setVisible(bool(chip))
        match verdict:
            case None:
                self.word.setText("Testing…")
                self.sentence.setText(finding.summary if finding else "Asking name servers, servers and the driver.")
                self._state = "running"
            case Verdict.CONNECTED:
                assert report is not None
                warnings = sum(1 for f in report.findings if f.severity is Severity.WARNING)
                self.word.setText("Connected" if not warnings else f"Connected, {_count(warnings, 'warning')}")
                self.sentence.setText(connected_sentence(report))
                self._state = "warned" if warnings else "connected"
            case Verdict.FAILED:
                self.word.setText("Failed")
                self.sentence.setText(finding.summary if finding else "The check failed without naming a cause.")
                self._state = "failed"
            case Verdict.CANCELLED:
                self.word.setText("Stopped")
                self.sentence.setText(
                    f"Found before it was stopped: {finding.summary}"
                    if finding
                    else "The check was stopped before it had an answer."
                )
                self._state = "cancelled"
        word, sentence = self._trouble
        if word and not running:
            self.setVisible(True)
            self.word.setText(word)
            self.sentence.setText(sentence)
            self._show_buttons(None)
            self._show_remedy(None)
            self._state = "failed"
        self.show_stale(stale)
        self._draw()

    def show_trouble(self, word: str, sentence: str) -> None:
        """What a watch sees now, before what the last test found; both empty: nothing."""
        if (word, sentence) != self._trouble:
            self._trouble = (word, sentence)
            self.show_report(self._report, running=self._running, stale=self._stale)

    def press_fix(self) -> None:
        """Press the first button that mends something, as a click does; without one nothing happens."""
        if self.isVisible() and self._buttons.count():
            first = self._button(0)
            assert isinstance(first, QPushButton)
            first.click()

    def turn(self) -> None:
        """The next step of the turning icon."""
        if self._report is None or self._report.verdict is None:
            self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Buttons stand beside the sentence, or below it where there is little room."""
        super().resizeEvent(event)
        wide = event.size().width() >= _WIDE
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._body.direction() != direction:
            self._body.setDirection(direction)

    def _draw(self) -> None:
        verdict = self._report.verdict if self._report else None
        if self._trouble[0] and not self._running:
            self._icon.show_icon("failed", "failed")
        elif verdict is None:
            self._icon.show_icon("running", "accent", turning())
        elif verdict is Verdict.CONNECTED and self._state == "warned":
            self._icon.show_icon("warning", "warning")
        else:
            self._icon.show_icon(status_icon(verdict), status_tone(verdict))

    def _show_remedy(self, finding: Finding | None) -> None:
        """What to do stands under the sentence: the advice that comes first and does not weaken security."""
        safe = next((one for one in finding.remedies if not weakens(one)), None) if finding else None
        self.remedy.setText(f"→ {safe.text}" if safe else "")
        self.remedy.setVisible(safe is not None)

    def _show_buttons(self, finding: Finding | None) -> None:
        fixes = offered(finding, self._report) if finding else []
        # Here the first button looks like the advice: what weakens security never is.
        wanted = fixes[:_MOST_BUTTONS] if fixes and not weakens(fixes[0]) else []
        present = [self._button(i) for i in range(self._buttons.count())]
        if [b.property("remedy_text") for b in present] == [remedy.text for remedy in wanted]:
            return
        for button in present:
            self._buttons.removeWidget(button)
            button.hide()
            button.deleteLater()
        for remedy in wanted:
            self._buttons.addWidget(self._remedy_button(remedy))

    def _button(self, place: int) -> QWidget:
        item = self._buttons.itemAt(place)
        assert item is not None
        widget = item.widget()
        assert widget is not None
        return widget

    def _remedy_button(self, remedy: Remedy) -> QPushButton:
        button = remedy_button(remedy)
        button.clicked.connect(lambda: self.remedy_chosen.emit(remedy))
        return button


def _headline(report: Report | None) -> Finding | None:
    if report is None:
        return None
    if report.diagnosis is not None:
        return report.diagnosis
    return next((f for f in report.findings if f.severity is Severity.WARNING), None)


def connected_sentence(report: Report) -> str:
    """What was reached, as whom, how fast; and the first warning."""
    parts = []
    if deployment := report.deployment:
        kind = f"{deployment.kind} {deployment.set_name}" if deployment.set_name else deployment.kind
        version = " ".join(filter(None, (deployment.product, deployment.version)))
        parts.append(f"{kind} ({version})" if version else kind)
    if report.identity:
        parts.append(f"as {report.identity.user}")
    where = " ".join(parts) or report.target.uri
    quick = f" in {report.verdict_ms:.0f} ms" if report.verdict_ms is not None else ""
    warning = next((f.summary for f in report.findings if f.severity is Severity.WARNING), "")
    return f"{where[:1].upper()}{where[1:]}{quick}." + (f" {warning}" if warning else "")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
