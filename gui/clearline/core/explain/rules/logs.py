"""The log of a mongod or mongos: numbers of messages and the error's own name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from clearline.core.explain.normalise import compact
from clearline.core.explain.record import Record
from clearline.core.explain.rules.guess import Guess
from clearline.core.explain.signs import signs


def server_log(record: Record, text: str) -> Iterator[Guess]:
    """The server's JSON log, by the number of the message and the error's own name."""
    yield from _ended(text)
    for entry in record.log:
        if entry.severity == "F":
            yield Guess(weight=2700, cause="server.does-not-start", line=entry.line)
        cause = _LOG.get(entry.id)
        if entry.id in (20249, 5286307, 20428):
            name = entry.error.partition(":")[0]
            cause = {"UserNotFound": "auth.unknown-user", "MechanismUnavailable": "auth.mechanism-not-supported"}.get(
                name
            )
            if entry.code == 11:
                cause = "auth.unknown-user"
            if cause == "auth.unknown-user" and entry.mechanism == "MONGODB-X509":
                cause = "auth.x509-unknown-subject"
            if cause is None:
                cause = "auth.wrong-password"
        if entry.id in (23256, 23257):
            refused = next((s.number for s in signs(compact(entry.error)) if s.kind == "verify"), 0)
            cause = VERIFY_CLIENT.get(refused, "tls.client-certificate-wrong-ca")
        if cause:
            yield Guess(weight=2900, cause=cause, line=entry.line)


def _ended(text: str) -> Iterator[Guess]:
    """What the surroundings say of a server that ended: its exit code, its port, its files."""
    found = _EXITED.search(text)
    if words := found[0] if found else _between(_KILLED, text) or _between(_SERVICE, text):
        yield Guess(weight=2700, cause="server.does-not-start", words=words)


class _Marks(NamedTuple):
    pattern: re.Pattern[str]
    """Groups ``word``, and ``begins`` for a name that may also stand after the word."""
    far: int
    """Characters between the two."""


def _between(marks: _Marks, text: str) -> str:
    """What lies from the name of a server to the word that it has ended, or the other way; empty where both are far.

    A pattern for that would read on from each name again.
    """
    pattern, far = marks
    name = word = -far
    for mark in pattern.finditer(text):
        if mark[0] == "\0":
            name = word = -far
        elif mark.lastgroup == "word":
            word = mark.start()
            if word - name < far:
                return text[name : mark.end()]
        else:
            name = mark.start()
            if name - word < far and mark["begins"]:
                return text[word : mark.end()]
    return ""


_SERVICE_ERROR = (
    r"(?:[EÉé]rr\w{0,12}|Fehler|[Оо]шибка|エラー|错误|錯誤|오류|Hata|Fout|Fel|Błąd)[ :：]{0,3}"
    r"10(?:53|6[789]|7[057])(?!\d)|NET HELPMSG 35(?:23|34|47)"
)
"""Windows' numbers for a service that does not start, behind its word for an error."""
_FOLDER = r"['‘][^'’\n]{0,200}(?<!\.)(?:mongo(?:d|db)?/|/data/db)[^'’\n]{0,200}['’]"
_NO_FOLDER = (
    rf"cannot create directory {_FOLDER}: (?:Permission denied|Operation not permitted|Read-only)"
    rf"|\b(?:EACCES|EPERM|EROFS): [^\n,]{{1,60}}, (?:mkdir|utime|chown) {_FOLDER}"
)
"""What an image's scripts print before the server starts, of its own folder."""
_EXITED = re.compile(
    r"(?<![\w\-/])(?:mongod?|mongodb|[\w\-]{0,60}mongo(?:d|db)?(?:[-_]\d+)?) +(?:\| +)?exited with code (?!0\b)\d+"
    r"|mongo\w{0,12} exit code (?!0\b)\d+|mongo\w{0,12} process error! Exit code=(?!0\b)\d+"
    r"|(?:database|mongo\w{0,12}) process (?:has )?(?:stopped|exited|died|terminated),? ?(?:with )?(?:exit )?"
    r"(?:code|status)[=: ]+(?!0\b)\d+"
    r"|\bmongo[\w\-]{0,60}\s+\d+/\d+\s+(?:CrashLoopBackOff|Error\b)"
    r"|mongod?: error while loading shared libraries|\bmongod?: exec format error"
    r"|/mongod\b.{0,120}\(code=(?:dumped|killed|exited), (?:signal|status)=(?!0\b)"
    r"|listen tcp4? [\d.:\[\]]+:2701\d: bind: |Bind for [\d.:]+:2701\d failed"
    r"|Ports are not available:[^\n]{0,200}:2701\d"
    r"|exposing port TCP [\d.:]+:2701\d"
    r"|dependency failed to start: container \S{0,80}mongo\S{0,80} (?:is unhealthy|exited|has no|failed)"
    r"|MongoDB[ \d.+]{0,8}.{0,20}requires? .{0,20}\bAVX\b|Got signal: \d+ \([^\0]{0,300}/mongod\("
    r"|\bmongod(?:\.exe)?\W{0,3}(?: command)? (?:not found|is not recognized)|command not found: mongod\b"
    r"|MongoDB\b[^\n]{0,40}\bservice (?:terminated unexpectedly|failed to start|hung on starting"
    r"|could not be started|depends on)"
    r"|error processing package mongodb-org-server|Could not start the MongoDB\b"
    r"|Service '?MongoDB[^\n]{0,60}failed to start"
    r"|\bfail(?:ed|s)? to start (?:the |a |local |embedded ){0,2}mongo(?:d|db)?(?![\w\-])"
    r"|\bmongod?\b[^\n]{0,60}\bexited quickly with code (?!0\b)\d+"
    r"|\bmongodb[\w\-@.]{0,40} +error +[1-9]\d{0,5}\b"  # Homebrew's list of services, with the status of wait(2)
    rf"|{_NO_FOLDER}",
    re.IGNORECASE,
)
_KILLED = _Marks(re.compile(r"\b(?P<word>OOMKilled)|(?P<begins>\bmongo)|mongo|\0", re.IGNORECASE), 2000)
"""Kubernetes' word for a program that the system has ended."""
_SERVICE = _Marks(re.compile(rf"(?P<word>{_SERVICE_ERROR})|(?P<begins>\bMongoDB\b)|\0", re.IGNORECASE), 300)
VERIFY_CLIENT = {
    9: "tls.client-certificate-rejected",
    10: "tls.client-certificate-expired",
    23: "tls.client-certificate-rejected",
    26: "tls.server-certificate-as-client",
}
"""Verification codes in a server's log: they are about the client's certificate."""
_LOG = {
    22942: "pool.connection-limit",
    23255: "tls.client-certificate-required",
    23248: "server.does-not-start",
    21405: "topology.not-initiated",
    20557: "server.does-not-start",
    20568: "server.does-not-start",
    22347: "server.does-not-start",
    22435: "server.does-not-start",
    28595: "server.does-not-start",
    23834: "topology.config-servers-unreachable",
    22926: "env.file-handles",
    23378: "server.does-not-start",
}
