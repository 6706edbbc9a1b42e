"""TLS: how a handshake ends and what the server shows on the way.

OpenSSL works on memory buffers and the bytes travel over a `Carrier`, so that what a server sent can be read even
when no handshake came of it. Nothing secret is ever sent over a connection made with `look_context` and its kin.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from clearline.core.facts.computer import CertificateFacts
from clearline.core.facts.fact import replace
from clearline.core.facts.servers import Reach, TlsFacts, TlsKind
from clearline.core.hops.error_numbers import error_number
from clearline.core.hops.tls_handshake import MOST_HANDSHAKE_BYTES
from clearline.core.probes.connection import (
    RECEIVE_SIZE,
    Carrier,
    EndlessRecords,
    Patience,
    closed_on_cancel,
    milliseconds_since,
    reach_of,
    shown_bytes,
)
from clearline.core.probes.tls_records import Transcript, alert_of, listen_in, write_down
from clearline.core.tls.certificates import certificate_facts, distinguished_name
from clearline.core.tls.verify_codes import reason_of, verify_code_of

_AT_ONCE = 4096
"""Bytes of TLS in one turn of the loop: a hostile server's may be hundreds of messages, each of which is told to us."""
_LONGEST_CHAIN = 10
_DER = 2  # _ssl.ENCODING_DER
_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT, which Python names since 3.12


async def handshake(
    connection: Carrier,
    *,
    kind: TlsKind,
    context: ssl.SSLContext,
    server_name: str | None,
    deadline_s: float,
    late_s: float = 0.0,
    on_early: Callable[[TlsFacts], None] | None = None,
    after_s: float = 0.05,
) -> TlsFacts:
    """Do one handshake on a fresh connection and hang up. Same contract as `open_tls`."""
    facts, line = await open_tls(
        connection,
        kind=kind,
        context=context,
        server_name=server_name,
        deadline_s=deadline_s,
        late_s=late_s,
        on_early=on_early,
        after_s=after_s,
    )
    if line is not None:
        line.close()
    return facts


async def open_tls(
    connection: Carrier,
    *,
    kind: TlsKind,
    context: ssl.SSLContext,
    server_name: str | None,
    deadline_s: float,
    late_s: float = 0.0,
    on_early: Callable[[TlsFacts], None] | None = None,
    after_s: float = 0.05,
) -> tuple[TlsFacts, TlsConnection | None]:
    """Do one handshake on a fresh connection; the encrypted line is open when the facts say OK, else all is closed.

    Waiting and ``on_early`` work as in `tcp.open_connection`; a server that keeps sending is not silent. When the
    server asked for a client certificate (or may have done so), the line is watched for ``after_s`` and
    one round trip more: with TLS 1.3, and always with mongod, that is when a certificate is refused. Otherwise the next
    exchange meets the end, and `TlsConnection.facts` then holds it.
    """
    started = asyncio.get_running_loop().time()
    with closed_on_cancel(connection):
        try:
            line = TlsConnection(connection, context, server_name)
        except (ValueError, TypeError):  # no name that TLS could carry
            connection.close()
            return TlsFacts(kind=kind, server_name=server_name, reach=Reach.TLS_ERROR), None

        def ended(reach: Reach, error: OSError | None = None) -> TlsFacts:
            return replace(
                line.look(kind, server_name, reach, error),
                elapsed_ms=milliseconds_since(started),
                late=patience.late and reach is not Reach.SILENT,
            )

        patience = Patience(deadline_s, late_s, (lambda: on_early(ended(Reach.SILENT))) if on_early else None)
        try:
            async with patience:
                reach = await line.shake_hands(patience)
            line.facts = ended(reach)
        except OSError as error:
            line.facts = ended(reach_of(error), error)
        if line.facts.reach is not Reach.OK:
            line.close()
            return line.facts, None
        if after_s and line.facts.certificate_requested is not False:
            await line.watch(after_s + line.round_trip_s)
        return line.facts, line


class TlsConnection:
    """An encrypted line over a `Carrier`. Not to be shared between tasks."""

    facts: TlsFacts
    """The handshake, and whether the server ended the line afterwards; set by `open_tls`."""

    def __init__(self, connection: Carrier, context: ssl.SSLContext, server_name: str | None) -> None:
        """Raises `ValueError` or `TypeError` when the context cannot take that server name."""
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        listen_in(context)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._transcript = Transcript()
        write_down(self._tls, self._transcript)
        self._bytes_before = connection.received_bytes
        self._first_bytes = b""
        self._pieces = 0
        self._endless = False
        self._unread = b""
        self._waiting = b""
        """Came from the network, and OpenSSL has not seen it yet."""
        self.round_trip_s = 0.0
        """From our first message to the first bytes of the server."""

    @property
    def received_bytes(self) -> int:
        """Bytes of the server so far, as they travelled."""
        return self._connection.received_bytes

    @property
    def presented(self) -> tuple[bytes, ...]:
        """The certificates as the server sent them, DER; as many as could be heard, whatever came of the handshake."""
        if self._transcript.chain:
            return self._transcript.chain
        try:
            leaf = self._tls.getpeercert(binary_form=True)
        except ValueError:  # no handshake yet
            leaf = None
        return (leaf,) if leaf else ()

    @property
    def verified(self) -> tuple[bytes, ...]:
        """The way that OpenSSL found, from the server's certificate to a trusted one, DER; empty where it found none.

        Python has no public name for it before 3.13 (``SSLObject.get_verified_chain``).
        """
        inner: Any = getattr(self._tls, "_sslobj", None)
        found = inner.get_verified_chain() if inner is not None else None
        return tuple(certificate.public_bytes(_DER) for certificate in found or ())

    async def shake_hands(self, patience: Patience) -> Reach:
        """Do the handshake: OK, CLOSED, or NOT_MONGODB for a server that speaks no TLS. Raises `OSError`."""
        started = asyncio.get_running_loop().time()
        while True:
            try:
                self._tls.do_handshake()
                await self._flush()
                return Reach.OK
            except ssl.SSLWantReadError:
                await self._flush()
            except ssl.SSLError:
                self._connection.send_last(self._outgoing.read())  # our alert tells the server's log why
                raise
            if not await self._give_more():
                data = self._waiting = await self._connection.receive()
                patience.progress(len(data))
                self._pieces += 1
                if not data:
                    return Reach.CLOSED
                if not self._first_bytes:
                    self._first_bytes = data[:64]
                    self.round_trip_s = asyncio.get_running_loop().time() - started
                self._transcript.on_bytes(data)
                if self._transcript.not_tls:
                    return Reach.NOT_MONGODB
                if self.received_bytes - self._bytes_before > MOST_HANDSHAKE_BYTES:
                    self._endless = True
                    return Reach.TLS_ERROR

    def look(self, kind: TlsKind, server_name: str | None, reach: Reach, error: OSError | None) -> TlsFacts:
        """What is known of the handshake when it ended, or so far."""
        heard = self._transcript
        done = reach is Reach.OK
        failure = error if isinstance(error, ssl.SSLError) else None
        alert = None if done or failure is None else heard.alert or alert_of(failure)
        if alert is not None and reach is Reach.TLS_ERROR:
            reach = Reach.TLS_ALERT  # one that OpenSSL has no name for
        cipher = self._tls.cipher() if done else None
        chain = self._chain(done)
        return TlsFacts(
            kind=kind,
            server_name=server_name,
            reach=reach,
            alert=alert if reach is Reach.TLS_ALERT else None,
            verify_code=verify_code_of(error) if isinstance(error, ssl.SSLCertVerificationError) else None,
            errno=error_number(error) if error is not None else None,
            openssl_reason=reason_of(failure) if failure is not None else None,
            version=self._tls.version() if done else None,
            cipher=cipher[0] if cipher else None,
            chain=chain,
            server_hello=heard.server_hello or done,
            unreadable=bool(heard.chain) and not chain,
            endless=self._endless,
            received_bytes=self.received_bytes - self._bytes_before,
            pieces=self._pieces,
            first_bytes=shown_bytes(self._first_bytes) if heard.not_tls else "",
            certificate_requested=heard.certificate_requested,
            requested_authorities=tuple(distinguished_name(name) for name in heard.authorities),
        )

    async def watch(self, wait_s: float) -> None:
        """See whether the server ends the line within ``wait_s``; whatever else comes is kept for `receive`."""
        try:
            async with asyncio.timeout(wait_s):
                self._unread = await self.receive()
        except OSError:
            pass  # the time is over, or the line: `facts` knows

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises `OSError`."""
        self._tls.write(data)
        await self._flush()

    async def receive(self) -> bytes:
        """What comes next, decrypted; empty at the end. Raises `OSError`, `ssl.SSLError` for an alert."""
        if self._unread:
            unread, self._unread = self._unread, b""
            return unread
        without_data = 0
        try:
            while True:
                try:
                    data = self._tls.read(RECEIVE_SIZE)
                    break
                except ssl.SSLWantReadError:
                    await self._flush()
                if not await self._give_more():
                    encrypted = self._waiting = await self._connection.receive()
                    if not encrypted:
                        data = b""
                        break
                    without_data += len(encrypted)
                    if without_data > MOST_HANDSHAKE_BYTES:
                        raise EndlessRecords(errno.EMSGSIZE, "records without end and without data")
        except OSError as error:
            self._ended(error)
            raise
        if not data:
            self._ended(None)
        return data

    def close(self) -> None:
        """Hang up at once, after a close_notify if that can still be sent. Idempotent."""
        try:
            self._tls.unwrap()
        except (OSError, ValueError):
            pass
        self._connection.send_last(self._outgoing.read())
        self._connection.close()

    def retransmits(self) -> int | None:
        """Packets sent again so far; None where the system does not tell."""
        return self._connection.retransmits()

    async def _give_more(self) -> bool:
        """Give OpenSSL a little of what came, and the loop its turn; False: all that came is given."""
        if not self._waiting:
            return False
        self._incoming.write(self._waiting[:_AT_ONCE])
        self._waiting = self._waiting[_AT_ONCE:]
        await asyncio.sleep(0)
        return True

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await self._connection.send(data)

    def _ended(self, error: OSError | None) -> None:
        alert = None
        if isinstance(error, ssl.SSLError):
            alert = self._transcript.alert or alert_of(error)
        self.facts = replace(self.facts, closed_after=True, after_alert=alert)

    def _chain(self, done: bool) -> tuple[CertificateFacts, ...]:
        chain = self._transcript.chain
        if not chain and done and (leaf := self._tls.getpeercert(binary_form=True)):
            chain = (leaf,)  # there was nothing to listen in on
        now = datetime.now(UTC)
        found = []
        for der in chain[:_LONGEST_CHAIN]:
            try:
                found.append(certificate_facts(der, now))
            except ValueError:
                break  # not a certificate, whatever the server calls it
        return tuple(found)


@cache
def look_context() -> ssl.SSLContext:
    """Nothing is verified; every version and cipher that this OpenSSL has."""
    return _blind(ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.MAXIMUM_SUPPORTED, "ALL:@SECLEVEL=0")


@cache
def old_versions_context() -> ssl.SSLContext | None:
    """Nothing is verified; TLS 1.0 and 1.1 only. None where this OpenSSL does not have them."""
    if not (ssl.HAS_TLSv1 or ssl.HAS_TLSv1_1):
        return None
    return _blind(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0")


@cache
def wide_ciphers_context() -> ssl.SSLContext:
    """Nothing is verified; the driver's versions, with every cipher that this OpenSSL has."""
    return _blind(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED, "ALL:COMPLEMENTOFALL:@SECLEVEL=0")


def tls12_context(client_cert: str | Path | None = None, password: str | None = None) -> ssl.SSLContext:
    """Nothing is verified; TLS 1.2 at most, where all but the end of the handshake is readable.

    ``client_cert`` is a PEM file with certificate and key. Never prompts: without ``password`` an encrypted key fails.
    Raises `OSError` (`ssl.SSLError` among them) when the file cannot be used.
    """
    context = _blind(ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_2, "ALL:@SECLEVEL=0")
    if client_cert is not None:
        context.load_cert_chain(client_cert, password=password or "")
    return context


def context_with_roots(cafile: str | Path | None = None) -> ssl.SSLContext:
    """Certificate and name are verified against the authorities of a PEM file, or those that OpenSSL finds itself.

    Reads and parses the file: some 10 ms for a whole set of public authorities. Raises `OSError`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if cafile is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(cafile)
    return context


def _blind(lowest: ssl.TLSVersion, highest: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options |= _LEGACY_SERVER_CONNECT
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are the point
        context.minimum_version, context.maximum_version = lowest, highest
    try:
        context.set_ciphers(ciphers)
    except ssl.SSLError:  # a library without security levels
        context.set_ciphers(ciphers.replace(":@SECLEVEL=0", ""))
    return context
