"""Files that the system opens with the running program: macOS tells them as events, never as arguments."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication


class Application(QApplication):
    """Hears of them; made on macOS alone."""

    file_opened = Signal(str)

    def event(self, event: QEvent) -> bool:
        """Pass a file on."""
        if isinstance(event, QFileOpenEvent):  # its type is not asked for: that makes all the types of events
            self.file_opened.emit(event.file())
            return True
        return super().event(event)
