"""Remedies carried out: the patch or the named action of a mistake or a finding becomes other values of the profile."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from clearline.core.facts.text import Mistake
from clearline.core.findings import Remedy
from clearline.core.options.catalogue import lookup
from clearline.core.profiles.profile import Profile, Seeds, patched
from clearline.core.report.report import Report
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.text.late_patterns import late
from clearline.core.uri.connection_string import Reading, build, read
from clearline.core.uri.encoded import decoded_address, decoded_text
from clearline.core.uri.parts import take_apart
from clearline.core.uri.proxy_options import in_text
from clearline.core.uri.srv_forms import TxtOptions, as_seed_list

_ESCAPES: Final = late(r"((?:%[0-9A-Fa-f]{2})+)")
_WEAKER: Final = late(r":tls(?:AllowInvalid\w+|Insecure)=true$")
_WEAKENING: Final = {
    "enabled": False,
    "insecure": True,
    "allowInvalidCertificates": True,
    "allowInvalidHostnames": True,
    "disableOCSPEndpointCheck": True,
}


class Values(NamedTuple):
    """What a connection string is made of."""

    profile: Profile
    secrets: dict[str, Secret]


def remedied(reading: Reading, mistake: Mistake) -> str | None:
    """The connection string after the mistake's patch or action, secrets in plain; None where it has no remedy."""
    values = carried_out(reading, mistake)
    return None if values is None else build(values.profile, values.secrets, show="plain")


def carried_out(reading: Reading, remedy: Mistake | Remedy, report: Report | None = None) -> Values | None:
    """Profile and secrets after the patch or the action of a remedy; None where there is none that fits.

    The actions: ``use-repaired-text`` (the text written anew as it was understood), ``escape-user`` and
    ``escape-password`` (what was typed is what is meant, see `meant`), ``remove-password``, ``remove-option:NAME``,
    ``remove-duplicate:NAME`` (keep the one that counts), ``rename-option:NAME:NEW``, ``replace-option:NAME:NEW=VALUE``,
    ``options-from-path`` (a question mark where the options begin without one), ``decode-base64`` and
    ``drop-backslashes`` (of the whole text), ``decode-password``, ``keep-percent`` (the password as it was typed),
    ``trim-password`` (without white space at its ends) and ``srv-to-seed-list``, which needs the report of a check that
    found the seeds. Actions that ask the user (``ask-…``) change nothing: None.
    """
    profile, secrets = reading.profile, dict(reading.secrets)
    if remedy.patch is not None:
        try:
            return Values(_still_encrypted(profile, patched(profile, remedy.patch)), secrets)
        except msgspec.ValidationError:
            return None
    verb, _, rest = (remedy.action or "").partition(":")
    name, _, new = rest.partition(":")
    match verb:
        case "use-repaired-text":
            return Values(profile, secrets)
        case "escape-user" | "escape-password":
            return _as_typed(reading)
        case "options-from-path":
            return _options_from_path(reading)
        case "decode-base64":
            decoded = decoded_address(reading.text)
            return None if decoded is None else _values(read(decoded, profile=profile))
        case "drop-backslashes":
            return _values(read(re.sub(r"\\([:/=@&?,\\])", r"\1", reading.text), profile=profile))
        case "keep-percent":
            return _percent_kept(reading)
        case "decode-password":
            decoded = decoded_text(secrets[PASSWORD].reveal()) if PASSWORD in secrets else None
            if decoded is None:
                return None
            secrets[PASSWORD] = Secret(decoded.rstrip("\r\n"))
        case "trim-password":
            if PASSWORD in secrets:
                secrets[PASSWORD] = Secret(secrets[PASSWORD].reveal().strip())
        case "remove-password":
            secrets.pop(PASSWORD, None)
        case "remove-option":
            profile = without_option(profile, name)
            secrets.pop(name, None)
            if name.lower() == "proxyusername" and in_text(profile.hops):
                profile = replace(profile, hops=tuple(replace(hop, user=None) for hop in profile.hops))
        case "remove-duplicate":
            profile = replace(profile, unread=tuple(item for item in profile.unread if not _same(item.name, name)))
        case "rename-option":
            renamed = (replace(item, name=new) if _same(item.name, name) else item for item in profile.unread)
            profile = replace(profile, unread=tuple(renamed))
            if name in secrets:
                secrets[new] = secrets.pop(name)
        case "replace-option":
            new, _, value = new.partition("=")
            items = (
                replace(item, name=new, value=value) if _same(item.name, name) else item for item in profile.unread
            )
            profile = replace(profile, unread=tuple(items))
        case "srv-to-seed-list":
            listed = _seed_list(profile, report)
            return None if listed is None else Values(listed, secrets)
        case _:
            return None
    return Values(profile, secrets)


def knows_seeds(report: Report | None, profile: Profile) -> bool:
    """Whether a report found the servers that the profile's SRV name stands for."""
    if report is None or not profile.seeds.srv or not any(server.seed for server in report.servers):
        return False
    asked = _asked(report.target.uri)
    return asked.srv and asked.hosts == profile.seeds.hosts


@lru_cache(maxsize=64)  # reports are asked about at every keystroke
def _asked(uri: str) -> Seeds:
    return read(uri).profile.seeds


def weakens(remedy: Mistake | Remedy) -> bool:
    """Whether a remedy gives up encryption, a part of the certificates' verification, or a readable password."""
    patch = remedy.patch or {}
    tls, auth = patch.get("tls"), patch.get("auth")
    if (remedy.action or "").startswith("replace-option:") and _WEAKER.search(remedy.action or ""):
        return True
    if isinstance(auth, dict) and auth.get("allowPlainWithoutTLS") is True:
        return True
    return isinstance(tls, dict) and any(tls.get(name) is value for name, value in _WEAKENING.items())


def without_option(profile: Profile, name: str) -> Profile:
    """The profile with an option not set, under every spelling of its name."""
    profile = replace(profile, unread=tuple(item for item in profile.unread if not _same(item.name, name)))
    option = lookup(name)
    if option is None or option.field is None:
        return profile
    section, attribute = option.field
    part = getattr(profile, section)
    unset = getattr(type(part)(), attribute)
    return replace(profile, **{section: replace(part, **{attribute: unset})})


def meant(raw: str) -> str:
    """The user name or password that a user means who typed ``raw`` without minding its special characters.

    What was typed is what is meant: a ``+`` is a plus, a ``%`` a percent sign. Escapes alone stand for their
    characters, as written by a user who escaped some and forgot others.
    """
    return "".join(unquote(piece) if number % 2 else piece for number, piece in enumerate(_ESCAPES.split(raw)))


def _as_typed(reading: Reading) -> Values:
    parts = take_apart(reading.text)
    profile, secrets = reading.profile, dict(reading.secrets)
    if parts.user is not None and parts.user.text:
        profile = replace(profile, auth=replace(profile.auth, user=meant(parts.user.text)))
    if parts.password is not None and parts.password.text:
        raw = parts.password.text
        # An escape that is never needed, such as %41 for A, says that the percent signs belong to the password.
        secrets[PASSWORD] = Secret(raw if reading.facts.password.needless_escape else meant(raw))
    return Values(profile, secrets)


def _values(reading: Reading) -> Values:
    return Values(reading.profile, dict(reading.secrets))


def _options_from_path(reading: Reading) -> Values | None:
    """The text with a question mark before the first option that stands in the database or in the last host."""
    core = take_apart(reading.text).core
    behind = core.text.rfind("@") + 1
    found = re.compile(r"(?:[&;]|%3[Ff])(?=[A-Za-z][\w.\-]*=)").search(core.text, behind)
    if found is None:
        return None
    before = core.text[: found.start()]
    slash = "" if "/" in before[behind:].removeprefix("mongodb://").removeprefix("mongodb+srv://") else "/"
    return _values(read(f"{before}{slash}?{core.text[found.end() :]}", profile=reading.profile))


def _percent_kept(reading: Reading) -> Values | None:
    parts = take_apart(reading.text)
    if parts.password is None or PASSWORD not in reading.secrets:
        return None
    return Values(reading.profile, {**reading.secrets, PASSWORD: Secret(parts.password.text)})


def _still_encrypted(before: Profile, after: Profile) -> Profile:
    """The SRV form switches TLS on by itself; who leaves it keeps TLS unless the patch says otherwise."""
    if before.seeds.srv and not after.seeds.srv and before.tls.enabled is after.tls.enabled is None:
        return replace(after, tls=replace(after.tls, enabled=True))
    return after


def _seed_list(profile: Profile, report: Report | None) -> Profile | None:
    """The long form of an SRV profile, from the seeds that the check found; None without any."""
    seeds = tuple(server.address for server in report.servers if server.seed) if report is not None else ()
    if report is None or not seeds or not profile.seeds.srv:
        return None
    named = {server.set_name for server in report.servers if server.set_name}
    set_name: Any = profile.seeds.replica_set or report.effective.get("replicaSet")
    if named and named != {set_name}:
        set_name = None  # the TXT record names a set that no server belongs to
    source: Any = report.effective.get("authSource")
    balanced: Any = report.effective.get("loadBalanced")
    own_set = replace(profile, seeds=replace(profile.seeds, replica_set=set_name))
    return as_seed_list(own_set, seeds, TxtOptions(auth_source=source, load_balanced=balanced))


def _same(one: str, other: str) -> bool:
    first, second = lookup(one), lookup(other)
    if first is not None or second is not None:
        return first is second
    return one.lower() == other.lower()
