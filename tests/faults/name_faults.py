"""Names that stand for other names (CNAME), and names behind which several servers stand."""

from __future__ import annotations

from collections.abc import Iterator

from faults.dns_faults import ADDRESS, MEMBER, NAME, SRV
from faults.fault import Case, Table
from faults.laboratory import Laboratory
from lab.certificates import server_context
from lab.dns_server import NXDOMAIN, Zone, cluster
from lab.mongo_peer import MongoPeer
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
