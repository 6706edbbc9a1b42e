"""All that one check has learnt so far."""

from __future__ import annotations

import sys
from typing import Final

from clearline.core.facts.computer import ComputerFacts, FileFacts, SystemProxyFacts
from clearline.core.facts.fact import Fact
from clearline.core.facts.hops import HopFacts
from clearline.core.facts.login import AccessFacts, DriverFacts, LoginFacts
from clearline.core.facts.names import DnsFacts
from clearline.core.facts.servers import MemberFacts
from clearline.core.facts.text import UriFacts

SILENCE_S: Final = 2.3 if sys.platform == "win32" else 1.5
"""A step without progress for this long counts as silent, unless another time was chosen. Windows tells of a refusal
after some 2.0 s: it sends its SYN twice more."""


class Facts(Fact, frozen=True, kw_only=True):
    """All that one check has learnt so far."""

    uri: UriFacts = UriFacts()
    files: tuple[FileFacts, ...] = ()
    files_checked: bool = False
    computer: ComputerFacts = ComputerFacts()
    system_proxy: SystemProxyFacts | None = None
    """None until it was looked at, for which no verdict waits."""
    hops: tuple[HopFacts, ...] = ()
    """What the servers are reached through, the outermost first; empty: directly."""
    dns: DnsFacts = DnsFacts()
    members: tuple[MemberFacts, ...] = ()
    passed_over: tuple[str, ...] = ()
    """Addresses that only a hello names, beyond what one check looks at: nothing is known about them."""
    login: LoginFacts = LoginFacts()
    user_mechanisms: dict[str, tuple[str, ...]] = {}
    """saslSupportedMechs by ``database.user`` over all members asked; an empty tuple: no such user there, or one of
    `users_without_mechanism`."""
    users_without_mechanism: tuple[str, ...] = ()
    """Each ``database.user`` that a server knows without listing a mechanism: those that the user has credentials for
    are switched off."""
    access: AccessFacts = AccessFacts()
    driver: DriverFacts = DriverFacts()

    def member(self, address: str) -> MemberFacts | None:
        """The member with that address."""
        return next((m for m in self.members if m.address == address), None)

    @property
    def tls_wanted(self) -> bool:
        """Whether the driver will speak TLS: the option, else on for SRV (Initial DNS Seedlist Discovery spec)."""
        chosen = self.uri.options.get("tls")
        return bool(chosen) if isinstance(chosen, bool) else self.uri.srv
