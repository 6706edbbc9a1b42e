"""Connections that Compass exported: extended JSON of type ``Compass Connections``, version 1, plain or encrypted.

``connectionSecrets`` of an entry is base64 of version 0x0001 ‖ salt (16) ‖ iv (16) ‖ tag (16) ‖ AES-256-GCM of
``{"secrets": {…}}``; the key is PBKDF2-HMAC-SHA512 of the passphrase with 100,000 rounds, 32 bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any, Final

import msgspec

from clearline.core.exchange.from_text import item_from
from clearline.core.exchange.imported import (
    Format,
    Imported,
    ImportedItem,
    NeedsPassphrase,
    NewerFormat,
    NotRecognised,
    WrongPassphrase,
    foreign_id,
    one_line,
    within_limits,
)
from clearline.core.exchange.json_text import plain_numbers
from clearline.core.exchange.tunnels import hop_secrets_of, ssh_hop
from clearline.core.profiles.profile import Colour, Profile, Tls, new_profile_id
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, KEY_PASSWORD, PASSWORD, PROXY_PASSWORD, Secret

TYPE: Final = "Compass Connections"
VERSION: Final = 1

_ROUNDS: Final = 100_000
_MOST_KEYS: Final = 20
"""Compass uses one salt per export; a file with thousands would keep the computer busy for minutes."""

_COLOURS: Final[dict[str, Colour]] = {
    "color1": "green",
    "color2": "teal",
    "color3": "blue",
    "color4": "purple",  # iris
    "color5": "purple",
    "color6": "red",
    "color7": "pink",
    "color8": "orange",
    "color9": "yellow",
    "color10": "grey",
    # Compass before 1.31, by hue
    "#5fc86e": "green",
    "#326fde": "blue",
    "#deb342": "yellow",
    "#d4366e": "pink",
    "#59c1e2": "teal",
    "#2c5f4a": "green",
    "#d66531": "orange",
    "#773819": "orange",
    "#3b8196": "teal",
    "#ababab": "grey",
}
_SECRET_NAMES: Final = {
    "password": PASSWORD,
    "tlsCertificateKeyFilePassword": KEY_PASSWORD,
    "proxyPassword": PROXY_PASSWORD,
    "awsSessionToken": AWS_SESSION_TOKEN,
}
_READ: Final = frozenset({"connectionString", "useSystemCA"})


class _Opener:
    """Opens the secrets of one file; keys are derived once per salt."""

    def __init__(self, passphrase: Secret) -> None:
        self._passphrase = passphrase.reveal().encode("utf-8", "surrogatepass")
        self._keys: dict[bytes, bytes] = {}

    def open(self, sealed: str) -> dict[str, Any] | None:
        """The secrets by Compass' names; None when they cannot be opened."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            raw = base64.b64decode(sealed)
        except (binascii.Error, ValueError):
            return None
        version, salt, iv, tag, data = raw[:2], raw[2:18], raw[18:34], raw[34:50], raw[50:]
        if version != b"\x00\x01" or len(tag) != 16:
            return None
        if salt not in self._keys:
            if len(self._keys) >= _MOST_KEYS:
                return None
            self._keys[salt] = hashlib.pbkdf2_hmac("sha512", self._passphrase, salt, _ROUNDS, 32)
        try:
            opened = json.loads(AESGCM(self._keys[salt]).decrypt(iv, data + tag, None))
        except (InvalidTag, ValueError, RecursionError):
            return None
        secrets = opened.get("secrets") if isinstance(opened, dict) else None
        return secrets if isinstance(secrets, dict) else None


def read(document: dict[str, Any], passphrase: Secret | None) -> Imported:
    """The connections of an export. Raises `NeedsPassphrase`, `WrongPassphrase`, `NewerFormat` or `TooLarge`."""
    document = plain_numbers(document)
    version = document.get("version")
    if version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        raise (NewerFormat if newer else NotRecognised)("Only version 1 of the exports of Compass is known.")
    entries = document.get("connections")
    if not isinstance(entries, list):
        raise NotRecognised("It says that it is an export of Compass, but holds no list of connections.")
    entries = within_limits(entries)
    sealed = [isinstance(entry, dict) and bool(entry.get("connectionSecrets")) for entry in entries]
    if any(sealed) and not passphrase:
        raise NeedsPassphrase("The passwords in it are encrypted.")
    opener = _Opener(passphrase) if passphrase else None
    opened = [
        opener.open(str(entry["connectionSecrets"])) if is_sealed and opener is not None else None
        for entry, is_sealed in zip(entries, sealed, strict=True)
    ]
    if any(sealed) and all(secrets is None for secrets in opened):
        raise WrongPassphrase("The passphrase does not open the passwords in this file.")
    items = [_item(*parts, number) for number, parts in enumerate(zip(entries, sealed, opened, strict=True), 1)]
    return Imported(format=Format.COMPASS, items=tuple(items))


def _item(entry: Any, sealed: bool, opened: dict[str, Any] | None, number: int) -> ImportedItem:
    if not isinstance(entry, dict):
        return ImportedItem(name=f"connection {number}", problem="This entry is no object.")
    shown = _object(entry.get("favorite"))  # every saved connection is a "favorite" there, so none is one of ours
    options = _object(entry.get("connectionOptions"))
    own_id = entry.get("id")
    tunnel, kept = _object(options.get("sshTunnel")), opened or {}
    hop = ssh_hop(tunnel.get("host"), tunnel.get("port"), tunnel.get("username"), tunnel.get("identityKeyFile"))
    system_roots = options.get("useSystemCA") is True
    base = Profile(
        id=foreign_id("compass", own_id) if isinstance(own_id, str) and own_id else new_profile_id(),
        colour=_COLOURS.get(str(shown.get("color", "")).lower()),
        tls=Tls(trust="system" if system_roots else None),
        hops=(hop,) if hop is not None else (),
    )
    secrets = {
        ours: Secret(text)
        for theirs, ours in _SECRET_NAMES.items()
        if isinstance(text := (opened or {}).get(theirs), str) and text
    }
    if hop is not None:
        secrets |= hop_secrets_of(
            kept.get("sshTunnelPassword") or tunnel.get("password"),
            kept.get("sshTunnelPassphrase") or tunnel.get("identityKeyPassphrase"),
        )
    remarks = []
    if sealed and opened is None:
        remarks.append("Its passwords could not be decrypted, so none is imported.")
    item = item_from(
        options.get("connectionString"),
        name=one_line(shown.get("name")),
        base=base,
        extra_secrets=secrets,
        literal_plus=True,
        foreign=_foreign(options),
        remarks=tuple(remarks),
        has_identity=isinstance(own_id, str) and bool(own_id),
    )
    return item if item.name else msgspec.structs.replace(item, name=f"connection {number}")


def _foreign(options: dict[str, Any]) -> tuple[str, ...]:
    """What else the connection was set to, without any secret."""
    told = []
    if _object(options.get("fleOptions")):
        told.append("in-use encryption, its keys left out")
    if _object(options.get("oidc")):
        told.append("OIDC settings: " + ", ".join(sorted(map(one_line, options["oidc"]))))
    told.extend(
        one_line(name)
        for name, value in options.items()
        if name not in _READ and name not in ("sshTunnel", "fleOptions", "oidc") and value not in (None, False, "", {})
    )
    return tuple(told)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
