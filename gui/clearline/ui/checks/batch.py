"""Several profiles tested together: at most eight at a time, each in a worker thread of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import Final

from PySide6.QtCore import QObject, Signal

from clearline.core.keyring.given import not_kept
from clearline.core.keyring.patient_vault import PatientVault
from clearline.core.keyring.sources import given_for_others, lost
from clearline.core.profiles.secret_places import STORED, secret_names, source_of
from clearline.core.report.report import Report
from clearline.core.secrets.secret import Secrets
from clearline.ui.background.messages import Answer, Broken, Check, Ended
from clearline.ui.background.pump import Pump
from clearline.ui.background.worker import Worker
from clearline.ui.models.batch import BatchModel
from clearline.ui.models.profile_rows import ProfileRow
from clearline.ui.profiles.storage import ProfileStorage

AT_ONCE: Final = 8


class Batch(QObject):
    """Tests saved profiles, with the secrets that are kept for them; what each came to is in `model`."""

    reported = Signal(object, object, object)
    """A profile's row, the secrets of its test, and its whole report."""
    finished = Signal()
    broke = Signal(object)

    def __init__(
        self,
        check: Check,
        storage: ProfileStorage,
        pump: Pump,
        rows: list[ProfileRow],
        typed: Mapping[str, Secrets],
        withheld: Mapping[str, str],
        foreign: Collection[str] = (),
    ) -> None:
        """``typed`` are secrets that were typed and are not kept, ``withheld`` the profiles that are left out and why;
        ``foreign`` are those that others wrote; all by profile id.
        """
        super().__init__()
        self.model = BatchModel(rows)
        self._storage = storage
        self._pump = pump
        self._typed = typed
        self._foreign = foreign
        tested = [row for row in rows if row.profile.id not in withheld]
        for profile_id, why in withheld.items():
            self.model.change(profile_id, withheld=why)
        self._waiting = deque(tested)
        self._workers = [Worker(check) for _ in range(min(AT_ONCE, len(tested)))]
        self._current: dict[int, ProfileRow] = {}
        self._used: dict[int, Secrets] = {}
        self._over = False
        self._closed = False

    @property
    def running(self) -> bool:
        """Whether anything is still tested, or waits to be."""
        return bool(self._current or self._waiting)

    @property
    def workers(self) -> list[Worker]:
        """The worker threads."""
        return self._workers

    def start(self) -> None:
        """Begin."""
        self._pump.add(self._pull, lambda: self.running)
        for number, worker in enumerate(self._workers):
            self._pump.wire(worker)
            self._next(number)
        self._pump.kick()
        self._see_end()

    def stop(self) -> None:
        """End what runs; what waits is not begun."""
        for row in self._waiting:
            self.model.change(row.profile.id, stopped=True)
        self._waiting.clear()
        for number, worker in enumerate(self._workers):
            worker.stop_check()
            current = self._current.get(number)
            if current is not None and not self.model.is_running(current.profile.id):
                self._end(number, None)  # its secrets are still looked up
        self._see_end()

    def close(self) -> None:
        """Stop, and end the worker threads; does not wait."""
        if not self._closed:
            self._closed = True
            self.stop()
            for worker in self._workers:
                worker.close()

    def _next(self, number: int) -> None:
        if not self._waiting:
            self._workers[number].close()
            self._see_end()
            return
        row = self._current[number] = self._waiting.popleft()
        worker, profile = self._workers[number], row.profile
        known = self._typed.get(profile.id, {})
        names = tuple(
            name for name in secret_names(profile) if source_of(profile, name).place in STORED and name not in known
        )

        patient = PatientVault(self._storage.vault)

        async def look_up() -> tuple[Secrets, tuple[str, ...]]:
            kept = await patient.secrets_of(profile.id, names)
            used, foreign = (*kept, *not_kept(profile)), profile.id in self._foreign
            elsewhere = await patient.given_elsewhere(profile, used, foreign=foreign)
            if not elsewhere:
                await patient.adopt(profile, kept)
            return kept, elsewhere

        def begin(found: tuple[Secrets, tuple[str, ...]]) -> None:
            secrets, elsewhere = found
            if self._current.get(number) is not row:
                return
            used = {**secrets, **known}
            said = ""
            if elsewhere:
                said = f"{given_for_others(profile, self._storage.vault, elsewhere)}: test it alone."
            elif lost(profile, used) and self._storage.vault.state.why is None:
                said = "Its password is not kept on this computer any more: test it alone."
            if said:
                self._current.pop(number)
                self.model.change(profile.id, withheld=said)
                self._next(number)
                return
            self._used[number] = used
            self.model.change(profile.id, running=True)
            worker.submit(profile, self._used[number])

        worker.ask(look_up, begin)

    def _pull(self) -> bool:
        news = False
        for number, worker in enumerate(self._workers):
            for message in worker.take():
                news = True
                worker.events.drain()
                match message:
                    case Answer(deliver=deliver):
                        deliver()
                    case Ended(report=report, error=error):
                        if error is not None:
                            self.broke.emit(error)
                        self._end(number, report)
                    case Broken(error=error):
                        self.broke.emit(error)
                    case _:
                        pass
        return news

    def _end(self, number: int, report: Report | None) -> None:
        row = self._current.pop(number, None)
        if row is None:
            return
        self.model.change(row.profile.id, running=False, report=report, stopped=report is None)
        if report is not None:
            self.reported.emit(row, self._used.get(number, {}), report)
        self._next(number)

    def _see_end(self) -> None:
        if not self.running and not self._over:
            self._over = True
            self._pump.remove(self._pull)
            self.finished.emit()
