"""PyMongo and Motor: ``h:p: text,h:p: text, Timeout: 30s, Topology Description: <TopologyDescription …>``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearline.core.explain.brackets import inside
from clearline.core.explain.grammars.hosts import seen, type_of
from clearline.core.explain.record import Seen, View

_HEAD = re.compile(r"(?:^|[\s,])((?:\[[0-9a-f:.%]+\]|[\w.\-]+):\d{2,5}|/\S+\.sock): (?=\[|timed out|connection|SSL)")
_TYPE = re.compile(r"server_type: (\w+)")
_SET = re.compile(r"replica set name \"?([\w.\-]+)")


def views(text: str) -> Iterator[View]:
    """The description, completed from the texts per server before it."""
    at = text.find("<TopologyDescription")
    before = text if at < 0 else text[:at]
    told = {server.address: server for server in _per_server(before)} if _ours(text) else {}
    if at < 0:
        if told:
            yield View(servers=tuple(told.values()))
        return
    topology = re.search(r"topology_type: (\w+)", text[at:])
    named = _SET.search(text)
    servers = []
    place = text.find("<ServerDescription", at)
    while place >= 0:
        end = text.find("<ServerDescription", place + 5)
        if server := _described(text[place : end if end >= 0 else len(text)]):
            known = told.pop(server.address, None)
            servers.append(known if known and not server.errors else server)
        place = end
    emptied = "servers: []" in text[at:]
    yield View(
        topology=topology[1].lower() if topology else "",
        set_name=named[1] if named else None,
        servers=(*servers, *told.values()),
        emptied=emptied,
    )


def _ours(text: str) -> bool:
    return "Timeout: " in text or "pymongo" in text or "Errno" in text or "WinError" in text


def _per_server(text: str) -> Iterator[Seen]:
    heads = list(_HEAD.finditer(text))
    for head, after in zip(heads, [*heads[1:], None], strict=False):
        words = text[head.end() : after.start() if after else min(len(text), head.end() + 400)]
        if server := seen(head[1], errors=(words.partition(", Timeout:")[0].strip(" ,"),)):
            yield server


def _described(text: str) -> Seen | None:
    opening = text.find("(")
    if opening < 0:
        return None
    host, _, port = inside(text, opening).partition(",")
    kind = _TYPE.search(text)
    error = text.find("error=")
    words = inside(text, text.find("(", error)) if error >= 0 and "(" in text[error:] else ""
    words = "" if words.strip("'\". ") == "" else words
    host = host.removeprefix("u").strip(" '\"")
    place = host if port.strip(" )") == "None" else f"{host}:{port.strip(' )')}"
    return seen(place, type=type_of(kind[1]) if kind else "", errors=(words,) if words else ())
