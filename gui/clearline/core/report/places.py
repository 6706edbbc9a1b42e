"""It works there and fails here: what differs between the reports of two places, what decides first. Pure.

A check fails at one stage. What that stage depends on (a name lookup on resolvers and hosts files, a connection on
addresses, routes and proxies, a handshake on trust and certificates) is told before everything else that differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final, Literal, NamedTuple

from clearline.core.findings import SERVER_STAGES, STAGES, Finding, Stage
from clearline.core.report.report import Cell, Report, ServerResult, Status, Verdict

Subject = Literal[
    "target", "options", "files", "answers", "resolvers", "hosts", "address", "route", "proxies", "surroundings",
    "trust", "certificate", "software", "deployment", "login", "finding", "timing",
]  # fmt: skip

_DECIDE: Final[dict[Stage, tuple[Subject, ...]]] = {
    Stage.URI: ("target", "options", "software"),
    Stage.FILES: ("files", "target", "options", "surroundings"),
    Stage.DNS: ("answers", "hosts", "resolvers", "surroundings", "target"),
    Stage.TCP: ("address", "route", "proxies", "surroundings", "answers", "target"),
    Stage.TLS: ("certificate", "trust", "options", "software", "address", "proxies", "target"),
    Stage.HELLO: ("route", "address", "proxies", "timing", "options", "software", "deployment", "target"),
    Stage.TOPOLOGY: ("deployment", "options", "answers", "address", "target"),
    Stage.AUTH: ("login", "options", "target", "address", "software"),
    Stage.ACCESS: ("login", "options", "target"),
    Stage.DRIVER: ("options", "software", "timing", "route", "target"),
}
"""What a stage depends on, the likeliest first."""
_SLOWER = 5.0
"""Round trips that are so many times longer are a difference, above ten milliseconds."""


class Place(NamedTuple):
    """One report and what its place is called."""

    name: str
    report: Report


class Difference(NamedTuple):
    """One thing that is not the same, as a whole sentence."""

    subject: Subject
    words: str


def differences(one: Place, other: Place) -> tuple[Difference, ...]:
    """What is not the same in two places; what the failing stage depends on comes first. Empty: nothing differs."""
    found = list(dict.fromkeys(_all(one, other)))
    failing = next((p.report for p in (one, other) if p.report.verdict is Verdict.FAILED), None)
    diagnosis = failing.diagnosis if failing else None
    if failing is None or diagnosis is None:
        return tuple(found)
    decide = _DECIDE.get(diagnosis.stage, ())
    if diagnosis.stage is Stage.HELLO and any(s.role for s in failing.every_server if s.address == diagnosis.server):
        decide = tuple(subject for subject in decide if subject != "timing")  # it failed for what it answered
    order = {subject: place for place, subject in enumerate(("finding", *decide))}
    return tuple(sorted(found, key=lambda difference: order.get(difference.subject, len(order))))


def _all(one: Place, other: Place) -> Iterator[Difference]:
    yield from _verdicts(one, other)
    yield from _pair("target", "the connection string is", one, other, one.report.target.uri, other.report.target.uri)
    yield from _options(one, other)
    yield from _servers(one, other)
    a, b = one.report, other.report
    yield from _pair("software", f"{a.driver.name} is", one, other, a.driver.version, b.driver.version)
    yield from _computers(one, other)
    yield from _deployments(one, other)
    yield from _pair("software", "Clearline is", one, other, a.app_version, b.app_version)


def _verdicts(one: Place, other: Place) -> Iterator[Difference]:
    a, b = (_outcome(place.report) for place in (one, other))
    if (a.verdict, a.cause) != (b.verdict, b.cause):
        yield Difference("finding", f"In {one.name} {a.words}; in {other.name} {b.words}.")


class _Outcome(NamedTuple):
    verdict: Verdict | None
    cause: str | None
    words: str


def _outcome(report: Report) -> _Outcome:
    told: Finding | None = report.diagnosis if report.verdict is Verdict.FAILED else None
    if told is not None:
        words = f"it fails at {told.stage.value} ({told.certainty.value}): {told.summary.rstrip('.')}"
        return _Outcome(report.verdict, told.cause, words)
    match report.verdict:
        case Verdict.CONNECTED:
            words = "it connects"
        case Verdict.CANCELLED:
            words = "the check was stopped"
        case _:
            words = "it fails"
    return _Outcome(report.verdict, None, words)


def _options(one: Place, other: Place) -> Iterator[Difference]:
    a, b = one.report.effective, other.report.effective
    for name in dict.fromkeys((*a, *b)):
        subject: Subject = "files" if name.lower().endswith("file") else "options"
        yield from _pair(subject, f"{name} is", one, other, _text(a.get(name)), _text(b.get(name)))


def _servers(one: Place, other: Place) -> Iterator[Difference]:
    a, b = ({server.address: server for server in place.report.every_server} for place in (one, other))
    for address in dict.fromkeys((*a, *b)):
        if address in a and address in b:
            yield from _server(one, other, a[address], b[address])
        elif a and b:
            there, elsewhere = (one, other) if address in a else (other, one)
            yield Difference("answers", f"{address} is a server in {there.name} and none in {elsewhere.name}.")


def _server(one: Place, other: Place, a: ServerResult, b: ServerResult) -> Iterator[Difference]:
    at = a.address
    for name in dict.fromkeys((*a.answers, *b.answers)):
        if name in a.answers and name in b.answers:
            what = f"the name server {name} answers for {at}"
            yield from _set("answers", what, one, other, _listed(a.answers[name]), _listed(b.answers[name]))
    seen, known = (_listed(server.addresses) for server in (a, b))
    yield from _pair("answers", f"{at} has the address", one, other, seen, known)
    yield from _pair("address", f"connections to {at} leave from", one, other, a.source or "", b.source or "")
    for stage in SERVER_STAGES:
        cells = a.cells.get(stage.value), b.cells.get(stage.value)
        if _ended(cells[0]) and _ended(cells[1]) and _is_good(cells[0]) != _is_good(cells[1]):
            where: Subject = "route" if stage is Stage.TCP else "finding"
            words = (f"in {place.name} {_cell(cell)}" for place, cell in zip((one, other), cells, strict=True))
            yield Difference(where, f"At {at} the stage {stage.value} differs: {'; '.join(words)}.")
    chains = [server.tls.chain if server.tls else () for server in (a, b)]
    if chains[0] and chains[1]:
        issuers = [chain[0].issuer for chain in chains]
        ends = [f"{chain[0].subject}, valid until {chain[0].not_after}" for chain in chains]
        yield from _pair("certificate", f"the certificate of {at} was issued by", one, other, *issuers)
        yield from _pair("certificate", f"the certificate of {at} is", one, other, *ends)
        lengths = [f"{len(chain)} certificates" for chain in chains]
        yield from _pair("certificate", f"the chain of {at} has", one, other, *lengths)
    versions = [(server.tls.version or "") if server.tls else "" for server in (a, b)]
    yield from _pair("certificate", f"TLS with {at} is", one, other, *versions)
    if a.rtt_ms and b.rtt_ms:
        short, long = sorted((a.rtt_ms.median, b.rtt_ms.median))
        if long > 10 and long > _SLOWER * max(short, 0.1):
            texts = [f"{median:.0f} ms" for median in (a.rtt_ms.median, b.rtt_ms.median)]
            yield from _pair("timing", f"a round trip to {at} takes", one, other, *texts)
    yield from _pair("deployment", f"{at} is", one, other, a.role or "", b.role or "")
    yield from _pair("deployment", f"the version of {at} is", one, other, a.version or "", b.version or "")


def _computers(one: Place, other: Place) -> Iterator[Difference]:
    a, b = one.report.computer, other.report.computer
    if a is None or b is None:
        return
    resolvers = [[f"{found.address} ({found.kind})" for found in place.resolvers] for place in (a, b)]
    yield from _set("resolvers", "the name servers are", one, other, *map(_listed, resolvers))
    yield from _set("resolvers", "the search list is", one, other, _listed(a.search), _listed(b.search))
    yield from _set("resolvers", "ndots is", one, other, _text(a.ndots), _text(b.ndots))
    yield from _set("hosts", "the hosts file names", one, other, _listed(a.hosts_names), _listed(b.hosts_names))
    proxies = [", ".join(f"{name}={value}" for name, value in sorted(place.proxies.items())) for place in (a, b)]
    yield from _set("proxies", "the proxies are", one, other, *proxies)
    if a.system_proxy is not None and b.system_proxy is not None:
        named = [found.proxy or found.script or "" for found in (a.system_proxy, b.system_proxy)]
        yield from _set("proxies", "the proxy of the system's settings is", one, other, *named)
        excepted = [_listed(found.exceptions) for found in (a.system_proxy, b.system_proxy)]
        yield from _set("proxies", "the settings except from it", one, other, *excepted)
    yield from _set("route", "the tunnels are", one, other, _listed(a.tunnels), _listed(b.tunnels))
    yield from _set("route", "addresses are translated by", one, other, a.nat or "", b.nat or "")
    yield from _set("route", "IPv6 leads out:", one, other, _text(a.ipv6), _text(b.ipv6))
    for what, was, is_ in (
        ("the container is", a.container, b.container),
        ("the image is", a.image, b.image),
        ("the namespace of the pod is", a.pod and a.pod.namespace, b.pod and b.pod.namespace),
        ("the virtual machine is", a.vm, b.vm),
        ("WSL is", a.wsl, b.wsl),
        ("the CI service is", a.ci, b.ci),
        ("the system is", a.system, b.system),
        ("the C library is", a.libc, b.libc),
    ):
        yield from _set("surroundings", what, one, other, was or "", is_ or "")
    yield from _set("trust", "the trusted authorities are", one, other, a.trust, b.trust)
    yield from _set("software", "OpenSSL is", one, other, a.openssl, b.openssl)
    yield from _set("software", "Python is", one, other, a.python, b.python)


def _deployments(one: Place, other: Place) -> Iterator[Difference]:
    if (a := one.report.deployment) and (b := other.report.deployment):
        yield from _pair("deployment", "the deployment is", one, other, a.kind, b.kind)
        yield from _pair("deployment", "the replica set is", one, other, a.set_name or "", b.set_name or "")
        yield from _pair("deployment", "the primary is", one, other, a.primary or "", b.primary or "")
    if (c := one.report.identity) and (d := other.report.identity):
        yield from _pair("login", "the user is", one, other, c.user, d.user)
        yield from _pair("login", "the mechanism is", one, other, c.mechanism or "", d.mechanism or "")
        yield from _pair("login", "the roles are", one, other, _listed(c.roles), _listed(d.roles))


def _pair(subject: Subject, what: str, one: Place, other: Place, a: str, b: str) -> Iterator[Difference]:
    """A difference where both places know it."""
    if a and b and a != b:
        yield from _set(subject, what, one, other, a, b)


def _set(subject: Subject, what: str, one: Place, other: Place, a: str, b: str) -> Iterator[Difference]:
    """A difference also where one place has nothing."""
    if a != b:
        yield Difference(subject, f"In {one.name} {what} {a or 'none'}; in {other.name} {b or 'none'}.")


def _ended(cell: Cell | None) -> bool:
    return cell is not None and cell.status in (Status.PASSED, Status.WARNING, Status.FAILED)


def _is_good(cell: Cell | None) -> bool:
    return cell is not None and cell.status is not Status.FAILED


def _cell(cell: Cell | None) -> str:
    words = cell.status.value if cell else "was not reached"
    return f"{words} ({cell.note})" if cell and cell.note else words


def _listed(values: Iterable[object]) -> str:
    return ", ".join(sorted({str(value) for value in values}))


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


# ------------------------------------------------------------ many places


class Meeting(NamedTuple):
    """What one place sees of one server: ``stage`` is the first that failed there, None where none did."""

    status: Status
    stage: Stage | None = None
    note: str = ""


class Matrix(NamedTuple):
    """Servers as rows, places as columns; None where a place does not know a server."""

    places: tuple[Place, ...]
    servers: tuple[str, ...]
    cells: tuple[tuple[Meeting | None, ...], ...]


def matrix(places: tuple[Place, ...]) -> Matrix:
    """What each place sees of each server that any of them has looked at."""
    servers = tuple(dict.fromkeys(server.address for place in places for server in place.report.servers))
    seen = [{server.address: _meeting(server) for server in place.report.every_server} for place in places]
    return Matrix(places, servers, tuple(tuple(each.get(server) for each in seen) for server in servers))


def _meeting(server: ServerResult) -> Meeting:
    cells = [(stage, cell) for stage in STAGES if (cell := server.cells.get(stage.value))]
    if broken := next(((s, c) for s, c in cells if c.status is Status.FAILED), None):
        return Meeting(Status.FAILED, broken[0], broken[1].note)
    done = [(s, c) for s, c in cells if c.status in (Status.PASSED, Status.WARNING)]
    if not done:
        return Meeting(Status.SKIPPED)
    warned = next(((s, c) for s, c in done if c.status is Status.WARNING), None)
    return Meeting(Status.WARNING, warned[0], warned[1].note) if warned else Meeting(Status.PASSED)


def named(reports: Iterable[tuple[str, Report]]) -> tuple[Place, ...]:
    """Reports with the names of their files, each name once: a second ``pod`` becomes ``pod (2)``."""
    places: list[Place] = []
    for name, report in reports:
        taken = {place.name for place in places}
        free = (one for number in count(2) if (one := f"{name} ({number})") not in taken)
        places.append(Place(name if name not in taken else next(free), report))
    return tuple(places)
