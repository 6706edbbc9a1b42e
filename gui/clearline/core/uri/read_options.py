"""The options of a connection string as PyMongo takes them: typed values, what it drops, and what a profile keeps."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec
from msgspec.structs import replace

from clearline.core.options.catalogue import Option, OptionType, lookup
from clearline.core.options.values import ValueProblem, parse_properties, parse_tags, parse_value, split_properties
from clearline.core.profiles.profile import Profile, Unread
from clearline.core.secrets.redaction import MASK, looks_secret
from clearline.core.secrets.references import has_references, is_reference
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, PROXY_PASSWORD, Secret, Unshown, hop_password
from clearline.core.uri.parts import OptionPiece, UriText
from clearline.core.uri.pieces import is_invisible
from clearline.core.uri.proxy_options import ProxyOptions, is_proxy_option

IMPLIED_BY_INSECURE: Final = ("tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames", "tlsDisableOCSPEndpointCheck")
_FILES: Final = ("tlsCertificateKeyFile", "tlsCertificateKeyFilePassword", "tlsCAFile", "tlsCRLFile")
_SHORTEST: Final = 4
"""Fewer characters are too soon a part of any value."""
_BEYOND_JSON: Final = 2**63 - 1


class ReadOptions(Unshown, frozen=True):
    """What became of every option of the text."""

    effective: dict[str, Any] = msgspec.field(default_factory=dict)
    """What PyMongo goes by, by canonical name; ``tls`` is there also when it is only implied. Secrets are masked."""
    typed: dict[str, OptionPiece] = msgspec.field(default_factory=dict)
    """The last place of every name as PyMongo keeps it: lower case, ``ssl`` beside ``tls``; unknown names included."""
    problems: list[tuple[OptionPiece, Option, ValueProblem]] = msgspec.field(default_factory=list)
    duplicates: list[tuple[OptionPiece, OptionPiece]] = msgspec.field(default_factory=list)
    """An overridden place and the one that counts."""
    unknown: list[OptionPiece] = msgspec.field(default_factory=list)
    fields: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """Profile values by section and attribute."""
    unread: tuple[Unread, ...] = ()
    secrets: dict[str, Secret] = msgspec.field(default_factory=dict)
    open: frozenset[str] = frozenset()
    """Options whose value is known only when its references are resolved, by canonical name."""
    references: dict[str, str] = msgspec.field(default_factory=dict)
    """The references that stand for secrets, by the secret's name."""
    tls_needs: tuple[str, ...] = ()
    """Options that make no sense without TLS, so that PyMongo switches it on."""
    proxy: ProxyOptions = msgspec.field(default_factory=ProxyOptions)


def read_options(text: UriText) -> ReadOptions:
    """The options of the text, typed. Never fails."""
    result = ReadOptions()
    unread: list[Unread] = []
    places: dict[str, list[OptionPiece]] = {}
    spaced: list[tuple[Option, OptionPiece]] = []
    owner = ""
    for chunk in text.chunks:
        if chunk.doubtful:
            unread.append(_kept_apart(result, chunk, owner))
            continue
        owner = chunk.name.text
        if chunk.value is None:
            if chunk.name.text.strip() and not text.suspect:
                unread.append(_unread(result, chunk))
            continue
        places.setdefault(chunk.name.text.lower(), []).append(chunk)
    for name, chunks in places.items():
        result.typed[name] = chunks[-1]
        option = lookup(name)
        if option is not None and option.type is OptionType.TAGS:
            _read_tags(result, option, chunks, unread)
            continue
        for overridden in chunks[:-1]:
            result.duplicates.append((overridden, chunks[-1]))
            if not _holds_secret(overridden.name.text):
                unread.append(_unread(result, overridden))
        if option is None:
            result.unknown.append(chunks[-1])
            if (meant := lookup(_visible(name))) is not None:
                spaced.append((meant, chunks[-1]))
            else:
                unread.append(_unread(result, chunks[-1]))
        else:
            _read_option(result, option, chunks[-1], unread)
    for meant, chunk in spaced:
        _read_spaced(result, meant, chunk, unread)
    open_names = frozenset(
        option.name
        for name, chunks in places.items()
        if (option := lookup(name)) is not None
        and any(chunk.value is not None and has_references(chunk.value.text) for chunk in chunks)
    )
    result = replace(result, open=open_names)
    _normalise(result, text, unread)
    return replace(result, unread=tuple(unread), tls_needs=_tls_needs(result.effective))


def with_proxy(options: ReadOptions, proxy: ProxyOptions) -> ReadOptions:
    """The options with those of a proxy taken out, where they name one: it is a hop."""
    if proxy.hop is None:
        return replace(options, proxy=proxy)
    secrets = {name: secret for name, secret in options.secrets.items() if name != PROXY_PASSWORD}
    references = dict(options.references)
    if proxy.password is not None:
        secrets[hop_password(0)] = proxy.password
    if proxy.reference is not None:
        references[hop_password(0)] = proxy.reference
    return replace(
        options,
        proxy=proxy,
        secrets=secrets,
        references=references,
        unknown=[chunk for chunk in options.unknown if not is_proxy_option(chunk.name.text)],
        unread=tuple(item for item in options.unread if not is_proxy_option(item.name)),
    )


def with_secrets_apart(options: ReadOptions, secrets: dict[str, Secret]) -> ReadOptions:
    """An option that PyMongo does not know and that repeats a secret goes to the vault too: into ``secrets``."""
    known = [text for secret in secrets.values() if len(text := secret.reveal()) >= _SHORTEST]
    unread = []
    for item in options.unread:
        typed = item.name if item.bare else item.value
        if (
            not typed
            or item.value is None
            or is_reference(typed)
            or not any(word in unquote_plus(typed) for word in known)
        ):
            unread.append(item)
        elif not item.bare:  # else it is no option at all, and the vault has it already
            secrets.setdefault(item.name, Secret(unquote_plus(typed)))
            unread.append(Unread(name=item.name, value=None))
    return replace(options, unread=tuple(unread))


def masked_value(name: str, value: str) -> str:
    """The value of an option as a sentence may show it."""
    return MASK if _holds_secret(name) else value


def tls_patch(profile: Profile, *, enabled: bool) -> dict[str, Any]:
    """The merge patch that leaves one ``tls`` option of that value, and none that PyMongo ignores."""
    unread = [msgspec.to_builtins(item) for item in profile.unread if item.name.lower() not in ("tls", "ssl")]
    return {"tls": {"enabled": enabled}, "unread": unread}


def _holds_secret(name: str) -> bool:
    option = lookup(name)
    if option is not None:
        return option.secret or option.type is OptionType.PROPERTIES
    return looks_secret(name)


def _unread(result: ReadOptions, chunk: OptionPiece) -> Unread:
    name = chunk.name.text
    if chunk.value is None:
        return Unread(name=name, bare=True)
    if not _holds_secret(name) or is_reference(chunk.value.text):
        return Unread(name=name, value=chunk.value.text)
    key = PROXY_PASSWORD if name.lower() == PROXY_PASSWORD.lower() else name
    result.secrets[key] = Secret(unquote_plus(chunk.value.text))
    return Unread(name=key, value=None)


AFTER: Final = "after "
"""Begins the label of what may be the rest of the secret after it."""


def _kept_apart(result: ReadOptions, chunk: OptionPiece, owner: str) -> Unread:
    """What may be the rest of a secret goes to the vault as it is, name and all."""
    option = lookup(owner)
    label = AFTER + (option.name if option is not None else owner)
    number = sum(name == label or name.startswith(f"{label} ") for name in result.secrets) + 1
    key = label if number == 1 else f"{label} {number}"
    result.secrets[key] = Secret(chunk.whole.text)
    return Unread(name=key, value=None, bare=True)


def _read_option(result: ReadOptions, option: Option, chunk: OptionPiece, unread: list[Unread]) -> None:
    raw = chunk.value.text if chunk.value is not None else ""
    if option.type is OptionType.PROPERTIES:
        _read_properties(result, option, chunk, raw, unread)
        return
    if option.secret and is_reference(raw):
        result.references[option.name] = raw
        return
    if has_references(raw) and option.type not in (OptionType.TEXT, OptionType.FILE):
        unread.append(_unread(result, chunk))
        return
    raw = unquote_plus(raw)
    value = parse_value(option, raw)
    if isinstance(value, ValueProblem):
        result.problems.append((chunk, option, value))
        value = value.value
    if option.secret:
        result.secrets[option.name] = Secret(raw)
        result.effective[option.name] = MASK
        return
    if value is None:
        unread.append(_unread(result, chunk))
        return
    result.effective[option.name] = list(value) if isinstance(value, tuple) else value
    if (isinstance(value, int) and value >= _BEYOND_JSON) or value == ():
        unread.append(_unread(result, chunk))
        return
    # A name that PyMongo cannot compress with stays in the list, as in the text.
    _set(result, option, tuple(raw.split(",")) if option.type is OptionType.LIST else value)


def _read_tags(result: ReadOptions, option: Option, chunks: list[OptionPiece], unread: list[Unread]) -> None:
    if any(chunk.value is not None and has_references(chunk.value.text) for chunk in chunks):
        unread.extend(_unread(result, chunk) for chunk in chunks)
        return
    tags = parse_tags([chunk.value.text for chunk in chunks if chunk.value is not None])
    if isinstance(tags, ValueProblem):
        result.problems.append((chunks[-1], option, tags))
        unread.extend(_unread(result, chunk) for chunk in chunks)
        return
    result.effective[option.name] = list(tags)
    _set(result, option, tags)


def _read_properties(result: ReadOptions, option: Option, chunk: OptionPiece, raw: str, unread: list[Unread]) -> None:
    properties = parse_properties(raw)
    if isinstance(properties, ValueProblem):
        result.problems.append((chunk, option, properties))
    else:
        result.effective[option.name] = {k: MASK if looks_secret(k) else v for k, v in properties.items()}
    if not raw:
        unread.append(Unread(name=option.name, value=""))
        return
    kept: dict[str, str] = {}
    for key, value in split_properties(raw):
        if key == AWS_SESSION_TOKEN and is_reference(value):
            result.references[AWS_SESSION_TOKEN] = value
        elif key.startswith(AWS_SESSION_TOKEN) and key != AWS_SESSION_TOKEN:
            result.secrets[AWS_SESSION_TOKEN] = Secret(key.removeprefix(AWS_SESSION_TOKEN) + value)
        elif looks_secret(key):
            result.secrets[key] = Secret(value)
            if key != AWS_SESSION_TOKEN:
                kept[key] = ""
        else:
            kept[key] = value
    _set(result, option, kept)


def _read_spaced(result: ReadOptions, option: Option, chunk: OptionPiece, unread: list[Unread]) -> None:
    """An option whose name white space spoils: PyMongo drops it, the profile takes it where nothing else says it."""
    meant = ReadOptions()
    left: list[Unread] = []
    if option.type is OptionType.TAGS:
        _read_tags(meant, option, [chunk], left)
    else:
        _read_option(meant, option, chunk, left)
    if left or option.name in result.effective:
        unread.append(_unread(result, chunk))
        return
    result.secrets.update(meant.secrets)
    for section, values in meant.fields.items():
        result.fields.setdefault(section, {}).update(values)


def _visible(name: str) -> str:
    return "".join(c for c in name if not is_invisible(c))


def _set(result: ReadOptions, option: Option, value: Any) -> None:
    if option.field is not None:
        section, attribute = option.field
        result.fields.setdefault(section, {})[attribute] = value


def _normalise(result: ReadOptions, text: UriText, unread: list[Unread]) -> None:
    """What PyMongo concludes: tls after ssl, what tlsInsecure stands for, and TLS where it is implied."""
    effective = result.effective
    ssl, tls = result.typed.get("ssl"), result.typed.get("tls")
    if ssl is not None and tls is not None and ssl.value is not None and tls.value is not None:
        values = {unquote_plus(ssl.value.text), unquote_plus(tls.value.text)}
        if values == {"true", "false"}:
            effective["tls"] = unquote_plus(tls.value.text) == "true"
            result.fields["tls"]["enabled"] = effective["tls"]
            unread.append(_unread(result, ssl))
    if (insecure := effective.get("tlsInsecure")) is not None:
        for name in IMPLIED_BY_INSECURE:
            effective.setdefault(name, insecure)
    if effective.get("tlsAllowInvalidCertificates") is True:
        effective.setdefault("tlsDisableOCSPEndpointCheck", True)
    if "tls" not in effective and "tls" not in result.open and (text.srv or _tls_needs(effective)):
        effective["tls"] = True


def _tls_needs(effective: dict[str, Any]) -> tuple[str, ...]:
    files = [name for name in _FILES if effective.get(name)]
    return (*files, *(name for name in IMPLIED_BY_INSECURE if effective.get(name) is False))
