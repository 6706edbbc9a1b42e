"""The field of the connection string: dots for secrets, unless the eye is open.

While it is masked, a secret is never part of the QLineEdit's text, so it reaches neither the undo history nor the
accessible text nor the clipboard. Therefore everything that inserts text is caught here before QLineEdit sees it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from PySide6.QtCore import QMimeData, Qt, QUrl, Signal
from PySide6.QtGui import (
    QAction,
    QClipboard,
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QGuiApplication,
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QTextCharFormat,
)
from PySide6.QtWidgets import QLineEdit, QMenu

from clearline.core.files.whole_files import expanded
from clearline.core.secrets.secret import Secret
from clearline.core.uri.shell_options import with_address
from clearline.ui.forms.masked_text import MaskedText, Redact, masked
from clearline.ui.look import theme
from clearline.ui.look.text_places import from_qt, to_qt

LONGEST: Final = 10_000
"""Characters. Fifty seeds with the longest names that DNS knows; reading far more would hold up the window."""

_SHORTEST_ERROR: Final = 12
_LOG: Final = re.compile(r"(?:file:///?|~?/|\.{1,2}/|[A-Za-z]:[\\/]|\\\\)[^\n@?]*\.(?:log|txt|out|err)", re.IGNORECASE)


def _is_error_text(text: str) -> bool:
    from clearline.core.explain.recognise import is_error_text

    return is_error_text(text)


class ConnectionField(QLineEdit):
    """One line of text whose secrets are dots; `edited` carries the text itself, as a `Secret`."""

    edited = Signal(object)
    too_long = Signal(int)
    """So many characters were to be pasted that they are no connection string; nothing was."""
    error_pasted = Signal(str)
    """What was to be pasted, or is here, is what a program printed, and no connection string."""
    file_pasted = Signal(object)
    """The `Path` of a log was to be pasted or dropped; nothing was. Whether it exists is not known."""

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self._redact = redact
        self._revealed = False
        self._inserting = False
        self._state = MaskedText()
        self._past: dict[str, MaskedText] = {}  # what the texts in the undo history mean
        self._marks: tuple[tuple[int, int, bool], ...] = ()
        self.setObjectName("connectionString")
        theme.write_in(self, theme.Face.MONO)
        self.setAccessibleName("Connection string")
        self.setPlaceholderText("mongodb+srv://user:password@cluster0.abcde.mongodb.net/database")
        self.setDragEnabled(False)
        self.textEdited.connect(self._on_native_edit)

    @property
    def revealed(self) -> bool:
        """Whether secrets are shown."""
        return self._revealed

    @property
    def plain(self) -> Secret:
        """The text itself."""
        return Secret(self.text()) if self._revealed else self._state.plain

    def show_plain(self, plain: Secret) -> None:
        """Show another text; the undo history begins anew."""
        if plain == self.plain:
            return
        self._state = masked(plain, self._redact)
        self._set(plain.reveal() if self._revealed else self._state.shown, 0)
        self.mark(())

    def set_revealed(self, revealed: bool) -> None:
        """Open or close the eye."""
        if revealed is self._revealed:
            return
        plain, marks = self.plain, self._marks
        self._revealed = revealed
        self._state = masked(plain, self._redact)
        self._set(plain.reveal() if revealed else self._state.shown, from_qt(self.text(), self.cursorPosition()))
        self.mark(marks)

    def mark(self, places: tuple[tuple[int, int, bool], ...]) -> None:
        """Underline mistakes: start and end in the plain text, and whether the driver refuses it."""
        self._marks = places
        attributes = []
        text, cursor = self.text(), self.cursorPosition()
        length = len(text)
        for start, end, fatal in places:
            begin, stop = self._shown(start), self._shown(end)
            if stop <= begin:
                begin, stop = max(0, begin - 1), max(begin, 1)
            stop = min(stop, length)
            if stop <= begin:
                continue
            begin, stop = to_qt(text, begin), to_qt(text, stop)
            look = QTextCharFormat()
            look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            colour = theme.colours().failed if fatal else theme.colours().warning
            look.setUnderlineColor(colour)
            look.setForeground(QColor(colour))
            attributes.append(
                QInputMethodEvent.Attribute(
                    QInputMethodEvent.AttributeType.TextFormat, begin - cursor, stop - begin, look
                )
            )
        # A QLineEdit has no formats of its own; those of an input method without text stay until the next edit.
        super().inputMethodEvent(QInputMethodEvent("", attributes))

    def select_place(self, start: int, end: int) -> None:
        """Put the cursor on a place of the plain text."""
        text = self.text()
        begin, stop = to_qt(text, self._shown(start)), to_qt(text, self._shown(end))
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.setSelection(begin, max(1, stop - begin))

    def _shown(self, position: int) -> int:
        return position if self._revealed else self._state.shown_position(position)

    # ------------------------------------------------------------ edits

    def insert_text(self, inserted: str) -> None:
        """Put text in place of the selection, as typing or pasting does."""
        if len(inserted) >= _SHORTEST_ERROR and _is_error_text(inserted):
            self.error_pasted.emit(inserted)
            return
        if _LOG.fullmatch(inserted.strip().strip("'\"")):
            self.file_pasted.emit(_path(inserted.strip().strip("'\"")))
            return
        if len(inserted) > 1 and len(self.text()) + len(inserted) > LONGEST:
            self.too_long.emit(len(inserted))
            return
        if len(inserted) > 1:
            inserted = with_address(inserted.replace("\r\n", "\n").strip("\n"))
        if self._revealed:
            self._insert(inserted.replace("\n", " "))
            self._on_native_edit(self.text())
            return
        start = from_qt(self.text(), self.selectionStart() if self.hasSelectedText() else self.cursorPosition())
        end = start + len(self.selectedText())
        native = self.text()[:start] + inserted + self.text()[end:]
        if native in self._past:
            state, cursor = self._past[native], start + len(inserted)
        else:
            state, cursor = self._state.edited(start, end, inserted.replace("\n", " "), self._redact)
        self._state = state
        if state.shown == native:
            self._insert(inserted)  # nothing of it is secret: an ordinary edit that can be undone
            self._past[native] = state
        else:
            self._set(state.shown, cursor)
        self.edited.emit(state.plain)

    def _insert(self, text: str) -> None:
        """Have QLineEdit insert it, which takes that for an edit of its own; one edit is told once."""
        self._inserting = True
        self.insert(text)
        self._inserting = False

    def _on_native_edit(self, shown: str) -> None:
        """Deletions, cut, undo and redo are QLineEdit's own; dots that come back by undo mean what they meant."""
        if self._inserting:
            return
        if self._revealed:
            self._state = masked(Secret(shown), self._redact)
        elif shown in self._past:
            self._state = self._past[shown]
        else:
            before = self._state.shown
            start = _common(before, shown)
            tail = min(_common(before[::-1], shown[::-1]), len(before) - start, len(shown) - start)
            self._state, cursor = self._state.edited(
                start, len(before) - tail, shown[start : len(shown) - tail], self._redact
            )
            if self._state.shown != shown:
                self._set(self._state.shown, cursor)
            self._past[shown] = self._state
        self.edited.emit(self.plain)

    def _set(self, shown: str, cursor: int) -> None:
        self.setText(shown)  # forgets the undo history
        self._past = {} if self._revealed else {shown: self._state}
        self.setCursorPosition(to_qt(shown, min(cursor, len(shown))))

    # ------------------------------------------------------------ the ways in

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Catch what would insert text."""
        text = event.text()
        plain_typing = not event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
        )
        alt_gr = bool(event.modifiers() & Qt.KeyboardModifier.GroupSwitchModifier) or (
            event.modifiers() & Qt.KeyboardModifier.ControlModifier
            and event.modifiers() & Qt.KeyboardModifier.AltModifier
        )
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste_clipboard()
        elif text and text.isprintable() and (plain_typing or alt_gr):
            self.insert_text(text)
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Catch what an input method commits."""
        if event.commitString():
            self.insert_text(event.commitString())
            event.accept()
        else:
            super().inputMethodEvent(event)

    def paste_clipboard(self, mode: QClipboard.Mode = QClipboard.Mode.Clipboard) -> None:
        """Insert what the clipboard holds."""
        text = QGuiApplication.clipboard().text(mode)
        if text:
            self.insert_text(text)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Catch the middle button, which pastes the selection on X11."""
        if event.button() is Qt.MouseButton.MiddleButton:
            clipboard = QGuiApplication.clipboard()
            if clipboard.supportsSelection():
                self.setCursorPosition(self.cursorPositionAt(event.position().toPoint()))
                self.paste_clipboard(QClipboard.Mode.Selection)
            event.accept()
            return
        super().mouseReleaseEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a file as well as text."""
        super().dragEnterEvent(event)
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Take a file as well as text."""
        super().dragMoveEvent(event)
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Catch dropped text."""
        data: QMimeData = event.mimeData()
        if files := [url.toLocalFile() for url in data.urls() if url.isLocalFile()]:
            self.file_pasted.emit(Path(files[0]))
            event.acceptProposedAction()
        elif data.hasText():
            self.setCursorPosition(self.cursorPositionAt(event.position().toPoint()))
            self.insert_text(data.text())
            event.acceptProposedAction()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Qt's own menu pastes past us; this one has the same entries."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for label, key, act, possible in (
            ("Undo", QKeySequence.StandardKey.Undo, self.undo, self.isUndoAvailable()),
            ("Redo", QKeySequence.StandardKey.Redo, self.redo, self.isRedoAvailable()),
            ("Cut", QKeySequence.StandardKey.Cut, self.cut, self.hasSelectedText()),
            ("Copy", QKeySequence.StandardKey.Copy, self.copy, self.hasSelectedText()),
            ("Paste", QKeySequence.StandardKey.Paste, self.paste_clipboard, True),
            ("Select all", QKeySequence.StandardKey.SelectAll, self.selectAll, bool(self.text())),
        ):
            action = QAction(label, menu)
            action.setShortcut(key)
            action.setEnabled(possible)
            action.triggered.connect(lambda _checked=False, act=act: act())
            menu.addAction(action)
        menu.addSeparator()
        meant = menu.addAction("This is an error text")
        meant.setEnabled(bool(self.text()))
        meant.triggered.connect(lambda: self.error_pasted.emit(self.plain.reveal()))
        menu.popup(event.globalPos())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Fold what was typed, so that its length does not stand there."""
        super().focusOutEvent(event)
        if not self._revealed and self._state.hides and event.reason() is not Qt.FocusReason.PopupFocusReason:
            folded = self._state.folded
            if folded.shown != self.text():
                marks = self._marks
                self._state = folded
                self._set(folded.shown, 0)
                self.mark(marks)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.home(False)


def _path(text: str) -> Path:
    return expanded(QUrl(text).toLocalFile() if text.lower().startswith("file:") else text)


def _common(one: str, other: str) -> int:
    """Length of the common beginning."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
