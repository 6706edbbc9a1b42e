"""The text of a profile's file: its format, its versions, and the exact place of whatever is wrong with it.

A file is ``{"format": "clearline-profile", "version": 3, …}`` followed by the fields of `Profile`; a secret is never in
it. Its version is the oldest that has all that it says, so that colleagues whose Clearline is older can read it as long
as it needs nothing new. ``store.py`` puts such texts on the disk.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final

import msgspec

from clearline.core.profiles.profile import Profile
from clearline.core.secrets.redaction import looks_secret
from clearline.core.secrets.references import has_references
from clearline.core.typed_values import from_plain

FORMAT: Final = "clearline-profile"
VERSION: Final = 3
SCHEMA_FILE: Final = "profile.schema.json"
"""Name of the JSON schema that stands beside the profiles, so that editors complete and check them."""


def _from_version_1(document: dict[str, Any]) -> dict[str, Any]:
    """Version 2 added folder, favourite, envFile, secrets, tls.trust, auth.allowPlainWithoutTLS: none has to be set."""
    return document


def _from_version_2(document: dict[str, Any]) -> dict[str, Any]:
    """Version 3 added hops, farDns: none has to be set. An older Clearline would have gone directly without a word."""
    return document


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_version_1, 2: _from_version_2}
"""By version: a function that turns a document of that version into one of the next."""

_ADDED: Final[dict[int, tuple[str, ...]]] = {
    2: ("folder", "favourite", "envFile", "secrets", "tls.trust", "auth.allowPlainWithoutTLS"),
    3: ("hops", "farDns"),
}
"""By version: the fields that came with it. An older Clearline refuses a file with a field that it does not know."""


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


class ChangedOnDisk(NotSaved):
    """Another program has written, moved or deleted the file since it was read; nothing was written.

    ``current`` is what it holds now, with ``path`` where that is; None when it is gone. The user decides: save again
    with ``base=current`` (or without a base when it is gone) to keep the own edit, open ``current`` to take theirs,
    or save a copy (`arrangement.duplicate`).
    """

    def __init__(self, path: Path, current: Profile | None) -> None:
        super().__init__(path, "", "it was changed meanwhile" if current else "it was deleted meanwhile")
        self.current = current


def decode(raw: bytes, path: Path) -> Profile:
    """The profile that a file's content says. Raises `BrokenProfile` or `NewerVersion`.

    One without ``id`` gets one made from its path, the same each time.
    """
    document = _document(raw, path)
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
        profile = from_plain(document, Profile)
    except msgspec.ValidationError as error:
        raise BrokenProfile(path, *_place(str(error))) from None
    if where := secret_in_clear(profile):
        raise BrokenProfile(path, where, "expected a reference such as ${NAME}; a secret never stands in a profile")
    if where := _more_than_one(profile):
        raise BrokenProfile(path, where, "expected a single option: separators stand between options, not in one")
    return profile


def encode(profile: Profile, *, schema: bool) -> bytes:
    """The content of a profile's file, the same for the same profile; ``schema`` points to the one beside it.

    Raises UnicodeEncodeError for a text that ends within a character.
    """
    document: dict[str, Any] = {"$schema": SCHEMA_FILE} if schema else {}
    return _pretty({**document, "format": FORMAT, **fields(profile)})


def fields(profile: Profile) -> dict[str, Any]:
    """What is set in a profile, after the version that it takes to read it: the oldest that has all of these fields."""
    said = msgspec.to_builtins(profile, order="deterministic")
    version = max(
        (version for version, places in _ADDED.items() if any(_says(said, place) for place in places)), default=1
    )
    return {"version": version, **said}


def _says(document: dict[str, Any], place: str) -> bool:
    section, _, field = place.rpartition(".")
    return field in (document.get(section, {}) if section else document)


def secret_in_clear(profile: Profile) -> str | None:
    """The place of a text that should be a reference and is none, and so may be the secret itself; else None."""
    for name, value in profile.auth.properties.items():
        if _in_clear(name, value):
            return f"$.auth.properties.{name}"
    for place, item in enumerate(profile.unread):
        if _in_clear(item.name, item.value):
            return f"$.unread[{place}].value"
    for name, source in profile.secrets.items():
        if source.reference is not None and not has_references(source.reference):
            return f"$.secrets.{name}.reference"
    return None


def _in_clear(name: str, value: str | None) -> bool:
    return bool(value and looks_secret(name) and not has_references(value))


def without_secrets(profile: Profile) -> Profile:
    """The profile with nothing at the places of `secret_in_clear`: there the user may be typing the secret itself."""
    properties = {name: "" if _in_clear(name, value) else value for name, value in profile.auth.properties.items()}
    unread = tuple(
        msgspec.structs.replace(item, value=None) if _in_clear(item.name, item.value) else item
        for item in profile.unread
    )
    sources = {
        name: msgspec.structs.replace(source, reference=None)
        if source.reference is not None and not has_references(source.reference)
        else source
        for name, source in profile.secrets.items()
    }
    auth = msgspec.structs.replace(profile.auth, properties=properties)
    return msgspec.structs.replace(profile, auth=auth, unread=unread, secrets=sources)


def _more_than_one(profile: Profile) -> str | None:
    """The place of an unread option that the driver would read as several, or as another one; else None.

    What was read from a connection string never is.
    """
    for place, item in enumerate(profile.unread):
        if set("&;=") & set(item.name):
            return f"$.unread[{place}].name"
        if item.value is not None and set("&;") & set(item.value):
            return f"$.unread[{place}].value"
    return None


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


@cache
def schema_text() -> str:
    """`schema` as its file holds it."""
    return _pretty(schema()).decode()


def _document(raw: bytes, path: Path) -> dict[str, Any]:
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
