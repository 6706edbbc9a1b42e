"""From an SRV name to the servers to examine, while the driver does the same in its own way.

Behind hops the driver cannot do it for a name that the far network alone knows: PyMongo asks this computer's name
servers. It is given the long form of the address then (`sought`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from msgspec import structs

from clearline.core.check.examine import Examiner
from clearline.core.check.ledger import Ledger
from clearline.core.check.questions import HEDGE_S, note_nameservers
from clearline.core.diagnosis.rules.srv import txt_problem
from clearline.core.facts.fact import replace
from clearline.core.facts.names import DnsOutcome, Question, counting, seeds_from, srv_target_allowed, txt_options
from clearline.core.hops.way import Way
from clearline.core.probes import dns
from clearline.core.profiles.profile import OF_SSH, Profile
from clearline.core.uri.srv_forms import TxtOptions, as_seed_list

_IN_ORDER_S = 0.3
"""So long an answer waits for the name servers that are asked before the one that gave it."""
_FAR_PATIENCE = 2.0
"""Times the deadline: a line has to be opened first, and nothing is asked there a second time."""
_DECIDED = (DnsOutcome.ANSWERED, DnsOutcome.NXDOMAIN, DnsOutcome.NODATA)


async def look_up_seeds(ledger: Ledger, examiner: Examiner, *, deadline_s: float, late_s: float) -> None:
    """Ask for SRV and all that belongs to it; each target is examined as soon as it is known.

    The DNS facts count as finished at the deadline; answers until ``late_s`` still change them.
    """
    name = ledger.facts.uri.hosts[0]
    options = ledger.facts.uri.options

    await note_nameservers(ledger)
    order = _Order(ledger.facts.dns.nameservers or (), lambda question: add_seeds(ledger, examiner, [question]))

    def answered(question: Question) -> None:
        ledger.ask(question)
        if question.purpose == "srv":
            order.heard(question)

    timer = asyncio.get_running_loop().call_later(_IN_ORDER_S, order.wait_no_more)
    service = options.get("srvServiceName", "mongodb")
    pending = asyncio.ensure_future(
        dns.ask_srv(name, service, deadline_s=deadline_s, late_s=late_s, on_question=answered)
    )
    try:
        # Each question is told once at its deadline at the latest.
        await asyncio.wait({pending}, timeout=deadline_s + 0.05)
        ledger.put(dns=replace(ledger.facts.dns, finished=True))
        await pending
    finally:
        timer.cancel()
        pending.cancel()


class _Order:
    """Drivers go by the first name server that answers, in the system's order; what another lists is no host."""

    def __init__(self, nameservers: tuple[str, ...], take: Callable[[Question], None]) -> None:
        self._nameservers = nameservers[: dns.MAX_SERVERS]
        self._take = take
        self._said: dict[str, Question] = {}
        self._patient = True

    def heard(self, question: Question) -> None:
        """One name server's word about the SRV record."""
        if not question.truncated:  # the whole follows over TCP
            self._said[question.nameserver] = question
            self._settle()

    def wait_no_more(self) -> None:
        """One that has kept silent so long is passed over."""
        self._patient = False
        self._settle()

    def _settle(self) -> None:
        for nameserver in self._nameservers:
            question = self._said.get(nameserver)
            if question is None and self._patient:
                return
            if question is not None and question.records:
                self._take(question)
                return


def add_seeds(ledger: Ledger, examiner: Examiner, questions: list[Question]) -> None:
    """Examine the targets of an SRV answer that drivers accept."""
    name, suffix = ledger.facts.uri.hosts[0], ledger.facts.uri.options.get("srvAllowedHostsSuffix")
    for target, port in seeds_from(questions):
        if srv_target_allowed(name, target, suffix if isinstance(suffix, str) else None):
            examiner.add(f"{target.lower()}:{port}", seed=True)


class Known(Enum):
    """Where an SRV name is known."""

    HERE = "here"
    """The driver finds it by itself."""
    FAR = "far"
    NOWHERE = "nowhere"


class Sought(NamedTuple):
    """Where an SRV name is known, and for `Known.FAR` the long form of the profile, for the driver.

    None there says that drivers would refuse what the records say.
    """

    known: Known
    long: Profile | None = None


async def sought(profile: Profile, way: Way, *, deadline_s: float, on_question: Callable[[Question], None]) -> Sought:
    """Ask for the SRV name of a profile with hops: here first, then at the far side, unless only that is to be asked.

    What is silent here for long is asked there meanwhile.
    """
    name, far = profile.seeds.hosts[0], profile.far_dns
    service = profile.seeds.srv_service_name or "mongodb"
    asked: list[Question] = []
    decided = asyncio.Event()

    def answered(question: Question) -> None:
        asked.append(question)
        on_question(question)
        said = {q.purpose for q in asked if q.outcome in _DECIDED and not q.truncated}
        if "srv" in said and ("txt" in said or not seeds_from(asked)):
            decided.set()

    async def here() -> None:
        await dns.ask_srv(name, service, deadline_s=deadline_s, late_s=0.0, on_question=answered)
        decided.set()

    asking: asyncio.Task[None] | None = None
    try:
        if not far.first:
            asking = asyncio.create_task(here())
            waiting = asyncio.create_task(decided.wait())
            try:
                await asyncio.wait({waiting}, timeout=HEDGE_S)
            finally:
                waiting.cancel()
            if seeds_from(asked):
                await decided.wait()
                return Sought(Known.HERE)
        if far.server is not None:
            servers = await way.name_servers(far.server)
            if not servers:
                answered(_nothing(name, service, far.server))
            await dns.ask_srv_over(
                way, servers, name, service, deadline_s=deadline_s * _FAR_PATIENCE, on_question=answered
            )
        if asking is not None:
            await asking
    finally:
        if asking is not None:
            asking.cancel()
    counted = counting(asked)
    if not seeds_from(counted):
        return Sought(Known.NOWHERE)
    return Sought(Known.FAR, _long(profile, counted)) if any(q.far for q in counted) else Sought(Known.HERE)


def _nothing(name: str, service: str, server: str) -> Question:
    """There is no name server to ask at the far side: the SSH server did not tell its own."""
    label = "of the SSH server" if server == OF_SSH else server
    return Question(
        name=f"_{service}._tcp.{name}",
        type="SRV",
        nameserver=label,
        purpose="srv",
        transport="tcp",
        outcome=DnsOutcome.UNREACHABLE,
        far=True,
    )


def _long(profile: Profile, asked: tuple[Question, ...]) -> Profile | None:
    seeds = profile.seeds
    name, suffix = seeds.hosts[0], seeds.srv_allowed_hosts_suffix
    found = seeds_from(asked)
    texts = next((q.records for q in asked if q.purpose == "txt" and q.records), ())
    if not all(srv_target_allowed(name, target, suffix) for target, _ in found) or (texts and txt_problem(texts)):
        return None
    hosts = [f"{target.lower()}:{port}" for target, port in found]
    if seeds.srv_max_hosts and len(hosts) > seeds.srv_max_hosts:
        import random

        hosts = random.sample(hosts, seeds.srv_max_hosts)  # as drivers do (Initial DNS Seedlist Discovery, srvMaxHosts)
    said = {option.lower(): value for option, value in txt_options(asked).items()}
    balanced = said.get("loadbalanced")
    txt = TxtOptions(
        auth_source=said.get("authsource"),
        replica_set=said.get("replicaset"),
        load_balanced=None if balanced is None else balanced == "true",
    )
    # The hops and the sources of secrets are dealt with already, and are no part of what the driver is given.
    return structs.replace(as_seed_list(profile, tuple(hosts), txt), hops=(), secrets={})
