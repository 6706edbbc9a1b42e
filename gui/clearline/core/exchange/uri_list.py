"""Connection strings in any text, one a line, also as Studio 3T exports them.

A line may name its connection in front (``orders = mongodb://…``, ``orders: …``, ``orders, …`` or a tab), or the
comment above it does. Studio 3T writes the name, and everything else of its own, as options ``3t.…`` of the string;
PyMongo ignores them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_plus

import msgspec

from clearline.core.exchange.from_text import item_from
from clearline.core.exchange.imported import Format, Imported, ImportedItem, one_line, within_limits
from clearline.core.exchange.tunnels import hop_secrets_of, ssh_hop
from clearline.core.profiles.hop import SshServer
from clearline.core.profiles.profile import Colour, Profile

_URI: Final = re.compile(r"mongodb(?:\+srv)?://[^\s\"'`<>]*(?:<[^<>\s]{1,40}>[^\s\"'`<>]*)*", re.IGNORECASE)
_COMMENT: Final = re.compile(r"^\s*(?:#+|//+|;+|--)\s*(.*)$")
_JSON_KEY: Final = re.compile(r'"([^"]{1,60})"\s*:\s*"$')
_NAME_3T: Final = "3t.connection.name"
_COLOUR_3T: Final = "3t.defaultColor"
_PASSPHRASE_3T: Final = "3t.sshPKPassphrase"  # noqa: S105 - the name of one
_HUES: Final[tuple[tuple[Colour, tuple[int, int, int]], ...]] = (
    ("red", (214, 69, 61)),
    ("orange", (224, 123, 40)),
    ("yellow", (211, 164, 20)),
    ("green", (58, 157, 93)),
    ("teal", (29, 154, 154)),
    ("blue", (61, 116, 224)),
    ("purple", (138, 91, 214)),
    ("pink", (214, 85, 159)),
    ("grey", (135, 145, 160)),
)


def looks_like(text: str) -> bool:
    """Whether there is any connection string in the text."""
    return _URI.search(text) is not None


def read(text: str) -> Imported:
    """The connections of the text. Raises `TooLarge`."""
    entries = within_limits(_entries(text))
    lines = [line for line in text.splitlines() if line.strip() and not _COMMENT.match(line)]
    over = sum(1 for line in lines if not _URI.search(line))
    return Imported(format=Format.URI_LIST, items=tuple(_item(name, uri) for name, uri in entries), passed_over=over)


def read_strings(uris: list[object]) -> Imported:
    """The connections of a list of texts, as a JSON file may hold it. Raises `TooLarge`."""
    return Imported(format=Format.URI_LIST, items=tuple(_item("", uri) for uri in within_limits(uris)))


def _entries(text: str) -> Iterator[tuple[str, str]]:
    above = ""
    for line in text.splitlines():
        comment = _COMMENT.match(line)
        if comment and not _URI.search(line):
            above = comment[1] if len(comment[1]) <= 60 else ""
            continue
        found = list(_URI.finditer(line))
        for uri in found:
            before = line[: uri.start()] if uri is found[0] else ""
            yield (_label(before) or above, uri[0].rstrip(".,;)]}"))
        above = ""


def _label(before: str) -> str:
    """The name in front of a connection string; a whole sentence is none."""
    if key := _JSON_KEY.search(before[-200:]):
        return key[1]
    stripped = before.strip().strip("\"'`<([").strip()
    stripped = stripped.lstrip("-*•# ").rstrip(":=,;|\t ").strip().strip("\"'`")
    return stripped if len(stripped) <= 60 else ""


def _item(name: str, uri: object) -> ImportedItem:
    item = item_from(uri, name=name)
    if item.profile is None:
        return item if item.name else msgspec.structs.replace(item, name="connection")
    own = {entry.name: unquote_plus(entry.value or "") for entry in item.profile.unread}
    if not {_NAME_3T, _COLOUR_3T, "3t.ssh"} & own.keys():
        return item
    return msgspec.structs.replace(item, **_of_studio_3t(item, item.profile, own))


def _of_studio_3t(item: ImportedItem, profile: Profile, own: dict[str, str]) -> dict[str, object]:
    """Name, colour and SSH out of the options; what is used is no longer an option that PyMongo ignores."""
    name = one_line(own.get(_NAME_3T)) or profile.name
    colour = _nearest(own.get(_COLOUR_3T, ""))
    used = {_NAME_3T} | ({_COLOUR_3T} if colour else set())
    hops, secrets = profile.hops, dict(item.secrets)
    # What looks like a secret is kept as one: "true" as well, of a switch whose name speaks of a passphrase.
    said = own | {option: secret.reveal() for option, secret in secrets.items() if option in own}
    if not hops and said.get("3t.ssh", "").lower() == "true" and (hop := _tunnel(said)) is not None:
        hops = (hop,)
        used |= {option for option in own if option.startswith("3t.ssh")}
        secrets = {option: secret for option, secret in secrets.items() if option not in used}
        secrets |= hop_secrets_of(said.get("3t.sshPassword"), said.get(_PASSPHRASE_3T))
    unread = tuple(entry for entry in profile.unread if entry.name not in used)
    changed = msgspec.structs.replace(profile, name=name, colour=colour, unread=unread, hops=hops)
    kept_foreign = tuple(entry.name for entry in unread)
    return {"name": name, "profile": changed, "kept_foreign": kept_foreign, "secrets": secrets}


def _tunnel(said: dict[str, str]) -> SshServer | None:
    key = said.get("3t.sshPKPath") if said.get("3t.sshAuthMode", "").lower() != "password" else None
    return ssh_hop(said.get("3t.sshAddress"), said.get("3t.sshPort"), said.get("3t.sshUser"), key)


def _nearest(colour: str) -> Colour | None:
    """Ours for ``red,green,blue``; None for anything else."""
    parts = [int(part) for part in colour.split(",") if re.fullmatch(r"\s*\d{1,3}\s*", part, re.ASCII)]
    if len(parts) != 3:
        return None
    return min(_HUES, key=lambda hue: sum((a - b) ** 2 for a, b in zip(hue[1], parts, strict=True)))[0]
