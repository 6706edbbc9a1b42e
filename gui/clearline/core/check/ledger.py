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


class Ledger:
    """Holds the facts of one check; lives in its event loop. ``changed`` is set by every entry."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.changed = asyncio.Event()

    def put(self, **fields: Any) -> None:
        """Replace whole parts of the facts."""
        self.facts = replace(self.facts, **fields)
        self.changed.set()

    def update(self, part: str, **fields: Any) -> None:
        """Replace fields of one part: ``driver``, ``login``, ``access``, ``computer``."""
        self.put(**{part: replace(getattr(self.facts, part), **fields)})

    def member(self, address: str) -> MemberFacts:
        """One member. Raises KeyError for an address that was never added."""
        member = self.facts.member(address)
        if member is None:
            raise KeyError(address)
        return member

    def note(self, address: str, **fields: Any) -> None:
        """Replace fields of one member."""
        changed = replace(self.member(address), **fields)
        self.put(members=tuple(changed if m.address == address else m for m in self.facts.members))

    def add(self, address: str, *, seed: bool = False, advertised_by: Iterable[str] = ()) -> bool:
        """Make sure that a member is listed; True when it is new."""
        known = self.facts.member(address)
        if known is not None:
            by = tuple(dict.fromkeys((*known.advertised_by, *advertised_by)))
            if by != known.advertised_by or (seed and not known.seed):
                self.note(address, advertised_by=by, seed=known.seed or seed)
            return False
        host, port = split_address(address)
        member = MemberFacts(address=address, host=host, port=port, seed=seed, advertised_by=tuple(advertised_by))
        self.put(members=(*self.facts.members, member))
        return True

    def ask(self, question: Question) -> None:
        """Add the answer to a DNS question; a late answer replaces the silence."""
        same = (question.name, question.type, question.nameserver, question.transport, question.purpose)
        others = tuple(
            q for q in self.facts.dns.questions if (q.name, q.type, q.nameserver, q.transport, q.purpose) != same
        )
        self.put(dns=replace(self.facts.dns, questions=(*others, question)))
