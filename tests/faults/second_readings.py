"""Evidence that has a second reading, beside the one that comes to mind first."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pymongo import MongoClient

from clearline.cli.mongod import PrivateMongod
from faults.fault import Case, Table
from faults.laboratory import SECRET, Laboratory
from lab import deployments, peers
from lab.certificates import server_context
from lab.deployment import ROOT, ROOT_PASSWORD, User
from lab.dns_server import NODATA
from lab.mongo_peer import MongoPeer, member_hello
from lab.namespaces import OUTSIDE, Network
from lab.peer import Conversation

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
