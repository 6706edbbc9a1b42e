"""What is wrong with the form of the options of a connection string: separators, strays, what was cut in two."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec

from clearline.core.findings import Certainty, Severity
from clearline.core.options.catalogue import Option, OptionType, lookup
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.references import has_references
from clearline.core.uri.hosts import PLACEHOLDER, character_name
from clearline.core.uri.mistakes import Mistakes
from clearline.core.uri.parts import OptionPiece, UriText
from clearline.core.uri.password import placeholder
from clearline.core.uri.pieces import is_invisible
from clearline.core.uri.unset import unset

_FAILURE, _WARNING = Severity.FAILURE, Severity.WARNING
_REPAIR: Final = "use-repaired-text"
_WORDS: Final = frozenset({OptionType.TEXT, OptionType.FILE})
_TEXTS_WITHOUT_SLASH: Final = frozenset({"w", "authsource", "replicaset"})
_NEVER_WITH_EQUALS: Final = frozenset({OptionType.BOOLEAN, OptionType.INTEGER, OptionType.NUMBER, OptionType.CHOICE})
_NAMES_THAT_MUST_MATCH: Final = frozenset({"replicaSet", "authSource"})


def lint_option_form(found: Mistakes, parts: UriText) -> None:
    """Note every mistake of how the options are written down, whatever they are called."""
    _lint_form(found, parts)
    for chunk in parts.chunks:
        found.about(*option_of(chunk))
        _lint_strays(found, parts, chunk)
    for chunk in parts.chunks:
        if chunk.split_at is not None:
            _lint_split_secret(found, parts, chunk)
    _lint_end(found, parts)


def _lint_form(found: Mistakes, parts: UriText) -> None:
    """What keeps PyMongo from reading the options at all (uri_parser_shared.split_options)."""
    options = parts.options
    if options is None or not options.text:
        return

    def malformed(
        chunk: OptionPiece,
        what: str,
        option: str,
        severity: Severity = _FAILURE,
        action: str | None = _REPAIR,
        fix: str = "",
    ) -> None:
        fields = option_of(chunk)
        cause = "uri.malformed-options"
        found.add(cause, severity, chunk.whole, fields=fields, action=action, fix=fix, what=what, option=option)

    text = options.text
    last = parts.chunks[-1]
    only_closing = parts.separators == "&;" and text.count(";") == 1 and text.endswith(";")
    if parts.separators == "&;" and not only_closing:
        entity = "&amp;" in text.lower()
        what = "&amp; stands where & is meant" if entity else "& and ; are mixed"
        fix = "Write & instead of &amp;." if entity else "Separate the options with & only."
        found.add("uri.malformed-options", _FAILURE, options, action=_REPAIR, fix=fix, what=what, option="every option")
    elif "\\u0026" in text:
        what, fix = "\\u0026 stands where & is meant", "Write & instead of \\u0026."
        found.add("uri.malformed-options", _FAILURE, options, action=_REPAIR, fix=fix, what=what, option="every option")
    for chunk in parts.chunks:
        name, value = chunk.name.text, chunk.value
        if value is None and not name:
            if chunk is last and (only_closing or parts.separators == ";"):
                place = (options.end - 1, options.end)
                found.add(
                    "uri.stray-characters", _FAILURE, place, action=_REPAIR, what="the character ;", where="after"
                )
            elif parts.separators != "&;":
                what = (
                    f"they {'end' if chunk is last else 'begin'} with a separator"
                    if chunk in (last, parts.chunks[0])
                    else "nothing stands between two separators"
                )
                malformed(chunk, what, "every option", fix="Remove the separator that parts nothing.")
        elif value is None:
            if parts.separators == "&;" and name.lower() == "amp":
                continue
            if not parts.separators and len(parts.chunks) > 1:
                # Without & PyMongo splits at white space.
                found.add("uri.stray-characters", _FAILURE, chunk.whole, what="a space", where="in the options of")
                continue
            shown = "an option" if parts.suspect else found.quoted(name)
            malformed(chunk, f"{shown} has no = and no value", shown, action=f"remove-option:{found.quoted(name)}")
        elif "=" in value.text:
            if "?" in value.text:
                what, fix = "a second question mark stands where & is meant", "Write & instead of the second one."
                malformed(chunk, what, "every option", action=None, fix=fix)
            else:
                shown = "an option" if chunk.doubtful else found.quoted(name)
                action: str | None = _REPAIR if chunk.doubtful or lookup(name) is not None else f"remove-option:{shown}"
                what, fix = f"the value of {shown} holds an = that is not escaped (%3D)", "Write it as %3D."
                if (known := lookup(name)) is not None and known.type in _NEVER_WITH_EQUALS:
                    what, fix = f"an & is missing behind the value of {shown}", "Write an & before the second option."
                    action = None
                malformed(chunk, what, shown, action=action, fix=fix)
        elif not name.strip():
            malformed(chunk, "a value has no name in front of it", "every value", _WARNING)
        elif name.startswith("?") and not chunk.doubtful:
            malformed(chunk, "a second question mark stands before " + found.quoted(name[1:]), name[1:], _WARNING)


def _lint_strays(found: Mistakes, parts: UriText, chunk: OptionPiece) -> None:
    name, value = chunk.name.text, chunk.value.text if chunk.value is not None else ""
    option = lookup(stripped(name))
    if (stray := next((c for c in name if is_invisible(c)), None)) is not None:
        what, where = character_name(stray), "in the options of"
        found.add("uri.stray-characters", _WARNING, chunk.name, action=_REPAIR, what=what, where=where)
    elif chunk is parts.chunks[0] and len(parts.chunks) > 1 and not (parts.separators or _has_bare(parts)):
        what, where = "white space instead of &", "in the options of"
        place = (chunk.whole.end, chunk.whole.end + 1)
        found.add("uri.stray-characters", _WARNING, place, action=_REPAIR, what=what, where=where)
    if option is None or option.secret or not value:
        return
    decoded = unquote_plus(value)
    must_match = option.name in _NAMES_THAT_MUST_MATCH
    quotes = _quotes_round(stripped(decoded)) if must_match else None
    if (stray := _stray(decoded) or quotes) is not None and option.name != "authMechanismProperties":
        found.add(
            "uri.stray-characters",
            _FAILURE if must_match else _WARNING,
            chunk.whole,
            patch=patch_of(option, stripped(decoded).strip(quotes)) if must_match else None,
            what=character_name(stray),
            where=f"in the value of {option.name} in",
        )
    elif (left := unset(value)) is not None and option.type in _WORDS:
        found.add(
            "uri.not-set",
            _FAILURE if must_match else _WARNING,
            chunk.whole,
            action=f"remove-option:{option.name}",
            certainty=Certainty.PROVEN if left.certain else Certainty.LIKELY,
            what=f"value of {option.name}",
            placeholder=left.shown or found.quoted(left.value),
            origin=f"{left.origin}.",
        )
    elif PLACEHOLDER.fullmatch(decoded) and not has_references(value) and option.field is not None:
        word = placeholder(decoded) or "<…>"
        severity = _FAILURE if must_match and decoded.startswith("<") else _WARNING
        action = f"remove-option:{option.name}"
        found.add(
            "uri.placeholder", severity, chunk.whole, action=action, placeholder=word, what=f"value of {option.name}"
        )


def _has_bare(parts: UriText) -> bool:
    return any(chunk.value is None for chunk in parts.chunks)


def _stray(decoded: str) -> str | None:
    if decoded and is_invisible(decoded[0]):
        return decoded[0]
    if decoded and is_invisible(decoded[-1]):
        return decoded[-1]
    return next((c for c in decoded if is_invisible(c) and c != " "), None)


def stripped(text: str) -> str:
    """A name or value without what an eye does not see round it."""
    return "".join(c for c in text if c == " " or not is_invisible(c)).strip()


def _quotes_round(text: str) -> str | None:
    """The quotation mark that a value begins and ends with."""
    return text[0] if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'" else None


def _lint_split_secret(found: Mistakes, parts: UriText, chunk: OptionPiece) -> None:
    """A secret with a separator in it that PyMongo takes for the end of it."""
    assert chunk.split_at is not None
    character = parts.typed[chunk.split_at]
    found.add(
        "uri.unescaped-credentials",
        _FAILURE,
        (chunk.split_at, chunk.split_at + 1),
        fields=option_of(chunk),
        action=_REPAIR,
        part=f"value of {canonical(chunk.name.text)}",
        character="a space" if character.isspace() else character,
        escaped=f"%{ord(character):02X}",
    )


def _lint_end(found: Mistakes, parts: UriText) -> None:
    """A slash behind the last option, where web addresses may end with one."""
    last = parts.chunks[-1] if parts.chunks else None
    if last is None or last.value is None or last.name.text.lower() not in _TEXTS_WITHOUT_SLASH:
        return
    if last.value.text.endswith("/") and last.value.text.strip("/"):
        found.add(
            "uri.stray-characters",
            _WARNING,
            (last.value.end - 1, last.value.end),
            fields=(last.name.text,),
            certainty=Certainty.LIKELY,
            what="a slash",
            where="at the end of",
        )


def option_of(chunk: OptionPiece) -> tuple[str, ...]:
    """The name of the option that a piece is about, as the catalogue has it; none for one that it does not know."""
    option = lookup(stripped(chunk.name.text))
    return (option.name,) if option is not None else ()


def canonical(name: str) -> str:
    """An option's name as the catalogue spells it; one that it does not know stays."""
    option = lookup(name)
    return option.name if option is not None else name


def patch_of(option: Option, value: str) -> dict[str, Any]:
    """The JSON merge patch on a profile that gives an option this value."""
    assert option.field is not None
    section, attribute = option.field
    names = {field.name: field.encode_name for field in msgspec.structs.fields(type(getattr(Profile(id=""), section)))}
    return {section: {names[attribute]: value}}
