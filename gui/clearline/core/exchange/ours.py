"""Our own files of many connections, written without any secret unless the whole file is encrypted.

The format, for authors of another reader::

    {
      "format": "clearline-profiles",
      "version": 1,
      "profiles": [ <the fields of a profile's file, without "format" and "$schema">, … ],
      "secrets": { <profile id>: { <secret's name>: <secret>, … }, … }
    }

Each profile carries the ``version`` of its own format (``profile_file.py``). ``secrets`` exists only inside an
encrypted file (``encrypted.py``), never in a plain one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from clearline.core.exchange import encrypted
from clearline.core.exchange.from_text import address_name
from clearline.core.exchange.imported import (
    Format,
    Imported,
    ImportedItem,
    NeedsPassphrase,
    NewerFormat,
    NotRecognised,
    one_line,
    within_limits,
)
from clearline.core.exchange.json_text import parse
from clearline.core.files.whole_files import write_whole
from clearline.core.profiles.profile import Profile, SecretSource, new_profile_id
from clearline.core.secrets.redaction import redact
from clearline.core.secrets.secret import Secret, Secrets
from clearline.core.storage import profile_file
from clearline.core.storage.profile_file import ProfileProblem

FORMAT: Final = "clearline-profiles"
VERSION: Final = 1

_ID: Final = re.compile(r"[\w.-]{1,100}")


class NotExported(Exception):
    """The file was not written; its text says why."""


def write(
    profiles: Iterable[Profile],
    path: Path,
    secrets: Mapping[str, Secrets] | None = None,
    passphrase: Secret | None = None,
) -> None:
    """Write connections to a file, as a whole or not at all. Raises `NotExported`.

    With a passphrase the file is encrypted and may hold ``secrets``, by profile id. Without one it never does: giving
    both secrets and no passphrase is the caller's mistake, a ValueError.
    """
    if secrets and not passphrase:
        raise ValueError("secrets leave only in an encrypted file")
    shared = list(profiles) if passphrase else [without_secrets(profile) for profile in profiles]
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "profiles": [profile_file.fields(profile) for profile in shared],
    }
    if secrets:
        document["secrets"] = {
            profile_id: {name: secret.reveal() for name, secret in kept.items()}
            for profile_id, kept in secrets.items()
            if kept
        }
    try:
        content = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
        write_whole(path, encrypted.seal(content, passphrase) if passphrase else content)
    except UnicodeEncodeError:
        raise NotExported("A text in it ends within a character.") from None
    except OSError as error:
        raise NotExported(f"{path.name}: {error.strerror or type(error).__name__}") from error
    except MemoryError:
        raise NotExported("This computer has too little free memory to encrypt the file.") from None


def without_secrets(profile: Profile) -> Profile:
    """The profile with nothing in it that looks like a secret: a careful look at free texts and commands, too."""
    return msgspec.structs.replace(
        profile,
        notes=redact(profile.notes),
        secrets={name: _masked(source) for name, source in profile.secrets.items()},
    )


def read(document: dict[str, Any], passphrase: Secret | None, origin: str) -> Imported:
    """The connections of a file of ours, also of one profile's own file. ``origin`` names one that has no name.

    Raises `NeedsPassphrase`, `WrongPassphrase`, `NewerFormat`, `NotRecognised` or `TooLarge`.
    """
    if document.get("format") == encrypted.FORMAT:
        if not passphrase:
            raise NeedsPassphrase("It is encrypted.")
        inner = parse(encrypted.unseal(document, passphrase).decode("utf-8", "replace"))
        if not isinstance(inner, dict) or inner.get("format") != FORMAT:
            raise NotRecognised("What is encrypted in it is no list of connections.")
        return msgspec.structs.replace(read(inner, None, origin), format=Format.OURS_ENCRYPTED)
    if document.get("format") == profile_file.FORMAT:
        return Imported(format=Format.OURS, items=(_item(document, {}, origin),))
    version = document.get("version")
    if isinstance(version, int) and version > VERSION:
        raise NewerFormat("It was written by a newer Clearline.")
    entries = document.get("profiles")
    if version != VERSION or not isinstance(entries, list):
        raise NotRecognised("It says that it is a list of connections by Clearline, but holds none.")
    secrets = document.get("secrets")
    kept = secrets if isinstance(secrets, dict) else {}
    items = (_item(entry, kept, f"{origin} {number}") for number, entry in enumerate(within_limits(entries), 1))
    return Imported(format=Format.OURS, items=tuple(items))


def _item(entry: Any, secrets: dict[str, Any], origin: str) -> ImportedItem:
    if not isinstance(entry, dict):
        return ImportedItem(name=origin, problem="This entry is no object.")
    name = one_line(entry.get("name"))
    own_id = entry.get("id")
    has_id = isinstance(own_id, str) and _ID.fullmatch(own_id) is not None
    fields = {key: value for key, value in entry.items() if key != "$schema"}
    document = {"version": 1, **fields, "format": profile_file.FORMAT, "id": own_id if has_id else new_profile_id()}
    try:
        profile = profile_file.decode(msgspec.json.encode(document), Path(f"{origin}.json"))
    except ProfileProblem as problem:
        return ImportedItem(name=name or origin, problem=": ".join(filter(None, (problem.where, problem.message))))
    except (UnicodeEncodeError, TypeError, OverflowError):
        return ImportedItem(name=name or origin, problem="A text in it ends within a character.")
    profile = msgspec.structs.replace(profile, name=name or address_name(profile) or origin)
    given = secrets.get(profile.id)
    return ImportedItem(
        name=profile.name,
        profile=profile,
        secrets={
            name: Secret(text)
            for name, text in (given if isinstance(given, dict) else {}).items()
            if isinstance(text, str) and text
        },
        kept_foreign=tuple(entry.name for entry in profile.unread),
        has_identity=has_id,
        whole=True,
    )


def _masked(source: SecretSource) -> SecretSource:
    """A source whose reference is none is the secret itself; a command may hold one among its arguments."""
    reference = source.reference
    if reference is not None and profile_file.secret_in_clear(Profile(secrets={"": source})):
        return SecretSource(place="ask")
    return msgspec.structs.replace(source, command=redact(source.command) if source.command else source.command)
