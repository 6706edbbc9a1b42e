"""Doing an exercise: many workers at once over one client. It never writes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import replace

from clearline.core.driver.events import DriverEvent
from clearline.core.driver.one_server import asking
from clearline.core.watch.exercise import ExercisePlan, ExerciseResult, Work, interpret
from clearline.core.watch.pool_fold import Durations, PoolFold, limits_of
from clearline.core.watch.session import stop_if_cancelled

_STEP_S = 0.25
_LAST_ANSWERS_S = 1.0
"""How long operations under way may take after the time is over."""
_PAUSE_S = 0.02
_TRIED_ALONE = 5


class Exercise:
    """One exercise over one client, whose pools are folded in ``pools``. Feed it the client's events while it runs.

    ``at_s`` gives the watch's age. Nothing is written, and it ends within its time.
    """

    def __init__(self, plan: ExercisePlan, client: Any, pools: PoolFold, *, at_s: Callable[[], float]) -> None:
        self._plan = plan
        self._client = client
        self._at_s = at_s
        self._limits = limits_of(client)
        self._pools = pools
        self._operation = Durations()
        self._command = Durations()
        self._check_out = Durations()
        self._make = Durations()
        self._made = self._queue_timeouts = 0
        self._served = 0
        self._errors: Counter[str] = Counter()
        self._began_s = self._busy_s = 0.0
        self._elapsed_s = 0.0
        self._alone_ms: float | None = None
        self._growing_before: dict[str, float] = {}
        self._server: str | None = None
        self._finished = False
        self._running = False

    def feed(self, event: DriverEvent) -> None:
        """One driver event of the client; its pools have been fed with it."""
        if not self._running:
            return
        match event.name:
            case "ConnectionCheckedOut" if event.duration_ms is not None:
                self._check_out.add(event.duration_ms)
            case "ConnectionCheckOutFailed" if event.reason == "timeout":
                self._check_out.add(event.duration_ms or 0.0)
            case "ConnectionReady" if event.duration_ms is not None:
                self._made += 1
                self._make.add(event.duration_ms)
            case "CommandSucceeded" if event.duration_ms is not None:
                self._command.add(event.duration_ms)
            case _:
                pass

    async def run(self, emit: Callable[[ExerciseResult], None]) -> ExerciseResult:
        """Do it; ``emit`` gets the progress four times a second. Cancelling ends it at once."""
        operation = await self._prepare()
        self._pools.restart_peaks()
        self._running = True
        self._began_s, cpu_s = self._at_s(), time.thread_time()
        self._growing_before = {g.server: g.waited_ms for g in self._pools.slow_growth(self._began_s)}
        ends_s = self._began_s + self._plan.duration_s
        tasks = [asyncio.create_task(self._work(operation, ends_s)) for _ in range(self._plan.workers)]
        try:
            while left := [task for task in tasks if not task.done()]:
                remaining = ends_s - self._at_s()
                if remaining <= -_LAST_ANSWERS_S:
                    break
                await asyncio.wait(left, timeout=_STEP_S if remaining > 0 else remaining + _LAST_ANSWERS_S)
                self._elapsed_s = max(1e-9, self._at_s() - self._began_s)
                self._busy_s = time.thread_time() - cpu_s
                self._pools.sample(self._at_s())
                emit(self.result())
        finally:
            self._running = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._finished = True
        return self.result()

    async def _prepare(self) -> Callable[[], Awaitable[None]]:
        """What the workers do, tried five times alone: so the login is tried once, and one answer's time is known."""
        admin, plan = self._client.admin, self._plan
        operation: Callable[[], Awaitable[None]]
        match plan.work:
            case Work.READ:
                database, _, name = (plan.collection or "").partition(".")
                collection = self._client[database][name]

                async def read() -> None:
                    await collection.find_one({}, projection={"_id": True})

                operation = read
            case Work.PING | Work.WAIT:
                preference = self._client.read_preference

                async def ping() -> None:
                    await admin.command("ping", read_preference=preference)

                operation = ping
        alone = Durations()
        for _ in range(_TRIED_ALONE):
            began = time.perf_counter()
            try:
                await operation()
            finally:
                stop_if_cancelled()
            alone.add((time.perf_counter() - began) * 1000)
        self._alone_ms = alone.quantiles().median
        if plan.work is Work.WAIT:
            operation = await self._waiting()
            self._alone_ms += plan.wait_ms
        return operation

    async def _waiting(self) -> Callable[[], Awaitable[None]]:
        """An awaitable hello of one server: it answers after the time, or at once when its role changes."""
        from bson import Int64

        admin, preference = self._client.admin, self._client.read_preference
        wait_ms = self._plan.wait_ms
        with asking() as question:
            try:
                answered: Any = await admin.command("hello", read_preference=preference)
            finally:
                stop_if_cancelled()
            version = answered.get("topologyVersion")
        if version is None:
            raise ValueError("This server cannot be asked to wait: its hello has no topologyVersion.")
        # Each server counts for itself, and answers at once when it is given the count of another.
        self._server = question.server

        async def wait() -> None:
            nonlocal version
            since = {"processId": version["processId"], "counter": Int64(version["counter"])}
            command = {"hello": 1, "topologyVersion": since, "maxAwaitTimeMS": Int64(wait_ms)}
            answer = await admin.command(command, read_preference=preference)
            version = answer.get("topologyVersion", version)

        return wait

    async def _work(self, operation: Callable[[], Awaitable[None]], ends_s: float) -> None:
        from pymongo.errors import PyMongoError, WaitQueueTimeoutError

        first = True
        with asking(self._server):
            # The driver may take a cancellation for an error of its own: then this says that it is over.
            while self._running and self._at_s() < ends_s:
                began = time.perf_counter()
                try:
                    await operation()
                except WaitQueueTimeoutError:
                    self._queue_timeouts += 1
                    # A timeout of a few milliseconds would turn this into a busy loop.
                    await asyncio.sleep(_PAUSE_S)
                except PyMongoError as error:
                    self._errors[type(error).__name__] += 1
                    await asyncio.sleep(_PAUSE_S)
                else:
                    self._operation.add((time.perf_counter() - began) * 1000)
                self._served += first
                first = False

    def stopped(self) -> ExerciseResult:
        """How far it came when it was ended before its time."""
        self._finished = True
        result = self.result()
        return replace(result, sentence=f"Stopped after {result.elapsed_s:.1f} s. {result.sentence}")

    def result(self) -> ExerciseResult:
        """How it goes."""
        operations = self._operation.quantiles()
        now_s = self._at_s()
        grown = sum(g.waited_ms - self._growing_before.get(g.server, 0.0) for g in self._pools.slow_growth(now_s))
        result = ExerciseResult(
            plan=self._plan,
            limits=self._limits,
            finished=self._finished,
            elapsed_s=self._elapsed_s,
            operations=operations.count,
            per_second=operations.count / self._elapsed_s if self._elapsed_s else 0.0,
            operation_ms=operations,
            command_ms=self._command.quantiles(),
            check_out_ms=self._check_out.quantiles(),
            make_ms=self._make.quantiles(),
            made=self._made,
            alone_ms=self._alone_ms,
            growing_ms=grown,
            busy=min(1.0, self._busy_s / self._elapsed_s) if self._elapsed_s else 0.0,
            wait_queue_timeouts=self._queue_timeouts,
            errors=dict(self._errors),
            unserved=self._plan.workers - self._served if self._finished else 0,
            pools=self._pools.snapshot(),
            series={
                server: tuple(point for point in points if point.at_s >= self._began_s)
                for server, points in self._pools.series(now_s).items()
            },
        )
        return replace(result, sentence=interpret(result)) if self._finished else result
