"""Which reports are kept: of every test that ended, once; of an outage of a saved connection."""

from __future__ import annotations

from pathlib import Path

from clearline.core.report.report import Report
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage


class KeepingReports:
    """Hands reports to the storage, with the secrets that are to be masked in them."""

    def __init__(self, storage: ProfileStorage, profiles: OpenProfiles) -> None:
        self._storage = storage
        self._profiles = profiles
        self._not_kept: set[str] = set()
        """The ids of profiles whose latest report is kept nowhere, since they were not saved when they were tested."""
        storage.saved.connect(self._on_saved)

    def keep(self, opened: OpenProfile, report: Report) -> None:
        """A test has ended."""
        used = {**opened.secrets, **opened.tested_with}
        self._storage.reports.record(opened.profile, opened.path, used, report)
        (self._not_kept.add if opened.path is None else self._not_kept.discard)(opened.profile.id)

    def keep_outage(self, opened: OpenProfile, report: Report) -> None:
        """A lost connection was examined."""
        if opened.path is not None:
            self._storage.reports.record_outage(opened.profile, {**opened.secrets, **opened.tested_with}, report)

    def _on_saved(self, path: Path) -> None:
        """A connection that was tested before it was saved keeps the report of that test."""
        for opened in self._profiles.all_open():
            if opened.path == path and opened.profile.id in self._not_kept:
                self._not_kept.discard(opened.profile.id)
                if opened.report is not None and not opened.stale and not opened.running:
                    self.keep(opened, opened.report)
