"""The open profiles and the one in front; tells when either changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from clearline.core.profiles.profile import Place, Profile
from clearline.core.secrets.secret import Secret, Secrets
from clearline.core.uri.remedies import Values
from clearline.ui.background.messages import Check
from clearline.ui.background.pump import Pump
from clearline.ui.background.worker import Worker
from clearline.ui.models.profile_rows import ProfileRow
from clearline.ui.profiles.open_profile import OpenProfile, Origin
from clearline.ui.profiles.storage import ProfileStorage


class OpenProfiles(QObject):
    """Opens, closes and chooses among profiles; there is always one in front."""

    added = Signal(object)
    """Another `OpenProfile`."""
    front_changed = Signal(object)
    """The `OpenProfile` that is in front now; also when the same one is brought there again."""
    closed = Signal(object)
    """An `OpenProfile` that is open no more."""
    recent_chosen = Signal(str)
    """A connection string, without its secrets, that was tested before and never saved."""
    unreadable_chosen = Signal(object)
    """The `ProfileRow` of a file that cannot be read."""

    def __init__(
        self,
        check: Check,
        pump: Pump,
        storage: ProfileStorage,
        is_from_outside: Callable[[str], bool],
        place_of_new: Callable[[], Place],
    ) -> None:
        """``place_of_new`` is where the secrets of new profiles go."""
        super().__init__()
        self._check = check
        self._pump = pump
        self._storage = storage
        self._is_from_outside = is_from_outside
        self._place_of_new = place_of_new
        self._open: dict[str, OpenProfile] = {}
        self._ended: list[Worker] = []
        self.current = self._add(OpenProfile(check, Profile()))

    # ------------------------------------------------------------ what is open

    def opened(self, profile_id: str) -> OpenProfile | None:
        """An open profile; None when it is not open."""
        return self._open.get(profile_id)

    def all_open(self) -> list[OpenProfile]:
        """Every open profile."""
        return list(self._open.values())

    @property
    def known_secrets(self) -> list[Secret]:
        """The secrets of every open profile, those of its latest test included. Any thread."""
        opened = list(self._open.values())
        return [secret for one in opened for secret in (*list(one.secrets.values()), *list(one.tested_with.values()))]

    def is_foreign(self, profile_id: str) -> bool:
        """Whether that profile was written elsewhere."""
        opened = self._open.get(profile_id)
        return self._is_from_outside(profile_id) or (opened is not None and opened.from_elsewhere)

    # ------------------------------------------------------------ opening and choosing

    def open_profile(
        self, profile: Profile, secrets: Secrets | None = None, *, path: Path | None = None
    ) -> OpenProfile:
        """Bring a profile to the front; with ``path`` it is what that file holds, and its secrets are looked up."""
        opened = self._open.get(profile.id)
        if opened is None:
            opened = self._add(OpenProfile(self._check, profile, path=path, saved=path is not None))
            opened.from_elsewhere = self._is_from_outside(profile.id)
            if path is not None:
                self._storage.secrets.look_up(opened)
        for name, secret in (secrets or {}).items():
            opened.set_secret(name, secret, Origin.ELSEWHERE)
        self._bring_to_front(opened)
        return opened

    def new_profile(self) -> None:
        """Bring an empty one to the front."""
        blank = next((o for o in self._open.values() if not o.unsaved and o.path is None), None)
        if blank is None:
            blank = OpenProfile(self._check, Profile())
            blank.place_of_new = self._place_of_new()
            self._add(blank)
        self._bring_to_front(blank)

    def choose(self, profile_id: str) -> None:
        """Bring a profile of the list to the front; what cannot be opened so is told by a signal."""
        listing = self._storage.listing
        if profile_id in self._open:
            self._bring_to_front(self._open[profile_id])
        elif (place := listing.places.get(profile_id)) is not None:
            row = listing.rows[place]
            if row.problem:
                self.unreadable_chosen.emit(row)
            else:
                self.open_profile(row.profile, path=row.path)
        else:
            recent = next((row for row in listing.recent_rows() if row.profile.id == profile_id), None)
            if recent is not None:
                self.recent_chosen.emit(recent.recent)

    def reopen(self, profile: Profile, secrets: Secrets, listed: list[ProfileRow]) -> None:
        """Bring back edits that were put away with their profile."""
        place = self._storage.listing.places.get(profile.id)
        if place is not None and profile.id not in self._open:
            self.open_profile(listed[place].profile, path=listed[place].path)
        opened = self.open_profile(profile)
        opened.set_values(Values(profile, dict(secrets)))

    def open_edited(self, profile: Profile, listed: ProfileRow | None) -> OpenProfile:
        """Bring edits of an earlier run to the front: of a profile of the list, or of one that was never saved."""
        if listed is not None:
            opened = self.open_profile(listed.profile, path=listed.path)
        else:
            opened = self.open_profile(Profile(id=profile.id))
            opened.place_of_new = self._place_of_new()
        opened.set_profile(profile, Origin.ELSEWHERE)
        return opened

    # ------------------------------------------------------------ closing

    def put_away(self, profile_id: str) -> None:
        """Close a profile whose file goes; what is in front then is another one."""
        opened = self._open.pop(profile_id, None)
        if opened is None:
            return
        opened.stop()
        self._pump.remove(opened.pull)
        if opened.worker is not None:
            opened.worker.close()
            self._ended.append(opened.worker)
        self.closed.emit(opened)
        if opened is self.current:
            self.new_profile()

    def workers(self) -> list[Worker]:
        """Every thread of a profile that may still run, for the end of the program."""
        return [*(one.worker for one in self._open.values() if one.worker is not None), *self._ended]

    def _add(self, opened: OpenProfile) -> OpenProfile:
        self._open[opened.profile.id] = opened
        self._pump.add(opened.pull, lambda: opened.running)
        self.added.emit(opened)
        return opened

    def _bring_to_front(self, opened: OpenProfile) -> None:
        self.current = opened
        self.front_changed.emit(opened)
