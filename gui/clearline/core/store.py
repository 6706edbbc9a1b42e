"""Profiles as files: one JSON document each, readable, strict, versioned, and whole after any crash.

A file is ``{"format": "clearline-profile", "version": 1, …}`` followed by the fields of `Profile`; secrets are never in
it. What cannot be read is named with its exact place, and is never overwritten.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from hashlib import sha256
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final

import msgspec

from clearline.core.profile import Profile

FORMAT: Final = "clearline-profile"
VERSION: Final = 1
SCHEMA_FILE: Final = "profile.schema.json"
"""Name of the JSON schema that stands beside the profiles, so that editors complete and check them."""

MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""By version: a function that turns a document of that version into one of the next."""

_OURS_BEFORE_RENAME = ".clearline-"
_STALE_S = 3600.0
_SLUG_LENGTH = 40


class ProfileProblem(Exception):
    """Why a profile could not be read, saved or deleted.

    ``where`` is the place in the file, ``$.pool.maxPoolSize`` or ``line 3, column 5``, empty when it is the whole file.
    """

    def __init__(self, path: Path, where: str, message: str) -> None:
        super().__init__(path, where, message)
        self.path, self.where, self.message = path, where, message

    def __str__(self) -> str:
        return ": ".join(part for part in (self.path.name, self.where, self.message) if part)


class Unreadable(ProfileProblem):
    """The operating system did not give the file, or did not delete it."""


class BrokenProfile(ProfileProblem):
    """The file holds something else than a profile."""


class NewerVersion(ProfileProblem):
    """The file was written by a newer Clearline."""


class NotSaved(ProfileProblem):
    """The profile was not written; the file is as it was before."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the profiles folder: its profile, or the problem with it."""

    path: Path
    profile: Profile | None = None
    problem: ProfileProblem | None = None


def load(path: Path) -> Profile:
    """The profile in a file. Raises `Unreadable`, `BrokenProfile` or `NewerVersion`.

    A file without ``id`` gets one made from its path, the same each time.
    """
    document = _document(path)
    head = {name: document.pop(name, None) for name in ("$schema", "format", "version")}
    if head["format"] != FORMAT:
        raise BrokenProfile(path, "$.format", f'expected "{FORMAT}"')
    version = head["version"]
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BrokenProfile(path, "$.version", "expected a whole number from 1")
    if version > VERSION:
        raise NewerVersion(
            path, "$.version", f"{version} was written by a newer Clearline; this one reads up to {VERSION}"
        )
    for older in range(version, VERSION):
        document = MIGRATIONS[older](document)
    if "id" not in document:
        document["id"] = uuid.uuid5(uuid.NAMESPACE_URL, path.resolve().as_uri()).hex
    try:
        return msgspec.convert(document, Profile)
    except msgspec.ValidationError as error:
        raise BrokenProfile(path, *_place(str(error))) from None


def save(profile: Profile, path: Path) -> None:
    """Write a profile as a whole or not at all, readable by its owner only. Raises `NotSaved`.

    A file that exists and is no readable profile is left alone.
    """
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION, **msgspec.to_builtins(profile)}
    try:
        target = path.resolve()  # a link to a file elsewhere stays a link
        if target.exists():
            load(target)
        if (target.parent / SCHEMA_FILE).exists():
            document = {"$schema": SCHEMA_FILE, **document}
        _replace(target, _pretty(document))
    except ProfileProblem as problem:
        message = f"not overwritten, because it cannot be read: {problem.message}"
        raise NotSaved(path, problem.where, message) from problem
    except UnicodeEncodeError as error:
        raise NotSaved(path, "", "a text in it ends within a character") from error
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
        raise NotSaved(path, "", getattr(error, "strerror", None) or type(error).__name__) from error


def save_in(folder: Path, profile: Profile, previous: Path | None = None) -> Path:
    """Save a profile in the profiles folder, made when missing, and say where. Raises `NotSaved`.

    The file is named after the profile. ``previous`` is where the profile was before: after a change of its name the
    file is renamed, unless people named it; there is never a second one.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        _put_schema(folder)
    except OSError as error:
        raise NotSaved(folder, "", error.strerror or type(error).__name__) from error
    short = _short_id(profile)
    if previous is None or not previous.exists():
        target = next(path for path in _names(folder, profile) if not path.exists() or _holds(path, profile.id))
        save(profile, target)
        return target
    save(profile, previous)
    target = next(_names(folder, profile))
    if not previous.stem.endswith(f"-{short}") or target.exists():
        return previous
    try:
        previous.rename(target)
    except OSError:
        return previous  # saved all the same, under the old name
    return target


def list_profiles(folder: Path) -> list[Stored]:
    """Every profile of a folder by name, the unreadable ones at the end, each with its problem. Never raises."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".json" and path.name != SCHEMA_FILE)
    except OSError:
        return []
    stored: list[Stored] = []
    owners: dict[str, Path] = {}
    for path in paths:
        if path.name.startswith("."):
            continue
        try:
            profile = load(path)
            if (owner := owners.setdefault(profile.id, path)) != path:
                raise BrokenProfile(path, "$.id", f"the same id as in {owner.name}; remove it to make this a copy")
            stored.append(Stored(path=path, profile=profile))
        except ProfileProblem as problem:
            stored.append(Stored(path=path, problem=problem))
    return sorted(stored, key=lambda one: (one.profile is None, one.profile.name.casefold() if one.profile else ""))


def delete(path: Path) -> None:
    """Remove a profile's file; one that is gone already is fine. Raises `Unreadable`."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise Unreadable(path, "", error.strerror or type(error).__name__) from error


def schema() -> dict[str, Any]:
    """The JSON schema of the files, made from the structs."""
    made = msgspec.json.schema(Profile)
    parts = made["$defs"]
    for part in parts.values():
        if text := part.get("description"):
            part["description"] = cleandoc(text).replace("``", "`")
    profile = parts["Profile"]
    profile["properties"] = {
        "$schema": {"type": "string"},
        "format": {"const": FORMAT},
        "version": {"type": "integer", "minimum": 1, "maximum": VERSION},
        **profile["properties"],
    }
    profile["required"] = ["format", "version"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Clearline profile", **made}


def schema_text() -> str:
    """`schema` as its file holds it."""
    return _pretty(schema()).decode()


def _document(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(path, "", error.strerror or type(error).__name__) from error
    raw = raw.removeprefix(b"\xef\xbb\xbf")  # the mark that Windows editors leave
    try:
        document = msgspec.json.decode(raw.decode())
    except UnicodeDecodeError as error:
        raise BrokenProfile(path, _line_and_column(raw, error.start), "this is no UTF-8 text") from None
    except msgspec.DecodeError as error:
        said = re.fullmatch(r"(.*) \(byte (\d+)\)", str(error))
        offset = int(said[2]) if said else len(raw)
        raise BrokenProfile(path, _line_and_column(raw, offset), said[1] if said else str(error)) from None
    except RecursionError:
        raise BrokenProfile(path, "", "it is nested too deeply") from None
    if not isinstance(document, dict):
        raise BrokenProfile(path, "$", "expected an object")
    return document


def _line_and_column(raw: bytes, offset: int) -> str:
    *lines, last = raw[:offset].split(b"\n")
    return f"line {len(lines) + 1}, column {len(last.decode(errors='replace')) + 1}"


def _place(said: str) -> tuple[str, str]:
    """Place and message of a msgspec error, such as "Expected `int | null`, got `str` - at `$.pool.maxPoolSize`"."""
    message, _, place = said.partition(" - at ")
    place = place.strip("`") or "$"
    if named := re.fullmatch(r"Object (contains unknown|missing required) field `(.*)`", message):
        problem = "unknown field" if named[1] == "contains unknown" else "this field is missing"
        return f"{place}.{named[2]}", problem
    message = message.replace(" | null", "").replace(" | ", " or ").replace("`", "")
    return place, message[:1].lower() + message[1:]


def _pretty(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _replace(path: Path, content: bytes) -> None:
    """Put a whole new file in the place of the old one; a crash at any moment leaves the one or the other."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_OURS_BEFORE_RENAME, suffix=".tmp")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    if os.name == "posix":  # elsewhere a folder cannot be opened; NTFS journals the rename
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _sweep(folder: Path) -> None:
    """Remove what saves that were killed have left; a young file may belong to a save under way."""
    for path in folder.glob(f"{_OURS_BEFORE_RENAME}*.tmp"):
        try:
            if time.time() - path.stat().st_mtime > _STALE_S:
                path.unlink()
        except OSError:
            continue


def _put_schema(folder: Path) -> None:
    path, text = folder / SCHEMA_FILE, schema_text()
    if not path.exists() or path.read_text("utf-8", "replace") != text:
        _replace(path, text.encode())


def _short_id(profile: Profile) -> str:
    """Eight characters of the id that any file system takes."""
    plain = re.sub(r"[^0-9a-z]", "", profile.id.lower())
    return plain[:8] or sha256(profile.id.encode()).hexdigest()[:8]


def _names(folder: Path, profile: Profile) -> Iterator[Path]:
    """The names that a profile's file may have, the best one first."""
    words = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", profile.name).casefold())
    stem = f"{words.strip('-')[:_SLUG_LENGTH].rstrip('-') or 'profile'}-{_short_id(profile)}"
    yield folder / f"{stem}.json"
    number = 2
    while True:
        yield folder / f"{stem}-{number}.json"
        number += 1


def _holds(path: Path, profile_id: str) -> bool:
    try:
        return load(path).id == profile_id
    except ProfileProblem:
        return False
