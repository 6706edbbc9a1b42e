"""What happens on the window: profiles are opened, edited, tested and saved. No widget is made here."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QDeadlineTimer, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLineEdit

from clearline.core import report as reports
from clearline.core import report_markdown
from clearline.core.network_note import network_note
from clearline.core.profile import Profile
from clearline.core.report import Finding, Report
from clearline.core.secrets import PASSWORD, Secrets
from clearline.core.vault import Vault
from clearline.ui.fixes import Fixes
from clearline.ui.forms.page import FormState
from clearline.ui.line_messages import Check
from clearline.ui.main_window import MainWindow
from clearline.ui.models.profiles import ProfileRow
from clearline.ui.open_profile import OpenProfile, Origin
from clearline.ui.panels.health import health_of
from clearline.ui.pump import Pump
from clearline.ui.shelf import Shelf

_CLOSING_MS: Final = 2500
_FILES: Final = "Clearline profiles (*.json);;All files (*)"


class Workbench(QObject):
    """The open profiles and the one in front; answers to the window's requests."""

    broke = Signal(object)
    """A bug, to be shown; carries the exception."""

    def __init__(self, window: MainWindow, pump: Pump, check: Check, vault: Vault, folder: Path) -> None:
        super().__init__()
        self.window = window
        self.pump = pump
        self.shelf = Shelf(pump, check, vault, folder)
        self._check = check
        self._open: dict[str, OpenProfile] = {}
        self._closed = False
        pump.frame.connect(self._turn)
        self.current = self._add(OpenProfile(check, Profile()))
        self.fixes = Fixes(window, lambda: self.current, self.test)
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
            if path is not None:
                self.shelf.look_up_secrets(opened)
        for name, secret in (secrets or {}).items():
            opened.set_secret(name, secret, Origin.ELSEWHERE)
        self._bring_to_front(opened)
        return opened

    def new_profile(self) -> None:
        """An empty one, with the cursor where one pastes."""
        blank = next((o for o in self._open.values() if not o.unsaved and o.path is None), None)
        self._bring_to_front(blank or self._add(OpenProfile(self._check, Profile())))
        self.window.connection.field.setFocus()

    def save(self) -> None:
        """Save the one in front: to the file it came from, else among the profiles; its secrets to the vault."""
        self.shelf.save(self.current, self.current.path)

    def save_as(self) -> None:
        """Ask for a file and save to it."""
        name = self.current.path or self.shelf.folder / f"{self.current.profile.name or 'connection'}.json"
        dialog = QFileDialog(self.window, "Save profile as", str(name), _FILES)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self.shelf.save(self.current, Path(chosen)))
        dialog.open()

    def ask_open(self) -> None:
        """Ask for a file and open it."""
        dialog = QFileDialog(self.window, "Open profile", "", _FILES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self.shelf.load(Path(chosen)))
        dialog.open()

    def _show_list(self) -> None:
        rows = []
        listed = set()
        for stored in self.shelf.stored:
            profile = stored.profile or Profile(id=f"file:{stored.path}")
            listed.add(profile.id)
            opened = self._open.get(profile.id)
            if opened is not None:
                rows.append(_row(opened))
            else:
                rows.append(ProfileRow(profile, stored.path, problem=str(stored.problem or "")))
        new = [_row(o) for i, o in self._open.items() if i not in listed and (o.unsaved or o.path or o.report)]
        self.window.profiles.model.show([*new, *rows])
        self.window.profiles.select(self.current.profile.id)

    def _choose(self, profile_id: str) -> None:
        if profile_id in self._open:
            self._bring_to_front(self._open[profile_id])
            return
        for stored in self.shelf.stored:
            if stored.profile is not None and stored.profile.id == profile_id:
                self.open_profile(stored.profile, path=stored.path)
            elif stored.problem is not None and f"file:{stored.path}" == profile_id:
                self.window.say(str(stored.problem))

    def _add(self, opened: OpenProfile) -> OpenProfile:
        self._open[opened.profile.id] = opened
        opened.changed.connect(lambda origin: self._on_changed(opened, origin))
        opened.reported.connect(lambda: self._on_reported(opened))
        opened.broke.connect(self.broke)
        opened.events.counts_changed.connect(lambda: self._on_counts(opened))
        self.pump.add(opened.pull, lambda: opened.running)
        return opened

    def _bring_to_front(self, opened: OpenProfile) -> None:
        self.current = opened
        self.window.connection.eye.setChecked(False)
        self.window.events.show_model(opened.events)
        self._on_changed(opened, Origin.ELSEWHERE)
        self._on_reported(opened)

    # ------------------------------------------------------------ the window asks

    def _connect(self) -> None:
        window = self.window
        window.profiles.chosen.connect(self._choose)
        window.profiles.new_requested.connect(self.new_profile)
        window.name.textEdited.connect(lambda name: self.current.rename(name.strip()))
        line = window.connection
        line.field.edited.connect(lambda plain: self.current.set_text(plain))
        line.field.returnPressed.connect(self.test)
        line.test_requested.connect(self.test)
        line.stop_requested.connect(self.stop)
        line.copy_requested.connect(self.copy_text)
        window.pages.use(self.shelf.desk)
        window.pages.edited.connect(
            lambda part, value: self.current.set_profile(self.current.with_parts(**{part: value}))
        )
        window.pages.secret_edited.connect(lambda name, secret: self.current.set_secret(name, secret))
        window.pages.repair_requested.connect(self.fixes.repair)
        window.pages.submitted.connect(self.test)
        line.repair_requested.connect(self.fixes.repair)
        window.banner.remedy_chosen.connect(self.fixes.apply)
        window.banner.copy_requested.connect(self.copy_report)
        window.diagnosis.remedy_chosen.connect(self.fixes.apply)
        window.diagnosis.note_requested.connect(self.copy_note)
        window.events.save_failed.connect(window.say)
        window.closing.connect(self.close)
        shelf = self.shelf
        shelf.listed.connect(self._show_list)
        shelf.loaded.connect(lambda profile, path: self.open_profile(profile, path=path))
        shelf.saved.connect(lambda path: window.say(f"Saved {path.name}."))
        shelf.secrets_moved.connect(self._show_form)
        shelf.problem.connect(window.say)
        shelf.broke.connect(self.broke)
        for action, act in (
            (window.menus.new, self.new_profile),
            (window.menus.open, self.ask_open),
            (window.menus.save, self.save),
            (window.menus.save_as, self.save_as),
            (window.menus.quit, window.close),
            (window.menus.test, self.test),
            (window.menus.stop, self.stop),
            (window.menus.copy_text, self.copy_text),
            (window.menus.copy_report, self.copy_report),
            (window.menus.to_text, lambda: _go_to(line.field)),
            (window.menus.to_search, lambda: _go_to(window.profiles.search)),
            (window.menus.reveal, line.eye.toggle),
        ):
            action.triggered.connect(lambda _checked=False, act=act: act())

    def test(self) -> None:
        """Check what stands there, saved or not."""
        opened = self.current
        if not opened.text:
            self.window.connection.field.setFocus()
            self.window.connection.said.show_hint(
                "Paste or type a connection string first, for example localhost:27017."
            )
            return
        opened.test()
        assert opened.line is not None
        self.pump.wire(opened.line)
        self.pump.kick()

    def stop(self) -> None:
        """End the check in front."""
        self.current.stop()

    def copy_text(self) -> None:
        """The connection string in front, without its secrets."""
        QGuiApplication.clipboard().setText(self.current.redacted)
        self.window.say("Copied without secrets.")

    def copy_report(self, form: str = "markdown") -> None:
        """The report in front."""
        report = self.current.report
        if report is None:
            self.window.say("There is no report yet.")
            return
        QGuiApplication.clipboard().setText(
            reports.to_json(report) if form == "json" else report_markdown.to_markdown(report)
        )
        self.window.say("Report copied.")

    def copy_note(self, finding: Finding) -> None:
        """A message about one finding, for the people who run the network."""
        if self.current.report is not None:
            QGuiApplication.clipboard().setText(network_note(self.current.report, finding))
            self.window.say("Message copied.")

    # ------------------------------------------------------------ the window shows

    def _on_changed(self, opened: OpenProfile, origin: Origin) -> None:
        if opened is not self.current:
            return
        window = self.window
        if origin is not Origin.TEXT:
            window.connection.field.show_plain(opened.text)
        window.connection.show_mistakes(opened.mistakes)
        if window.name.text().strip() != opened.profile.name:
            window.name.setText(opened.profile.name)
        window.unsaved.setVisible(opened.unsaved)
        window.banner.show_stale(opened.stale)
        window.health.show_reading(health_of(opened.report, running=opened.running, stale=opened.stale))
        self._show_form()
        self._show_list()

    def _on_reported(self, opened: OpenProfile) -> None:
        self._show_list()
        if opened is not self.current:
            return
        self._show_form()
        window, report, running = self.window, opened.report, opened.running
        srv_name = opened.profile.seeds.hosts[0] if opened.profile.seeds.srv and opened.profile.seeds.hosts else None
        window.show_results(running or report is not None)
        undecided = running and (report is None or report.verdict is None)
        window.banner.show_report(report, running=undecided, stale=opened.stale)
        window.strip.show_report(report)
        window.diagnosis.show_report(report, running=running)
        window.servers.show_report(report, srv_name=srv_name)
        window.health.show_reading(health_of(report, running=running, stale=opened.stale))
        window.connection.show_running(running)
        if report is not None and (report.servers or not running):
            window.show_telling_tab(has_servers=bool(report.servers))
        self._on_counts(opened)

    def _on_counts(self, opened: OpenProfile) -> None:
        if opened is self.current:
            report: Report | None = opened.report
            self.window.show_counts(
                len(report.findings) if report else 0, len(report.servers) if report else 0, opened.events.kept
            )

    def _show_form(self) -> None:
        opened = self.current
        where = {PASSWORD: self.shelf.where_password(opened)}
        state = FormState(opened.profile, dict(opened.secrets), opened.mistakes, where, opened.report)
        self.window.pages.show_state(state)

    def _turn(self) -> None:
        self.window.banner.turn()
        self.window.strip.turn()
        self.window.health.turn()
        self.window.servers.model.repaint_running()
        self.window.profiles.list.viewport().update()

    # ------------------------------------------------------------ the end

    def close(self) -> bool:
        """End every line; False when one had to be left behind, which ends with the process."""
        if self._closed:
            return True
        self._closed = True
        lines = [self.shelf.desk, *(o.line for o in self._open.values() if o.line is not None)]
        for line in lines:
            line.close()
        deadline = QDeadlineTimer(_CLOSING_MS)
        ended = [line.ended_within(max(1, deadline.remainingTime())) for line in lines]
        return all(ended)


def _go_to(field: QLineEdit) -> None:
    field.setFocus()
    field.selectAll()


def _row(opened: OpenProfile) -> ProfileRow:
    return ProfileRow(
        opened.profile, opened.path, verdict=opened.verdict, unsaved=opened.unsaved, running=opened.running
    )
