"""Option values as PyMongo 4.20 takes them from a connection string: typed, dropped with a warning, or refused.

Each rule mirrors a validator of ``pymongo.common`` (the tests compare the two); nothing here imports PyMongo.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec

from clearline.core.findings import Severity
from clearline.core.options.catalogue import (
    AUTH_PROPERTIES,
    CANONICALIZE_CHOICES,
    COMPRESSORS,
    DATETIME_CONVERSIONS,
    Option,
    OptionType,
    option,
)
from clearline.core.secrets.redaction import looks_secret

_LARGEST: Final = 2**63 - 1
"""Whole numbers beyond are possible in PyMongo and mean the same as this one; JSON and BSON hold no larger."""
_SHOWN: Final = 60
_PROPERTY_KEYS: Final = frozenset(key for keys in AUTH_PROPERTIES.values() for key in keys)


class ValueProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a value: a cause code with its blanks.

    ``severity`` is FAILURE when PyMongo refuses the text, or the server refuses every read that follows. ``value`` is
    what counts all the same, None when PyMongo drops the option.
    """

    cause: str
    blanks: dict[str, str]
    severity: Severity
    value: Any = None


def parse_value(option: Option, raw: str) -> Any | ValueProblem:
    """The typed value of a decoded text, or what is wrong with it.

    Booleans, whole numbers and texts come as such, milliseconds as int or float, lists as tuples, tag sets as a tuple
    with one dict (``raw`` still percent-encoded), properties as a dict (likewise).
    """
    match option.type:
        case OptionType.BOOLEAN:
            return raw == "true" if raw in ("true", "false") else _ignored_boolean(option, raw)
        case OptionType.INTEGER:
            return _integer(option, raw)
        case OptionType.NUMBER:
            return _milliseconds(option, raw)
        case OptionType.COUNT_OR_MODE:
            return _count_or_mode(option, raw)
        case OptionType.CHOICE:
            return _choice(option, raw)
        case OptionType.LIST:
            return _compressors(option, raw)
        case OptionType.TAGS:
            return parse_tags([raw])
        case OptionType.PROPERTIES:
            return parse_properties(raw)
        case OptionType.FILE:
            return raw if raw else _no_value(option)
        case OptionType.TEXT:
            return _text(option, raw)
        case OptionType.KEYWORD:
            return _ignored(option, raw, "nothing: only a keyword argument in the program counts")


def spelt_right(option: Option, raw: str) -> str | None:
    """The value that is meant where only letter case, or another word for yes and no, keeps it from counting."""
    match option.type:
        case OptionType.BOOLEAN:
            return _YES_AND_NO.get(raw.strip().lower())
        case OptionType.CHOICE:
            return next((choice for choice in option.choices if choice.lower() == raw.lower()), None)
        case OptionType.LIST:
            names = [name.strip() for name in raw.lower().split(",")]
            return ",".join(names) if all(name in COMPRESSORS for name in names) else None
        case _:
            return None


_YES_AND_NO: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), "true"),
    **dict.fromkeys(("false", "no", "off", "0"), "false"),
}


def parse_tags(raws: Sequence[str]) -> tuple[dict[str, str], ...] | ValueProblem:
    """All values of readPreferenceTags in order, still percent-encoded. One bad value makes PyMongo drop them all."""
    sets: list[dict[str, str]] = []
    for raw in raws:
        tags: dict[str, str] = {}
        for tag in raw.split(",") if raw else ():
            name, colon, value = tag.partition(":")
            if not colon or ":" in value:
                return _ignored(option("readPreferenceTags"), raw, "name:value pairs with commas between them")
            tags[unquote_plus(name)] = unquote_plus(value)
        sets.append(tags)
    return tuple(sets)


def split_properties(raw: str) -> list[tuple[str, str]]:
    """The KEY:value pairs of authMechanismProperties, decoded first and split then, as PyMongo does.

    But a secret goes on after a comma until a property follows that PyMongo knows.
    """
    pairs: list[tuple[str, str]] = []
    for item in unquote_plus(raw).split(","):
        key, _, value = item.partition(":")
        if pairs and looks_secret(pairs[-1][0]) and key not in _PROPERTY_KEYS:
            owner, secret = pairs.pop()
            key, value = owner, f"{secret},{item}"
        pairs.append((key, value))
    return pairs


def parse_properties(raw: str) -> dict[str, str] | ValueProblem:
    """The properties, or the first thing that makes PyMongo drop all of them or refuse the text."""
    properties: dict[str, str] = {}
    secret: str | None = None  # the latest, which a comma may have cut in two
    for item in unquote_plus(raw).split(","):
        key, _, value = item.partition(":")
        if not value:
            return ValueProblem(
                cause="uri.malformed-options",
                blanks={
                    "what": "authMechanismProperties needs a KEY:value pair at every place, so all of it is ignored",
                    "option": "authMechanismProperties",
                },
                severity=Severity.WARNING,
            )
        if key not in _PROPERTY_KEYS:
            return ValueProblem(
                cause="uri.unknown-auth-property",
                # A token whose colon is missing would be part of the key, or one with a comma in it a key of its own.
                blanks={
                    "property": "AWS_SESSION_TOKEN" if "AWS_SESSION_TOKEN" in key else secret or shown(key),
                    "mechanism": "any sign-in method",
                },
                severity=Severity.WARNING,
            )
        if key == "CANONICALIZE_HOST_NAME" and value not in CANONICALIZE_CHOICES:
            return _bad(
                key, value, "PyMongo knows only " + ", ".join(CANONICALIZE_CHOICES), "CANONICALIZE_HOST_NAME:none"
            )
        properties[key] = value
        secret = key if looks_secret(key) else None
    return properties


def shown(text: str) -> str:
    """A value as a sentence can carry it: short, printable, with a word for nothing."""
    clean = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return (clean[: _SHOWN - 1] + "…" if len(clean) > _SHOWN else clean) or "(empty)"


def _integer(option: Option, raw: str) -> int | ValueProblem:
    number = _int(raw)
    if number is None:
        return _ignored(option, raw, _range(option))
    if option.name == "maxStalenessSeconds":
        if number == -1 and raw == "-1":
            return number
        if number <= 0:
            return _ignored(option, raw, "-1 or a whole number from 90 up")
        # Whether 1 to 89 is refused depends on the deployment: the lint decides.
        return min(number, _LARGEST)
    if (option.minimum is not None and number < option.minimum) or (
        option.maximum is not None and number > option.maximum
    ):
        return _ignored(option, raw, _range(option))
    return min(number, _LARGEST)


def _milliseconds(option: Option, raw: str) -> int | float | ValueProblem:
    if option.zero and raw == "0":
        return 0
    try:
        number = float(raw)
    except ValueError:
        return _ignored(option, raw, _range(option))
    if not 0 < number < 1e9:
        return _ignored(option, raw, _range(option))
    value = int(number) if number.is_integer() else number
    if option.minimum and number < option.minimum:
        return _bad(
            option.name,
            raw,
            f"the least is {option.minimum:g} milliseconds",
            f"{option.name}={option.minimum:g} or more",
        )
    return value


def _count_or_mode(option: Option, raw: str) -> int | str | ValueProblem:
    number = _int(raw)
    if number is None:
        return raw if raw else _empty(option, Severity.WARNING, value=raw)
    return min(number, _LARGEST) if number >= 0 else _ignored(option, raw, "0, 1, 2 …, majority or the name of a mode")


def _choice(option: Option, raw: str) -> str | ValueProblem:
    if raw in option.choices:
        return raw
    match option.name:
        case "authMechanism":
            return ValueProblem(
                cause="uri.unknown-mechanism", blanks={"mechanism": shown(raw)}, severity=Severity.WARNING
            )
        case "readConcernLevel":
            return _bad(
                option.name,
                raw,
                "the server knows only " + ", ".join(option.choices),
                "readConcernLevel=majority, or leave it out",
                value=raw,
            )
        case "datetime_conversion":
            # PyMongo takes the enumeration's number, too; an unknown name is a KeyError that nothing catches.
            if raw.isdigit():
                number = _int(raw)
                if number is not None and 1 <= number <= len(DATETIME_CONVERSIONS):
                    return raw
                return _ignored(option, raw, ", ".join(option.choices))
            return _bad(
                option.name, raw, "PyMongo knows only " + ", ".join(option.choices), "datetime_conversion=DATETIME_AUTO"
            )
        case _:
            return _ignored(option, raw, ", ".join(option.choices))


def _compressors(option: Option, raw: str) -> tuple[str, ...] | ValueProblem:
    names = raw.split(",")
    known = tuple(name for name in names if name in COMPRESSORS)
    if len(known) == len(names):
        return known
    unknown = next(name for name in names if name not in COMPRESSORS)
    problem = _ignored(option, unknown, ", ".join(COMPRESSORS))
    if known:
        problem = msgspec.structs.replace(problem, blanks={**problem.blanks, "default": ",".join(known)})
    return msgspec.structs.replace(problem, value=known)


def _text(option: Option, raw: str) -> str | ValueProblem:
    if option.name == "appName" and len(raw.encode("utf-8", "surrogatepass")) > (option.maximum or 0):
        return _ignored(option, raw, "a text of at most 128 bytes")
    if not raw and option.name in ("replicaSet", "authSource", "srvServiceName", "srvAllowedHostsSuffix"):
        return _empty(option, Severity.FAILURE, value=raw)
    return raw


def _int(raw: str) -> int | None:
    try:
        return int(raw)
    except ValueError:
        return None


def _range(option: Option) -> str:
    if option.type is OptionType.NUMBER:
        least = "from 0 up" if option.zero else f"from {option.minimum:g} up" if option.minimum else "above 0"
        return f"a number of milliseconds {least}, without a unit"
    if option.maximum is not None:
        return f"a whole number from {option.minimum:g} to {option.maximum:g}"
    return f"a whole number from {option.minimum or 0:g} up"


def _ignored_boolean(option: Option, raw: str) -> ValueProblem:
    if option.name == "tls":
        return ValueProblem(cause="uri.tls-value-ignored", blanks={"value": shown(raw)}, severity=Severity.WARNING)
    return _ignored(option, raw, "true, false")


def _ignored(option: Option, raw: str, choices: str) -> ValueProblem:
    return ValueProblem(
        cause="uri.ignored-value",
        blanks={"option": option.name, "value": shown(raw), "default": option.default, "choices": choices},
        severity=Severity.WARNING,
    )


def _bad(name: str, raw: str, rule: str, suggestion: str, *, value: Any = None) -> ValueProblem:
    return ValueProblem(
        cause="uri.bad-value",
        blanks={"option": name, "value": shown(raw), "rule": rule, "suggestion": suggestion},
        severity=Severity.FAILURE,
        value=value,
    )


def _no_value(option: Option) -> ValueProblem:
    return _empty(option, Severity.FAILURE)


def _empty(option: Option, severity: Severity, *, value: Any = None) -> ValueProblem:
    return ValueProblem(
        cause="uri.malformed-options",
        blanks={"what": f"nothing follows {option.name}=", "option": option.name},
        severity=severity,
        value=value,
    )
