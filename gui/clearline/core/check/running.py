"""What a running check's course and its outcome share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from clearline.core.check.examine import Examiner
from clearline.core.check.ledger import Ledger
from clearline.core.check.reporter import Reporter
from clearline.core.check.request import Request
from clearline.core.facts.whole import Facts
from clearline.core.report.report import Report

if TYPE_CHECKING:
    from clearline.core.driver.oidc import HumanSignIn

closing: set[asyncio.Task[None]] = set()
"""What closes the clients of checks that are over; asyncio itself keeps only weak references to tasks."""


class Running:
    """One check while it runs: what is known, what is still under way. Lives in its event loop."""

    def __init__(self, request: Request, emit: Callable[[Report], None], frame_s: float) -> None:
        began = time.perf_counter()
        reading = request.reading
        self.request = request
        self.ledger = Ledger(Facts(uri=reading.facts))
        self.reporter = Reporter(reading.profile.name, self.ledger, emit, began, frame_s)
        self.tasks: set[asyncio.Task[None]] = set()
        """Whatever may still learn something."""
        self.driver_task: asyncio.Task[None] | None = None
        self.inspection: asyncio.Task[None] | None = None
        """The look at this computer."""
        self.examiner: Examiner | None = None
        """While there are probes."""
        self.sign_in: HumanSignIn | None = None
        """Where the user signs in by hand."""
        self.trouble = asyncio.Event()
        """The driver has no chance of being through in its head start."""
        self.over = False
        """The report is given: nothing more is told, though the client may still be closing."""

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it beside the rest; a bug in it is noted and takes nothing else along."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.reporter.note_bug(error)
        self.ledger.changed.set()
