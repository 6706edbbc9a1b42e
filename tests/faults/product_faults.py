"""Atlas, and servers that are not MongoDB's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from faults.fault import Case, Table
from faults.laboratory import Laboratory
from lab import peers
from lab.dns_server import Value, cluster
from lab.mongo_peer import MongoPeer, hello
from lab.namespaces import Network

TABLE = Table()
ATLAS = "cluster0.abcde.mongodb.net"
SHARDS = {f"ac-0qx7-shard-00-0{n}.abcde.mongodb.net": f"203.0.113.{10 + n}" for n in range(3)}
URI = f"mongodb+srv://app:Zq7-hunter-9Xk@{ATLAS}/"


def atlas_zone(addresses: dict[str, str] = SHARDS) -> dict[tuple[str, str], Value]:
    txt = "authSource=admin&replicaSet=atlas-0qx7-shard-0"
    zone = cluster(ATLAS, dict.fromkeys(addresses, 27017), txt=txt)
    return zone | {(name, "A"): address for name, address in addresses.items()}


@TABLE.row("X20", "Atlas: TLS alert 80 from all members", failed="tcp.atlas-access-list", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, contextlib.ExitStack() as stack:
        network.dns_server(atlas_zone())
        for address in SHARDS.values():
            network.outside_address(address)
            stack.enter_context(peers.tls_alert(80, listener=network.listen(27017, address)))
        yield Case(URI, network)


@TABLE.row("X21", "Atlas: all members refuse", failed=("tcp.atlas-paused", "tcp.refused"), netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server(atlas_zone())
        for address in SHARDS.values():
            network.outside_address(address)
        yield Case(URI, network)


@TABLE.row("X24", "Atlas private endpoint from outside", failed="tcp.private-endpoint", silent=True, netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network:
        network.dns_server(atlas_zone({"pl-0-eu-west-1.abcde.mongodb.net": "10.8.0.15"}))
        yield Case(URI, network)


@TABLE.row("X27", "FerretDB", connected="hello.ferretdb")
def _(lab: Laboratory) -> Iterator[Case]:
    info = {"version": "7.0.77", "versionArray": [7, 0, 77, 0], "ferretdb": {"version": "v2.1.0"}}
    with MongoPeer({"hello": hello(maxWireVersion=21), "buildInfo": info}) as peer:
        yield Case(f"mongodb://{peer.address}/")


def _by_name(id: str, title: str, host: str, cause: str) -> None:
    @TABLE.row(id, title, connected=cause, netns=True)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network(hosts={host: "127.0.0.1"}) as network:
            network.publish(lab.standalone.address)
            yield Case(f"mongodb://{host}:{lab.standalone.server.port}/", network)


_by_name("X29", "Amazon DocumentDB by its name", "lab.cluster-cx7.eu-west-1.docdb.amazonaws.com", "hello.documentdb")
_by_name("X30", "Azure Cosmos DB by its name", "lab.mongo.cosmos.azure.com", "hello.cosmosdb")


@TABLE.row("X33", "MongoDB 4.4", connected="hello.end-of-life")
def _(lab: Laboratory) -> Iterator[Case]:
    # What mongod's own builds list, so that the version is taken for MongoDB's.
    built = {
        "gitVersion": "f4dda329a99811c707eb06d05ad023599f9be263",
        "allocator": "tcmalloc",
        "storageEngines": ["biggie"],
    }
    info = {"version": "4.4.29", "versionArray": [4, 4, 29, 0], "modules": [], "bits": 64, **built}
    with MongoPeer({"hello": hello(maxWireVersion=9), "buildInfo": info}) as peer:
        yield Case(f"mongodb://{peer.address}/")
