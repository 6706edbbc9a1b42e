"""What passes between the window and a worker: the check that the worker runs, and the messages that come back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from clearline.core.driver.events import DriverEvent
from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Report
from clearline.core.secrets.secret import Secrets


class Check(Protocol):
    """The core's check, as the window uses it: never raises, reports *cancelled* when its task is cancelled."""

    def __call__(
        self,
        profile: Profile,
        secrets: Secrets,
        emit: Callable[[Report], None],
        *,
        text: str | None = None,
        on_event: Callable[[DriverEvent], None] | None = None,
    ) -> Awaitable[Report]:
        """Start it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A newer snapshot of the report of check ``run``."""

    run: int
    report: Report


@dataclass(frozen=True, slots=True)
class Ended:
    """Check ``run`` is over. Without ``report`` it never ran, or ``error`` is the bug that ended it."""

    run: int
    report: Report | None = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an awaited question came to; ``deliver`` is called in the GUI thread."""

    deliver: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Broken:
    """An error on the loop that no check caught: a bug."""

    error: BaseException


Message = Progress | Ended | Answer | Broken
