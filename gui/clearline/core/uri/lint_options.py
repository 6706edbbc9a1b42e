"""What is wrong with the options of a connection string: their names and their values, each and together."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, unquote_plus

from clearline.core.findings import Certainty, Severity
from clearline.core.options.catalogue import OptionType, lookup
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
from clearline.core.uri.lint_conflicts import lint_conflicts
from clearline.core.uri.lint_login import lint_login
from clearline.core.uri.lint_option_form import canonical, lint_option_form, option_of, patch_of, stripped
from clearline.core.uri.mistakes import Mistakes
from clearline.core.uri.parts import OptionPiece, UriText
from clearline.core.uri.proxy_options import is_proxy_option
from clearline.core.uri.read_options import ReadOptions, masked_value, tls_patch

_FAILURE, _WARNING = Severity.FAILURE, Severity.WARNING
_MAJORITY: Final = "majority"
_SLIPS: Final = 2


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
    lint_option_form(found, parts)
    studio = _lint_studio(found, options)
    for chunk in options.unknown:
        if chunk in studio:
            continue
        found.about(*option_of(chunk))
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
                patch, action = patch_of(option, meant), None
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
        name = canonical(overridden.name.text)
        value = masked_value(name, unquote_plus(counts.value.text if counts.value is not None else ""))
        action = f"remove-duplicate:{name}"
        found.about(*option_of(counts))
        found.add("uri.duplicate-option", _WARNING, overridden.whole, action=action, option=name, value=value)
    _lint_without_effect(found, options)
    _lint_mode(found, options)
    found.about()
    lint_conflicts(found, parts, options, profile, seeds=seeds)
    lint_login(found, parts, options, profile, broken=broken, prompting=prompting)


def _lint_unknown(found: Mistakes, chunk: OptionPiece) -> None:
    name = chunk.name.text
    if not name.strip() or name.startswith("?") or lookup(stripped(name)) is not None:
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
