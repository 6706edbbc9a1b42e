"""The exercise of a watched pool: its dialog and the watch that does it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from clearline.core.profiles.environment import Environment, environment_of
from clearline.core.watch.exercise import ExercisePlan, ExerciseResult
from clearline.ui.background.pump import Pump
from clearline.ui.watches.session import WatchSession

if TYPE_CHECKING:
    from clearline.ui.panels.exercise import ExerciseDialog


class Exercising(QObject):
    """One dialog at a time; it belongs to the watch for which it was opened."""

    def __init__(self, window: QWidget, pump: Pump) -> None:
        super().__init__(window)
        self._window = window
        self._pump = pump
        self._session: WatchSession | None = None
        self.dialog: ExerciseDialog | None = None
        """The one that is open."""

    def ask(self, session: WatchSession) -> None:
        """Open the form for a watched profile."""
        from clearline.ui.panels.exercise import ExerciseDialog

        if self.dialog is not None:
            self.dialog.close()
        profile, state = session.opened.profile, session.state
        dialog = ExerciseDialog(self._window)
        dialog.show_place(
            profile.name or "this connection",
            local=state is not None and state.local,
            database=profile.seeds.database,
            production=environment_of(profile) is Environment.PRODUCTION,
        )
        self._session, self.dialog = session, dialog
        dialog.start_requested.connect(partial(self._start, session, dialog))
        dialog.stop_requested.connect(session.stop_exercise)
        dialog.stop_requested.connect(partial(self.show, session))
        dialog.finished.connect(lambda _result: self._forget(dialog))
        dialog.show()

    def show(self, session: WatchSession) -> None:
        """Bring the progress of a session's exercise to its dialog."""
        if self.dialog is None or self._session is not session:
            return
        result = session.state.exercise if session.state is not None else None
        if session.exercising and result is not None and not result.finished:
            self.dialog.show_result(result, running=True)
        elif not session.exercising:
            self.dialog.show_result(None, running=False)

    def _start(self, session: WatchSession, dialog: ExerciseDialog, plan: ExercisePlan) -> None:
        def done(result: ExerciseResult) -> None:
            if self.dialog is dialog:
                dialog.show_result(result, running=False)

        def failed(error: Exception) -> None:
            known = isinstance(error, ValueError)
            if self.dialog is dialog:
                dialog.show_problem(str(error) if known else f"The exercise ended: {type(error).__name__}.")

        session.exercise(plan, done, failed)
        if session.exercising:
            dialog.show_result(None, running=True)
        self._pump.kick()

    def _forget(self, dialog: ExerciseDialog) -> None:
        if self.dialog is dialog:
            self._session = self.dialog = None
        dialog.deleteLater()
