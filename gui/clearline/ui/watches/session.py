"""The watch of one open profile, on the profile's own worker."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from PySide6.QtCore import QObject, Signal

from clearline.core.driver.events import DriverEvent, EventBuffer
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import Secret, Secrets
from clearline.core.watch.exercise import ExercisePlan, ExerciseResult
from clearline.core.watch.health import HealthState
from clearline.core.watch.state import WatchState
from clearline.ui.background.worker import Worker
from clearline.ui.profiles.open_profile import OpenProfile


class WatchHandle(Protocol):
    """A watch of the core; everything is called in the loop in which it runs."""

    def run(self) -> Awaitable[None]:
        """Watch until cancelled."""

    def ping_now(self) -> None:
        """Ask at once."""

    def set_interval(self, seconds: float) -> None:
        """Another time between pings."""

    def resume(self, secrets: Secrets | None = None) -> None:
        """Go on after a pause."""

    def exercise(self, plan: ExercisePlan) -> Awaitable[ExerciseResult]:
        """Exercise the pool."""


class OpenWatch(Protocol):
    """Makes a watch; called in the worker's loop."""

    def __call__(
        self,
        profile: Profile,
        secrets: Secrets,
        *,
        emit: Callable[[WatchState], None],
        on_event: Callable[[DriverEvent], None],
        text: str | None,
        interval_s: float,
    ) -> WatchHandle:
        """A watch that has not begun."""


_ALWAYS_KEPT: Final = frozenset({"server", "topology"})
"""Kinds of events that are kept while the pool is exercised, besides failures."""


class WatchSession(QObject):
    """One profile's watch, or the place for one. All methods are for the GUI thread and return at once."""

    changed = Signal()
    """Another state, begun, or ended."""
    health_changed = Signal(object, object)
    """`HealthState` before and after."""
    broke = Signal(object)
    lost = Signal()
    """The watch held its thread, and was let go with it."""

    def __init__(self, opened: OpenProfile, open_watch: OpenWatch) -> None:
        super().__init__()
        self.opened = opened
        opened.left_behind.connect(self._on_left_behind)
        self._open_watch = open_watch
        self._give_up: Callable[[], None] | None = None
        self._give_up_exercise: Callable[[], None] | None = None
        self._feed: _Feed | None = None
        self._offset_s = 0.0
        self._left_out = 0
        self._secrets: dict[str, Secret] = {}
        self.hosts: tuple[str, ...] = ()
        """The seeds of what is watched, whatever the profile says by now."""
        self.state: WatchState | None = None
        """The latest one; stays when the watch has ended."""

    @property
    def watching(self) -> bool:
        """Whether a watch runs."""
        return self._give_up is not None

    @property
    def health(self) -> HealthState | None:
        """How the deployment is; None while no watch runs."""
        return self.state.health.state if self.watching and self.state is not None else None

    @property
    def exercising(self) -> bool:
        """Whether the pool is exercised."""
        return self._give_up_exercise is not None

    def begin(self, secrets: Secrets, interval_s: float, event_limit: int) -> Worker:
        """Watch the profile as it is now; a watch that runs is ended first. Returns the worker it runs in.

        ``secrets`` are the profile's, and those that are asked each time.
        """
        self.end()
        opened = self.opened
        worker = opened.live_worker()
        feed = self._feed = _Feed(worker, event_limit)
        self.state = None
        opened.events.set_capacity(max(1, event_limit))
        if opened.events.began is None or not opened.events.kept:
            opened.events.began = feed.began
        self._offset_s = feed.began - opened.events.began
        profile, used = opened.profile, dict(secrets)
        self._secrets = used
        self.hosts = profile.seeds.hosts
        text = opened.typed if used == opened.secrets else None  # the text holds only what was typed into it
        plain = text.reveal() if text else None

        async def watch() -> None:
            feed.handle = self._open_watch(
                profile, used, emit=feed.take_state, on_event=feed.take_event, text=plain, interval_s=interval_s
            )
            await feed.handle.run()

        def on_end(error: Exception | None = None) -> None:
            if self._feed is feed:
                self._give_up = None
                self.changed.emit()
            if error is not None:
                self.broke.emit(error)

        self._give_up = worker.ask(watch, lambda _done: on_end(), on_end, lasting=True)
        self.changed.emit()
        return worker

    def end(self) -> None:
        """End the watch that runs."""
        self.stop_exercise()
        if self._give_up is not None:
            give_up, self._give_up = self._give_up, None
            give_up()
            self.changed.emit()

    def ping_now(self) -> None:
        """Ask at once instead of after the interval."""
        self._act(lambda handle: handle.ping_now())

    def set_interval(self, seconds: float) -> None:
        """Another time between pings."""
        self._act(lambda handle: handle.set_interval(seconds))

    def resume(self) -> None:
        """Go on after a pause, with the profile's secrets as they are now."""
        secrets = {**self._secrets, **self.opened.secrets}
        self._act(lambda handle: handle.resume(secrets))

    def exercise(
        self,
        plan: ExercisePlan,
        done: Callable[[ExerciseResult], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Exercise the pool; progress is in `WatchState.exercise`."""
        feed = self._feed
        if not self.watching or feed is None or feed.handle is None or self.exercising:
            failed(ValueError("There is no open connection to exercise."))
            return
        handle = feed.handle

        async def exercise() -> ExerciseResult:
            return await handle.exercise(plan)

        def on_done(result: ExerciseResult) -> None:
            self._give_up_exercise = None
            done(result)

        def on_failed(error: Exception) -> None:
            self._give_up_exercise = None
            failed(error)

        self._give_up_exercise = self.opened.live_worker().ask(exercise, on_done, on_failed)

    def stop_exercise(self) -> None:
        """End the exercise that runs; its result is dropped."""
        if self._give_up_exercise is not None:
            give_up, self._give_up_exercise = self._give_up_exercise, None
            give_up()

    def pull(self) -> bool:
        """Take what the watch has; whether there was anything. Called once per frame."""
        feed = self._feed
        if feed is None:
            return False
        batch = feed.events.drain()
        if batch:
            worker = self.opened.worker
            if self.exercising:  # what many workers do in seconds would push everything else out
                kept = [event for event in batch if event.failed or event.kind in _ALWAYS_KEPT]
                self._left_out += len(batch) - len(kept)
                batch = kept
            lost = feed.events.dropped + self._left_out + (worker.events.dropped if worker is not None else 0)
            self.opened.events.append(batch, lost, self._offset_s)
        state = feed.fresh_state()
        if state is not None and self.watching:
            before = self.state.health.state if self.state is not None else HealthState.UNKNOWN
            self.state = state
            self.changed.emit()
            if state.health.state is not before:
                self.health_changed.emit(before, state.health.state)
        return bool(batch) or state is not None

    def _on_left_behind(self, was_checked: bool) -> None:
        if self.watching:
            self._give_up = self._give_up_exercise = None
            self.changed.emit()
        if not was_checked:
            self.lost.emit()

    def _act(self, act: Callable[[WatchHandle], object]) -> None:
        feed = self._feed
        if feed is None or not self.watching:
            return

        async def do() -> None:
            if feed.handle is not None:
                act(feed.handle)

        self.opened.live_worker().ask(do, lambda _done: None)


class _Feed:
    """What comes from a watch, between the two threads: events, bounded, and the latest state alone."""

    def __init__(self, worker: Worker, event_limit: int) -> None:
        self._worker = worker
        self._states: deque[WatchState] = deque(maxlen=1)  # taken in one step: no newer one is lost
        self.events = EventBuffer(max(1, event_limit))
        self.handle: WatchHandle | None = None
        self.began = time.time()

    def take_event(self, event: DriverEvent) -> None:
        self.events.append(event)
        self._worker.stir()

    def take_state(self, state: WatchState) -> None:
        self._states.append(state)
        self._worker.stir()

    def fresh_state(self) -> WatchState | None:
        try:
            return self._states.pop()
        except IndexError:
            return None
