"""The servers to which each profile may sign in, in one file: where what no keyring keeps may go.

Tickets, roles, tokens and variables are this computer's own; there is no entry beside which the keyring could remember
where they were given, and often no keyring. So the profile itself remembers. The file holds names of servers, as the
profiles beside it do, and no secret.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from clearline.core.files.whole_files import BROKEN, locked, read_whole, write_whole
from clearline.core.keyring.given import Given
from clearline.core.typed_values import from_plain, to_bytes

_VERSION: Final = 1
_MOST: Final = 5000
"""Profiles; those that were written longest ago are forgotten first."""


_BROKEN: Final = (*BROKEN, KeyError, TypeError)
_UNREADABLE: Final = (OSError, *_BROKEN)


class KnownServers:
    """By profile id. Any thread or process may use it; blocks on the disk; never raises.

    Without a file, or where the disk refuses, it is remembered until the program ends.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._seen: dict[str, Given] = {}

    def at_once(self, profile_id: str) -> Given | None:
        """What is known without the disk."""
        with self._lock:
            return self._seen.get(profile_id)

    def of(self, profile_id: str) -> Given | None:
        """None when it may sign in nowhere yet. A file that cannot be read covers nothing."""
        if (seen := self.at_once(profile_id)) is not None:
            return seen
        try:
            given = self._read().get(profile_id)
        except _UNREADABLE:
            given = Given()
        if given is not None and given.destinations:
            with self._lock:
                self._seen[profile_id] = given
        return given

    def intend(self, profile_id: str, given: Given) -> None:
        """It is about to be remembered: without the disk."""
        with self._lock:
            self._seen[profile_id] = given

    def remember(self, profile_id: str, given: Given) -> None:
        """From now on it is that."""
        self.intend(profile_id, given)
        self._change(profile_id, given)

    def forget(self, profile_id: str) -> None:
        """The profile is no more."""
        with self._lock:
            self._seen.pop(profile_id, None)
        self._change(profile_id, None)

    def _change(self, profile_id: str, given: Given | None) -> None:
        if self._file is None:
            return
        with suppress(OSError):
            if given is None and not self._file.exists():
                return
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with locked(self._file.parent):
                kept = self._kept()
                kept.pop(profile_id, None)
                if given is not None:
                    kept[profile_id] = given
                profiles = dict([*kept.items()][-_MOST:])
                document = {"format": "clearline-servers", "version": _VERSION, "profiles": profiles}
                write_whole(self._file, msgspec.json.format(to_bytes(document), indent=2) + b"\n")

    def _kept(self) -> dict[str, Given]:
        """To be written again, without what is broken. Raises OSError: what may not be read may be whole."""
        try:
            return self._read()
        except _BROKEN:
            return {}

    def _read(self) -> dict[str, Given]:
        if self._file is None:
            return {}
        try:
            document: Any = msgspec.json.decode(read_whole(self._file))
        except FileNotFoundError:
            return {}
        if document["version"] != _VERSION:
            raise ValueError
        return from_plain(document["profiles"], dict[str, Given])
