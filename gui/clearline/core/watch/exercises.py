"""The exercises of a watch: one at a time, over the watch's own client or one with other options."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from clearline.core.driver.events import DriverEvent
from clearline.core.watch.exercise import ExercisePlan, ExerciseResult
from clearline.core.watch.exercise_run import Exercise
from clearline.core.watch.session import Session


class Exercises:
    """``changed`` is called when there is progress; ``at_s`` gives the watch's age."""

    def __init__(self, *, at_s: Callable[[], float], changed: Callable[[], None]) -> None:
        self._at_s = at_s
        self._changed = changed
        self._task: asyncio.Task[ExerciseResult] | None = None
        self._over: Session | None = None
        self._feed: Callable[[DriverEvent], None] | None = None
        self.result: ExerciseResult | None = None
        """The one that runs, or the latest."""

    @property
    def running(self) -> bool:
        """Whether one runs."""
        return self._task is not None

    def heard(self, event: DriverEvent, *, own: bool) -> None:
        """A driver event, of the client that was made for the exercise (``own``) or of the watch's."""
        if self._feed is not None and own is (self._over is not None):
            self._feed(event)

    def cancel(self) -> None:
        """End the one that runs."""
        if self._task is not None:
            self._task.cancel()

    async def run(
        self,
        plan: ExercisePlan,
        session: Session,
        new_session: Callable[[], Awaitable[Session]],
        emit: Callable[[ExerciseResult], None],
    ) -> ExerciseResult:
        """Do it over ``session``, or over a new one where the plan has options of its own.

        Cancelling ends it at once; `cancel` does too, and raises ValueError here.
        """
        task = self._task = asyncio.ensure_future(self._exercised(plan, session, new_session, emit))
        try:
            return await task
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if (caller := asyncio.current_task()) is not None and not caller.cancelling():
                raise ValueError("The watch was paused or ended meanwhile.") from None
            raise
        finally:
            self._task = None
            self._changed()

    async def _exercised(
        self,
        plan: ExercisePlan,
        session: Session,
        new_session: Callable[[], Awaitable[Session]],
        emit: Callable[[ExerciseResult], None],
    ) -> ExerciseResult:
        def progress(result: ExerciseResult) -> None:
            if self._task is not asyncio.current_task():
                return  # a second Stop did not wait for the last answers
            self.result = result
            emit(result)
            self._changed()

        self._over = own = await new_session() if plan.pool is not None else None
        chosen = own or session
        exercise = Exercise(plan, chosen.client, chosen.pools, at_s=self._at_s)
        self._feed = exercise.feed
        progress(exercise.result())
        try:
            if own is not None:
                await own.open()
            with chosen.going():
                result = await exercise.run(progress)
            progress(result)
            return result
        except asyncio.CancelledError:
            progress(exercise.stopped())
            raise
        except Exception:
            self.result = None
            raise
        finally:
            self._feed = self._over = None
            if own is not None:
                await asyncio.shield(own.close_soon())
