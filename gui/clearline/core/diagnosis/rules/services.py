"""Which service it is that answers, by the first bytes of its own protocol."""

from __future__ import annotations

import re
import struct

from clearline.core.text.late_patterns import late

_HTTP = late(r"HTTP/\d|<!doctype html|<html", re.IGNORECASE)
_SERVICES: tuple[tuple[str, str], ...] = (
    (r"(?:[^\n]*\n){0,5}SSH-\d", "An SSH server"),  # RFC 4253: other lines may come first
    (r"PROXY (?:TCP|UNKNOWN)", "A balancer that sends the PROXY protocol's first line to its clients"),
    (r"RFB \d{3}\.\d{3}", "A VNC server"),
    (r"220[ -].*?(?:SMTP|smtp)", "A mail server (SMTP)"),
    (r"220[ -].*?(?:FTP|ftp)", "An FTP server"),
    (r"(?:220|421|554)[ -]", "A mail or file server (SMTP or FTP)"),
    (r"\* (?:OK|PREAUTH|BYE)\b", "A mail server (IMAP)"),
    (r"\+OK\b", "A mail server (POP3)"),
    (r"AMQP[\x00-\x03]", "RabbitMQ (AMQP)"),
    (r"INFO \{", "NATS"),
    (r"@RSYNCD:", "An rsync server"),
    (r"ERROR\r\n\Z|(?:CLIENT|SERVER)_ERROR ", "Memcached"),
    (r"ERROR\r?\n", "A message broker (STOMP)"),
    # Redis: an error, or the answer to PING.
    (r"-(?:ERR|NOAUTH|DENIED|WRONGPASS|LOADING|MISCONF|NOPERM)\b|\+PONG", "Redis or one of its kind"),
    # PostgreSQL: an ErrorResponse (tag, length, fields S and V, the latter never translated).
    (r"E\x00\x00..S.*?(?:FATAL|ERROR|PANIC|\x00V)|EFATAL:", "PostgreSQL or one of its kind"),
    # MySQL and MariaDB: packet length (3), number 0, then protocol version 10 with the server's, or an error.
    (r"..\x00[\x00-\x02](?:\x0a\d{1,2}\.\d|\xff..)", "MySQL or MariaDB"),
    # Oracle: a TNS refuse packet (its length, below 256, comes first; both sums are 0), or a resend packet of 8 bytes.
    # SQL Server: a TDS reply; Telnet: option negotiation; Cassandra: an error frame.
    (r"\x00(?:[\x09-\xff]\x00\x00\x04|\x08\x00\x00\x0b)\x00\x00\x00|.*?\((?:DESCRIPTION|ERR)=", "An Oracle database"),
    (r"\x04\x01..\x00\x00", "Microsoft SQL Server"),
    (r"\xff[\xfb-\xfe]", "A Telnet server"),
    (r"[\x82-\x85]\x00\x00\x00\x00\x00", "Cassandra"),
    (r"\x03\x00\x00.", "A Remote Desktop server"),
    # HTTP/2 (RFC 9113): SETTINGS or GOAWAY of stream 0, as gRPC servers and etcd send.
    (r"\x00\x00.[\x04\x07]\x00\x00\x00\x00\x00", "An HTTP/2 server (as of gRPC)"),
    (r"0[\x0c-\x84].{0,5}\x02\x01", "An LDAP directory"),
)


SHORT_SIGNS = frozenset(
    {
        "A mail or file server (SMTP or FTP)",
        "A mail server (POP3)",
        "Memcached",
        "A message broker (STOMP)",
        "Microsoft SQL Server",
        "A Telnet server",
        "Cassandra",
        "A Remote Desktop server",
        "An HTTP/2 server (as of gRPC)",
        "An LDAP directory",
    }
)
"""Services that are told by so few bytes that others may begin the same way."""

_ANSWERS_TO: dict[str, tuple[re.Pattern[str], str]] = {
    # SSLRequest is answered by one letter, or by an error.
    "postgresql": (late(r"[NSG]\Z|E\x00\x00", re.DOTALL), "PostgreSQL or one of its kind"),
    # ApiVersions: a length, then the number of the question.
    "kafka": (late(r"\x00\x00..\x00\x00\x00\x01", re.DOTALL), "Kafka"),
}


def service_that_answers(said: str, first_bytes: str) -> str | None:
    """The service that answers its own first word this way; None when it is none of them."""
    pattern, service = _ANSWERS_TO.get(said, (None, ""))
    if pattern is not None and pattern.match(raw(first_bytes)):
        return service
    return service_of(first_bytes)


def raw(first_bytes: str) -> str:
    """The recorded first bytes (ASCII with escapes) as the bytes that came, one character each."""
    try:
        return first_bytes.encode("ascii").decode("unicode_escape")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return first_bytes


def is_http(first_bytes: str) -> bool:
    """Whether a web server answered."""
    return _HTTP.match(raw(first_bytes)) is not None


_HEADER = 16
_OPCODES = frozenset({1, 2013})
_LONGEST = 48_100_000
"""OP_REPLY and OP_MSG, and what no message of MongoDB's exceeds, bytes."""


def is_mongodb_frame(first_bytes: str) -> bool:
    """Whether this begins as MongoDB's answer to a message does: its length, number, the question's number, a code."""
    data = raw(first_bytes)[:_HEADER].encode("latin-1", "replace")
    if len(data) < _HEADER:
        return False
    length, _, question, code = struct.unpack("<iiii", data)
    return _HEADER < length <= _LONGEST and question != 0 and code in _OPCODES


def is_tls_record(first_bytes: str) -> bool:
    """Whether these bytes begin a TLS record (an alert or a handshake message)."""
    return re.match(r"[\x14-\x17]\x03[\x00-\x04]", raw(first_bytes)) is not None


_LEAST_WORDS = 8
_MOST_WORDS = 120


def spoken(first_bytes: str) -> str:
    """What a service says in plain words, as one line; empty where it is not text."""
    text = raw(first_bytes)
    words = " ".join("".join(c if c.isascii() and c.isprintable() else " " for c in text).split())
    odd = sum(not (c.isascii() and (c.isprintable() or c.isspace())) for c in text)
    return words[:_MOST_WORDS] if len(words) >= _LEAST_WORDS and not odd else ""


def service_of(first_bytes: str) -> str | None:
    """The service that begins this way, as a sentence's subject; None when it is not known."""
    text = raw(first_bytes)
    return next((service for pattern, service in _SERVICES if re.match(pattern, text, re.DOTALL)), None)
