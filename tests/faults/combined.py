"""Two layers at once, and servers that are slow where they seem to be silent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from faults.fault import Case, Table
from faults.laboratory import SECRET, Laboratory
from lab import deployments
from lab.certificates import server_context
from lab.deployment import User
from lab.dns_server import Zone, cluster
from lab.mongo_peer import SILENCE, MongoPeer, hello, member_hello
from lab.namespaces import OUTSIDE, Network
from lab.peer import Conversation, Peer
from lab.relay import pass_on

TABLE = Table()


# ---------------------------------------------------------------- slow, and silent


@TABLE.row("B01", "a silent login that rides on hello", failed="auth.no-answer", says="keeps silent", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    """As every login whose mechanism is left to the driver."""
    with MongoPeer({"hello": lambda c: SILENCE if "speculativeAuthenticate" in c.document else hello()}) as peer:
        yield Case(f"mongodb://app:{SECRET}@{peer.address}/")


@TABLE.row("B02", "a login that takes four seconds", connected="tcp.high-latency", says="logs in", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    slow = {"failCommands": ["saslContinue"], "blockConnection": True, "blockTimeMS": 4000, "appName": "Clearline"}
    users = (User("app", password=SECRET),)
    with deployments.with_login("--setParameter", "enableTestCommands=1", users=users) as server:
        with server.client() as client:
            client.admin.command({"configureFailPoint": "failCommand", "mode": "alwaysOn", "data": slow})
        yield Case(server.uri(users[0]))


@TABLE.row("B03", "buildInfo hangs, and the set has another name", failed="topology.wrong-set-name")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"buildInfo": SILENCE}) as peer:
        peer.answers["hello"] = member_hello("rs0", [peer.address], me=peer.address, role="primary")
        yield Case(f"mongodb://{peer.address}/?replicaSet=rsX")


@TABLE.row("B04", "logged in, and a read is cut off", failed="hello.answers-nothing-else", says="a read is cut off")
def _(lab: Laboratory) -> Iterator[Case]:
    with _failing_reads(closeConnection=True) as text:
        yield Case(text)


@TABLE.row("B05", "logged in, and a read hangs", failed="hello.answers-nothing-else", says="a read hangs", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with _failing_reads(blockConnection=True, blockTimeMS=60_000) as text:
        yield Case(text)


@contextlib.contextmanager
def _failing_reads(**how: object) -> Iterator[str]:
    users = (User("app", password=SECRET),)
    with deployments.with_login("--setParameter", "enableTestCommands=1", users=users) as server:
        with server.client() as client:
            data = {"failCommands": ["find"], "appName": "Clearline", **how}
            client.admin.command({"configureFailPoint": "failCommand", "mode": "alwaysOn", "data": data})
        yield server.uri(users[0])


@TABLE.row("B06", "full packets are lost, and short answers come", connected="tcp.large-packets-lost", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.publish(lab.standalone.address, host=OUTSIDE, port=PORT)
        network.drop_larger_than(1000)
        yield Case(f"mongodb://{OUTSIDE}:{PORT}/", network)


@TABLE.row(
    "B08", "packets as long as a driver's hello are lost", failed="tcp.large-packets-lost", netns=True, silent=True
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(PORT)):
        network.drop_larger_than(300, back=False)
        yield Case(f"mongodb://{OUTSIDE}:{PORT}/", network)


@TABLE.row("B07", "the only secondary is down, and one is asked for", failed="tcp.refused", says="readPreference=")
def _(lab: Laboratory) -> Iterator[Case]:
    members = (deployments.Member(priority=2), deployments.Member(), deployments.Member(arbiter=True))
    with deployments.replica_set(*members) as deployment:
        deployment.member("secondary").kill()
        yield Case(deployment.uri(readPreference="secondary"))


# ---------------------------------------------------------------- a name, and what answers there

HOST, PORT = "db.lab.test", 27017
_EXPIRED = timedelta(days=-3)


def _expired(id: str, title: str, zone: Zone, hosts: dict[str, str]) -> None:
    """The right server, whose certificate ran out: no matter how its name is looked up."""

    @TABLE.row(id, title, failed="tls.certificate-expired", netns=True)
    def _(lab: Laboratory) -> Iterator[Case]:
        context = server_context(lab.authority.server(HOST, ends=_EXPIRED))
        with Network(hosts=hosts) as network, MongoPeer(tls=context, listener=network.listen(PORT)):
            network.dns_server(zone)
            yield Case(f"mongodb://{HOST}/?tls=true&tlsCAFile={lab.authority.ca_file}", network)


_expired("B10", "every name leads to the server, whose certificate ran out", {("*", "A"): OUTSIDE}, {})
_expired("B11", "the hosts file leads to the server as it is meant", {(HOST, "A"): "10.79.0.55"}, {HOST: OUTSIDE})


@TABLE.row("B12", "a line of the hosts file to another set", failed="topology.wrong-set-name", says="hosts", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    address = f"{HOST}:{PORT}"
    with Network(hosts={HOST: OUTSIDE}) as network, MongoPeer(listener=network.listen(PORT)) as peer:
        peer.answers["hello"] = member_hello("old", [address], me=address, role="primary")
        network.dns_server({(HOST, "A"): "10.79.0.55"})
        yield Case(f"mongodb://{HOST}/?replicaSet=rs0", network)


@TABLE.row(
    "B13",
    "a slip in a port of the SRV record",
    connected="topology.member-unreachable",
    says="Write b.lab.test:27017 in the SRV record",
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    second, hosts = "10.79.0.77", ["a.lab.test:27017", "b.lab.test:27017"]
    targets = cluster("c0.lab.test", {"a.lab.test": 27017, "b.lab.test": 27018})
    with Network() as network:
        network.outside_address(second)
        network.dns_server({**targets, ("a.lab.test", "A"): OUTSIDE, ("b.lab.test", "A"): second})
        with (
            MongoPeer(listener=network.listen(PORT)) as first,
            MongoPeer(listener=network.listen(PORT, second)) as other,
        ):
            first.answers["hello"] = member_hello("rs0", hosts, me=hosts[0], role="primary")
            other.answers["hello"] = member_hello("rs0", hosts, me=hosts[1], primary=hosts[0])
            yield Case("mongodb+srv://c0.lab.test/?tls=false", network)


@TABLE.row(
    "B15", "secondaries that are hours behind", connected="topology.lagging-member", says="rs.printSecondaryReplication"
)
def _(lab: Laboratory) -> Iterator[Case]:
    now = datetime.now(UTC)
    with MongoPeer() as first, MongoPeer() as second:
        hosts = [first.address, second.address]
        first.answers["hello"] = member_hello(
            "rs0", hosts, me=hosts[0], role="primary", lastWrite={"lastWriteDate": now}
        )
        second.answers["hello"] = member_hello(
            "rs0", hosts, me=hosts[1], primary=hosts[0], lastWrite={"lastWriteDate": now - timedelta(hours=2)}
        )
        yield Case(f"mongodb://{','.join(hosts)}/?replicaSet=rs0&readPreference=secondaryPreferred")


@TABLE.row("B14", "a password that was escaped twice", failed="auth.percent-in-password", says="and not %2540")
def _(lab: Laboratory) -> Iterator[Case]:
    with deployments.with_login(users=(User("app", password="p@ss-Qz8k"),)) as server:
        yield Case(f"mongodb://app:p%2540ss-Qz8k@{server.address}/")


# ---------------------------------------------------------------- steps that are slow or cut by themselves


def _passed_on(id: str, title: str, pause_s: float, *, name: bytes = b"", **expected: object) -> None:
    """Something before a server that speaks TLS: it waits before a handshake, or resets one that sends ``name``."""

    @TABLE.row(id, title, netns=True, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        async def script(line: Conversation) -> None:
            first = await line.read()
            if name and name in first:
                line.reset()
                return
            await asyncio.sleep(pause_s)
            await pass_on(line, server.address, first)

        context = server_context(lab.authority.server(HOST))
        with Network() as network, MongoPeer(tls=context) as server, Peer(script, listener=network.listen(PORT)):
            network.dns_server({(HOST, "A"): OUTSIDE})
            yield Case(f"mongodb://{HOST}/?tls=true&tlsCAFile={lab.authority.ca_file}", network)


_passed_on("B20", "a slow TLS handshake", 2.5, connected="tcp.high-latency", says="for a TLS handshake", silent=True)
_passed_on(
    "B21", "a name that is not let through", 0.0, name=HOST.encode(), failed="tls.handshake-refused", says="reads"
)


@TABLE.row("B22", "too few with data for a majority", connected="topology.write-concern-impossible", says="Start 127")
def _(lab: Laboratory) -> Iterator[Case]:
    members = (deployments.Member(priority=2), deployments.Member(), deployments.Member(arbiter=True))
    with deployments.replica_set(*members) as deployment:
        deployment.member("secondary").kill()
        yield Case(deployment.uri(w="majority"))
