"""Hosts as texts spell them."""

from __future__ import annotations

import re

from clearline.core.addresses import port_number
from clearline.core.explain.record import Seen

_TYPES = {
    "rsprimary": "primary",
    "replicasetprimary": "primary",
    "rssecondary": "secondary",
    "replicasetsecondary": "secondary",
    "rsarbiter": "arbiter",
    "replicasetarbiter": "arbiter",
    "rsghost": "ghost",
    "replicasetghost": "ghost",
    "rsother": "other",
    "replicasetother": "other",
    "standalone": "standalone",
    "mongos": "mongos",
    "shardrouter": "mongos",
    "loadbalancer": "mongos",
    "possibleprimary": "unknown",
    "unknown": "unknown",
}


_GAP = re.compile(r"<[^<>\n]{1,60}>")
"""What a person wrote in a name's place: it stays marked as one, and is never offered as a server."""


def type_of(word: str) -> str:
    """A server type in PyMongo's words, whatever the driver's spelling; empty when it is none."""
    return _TYPES.get("".join(c for c in word.lower() if c.isalpha()), "")


def seen(place: str, *, type: str = "", errors: tuple[str, ...] = ()) -> Seen | None:
    """A server from ``host:port``, ``[::1]:port`` or a socket path; None when it is none of these."""
    if gap := _GAP.search(place):
        return Seen(host=gap[0], type=type, errors=errors)
    place = place.strip().strip("'\"").strip().removeprefix("Unspecified/").removeprefix("InterNetwork/")
    place = place.removeprefix("mongodb://").replace(" ", "").replace("\n", "")
    if not place or len(place) > 300:
        return None
    if "/" in place and place.endswith(".sock"):
        return Seen(host=place, type=type, errors=errors)
    host, colon, port = place.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = place, "27017"
    host = host.strip("[]")
    number = port_number(port)
    if not number or not _host_like(host):
        return None
    return Seen(host=host, port=number, type=type, errors=errors)


def _host_like(host: str) -> bool:
    return bool(host) and all(c.isalnum() or c in ".-_:%*" for c in host)
