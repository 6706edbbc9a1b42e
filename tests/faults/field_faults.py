"""Situations that people described in public, rebuilt: what they meet, and what the finding has to say to help them."""

from __future__ import annotations

import base64
import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import quote

import bson
from cryptography.x509.ocsp import OCSPCertStatus

from faults.fault import Case, Table
from faults.laboratory import SECRET, Laboratory
from lab import deployments, peers
from lab.certificates import server_context
from lab.deployment import User
from lab.dns_server import cluster
from lab.mongo_peer import (
    Answer,
    Command,
    Failure,
    Manner,
    MongoPeer,
    hello,
    member_hello,
    mongos_hello,
    uninitiated_hello,
)
from lab.namespaces import OUTSIDE, Network
from lab.ocsp_responder import Responder, serving
from lab.relay import Relay

TABLE = Table()


def _text(id: str, title: str, text: str, *causes: str, **expected: object) -> None:
    TABLE.text(id, title, lambda lab: text.replace("HOST", lab.standalone.address), failed=causes, **expected)


_REPEATED = "mongodb://app:secretPw1@h1:27017,app:secretPw1@h2:27017,app:secretPw1@h3:27017/shop"
_text("F01", "credentials before every host", _REPEATED, "uri.repeated-per-host", says="User name and password")
_text("F02", "no address was set", "mongodb://undefined", "uri.not-set", says="JavaScript")
_text("F02b", "a chart's value is missing", "mongodb://{{ .Values.user }}:pw@HOST/", "uri.not-set", says="Helm")
_text("F02c", "an object in place of a text", "mongodb://[object Object]/", "uri.not-set")
_text("F09", "a backslash before the comma", "mongodb://app:pw@h1:27017\\,h2:27019/", "uri.host-separator")
_text("F10", "the database after every host", "mongodb://h1/db,h2/db,h3/db", "uri.repeated-per-host")
_text(
    "F12", "connect=direct", "mongodb://HOST/?connect=direct", connected="uri.unknown-option", says="directConnection"
)
_text("F28", "no question mark", "mongodb://app:pw@HOST/db&authSource=admin", "uri.malformed-options", says="Write ?")
_text("F36", "a variable that is not set", "mongodb://app:${CLEARLINE_NOWHERE}@HOST/", "uri.not-set", says="desktop")
_text("F90", "options of Studio 3T", "mongodb://HOST/?3t.ssh=true&3t.sshAddress=b", connected="uri.unknown-option")


@TABLE.row("F03", "a link-local address", failed="uri.link-local-without-interface", says="%25eth0", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(ipv6=True) as network:
        yield Case("mongodb://[fe80::a00:27ff:fee8:b298]:27017/", network)


def _login(id: str, title: str, password: str, typed: str, cause: str, says: str) -> None:
    user = User("app", password=password)

    @TABLE.row(id, title, failed=cause, says=says)
    def _(lab: Laboratory) -> Iterator[Case]:
        with deployments.with_login(users=(user,)) as server:
            yield Case(f"mongodb://{user.name}:{typed}@{server.address}/?authSource=admin")


_login("F04", "a % typed as it is", "Co387mA%10x9", "Co387mA%10x9", "auth.percent-in-password", "%25")
_login("F13", "a line break at the end", SECRET, f"{SECRET}%0A", "auth.control-character", "line break")
_ENCODED = base64.b64encode(SECRET.encode()).decode().replace("=", "%3D")
_login("F14", "the password in base64", SECRET, _ENCODED, "auth.wrong-password", "base64")
_login("F15", "an account made with %23", "p%23ss-Zq7", "p%23ss-Zq7", "auth.wrong-password", "%2523")


@TABLE.row("F16", "a user that the volume does not have", failed="auth.unknown-user", says="MONGO_INITDB")
def _(lab: Laboratory) -> Iterator[Case]:
    yield Case(f"mongodb://someone:{SECRET}@{lab.login_server.address}/")


@TABLE.row("F08", "a socket file of another user", failed="tcp.socket-missing", says="may not be opened")
def _(lab: Laboratory) -> Iterator[Case]:
    path = lab.folder / "of-another-user.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()
        path.chmod(0o700)
        lab.folder.chmod(0o755)
        yield Case(f"mongodb://{quote(str(path), safe='')}/", powerless=True)
        path.unlink()


@TABLE.row("F23", "a member that was renamed", failed="topology.member-name-unknown", says="old-name:27017")
def _(lab: Laboratory) -> Iterator[Case]:
    removed = Failure(93, "Our replica set config is invalid or we are not a member of it", "InvalidReplicaSetConfig")
    answers = {
        "hello": uninitiated_hello(),
        "replsetgetstatus": removed,
        "replsetgetconfig": {"config": {"_id": "rs0", "members": [{"_id": 0, "host": "old-name:27017"}]}},
    }
    with MongoPeer(answers) as peer:
        yield Case(f"mongodb://{peer.address}/?replicaSet=rs0")


@TABLE.row(
    "F24", "another name in the certificate, through a tunnel", failed="tls.ip-not-in-certificate", says="hosts file"
)
def _(lab: Laboratory) -> Iterator[Case]:
    identity = lab.authority.server("db1.example.com")
    with MongoPeer(tls=server_context(identity)) as peer:
        yield Case(f"mongodb://{peer.address}/?tls=true&tlsCAFile={lab.authority.ca_file}")


@TABLE.row("F29", "three of twenty members are dead", connected="topology.member-unreachable", says="3 of 6 members")
def _(lab: Laboratory) -> Iterator[Case]:
    with contextlib.ExitStack() as stack:
        dead = [f"127.0.0.1:{stack.enter_context(peers.closed_port())}" for _ in range(3)]
        alive = [stack.enter_context(MongoPeer()) for _ in range(3)]
        hosts = [*dead, *(peer.address for peer in alive)]
        for peer in alive:
            role = "primary" if peer is alive[0] else "secondary"
            peer.answers["hello"] = member_hello("rs0", hosts, me=peer.address, primary=alive[0].address, role=role)
        yield Case(f"mongodb://{alive[0].address}/?replicaSet=rs0")


@TABLE.row("F07", "another product refuses SCRAM", failed="auth.mechanism-not-supported", says="PLAIN over TLS")
def _(lab: Laboratory) -> Iterator[Case]:
    refused = Failure(18, 'Unsupported authentication mechanism "SCRAM-SHA-256"', "AuthenticationFailed")
    answers = {
        "hello": hello(maxWireVersion=21),
        "buildinfo": {"version": "7.0.42", "versionArray": [7, 0, 42, 0], "ferretdb": {"version": "v1.24.0"}},
        "saslstart": refused,
    }
    with MongoPeer(answers) as peer:
        yield Case(f"mongodb://app:{SECRET}@{peer.address}/?authMechanism=SCRAM-SHA-256")


@TABLE.row("F11", "an old name of the CA file", failed="tls.unknown-ca", says="tlsCAFile today")
def _(lab: Laboratory) -> Iterator[Case]:
    yield Case(f"mongodb://{lab.tls_server.address}/?ssl=true&ssl_ca_certs={lab.authority.ca_file}")


@TABLE.row("F17", "localhost refuses", failed="tcp.refused", says="container")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port() as port:
        yield Case(f"mongodb://127.0.0.1:{port}/")


def _name(id: str, title: str, host: str, cause: str, says: str) -> None:
    @TABLE.row(id, title, failed=cause, says=says, netns=True)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network:
            network.dns_server({})
            yield Case(f"mongodb://{host}:27017/", network)


_name("F18", "the name of a service", "mongo", "dns.short-name", "published port")
_name("F19", "a cluster's name", "mongo.orders.svc.cluster.local", "dns.host-not-found", "kubectl port-forward")
_name("F20", "the container's host", "host.docker.internal", "dns.host-not-found", "--add-host")


@TABLE.row("F05", "localhost is ::1 first", connected="tcp.ipv6-refused", says="--ipv6", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    both = {"ip6-loopback localhost": "::1"}
    with Network(ipv6=True, hosts=both) as network, MongoPeer(listener=network.listen_inside(27017)):
        yield Case("mongodb://localhost:27017/", network)


@TABLE.row("F22", "IPv6 alone is published", failed="tcp.refused", says="net.ipv6", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(ipv6=True, hosts={"db6.example.com": "::1"}) as network:
        yield Case("mongodb://db6.example.com:27017/", network)


@TABLE.row("F26", "a forwarder without a server", failed="tcp.closed-on-connect", says="port-forward")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closing() as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("F30", "a server that names itself", connected="hello.compatible-server", says="SecantusDB")
def _(lab: Laboratory) -> Iterator[Case]:
    info = {"version": "8.2.11", "versionArray": [8, 2, 11, 0], "gitVersion": "secantusdb", "modules": ["SecantusDB"]}
    with MongoPeer({"hello": hello(maxWireVersion=25), "buildinfo": info}) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("F35", "hello is an error", failed="hello.member-error", says="not today")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"hello": Failure(72, "not today", "InvalidOptions")}) as peer:
        yield Case(f"mongodb://{peer.address}/")


@contextlib.contextmanager
def _set(roles: dict[str, str], primary: str | None, **changes: object) -> Iterator[dict[str, MongoPeer]]:
    """Scripted members by name; ``standalone`` has no set although the others list it."""
    with contextlib.ExitStack() as stack:
        members = {name: stack.enter_context(MongoPeer()) for name in roles}
        hosts = [peer.address for name, peer in members.items() if roles[name] != "hidden"]
        first = members[primary].address if primary else None
        for name, peer in members.items():
            role = roles[name]
            peer.answers["hello"] = (
                hello(**changes)
                if role == "standalone"
                else member_hello("rs0", hosts, me=peer.address, primary=first, role=role)
            )
        yield members


@TABLE.row("F06", "members that do not hear each other", failed="topology.recovering", says="All 3 members")
def _(lab: Laboratory) -> Iterator[Case]:
    with _set(dict.fromkeys("abc", "starting"), None) as members:
        yield Case(f"mongodb://{','.join(p.address for p in members.values())}/?replicaSet=rs0")


@TABLE.row("FS1", "a member without --replSet", connected="topology.member-without-set", says="--replSet")
def _(lab: Laboratory) -> Iterator[Case]:
    with _set({"a": "primary", "b": "standalone"}, "a") as members:
        yield Case(f"mongodb://{members['a'].address},{members['b'].address}/")


@TABLE.row("FS5", "a hidden member alone lives", failed="topology.no-primary", says="only 1 of 3")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port() as one, peers.closed_port() as two, MongoPeer() as peer:
        hosts = [f"127.0.0.1:{one}", f"127.0.0.1:{two}"]
        peer.answers["hello"] = member_hello("rs0", hosts, me=peer.address, role="hidden")
        yield Case(f"mongodb://{peer.address}/?replicaSet=rs0")


@TABLE.row("FS6", "hello and nothing else", failed="hello.answers-nothing-else", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    mute = dict.fromkeys(("buildinfo", "find", "replsetgetstatus"), Manner.SILENCE)
    with MongoPeer({"hello": hello(), **mute}) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("FS8", "everybody alive, no primary", failed="topology.no-primary", says="all 2 members answer")
def _(lab: Laboratory) -> Iterator[Case]:
    with _set({"a": "secondary", "b": "secondary"}, None) as members:
        yield Case(f"mongodb://{members['a'].address},{members['b'].address}/?replicaSet=rs0")


@TABLE.row("F34", "staleness below the least", failed="uri.bad-value")
def _(lab: Laboratory) -> Iterator[Case]:
    with _set({"a": "primary"}, "a") as members:
        yield Case(f"mongodb://{members['a'].address}/?readPreference=nearest&maxStalenessSeconds=30")


@TABLE.row("F31", "a name server that answers after 1.2 s", connected="dns.slow", silent=True, netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(27017)):
        network.dns_server({("db1.example.com", "A"): OUTSIDE}, delay_s=1.2)
        yield Case("mongodb://db1.example.com:27017/", network)


def _cluster(id: str, title: str, txt: str | None, query: str, hosts: int = 1, **expected: object) -> None:
    @TABLE.row(id, title, netns=True, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        targets = [f"m{number}.lab.test" for number in range(hosts)]
        with Network() as network, MongoPeer(listener=network.listen(27017)):
            zone = cluster("c0.lab.test", dict.fromkeys(targets, 27017), txt=txt)
            network.dns_server({**zone, **{(target, "A"): OUTSIDE for target in targets}})
            yield Case(f"mongodb+srv://c0.lab.test/?tls=false{query}", network)


_PAIR = "uri.conflicting-options"
_cluster("FS2", "TXT excludes the text", "loadBalanced=true", "&replicaSet=rs0", failed=_PAIR, says="TXT record")
_cluster("FS2b", "the text excludes TXT", "replicaSet=rs0", "&loadBalanced=true", failed=_PAIR, says="TXT record")
_cluster("FS2c", "two hosts and a balancer", None, "&loadBalanced=true", 2, failed=_PAIR, says="2 hosts")
_cluster("FS16", "srvMaxHosts below 0", None, "&srvMaxHosts=-1", connected="uri.ignored-value")


@TABLE.row("FS3", "an SRV name of one label", connected="uri.srv-form", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(27017)):
        network.dns_server({**cluster("db", {"m.db": 27017}), ("m.db", "A"): OUTSIDE})
        yield Case("mongodb+srv://db/?tls=false", network)


@TABLE.row(
    "FS7", "one member is too old", failed="hello.too-old", connected="hello.too-old", says="at the next operation"
)
def _(lab: Laboratory) -> Iterator[Case]:
    with _set({"a": "primary", "b": "secondary"}, "a") as members:
        old = members["b"]
        old.answers["hello"] = {**old.answers["hello"], "maxWireVersion": 8}  # type: ignore[dict-item]
        yield Case(f"mongodb://{members['a'].address}/?replicaSet=rs0")


@TABLE.row("FS12", "two sets, one is asked for", connected="topology.mixed-sets", says="keeps the members of rs0")
def _(lab: Laboratory) -> Iterator[Case]:
    yield Case(f"mongodb://{lab.replica_set.address},{lab.other_set.address}/?replicaSet=rs0")


_text(
    "FS13",
    "a connect timeout above selection's",
    "mongodb://HOST/?connectTimeoutMS=20000&serverSelectionTimeoutMS=15000",
    connected=(),
)
_text("FS14", "no slash before the question mark", "mongodb://HOST?w=1", connected=())


@TABLE.row("F33", "revoked by its authority's service", connected="tls.revoked", says="the authority's signature")
def _(lab: Laboratory) -> Iterator[Case]:
    with serving(Responder(lab.authority)) as responder:
        identity = lab.authority.server(ocsp=responder.url)
        responder.knows(identity, OCSPCertStatus.REVOKED)
        with MongoPeer(tls=server_context(identity)) as peer:
            query = f"tls=true&tlsCAFile={lab.authority.ca_file}&tlsDisableOCSPEndpointCheck=false"
            yield Case(f"mongodb://{peer.address}/?{query}")


@TABLE.row("FS17", "one server under two names", failed="topology.one-server-twice", says="Keep one of the names")
def _(lab: Laboratory) -> Iterator[Case]:
    port = lab.standalone.address.rpartition(":")[2]
    yield Case(f"mongodb://localhost:{port},127.0.0.1:{port}/")


@TABLE.row("FS18", "every member's name leads to one member", failed="topology.leads-elsewhere", says="published ports")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer() as member, Relay(member.address) as second, Relay(member.address) as third:
        hosts = [member.address, second.address, third.address]
        process = {"processId": bson.ObjectId(), "counter": bson.Int64(6)}
        member.answers["hello"] = member_hello(
            "rs0", hosts, me=hosts[0], primary=hosts[1], topologyVersion=process, role="secondary"
        )
        yield Case(f"mongodb://{','.join(hosts)}/?replicaSet=rs0")


@TABLE.row("FS19", "each connection ends at another router", connected="topology.several-servers", says="balancer")
def _(lab: Laboratory) -> Iterator[Case]:
    def answer(command: Command) -> Answer:
        process = bson.ObjectId(f"{command.connection:024x}")
        return mongos_hello(topologyVersion={"processId": process, "counter": bson.Int64(0)})

    with MongoPeer({"hello": answer}) as peer:
        yield Case(f"mongodb://{peer.address}/")
