"""The deployment as the driver sees it: servers, their roles, and each change as it happens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

from clearline.core.driver.event_texts import address_text, error_text
from clearline.core.facts import replies

if TYPE_CHECKING:
    from pymongo.server_description import ServerDescription
    from pymongo.topology_description import TopologyDescription

_LATEST_CHANGES = 200
_PRIMARIES = frozenset({"RSPrimary"})
_SETTLED = frozenset({"Single", "ReplicaSetWithPrimary", "Sharded", "LoadBalanced"})
_SPOKEN = {
    "RSPrimary": "primary",
    "RSSecondary": "secondary",
    "RSArbiter": "arbiter",
    "RSOther": "a member that cannot be read from",
    "RSGhost": "a member without a configuration",
    "Standalone": "standalone",
    "Mongos": "mongos",
    "LoadBalancer": "load balancer",
    "Unknown": "unknown",
}
_WHICH_PROCESS = {
    True: ": the same process as before",
    False: ": another process than before, so it was restarted, or another server answers there",
    None: "",
}
DATA_BEARING = frozenset({"RSPrimary", "RSSecondary", "Standalone", "Mongos", "LoadBalancer"})
"""PyMongo's server types that can be asked by a logged-in connection."""


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    pass


class ServerState(_Value, frozen=True, kw_only=True):
    """One server now. ``role`` is PyMongo's server type, e.g. ``RSPrimary``, ``Unknown`` while it does not answer."""

    address: str
    role: str = "Unknown"
    seed: bool = False
    """Named in the connection string, or by the SRV record."""
    set_name: str | None = None
    version: str | None = None
    """The product's version from buildInfo, e.g. ``6.0.5``; None until a ping of ours asked this server."""
    wire_version: int | None = None
    tags: Mapping[str, str] = {}
    hosts: tuple[str, ...] = ()
    """The members that this server names in its hello."""
    known_by: tuple[str, ...] = ()
    """The servers whose hello names this one."""
    primary: str | None = None
    """Whom it takes for the primary."""
    behind_s: float | None = None
    """How far a secondary's newest write is behind the primary's."""
    rtt_ms: float | None = None
    """The driver's moving average over its heartbeats."""
    ping_ms: float | None = None
    """Our own latest ping over a connection of the pool; None when it was not answered."""
    heartbeat_at_s: float | None = None
    """When the latest heartbeat was answered, seconds since the watch began."""
    last_error: str | None = None
    """The latest failure in the driver's words, redacted; stays when the server is back."""
    last_error_at_s: float | None = None

    @property
    def known(self) -> bool:
        """Whether it answers the driver's heartbeats."""
        return self.role != "Unknown"


class ChangeKind(Enum):
    """What a line of the topology's diary is about."""

    TOPOLOGY = "topology"
    """The deployment's type changed, or nothing was watched for a time; ``server`` is None."""
    JOINED = "joined"
    LEFT = "left"
    ROLE = "role"
    """A server has another role, e.g. secondary instead of primary."""
    ELECTED = "elected"
    """A server became primary after another one, or after a time without any."""
    LOST = "lost"
    """A server does not answer any more."""
    BACK = "back"


class TopologyChange(_Value, frozen=True, kw_only=True):
    """One change: ``at`` is epoch seconds, ``at_s`` seconds since the watch began, ``text`` a sentence."""

    at: float
    at_s: float
    kind: ChangeKind
    server: str | None = None
    before: str | None = None
    after: str | None = None
    text: str


class TopologySnapshot(_Value, frozen=True, kw_only=True):
    """The deployment now. ``kind`` is PyMongo's topology type, e.g. ``ReplicaSetWithPrimary``."""

    kind: str = "Unknown"
    set_name: str | None = None
    primary: str | None = None
    servers: tuple[ServerState, ...] = ()
    """Seeds first, then by address."""
    changes: tuple[TopologyChange, ...] = ()
    """The latest 200, oldest first."""


def spoken(role: str) -> str:
    """PyMongo's server type as a sentence has it."""
    return _SPOKEN.get(role, role)


class TopologyFold:
    """Folds PyMongo's topology descriptions (immutable values) into servers and changes. Memory is bounded.

    ``redact`` makes the texts of errors fit to be shown. Times are ``at_s`` of the watch and epoch seconds.
    """

    def __init__(self, redact: Callable[[str], str] = str) -> None:
        self._redact = redact
        self._seeds: frozenset[str] = frozenset()
        self._seen: TopologyDescription | None = None
        self._before: dict[str, str] = {}
        self._kind = "Unknown"
        self._settled = False
        self._unasked: set[str] = set()
        self._ever_known: set[str] = set()
        self._last_primary: str | None = None
        self._changes: deque[TopologyChange] = deque(maxlen=_LATEST_CHANGES)
        self._extras: dict[str, dict[str, Any]] = {}
        self._known: TopologySnapshot | None = None
        self._named: dict[str, tuple[ServerDescription, tuple[str, ...]]] = {}
        self._processes: dict[str, object] = {}
        """Which process each server last said that it is: ``topologyVersion.processId``, since MongoDB 4.4."""
        self._returned: dict[str, tuple[float, bool]] = {}
        """When each server was last back, and whether as the same process."""

    @property
    def size(self) -> int:
        """How many servers there are."""
        return len(self._before)

    @property
    def all_failed(self) -> bool:
        """Whether no server answers the driver, and each has failed."""
        return (
            bool(self._before)
            and all(role == "Unknown" for role in self._before.values())
            and all("last_error" in self._extras.get(address, {}) for address in self._before)
        )

    def observe(self, description: TopologyDescription, at_s: float, at: float) -> bool:
        """Take in how the driver sees the deployment now; True when a server or its role is another one."""
        if description is self._seen:
            return False
        servers = {address_text(address): server for address, server in description.server_descriptions().items()}
        if self._seen is None and not self._seeds:
            self._seeds = frozenset(servers)
        last = {} if self._seen is None else self._seen.server_descriptions()
        self._seen = description
        self._known = None
        before = self._before
        same = {
            (address := address_text(key)): self._same_process(address, server, at_s)
            for key, server in description.server_descriptions().items()
            if last.get(key) is not server
        }
        self._note_changes(description, servers, same, at_s, at)
        for gone in self._extras.keys() - servers.keys():
            del self._extras[gone]
        for kept in (self._named, self._processes, self._returned):
            for gone in kept.keys() - servers.keys():
                del kept[gone]
        return before != self._before

    def heartbeat(self, server: str, at_s: float) -> None:
        """A heartbeat was answered."""
        self._extra(server)["heartbeat_at_s"] = at_s

    def failure(self, server: str, at_s: float, text: str) -> None:
        """A heartbeat, or a ping of ours, failed; ``text`` is redacted already."""
        self._extra(server).update(last_error=text, last_error_at_s=at_s, ping_ms=None)

    def pinged(self, server: str, ping_ms: float | None, version: str | None = None) -> None:
        """What a ping of ours came to."""
        extra = self._extra(server)
        extra["ping_ms"] = ping_ms
        if version is not None:
            extra["version"] = version

    def version(self, server: str) -> str | None:
        """The server's version, where a ping of ours has asked."""
        return self._extras.get(server, {}).get("version")

    def returned_since(self, at_s: float) -> dict[str, bool]:
        """The servers that have been away since that time, and whether the same process answers that did before."""
        return {address: same for address, (seen_s, same) in self._returned.items() if seen_s >= at_s}

    def remark(self, text: str, at_s: float, at: float) -> None:
        """A line for the diary that is about no server."""
        self._known = None
        self._changes.append(TopologyChange(at=at, at_s=at_s, kind=ChangeKind.TOPOLOGY, text=text))

    def begin_anew(self, redact: Callable[[str], str]) -> None:
        """Another client of the same deployment: its first description repeats what is known."""
        self._seen, self._redact = None, redact
        self._unasked = {address for address, role in self._before.items() if role != "Unknown"}

    def _hosts(self, address: str, server: ServerDescription) -> tuple[str, ...]:
        """The members that a server names; worked out once for each answer."""
        kept = self._named.get(address)
        if kept is None or kept[0] is not server:
            kept = server, tuple(sorted(address_text(host) for host in server.all_hosts))
            self._named[address] = kept
        return kept[1]

    def _extra(self, server: str) -> dict[str, Any]:
        self._known = None
        return self._extras.setdefault(server, {})

    # ------------------------------------------------------------ changes

    def _same_process(self, address: str, server: ServerDescription, at_s: float) -> bool | None:
        """Whether the process that answers is the one of before; None: not known."""
        from bson import ObjectId

        process = server.topology_version.get("processId") if isinstance(server.topology_version, Mapping) else None
        if not isinstance(process, ObjectId):
            return None
        before = self._processes.get(address)
        self._processes[address] = process
        if before is None:
            return None
        if before != process or self._before.get(address) == "Unknown":
            self._returned[address] = at_s, before == process
        return before == process

    def _note_changes(
        self,
        description: TopologyDescription,
        servers: Mapping[str, ServerDescription],
        same: Mapping[str, bool | None],
        at_s: float,
        at: float,
    ) -> None:
        def note(kind: ChangeKind, text: str, server: str | None = None, **ends: str | None) -> None:
            self._changes.append(TopologyChange(at=at, at_s=at_s, kind=kind, server=server, text=text, **ends))

        roles = {address: server.server_type_name for address, server in servers.items()}
        before = self._before
        if self._unasked:  # what another client has not asked yet is as it was
            settled = description.topology_type_name in _SETTLED
            answered = {a for a, server in servers.items() if roles[a] != "Unknown" or server.error is not None}
            gone = self._unasked - servers.keys() if settled else set()
            self._unasked -= answered | gone
            roles |= {a: before[a] for a in self._unasked}
        for address in sorted(before.keys() - roles.keys()):
            note(ChangeKind.LEFT, f"{address} {_left(description)}.", address, before=before[address])
            self._ever_known.discard(address)
        for address, role in sorted(roles.items(), key=_down_before_up):
            old = before.get(address)
            if old is None and before:
                note(ChangeKind.JOINED, f"{address} is a new member.", address, after=role)
            if role == (old or "Unknown"):
                continue
            self._note_role(note, servers[address], address, old or "Unknown", role, same.get(address))
        kind = self._kind if self._unasked else description.topology_type_name
        if kind != self._kind and self._settled:  # finding the members at first is no change
            note(
                ChangeKind.TOPOLOGY,
                f"The deployment is now {kind}; it was {self._kind}.",
                before=self._kind,
                after=kind,
            )
        self._kind = kind
        self._settled = self._settled or kind in _SETTLED
        self._before = roles

    def _note_role(
        self,
        note: Callable[..., None],
        server: ServerDescription,
        address: str,
        old: str,
        role: str,
        same: bool | None,
    ) -> None:
        ends = {"before": old, "after": role}
        if role in _PRIMARIES:
            last, self._last_primary = self._last_primary, address
            if last is None:
                note(ChangeKind.ROLE, f"{address} is primary.", address, **ends)
            elif last == address:
                note(ChangeKind.ELECTED, f"{address} is primary again.", address, **ends)
            else:
                note(ChangeKind.ELECTED, f"{address} was elected primary, in place of {last}.", address, **ends)
        elif role == "Unknown":
            why = f": {self._redact(error_text(server.error))}" if server.error is not None else ""
            self._extra(address).pop("version", None)  # it may come back as another one
            note(ChangeKind.LOST, f"{address} does not answer any more{why}.", address, **ends)
        elif old == "Unknown":
            word = "is back as" if address in self._ever_known else "is"
            kind = ChangeKind.BACK if address in self._ever_known else ChangeKind.ROLE
            which = _WHICH_PROCESS[same] if kind is ChangeKind.BACK else ""
            note(kind, f"{address} {word} {spoken(role)}{which}.", address, **ends)
        else:
            note(ChangeKind.ROLE, f"{address} is {spoken(role)} now; it was {spoken(old)}.", address, **ends)
        if role != "Unknown":
            self._ever_known.add(address)

    # ------------------------------------------------------------ the state

    def snapshot(self) -> TopologySnapshot:
        """The deployment now."""
        if self._known is not None:
            return self._known
        seen = self._seen
        if seen is None:
            return TopologySnapshot(changes=tuple(self._changes))
        servers = {address_text(address): server for address, server in seen.server_descriptions().items()}
        named = {address: self._hosts(address, server) for address, server in servers.items()}
        known_by: dict[str, list[str]] = {}
        ranked = sorted(servers, key=lambda address: (address not in self._seeds, address))
        for other in ranked:
            for address in named[other]:
                known_by.setdefault(address, []).append(other)
        primary = next((a for a in ranked if servers[a].server_type_name in _PRIMARIES), None)
        self._known = TopologySnapshot(
            kind=seen.topology_type_name,
            set_name=replies.text(seen.replica_set_name),
            primary=primary,
            servers=tuple(
                ServerState(
                    address=address,
                    role=server.server_type_name,
                    seed=address in self._seeds,
                    set_name=replies.text(server.replica_set_name),
                    wire_version=replies.whole(server.max_wire_version) if server.is_server_type_known else None,
                    tags=replies.text_pairs(server.tags),
                    hosts=named[address],
                    known_by=tuple(known_by.get(address, ())),
                    primary=address_text(server.primary) if server.primary else None,
                    behind_s=_behind_s(servers.get(primary) if primary else None, server),
                    rtt_ms=None if server.round_trip_time is None else server.round_trip_time * 1000,
                    **self._extras.get(address, {}),
                )
                for address, server in ((a, servers[a]) for a in ranked)
            ),
            changes=tuple(self._changes),
        )
        return self._known


def _behind_s(primary: ServerDescription | None, server: ServerDescription) -> float | None:
    """By the formula of the Max Staleness specification: the two were not asked at the same time."""
    if primary is None or server.server_type_name != "RSSecondary":
        return None
    written, newest = server.last_write_date, primary.last_write_date
    if written is None or newest is None:
        return None
    return float((server.last_update_time - written) - (primary.last_update_time - newest))


def _left(description: TopologyDescription) -> str:
    """What is known of a server that the deployment names no more: hello does not name hidden members either."""
    if description.topology_type_name.startswith("ReplicaSet"):
        return "is not named by the set any more: it was removed, or it is hidden now"
    return "is no server of this deployment any more"


def _down_before_up(item: tuple[str, str]) -> tuple[bool, str]:
    """An election is told as it is meant: one steps down, then another one steps up."""
    address, role = item
    return role in _PRIMARIES, address
