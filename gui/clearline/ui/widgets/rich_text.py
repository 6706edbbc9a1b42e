"""Pages of text: read-only, written anew when the palette changes."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QSizeF, Qt
from PySide6.QtGui import QTextDocument, QWheelEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser

from clearline.ui.look import theme
from clearline.ui.look.style_sheet import restyle


class RichText(QTextBrowser):
    """A read-only page of text whose builder is called again when the palette changes."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._build: Callable[[], str] = str
        self._html = ""
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "page")
        self.setOpenLinks(False)
        self.document().setDocumentMargin(theme.GRID)

    def show_page(self, build: Callable[[], str]) -> None:
        """Show what ``build`` writes as HTML, keeping the place when it is the same page as before."""
        self._build = build
        html = build()
        if html == self._html:
            return
        self._html = html
        bar = self.verticalScrollBar()
        place = bar.value()
        self.setHtml(html)
        bar.setValue(place)

    def show_pale(self, pale: bool) -> None:
        """In grey: what stands there is no longer about what is in front."""
        restyle(self, "pale", "true" if pale else "")

    def changeEvent(self, event: QEvent) -> None:
        """Write the page in the new palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.show_page(self._build)

    def plain(self) -> str:
        """What stands there."""
        document: QTextDocument = self.document()
        return document.toPlainText()


class FittedText(RichText):
    """A page of text that is as high as what stands in it: what is around it scrolls."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The page around it scrolls."""
        event.ignore()

    def _fit(self, size: QSizeF) -> None:
        self.setFixedHeight(math.ceil(size.height()) + 2)
