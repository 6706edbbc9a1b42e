"""The exercise of a watched pool: its form on the page of the pool, and the watch that does it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from clearline.core.profiles.environment import Environment, environment_of
from clearline.core.watch.exercise import ExercisePlan, ExerciseResult
from clearline.ui.background.pump import Pump
from clearline.ui.watches.session import WatchSession

if TYPE_CHECKING:
    from clearline.ui.panels.exercise import ExerciseForm


class Exercising(QObject):
    """One exercise at a time; the form belongs to the watch for which it was opened."""

    def __init__(self, parent: QObject, pump: Pump) -> None:
        super().__init__(parent)
        self._pump = pump
        self._session: WatchSession | None = None
        self.form: ExerciseForm | None = None

    def use(self, form: ExerciseForm) -> None:
        """The form, which is made with its page."""
        self.form = form
        form.start_requested.connect(self._start)
        form.stop_requested.connect(self._stop)
        form.closed.connect(self._forget)

    def ask(self, session: WatchSession) -> None:
        """Open the form for a watched profile."""
        form = self.form
        if form is None:
            return
        if self._session is not session:
            form.end()
            form.forget()
        profile, state = session.opened.profile, session.state
        self._session = session
        form.show_place(
            profile.name or next(iter(profile.seeds.hosts), "this connection"),
            local=state is not None and state.local,
            database=profile.seeds.database,
            production=environment_of(profile) is Environment.PRODUCTION,
        )
        form.show()

    def show(self, session: WatchSession) -> None:
        """Bring the progress of a session's exercise to the form."""
        if self.form is None or self._session is not session:
            return
        result = session.state.exercise if session.state is not None else None
        if session.exercising and result is not None and not result.finished:
            self.form.show_result(result, running=True)
        elif not session.exercising:
            self.form.show_result(None, running=False)

    def show_front(self, session: WatchSession | None) -> None:
        """Another profile may be in front: the form shows only what is about it."""
        if self.form is not None and self._session is not None:
            self.form.setVisible(session is self._session)

    def _start(self, plan: ExercisePlan) -> None:
        session, form = self._session, self.form
        if session is None or form is None:
            return
        session.exercise(plan, partial(self._done, session), partial(self._failed, session))
        if session.exercising:
            form.show_result(None, running=True)
        self._pump.kick()

    def _done(self, session: WatchSession, result: ExerciseResult) -> None:
        if self.form is not None and self._session is session:
            self.form.show_result(result, running=False)

    def _failed(self, session: WatchSession, error: Exception) -> None:
        if self.form is not None and self._session is session:
            known = isinstance(error, ValueError)
            self.form.show_problem(str(error) if known else f"The exercise ended: {type(error).__name__}.")

    def _stop(self) -> None:
        if self._session is not None:
            self._session.stop_exercise()
            self.show(self._session)

    def _forget(self) -> None:
        self._session = None
