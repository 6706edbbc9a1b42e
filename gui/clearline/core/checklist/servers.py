"""Checklist rules on where and how to connect: seeds, TLS, login, what the profile's file gives away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from clearline.core.checklist.rule import Advice, Look, address_of, advice, passed, warning
from clearline.core.options.catalogue import lookup
from clearline.core.options.names import foreign_name
from clearline.core.secrets.redaction import redact
from clearline.core.secrets.references import has_references

_ATLAS_MEMBER: Final = re.compile(r"^(.+?)-shard-\d\d-\d\d(-[a-z0-9]+)?(\..+)$")
"""``cluster0-shard-00-01.abcde.mongodb.net``, or the older ``cluster0-shard-00-01-abcde.mongodb.net``."""
_NO_USER: Final = ("MONGODB-X509", "MONGODB-AWS", "MONGODB-OIDC", "GSSAPI")
_SHORTEST_SECRET: Final = 6
"""Characters; shorter ones occur in texts by chance."""


def _seeds(look: Look) -> Iterator[Advice]:
    seeds = look.profile.seeds
    if len(look.hosts) > 1 and not seeds.srv:
        members = [_ATLAS_MEMBER.match(host) for host in look.hosts]
        clusters = {f"{m[1]}{m[2] or ''}{m[3]}" for m in members if m is not None}
        if look.atlas and all(members) and len(clusters) == 1:
            name = clusters.pop()
            yield advice(
                "seeds.srv-for-atlas",
                "This Atlas cluster is addressed by its members.",
                "Members come and go when Atlas scales or repairs a cluster. The one DNS name always leads to the"
                " present ones, and switches TLS on.",
                "hosts",
                fix=f"Use mongodb+srv://{name}.",
                patch={"seeds": {"srv": True, "hosts": [name], "replicaSet": None}},
                docs="reference/connection-string/#srv-connection-format",
            )
        elif seeds.load_balanced is not True and not seeds.replica_set:
            yield advice(
                "seeds.set-name",
                "Several hosts are named, but no replica set.",
                "With replicaSet the driver leaves out a host that belongs to another set, such as a restored copy."
                " Leave it empty if the hosts are mongos of a sharded cluster.",
                "replicaSet",
                docs="reference/connection-string-options/#mongodb-urioption-urioption.replicaSet",
            )
        else:
            yield passed("seeds.set-name", "The hosts are held together by the set's name.", "replicaSet")
    elif len(look.hosts) == 1 and seeds.replica_set and not seeds.srv and not look.local:
        if seeds.direct_connection is not True:
            yield advice(
                "seeds.one-seed",
                f"Only one member of {seeds.replica_set} is named.",
                "The others are found through it. While it is down, a program that starts finds no server.",
                "hosts",
                docs="reference/connection-string/#components",
            )
    elif seeds.srv:
        yield passed("seeds.srv", "The members are found by one DNS name.", "hosts")
    if seeds.direct_connection is True and not look.local and (seeds.replica_set or look.atlas):
        yield warning(
            "seeds.direct",
            "directConnection ties the program to one member.",
            "After an election it may be a secondary: writes then fail, and no new primary is looked for.",
            "directConnection",
            fix="Discover the whole set.",
            patch={"seeds": {"directConnection": None}},
        )
    if look.encrypted and not look.local and any(address_of(host) for host in look.hosts):
        yield advice(
            "seeds.names",
            "Servers are addressed by number while TLS is on.",
            "Certificates name hosts, so verification fails unless the number itself stands in them. Names also survive"
            " a move to another machine.",
            "hosts",
        )


def _tls(look: Look) -> Iterator[Advice]:
    tls = look.profile.tls
    if not look.encrypted:
        if look.atlas:
            yield warning(
                "tls.atlas",
                "Atlas answers only over TLS, and TLS is off.",
                "It closes the connection without saying why.",
                "tls",
                fix="Switch TLS on.",
                patch={"tls": {"enabled": True}},
            )
        elif not look.local:
            yield warning(
                "tls.off",
                "The connection is not encrypted.",
                "Every machine on the network between here and the server can read and change your data.",
                "tls",
                fix="Switch TLS on. The server must offer it: test afterwards.",
                patch={"tls": {"enabled": True}},
                docs="core/security-transport-encryption/",
            )
        return
    if look.local:
        return
    weak = [
        (name, option_name)
        for name, option_name, value in (
            ("insecure", "tlsInsecure", tls.insecure),
            ("allowInvalidCertificates", "tlsAllowInvalidCertificates", tls.allow_invalid_certificates),
            ("allowInvalidHostnames", "tlsAllowInvalidHostnames", tls.allow_invalid_hostnames),
        )
        if value is True
    ]
    if weak:
        names = " and ".join(option_name for _, option_name in weak)
        yield warning(
            "tls.unverified",
            f"{names} accepts servers whose certificates are not trusted.",
            "A machine on the way can pose as the server and read the data. Trust the right authority with tlsCAFile"
            " instead.",
            *(option_name for _, option_name in weak),
            fix="Verify certificates and names. The connection fails until the authority is trusted.",
            patch={"tls": {name: None for name, _ in weak}},
            docs="reference/connection-string-options/#tls-options",
        )
    else:
        yield passed("tls.verified", "TLS is on, certificates and names are verified.", "tls")


def _login(look: Look) -> Iterator[Advice]:
    auth = look.profile.auth
    if auth.user is None and auth.mechanism not in _NO_USER:
        if not look.local:
            yield warning(
                "login.none",
                "There is no login.",
                "A server that allows that gives its data to every client; any other refuses every query.",
                "user",
                docs="administration/security-checklist/",
            )
        return
    if auth.mechanism == "PLAIN" and not look.encrypted and not look.local:
        yield warning(
            "login.in-clear",
            "PLAIN sends the password as it is, and nothing encrypts it.",
            "It can be read on the network.",
            "tls",
            "authMechanism",
            fix="Switch TLS on.",
            patch={"tls": {"enabled": True}},
        )
    elif auth.mechanism == "SCRAM-SHA-1":
        yield advice(
            "login.sha-1",
            "SCRAM-SHA-1 is asked for by name.",
            "It is the older, weaker way. Without authMechanism the driver takes SCRAM-SHA-256 where the user has it.",
            "authMechanism",
            fix="Let driver and server agree.",
            patch={"auth": {"mechanism": None}},
            docs="core/security-scram/",
        )
    else:
        yield passed("login.given", "There is a login.", "user", "authMechanism")


def _plain_text(look: Look) -> Iterator[Advice]:
    """The file of a profile is shared with a team: no text in it may be a secret."""
    profile = look.profile
    known = [s.reveal() for s in look.secrets.values() if len(s.reveal()) >= _SHORTEST_SECRET]
    visible = {profile.auth.user, profile.seeds.database, *look.hosts}
    known = [secret for secret in known if secret not in visible]
    texts: list[tuple[str, str]] = [("name", profile.name), ("notes", profile.notes), ("folder", profile.folder)]
    texts.append(("appName", profile.options.app_name or ""))
    for place, text in texts:
        if ("://" in text and redact(text) != text) or any(secret in text for secret in known):
            yield warning(
                "file.secret",
                f"A password stands in the profile's {place}.",
                "It is saved in plain text and goes along wherever the profile is shared.",
                place,
                fix="Mask it there.",
                patch=_masked(place, redact(text, known)),
            )
            return
    if look.secrets or profile.auth.user is not None:
        yield passed("file.secret", "No password stands in the profile.")


def _masked(place: str, text: str) -> dict[str, Any]:
    return {"options": {"appName": text}} if place == "appName" else {place: text}


def _old_options(look: Look) -> Iterator[Advice]:
    unread = look.profile.unread
    old = [item for item in unread if _is_useless(item.name, item.value)]
    if old:
        names = ", ".join(dict.fromkeys(item.name for item in old))
        yield advice(
            "options.old",
            f"PyMongo does not know {names}.",
            "Options of other drivers, or of versions long gone, are ignored with a warning in the log at each start.",
            *(item.name for item in old),
            fix=f"Remove {names}.",
            patch={"unread": [msgspec.to_builtins(item) for item in unread if item not in old]},
        )
    if look.profile.pool.wait_queue_multiple is not None:
        yield advice(
            "options.wait-queue-multiple",
            "waitQueueMultiple has had no effect since PyMongo 4.",
            "Who reads it believes in a limit that is not there; waitQueueTimeoutMS is one.",
            "waitQueueMultiple",
            fix="Remove it.",
            patch={"pool": {"waitQueueMultiple": None}},
        )
    if look.profile.writes.fsync is not None:
        on = look.profile.writes.fsync
        yield advice(
            "options.fsync",
            "fsync is the old way to wait for the disk.",
            "journal does the same at less cost, and the two exclude each other.",
            "fsync",
            fix="Use journal instead." if on else "Remove it.",
            patch={"writes": {"fsync": None, "journal": True} if on else {"fsync": None}},
        )


def _is_useless(name: str, value: str | None) -> bool:
    """Whether it is another driver's option without a name in PyMongo; those with one are renamed beside the text."""
    if lookup(name) is not None or value is None or has_references(value):
        return False
    foreign, ours = foreign_name(name)
    return foreign and ours is None


RULES: Final[tuple[Callable[[Look], Iterator[Advice]], ...]] = (_tls, _login, _plain_text, _seeds, _old_options)
"""In the order in which they are told."""
