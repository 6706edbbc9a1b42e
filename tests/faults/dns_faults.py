"""Faults of names: each in a network of its own, with a real DNS server that the system's resolver asks too."""

from __future__ import annotations

from collections.abc import Iterator

from faults.fault import Case, Table
from faults.laboratory import Laboratory
from lab import peers
from lab.dns_server import NXDOMAIN, REFUSED, SERVFAIL, SILENT, Delayed, Truncated, cluster
from lab.mongo_peer import MongoPeer
from lab.namespaces import OUTSIDE, Network

TABLE = Table()
NAME, MEMBER = "c0.lab.test", "m1.lab.test"
SRV = f"mongodb+srv://{NAME}/?tls=false"
ADDRESS = {(MEMBER, "A"): OUTSIDE}


def _cluster(lab: Laboratory, target: str = MEMBER, txt: str | list[str] | None = None) -> dict:  # type: ignore[type-arg]
    return cluster(NAME, {target: lab.standalone.server.port}, txt=txt)


def _publish(network: Network, lab: Laboratory) -> None:
    """The shared server, reachable from inside by the outside's address, at the same port."""
    network.publish(lab.standalone.address, host=OUTSIDE)


@TABLE.row("D00", "healthy SRV cluster", connected=(), netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        _publish(network, lab)
        network.dns_server(_cluster(lab) | ADDRESS)
        yield Case(SRV, network)


@TABLE.row("D01", "cluster name does not exist", failed="dns.srv-not-found", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server()
        yield Case(SRV, network)


@TABLE.row("D02", "ordinary host, SRV NXDOMAIN", failed="dns.no-srv-record", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server({(NAME, "A"): OUTSIDE})
        yield Case(SRV, network)


@TABLE.row("D03", "resolver refuses SRV and TXT", failed="dns.srv-blocked", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server({("*", "SRV"): REFUSED, ("*", "TXT"): REFUSED, (NAME, "A"): OUTSIDE} | ADDRESS)
        yield Case(SRV, network)


@TABLE.row("D03b", "SERVFAIL for SRV", failed="dns.servfail", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server({("*", "SRV"): SERVFAIL} | ADDRESS)
        yield Case(SRV, network)


@TABLE.row("D04", "resolver silent", failed="dns.resolver-silent", silent=True, netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server({("*", "*"): SILENT})
        yield Case(SRV, network)


@TABLE.row(
    "D04b", "resolver port closed", failed=("dns.resolver-not-running", "dns.resolver-silent"), silent=True, netns=True
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        yield Case(SRV, network)


@TABLE.row("D04d", "no name server configured", failed="dns.no-resolver", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(nameservers=()) as network:
        yield Case(SRV, network)


@TABLE.row(
    "D04e",
    "first name server dead, second healthy",
    failed="dns.first-resolver-dead",
    connected="dns.first-resolver-dead",
    silent=True,
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(nameservers=("10.8.0.53", OUTSIDE)) as network:
        _publish(network, lab)
        network.dns_server(_cluster(lab) | ADDRESS)
        yield Case(SRV, network)


@TABLE.row("D05", "SRV target outside the domain", failed="dns.srv-target-refused", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        _publish(network, lab)
        network.dns_server(_cluster(lab, "m1.other.test") | {("m1.other.test", "A"): OUTSIDE})
        yield Case(SRV, network)


@TABLE.row("D06", "TXT sets ssl", failed="dns.txt-invalid", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        _publish(network, lab)
        network.dns_server(_cluster(lab, txt="authSource=admin&ssl=false") | ADDRESS)
        yield Case(SRV, network)


@TABLE.row("D07", "two TXT records", failed="dns.txt-invalid", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        _publish(network, lab)
        network.dns_server(_cluster(lab, txt=["authSource=admin", "replicaSet=rs0"]) | ADDRESS)
        yield Case(SRV, network)


@TABLE.row("D08", "TXT dropped, SRV fine", failed="dns.txt-blocked", silent=True, netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        _publish(network, lab)
        network.dns_server(_cluster(lab) | ADDRESS | {(NAME, "TXT"): SILENT})
        yield Case(SRV, network)


@TABLE.row(
    "D08c",
    "TXT names a replica set that does not exist",
    failed=("dns.txt-wrong-set", "topology.not-a-replica-set"),
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        _publish(network, lab)
        network.dns_server(_cluster(lab, txt="replicaSet=rsX") | ADDRESS)
        yield Case(SRV, network)


@TABLE.row(
    "D09",
    "two seeds: a standalone and a name that does not exist",
    failed=("topology.standalone-in-list", "dns.host-not-found"),
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        _publish(network, lab)
        network.dns_server()
        yield Case(f"mongodb://{OUTSIDE}:{lab.standalone.server.port},nosuch.lab.test:27017/", network)


@TABLE.row("D09b", "host does not exist", failed="dns.host-not-found", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server()
        yield Case("mongodb://nosuch.lab.test:27017/", network)


@TABLE.row(
    "D10",
    "private address that does not answer",
    failed=("tcp.private-address", "tcp.private-endpoint"),
    silent=True,
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server(cluster(NAME, {MEMBER: 27017}) | {(MEMBER, "A"): "10.8.0.15"})
        yield Case(SRV, network)


@TABLE.row("D11", "IPv6-only name, no IPv6 here", failed="tcp.no-ipv6", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server({("v6.lab.test", "AAAA"): "2001:db8::15"})
        yield Case("mongodb://v6.lab.test:27017/", network)


@TABLE.row(
    "D11b",
    "IPv6 silent, IPv4 fine",
    failed="tcp.ipv6-dead",
    connected="tcp.ipv6-dead",
    silent=True,
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(ipv6=True) as network:
        _publish(network, lab)
        network.dns_server({("both.lab.test", "AAAA"): "2001:db8::15", ("both.lab.test", "A"): OUTSIDE})
        yield Case(f"mongodb://both.lab.test:{lab.standalone.server.port}/", network)


@TABLE.row("D12", "every name resolves, a web server answers", failed="dns.captive-portal", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, peers.http_server(listener=network.listen(27017)):
        network.dns_server({("*", "A"): OUTSIDE})
        yield Case("mongodb://db.lab.test:27017/", network)


@TABLE.row("D13", "SRV answer truncated, TCP 53 refused", failed="dns.tcp-blocked", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        _publish(network, lab)
        zone = _cluster(lab) | ADDRESS
        srv = (f"_mongodb._tcp.{NAME}", "SRV")
        network.dns_server(zone | {srv: Truncated(zone[srv])}, tcp=False)
        yield Case(SRV, network)


@TABLE.row("D14b", "DNS answers after 1.2 s", failed="dns.slow", connected="dns.slow", silent=True, netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        _publish(network, lab)
        zone = _cluster(lab) | ADDRESS
        network.dns_server({key: Delayed(1.2, value) for key, value in zone.items()}, default=Delayed(1.2, NXDOMAIN))
        yield Case(SRV, network)


@TABLE.row("D15", "SRV target is a dot", failed="dns.srv-withdrawn", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server(cluster(NAME, {".": 0}))
        yield Case(SRV, network)


@TABLE.row("D16", "SRV target without an address", failed="dns.target-has-no-address", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server(cluster(NAME, {MEMBER: 27017}))
        yield Case(SRV, network)


@TABLE.row("D19", "hosts file overrides DNS", failed="dns.hosts-file-override", silent=True, netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(hosts={"db.lab.test": "10.8.0.15"}) as network, MongoPeer(listener=network.listen_inside(27017)):
        network.dns_server({("db.lab.test", "A"): "127.0.0.1"})
        yield Case("mongodb://db.lab.test:27017/", network)


@TABLE.row("D20", "short name without a search domain", failed="dns.short-name", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server()
        yield Case("mongodb://db1:27017/", network)
