"""What a running check has learnt so far: one frozen value, replaced whenever a probe answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Concatenate, ParamSpec

from msgspec import structs

from clearline.core.addresses import split_address
from clearline.core.facts.fact import replace
from clearline.core.facts.login import AccessFacts, DriverFacts
from clearline.core.facts.names import Question
from clearline.core.facts.servers import LearntOfMember, MemberFacts
from clearline.core.facts.whole import Facts

P = ParamSpec("P")

MOST_PASSED_OVER = 10_000
"""One hello of 48 MB could name millions."""


class Ledger:
    """Holds the facts of one check; lives in its event loop. ``changed`` is set by every entry."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._members = {member.address: member for member in facts.members}
        self._questions = {_what(question): question for question in facts.dns.questions}
        self._stale = self._asked = False
        self.changed = asyncio.Event()
        self.put = _typed(Facts, self._put)
        """Replace whole parts of the facts; members have `note` and `add`."""
        self.driver = _typed(DriverFacts, partial(self._update, "driver"))
        """Replace fields of the driver's part."""
        self.access = _typed(AccessFacts, partial(self._update, "access"))
        """Replace fields of what the account may do."""
        self.note = _typed_by_address(LearntOfMember, self._note)
        """Replace fields of one member, given by its address. Raises KeyError for one that was never added."""

    @property
    def facts(self) -> Facts:
        """All facts as they are now. Put together anew only when it is asked for: members change far more often."""
        if self._stale:
            dns = self._facts.dns
            if self._asked:
                dns = replace(dns, questions=tuple(self._questions.values()))
                self._asked = False
            self._facts = replace(self._facts, members=tuple(self._members.values()), dns=dns)
            self._stale = False
        return self._facts

    def member(self, address: str) -> MemberFacts:
        """One member. Raises KeyError for an address that was never added."""
        return self._members[address]

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
        same = _what(question)
        self._questions.pop(same, None)  # the later one comes last
        self._questions[same] = question
        self._asked = self._stale = True
        self.changed.set()

    def _put(self, **fields: Any) -> None:
        if "dns" in fields:
            self._questions, self._asked = {_what(question): question for question in fields["dns"].questions}, False
        self._facts = structs.replace(self._facts, **fields)
        self.changed.set()

    def _update(self, part: str, **fields: Any) -> None:
        self._put(**{part: structs.replace(getattr(self._facts, part), **fields)})

    def _note(self, address: str, **fields: Any) -> None:
        self._enter(structs.replace(self.member(address), **fields))

    def _enter(self, member: MemberFacts) -> None:
        self._members[member.address] = member
        self._stale = True
        self.changed.set()


def _what(question: Question) -> tuple[str, ...]:
    return question.name, question.type, question.nameserver, question.transport, question.purpose


def _typed(_of: Callable[P, object], change: Callable[..., None]) -> Callable[P, None]:
    """The same function, its keywords those of a kind of facts: one that is misspelt is a type error, not a bug later.

    All fields of that kind have defaults, so that any may be given.
    """
    return change


def _typed_by_address(_of: Callable[P, object], change: Callable[..., None]) -> Callable[Concatenate[str, P], None]:
    return change
