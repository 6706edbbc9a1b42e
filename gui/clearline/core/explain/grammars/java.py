"""Java and what stands on it (Spring, Quarkus, Kotlin, Scala, Spark, DBeaver): ``{type=…, servers=[…]}``."""

from __future__ import annotations

from collections.abc import Iterator

from clearline.core.explain.brackets import fields, inside, named_brackets, pieces
from clearline.core.explain.grammars.hosts import seen, type_of
from clearline.core.explain.record import View

_TOPOLOGY = frozenset({
    "type", "servers", "serverdescriptions", "srvresolutionexception", "connectionmode", "all",
})  # fmt: skip
_SERVER = frozenset({
    "address", "type", "state", "exception", "caused by", "roundtriptime", "averagelatency", "tagset", "setname",
})  # fmt: skip


def views(text: str) -> Iterator[View]:
    """Every cluster state, with the exceptions of each server: the last ``caused by`` is the innermost."""
    flat = " ".join(text.split())
    for head in ("cluster state is", "cluster description is", "ClusterDescription"):
        for _, body in named_brackets(flat, head):
            found = fields(body, _TOPOLOGY)
            if "type" not in found or "Servers :" in body:
                continue
            servers = []
            listed = found.get("servers") or found.get("serverdescriptions", "")
            for entry in pieces(inside(listed, 0) if listed.startswith("[") else ""):
                entry = entry.removeprefix("ServerDescription")
                if not entry.startswith("{"):
                    continue
                described = fields(inside(entry, 0), _SERVER)
                errors = [described["exception"].strip("{}")] if "exception" in described else []
                errors += described.get("caused by", "").split("\n") if described.get("caused by") else []
                address = described.get("address", "")
                if server := seen(address, type=type_of(described.get("type", "")), errors=tuple(errors)):
                    servers.append(server)
            kind = found["type"].lower().replace("_", "")
            unresolved = found.get("srvresolutionexception", "null").strip("'") != "null"  # it never had a list
            yield View(
                topology=kind, servers=tuple(servers), emptied=listed.replace(" ", "") == "[]" and not unresolved
            )
