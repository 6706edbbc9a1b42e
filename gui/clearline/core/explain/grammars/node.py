"""Node, Mongoose, mongosh, Compass: util.inspect's ``TopologyDescription { type: '…', servers: Map(n) { … } }``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearline.core.explain.brackets import fields, inside, named_brackets, pieces
from clearline.core.explain.grammars.hosts import seen, type_of
from clearline.core.explain.record import View

_TOPOLOGY = frozenset({
    "type", "servers", "setname", "stale", "compatible", "maxsetversion", "maxelectionid", "commonwireversion",
    "logicalsessiontimeoutminutes", "heartbeatfrequencyms", "localthresholdms",
})  # fmt: skip
_SERVER = frozenset({"address", "type", "error", "hosts", "setname", "primary", "me", "tags", "_hostaddress", "host"})
_MAP = re.compile(r"Map\s?\((\d+)\)")


def views(text: str) -> Iterator[View]:
    """Every topology description; a collapsed ``[ServerDescription]`` gives a server without type and error."""
    for _, body in named_brackets(text, "TopologyDescription"):
        found = fields(body, _TOPOLOGY)
        servers = []
        listed = found.get("servers", "")
        opening = listed.find("{")
        entries = inside(listed, opening) if opening >= 0 else ""
        for entry in pieces(entries):
            place, arrow, value = entry.partition("=>")
            if not arrow:
                continue
            described = fields(inside(value, value.find("{")), _SERVER) if "{" in value else {}
            error = described.get("error", "")
            errors = () if error in ("", "null", "undefined", "[Error]") else (error,)
            if server := seen(place, type=type_of(described.get("type", "")), errors=errors):
                servers.append(server)
        counted = _MAP.search(listed)
        name = found.get("setname", "")
        yield View(
            topology=found.get("type", "").lower(),
            set_name=None if name in ("", "null", "undefined") else re.split("['\",]", name)[0],
            servers=tuple(servers),
            emptied=counted is not None and counted[1] == "0",
        )
