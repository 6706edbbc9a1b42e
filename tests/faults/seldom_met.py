"""Faults that are seldom met, or met together: routers without their servers, services that wait for their own word,
answers that break off at the login, name servers that refuse, several servers that fail for several reasons."""

from __future__ import annotations

import contextlib
import datetime
import ssl
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

from faults.fault import Case, Table
from faults.laboratory import SECRET, Laboratory
from lab import deployments, peers
from lab.certificates import Authority, server_context
from lab.dns_server import NODATA, NXDOMAIN, REFUSED, SERVFAIL, cluster
from lab.mongo_peer import (
    CLOSE,
    SILENCE,
    Failure,
    MongoPeer,
    hello,
    member_hello,
    mongos_hello,
    uninitiated_hello,
)
from lab.namespaces import OUTSIDE, Network
from lab.peer import Conversation, Peer
from lab.relay import Relay, pass_on

TABLE = Table()
HOST = "db.lab.test"
_NO_CONFIG = Failure(133, "Could not find host matching read preference for set csrs", "FailedToSatisfyReadPreference")
_UNREACHABLE = Failure(6, "Error connecting to sh1:27018 :: Connection refused", "HostUnreachable")


def _scripted(
    id: str, title: str, answers: dict[str, Any], cause: str, says: str, *, user: bool = False, query: str = ""
) -> None:  # type: ignore[type-arg]
    @TABLE.row(id, title, failed=cause, says=says)
    def _(lab: Laboratory) -> Iterator[Case]:
        with MongoPeer(answers) as peer:
            yield Case(f"mongodb://{f'app:{SECRET}@' if user else ''}{peer.address}/{query}")


_ROUTER = mongos_hello()
_SHA256 = "?authMechanism=SCRAM-SHA-256"
_scripted("N01", "a set behind the router", {"hello": _ROUTER, "*": _NO_CONFIG}, "topology.shard-no-primary", "csrs")
_scripted(
    "N02",
    "a login at a router without config servers",
    {"hello": _ROUTER, "*": _NO_CONFIG},
    "topology.config-servers-unreachable",
    "kept on its config servers",
    user=True,
)
_scripted(
    "N03", "a shard refuses the router", {"hello": _ROUTER, "find": _UNREACHABLE}, "topology.router-cannot-reach", "sh1"
)
_scripted("N04", "cut off at the login", {"saslstart": CLOSE}, "auth.no-answer", "LDAP", user=True, query=_SHA256)
_scripted(
    "N05",
    "a directory that the server asks is away",
    {"saslstart": Failure(96, "LDAP bind failed", "OperationFailed")},
    "auth.login-refused",
    "LDAP bind failed",
    user=True,
)
_scripted(
    "N06",
    "a read that is turned down with words",
    {"find": Failure(20, "Cannot use the default collation here", "IllegalOperation")},
    "access.read-refused",
    "default collation",
)
_scripted(
    "N07",
    "hello itself is not allowed",
    {"hello": Failure(13, "not authorized on admin to execute hello", "Unauthorized")},
    "hello.member-error",
    "not authorized on admin",
)
_scripted(
    "N08",
    "a primary that is none",
    {
        "hello": lambda c: member_hello("rs0", [c.peer.address], me=c.peer.address, role="primary"),
        "find": Failure(13435, "not primary and secondaryOk=false", "NotPrimaryNoSecondaryOk"),
    },
    "topology.primary-refuses",
    "in front of it",
)


@TABLE.row("N09", "a silent login", failed="auth.no-answer", says="keeps silent", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"saslstart": SILENCE}) as peer:
        yield Case(f"mongodb://app:{SECRET}@{peer.address}/{_SHA256}")


# ---------------------------------------------------------------- services that wait for a word of their own


def _line_server(**where: object) -> Peer:
    """As Redis does: nothing before a line ends."""

    async def script(line: Conversation) -> None:
        heard = b""
        while data := await line.read():
            heard += data
            if b"\n" in heard:
                await line.write(b"+PONG\r\n" if heard.strip() == b"PING" else b"-ERR unknown command\r\n")
                heard = b""

    return Peer(script, **where)  # type: ignore[arg-type]


def _start_up_server(word: bytes, answer: bytes) -> Peer:
    """As PostgreSQL and Kafka do: the end, unless the length at the beginning makes sense."""

    async def script(line: Conversation) -> None:
        if await line.read() == word:
            await line.write(answer)
            await line.until_closed()

    return Peer(script)


_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
_API_VERSIONS = bytes.fromhex("0000000a0012000000000001ffff")
_KAFKA = bytes.fromhex("0000000c000000010000000000000000")
for _id, _title, _make, _query in (
    ("N10", "Redis, which waits for a line", _line_server, ""),
    ("N11", "Redis, address with TLS", _line_server, "?tls=true"),
    ("N12", "PostgreSQL, which hangs up", lambda: _start_up_server(_SSL_REQUEST, b"N"), ""),
    ("N13", "PostgreSQL, address with TLS", lambda: _start_up_server(_SSL_REQUEST, b"S"), "?tls=true"),
    ("N14", "Kafka", lambda: _start_up_server(_API_VERSIONS, _KAFKA), ""),
):

    @TABLE.row(_id, _title, failed="hello.other-service", says=_title.partition(",")[0], silent=_make is _line_server)
    def _(lab: Laboratory, make=_make, query=_query) -> Iterator[Case]:  # type: ignore[no-untyped-def]
        with make() as peer:
            yield Case(f"mongodb://{peer.address}/{query}")


def _ingress(id: str, title: str, make: Callable[..., Peer], cause: str, says: str) -> None:
    @TABLE.row(id, title, failed=cause, says=says)
    def _(lab: Laboratory) -> Iterator[Case]:
        fake = Authority(lab.folder, "Kubernetes Ingress Controller Fake Certificate", "Acme Co")
        with make(tls=server_context(fake.server("ingress.local"))) as peer:
            yield Case(f"mongodb://{peer.address}/?tls=true")


_ingress("N15", "an ingress controller without a route", peers.http_server, "hello.http-server", "ingress controller")
_ingress("N17", "the same, which hangs up", peers.close_after_data, "tls.default-certificate", "TLS passthrough")


@TABLE.row(
    "N16", "half of a TLS handshake", failed="tcp.large-packets-lost", says="began and then stopped", silent=True
)
def _(lab: Laboratory) -> Iterator[Case]:
    context = server_context(lab.authority.server("127.0.0.1"))

    async def script(line: Conversation) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(await line.read())
        with contextlib.suppress(ssl.SSLError):
            tls.do_handshake()
        await line.write(outgoing.read()[:700])
        await line.until_closed()

    with Peer(script) as peer:
        yield Case(f"mongodb://{peer.address}/?tls=true&tlsCAFile={lab.authority.ca_file}")


# ---------------------------------------------------------------- names


def _names(id: str, title: str, zone: dict, text: str, cause: str, says: str, **server: object) -> None:  # type: ignore[type-arg]
    @TABLE.row(id, title, failed=cause, says=says, netns=True)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network:
            network.dns_server(zone, **server)
            yield Case(text, network)


_PLAIN = f"mongodb://{HOST}:27017/"
_names(
    "N20",
    "SERVFAIL for IPv4, no IPv6",
    {(HOST, "A"): SERVFAIL, (HOST, "AAAA"): NODATA},
    _PLAIN,
    "dns.servfail",
    "SERVFAIL",
)
_names("N21", "a name server that refuses", {}, _PLAIN, "dns.refused", "serves other computers", default=REFUSED)
_names(
    "N22",
    "SRV with port 0",
    {**cluster("c0.lab.test", {"m1.lab.test": 0}), ("m1.lab.test", "A"): OUTSIDE},
    "mongodb+srv://c0.lab.test/?tls=false",
    "dns.srv-port-zero",
    "third number",
)
_names(
    "N23",
    "two of three SRV targets refuse, one has no address",
    {
        **cluster("c0.lab.test", {f"m{n}.lab.test": 27017 for n in (1, 2, 3)}),
        ("m1.lab.test", "A"): OUTSIDE,
        ("m2.lab.test", "A"): OUTSIDE,
        ("m3.lab.test", "*"): NXDOMAIN,
    },
    "mongodb+srv://c0.lab.test/?tls=false",
    "tcp.refused",
    "",
)


@TABLE.row("N24", "SERVFAIL for IPv6 alone: healthy", connected=(), netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(27017)):
        network.dns_server({(HOST, "A"): OUTSIDE, (HOST, "AAAA"): SERVFAIL})
        yield Case(_PLAIN, network)


@TABLE.row("N25", "the next door is MongoDB's", failed="tcp.refused", says="27017", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(27017)):
        yield Case(f"mongodb://{OUTSIDE}:27018/", network)


# ---------------------------------------------------------------- sets of which parts fail


@TABLE.row("N30", "one recovers, two are down", failed="topology.no-primary", says="only 1 of 3")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port() as one, peers.closed_port() as two, MongoPeer() as peer:
        hosts = [f"127.0.0.1:{one}", f"127.0.0.1:{two}", peer.address]
        peer.answers["hello"] = member_hello("rs0", hosts, me=peer.address, role="starting")
        yield Case(f"mongodb://{peer.address}/?replicaSet=rs0")


@TABLE.row("N31", "the primary's certificate has another name", failed="tls.ip-not-in-certificate")
def _(lab: Laboratory) -> Iterator[Case]:
    wrong, right = (server_context(lab.authority.server(name)) for name in ("db1.example.com", "127.0.0.1"))
    with MongoPeer(tls=wrong) as first, MongoPeer(tls=right) as second:
        hosts = [first.address, second.address]
        first.answers["hello"] = member_hello("rs0", hosts, me=first.address, role="primary")
        second.answers["hello"] = member_hello("rs0", hosts, me=second.address, primary=first.address)
        yield Case(f"mongodb://{second.address}/?replicaSet=rs0&tls=true&tlsCAFile={lab.authority.ca_file}")


@TABLE.row("N32", "wrong set name, and a seed is down", failed="topology.wrong-set-name", says="may belong to the set")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port() as port:
        yield Case(f"mongodb://{lab.replica_set.address},127.0.0.1:{port}/?replicaSet=wrong")


@TABLE.row("N33", "the primary's name is unknown here", failed="topology.primary-unreachable", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(27017)) as peer:
        network.dns_server({("s1.lab.test", "A"): OUTSIDE})
        hosts = ["p1.lab.test:27017", "s1.lab.test:27017"]
        peer.answers["hello"] = member_hello("rs0", hosts, me=hosts[1], primary=hosts[0])
        yield Case("mongodb://s1.lab.test:27017/?replicaSet=rs0", network)


@TABLE.row("N34", "TLS is demanded, and the set name is wrong too", failed="tls.required")
def _(lab: Laboratory) -> Iterator[Case]:
    yield Case(f"mongodb://{lab.tls_server.address}/?replicaSet=rs9")


@TABLE.row("N35", "no TLS here, and the password is wrong too", failed="tls.not-offered")
def _(lab: Laboratory) -> Iterator[Case]:
    yield Case(f"mongodb://app:wrong-Kp4-word@{lab.login_server.address}/?tls=true")


@TABLE.row("N36", "wrong password at a secondary, asked directly", failed="auth.wrong-password")
def _(lab: Laboratory) -> Iterator[Case]:
    secondary = lab.login_set.member("secondary")
    yield Case(f"mongodb://app:wrong-Kp4-word@{secondary.address}/?directConnection=true&authSource=admin")


@TABLE.row("N37", "a user of another database, none named", failed="auth.unknown-user", says="authSource=DATABASE")
def _(lab: Laboratory) -> Iterator[Case]:
    yield Case(f"mongodb://appuser:{SECRET}@{lab.login_server.address}/")


@TABLE.row("N38", "every connection ends after hello", failed="hello.answers-nothing-else", says="cut off")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"hello": hello(), "*": CLOSE}) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("N39", "one of two seeds refuses, the other is no MongoDB", failed=("hello.http-server", "tcp.refused"))
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port() as port, peers.http_server() as web:
        yield Case(f"mongodb://127.0.0.1:{port},{web.address}/?replicaSet=rs0")


# ---------------------------------------------------------------- text, files, products, devices in between


def _text(id: str, title: str, text: str, says: str, **expected: object) -> None:
    TABLE.text(id, title, lambda lab: text.replace("HOST", lab.standalone.address), says=says, **expected)


_text("N50", "a slash behind the database", "mongodb://HOST/db/", "it contains /", failed="uri.bad-database-name")
_text("N51", "a # in the database", "mongodb://HOST/db#x", "%23", connected="uri.not-portable")
_text("N52", "an escaped question mark", "mongodb://HOST/db%3Fw=1", "instead of %3F", connected="uri.malformed-options")
_text("N53", "a slash behind the options", "mongodb://HOST/?w=1/", "a slash", connected="uri.stray-characters")


@TABLE.row(
    "N54",
    "Studio 3T goes through SSH, nothing leads there",
    failed="tcp.network-unreachable",
    netns=True,
    says="SSH hop to b1",
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.no_default_route()
        yield Case("mongodb://10.20.30.40:27017/?3t.ssh=true&3t.sshAddress=b1.example.com", network)


def _directory(id: str, user: str, says: str) -> None:
    TABLE.text(
        id,
        f"a user of a directory: {user}",
        lambda lab: f"mongodb://{user}:{SECRET}@{lab.login_server.address}/",
        failed="auth.unknown-user",
        says=says,
    )


_directory("N55", "app%40REALM.TEST", "authMechanism=GSSAPI")
_directory("N56", "CN=app,OU=Clients,O=Lab", "MONGODB-X509")
_directory("N57", "CORP%5Capp", "authMechanism=PLAIN")
_names("N58", "a name of mDNS", {}, "mongodb://nas.local/", "dns.host-not-found", "mDNS")
_names("N59", "a name of a cloud", {}, "mongodb://ip-10-0-0-12.ec2.internal/", "dns.host-not-found", "bastion")
_names("N60", "a name of a router", {}, "mongodb://nas.fritz.box/", "dns.host-not-found", "that network's name server")


def _file(id: str, title: str, text: str, says: str, option: str = "tlsCAFile") -> None:
    @TABLE.row(id, title, failed="files.no-certificate", says=says)
    def _(lab: Laboratory) -> Iterator[Case]:
        path = lab.folder / f"{id}.pem"
        path.write_text(text)
        yield Case(f"mongodb://{lab.tls_server.address}/?tls=true&{option}={path}")


_REQUEST = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"
_file("N61", "a certificate request", _REQUEST, "certificate request")
_file("N62", "a key of SSH", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxx me\n", "OpenSSH", "tlsCertificateKeyFile")
_file("N63", "a set's key file", "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=\n", "key file")
_file("N64", "a saved sign-in page", "<!DOCTYPE html><html><body>Sign in</body></html>\n", "web page")


@TABLE.row("N65", "OpenSSL's trusted form of a CA file: healthy", connected=())
def _(lab: Laboratory) -> Iterator[Case]:
    path = lab.folder / "trusted.pem"
    command = ["openssl", "x509", "-in", str(lab.authority.ca_file), "-addtrust", "serverAuth", "-out", str(path)]
    subprocess.run(command, check=True)
    yield Case(f"mongodb://{lab.tls_server.address}/?tls=true&tlsCAFile={path}")


@TABLE.row("N66", "the authority before the client's certificate", failed="files.key-mismatch", says="certificate 2")
def _(lab: Laboratory) -> Iterator[Case]:
    path = lab.folder / "order.pem"
    path.write_bytes(lab.authority.ca_file.read_bytes() + lab.client.certificate_key_file.read_bytes())
    yield Case(f"{lab.mutual_tls_server.uri()}&tlsCertificateKeyFile={path}")


@TABLE.row("N67", "a config server as seed", connected="topology.config-server", says="routers")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer() as peer:
        peer.answers["hello"] = member_hello("csrs", [peer.address], me=peer.address, role="primary", configsvr=2)
        yield Case(f"mongodb://{peer.address}/")


_DOCUMENTDB = "lab.cluster-cx7.eu-west-1.docdb.amazonaws.com"


@TABLE.row("N68", "DocumentDB without its bundle", failed="tls.unknown-ca", says="global-bundle.pem", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    amazon = Authority(lab.folder, "Amazon RDS eu-west-1 Root CA RSA2048 G1", "Amazon Web Services, Inc.")
    context = server_context(amazon.server(_DOCUMENTDB))
    with Network() as network, MongoPeer(listener=network.listen(27017), tls=context):
        network.dns_server({(_DOCUMENTDB, "A"): OUTSIDE})
        yield Case(f"mongodb://{_DOCUMENTDB}:27017/?tls=true&retryWrites=false", network)


@TABLE.row("N69", "DocumentDB from outside", failed="tcp.private-address", says="VPC", netns=True, silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server({(_DOCUMENTDB, "A"): "172.31.4.5"})
        yield Case(f"mongodb://{_DOCUMENTDB}:27017/?tls=true&retryWrites=false", network)


_TLS13_OFFERED = b"\x00\x2b"
"""The extension supported_versions, which a client that knows TLS 1.3 alone needs."""


@TABLE.row("N70", "a device that cuts TLS 1.3 off", failed="tls.new-version-dropped", says="MaxProtocol")
def _(lab: Laboratory) -> Iterator[Case]:
    target = lab.tls_server.address

    async def script(line: Conversation) -> None:
        first = await line.read()
        extension = first[first.find(_TLS13_OFFERED) :][:14] if _TLS13_OFFERED in first else b""
        if b"\x03\x04" in extension:
            line.reset()
            return
        await pass_on(line, target, first)

    with Peer(script) as peer:
        yield Case(f"mongodb://{peer.address}/?tls=true&tlsCAFile={lab.authority.ca_file}")


@TABLE.row("N71", "a round trip of 1.6 s", connected="tcp.high-latency", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Relay(lab.standalone.address, delay_s=0.8) as relay:
        yield Case(f"mongodb://{relay.address}/")


@TABLE.row("N72", "300 bytes per second", failed="tcp.low-bandwidth", connected="tcp.low-bandwidth", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Relay(lab.standalone.address, bytes_per_second=300) as relay:
        yield Case(f"mongodb://{relay.address}/")


@TABLE.row(
    "N73",
    "the second name server alone knows the cluster",
    failed="dns.srv-not-found",
    says="first one that",
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    second = "10.79.0.53"
    with Network(nameservers=(OUTSIDE, second)) as network:
        network.outside_address(second)
        network.dns_server({})
        network.dns_server({**cluster("c0.lab.test", {"m.lab.test": 27017}), ("m.lab.test", "A"): OUTSIDE}, host=second)
        yield Case("mongodb+srv://c0.lab.test/?tls=false", network)


# ---------------------------------------------------------------- what answers in a member's place


def _in_its_place(id: str, title: str, answer: dict[str, Any], says: str, *, primary: bool = False) -> None:
    """One of two members is something else; where it should be the primary, the set cannot be used."""
    expected = {"failed" if primary else "connected": "topology.member-is-another"}

    @TABLE.row(id, title, says=says, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        with MongoPeer() as first, MongoPeer({"hello": answer}) as second:
            hosts = [first.address, second.address]
            named = second.address if primary else first.address
            role = "secondary" if primary else "primary"
            first.answers["hello"] = member_hello("rs0", hosts, me=first.address, primary=named, role=role)
            yield Case(f"mongodb://{first.address}/?replicaSet=rs0")


_OTHER_SET = member_hello("rsX", ["elsewhere:1"], me="elsewhere:1", role="primary")
_in_its_place("N80", "a member of another set at a listed address", _OTHER_SET, "a member of the set rsX")
_in_its_place("N81", "another set's primary in the primary's place", _OTHER_SET, "the set rsX", primary=True)
_in_its_place("N82", "an empty server in the primary's place", uninitiated_hello(), "in no set", primary=True)
_in_its_place("N83", "a router in the primary's place", mongos_hello(), "a router", primary=True)


@TABLE.row("N84", "a spare router is down", connected="topology.member-unreachable", says="other routers serve")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.closed_port() as port, MongoPeer({"hello": mongos_hello()}) as router:
        yield Case(f"mongodb://{router.address},127.0.0.1:{port}/")


@TABLE.row("N85", "another product's version and an old protocol", failed="hello.too-old", says="MongoDB 4.2")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"hello": hello(maxWireVersion=8), "buildinfo": {"version": "7.0.0"}}) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("N86", "expired, and made out to another name", failed="tls.ip-not-in-certificate", says="also expired")
def _(lab: Laboratory) -> Iterator[Case]:
    old = lab.authority.server("db9.example.com", ends=datetime.timedelta(days=-3))
    with MongoPeer(tls=server_context(old)) as peer:
        yield Case(f"mongodb://{peer.address}/?tls=true&tlsCAFile={lab.authority.ca_file}")


# ---------------------------------------------------------------- real servers behind something, or frozen


@TABLE.row("N91", "TLS ends at something in front of the server", failed="tls.required")
def _(lab: Laboratory) -> Iterator[Case]:
    context = server_context(lab.authority.server("127.0.0.1"))
    with Peer(lambda line: pass_on(line, lab.standalone.address), tls=context) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("N92", "the primary is frozen", failed="hello.no-answer", says="elect another", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    members = (deployments.Member(priority=2), deployments.Member(), deployments.Member())
    with deployments.replica_set(*members, election_timeout_ms=10_000) as deployment:
        with deployments.Frozen(deployment.member("primary")):
            yield Case(deployment.uri())


@TABLE.row("N93", "a line break behind the user name", failed="auth.user-name-case", says="line break")
def _(lab: Laboratory) -> Iterator[Case]:
    yield Case(f"mongodb://app%0A:{SECRET}@{lab.login_server.address}/")
