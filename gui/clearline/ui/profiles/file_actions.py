"""Profiles that come from a file or go to one that the user names, and files that change under an open profile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from clearline.core.profiles.profile import Profile, new_profile_id

if TYPE_CHECKING:
    from clearline.ui.workbench import Workbench

_FILES: Final = "Clearline profiles (*.json);;All files (*)"


class ProfileFiles(QObject):
    """Asks for files, and takes in what the shelf has read or written."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        shelf = bench.shelf
        shelf.loaded.connect(self._on_loaded)
        shelf.reread.connect(self._on_reread)
        shelf.saved.connect(self._on_saved)

    def ask_save(self) -> None:
        """Ask for a file and save to it."""
        name = (
            self._bench.current.path
            or self._bench.shelf.folder / f"{self._bench.current.profile.name or 'connection'}.json"
        )
        dialog = QFileDialog(self._bench.window, "Save profile as", str(name), _FILES)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self._bench.shelf.save(self._bench.current, Path(chosen)))
        dialog.open()

    def ask_open(self) -> None:
        """Ask for a file and open it."""
        dialog = QFileDialog(self._bench.window, "Open profile", "", _FILES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self._bench.shelf.load(Path(chosen)))
        dialog.open()

    def _on_loaded(self, profile: Profile, path: Path) -> None:
        outside, opened = path.parent != self._bench.shelf.folder, self._bench.opened(profile.id)
        place = self._bench.shelf.listing.places.get(profile.id)
        listed = self._bench.shelf.listing.rows[place] if place is not None else None
        known: Profile | None
        at: Path | None
        if opened is not None:  # without a file, which was deleted perhaps, it is kept apart from this one all the same
            known, at = opened.saved or opened.profile, opened.path
        else:
            known, at = (listed.profile, listed.path) if listed else (None, None)
        if at == path or (at is None and opened is None):
            if opened is not None:
                self._bench.library.compare(opened, profile)
            self._bench.shelf.watch_file(path)
            now = self._bench.open_profile(profile, path=path)
            now.from_elsewhere = now.from_elsewhere or outside
        elif known == profile:
            self._bench.choose(profile.id)
            self._bench.window.say(f"{path.name} is in your list already.")
        else:  # what somebody else makes of a profile must not get the secrets of the one in the list
            now = self._bench.open_profile(msgspec.structs.replace(profile, id=new_profile_id()))
            now.from_elsewhere = True
            self._bench.window.say(f"{path.name} differs from the profile in your list: opened as a copy.")

    def _on_reread(self, profile: Profile | None, path: Path) -> None:
        for opened in self._bench.all_open():
            if opened.path == path:
                self._bench.library.compare(
                    opened, profile and msgspec.structs.replace(profile, id=opened.profile.id), gone=profile is None
                )
                return

    def _on_saved(self, path: Path) -> None:
        self._bench.window.say(f"Saved {path.name}.")
        foreign = [o.profile.id for o in self._bench.all_open() if o.from_elsewhere and o.path == path]
        if foreign and path.parent == self._bench.shelf.folder:
            self._bench.sharing.mark_from_outside(foreign)
