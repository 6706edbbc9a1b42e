"""Relatives of the public faults: the same cause by another way, or the same symptom by another cause."""

from __future__ import annotations

import contextlib
import datetime
import ssl
from collections.abc import Callable, Iterator

from faults.dns_faults import ADDRESS, NAME, SRV
from faults.fault import Case, Table
from faults.laboratory import Laboratory
from faults.product_faults import SHARDS, URI, atlas_zone
from lab import deployments, peers
from lab.certificates import DAY, Authority, server_context
from lab.dns_server import NODATA, REFUSED, SERVFAIL, SILENT, Zone, cluster
from lab.mongo_peer import MongoPeer, hello, member_hello
from lab.namespaces import OUTSIDE, OUTSIDE_V6, Network
from lab.peer import Peer
from lab.relay import Relay

TABLE = Table()
HOST, PORT = "db.lab.test", 27017
WRONG = "wrong-Kp4-word"

# ---------------------------------------------------------------- names


def _names(id: str, title: str, zone: Zone, uri: str, **expected: object) -> None:
    """A row about DNS alone: the server behind the names is an empty address."""

    @TABLE.row(id, title, netns=True, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network:
            network.dns_server(zone)
            yield Case(uri, network)


_PLAIN = f"mongodb://{HOST}:{PORT}/"
_names("K01", "resolver silent, plain host", {("*", "*"): SILENT}, _PLAIN, failed="dns.resolver-silent", silent=True)
_names("K02", "SERVFAIL for a plain host", {(HOST, "*"): SERVFAIL}, _PLAIN, failed="dns.servfail")
_names("K03", "portal, silent port", {("*", "A"): "203.0.113.80"}, _PLAIN, failed="dns.captive-portal", silent=True)
_names(
    "K04",
    "SRV and TXT dropped, addresses answered",
    {("*", "SRV"): SILENT, ("*", "TXT"): SILENT, (NAME, "A"): OUTSIDE},
    SRV,
    failed="dns.srv-blocked",
    silent=True,
)
_names("K05", "SRV dropped, TXT answered", {("*", "SRV"): SILENT}, SRV, failed="dns.srv-blocked", silent=True)
_names(
    "K06",
    "portal, SRV address",
    {("*", "A"): OUTSIDE, ("*", "SRV"): NODATA, ("*", "TXT"): NODATA},
    SRV,
    failed="dns.captive-portal",
)


@TABLE.row("K07", "no name server, plain host", failed="dns.no-resolver", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(nameservers=()) as network:
        yield Case(_PLAIN, network)


@TABLE.row(
    "K08",
    "first name server dead, plain host",
    failed="dns.first-resolver-dead",
    connected="dns.first-resolver-dead",
    silent=True,
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(nameservers=("10.8.0.53", OUTSIDE)) as network, MongoPeer(listener=network.listen(PORT)):
        network.dns_server({(HOST, "A"): OUTSIDE})
        yield Case(_PLAIN, network)


@TABLE.row("K09", "questions about IPv6 dropped", failed="dns.slow", connected="dns.slow", silent=True, netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(PORT)):
        network.dns_server({(HOST, "A"): OUTSIDE, (HOST, "AAAA"): SILENT})
        yield Case(_PLAIN, network)


@TABLE.row("K10", "TXT refused, SRV answered", failed="dns.txt-blocked", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(PORT)):
        network.dns_server(cluster(NAME, {"m1.lab.test": PORT}) | ADDRESS | {(NAME, "TXT"): REFUSED})
        yield Case(SRV, network)


@TABLE.row("K11", "hosts file overrides DNS, the address refuses", failed="dns.hosts-file-override", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(hosts={HOST: "127.0.0.1"}) as network, MongoPeer(listener=network.listen(PORT)):
        network.dns_server({(HOST, "A"): OUTSIDE})
        yield Case(_PLAIN, network)


@TABLE.row("K12", "TXT names another set than the members", failed="dns.txt-wrong-set", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        for server in lab.replica_set.servers:
            network.publish(server.address)
        port = lab.replica_set.server.port
        network.dns_server(
            cluster(NAME, {"m1.lab.test": port}, txt="replicaSet=rsX") | {("m1.lab.test", "A"): "127.0.0.1"}
        )
        yield Case(SRV, network)


# ---------------------------------------------------------------- the way, and who answers


@TABLE.row("K20", "IPv6 refused, IPv4 fine", connected="tcp.ipv6-refused", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(ipv6=True) as network, MongoPeer(listener=network.listen(PORT)):
        network.dns_server({(HOST, "A"): OUTSIDE, (HOST, "AAAA"): OUTSIDE_V6})
        yield Case(_PLAIN, network)


@TABLE.row("K21", "no default route", failed="tcp.network-unreachable", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.no_default_route()
        yield Case("mongodb://203.0.113.5:27017/", network)


@TABLE.row("K22", "dropped here", failed=("tcp.no-answer", "tcp.local-firewall"), silent=True, netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.outside_address("203.0.113.5")
        network.drop(host="203.0.113.5", port=PORT, here=True)
        yield Case("mongodb://203.0.113.5:27017/", network)


@TABLE.row("K23", "mongod stopped by a debugger", failed="hello.no-answer", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with deployments.standalone() as deployment, deployments.Frozen(deployment.server):
        yield Case(deployment.uri())


@TABLE.row("K24", "proxy without servers", failed=("tcp.closed-on-connect", "pool.connection-limit"))
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port() as port, Relay(f"127.0.0.1:{port}") as relay:
        yield Case(f"mongodb://{relay.address}/")


def _peer(id: str, title: str, make: Callable[[], Peer], cause: str, query: str = "") -> None:
    @TABLE.row(id, title, failed=cause)
    def _(lab: Laboratory) -> Iterator[Case]:
        with make() as peer:
            yield Case(f"mongodb://{peer.address}/{query}")


_peer("K25", "MySQL", peers.mysql_server, "hello.other-service")
_peer("K26", "Redis", peers.redis_server, "hello.other-service")
_peer("K27", "PostgreSQL", peers.postgres_server, "hello.other-service")
_peer("K28", "web server, address with TLS", peers.http_server, "hello.http-server", "?tls=true")
_peer("K29", "closed after the first bytes, TLS", peers.close_after_data, "tcp.closed-after-data", "?tls=true")
_peer("K30", "reset after the first bytes, TLS", peers.reset_after_data, "tcp.reset-after-data", "?tls=true")
_peer("K31", "reset at once, TLS", peers.resetting, "tcp.reset-on-connect", "?tls=true")


def _atlas(id: str, title: str, make: Callable[[Laboratory, object], Peer] | None, cause: str, **more: object) -> None:
    @TABLE.row(id, title, failed=cause, netns=True, **more)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network, contextlib.ExitStack() as stack:
            network.dns_server(atlas_zone())
            for address in SHARDS.values() if make else ():
                network.outside_address(address)
                stack.enter_context(make(lab, network.listen(PORT, address)))
            yield Case(URI, network)


def _intercepting(lab: Laboratory, listener: object) -> Peer:
    identity = Authority(lab.folder, "Acme Root", "Acme").server("*.abcde.mongodb.net")
    return MongoPeer(tls=server_context(identity), listener=listener)  # type: ignore[arg-type]


_atlas("K32", "Atlas: silence from all members", None, "tcp.atlas-access-list", silent=True)
_atlas("K33", "Atlas: reset", lambda _, listener: peers.resetting(listener=listener), "tcp.atlas-access-list")
_atlas("K34", "Atlas: a private authority", _intercepting, "tls.intercepted")

# ---------------------------------------------------------------- TLS


def _trusted(lab: Laboratory) -> str:
    return f"?tls=true&tlsCAFile={lab.authority.ca_file}"


@TABLE.row("K40", "silent after the handshake", failed="hello.no-answer", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.silent(tls=server_context(lab.authority.server())) as peer:
        yield Case(f"mongodb://{peer.address}/{_trusted(lab)}")


@TABLE.row("K41", "a web server's TLS port", failed="hello.http-server")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.http_server(tls=server_context(lab.authority.server())) as peer:
        yield Case(f"mongodb://{peer.address}/{_trusted(lab)}")


@TABLE.row("K42", "SRV turns TLS on, plain server", failed="tls.not-offered", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.publish(lab.standalone.address, host=OUTSIDE)
        network.dns_server(cluster(NAME, {"m1.lab.test": lab.standalone.server.port}) | ADDRESS)
        yield Case(f"mongodb+srv://{NAME}/", network)


@TABLE.row("K43", "this computer's clock 30 days behind", failed="env.clock-wrong")
def _(lab: Laboratory) -> Iterator[Case]:
    authority = Authority(lab.folder, "Young Lab CA", starts=10 * DAY)
    then = datetime.datetime.now(datetime.UTC) + 30 * DAY
    answers = {"hello": lambda _: hello(localTime=then)}
    with MongoPeer(answers, tls=server_context(authority.server(starts=20 * DAY))) as peer:
        yield Case(f"mongodb://{peer.address}/?tls=true&tlsCAFile={authority.ca_file}")


@TABLE.row("K44", "client certificate demanded by TLS 1.3 alone", failed="tls.client-certificate-required")
def _(lab: Laboratory) -> Iterator[Case]:
    context = server_context(
        lab.authority.server(),
        client_ca=lab.authority.ca_file,
        client_certificate=True,
        versions=(ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3),
    )
    with MongoPeer(tls=context) as peer:
        yield Case(f"mongodb://{peer.address}/{_trusted(lab)}")


# ---------------------------------------------------------------- topology, login


def _named(id: str, title: str, name: str, seed: str, query: str = "") -> None:
    @TABLE.row(id, title, failed="topology.internal-names", netns=True)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network, contextlib.ExitStack() as stack:
            network.dns_server()
            listener = network.listen_inside(PORT) if seed == "localhost" else network.listen(PORT)
            peer = stack.enter_context(MongoPeer(listener=listener))
            peer.answers["hello"] = member_hello("rs0", [name], me=name, role="primary")
            yield Case(f"mongodb://{seed}:{PORT}/{query}", network)


_named("K50", "container names, no replicaSet option", "mongo1:27017", OUTSIDE)
_named("K51", "a container's id, seed localhost", "4f5e6a7b8c9d:27017", "localhost", "?replicaSet=rs0")


@TABLE.row("K52", "one secondary killed", connected="topology.member-unreachable")
def _(lab: Laboratory) -> Iterator[Case]:
    with deployments.replica_set(name="rsK") as deployment:
        uri = deployment.uri()
        deployment.servers[2].kill()
        yield Case(uri)


TABLE.text(
    "K53",
    "wrong set name with directConnection",
    lambda lab: f"mongodb://{lab.replica_set.address}/?directConnection=true&replicaSet=wrong",
    failed="topology.wrong-set-name",
)
TABLE.text(
    "K54",
    "the arbiter as the only seed",
    lambda lab: f"mongodb://{lab.diverse_set.member('arbiter').address}/?replicaSet=rs5",
    connected=(),
)
TABLE.text(
    "K60", "wrong password over TLS", lambda lab: lab.x509_server.uri("app", WRONG), failed="auth.wrong-password"
)
TABLE.text("K61", "wrong password at a set", lambda lab: lab.login_set.uri("app", WRONG), failed="auth.wrong-password")
TABLE.text(
    "K62",
    "unknown user at a set",
    lambda lab: lab.login_set.uri("nobody", WRONG, path="appdb"),
    failed="auth.unknown-user",
)
TABLE.text("K63", "login required by a set", lambda lab: lab.login_set.uri(), failed="auth.credentials-missing")
TABLE.text(
    "K64",
    "client address restriction, which looks like a wrong password",
    lambda lab: lab.login_server.uri(lab.user("elsewhere")),
    failed="auth.wrong-password",
)
