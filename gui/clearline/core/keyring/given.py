"""For which servers a secret or an identity was given: others do not get it before its owner has agreed. Pure.

A profile's file may lie in a folder that others write to. Who changes the hosts in it must not get the password that
this computer keeps for it. So each kept secret remembers where it was meant to go, beside itself in the keyring, where
no file reaches: the SRV name or the hosts, the auth source, and which protections were off at that time. The same
servers with fewer protections count as others.

What this computer has anyway is not kept here: variables of its environment, tickets, roles, tokens. For those the
profile itself remembers where they may go (``known_servers.py``): since it was written in the window, or since its
owner has agreed. A file that has just appeared in the folder is asked about once, for anyone may have put it there.
What a login came to says nothing: who agreed to one that failed is not asked again.

A secret that an earlier version has kept remembers nothing. It is used once for what its profile says, if that is the
user's own, and belongs to those servers from then on; there is nothing else that could tell where it belonged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from clearline.core.profiles.hop_urls import place_of
from clearline.core.profiles.identities import IDENTITIES, VARIABLE, identities, variables_told
from clearline.core.profiles.profile import Profile
from clearline.core.profiles.secret_places import STORED, source_of
from clearline.core.secrets.references import has_references, names_in, variables
from clearline.core.secrets.secret import PASSWORD
from clearline.core.typed_values import from_json, to_bytes

_MOST: Final = 8
_LONGEST: Final = 1000
"""Characters of what is kept; the keyring of Windows takes 1,280."""
_NAMED: Final = 3
_WORDS: Final = 160
_PROVING: Final = frozenset(
    {None, "DEFAULT", "SCRAM-SHA-1", "SCRAM-SHA-256", "MONGODB-X509", "MONGODB-AWS", "MONGODB-OIDC", "GSSAPI"}
)
"""Mechanisms that prove a secret without sending it."""
_DEFAULT_PORT: Final = "27017"


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Where a profile's secrets go. ``words`` name the servers for people."""

    digest: str
    words: str
    opened: tuple[str, ...] = ()
    """Which protections are off, each in a word or two."""
    brought: tuple[str, ...] = ()
    """What goes there that no keyring keeps, as `brought_by` tells it from others of its kind."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The destinations that a secret may go to, the newest last."""

    destinations: tuple[Destination, ...] = ()

    def covers(self, wanted: Destination) -> bool:
        """Whether it was given for that: the same servers, with no protection off that was on, and nothing else."""
        return any(
            one.digest == wanted.digest
            and set(wanted.opened) <= set(one.opened)
            and set(wanted.brought) <= set(one.brought)
            for one in self.destinations
        )

    def also(self, wanted: Destination) -> Given:
        """With one more; the oldest are forgotten where there is no more room."""
        kept = [*(one for one in self.destinations if one != wanted), wanted][-_MOST:]
        while len(kept) > 1 and len(to_text(Given(destinations=tuple(kept)))) > _LONGEST:
            del kept[0]
        return Given(destinations=tuple(kept))


def destination(profile: Profile, brought: Iterable[str] = ()) -> Destination:
    """Where that profile's secrets go as it is now, its references resolved; with those of `not_kept` that are
    ``brought`` there.

    Reads the file of variables where the hosts refer to any: then call it in a daemon thread.
    """
    seeds, source = profile.seeds, profile.auth.source or profile.seeds.database or ""
    named = [*seeds.hosts, source, seeds.srv_service_name or "", seeds.srv_allowed_hosts_suffix or ""]
    if any(has_references(text) for text in named):
        known = variables(profile.env_file)
        named = [known.resolved(text) for text in named]
    hosts, (source, service, suffix) = named[:-3], named[-3:]
    servers = sorted(_as_one(host, srv=seeds.srv) for text in hosts for host in text.split(","))
    identity = [seeds.srv, servers, source, *((service, suffix, *_far(profile)) if seeds.srv else ()), *profile.hops]
    # Values of the environment decide, and are not shown.
    words = _words(seeds.hosts, profile.auth.source or seeds.database or "")
    if profile.hops:
        words += " through " + ", ".join(map(place_of, profile.hops))[:_WORDS]
    anyway = brought_by(profile)
    named_so = tuple(anyway[name] for name in brought if name in anyway)
    return Destination(digest=_digest(identity), words=words, opened=opened(profile), brought=named_so)


def _far(profile: Profile) -> list[object]:
    """A name server behind hops decides where an SRV name leads."""
    return [profile.far_dns] if profile.hops and profile.far_dns.server is not None else []


def is_kept(profile: Profile, name: str) -> bool:
    """Whether the vault keeps that for the profile."""
    return name not in IDENTITIES and source_of(profile, name).place in STORED


def not_kept(profile: Profile) -> tuple[str, ...]:
    """What a profile signs in with that this computer has anyway: secrets from variables, and identities."""
    return tuple(brought_by(profile))


def brought_by(profile: Profile) -> dict[str, str]:
    """Those of `not_kept`, each with a text that is another one for another variable, role or service."""
    auth = profile.auth
    references = {name: source.reference for name, source in profile.secrets.items() if source.place == "reference"}
    who = (auth.mechanism, auth.user, sorted(auth.properties.items()), profile.env_file)
    names = (*references, *identities(profile))
    told = {VARIABLE: variables_told(profile)}
    return {name: _digest([name, references.get(name) or told.get(name), *who])[:16] for name in names}


def without_value(profile: Profile) -> frozenset[str]:
    """Those of `not_kept` that are values of variables of which none is set: there is nothing that could go anywhere.

    Reads the file of variables, if there is one.
    """
    named = {name: names_in(one.reference or "") for name, one in profile.secrets.items() if one.place == "reference"}
    named[VARIABLE] = variables_told(profile)
    known = variables(profile.env_file)
    return frozenset(name for name, of in named.items() if of and all(known.find(one) is None for one in of))


def called(name: str) -> str:
    """A secret or an identity as people call it."""
    return "password" if name == PASSWORD else name


def other_servers(name: str, given: Given | None, wanted: Destination) -> str:
    """A sentence about what was given for other servers than a profile has now, without its end."""
    if given is None or not given.destinations:
        return f"the {called(name)} was not given for {wanted.words}"
    before = given.destinations[-1]
    same = next((one for one in reversed(given.destinations) if one.digest == wanted.digest), None)
    if same is not None and not set(wanted.brought) <= set(same.brought):
        return f"what was given for {wanted.words} was another login than this {called(name)}"
    if same is not None:
        opened = ", ".join(one for one in wanted.opened if one not in same.opened)
        return f"the {called(name)} was given for {wanted.words} without this: {opened}"
    if before.words == wanted.words:
        return f"the {called(name)} was given for other servers than {wanted.words} means now"
    return f"the {called(name)} was given for {before.words}, not for {wanted.words}"


def to_text(given: Given) -> str:
    """As the vault keeps it."""
    return to_bytes(given).decode()


def from_text(text: str) -> Given:
    """What `to_text` was given. What cannot be read covers nothing."""
    try:
        return from_json(text, Given)
    except (msgspec.DecodeError, UnicodeError):
        return Given()


def _as_one(host: str, *, srv: bool) -> str:
    """A host as one spelling: names in small letters without the last dot, with the port."""
    if host.endswith(".sock"):
        return host
    name, colon, port = host.rpartition(":")
    if not colon or name.endswith(":") or (name.count(":") and not name.endswith("]")):  # no port, or a bare IPv6
        name, port = host, _DEFAULT_PORT
    name = name.strip().lower().rstrip(".")
    return name if srv else f"{name}:{port}"


def opened(profile: Profile) -> tuple[str, ...]:
    """Protections that are off, and whatever else decides who can read a secret on its way, each in a word or two."""
    return tuple(_opened(profile))


def _opened(profile: Profile) -> Iterator[str]:
    tls, auth = profile.tls, profile.auth
    named = (tls.trust, tls.ca_file, tls.certificate_key_file, tls.crl_file)
    if tls.enabled is False or (tls.enabled is None and not profile.seeds.srv and not any(named)):
        yield "no TLS"
    if tls.insecure:
        yield "tlsInsecure"
    if tls.allow_invalid_certificates:
        yield "tlsAllowInvalidCertificates"
    if tls.allow_invalid_hostnames:
        yield "tlsAllowInvalidHostnames"
    if tls.ca_file:
        yield f"other authorities ({_digest(tls.ca_file)[:8]})"
    if auth.mechanism not in _PROVING:  # PLAIN, and what a reference or a mistake may turn out to be
        yield f"a login by {(auth.mechanism or '')[:40]}"
    if auth.allow_plain_without_tls:
        yield "a password in clear"
    for item in profile.unread:  # what no field holds may mean anything to the driver
        yield f"{item.name[:40]} ({_digest([item.name, item.value])[:8]})"


def _words(hosts: Iterable[str], source: str) -> str:
    named = [*hosts]
    text = ", ".join(named[:_NAMED]) or "no server"
    if len(named) > _NAMED:
        text += f" and {len(named) - _NAMED} more"
    if len(text) > _WORDS:
        text = text[: _WORDS - 1] + "…"
    return f"{text} (auth source {source[:40]})" if source else text


def _digest(value: object) -> str:
    return hashlib.sha256(to_bytes(value)).hexdigest()[:32]
