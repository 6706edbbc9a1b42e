"""The program's own settings: one small file that nothing depends on. Without it, or broken, the defaults hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from clearline.core.facts.whole import SILENCE_S
from clearline.core.files.whole_files import locked, read_whole, write_whole
from clearline.core.profiles.profile import Place
from clearline.core.profiles.section import NonNegative
from clearline.core.typed_values import from_plain

FORMAT: Final = "clearline-settings"
VERSION: Final = 1

Colours = Literal["system", "light", "dark"]
SortOrder = Literal["name", "last-checked", "verdict"]


class Settings(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the user chose, or what the window wants to remember. The file holds only what differs from the defaults."""

    colours: Colours = "system"
    still: bool = False
    """Nothing moves by itself: what shows that something runs stands still."""
    geometry: str = ""
    """The window's place and size, as Qt's ``saveGeometry`` in base64."""
    event_limit: NonNegative = 100_000
    """Driver events kept per watch."""
    silence_s: float = SILENCE_S
    """Seconds without progress that count as silence."""
    watch_interval_s: float = 10.0
    notifications: bool = True
    tray: bool = False
    sort_order: SortOrder = "name"
    new_secrets: Place = "keyring"
    """Where the secrets of new profiles go."""
    extra: dict[str, str] = {}
    """Small texts that parts of the window remember, by a name of their own."""


def load(file: Path) -> Settings:
    """The settings of a file; never raises.

    A value that makes no sense, of a later version perhaps, counts as not set and the others hold; a file that is no
    settings file at all is renamed to ``….broken`` so that nothing is lost.
    """
    try:
        raw = read_whole(file)
    except OSError:
        return Settings()
    try:
        document = msgspec.json.decode(raw)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError
    except (ValueError, RecursionError):  # msgspec.DecodeError and UnicodeDecodeError are ValueErrors
        try:
            file.replace(file.with_name(f"{file.name}.broken"))
        except OSError:
            pass
        return Settings()
    kept: dict[str, Any] = {}
    for name in Settings.__struct_fields__:
        if name in document:
            try:
                from_plain({name: document[name]}, Settings)
            except msgspec.ValidationError:
                continue
            kept[name] = document[name]
    return from_plain(kept, Settings)


def save(settings: Settings, file: Path) -> None:
    """Write the settings as a whole or not at all. Raises OSError."""
    document = {"format": FORMAT, "version": VERSION, **msgspec.to_builtins(settings, order="deterministic")}
    file.parent.mkdir(parents=True, exist_ok=True)
    with locked(file.parent):
        write_whole(file, msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
