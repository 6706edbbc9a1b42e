"""The common record: what every text says in the same words, whatever program wrote it."""

from __future__ import annotations

from functools import cached_property

import msgspec

from clearline.core.explain.decisive import decisive
from clearline.core.explain.signs import Sign


class Seen(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One server as the text's own view of the topology describes it."""

    host: str
    port: int = 27017
    type: str = ""
    """primary, secondary, arbiter, ghost, standalone, mongos, other or unknown; empty: not told."""
    errors: tuple[str, ...] = ()
    """What went wrong with it, outermost first: the last one counts."""

    @property
    def address(self) -> str:
        """``host:port``; an IPv6 address in brackets."""
        if "/" in self.host:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @cached_property
    def sign(self) -> Sign | None:
        """The sign of its innermost error that has one; every rule about members asks for it."""
        return next((sign for error in reversed(self.errors) if (sign := decisive(error))), None)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A driver's view of the deployment, as it printed it."""

    topology: str = ""
    """As the driver spells it, in lower case without underscores: replicasetnoprimary, unknown, single …"""
    set_name: str | None = None
    servers: tuple[Seen, ...] = ()
    emptied: bool = False
    """The driver prints its list of servers, and the list is empty: it threw every server out."""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """Who tried to sign in, as far as the text says."""

    user: str | None = None
    source: str | None = None
    mechanism: str | None = None


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A connection string that stands in the text, without its password."""

    hosts: tuple[str, ...] = ()
    srv: bool = False
    user: bool = False
    database: str = ""
    options: dict[str, str] = {}


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a mongod's or mongos's JSON log."""

    id: int
    severity: str = ""
    time: str = ""
    remote: str = ""
    """The client's address and port: never a server to check."""
    code: int | None = None
    error: str = ""
    user: str | None = None
    database: str | None = None
    mechanism: str | None = None
    application: str | None = None
    line: int = 0


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """All facts of a text."""

    driver: str | None = None
    views: tuple[View, ...] = ()
    signs: tuple[Sign, ...] = ()
    addresses: tuple[Address, ...] = ()
    credential: Credential = Credential()
    log: tuple[LogEntry, ...] = ()
    surroundings: frozenset[str] = frozenset()
    """Of: atlas, documentdb, cosmosdb, container, function, hosted, macos."""
    pool: dict[str, float] = {}
    """A driver's own counts of its pool: total, most, idle, used, waited_s."""

    @property
    def servers(self) -> tuple[Seen, ...]:
        """The servers of every view, each once; the description with an error or a type counts."""
        best: dict[str, Seen] = {}
        for seen in (s for view in self.views for s in view.servers):
            kept = best.get(seen.address)
            if kept is None or (len(seen.errors), bool(seen.type)) > (len(kept.errors), bool(kept.type)):
                best[seen.address] = seen
        return tuple(best.values())
