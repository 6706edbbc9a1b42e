"""Ruby and Mongoid: ``#<Cluster topology=T[h:p,name=rs0,e=…] servers=[#<Server address=h:p UNKNOWN>]>``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearline.core.explain.brackets import inside
from clearline.core.explain.grammars.hosts import seen, type_of
from clearline.core.explain.record import View

_CLUSTER = re.compile(r"#<Cluster topology=(\w+)(?=\[)")
_SERVER = re.compile(r"#<Server address=(\S+) (\w+)")
_KINDS = {"PRIMARY": "RSPrimary", "SECONDARY": "RSSecondary", "ARBITER": "RSArbiter", "GHOST": "RSGhost"}


def views(text: str) -> Iterator[View]:
    """Ruby tells no error per server, only its type."""
    for cluster in _CLUSTER.finditer(text):
        options = inside(text, cluster.end())
        named = re.search(r"name=([\w.\-]+)", options)
        servers = [
            server
            for place, kind in _SERVER.findall(text[cluster.end() :])
            if (server := seen(place, type=type_of(_KINDS.get(kind, kind))))
        ]
        yield View(
            topology=cluster[1].lower(),
            set_name=named[1] if named else None,
            servers=tuple(servers),
            emptied="servers=[]" in text[cluster.end() :],
        )
