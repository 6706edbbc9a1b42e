"""The end of a client: nothing of it stays open, whatever PyMongo has forgotten."""

from __future__ import annotations

import asyncio
import sys

import pytest

from clearline.core.driver.client import Built, build_client, close_client
from clearline.core.hops.loop import going
from lab import loops
from lab.mongo_peer import MongoPeer
from lab.stops import no_more_than, sockets


def built(peer: MongoPeer) -> Built:
    return build_client(f"mongodb://127.0.0.1:{peer.port}/", {}, listeners=(), longest_wait_s=1.0)


@pytest.mark.skipif(sys.platform != "linux", reason="counts the entries of /proc/self/fd")
def test_a_close_that_comes_to_no_end_leaves_no_connection_open() -> None:
    async def play() -> None:
        before = sockets()
        client = built(peer)
        with going(None, client.lines):
            await client.client.admin.command("ping")
        assert sockets() > before
        client.client.close = asyncio.Event().wait
        await close_client(client)
        assert await no_more_than(before) == set()
        del client.client.close
        await client.client.close()

    with MongoPeer({}) as peer:
        loops.run(play())


def test_a_connection_that_comes_after_the_end_is_cut_at_once() -> None:
    async def play() -> None:
        client = built(peer)
        await close_client(client)
        with going(None, client.lines):
            late, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, "127.0.0.1", peer.port)
        assert late.is_closing()
        with going(None):
            other, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, "127.0.0.1", peer.port)
        assert not other.is_closing(), "what is no client's is let alone"
        other.close()

    with MongoPeer({}) as peer:
        loops.run(play())
