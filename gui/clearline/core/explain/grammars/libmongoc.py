"""libmongoc and what stands on it (PHP, C++, Swift): ``[text calling hello on 'h:p'] […]``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearline.core.explain.brackets import inside
from clearline.core.explain.grammars.hosts import seen
from clearline.core.explain.record import View

_CALLING = re.compile(r" calling (?:hello|ismaster|isMaster) on ['\"]?([^'\"\]\s]+)")
_LONGEST = 1000
"""Characters of one bracketed text."""
_TOPOLOGY = re.compile(r"Topology type: (\w+)")


def views(text: str) -> Iterator[View]:
    """The bracketed texts of a failed server selection; what libmongoc says of a lookup names its host inside."""
    if " calling " not in text and "Failed to resolve " not in text:
        return
    servers = []
    at = text.find("[")
    while at >= 0:
        body = inside(text[at : at + _LONGEST], 0)
        if calling := _CALLING.search(body):
            if "[" not in body[: calling.start()] and (server := seen(calling[1], errors=(body[: calling.start()],))):
                servers.append(server)
        elif body.startswith("Failed to resolve "):
            host = body.removeprefix("Failed to resolve ").strip(" '\"")
            if server := seen(host, errors=(body,)):
                servers.append(server)
        at = text.find("[", at + 1)
    if servers:
        kind = _TOPOLOGY.search(text)
        yield View(topology=kind[1].lower() if kind else "", servers=tuple(servers))
