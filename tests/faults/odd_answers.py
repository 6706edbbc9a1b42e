"""Answers, names and addresses of a form that is seldom met: what no MongoDB server sends, and no server can have."""

from __future__ import annotations

import contextlib
import datetime
import struct
from collections.abc import Iterator
from typing import Any

import bson

from faults.fault import Case, Table
from faults.laboratory import SECRET, Laboratory
from faults.product_faults import ATLAS, SHARDS, atlas_zone
from lab import peers
from lab.certificates import Authority, server_context
from lab.dns_server import NODATA, Delayed, Value, Zone, cluster
from lab.mongo_peer import Failure, Late, MongoPeer, hello, member_hello
from lab.namespaces import OUTSIDE, Network
from lab.peer import Conversation, Peer

TABLE = Table()
HOST = "db.lab.test"
DAY = datetime.timedelta(days=1)


# ---------------------------------------------------------------- hello


def _hello(id: str, title: str, answer: Any, cause: str, says: str) -> None:
    @TABLE.row(id, title, failed=cause, says=says)
    def _(lab: Laboratory) -> Iterator[Case]:
        with MongoPeer({"hello": answer}) as peer:
            yield Case(f"mongodb://{peer.address}/")


_hello("V01", "a version that is a text", hello(maxWireVersion="21"), "hello.malformed", "maxWireVersion (a text)")
_hello("V02", "a size that is a text", hello(maxBsonObjectSize="16M"), "hello.malformed", "maxBsonObjectSize")
_hello("V03", "hosts that are a text", member_hello("rs0", "a:1,b:1", me="a:1"), "hello.malformed", "hosts (a text)")  # type: ignore[arg-type]
_hello("V04", "an answer that says neither yes nor no", {"ok": None, "maxWireVersion": 21}, "hello.malformed", "no ok")
_hello("V05", "no versions at all", {"ismaster": True}, "hello.too-old", "another product")
_hello("V06", "it is being stopped", Failure(91, "in quiesce mode", "ShutdownInProgress"), "hello.member-error", "Wait")


@TABLE.row("V07", "versions as numbers of other kinds: healthy", connected=())
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"hello": hello(minWireVersion=0.0, maxWireVersion=bson.Int64(21))}) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("V08", "a lone secondary, asked directly", connected="topology.direct-to-secondary", says="has no primary")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer() as peer:
        peer.answers["hello"] = member_hello("rs0", [peer.address], me=peer.address)
        yield Case(f"mongodb://{peer.address}/?directConnection=true")


@TABLE.row("V15", "a read that no driver can read", failed="hello.malformed", says="answers hello as MongoDB does")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"find": {"cursor": 5}}) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("V16", "slow by itself, at a near port", connected="tcp.high-latency", says="not the line", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    def late(answer: Any) -> Any:
        return lambda _: Late(2, answer)

    found = {"cursor": {"id": bson.Int64(0), "ns": "a.b", "firstBatch": []}}
    with MongoPeer({"hello": late(hello()), "*": late(found)}) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row(
    "V18",
    "one of Atlas' members turns away",
    connected="tls.internal-error-alert",
    says="let this computer in",
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, contextlib.ExitStack() as stack:
        network.dns_server(atlas_zone())
        hosts = [f"{host}:27017" for host in SHARDS]
        for number, address in enumerate(SHARDS.values()):
            network.outside_address(address)
            listener = network.listen(27017, address)
            if number == 0:
                stack.enter_context(peers.tls_alert(80, listener=listener))
                continue
            role = "primary" if number == 1 else "secondary"
            answer = member_hello("atlas-0qx7-shard-0", hosts, me=hosts[number], role=role, primary=hosts[1])
            own = server_context(lab.authority.server(*SHARDS))
            stack.enter_context(MongoPeer({"hello": answer}, tls=own, listener=listener))
        yield Case(f"mongodb+srv://{ATLAS}/?tlsCAFile={lab.authority.ca_file}", network)


@TABLE.row(
    "V17",
    "the only secondary is delayed",
    failed="topology.no-tag-match",
    connected="topology.no-tag-match",
    says="delayed, so the primary does not list it",
)
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer() as first, MongoPeer() as second:
        hosts = [first.address]
        first.answers["hello"] = member_hello("rs0", hosts, me=first.address, role="primary")
        late = {"passive": True, "secondaryDelaySecs": 3600}
        second.answers["hello"] = member_hello("rs0", hosts, me=second.address, primary=first.address, **late)
        yield Case(f"mongodb://{first.address},{second.address}/?replicaSet=rs0&readPreference=secondary")


TABLE.text(
    "V19",
    "a read concern of sets, at a single server",
    lambda lab: f"mongodb://{lab.standalone.address}/?readConcernLevel=snapshot",
    failed="access.read-refused",
    says="Remove readConcernLevel",
)


# ---------------------------------------------------------------- logins


@TABLE.row("V10", "the servers' own account", failed="auth.unknown-user", says="log in to each other")
def _(lab: Laboratory) -> Iterator[Case]:
    yield Case(f"mongodb://__system:{SECRET}@{lab.login_server.address}/?authSource=local")


@TABLE.row("V11", "letters from right to left", failed="auth.control-character", says="from right to left")
def _(lab: Laboratory) -> Iterator[Case]:
    yield Case(f"mongodb://app:%D7%90-Kp4-%D7%91x@{lab.login_server.address}/")


@TABLE.row("V12", "a client certificate that logs no one in", failed="auth.credentials-missing", says="MONGODB-X509")
def _(lab: Laboratory) -> Iterator[Case]:
    yield Case(lab.x509_server.uri(tlsCertificateKeyFile=lab.client.certificate_key_file))


@TABLE.row("V13", "Atlas' proxy, reached by an address", failed="auth.atlas-bad-auth", says="host name in TLS")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"saslstart": Failure(8000, "no SNI name sent", "AtlasError")}) as peer:
        yield Case(f"mongodb://app:{SECRET}@{peer.address}/?authMechanism=SCRAM-SHA-256")


@TABLE.row("V14", "a database for the login within quotation marks", failed="uri.stray-characters", says="quotation")
def _(lab: Laboratory) -> Iterator[Case]:
    yield Case(f"mongodb://app:{SECRET}@{lab.login_server.address}/?authSource=%22admin%22")


# ---------------------------------------------------------------- TLS


def _tls(lab: Laboratory, address: str, more: str = "") -> str:
    return f"mongodb://{address.replace('127.0.0.1', 'localhost')}/?tls=true&tlsCAFile={lab.authority.ca_file}{more}"


@TABLE.row("V20", "the end of TLS for an answer", failed="tls.handshake-refused", says="in the server's place")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.answering(bytes((0x15, 3, 3, 0, 2, 1, 0))) as peer:
        yield Case(_tls(lab, peer.address))


@TABLE.row("V21", "a client certificate of next week", failed="tls.client-certificate-rejected", says="valid only from")
def _(lab: Laboratory) -> Iterator[Case]:
    own = server_context(lab.authority.server(), client_ca=lab.authority.ca_file, client_certificate=True)
    later = lab.authority.client("app", starts=7 * DAY).certificate_key_file
    with MongoPeer(tls=own) as peer:
        yield Case(_tls(lab, peer.address, f"&tlsCertificateKeyFile={later}"))


@TABLE.row("V22", "a star within a label", failed="tls.name-mismatch", says="drivers ignore it")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer(tls=server_context(lab.authority.server("loc*host"))) as peer:
        yield Case(_tls(lab, peer.address))


@TABLE.row("V23", "localhost alone, at ::1", failed="tls.ip-not-in-certificate", says="127.0.0.1 alone")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer(tls=server_context(lab.authority.server("localhost")), host="::1") as peer:
        yield Case(_tls(lab, peer.address))


@TABLE.row("V24", "the authority in the file expired", failed="tls.certificate-expired", says="new certificate into")
def _(lab: Laboratory) -> Iterator[Case]:
    old = Authority(lab.folder, "Old Root", "Lab", starts=-400 * DAY, ends=-1 * DAY)
    with MongoPeer(tls=server_context(old.server())) as peer:
        yield Case(f"mongodb://localhost:{peer.port}/?tls=true&tlsCAFile={old.ca_file}")


# ---------------------------------------------------------------- names and addresses


def _named(
    id: str, title: str, zone: Zone, *, uri: str = f"mongodb://{HOST}/", ipv6: bool = False, **more: Any
) -> None:
    @TABLE.row(id, title, netns=True, **more)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network(ipv6=ipv6) as network:
            network.publish(lab.standalone.address, host=OUTSIDE, port=27017)
            network.dns_server(zone)
            yield Case(uri, network)


_LATE: dict[tuple[str, str], Value] = {(HOST, "A"): Delayed(1.2, OUTSIDE), (HOST, "AAAA"): NODATA}
_named("V30", "answers for IPv4 alone are late", _LATE, connected="dns.slow", says="IPv4 (A)", silent=True)
_named("V31", "the broadcast address", {(HOST, "A"): "255.255.255.255"}, failed="tcp.unusable-address", says="DNS says")
_named("V32", "a group's address", {(HOST, "A"): "224.0.0.5"}, failed="tcp.unusable-address", says="multicast")
_named(
    "V33",
    "a target with port 0 among others",
    {**cluster("c0.lab.test", {"m1.lab.test": 27017, "m2.lab.test": 0}), ("m1.lab.test", "A"): OUTSIDE}
    | {("m2.lab.test", "A"): OUTSIDE},
    uri="mongodb+srv://c0.lab.test/?tls=false",
    failed="topology.standalone-in-list",
)


@TABLE.row(
    "V34", "another computer at the IPv6 address", failed="hello.http-server", says="several addresses", netns=True
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(ipv6=True) as network:
        network.publish(lab.standalone.address, host=OUTSIDE, port=27017)
        network.dns_server({(HOST, "A"): OUTSIDE, (HOST, "AAAA"): "fd79::1"})
        with peers.http_server(listener=network.listen(27017, "fd79::1")):
            yield Case(f"mongodb://{HOST}/", network)


@TABLE.row("V40", "bytes that are changed on the way", failed="hello.malformed", says="as MongoDB does")
def _(lab: Laboratory) -> Iterator[Case]:
    """Of a server's fourth answer, which begins as some other protocol's messages do."""

    async def script(line: Conversation) -> None:
        head = struct.unpack("<iiii", await line.read_exactly(16))
        await line.read_exactly(head[0] - 16)
        await line.write(struct.pack("<iiii", 338, 4, head[1], 2013) + bytes(5) + b"\x4d\x01\x00\x00" + b"\xff" * 313)
        await line.until_closed()

    with Peer(script) as peer:
        yield Case(f"mongodb://{peer.address}/")
