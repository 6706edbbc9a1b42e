"""From an SRV name to the servers to examine, while the driver does the same in its own way."""

from __future__ import annotations

import asyncio

from clearline.core.check.examine import Examiner
from clearline.core.check.ledger import Ledger
from clearline.core.check.questions import note_nameservers
from clearline.core.facts.fact import replace
from clearline.core.facts.names import DnsOutcome, Question, seeds_from, srv_target_allowed
from clearline.core.probes import dns


async def look_up_seeds(ledger: Ledger, examiner: Examiner, *, deadline_s: float, late_s: float) -> None:
    """Ask for SRV and all that belongs to it; each target is examined as soon as it is known.

    The DNS facts count as finished at the deadline; answers until ``late_s`` still change them.
    """
    name = ledger.facts.uri.hosts[0]
    options = ledger.facts.uri.options
    suffix = options.get("srvAllowedHostsSuffix")

    def answered(question: Question) -> None:
        ledger.ask(question)
        if question.purpose == "srv" and question.outcome is DnsOutcome.ANSWERED:
            for target, port in seeds_from([question]):
                if srv_target_allowed(name, target, suffix if isinstance(suffix, str) else None):
                    examiner.add(f"{target.lower()}:{port}", seed=True)

    await note_nameservers(ledger)
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
        pending.cancel()
