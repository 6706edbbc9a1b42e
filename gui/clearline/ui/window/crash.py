"""Bugs reach one dialog: de-duplicated, redacted, copyable, and made only in the GUI thread."""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

import clearline
from clearline.ui.look import theme

_MOST_KEPT = 50


class CrashReporter(QObject):
    """Takes exceptions from any thread and shows each kind once."""

    interrupted = Signal()
    """Ctrl-C came while Python code ran."""
    _came = Signal()

    def __init__(self, redact: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__()
        self._redact = redact
        self._parent = parent
        self._waiting: deque[str] = deque(maxlen=_MOST_KEPT)
        self._seen: dict[str, int] = {}
        self._dialog: CrashDialog | None = None
        self._before: tuple[object, object] | None = None
        self._came.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over the hooks of the interpreter."""
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception

    def uninstall(self) -> None:
        """Give the hooks back."""
        if self._before is not None:
            sys.excepthook, threading.excepthook = self._before  # type: ignore[assignment]
            self._before = None

    @property
    def texts(self) -> list[str]:
        """What has been reported, each kind once."""
        return list(self._seen)

    def report(self, error: BaseException) -> None:
        """Show a bug. Any thread."""
        try:
            text = "".join(traceback.format_exception(error))
        except Exception as broken:  # noqa: BLE001 - an exception whose text raises is still an exception
            text = f"{type(error).__name__}, which cannot be printed ({type(broken).__name__})"
        self._waiting.append(self._redact(text))
        self._came.emit()

    def report_earlier(self, stacks: Iterable[str]) -> None:
        """Show the stacks of crashes that ended the program before. Any thread."""
        for stack in stacks:
            self._waiting.append(self._redact(f"Clearline crashed the last time, here:\n{stack}"))
            self._came.emit()

    def _on_exception(self, kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self.interrupted.emit()
        else:
            self.report(error)

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            self.report(args.exc_value)

    @Slot()
    def _show(self) -> None:
        while self._waiting:
            text = self._waiting.popleft()
            self._seen[text] = self._seen.get(text, 0) + 1
        if self._dialog is None:
            self._dialog = CrashDialog(self._parent)
            self._dialog.finished.connect(self._forget_dialog)
            self._dialog.open()
        self._dialog.show_bugs(self._seen)

    def _forget_dialog(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


class CrashDialog(QDialog):
    """The bugs so far, with a button that copies them."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Clearline made a mistake")
        self.resize(theme.GRID * 84, theme.GRID * 48)
        words = QLabel(
            "Something in Clearline itself went wrong. Your profiles are safe, and edits that are not saved "
            "are kept. The text below holds no secrets; copy it into a report."
        )
        words.setWordWrap(True)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        theme.write_in(self.text, theme.Face.MONO)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName("What went wrong")
        copy = QPushButton("Copy")
        close = QPushButton("Go on")
        close.setObjectName("primary")
        close.setDefault(True)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.setSpacing(theme.GRID)
        foot.addStretch(1)
        foot.addWidget(copy)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addWidget(words)
        column.addWidget(self.text, 1)
        column.addLayout(foot)

    def show_bugs(self, seen: dict[str, int]) -> None:
        """List them, with how often each happened."""
        parts = [f"Clearline {clearline.__version__}, Python {sys.version.split()[0]}, {sys.platform}"]
        parts += [f"({count} times)\n{text}" if count > 1 else text for text, count in seen.items()]
        self.text.setPlainText("\n\n".join(parts))
