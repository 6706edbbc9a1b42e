"""C#: ``cluster state is { ClusterId : "1", Type : "…", Servers : [{ …, HeartbeatException: "…" }] }``."""

from __future__ import annotations

from collections.abc import Iterator

from clearline.core.explain.brackets import fields, inside, named_brackets, pieces
from clearline.core.explain.grammars.hosts import seen, type_of
from clearline.core.explain.record import Seen, View

_TOPOLOGY = frozenset({"clusterid", "type", "state", "servers", "connectionmode", "directconnection"})
_SERVER = frozenset({
    "serverid", "endpoint", "state", "type", "heartbeatexception", "reasonchanged", "serverversion", "topologyversion",
    "lastheartbeattimestamp", "lastupdatetimestamp", "tags", "averageroundtriptime",
})  # fmt: skip


def views(text: str) -> Iterator[View]:
    """Every cluster state; the parts of an exception between ``--->`` go from the outermost to the innermost."""
    flat = " ".join(text.split())
    for _, body in named_brackets(flat, "cluster state is"):
        found = fields(body, _TOPOLOGY)
        if "servers" not in found or "Servers : " not in body:
            continue
        listed = found["servers"]
        servers = [
            server
            for entry in pieces(inside(listed, 0) if listed.startswith("[") else "")
            if entry.startswith("{") and (server := _server(inside(entry, 0)))
        ]
        yield View(
            topology=found.get("type", "").lower(), servers=tuple(servers), emptied=listed.replace(" ", "") == "[]"
        )


def _server(body: str) -> Seen | None:
    described = fields(body, _SERVER)
    chain = [part.strip() for part in described.get("heartbeatexception", "").split("--->") if part.strip()]
    return seen(described.get("endpoint", ""), type=type_of(described.get("type", "")), errors=tuple(chain))
