"""Faults of the deployment: what the servers say about each other, and who of them can be reached."""

from __future__ import annotations

from collections.abc import Iterator

from faults.fault import Case, Table
from faults.laboratory import Laboratory
from lab import deployments, peers
from lab.deployment import Deployment
from lab.mongo_peer import Failure, MongoPeer, hello, member_hello, mongos_hello
from lab.namespaces import OUTSIDE, Network

TABLE = Table()


def _direct(deployment: Deployment, role: str) -> str:
    return f"mongodb://{deployment.member(role).address}/?directConnection=true"


TABLE.text(
    "P00", "healthy set, one seed", lambda lab: f"mongodb://{lab.diverse_set.address}/?replicaSet=rs5", connected=()
)
TABLE.text(
    "P01",
    "wrong replicaSet name",
    lambda lab: lab.replica_set.uri(replicaSet="wrong"),
    failed="topology.wrong-set-name",
)
TABLE.text(
    "P02",
    "replicaSet given, server is a standalone",
    lambda lab: lab.standalone.uri(replicaSet="rs0"),
    failed="topology.not-a-replica-set",
)


@TABLE.row("P02c", "a standalone and a dead host in the list", failed="topology.standalone-in-list")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port() as port:
        yield Case(f"mongodb://{lab.standalone.address},127.0.0.1:{port}/")


TABLE.text(
    "P05",
    "directConnection to a secondary",
    lambda lab: _direct(lab.replica_set, "secondary"),
    connected="topology.direct-to-secondary",
)
TABLE.text(
    "P06", "directConnection to an arbiter", lambda lab: _direct(lab.diverse_set, "arbiter"), failed="topology.arbiter"
)
TABLE.text(
    "P07",
    "seed is a hidden member",
    lambda lab: f"mongodb://{lab.diverse_set.member('hidden').address}/?replicaSet=rs5",
    connected="topology.hidden-member",
)
TABLE.text(
    "P09",
    "no member has the tags",
    lambda lab: lab.diverse_set.uri(readPreference="secondary") + "&readPreferenceTags=dc:mars",
    failed="topology.no-tag-match",
)
TABLE.text(
    "P11",
    "never initiated",
    lambda lab: f"mongodb://{lab.uninitiated.address}/?replicaSet=rs0",
    failed="topology.not-initiated",
)


def _peer(id: str, title: str, answers: dict, *causes: str, query: str = "") -> None:  # type: ignore[type-arg]
    @TABLE.row(id, title, failed=causes)
    def _(lab: Laboratory) -> Iterator[Case]:
        with MongoPeer(answers) as peer:
            yield Case(f"mongodb://{peer.address}/{query}")


@TABLE.row("P11e", "member starting up", failed="topology.recovering")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer() as peer:
        peer.answers["hello"] = member_hello("rs0", [peer.address], me=peer.address, role="starting")
        yield Case(f"mongodb://{peer.address}/?replicaSet=rs0")


_old = {"version": "4.2.24", "versionArray": [4, 2, 24, 0], "modules": [], "bits": 64}
_peer("P12", "MongoDB 4.2", {"hello": hello(maxWireVersion=8), "buildInfo": _old}, "hello.too-old")
_peer("P12c", "server too new", {"hello": hello(minWireVersion=40, maxWireVersion=45)}, "hello.too-new")
TABLE.text(
    "P13",
    "loadBalanced at a plain server",
    lambda lab: lab.standalone.uri(loadBalanced="true"),
    failed="topology.load-balanced-mismatch",
)
TABLE.text(
    "P14",
    "seeds of two sets",
    lambda lab: f"mongodb://{lab.replica_set.address},{lab.other_set.address}/",
    connected="topology.mixed-sets",
)
_version_demanded = Failure(
    498870, "The apiVersion parameter is required, please configure your MongoClient's API version"
)
_peer("P21", "server demands a Stable API version", {"*": _version_demanded}, "hello.api-version-required")
_no_host = Failure(
    133,
    'Could not find host matching read preference { mode: "primary" } for set shard-east',
    "FailedToSatisfyReadPreference",
)
_peer(
    "P22", "router whose shard has no primary", {"hello": mongos_hello(), "find": _no_host}, "topology.shard-no-primary"
)


# Alone it cannot be told from a member that its set knows under another name.
@TABLE.row("X67", "removed member, directConnection", failed="topology.removed-member")
def _(lab: Laboratory) -> Iterator[Case]:
    pair = (deployments.Member(priority=2), deployments.Member(priority=0, votes=0))
    with deployments.replica_set(*pair, name="rsR") as deployment:
        removed = deployment.servers[1]
        deployments.remove_member(deployment, removed)
        yield Case(f"mongodb://{removed.address}/?directConnection=true")


def _majority_down(id: str, title: str, query: str, **expected: object) -> None:
    @TABLE.row(id, title, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        with deployments.replica_set(name="rsD") as deployment:
            uri = deployment.uri() + query
            deployment.servers[0].kill()
            deployment.servers[1].kill()
            deployment.wait_until(deployment.servers[2], lambda hello: not hello.get("primary"))
            yield Case(uri)


_majority_down("P03", "no primary: a majority is down", "", failed="topology.no-primary")
_majority_down(
    "P03c", "no primary, secondaryPreferred", "&readPreference=secondaryPreferred", connected="topology.no-primary"
)


def _advertised(id: str, title: str, *hosts: str, cause: str, **expected: object) -> None:
    """A set whose seed can be reached, and whose members hand out other addresses."""

    @TABLE.row(id, title, failed=cause, netns=True, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network, MongoPeer(listener=network.listen(27017)) as peer:
            network.dns_server()
            peer.answers["hello"] = member_hello("rs0", list(hosts), me=hosts[0], role="primary")
            yield Case(f"mongodb://{OUTSIDE}:27017/?replicaSet=rs0", network)


_advertised("P04", "members have container names", "mongo1:27017", "mongo2:27017", cause="topology.internal-names")
_advertised("P04b", "members advertise 127.0.0.1", "127.0.0.1:27017", cause="topology.loopback-names")
_advertised(
    "P04c",
    "members advertise a private address that is silent",
    "172.30.0.9:27017",
    cause="topology.internal-addresses",
    silent=True,
)


def _cut_off(id: str, title: str, unreachable: str, query: str = "", **expected: object) -> None:
    """A healthy set of three whose primary, or secondaries, this computer cannot reach."""

    @TABLE.row(id, title, silent=True, netns=True, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        deployment = lab.replica_set
        primary = deployment.member("primary")
        others = [server for server in deployment.servers if server is not primary]
        lost = {"primary": [primary], "one secondary": others[:1], "all but one": [primary, others[0]]}[unreachable]
        with Network() as network:
            for server in deployment.servers:
                network.publish(server.address)
            for server in lost:
                network.drop(port=server.port)
            yield Case(deployment.uri() + query, network)


_cut_off("P17", "primary alive but unreachable from here", "primary", failed="topology.primary-unreachable")
_cut_off("P17b", "one secondary unreachable from here", "one secondary", connected="topology.member-unreachable")
_cut_off(
    "P24b",
    "only one secondary reachable, secondaryPreferred",
    "all but one",
    "&readPreference=secondaryPreferred",
    connected=("topology.primary-unreachable", "topology.member-unreachable"),
)


@TABLE.row("P23", "one member has no DNS entry here", connected="topology.member-unresolvable", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(27017)) as peer:
        network.dns_server()
        hosts = [f"{OUTSIDE}:27017", "gone.lab.test:27017"]
        peer.answers["hello"] = member_hello("rs0", hosts, me=hosts[0], role="primary")
        yield Case(f"mongodb://{OUTSIDE}:27017/?replicaSet=rs0", network)
