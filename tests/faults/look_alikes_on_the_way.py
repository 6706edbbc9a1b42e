"""Look-alikes on the way: who answers there, the line, topology and limits."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator

import bson

from faults.dns_faults import ADDRESS, MEMBER, NAME, SRV
from faults.fault import Case, Table
from faults.laboratory import Laboratory
from lab import deployments, peers
from lab.certificates import server_context
from lab.deployments import Member
from lab.dns_server import Zone, cluster
from lab.mongo_peer import (
    CLOSE,
    RESET,
    SILENCE,
    Answer,
    Command,
    Failure,
    Late,
    MongoPeer,
    hello,
    member_hello,
    mongos_hello,
)
from lab.namespaces import OUTSIDE, Network
from lab.peer import Conversation, Peer
from lab.relay import Relay

TABLE = Table()
HOST, PORT = "db.lab.test", 27017
_PUBLIC = "203.0.113.5"


# ---------------------------------------------------------------- who answers, and the line


def _peer(id: str, title: str, make: Callable[[], Peer], *causes: str, query: str = "", **more: object) -> None:
    @TABLE.row(id, title, failed=causes, **more)
    def _(lab: Laboratory) -> Iterator[Case]:
        with make() as peer:
            yield Case(f"mongodb://{peer.address}/{query}")


_OTHER = "hello.other-service"
for _id, _title, _greeting in (
    ("M100", "SMTP", b"220 mail.lab.test ESMTP Postfix\r\n"),
    ("M101", "FTP", b"220 (vsFTPd 3.0.5)\r\n"),
    ("M102", "IMAP", b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n"),
    ("M103", "VNC", b"RFB 003.008\n"),
    ("M104", "telnet", b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27"),
    ("M105", "POP3", b"+OK Dovecot ready.\r\n"),
):
    _peer(_id, _title, lambda g=_greeting: peers.greeting(g), _OTHER)  # type: ignore[misc]
for _id, _title, _answer in (
    ("M106", "AMQP", b"AMQP\x00\x00\x09\x01"),
    ("M107", "memcached", b"ERROR\r\n"),
    ("M108", "SOCKS proxy", b"\x05\xff"),
    ("M109", "zeros", bytes(64)),
    ("M110", "a log line", b"invalid request, closing\n"),
    ("M111", "SQL Server", b"\x04\x01\x00\x25\x00\x00\x01\x00\x00\x00\x15\x00\x06\x01\x00\x1b" + bytes(21)),
):
    _peer(_id, _title, lambda a=_answer: peers.answering(a), _OTHER)  # type: ignore[misc]
_peer("M112", "MySQL, address with TLS", peers.mysql_server, _OTHER, query="?tls=true")
_peer("M113", "Redis, address with TLS", peers.redis_server, _OTHER, query="?tls=true")
_peer("M114", "PostgreSQL, address with TLS", peers.postgres_server, _OTHER, "tls.not-offered", query="?tls=true")
_peer("M115", "SSH, address with TLS", peers.ssh_server, _OTHER, query="?tls=true")
_HTTP = b'HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{"tagline": "You Know, for Search"}'
_peer("M116", "Elasticsearch", lambda: peers.answering(_HTTP), "hello.http-server")


def _echo() -> Peer:
    async def script(line: Conversation) -> None:
        while data := await line.read():
            await line.write(data)

    return Peer(script)


_peer("M117", "echo", _echo, _OTHER, "hello.member-error")


def _answers(id: str, title: str, answers: dict, *causes: str, query: str = "", **more: object) -> None:  # type: ignore[type-arg]
    if causes:
        more["failed"] = causes

    @TABLE.row(id, title, **more)
    def _(lab: Laboratory) -> Iterator[Case]:
        with MongoPeer(answers) as peer:
            yield Case(f"mongodb://{peer.address}/{query}")


_answers(
    "M120",
    "hello: unauthorized",
    {"hello": Failure(13, "not authorized", "Unauthorized")},
    "hello.member-error",
    "auth.credentials-missing",
)
_answers(
    "M121",
    "hello: shutting down",
    {"hello": Failure(91, "The server is in quiesce mode and will shut down", "ShutdownInProgress")},
    "hello.member-error",
    "pool.server-went-away",
)
_answers(
    "M122",
    "read: interrupted at shutdown",
    {"find": Failure(11600, "interrupted at shutdown", "InterruptedAtShutdown")},
    "pool.server-went-away",
)
_answers(
    "M123",
    "read: time limit",
    {"find": Failure(50, "operation exceeded time limit", "MaxTimeMSExpired")},
    "pool.operation-timeout",
)
_answers(
    "M124",
    "read: killed",
    {"find": Failure(11601, "operation was interrupted", "Interrupted")},
    "pool.operation-killed",
)
_answers(
    "M125",
    "hangs up at every command but hello",
    {"*": CLOSE},
    "hello.answers-nothing-else",
)
_answers(
    "M126",
    "router whose config servers are away",
    {"hello": mongos_hello(), "find": Failure(6, "Couldn't reach config server", "HostUnreachable")},
    "topology.router-cannot-reach",
)


def _delayed(id: str, title: str, query: str, *causes: str, delay_s: float = 0.1, **more: object) -> None:
    @TABLE.row(id, title, failed=causes, **more)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Relay(lab.standalone.address, delay_s=delay_s) as relay:
            yield Case(f"mongodb://{relay.address}/{query}")


_SHORT = ("tcp.too-slow", "pool.operation-timeout")
_delayed("M130", "connectTimeoutMS below the round trip", "?connectTimeoutMS=20", *_SHORT, silent=True)
_delayed("M131", "socketTimeoutMS below the round trip", "?socketTimeoutMS=50", *_SHORT)
_delayed(
    "M132",
    "serverSelectionTimeoutMS below the round trip",
    "?serverSelectionTimeoutMS=50",
    *_SHORT,
    connected="tcp.high-latency",
)
_delayed("M133", "timeoutMS below the round trip", "?timeoutMS=100", *_SHORT)


@TABLE.row("M134", "1 kB per second", failed="tcp.low-bandwidth", connected="tcp.low-bandwidth", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Relay(lab.standalone.address, bytes_per_second=1000) as relay:
        yield Case(f"mongodb://{relay.address}/")


@TABLE.row("M135", "a proxy that swallows", failed="hello.no-answer", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Relay(lab.standalone.address) as relay:
        relay.hold()
        yield Case(f"mongodb://{relay.address}/")


@TABLE.row("M136", "every third answer half a second late", connected=("tcp.packet-loss", "tcp.high-latency"))
def _(lab: Laboratory) -> Iterator[Case]:
    def jittery(command: Command) -> Answer:
        return Late(0.5 if len(command.peer.commands) % 3 == 0 else 0.01, hello())

    with MongoPeer({"hello": jittery}) as peer:
        yield Case(f"mongodb://{peer.address}/")


def _routed(id: str, title: str, change: Callable[[Network], object], *causes: str, **more: object) -> None:
    @TABLE.row(id, title, failed=causes, netns=True, **more)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network:
            change(network)
            yield Case(f"mongodb://{_PUBLIC}:{PORT}/", network)


_routed("M137", "route of type unreachable", lambda n: n.route("unreachable", _PUBLIC), "tcp.host-unreachable")
_routed("M138", "route of type blackhole", lambda n: n.route("blackhole", _PUBLIC), "tcp.blocked-by-policy")
_routed(
    "M139",
    "ICMP port unreachable",
    lambda n: n.reject("port-unreachable", host=_PUBLIC, port=PORT),
    "tcp.refused",
    "tcp.local-firewall",
)


@TABLE.row("M140", "both of two hosts refuse", failed="tcp.refused")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port() as one, peers.closed_port() as other:
        yield Case(f"mongodb://127.0.0.1:{one},127.0.0.1:{other}/?replicaSet=rs0")


@TABLE.row("M141", "the first host is an SSH server, the second refuses", failed=(_OTHER, "tcp.refused"))
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port() as port, peers.ssh_server() as peer:
        yield Case(f"mongodb://{peer.address},127.0.0.1:{port}/")


# ---------------------------------------------------------------- topology and limits

TABLE.text(
    "M151",
    "one of three seeds in another set",
    lambda lab: f"mongodb://{','.join((*lab.replica_set.addresses[:2], lab.other_set.address))}/?replicaSet=rs0",
    connected="topology.mixed-sets",
)
TABLE.text(
    "M152",
    "a member of priority 0 as seed: healthy",
    lambda lab: f"mongodb://{lab.diverse_set.servers[2].address}/?replicaSet=rs5",
    connected=(),
)
TABLE.text(
    "M153", "seeds twice: healthy", lambda lab: lab.replica_set.uri(hosts=lab.replica_set.addresses * 2), connected=()
)
TABLE.text(
    "M154",
    "secondary wanted of a set of one",
    lambda lab: lab.other_set.uri(readPreference="secondary"),
    failed="topology.no-tag-match",
)
TABLE.text(
    "M155",
    "nearest with tags that nobody has",
    lambda lab: lab.diverse_set.uri(readPreference="nearest") + "&readPreferenceTags=dc:moon",
    failed="topology.no-tag-match",
)
TABLE.text(
    "M156",
    "w=3 at a set of two",
    lambda lab: lab.login_set.uri(lab.user("app"), w=3),
    connected="topology.write-concern-impossible",
)
TABLE.text(
    "M158", "w=majorty", lambda lab: lab.replica_set.uri(w="majorty"), connected="topology.unknown-write-concern"
)
TABLE.text(
    "M159",
    "set name of a router's config in the text, seeds a single server and a set",
    lambda lab: f"mongodb://{lab.standalone.address},{lab.replica_set.address}/?replicaSet=rs0",
    connected="topology.standalone-in-list",
)
_answers(
    "M160",
    "directConnection to a router: healthy",
    {"hello": mongos_hello()},
    query="?directConnection=true",
    connected=(),
)
_answers(
    "M161",
    "loadBalanced at a router",
    {"hello": mongos_hello()},
    "topology.load-balanced-mismatch",
    query="?loadBalanced=true",
)
_answers(
    "M162", "replicaSet at a router", {"hello": mongos_hello()}, "topology.not-a-replica-set", query="?replicaSet=rs0"
)


def _set_of_peers(
    id: str, title: str, roles: tuple[str, ...], query: str = "?replicaSet=rs0", **expected: object
) -> None:
    """Scripted members that know each other and have these roles."""

    @TABLE.row(id, title, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        with contextlib.ExitStack() as stack:
            members = [stack.enter_context(MongoPeer()) for _ in roles]
            hosts = [peer.address for peer in members]
            for peer, role in zip(members, roles, strict=True):
                peer.answers["hello"] = member_hello("rs0", hosts, me=peer.address, role=role)
            yield Case(f"mongodb://{','.join(hosts)}/{query}")


_set_of_peers(
    "M163", "the primary has just stepped down", ("secondary", "secondary", "secondary"), failed="topology.no-primary"
)
_set_of_peers("M164", "two primaries", ("primary", "primary", "secondary"), connected="topology.stale-primary")
_set_of_peers(
    "M165",
    "only a hidden secondary",
    ("primary", "hidden"),
    "?readPreference=secondary",
    failed="topology.no-tag-match",
)
_set_of_peers("M166", "a member recovers: healthy else", ("primary", "secondary", "starting"), connected=())


@TABLE.row("M167", "directConnection to a recovering member", failed="topology.recovering")
def _(lab: Laboratory) -> Iterator[Case]:
    refused = Failure(13436, "node is not in primary or recovering state", "NotPrimaryOrSecondary")
    with MongoPeer({"*": refused}) as peer:
        peer.answers["hello"] = member_hello("rs0", [peer.address], me=peer.address, role="starting")
        yield Case(f"mongodb://{peer.address}/?directConnection=true")


@TABLE.row(
    "M168",
    "a router and a member of a set in one list",
    connected=("topology.mixed-sets", "topology.standalone-in-list"),
)
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"hello": mongos_hello()}) as router:
        yield Case(f"mongodb://{router.address},{lab.replica_set.address}/")


@TABLE.row("M169", "one of two routers is down", connected=("topology.member-unreachable", "tcp.refused"))
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"hello": mongos_hello()}) as router, peers.closed_port() as port:
        yield Case(f"mongodb://{router.address},127.0.0.1:{port}/")


@TABLE.row("M170", "w=2, one secondary of two data-bearing members down", connected="topology.write-concern-impossible")
def _(lab: Laboratory) -> Iterator[Case]:
    members = (Member(priority=2), Member(), Member(arbiter=True))
    with deployments.replica_set(*members, name="rsW") as deployment:
        uri = deployment.uri(w=2)
        deployment.servers[1].kill()
        yield Case(uri)


@TABLE.row("M171", "only the arbiter lives", failed="topology.no-primary")
def _(lab: Laboratory) -> Iterator[Case]:
    members = (Member(priority=2), Member(), Member(arbiter=True))
    with deployments.replica_set(*members, name="rsW") as deployment:
        uri = deployment.uri()
        deployment.servers[0].kill()
        deployment.servers[1].kill()
        deployment.wait_until(deployment.servers[2], lambda hello: not hello.get("primary"))
        yield Case(uri)


def _member(id: str, title: str, name: str, uri: str, zone: Zone, **expected: object) -> None:
    """A set of one outside, which calls itself ``name``."""

    @TABLE.row(id, title, netns=True, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network, MongoPeer(listener=network.listen(PORT)) as peer:
            network.dns_server(zone)
            peer.answers["hello"] = member_hello("rs0", [name], me=name, role="primary")
            yield Case(uri, network)


_member(
    "M172",
    "the set calls itself localhost",
    "localhost:27017",
    f"mongodb://{OUTSIDE}/?replicaSet=rs0",
    {},
    failed="topology.loopback-names",
)
_member(
    "M173",
    "host names in capitals: healthy",
    "DB.lab.test:27017",
    "mongodb://db.lab.test/?replicaSet=rs0",
    {(HOST, "A"): OUTSIDE},
    connected=(),
)
_member(
    "M174",
    "reached by its IP address: healthy",
    "db.lab.test:27017",
    f"mongodb://{OUTSIDE}/?replicaSet=rs0",
    {(HOST, "A"): OUTSIDE},
    connected=(),
)
_member(
    "M175",
    "SRV to a set with container names",
    "mongo1:27017",
    SRV,
    cluster(NAME, {MEMBER: PORT}, txt="replicaSet=rs0") | ADDRESS,
    failed="topology.internal-names",
)
_member(
    "M176",
    "the set advertises a closed port",
    "db.lab.test:27018",
    f"mongodb://{HOST}/?replicaSet=rs0",
    {(HOST, "A"): OUTSIDE},
    failed=("topology.internal-addresses", "tcp.refused"),
)
_member(
    "M177",
    "directConnection to a set with container names: healthy",
    "mongo1:27017",
    f"mongodb://{OUTSIDE}/?directConnection=true",
    {},
    connected=(),
)

# ---------------------------------------------------------------- several at once, and in between

TABLE.text(
    "M180",
    "one single server by two names",
    lambda lab: f"mongodb://localhost:{lab.standalone.server.port},{lab.standalone.address}/",
    failed="topology.one-server-twice",
)


@TABLE.row("M181", "a slip in one seed's port", connected=("tcp.refused", "topology.member-unreachable"))
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port() as port:
        yield Case(f"mongodb://{lab.replica_set.address},127.0.0.1:{port}/?replicaSet=rs0")


@TABLE.row(
    "M182", "a slip in one seed's name", connected=("dns.host-not-found", "topology.member-unresolvable"), netns=True
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        for server in lab.replica_set.servers:
            network.publish(server.address)
        network.dns_server()
        yield Case(f"mongodb://{lab.replica_set.address},db-l.lab.test:27017/?replicaSet=rs0", network)


@TABLE.row("M193", "[::1] refuses", failed="tcp.refused")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port("::1") as port:
        yield Case(f"mongodb://[::1]:{port}/")


@TABLE.row("M194", "a web server with TLS, address without", failed="hello.http-server")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.http_server(tls=server_context(lab.authority.server())) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("M195", "the primary has stepped down between hello and read", failed="topology.primary-refuses")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"find": Failure(10107, "not primary", "NotWritablePrimary")}) as peer:
        peer.answers["hello"] = member_hello("rs0", [peer.address], me=peer.address, role="primary")
        yield Case(f"mongodb://{peer.address}/?replicaSet=rs0")


_answers(
    "M196",
    "silent at the read",
    {"find": SILENCE},
    "pool.line-went-silent",
    "pool.operation-timeout",
    "hello.answers-nothing-else",
    silent=True,
)
_answers("M197", "resets every command but hello", {"*": RESET}, "hello.answers-nothing-else")


def _few(command: Command) -> Answer:
    return CLOSE if command.connection >= 2 else hello()


_answers("M198", "two connections and no more", {"hello": _few}, connected=("tcp.unsteady", "pool.connection-limit"))
TABLE.text(
    "M199",
    "linearizable reads from a secondary",
    lambda lab: lab.replica_set.uri(readPreference="secondary", readConcernLevel="linearizable"),
    failed=("uri.bad-value", "uri.conflicting-options", "driver.unexplained"),
)
TABLE.text(
    "M201",
    "staleness of two minutes: healthy",
    lambda lab: lab.replica_set.uri(readPreference="secondary", maxStalenessSeconds=120),
    connected=(),
)


@TABLE.row(
    "M202",
    "the secondary lags behind an hour",
    failed="topology.no-tag-match",
    connected="topology.no-tag-match",  # where the secondary answered PyMongo first
)
def _(lab: Laboratory) -> Iterator[Case]:
    now = datetime.datetime.now(datetime.UTC)
    with MongoPeer() as one, MongoPeer() as other:
        hosts = [one.address, other.address]
        for peer, role, lag in ((one, "primary", 0), (other, "secondary", 3600)):
            written = now - datetime.timedelta(seconds=lag)
            last = {"lastWriteDate": written, "opTime": {"ts": bson.Timestamp(int(written.timestamp()), 1), "t": 1}}
            peer.answers["hello"] = member_hello("rs0", hosts, me=peer.address, role=role, lastWrite=last)
        query = "replicaSet=rs0&readPreference=secondary&maxStalenessSeconds=120"
        yield Case(f"mongodb://{one.address},{other.address}/?{query}")


@TABLE.row(
    "M203",
    "primary frozen, secondaries fine",
    failed=("topology.primary-unreachable", "hello.no-answer", "topology.no-primary"),
    silent=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"hello": SILENCE}) as primary, MongoPeer() as other:
        hosts = [primary.address, other.address]
        other.answers["hello"] = member_hello("rs0", hosts, me=other.address, primary=primary.address)
        yield Case(f"mongodb://{other.address}/?replicaSet=rs0")


@TABLE.row("M204", "the primary's port is another service", failed=("topology.primary-unreachable", _OTHER))
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.ssh_server() as primary, MongoPeer() as other:
        hosts = [primary.address, other.address]
        other.answers["hello"] = member_hello("rs0", hosts, me=other.address, primary=primary.address)
        yield Case(f"mongodb://{other.address}/?replicaSet=rs0")


@TABLE.row("M205", "tunnel to one member of a set, names unknown here", failed="topology.internal-names", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen_inside(PORT)) as peer:
        network.dns_server()
        hosts = ["a.corp.test:27017", "b.corp.test:27017", "c.corp.test:27017"]
        peer.answers["hello"] = member_hello("rs0", hosts, me=hosts[1], primary=hosts[0])
        yield Case("mongodb://localhost:27017/", network)


@TABLE.row("M206", "tunnel to one member, read from it alone", connected=("topology.direct-to-secondary",), netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen_inside(PORT)) as peer:
        network.dns_server()
        hosts = ["a.corp.test:27017", "b.corp.test:27017"]
        peer.answers["hello"] = member_hello("rs0", hosts, me=hosts[1], primary=hosts[0])
        yield Case("mongodb://localhost:27017/?directConnection=true", network)


_answers(
    "M240",
    "read: host unreachable, of a router",
    {"hello": mongos_hello(), "find": Failure(9001, "socket exception", "SocketException")},
    "topology.router-cannot-reach",
)
_answers(
    "M241",
    "read: not primary or secondary",
    {"find": Failure(13436, "node is recovering", "NotPrimaryOrSecondary")},
    "topology.recovering",
    "access.read-refused",
)
_answers(
    "M242",
    "hello: quiesce, then healthy",
    {"hello": lambda c: Failure(91, "quiesce", "ShutdownInProgress") if c.connection == 0 else hello()},
    connected=(),
)
_answers("M243", "read: too many open cursors", {"find": Failure(8, "unknown", "UnknownError")}, "access.read-refused")
_set_of_peers(
    "M244",
    "tags in other letter case",
    ("primary", "secondary"),
    "?replicaSet=rs0&readPreference=secondary&readPreferenceTags=DC:east",
    failed="topology.no-tag-match",
)
_set_of_peers(
    "M245",
    "all members start up",
    ("starting", "starting", "starting"),
    failed=("topology.recovering", "topology.no-primary"),
)
_set_of_peers(
    "M246",
    "w=4 at three",
    ("primary", "secondary", "secondary"),
    "?replicaSet=rs0&w=4",
    connected="topology.write-concern-impossible",
)
_set_of_peers(
    "M247",
    "only arbiters and a starting member",
    ("arbiter", "starting"),
    failed=("topology.no-primary", "topology.recovering"),
)
_delayed(
    "M248",
    "200 ms each way, patient: works",
    "?connectTimeoutMS=10000",
    delay_s=0.2,
    connected="tcp.high-latency",
    silent=True,
)


@TABLE.row(
    "M249",
    "TLS server behind a relay that is silent after 1 kB",
    failed=("tcp.large-packets-lost", "tls.no-answer", "hello.no-answer"),
    silent=True,
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.publish(lab.tls_server.address, host=OUTSIDE)
        network.drop_larger_than(900)
        port = lab.tls_server.server.port
        yield Case(f"mongodb://{OUTSIDE}:{port}/?tls=true&tlsCAFile={lab.authority.ca_file}", network)


@TABLE.row("M250", "one of three members rejects: works", connected="topology.member-unreachable", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    deployment = lab.replica_set
    primary = deployment.member("primary")
    other = next(server for server in deployment.servers if server is not primary)
    with Network() as network:
        for server in deployment.servers:
            if server is not other:
                network.publish(server.address)
        yield Case(deployment.uri(), network)


@TABLE.row("M251", "the primary refuses from here", failed="topology.primary-unreachable", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    deployment = lab.replica_set
    primary = deployment.member("primary")
    with Network() as network:
        for server in deployment.servers:
            if server is not primary:
                network.publish(server.address)
        yield Case(deployment.uri(), network)
