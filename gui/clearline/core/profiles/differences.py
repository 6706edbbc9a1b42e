"""Two profiles compared, setting by setting, as people read them: before a remedy, an import or a save of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from clearline.core.profiles.profile import Profile
from clearline.core.secrets.redaction import MASK

NOT_SET: Final = "not set"
_WORDS: Final = {"unread": "not understood"}


class Difference(NamedTuple):
    """One setting that differs: its place in the profile (``pool.maxPoolSize``), before and after as words."""

    place: str
    before: str
    after: str


def differences(before: Profile, after: Profile) -> list[Difference]:
    """Every setting that differs, by its place; a profile holds no secrets, and so neither do these."""
    old, new = _flat(msgspec.to_builtins(before)), _flat(msgspec.to_builtins(after))
    return [
        Difference(_WORDS.get(name, name), old.get(name, NOT_SET), new.get(name, NOT_SET))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)):
            flat[prefix + name] = ", ".join(map(_entry, value)) or NOT_SET
        elif isinstance(value, bool):  # before numbers: True is one of them
            flat[prefix + name] = "yes" if value else "no"
        elif value is not None and value != "":
            flat[prefix + name] = str(value)
    return {name: value for name, value in flat.items() if value != NOT_SET}


def _entry(value: Any) -> str:
    """One of several values: a host, a tag set, or an option that no field holds."""
    if not isinstance(value, dict):
        return str(value)
    if "name" in value:
        shown = MASK if value.get("value", "") is None else value.get("value", "")
        return f"{value['name']}={shown}"
    return ",".join(f"{name}:{text}" for name, text in value.items()) or "any"
