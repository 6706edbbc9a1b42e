"""What a row of the faults of hops is, how it is run, and the servers that the rows share."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from clearline.core.check.check import check, farewells
from clearline.core.check.request import LATE_S, Patience, Permits, Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.diagnosis.rules.hops import hop_fails
from clearline.core.facts.whole import Facts
from clearline.core.findings import Finding, Severity
from clearline.core.hops.asking import Agreed
from clearline.core.hops.hop_log import Terms
from clearline.core.hops.known_hosts import HostKeys
from clearline.core.hops.way import lay
from clearline.core.profiles.hop import Hop
from clearline.core.profiles.profile import Profile, Seeds, Tls
from clearline.core.report.report import Report, Verdict, to_json
from clearline.core.secrets.secret import Secret
from clearline.core.watch.watch import Watch
from faults.laboratory import Laboratory
from lab import loops, peers, proxies, ssh_server
from lab.kubernetes_api import kubeconfig
from lab.peer import Conversation, Peer
from lab.ssh_server import Keys, Server

HERE = "127.0.0.1"
FAR = "m1.far.test"
"""A name that only the hops of the laboratory know; it is this computer."""
_HOSTS = f"127.0.0.1 localhost {FAR}\n"
_LONGEST_S = 30.0
_NO_TLS = Tls()


@dataclass(frozen=True)
class HopCase:
    """A fault that is set up: what leads where. ``secrets`` by their names, in clear."""

    hops: Sequence[Hop]
    hosts: Sequence[str] = ("db.example.com:27017",)
    secrets: Mapping[str, str] = field(default_factory=dict)
    tls: Tls = _NO_TLS
    replica_set: str | None = None
    direct: bool | None = None
    then: Callable[[], object] | None = None
    """Breaks the way once it works; the time counts from there."""
    watched: bool = False
    """It shows only over time: a watch runs, and the time counts from its start."""

    def request(self, late_s: float) -> Request:
        """What is asked of the program: no human answers, and every program of the profile may run."""
        seeds = Seeds(hosts=tuple(self.hosts), replica_set=self.replica_set, direct_connection=self.direct)
        profile = Profile(hops=tuple(self.hops), seeds=seeds, tls=self.tls)
        secrets = {name: Secret(text) for name, text in self.secrets.items()}
        permits = Permits(way=Agreed(HostKeys()), may_run=lambda _: True)
        return Request(profile, secrets, patience=Patience(late_s=late_s), permits=permits)


@dataclass(frozen=True)
class HopOutcome:
    """What a row came to. ``took_ms`` is the time to the cause, or to the verdict where another one was named."""

    took_ms: float
    found: tuple[Finding, ...]
    miss: str | None
    """None when it was right, else what was said instead."""
    leaked: bool


SetUp = Callable[["HopLaboratory"], AbstractContextManager[HopCase]]


@dataclass(frozen=True)
class HopFault:
    """One row. ``by`` says what plays the hop: a real server, or what stands in for one."""

    id: str
    title: str
    by: str
    causes: tuple[str, ...]
    """The one that is to be named; several where this computer's own surroundings decide."""
    set_up: SetUp
    hop: int | None = None
    """The place of the hop in the evidence, where it is not the only one."""

    def judge(self, report: Report) -> str | None:
        """None when the report says what it should, else what it said instead."""
        said = f"{report.verdict.value if report.verdict else 'nothing'}: " + (
            ", ".join(f.cause for f in report.findings) or "no finding"
        )
        # A member that fails alone is a warning beside those that work.
        headline = [report.diagnosis] if report.verdict is Verdict.FAILED else report.findings
        right = [f for f in headline if f is not None and f.cause in self.causes]
        if not right or right[0].severity is Severity.NOTE or "{" in right[0].summary:
            return said
        if self.hop is not None and right[0].evidence.get("hop") != self.hop:
            return f"{said} (hop {right[0].evidence.get('hop')})"
        return None


class HopTable:
    """Rows, in order."""

    def __init__(self) -> None:
        self.rows: list[HopFault] = []

    def row(
        self, id: str, title: str, by: str, *causes: str, hop: int | None = None
    ) -> Callable[[Callable[[HopLaboratory], Iterator[HopCase]]], None]:
        """A row whose set-up is the generator function below."""

        def add(function: Callable[[HopLaboratory], Iterator[HopCase]]) -> None:
            self.rows.append(HopFault(id, title, by, causes, contextlib.contextmanager(function), hop))

        return add

    def plain(
        self, id: str, title: str, by: str, cause: str, make: Callable[[HopLaboratory], HopCase], hop: int | None = None
    ) -> None:
        """A row that needs nothing but what the rows share."""

        @self.row(id, title, by, cause, hop=hop)
        def _(lab: HopLaboratory) -> Iterator[HopCase]:
            yield make(lab)


class HopLaboratory(Laboratory):
    """What the rows share, started when the first row asks for it."""

    @cached_property
    def keys(self) -> Keys:
        """Of the SSH servers and their user."""
        folder = self.folder / "keys"
        folder.mkdir()
        return ssh_server.make_keys(folder)

    def sshd(self, **config: str) -> Server:
        """An SSH server for the rest of the run."""
        return self._stack.enter_context(ssh_server.sshd(self.keys, files={"/etc/hosts": _HOSTS}, **config))

    @cached_property
    def bastion(self) -> Server:
        """Lets in by key and by password, and forwards everything."""
        return self.sshd()

    @cached_property
    def only_keys(self) -> Server:
        """Takes no passwords."""
        return self.sshd(AuthenticationMethods="publickey")

    @cached_property
    def asking(self) -> Server:
        """Asks for the password by a prompt (PAM)."""
        return self.sshd(
            UsePAM="yes", PasswordAuthentication="no", KbdInteractiveAuthentication="yes", PubkeyAuthentication="no"
        )

    @cached_property
    def socks(self) -> int:
        """A SOCKS5 proxy that allows everything."""
        return self._stack.enter_context(proxies.microsocks(hosts=_HOSTS))

    @cached_property
    def closed_socks(self) -> int:
        """A SOCKS5 proxy that wants a login."""
        return self._stack.enter_context(proxies.microsocks(login=True))

    @cached_property
    def squid(self) -> int:
        """An HTTP proxy that allows everything."""
        return self._stack.enter_context(proxies.squid(hosts=f"127.0.0.1 {FAR}"))

    @cached_property
    def closed_squid(self) -> int:
        """An HTTP proxy that wants a login."""
        return self._stack.enter_context(proxies.squid(login=True))

    @cached_property
    def only_443(self) -> int:
        """An HTTP proxy that opens port 443 alone."""
        rules = "acl web port 443\nhttp_access deny CONNECT !web\nhttp_access allow all"
        return self._stack.enter_context(proxies.squid(rules=rules, hosts=f"127.0.0.1 {FAR}"))

    @cached_property
    def closed(self) -> int:
        """A port on which nothing listens."""
        return self._stack.enter_context(peers.closed_port())

    def peer(self, script: Callable[[Conversation], object]) -> int:
        """The port of a scripted peer for the rest of the run."""
        return self._stack.enter_context(Peer(script)).port  # type: ignore[arg-type]

    def kubeconfig(self, script: Callable[[Conversation], object]) -> str:
        """A file that leads to a scripted API server."""
        port = self.peer(script)
        folder = self.folder / f"kubernetes-{port}"
        folder.mkdir()
        return kubeconfig(folder, port)


def run(fault: HopFault, lab: HopLaboratory, late_s: float = LATE_S) -> HopOutcome:
    """Set the row up, and see what is said of it, and when; ``late_s`` as in `Patience`."""
    with fault.set_up(lab) as case:
        play = _broken_later if case.then else _watched if case.watched else _checked
        return loops.run(play(fault, case, late_s))


async def _checked(fault: HopFault, case: HopCase, late_s: float) -> HopOutcome:
    """By a check: until the first report with a verdict and the right cause."""
    asyncio.get_running_loop().set_default_executor(DaemonExecutor())
    times: list[float] = []
    began = time.perf_counter()

    def told(report: Report) -> None:
        if report.verdict is not None and not times and fault.judge(report) is None:
            times.append((time.perf_counter() - began) * 1000)

    report = await check(case.request(late_s), told)
    took = times[0] if times else report.verdict_ms or 0.0
    await farewells()
    return HopOutcome(took, tuple(report.findings), fault.judge(report), _leaks(case, to_json(report)))


async def _watched(fault: HopFault, case: HopCase, late_s: float) -> HopOutcome:
    """By a watch: until the finding is told."""
    asyncio.get_running_loop().set_default_executor(DaemonExecutor())
    found: asyncio.Future[Finding] = asyncio.get_running_loop().create_future()

    def told(state: object) -> None:
        for one in getattr(state, "findings", ()):
            if one.cause in fault.causes and not found.done():
                found.set_result(one)

    began = time.perf_counter()
    task = asyncio.create_task(Watch(case.request(late_s), emit=told, log=False).run())
    try:
        async with asyncio.timeout(_LONGEST_S):
            one = await found
    except TimeoutError:
        return HopOutcome(_LONGEST_S * 1000, (), "nothing was told", False)
    finally:
        took = (time.perf_counter() - began) * 1000
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return HopOutcome(took, (one,), None, _leaks(case, msgspec.json.encode(one).decode()))


async def _broken_later(fault: HopFault, case: HopCase, late_s: float) -> HopOutcome:
    """By the way itself: until its facts are enough for the rule that names it."""
    asyncio.get_running_loop().set_default_executor(DaemonExecutor())
    changed = asyncio.Event()
    secrets = {name: Secret(text) for name, text in case.secrets.items()}
    way = await lay(case.hops, secrets, terms=Terms(late_s=late_s), changed=changed.set)
    host, _, port = case.hosts[0].rpartition(":")
    try:
        line = await way.open(host, int(port))
        began = time.perf_counter()
        assert case.then is not None
        case.then()
        findings: tuple[Finding, ...] = ()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_S):
                while not (findings := tuple(hop_fails(Facts(hops=way.facts)))):
                    changed.clear()
                    await changed.wait()
        took = (time.perf_counter() - began) * 1000
        line.close()
    finally:
        way.close()
    causes = [one.cause for one in findings]
    miss = None if causes and causes[0] in fault.causes else ", ".join(causes) or "no finding"
    return HopOutcome(took, findings, miss, any(_leaks(case, msgspec.json.encode(one).decode()) for one in findings))


def _leaks(case: HopCase, text: str) -> bool:
    return any(secret in text for secret in case.secrets.values())
