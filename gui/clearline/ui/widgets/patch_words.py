"""What a patch does, in the few words that fit on a button."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from clearline.core.options.catalogue import OPTIONS
from clearline.core.profiles.profile import Profile
from clearline.core.uri.connection_string import value_text


def patch_words(patch: dict[str, Any]) -> str:
    """The changes of a JSON merge patch on a profile: "Set replicaSet=rs0", "Connect to db1:27017 directly"."""
    seeds = patch.get("seeds") or {}
    if hosts := seeds.get("hosts"):
        where = hosts[0] if len(hosts) == 1 else f"these {len(hosts)} hosts"
        return f"Connect to {where}" + (" directly" if seeds.get("directConnection") else "")
    if seeds.get("srv") is False:
        return "Use mongodb:// with hosts"
    auth = patch.get("auth") or {}
    if "user" in auth:
        if auth["user"] is not None:
            return f"Set the user to {auth['user']}"
        return "Remove the login" if len(auth) > 1 else "Remove the user name"
    gone, put = [], []
    for section, fields in patch.items():
        for field, value in fields.items() if isinstance(fields, dict) else ():
            if value is None:
                gone.append(_name(section, field))
            elif isinstance(value, (dict, list)) or field.endswith("File"):
                put.append(_name(section, field))
            elif field == "database":
                put.append(f"{_name(section, field)} to {value}")
            else:
                put.append(f"{_name(section, field)}={value_text(value)}")
    words = ([f"set {' and '.join(put)}"] if put else []) + ([f"remove {' and '.join(gone)}"] if gone else [])
    said = ", ".join(words)
    return said[:1].upper() + said[1:]


def setting_name(place: str) -> str:
    """A setting by its place in a profile, as the connection string calls it: ``seeds.replicaSet`` is replicaSet."""
    section, _, field = place.partition(".")
    return _names().get((section, field)) or field or section


def _name(section: str, field: str) -> str:
    return _names().get((section, field), "the database name" if field == "database" else field)


@cache
def _names() -> dict[tuple[str, str], str]:
    """The options' names by section and field as the JSON of a profile has them."""
    names = {}
    for option in OPTIONS:
        if option.field is not None:
            section, attribute = option.field
            for field in msgspec.structs.fields(getattr(Profile(), section)):
                if field.name == attribute:
                    names[section, field.encode_name] = option.name
    return names
