"""Desktop notifications and the icon in the tray. Both are the desktop's favours: without them the window tells."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon, QWidget

from clearline.core.text.plain_text import visible
from clearline.ui.look.icons import window_icon

_SHOWN_MS = 8000
_LONGEST = 500
_NO_MARKUP = str.maketrans("<>", "‹›")
"""Desktops take a notification's text for markup, pictures included (Desktop Notifications Specification), and what
could escape it is shown as it is by others; servers name themselves."""


class Notices(QObject):
    """Tells what happens while the window is not looked at."""

    def __init__(self, window: QWidget, say: Callable[[str], object]) -> None:
        super().__init__(window)
        self._window = window
        self._say = say
        self._tray: QSystemTrayIcon | None = None
        self._menu: QMenu | None = None
        self._kept = False

    def tell(self, title: str, text: str, *, bad: bool, shown: bool = False) -> None:
        """Notify; where the desktop has no notifications the window says it, unless it is ``shown`` there already."""
        looked_at = self._window.isActiveWindow()
        if shown and looked_at:
            return
        if not looked_at:
            QApplication.alert(self._window)
        tray = self._icon()
        if tray is None:
            if not shown:
                self._say(f"{title}: {text}")
            return
        tray.show()  # only a visible icon may notify
        kind = QSystemTrayIcon.MessageIcon.Warning if bad else QSystemTrayIcon.MessageIcon.Information
        tray.showMessage(_plain(title), _plain(text), kind, _SHOWN_MS)

    def keep_icon(self, kept: bool) -> None:
        """Show the icon all the time, or only when something is told."""
        self._kept = kept
        if kept and (tray := self._icon()) is not None:
            tray.show()
        elif not kept and self._tray is not None:
            self._tray.hide()

    def show_summary(self, text: str) -> None:
        """What the icon says when it is pointed at."""
        if self._tray is not None:
            self._tray.setToolTip(f"Clearline: {_plain(text)}")

    def _icon(self) -> QSystemTrayIcon | None:
        if self._tray is None and QSystemTrayIcon.isSystemTrayAvailable():
            self._tray = QSystemTrayIcon(window_icon(), self)
            self._menu = QMenu(self._window)
            self._menu.addAction("Show Clearline", self._come_forward)
            self._menu.addAction("Quit", self._window.close)
            self._tray.setContextMenu(self._menu)
            self._tray.activated.connect(self._on_activated)
            self._tray.messageClicked.connect(self._come_forward)
        return self._tray

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self._come_forward()

    def _come_forward(self) -> None:
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()


def _plain(text: str) -> str:
    return visible(text[:_LONGEST], but="\n").translate(_NO_MARKUP)
