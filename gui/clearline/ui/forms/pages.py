"""The pages of the form, each made when it is first looked at, and only the one in front kept up to date."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, cast

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QScrollArea, QWidget

from clearline.core.checklist.checklist import checklist, open_items
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.text import Mistake
from clearline.core.options.catalogue import OptionGroup, lookup
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.references import has_references, variables
from clearline.core.secrets.secret import PASSWORD, Secrets
from clearline.core.uri.connection_string import build
from clearline.ui.background.background import Background
from clearline.ui.background.inquiry import Inquiry
from clearline.ui.forms.page import FormPage, FormState
from clearline.ui.widgets.editors import scroll_area
from clearline.ui.widgets.lazy_tabs import LazyTabs

_TABS: Final = {
    OptionGroup.SERVER: "server",
    OptionGroup.AUTH: "auth",
    OptionGroup.TLS: "tls",
    OptionGroup.POOL: "pool",
    OptionGroup.TIMEOUTS: "pool",
}
_CHECKLIST: Final = "Checklist"
_COUNT_AFTER_MS: Final = 150
"""The count on the tab may lag behind who types."""
_OPTIONS: Final = (("pool", "Pool && timeouts"), ("options", "Options"), ("checklist", _CHECKLIST))


class FormPages(LazyTabs):
    """Server, Authentication, TLS and so on; their signals under one roof."""

    edited = Signal(str, object)
    secret_edited = Signal(str, object)
    repair_requested = Signal(object)
    text_entered = Signal(object)
    submitted = Signal()

    def __init__(self) -> None:
        super().__init__("Settings of the connection")
        self._background: Background | None = None
        self._state: FormState | None = None
        self._fresh: set[str] = set()
        for name, title in (("server", "Server"), ("auth", "Authentication"), ("tls", "TLS"), *_OPTIONS):
            self.add_lazy(name, title, lambda name=name: self._make(name))  # type: ignore[misc]
        self.currentChanged.connect(lambda _place: self._refresh())
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(_COUNT_AFTER_MS)
        self._counting.timeout.connect(self._count_advice)
        self._counting.timeout.connect(self._ask_variables)
        self._variables: Inquiry | None = None
        self._undefined: tuple[str, tuple[Mistake, ...]] = ("", ())
        """The id of a profile, and the references in it that have no value."""

    def use(self, background: Background) -> None:
        """Where the pages have slow things done; before this none can be made."""
        self._background = background
        self._variables = Inquiry(background, self)

    def page(self, name: str) -> FormPage:
        """A page, made and up to date."""
        page = cast("QScrollArea", self.get(name)).widget()
        assert isinstance(page, FormPage)
        if name not in self._fresh and self._state is not None:
            self._fresh.add(name)
            of, mistakes = self._undefined
            known = mistakes if of == self._state.profile.id else ()
            page.show_state(replace(self._state, mistakes=(*self._state.mistakes, *known)))
        return page

    def show_state(self, state: FormState) -> None:
        """Show other values; pages that are not in front follow when they are turned to."""
        self._state = state
        self._fresh.clear()
        self._refresh()
        if not self._counting.isActive():
            self._counting.start()

    def go_to(self, name: str) -> bool:
        """Turn to the page that edits a field, with the cursor in it; False when none does."""
        option = lookup(name)
        likely = _TABS.get(option.group, "options") if option is not None else ""
        for tab in sorted(self._factories, key=lambda tab: tab != likely):  # each page that is asked is made for it
            if self.page(tab).editor_of(name) is not None:
                self.turn_to(tab)
                return self.page(tab).show_field(name)
        return False

    def showEvent(self, event: QShowEvent) -> None:
        """The page in front is needed now."""
        super().showEvent(event)
        self._refresh()

    def _refresh(self) -> None:
        if self._state is not None and self._background is not None and self.isVisible() and self.current_name:
            self.page(self.current_name)

    def _count_advice(self) -> None:
        """How much the checklist asks for, on its tab, whether the page exists or not."""
        if self._state is not None:
            count = len(open_items(checklist(self._state.profile, self._state.secrets)))
            self.set_title("checklist", f"{_CHECKLIST} ({count})" if count else _CHECKLIST)

    def _ask_variables(self) -> None:
        """Whether the variables that the profile refers to are set, which may mean to read a file."""
        if self._state is None or self._variables is None:
            return
        profile, secrets = self._state.profile, self._state.secrets
        text = build(profile, {}, show="masked")
        if not has_references(text):
            self._variables.drop()
            self._on_undefined(profile.id, ())
            return
        self._variables.ask(
            (profile.id, text, profile.env_file),
            lambda: run_in_daemon(_undefined, profile, secrets),
            lambda found: self._on_undefined(profile.id, found),
        )

    def _on_undefined(self, profile_id: str, mistakes: tuple[Mistake, ...]) -> None:
        if self._undefined != (profile_id, mistakes):
            self._undefined = (profile_id, mistakes)
            self._fresh.clear()
            self._refresh()

    def _make(self, name: str) -> QWidget:
        assert self._background is not None
        area = scroll_area(self.holder(name))
        page: FormPage
        match name:
            case "server":
                from clearline.ui.forms.server_page import ServerPage

                page = ServerPage(self._background, area)
            case "auth":
                from clearline.ui.forms.auth_page import AuthPage

                page = AuthPage(self._background, area)
            case "pool":
                from clearline.ui.forms.pool_page import PoolPage

                page = PoolPage(self._background, area)
            case "options":
                from clearline.ui.forms.options_page import OptionsPage

                page = OptionsPage(self._background, area)
            case "checklist":
                from clearline.ui.forms.checklist_page import ChecklistPage

                page = ChecklistPage(self._background, area)
                page.field_requested.connect(self.go_to)
            case _:
                from clearline.ui.forms.tls_page import TlsPage

                page = TlsPage(self._background, area)
        page.edited.connect(self.edited)
        page.secret_edited.connect(self.secret_edited)
        page.repair_requested.connect(self.repair_requested)
        page.submitted.connect(self.submitted)
        page.text_entered.connect(self.text_entered)
        page.field_wanted.connect(self.go_to)
        return area


def _undefined(profile: Profile, secrets: Secrets) -> tuple[Mistake, ...]:
    """The references without a value, but for those of which the Authentication page itself tells. Reads a file."""
    from clearline.core.check.filling_in import undefined

    found = undefined(profile, variables(profile.env_file), secrets)
    return tuple(mistake for mistake in found if not {PASSWORD, "envFile"} & set(mistake.fields))
