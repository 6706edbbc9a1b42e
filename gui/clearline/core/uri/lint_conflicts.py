"""Options that exclude each other, exactly as PyMongo 4.20 refuses them, and pairs of which one has no effect.

Sources: ``uri_parser_shared`` (_handle_security_options, _check_options, _validate_uri, _parse_srv), ``client_options``
(pool sizes, TLS, read preference, write concern) and ``settings_shared``.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote_plus

from clearline.core.findings import Severity
from clearline.core.options.catalogue import option
from clearline.core.profiles.profile import Profile
from clearline.core.uri.mistakes import Mistakes
from clearline.core.uri.parts import UriText
from clearline.core.uri.pieces import Piece
from clearline.core.uri.read_options import IMPLIED_BY_INSECURE, ReadOptions, tls_patch

_FAILURE: Final = Severity.FAILURE
_DEFAULT_POOL: Final = 100
_SMALLEST_STALENESS: Final = 90
_IDLE_WRITE_S: Final = 10
_DEFAULT_HEARTBEAT_MS: Final = 10_000
_REVOCATION: Final = "tlsDisableCertificateRevocationCheck"
_SPECIAL_USE: Final = frozenset(
    {"test", "localhost", "invalid", "example", "local", "internal", "corp", "home", "mail"}
)
"""One-label domains that PyMongo takes as a suffix (pymongo._psl)."""


class _Conflicts:
    def __init__(self, found: Mistakes, parts: UriText, options: ReadOptions, profile: Profile, seeds: int) -> None:
        self.found = found
        self.parts = parts
        self.profile = profile
        self.typed = options.typed
        self.effective = options.effective
        self.tls_needs = options.tls_needs
        self.open = options.open
        self.seeds = seeds

    def place(self, name: str) -> Piece:
        chunk = self.typed.get(name.lower())
        return chunk.whole if chunk is not None else self.parts.core

    def refuse(
        self,
        name: str,
        first: str,
        second: str,
        keep: str,
        *,
        fields: tuple[str, ...],
        severity: Severity = _FAILURE,
        patch: dict[str, Any] | None = None,
        drop: str | None = None,
    ) -> None:
        self.found.add(
            "uri.conflicting-options",
            severity,
            self.place(name),
            fields=fields,
            patch=patch,
            action=f"remove-option:{drop}" if drop else None,
            first=first,
            second=second,
            keep=keep,
        )

    def doubt(
        self, name: str, first: str, second: str, keep: str, patch: dict[str, Any], fields: tuple[str, ...]
    ) -> None:
        """A pair that PyMongo takes although one of the two has no effect."""
        self.refuse(name, first, second, keep, fields=fields, severity=Severity.WARNING, patch=patch)

    def on(self, name: str) -> bool:
        return self.effective.get(name) is True


def lint_conflicts(found: Mistakes, parts: UriText, options: ReadOptions, profile: Profile, *, seeds: int) -> None:
    """Note every pair of options, or of an option and the hosts, that PyMongo refuses or that makes no sense."""
    conflicts = _Conflicts(found, parts, options, profile, seeds)
    _tls(conflicts)
    _topology(conflicts)
    _srv(conflicts)
    _pool(conflicts)
    _waiting(conflicts)
    _reads(conflicts)
    _writes(conflicts)
    _compression(conflicts)


def _tls(c: _Conflicts) -> None:
    # The first three look at names alone: PyMongo refuses them before it reads the values.
    for name in IMPLIED_BY_INSECURE:
        if "tlsinsecure" in c.typed and name.lower() in c.typed:
            c.refuse(name, "tlsInsecure", name, name, fields=("tlsInsecure", name), drop="tlsInsecure")
    if {
        "tlsallowinvalidcertificates",
        "tlsdisableocspendpointcheck",
    } <= c.typed.keys() and "tlsinsecure" not in c.typed:
        first, second = "tlsAllowInvalidCertificates", "tlsDisableOCSPEndpointCheck"
        c.refuse(first, first, second, second, fields=(first, second), drop=first)
    if _REVOCATION.lower() in c.typed:
        # PyMongo alone does not know it; the URI options specification forbids the pairs to all drivers.
        for name in ("tlsInsecure", "tlsAllowInvalidCertificates", "tlsDisableOCSPEndpointCheck"):
            if name.lower() in c.typed:
                c.refuse(_REVOCATION, _REVOCATION, name, name, fields=(name,), drop=_REVOCATION)
    if "ssl" in c.typed and "tls" in c.typed:
        ssl, tls = (c.typed[name].value for name in ("ssl", "tls"))
        values = [unquote_plus(value.text) if value is not None else "" for value in (tls, ssl)]
        if values[0] != values[1]:
            encrypted = "true" in values
            keep = f"tls={str(encrypted).lower()}"
            patch = tls_patch(c.profile, enabled=encrypted)
            first, second = (
                f"{name}={c.found.quoted(value)}" for name, value in zip(("tls", "ssl"), values, strict=True)
            )
            c.refuse("ssl", first, second, keep, fields=("tls",), patch=patch)
    if c.effective.get("tlsCRLFile") is not None:
        for name in ("tlsInsecure", "tlsAllowInvalidCertificates", "tlsDisableOCSPEndpointCheck"):
            if c.on(name) and name.lower() in c.typed:
                c.refuse(name, f"{name}=true", "tlsCRLFile", "tlsCRLFile", fields=(name, "tlsCRLFile"), drop=name)
    if c.effective.get("tls") is False and c.tls_needs:
        need = next((name for name in c.tls_needs if name.lower() in c.typed), "tlsInsecure")
        shown = f"{need}=false" if c.effective.get(need) is False else need
        c.refuse("tls", "tls=false", shown, shown, fields=("tls", need), patch={"tls": {"enabled": True}})


def _topology(c: _Conflicts) -> None:
    several = f"a list of {c.seeds} hosts"
    if c.on("directConnection"):
        remove = {"seeds": {"directConnection": None}}
        if c.parts.srv:
            srv, fields = "mongodb+srv://", ("directConnection", "hosts")
            c.refuse("directConnection", "directConnection=true", srv, srv, fields=fields, patch=remove)
        elif c.seeds > 1:
            fields = ("directConnection", "hosts")
            c.refuse("directConnection", "directConnection=true", several, "the hosts", fields=fields, patch=remove)
    if c.on("loadBalanced"):
        remove = {"seeds": {"loadBalanced": None}}
        if c.seeds > 1 and not c.parts.srv:
            fields = ("loadBalanced", "hosts")
            c.refuse("loadBalanced", "loadBalanced=true", several, "the hosts", fields=fields, patch=remove)
        if c.on("directConnection"):
            patch = {"seeds": {"directConnection": None}}
            other, fields = "directConnection=true", ("loadBalanced", "directConnection")
            c.refuse("loadBalanced", "loadBalanced=true", other, "loadBalanced", fields=fields, patch=patch)
        if c.effective.get("replicaSet"):
            fields = ("loadBalanced", "replicaSet")
            c.refuse("loadBalanced", "loadBalanced=true", "replicaSet", "replicaSet", fields=fields, patch=remove)


def _srv(c: _Conflicts) -> None:
    if not c.parts.srv:
        for name in ("srvServiceName", "srvAllowedHostsSuffix", "srvMaxHosts"):
            value = c.effective.get(name)
            if value is not None and not (name == "srvMaxHosts" and not value):
                fields, patch = (name, "hosts"), {"seeds": {name: None}}
                c.refuse(name, name, "a plain mongodb:// address", "the hosts", fields=fields, patch=patch)
        return
    if c.effective.get("srvMaxHosts"):
        remove: dict[str, Any] = {"seeds": {"srvMaxHosts": None}}
        for name, used in (("loadBalanced", c.on("loadBalanced")), ("replicaSet", bool(c.effective.get("replicaSet")))):
            if used:
                c.refuse("srvMaxHosts", "srvMaxHosts", name, name, fields=("srvMaxHosts", name), patch=remove)
    suffix = c.effective.get("srvAllowedHostsSuffix")
    if suffix and "." not in suffix.strip(".") and suffix.strip(".").lower() not in _SPECIAL_USE:
        c.found.add(
            "uri.bad-value",
            _FAILURE,
            c.place("srvAllowedHostsSuffix"),
            fields=("srvAllowedHostsSuffix",),
            patch={"seeds": {"srvAllowedHostsSuffix": None}},
            option="srvAllowedHostsSuffix",
            value=suffix,
            rule="it must be a domain of at least two parts",
            suggestion="srvAllowedHostsSuffix=example.com",
        )


def _pool(c: _Conflicts) -> None:
    least, most = c.effective.get("minPoolSize"), c.effective.get("maxPoolSize", _DEFAULT_POOL)
    if least is None or not most or least <= most:
        return
    if "maxPoolSize" in c.effective:
        first, second = f"minPoolSize={least}", f"maxPoolSize={most}"
        fields, patch = ("minPoolSize", "maxPoolSize"), {"pool": {"minPoolSize": None}}
        c.refuse("minPoolSize", first, second, "maxPoolSize", fields=fields, patch=patch)
        return
    c.found.add(
        "uri.bad-value",
        _FAILURE,
        c.place("minPoolSize"),
        fields=("minPoolSize", "maxPoolSize"),
        patch={"pool": {"maxPoolSize": least}},
        option="minPoolSize",
        value=str(least),
        rule=f"it is above maxPoolSize, which is {_DEFAULT_POOL} when it is not set",
        suggestion=f"maxPoolSize={least} as well, or a smaller minimum",
    )


def _waiting(c: _Conflicts) -> None:
    """Other timeouts mean no limit by 0; here it ends the wait before it begins (topology._select_servers_loop)."""
    if c.effective.get("serverSelectionTimeoutMS") == 0:
        c.found.add(
            "uri.bad-value",
            _FAILURE,
            c.place("serverSelectionTimeoutMS"),
            fields=("serverSelectionTimeoutMS",),
            patch={"timeouts": {"serverSelectionTimeoutMS": None}},
            option="serverSelectionTimeoutMS",
            value="0",
            rule="an operation then gives up before any server can have answered",
            suggestion="serverSelectionTimeoutMS=30000, which is in force without it",
        )


def _reads(c: _Conflicts) -> None:
    preference = c.effective.get("readPreference", "primary")
    tags = c.effective.get("readPreferenceTags")
    staleness = c.effective.get("maxStalenessSeconds", -1)
    if preference == "primary":
        shown = "readPreference=primary" if "readPreference" in c.effective else "readPreference=primary (the default)"
        if tags not in (None, [{}]):
            patch = {"reads": {"readPreferenceTags": None}}
            fields = ("readPreferenceTags", "readPreference")
            c.refuse("readPreferenceTags", "readPreferenceTags", shown, "readPreference", fields=fields, patch=patch)
        if staleness != -1:
            patch = {"reads": {"maxStalenessSeconds": None}}
            name, fields = "maxStalenessSeconds", ("maxStalenessSeconds", "readPreference")
            c.refuse(name, name, shown, "readPreference", fields=fields, patch=patch)
        return
    if preference == "secondary" and c.effective.get("readConcernLevel") == "linearizable":
        first, second = "readConcernLevel=linearizable", "readPreference=secondary"  # Only a primary can do it.
        patch = {"reads": {"readPreference": None}}
        c.refuse("readConcernLevel", first, second, first, fields=("readConcernLevel", "readPreference"), patch=patch)
    heartbeat_s = c.effective.get("heartbeatFrequencyMS", _DEFAULT_HEARTBEAT_MS) / 1000
    least = max(_SMALLEST_STALENESS, heartbeat_s + _IDLE_WRITE_S)
    if staleness != -1 and staleness < least:
        # PyMongo refuses it when it picks a member of a replica set; a single server never asks.
        a_set = c.parts.srv or c.seeds > 1 or bool(c.effective.get("replicaSet"))
        c.found.add(
            "uri.bad-value",
            _FAILURE if a_set else Severity.WARNING,
            c.place("maxStalenessSeconds"),
            fields=("maxStalenessSeconds", "heartbeatFrequencyMS")
            if least > _SMALLEST_STALENESS
            else ("maxStalenessSeconds",),
            patch={"reads": {"maxStalenessSeconds": None}},
            option=option("maxStalenessSeconds").name,
            value=str(staleness),
            rule=f"the least is {least:g} seconds",
            suggestion=f"maxStalenessSeconds={least:g} or more",
        )


def _writes(c: _Conflicts) -> None:
    unacknowledged = c.effective.get("w") == 0
    if c.on("journal") and c.on("fsync"):
        patch = {"writes": {"fsync": None}}
        c.refuse("fsync", "fsync=true", "journal=true", "journal", fields=("fsync", "journal"), patch=patch)
    elif c.on("journal") and unacknowledged:
        c.refuse("w", "w=0", "journal=true", "journal", fields=("w", "journal"), patch={"writes": {"w": None}})
    if c.on("retryWrites") and unacknowledged:
        # Such a write fails unseen, so PyMongo never repeats it (mongo_client._retryable_write).
        c.doubt(
            "retryWrites", "retryWrites=true", "w=0", "w=0", {"options": {"retryWrites": None}}, ("retryWrites", "w")
        )


def _compression(c: _Conflicts) -> None:
    level, names = "zlibCompressionLevel", c.effective.get("compressors") or []
    if level in c.effective and "compressors" not in c.open and "zlib" not in names:
        patch = {"options": {level: None}}
        c.doubt(level, level, "compressors without zlib", "compressors", patch, (level, "compressors"))
