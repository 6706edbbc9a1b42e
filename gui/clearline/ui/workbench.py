"""What happens on the window: profiles are opened, edited, tested and saved. No widget is made here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from PySide6.QtCore import QDeadlineTimer, QObject, Signal
from PySide6.QtWidgets import QLineEdit

from clearline.core.keyring.vault import Moved, Vault
from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.profiles.secret_places import STORED, source_of, with_source
from clearline.core.report.report import Report, Verdict
from clearline.core.secrets.redaction import MASK
from clearline.core.secrets.secret import PASSWORD, Secret, Secrets
from clearline.core.uri.remedies import Values
from clearline.paths import agreements_file
from clearline.ui.background.messages import Check
from clearline.ui.background.pump import Pump
from clearline.ui.background.worker import LineThread
from clearline.ui.checks.batches import Batches
from clearline.ui.checks.consents import Consents
from clearline.ui.checks.fixes import Fixes
from clearline.ui.checks.late_tabs import LatePanels
from clearline.ui.checks.retrying import Retrying, Wrap
from clearline.ui.checks.sending_reports import Reporting
from clearline.ui.forms.page import FormState
from clearline.ui.look import theme
from clearline.ui.models.profiles import Order, ProfileRow
from clearline.ui.panels.health import health_of
from clearline.ui.panels.settings_dialog import SettingsDialog
from clearline.ui.profiles.file_actions import ProfileFiles
from clearline.ui.profiles.list_actions import Library
from clearline.ui.profiles.open_profile import OpenProfile, Origin
from clearline.ui.profiles.settings import Remembered
from clearline.ui.profiles.sharing import Sharing
from clearline.ui.profiles.storage import Shelf
from clearline.ui.profiles.unsaved import Leaving
from clearline.ui.watches.session import OpenWatch
from clearline.ui.watches.watching import Watching
from clearline.ui.window.main_window import MainWindow

_CLOSING_MS: Final = 2500
_ORDERS: Final = {Order.NAME: "name", Order.LAST_TESTED: "last-checked", Order.FAILED_FIRST: "verdict"}


class Workbench(QObject):
    """The open profiles and the one in front; answers to the window's requests."""

    broke = Signal(object)
    """A bug, to be shown; carries the exception."""

    def __init__(
        self,
        window: MainWindow,
        pump: Pump,
        check: Check,
        vault: Vault,
        folder: Path,
        remembered: Remembered,
        watch: OpenWatch | None = None,
    ) -> None:
        super().__init__()
        self.remembered = remembered
        self.window = window
        self.pump = pump
        self.shelf = Shelf(pump, check, vault, folder)
        self._check = check
        self._open: dict[str, OpenProfile] = {}
        self._gone: list[LineThread] = []
        self._closed = False
        self._turned_to_history = False
        pump.frame.connect(self._turn)
        self.reporting = Reporting(window, self.shelf, lambda: self.current)
        self.late = LatePanels(window, self.shelf, self.reporting, lambda: self.current)
        self.leaving = Leaving(self)
        self.files = ProfileFiles(self)
        self.watching = Watching(window, pump, watch, lambda: self.current, remembered, self.remember)
        self.retrying = Retrying(window, lambda: self.current, self.test)
        self.current = self._add(OpenProfile(check, Profile()))
        self.fixes = Fixes(window, lambda: self.current, self.test)
        self.library = Library(self)
        self.library.order_changed.connect(lambda order: self.remember(sort_order=_ORDERS[order]))
        window.profiles.model.sort(next(o for o, name in _ORDERS.items() if name == remembered.values.sort_order))
        self.batches = Batches(self, check)
        self.sharing = Sharing(window, self.shelf, lambda: self.current)
        self.library.watch_requested.connect(self._watch_several)
        self.library.export_requested.connect(self.sharing.ask_export)
        window.profiles.import_requested.connect(lambda: self.sharing.ask_import())
        self.consents = Consents(
            window,
            self.shelf.desk,
            folder.parent / agreements_file().name,
            self.sharing.is_from_outside,
            self.sharing.keeps_secrets,
        )
        self.watching.ask_first = lambda opened, begin: self._with_secrets(
            opened, lambda: self.consents.before_test(opened, begin)
        )
        self._connect()
        self._bring_to_front(self.current)

    # ------------------------------------------------------------ profiles

    def open_profile(
        self, profile: Profile, secrets: Secrets | None = None, *, path: Path | None = None
    ) -> OpenProfile:
        """Bring a profile to the front; with ``path`` it is what that file holds, and its secrets are looked up."""
        opened = self._open.get(profile.id)
        if opened is None:
            opened = self._add(OpenProfile(self._check, profile, path=path, saved=path is not None))
            opened.from_elsewhere = self.sharing.is_from_outside(profile.id)
            if path is not None:
                self.shelf.secrets.look_up(opened)
        for name, secret in (secrets or {}).items():
            opened.set_secret(name, secret, Origin.ELSEWHERE)
        self._bring_to_front(opened)
        return opened

    def new_profile(self) -> None:
        """An empty one, with the cursor where one pastes."""
        blank = next((o for o in self._open.values() if not o.unsaved and o.path is None), None)
        self._bring_to_front(blank or self._add(self._blank()))
        self.window.connection.field.setFocus()

    def save(self) -> None:
        """Save the one in front: to the file it came from, else among the profiles; its secrets to the vault."""
        self.shelf.save(self.current, self.current.path)

    def opened(self, profile_id: str) -> OpenProfile | None:
        """An open profile; None when it is not open."""
        return self._open.get(profile_id)

    def all_open(self) -> list[OpenProfile]:
        """Every open profile."""
        return list(self._open.values())

    @property
    def known_secrets(self) -> list[Secret]:
        """The secrets of every open profile, those of its latest test included. Any thread."""
        opened = list(self._open.values())
        return [secret for one in opened for secret in (*list(one.secrets.values()), *list(one.tested_with.values()))]

    def is_foreign(self, profile_id: str) -> bool:
        """Whether somebody else wrote that profile."""
        opened = self._open.get(profile_id)
        return self.sharing.is_from_outside(profile_id) or (opened is not None and opened.from_elsewhere)

    def reopen(self, profile: Profile, secrets: Secrets, listed: list[ProfileRow]) -> None:
        """Bring back edits that were put away with their profile."""
        place = self.shelf.listing.places.get(profile.id)
        if place is not None and profile.id not in self._open:
            self.open_profile(listed[place].profile, path=listed[place].path)
        opened = self.open_profile(profile)
        opened.set_values(Values(profile, dict(secrets)))

    def put_away(self, profile_id: str) -> None:
        """Close a profile whose file goes; what is in front then is another one."""
        opened = self._open.pop(profile_id, None)
        if opened is None:
            return
        opened.stop()
        self.pump.remove(opened.pull)
        self.watching.remove(opened)
        if opened.line is not None:
            opened.line.close()
            self._gone.append(opened.line)
        if opened is self.current:
            self.new_profile()

    def show_list(self) -> None:
        """List what is saved, what is open and what was tested without being saved."""
        listing = self.shelf.listing
        rows = list(listing.rows)
        for opened in self._open.values():
            if (place := listing.places.get(opened.profile.id)) is not None:
                rows[place] = self._row(opened)
        new = [
            self._row(o) for i, o in self._open.items() if i not in listing.places and (o.unsaved or o.path or o.report)
        ]
        shown = {opened.redacted for opened in self._open.values() if opened.text}
        recent = [
            ProfileRow(
                Profile(id=f"recent:{number}"), verdict=one.last.verdict, tested=one.last.started, recent=one.uri
            )
            for number, one in enumerate(listing.recent)
            if one.uri not in shown
        ]
        self.window.profiles.model.show([*new, *rows, *recent])
        self.window.profiles.show_folders(listing.folders)
        self.window.profiles.select(self.current.profile.id)

    def _show_row(self, opened: OpenProfile) -> None:
        """Like `show_list` for what one profile has become: it costs the same for ten thousand."""
        model = self.window.profiles.model
        is_new = model.profile_row(opened.profile.id) is None
        if opened.unsaved or opened.path or opened.report:
            model.update(self._row(opened))
            if is_new and opened is self.current:
                self.window.profiles.select(opened.profile.id)
        elif not is_new:
            self.show_list()

    def _on_recorded(self, profile_id: str) -> None:
        opened, place = self._open.get(profile_id), self.shelf.listing.places.get(profile_id)
        if opened is not None:
            self._show_row(opened)
        elif place is not None:
            self.window.profiles.model.update(self.shelf.listing.rows[place])
        if profile_id == self.current.profile.id:
            self.late.show()

    def _row(self, opened: OpenProfile) -> ProfileRow:
        last = self.shelf.lasts.get(opened.profile.id)
        report = opened.report
        tested = opened.verdict if report is not None or opened.running else last.verdict if last else None
        return ProfileRow(
            opened.profile,
            opened.path,
            verdict=self.watching.verdict(opened) or tested,
            tested=report.started if report is not None else last.started if last else None,
            unsaved=opened.unsaved,
            running=opened.running,
            watched=self.watching.is_watched(opened),
        )

    def choose(self, profile_id: str) -> None:
        """Bring a profile of the list to the front."""
        if profile_id in self._open:
            self._bring_to_front(self._open[profile_id])
            return
        row = self.window.profiles.model.profile_row(profile_id)
        if row is None:
            return
        if row.recent:
            self._open_recent(row.recent)
        elif row.problem:
            self.library.tell_problem(row)
        else:
            self.open_profile(row.profile, path=row.path)

    def _open_recent(self, redacted: str) -> None:
        """A connection string that was tested before; its password has to be typed again."""
        self.new_profile()
        self.current.set_text(Secret(redacted.replace(f":{MASK}@", "@")), Origin.ELSEWHERE)
        self.window.pages.go_to(PASSWORD)

    def _blank(self) -> OpenProfile:
        opened = OpenProfile(self._check, Profile())
        opened.place_of_new = self.remembered.values.new_secrets
        return opened

    def _add(self, opened: OpenProfile) -> OpenProfile:
        self._open[opened.profile.id] = opened
        opened.changed.connect(lambda origin: self._on_changed(opened, origin))
        opened.reported.connect(lambda: self._on_reported(opened))
        opened.broke.connect(self.broke)
        opened.events.counts_changed.connect(lambda: self._on_counts(opened))
        self.pump.add(opened.pull, lambda: opened.running)
        self.watching.add(opened)
        return opened

    def _bring_to_front(self, opened: OpenProfile) -> None:
        self.current = opened
        self.window.connection.eye.setChecked(False)
        self.window.events.show_model(opened.events)
        self._on_changed(opened, Origin.ELSEWHERE)
        self._on_reported(opened)
        self.window.profiles.select(opened.profile.id)
        if opened.report is None and not opened.running and opened.profile.id in self.shelf.lasts:
            self.window.results.turn_to("history")  # there is nothing else to see of it yet
            self._turned_to_history = True
        if opened.profile.seeds.srv and not opened.earlier and opened.profile.id in self.shelf.lasts:
            self.shelf.reports(opened.profile.id, lambda reports: self._on_earlier(opened, reports))
        self.late.show()
        self.watching.show()

    def _on_earlier(self, opened: OpenProfile, reports: tuple[Report, ...]) -> None:
        opened.earlier = (*opened.earlier, *reports)
        if opened is self.current:
            self._show_form()

    # ------------------------------------------------------------ the window asks

    def _connect(self) -> None:
        window = self.window
        window.profiles.chosen.connect(self.choose)
        window.profiles.new_requested.connect(self.new_profile)
        window.save.clicked.connect(self.save)
        window.revert.clicked.connect(lambda: self.current.revert())
        window.may_close = self.leaving.may_close
        window.name.textEdited.connect(lambda name: self.current.rename(name.strip()))
        line = window.connection
        line.field.edited.connect(lambda plain: self.current.set_text(plain))
        line.field.returnPressed.connect(self.test)
        line.test_requested.connect(self.test)
        line.stop_requested.connect(self.stop)
        line.copy_requested.connect(self.reporting.copy_text)
        window.pages.use(self.shelf.desk)
        window.pages.edited.connect(self._on_edited)
        window.pages.secret_edited.connect(lambda name, secret: self.current.set_secret(name, secret))
        window.pages.repair_requested.connect(self.fixes.repair)
        window.pages.submitted.connect(self.test)
        window.pages.text_entered.connect(lambda plain: self.current.set_text(plain, Origin.ELSEWHERE))
        line.repair_requested.connect(self.fixes.repair)
        line.said.look_ahead = lambda mistake: self.fixes.outcome(mistake)
        window.banner.remedy_chosen.connect(self.fixes.apply)
        window.banner.copy_requested.connect(self.reporting.copy_report)
        window.diagnosis.remedy_chosen.connect(self.fixes.apply)
        window.diagnosis.note_requested.connect(self.reporting.copy_note)
        window.events.use(self.shelf.desk)
        window.events.save_failed.connect(window.say)
        window.events.saved.connect(window.say)
        self.watching.row_changed.connect(self._show_row)
        self.watching.health_changed.connect(self._show_health)
        self.watching.broke.connect(self.broke)
        window.closing.connect(self.close)
        shelf = self.shelf
        shelf.listed.connect(self.show_list)
        shelf.recorded.connect(self._on_recorded)
        shelf.secrets_moved.connect(self._show_form)
        shelf.problem.connect(window.say)
        shelf.broke.connect(self.broke)
        for action, act in (
            (window.menus.new, self.new_profile),
            (window.menus.open, self.files.ask_open),
            (window.menus.save, self.save),
            (window.menus.save_as, self.files.ask_save),
            (window.menus.quit, window.close),
            (window.menus.test, self.test),
            (window.menus.stop, self.stop),
            (window.menus.fix, window.banner.press_fix),
            (window.menus.retries, self.retrying.ask),
            (window.menus.copy_text, self.reporting.copy_text),
            (window.menus.copy_report, self.reporting.copy_report),
            (window.menus.copy_ticket, self.reporting.copy_ticket),
            (window.menus.export_report, self.reporting.export),
            (window.menus.revert, lambda: self.current.revert()),
            (window.menus.settings, self.show_settings),
            (window.menus.ask_keyring, lambda: self.shelf.secrets.ask_again(self.all_open())),
            (window.menus.import_, self.sharing.ask_import),
            (window.menus.export, self.sharing.ask_export),
            (window.menus.copy_placeholder, self.sharing.copy_with_placeholder),
            (window.menus.copy_variables, self.sharing.copy_with_variables),
            (window.menus.copy_password, self.sharing.copy_with_password),
            (window.menus.to_text, lambda: _go_to(line.field)),
            (window.menus.to_search, lambda: _go_to(window.profiles.search)),
            (window.menus.reveal, line.eye.toggle),
            (window.menus.code, self.late.turn_to_code),
            (window.menus.widen, window.widen.toggle),
        ):
            action.triggered.connect(lambda _checked=False, act=act: act())

    def _on_edited(self, part: str, value: Any) -> None:
        opened = self.current
        if part != "secrets" or not self._move_secret(opened, value):
            opened.set_profile(opened.with_parts(**{part: value}))

    def _move_secret(self, opened: OpenProfile, sources: dict[str, SecretSource]) -> bool:
        """Another store for a secret that is kept: moved at once, which is no edit of the connection.

        False where that is none: the profile or the secret was not saved yet, or it is not to be kept at all, which
        removes it when the profile is saved.
        """
        saved = opened.saved
        wanted = msgspec.structs.replace(opened.profile, secrets=sources)
        names = [name for name in opened.secret_names if source_of(wanted, name) != source_of(opened.profile, name)]
        if saved is None or opened.path is None or len(names) != 1:
            return False
        [name] = names
        before, to = source_of(saved, name), source_of(wanted, name)
        typed = opened.secrets.get(name) != opened.saved_secrets.get(name)
        if typed or before != source_of(opened.profile, name) or not {before.place, to.place} <= STORED:
            return False
        profile_id = opened.profile.id

        def moved(outcome: Moved) -> None:
            if outcome.done:
                self.library.change([profile_id], lambda profile: with_source(profile, name, to))
            else:
                self._show_form()

        self.shelf.secrets.move(opened, name, to, moved)
        return True

    def test(self, wrap: Wrap | None = None) -> None:
        """Check what stands there, saved or not; ``wrap`` makes another check of the usual one."""
        opened = self.current
        if not opened.text:
            self.window.connection.field.setFocus()
            self.window.connection.said.show_hint(
                "Paste or type a connection string first, for example localhost:27017."
            )
            return
        self._with_secrets(
            opened,
            lambda: self.consents.before_test(opened, lambda secrets: self._begin_test(opened, secrets, wrap)),
        )

    def _with_secrets(self, opened: OpenProfile, act: Callable[[], object]) -> None:
        """Secrets that are being looked up are waited for, unless somebody is impatient."""
        if not self.shelf.secrets.once_looked_up(opened, act) and opened is self.current:
            self.window.say("The keyring is asked for the password first.")

    def _watch_several(self, ids: list[str]) -> None:
        for one in ids:
            self.choose(one)
            if self.current.profile.id == one and not self.watching.is_watched(self.current):
                self.watching.toggle()

    def _begin_test(self, opened: OpenProfile, secrets: Secrets, wrap: Wrap | None) -> None:
        if self._open.get(opened.profile.id) is not opened:
            return  # deleted while it was asked about
        if self._turned_to_history:
            self._turned_to_history = False
            if self.window.results.current_name == "history":
                self.window.results.setCurrentWidget(self.window.servers)
        opened.test(secrets, wrap)
        assert opened.line is not None
        self.pump.wire(opened.line)
        self.pump.kick()

    def stop(self) -> None:
        """End the check in front."""
        self.current.stop()

    # ------------------------------------------------------------ the window shows

    def _on_changed(self, opened: OpenProfile, origin: Origin) -> None:
        self._show_row(opened)
        if opened is not self.current:
            return
        window = self.window
        if origin is not Origin.TEXT:
            window.connection.field.show_plain(opened.text)
        window.connection.show_mistakes(opened.mistakes)
        if window.name.text().strip() != opened.profile.name:
            window.name.setText(opened.profile.name)
            window.name.setCursorPosition(0)
        window.unsaved.setVisible(opened.unsaved)
        window.banner.show_stale(opened.stale)
        self._show_health(opened)
        window.save.setVisible(opened.unsaved)
        window.revert.setVisible(opened.unsaved and opened.saved is not None)
        self._show_form()
        self.late.show_code()

    def _on_reported(self, opened: OpenProfile) -> None:
        self._show_row(opened)
        if opened.report is not None and not opened.running and opened.take_unrecorded():
            used = {**opened.secrets, **opened.tested_with}
            self.shelf.record(opened.profile, opened.path, used, opened.report)
        if opened is not self.current:
            return
        self._show_form()
        window, report, running = self.window, opened.report, opened.running
        srv_name = opened.profile.seeds.hosts[0] if opened.profile.seeds.srv and opened.profile.seeds.hosts else None
        window.show_results(running or report is not None or opened.profile.id in self.shelf.lasts)
        undecided = running and (report is None or report.verdict is None)
        window.banner.show_report(report, running=undecided, stale=opened.stale)
        window.strip.show_report(report)
        window.diagnosis.show_report(report, running=running)
        window.servers.show_report(report, srv_name=srv_name)
        self._show_health(opened)
        window.connection.show_running(running)
        if report is not None and (report.servers or not running):
            failed = report.verdict is Verdict.FAILED  # then what to do comes first
            window.show_telling_tab(has_servers=bool(report.servers) and not failed)
        self._on_counts(opened)

    def _on_counts(self, opened: OpenProfile) -> None:
        if opened is self.current:
            report: Report | None = opened.report
            self.window.show_counts(
                len(report.findings) if report else 0, len(report.servers) if report else 0, opened.events.kept
            )

    def _show_health(self, opened: OpenProfile) -> None:
        """What the watch says, else what the last check said."""
        if opened is self.current:
            said = health_of(opened.report, running=opened.running, stale=opened.stale)
            self.window.health.show_reading(self.watching.reading(opened) or said)

    def _show_form(self) -> None:
        opened = self.current
        where = self.shelf.secrets.where(opened)
        report = opened.report_with_seeds or opened.report
        state = FormState(opened.profile, dict(opened.secrets), opened.mistakes, where, report)
        self.window.pages.show_state(state)

    def _turn(self) -> None:
        self.window.banner.turn()
        self.window.strip.turn()
        self.window.health.turn()
        self.window.servers.model.repaint_running()
        self.window.profiles.list.viewport().update()

    def remember(self, **values: Any) -> None:
        """Change the program's own settings."""
        self.remembered.change(self.shelf.desk, **values)

    def show_settings(self) -> None:
        """The program's own settings."""
        dialog = SettingsDialog(self.remembered.values, self.window)
        dialog.chosen.connect(self._on_setting)
        dialog.open()

    def _on_setting(self, name: str, value: object) -> None:
        if name == "colours":
            self.window.menus.scheme_chosen.emit(theme.Scheme(value))
        else:
            self.remember(**{name: value})

    # ------------------------------------------------------------ the end

    def close(self) -> bool:
        """End every line; False when one had to be left behind, which ends with the process."""
        if self._closed:
            return True
        self._closed = True
        self.remembered.keep_place(self.window)
        self.watching.close()
        tests = self.batches.close()
        own = [opened.line for opened in self._open.values() if opened.line is not None]
        lines = [self.shelf.desk, *own, *self._gone, *tests]
        for line in lines:
            line.close()
        deadline = QDeadlineTimer(_CLOSING_MS)
        ended = [line.ended_within(max(1, deadline.remainingTime())) for line in lines]
        return all(ended)


def _go_to(field: QLineEdit) -> None:
    field.setFocus()
    field.selectAll()
