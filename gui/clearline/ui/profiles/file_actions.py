"""Profiles that come from a file or go to one that the user names, and files that change under an open profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from clearline.core.profiles.profile import Profile, new_profile_id
from clearline.ui.profiles.list_actions import ListActions
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.window.main_window import MainWindow

_FILES: Final = "Clearline profiles (*.json);;All files (*)"


class FileActions(QObject):
    """Asks for files, and takes in what the storage has read or written."""

    def __init__(
        self,
        window: MainWindow,
        storage: ProfileStorage,
        profiles: OpenProfiles,
        list_actions: ListActions,
        mark_from_outside: Callable[[Sequence[str]], object],
        take_files: Callable[[Sequence[Path]], object],
    ) -> None:
        """``take_files`` opens profiles, and imports what holds several."""
        super().__init__(window)
        self._window = window
        self._storage = storage
        self._profiles = profiles
        self._compare = list_actions.compare
        self._mark_from_outside = mark_from_outside
        self._take_files = take_files
        storage.loaded.connect(self._on_loaded)
        storage.reread.connect(self._on_reread)
        storage.saved.connect(self._on_saved)

    def ask_save(self) -> None:
        """Ask for a file and save to it."""
        name = (
            self._profiles.current.path
            or self._storage.folder / f"{self._profiles.current.profile.name or 'connection'}.json"
        )
        dialog = QFileDialog(self._window, "Save profile as", str(name), _FILES)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self._storage.save(self._profiles.current, Path(chosen)))
        dialog.open()

    def ask_open(self) -> None:
        """Ask for a file and open it."""
        dialog = QFileDialog(self._window, "Open profile", "", _FILES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self._take_files([Path(chosen)]))
        dialog.open()

    def _on_loaded(self, profile: Profile, path: Path) -> None:
        outside, opened = path.parent != self._storage.folder, self._profiles.opened(profile.id)
        place = self._storage.listing.places.get(profile.id)
        listed = self._storage.listing.rows[place] if place is not None else None
        known: Profile | None
        at: Path | None
        if opened is not None:  # without a file, which was deleted perhaps, it is kept apart from this one all the same
            known, at = opened.saved or opened.profile, opened.path
        else:
            known, at = (listed.profile, listed.path) if listed else (None, None)
        if at == path or (at is None and opened is None):
            if opened is not None:
                self._compare(opened, profile)
            self._storage.watch_file(path)
            now = self._profiles.open_profile(profile, path=path)
            now.from_elsewhere = now.from_elsewhere or outside
        elif known == profile:
            self._profiles.choose(profile.id)
            self._window.say(f"{path.name} is in your list already.")
        else:  # what another person makes of a profile must not get the secrets of the one in the list
            now = self._profiles.open_profile(msgspec.structs.replace(profile, id=new_profile_id()))
            now.from_elsewhere = True
            self._window.say(f"{path.name} differs from the profile in your list: opened as a copy.")

    def _on_reread(self, profile: Profile | None, path: Path) -> None:
        for opened in self._profiles.all_open():
            if opened.path == path:
                self._compare(
                    opened, profile and msgspec.structs.replace(profile, id=opened.profile.id), gone=profile is None
                )
                return

    def _on_saved(self, path: Path) -> None:
        named = next((o.profile for o in self._profiles.all_open() if o.path == path), None)
        in_list = named is not None and path.parent == self._storage.folder  # there files have names of no interest
        name = (named.name or next(iter(named.seeds.hosts), "")) if named is not None and in_list else ""
        self._window.say(f"Saved {name or path.name}.")
        foreign = [o.profile.id for o in self._profiles.all_open() if o.from_elsewhere and o.path == path]
        if foreign and path.parent == self._storage.folder:
            self._mark_from_outside(foreign)
