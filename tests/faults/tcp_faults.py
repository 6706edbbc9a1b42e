"""Faults of the way to the server, and of what answers there."""

from __future__ import annotations

from collections.abc import Iterator

from faults.fault import Case, Table
from faults.laboratory import Laboratory
from lab import peers
from lab.certificates import server_context
from lab.long_line import Line
from lab.mongo_peer import MongoPeer
from lab.namespaces import DEAD_NEIGHBOUR, INSIDE, OUTSIDE, Network, Rejection
from lab.peer import Peer
from lab.relay import Relay

TABLE = Table()
TABLE.text("T00", "healthy plain server", lambda lab: lab.standalone.uri(), connected=())
FAR = "203.0.113.5"
"""A public address; what is sent there is swallowed unless it is given to the outside."""


@TABLE.row("T01", "nothing listens on the port", failed="tcp.refused")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port() as port:
        yield Case(f"mongodb://127.0.0.1:{port}/")


@TABLE.row("T02", "packets dropped", failed=("tcp.no-answer", "tcp.local-firewall"), silent=True, netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(27017)):
        network.drop(host=OUTSIDE, port=27017)
        yield Case(f"mongodb://{OUTSIDE}:27017/", network)


def _peer(id: str, title: str, make: object, *causes: str, query: str = "", **expected: object) -> None:
    @TABLE.row(id, title, failed=causes, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        peer: Peer = make()  # type: ignore[operator]
        with peer:
            yield Case(f"mongodb://{peer.address}/{query}")


_peer("T03", "reset right after the connection opens", peers.resetting, "tcp.reset-on-connect")
_peer(
    "T03b",
    "closed right after the connection opens",
    peers.closing,
    "tcp.closed-on-connect",
    "pool.connection-limit",
)
_peer("T03c", "reset after the first bytes", peers.reset_after_data, "tcp.reset-after-data")
_peer("T03d", "closed after the first bytes", peers.close_after_data, "tcp.closed-after-data")
_peer("T04", "accepts, then silence", peers.silent, "hello.no-answer", silent=True)
_peer(
    "T04b",
    "accepts, then silence, with TLS",
    peers.silent,
    "tls.no-answer",
    "hello.no-answer",
    query="?tls=true",
    silent=True,
)
_peer("T05", "web server", peers.http_server, "hello.http-server")
_peer("T05c", "SSH server", peers.ssh_server, "hello.other-service")
TABLE.text(
    "T06",
    "TLS-only server, address without TLS",
    lambda lab: f"mongodb://{lab.tls_server.address}/",
    failed="tls.required",
)
TABLE.text(
    "T06b",
    "plain server, address with TLS",
    lambda lab: f"mongodb://{lab.standalone.address}/?tls=true",
    failed="tls.not-offered",
)


@TABLE.row("T06c", "TLS works, then the server closes", failed="tls.closed-after-handshake")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closing(tls=server_context(lab.authority.server())) as peer:
        yield Case(f"mongodb://{peer.address}/?tls=true&tlsCAFile={lab.authority.ca_file}")


_peer(
    "T06d",
    "TLS alert 80 from a host that is not Atlas",
    lambda: peers.tls_alert(80),
    "tls.internal-error-alert",
    "tcp.atlas-access-list",
    query="?tls=true",
)


@TABLE.row("T08", "round trip 400 ms", connected="tcp.high-latency", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Relay(lab.standalone.address, delay_s=0.2) as relay:
        yield Case(f"mongodb://{relay.address}/")


@TABLE.row(
    "T08b",
    "answers take 6 s",
    failed="tcp.too-slow",
    connected=("tcp.high-latency", "tcp.too-slow"),
    silent=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Relay(lab.standalone.address, delay_s=3) as relay:
        yield Case(f"mongodb://{relay.address}/")


@TABLE.row(
    "T08c",
    "300 bytes per second",
    failed=("tcp.low-bandwidth", "tcp.too-slow"),
    connected=("tcp.low-bandwidth", "tcp.high-latency"),
    silent=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Relay(lab.standalone.address, bytes_per_second=300) as relay:
        yield Case(f"mongodb://{relay.address}/")


@TABLE.row(
    "T08f",
    "long line, 20 % loss",
    failed="tcp.packet-loss",
    connected=("tcp.packet-loss", "tcp.high-latency"),
    silent=True,
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(line=Line(delay_s=0.05, loss=0.2, seed=5)) as network:
        network.publish(lab.standalone.address, host=OUTSIDE)
        yield Case(f"mongodb://{OUTSIDE}:{lab.standalone.server.port}/", network)


def _rejected(id: str, title: str, kind: Rejection, *causes: str) -> None:
    @TABLE.row(id, title, failed=causes, netns=True)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network:
            network.reject(kind, host=FAR)
            yield Case(f"mongodb://{FAR}:27017/", network)


_rejected("T09", "ICMP host unreachable", "host-unreachable", "tcp.host-unreachable")
_rejected(
    "T09b",
    "ICMP administratively prohibited",
    "admin-prohibited",
    "tcp.admin-prohibited",
    "tcp.host-unreachable",
)
_rejected("T09d", "ICMP network unreachable", "net-unreachable", "tcp.network-unreachable")


@TABLE.row("T09c", "local firewall answers with a reset", failed=("tcp.local-firewall", "tcp.refused"), netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(27017)):
        network.reject("tcp reset", host=OUTSIDE, port=27017, here=True)
        yield Case(f"mongodb://{OUTSIDE}:27017/", network)


@TABLE.row("T09e", "route of type prohibit", failed="tcp.blocked-by-policy", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.route("prohibit", FAR)
        yield Case(f"mongodb://{FAR}:27017/", network)


@TABLE.row("T09h", "dead host in the own subnet", failed="tcp.host-down-nearby", silent=True, netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        yield Case(f"mongodb://{DEAD_NEIGHBOUR}:27017/", network)


@TABLE.row("T11", "accept queue full", failed=("tcp.accept-queue-full", "tcp.no-answer"), silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.FullAcceptQueue() as queue:
        yield Case(f"mongodb://{queue.address}/")


@TABLE.row("T12", "large packets lost, TLS", failed="tcp.large-packets-lost", silent=True, netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.publish(lab.tls_server.address, host=OUTSIDE)
        network.drop_larger_than(600)
        uri = f"mongodb://{OUTSIDE}:{lab.tls_server.server.port}/?tls=true&tlsCAFile={lab.authority.ca_file}"
        yield Case(uri, network)


@TABLE.row("T17", "mongod bound to 127.0.0.1, reached by another local address", failed="tcp.bind-address", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.publish(lab.standalone.address)
        yield Case(f"mongodb://{INSIDE}:{lab.standalone.server.port}/", network)
