"""What is done with profiles of the list: filed, copied, renamed, deleted and brought back, tested together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QUrl, Signal

from clearline.core.profiles import arrangement
from clearline.core.profiles.profile import Profile
from clearline.core.profiles.secret_places import secret_names
from clearline.core.storage import trash
from clearline.core.storage.profile_file import ChangedOnDisk
from clearline.ui.models.profile_rows import Order, ProfileRow
from clearline.ui.panels.profile_list import ListAction
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.widgets.patch_words import setting_name
from clearline.ui.widgets.questions import LineQuestion, NotesQuestion, Question
from clearline.ui.window.browser import open_address
from clearline.ui.window.main_window import MainWindow


class ListActions(QObject):
    """Answers to the requests of the profile list."""

    test_requested = Signal(object)
    """Ids of the profiles to test."""

    export_requested = Signal(object)
    """Ids of the profiles to export."""
    watch_requested = Signal(object)
    order_changed = Signal(object)
    list_changed = Signal()
    """Profiles were put away: the list is another one before the disk says so."""

    def __init__(
        self,
        window: MainWindow,
        storage: ProfileStorage,
        profiles: OpenProfiles,
        mark_from_outside: Callable[[Sequence[str]], object],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._storage = storage
        self._profiles = profiles
        self._mark_from_outside = mark_from_outside
        self._asked_about: dict[str, tuple[Profile | None, Question]] = {}
        window.profiles.asked.connect(self.carry_out)
        window.profiles.filed.connect(self.file)
        window.profiles.order_chosen.connect(self.sort)
        profiles.unreadable_chosen.connect(self.tell_problem)
        self._storage.conflict.connect(self._on_conflict)
        self._storage.listed.connect(self._on_listed)

    # ------------------------------------------------------------ the list asks

    def carry_out(self, action: ListAction, ids: list[str]) -> None:
        """Do something with one or several profiles."""
        match action:
            case ListAction.TEST:
                self.test_requested.emit(ids)
            case ListAction.WATCH:
                self.watch_requested.emit(ids)
            case ListAction.EXPORT:
                self.export_requested.emit(ids)
            case ListAction.DUPLICATE:
                self._duplicate(ids)
            case ListAction.DELETE:
                self.delete(ids)
            case ListAction.FORGET_RECENT:
                self._storage.reports.forget_recent()
            case ListAction.RENAME:
                self._ask_name(ids[0])
            case ListAction.NOTES:
                self._ask_notes(ids[0])
            case ListAction.SHOW_FILE:
                self._show_file(ids[0])

    def file(self, ids: list[str], attribute: str, value: Any) -> None:
        """Give profiles another folder, colour or star."""
        if attribute == "folder" and value is None:
            LineQuestion(
                self._window, "Folder, for example Team / Production", "", lambda folder: self._move(ids, folder)
            ).open()
        elif attribute == "folder":
            self._move(ids, value)
        else:
            self.change(ids, lambda profile: msgspec.structs.replace(profile, **{attribute: value}))

    def sort(self, order: Order) -> None:
        """Another order of the list."""
        self._window.profiles.model.sort(order)
        self.order_changed.emit(order)

    # ------------------------------------------------------------ changes

    def _move(self, ids: list[str], folder: str) -> None:
        self.change(ids, lambda profile: arrangement.moved(profile, folder))

    def change(self, ids: list[str], change: Callable[[Profile], Profile]) -> None:
        """Change profiles at once, in their files too: where they stand in the list is no edit of the connection.

        One with unsaved edits keeps them unsaved; only its file gets the change as well.
        """
        files = {}
        for profile_id in ids:
            row, opened = self._row(profile_id), self._profiles.opened(profile_id)
            if opened is not None:
                saved, edited = opened.saved, change(opened.profile)
                if saved is not None and opened.path is not None:
                    files[profile_id] = opened.path
                    opened.mark_saved(change(saved), opened.path)
                opened.set_profile(edited)
            elif row is not None and row.path is not None and not row.problem:
                files[profile_id] = row.path
        if files:
            self._storage.amend(files, change)

    def _ask_name(self, profile_id: str) -> None:
        row = self._row(profile_id)
        if row is not None:
            LineQuestion(
                self._window,
                "Name of the profile",
                row.name,
                lambda name: self.change([profile_id], lambda profile: arrangement.renamed(profile, name or row.name)),
            ).open()

    def _ask_notes(self, profile_id: str) -> None:
        row = self._row(profile_id)
        if row is not None:
            NotesQuestion(
                self._window,
                f"Notes about {row.name}",
                row.profile.notes,
                lambda notes: self.change([profile_id], lambda profile: msgspec.structs.replace(profile, notes=notes)),
            ).open()

    def _duplicate(self, ids: list[str]) -> None:
        taken = {row.profile.name for row in self._window.profiles.model.rows}
        for profile_id in ids:
            row, opened = self._row(profile_id), self._profiles.opened(profile_id)
            profile = opened.profile if opened is not None else row.profile if row is not None else None
            if profile is None:
                continue
            copy = arrangement.duplicate(profile, taken)
            taken.add(copy.name)
            names = opened.secret_names if opened is not None else secret_names(profile)
            if self._profiles.is_foreign(profile_id):
                self._mark_from_outside([copy.id])
            self._storage.add(copy, partial(self._storage.secrets.copy, profile, copy, names))

    def tell_problem(self, row: ProfileRow) -> None:
        """Why a file cannot be read, and the way to it."""
        self._window.offer(row.problem, (("Show the file", lambda: self._show_file(row.profile.id)),))

    def _show_file(self, profile_id: str) -> None:
        row = self._row(profile_id)
        if row is not None and row.path is not None:
            open_address(QUrl.fromLocalFile(str(row.path.parent)))
            self._window.say(str(row.path))

    def _row(self, profile_id: str) -> ProfileRow | None:
        return self._window.profiles.model.profile_row(profile_id)

    # ------------------------------------------------------------ deleting

    def delete(self, ids: list[str]) -> None:
        """Move profiles to the trash; several only once the user has read their names."""
        rows = [row for profile_id in ids if (row := self._row(profile_id)) is not None and not row.recent]
        if len(rows) < 2:
            self._delete(ids)
            return
        names = "\n".join(row.name for row in rows)
        Question(
            self._window,
            "Delete profiles",
            f"Delete these {len(rows):,} profiles?\n\n{names}",
            ((f"Delete {len(rows):,} profiles", lambda: self._delete(ids)), ("Cancel", tuple)),
            primary=1,
        ).open()

    def offer_to_take_back(self, ids: list[str]) -> None:
        """Profiles were imported: a click moves them to the trash again."""
        what = "1 connection" if len(ids) == 1 else f"{len(ids):,} connections"
        self._window.offer(f"{what} imported.", (("Undo", lambda: self._delete(ids)),))

    def _delete(self, ids: list[str]) -> None:
        """Move profiles to the trash; it can be taken back at once, edits included, and their secrets forgotten."""
        rows = [row for profile_id in ids if (row := self._row(profile_id)) is not None and not row.recent]
        if not rows:
            return
        paths = [row.path for row in rows if row.path is not None]
        secrets = [(row.profile.id, secret_names(row.profile)) for row in rows if row.path and not row.problem]
        edited = [
            (opened.profile, dict(opened.secrets))
            for row in rows
            if (opened := self._profiles.opened(row.profile.id)) is not None and opened.unsaved
        ]
        for row in rows:
            self._profiles.put_away(row.profile.id)
        self.list_changed.emit()

        def offer(deleted: list[trash.Deleted]) -> None:
            kept = [one for one in deleted if one.kept is not None]

            def reopen() -> None:
                for profile, typed in edited:
                    self._profiles.reopen(profile, typed, self._storage.listing.rows)

            def undo() -> None:
                if kept:
                    self._storage.undo_delete(kept, lambda: self._storage.once_listed(reopen))
                else:
                    reopen()

            def forget() -> None:
                for profile_id, names in secrets:
                    self._storage.secrets.forget(profile_id, names)

            what = f"“{rows[0].name}” is" if len(rows) == 1 else f"{len(rows):,} profiles are"
            answers = ((("Undo", undo),) if kept or edited else ()) + (
                (("Delete the secrets too", forget),) if secrets else ()
            )
            self._window.offer(f"{what} deleted.", answers)

        if paths:
            self._storage.delete(paths, offer)
        else:
            offer([])

    # ------------------------------------------------------------ others' edits

    def _on_listed(self) -> None:
        """Files that others have changed: adopted, or asked about where there are edits of one's own."""
        listing = self._storage.listing
        for opened in self._profiles.all_open():
            outside = opened.path is not None and opened.path.parent != self._storage.folder
            if outside or self._storage.is_saving(opened):
                continue
            place = listing.places.get(opened.profile.id)
            row = listing.rows[place] if place is not None else None
            if opened.path is None:
                if row is not None and row.path is not None:  # it was gone, and is there again
                    opened.mark_saved(row.profile, row.path)
            elif row is not None and row.path is not None:
                opened.path = row.path  # it may have another name now
                self.compare(opened, row.profile)
            elif opened.path not in {stored.path for stored in listing.stored}:  # else it cannot be read at the moment
                self.compare(opened, None, gone=True)

    def compare(self, opened: OpenProfile, theirs: Profile | None, *, gone: bool = False) -> None:
        """Its file holds this now."""
        name = opened.profile.name or "The profile"
        if gone:
            opened.mark_gone()
            self._window.say(f"Another program deleted the file of {name}. Save keeps what stands here.")
            return
        if theirs is None or theirs == opened.saved:
            return
        if not opened.unsaved or theirs == opened.profile:
            opened.adopt(theirs)
            self._window.say(f"{name} was changed in its file, and is shown so.")
        elif self._asked_about.get(opened.profile.id, (None, None))[0] != theirs:
            assert opened.path is not None
            self._on_conflict(opened, ChangedOnDisk(opened.path, theirs))

    def _on_conflict(self, opened: OpenProfile, found: ChangedOnDisk) -> None:
        name, profile_id = opened.profile.name or found.path.name, opened.profile.id
        theirs = found.current
        earlier = self._asked_about.pop(profile_id, None)
        if earlier is not None:
            earlier[1].withdraw()  # it shows what is no longer there
        if theirs is None:
            words = f"The file of “{name}” was deleted or moved by another program. Your edits are still here."
            answers: tuple[tuple[str, Callable[[], object]], ...] = (
                ("Save it again", lambda: self._storage.save(opened, None, over_others=True)),
                ("Decide later", tuple),
            )
            title = "The file is gone"
        else:
            differences = _differences(theirs, opened.profile)
            words = f"“{name}” was changed in its file while you edited it here.\n\n{differences}"
            answers = (
                ("Keep both", lambda: self._keep_both(opened, theirs)),
                ("Take theirs", lambda: opened.adopt(theirs)),
                ("Keep mine", lambda: self._storage.save(opened, opened.path, over_others=True)),
                ("Decide later", tuple),
            )
            title = "Changed on disk"
        question = Question(self._window, title, words, answers)
        # What is decided later is asked again when it is saved, or when the file changes once more.
        self._asked_about[profile_id] = theirs, question
        question.open()

    def _keep_both(self, opened: OpenProfile, theirs: Profile) -> None:
        """My edits become a profile of their own; the file stays theirs."""
        mine = arrangement.duplicate(opened.profile, {row.profile.name for row in self._window.profiles.model.rows})
        secrets = dict(opened.secrets)
        opened.adopt(theirs)
        foreign = self._profiles.is_foreign(opened.profile.id)
        copy = self._profiles.open_profile(mine, secrets)
        copy.from_elsewhere = foreign
        self._storage.save(copy, copy.path)


def _differences(theirs: Profile, mine: Profile) -> str:
    from clearline.core.profiles.differences import differences

    lines = [
        f"{setting_name(place)}: theirs {before}, mine {after}" for place, before, after in differences(theirs, mine)
    ]
    return "\n".join(lines[:12] + ([f"… and {len(lines) - 12} more"] if lines[12:] else []))
