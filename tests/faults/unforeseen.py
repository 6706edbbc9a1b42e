"""Situations that were thought up to be unlike all others: old evidence in a new place, or two halves that differ."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from bson import Int64
from pymongo import MongoClient

from clearline.cli.mongod import PrivateMongod
from faults.dns_faults import ADDRESS, MEMBER, NAME, SRV
from faults.fault import Case, Table
from faults.laboratory import SECRET, Laboratory
from lab import deployments, peers
from lab.certificates import self_signed, server_context
from lab.deployment import ROOT, ROOT_PASSWORD, User
from lab.dns_server import NODATA, REFUSED, SERVFAIL, SILENT, Truncated, Zone, cluster
from lab.mongo_peer import Failure, Late, MongoPeer, hello, member_hello
from lab.namespaces import OUTSIDE, Network
from lab.peer import Conversation

TABLE = Table()
HOST, PORT = "db.lab.test", 27017
_DEAD = "203.0.113.9"
"""An address at which nothing answers."""
_SECOND = "10.79.0.53"
"""That of a second name server."""
_PLAIN = f"mongodb://{HOST}/"
_CLUSTER = cluster(NAME, {MEMBER: PORT}) | ADDRESS
_HERE: Zone = {(HOST, "A"): OUTSIDE, (HOST, "AAAA"): NODATA}


# ---------------------------------------------------------------- names


def _names(id: str, title: str, zone: Zone, text: str, *, lost: str = "", **expected: object) -> None:
    """A healthy server outside; ``lost`` says which questions to the name server get nowhere."""

    @TABLE.row(id, title, netns=True, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network, MongoPeer(listener=network.listen(PORT)):
            network.dns_server(zone)
            network.drop(host=_DEAD)
            if lost:
                network.drop(port=53, udp=lost != "tcp", here=lost == "here")
            yield Case(text, network)


_UDP = "dns.udp-blocked"
_names("E01", "UDP questions are lost, TCP ones are not", _HERE, _PLAIN, lost="udp", failed=_UDP, silent=True)
_names("E02", "the same for a cluster", _CLUSTER, SRV, lost="udp", failed=_UDP, says="long mongodb://", silent=True)
_names(
    "E03", "this computer's filter lets no UDP out", _HERE, _PLAIN, lost="here", failed=_UDP, says="on this computer"
)
_names(
    "E04",
    "the answer about a host is cut off",
    _HERE | {(HOST, "A"): Truncated(OUTSIDE)},
    _PLAIN,
    lost="tcp",
    failed="dns.tcp-blocked",
    silent=True,
)
_names("E07", "a TXT record ends in &", _CLUSTER | {(NAME, "TXT"): "authSource=admin&"}, SRV, failed="dns.txt-invalid")
_names(
    "E08",
    "a value in capitals in the TXT record",
    _CLUSTER | {(NAME, "TXT"): "loadBalanced=TRUE"},
    SRV,
    connected="dns.txt-invalid",
    says="PyMongo leaves out",
)
_names(
    "E09",
    "another service name than the records have",
    _CLUSTER,
    f"{SRV}&srvServiceName=mongo",
    failed="dns.srv-not-found",
    says="_mongo._tcp.",
)
_names(
    "E10",
    "one of two hosts is dead, and one is drawn",
    {
        (f"_mongodb._tcp.{NAME}", "SRV"): [f"0 0 {PORT} {MEMBER}.", f"0 0 {PORT} m2.lab.test."],
        (NAME, "TXT"): NODATA,
        **ADDRESS,
        ("m2.lab.test", "A"): _DEAD,
    },
    f"{SRV}&srvMaxHosts=1",
    failed="tcp.no-answer",
    connected="topology.drawn-by-lot",
    silent=True,
)

_names(
    "E11",
    "a page of Atlas in place of a cluster",
    {("cloud.mongodb.com", "A"): "203.0.113.9"},
    f"mongodb+srv://app:{SECRET}@cloud.mongodb.com/",
    failed="dns.no-srv-record",
    says="web site",
)

_names(
    "E13",
    "a short name with a dot behind it",
    {("db.lab.test", "A"): OUTSIDE},
    "mongodb://db./",
    failed="dns.short-name",
    says="without the dot",
)
_names(
    "E14",
    "a name that the system does not look up",
    {("-db.lab.test", "A"): OUTSIDE},
    "mongodb://-db.lab.test/",
    failed="dns.host-not-found",
    says="knows it",
)
_names(
    "E18",
    "a semicolon in the TXT record",
    _CLUSTER | {(NAME, "TXT"): "authSource=admin;replicaSet=rs0"},
    SRV,
    failed="dns.txt-wrong-set",
)
_names(
    "E17",
    "both separators in the TXT record",
    _CLUSTER | {(NAME, "TXT"): "authSource=admin;replicaSet=rs0&loadBalanced=false"},
    SRV,
    failed="dns.txt-invalid",
    says="both stand between",
)


def _handed_out(id: str, title: str, zone: Zone, cause: str, *, silent: bool = False) -> None:
    """The seed is an address, and its set names a member whose name cannot be looked up now."""

    @TABLE.row(id, title, netns=True, failed=cause, silent=silent, says="" if silent else "drivers look that name up")
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network() as network, MongoPeer(listener=network.listen(PORT)) as peer:
            network.dns_server(zone)
            name = f"{MEMBER}:{PORT}"
            peer.answers["hello"] = member_hello("rs0", [name], me=name, role="primary")
            yield Case(f"mongodb://{OUTSIDE}/", network)


_handed_out("E22", "a member's name, and a name server that fails", {("*", "*"): SERVFAIL}, "dns.servfail")
_handed_out("E23", "a member's name, and a name server that refuses", {("*", "*"): REFUSED}, "dns.refused")
_handed_out(
    "E24", "a member's name, and no name server answers", {("*", "*"): SILENT}, "dns.resolver-silent", silent=True
)


@TABLE.row("E25", "a single server at the member's name", failed="topology.member-without-set", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(PORT)) as peer:
        network.outside_address(_SECOND)
        network.dns_server({(MEMBER, "A"): _SECOND, (MEMBER, "AAAA"): NODATA})
        name = f"{MEMBER}:{PORT}"
        peer.answers["hello"] = member_hello("rs0", [name], me=name, role="primary")
        with MongoPeer(listener=network.listen(PORT, _SECOND)):
            yield Case(f"mongodb://{OUTSIDE}/", network)


@TABLE.row("E12", "two name servers name different hosts: the first counts", connected=(), netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(nameservers=(OUTSIDE, _SECOND)) as network, MongoPeer(listener=network.listen(PORT)):
        network.outside_address(_SECOND)
        network.dns_server(_CLUSTER, delay_s=0.1)
        network.dns_server(cluster(NAME, {"m2.lab.test": PORT}), host=_SECOND)
        yield Case(SRV, network)


# ---------------------------------------------------------------- the line, the set, and the text


@TABLE.row("E15", "a firewall allows one connection of each computer", failed="tcp.unsteady", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(PORT)):
        network.allow_connections(1, port=PORT)
        yield Case(f"mongodb://{OUTSIDE}/", network)


class _FirstIsLost(MongoPeer):
    """A balancer whose first server is gone: the first connection ends, all others are served."""

    async def _serve(self, line: Conversation) -> None:
        if line.number > 0:
            await super()._serve(line)


@TABLE.row("E27", "a balancer of which one server is gone", connected="tcp.unsteady", says="not others")
def _(lab: Laboratory) -> Iterator[Case]:
    with _FirstIsLost() as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("E16", "a read that is turned down without a code", failed="access.read-refused", says="these have none")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"find": {"ok": 0.0, "errmsg": "proxy: no backend"}}) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("E20", "the seed was moved to another set", failed="topology.wrong-set-name", says="in place of")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer() as stray, MongoPeer() as primary:
        hosts = [primary.address, stray.address]
        stray.answers["hello"] = member_hello("rs1", hosts, me=hosts[1], primary=hosts[0])
        primary.answers["hello"] = member_hello("rs0", hosts, me=hosts[0], role="primary")
        yield Case(f"mongodb://{stray.address}/?replicaSet=rs0")


TABLE.text(
    "E21",
    "no time for the choice of a server",
    lambda lab: lab.standalone.uri(serverSelectionTimeoutMS=0),
    failed="uri.bad-value",
)


@TABLE.row("E26", "two servers behind one name", failed="topology.wrong-set-name", says="another server", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, MongoPeer(listener=network.listen(PORT)) as stray:
        network.outside_address(_SECOND)
        network.dns_server({(HOST, "A"): [OUTSIDE, _SECOND], (HOST, "AAAA"): NODATA})
        name = f"{HOST}:{PORT}"
        with MongoPeer(listener=network.listen(PORT, _SECOND)) as meant:
            stray.answers["hello"] = member_hello("rsX", [name], me=name, role="primary")
            meant.answers["hello"] = member_hello("rs0", [name], me=name, role="primary")
            yield Case(f"mongodb://{HOST}/?replicaSet=rs0", network)


@TABLE.row("E50", "a primary that its own list lacks", failed="topology.primary-not-listed")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer() as primary, MongoPeer() as other:
        hosts = [other.address]
        primary.answers["hello"] = member_hello("rs0", hosts, me=primary.address, role="primary")
        other.answers["hello"] = member_hello("rs0", hosts, me=other.address, primary=primary.address)
        yield Case(f"mongodb://{primary.address}/?replicaSet=rs0")


@TABLE.row("E51", "a list with a port that is no number", failed="hello.malformed", says="db1:27O17")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer() as peer:
        hosts = [peer.address, "db1:27O17"]
        peer.answers["hello"] = member_hello("rs0", hosts, me=peer.address, role="primary")
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("E52", "no room for a command", failed="hello.malformed", says="maxBsonObjectSize is 100")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer({"hello": hello(maxBsonObjectSize=100)}) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("E53", "a read that is answered after 1.8 s", connected=(), silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    nothing = {"cursor": {"id": Int64(0), "ns": "test.clearline", "firstBatch": ()}}
    with MongoPeer({"find": Late(1.8, nothing)}) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("E54", "a plain file in place of a socket", failed="tcp.socket-missing", says="is a file, and no socket")
def _(lab: Laboratory) -> Iterator[Case]:
    path = lab.folder / "plain-file.sock"
    path.touch()
    yield Case(f"mongodb://{quote(str(path), safe='')}/")


TABLE.text(
    "E55",
    "a path that drivers take for a host",
    lambda lab: "mongodb://%2Fvar%2Frun%2Fmongodb/",
    failed="uri.unescaped-socket-path",
    says="does not end in .sock",
)

TABLE.text(
    "E57",
    "a path that is too long for a socket",
    lambda lab: f"mongodb://%2Ftmp%2F{'deep%2F' * 21}mongodb-27017.sock/",
    failed="tcp.socket-missing",
    says="107 at most",
)

# ---------------------------------------------------------------- logins


def _login(id: str, title: str, start: object, cause: str, says: str = "") -> None:
    @TABLE.row(id, title, failed=cause, says=says)
    def _(lab: Laboratory) -> Iterator[Case]:
        with MongoPeer({"saslstart": start}, mechanisms={"admin.app": ["SCRAM-SHA-256"]}) as peer:  # type: ignore[dict-item]
            yield Case(f"mongodb://app:{SECRET}@{peer.address}/?authMechanism=SCRAM-SHA-256")


TABLE.text(
    "E56",
    "a database for the login that cannot be",
    lambda lab: f"mongodb://app:{SECRET}@{lab.login_server.address}/?authSource=shop.users",
    failed="auth.login-refused",
    says="shop.users",
)

_LOCKED = Failure(18, "Account is locked for 300 s", "AuthenticationFailed")
_REPLAYING = Failure(13436, "node is recovering", "NotPrimaryOrSecondary")
_login("E35", "a login while the member changes its state", _REPLAYING, "topology.recovering", "changing its state")
_SUSPENDED = {"ok": 0.0, "errmsg": "tenant suspended"}
_login("E34", "a refusal without a code", _SUSPENDED, "auth.login-refused", "these have none")
_login("E30", "a locked account", _LOCKED, "auth.login-refused", "Account is locked")
_login("E31", "an answer that is no SCRAM", {"conversationId": 1, "payload": b"hello"}, "auth.server-not-genuine")
_login(
    "E32",
    "SCRAM's own word for an unknown user",
    {"conversationId": 1, "payload": b"e=unknown-user"},
    "auth.server-not-genuine",
    "in its own way",
)

TABLE.text(
    "E33",
    "a certificate's user with a password",
    lambda lab: f"mongodb://CN%3Dapp:{SECRET}@{lab.login_server.address}/?authSource=$external",
    failed="uri.mechanism-mismatch",
    says="MONGODB-X509",
)


@TABLE.row("E36", "a user of $external with a password", failed="auth.wrong-authsource", says="but in $external")
def _(lab: Laboratory) -> Iterator[Case]:
    server = lab.login_server
    with MongoClient(server.address, username=ROOT, password=ROOT_PASSWORD, directConnection=True) as client:
        outside = client["$external"]
        outside.command("createUser", "CN=outside", roles=[{"role": "read", "db": "shop"}])
        try:
            yield Case(f"mongodb://CN%3Doutside:{SECRET}@{server.address}/")
        finally:
            outside.command("dropUser", "CN=outside")


@TABLE.row("E37", "on its way to access control", failed="auth.no-access-control", says="transitionToAuth")
def _(lab: Laboratory) -> Iterator[Case]:
    key = lab.folder / "members.key"
    key.write_text("abcdefgh" * 8, "ascii")
    key.chmod(0o600)
    with PrivateMongod(("--keyFile", str(key), "--transitionToAuth")) as server:
        yield Case(f"mongodb://someone:{SECRET}@{server.address}/")


@TABLE.row("E38", "the password of another database's user", failed="auth.wrong-password", says="in admin too")
def _(lab: Laboratory) -> Iterator[Case]:
    users = (User("app", "shop", password="another-Kp7"), User("app", password=SECRET))
    with deployments.with_login(users=users) as server:
        yield Case(f"mongodb://app:{SECRET}@{server.address}/shop")


# ---------------------------------------------------------------- TLS


@TABLE.row("E40", "TLS inside TLS", failed="tls.closed-after-handshake", says="once more")
def _(lab: Laboratory) -> Iterator[Case]:
    refusal = bytes((0x15, 3, 3, 0, 2, 2, 70))
    with peers.answering(refusal, tls=server_context(lab.authority.server())) as peer:
        yield Case(f"mongodb://{peer.address}/?tls=true&tlsCAFile={lab.authority.ca_file}")


@TABLE.row("E41", "vouches for itself, and is another's", failed="tls.self-signed", says="made out to db1")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer(tls=server_context(self_signed(lab.folder, "db1"))) as peer:
        yield Case(f"mongodb://{peer.address}/?tls=true&tlsCAFile={lab.authority.ca_file}")
