"""What time tells: connections that broke later, pools that were used up, timeouts, early certificates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearline.core.explain.record import Record
from clearline.core.explain.rules.guess import Guess
from clearline.core.findings import Certainty


def pool_counts(record: Record, text: str) -> Iterator[Guess]:
    """A driver's own counts decide whether its pool was used up."""
    pool = record.pool
    most = pool.get("most", 0)
    if most and pool.get("used", pool.get("total", -1)) >= most and not pool.get("idle"):
        yield Guess(weight=2900, cause="pool.exhausted", words="maxPoolSize")
    elif most and 0 <= pool.get("used", pool.get("total", most)) < most * 0.8:
        yield Guess(weight=2900, cause="pool.slow-growth", words="maxPoolSize")
        yield Guess(weight=2890, cause="tcp.too-slow", certainty=Certainty.POSSIBLE)


def broken_later(record: Record, text: str) -> Iterator[Guess]:
    """PyMongo raises AutoReconnect for a connection that an operation was using: it had worked before."""
    if "AutoReconnect: " in text and "ServerSelectionTimeoutError" not in text:
        kinds = {s.kind for s in record.signs}
        if kinds & {"closed", "reset"} and not kinds & {"alert", "verify", "not-tls"} and "SSL" not in text:
            yield Guess(weight=2350, cause="pool.idle-connections-dropped", words="AutoReconnect: ")
            yield Guess(weight=2340, cause="pool.server-went-away", certainty=Certainty.POSSIBLE)
    cut = any(s.kind in ("reset", "closed", "lost") for s in record.signs)
    found = _GO_IN_USE.search(text) or (None if "opening a connection" in text else _CSHARP_IN_USE.search(text))
    if cut and not record.views and "handshake" not in text and found:
        yield Guess(weight=2350, cause="pool.idle-connections-dropped", words=found[0])
        yield Guess(weight=2340, cause="pool.server-went-away", words=found[0])
    if "received an error" in text and any(s.kind in ("reset", "closed") for s in record.signs):
        yield Guess(weight=2350, cause="pool.idle-connections-dropped", words="received an error")
        yield Guess(weight=2340, cause="pool.server-went-away", words="received an error")
    if "NetworkTimeout: " in text and "ServerSelectionTimeoutError" not in text:
        yield Guess(weight=2350, cause="tcp.too-slow", words="NetworkTimeout: ")
        yield Guess(weight=2340, cause="pool.line-went-silent", words="NetworkTimeout: ")
    if not record.views and "on first connect" not in text and (found := _NODE_SILENT.search(text)):
        yield Guess(weight=2350, cause="tcp.too-slow", words=found[0])
        yield Guess(weight=2340, cause="pool.line-went-silent", words=found[0])
        yield Guess(weight=2330, cause="hello.no-answer", certainty=Certainty.POSSIBLE, words=found[0])
    if _RUST_IN_USE.search(text) and any(s.kind in ("reset", "closed", "lost") for s in record.signs):
        yield Guess(weight=2350, cause="pool.idle-connections-dropped", words="wire_version")
        yield Guess(weight=2340, cause="pool.server-went-away", words="wire_version")
    if not record.views and "SelectionError" not in text and (found := _NODE_RESET.search(text)):
        yield Guess(weight=2350, cause="pool.idle-connections-dropped", words=found[0])
        yield Guess(weight=2340, cause="pool.server-went-away", words=found[0])
    if _JAVA_IN_USE.search(text) and not record.views and not _MONITOR.search(text):
        kinds = {s.kind for s in record.signs}
        if kinds & {"closed", "reset", "lost"} and not kinds & {"alert", "verify", "not-tls", "tls-closed"}:
            yield Guess(weight=2350, cause="pool.idle-connections-dropped", words="MongoSocket")
            yield Guess(weight=2340, cause="pool.server-went-away", words="MongoSocket")


def unnamed_verdict(record: Record, text: str) -> Iterator[Guess]:
    """A certificate was refused, and the text does not say why: old OpenSSL gives no reason."""
    if any(s.kind == "verify" for s in record.signs):
        return
    if found := _UNNAMED_VERDICT.search(text):
        yield Guess(weight=2310, cause="tls.unknown-ca", words=found[0])
        yield Guess(weight=2300, cause="env.empty-trust-store", certainty=Certainty.POSSIBLE, words=found[0])


def closed_on_a_monitor(record: Record, text: str) -> Iterator[Guess]:
    """A monitor or a handshake reads the first answer of a server: a connection that ends there never worked."""
    found = re.search(
        r"Prematurely reached end of stream|incomplete read of message header: EOF|socket was unexpectedly closed: EOF",
        text,
    )
    if not found or not (record.views or _MONITOR.search(text) or "during connection handshake" in text):
        return
    if not any(s.kind in ("tls-closed", "not-tls", "alert", "verify") for s in record.signs):
        yield Guess(weight=2330, cause="tls.required", words=found[0])
        yield Guess(weight=2320, cause="tls.client-certificate-required", words=found[0])


def silent_in_the_handshake(record: Record, text: str) -> Iterator[Guess]:
    """The connection stands, and the server's first answer does not come."""
    if "connection handshake" in text and any(s.kind == "slow" for s in record.signs):
        yield Guess(weight=2330, cause="hello.no-answer", words="connection handshake")
        yield Guess(weight=2320, cause="tls.required", certainty=Certainty.POSSIBLE, words="connection handshake")


def early_certificate(record: Record, text: str) -> Iterator[Guess]:
    """Go tells both times: before the beginning the certificate is new, or this computer's clock is behind."""
    if re.search(r"current time \S+ is before ", text):
        yield Guess(weight=2700, cause="tls.certificate-not-yet-valid", words="is before")
        yield Guess(weight=2690, cause="env.clock-wrong", certainty=Certainty.POSSIBLE, words="is before")


def hurried(record: Record, text: str) -> Iterator[Guess]:
    """A timeout set far below what a path needs, and nothing else told."""
    found = _TIMEOUT.search(text)
    if found:
        value = float(found[1]) * (1 if found[2] == "ms" or "MS" in found[0] else 1000)
        kinds = {s.kind for s in record.signs} - {"vague"}
        if 0 < value <= 1000 and kinds <= {"silent"}:
            nothing_yet = value <= _HURRY_MS and not any(s.errors for s in record.servers)
            yield Guess(weight=2400 if nothing_yet else 1450, cause="app.timeout-too-short", words=found[0])


_UNNAMED_VERDICT = re.compile(
    r"certificate verify failed|CERTIFICATE_VERIFY_FAILED|Failed certificate verification|Certificate trust failure"
)
_HURRY_MS = 300
"""A handshake with TLS and login over a long line takes about as long."""
_GO_IN_USE = re.compile(r"incomplete read of message header|unable to write wire message")
_CSHARP_IN_USE = re.compile(r"occurred while (?:receiving a message from|sending a message to) the server")
"""While it opens a connection, it says so around this."""
_MONITOR = re.compile(r"monitor thread|ServerMonitor")
_NODE_RESET = re.compile(r"MongoNetworkError: (?:read ECONNRESET|write E(?:PIPE|CONNRESET))")
"""While it connects, the error of the selection stands around it."""
_NODE_SILENT = re.compile(r"connection \d{1,9} to \S{1,200} timed out")
_RUST_IN_USE = re.compile(r"wire_version: Some\(")
"""Rust adds it where the server had said hello before."""
_JAVA_IN_USE = re.compile(r"MongoSocket(?:Read|Write)Exception: (?:Prematurely|Exception (?:sending|receiving))")
"""Java raises it to the operation that used the connection; while it connects, it stands in a view or a monitor."""
_TIMEOUT = re.compile(
    r"(?:Timeout: |timed out after |Timeout was |TimeoutMS[=:] ?)(\d+(?:\.\d+)?) ?(ms|s)?\b", re.IGNORECASE
)
