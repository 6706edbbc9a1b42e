"""A profile's connection string as another driver takes it, and what has to be said about it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from clearline.core.options.catalogue import OPTIONS, Option, OptionType
from clearline.core.profiles.profile import Profile
from clearline.core.snippets import variables
from clearline.core.snippets.drivers import Driver
from clearline.core.snippets.variables import Kind, Piece

_UUIDS_OF_RUST = ("pythonLegacy", "javaLegacy", "csharpLegacy")
_AWS = "the access key comes from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or from the machine"


class ForeignUri(NamedTuple):
    """Pieces of the text, and remarks about options, each ``name: what about it``."""

    pieces: list[Piece]
    remarks: tuple[str, ...]


def foreign_uri(driver: Driver, profile: Profile, *, secrets: bool = True) -> ForeignUri:
    """The connection string with what that driver understands; the rest becomes remarks.

    Without ``secrets`` there is no reference to one either: a tool asks for them.
    """
    remarks: list[str] = []
    extra: list[Piece] = []
    profile = _explicit_tls(_without_aws_secrets(profile, remarks))
    added: set[str] = set()
    for option in OPTIONS:
        if option.field is None or option.ignored or (value := _set(option, profile)) is None:
            continue
        if option.type is OptionType.NUMBER and isinstance(value, float):
            profile = _with(profile, option, math.ceil(value))
        known = option.name.lower() in driver.known
        if option.name == "uuidRepresentation" and driver.key == "rust":
            known = value in _UUIDS_OF_RUST
        if not known:
            profile = _with(profile, option, _unset(option))
        if (renamed := driver.renamed.get(option.name)) and value is True:
            if renamed.name not in added and not (renamed.name == "tlsInsecure" and profile.tls.insecure):
                extra.append(Piece(Kind.TEXT, f"{renamed.name}=true"))
                added.add(renamed.name)
            remarks.append(f"{option.name}: here {renamed.name}, {renamed.difference}")
        elif option.name in driver.instead and value is not False:
            remarks.append(f"{option.name}: {driver.instead[option.name]}")
        elif not known and (not option.pymongo_only or option.name == "uuidRepresentation"):
            remarks.append(f"{option.name}: not known to this driver")
    if profile.tls.trust is not None and profile.tls.ca_file is None and profile.tls.trust in driver.trust:
        remarks.append(f"trusted roots: {driver.trust[profile.tls.trust]}")
    pairs = [[piece] for piece in extra]
    if secrets:
        pairs += _key_password(driver, profile, remarks) + _proxy(driver, profile, remarks)
    pieces = variables.uri(profile, user=True, secret=secrets)
    return ForeignUri(_appended(pieces, pairs), tuple(remarks))


def _set(option: Option, profile: Profile) -> Any:
    assert option.field is not None
    if option.type is OptionType.KEYWORD:
        return None
    value = getattr(getattr(profile, option.field[0]), option.field[1])
    return None if value in ((), {}) else value


def _unset(option: Option) -> Any:
    return {OptionType.LIST: (), OptionType.TAGS: (), OptionType.PROPERTIES: {}}.get(option.type)


def _with(profile: Profile, option: Option, value: Any) -> Profile:
    assert option.field is not None
    section, attribute = option.field
    changed = msgspec.structs.replace(getattr(profile, section), **{attribute: value})
    return msgspec.structs.replace(profile, **{section: changed})


def _without_aws_secrets(profile: Profile, remarks: list[str]) -> Profile:
    """Every driver finds Amazon's credentials by itself; Node.js takes them in no other way."""
    if profile.auth.mechanism != "MONGODB-AWS":
        return profile
    remarks.append(f"MONGODB-AWS: {_AWS}")
    auth = msgspec.structs.replace(profile.auth, user=None, properties={})
    return msgspec.structs.replace(profile, auth=auth, secrets={})


def _explicit_tls(profile: Profile) -> Profile:
    """PyMongo takes any TLS option as a wish for TLS; others do not."""
    tls = profile.tls
    if tls.enabled is None and not profile.seeds.srv and tls != type(tls)():
        return msgspec.structs.replace(profile, tls=msgspec.structs.replace(tls, enabled=True))
    return profile


def _key_password(driver: Driver, profile: Profile, remarks: list[str]) -> list[list[Piece]]:
    name = "tlsCertificateKeyFilePassword"
    secret = variables.key_password(profile)
    if secret is None:
        return []
    if not variables.has_key_password(profile):
        remarks.append(f"{name}: add it from the environment if the key is encrypted")
        return []
    if name.lower() not in driver.known:
        remarks.append(f"{name}: {driver.instead.get(name, 'not known to this driver')}")
        return []
    return [[Piece(Kind.TEXT, f"{name}="), *_encoded(secret)]]


def _proxy(driver: Driver, profile: Profile, remarks: list[str]) -> list[list[Piece]]:
    found = variables.proxy(profile)
    if found and "proxyhost" not in driver.known:
        remarks.append(f"proxyHost: {driver.instead.get('proxyHost', 'not known to this driver')}")
        return []
    return [[Piece(Kind.TEXT, f"{name}="), *_encoded(text)] for name, text in found.items()]


def _encoded(text: str) -> list[Piece]:
    kinds = {Kind.TEXT: Kind.TEXT, Kind.PLAIN: Kind.ENCODED}
    return [
        Piece(kinds[kind], quote(part, safe="") if kind is Kind.TEXT else part) for kind, part in variables.pieces(text)
    ]


def _appended(pieces: list[Piece], pairs: list[list[Piece]]) -> list[Piece]:
    has_options = any(piece.kind is Kind.TEXT and "?" in piece.text for piece in pieces)
    for pair in pairs:
        pieces = [*pieces, Piece(Kind.TEXT, "&" if has_options else "?"), *pair]
        has_options = True
    joined: list[Piece] = []
    for piece in pieces:
        if joined and piece.kind is Kind.TEXT and joined[-1].kind is Kind.TEXT:
            joined[-1] = Piece(Kind.TEXT, joined[-1].text + piece.text)
        else:
            joined.append(piece)
    return joined
