"""What another program printed, explained: the text, the causes that it allows, and what would decide."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from clearline.core.explain.explanation import Candidate, Explanation
from clearline.core.explain.remaining import Standing
from clearline.core.explain.targets import as_checked, together
from clearline.core.findings import Certainty
from clearline.ui.look import theme
from clearline.ui.widgets.parts import Flow, RichText, WrappedLabel

LONGEST: Final = 500_000
"""Characters of a text that is typed or pasted; a longer log is opened as a file."""
_AFTER_MS: Final = 250
_SIZE: Final = (theme.GRID * 112, theme.GRID * 74)
_SMALLEST: Final = (theme.GRID * 76, theme.GRID * 48)
_MOST_TARGETS: Final = 3
_PASTE_HERE: Final = "Paste the error, the stack trace or the log lines that your program or its server printed."
_WORDS: Final = {Certainty.PROVEN: "proven", Certainty.LIKELY: "likely", Certainty.POSSIBLE: "possible"}
_AFTER_A_CHECK: Final = {
    Standing.FOUND: "✔ the check found it",
    Standing.REFUTED: "✖ the check refutes it",
    Standing.OPEN: "the check did not get that far",
    Standing.UNSEEN: "no check from here can show it",
}


class ExplainDialog(QDialog):
    """Shows what it is told; explains and tests nothing itself. Stays open beside the window."""

    text_entered = Signal(str)
    file_chosen = Signal(object)
    """A `Path`."""
    test_requested = Signal(str)
    """A connection string without secrets."""
    address_meant = Signal(str)
    """The text was an address after all."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Explain an error")
        self.setMinimumSize(*_SMALLEST)
        self.resize(*_SIZE)
        self._explanation: Explanation | None = None
        self._standings: Mapping[str, Standing] = {}
        self._pause = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self.field = QPlainTextEdit()
        self.field.setFont(theme.mono_font())
        self.field.setAccessibleName("Error text")
        self.field.setPlaceholderText(_PASTE_HERE)
        self.field.setTabChangesFocus(True)
        self.field.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.field.textChanged.connect(self._pause.start)
        self._pause.timeout.connect(lambda: self.text_entered.emit(self.field.toPlainText()[:LONGEST]))
        self.said = WrappedLabel(role="muted")
        self.page = RichText("What the text means")
        self._targets = Flow()
        self.address = QPushButton("This is an address")
        self.address.setObjectName("small")
        self.address.setToolTip("Put it into the connection string instead.")
        self.address.clicked.connect(lambda: self.address_meant.emit(self.field.toPlainText()))
        self.open_file = QPushButton("Open a log…")
        self.open_file.setObjectName("small")
        self.open_file.clicked.connect(self._ask_file)
        close = QPushButton("Close")
        close.clicked.connect(self.reject)
        for button in (self.address, self.open_file, close):
            button.setAutoDefault(False)
        self._lay_out(close)
        self.show_explanation(None)

    def _lay_out(self, close: QPushButton) -> None:
        above = QWidget()
        top = QVBoxLayout(above)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(theme.GRID // 2)
        top.addWidget(self.field, 1)
        row = QHBoxLayout()
        row.addWidget(self.said, 1)
        row.addWidget(self.address)
        row.addWidget(self.open_file)
        top.addLayout(row)
        below = QWidget()
        answers = QVBoxLayout(below)
        answers.setContentsMargins(0, 0, 0, 0)
        answers.setSpacing(theme.GRID // 2)
        answers.addWidget(self.page, 1)
        answers.addLayout(self._targets)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(above)
        split.addWidget(below)
        split.setSizes([theme.GRID * 26, theme.GRID * 42])
        end = QHBoxLayout()
        end.addStretch(1)
        end.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(theme.GRID)
        column.addWidget(split, 1)
        column.addLayout(end)

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
        self.page.show_page(self._html)
        self._mark()
        while self._targets.count():
            item = self._targets.takeAt(0)
            if item is not None and (widget := item.widget()) is not None:
                widget.deleteLater()
        targets = as_checked(explanation) if explanation else ()
        if every := together(targets):
            self._offer("Test these servers", every)
        for target in targets[:_MOST_TARGETS]:
            self._offer(f"Test {_host(target)}", target)

    def _offer(self, words: str, target: str) -> None:
        button = QPushButton(words)
        button.setAutoDefault(False)
        button.setToolTip("The check confirms or refutes what the text allows.")
        button.clicked.connect(partial(self.test_requested.emit, target))
        self._targets.addWidget(button)

    @property
    def causes(self) -> tuple[Candidate, ...]:
        """What the text allows."""
        return self._explanation.causes if self._explanation else ()

    def show_checked(self, standings: Mapping[str, Standing]) -> None:
        """Say how each candidate stands after a check of the servers, and which remain."""
        self._standings = standings
        self.page.show_page(self._html)

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Open a log", "", "All files (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self.file_chosen.emit(Path(chosen)))
        dialog.open()

    # ------------------------------------------------------------ the answer

    def _html(self) -> str:
        c = theme.colours()
        explanation = self._explanation
        if explanation is None:
            return f'<p style="color:{c.muted}">The causes that the text allows are listed here.</p>'
        if not explanation.causes:
            return f"<p>{escape(explanation.why or '')}</p>"
        parts = [f"<p>{escape(_remaining(explanation, self._standings))}</p>"] if self._standings else []
        parts += [self._cause(found, first=place == 0) for place, found in enumerate(explanation.causes)]
        if explanation.missing:
            wanted = "".join(f"<li>{escape(one)}</li>" for one in explanation.missing)
            parts.append(f"<p><b>To be sure</b></p><ul>{wanted}</ul>")
        return "".join(parts)

    def _cause(self, found: Candidate, *, first: bool) -> str:
        c = theme.colours()
        tone = c.muted if found.certainty is Certainty.POSSIBLE else c.accent
        checked = ""
        if standing := self._standings.get(found.cause):
            colour = c.passed if standing is Standing.FOUND else c.muted
            checked = f' <span style="color:{colour}">· {_AFTER_A_CHECK[standing]}</span>'
        summary = f"<b>{escape(found.summary)}</b>" if first else escape(found.summary)
        if self._standings.get(found.cause) is Standing.REFUTED:
            summary = f'<span style="color:{c.muted}">{escape(found.summary)}</span>'
        text = (
            f'<p style="margin-top:10px; margin-bottom:2px">{summary} '
            f'<span style="color:{tone}">{_WORDS[found.certainty]}</span> '
            f'<span style="color:{c.muted}">{escape(found.cause)}</span>{checked}</p>'
        )
        inset = "margin-left:16px; margin-top:2px; margin-bottom:2px"
        if found.fix:
            text += f'<p style="{inset}">→ {escape(found.fix)}</p>'
        for words in found.because:
            shown = words if len(words) < 200 else words[:200] + "…"
            text += f'<p style="{inset}; color:{c.muted}">{escape(shown)}</p>'
        if first and found.question:
            text += f'<p style="{inset}">{escape(found.question)}</p>'
        return text

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


def _remaining(explanation: Explanation, standings: Mapping[str, Standing]) -> str:
    """Which causes are left, and what that is worth: the check ran here, the program perhaps elsewhere."""
    known = [standings[found.cause] for found in explanation.causes if found.cause in standings]
    confirmed, left = known.count(Standing.FOUND), len(known) - known.count(Standing.REFUTED)
    if confirmed:
        return "The check confirms what is marked below."
    where = "The check ran on this computer; if the program runs elsewhere, test from there."
    if not left:
        return f"The check refutes every cause below. {where}"
    which = "One cause remains" if left == 1 else f"{left} of {len(known)} causes remain"
    return f"The check confirms none; {which[:1].lower()}{which[1:]}. {where}"


def _taken_for(explanation: Explanation | None, file: Path | None) -> str:
    if explanation is None:
        return "Nothing of it is stored or sent."
    writer = explanation.recognised.driver
    said = f"taken for an error text{f' of {writer}' if writer else ''}; nothing of it is stored or sent."
    if not explanation.causes:
        said = "nothing recognised."
    return f"{file.name}: {said}" if file else said[:1].upper() + said[1:]


def _host(target: str) -> str:
    return target.partition("://")[2].partition("/")[0]
