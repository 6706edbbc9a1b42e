"""What a server's log tells of a client's connections that the client itself never learns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from clearline.core.explain.record import LogEntry
from clearline.core.secrets.redaction import redact

_LONGEST: Final = 160
_MOST: Final = 6
_LOGINS_REFUSED: Final = (20249, 5286307, 20428)
_LOGINS: Final = (20250, 5286306)
_USER_NOT_FOUND, _MECHANISM_UNAVAILABLE = 11, 334


def server_knew(entries: Iterable[LogEntry]) -> tuple[str, ...]:
    """Sentences, each once, in the log's order; numbers of messages and codes decide, not their words."""
    return tuple(dict.fromkeys(sentence for entry in entries for sentence in _told(entry)))[:_MOST]


def _told(entry: LogEntry) -> Iterator[str]:
    who = f"user {_short(entry.user)}" if entry.user else "user"
    where = f" in the database {_short(entry.database)}" if entry.database else ""
    how = f" with {_short(entry.mechanism)}" if entry.mechanism else ""
    if entry.id in _LOGINS_REFUSED:
        name = entry.error.partition(":")[0]
        if entry.code == _USER_NOT_FOUND or name == "UserNotFound":
            yield f"The server knew no {who}{where}."
        elif entry.code == _MECHANISM_UNAVAILABLE or name == "MechanismUnavailable":
            yield f"The server does not offer the sign-in method{how}."
        else:
            yield f"The server knew the {who}{where}, and refused the login{how}: {_short(entry.error) or 'no reason'}."
    elif entry.id in _LOGINS:
        yield f"The server let the {who}{where} in{how}."
    elif entry.id == 23255:
        yield "The server was shown no client certificate."
    elif entry.id == 23256:
        yield f"The server did not accept the client's certificate: {_short(entry.error)}."
    elif entry.id == 22942:
        yield "The server had as many connections as it takes, and refused this one."
    elif entry.id == 22988 and entry.error:
        yield f"The server ended the connection: {_short(entry.error)}."
    elif entry.id == 51800 and entry.application:
        yield f"The server saw the program as {_short(entry.application)}."


def _short(text: str | None) -> str:
    return redact((text or "").strip().rstrip("."))[:_LONGEST]
