"""What is wrong with the options of a connection string: their form, their names, their values."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, unquote_plus

import msgspec

from clearline.core.findings import Certainty, Severity
from clearline.core.options.catalogue import Option, OptionType, lookup
from clearline.core.options.names import (
    IN_USE_ENCRYPTION,
    closest_name,
    distance,
    foreign_name,
    studio_ssh,
    successor,
)
from clearline.core.options.packages import how_to_get, missing_for_compressor, missing_for_mechanism
from clearline.core.options.values import spelt_right
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.redaction import looks_secret
from clearline.core.secrets.references import has_references
from clearline.core.uri.hosts import PLACEHOLDER, character_name
from clearline.core.uri.lint_conflicts import lint_conflicts
from clearline.core.uri.lint_login import lint_login
from clearline.core.uri.mistakes import Mistakes
from clearline.core.uri.parts import OptionPiece, UriText
from clearline.core.uri.password import placeholder
from clearline.core.uri.pieces import is_invisible
from clearline.core.uri.proxy_options import is_proxy_option
from clearline.core.uri.read_options import ReadOptions, masked_value, tls_patch
from clearline.core.uri.unset import unset

_FAILURE, _WARNING = Severity.FAILURE, Severity.WARNING
_REPAIR: Final = "use-repaired-text"
_WORDS: Final = frozenset({OptionType.TEXT, OptionType.FILE})
_MAJORITY: Final = "majority"
_SLIPS: Final = 2
_TEXTS_WITHOUT_SLASH: Final = frozenset({"w", "authsource", "replicaset"})
_NEVER_WITH_EQUALS: Final = frozenset({OptionType.BOOLEAN, OptionType.INTEGER, OptionType.NUMBER, OptionType.CHOICE})
_NAMES_THAT_MUST_MATCH: Final = frozenset({"replicaSet", "authSource"})


def lint_options(
    found: Mistakes,
    parts: UriText,
    options: ReadOptions,
    profile: Profile,
    *,
    seeds: int,
    broken: bool,
    prompting: bool,
) -> None:
    """Note every mistake of the options; ``seeds`` counts the hosts, ``broken`` says that the credentials are."""
    _lint_form(found, parts)
    for chunk in parts.chunks:
        found.about(*_fields(chunk))
        _lint_strays(found, parts, chunk)
    for chunk in parts.chunks:
        if chunk.split_at is not None:
            _lint_split_secret(found, parts, chunk)
    _lint_end(found, parts)
    studio = _lint_studio(found, options)
    for chunk in options.unknown:
        if chunk in studio:
            continue
        found.about(*_fields(chunk))
        _lint_unknown(found, chunk)
    for chunk, option, problem in options.problems:
        found.about(option.name)
        blanks = problem.blanks
        if option.secret:
            continue
        typed = chunk.value.text if chunk.value is not None else ""
        if (new := successor(chunk.name.text, unquote_plus(typed))) is not None:
            _add_successor(found, chunk, new)
            continue
        cause = problem.cause
        action: str | None = f"remove-option:{option.name}"
        patch: dict[str, Any] | None = None
        fix = ""
        if (meant := spelt_right(option, unquote_plus(typed))) is not None:
            fix = f"Write {option.name}={meant}."
            if problem.value is not None and option.type is OptionType.CHOICE:
                patch, action = _patch(option, meant), None
            else:
                action = f"replace-option:{chunk.name.text}:{option.name}={meant}"
        if cause == "uri.tls-value-ignored":
            patch, action = tls_patch(profile, enabled=True), None
            if meant == "false":
                # No TLS is what the driver makes of it, and what was meant.
                cause, patch, action = (
                    "uri.ignored-value",
                    None,
                    f"replace-option:{chunk.name.text}:{option.name}=false",
                )
                blanks = {"option": "tls", **blanks, "default": "false", "choices": "true, false"}
            elif "tls" in options.effective:
                # mongodb+srv:// and the other tls options switch it on all the same.
                cause = "uri.ignored-value"
                blanks = {"option": "tls", **blanks, "default": "true", "choices": "true, false"}
        if cause == "uri.unknown-auth-property" and "authMechanism" in options.effective:
            blanks = {**blanks, "mechanism": str(options.effective["authMechanism"])}
        if option.type is OptionType.LIST and isinstance(problem.value, tuple) and problem.value:
            kept = ",".join(problem.value)
            if meant is None:
                fix, action = f"Write {option.name}={kept}.", f"replace-option:{chunk.name.text}:{option.name}={kept}"
        found.note(cause, problem.severity, chunk.whole, blanks, patch=patch, action=action, fix=fix)
    for overridden, counts in options.duplicates:
        name = _canonical(overridden.name.text)
        value = masked_value(name, unquote_plus(counts.value.text if counts.value is not None else ""))
        action = f"remove-duplicate:{name}"
        found.about(*_fields(counts))
        found.add("uri.duplicate-option", _WARNING, overridden.whole, action=action, option=name, value=value)
    _lint_without_effect(found, options)
    _lint_mode(found, options)
    found.about()
    lint_conflicts(found, parts, options, profile, seeds=seeds)
    lint_login(found, parts, options, profile, broken=broken, prompting=prompting)


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
        fields = _fields(chunk)
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
    option = lookup(_stripped(name))
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
    quotes = _quotes_round(_stripped(decoded)) if must_match else None
    if (stray := _stray(decoded) or quotes) is not None and option.name != "authMechanismProperties":
        found.add(
            "uri.stray-characters",
            _FAILURE if must_match else _WARNING,
            chunk.whole,
            patch=_patch(option, _stripped(decoded).strip(quotes)) if must_match else None,
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


def _stripped(text: str) -> str:
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
        fields=_fields(chunk),
        action=_REPAIR,
        part=f"value of {_canonical(chunk.name.text)}",
        character="a space" if character.isspace() else character,
        escaped=f"%{ord(character):02X}",
    )


def _lint_unknown(found: Mistakes, chunk: OptionPiece) -> None:
    name = chunk.name.text
    if not name.strip() or name.startswith("?") or lookup(_stripped(name)) is not None:
        return
    if name.strip().lower() in IN_USE_ENCRYPTION:
        told = f"{name.strip()} (in-use encryption: not tested here)"
        found.add("uri.unknown-option", _WARNING, chunk.whole, action=f"remove-option:{name}", option=told)
        return
    value = unquote_plus(chunk.value.text) if chunk.value is not None else ""
    known, pymongo_name = foreign_name(name)
    if is_proxy_option(name):
        return  # `lint_proxy`
    if (new := successor(name, value)) is not None and not looks_secret(name):
        _add_successor(found, chunk, new)
    elif not known and (meant := closest_name(name)) is not None:
        action = f"rename-option:{name}:{meant}"
        found.add(
            "uri.misspelt-option",
            _WARNING,
            chunk.whole,
            action=action,
            certainty=Certainty.LIKELY,
            option=name,
            suggestion=meant,
        )
    else:
        blanks = {"suggestion": pymongo_name} if pymongo_name else {}
        blanks["option"] = name
        fix = ""
        if pymongo_name == "tlsCertificateKeyFile":
            fix = "Put key and certificate into one PEM file, and name that in tlsCertificateKeyFile."
        elif pymongo_name:
            fix = f"PyMongo calls it {pymongo_name}: write that instead."
        found.note("uri.unknown-option", _WARNING, chunk.whole, blanks, action=f"remove-option:{name}", fix=fix)


def _add_successor(found: Mistakes, chunk: OptionPiece, new: tuple[str, str]) -> None:
    """An option under the name of another driver or age, and what says the same today."""
    name, (today, value) = chunk.name.text, new
    written = f"{today}={found.quoted(value)}"
    weaker = "It switches a part of the certificate's check off, as the old option did. " if _weakens(new) else ""
    found.note(
        "uri.unknown-option",
        _WARNING,
        chunk.whole,
        {"option": name, "suggestion": today},
        action=f"replace-option:{name}:{today}={quote(value, safe='/:,')}",
        fix=f"{weaker}{name} is called {today} today: write {written}.",
    )


def _weakens(new: tuple[str, str]) -> bool:
    return new[0] in ("tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames", "tlsInsecure") and new[1] == "true"


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


def _lint_studio(found: Mistakes, options: ReadOptions) -> list[OptionPiece]:
    """Studio 3T's own options are one story: what it does beside the driver. They are returned."""
    own = [chunk for chunk in options.unknown if studio_ssh(chunk.name.text)]
    if not own:
        return own
    said = {c.name.text.lower(): unquote_plus(c.value.text) for c in own if c.value is not None}
    through, port = said.get("3t.sshaddress", ""), said.get("3t.sshport", "22")
    ssh = said.get("3t.ssh", "").lower() == "true"
    where = f" to {found.quoted(through)}:{found.quoted(port)}" if through else ""
    found.add(
        "uri.unknown-option",
        _WARNING,
        (own[0].whole.start, own[-1].whole.end),
        option=f"{own[0].name.text}, one of {len(own)} of Studio 3T," if len(own) > 1 else own[0].name.text,
        detail=f"Studio 3T goes through SSH{where} first; a driver goes straight to the hosts." if ssh else "",
        fix=f"Set up the same SSH hop{where} here; Studio 3T's options can then be removed."
        if ssh
        else "They mean something to Studio 3T alone and can be removed.",
        hop="ssh" if ssh else "",
    )
    return own


def _lint_without_effect(found: Mistakes, options: ReadOptions) -> None:
    """What PyMongo takes and does nothing with: an option that it has given up, a library that is not here."""
    for name, chunk in options.typed.items():
        option = lookup(name)
        if option is not None and option.ignored and option.name in options.effective:
            action = f"remove-option:{option.name}"
            fields = (option.name,)
            found.add("uri.unknown-option", _WARNING, chunk.whole, fields=fields, action=action, option=option.name)
    for compressor in options.effective.get("compressors") or ():
        if missing_for_compressor(compressor) is not None:
            place = options.typed["compressors"].whole
            found.add("driver.compressor-missing", Severity.NOTE, place, fields=("compressors",), name=compressor)
    mechanism: str | None = options.effective.get("authMechanism")
    if mechanism is not None and (lacks := missing_for_mechanism(mechanism)) is not None:
        place, fields, package = options.typed["authmechanism"].whole, ("authMechanism",), how_to_get(lacks)
        found.add("driver.missing-package", _WARNING, place, fields=fields, mechanism=mechanism, package=package)


def _lint_mode(found: Mistakes, options: ReadOptions) -> None:
    """A write concern mode that is nearly called majority: a slip, unless the set has one of that name."""
    mode = options.effective.get("w")
    if isinstance(mode, str) and mode != _MAJORITY and distance(mode.lower(), _MAJORITY) <= _SLIPS:
        found.add(
            "uri.misspelt-value",
            _WARNING,
            options.typed["w"].whole,
            fields=("w",),
            patch={"writes": {"w": _MAJORITY}},
            certainty=Certainty.LIKELY,
            option="w",
            value=found.quoted(mode),
            suggestion=_MAJORITY,
        )


def _fields(chunk: OptionPiece) -> tuple[str, ...]:
    option = lookup(_stripped(chunk.name.text))
    return (option.name,) if option is not None else ()


def _canonical(name: str) -> str:
    option = lookup(name)
    return option.name if option is not None else name


def _patch(option: Option, value: str) -> dict[str, Any]:
    assert option.field is not None
    section, attribute = option.field
    names = {field.name: field.encode_name for field in msgspec.structs.fields(type(getattr(Profile(id=""), section)))}
    return {section: {names[attribute]: value}}
