"""Limits of servers and sets that a check can see; those that show only during use belong to the watch."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from faults.fault import Case, Table
from faults.laboratory import Laboratory
from lab import deployments

TABLE = Table()


@TABLE.row("O04", "server at its connection limit", failed=("pool.connection-limit", "tcp.closed-on-connect"))
def _(lab: Laboratory) -> Iterator[Case]:
    with deployments.connection_limit() as deployment, contextlib.ExitStack() as stack:
        for _held in range(8):
            stack.enter_context(socket.create_connection(("127.0.0.1", deployment.server.port), 5))
        yield Case(deployment.uri())


TABLE.text(
    "O11", "w=5 at a set of three", lambda lab: lab.replica_set.uri(w=5), connected="topology.write-concern-impossible"
)
TABLE.text("O11d", "w=mytag", lambda lab: lab.replica_set.uri(w="mytag"), connected="topology.unknown-write-concern")
TABLE.text(
    "O12",
    "compressors that may lack their packages",
    lambda lab: f"mongodb://{lab.standalone.address}/?compressors=zstd,snappy",
    connected=(),
)


@TABLE.row("O14", "server locked for a backup", connected="pool.writes-blocked")
def _(lab: Laboratory) -> Iterator[Case]:
    with deployments.standalone() as deployment, deployment.client() as client:
        client.admin.command("fsync", 1, lock=True)
        try:
            yield Case(deployment.uri())
        finally:
            client.admin.command("fsyncUnlock", 1)
