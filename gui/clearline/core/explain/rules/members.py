"""Relations between the servers of a text: which failed, who named them, where the program runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearline.core.explain.as_facts import failing, is_address, is_loopback, is_private
from clearline.core.explain.record import Record
from clearline.core.explain.rules.guess import Guess
from clearline.core.findings import Certainty

_FOREIGN = re.compile(
    r"(?:Got response id|Invalid message size:|reply message length|length of read message too (?:large|small):)"
    r" (-?\d{8,10})"
)


def foreign_bytes(record: Record, text: str) -> Iterator[Guess]:
    """Drivers show the first four bytes of a foreign answer as a number, in the one byte order or the other."""
    if not (found := _FOREIGN.search(text)):
        return
    number = int(found[1]) & 0xFFFFFFFF
    said = [number.to_bytes(4, order).decode("latin-1") for order in ("little", "big")]
    if any(re.fullmatch(r"HTTP| [1-5]\d\d", word) for word in said):
        yield Guess(weight=3200, cause="hello.http-server", words=found[0])
    elif said[0].isprintable():
        yield Guess(weight=3200, cause="hello.other-service", words=found[0])


_PORTS = {3306: "MySQL", 5432: "PostgreSQL", 6379: "Redis", 1433: "SQL Server", 9092: "Kafka", 9200: "Elasticsearch"}


def port_of_another_product(record: Record, text: str) -> Iterator[Guess]:
    """A driver of MongoDB was sent to a port where another database answers, if anything does."""
    for server, kind in failing(record):
        if (product := _PORTS.get(server.port)) and kind not in ("refused", "unknown-name", "name-later"):
            yield Guess(
                weight=2560,
                cause="hello.other-service",
                server=server.address,
                summary=f"{server.address} is no MongoDB server: port {server.port} is the port of {product}.",
                fix="Correct the port in the address; MongoDB's is 27017 unless it was changed.",
            )


def always_encrypted(record: Record, text: str) -> Iterator[Guess]:
    """Cosmos DB speaks nothing but TLS, and the address in the text does not ask for it."""
    asks = ("tls", "ssl")
    plain = any(
        ".azure.com" in host and not address.srv and not any(name in address.options for name in asks)
        for address in record.addresses
        for host in address.hosts
    )
    if plain and {kind for _, kind in failing(record)} & {"silent", "slow", "closed", "reset", ""}:
        yield Guess(weight=2520, cause="tls.required")


_TAGGED = re.compile(r"tag_?sets?(?:list)?=\[(?:TagSet)?[\[{]+(?:Tag\{)?['\"\w]", re.IGNORECASE)


def untagged(record: Record, text: str) -> Iterator[Guess]:
    """Members answer, and what was asked for is one with certain tags."""
    healthy = [s for s in record.servers if s.type in ("primary", "secondary") and not s.errors]
    if healthy and (found := _TAGGED.search(text)):
        yield Guess(weight=2480, cause="topology.no-tag-match", words=found[0])


def emptied(record: Record, text: str) -> Iterator[Guess]:
    """The driver threw every server out: they answered, and none belongs to the set that was asked for."""
    for view in record.views:
        if view.emptied and not view.servers and view.topology.startswith("replicaset"):
            yield Guess(weight=2800, cause="topology.wrong-set-name", certainty=Certainty.LIKELY)
            yield Guess(weight=2790, cause="topology.standalone-in-list", certainty=Certainty.POSSIBLE)
            yield Guess(weight=2780, cause="topology.not-a-replica-set", certainty=Certainty.POSSIBLE)


def advertised(record: Record, text: str) -> Iterator[Guess]:
    """A failing server that is not among the hosts of the address comes from the set's own configuration."""
    seeds = {h.partition(":")[0].lower() for a in record.addresses for h in a.hosts if a.options.get("appname") is None}
    seeds |= {h for h in seeds if h}
    replica = any(v.topology.startswith("replicaset") for v in record.views) or any(
        "replicaset" in a.options for a in record.addresses
    )
    for server, kind in failing(record):
        host = server.host.lower()
        if re.fullmatch(r"[0-9a-f]{12}", host):
            yield Guess(weight=2650, cause="topology.internal-names", server=server.address)
            continue
        if not seeds or host in seeds or host.endswith(".mongodb.net"):
            continue
        if is_loopback(host) and not any(is_loopback(s) for s in seeds):
            yield Guess(weight=2600, cause="topology.loopback-names", server=server.address)
        elif is_private(host) and not any(is_private(s) for s in seeds):
            resolved = not replica and not all(is_address(s) or s == "localhost" for s in seeds)
            if not resolved or replica:
                yield Guess(weight=2600, cause="topology.internal-addresses", server=server.address)
        elif kind in ("unknown-name", "name-later") and not is_address(host):
            yield Guess(weight=2600, cause="topology.internal-names", server=server.address)


_PROBE = re.compile(r"(?:Readiness|Liveness|Startup) probe failed")


def loopback(record: Record, text: str) -> Iterator[Guess]:
    """Refused on this computer: inside a container that is the container itself."""
    for server, kind in failing(record):
        if kind != "refused" or not is_loopback(server.host):
            continue
        if found := _PROBE.search(text):  # it runs in the server's own container
            yield Guess(weight=2700, cause="server.does-not-start", words=found[0])
            continue
        if "error forwarding port" in text:  # the pod's own localhost
            yield Guess(weight=2700, cause="k8s.far-refused", words="error forwarding port")
            continue
        words = " ".join(server.errors)
        only_v6 = "::1" in words + server.host and "127.0.0.1" not in text
        if only_v6 and record.driver in (None, "node", "mongosh", "compass"):
            yield Guess(weight=2560, cause="app.localhost-ipv6-first", server=server.address)
        several = len([s for s in record.servers if is_loopback(s.host)]) > 1
        in_set = any(v.topology.startswith("replicaset") for v in record.views)
        if in_set and not several:
            yield Guess(weight=2580, cause="topology.loopback-names", server=server.address)
        if "container" in record.surroundings:
            yield Guess(weight=2570, cause="env.container-localhost", server=server.address)
        elif "function" in record.surroundings or "hosted" in record.surroundings:
            yield Guess(weight=2540, cause="env.container-localhost", certainty=Certainty.LIKELY, server=server.address)


_NO_OWN_ADDRESS = re.compile(r"EADDRNOTAVAIL|[Cc]annot assign requested address|SocketException \((?:99|49|10049)\)")


def no_own_address(record: Record, text: str) -> Iterator[Guess]:
    """A system without an address of its own for ::1: most containers have no IPv6, and localhost is themselves."""
    found = _NO_OWN_ADDRESS.search(text)
    local = next((s.address for s in record.servers if is_loopback(s.host)), None)
    if found and (local or re.search(r"EADDRNOTAVAIL ::1", text)):
        yield Guess(weight=2570, cause="env.container-localhost", server=local, words=found[0])
        yield Guess(weight=2560, cause="tcp.no-ipv6", certainty=Certainty.POSSIBLE, words=found[0])


_ACCESS_LIST = re.compile(r"\bIP\b.{0,60}(?:whitelist|access list)", re.IGNORECASE)


def atlas(record: Record, text: str) -> Iterator[Guess]:
    """At Atlas the access list cuts a handshake off, resets or stays silent; everything refused is a paused cluster."""
    if "atlas" not in record.surroundings:
        return
    kinds = {kind for _, kind in failing(record)}
    signs = {s.kind for s in record.signs}
    if (
        kinds & {"tls-closed", "closed", "reset"}
        or "tls-closed" in signs
        or any(s.kind == "alert" and s.number == 80 for s in record.signs)
    ):
        yield Guess(weight=2500, cause="tcp.atlas-access-list")
    elif "refused" in kinds and "silent" not in kinds:
        yield Guess(weight=2500, cause="tcp.atlas-paused")
    elif not signs & {"verify", "code", "unknown-name", "name-later", "not-tls", "refused", "dns"}:
        collapsed = record.servers and not any(s.errors or s.type not in ("", "unknown") for s in record.servers)
        if collapsed or signs & {"silent", "closed", "reset"}:
            yield Guess(weight=1900, cause="tcp.atlas-access-list")
            yield Guess(weight=1600, cause="tcp.no-answer", certainty=Certainty.POSSIBLE)
        elif found := _ACCESS_LIST.search(text):  # A hint that the driver gives with every failure at Atlas.
            yield Guess(weight=1900, cause="tcp.atlas-access-list", certainty=Certainty.POSSIBLE, words=found[0])
    verify = {s.number for s in record.signs if s.kind == "verify"}
    if verify & {20}:
        yield Guess(weight=2550, cause="env.empty-trust-store")
    elif verify & {18, 19, 21}:
        yield Guess(weight=2550, cause="tls.intercepted")


def all_unknown(record: Record, text: str) -> Iterator[Guess]:
    """A driver that tells only types, and no server of the view ever answered."""
    kinds = {s.kind for s in record.signs}
    for view in record.views:
        if view.servers and all(s.type == "unknown" and not s.errors for s in view.servers) and kinds <= {"vague"}:
            yield Guess(weight=2350, cause="tcp.no-answer")
            yield Guess(weight=2300, cause="tcp.refused", certainty=Certainty.POSSIBLE)


def selector(record: Record, text: str) -> Iterator[Guess]:
    """All members answer, and the wanted address is none of them."""
    if "ServerAddressSelector" in text and any(s.type == "primary" for s in record.servers):
        yield Guess(weight=2450, cause="topology.member-name-unknown", certainty=Certainty.POSSIBLE)


_NO_WAY = {"refused", "silent", "unreachable", "no-network", "reset", "closed", "unreached"}
_OF_A_MEMBER = re.compile(
    r"[Qq]uorum check failed|[Hh]eartbeat (?:to \S+ )?failed|Error in heartbeat|HeartbeatFailed"
    r"|set members? .{0,60}failed with|oplog query due to error"
)


_NOT_REACHED = (
    r"NetworkInterfaceExceededTimeLimit|HostUnreachable|NetworkTimeout|get a connection within the time limit"
)


def told_by_a_member(record: Record, text: str) -> Iterator[Guess]:
    """A server says that it does not reach another one: its own way there is broken, not the program's."""
    if not (found := _OF_A_MEMBER.search(text)):
        return
    kinds = {s.kind for s in record.signs}
    if kinds & {"unknown-name", "name-later"}:
        yield Guess(weight=2620, cause="topology.member-unresolvable", words=found[0])
    elif kinds & _NO_WAY or re.search(_NOT_REACHED, text):
        yield Guess(weight=2620, cause="topology.member-unreachable", words=found[0])


def sockets(record: Record, text: str) -> Iterator[Guess]:
    """A UNIX socket is a file."""
    for server in record.servers:
        if server.host.endswith(".sock"):
            yield Guess(weight=2700, cause="tcp.socket-missing", server=server.address)
    if found := re.search(r"(?:connect |\b)(?:ENOENT|EACCES|ECONNREFUSED) (/[\w./\-]+\.sock)", text):
        yield Guess(weight=2700, cause="tcp.socket-missing", server=found[1])


def surroundings(record: Record, text: str) -> Iterator[Guess]:
    """Where the program runs decides between equal silences."""
    kinds = {kind for _, kind in failing(record)} | {s.kind for s in record.signs}
    if "function" in record.surroundings:
        if kinds & {"reset", "lost"}:
            yield Guess(weight=1650, cause="app.serverless-freeze")
        if "silent" in kinds and "atlas" not in record.surroundings:
            yield Guess(weight=1550, cause="tcp.platform-blocks-egress")
    apple = "macos" in record.surroundings or any(s.kind == "unreachable" and s.number == 65 for s in record.signs)
    if apple and "unreachable" in kinds and any(is_private(s.host) for s in record.servers):
        yield Guess(weight=1800, cause="env.macos-local-network", certainty=Certainty.POSSIBLE)
    if (
        "documentdb" in record.surroundings
        and kinds & {"silent", "vague"}
        and not kinds & {"refused", "verify", "closed"}
    ):
        yield Guess(weight=1600, cause="tcp.private-address", certainty=Certainty.POSSIBLE)
