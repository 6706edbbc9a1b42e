"""The answer in one sentence, what to do about it, and the one button that does it."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QVBoxLayout

from clearline.core.findings import Finding, Remedy, Severity
from clearline.core.report.formats import Form
from clearline.core.report.network_note import concerns_network
from clearline.core.report.report import Report, Verdict
from clearline.core.uri.remedies import weakens
from clearline.ui.look import theme
from clearline.ui.look.icons import LabelledButton
from clearline.ui.look.status import status_icon, status_tone
from clearline.ui.look.style_sheet import restyle
from clearline.ui.models.servers_by_stage import elapsed_text
from clearline.ui.widgets.announcement import announce
from clearline.ui.widgets.delegates import turning
from clearline.ui.widgets.flow import Flow
from clearline.ui.widgets.labels import HeardLabel, WrappedLabel
from clearline.ui.widgets.laid_out import laid_out_once
from clearline.ui.widgets.marks import Card, StatusIcon
from clearline.ui.widgets.remedy_words import offered, remedy_button

_MOST_FIXES = 2
_TONES = {"failed": "failed", "warned": "warning", "connected": "passed"}
_ROLES = {"failed": "failure", "warned": "warning", "connected": "passed"}
"""The colour of the word, by the state of the banner."""


class VerdictBanner(Card):
    """Shows a report, or that one is being made. Exactly one of its buttons, or none, is filled: the next step."""

    remedy_chosen = Signal(object)
    copy_requested = Signal(object)
    """The `Form` to copy it in."""
    note_requested = Signal(object)
    """The finding that the network team shall read about."""
    watch_requested = Signal()
    code_requested = Signal()
    primary_changed = Signal(bool)
    """Whether a button of the banner is the next step; else it is Test."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._report: Report | None = None
        self._running = self._stale = self._watched = False
        self._listening = False
        self._trouble = ("", "")
        self._told = ""
        self._outage: Report | None = None
        self._state = "running"
        self._shown_buttons: tuple[object, ...] = ()
        self._icon = StatusIcon(24)
        self.word = QLabel()
        theme.write_in(self.word, theme.Face.STRONG)
        self.certainty = QLabel()
        self.certainty.setProperty("role", "muted")
        self.facts = HeardLabel()
        self.facts.setProperty("role", "muted")
        self.facts.setAccessibleName("How long it took, and when")
        self.sentence = WrappedLabel()
        theme.write_in(self.sentence, theme.Face.TITLE)
        self.sentence.setAccessibleName("Verdict")
        self.remedy = WrappedLabel()
        self.remedy.setAccessibleName("What to do")
        self._copy = QPushButton("Copy")
        self._copy.setObjectName("menuButton")
        self._copy.setAccessibleName("Copy report")
        self._copy.setProperty("tall", "true")
        menu = QMenu(self._copy)
        for label, form in (("Report as Markdown, for a ticket", Form.MARKDOWN), ("Report as JSON", Form.JSON)):
            action = QAction(label, menu)
            action.triggered.connect(lambda _checked=False, form=form: self.copy_requested.emit(form))
            menu.addAction(action)
        self._copy.setMenu(menu)
        self._keys = QLabel("Alt+Enter")
        self._keys.setProperty("role", "muted")
        self._keys.setFixedHeight(theme.GRID * 4)
        self._noted: Finding | None = None
        self._watch = _button("watch", "Watch", "Keeps the connection open and shows what the driver does")
        self._watch.clicked.connect(self.watch_requested)
        tip = "A short message with hosts, addresses and commands that show the fault without Clearline."
        self._note = _button("copy", "Copy for your network team", tip)
        self._note.clicked.connect(lambda: self.note_requested.emit(self._noted))
        self._code = _button("", "Show as code", "Ctrl+Shift+K")
        self._code.clicked.connect(self.code_requested)
        self._lasting = (self._watch, self._note, self._code)
        """Of the buttons those that are the same for every report."""
        for button in self._lasting:
            button.setParent(self)
            button.hide()
        self._buttons: list[QPushButton] = []
        self._flow = Flow()
        self._flow.setContentsMargins(0, theme.GRID, 0, 0)
        self._flow.addWidget(self._keys)
        self._flow.addWidget(self._copy)

        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.word)
        head.addSpacing(4)
        head.addWidget(self.certainty)
        head.addWidget(self.facts)
        head.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addLayout(head)
        words.addWidget(self.sentence)
        words.addWidget(self.remedy)
        words.addLayout(self._flow)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GRID * 2, 12, theme.GRID * 2, 12)
        row.setSpacing(theme.GRID * 2)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    @property
    def primary(self) -> QPushButton | None:
        """The filled button, if there is one."""
        return next((button for button in self._buttons if button.objectName() == "primary"), None)

    @property
    def stops(self) -> tuple[QPushButton, ...]:
        """What the keyboard visits, in order."""
        return (*self._buttons, self._copy)

    def show_stale(self, stale: bool) -> None:
        """Grey, and without fixes: what is shown is about an earlier state of the connection."""
        if stale != self._stale:
            self._stale = stale
            self._show()

    def show_report(
        self, report: Report | None, *, running: bool, stale: bool = False, listening: bool = False
    ) -> None:
        """Show what is known. ``listening``: the verdict stands, but late answers are still waited for."""
        self._report, self._running, self._stale, self._listening = report, running, stale, listening
        self._show()

    def show_watched(self, watched: bool) -> None:
        """Whether the connection is watched already, so that watching is no next step."""
        if watched != self._watched:
            self._watched = watched
            self._show()

    def show_trouble(self, word: str, sentence: str, report: Report | None = None) -> None:
        """What a watch sees now, before what the last test found; both empty: nothing. ``report`` explains it."""
        if (word, sentence, report) != (*self._trouble, self._outage):
            self._trouble, self._outage = (word, sentence), report
            self._show()

    def press_fix(self) -> None:
        """Press the filled button, as a click does; without one nothing happens."""
        if self.isVisible() and self.primary is not None:
            self.primary.click()

    def turn(self) -> None:
        """The next step of the turning icon."""
        if self._report is None or self._report.verdict is None:
            self._draw()

    # ------------------------------------------------------------ what it says

    def _show(self) -> None:
        with laid_out_once(self):
            self._say()

    def _say(self) -> None:
        report, (word, sentence) = self._report, self._trouble
        verdict = report.verdict if report else None
        finding = _headline(report)
        lost = bool(word) and not self._running
        self.setVisible(self._running or report is not None or lost)
        if lost:
            finding = self._outage.diagnosis if self._outage is not None else None
            self._state = "failed"
            certainty = finding.certainty.value if finding is not None else ""
            remedy = _remedy_words(self._outage, finding)
        else:
            self._state, word, sentence = _said(report, finding)
            failed = verdict is not Verdict.CONNECTED and finding is not None
            certainty = finding.certainty.value if failed and finding is not None else ""
            remedy = _remedy_words(report, finding) if verdict is not None else ""
        self.word.setText(word)
        self.sentence.setText(sentence)
        self.remedy.setText(remedy)
        self.remedy.setVisible(bool(remedy))
        self.certainty.setText(certainty)
        self.certainty.setVisible(bool(certainty))
        self.facts.setText("" if lost or report is None or verdict is None else self._facts(report, certainty))
        self._copy.setVisible(self._outage is not None if lost else verdict is not None)
        decided = lost or (verdict is not None and not self._stale)
        self._show_buttons(finding if decided else None, lost=lost)
        self.show_tone("neutral" if self._stale and not lost else _TONES.get(self._state, "neutral"))
        old = self._stale and not lost
        restyle(self.word, "role", "muted" if old else _ROLES.get(self._state, "muted"))
        for label in (self.sentence, self.remedy):
            restyle(label, "role", "muted" if old else "")
        self._draw()
        told = " ".join(filter(None, (word, sentence, remedy)))
        if (lost or verdict is not None) and not self._stale and told != self._told:
            self._told = told
            announce(self, told)
        elif self._running:
            self._told = ""

    def _facts(self, report: Report, certainty: str) -> str:
        parts = ["·"] if certainty else []
        if report.verdict_ms is not None:
            parts.append(elapsed_text(report.verdict_ms))
        if self._listening:
            parts.append("still listening for a late answer")
        elif when := _clock(report.started):
            parts.append(when)
        return " · ".join(parts).replace("· ·", "·", 1)

    def _draw(self) -> None:
        verdict = self._report.verdict if self._report else None
        lost = bool(self._trouble[0]) and not self._running
        if lost:
            self._icon.show_icon("failed", "failed")
        elif verdict is None:
            self._icon.show_icon("running", "accent", turning())
        elif verdict is Verdict.CONNECTED and self._state == "warned":
            self._icon.show_icon("warning", "muted" if self._stale else "warning")
        else:
            self._icon.show_icon(status_icon(verdict), "muted" if self._stale else status_tone(verdict))

    # ------------------------------------------------------------ what it offers

    def _show_buttons(self, finding: Finding | None, *, lost: bool) -> None:
        report = self._outage if lost else self._report
        fixes: list[Remedy] = []
        note = watch = code = False
        if finding is not None:
            possible = offered(finding, report)
            # Here the first button looks like the advice: what weakens security never is.
            fixes = [] if possible and weakens(possible[0]) else possible[:_MOST_FIXES]
            note = concerns_network(finding)
        if report is not None and report.verdict is Verdict.CONNECTED and not self._stale and not lost:
            watch, code = not self._watched, True
        wanted = (*(remedy.text for remedy in fixes), finding if note else None, watch, code)
        if wanted != self._shown_buttons:
            self._shown_buttons = wanted
            self._noted = finding
            shown: list[QPushButton] = [self._remedy_button(remedy) for remedy in fixes]
            if watch:
                shown.append(self._watch)
            if note:
                shown.append(self._note)
            if code:
                shown.append(self._code)
            self._replace(shown, fills=bool(fixes or watch or note))
        self._keys.setVisible(self.primary is not None)
        self.primary_changed.emit(self.primary is not None and not self._stale)

    def _replace(self, shown: list[QPushButton], *, fills: bool) -> None:
        for button in self._buttons:
            self._flow.removeWidget(button)
            button.hide()
            if button not in self._lasting:
                button.deleteLater()
        self._buttons = shown
        for widget in (self._keys, self._copy):
            self._flow.removeWidget(widget)
        for place, button in enumerate(shown):
            filled = place == 0 and fills
            button.setParent(self)
            button.setObjectName("primary" if filled else "")
            restyle(button, "tall", "" if filled else "true")
            if isinstance(button, LabelledButton) and (filled or button in self._lasting):
                button.show_icon(button.icon_name, "on_accent" if filled else "text")
            self._flow.addWidget(button)
            button.raise_()  # screen readers go through a widget's children in this order
            button.show()
            if place == 0:
                self._flow.addWidget(self._keys)
        if not shown:
            self._flow.addWidget(self._keys)
        self._flow.addWidget(self._copy)

    def _remedy_button(self, remedy: Remedy) -> QPushButton:
        button = remedy_button(remedy)
        button.clicked.connect(lambda: self.remedy_chosen.emit(remedy))
        return button


def _button(icon: str, words: str, tip: str) -> QPushButton:
    button = LabelledButton(icon, words) if icon else QPushButton(words)
    button.setToolTip(tip)
    button.setAccessibleName(words)
    return button


def _headline(report: Report | None) -> Finding | None:
    if report is None:
        return None
    if report.diagnosis is not None:
        return report.diagnosis
    return next((f for f in report.findings if f.severity is Severity.WARNING), None)


def _said(report: Report | None, finding: Finding | None) -> tuple[str, str, str]:
    """State, word and sentence of a report."""
    match report.verdict if report is not None else None:
        case Verdict.CONNECTED:
            assert report is not None
            warnings = sum(1 for f in report.findings if f.severity is Severity.WARNING)
            word = "Connected" if not warnings else f"Connected, {_count(warnings, 'warning')}"
            return "warned" if warnings else "connected", word, connected_sentence(report)
        case Verdict.FAILED:
            sentence = finding.summary if finding else "The check failed without naming a cause."
            return "failed", "Cannot connect", sentence
        case Verdict.CANCELLED:
            found = f"Found before it was stopped: {finding.summary}" if finding else ""
            return "cancelled", "Stopped", found or "The check was stopped before it had an answer."
        case _:
            sentence = finding.summary if finding else "Asking name servers, servers and the driver."
            return "running", "Testing…", sentence


def _remedy_words(report: Report | None, finding: Finding | None) -> str:
    """What to do: the advice that comes first and does not weaken security; after a success the warning before it."""
    safe = next((one.text for one in finding.remedies if not weakens(one)), "") if finding else ""
    advice = f"→ {safe}" if safe else ""
    if report is not None and report.verdict is Verdict.CONNECTED:
        if finding is not None:
            return f"{finding.summary} {advice}".strip()
        return _reached(report)
    return advice


def connected_sentence(report: Report) -> str:
    """What was reached, and as whom."""
    parts = []
    if deployment := report.deployment:
        parts.append(f"{deployment.kind} {deployment.set_name}" if deployment.set_name else deployment.kind)
    if report.identity:
        parts.append(f"as {report.identity.user}")
    where = " ".join(parts) or report.target.uri
    primary = report.deployment.primary if report.deployment else None
    more = f": {primary} is primary" if primary and len(report.servers) > 1 else ""
    return f"{where[:1].upper()}{where[1:]}{more}."


def _reached(report: Report) -> str:
    """Product, encryption and round trip, as far as they are known."""
    parts = []
    if deployment := report.deployment:
        parts.append(" ".join(filter(None, (deployment.product, deployment.version))))
    parts += sorted({server.tls.version for server in report.servers if server.tls and server.tls.version})[:1]
    trips = [server.rtt_ms.median for server in report.servers if server.rtt_ms]
    if trips:
        parts.append(f"round trip {elapsed_text(min(trips))}")
    return f"{', '.join(filter(None, parts))}." if any(parts) else ""


def _clock(started: str) -> str:
    """When a check began, in this computer's time; with the day unless it is today."""
    try:
        when = datetime.fromisoformat(started).astimezone()
    except ValueError:
        return ""
    today = when.date() == datetime.now().astimezone().date()
    return when.strftime("%H:%M:%S" if today else "%d %b %Y %H:%M")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
