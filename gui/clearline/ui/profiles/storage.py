"""Where profiles are kept, as the window uses it; disk and keyring are never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.files.drives import FOLDER_S, NoAnswer, asked
from clearline.core.keyring.vault import Vault
from clearline.core.profiles.profile import Profile
from clearline.core.profiles.secret_places import secret_names
from clearline.core.report.history import History
from clearline.core.storage import store, trash
from clearline.core.storage.folder_watch import Changes, FolderWatch
from clearline.core.storage.profile_file import ChangedOnDisk, ProfileProblem
from clearline.obstacles import unwritable
from clearline.ui.background.messages import Answer, Broken, Check
from clearline.ui.background.pump import Pump
from clearline.ui.background.worker import Worker
from clearline.ui.profiles.listing import Lister, Listing
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.profiles.report_storage import ReportStorage
from clearline.ui.profiles.secret_storage import SecretStorage

T = TypeVar("T")

_LOOK_AGAIN_S: Final = 3.0
"""Editors that write into a file leave no trace in its folder's own time, so it is looked at now and then."""
_SETTLE_MS: Final = 100
_FILE_S: Final = 1.0
"""What each of many files may take beside the first."""


class ProfileStorage(QObject):
    """Reads and writes for the window; every answer comes as a signal."""

    listed = Signal()
    """`listing` is new."""
    loaded = Signal(object, object)
    """A file was read because the user asked for it: the profile and its path."""
    reread = Signal(object, object)
    """A file that lies elsewhere has changed: what it holds now, None when it is gone, and its path."""
    saved = Signal(object)
    """A profile was written; carries its path."""
    conflict = Signal(object, object)
    """An `OpenProfile` was not saved, because its file holds something else by now: the `ChangedOnDisk`."""
    secrets_moved = Signal()
    """The vault has given or taken secrets: where they are may be another place now."""
    problem = Signal(str)
    """What the disk refused, in words for the user."""
    broke = Signal(object)
    """A bug; carries the exception."""

    def __init__(self, pump: Pump, check: Check, vault: Vault, folder: Path) -> None:
        super().__init__()
        self.vault = vault
        self.folder = folder
        self.trash = folder.parent / "trash"
        history = History(folder.parent / "history")
        self.listing = Listing()
        self.background = Worker(check)
        """A line without a profile: the loop on which disk and keyring are waited for."""
        self.secrets = SecretStorage(self.background, vault)
        self.secrets.changed.connect(self.secrets_moved)
        self.secrets.problem.connect(self.problem)
        self.secrets.broke.connect(self._on_failed)
        self.reports = ReportStorage(self.background, history)
        self.reports.recorded.connect(self._on_recorded)
        self.reports.recents_changed.connect(self.load_list)
        self.reports.written.connect(self.saved)
        self.reports.failed.connect(self._on_failed)
        self._folder = FolderWatch(folder)
        self._files = store.ProfileFolder(folder)
        self._lister = Lister(self._files, history)
        self._listed_once = self._listing = self._list_again = False
        self._after_next: list[Callable[[], object]] = []
        self._writes = self._writing = 0
        self._on_disk = asyncio.Lock()  # writers take turns
        self._saving: dict[str, list[Callable[[], object]]] = {}
        self._watcher = QFileSystemWatcher(self)
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLE_MS)
        self._settled.timeout.connect(self.load_list)
        self._watcher.directoryChanged.connect(lambda _path: self._settled.start())
        self._watcher.fileChanged.connect(self._on_file_changed)
        pump.wire(self.background)
        pump.add(self._pull, lambda: False)

    # ------------------------------------------------------------ profiles

    @property
    def is_reading(self) -> bool:
        """Whether the list is being read."""
        return self._listing

    @property
    def stored(self) -> list[store.Stored]:
        """Every file of the folder."""
        return self.listing.stored

    @property
    def readable(self) -> dict[Path, Profile]:
        """Those of them that can be read, by their files."""
        return {one.path: one.profile for one in self.stored if one.profile is not None}

    def load_list(self) -> None:
        """Read what has changed in the folder of the profiles, and how their last checks ended."""
        if self._listing:
            self._list_again = True
            return
        self._listing, self._list_again = True, False
        writes = self._writes

        def listed(listing: Listing) -> None:
            self._listing = False
            if self._writing:
                return  # who writes asks again
            if writes != self._writes:
                self.load_list()  # it may be older than what was written meanwhile
                return
            self._on_listed(listing)
            if self._list_again:
                self.load_list()

        def failed(error: Exception) -> None:
            self._listing = False
            self._on_failed(error)
            if not self._listed_once:
                self._on_listed(Listing())  # what waits for it goes on: a file from elsewhere, for instance

        self.background.ask(lambda: asked(self.folder, self._lister.read, limit_s=FOLDER_S), listed, failed)

    def once_listed(self, act: Callable[[], object]) -> None:
        """Call that when the list was read the next time."""
        self._after_next.append(act)

    def is_saving(self, opened: OpenProfile) -> bool:
        """Whether a profile is being written."""
        return opened.profile.id in self._saving

    def watch(self) -> None:
        """From now on notice what others do in the folder; what was deleted long ago goes for good."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._on_failed(error)
        else:
            self._watcher.addPath(str(self.folder))
        self._look_again()
        self._ask(lambda: run_in_daemon(self._purge), self._forget_purged)

    def _look_again(self) -> None:
        """Wait in the background until something has changed: the window is not woken before."""

        async def until_changed() -> None:
            found = Changes()
            while not found:
                await asyncio.sleep(_LOOK_AGAIN_S)
                found = await run_in_daemon(self._folder.look)

        def changed(_nothing: None) -> None:
            self.load_list()
            self._look_again()

        self._ask(until_changed, changed)

    def _purge(self) -> list[Profile]:
        there = {one.profile.id for one in self._files.read() if one.profile is not None}
        gone = trash.purge(self.trash)
        return [profile for profile in gone if profile.id not in there]

    def _forget_purged(self, gone: list[Profile]) -> None:
        for profile in gone:
            self.reports.forget(profile.id)
            self.secrets.forget(profile.id, secret_names(profile))

    def watch_file(self, path: Path) -> None:
        """Notice what others do to a file that lies elsewhere."""
        if path.parent != self.folder and str(path) not in self._watcher.files():
            self._watcher.addPath(str(path))

    def load(self, path: Path) -> None:
        """Read one file, wherever it lies; after the folder's own were read, which may have the same profile."""
        if not self._listed_once:
            self._after_next.append(lambda: self.load(path))
            return

        def read() -> tuple[Profile, Path]:
            among_profiles = path.parent.resolve() == self.folder.resolve()
            return store.load(path), self.folder / path.name if among_profiles else path

        self._ask(lambda: asked(path, read), lambda found: self.loaded.emit(*found))

    def save(
        self,
        opened: OpenProfile,
        path: Path | None,
        *,
        over_others: bool = False,
        then: Callable[[bool], object] = lambda _saved: None,
    ) -> None:
        """Write a profile to a file, or without one among the profiles; its secrets go where it says.

        What another program wrote to its file since it was read is kept, and `conflict` tells of it, unless
        ``over_others``. ``then`` is called when file and secrets are put away, with whether the file was written.
        """
        profile_id = opened.profile.id
        if profile_id in self._saving:  # one after the other: the second knows what the first wrote
            self._saving[profile_id].append(
                lambda: self.save(opened, path or opened.path, over_others=over_others, then=then)
            )
            return
        self._saving[profile_id] = []
        profile, secrets, before = opened.profile, dict(opened.secrets), opened.saved
        kept, names = opened.saved_secrets, opened.secret_names
        base = None if over_others or path is None or path != opened.path else before
        among_profiles = path is None or path.parent == self.folder

        def put() -> Path:
            if among_profiles:
                return store.save_in(self.folder, profile, self._at(profile_id, path, base), base=base)
            assert path is not None
            store.save(profile, path, base=base)
            return path

        def next_one() -> None:
            for again in self._saving.pop(profile_id, []):
                again()

        def done(written: Path) -> None:
            read_since = {name: one for name, one in opened.saved_secrets.items() if name not in kept}
            opened.mark_saved(profile, written, read_since | secrets)
            self.watch_file(written)
            self.saved.emit(written)
            next_one()
            self.secrets.keep(profile, before, names, secrets, kept, lambda: then(True))

        def failed(error: Exception) -> None:
            if isinstance(error, ChangedOnDisk):
                self.conflict.emit(opened, error)
            else:
                self._on_failed(error)
            next_one()
            then(False)

        self._write(put, done, failed, place=path or self.folder)

    def _at(self, profile_id: str, path: Path | None, base: Profile | None) -> Path | None:
        """Where a profile's file is now, which may have been renamed without any other change."""
        if path is None or base is None or path.exists():
            return path
        same = (one.path for one in self._files.read() if one.profile == base and base.id == profile_id)
        return next(same, path)

    def add(self, profile: Profile, then: Callable[[], object] = lambda: None) -> None:
        """Save a profile that has no file yet."""
        self._write(lambda: store.save_in(self.folder, profile), lambda _path: then())

    def amend(self, files: dict[str, Path], change: Callable[[Profile], Profile]) -> None:
        """Change what files hold, whatever that is by now: edits of others stay. By the profile's id."""

        def write() -> None:
            places = {one.profile.id: one.path for one in self._files.read() if one.profile is not None}
            for profile_id, known in files.items():
                path = places.get(profile_id, known)  # a file that was just renamed has another place
                current = store.load(path)
                if path.parent == self.folder:
                    store.save_in(self.folder, change(current), path, base=current)
                else:
                    store.save(change(current), path, base=current)

        self._write(write, lambda _nothing: None, files=len(files))

    def delete(self, paths: Iterable[Path], then: Callable[[list[trash.Deleted]], object]) -> None:
        """Move files to the trash; ``then`` gets what takes it back, also of some when others cannot be moved."""
        wanted = list(paths)

        def move() -> tuple[list[trash.Deleted], ProfileProblem | None]:
            moved: list[trash.Deleted] = []
            problem = None
            for path in wanted:
                try:
                    moved.append(trash.delete(path, self.trash))
                except ProfileProblem as refused:
                    problem = refused
            return moved, problem

        def done(found: tuple[list[trash.Deleted], ProfileProblem | None]) -> None:
            moved, problem = found
            if moved:
                then(moved)
            if problem is not None:
                self._on_failed(problem)

        self._write(move, done, files=len(wanted))

    def undo_delete(self, deleted: Iterable[trash.Deleted], then: Callable[[], object] = lambda: None) -> None:
        """Bring files back from the trash."""
        wanted = list(deleted)

        def back() -> None:
            for one in wanted:
                trash.undo_delete(one)

        self._write(back, lambda _nothing: then(), files=len(wanted))

    def _write(
        self,
        work: Callable[[], T],
        done: Callable[[T], object],
        failed: Callable[[Exception], object] | None = None,
        *,
        place: Path | None = None,
        files: int = 1,
    ) -> None:
        """Change files in a worker, one after the other; the list is read again afterwards.

        What a drive does not answer is left behind: nothing else waits for it.
        """
        self._writes += 1
        self._writing += 1

        async def in_turn() -> T:
            async with self._on_disk:
                return await asked(place or self.folder, work, limit_s=FOLDER_S + files * _FILE_S)

        def ended(tell: Callable[[], object]) -> None:
            self._writing -= 1
            tell()
            self.load_list()

        self.background.ask(
            in_turn,
            lambda result: ended(lambda: done(result)),
            lambda error: ended(lambda: (failed or self._on_failed)(error)),
        )

    # ------------------------------------------------------------ answers

    def _on_listed(self, read: Listing) -> None:
        self.reports.take_in(read)
        same = (read.rows, read.recent) == (self.listing.rows, self.listing.recent)
        self.listing = read
        if not same or not self._listed_once:
            self._listed_once = True
            self.listed.emit()
        waiting, self._after_next = self._after_next, []
        for act in waiting:
            act()

    def _on_recorded(self, profile_id: str) -> None:
        place = self.listing.places.get(profile_id)
        if place is not None:
            row, last = self.listing.rows[place], self.reports.lasts[profile_id]
            self.listing.rows[place] = replace(row, verdict=last.verdict, tested=last.started).prepared()

    def _on_file_changed(self, path: str) -> None:
        """Editors write in steps, and replace the file: look when they are done."""
        where = Path(path)

        async def read() -> Profile | None:
            await asyncio.sleep(_SETTLE_MS / 1000)
            return await asked(where, lambda: store.load(where) if where.exists() else None)

        def found(profile: Profile | None) -> None:
            if profile is not None:
                self.watch_file(where)  # Qt forgets a file that was replaced
            self.reread.emit(profile, where)

        self._ask(read, found)

    def _ask(self, question: Callable[[], Awaitable[T]], answered: Callable[[T], object]) -> None:
        self.background.ask(question, answered, self._on_failed)

    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, ProfileProblem):
            self.problem.emit(str(error))
        elif isinstance(error, NoAnswer):  # nothing more is asked of that drive here
            self.problem.emit(error.sentence)
        elif isinstance(error, OSError):
            told = f"{error.filename or 'The disk'}: {error.strerror or type(error).__name__}"
            self.problem.emit(unwritable(self.folder.parent) or told)
        else:
            self.broke.emit(error)

    def _pull(self) -> bool:
        messages = self.background.take()
        for message in messages:
            match message:
                case Answer(deliver=deliver):
                    deliver()
                case Broken(error=error):
                    self.broke.emit(error)
                case _:
                    pass
        return bool(messages)
