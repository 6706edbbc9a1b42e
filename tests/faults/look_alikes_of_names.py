"""Look-alikes among names, name servers and SRV records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from faults.dns_faults import ADDRESS, MEMBER, NAME, SRV
from faults.fault import Case, Table
from faults.laboratory import SECRET, Laboratory
from lab.dns_server import NODATA, NXDOMAIN, REFUSED, SERVFAIL, Zone, cluster
from lab.mongo_peer import MongoPeer
from lab.namespaces import OUTSIDE, Network

TABLE = Table()
HOST, PORT = "db.lab.test", 27017
_PLAIN = f"mongodb://{HOST}:{PORT}/"
_PUBLIC = "203.0.113.5"


def _names(
    id: str, title: str, zone: Zone, uri: str, *causes: str, settings: dict[str, Any] | None = None, **more: object
) -> None:  # type: ignore[type-arg]
    """A row about names: a healthy server stands at the outside's port 27017."""

    @TABLE.row(id, title, failed=causes, netns=True, **more)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network(**(settings or {})) as network, MongoPeer(listener=network.listen(PORT)):
            network.dns_server(zone)
            yield Case(uri, network)


_ONE = cluster(NAME, {MEMBER: PORT}) | ADDRESS
_names("M70", "final dot behind the cluster name", _ONE, f"mongodb+srv://{NAME}./?tls=false", "uri.srv-form")
_names(
    "M71",
    "srvServiceName that DNS does not have",
    _ONE,
    f"{SRV}&srvServiceName=mongo",
    "dns.srv-not-found",
    "dns.no-srv-record",
)
_names("M72", "SRV port 0", cluster(NAME, {MEMBER: 0}) | ADDRESS, SRV, "dns.srv-port-zero")
_names("M73", "SRV port of nobody", cluster(NAME, {MEMBER: 27018}) | ADDRESS, SRV, "tcp.refused")
_names(
    "M74",
    "SRV target with IPv6 only, no IPv6 here",
    cluster(NAME, {MEMBER: PORT}) | {(MEMBER, "AAAA"): "2001:db8::15"},
    SRV,
    "tcp.no-ipv6",
)
_names(
    "M75",
    "hosts file sends the name to ::1",
    {(HOST, "A"): OUTSIDE},
    _PLAIN,
    "dns.hosts-file-override",
    settings={"hosts": {HOST: "::1"}},
)
_names(
    "M76",
    "short name with a search domain: healthy",
    {(HOST, "A"): OUTSIDE},
    "mongodb://db/",
    settings={"search": "lab.test"},
    connected=(),
)
_names(
    "M77",
    "short name that the search domain lacks",
    {},
    "mongodb://db/",
    "dns.short-name",
    "dns.host-not-found",
    settings={"search": "lab.test"},
)
_names("M78", "DNS sends the name to 0.0.0.0", {(HOST, "A"): "0.0.0.0"}, _PLAIN, "tcp.unusable-address")
_names("M79", "DNS sends the name to 127.0.0.1", {(HOST, "A"): "127.0.0.1"}, _PLAIN, "tcp.refused")
_names(
    "M80",
    "no A, and an AAAA that is silent",
    {(HOST, "A"): NODATA, (HOST, "AAAA"): "2001:db8::15"},
    _PLAIN,
    "tcp.no-answer",
    settings={"ipv6": True},
    silent=True,
)
_names("M81", "no address at all", {(HOST, "A"): NODATA, (HOST, "AAAA"): NODATA}, _PLAIN, "dns.host-not-found")
_names(
    "M82",
    "resolver refuses everything",
    {("*", "*"): REFUSED},
    _PLAIN,
    "dns.refused",
)
_names(
    "M83",
    "mongodb:// for a cluster name",
    _ONE,
    f"mongodb://{NAME}/",
    "dns.host-not-found",
    "dns.target-has-no-address",
)
_names(
    "M84",
    "target equal to a name of two parts",
    cluster("lab.test", {"lab.test": PORT}) | {("lab.test", "A"): OUTSIDE},
    "mongodb+srv://lab.test/?tls=false",
    "dns.srv-target-refused",
)
_names(
    "M85",
    "TXT for mail",
    cluster(NAME, {MEMBER: PORT}, txt="v=spf1 -all") | ADDRESS,
    SRV,
    "dns.txt-invalid",
)
_names(
    "M86",
    "TXT turns load balancing on",
    cluster(NAME, {MEMBER: PORT}, txt="loadBalanced=true") | ADDRESS,
    SRV,
    "topology.load-balanced-mismatch",
)
_names(
    "M87",
    "the record's own name pasted",
    _ONE,
    f"mongodb+srv://_mongodb._tcp.{NAME}/?tls=false",
    "uri.srv-form",
)
_names(
    "M88",
    "target looks alike but is another domain",
    cluster(NAME, {"m1.evillab.test": PORT}),
    SRV,
    "dns.srv-target-refused",
)
_names(
    "M89",
    "replicaSet in the text against TXT",
    cluster(NAME, {MEMBER: PORT}, txt="replicaSet=rs0") | ADDRESS,
    f"{SRV}&replicaSet=rs1",
    "topology.not-a-replica-set",
)
_names(
    "M90",
    "srvMaxHosts=1 of two: healthy",
    cluster(NAME, {MEMBER: PORT, "m2.lab.test": PORT}) | ADDRESS | {("m2.lab.test", "A"): OUTSIDE},
    f"{SRV}&srvMaxHosts=1",
    connected=(),
)


@TABLE.row("M91", "TXT names the wrong authSource", failed="auth.wrong-authsource", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.publish(lab.login_server.address, host=OUTSIDE)
        network.dns_server(cluster(NAME, {MEMBER: lab.login_server.server.port}, txt="authSource=appdb") | ADDRESS)
        yield Case(f"mongodb+srv://app:{SECRET}@{NAME}/?tls=false", network)


@TABLE.row("M92", "first name server says NXDOMAIN, plain host", failed="dns.host-not-found", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(nameservers=(OUTSIDE, "10.8.0.53")) as network, MongoPeer(listener=network.listen(PORT)):
        network.outside_address("10.8.0.53")
        network.dns_server({}, default=NXDOMAIN)
        network.dns_server({(HOST, "A"): OUTSIDE}, host="10.8.0.53")
        yield Case(_PLAIN, network)


@TABLE.row(
    "M93",
    "DNS forbidden by a filter here",
    failed=("dns.resolver-silent", "dns.resolver-not-running"),
    silent=True,
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server({(HOST, "A"): OUTSIDE})
        network.drop(host=OUTSIDE, port=53, here=True, udp=True)
        network.drop(host=OUTSIDE, port=53, here=True)
        yield Case(_PLAIN, network)


_PRIVATE = {f"m{n}.lab.test": f"10.8.0.{n}" for n in (1, 2, 3)}
_names(
    "M183",
    "no VPN: three silent private addresses",
    cluster(NAME, dict.fromkeys(_PRIVATE, PORT)) | {(name, "A"): ip for name, ip in _PRIVATE.items()},
    SRV,
    "tcp.private-address",
    silent=True,
)
_names(
    "M184",
    "two addresses, one of them dead",
    {(HOST, "A"): ["10.8.0.9", OUTSIDE]},
    _PLAIN,
    connected="tcp.address-dead",
    silent=True,
)
_names(
    "M185",
    "one of three SRV targets in another domain",
    cluster(NAME, {MEMBER: PORT, "m2.elsewhere.test": PORT}) | ADDRESS,
    SRV,
    "dns.srv-target-refused",
)
_names("M186", "cluster name in capitals: healthy", _ONE, "mongodb+srv://C0.LAB.TEST/?tls=false", connected=())
_names(
    "M187",
    "quotation marks in the TXT record",
    cluster(NAME, {MEMBER: PORT}, txt="'replicaSet=rs0'") | ADDRESS,
    SRV,
    "dns.txt-invalid",
    connected="dns.txt-invalid",
)
_names(
    "M188", "TXT ends with &", cluster(NAME, {MEMBER: PORT}, txt="authSource=admin&") | ADDRESS, SRV, "dns.txt-invalid"
)
_names(
    "M189", "IPv6 address, no IPv6 here", {}, "mongodb://[2001:db8::5]:27017/", "tcp.no-ipv6", "tcp.network-unreachable"
)
_names(
    "M190",
    "link-local address",
    {},
    "mongodb://169.254.7.7:27017/",
    "tcp.private-address",
    "tcp.no-answer",
    "tcp.host-down-nearby",
    silent=True,
)
_names(
    "M191",
    "a name's address is silent, another port lives",
    {(HOST, "A"): _PUBLIC},
    _PLAIN,
    "tcp.no-answer",
    silent=True,
)
_names("M235", "SRV record of the plain name asked with http", _ONE, f"mongodb+srv://https://{NAME}/", "uri.nested-url")
_names(
    "M236", "a member's name instead of the cluster's", _ONE, f"mongodb+srv://{MEMBER}/?tls=false", "dns.no-srv-record"
)
_names(
    "M237",
    "underscore in the host name: healthy",
    {("my_db.lab.test", "A"): OUTSIDE},
    "mongodb://my_db.lab.test/",
    connected=(),
)
_names("M238", "SERVFAIL for TXT", {**_ONE, (NAME, "TXT"): SERVFAIL}, SRV, "dns.txt-blocked", "dns.servfail")
_names(
    "M239",
    "NXDOMAIN for everything but the control name",
    {("*.invalid", "A"): "203.0.113.9"},
    _PLAIN,
    "dns.host-not-found",
    "dns.captive-portal",
)
