"""The last question before the window closes: what about edits that are not saved?"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject

from clearline.ui.models.profile_rows import ProfileRow
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.widgets.questions import Question
from clearline.ui.window.main_window import MainWindow


class Unsaved(QObject):
    """Asks once, saves if wanted, and closes the window when nothing can be lost any more."""

    def __init__(self, window: MainWindow, storage: ProfileStorage, profiles: OpenProfiles) -> None:
        super().__init__(window)
        self._window = window
        self._storage = storage
        self._profiles = profiles
        self._leaving = self._asked = False

    @property
    def settled(self) -> bool:
        """Whether the user has decided about every edit that would be lost, or there is none."""
        return self._leaving or not any(opened.worth_keeping for opened in self._profiles.all_open())

    def may_close(self) -> bool:
        """Whether the window can be closed without losing anything; asks once when not."""
        unsaved = [opened for opened in self._profiles.all_open() if opened.worth_keeping]
        if not unsaved or self._leaving:
            return True

        def save_all() -> None:
            left = dict.fromkeys(opened.profile.id for opened in unsaved)
            self._window.say("Saving…")

            def put_away(opened: OpenProfile, saved: bool) -> None:
                if saved:  # what could not be saved says why, and the window stays
                    left.pop(opened.profile.id, None)
                if not left:
                    self._leaving = True
                    self._window.close()

            for opened in unsaved:
                self._storage.save(opened, opened.path, then=partial(put_away, opened))

        def discard() -> None:
            self._leaving = True
            self._window.close()

        if self._asked:
            return False
        names = ", ".join(f"“{ProfileRow(opened.profile).name}”" for opened in unsaved[:5])  # as the list calls them
        more = f" and {len(unsaved) - 5} more" if unsaved[5:] else ""
        asked = Question(
            self._window,
            "Not saved",
            f"{names}{more} {'has' if len(unsaved) == 1 else 'have'} edits that are not saved.",
            (("Save", save_all), ("Discard", discard), ("Cancel", tuple)),
        )
        self._asked = True
        asked.finished.connect(self._on_answered)
        asked.open()
        return False

    def _on_answered(self) -> None:
        self._asked = False
