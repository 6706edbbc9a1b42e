"""More deployments that are in order: nothing may be reported about them that is not a note."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from urllib.parse import quote_plus

from faults.fault import Case, Table
from faults.laboratory import Laboratory
from lab.dns_server import cluster
from lab.mongo_peer import MongoPeer
from lab.namespaces import OUTSIDE, OUTSIDE_V6, Network

TABLE = Table()
TABLE.text("H01", "a set, all seeds, majority writes", lambda lab: lab.replica_set.uri(w="majority"), connected=())
TABLE.text("H02", "TLS and login at a set", lambda lab: lab.tls_login_set.uri(lab.user("app")), connected=())
TABLE.text(
    "H03",
    "X.509",
    lambda lab: lab.x509_server.uri(
        authMechanism="MONGODB-X509", tlsCertificateKeyFile=lab.client.certificate_key_file
    ),
    connected=(),
)
TABLE.text(
    "H04",
    "a client certificate that is demanded",
    lambda lab: lab.mutual_tls_server.uri(tlsCertificateKeyFile=lab.client.certificate_key_file),
    connected=(),
)
TABLE.text(
    "H05",
    "every odd character in the password, escaped",
    lambda lab: lab.login_server.uri(lab.user("special")),
    connected=(),
)
TABLE.text(
    "H06",
    "a user beyond ASCII",
    lambda lab: lab.login_server.uri(lab.user("Éva")),
    connected=(),
)
TABLE.text("H07", "SCRAM-SHA-1 user, negotiated", lambda lab: lab.login_server.uri(lab.user("sha1only")), connected=())
TABLE.text(
    "H08",
    "a user of the database in the path",
    lambda lab: f"mongodb://appuser:{quote_plus(lab.user('appuser').password)}@{lab.login_server.address}/appdb",
    connected=(),
)
TABLE.text(
    "H09",
    "read preference with tags that a member has",
    lambda lab: lab.diverse_set.uri(readPreference="secondary") + "&readPreferenceTags=dc:west",
    connected=(),
)
TABLE.text(
    "H10",
    "directConnection to the primary",
    lambda lab: f"mongodb://{lab.replica_set.member('primary').address}/?directConnection=true",
    connected=(),
)


@TABLE.row("H11", "SRV with TXT at a set", connected=(), netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    deployment = lab.replica_set
    names = {f"m{n}.lab.test": server.port for n, server in enumerate(deployment.servers)}
    with Network() as network:
        for server in deployment.servers:
            network.publish(server.address)
        zone = cluster("c0.lab.test", names, txt="replicaSet=rs0&authSource=admin")
        network.dns_server(zone | {(name, "A"): "127.0.0.1" for name in names})
        yield Case("mongodb+srv://c0.lab.test/?tls=false", network)


@TABLE.row("H12", "IPv6 loopback", connected=())
def _(lab: Laboratory) -> Iterator[Case]:
    with MongoPeer(host="::1") as peer:
        yield Case(f"mongodb://{peer.address}/")


@TABLE.row("H13", "both families answer", connected=(), netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network(ipv6=True) as network, MongoPeer(listener=network.listen(27017)):
        with MongoPeer(listener=network.listen(27017, OUTSIDE_V6)):
            network.dns_server({("both.lab.test", "A"): OUTSIDE, ("both.lab.test", "AAAA"): OUTSIDE_V6})
            yield Case("mongodb://both.lab.test:27017/", network)


if sys.platform != "win32":

    @TABLE.row("H14", "UNIX domain socket", connected=())
    def _(lab: Laboratory) -> Iterator[Case]:
        path = lab.folder / "mongodb-27017.sock"
        path.unlink(missing_ok=True)
        bound = socket.socket(socket.AF_UNIX)
        bound.bind(os.fspath(path))
        with MongoPeer(listener=bound):
            yield Case(f"mongodb://{quote_plus(os.fspath(path))}/")


@TABLE.row("H15", "SRV to one server, 80 ms away", connected=(), netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.publish(lab.standalone.address, host=OUTSIDE, delay_s=0.04)
        zone = cluster("c0.lab.test", {"m1.lab.test": lab.standalone.server.port})
        network.dns_server(zone | {("m1.lab.test", "A"): OUTSIDE})
        yield Case("mongodb+srv://c0.lab.test/?tls=false", network)


@TABLE.row("H16", "TLS and login at a set, 80 ms away", connected=(), netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    deployment = lab.tls_login_set
    with Network() as network:
        for server in deployment.servers:
            network.publish(server.address, delay_s=0.04)
        yield Case(deployment.uri(lab.user("app")), network)
