"""The certificates that a server presents, and where trust in them ends; no credentials travel for it.

One handshake without verification shows them; one more for each source of trusted authorities says what OpenSSL, and so
the driver, makes of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Final

from clearline.core.facts.computer import CertificateFacts
from clearline.core.facts.fact import Fact
from clearline.core.facts.servers import Reach, TlsFacts, TlsKind
from clearline.core.profiles.profile import Profile

if TYPE_CHECKING:
    from clearline.core.probes.connection import Connection

DEADLINE_S: Final = 6.0
MOST_CERTIFICATES: Final = 10
MOST_SERVERS: Final = 20
_SHARE: Final = 0.75
"""Of the deadline, for one step."""


class TrustedBy(Enum):
    """A source of trusted authorities."""

    FILE = "ca-file"
    DRIVER = "driver"
    SYSTEM = "system"
    BUNDLED = "bundled"


class Presented(Fact, frozen=True, kw_only=True):
    """One certificate of a chain, with all that is needed to keep it."""

    facts: CertificateFacts
    sha256: str
    """Its fingerprint as it is usually printed: pairs of capital hexadecimal digits with colons between."""
    pem: str


class Trust(Fact, frozen=True, kw_only=True):
    """What one source of trusted authorities says of a chain; the host name is not part of it."""

    source: TrustedBy
    reach: Reach
    """OK: an authority of it vouches for the chain; VERIFY_FAILED: none does, or not today; else nothing was learnt."""
    verify_code: int | None = None
    """OpenSSL X509_V_ERR number."""
    root: Presented | None = None
    """Where trust ends: the authority of that source; None where the system does not tell."""
    roots_unreadable: bool = False
    """The source itself could not be loaded."""


class PresentedChain(Fact, frozen=True, kw_only=True):
    """What one server presented, and what the sources say of it. Holds no secret."""

    host: str
    port: int | None
    server_name: str
    address: str = ""
    """The IP address that was asked; empty when there is none."""
    reach: Reach
    """How the handshake without verification ended; certificates may have come even when it failed."""
    errno: int | None = None
    alert: int | None = None
    version: str | None = None
    certificates: tuple[Presented, ...] = ()
    """As presented: the server's own first."""
    name_matches: bool | None = None
    """Whether the first certificate is made out to the server name; None without certificates."""
    certificate_requested: bool | None = None
    trust: tuple[Trust, ...] = ()

    @property
    def pem(self) -> str:
        """The chain as presented, as one PEM text."""
        return "".join(certificate.pem for certificate in self.certificates)

    def trusted_by(self, source: TrustedBy) -> Trust | None:
        """What one source says; None when it was not asked."""
        return next((trust for trust in self.trust if trust.source is source), None)


async def presented_chain(
    host: str,
    port: int | None,
    server_name: str | None = None,
    *,
    ca_file: str | None = None,
    deadline_s: float = DEADLINE_S,
) -> PresentedChain:
    """Ask one server for its certificates. ``port`` None is a Unix socket; ``ca_file`` adds that file as a source.

    Ends within ``deadline_s`` whatever the server does, at once when it is cancelled, and raises nothing of its own. No
    client certificate is shown and nothing is sent after the handshakes.
    """
    from clearline.core.addresses import server_name as for_sni

    name = for_sni(server_name or host)
    begun = PresentedChain(host=host, port=port, server_name=name, reach=Reach.SILENT)
    told = [begun]
    try:
        async with asyncio.timeout(deadline_s):
            await _ask(begun, ca_file, deadline_s * _SHARE, told.append)
    except TimeoutError:
        pass  # what was learnt until now is the answer
    return told[-1]


async def servers_of(profile: Profile, *, deadline_s: float = DEADLINE_S) -> tuple[str, ...]:
    """The servers that a profile names, ``host:port``; those of an SRV name are looked up. Empty when there is none."""
    seeds = profile.seeds
    if not seeds.srv:
        return seeds.hosts[:MOST_SERVERS]
    if not seeds.hosts:
        return ()
    from clearline.core.inspection.srv_lookup import look_up_srv

    answer = await look_up_srv(
        seeds.hosts[0], seeds.srv_service_name, suffix=seeds.srv_allowed_hosts_suffix, deadline_s=deadline_s / 2
    )
    return answer.hosts[:MOST_SERVERS]


async def _ask(
    begun: PresentedChain, ca_file: str | None, step_s: float, tell: Callable[[PresentedChain], None]
) -> None:
    from msgspec.structs import replace

    from clearline.core.probes import tcp
    from clearline.core.probes.lookup import look_up

    addresses: tuple[str, ...] = (begun.host,)
    if begun.port is not None:
        addresses = (await look_up(begun.host, deadline_s=step_s, late_s=0.0)).addresses
    seen = replace(begun, reach=Reach.OTHER)
    for address in addresses:
        found, connection = await tcp.open_connection(address, begun.port, deadline_s=step_s / len(addresses))
        seen = replace(begun, address=address, reach=found.reach, errno=found.errno)
        if connection is not None:
            seen = await _look(seen, connection, step_s)
            break
    tell(seen)
    if not seen.certificates:
        return
    asked = [TrustedBy.FILE] if ca_file is not None else []
    asked += [TrustedBy.DRIVER, TrustedBy.SYSTEM, TrustedBy.BUNDLED]
    answers: dict[TrustedBy, Trust] = {}

    async def ask(source: TrustedBy) -> None:
        answers[source] = await _trust(seen, source, ca_file, step_s)
        tell(replace(seen, trust=tuple(answers[known] for known in asked if known in answers)))

    async with asyncio.TaskGroup() as group:
        for source in asked:
            group.create_task(ask(source))


async def _trust(seen: PresentedChain, source: TrustedBy, ca_file: str | None, step_s: float) -> Trust:
    from clearline.core.daemon_threads import run_in_daemon
    from clearline.core.probes import tcp

    try:
        context = await run_in_daemon(_context, source, ca_file)
    except (OSError, ValueError):
        return Trust(source=source, reach=Reach.OTHER, roots_unreadable=True)
    found, connection = await tcp.open_connection(seen.address, seen.port, deadline_s=step_s)
    if connection is None:
        return Trust(source=source, reach=found.reach)
    ended, _, way = await _shake(connection, context, seen.server_name, step_s)
    code = ended.verify_code
    # A server that wants a client certificate refuses us only after we have accepted its own.
    accepted = ended.reach is Reach.OK or (code is None and bool(way))
    # Where the system verifies by itself, after the handshake, OpenSSL's way says nothing.
    root = _presented(way[-1]) if accepted and way and type(context) is ssl.SSLContext else None
    return Trust(source=source, reach=Reach.OK if accepted else ended.reach, verify_code=code, root=root)


async def _look(seen: PresentedChain, connection: Connection, step_s: float) -> PresentedChain:
    from msgspec.structs import replace

    from clearline.core.diagnosis.rules.tls_trust import covers
    from clearline.core.probes import tls

    facts, ders, _ = await _shake(connection, tls.look_context(), seen.server_name, step_s)
    certificates = tuple(found for der in ders[:MOST_CERTIFICATES] if (found := _presented(der)) is not None)
    return replace(
        seen,
        reach=facts.reach,
        errno=facts.errno,
        alert=facts.alert,
        version=facts.version,
        certificates=certificates,
        name_matches=covers(certificates[0].facts, seen.server_name) if certificates else None,
        certificate_requested=facts.certificate_requested,
    )


async def _shake(
    connection: Connection, context: ssl.SSLContext, name: str, step_s: float
) -> tuple[TlsFacts, tuple[bytes, ...], tuple[bytes, ...]]:
    """One handshake, hung up after it: how it ended, what was presented, and the way to a trusted authority."""
    from clearline.core.probes.connection import Patience, closed_on_cancel, reach_of
    from clearline.core.probes.tls import TlsConnection

    try:
        line = TlsConnection(connection, context, name)
    except (ValueError, TypeError):  # no name that TLS could carry
        connection.close()
        return TlsFacts(kind=TlsKind.LOOK, server_name=name, reach=Reach.TLS_ERROR), (), ()
    error: OSError | None = None
    with closed_on_cancel(connection):
        try:
            async with (patience := Patience(step_s, 0.0)):
                reach = await line.shake_hands(patience)
        except OSError as caught:
            reach, error = reach_of(caught), caught
        facts = line.look(TlsKind.LOOK, name, reach, error)
        presented, way = line.presented, line.verified
        line.close()
    return facts, presented, way


def _presented(der: bytes) -> Presented | None:
    """A certificate; None for what is none, whatever the server calls it."""
    from clearline.core.tls.certificates import certificate_facts

    try:
        facts = certificate_facts(der, datetime.now(UTC))
    except ValueError:
        return None
    digits = hashlib.sha256(der).hexdigest().upper()
    pairs = ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
    return Presented(facts=facts, sha256=pairs, pem=ssl.DER_cert_to_PEM_cert(der))


def _context(source: TrustedBy, ca_file: str | None) -> ssl.SSLContext:
    """A context that verifies all but the name. Raises `OSError`, `ValueError`."""
    from clearline.core.driver.client import tls_context
    from clearline.core.probes import tls
    from clearline.core.tls import trust

    match source:
        case TrustedBy.FILE:
            return tls_context({"tlsCAFile": ca_file, "tlsAllowInvalidHostnames": True}, {})
        case TrustedBy.DRIVER:
            return tls_context({"tlsAllowInvalidHostnames": True}, {})
        case TrustedBy.SYSTEM:
            context = trust.os_roots_context()
        case TrustedBy.BUNDLED:
            context = tls.context_with_roots(trust.bundled_roots())
    context.check_hostname = False
    return context
