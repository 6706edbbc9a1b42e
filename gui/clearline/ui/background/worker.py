"""The only bridge between Qt and the core: a QThread that hosts one asyncio loop.

A worker serves one profile in use. The GUI thread submits a check, stops it or closes the worker at any moment;
results leave through two queues that the GUI thread takes when it likes (reports and answers, never dropped; driver
events, bounded). The one signal, `Worker.woken`, is coalesced: it says that something waits which should not wait for
the next frame.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from PySide6.QtCore import QThread, QTimer, Signal

from clearline.core.daemon_threads import DaemonExecutor, depart
from clearline.core.driver.events import EventBuffer
from clearline.core.hops.loop import HopLoop
from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Report
from clearline.core.secrets.secret import Secrets
from clearline.ui.background.messages import Answer, Broken, Check, Ended, Message, Progress

T = TypeVar("T")

PING_MS: Final = 500
MISSING_AFTER_STOP: Final = 6
"""Unanswered pings (3 s) after Stop that mean a stuck loop."""
MISSING_AT_MOST: Final = 32
"""Unanswered pings (16 s) that mean one in any case: longer than the longest check."""
_LAST_TURNS: Final = 5
"""Closed transports give their sockets back in the next turns of the loop."""
_LAST_STEPS_S: Final = 1.5
"""How long a task may take to end after its cancellation; closing a pymongo client is bounded to one second."""


@dataclass(frozen=True, slots=True)
class _Job:
    run: int
    profile: Profile
    secrets: Secrets = field(repr=False)
    text: str | None = field(repr=False)
    events: EventBuffer = field(repr=False)
    check: Check = field(repr=False)


class _Question:
    """Something that was asked: whether it still runs, and whether its asker has given up on it."""

    def __init__(self) -> None:
        self.given_up = threading.Event()
        self.task: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Nothing of it will happen any more. For any thread."""
        return self.given_up.is_set() if self.task is None else self.task.done()


class Worker(QThread):
    """One thread, one loop, at most one check at a time; a new check replaces the one that runs.

    All public methods are for the GUI thread and return at once.
    """

    woken = Signal()
    stuck = Signal()
    """The loop gives no sign of life any more: nothing that is asked of it will be done. See `leave`."""
    stirred = Signal()
    """Something has come that can wait for the next frame, but not for more; at most once between two `take`."""

    def __init__(self, check: Check) -> None:
        super().__init__()
        self._check = check
        self._lock = threading.Lock()  # guards the next four, which both threads touch
        self._loop: HopLoop | None = None
        self._wanted: _Job | None = None
        self._questions: deque[Callable[[], None]] = deque()
        self._closing = False
        self._out: deque[Message] = deque()
        self._wake_sent = False
        self._stir_sent = False
        self._newest_run = 0
        self._end: asyncio.Event | None = None  # the rest belongs to the loop
        self._task: asyncio.Task[None] | None = None
        self._task_run = 0
        self._stopping = False
        self._others: set[asyncio.Task[None]] = set()
        self.events = EventBuffer()
        """The driver events of the newest check."""
        self._ended_run = self._stopped_run = 0  # the GUI thread's own, as the next three
        self._watched_over: list[_Question] = []
        self._pings = self._missing = 0
        self._vigil: QTimer | None = None
        self._pongs = 0  # the loop's answers

    # ------------------------------------------------------------ GUI thread

    def submit(self, profile: Profile, secrets: Secrets, text: str | None = None, check: Check | None = None) -> int:
        """Start a check, after stopping the one that runs; returns its number. `Ended` follows in every case.

        ``check`` takes the place of the worker's own this time.
        """
        self.events = EventBuffer()
        self._newest_run += 1
        self._watch_over()
        job = _Job(self._newest_run, profile, dict(secrets), text, self.events, check or self._check)
        with self._lock:
            replaced, self._wanted = self._wanted, None if self._closing else job
        if replaced is not None:
            self._post(Ended(replaced.run))
        if self._closing:
            self._post(Ended(job.run))
        else:
            self._start()
            self._on_loop(self._advance)
        return job.run

    def stop_check(self) -> None:
        """End the check that runs or waits to run; does nothing when there is none."""
        with self._lock:
            waiting, self._wanted = self._wanted, None
        if waiting is not None:
            self._post(Ended(waiting.run))
        self._on_loop(partial(self._cancel, up_to=self._newest_run), first=True)
        if self._ended_run < self._newest_run:
            self._stopped_run = self._newest_run
            self._watch_over()

    def ask(
        self,
        question: Callable[[], Awaitable[T]],
        answered: Callable[[T], object],
        failed: Callable[[Exception], object] | None = None,
        *,
        lasting: bool = False,
    ) -> Callable[[], None]:
        """Await something on the loop and hand what it came to back to the GUI thread.

        A closed worker drops the question. An error without ``failed`` is reported as a bug. What is returned gives up:
        the question is cancelled, and nothing is called. One that is ``lasting`` may run for days, and the loop has to
        give signs of life all the while, see `stuck`.
        """
        asked = _Question()

        async def answer() -> None:
            try:
                result = await question()
            except Exception as error:  # noqa: BLE001 - handed over, whatever it is
                if failed is None:
                    self._post(Broken(error))
                else:
                    self._post(Answer(partial(unless_given_up, partial(failed, error))))
            else:
                self._post(Answer(partial(unless_given_up, partial(answered, result))))

        def begin() -> None:
            if asked.given_up.is_set():
                return
            task = asked.task = asyncio.ensure_future(answer())
            self._others.add(task)
            task.add_done_callback(self._others.discard)

        def cancel() -> None:
            if asked.task is not None:
                asked.task.cancel()

        def give_up() -> None:
            asked.given_up.set()
            self._on_loop(cancel)
            if not asked.over:
                self._watch_over(asked)

        def unless_given_up(call: Callable[[], object]) -> None:
            if not asked.given_up.is_set():
                call()

        with self._lock:
            if self._closing:
                return give_up
            self._questions.append(begin)
        self._start()
        self._on_loop(self._advance)
        if lasting:
            self._watch_over(asked)
        return give_up

    def take(self) -> list[Message]:
        """What has come since the last time, oldest first."""
        self._wake_sent = self._stir_sent = False
        taken: list[Message] = []
        while self._out:
            message = self._out.popleft()
            if isinstance(message, Ended):
                self._ended_run = max(self._ended_run, message.run)
            taken.append(message)
        return taken

    def close(self) -> None:
        """Begin the end: the check is cancelled, nothing new is taken. Does not wait; see `ended_within`."""
        with self._lock:
            self._closing = True
            waiting, self._wanted = self._wanted, None
            self._questions.clear()
        if waiting is not None:
            self._post(Ended(waiting.run))
        self._on_loop(self._finish)

    def ended_within(self, timeout_ms: int) -> bool:
        """Wait until the thread has ended, at most so long.

        A thread that still runs then is never destroyed under its feet: it is let go, and ends with the process.
        """
        if self.wait(timeout_ms):
            return True
        _left_behind.append(self)
        return False

    def leave(self) -> None:
        """Let go of a thread that is stuck: it ends by itself, or with the process. Does not wait."""
        self.close()
        if self._vigil is not None:
            self._vigil.stop()
        _left_behind.append(self)

    def _watch_over(self, asked: _Question | None = None) -> None:
        """Ask the loop for a sign of life by and by, until the check and the questions that are watched over end."""
        if asked is not None and asked not in self._watched_over:
            self._watched_over.append(asked)
        self._missing = 0
        if self._vigil is None:
            self._vigil = QTimer(self)
            self._vigil.setInterval(PING_MS)
            self._vigil.timeout.connect(self._ping)
        self._vigil.start()

    def _ping(self) -> None:
        assert self._vigil is not None
        self._watched_over = [asked for asked in self._watched_over if not asked.over]
        if self._closing or (self._ended_run >= self._newest_run and not self._watched_over):
            self._vigil.stop()
            return
        stopping = self._stopped_run > self._ended_run or any(one.given_up.is_set() for one in self._watched_over)
        # Pings are counted, not seconds: a computer that slept has missed none.
        self._missing = self._missing + 1 if self._pongs < self._pings else 0
        if self._missing > (MISSING_AFTER_STOP if stopping else MISSING_AT_MOST):
            self._vigil.stop()
            self.stuck.emit()
            return
        self._pings += 1
        self._on_loop(self._pong)

    def _pong(self) -> None:
        self._pongs = self._pings

    def _start(self) -> None:
        if not self.isRunning() and not self.isFinished():
            self.start()

    def _on_loop(self, step: Callable[[], None], *, first: bool = False) -> None:
        """Run a step on the loop. Before it lives nothing is needed, for it looks by itself; after its end neither."""
        with self._lock:  # the loop is forgotten under this lock before it is closed
            if self._loop is not None and first:
                self._loop.call_first(step)
            elif self._loop is not None:
                self._loop.call_soon_threadsafe(step)

    # ------------------------------------------------------------ both

    def _post(self, message: Message, *, wake: bool = True) -> None:
        self._out.append(message)
        if wake and not self._wake_sent:
            self._wake_sent = True
            self.woken.emit()

    def tell(self, deliver: Callable[[], object]) -> None:
        """Have something called in the GUI thread. For any thread."""
        self._post(Answer(deliver))

    def stir(self) -> None:
        """Let the window look with its next frame. For any thread, and cheap: once per event is fine."""
        if not self._stir_sent:
            self._stir_sent = True
            self.stirred.emit()

    # ------------------------------------------------------------ the worker's own thread

    def run(self) -> None:
        """The thread's life: one loop until `close`."""
        try:
            with asyncio.Runner(loop_factory=HopLoop) as runner:
                runner.run(self._serve())
        except Exception as error:  # noqa: BLE001 - the GUI thread shows it; here it would be lost
            self._post(Broken(error))

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, HopLoop)
        loop.set_default_executor(DaemonExecutor())
        loop.set_exception_handler(self._on_stray_error)
        self._end = asyncio.Event()
        with self._lock:
            if self._closing:
                return
            self._loop = loop
        try:
            self._advance()
            await self._end.wait()
        finally:
            with self._lock:
                self._loop = None
        self._cancel()
        for task in self._others:
            task.cancel()
        deadline = loop.time() + _LAST_STEPS_S
        # What a task leaves behind when it ends (a client that says goodbye) may end too.
        while (left := asyncio.all_tasks() - {asyncio.current_task()}) and loop.time() < deadline:
            await asyncio.wait(left, timeout=deadline - loop.time(), return_when=asyncio.FIRST_COMPLETED)
        for _ in range(_LAST_TURNS):
            await asyncio.sleep(0)

    def _finish(self) -> None:
        assert self._end is not None
        self._end.set()

    def _advance(self) -> None:
        with self._lock:
            questions, self._questions = self._questions, deque()
            if self._task is None:
                job, self._wanted = self._wanted, None
            else:
                job = None
            replace = self._task is not None and self._wanted is not None
        for begin in questions:
            begin()
        if replace:
            self._cancel()
        elif job is not None:
            self._stopping = False
            self._task_run = job.run
            self._task = asyncio.ensure_future(self._run_check(job))
            self._task.add_done_callback(partial(self._on_done, job))

    def _cancel(self, up_to: int | None = None) -> None:
        """Cancel the check that runs; with ``up_to`` only one that was submitted no later than that one."""
        if up_to is not None and self._task_run > up_to:
            return
        # A second cancellation would interrupt the first one's cleaning up.
        if self._task is not None and not self._stopping:
            self._stopping = True
            self._task.cancel()

    def _on_done(self, job: _Job, task: asyncio.Task[None]) -> None:
        # One that is cancelled before its first step runs nothing of its own.
        if task.cancelled():
            self._post(Ended(job.run))
        elif (error := task.exception()) is not None:  # a bug of the check must not silence the worker
            self._post(Ended(job.run, error=error))
        self._task = None
        self._advance()

    async def _run_check(self, job: _Job) -> None:
        verdict_shown = False

        def emit(report: Report) -> None:
            nonlocal verdict_shown
            news = report.verdict is not None and not verdict_shown
            verdict_shown = verdict_shown or news
            self._post(Progress(job.run, report), wake=news)

        report = await job.check(job.profile, job.secrets, emit, text=job.text, on_event=job.events.append)
        self._post(Ended(job.run, report))  # at once: the end of the task is known a turn of the loop later

    def _on_stray_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self._post(Broken(error if error is not None else RuntimeError(context["message"])))


_left_behind: list[Worker] = []


@atexit.register
def _leave() -> None:
    """Qt aborts a program that destroys a running thread, so such a program ends here.

    Registered when this module is imported: after Qt's own handler, which destroys, and before all others; so
    it runs when theirs are done and before Qt's.
    """
    if any(worker.isRunning() for worker in _left_behind):
        depart()
