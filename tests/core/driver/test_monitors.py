"""PyMongo's monitors as this program has them: how many lines they open, and when."""

from __future__ import annotations

import asyncio
from typing import Any

import bson
from bson import Int64

from clearline.core.driver.client import build_client, close_client
from clearline.core.hops.loop import going
from lab import loops
from lab.mongo_peer import SILENCE, Answer, Command, MongoPeer, hello

PROCESS = bson.ObjectId()


def at(counter: int) -> dict[str, Any]:
    return hello(topologyVersion={"processId": PROCESS, "counter": Int64(counter)})


def contacted(answers: list[Answer], lines: int, *, longest_wait_s: float | None = 5.0) -> None:
    """Ask a server that streams its hello and has these answers to it, then silence, until it has seen so many."""
    left = iter(answers)

    def say(command: Command) -> Answer:
        return next(left, SILENCE) if "topologyVersion" in command.document else at(1)

    def awaited() -> int:
        return sum("topologyVersion" in command.document for command in peer.commands)

    async def play() -> None:
        client = build_client(f"mongodb://127.0.0.1:{peer.port}/", {}, listeners=(), longest_wait_s=longest_wait_s)
        with going(None, client.lines):
            await client.client.admin.command("ping")
            await asyncio.to_thread(peer.wait_for, lambda: awaited() > len(answers) and peer.connections >= lines)
            await close_client(client)
        assert peer.connections == lines

    with MongoPeer({"hello": say}) as peer:
        loops.run(play())


def test_the_line_that_measures_round_trips_does_not_compete_with_the_first_command() -> None:
    contacted([], 2)


def test_it_is_there_from_the_second_answer_on() -> None:
    contacted([at(2)], 3)


def test_a_client_that_stays_measures_from_the_beginning() -> None:
    contacted([], 3, longest_wait_s=None)
