"""Import, export and copying for others: between the dialogs, the disk and the keyring.

What reads and writes the formats is imported when it is first asked for: the window opens without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QStandardPaths, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.drives import FOLDER_S, NoAnswer, asked, waited_for
from clearline.core.exchange import portable
from clearline.core.exchange.outside import FILE_NAME, Outside
from clearline.core.keyring.patient_vault import PatientVault
from clearline.core.profiles.arrangement import folders
from clearline.core.profiles.profile import Profile
from clearline.core.profiles.secret_places import secret_names
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, PASSWORD, Secret, Secrets
from clearline.paths import portable_dir
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from clearline.core.exchange.imported import Imported
    from clearline.core.exchange.planning import PlannedItem
    from clearline.core.exchange.saving import ItemResult
    from clearline.ui.panels.export_dialog import ExportDialog
    from clearline.ui.panels.import_dialog import ImportDialog

    _Read = Callable[[Secret | None], Imported]


_FRAME_S: Final = 0.01
"""What the window may wait for."""


class Sharing(QObject):
    """What the menus' Import, Export and Copy as do, and files that are dropped on the window."""

    import_ended = Signal(object)
    """The dialog is closed; the ids of the profiles that are new since it was opened."""
    log_given = Signal(object)
    """The path of a file that holds no connections, and may say why one failed."""
    imported = Signal(object)
    """What was saved: a tuple of `ItemResult` with their profiles. They come from outside: the user has not agreed
    to connect to them yet."""

    def __init__(self, window: MainWindow, storage: ProfileStorage, profiles: OpenProfiles) -> None:
        super().__init__(window)
        self._window = window
        self._storage = storage
        self._profiles = profiles
        self._read: _Read | None = None
        self._generation = 0
        self._new: list[str] = []
        self._outside = Outside(storage.folder.parent / FILE_NAME)
        self._from_outside: frozenset[str] = frozenset()
        self._foreign_copy = portable_dir() is not None
        """Until the user has agreed to this portable copy here, all that it carries may be written by others."""
        self._look_up_origins()
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    # ------------------------------------------------------------ import

    def is_from_outside(self, profile_id: str) -> bool:
        """Whether a saved profile was written by others: imported, or a link that leads out of the folder."""
        place = self._storage.listing.places.get(profile_id)
        linked = place is not None and not self._storage.listing.rows[place].own
        return self._foreign_copy or linked or profile_id in self._from_outside

    def mark_from_outside(self, profile_ids: Sequence[str]) -> None:
        """These are saved now and come from elsewhere: also the next session asks before it connects."""
        new = frozenset(profile_ids) - self._from_outside
        if new:
            self._from_outside |= new
            self._storage.background.ask(
                lambda: run_in_daemon(self._outside.mark, new), lambda _nothing: None, self._not_noted
            )

    def _not_noted(self, error: Exception) -> None:
        if isinstance(error, OSError):
            self._window.say(f"It could not be noted that this comes from elsewhere: {error.strerror}.")
        else:
            self._storage.broke.emit(error)

    def _look_up_origins(self) -> None:
        def found(ids: frozenset[str]) -> None:
            self._from_outside |= ids

        self._storage.background.ask(lambda: run_in_daemon(self._outside.ids), found, self._storage.broke.emit)
        if self._foreign_copy:
            self._storage.background.ask(
                lambda: run_in_daemon(portable.is_foreign_copy), self._ask_about_copy, self._storage.broke.emit
            )

    def _ask_about_copy(self, foreign: bool) -> None:
        self._foreign_copy = foreign
        if foreign:
            self._window.offer(
                "This copy of Clearline brought its profiles along. Until you say that they are yours, each asks before"
                " it does what others could have written.",
                (("They are mine", self._trust_copy),),
            )

    def _trust_copy(self) -> None:
        def trusted(_nothing: None) -> None:
            self._foreign_copy = False

        self._storage.background.ask(lambda: run_in_daemon(portable.trust_this_copy), trusted, self._not_noted)

    def ask_import(self, paths: Sequence[Path] = ()) -> ImportDialog:
        """Open the import; with files, read them at once."""
        from clearline.ui.panels.import_dialog import ImportDialog

        dialog = ImportDialog(self._window, folders(self._saved.values()))
        dialog.files_chosen.connect(lambda chosen: self._read_files(dialog, chosen))
        dialog.text_given.connect(lambda text: self._read_text(dialog, text))
        dialog.passphrase_given.connect(lambda passphrase: self._ask(dialog, passphrase))
        dialog.import_requested.connect(lambda: self._carry_out(dialog))
        dialog.finished.connect(self._forget)
        dialog.open()
        if paths:
            self._read_files(dialog, list(paths))
        return dialog

    def _read_files(self, dialog: ImportDialog, paths: list[Path]) -> None:
        from clearline.core.exchange import reading

        self._read = lambda passphrase: reading.read_files(paths, passphrase)
        dialog.show_reading(str(paths[0]) if len(paths) == 1 else f"{len(paths):,} files")
        self._ask(dialog, None)

    def _read_text(self, dialog: ImportDialog, text: str) -> None:
        from clearline.core.exchange import reading

        pasted = Secret(text)  # it may hold passwords
        self._read = lambda passphrase: reading.read_text(pasted.reveal(), passphrase)
        dialog.show_reading("from the clipboard")
        self._ask(dialog, None)

    def _ask(self, dialog: ImportDialog, passphrase: Secret | None) -> None:
        from clearline.core.exchange.imported import ImportProblem
        from clearline.core.exchange.planning import plan

        read = self._read
        if read is None:
            return
        self._generation += 1
        generation = self._generation
        dialog.show_reading(dialog.source.text())

        saved = list(self._saved.values())

        def read_and_planned() -> tuple[Imported, tuple[PlannedItem, ...]]:
            imported = read(passphrase)
            return imported, plan(imported.items, saved)

        def answered(both: tuple[Imported, tuple[PlannedItem, ...]]) -> None:
            if generation == self._generation:
                dialog.show_plan(*both)

        def failed(error: Exception) -> None:
            if isinstance(error, ImportProblem):
                if generation == self._generation:
                    dialog.show_problem(error)
            else:
                self._storage.broke.emit(error)

        self._storage.background.ask(lambda: run_in_daemon(read_and_planned), answered, failed)

    def _carry_out(self, dialog: ImportDialog) -> None:
        from clearline.core.exchange import saving

        generation = self._generation
        planned, choices, into = dialog.model.planned, dialog.model.choices, dialog.model.into
        folder, saved, vault = self._storage.folder, self._saved, self._storage.vault

        def answered(results: tuple[ItemResult, ...]) -> None:
            if generation == self._generation:
                dialog.show_results(results)
            self._new += [
                r.profile.id for r in results if r.profile is not None and r.outcome is saving.Outcome.IMPORTED
            ]
            self._from_outside |= {result.profile.id for result in results if result.profile is not None}
            self._storage.load_list()
            self._storage.secrets_moved.emit()
            self.imported.emit(tuple(result for result in results if result.profile is not None))

        self._storage.background.ask(
            lambda: saving.carry_out(planned, choices, folder, saved, vault, self._outside, into),
            answered,
            self._storage.broke.emit,
        )

    def _forget(self) -> None:
        """The dialog is gone, and with it what was read and whatever is still being read."""
        self._read = None
        self._generation += 1
        new, self._new = self._new, []
        if new:
            self.import_ended.emit(new)

    @property
    def _saved(self) -> dict[Path, Profile]:
        return {stored.path: stored.profile for stored in self._storage.stored if stored.profile is not None}

    # ------------------------------------------------------------ export

    def ask_export(self, ids: Sequence[str] = ()) -> ExportDialog:
        """Open the export with these ticked, or without any the one in front."""
        from clearline.ui.panels.export_dialog import ExportDialog

        front = self._profiles.current
        profiles = {profile.id: profile for profile in self._saved.values()}
        exportable = bool(front.profile.seeds.hosts)
        if exportable:
            profiles = {front.profile.id: front.profile} | profiles | {front.profile.id: front.profile}
        current = front.profile.id if exportable else None
        ticked = tuple(ids) or ((current,) if current else tuple(profiles))
        documents = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation) or ".")
        folder = documents if _is_there(documents) else Path.home()
        dialog = ExportDialog(tuple(profiles.values()), ticked, current, folder, self._window)
        dialog.export_requested.connect(lambda: self._export(dialog))
        dialog.open()
        return dialog

    def _export(self, dialog: ExportDialog) -> None:
        from clearline.core.exchange import ours

        path, passphrase, profiles = dialog.path, dialog.given_passphrase, dialog.chosen
        assert path is not None
        front = self._profiles.current
        in_front = {front.profile.id: dict(front.secrets)}
        with_secrets = dialog.with_secrets
        open_dialog = [dialog]
        dialog.finished.connect(open_dialog.clear)

        may_replace = dialog.may_replace == path

        async def write() -> None:
            if not may_replace and await asked(path, path.exists):
                raise FileExistsError
            secrets = (
                {p.id: await self._secrets_of(p, in_front.get(p.id, {})) for p in profiles} if with_secrets else {}
            )
            await asked(path, ours.write, profiles, path, secrets, passphrase, limit_s=FOLDER_S)

        def answered(_nothing: None) -> None:
            self._window.say(f"Exported to {path.name}.")
            for one in open_dialog[:]:
                one.accept()

        def failed(error: Exception) -> None:
            if isinstance(error, FileExistsError) and open_dialog:
                self._ask_to_replace(open_dialog[0], path)
                return
            if isinstance(error, OSError):
                said = f"{path.name}: {error.strerror or 'it exists already'}"
            elif isinstance(error, ours.NotExported):
                said = str(error)
            else:
                self._storage.broke.emit(error)
                return
            if open_dialog:
                open_dialog[0].show_failure(said)
            else:
                self._window.say(said)

        self._storage.background.ask(write, answered, failed)

    def _ask_to_replace(self, dialog: ExportDialog, path: Path) -> None:
        from clearline.ui.widgets.questions import Question

        def replace() -> None:
            dialog.may_replace = path
            self._export(dialog)

        words = f"{path.name} exists. What it holds now will be gone."
        Question(dialog, "Replace the file", words, (("Replace", replace), ("Cancel", tuple)), primary=1).open()
        dialog.show_failure("")

    async def _secrets_of(self, profile: Profile, known: Secrets) -> Secrets:
        """A profile's secrets, without asking the keyring for what it cannot have."""
        names = [name for name in secret_names(profile) if name != PASSWORD or profile.auth.user is not None]
        names += [name for name, value in profile.auth.properties.items() if not value and name != AWS_SESSION_TOKEN]
        missing = [name for name in dict.fromkeys(names) if name not in known]
        return {**await PatientVault(self._storage.vault).secrets_of(profile.id, missing), **known}

    # ------------------------------------------------------------ copy

    def copy_with_placeholder(self) -> None:
        """The connection string in front with ``<password>``."""
        from clearline.core.exchange import uri_copy

        front = self._profiles.current
        self._copy(uri_copy.with_placeholder(front.profile, front.secrets), "Copied with placeholders.")

    def copy_with_variables(self) -> None:
        """The connection string in front with ``${MONGODB_PASSWORD}``."""
        from clearline.core.exchange import uri_copy

        front = self._profiles.current
        self._copy(uri_copy.with_variables(front.profile, front.secrets), "Copied with variables.")

    def copy_with_password(self) -> None:
        """The connection string in front as it is, after a question where there is a secret in it."""
        from clearline.core.exchange import uri_copy

        front = self._profiles.current
        if not front.secrets:
            self._copy(uri_copy.with_secrets(front.profile, {}), "Copied. There is no password in it.")
            return
        from clearline.ui.widgets.questions import Question

        text = Secret(uri_copy.with_secrets(front.profile, front.secrets))
        Question(
            self._window,
            "Copy with the password",
            "Copy the connection string with its password?\n\n"
            "Every program on this computer can read the clipboard, and some keep its history.",
            (
                ("Copy with the password", lambda: self._copy(text.reveal(), "Copied with the password.")),
                ("Cancel", tuple),
            ),
            primary=1,
        ).open()

    def _copy(self, text: str, said: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._window.say(said)

    # ------------------------------------------------------------ files dropped on the window

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take files that are dropped anywhere on the window."""
        if isinstance(event, QDragEnterEvent) and _files(event):
            event.acceptProposedAction()
            return True
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop and (files := _files(event)):
            event.acceptProposedAction()
            self.take_files(files)
            return True
        return super().eventFilter(watched, event)

    def take_files(self, paths: Sequence[Path]) -> None:
        """Open those that are profiles, import the others; one that holds no connection is a log to be explained."""
        from clearline.core.exchange import reading

        def sorted_out() -> tuple[list[Path], list[Path], bool]:
            profiles = [path for path in paths if reading.is_one_profile(path)]
            others = [path for path in paths if path not in profiles]
            return profiles, others, len(paths) == len(others) == 1 and reading.is_log(others[0])

        def answered(sorts: tuple[list[Path], list[Path], bool]) -> None:
            profiles, others, is_log = sorts
            for path in profiles:
                self._storage.load(path)
            if is_log:
                self.log_given.emit(others[0])
            elif others:
                self.ask_import(others)

        self._storage.background.ask(lambda: run_in_daemon(sorted_out), answered, self._storage.broke.emit)


def _is_there(folder: Path) -> bool:
    """Whether a folder exists, as far as that is known in less than a frame: it may be on a drive that is away."""
    try:
        return waited_for(folder, folder.is_dir, limit_s=_FRAME_S)
    except NoAnswer:
        return False


def _files(event: QDropEvent) -> list[Path]:
    data = event.mimeData()
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []
