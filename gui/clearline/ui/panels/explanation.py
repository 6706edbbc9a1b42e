"""What another program printed, explained: the likeliest cause, the text, what else it allows and what would decide."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QResizeEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from clearline.core.explain.explanation import Candidate, Explanation
from clearline.core.explain.remaining import AfterCheck
from clearline.core.explain.targets import as_checked, together
from clearline.core.findings import Certainty
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton, LabelledButton
from clearline.ui.widgets.announcement import announce
from clearline.ui.widgets.editors import put_into, scroll_area
from clearline.ui.widgets.flow import Flow
from clearline.ui.widgets.labels import ElidedLabel, WrappedLabel, section
from clearline.ui.widgets.marks import Card, StatusIcon
from clearline.ui.widgets.rich_text import RichText

LONGEST: Final = 500_000
"""Characters of a text that is typed or pasted; a longer log is opened as a file."""
_AFTER_MS: Final = 250
_TWO_COLUMNS: Final = 640
_MOST_TARGETS: Final = 3
_MOST_WORDS: Final = 200
_NOTHING_YET: Final = "What did your program print?"
_HERE: Final = "The causes that it allows are named here, with what would decide between them."
_PASTE_HERE: Final = "Paste the error, the stack trace or the log lines that your program or its server printed."
_WRITERS: Final = {
    "c": "the C driver",
    "dart": "the Dart driver",
    "elixir": "the Elixir driver",
    "perl": "the Perl driver",
    "swift": "the Swift driver",
    "pymongo": "PyMongo",
    "java": "the Java driver",
    "csharp": "the C# driver",
    "php": "the PHP driver",
    "go": "the Go driver",
    "node": "the Node.js driver",
    "server-log": "a server's log",
}
_AFTER_A_CHECK: Final = {
    AfterCheck.FOUND: "✔ the check found it",
    AfterCheck.REFUTED: "✖ the check refutes it",
    AfterCheck.OPEN: "the check did not get that far",
    AfterCheck.UNSEEN: "no check from here can show it",
}


class ExplanationPage(QWidget):
    """Shows what it is told; explains and tests nothing itself."""

    text_entered = Signal(str)
    file_chosen = Signal(object)
    """A `Path`."""
    test_requested = Signal(str)
    """A connection string without secrets."""
    address_meant = Signal(str)
    """The text was an address after all."""
    close_requested = Signal()
    primary_changed = Signal()
    """Another of its buttons is filled, or none."""

    def __init__(self) -> None:
        super().__init__()
        self._explanation: Explanation | None = None
        self._standings: Mapping[str, AfterCheck] = {}
        self._pause = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self.word = QLabel()
        theme.write_in(self.word, theme.Face.STRONG)
        self.facts = ElidedLabel("muted")
        self.sentence = WrappedLabel()
        theme.write_in(self.sentence, theme.Face.TITLE)
        self.sentence.setAccessibleName("Likeliest cause")
        self.remedy = WrappedLabel()
        self.remedy.setAccessibleName("What to do")
        self._keys = QLabel("Alt+Enter")
        self._keys.setProperty("role", "muted")
        self._keys.setFixedHeight(theme.GRID * 4)
        self._targets = Flow()
        self._targets.setContentsMargins(0, theme.GRID, 0, 0)
        self._targets.addWidget(self._keys)
        self._buttons: list[QPushButton] = []
        self.field = QPlainTextEdit()
        theme.write_in(self.field, theme.Face.MONO)
        self.field.setAccessibleName("Error text")
        self.field.setPlaceholderText(_PASTE_HERE)
        self.field.setTabChangesFocus(True)
        self.field.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.field.textChanged.connect(self._pause.start)
        self._pause.timeout.connect(lambda: self.text_entered.emit(self.field.toPlainText()[:LONGEST]))
        self.said = WrappedLabel(role="muted")
        self.page = RichText("What the text means")
        self.page.document().setDocumentMargin(0)
        self.address = QPushButton("This is an address")
        self.address.setToolTip("Put it into the connection string instead.")
        self.address.clicked.connect(lambda: self.address_meant.emit(self.field.toPlainText()))
        self.open_file = QPushButton("Open a log…")
        self.open_file.clicked.connect(self._ask_file)
        for button in (self.address, self.open_file):
            button.setObjectName("small")
        self.close_page = IconButton("close", "Close the explanation")
        self.close_page.clicked.connect(self.close_requested)
        self._lay_out()
        self.show_explanation(None)

    def _lay_out(self) -> None:
        card = Card()
        icon = StatusIcon(24)
        icon.show_icon("ask", "accent")
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(self.word)
        head.addWidget(self.facts, 1)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addLayout(head)
        words.addWidget(self.sentence)
        words.addWidget(self.remedy)
        words.addLayout(self._targets)
        row = QHBoxLayout(card)
        row.setContentsMargins(theme.GRID * 2, 12, theme.GRID * 2, 12)
        row.setSpacing(theme.GRID * 2)
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self.close_page, 0, Qt.AlignmentFlag.AlignTop)
        above = QHBoxLayout()
        above.setSpacing(theme.GRID)
        above.addWidget(section("Pasted text"))
        above.addStretch(1)
        above.addWidget(self.address)
        above.addWidget(self.open_file)
        text = QVBoxLayout()
        text.setSpacing(theme.GRID // 2)
        text.addLayout(above)
        text.addWidget(self.field, 1)
        text.addWidget(self.said)
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._columns.setSpacing(theme.GRID * 3)
        self._columns.addLayout(text, 1)
        self._columns.addWidget(self.page, 1)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.GRID * 2, 12, theme.GRID * 2, theme.GRID)
        column.setSpacing(12)
        column.addWidget(card)
        column.addLayout(self._columns, 1)
        area = scroll_area()
        put_into(area, inner)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)

    # ------------------------------------------------------------ what it is told

    def show_text(self, text: str) -> None:
        """Show a text and have it explained at once."""
        self.field.setPlainText(text[:LONGEST])
        self._pause.stop()
        self.text_entered.emit(text[:LONGEST])

    def show_explanation(self, explanation: Explanation | None, *, file: Path | None = None) -> None:
        """Show an answer; None: there is no text yet."""
        self._explanation, self._standings = explanation, {}
        self.said.setText(_taken_for(explanation, file))
        self.address.setVisible(bool(self.field.toPlainText().strip()))
        self._show_card()
        self.page.show_page(self._html)
        self.page.setVisible(bool(self.causes))
        self._mark()
        targets = as_checked(explanation) if explanation else ()
        offers = [("Test these servers", every)] if (every := together(targets)) else []
        offers += [(f"Test {_host(target)}", target) for target in targets[:_MOST_TARGETS]]
        self._offer(offers)
        if explanation is not None:
            announce(self, " ".join(filter(None, (self.word.text(), self.sentence.text(), self.remedy.text()))))

    def show_checked(self, standings: Mapping[str, AfterCheck]) -> None:
        """Say how each candidate stands after a check of the servers, and which remain."""
        self._standings = standings
        self._show_card()
        self.page.show_page(self._html)

    @property
    def causes(self) -> tuple[Candidate, ...]:
        """What the text allows."""
        return self._explanation.causes if self._explanation else ()

    @property
    def remaining(self) -> str:
        """Which causes a check left, in one sentence; empty before one."""
        return _remaining(self.causes, self._standings) if self._standings else ""

    @property
    def primary(self) -> QPushButton | None:
        """The filled button: a test of what the text names."""
        return self._buttons[0] if self._buttons else None

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """What the keyboard visits, in order."""
        return (*self._buttons, self.close_page, self.address, self.open_file, self.field, self.page)

    # ------------------------------------------------------------ the answer

    def _show_card(self) -> None:
        first = self.causes[0] if self.causes else None
        if first is not None:
            driver = _writer(self._explanation)
            asked = _AFTER_A_CHECK.get(self._standings.get(first.cause, AfterCheck.UNSEEN)) if self._standings else None
            self.word.setText("Explained from the text")
            facts = (first.certainty.value, first.cause, driver, asked or "nothing was asked yet")
            self.facts.setText(" · ".join(filter(None, facts)))
            self.sentence.setText(first.summary)
            self.remedy.setText(f"→ {first.fix}" if first.fix else "")
        else:
            known = self._explanation is not None
            self.word.setText("Not recognised" if known else "Explain an error")
            self.facts.setText("")
            self.sentence.setText((self._explanation.why or "") if self._explanation else _NOTHING_YET)
            self.remedy.setText("" if known else _HERE)
        self.remedy.setVisible(bool(self.remedy.text()))

    def _offer(self, offers: list[tuple[str, str]]) -> None:
        while self._targets.count():
            self._targets.takeAt(0)
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        self._buttons = []
        for words, target in offers:
            first = not self._buttons
            button = LabelledButton("test", words, "on_accent") if first else QPushButton(words)
            button.setParent(self)
            button.setToolTip("The check confirms or refutes what the text allows.")
            button.clicked.connect(partial(self.test_requested.emit, target))
            if first:
                button.setObjectName("primary")
            else:
                button.setProperty("tall", "true")
            self._buttons.append(button)
            self._targets.addWidget(button)
            button.show()
            if first:
                self._targets.addWidget(self._keys)
        self._keys.setVisible(bool(offers))
        self.primary_changed.emit()

    def _html(self) -> str:
        c = theme.colours()
        explanation = self._explanation
        if explanation is None or not explanation.causes:
            return ""
        first, *others = explanation.causes
        parts = [f"<p>{escape(explanation.why)}</p>"] if explanation.why else []
        parts += [f"<p>{escape(self.remaining)}</p>"] if self._standings else []
        if first.because or first.question:
            parts.append(_heading("How we know"))
            parts += [_line(words) for words in first.because]
            parts += [f"<p>{escape(first.question)}</p>"] if first.question else []
        if others:
            parts.append(_heading("What else fits"))
            parts += [self._cause(found) for found in others]
        if explanation.missing:
            wanted = "".join(f'<p style="margin-top:0px">{escape(one)}</p>' for one in explanation.missing)
            parts.append(_heading("To be sure") + wanted)
        return f'<div style="color:{c.text}">{"".join(parts)}</div>'

    def _cause(self, found: Candidate) -> str:
        c = theme.colours()
        tone = c.muted if found.certainty is Certainty.POSSIBLE else c.accent
        checked = ""
        if standing := self._standings.get(found.cause):
            colour = c.passed if standing is AfterCheck.FOUND else c.muted
            checked = f' <span style="color:{colour}">· {_AFTER_A_CHECK[standing]}</span>'
        summary = escape(found.summary)
        if self._standings.get(found.cause) is AfterCheck.REFUTED:
            summary = f'<span style="color:{c.muted}">{summary}</span>'
        text = (
            f'<p style="margin-top:6px; margin-bottom:2px">{summary} '
            f'<span style="color:{tone}">{found.certainty.value}</span> '
            f'<span style="color:{c.muted}">{escape(found.cause)}</span>{checked}</p>'
        )
        if found.fix:
            text += f'<p style="margin-left:16px; margin-top:2px; margin-bottom:2px">→ {escape(found.fix)}</p>'
        return text + "".join(map(_line, found.because))

    def _mark(self) -> None:
        """The deciding lines stand out in the text."""
        look = QTextCharFormat()
        look.setBackground(QColor(theme.colours().warning_back))
        look.setProperty(QTextCharFormat.Property.FullWidthSelection, True)
        selections = []
        told = [c for c in self.causes if c is self.causes[0] or c.certainty is not Certainty.POSSIBLE]
        for words in dict.fromkeys(words for found in told for words in found.because):
            number = words.removeprefix("line ").partition(":")[0]
            block = self.field.document().findBlockByNumber(int(number) - 1) if number.isdigit() else None
            if block is not None and block.isValid():
                selection = QTextEdit.ExtraSelection()
                selection.cursor = QTextCursor(block)
                selection.format = look
                selections.append(selection)
        self.field.setExtraSelections(selections)

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Open a log", "", "All files (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self.file_chosen.emit(Path(chosen)))
        dialog.open()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Text and causes beside each other where there is room."""
        super().resizeEvent(event)
        directions = QBoxLayout.Direction
        wide = event.size().width() >= _TWO_COLUMNS
        self._columns.setDirection(directions.LeftToRight if wide else directions.TopToBottom)


def _heading(words: str) -> str:
    tone = theme.colours().muted
    return f'<p style="color:{tone}; margin-top:10px; margin-bottom:4px"><b>{escape(words)}</b></p>'


def _line(words: str) -> str:
    shown = words if len(words) < _MOST_WORDS else words[:_MOST_WORDS] + "…"
    style = "margin-left:16px; margin-top:2px; margin-bottom:2px"
    return f'<p style="{style}; color:{theme.colours().muted}">{escape(shown)}</p>'


def _remaining(causes: tuple[Candidate, ...], standings: Mapping[str, AfterCheck]) -> str:
    """Which causes are left, and what that is worth: the check ran here, the program perhaps elsewhere."""
    known = [standings[found.cause] for found in causes if found.cause in standings]
    confirmed, left = known.count(AfterCheck.FOUND), len(known) - known.count(AfterCheck.REFUTED)
    if confirmed:
        return "The check confirms a cause that the text allows."
    where = "The check ran on this computer; if the program runs elsewhere, test from there."
    if not left:
        return f"The check refutes every cause that the text allows. {where}"
    which = "One cause remains" if left == 1 else f"{left} of {len(known)} causes remain"
    return f"The check confirms none; {which[:1].lower()}{which[1:]}. {where}"


def _writer(explanation: Explanation | None) -> str | None:
    """Whose words they are, as people write it."""
    driver = explanation.recognised.driver if explanation is not None else None
    return _WRITERS.get(driver, driver) if driver is not None else None


def _taken_for(explanation: Explanation | None, file: Path | None) -> str:
    if explanation is None:
        return "Nothing of it is stored or sent."
    writer = _writer(explanation)
    said = f"taken for an error text{f' of {writer}' if writer else ''}; nothing of it is stored or sent."
    if not explanation.causes:
        said = "nothing recognised; nothing of it is stored or sent."
    return f"{file.name}: {said}" if file else said[:1].upper() + said[1:]


def _host(target: str) -> str:
    return target.partition("://")[2].partition("/")[0]
