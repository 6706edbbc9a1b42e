"""Every tooltip of the program is plain text.

Qt takes a tooltip that looks like HTML for HTML, and HTML names files and network paths that it then opens: hosts,
certificates and answers of servers stand in tooltips as they came.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QLabel


class PlainToolTips(QObject):
    """Sets the format of Qt's tooltip before it gets its first text; lives as long as ``parent``."""

    def __init__(self, app: QApplication, parent: QObject) -> None:
        super().__init__(parent)
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt makes one label for all tooltips, and polishes it before it is given a text."""
        if type(watched) is not QLabel:  # every event of the program comes by: the type of one is dear, this is not
            return False
        if event.type() == QEvent.Type.Polish and watched.inherits("QTipLabel"):
            watched.setTextFormat(Qt.TextFormat.PlainText)
        return False
