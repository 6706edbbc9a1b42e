"""Go (and the mongo tools) and Rust (and Prisma): ``{ Type: T, Servers: [{ Addr: A, Type: K, Last error: E }, ] }``."""

from __future__ import annotations

from collections.abc import Iterator

from clearline.core.explain.brackets import fields, inside, named_brackets, pieces
from clearline.core.explain.grammars.hosts import seen, type_of
from clearline.core.explain.record import View

_TOPOLOGY = frozenset({"type", "servers", "set name"})
_SERVER = frozenset({
    "addr", "address", "type", "state", "average rtt", "last error", "error", "tag sets", "max wire version",
    "set name",
})  # fmt: skip


def views(text: str) -> Iterator[View]:
    """Every ``current topology`` (Go) or ``Topology`` (Rust)."""
    flat = " ".join(text.split())
    for head in ("current topology:", "Topology:"):
        for _, body in named_brackets(flat, head):
            found = fields(body, _TOPOLOGY)
            if "type" not in found:
                continue
            servers = []
            listed = found.get("servers", "")
            for entry in pieces(inside(listed, 0) if listed.startswith("[") else ""):
                if not entry.startswith("{"):
                    continue
                described = fields(inside(entry, 0), _SERVER)
                error = described.get("last error") or described.get("error") or ""
                if server := seen(
                    described.get("addr") or described.get("address", ""),
                    type=type_of(described.get("type", "")),
                    errors=(error,) if error else (),
                ):
                    servers.append(server)
            yield View(
                topology=found["type"].lower(),
                set_name=found.get("set name"),
                servers=tuple(servers),
                emptied=listed.replace(" ", "") == "[]",
            )
