"""The answer as one page: verdict, stages, servers, how it is known, what else was found; before it the welcome."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from clearline.core.findings import Stage
from clearline.core.report.report import Report, Verdict
from clearline.ui.look import theme
from clearline.ui.panels.stage_strip import StageStrip
from clearline.ui.panels.verdict import VerdictBanner
from clearline.ui.panels.welcome import Welcome
from clearline.ui.widgets.editors import put_into, scroll_area
from clearline.ui.widgets.labels import WrappedLabel
from clearline.ui.widgets.marks import Card, StatusIcon

if TYPE_CHECKING:
    from clearline.ui.background.turns import Turns
    from clearline.ui.panels.diagnosis import DiagnosisPanel
    from clearline.ui.panels.explanation import ExplanationPage
    from clearline.ui.panels.servers import ServersPanel


_BEFORE_THE_LOSS: Final = "The cause is being looked for. What stands below is from before the connection was lost."


class Aside(Card):
    """One line that belongs to the answer, with a button that shows more of it; empty words hide it."""

    def __init__(self, icon: str, tone: str, name: str, button: str = "Show") -> None:
        super().__init__("warning" if tone == "warning" else "neutral")
        self._icon = StatusIcon()
        self._icon.show_icon(icon, tone)
        self.words = WrappedLabel()
        self.words.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GRID * 2, 6, theme.GRID * 2, 6)
        row.setSpacing(theme.GRID)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.words, 1)
        self.show_it = QPushButton(button)
        self.show_it.setObjectName("flat")
        row.addWidget(self.show_it, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def say(self, words: str) -> None:
        """Other words."""
        self.words.setText(words)
        self.setVisible(bool(words))


class AnswerPage(QWidget):
    """Everything about one report in one scroll. After a failure what to do comes first, else the servers.

    What is only needed for a report is made before the first one, when there is nothing else to do.
    """

    remedy_chosen = Signal(object)
    note_requested = Signal(object)
    """The finding that the network team shall read about."""
    past_outage_requested = Signal(object)
    """The `Report` that explains an outage that is over."""
    primary_changed = Signal()
    """Another of its buttons is filled, or none."""

    def __init__(self, turns: Turns) -> None:
        """What stands below the verdict is shown part by part in these ``turns``."""
        super().__init__()
        self._turns = turns
        self.stale = Aside("warning", "warning", "Changed since")
        self.stale.show_it.hide()
        self.explained = Aside("ask", "accent", "Tested for an error text", "Back to the text")
        self.banner = VerdictBanner()
        self.before = Aside("outage", "muted", "Before the loss")
        self.before.show_it.hide()
        self.past = Aside("outage", "muted", "Latest outage")
        self._past_report: Report | None = None
        self.past.show_it.clicked.connect(lambda: self.past_outage_requested.emit(self._past_report))
        self.strip = StageStrip()
        self.welcome = Welcome()
        self._report: Report | None = None
        self._outage: Report | None = None
        self._running = False
        self._filled = False
        self._answers = self._explains = False
        self._stale = self._lost = self._pale = False
        self._srv_name: str | None = None
        self._area = scroll_area()
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(theme.GRID * 2, 12, theme.GRID * 2, theme.GRID * 2)
        self._column.setSpacing(12)
        for widget in (self.stale, self.explained, self.banner, self.before, self.past, self.strip):
            self._column.addWidget(widget)
        self._column.addStretch(1)
        put_into(self._area, page)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.welcome)
        self._stack.addWidget(self._area)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)
        self.strip.stage_chosen.connect(self._show_stage)
        self.banner.remedy_chosen.connect(self.remedy_chosen)
        self.banner.note_requested.connect(self.note_requested)
        self.banner.primary_changed.connect(lambda _filled: self.primary_changed.emit())

    @cached_property
    def explanation(self) -> ExplanationPage:
        """What another program printed, explained."""
        from clearline.ui.panels.explanation import ExplanationPage

        made = ExplanationPage()
        made.primary_changed.connect(self.primary_changed)
        self._stack.addWidget(made)
        return made

    @cached_property
    def servers(self) -> ServersPanel:
        """The servers by their stages."""
        from clearline.ui.panels.servers import ServersPanel

        made = ServersPanel()
        self._column.insertWidget(self._column.count() - 1, made)
        return made

    @cached_property
    def diagnosis(self) -> DiagnosisPanel:
        """How the cause is known, and what else was found."""
        from clearline.ui.panels.diagnosis import DiagnosisPanel

        made = DiagnosisPanel()
        made.remedy_chosen.connect(self.remedy_chosen)
        made.note_requested.connect(self.note_requested)
        self._column.insertWidget(self._column.count() - 1, made)
        return made

    @property
    def shows_report(self) -> bool:
        """Whether an answer is shown, not the welcome."""
        return self._stack.currentIndex() == 1

    @property
    def shows_explanation(self) -> bool:
        """Whether an error text is explained in its place."""
        return self._explains

    def show_answer(self, shown: bool) -> None:
        """The answer, or the welcome that stands in its place before the first check."""
        self._answers = shown
        self._choose_page()

    def show_explanation(self, shown: bool) -> None:
        """An error text that is explained, or what is known of the profile in front."""
        self._explains = shown
        self._choose_page()

    def _choose_page(self) -> None:
        before = self._stack.currentIndex()
        if self._explains:
            self._stack.setCurrentWidget(self.explanation)
        else:
            self._stack.setCurrentIndex(int(self._answers))
        if self._stack.currentIndex() != before:
            self.primary_changed.emit()

    @property
    def primary(self) -> QPushButton | None:
        """The filled button, if there is one."""
        return self.explanation.primary if self._explains else self.banner.primary

    @property
    def told(self) -> str:
        """The cause whose remedy the filled button is; empty where there is none."""
        cause = self.shown_report.diagnosis if self.shown_report is not None and not self._explains else None
        return cause.cause if cause is not None and self.primary is not None else ""

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """What the keyboard visits after Test, in order."""
        return self.explanation.stops if self._explains else self.banner.stops

    @property
    def shown_report(self) -> Report | None:
        """The report that the page is about: of the outage that lasts, else of the last test."""
        return self._outage or self._report

    def show_report(self, report: Report | None, *, running: bool, stale: bool, srv_name: str | None) -> None:
        """Show what is known so far; ``srv_name``: the name that the servers came from, where there is one."""
        undecided = report is None or report.verdict is None
        if undecided and self._report is not None and self._report.verdict is not None:
            self._show_stage(None)
            self._area.verticalScrollBar().setValue(0)
        self._report, self._running, self._srv_name = report, running, srv_name
        self.banner.show_report(report, running=running and undecided, stale=stale, listening=running)
        self._show_below()
        self.show_stale(stale)

    def show_outage(self, word: str, sentence: str, report: Report | None) -> None:
        """A loss that lasts, with the report of the check that was run for it; the old answer is no longer true."""
        self.banner.show_trouble(word, sentence, report)
        lost = bool(word)
        if report is not self._outage or lost is not self._lost:
            self._lost = lost
            if report is not self._outage:
                self._outage = report
                self._show_stage(None)
                self._show_below()
            self.show_stale(self._stale)

    def show_past_outage(self, said: tuple[str, Report | None]) -> None:
        """A loss that is over, and the report that explains it; no words: there was none."""
        words, self._past_report = said
        self.past.say(words)
        self.past.show_it.setVisible(self._past_report is not None)

    def show_explained(self, words: str) -> None:
        """What the answer says about an error text that it was asked for; empty: it was not."""
        self.explained.say(words)

    def get_ready(self) -> None:
        """Make what the first report needs, part by part, while there is none."""
        self._turns.add(_learn_of_findings, lambda: self.diagnosis, _learn_of_servers, lambda: self.servers)

    def show_whole(self) -> None:
        """What waits for its turn to be shown, now."""
        self._turns.finish(self._show_findings, self._show_servers, self._choose_server)

    def _show_below(self) -> None:
        if self.shown_report is not None or self._running or self._filled:
            self._turns.add(self._show_findings, self._show_servers, self._choose_server)

    def _show_findings(self) -> None:
        self.diagnosis.show_report(self.shown_report, running=self._running)
        self.diagnosis.show_stale(self._pale)

    def _show_servers(self) -> None:
        report = self.shown_report
        self.servers.show_report(report, srv_name=self._srv_name)
        self.servers.show_stale(self._pale)
        self._put_first(self.diagnosis if report and report.verdict is Verdict.FAILED else self.servers)
        self._filled = True

    def _choose_server(self) -> None:
        self.servers.choose_most_telling()

    def show_stale(self, stale: bool) -> None:
        """Grey the whole answer: the connection was changed since."""
        about = self._report.target.uri if self._report is not None else ""
        self._stale = stale
        changed = f"Changed since this test. The answer below is about {about}. Ctrl+Enter tests again."
        self.stale.say(changed if stale and self._report is not None else "")
        before = self._lost and self._outage is None
        self.before.say(_BEFORE_THE_LOSS if before and self._report is not None else "")
        self.banner.show_stale(stale)
        self._pale = (stale or before) and self._outage is None
        self.strip.show_report(self.shown_report, stale=self._pale)
        if self._filled:
            self.diagnosis.show_stale(self._pale)
            self.servers.show_stale(self._pale)

    @property
    def search(self) -> QLineEdit | None:
        """The field that finds one of many servers; None where there are few."""
        field = self.servers.search if self._filled else None
        return field if field is not None and field.isVisible() else None

    def turn(self) -> None:
        """The next step of what turns."""
        self.banner.turn()
        self.strip.turn()
        if self._filled:
            self.servers.turn()

    def _put_first(self, panel: QWidget) -> None:
        place = self._column.indexOf(self.strip) + 1
        if self._column.indexOf(panel) != place:
            self._column.removeWidget(panel)
            self._column.insertWidget(place, panel)

    def _show_stage(self, stage: Stage | None) -> None:
        self.strip.choose(stage)
        if self._filled:
            self.diagnosis.show_stage(stage)
            self.servers.show_stage(stage)


def _learn_of_findings() -> None:
    """Import what `AnswerPage.diagnosis` needs."""
    import clearline.ui.panels.diagnosis  # noqa: F401 - that it is there then


def _learn_of_servers() -> None:
    """Import what `AnswerPage.servers` needs."""
    import clearline.ui.panels.servers  # noqa: F401 - that it is there then
