"""The pages of the form, each made when it is first looked at, and only the one in front kept up to date."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QScrollArea, QWidget

from clearline.ui.forms.page import Desk, FormPage, FormState
from clearline.ui.forms.rows import scrolled
from clearline.ui.panels.lazy_tabs import LazyTabs


class FormPages(LazyTabs):
    """Server, Authentication, TLS and so on; their signals under one roof."""

    edited = Signal(str, object)
    secret_edited = Signal(str, object)
    repair_requested = Signal(object)
    submitted = Signal()

    def __init__(self) -> None:
        super().__init__("Settings of the connection")
        self._desk: Desk | None = None
        self._state: FormState | None = None
        self._fresh: set[str] = set()
        for name, title in (("server", "Server"), ("auth", "Authentication"), ("tls", "TLS")):
            self.add_lazy(name, title, lambda name=name: self._make(name))  # type: ignore[misc]
        self.currentChanged.connect(lambda _place: self._refresh())

    def use(self, desk: Desk) -> None:
        """Where the pages have slow things done; before this none can be made."""
        self._desk = desk

    def page(self, name: str) -> FormPage:
        """A page, made and up to date."""
        page = cast("QScrollArea", self.get(name)).widget()
        assert isinstance(page, FormPage)
        if name not in self._fresh and self._state is not None:
            self._fresh.add(name)
            page.show_state(self._state)
        return page

    def show_state(self, state: FormState) -> None:
        """Show other values; pages that are not in front follow when they are turned to."""
        self._state = state
        self._fresh.clear()
        self._refresh()

    def go_to(self, name: str) -> bool:
        """Turn to the page that edits a field, with the cursor in it; False when none does."""
        for tab in self._factories:
            if self.page(tab).editor_of(name) is not None:
                self.turn_to(tab)
                return self.page(tab).show_field(name)
        return False

    def showEvent(self, event: QShowEvent) -> None:
        """The page in front is needed now."""
        super().showEvent(event)
        self._refresh()

    def _refresh(self) -> None:
        if self._state is not None and self._desk is not None and self.isVisible() and self.current_name:
            self.page(self.current_name)

    def _make(self, name: str) -> QWidget:
        assert self._desk is not None
        page: FormPage
        match name:
            case "server":
                from clearline.ui.forms.server_page import ServerPage

                page = ServerPage(self._desk)
            case "auth":
                from clearline.ui.forms.auth_page import AuthPage

                page = AuthPage(self._desk)
            case _:
                from clearline.ui.forms.tls_page import TlsPage

                page = TlsPage(self._desk)
        page.edited.connect(self.edited)
        page.secret_edited.connect(self.secret_edited)
        page.repair_requested.connect(self.repair_requested)
        page.submitted.connect(self.submitted)
        return scrolled(page)
