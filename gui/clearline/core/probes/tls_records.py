"""What a TLS server says during a handshake, read from its own messages (RFC 5246, RFC 8446).

Up to TLS 1.2 the messages travel readable, so the received bytes tell everything. In TLS 1.3 most are encrypted;
there OpenSSL hands them over once it has decrypted them (`listen_in`, `write_down`).
"""

from __future__ import annotations

import ssl
import weakref

from clearline.core.tls.verify_codes import reason_of

_ALERT, _HANDSHAKE = 21, 22
_RECORD_TYPES = range(20, 25)
_CERTIFICATE_AUTHORITIES = 47  # an extension of TLS 1.3
_MOST_RECORDS = 1000
"""Readable records of one handshake: a server that sends more keeps us busy."""
_LONGEST_MESSAGE = 200_000
_CLOSE_NOTIFY, _USER_CANCELED = 0, 90
_FATAL = 2
_OTHER_ALERTS = {  # what ssl.AlertDescription lacks, by OpenSSL's names
    "DECRYPTION_FAILED": 21,
    "NO_CERTIFICATE": 41,
    "EXPORT_RESTRICTION": 60,
    "INAPPROPRIATE_FALLBACK": 86,
    "MISSING_EXTENSION": 109,
    "CERTIFICATE_REQUIRED": 116,
    "NO_APPLICATION_PROTOCOL": 120,
}


class Transcript:
    """What one server said, as far as it could be read. Hearing a message twice changes nothing."""

    def __init__(self) -> None:
        self.alert: int | None = None
        """The last fatal alert."""
        self.server_hello = False
        self.chain: tuple[bytes, ...] = ()
        """The certificates as presented, DER."""
        self.certificate_requested: bool | None = None
        """None while it cannot be known."""
        self.authorities: tuple[bytes, ...] = ()
        """Names of the authorities that the server accepts for client certificates, DER."""
        self.not_tls = False
        """The first byte began no TLS record."""
        self._records = b""
        self._messages = b""
        self._heard_records = 0
        self._readable = True
        self._version: int = ssl.TLSVersion.TLSv1_2

    def on_bytes(self, data: bytes) -> None:
        """Take bytes as they came from the network."""
        if not self._readable:
            return
        self._records += data
        if self._records and self._records[0] not in _RECORD_TYPES:
            self.not_tls, self._readable = True, False
        start = 0
        while self._readable and len(self._records) >= start + 5:
            kind, end = self._records[start], start + 5 + int.from_bytes(self._records[start + 3 : start + 5], "big")
            if len(self._records) < end:
                break
            body, start = self._records[start + 5 : end], end
            self._heard_records += 1
            if self._heard_records > _MOST_RECORDS:
                self._readable = False
            match kind:
                case 21:  # alert
                    self.on_alert(body)
                case 22:  # handshake
                    self._on_fragment(body)
                case _:
                    self._readable = False  # from here on everything is encrypted
        self._records = self._records[start:] if self._readable else b""

    def on_alert(self, body: bytes) -> None:
        """Take one alert: its level and its number (RFC 8446, section 6)."""
        if len(body) == 2 and body[0] == _FATAL and body[1] not in (_CLOSE_NOTIFY, _USER_CANCELED):
            self.alert = body[1]

    def on_message(self, kind: int, body: bytes, version: int) -> None:
        """Take one handshake message; ``version`` as on the wire, e.g. 0x0303. A broken message is skipped."""
        tls13 = version >= ssl.TLSVersion.TLSv1_3
        try:
            match kind:
                case 2:  # ServerHello
                    self.server_hello = True
                case 11:  # Certificate
                    self.chain = _certificates(body, tls13)
                    if tls13 and self.certificate_requested is None:
                        self.certificate_requested = False  # the request would have come before
                case 13:  # CertificateRequest
                    self.certificate_requested = True
                    self.authorities = _authorities(body, version)
                case 14 if self.certificate_requested is None:  # ServerHelloDone
                    self.certificate_requested = False
        except EOFError:
            pass

    def _on_fragment(self, body: bytes) -> None:
        self._messages += body
        start = 0
        while len(self._messages) >= start + 4:
            end = start + 4 + int.from_bytes(self._messages[start + 1 : start + 4], "big")
            if len(self._messages) < end:
                break
            message, start = self._messages[start:end], end
            if message[0] == 2:
                self._version = int.from_bytes(message[4:6], "big")
            self.on_message(message[0], message[4:], self._version)
        self._messages = self._messages[start:]
        if len(self._messages) > _LONGEST_MESSAGE:
            self._readable = False


_transcripts: weakref.WeakKeyDictionary[object, Transcript] = weakref.WeakKeyDictionary()


def listen_in(context: ssl.SSLContext) -> None:
    """Have OpenSSL hand over the decrypted messages of the connections that ``context`` makes from now on.

    Python's hook for it (``SSLContext._msg_callback``, 3.8 and later) is not public: without it, and with contexts
    that wrap another one (truststore), a transcript holds what the bytes on the network tell.
    """
    if getattr(context, "_msg_callback", None) is None:
        try:
            context._msg_callback = _heard  # type: ignore[attr-defined]
        except AttributeError:
            pass


def write_down(connection: ssl.SSLObject, transcript: Transcript) -> None:
    """Copy what is handed over of one connection to ``transcript``; to be called before its handshake."""
    _transcripts[connection] = transcript


def _heard(connection: object, direction: str, version: int, content: int, _kind: int, data: bytes) -> None:
    transcript = _transcripts.get(connection)
    if transcript is None or direction != "read":
        return
    if content == _ALERT:
        transcript.on_alert(data)
    elif content == _HANDSHAKE and len(data) >= 4:
        transcript.on_message(data[0], data[4:], version)


class _Reader:
    """Takes length-prefixed parts off a message. Raises `EOFError` when it is cut off."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __bool__(self) -> bool:
        return bool(self._data)

    def take(self, size: int) -> bytes:
        if size > len(self._data):
            raise EOFError
        part, self._data = self._data[:size], self._data[size:]
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, length_size: int) -> bytes:
        return self.take(self.number(length_size))


def _certificates(body: bytes, tls13: bool) -> tuple[bytes, ...]:
    reader = _Reader(body)
    if tls13:
        reader.vector(1)  # request context
    entries = _Reader(reader.vector(3))
    chain = []
    while entries:
        chain.append(entries.vector(3))
        if tls13:
            entries.vector(2)  # extensions
    return tuple(chain)


def _authorities(body: bytes, version: int) -> tuple[bytes, ...]:
    reader = _Reader(body)
    reader.vector(1)  # certificate types; in TLS 1.3 the request context
    if version >= ssl.TLSVersion.TLSv1_3:
        return _authorities_extension(_Reader(reader.vector(2)))
    if version >= ssl.TLSVersion.TLSv1_2:
        reader.vector(2)  # signature algorithms
    return _names(reader.vector(2))


def _authorities_extension(extensions: _Reader) -> tuple[bytes, ...]:
    while extensions:
        kind, body = extensions.number(2), extensions.vector(2)
        if kind == _CERTIFICATE_AUTHORITIES:
            return _names(_Reader(body).vector(2))
    return ()


def _names(body: bytes) -> tuple[bytes, ...]:
    reader = _Reader(body)
    names = []
    while reader:
        names.append(reader.vector(2))
    return tuple(names)


def alert_of(error: ssl.SSLError) -> int | None:
    """The number of the alert that made OpenSSL fail, by the name of its reason; None when it was no alert."""
    prefix, _, name = (reason_of(error) or "").replace("_ALERT_", "_", 1).partition("_")
    if prefix not in ("SSLV3", "TLSV1", "TLSV13"):
        return None
    description = ssl.AlertDescription.__members__.get(f"ALERT_DESCRIPTION_{name}")
    return _OTHER_ALERTS.get(name) if description is None else int(description)
