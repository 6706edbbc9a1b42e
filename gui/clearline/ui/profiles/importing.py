"""Importing: between the dialog, the files and the disk; also of what is dropped on the window.

What reads the formats is imported when it is first asked for: the window opens without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.profiles.arrangement import folders
from clearline.core.secrets.secret import Secret
from clearline.ui.profiles.from_outside import FromOutside
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from clearline.core.exchange.imported import Imported
    from clearline.core.exchange.planning import PlannedItem
    from clearline.core.exchange.saving import ItemResult
    from clearline.ui.panels.import_dialog import ImportDialog

    _Read = Callable[[Secret | None], Imported]


class Importing(QObject):
    """What the menu's Import does, and files that are dropped on the window."""

    import_ended = Signal(object)
    """The dialog is closed; the ids of the profiles that are new since it was opened."""
    log_given = Signal(object)
    """The path of a file that holds no connections, and may say why one failed."""
    imported = Signal(object)
    """What was saved: a tuple of `ItemResult` with their profiles. They come from outside: the user has not agreed
    to connect to them yet."""

    def __init__(self, window: MainWindow, storage: ProfileStorage, outside: FromOutside) -> None:
        super().__init__(window)
        self._window = window
        self._storage = storage
        self._outside = outside
        self._read: _Read | None = None
        self._generation = 0
        self._new: list[str] = []
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def ask_import(self, paths: Sequence[Path] = ()) -> ImportDialog:
        """Open the import; with files, read them at once."""
        from clearline.ui.panels.import_dialog import ImportDialog

        dialog = ImportDialog(self._window, folders(self._storage.readable.values()))
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

        saved = list(self._storage.readable.values())

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
        folder, saved, vault = self._storage.folder, self._storage.readable, self._storage.vault
        outside = self._outside.kept

        def answered(results: tuple[ItemResult, ...]) -> None:
            if generation == self._generation:
                dialog.show_results(results)
            self._new += [
                r.profile.id for r in results if r.profile is not None and r.outcome is saving.Outcome.IMPORTED
            ]
            self._outside.note(result.profile.id for result in results if result.profile is not None)
            self._storage.load_list()
            self._storage.secrets_moved.emit()
            self.imported.emit(tuple(result for result in results if result.profile is not None))

        self._storage.background.ask(
            lambda: saving.carry_out(planned, choices, folder, saved, vault, outside, into),
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


def _files(event: QDropEvent) -> list[Path]:
    data = event.mimeData()
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []
