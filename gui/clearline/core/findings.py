"""What every judge speaks: a finding with its stage, severity, certainty and remedies."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec


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
