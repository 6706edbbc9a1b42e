"""Unsaved edits survive a crash: they are written down while one works, and opened again at the next start."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from PySide6.QtCore import QObject, QTimer

from clearline.core.daemon_threads import run_in_daemon, start_daemon
from clearline.core.profiles.profile import new_profile_id
from clearline.core.storage.unsaved_edits import Edit, LeftOver, UnsavedEdits
from clearline.ui.models.profile_rows import ProfileRow
from clearline.ui.profiles.open_profile import OpenProfile, Origin
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.window.main_window import MainWindow

_PAUSE_MS: Final = 1500
"""Edits are written when none came for so long."""
_AT_LEAST_MS: Final = 10_000
"""Who edits without a pause is written down so often."""
_AFTER_MESSAGE_MS: Final = 15_000
_CLOSING_S: Final = 1.0


class KeptEdits(QObject):
    """Follows every open profile once it has begun; the disk is waited for in the background."""

    def __init__(self, window: MainWindow, storage: ProfileStorage, profiles: OpenProfiles, folder: Path) -> None:
        super().__init__(window)
        self._window = window
        self._storage = storage
        self._profiles = profiles
        self._files = UnsavedEdits(folder)
        self._begun = self._restored = self._writing = self._told = False
        self._written: list[Edit] | None = []
        self._pause = QTimer(self)
        self._at_least = QTimer(self)
        for timer, lasts in ((self._pause, _PAUSE_MS), (self._at_least, _AT_LEAST_MS)):
            timer.setSingleShot(True)
            timer.setInterval(lasts)
            timer.timeout.connect(self.write)

    @property
    def has_begun(self) -> bool:
        """Whether what was left over is open, so that edits are written from now on."""
        return self._begun and self._restored

    @property
    def is_writing(self) -> bool:
        """Whether edits are on their way to the disk."""
        return self._writing

    def begin(self) -> None:
        """Open what earlier programs have left, when the list is read for the first time; then follow every edit."""
        self._begun = True
        for opened in self._profiles.all_open():
            self._follow(opened)
        self._profiles.added.connect(self._follow)
        self._profiles.closed.connect(lambda _opened: self._soon())
        self._window.connection.field.editingFinished.connect(self._soon)
        self._storage.once_listed(self._take_left_over)

    def close(self, *, keep: bool) -> None:
        """The end; ``keep``: nothing was asked about the edits, and so the next start brings them back."""
        if not self._begun:
            return
        self._begun = False
        self._pause.stop()
        self._at_least.stop()
        edits, seen = self._edits() if keep else [], self._restored
        done = threading.Event()

        def end() -> None:
            with suppress(OSError):  # the window is gone: there is no place to tell it
                self._files.close(edits, instead=seen)
            done.set()

        start_daemon(end, "kept-edits")
        done.wait(_CLOSING_S)

    # ------------------------------------------------------------ writing

    def _follow(self, opened: OpenProfile) -> None:
        opened.changed.connect(self._soon)

    def _soon(self, _origin: Origin | None = None) -> None:
        if self._begun:
            self._pause.start()
            if not self._at_least.isActive():
                self._at_least.start()

    def write(self) -> None:
        """Write down what is edited now, if it is not what was written last."""
        self._pause.stop()
        self._at_least.stop()
        if not self._begun or not self._restored:
            return  # what was left over is on the disk still, and comes first
        if self._writing:
            self._soon()
            return
        edits = self._edits()
        if edits == self._written:
            return
        self._writing = True

        def written(_nothing: None) -> None:
            self._writing, self._written, self._told = False, edits, False

        def failed(error: Exception) -> None:
            self._writing = False
            if not isinstance(error, OSError):
                self._storage.broke.emit(error)
            elif not self._told:
                self._told = True
                why = error.strerror or type(error).__name__
                self._window.say(f"Edits that are not saved would not survive a crash, for they cannot be kept: {why}.")

        self._storage.background.ask(lambda: run_in_daemon(self._files.write, edits), written, failed)

    def _edits(self) -> list[Edit]:
        before = {edit.profile.id: edit for edit in self._written or ()}
        edits = [
            before.get(opened.profile.id) if self._is_being_typed(opened) else self._edit(opened)
            for opened in self._profiles.all_open()
            if opened.unsaved and opened.profile != opened.saved
        ]
        return [edit for edit in edits if edit is not None]

    def _edit(self, opened: OpenProfile) -> Edit:
        return Edit(
            profile=opened.profile,
            saved_among_profiles=opened.path is not None and opened.path.parent == self._storage.folder,
            from_elsewhere=self._profiles.is_foreign(opened.profile.id),
        )

    def _is_being_typed(self, opened: OpenProfile) -> bool:
        """Whether its connection string may be half of one: ``mongodb://ada:hunter2`` has a password for its port."""
        typing = opened is self._profiles.current and self._window.connection.field.hasFocus()
        return typing and not opened.tested

    # ------------------------------------------------------------ the next start

    def _take_left_over(self) -> None:
        def failed(error: Exception) -> None:
            self._restored = True
            self._storage.broke.emit(error)

        self._storage.background.ask(lambda: run_in_daemon(self._files.take_left_over), self._restore, failed)

    def _restore(self, left: LeftOver) -> None:
        front = self._profiles.current
        count = sum([self._open(edit) for edit in left.edits])
        if front.unsaved or front.path is not None:  # the user was faster
            self._profiles.choose(front.profile.id)
        self._restored = True
        if left.edits:
            self._written = None  # they have to be in the own file before that of the earlier program goes
        self._soon()
        said = []
        if count:
            said.append(
                "One connection had edits that were not saved when Clearline ended. It is open again."
                if count == 1
                else f"{count:,} connections had edits that were not saved when Clearline ended. They are open again."
            )
        said += [f"Edits that were kept from before cannot be read: {problem}" for problem in left.problems[:1]]
        if said:
            self._tell(" ".join(said))

    def _tell(self, words: str) -> None:
        """A question of the window that stands there already is not taken away."""
        if self._window.offers:
            QTimer.singleShot(_AFTER_MESSAGE_MS, self, lambda: self._tell(words))
        else:
            self._window.offer(words, (("OK", tuple),))

    def _open(self, edit: Edit) -> bool:
        """Open it as an edit of its profile, or apart from one that must not get it; False where it says no more."""
        profile, listed = edit.profile, self._listed(edit.profile.id)
        opened = self._profiles.opened(profile.id)
        if (opened.profile if opened is not None else listed and listed.profile) == profile:
            return False
        foreign = listed is not None and edit.from_elsewhere and not edit.saved_among_profiles
        if foreign or (opened is not None and opened.unsaved):
            profile, listed = msgspec.structs.replace(profile, id=new_profile_id()), None
        now = self._profiles.open_edited(profile, listed)
        now.from_elsewhere = now.from_elsewhere or edit.from_elsewhere
        return True

    def _listed(self, profile_id: str) -> ProfileRow | None:
        place = self._storage.listing.places.get(profile_id)
        row = self._storage.listing.rows[place] if place is not None else None
        return row if row is not None and not row.problem else None
