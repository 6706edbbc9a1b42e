"""PyMongo's monitors of one client: of which members they tell, how many of them begin at once, and their end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from clearline.core.driver.admission import MOST_FOLLOWED, Admission, admit
from clearline.core.driver.turns import Turns

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient
    from pymongo.asynchronous.monitor import Monitor

FIRST_LOOKS: Final = 16
"""Servers that are looked at for the first time at once. PyMongo goes through all its servers after each look, and the
looks of a thousand that begin together keep its own server selection waiting for seconds."""
LONGEST_TURN_S: Final = 0.03
"""A server that takes longer does not keep the next ones waiting."""

_DEEPEST: Final = 8
"""Causes of causes that are looked at."""


class Monitors:
    """The monitors of one client; one that is ``brief`` is closed after seconds."""

    def __init__(self, *, brief: bool = False) -> None:
        self._brief = brief
        self._admission = Admission((), MOST_FOLLOWED)
        self._turns = Turns(FIRST_LOOKS, LONGEST_TURN_S)
        self._living: WeakSet[Monitor] = WeakSet()
        self._unasked: set[Monitor] = set()
        self._unanswered: set[Monitor] = set()
        self._all_answered = asyncio.Event()
        self._all_answered.set()

    def kind(self) -> Callable[..., Monitor]:
        """For the client's keyword ``_monitor_class``, which pymongo keeps "for deep customization and testing".

        They hand the driver only those members of a hello that are admitted: without that it opens two connections to
        every address that any server names.
        """
        return partial(_modest_monitor(), self)

    async def first_looks(self, patience_s: float) -> None:
        """Wait until each server was looked at once, or none of them has answered for ``patience_s``."""
        await self._turns.all_begun()
        while left := len(self._unanswered):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._all_answered.wait()
            if len(self._unanswered) >= left:
                return

    def no_more(self) -> None:
        """Those that still wait for their first look need not look: what was asked of the driver is answered."""
        for monitor in list(self._unasked):
            monitor.gc_safe_close()

    @property
    def crowded(self) -> bool:
        """Whether there are more than begin at once."""
        return len(self._living) > FIRST_LOOKS

    def stop(self) -> None:
        """End them all now. PyMongo's own close waits for its topology's lock, for which each of them waits too."""
        for monitor in list(self._living):
            monitor.gc_safe_close()

    def let_go(self, client: AsyncMongoClient[Any]) -> None:
        """Cut the circles in which the background tasks of a closed client keep themselves alive, and it.

        A crowd of them would wait for a collection of garbage, which halts the window for tens of milliseconds.
        """
        own = vars(client).get("_kill_cursors_executor")  # none before an SRV name is looked up
        executors = [] if own is None else [own]
        for monitor in list(self._living):
            executors += [monitor._executor, monitor._rtt_monitor._executor]
        for executor in executors:
            executor._task, executor._target = None, _over

    def _opened(self, monitor: Monitor) -> None:
        self._unasked.add(monitor)
        self._unanswered.add(monitor)
        self._all_answered.clear()

    def _begun(self, monitor: Monitor) -> None:
        self._unasked.discard(monitor)

    def _answered(self, monitor: Monitor) -> None:
        self._unanswered.discard(monitor)
        if not self._unanswered:
            self._all_answered.set()


def shed_frames(error: BaseException | None) -> None:
    """Take its frames from an error of the driver, and from what it came of.

    In PyMongo and asyncio they hold the error in turn: such a circle keeps all that the frames know, the client too.
    """
    for _ in range(_DEEPEST):
        if error is None:
            return
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


async def _over() -> bool:
    """What an executor does when there is nothing left to do."""
    return False


@cache  # making a class takes longer than a round trip
def _modest_monitor() -> Callable[..., Monitor]:
    from pymongo.asynchronous.monitor import Monitor

    class ModestMonitor(Monitor):
        def __init__(self, monitors: Monitors, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, **keywords)
            self._monitors = monitors
            self._streams = False
            if not monitors._living:  # what an SRV name leads to is known by then
                monitors._admission.own(f"{host}:{port}" for host, port in self._settings.seeds)
            monitors._living.add(self)

        def open(self) -> None:
            if self._executor._task is None:
                self._monitors._opened(self)
            super().open()

        def gc_safe_close(self) -> None:
            self._monitors._begun(self)
            self._monitors._answered(self)
            super().gc_safe_close()

        async def _run(self) -> None:
            if self._server_description.is_server_type_known:
                await super()._run()
                return
            async with self._monitors._turns.turn():
                self._monitors._begun(self)
                await super()._run()
                self._monitors._answered(self)

        async def _start_rtt_monitor(self) -> None:
            # It measures over a line of its own, which would be opened while the first command waits for its own. Until
            # the next heartbeat the first answer has told as much.
            if self._streams or not self._monitors._brief:
                await super()._start_rtt_monitor()
            self._streams = True

        async def _check_once(self) -> Any:
            try:
                return await super()._check_once()
            except BaseException as error:
                shed_frames(error)
                raise

        async def _check_with_socket(self, conn: Any) -> tuple[Any, float]:
            hello, round_trip_s = await super()._check_with_socket(conn)
            admit(hello.document, self._monitors._admission)  # a copy, whose lists are the hello's own
            return hello, round_trip_s

    return ModestMonitor
