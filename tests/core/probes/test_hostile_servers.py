"""Servers that wear their clients out: each is noticed for what it does, soon and in little memory."""

from __future__ import annotations

import errno
import ssl
from typing import Any

import pytest

from clearline.core.facts.servers import Exchange, Reach, TlsFacts, TlsKind, is_trickle
from clearline.core.hops.tls_handshake import MOST_HANDSHAKE_BYTES
from clearline.core.probes import tls
from clearline.core.probes.connection import Connection, EndlessRecords
from clearline.core.probes.hello import extras, say_hello
from clearline.core.probes.tcp import open_connection
from lab import hostile, loops, peers
from lab.certificates import Authority
from lab.peer import Peer


async def opened(peer: Peer) -> Connection:
    _, connection = await open_connection("127.0.0.1", peer.port, deadline_s=2)
    assert connection is not None
    return connection


def greeted(peer: Peer, **options: Any) -> Exchange:
    async def probe() -> Exchange:
        return await say_hello(await opened(peer), **{"tls": False, "deadline_s": 2.0, **options})

    return loops.run(probe())


def shaken(peer: Peer, context: ssl.SSLContext, **options: Any) -> TlsFacts:
    async def probe() -> TlsFacts:
        settings = {"kind": TlsKind.DRIVER, "server_name": "localhost", "deadline_s": 2.0, **options}
        return await tls.handshake(await opened(peer), context=context, **settings)

    return loops.run(probe())


def test_an_answer_in_drops_is_told_before_the_patience_ends() -> None:
    early: list[Exchange] = []
    with hostile.trickling(0.02) as peer:
        late = greeted(peer, deadline_s=0.1, late_s=0.15, on_early=early.append)
    assert (early[0].reach, early[0].elapsed_ms >= 200) == (Reach.SILENT, True)
    assert is_trickle(early[0].received_bytes, early[0].pieces)
    assert (late.reach, late.hello) == (Reach.SILENT, None)


def test_a_handshake_in_drops_is_told_before_the_patience_ends() -> None:
    early: list[TlsFacts] = []
    with hostile.trickling_tls(0.02) as peer:
        shaken(peer, tls.look_context(), deadline_s=0.1, late_s=0.15, on_early=early.append)
    assert early[0].reach is Reach.SILENT
    assert is_trickle(early[0].received_bytes, early[0].pieces)


def test_a_whole_answer_is_no_trickle() -> None:
    assert not is_trickle(300, 1)
    assert not is_trickle(4096, 4)


def test_a_handshake_without_end_is_given_up() -> None:
    with hostile.endless_tls() as peer:
        facts = shaken(peer, tls.look_context())
    assert (facts.reach, facts.endless) == (Reach.TLS_ERROR, True)
    assert facts.received_bytes < 2 * MOST_HANDSHAKE_BYTES


def test_records_without_data_in_place_of_an_answer_are_told() -> None:
    class Flooded(Connection):
        async def receive(self) -> bytes:
            raise EndlessRecords(errno.EMSGSIZE, "records without end and without data")

    async def probe(peer: Peer) -> Exchange:
        line = await opened(peer)
        return await say_hello(Flooded(line._socket), tls=True, deadline_s=2)

    with peers.silent() as peer:
        answer = loops.run(probe(peer))
    assert (answer.hello, answer.endless) == (None, True)


def test_a_compressed_answer_is_not_unpacked() -> None:
    resource = pytest.importorskip("resource", reason="Windows tells no memory")
    with hostile.compression_bomb() as peer:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answer = greeted(peer)
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (answer.reach, answer.compressed_bytes) == (Reach.NOT_MONGODB, hostile.BOMB_BYTES)
    assert grown_kib < 50_000


def test_a_compressed_answer_to_a_later_command_is_told_with_its_name() -> None:
    async def probe(peer: Peer) -> Any:
        line = await opened(peer)
        assert (await say_hello(line, tls=False, deadline_s=2)).hello is not None
        return await extras(line, deadline_s=2)

    with hostile.compression_bomb("*") as peer:
        found = loops.run(probe(peer))
    assert (found.compressed_at, found.compressed_bytes) == ("find", hostile.BOMB_BYTES)
    assert (found.silent_at, found.cut_at) == (None, None)


def test_a_certificate_that_is_none_is_noticed(authority: Authority) -> None:
    with hostile.broken_certificate() as peer:
        facts = shaken(peer, tls.context_with_roots(authority.ca_file))
    assert (facts.reach, facts.unreadable, facts.chain) == (Reach.TLS_ERROR, True, ())
