"""What happens on the window: who answers to which of its requests. No widget is made here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QDeadlineTimer, QObject, Qt, Signal

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.keyring.vault import Vault
from clearline.core.report.report import Report
from clearline.core.secrets.redaction import MASK
from clearline.core.secrets.secret import PASSWORD, Secret, Secrets
from clearline.paths import agreements_file, secrets_file, unsaved_dir
from clearline.ui.background.messages import Check
from clearline.ui.background.pump import Pump
from clearline.ui.checks.batches import Batches
from clearline.ui.checks.comparing_places import ComparingPlaces
from clearline.ui.checks.consents import Consents
from clearline.ui.checks.explaining import Explaining
from clearline.ui.checks.fixes import Fixes
from clearline.ui.checks.keeping_reports import KeepingReports
from clearline.ui.checks.late_tabs import LateTabs
from clearline.ui.checks.retrying import Retrying, Wrap
from clearline.ui.checks.sending_reports import SendingReports
from clearline.ui.look import theme
from clearline.ui.models.profile_rows import Order
from clearline.ui.profile_in_front import ProfileInFront
from clearline.ui.profiles.exporting import Exporting
from clearline.ui.profiles.file_actions import FileActions
from clearline.ui.profiles.form_edits import FormEdits
from clearline.ui.profiles.from_outside import FromOutside
from clearline.ui.profiles.going_to import GoingTo
from clearline.ui.profiles.importing import Importing
from clearline.ui.profiles.kept_edits import KeptEdits
from clearline.ui.profiles.list_actions import ListActions
from clearline.ui.profiles.no_keyring import NoKeyring
from clearline.ui.profiles.open_profile import OpenProfile, Origin
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.own_dialogs import OwnDialogs
from clearline.ui.profiles.settings import CurrentSettings
from clearline.ui.profiles.shown_rows import ShownRows
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.profiles.unsaved import Unsaved
from clearline.ui.watches.session import OpenWatch
from clearline.ui.watches.watching import Watching
from clearline.ui.window import keyboard
from clearline.ui.window.main_window import MainWindow

_CLOSING_MS: Final = 2500
_ORDERS: Final = {Order.NAME: "name", Order.LAST_TESTED: "last-checked", Order.FAILED_FIRST: "verdict"}

_LEFT_BEHIND = "The test did not end: what the server sent keeps it busy. The next test starts anew."


class Workbench(QObject):
    """Joins the window to what is behind it."""

    broke = Signal(object)
    """A bug, to be shown; carries the exception."""

    def __init__(
        self,
        window: MainWindow,
        pump: Pump,
        check: Check,
        vault: Vault,
        folder: Path,
        settings: CurrentSettings,
        watch: OpenWatch | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.window = window
        self.pump = pump
        self.storage = ProfileStorage(pump, check, vault, folder)
        self._closed = False
        pump.frame.connect(self._turn)
        self.outside = FromOutside(window, self.storage)
        self.importing = Importing(window, self.storage, self.outside)
        self.profiles = profiles = OpenProfiles(
            check,
            pump,
            self.storage,
            self.outside.holds,
            lambda: settings.values.new_secrets,
        )
        self.exporting = Exporting(window, self.storage, profiles)
        self.reports = SendingReports(window, self.storage, profiles)
        self.keeping = KeepingReports(self.storage, profiles)
        self.dialogs = OwnDialogs(window, self.storage.background, settings, self.change_settings)
        self.late = LateTabs(window, self.storage, self.reports, profiles)
        self.unsaved = Unsaved(window, self.storage, profiles)
        self.kept_edits = KeptEdits(window, self.storage, profiles, folder.parent / unsaved_dir().name)
        self.watching = Watching(window, pump, watch, profiles, settings, self.change_settings)
        self.late.outages_of = self.watching.outages
        self.going_to = GoingTo(window, profiles)
        self.retrying = Retrying(window, profiles, self.test)
        self.fixes = Fixes(window, profiles, self.test)
        self.explaining = Explaining(window, self.storage.background, profiles, self.test)
        self.front = ProfileInFront(window, self.storage, profiles, self.watching, self.explaining, self.late)
        self.places = ComparingPlaces(window, self.storage.background, profiles)
        self.list_actions = ListActions(window, self.storage, profiles, self.outside.mark)
        self.form_edits = FormEdits(self.storage, profiles, self.list_actions, self.front.show_form)
        self.files = FileActions(
            window,
            self.storage,
            profiles,
            self.list_actions,
            self.outside.mark,
            self.importing.take_files,
        )
        self.consents = Consents(
            window,
            self.storage.background,
            agreements_file(folder.parent),
            self.outside.holds,
            vault,
        )
        self.no_keyring = NoKeyring(
            window, self.storage, profiles, self.list_actions, folder.parent / secrets_file().name
        )
        self.storage.secrets.kept.connect(self.no_keyring.on_kept)
        self.importing.imported.connect(lambda results: self.no_keyring.on_kept([one.profile for one in results]))
        self.consents.open_file = lambda opened, act: self.no_keyring.open_file(
            lambda: self._with_secrets(opened, act) if opened is not None else act()
        )
        self.batches = Batches(window, profiles, pump, self.storage, check, self.consents.before_tests)
        self.watching.ask_first = lambda opened, begin: self._with_secrets(
            opened, lambda: self.consents.before_test(opened, begin)
        )
        self.rows = ShownRows(
            window.profiles,
            self.storage,
            profiles,
            lambda opened: (self.watching.is_watched(opened), self.watching.verdict(opened)),
        )
        order = next(one for one, name in _ORDERS.items() if name == settings.values.sort_order)
        window.profiles.model.sort(order)
        settings.changed.connect(lambda: theme.keep_still(settings.values.still))
        theme.keep_still(settings.values.still)
        self._on_added(profiles.current)
        self._connect()
        self._on_front_changed(profiles.current)
        self.front.show_passwords()
        self.storage.listed.connect(self._look_for_keyring, Qt.ConnectionType.SingleShotConnection)
        self.storage.listed.connect(window.answer.get_ready, Qt.ConnectionType.SingleShotConnection)

    # ------------------------------------------------------------ profiles

    def new_profile(self) -> None:
        """An empty one in front, with the cursor where one pastes."""
        self.window.profiles.search.clear()  # the new row is to be seen
        self.profiles.new_profile()
        self.window.connection.field.setFocus()

    def save(self) -> None:
        """Save the one in front: to the file it came from, else among the profiles; its secrets to the vault."""
        self.storage.save(self.profiles.current, self.profiles.current.path)

    def _open_recent(self, redacted: str) -> None:
        """A connection string that was tested before; its password has to be typed again."""
        self.new_profile()
        self.profiles.current.set_text(Secret(redacted.replace(f":{MASK}@", "@")), Origin.ELSEWHERE)
        self.window.pages.go_to(PASSWORD)

    def _on_added(self, opened: OpenProfile) -> None:
        opened.changed.connect(lambda origin: self._on_changed(opened, origin))
        opened.reported.connect(lambda: self._on_reported(opened))
        opened.broke.connect(self.broke)
        opened.left_behind.connect(self._on_left_behind)
        opened.events.counts_changed.connect(lambda: self.front.show_counts(opened))
        self.watching.add(opened)

    def _on_left_behind(self, was_checked: bool) -> None:
        if was_checked:
            self.window.say(_LEFT_BEHIND)

    def _on_front_changed(self, opened: OpenProfile) -> None:
        self.window.connection.eye.setChecked(False)
        self.explaining.leave()
        if "events" in self.window.live.views.made_widgets():
            self.window.live.events.show_model(opened.events)
        self._on_changed(opened, Origin.ELSEWHERE)
        self._on_reported(opened)
        self.window.profiles.select(opened.profile.id)
        if opened.report is None and not opened.running and opened.profile.id in self.storage.reports.lasts:
            self.window.turn_to("history")  # there is nothing else to see of it yet
        if opened.profile.seeds.srv and not opened.earlier and opened.profile.id in self.storage.reports.lasts:
            self.storage.reports.of_profile(opened.profile.id, lambda reports: self._on_earlier(opened, reports))
        self.late.show()
        self.watching.show()
        self.window.answer.show_whole()

    def _on_live_view_made(self, name: str) -> None:
        if name == "events":
            events = self.window.live.events
            events.use(self.storage.background)
            events.save_failed.connect(self.window.say)
            events.saved.connect(self.window.say)
            events.show_model(self.profiles.current.events)

    def _on_recorded(self, profile_id: str) -> None:
        self.rows.show_recorded(profile_id)
        if profile_id == self.profiles.current.profile.id:
            self.late.show()

    def _on_watched(self, opened: OpenProfile) -> None:
        if opened is self.profiles.current:
            self.late.show()

    def _on_outage_explained(self, opened: OpenProfile, report: Report) -> None:
        self.keeping.keep_outage(opened, report)
        self._on_watched(opened)

    def _on_outage_recorded(self, profile_id: str) -> None:
        if profile_id == self.profiles.current.profile.id:
            self.late.show()

    def _on_earlier(self, opened: OpenProfile, reports: tuple[Report, ...]) -> None:
        opened.earlier = (*opened.earlier, *reports)
        if opened is self.profiles.current:
            self.front.show_form()

    # ------------------------------------------------------------ the window asks

    def _connect(self) -> None:
        self._connect_window()
        self._connect_rooms()

    def _connect_window(self) -> None:
        window = self.window
        window.profiles.chosen.connect(self.profiles.choose)
        window.profiles.new_requested.connect(self.new_profile)
        window.save.clicked.connect(self.save)
        window.revert.clicked.connect(lambda: self.profiles.current.revert())
        window.may_close = self.unsaved.may_close
        window.name.textEdited.connect(lambda name: self.profiles.current.rename(name.strip()))
        line = window.connection
        line.field.edited.connect(lambda plain: self.profiles.current.set_text(plain))
        line.field.returnPressed.connect(self.test)
        line.field.error_pasted.connect(self.explaining.ask)
        line.field.file_pasted.connect(self.explaining.ask_file)
        line.test_requested.connect(self.test)
        line.stop_requested.connect(self.stop)
        line.copy_requested.connect(self.reports.copy_text)
        window.pages.use(self.storage.background)
        window.pages.edited.connect(self.form_edits.edit)
        window.pages.secret_edited.connect(lambda name, secret: self.profiles.current.set_secret(name, secret))
        window.pages.repair_requested.connect(self.fixes.repair)
        window.pages.submitted.connect(self.test)
        window.pages.text_entered.connect(lambda plain: self.profiles.current.set_text(plain, Origin.ELSEWHERE))
        line.repair_requested.connect(self.fixes.repair)
        line.said.look_ahead = lambda mistake: self.fixes.outcome(mistake)
        banner = window.answer.banner
        banner.copy_requested.connect(self.reports.copy_report)
        banner.watch_requested.connect(window.watch.click)
        banner.code_requested.connect(self.late.turn_to_code)
        window.answer.remedy_chosen.connect(self.fixes.apply)
        window.answer.note_requested.connect(self.reports.copy_note)
        window.answer.welcome.import_requested.connect(lambda: self.importing.ask_import())
        window.live.views.made.connect(self._on_live_view_made)
        window.profiles.import_requested.connect(lambda: self.importing.ask_import())
        window.closing.connect(self.close)

    def _connect_rooms(self) -> None:
        """What those that act tell, and to whom."""
        self.importing.log_given.connect(self.explaining.ask_file)
        self.watching.row_changed.connect(self.rows.show_one)
        self.watching.row_changed.connect(self._on_watched)
        self.watching.outage_explained.connect(self._on_outage_explained)
        self.watching.health_changed.connect(self.front.show_health)
        self.watching.broke.connect(self.broke)
        self.watching.chart_drawn.connect(self.storage.reports.write_chart)
        self.storage.reports.recorded.connect(self._on_recorded)
        self.storage.reports.outage_recorded.connect(self._on_outage_recorded)
        self.storage.secrets_moved.connect(self.front.show_form)
        self.storage.secrets_moved.connect(self.front.show_passwords)
        self.storage.problem.connect(self.window.say)
        self.storage.broke.connect(self.broke)
        self.batches.broke.connect(self.broke)
        profiles = self.profiles
        profiles.added.connect(self._on_added)
        profiles.front_changed.connect(self._on_front_changed)
        profiles.closed.connect(self.watching.remove)
        profiles.recent_chosen.connect(self._open_recent)
        actions = self.list_actions
        actions.list_changed.connect(self.rows.show)
        actions.test_requested.connect(self._test_several)
        actions.watch_requested.connect(self._watch_several)
        actions.export_requested.connect(self.exporting.ask_export)
        self.importing.import_ended.connect(actions.offer_to_take_back)
        actions.order_changed.connect(lambda order: self.change_settings(sort_order=_ORDERS[order]))

    def test(self, wrap: Wrap | None = None) -> None:
        """Check what stands there, saved or not; ``wrap`` makes another check of the usual one."""
        opened = self.profiles.current
        if not opened.text:
            self.window.ask_for_text()
            return
        self._with_secrets(
            opened,
            lambda: self.consents.before_test(opened, lambda secrets: self._begin_test(opened, secrets, wrap)),
        )

    def _with_secrets(self, opened: OpenProfile, act: Callable[[], object]) -> None:
        """Secrets that are being looked up are waited for, unless the user is impatient."""
        if not self.storage.secrets.once_looked_up(opened, act) and opened is self.profiles.current:
            self.window.say("The keyring is asked for the password first.")

    def _test_several(self, ids: list[str]) -> None:
        if len(ids) == 1:
            self.profiles.choose(ids[0])
            if self.profiles.current.profile.id == ids[0]:
                self.test()
        elif ids:
            self.batches.test(ids)

    def _watch_several(self, ids: list[str]) -> None:
        for one in ids:
            self.profiles.choose(one)
            if self.profiles.current.profile.id == one and not self.watching.is_watched(self.profiles.current):
                self.watching.toggle()

    def _begin_test(self, opened: OpenProfile, secrets: Secrets, wrap: Wrap | None) -> None:
        if self.profiles.opened(opened.profile.id) is not opened:
            return  # deleted while it was asked about
        self.window.turn_to("answer")
        self.explaining.leave()
        opened.test(secrets, wrap)
        assert opened.worker is not None
        self.pump.wire(opened.worker)
        self.pump.kick()

    def stop(self) -> None:
        """End the check in front."""
        self.profiles.current.stop()

    def step_back(self) -> None:
        """What Escape means: end the check that runs, else close what is nearest."""
        if self.profiles.current.running:
            self.stop()
        else:
            keyboard.step_back(self.window)

    def do_next(self) -> None:
        """Press the one filled button: what the page proposes, a repair of the text with a test after it, else Test."""
        button = self.window.next_step
        if button is None:
            self.test()
            return
        button.click()
        if button is self.window.connection.said.repair and self.window.connection.said.next_step is None:
            self.test()

    # ------------------------------------------------------------ the window shows

    def _on_changed(self, opened: OpenProfile, origin: Origin) -> None:
        self.rows.show_one(opened)
        self.front.show_edited(opened, origin)

    def _on_reported(self, opened: OpenProfile) -> None:
        self.rows.show_one(opened)
        if opened.report is not None and not opened.running and opened.take_unrecorded():
            self.keeping.keep(opened, opened.report)
        self.front.show_report(opened)

    def _look_for_keyring(self) -> None:
        """What is said of passwords holds on this computer, before the first one is typed."""

        def found(lacking: bool) -> None:
            if lacking:
                self.storage.secrets_moved.emit()

        self.storage.background.ask(lambda: run_in_daemon(self.storage.vault.lacks_keyring), found)

    def _turn(self) -> None:
        self.window.answer.turn()
        self.window.health.turn()
        self.window.profiles.list.viewport().update()

    def change_settings(self, **values: Any) -> None:
        """Change the program's own settings."""
        self.settings.change(self.storage.background, **values)

    # ------------------------------------------------------------ the end

    def close(self) -> bool:
        """End every worker; False when one had to be left behind, which ends with the process."""
        if self._closed:
            return True
        self._closed = True
        self.settings.keep_place(self.window)
        self.watching.close()
        tests = self.batches.close()
        workers = [self.storage.background, *self.profiles.workers(), *tests]
        for worker in workers:
            worker.close()
        deadline = QDeadlineTimer(_CLOSING_MS)
        ended = [worker.ended_within(max(1, deadline.remainingTime())) for worker in workers]
        self.kept_edits.close(keep=not self.unsaved.settled)
        self.pump.stop()
        return all(ended)
