"""The rows of the profile list: what is saved, what is open and what was tested without being saved."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from clearline.core.report.report import Verdict
from clearline.ui.models.profile_rows import ProfileRow
from clearline.ui.panels.profile_list import ProfileList
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage


class ShownRows(QObject):
    """Brings them to the list."""

    def __init__(
        self,
        shown: ProfileList,
        storage: ProfileStorage,
        profiles: OpenProfiles,
        watched: Callable[[OpenProfile], tuple[bool, Verdict | None]],
    ) -> None:
        """``watched`` says whether a profile is watched, and what the watch makes of it at the moment."""
        super().__init__(shown)
        self._list = shown
        self._storage = storage
        self._profiles = profiles
        self._watched = watched
        storage.listed.connect(self.show)

    def show(self) -> None:
        """List everything."""
        listing, open_ones = self._storage.listing, self._profiles.all_open()
        rows, new = list(listing.rows), []
        for opened in open_ones:
            if (place := listing.places.get(opened.profile.id)) is not None:
                rows[place] = self._row(opened)
            elif _is_listed(opened):
                new.append(self._row(opened))
        recent = listing.recent_rows({opened.redacted for opened in open_ones if opened.text})
        self._list.model.show([*new, *rows, *recent])
        self._list.show_folders(listing.folders)
        self._list.select(self._profiles.current.profile.id)

    def show_one(self, opened: OpenProfile) -> None:
        """Like `show` for what one profile has become: it costs the same for ten thousand."""
        model = self._list.model
        is_new = model.profile_row(opened.profile.id) is None
        if _is_listed(opened):
            model.update(self._row(opened))
            if is_new and opened is self._profiles.current:
                self._list.select(opened.profile.id)
        elif not is_new:
            self.show()

    def show_recorded(self, profile_id: str) -> None:
        """The last check of a profile is another one."""
        opened, listing = self._profiles.opened(profile_id), self._storage.listing
        if opened is not None:
            self.show_one(opened)
        elif (place := listing.places.get(profile_id)) is not None:
            self._list.model.update(listing.rows[place])

    def _row(self, opened: OpenProfile) -> ProfileRow:
        last = self._storage.reports.lasts.get(opened.profile.id)
        report = opened.report
        tested = opened.verdict if report is not None or opened.running else last.verdict if last else None
        watched, verdict = self._watched(opened)
        return ProfileRow(
            opened.profile,
            opened.path,
            verdict=verdict or tested,
            tested=report.started if report is not None else last.started if last else None,
            unsaved=opened.unsaved,
            running=opened.running,
            watched=watched,
        )


def _is_listed(opened: OpenProfile) -> bool:
    return bool(opened.unsaved or opened.path or opened.report)
