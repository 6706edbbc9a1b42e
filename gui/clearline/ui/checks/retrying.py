"""Tests with retries: the check of the profile in front, again and again while it may pass."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from clearline.core.check.retry import Attempt, RetryPlan, with_retries
from clearline.core.driver.events import DriverEvent
from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Report
from clearline.core.secrets.secret import Secrets
from clearline.ui.background.messages import Check
from clearline.ui.panels.retry_dialog import RetryDialog
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.window.main_window import MainWindow


class Retrying(QObject):
    """One dialog at a time."""

    def __init__(self, window: MainWindow, profiles: OpenProfiles, test: Callable[[Wrap | None], object]) -> None:
        """``test`` tests the profile in front, with its check wrapped."""
        super().__init__(window)
        self._window = window
        self._profiles = profiles
        self._test = test

    def ask(self) -> None:
        """Open the form for the profile in front."""
        opened = self._profiles.current
        if not opened.text:
            self._window.ask_for_text()
            return
        dialog = RetryDialog(self._window)
        dialog.start_requested.connect(partial(self._start, opened, dialog))
        dialog.stop_requested.connect(opened.stop)
        on_reported = partial(_show_running, opened, dialog)
        opened.reported.connect(on_reported)
        dialog.finished.connect(lambda _result: opened.reported.disconnect(on_reported))
        dialog.finished.connect(lambda _result: dialog.deleteLater())
        dialog.show()

    def _start(self, opened: OpenProfile, dialog: RetryDialog, plan: RetryPlan) -> None:
        if opened is not self._profiles.current:
            self._window.say("Another profile is in front now.")
            return
        worker = opened.live_worker()

        def on_attempt(attempt: Attempt) -> None:
            worker.tell(partial(_show_attempt, dialog, attempt))

        self._test(partial(retried, plan, on_attempt))


Wrap = Callable[[Check], Check]
"""Makes one check of another."""


def retried(plan: RetryPlan, on_attempt: Callable[[Attempt], None], check: Check) -> Check:
    """A check that is repeated by the plan; ``on_attempt`` is called in the worker's thread."""

    async def repeat(
        profile: Profile,
        secrets: Secrets,
        emit: Callable[[Report], None],
        *,
        text: str | None = None,
        on_event: Callable[[DriverEvent], None] | None = None,
    ) -> Report:
        async def once() -> Report:
            return await check(profile, secrets, emit, text=text, on_event=on_event)

        return await with_retries(once, plan, on_attempt)

    return repeat


def _show_attempt(dialog: RetryDialog, attempt: Attempt) -> None:
    try:
        dialog.show_attempt(attempt)
    except RuntimeError:  # it was closed, and Qt has deleted it
        pass


def _show_running(opened: OpenProfile, dialog: RetryDialog) -> None:
    dialog.show_running(opened.running)
