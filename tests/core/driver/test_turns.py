"""Of many alike things only some begin at once, and what takes long does not keep the others waiting."""

from __future__ import annotations

import asyncio
import time

import pytest

from clearline.core.driver.turns import Turns
from lab import loops


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Crowd:
    """Visitors that each have a turn until they are sent home."""

    def __init__(self, turns: Turns, count: int) -> None:
        self.began: list[int] = []
        self.turns = turns
        self.home = [asyncio.Event() for _ in range(count)]
        self.tasks = [asyncio.create_task(self._visit(number)) for number in range(count)]

    async def _visit(self, number: int) -> None:
        async with self.turns.turn():
            self.began.append(number)
            await self.home[number].wait()

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def test_so_many_begin_at_once_and_the_next_ones_in_their_order() -> None:
    async def play() -> None:
        crowd = Crowd(Turns(2, longest_s=3600), 5)
        await _settle()
        assert crowd.began == [0, 1]
        crowd.home[1].set()
        await _settle()
        assert crowd.began == [0, 1, 2]
        await crowd.end()

    loops.run(play())


def test_what_takes_long_goes_on_and_lets_the_next_one_begin() -> None:
    async def play() -> None:
        turns = Turns(1, longest_s=0.01)
        crowd = Crowd(turns, 3)
        await asyncio.sleep(0)
        await turns.all_begun()
        assert crowd.began == [0, 1, 2]
        assert not any(task.done() for task in crowd.tasks)
        crowd.home[0].set()
        await _settle()
        more = Crowd(turns, 2)
        await _settle()
        assert len(more.began) <= 1, "a turn that was given up comes back once only"
        await more.end()
        await crowd.end()

    loops.run(play())


def test_a_loop_that_is_late_itself_does_not_let_everything_begin() -> None:
    async def play() -> None:
        crowd = Crowd(Turns(1, longest_s=0.05), 3)
        await _settle()
        time.sleep(0.2)  # the loop is kept busy
        await _settle()
        assert crowd.began == [0]
        await crowd.end()

    loops.run(play())


@pytest.mark.parametrize("waiting", [True, False])
def test_a_visitor_that_is_cancelled_leaves_its_place(waiting: bool) -> None:
    async def play() -> None:
        turns = Turns(1, longest_s=3600)
        crowd = Crowd(turns, 3)
        await _settle()
        crowd.tasks[1 if waiting else 0].cancel()
        crowd.home[0].set()
        await _settle()
        assert crowd.began == ([0, 2] if waiting else [0, 1])
        await crowd.end()
        await turns.all_begun()

    loops.run(play())
