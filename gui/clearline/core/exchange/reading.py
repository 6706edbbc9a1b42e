"""From a file, or a pasted text, to its connections: the format is told by the content, never by the file's name."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from clearline.core.exchange import compass, dbeaver, dotenv, encrypted, ours, robo3t, uri_list, vscode
from clearline.core.exchange.imported import (
    MOST_BYTES,
    CannotRead,
    Format,
    Imported,
    ImportedItem,
    ImportProblem,
    NeedsPassphrase,
    NotRecognised,
    TooLarge,
    WrongPassphrase,
)
from clearline.core.exchange.json_text import parse
from clearline.core.files.whole_files import read_whole
from clearline.core.secrets.secret import Secret
from clearline.core.storage import profile_file

KNOWN: Final = "Clearline, Compass, Robo 3T, Studio 3T, DBeaver, VS Code, .env files and lists of connection strings"
"""What can be read, as a sentence has it."""

_JSON: Final = ("{", "[", "/*", "//")
_WAYS: Final = re.compile(r"(?im)^\s*(?:Host|Match)\s+\S|^kind:\s*Config\s*$|^current-context:")
"""Settings of SSH, or of kubectl."""
_BEGINNING: Final = 100_000
_IN_THE_FORM: Final = (
    "These are settings of SSH or of kubectl, which name no database. A connection's Way offers the hosts of "
    "~/.ssh/config and the contexts of kubectl."
)
_TOO_LARGE: Final = f"It is larger than {MOST_BYTES // 1024 // 1024} MiB."
_BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def read_file(path: Path, passphrase: Secret | None = None) -> Imported:
    """The connections of a file. Takes up to a second with a passphrase: keys are slow to derive on purpose.

    Raises `ImportProblem`: `CannotRead`, `NotRecognised`, `NewerFormat`, `TooLarge`, `NeedsPassphrase`,
    `WrongPassphrase`; nothing else. An entry that cannot be read does not hide the others: it is an item with its
    problem.
    """
    try:
        raw = read_whole(path, MOST_BYTES)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            raise TooLarge(_TOO_LARGE) from None
        # ValueError: a null character in the name
        raise CannotRead(f"{path.name}: {getattr(error, 'strerror', None) or type(error).__name__}") from error
    return _read(raw, passphrase, path)


def read_files(paths: Iterable[Path], passphrase: Secret | None = None) -> Imported:
    """The connections of several files together; what is wrong with one of them is an item with its problem.

    Raises `ImportProblem` for a single file, and `NeedsPassphrase` or `WrongPassphrase` when any of them does.
    """
    listed = list(paths)
    if len(listed) == 1:
        return read_file(listed[0], passphrase)
    items: list[ImportedItem] = []
    over = 0
    for path in listed:
        try:
            read = read_file(path, passphrase)
            items.extend(read.items)
            over += read.passed_over
        except (NeedsPassphrase, WrongPassphrase):
            raise
        except ImportProblem as problem:
            items.append(ImportedItem(name=path.name, problem=str(problem)))
    return Imported(format=Format.SEVERAL, items=tuple(items), passed_over=over)


def read_text(text: str, passphrase: Secret | None = None) -> Imported:
    """The connections of a pasted text; raises as `read_file` does."""
    return _read(text.encode("utf-8", "replace"), passphrase, None)


def is_one_profile(path: Path) -> bool:
    """Whether the file is one profile of ours, to be opened rather than imported. Never raises."""
    try:
        raw = read_whole(path, MOST_BYTES + 1)
        document = parse(decoded(raw))
    except (OSError, ValueError, ImportProblem):
        return False
    return isinstance(document, dict) and document.get("format") == profile_file.FORMAT


def is_log(path: Path) -> bool:
    """Whether the file is a text without any connection to import: what a program printed, perhaps. Never raises."""
    try:
        raw = read_whole(path, MOST_BYTES + 1)
        text = decoded(raw)
    except (OSError, ValueError, ImportProblem):
        return False
    if len(raw) > MOST_BYTES:
        return True
    ours_or_ways = text.lstrip().startswith(_JSON) or _WAYS.search(text[:_BEGINNING])  # damaged ones are told as such
    return not (ours_or_ways or dotenv.looks_like(text) or uri_list.looks_like(text))


def decoded(raw: bytes) -> str:
    """Bytes as text, by their byte order mark, else UTF-8, else what Windows wrote. Raises `NotRecognised`."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return _text(raw[len(mark) :].decode(encoding, "replace"))
    if raw[1:2] == b"\0" or raw[:1] == b"\0":  # UTF-16 without its mark: an ASCII character has a null byte
        return _text(raw.decode("utf-16-le" if raw[1:2] == b"\0" else "utf-16-be", "replace"))
    try:
        return _text(raw.decode())
    except UnicodeDecodeError:
        return _text(raw.decode("cp1252", "replace"))


def _text(text: str) -> str:
    if "\0" in text:
        raise NotRecognised("This is no text.")
    return text


def _read(raw: bytes, passphrase: Secret | None, path: Path | None) -> Imported:
    if len(raw) > MOST_BYTES:
        raise TooLarge(_TOO_LARGE)
    text = decoded(raw)
    if text.lstrip().startswith(_JSON) and (read := _from_json(text, passphrase, path)) is not None:
        return read
    if _WAYS.search(text[:_BEGINNING]) and not uri_list.looks_like(text):
        raise NotRecognised(_IN_THE_FORM)
    if dotenv.looks_like(text):
        return dotenv.read(text, path)
    if uri_list.looks_like(text):
        return uri_list.read(text)
    raise NotRecognised(f"There is no connection in it. Known are: {KNOWN}.")


def _from_json(text: str, passphrase: Secret | None, path: Path | None) -> Imported | None:
    """None when this is JSON of some other kind, or none at all, that may still hold connection strings."""
    try:
        document = parse(text)
    except NotRecognised:
        if text.lstrip().startswith("{"):
            raise
        return None
    if isinstance(document, dict):
        return _from_object(document, passphrase, path.stem if path else "connection")
    if isinstance(document, list) and document and all(isinstance(entry, str) for entry in document):
        return uri_list.read_strings(document)
    return vscode.read(document) if vscode.looks_like(document) else None


def _from_object(document: dict[str, Any], passphrase: Secret | None, origin: str) -> Imported | None:
    if document.get("format") in (ours.FORMAT, encrypted.FORMAT, profile_file.FORMAT):
        return ours.read(document, passphrase, origin)
    if document.get("type") == compass.TYPE:
        return compass.read(document, passphrase)
    if vscode.looks_like(document):
        return vscode.read(document)
    if dbeaver.looks_like(document):
        return dbeaver.read(document)
    if robo3t.looks_like(document):
        return robo3t.read(document)
    return None
