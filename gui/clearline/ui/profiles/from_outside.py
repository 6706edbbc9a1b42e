"""Which saved profiles come from outside: imported, linked to, or brought along by a portable copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clearline.core.consent import portable
from clearline.core.consent.outside import FILE_NAME, Outside
from clearline.core.daemon_threads import run_in_daemon
from clearline.paths import portable_dir
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.window.main_window import MainWindow


class FromOutside:
    """Knows the profiles that others wrote: each asks before it does what its reader has not agreed to."""

    def __init__(self, window: MainWindow, storage: ProfileStorage) -> None:
        self._window = window
        self._storage = storage
        self.kept = Outside(storage.folder.parent / FILE_NAME)
        """On the disk, for the next session."""
        self._ids: frozenset[str] = frozenset()
        self._unknown = False
        """The file cannot be read."""
        self._foreign_copy = portable_dir() is not None
        """Until the user has agreed to this portable copy here, all that it carries may be written by others."""
        self._look_up()

    def holds(self, profile_id: str) -> bool:
        """Whether a saved profile was written by others: imported, or a link that leads out of the folder."""
        place = self._storage.listing.places.get(profile_id)
        linked = place is not None and not self._storage.listing.rows[place].own
        return self._foreign_copy or self._unknown or linked or profile_id in self._ids

    def mark(self, profile_ids: Sequence[str]) -> None:
        """These are saved now and come from elsewhere: also the next session asks before it connects."""
        new = frozenset(profile_ids) - self._ids
        if new:
            self._ids |= new
            self._storage.background.ask(
                lambda: run_in_daemon(self.kept.mark, new), lambda _nothing: None, self._not_noted
            )

    def note(self, profile_ids: Iterable[str]) -> None:
        """These were marked on the disk while they were saved."""
        self._ids |= frozenset(profile_ids)

    def _not_noted(self, error: Exception) -> None:
        if isinstance(error, OSError):
            self._window.say(f"It could not be noted that this comes from elsewhere: {error.strerror}.")
        else:
            self._storage.broke.emit(error)

    def _look_up(self) -> None:
        def found(ids: frozenset[str] | None) -> None:
            if ids is None:
                self._unknown = True
                self._window.say(f"{self.kept.file} cannot be read: every profile counts as from elsewhere.")
            else:
                self._ids |= ids

        self._storage.background.ask(lambda: run_in_daemon(self.kept.ids), found, self._storage.broke.emit)
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
