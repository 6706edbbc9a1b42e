"""Signing in with a browser: the page is opened, its code shown, and all goes away when the test is over."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from clearline.ui.look import theme
from clearline.ui.widgets.labels import WrappedLabel
from clearline.ui.window.browser import open_address


class SignIn(QObject):
    """Shows where a person has to sign in. `prompt` and `end` may be called from any thread."""

    came = Signal(str, object)
    went = Signal(str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.dialog: SignInDialog | None = None
        self.came.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self.went.connect(self._end, Qt.ConnectionType.QueuedConnection)

    def prompt(self, url: str, code: str | None) -> None:
        """What the driver's callback asks for: a page, and the code to type there."""
        self.came.emit(url, code)

    def end(self, url: str) -> None:
        """The sign-in at that page is no longer waited for; another profile's stays."""
        self.went.emit(url)

    def _end(self, url: str) -> None:
        if self.dialog is not None and self.dialog.address == QUrl(url):
            self.dialog.close()

    def _show(self, url: str, code: str | None) -> None:
        if self.dialog is not None:
            self.dialog.close()
        address = QUrl(url)
        if address.scheme() not in ("https", "http"):  # what the server names must not start a program
            return
        self.dialog = SignInDialog(address, code, self._window)
        self.dialog.finished.connect(self._forget)
        self.dialog.open()
        if code is None:
            self.dialog.go()

    def _forget(self) -> None:
        self.dialog = None


class SignInDialog(QDialog):
    """The page's host, the code, and a button that opens the page."""

    def __init__(self, address: QUrl, code: str | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Sign in")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.address = address
        words = f"The deployment wants you to sign in at {address.host()}."
        words += " Type this code there:" if code else " Your browser shows the page; this closes by itself."
        self.said = WrappedLabel(words)
        self.page = QLineEdit(address.toString())
        self.page.setReadOnly(True)
        self.page.setCursorPosition(0)
        self.page.setAccessibleName("Address of the page")
        self.code = QLineEdit(code or "")
        self.code.setReadOnly(True)
        theme.write_in(self.code, theme.Face.MONO)
        self.code.setAccessibleName("Code")
        self.code.setVisible(code is not None)
        self.open_page = QPushButton("Open the page")
        self.open_page.setObjectName("primary")
        self.open_page.setDefault(True)
        copy = QPushButton("Copy the code" if code else "Copy the address")
        foot = QHBoxLayout()
        foot.setSpacing(theme.GRID)
        foot.addStretch(1)
        foot.addWidget(copy)
        foot.addWidget(self.open_page)
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(theme.GRID * 2)
        column.addWidget(self.said)
        column.addWidget(self.code)
        column.addWidget(self.page)
        column.addLayout(foot)
        self.resize(theme.scaled(theme.GRID * 60), self.sizeHint().height())
        self.open_page.clicked.connect(self.go)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(code or address.toString()))

    def go(self) -> None:
        """Open the page; where that is not possible the address can be copied."""
        if not open_address(self.address):
            self.said.setText("No browser could be started here: copy the address into one.")
            self.page.selectAll()
