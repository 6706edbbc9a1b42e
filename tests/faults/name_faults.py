"""Names that stand for other names (CNAME), and names behind which several servers stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from bson import Int64, ObjectId

from faults.dns_faults import ADDRESS, MEMBER, NAME, SRV
from faults.fault import Case, Table
from faults.laboratory import Laboratory
from lab.certificates import server_context
from lab.dns_server import NXDOMAIN, Zone, cluster
from lab.mongo_peer import CLOSE, Answer, Command, MongoPeer, hello, member_hello
from lab.namespaces import OUTSIDE, Network

TABLE = Table()
HOST, PORT = "db.lab.test", 27017
_PLAIN = f"mongodb://{HOST}/"
_RECORD, _REAL, _GONE = f"_mongodb._tcp.{NAME}", "real.lab.test", "gone.lab.test"


# ---------------------------------------------------------------- names that stand for others


def _names(id: str, title: str, zone: Zone, text: str, **expected: object) -> None:
    """A healthy server outside, and a name server that knows ``zone``."""

    @TABLE.row(id, title, netns=True, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network, MongoPeer(listener=network.listen(PORT)):
            network.dns_server(zone)
            yield Case(text, network)


_ALIAS: Zone = {(_RECORD, "CNAME"): f"_mongodb._tcp.{_REAL}.", **ADDRESS}
_names("I01", "an SRV record by an alias: healthy", {**cluster(_REAL, {MEMBER: PORT}), **_ALIAS}, SRV, connected=())
_names(
    "I02",
    "a TXT record by an alias",
    {**cluster(_REAL, {MEMBER: PORT}, txt="replicaSet=rsX"), **_ALIAS, (NAME, "CNAME"): f"{_REAL}."},
    SRV,
    failed="dns.txt-wrong-set",
)
_names(
    "I03",
    "an alias of a cluster's name alone",
    {**cluster(_REAL, {MEMBER: PORT}), **ADDRESS, (NAME, "CNAME"): f"{_REAL}."},
    SRV,
    failed="dns.srv-not-found",
    says=f"Write mongodb+srv://{_REAL}",
)
_names(
    "I04",
    "an alias of a host that is gone",
    {(HOST, "CNAME"): f"{_GONE}.", (_GONE, "*"): NXDOMAIN},
    _PLAIN,
    failed="dns.host-not-found",
    says=f"alias (CNAME) of {_GONE}",
)
_names(
    "I05",
    "an SRV record's alias of a cluster that is gone",
    {(_RECORD, "CNAME"): f"_mongodb._tcp.{_GONE}.", (f"_mongodb._tcp.{_GONE}", "*"): NXDOMAIN},
    SRV,
    failed="dns.srv-not-found",
    says=_GONE,
)
_names(
    "I06",
    "an SRV record's host is an alias: healthy",
    {**cluster(NAME, {MEMBER: PORT}), (MEMBER, "CNAME"): "n7.lab.test.", ("n7.lab.test", "A"): OUTSIDE},
    SRV,
    connected=(),
)
_names(
    "I07",
    "an alias that leads round in a circle",
    {(HOST, "CNAME"): "b.lab.test.", ("b.lab.test", "CNAME"): f"{HOST}."},
    _PLAIN,
    failed="dns.host-not-found",
    says="circle",
)
_names(
    "I08",
    "the same for a cluster",
    {(_RECORD, "CNAME"): "x.lab.test.", ("x.lab.test", "CNAME"): f"{_RECORD}."},
    SRV,
    failed="dns.srv-not-found",
    says="circle",
)
_names(
    "I09",
    "the TXT record's alias leads to nothing: healthy",
    {(_RECORD, "SRV"): f"0 0 {PORT} {MEMBER}.", **ADDRESS, (NAME, "CNAME"): f"{_GONE}.", (_GONE, "*"): NXDOMAIN},
    SRV,
    connected=(),
)


@TABLE.row(
    "I10",
    "a host whose certificate has the name behind its alias",
    failed="tls.name-mismatch",
    netns=True,
    says="CNAME",
)
def _(lab: Laboratory) -> Iterator[Case]:
    context = server_context(lab.authority.server("n7.real.test"))
    with Network() as network, MongoPeer(listener=network.listen(PORT), tls=context):
        network.dns_server({(HOST, "CNAME"): "n7.real.test.", ("n7.real.test", "A"): OUTSIDE})
        yield Case(f"{_PLAIN}?tls=true&tlsCAFile={lab.authority.ca_file}", network)


@TABLE.row("I11", "a certificate's name with a port", failed="tls.name-mismatch", netns=True, says="has no port")
def _(lab: Laboratory) -> Iterator[Case]:
    context = server_context(lab.authority.server(f"{HOST}:{PORT}"))
    with Network() as network, MongoPeer(listener=network.listen(PORT), tls=context):
        network.dns_server({(HOST, "A"): OUTSIDE})
        yield Case(f"{_PLAIN}?tls=true&tlsCAFile={lab.authority.ca_file}", network)


def _completed(id: str, title: str, zone: Zone, search: str, says: str) -> None:
    """A search domain in which every name leads to an address where nothing answers."""

    @TABLE.row(id, title, failed="tcp.no-answer", netns=True, silent=True, says=says)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network(search=search) as network, MongoPeer(listener=network.listen(PORT)):
            network.dns_server({(f"{HOST}.corp.test", "A"): "203.0.113.80", **zone})
            yield Case(_PLAIN, network)


_completed("I12", "a search domain takes a name that is gone", {(HOST, "*"): NXDOMAIN}, "corp.test", "does not exist")
_completed(
    "I13", "a search domain comes before the name", {(HOST, "A"): OUTSIDE}, "corp.test\noptions ndots:5", "leads to 10"
)


# ---------------------------------------------------------------- several servers behind one name

_SECOND = "10.79.0.53"
_BOTH: Zone = {(HOST, "A"): [OUTSIDE, _SECOND]}


def _at_two(id: str, title: str, answers: Sequence[Answer], text: str = _PLAIN, **expected: object) -> None:
    """Two addresses of one name, and what answers hello at each."""

    @TABLE.row(id, title, netns=True, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network, MongoPeer({"hello": answers[0]}, listener=network.listen(PORT)):
            network.outside_address(_SECOND)
            network.dns_server(_BOTH)
            with MongoPeer({"hello": answers[1]}, listener=network.listen(PORT, _SECOND)):
                yield Case(text, network)


_SEVERAL = "topology.several-servers"
_PAIR = [f"{OUTSIDE}:{PORT}", f"{_SECOND}:{PORT}"]
_MEMBERS = (
    member_hello("rs0", _PAIR, me=_PAIR[0], primary=_PAIR[1]),
    member_hello("rs0", _PAIR, me=_PAIR[1], role="primary"),
)
_STRAY = member_hello("rs9", [f"{HOST}:{PORT}"], me=f"{HOST}:{PORT}", role="primary")
_ALONE = f"{_PLAIN}?directConnection=true"
_at_two(
    "I20", "a single server and a set's primary", (hello(), _STRAY), connected=_SEVERAL, says="a single server; 10."
)
_at_two("I21", "two members, of which one is asked", _MEMBERS, _ALONE, connected=_SEVERAL, says="(primary)")
_at_two("I22", "two members of the set that is asked for: healthy", _MEMBERS, f"{_PLAIN}?replicaSet=rs0", connected=())
_at_two("I23", "a server, and one that hangs up", (hello(), CLOSE), connected=_SEVERAL, says="ends the connection")
_at_two("I24", "a server, and one that is too old", (hello(), hello(maxWireVersion=8)), connected=_SEVERAL)


def _process(number: int) -> dict[str, Any]:
    return {"topologyVersion": {"processId": ObjectId(f"{number:024x}"), "counter": Int64(0)}}


_ONE = hello(**_process(1))
_at_two("I25", "two ways to one server: healthy", (_ONE, _ONE), connected=())
_at_two("I26", "two single servers", (_ONE, hello(**_process(2))), connected=_SEVERAL)


@TABLE.row(
    "I27",
    "an old certificate at one of two addresses",
    failed="tls.certificate-expired",
    connected=_SEVERAL,
    says="10.79.0.53 is a single server",
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    old, new = (server_context(lab.authority.server(HOST, ends=timedelta(days=days))) for days in (-3, 300))
    with Network() as network, MongoPeer(listener=network.listen(PORT), tls=old):
        network.outside_address(_SECOND)
        network.dns_server(_BOTH)
        with MongoPeer(listener=network.listen(PORT, _SECOND), tls=new):
            yield Case(f"{_PLAIN}?tls=true&tlsCAFile={lab.authority.ca_file}", network)


# ---------------------------------------------------------------- several servers behind one address


class _Spread(MongoPeer):
    """A balancer that leads the driver's connections to one server, and others to another."""

    def __init__(self, one: Answer, two: Answer) -> None:
        super().__init__({"hello": lambda command: one if _is_driver(command) else two})


def _is_driver(command: Command) -> bool:
    name = command.document.get("client", {}).get("driver", {}).get("name", "PyMongo")  # later hellos do not say it
    return str(name).startswith("PyMongo")


def _spread(id: str, title: str, sets: tuple[str, str], query: str = "", **expected: object) -> None:
    @TABLE.row(id, title, says="and another by", **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        one, two = (member_hello(name, [], me="", role="primary") for name in sets)
        with _Spread(one, two) as peer:
            for answer in (one, two):
                answer.update(hosts=[peer.address], me=peer.address, primary=peer.address)
            yield Case(f"mongodb://{peer.address}/{query}")


_spread("I30", "two sets", ("rs0", "rs9"), connected=_SEVERAL)
_spread("I31", "two sets, of which one is asked for", ("rs9", "rs0"), "?replicaSet=rs0", failed=_SEVERAL)
