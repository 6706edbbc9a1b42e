"""What the user has agreed to on this computer, remembered as hashes.

An agreement holds for the same demand of the same servers, reached on the same way; where something is sent to them,
with the same protections. The hashes are made under a key that this computer alone has, so that nothing can be guessed
and tried: the file of the agreements says nothing to its reader.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from clearline.core.consent.concerns import (
    Concern,
    ConcernKind,
    as_given,
    commands_wanted,
    sign_in_hosts,
    sign_in_wanted,
)
from clearline.core.files.whole_files import BROKEN, locked, read_whole, write_whole
from clearline.core.keyring.given import opened
from clearline.core.profiles.profile import Profile
from clearline.core.typed_values import to_bytes

_MOST: Final = 5000
_VERSION: Final = 2
_KEY_BYTES: Final = 32


_KEY_HERE: Final = os.urandom(_KEY_BYTES)
_here: Final[set[tuple[Path, str]]] = set()
"""What could not be written, by its file: it holds until the program ends."""


class Agreements:
    """What the user has agreed to on this computer, in one file. Any thread or process may use it; blocks on the disk.

    A file that is missing or broken holds no agreement: it is asked again. One that may not be read or written is left
    as it is, and what is agreed to holds until the program ends.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def missing(self, profile: Profile, wanted: Iterable[Concern]) -> tuple[Concern, ...]:
        """Those that were not agreed to yet, and that have something to take."""
        asked = tuple(
            concern
            for concern in wanted
            if not (_here and (self.file, _hash(profile, concern, _KEY_HERE)) in _here)
            and not _is_void(profile, concern)
        )
        try:
            if not asked or not (key := self._key()):
                return asked
            known = self._hashes()
        except OSError:
            return asked
        return tuple(concern for concern in asked if _hash(profile, concern, key) not in known)

    def may_run(self, profile: Profile, command: str) -> bool:
        """Whether that command of the profile was agreed to."""
        wanted = [concern for concern in commands_wanted(profile) if concern.value == command.strip()]
        return bool(wanted) and not self.missing(profile, wanted)

    def sign_in_hosts(self, profile: Profile) -> tuple[str, ...]:
        """Those of `sign_in_hosts` that may get the token; blocks on the disk only where there are any."""
        wanted = tuple(sign_in_wanted(profile))
        return sign_in_hosts(profile) if wanted and not self.missing(profile, wanted) else ()

    def remember(self, profile: Profile, agreed: Iterable[Concern]) -> None:
        """Do not ask for these again. Raises OSError: then not until the program ends."""
        again = tuple(agreed)
        try:
            self._add(lambda key: [_hash(profile, concern, key) for concern in again])
        except OSError:
            _here.update((self.file, _hash(profile, concern, _KEY_HERE)) for concern in again)
            raise

    def trusts_copy(self, name: str) -> bool:
        """Whether the user agreed to a portable copy (``portable.py``) on this computer."""
        try:
            key = self._key()
            return bool(key) and _hash_of_copy(name, key) in self._hashes()
        except OSError:
            return False

    def trust_copy(self, name: str) -> None:
        """From now on that copy is the user's own here. Raises OSError."""
        self._add(lambda key: [_hash_of_copy(name, key)])

    def _add(self, hashes_by: Callable[[bytes], list[str]]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.file.parent):
            if not (key := self._key()):
                key = os.urandom(_KEY_BYTES)
                write_whole(self._key_file, key)
            hashes = dict.fromkeys((*self._hashes(), *hashes_by(key)))
            document = {"format": "clearline-agreements", "version": _VERSION, "hashes": list(hashes)[-_MOST:]}
            write_whole(self.file, msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")

    @property
    def _key_file(self) -> Path:
        return self.file.with_suffix(".key")

    def _key(self) -> bytes:
        """Empty where there is none: then nothing was agreed to. Raises OSError."""
        try:
            key = read_whole(self._key_file, _KEY_BYTES)
        except FileNotFoundError:
            return b""
        except OSError as error:
            if error.errno == errno.EFBIG:
                return b""
            raise
        return key if len(key) == _KEY_BYTES else b""

    def _hashes(self) -> dict[str, None]:
        """Those of the file; none where it is missing or broken. Raises OSError."""
        try:
            document: Any = msgspec.json.decode(read_whole(self.file))
            if document["version"] != _VERSION:
                return {}  # the hashes of version 1 could be guessed
            return dict.fromkeys(text for text in document["hashes"] if isinstance(text, str))
        except (FileNotFoundError, *BROKEN, KeyError, TypeError):
            return {}


def _is_void(profile: Profile, concern: Concern) -> bool:
    """Whether a demand is for variables none of which is set: the check says that they are missing.

    What a file of variables holds is not looked up before its own demand is agreed to.
    """
    if concern.kind is not ConcernKind.ENVIRONMENT or profile.env_file is not None:
        return False
    return not any(word in os.environ for word in concern.value.split())


def _hash(profile: Profile, concern: Concern, key: bytes) -> str:
    to = _led_to(profile)
    if profile.unread:  # which the driver's text may turn into other servers, or a proxy before them
        to += [led for form in as_given(profile)[1:] if (led := _led_to(form)) != to]
    if concern.kind in _SENT and (off := opened(profile)):
        to.append(off)
    said = to_bytes([concern.kind, concern.value, to])
    return hashlib.blake2b(said, key=key, digest_size=32).hexdigest()


_SENT: Final = (ConcernKind.ENVIRONMENT, ConcernKind.IDENTITY)
"""Kinds that send something to the servers, which others can read where a protection is off."""


def _led_to(profile: Profile) -> list[object]:
    """The servers, and the way to them."""
    to: list[object] = [profile.seeds.srv, sorted(profile.seeds.hosts)]
    if profile.hops:
        to.append(profile.hops)
        if profile.seeds.srv and profile.far_dns.server is not None:
            to.append(profile.far_dns)
    return to


def _hash_of_copy(name: str, key: bytes) -> str:
    return hashlib.blake2b(b"portable copy " + name.encode(), key=key, digest_size=32).hexdigest()
