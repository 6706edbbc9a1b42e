"""What every judge speaks: a finding with its stage, severity, certainty and remedies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias, TypedDict, Unpack, cast

import msgspec

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""What evidence may hold: a set, a date or an enumeration is a mistake that mypy finds."""


class Stage(Enum):
    """The stages of a check, in the order in which they are told."""

    URI = "uri"
    FILES = "files"
    HOP = "hop"
    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    HELLO = "hello"
    TOPOLOGY = "topology"
    AUTH = "auth"
    ACCESS = "access"
    DRIVER = "driver"


STAGES = tuple(Stage)
SERVER_STAGES = (Stage.DNS, Stage.TCP, Stage.TLS, Stage.HELLO, Stage.AUTH, Stage.ACCESS)
"""The stages that have a cell of their own for each server."""


class Severity(Enum):
    """How much a finding matters. The first finding with ``FAILURE`` is the diagnosis."""

    FAILURE = "failure"
    WARNING = "warning"
    NOTE = "note"


class Certainty(Enum):
    """How sure the evidence makes a finding."""

    PROVEN = "proven"
    LIKELY = "likely"
    POSSIBLE = "possible"


class _Value(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    pass


class Remedy(_Value, frozen=True, kw_only=True):
    """What to do: ``patch`` is a JSON merge patch (RFC 7396) on the profile, ``action`` what a patch cannot say."""

    text: str
    patch: dict[str, Any] | None = None
    action: str | None = None


class ReadAgain(TypedDict, total=False):
    """What of its evidence the program itself reads again: properties of `Finding`, and of a report's `Cell`."""

    servers_alike: list[str]
    hop: str
    at_s: float
    addresses: list[str]
    serial: str | None


def read_again(**what: Unpack[ReadAgain]) -> dict[str, Json]:
    """A part of an evidence that is read again; mypy finds a name that is misspelt, and a value of another type."""
    return cast("dict[str, Json]", what)


class Finding(_Value, frozen=True, kw_only=True):
    """One cause with its proof. ``server`` is None when it concerns no single server."""

    cause: str
    severity: Severity
    certainty: Certainty
    stage: Stage
    server: str | None = None
    page: str = ""
    """The cause's page, below the resources."""
    summary: str
    detail: str = ""
    remedies: tuple[Remedy, ...] = ()
    evidence: dict[str, Any] = {}
    """The proof, for people: JSON under any name. A report from elsewhere may hold anything in it."""

    @property
    def servers_alike(self) -> tuple[str, ...]:
        """All servers of which the same is true, where one finding speaks for several; else none."""
        found = self.evidence.get("servers_alike")
        return tuple(map(str, found)) if isinstance(found, list | tuple) else ()

    @property
    def hop(self) -> str | None:
        """The hop that the text names for another program, and through which PyMongo does not go."""
        found = self.evidence.get("hop")
        return found if isinstance(found, str) else None

    @property
    def at_s(self) -> float:
        """When it happened, in seconds of the watch's own clock; 0 where that is not told."""
        found = self.evidence.get("at_s")
        return float(found) if isinstance(found, int | float) else 0.0
