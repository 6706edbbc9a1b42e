"""The settings of a connection: groups that fold, each made when it is first opened, and only open ones kept fresh."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from clearline.core.checklist.checklist import checklist, open_items
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.text import Mistake
from clearline.core.files.drives import on_another_computer
from clearline.core.findings import Finding
from clearline.core.options.catalogue import OPTIONS
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.references import has_references, variables
from clearline.core.secrets.secret import PASSWORD, Secrets
from clearline.core.uri.connection_string import build
from clearline.ui.background.background import Background
from clearline.ui.background.inquiry import Inquiry
from clearline.ui.forms.group import Group, Summary
from clearline.ui.forms.page import FormPage, FormState
from clearline.ui.forms.setting_groups import FIRST_LOOK, GROUPS, fits, group_of, group_of_mistake, in_title, summaries
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton, icon
from clearline.ui.widgets.editors import put_into, scroll_area
from clearline.ui.widgets.labels import WrappedLabel

_COUNT_AFTER_MS: Final = 150
"""The counts on the heads may lag behind who types."""
_SETTLES_MS: Final = 200
"""How long the heights of freshly made pages take to settle."""
_WIDTH: Final = theme.GRID * 52


class FormPages(QWidget):
    """One panel of groups that fold, with one filter over every option; the signals of all pages under one roof."""

    edited = Signal(str, object)
    secret_edited = Signal(str, object)
    repair_requested = Signal(object)
    text_entered = Signal(object)
    submitted = Signal()
    wanted = Signal()
    """Something in it is to be seen: show the panel."""
    close_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("settingsPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(theme.scaled(_WIDTH))
        self._background: Background | None = None
        self._state: FormState | None = None
        self._fresh: set[str] = set()
        self._pages: dict[str, FormPage] = {}
        self._front = "server"
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(f"Find one of {len(OPTIONS)} settings (Ctrl+F)")
        self.filter.setAccessibleName("Find a setting")
        self.filter.setClearButtonEnabled(True)
        self.filter.addAction(icon("search", theme.colours().muted), QLineEdit.ActionPosition.LeadingPosition)
        self.close_button = IconButton("close", "Close the settings (Ctrl+,)")
        self.close_button.clicked.connect(self.close_requested)
        bar = QHBoxLayout()
        bar.setContentsMargins(12, theme.GRID, theme.GRID, theme.GRID)
        bar.setSpacing(theme.GRID)
        bar.addWidget(self.filter, 1)
        bar.addWidget(self.close_button)
        self.nothing = WrappedLabel("", "muted")
        self.nothing.setAccessibleName("Result of the filter")
        self.nothing.setContentsMargins(theme.GRID * 2, 0, theme.GRID * 2, theme.GRID)
        self.nothing.hide()
        self.groups = {name: Group(title) for name, title in GROUPS}
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, theme.GRID * 2)
        column.setSpacing(0)
        for name, group in self.groups.items():
            column.addWidget(group)
            group.opened.connect(lambda on, name=name: self._on_opened(name, on=on))
        column.addStretch(1)
        self._area = scroll_area()
        put_into(self._area, inner)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(bar)
        whole.addWidget(self.nothing)
        whole.addWidget(self._area, 1)
        self._brought: QWidget | None = None
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLES_MS)
        self._settling.timeout.connect(self._let_go)
        self._area.verticalScrollBar().rangeChanged.connect(self._keep_in_sight)
        self.filter.textChanged.connect(self._sift)
        self._sifting = QTimer(self)
        self._sifting.setSingleShot(True)
        self._sifting.timeout.connect(self._open_next)
        self._to_open: list[str] = []
        self._opened_by_filter: set[str] = set()
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(_COUNT_AFTER_MS)
        self._counting.timeout.connect(self._summarise)
        self._counting.timeout.connect(self._ask_variables)
        self._blamed: str | None = None
        self._variables: Inquiry | None = None
        self._undefined: tuple[str, tuple[Mistake, ...]] = ("", ())
        """The id of a profile, and the references in it that have no value."""
        self.groups["server"].head.setChecked(True)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all groups, in their order."""
        return tuple(self.groups)

    @property
    def current_name(self) -> str:
        """The group that was opened last."""
        return self._front

    def made_pages(self) -> dict[str, FormPage]:
        """Every page that exists, by the name of its group."""
        return dict(self._pages)

    def use(self, background: Background) -> None:
        """Where the pages have slow things done; before this none can be made."""
        self._background = background
        self._variables = Inquiry(background, self)

    def page(self, name: str) -> FormPage:
        """The page of a group, made and up to date."""
        if name not in self._pages:
            self._pages[name] = self._make(name)
            self.groups[name].put(self._pages[name])
        page = self._pages[name]
        if name not in self._fresh and self._state is not None:
            self._fresh.add(name)
            page.show_state(replace(self._state, mistakes=self._mistakes()))
        return page

    def show_state(self, state: FormState) -> None:
        """Show other values; pages that are not in front follow when they are turned to."""
        self._state = state
        self._fresh.clear()
        self._refresh()
        if not self._counting.isActive():
            self._counting.start()

    def turn_to(self, name: str) -> None:
        """Open a group and bring its head into sight; no other is closed."""
        self.wanted.emit()
        self.filter.clear()
        group = self.groups[name]
        self.page(name)
        group.head.setChecked(True)
        self._front = name
        self._bring(group)

    def _bring(self, place: QWidget) -> None:
        """Scroll to a group or field, again while the pages above it find their heights."""
        self._brought = place
        self._settling.start()
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        if isinstance(self._brought, Group):
            self._area.verticalScrollBar().setValue(self._brought.y())
        elif self._brought is not None:
            self._area.ensureWidgetVisible(self._brought, 0, theme.GRID * 8)

    def _let_go(self) -> None:
        self._brought = None

    def go_to(self, name: str) -> bool:
        """Open the group that edits a field, with the cursor in it; False when none does."""
        likely = group_of(name) or ""
        for place in sorted(self.groups, key=lambda place: place != likely):  # a page that is asked is made for it
            if self.page(place).editor_of(name) is not None:
                self.turn_to(place)
                done = self.page(place).show_field(name)
                editor = self.page(place).editor_of(name)
                if done and editor is not None:
                    self._bring(editor)
                return done
        return False

    def blame(self, finding: Finding | None) -> bool:
        """Mark the group in which one looks first for the cause; whether there is one."""
        blamed = FIRST_LOOK.get(finding.stage) if finding is not None else None
        if blamed != self._blamed:
            self._blamed = blamed
            self._counting.start()
        return blamed is not None

    def showEvent(self, event: QShowEvent) -> None:
        """What is open is needed now."""
        super().showEvent(event)
        self._refresh()

    def _refresh(self) -> None:
        if self._state is not None and self._background is not None and self.isVisible():
            for name, group in self.groups.items():
                if group.is_open:
                    self.page(name)

    def _on_opened(self, name: str, *, on: bool) -> None:
        if on:
            self._front = name
            if self.isVisible() and self._background is not None:
                self.page(name)

    def _summarise(self) -> None:
        """What each head says: what is set, what is wrong, how much there is to advise."""
        if self._state is None:
            return
        state = self._state
        wrong = Counter(home for mistake in self._mistakes() if (home := group_of_mistake(mistake)) is not None)
        advice = len(open_items(checklist(state.profile, state.secrets)))
        words = summaries(state.profile) | {"checklist": f"{advice} to look at" if advice else "nothing to advise"}
        for name, group in self.groups.items():
            group.head.show_summary(Summary(words.get(name, ""), wrong[name], blamed=name == self._blamed))

    def _mistakes(self) -> tuple[Mistake, ...]:
        assert self._state is not None
        of, undefined = self._undefined
        return (*self._state.mistakes, *(undefined if of == self._state.profile.id else ()))

    # ------------------------------------------------------------ the filter

    def _sift(self) -> None:
        """Show the groups with something that fits, and of the options only those."""
        words = self.filter.text().lower().split()
        found = [name for name, _title in GROUPS if not words or fits(name, words)]
        for name, group in self.groups.items():
            group.setVisible(name in found)
            if name in self._pages:
                self._pages[name].sift(words if not in_title(name, words) else [])
        self.nothing.setText(f"No setting matches “{' '.join(words)}”.")
        self.nothing.setVisible(not found)
        if words:
            self._to_open = [name for name in found if not self.groups[name].is_open or name not in self._pages]
            self._sifting.start(0)
        else:
            self._to_open = []
            for name in self._opened_by_filter:
                self.groups[name].head.setChecked(False)
            self._opened_by_filter.clear()

    def _open_next(self) -> None:
        """One group after the other, for a page takes a moment to make."""
        if not self._to_open or self._background is None:
            return
        name = self._to_open.pop(0)
        words = self.filter.text().lower().split()
        front = self._front
        self.page(name).sift(words if not in_title(name, words) else [])
        if not self.groups[name].is_open:
            self._opened_by_filter.add(name)
            self.groups[name].head.setChecked(True)
        self._front = front
        if self._to_open:
            self._sifting.start(0)

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

    def _make(self, name: str) -> FormPage:
        assert self._background is not None
        parent = self.groups[name].body
        page: FormPage
        match name:
            case "server":
                from clearline.ui.forms.server_page import ServerPage

                page = ServerPage(self._background, parent)
            case "way":
                from clearline.ui.forms.way_page import WayPage

                page = WayPage(self._background, parent)
            case "auth":
                from clearline.ui.forms.auth_page import AuthPage

                page = AuthPage(self._background, parent)
            case "pool":
                from clearline.ui.forms.pool_page import PoolPage

                page = PoolPage(self._background, parent)
            case "options":
                from clearline.ui.forms.options_page import OptionsPage

                page = OptionsPage(self._background, parent)
            case "checklist":
                from clearline.ui.forms.checklist_page import ChecklistPage

                page = ChecklistPage(self._background, parent)
                page.field_requested.connect(self.go_to)
            case _:
                from clearline.ui.forms.tls_page import TlsPage

                page = TlsPage(self._background, parent)
        page.edited.connect(self.edited)
        page.secret_edited.connect(self.secret_edited)
        page.repair_requested.connect(self.repair_requested)
        page.submitted.connect(self.submitted)
        page.text_entered.connect(self.text_entered)
        page.field_wanted.connect(self.go_to)
        return page


def _undefined(profile: Profile, secrets: Secrets) -> tuple[Mistake, ...]:
    """The references without a value, but for those of which the Authentication page itself tells. Reads a file."""
    from clearline.core.uri.filling_in import undefined

    if profile.env_file and on_another_computer(profile.env_file):
        return ()
    found = undefined(profile, variables(profile.env_file), secrets)
    return tuple(mistake for mistake in found if not {PASSWORD, "envFile"} & set(mistake.fields))
