"""The check report: what the window shows, what ``clearline check --json`` prints and every export is made from.

The shape is the JSON contract "clearline-report", version 1. Secrets never appear in it.
"""

from __future__ import annotations

import json
from enum import Enum
from functools import lru_cache
from typing import Any

import msgspec

from clearline.core.findings import SERVER_STAGES, Finding, Severity, Stage
from clearline.core.typed_values import to_bytes


class Status(Enum):
    """How a stage, or a cell of the matrix, ended. ``RUNNING`` and ``WAITING`` occur only while the check runs."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    RUNNING = "running"
    WAITING = "waiting"


class Verdict(Enum):
    """What the check found in one word."""

    CONNECTED = "connected"
    FAILED = "failed"
    CANCELLED = "cancelled"


class _Value(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    pass


class Target(_Value, frozen=True, kw_only=True):
    """What was checked; ``uri`` is redacted."""

    profile: str
    uri: str


class StageResult(_Value, frozen=True, kw_only=True):
    """One stage of the check; ``elapsed_ms`` is None while it has not run."""

    stage: Stage
    status: Status
    elapsed_ms: float | None = None


class Cell(_Value, frozen=True, kw_only=True):
    """One server at one stage. ``note`` is a few words; ``evidence`` is what the window shows for the selected cell."""

    status: Status
    elapsed_ms: float | None = None
    note: str = ""
    evidence: dict[str, Any] = {}
    """For people, under any name; a report from elsewhere may hold anything in it."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those of the server's name, in the cell of the lookup."""
        found = self.evidence.get("addresses")
        return tuple(map(str, found)) if isinstance(found, list | tuple) else ()

    @property
    def serial(self) -> str:
        """The serial number of the server's own certificate, in the cell of the handshake."""
        return str(self.evidence.get("serial") or "")


class Latency(_Value, frozen=True, kw_only=True):
    """Round trips of hello on an open connection, milliseconds."""

    min: float
    median: float
    max: float


class ChainEntry(_Value, frozen=True, kw_only=True):
    """One certificate of the chain as presented."""

    subject: str
    issuer: str
    not_after: str


class TlsSummary(_Value, frozen=True, kw_only=True):
    """What the handshake agreed on."""

    version: str | None
    cipher: str | None
    chain: tuple[ChainEntry, ...] = ()


class HopStageResult(_Value, frozen=True, kw_only=True):
    """How far one hop came; ``stage`` is one of name, tcp, tls, login, channel."""

    stage: str
    status: Status
    elapsed_ms: float | None = None


class HopResult(_Value, frozen=True, kw_only=True):
    """One hop of the way to the servers."""

    kind: str
    server: str
    stages: tuple[HopStageResult, ...] = ()


class ServerResult(_Value, frozen=True, kw_only=True):
    """One seed or advertised member and its cells, by stage name."""

    address: str
    seed: bool
    advertised: bool
    source: str | None = None
    """The address of this computer, and its interface, that connections to it leave from."""
    answers: dict[str, tuple[str, ...]] = {}
    """The addresses that each name server gives for its name, where they were asked."""
    role: str | None = None
    set_name: str | None = None
    version: str | None = None
    rtt_ms: Latency | None = None
    cells: dict[str, Cell] = {}
    tls: TlsSummary | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of its name, as the lookup tells them."""
        cell = self.cells.get(Stage.DNS.value)
        return cell.addresses if cell else ()

    @property
    def certificate_serial(self) -> str:
        """The serial number of its own certificate, as the cell of the handshake tells it; "" where none is known."""
        cell = self.cells.get(Stage.TLS.value)
        return cell.serial if cell else ""


class Deployment(_Value, frozen=True, kw_only=True):
    """What the servers together are."""

    kind: str
    product: str | None = None
    version: str | None = None
    edition: str | None = None
    set_name: str | None = None
    primary: str | None = None


class PodResult(_Value, frozen=True, kw_only=True):
    """The Kubernetes pod that the check ran in."""

    namespace: str | None = None
    service_account: bool = False
    cluster_domain: str | None = None


class ResolverResult(_Value, frozen=True, kw_only=True):
    """One name server of this computer, and who it is."""

    address: str
    kind: str


class SystemProxyResult(_Value, frozen=True, kw_only=True):
    """What the system's or desktop's settings say about proxies; ``script`` decides for each target."""

    readable: bool = True
    source: str = ""
    proxy: str | None = None
    script: str | None = None
    exceptions: tuple[str, ...] = ()


class Computer(_Value, frozen=True, kw_only=True):
    """Where the check ran. No names of people, no serial numbers."""

    system: str
    container: str | None = None
    image: str | None = None
    pod: PodResult | None = None
    vm: str | None = None
    wsl: str | None = None
    ci: str | None = None
    platform: str | None = None
    libc: str = ""
    resolvers: tuple[ResolverResult, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int | None = None
    hosts_names: tuple[str, ...] = ()
    proxies: dict[str, str] = {}
    """Those of the environment, by the variable's name."""
    system_proxy: SystemProxyResult | None = None
    """None: the settings were not looked at."""
    trust: str = ""
    openssl: str = ""
    python: str = ""
    ipv6: bool | None = None
    tunnels: tuple[str, ...] = ()
    nat: str | None = None


class Identity(_Value, frozen=True, kw_only=True):
    """Who is logged in; None in the report before login."""

    user: str
    mechanism: str | None
    roles: tuple[str, ...]
    databases: tuple[str, ...]


class DriverResult(_Value, frozen=True, kw_only=True):
    """What PyMongo itself said; ``exception`` and ``message`` are None when it connected. The message is redacted."""

    name: str
    version: str
    exception: str | None = None
    message: str | None = None
    asked: bool = True
    """False where it could not have connected, so that it was left out."""


class Report(_Value, frozen=True, kw_only=True):
    """One check. While it runs, ``verdict`` is None and stages and cells may be ``running``."""

    format: str = "clearline-report"
    version: int = 1
    app_version: str
    started: str
    elapsed_ms: float
    verdict_ms: float | None = None
    target: Target
    verdict: Verdict | None = None
    partial: bool = False
    """It was left at its verdict: what comes later (other servers, latency, advice) is missing."""
    computer: Computer | None = None
    findings: tuple[Finding, ...] = ()
    stages: tuple[StageResult, ...] = ()
    hops: tuple[HopResult, ...] = ()
    """What the servers are reached through, the outermost first; empty: directly."""
    servers: tuple[ServerResult, ...] = ()
    """The seeds, and the members that were looked at."""
    not_looked_at: tuple[str, ...] = ()
    """The addresses of the others: more than one check looks at were named by a hello."""
    deployment: Deployment | None = None
    identity: Identity | None = None
    effective: dict[str, Any] = {}
    driver: DriverResult

    @property
    def diagnosis(self) -> Finding | None:
        """The finding that explains a failed check: the first failure, None when nothing failed."""
        return next((finding for finding in self.findings if finding.severity is Severity.FAILURE), None)

    @property
    def every_server(self) -> tuple[ServerResult, ...]:
        """The servers, and those that were not looked at as servers of which nothing is known."""
        return (*self.servers, *_not_looked_at(self.not_looked_at))


@lru_cache(maxsize=2)  # thousands, the same in every report of a check
def _not_looked_at(addresses: tuple[str, ...]) -> tuple[ServerResult, ...]:
    return tuple(ServerResult(address=a, seed=False, advertised=True, cells=_NOT_LOOKED_AT) for a in addresses)


_NOT_LOOKED_AT = {stage.value: Cell(status=Status.SKIPPED, note="not looked at") for stage in SERVER_STAGES}


def to_json(report: Report, *, indent: int | None = 2) -> str:
    """The report as the JSON contract has it, one object."""
    raw = to_bytes(report)
    return (msgspec.json.format(raw, indent=indent) if indent else raw).decode()


def schema() -> dict[str, Any]:
    """The JSON schema of a report, version 1. What the format may grow by is allowed."""
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Report)}
    whole = found["$defs"]["Report"]["properties"]
    whole["format"], whole["version"] = {"const": "clearline-report"}, {"const": 1}
    return found


def schema_text() -> str:
    """The schema as it stands in ``resources/report.schema.json``."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
