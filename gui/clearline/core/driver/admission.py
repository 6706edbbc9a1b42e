"""Which servers that only a hello names are looked at: a hostile server must not choose whom this computer scans.

Seeds, and members on a seed's own host, are the user's own choice and always admitted. Of all others a genuine set has
at most 50 members (Replica Set Member Configuration), so the caps below meet none but a server that lies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any, Final

from clearline.core.addresses import port_number, split_address

MOST_NAMED: Final = 200
"""Servers beside the seeds' own hosts that are looked at in one check or watch."""
MOST_FOLLOWED: Final = 50
"""Of them the driver follows as many as a set can have: it makes all monitors of a hello in one step of the loop."""
MOST_PORTS: Final = 8
"""Ports that are looked at on one host beside the seeds' own."""

_MEMBER_FIELDS: Final = ("hosts", "passives", "arbiters")


class Admission:
    """Decides once for each address, in the order in which they are named; not to be shared between loops."""

    def __init__(self, seeds: Iterable[str], most: int = MOST_NAMED) -> None:
        self._own = {_host(seed) for seed in seeds}
        self._most = most
        self._admitted: set[str] = set()
        self._ports: Counter[str] = Counter()
        self._named = 0

    def own(self, seeds: Iterable[str]) -> None:
        """These are seeds too: what an SRV name leads to is known later."""
        self._own.update(map(_host, seeds))

    def admits(self, address: str) -> bool:
        """Whether a server that a hello names is to be looked at. A socket of this computer never is."""
        if address in self._admitted:
            return True
        host = _host(address)
        own = host in self._own
        if not own and (self._named >= self._most or self._ports[host] >= MOST_PORTS):
            return False
        if split_address(address)[1] is None:
            return False
        if not own:
            self._ports[host] += 1
            self._named += 1
        self._admitted.add(address)
        return True


def admit(document: Mapping[str, Any], admission: Admission) -> None:
    """Take the members that are not admitted out of a hello, in place; its primary is asked about first."""
    primary = document.get("primary")
    if isinstance(primary, str):
        admission.admits(primary.lower())
    for field in _MEMBER_FIELDS:
        named = document.get(field)
        if isinstance(named, list):
            # What is no address at all stays, and the driver stumbles over it here as it would in a program.
            named[:] = [a for a in named if not isinstance(a, str) or admission.admits(a.lower())]


def _host(address: str) -> str:
    """Kept short: each hello of each server asks about all of the thousands that a hostile one may name."""
    host, colon, port = address.rpartition(":")
    if not colon or ":" in host or port_number(port) is None:
        host = split_address(address)[0]
        try:
            return str(ip_address(host))  # IPv6 has several ways to write one address
        except ValueError:
            pass
    return host.lower().rstrip(".")
