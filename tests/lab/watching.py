"""A watch under test: it runs beside the test, which waits for its states."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Self

from clearline.core.check.request import LATE_S, Patience, Permits, Request
from clearline.core.driver.events import DriverEvent
from clearline.core.profiles.profile import Profile
from clearline.core.watch.health import HealthState
from clearline.core.watch.watch import Watch, WatchState


class Watched:
    """``async with Watched(uri) as watched``: a running watch, all its states and events, and a way to wait."""

    def __init__(self, uri: str, *, profile: Profile | None = None, interval_s: float = 0.2, **arguments: Any) -> None:
        self.states: list[WatchState] = []
        self.events: list[DriverEvent] = []
        self._news = asyncio.Event()
        self.watch = Watch(
            Request(
                profile or Profile(),
                arguments.pop("secrets", {}),
                uri,
                Patience(late_s=arguments.pop("late_s", LATE_S)),
                Permits(may_run=arguments.pop("may_run", None), on_prompt=arguments.pop("on_prompt", None)),
            ),
            emit=self._emitted,
            on_event=self.events.append,
            interval_s=interval_s,
            **arguments,
        )

    def _emitted(self, state: WatchState) -> None:
        self.states.append(state)
        self._news.set()

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.watch.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        for _turn in range(5):  # closed transports give their sockets back in the next turns of the loop
            await asyncio.sleep(0)

    async def until(self, condition: Callable[[WatchState], object], *, timeout_s: float = 60) -> WatchState:
        """The first state that meets the condition, from the latest one on."""
        try:
            async with asyncio.timeout(timeout_s):
                while not (self.states and condition(self.states[-1])):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            last = self.states[-1] if self.states else None
            health = last and (last.health.state, last.health.why, last.health.outages, last.findings, last.pools)
            raise AssertionError(f"it did not come; the latest state is {health}") from None
        return self.states[-1]

    async def healthy(self) -> WatchState:
        """Wait until it is healthy."""
        return await self.until(is_(HealthState.HEALTHY))

    @property
    def words(self) -> list[str]:
        """The states in the order of their coming, without repetitions."""
        found: list[str] = []
        for state in self.states:
            if not found or found[-1] != state.health.state.value:
                found.append(state.health.state.value)
        return found

    @property
    def later_words(self) -> list[str]:
        """Those from the first time on that it was healthy: on a busy computer the first answer may come late."""
        words = self.words
        return words[words.index(HealthState.HEALTHY.value) :]


async def let_pass(seconds: float) -> None:
    """Time in which something must *not* happen."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), seconds)


def is_(wanted: HealthState) -> Callable[[WatchState], bool]:
    """A condition for `Watched.until`."""
    return lambda state: state.health.state is wanted
