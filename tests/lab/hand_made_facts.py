"""Short ways to write down facts by hand: a member, a certificate, how a connection ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from clearline.core.facts.computer import CertificateFacts, FileFacts, FileFormat, Readable
from clearline.core.facts.login import DriverFacts, DriverState
from clearline.core.facts.names import Lookup
from clearline.core.facts.servers import Exchange, Hello, Listening, MemberFacts, Reach, TcpFacts, TlsFacts, TlsKind
from clearline.core.facts.text import UriFacts
from clearline.core.facts.whole import Facts

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HELLO = Hello(is_writable_primary=True, min_wire_version=0, max_wire_version=17, clock_skew_s=0.0)


def certificate(subject: str = "CN=db1", issuer: str = "CN=Lab CA", **changes: Any) -> CertificateFacts:
    """A certificate that is valid for a year before and after now; ``starts`` and ``ends`` are days from now."""
    starts, ends = changes.pop("starts", -365), changes.pop("ends", 365)
    fields: dict[str, Any] = {
        "subject": subject,
        "issuer": issuer,
        "not_before": (NOW + timedelta(days=starts)).isoformat(),
        "not_after": (NOW + timedelta(days=ends)).isoformat(),
        "days_left": float(ends),
        "not_yet_valid": starts > 0,
        "names": ("db1",),
        "has_san": True,
        "common_name": subject.partition("CN=")[2].partition(",")[0] or None,
        "self_signed": subject == issuer,
        "key_type": "RSA",
        "key_bits": 2048,
        "signature_hash": "sha256",
        "key_id": f"key of {subject}",
    }
    return CertificateFacts(**{**fields, **changes})


ROOT = certificate("CN=Lab CA", "CN=Lab CA", is_ca=True)
LEAF = certificate()


def handshake(kind: TlsKind, reach: Reach = Reach.OK, **changes: Any) -> TlsFacts:
    """One handshake; one that succeeds is TLS 1.3, shows the lab's chain and sees no certificate request."""
    fields: dict[str, Any] = {"server_name": "db1"}
    if reach in (Reach.OK, Reach.VERIFY_FAILED):
        fields |= {"chain": (LEAF, ROOT), "server_hello": True}
    if reach is Reach.OK:
        fields |= {"version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "certificate_requested": False}
    return TlsFacts(kind=kind, reach=reach, **fields | changes)


def driver(reach: Reach = Reach.OK, **changes: Any) -> TlsFacts:
    """The driver's handshake."""
    return handshake(TlsKind.DRIVER, reach, **changes)


def look(reach: Reach = Reach.OK, **changes: Any) -> TlsFacts:
    """A look without verification."""
    return handshake(TlsKind.LOOK, reach, **changes)


def plain(what: Reach | Hello, **changes: Any) -> Exchange:
    """A hello outside of TLS, and how it ended or what it brought."""
    return _exchange(False, what, changes)


def inside(what: Reach | Hello, **changes: Any) -> Exchange:
    """A hello inside TLS."""
    return _exchange(True, what, changes)


def _exchange(tls: bool, what: Reach | Hello, changes: dict[str, Any]) -> Exchange:
    if isinstance(what, Hello):
        return Exchange(tls=tls, reach=Reach.OK, hello=what, received_bytes=300, elapsed_ms=1.0, **changes)
    return Exchange(tls=tls, reach=what, **changes)


def member(*parts: Exchange | TlsFacts | Listening | TcpFacts, host: str = "db1", **changes: Any) -> MemberFacts:
    """One finished seed whose port opened at once, and which is quiet until spoken to.

    A hello inside TLS went over a look, unless the driver's own handshake is among the parts and succeeded.
    """
    own = any(isinstance(p, TlsFacts) and p.kind is TlsKind.DRIVER and p.reach is Reach.OK for p in parts)
    tcp = tuple(p for p in parts if isinstance(p, TcpFacts)) or (
        TcpFacts(address="192.0.2.7", family="ipv4", reach=Reach.OK, elapsed_ms=1.0),
    )
    heard = next((p for p in parts if isinstance(p, Listening)), Listening(reach=Reach.SILENT))
    fields: dict[str, Any] = {
        "address": f"{host}:27017",
        "host": host,
        "port": 27017,
        "seed": True,
        "lookup": Lookup(host=host, addresses=tuple(t.address for t in tcp)),
        "tcp": tcp,
        "listening": heard,
        "tls": tuple(p for p in parts if isinstance(p, TlsFacts)),
        "exchanges": tuple(replace(p, look=p.tls and not own) for p in parts if isinstance(p, Exchange)),
        "finished": True,
    }
    return MemberFacts(**{**fields, **changes})


def facts(*members: MemberFacts, connected: bool = False, **changes: Any) -> Facts:
    """All facts about those members; unknown keywords are fields of the URI, ``options`` its options."""
    known = set(Facts.__struct_fields__)
    uri = {name: value for name, value in changes.items() if name not in known}
    rest = {name: value for name, value in changes.items() if name in known}
    if connected:
        rest.setdefault("driver", DriverFacts(state=DriverState.CONNECTED))
    uri.setdefault("hosts", tuple(m.address for m in members))
    return Facts(uri=UriFacts(redacted="mongodb://…", **uri), members=members, **rest)


def file(option: str, *certificates: CertificateFacts, **changes: Any) -> FileFacts:
    """A readable PEM file."""
    fields: dict[str, Any] = {"path": f"/home/me/{option}.pem", "readable": Readable.OK, "format": FileFormat.PEM}
    return FileFacts(option=option, certificates=certificates, **{**fields, "size": 1000, **changes})
