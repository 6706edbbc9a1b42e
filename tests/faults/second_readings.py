"""Evidence that has a second reading, beside the one that comes to mind first."""

from __future__ import annotations

import base64
import ssl
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pymongo import MongoClient

from clearline.cli.mongod import PrivateMongod
from faults.fault import Case, Table
from faults.laboratory import SECRET, Laboratory
from lab import deployments, peers
from lab.certificates import Authority, server_context
from lab.deployment import ROOT, ROOT_PASSWORD, User
from lab.dns_server import NODATA
from lab.mongo_peer import Failure, MongoPeer, member_hello
from lab.namespaces import OUTSIDE, Network
from lab.peer import Conversation, Peer

TABLE = Table()
HOST = "db.lab.test"


# ---------------------------------------------------------------- logins


@TABLE.row("S01", "credentials for a method that was switched off", failed="auth.mechanism-disabled", says="knows user")
def _(lab: Laboratory) -> Iterator[Case]:
    with tempfile.TemporaryDirectory(prefix="clearline-faults-") as folder:
        data = Path(folder) / "db"
        with PrivateMongod(("--auth",), dbpath=data) as server:
            with MongoClient(server.address, directConnection=True) as client:  # MongoDB's localhost exception
                client.admin.command("createUser", ROOT, pwd=ROOT_PASSWORD, roles=["root"])
            with MongoClient(server.address, username=ROOT, password=ROOT_PASSWORD, directConnection=True) as client:
                client.admin.command("createUser", "app", pwd=SECRET, roles=[], mechanisms=["SCRAM-SHA-256"])
        only_old = ("--setParameter", "authenticationMechanisms=SCRAM-SHA-1")
        with PrivateMongod(("--auth", *only_old), dbpath=data) as server:
            yield Case(f"mongodb://app:{SECRET}@{server.address}/")


TABLE.text(
    "S02",
    "no such user where a method is switched off",
    lambda lab: f"mongodb://someone:{SECRET}@{lab.sha1_server.address}/",
    failed="auth.unknown-user",
)


@TABLE.row("S03", "a user of that name in two databases", failed="auth.wrong-authsource", says="Or add authSource=")
def _(lab: Laboratory) -> Iterator[Case]:
    users = (User("app", "one", password=SECRET), User("app", password="another-Kp7"))
    with deployments.with_login(users=users) as server:
        yield Case(f"mongodb://app:{SECRET}@{server.address}/one?authSource=two")


# ---------------------------------------------------------------- TLS


@TABLE.row("S10", "an alert about certificates before any was shown", failed="tls.handshake-refused")
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.tls_alert(42) as peer:
        files = f"tlsCAFile={lab.authority.ca_file}&tlsCertificateKeyFile={lab.client.certificate_key_file}"
        yield Case(f"mongodb://{peer.address}/?tls=true&{files}")


class _TlsAlone(MongoPeer):
    """A server behind a firewall that swallows what is not TLS."""

    context: ssl.SSLContext

    async def _serve(self, line: Conversation) -> None:
        first = await line.read(1)
        if first != b"\x16":
            await line.until_closed()
        elif await line.secure(self.context, heard=first):
            await super()._serve(line)


@TABLE.row(
    "S11",
    "a firewall that lets TLS alone through",
    failed="tls.required",
    says="a firewall that lets TLS alone through",
    netns=True,
    silent=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server({(HOST, "A"): OUTSIDE, (HOST, "AAAA"): NODATA})
        with _TlsAlone(listener=network.listen(27017)) as peer:
            peer.context = server_context(lab.authority.server(HOST))
            yield Case(f"mongodb://{HOST}/", network)


@TABLE.row("S12", "one of two members demands TLS", failed="tls.required", says="plain MongoDB only")
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer() as plain, MongoPeer(tls=server_context(lab.authority.server())) as demanding:
        hosts = [plain.address, demanding.address]
        plain.answers["hello"] = member_hello("rs0", hosts, me=hosts[0], primary=hosts[1])
        demanding.answers["hello"] = member_hello("rs0", hosts, me=hosts[1], role="primary")
        yield Case(f"mongodb://{plain.address}/?replicaSet=rs0")


# ---------------------------------------------------------------- the set


@TABLE.row(
    "S20", "a primary that has lost its majority", connected="topology.member-unreachable", says="no majority any more"
)
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer() as primary, peers.closed_port() as one, peers.closed_port() as two:
        hosts = [primary.address, f"127.0.0.1:{one}", f"127.0.0.1:{two}"]
        primary.answers["hello"] = member_hello("rs0", hosts, me=primary.address, role="primary")
        yield Case(f"mongodb://{primary.address}/?replicaSet=rs0")


# ---------------------------------------------------------------- addresses from somewhere else


def _address(id: str, title: str, text: str, cause: str, says: str = "", **more: object) -> None:
    def make(lab: Laboratory) -> str:
        places = {"HOST": lab.standalone.address, "PORT": str(lab.standalone.server.port)}
        if "LOGIN" in text:
            places["LOGIN"] = lab.login_server.address
        made = text.replace("PW", SECRET)
        for name, place in places.items():
            made = made.replace(name, place)
        return made

    TABLE.text(id, title, make, failed=cause, says=says, **more)


_address("S30", "JSON's backslashes", "mongodb:\\/\\/app:PW@HOST\\/admin", "uri.bad-scheme", "backslash before each")
_address(
    "S31", "a properties file's backslashes", "mongodb\\://app\\:PW@HOST/", "uri.bad-scheme", "backslash before each"
)
_address(
    "S32", "another database's address", "postgresql://app:PW@HOST/shop", "uri.bad-scheme", "address of PostgreSQL"
)
_address("S33", "folded into two lines", "mongodb://HOST/\n  ?retryWrites=true", "uri.stray-characters", "a line break")
_address("S34", "a command that no shell ran", "mongodb://app:$(cat /run/pw)@LOGIN/", "uri.not-set", "no shell ran it")
_address("S35", "a variable with a default", "mongodb://app:${DB_PASSWORD:-x}@LOGIN/", "uri.not-set", "template")
_address("S36", "brackets around no IPv6", "mongodb://[HOST]/", "uri.stray-characters", "the character [")
_address("S37", "a number above 255", "mongodb://127.0.0.300:27017/", "dns.host-not-found", "no possible IPv4 address")
_address(
    "S38", "numbers that begin with 0", "mongodb://127.0.0.010:PORT/", "tcp.refused", "reads 127.0.0.010 as 127.0.0.8"
)
_address("S39", "quotation marks in the password", "mongodb://app:%22PW%22@LOGIN/", "auth.wrong-password", "env-file")
_address("S40", "a letter in Latin-1", "mongodb://app:na%EFve@LOGIN/", "auth.percent-in-password", "UTF-8")
_address("S41", "a user as the server lists it", "mongodb://admin.app:PW@LOGIN/", "auth.unknown-user", "DATABASE.NAME")
TABLE.text(
    "S42",
    "a mode in another letter case",
    lambda lab: lab.replica_set.uri(readPreference="secondarypreferred"),
    connected="uri.ignored-value",
    says="Write readPreference=secondaryPreferred",
)


@TABLE.row("S43", "a directory that does not answer in time", failed="auth.login-refused", says="time limit")
def _(lab: Laboratory) -> Iterator[Case]:
    answers = {"saslstart": Failure(50, "operation exceeded time limit", "MaxTimeMSExpired")}
    with MongoPeer(answers) as peer:
        yield Case(f"mongodb://app:{SECRET}@{peer.address}/?authMechanism=SCRAM-SHA-256")


# ---------------------------------------------------------------- files from somewhere else


def _ca(id: str, title: str, make: Callable[[Laboratory], bytes], cause: str = "", says: str = "") -> None:
    def text(lab: Laboratory) -> str:
        path = lab.folder / f"{id}.pem"
        path.write_bytes(make(lab))
        return f"mongodb://{lab.tls_server.address}/?tls=true&tlsCAFile={path}"

    TABLE.text(id, title, text, says=says, **({"failed": cause} if cause else {"connected": ()}))


def _pem(lab: Laboratory) -> bytes:
    return lab.authority.ca_file.read_bytes()


def _two(lab: Laboratory, between: bytes) -> bytes:
    return lab.other_authority.ca_file.read_bytes().rstrip() + between + _pem(lab)


_ca("S50", "two files joined on one line", lambda lab: _two(lab, b""), "files.damaged", "Put a line break")
_ca("S51", "two files joined by a line break of Windows", lambda lab: _two(lab, b"\r\n"))
_ca("S52", "\\n as two characters", lambda lab: _pem(lab).replace(b"\n", b"\\n"), "files.damaged", "printf")
_ca("S53", "base64 once more", lambda lab: base64.b64encode(_pem(lab)), "files.no-certificate", "Kubernetes secret")
_ca(
    "S54",
    "a pointer",
    lambda _: b"version https://git-lfs.github.com/spec/v1\n",
    "files.no-certificate",
    "git lfs pull",
)
_ca(
    "S55",
    "typographic dashes",
    lambda lab: _pem(lab).replace(b"--", "\u2014".encode()),
    "files.no-certificate",
    "dashes",
)
TABLE.text(
    "S56",
    "quotation marks around a path",
    lambda lab: f"mongodb://{lab.tls_server.address}/?tls=true&tlsCAFile='{lab.authority.ca_file}'",
    failed="files.not-found",
    says="quotation marks",
)
TABLE.text(
    "S57",
    "the authority as client certificate",
    lambda lab: (
        f"mongodb://{lab.mutual_tls_server.address}/?tls=true&tlsCAFile={lab.authority.ca_file}"
        f"&tlsCertificateKeyFile={lab.authority.ca_file}"
    ),
    failed="files.no-key",
    says="an authority's certificate",
)


# ---------------------------------------------------------------- what answers, and what does not


@TABLE.row("S60", "one byte before a word was said", failed="hello.other-service", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with peers.greeting(b"\0") as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("S61", "four bytes and no more", failed="hello.no-answer", says="stops after 4 bytes", silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(b"\x50\x01\0\0")
        await line.until_closed()

    with Peer(script) as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("S62", "a name without an address", failed="dns.host-not-found", says="has no address in DNS", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server({(HOST, "A"): NODATA, (HOST, "AAAA"): NODATA})
        yield Case(f"mongodb://{HOST}/", network)


@TABLE.row("S63", "Cosmos DB without its port", failed="tcp.no-answer", says="10255", netns=True, silent=True)
def _(lab: Laboratory) -> Iterator[Case]:
    host = "shop.mongo.cosmos.azure.com"
    with Network() as network:
        network.dns_server({(host, "A"): "203.0.113.9", (host, "AAAA"): NODATA})
        yield Case(f"mongodb://shop:{SECRET}@{host}/?ssl=true", network)


@TABLE.row("S64", "a server on ::1 alone", failed="tcp.refused", says="Write [::1]", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(ipv6=True) as network:
        network.publish(lab.standalone.address, host="::1", port=27017)
        yield Case("mongodb://127.0.0.1:27017/", network)


@TABLE.row("S65", "a dot behind the host, with TLS", failed="tls.name-mismatch", says="without the dot", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server({(HOST, "A"): OUTSIDE, (HOST, "AAAA"): NODATA})
        context = server_context(lab.authority.server(HOST))
        with MongoPeer(tls=context, listener=network.listen(27017)):
            yield Case(f"mongodb://{HOST}.:27017/?tls=true&tlsCAFile={lab.authority.ca_file}", network)


TABLE.text(
    "S66", "a name with an empty part", lambda _: "mongodb://db..lab.test/", failed="dns.host-not-found", says="empty"
)
TABLE.text(
    "S67",
    "two seconds in milliseconds",
    lambda lab: f"mongodb://{lab.standalone.address}/?timeoutMS=1",
    failed="pool.operation-timeout",
    says="are milliseconds",
)


@TABLE.row("S70", "a revocation list of an authority made anew", failed="tls.crl-missing", says="not signed")
def _(lab: Laboratory) -> Iterator[Case]:
    namesake = Authority(lab.folder)
    with MongoPeer(tls=server_context(lab.authority.server())) as peer:
        files = f"tlsCAFile={lab.authority.ca_file}&tlsCRLFile={namesake.crl()}"
        yield Case(f"mongodb://{peer.address}/?tls=true&{files}")
