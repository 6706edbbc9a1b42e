"""What a running check has learnt so far: one frozen value, replaced whenever a probe answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from clearline.core.addresses import split_address
from clearline.core.facts.names import Question
from clearline.core.facts.servers import MemberFacts
from clearline.core.facts.whole import Facts

MOST_PASSED_OVER = 10_000
"""One hello of 48 MB could name millions."""


class Ledger:
    """Holds the facts of one check; lives in its event loop. ``changed`` is set by every entry."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._members = {member.address: member for member in facts.members}
        self._stale = False
        self.changed = asyncio.Event()

    @property
    def facts(self) -> Facts:
        """All facts as they are now. Put together anew only when it is asked for: members change far more often."""
        if self._stale:
            self._facts = replace(self._facts, members=tuple(self._members.values()))
            self._stale = False
        return self._facts

    def put(self, **fields: Any) -> None:
        """Replace whole parts of the facts; members have `note` and `add`."""
        self._facts = replace(self._facts, **fields)
        self.changed.set()

    def update(self, part: str, **fields: Any) -> None:
        """Replace fields of one part: ``driver``, ``login``, ``access``, ``computer``."""
        self.put(**{part: replace(getattr(self._facts, part), **fields)})

    def member(self, address: str) -> MemberFacts:
        """One member. Raises KeyError for an address that was never added."""
        return self._members[address]

    def note(self, address: str, **fields: Any) -> None:
        """Replace fields of one member."""
        self._enter(replace(self.member(address), **fields))

    def add(self, address: str, *, seed: bool = False, advertised_by: Iterable[str] = ()) -> bool:
        """Make sure that a member is listed; True when it is new."""
        known = self._members.get(address)
        if known is not None:
            by = tuple(dict.fromkeys((*known.advertised_by, *advertised_by)))
            if by != known.advertised_by or (seed and not known.seed):
                self.note(address, advertised_by=by, seed=known.seed or seed)
            return False
        host, port = split_address(address)
        self._enter(MemberFacts(address=address, host=host, port=port, seed=seed, advertised_by=tuple(advertised_by)))
        return True

    def pass_over(self, addresses: Iterable[str]) -> None:
        """Note servers that are not looked at, each once and `MOST_PASSED_OVER` at most."""
        known = dict.fromkeys((*self._facts.passed_over, *addresses))
        if len(known) > len(self._facts.passed_over):
            self.put(passed_over=tuple(known)[:MOST_PASSED_OVER])

    def ask(self, question: Question) -> None:
        """Add the answer to a DNS question; a late answer replaces the silence."""
        same = (question.name, question.type, question.nameserver, question.transport, question.purpose)
        others = tuple(
            q for q in self._facts.dns.questions if (q.name, q.type, q.nameserver, q.transport, q.purpose) != same
        )
        self.put(dns=replace(self._facts.dns, questions=(*others, question)))

    def _enter(self, member: MemberFacts) -> None:
        self._members[member.address] = member
        self._stale = True
        self.changed.set()
