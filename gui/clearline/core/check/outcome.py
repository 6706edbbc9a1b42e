"""What a check comes to: judged after every entry in the ledger, until the verdict is given and explained."""

from __future__ import annotations

import asyncio
import contextlib
import time
import unicodedata
from collections.abc import Awaitable, Callable

from clearline.core.check.running import Running
from clearline.core.diagnosis.server_selection import has_failed
from clearline.core.diagnosis.standing import Standing, is_connected, standing
from clearline.core.facts.login import DriverState
from clearline.core.facts.whole import Facts
from clearline.core.findings import Severity
from clearline.core.report.report import Report, Verdict

LONGEST_S = 15.0
"""A check is over then, whatever still moves."""
_DEAR_S = 0.005
_REST = 3
"""By how much longer than judging took the loop is left to the probes and the driver, where judging is dear."""


class Outcome:
    """Asks two pure questions of what is known: is the verdict clear, and is everything asked that could explain it."""

    def __init__(self, run: Running) -> None:
        self._run = run
        self._ledger = run.ledger
        self._reporter = run.reporter

    async def report(
        self, begin: Callable[[], Awaitable[bool]], abandon: Callable[[], asyncio.Task[None] | None]
    ) -> Report:
        """Run the course to its end, or to a Stop, and return the whole report.

        ``begin`` starts it and says whether there is anything to wait for; ``abandon`` ends all that runs, and returns
        what closes the client.
        """
        stopped = False
        try:
            if await begin():
                await self._until_explained()
        except asyncio.CancelledError:
            # Stop is an answer here, not an error: the caller gets what is known so far, a verdict if there is one.
            stopped = True
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            self._reporter.verdict = self._reporter.verdict or Verdict.CANCELLED
        except Exception as error:  # noqa: BLE001 - a bug of ours must not take the report away
            self._reporter.note_bug(error)
        farewell = abandon()
        if farewell is not None and not stopped:
            # Shielded: a Stop during the goodbye neither loses the report nor leaves the client open.
            try:
                await asyncio.shield(farewell)
            except asyncio.CancelledError:
                if (task := asyncio.current_task()) is not None:
                    task.uncancel()
        if self._reporter.verdict is None:
            self._reporter.decide(Verdict.FAILED)
        if self._reporter.verdict is Verdict.FAILED and not has_failed(self._ledger.facts):
            self._ledger.driver(state=DriverState.GIVEN_UP)
        return self._reporter.finish()

    async def _until_explained(self) -> None:
        """Judge after every entry, until the verdict is given and everything still asked is answered or late."""
        changed = self._ledger.changed
        # From here on: before, a hop may have asked a human, who takes their time.
        end = time.perf_counter() + (LONGEST_S if self._run.sign_in is None else self._run.sign_in.patience_s)
        while True:
            changed.clear()
            began = time.perf_counter()
            self.judge()
            self._reporter.frame()
            spent_s = time.perf_counter() - began
            if self._reporter.verdict is not None and not self._waiting():
                return
            if time.perf_counter() > end:
                return
            if spent_s > _DEAR_S:  # of a thousand servers: what is learnt shall not wait for what it comes to
                await self._rest(_REST * spent_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, end - time.perf_counter())):
                    await changed.wait()

    async def _rest(self, rest_s: float) -> None:
        """Leave the loop to others, but no longer than there are others. What changes meanwhile is still a change."""
        changed = self._ledger.changed
        heard = changed.is_set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(rest_s):
                while not self._run.tasks <= {self._run.driver_task}:
                    changed.clear()
                    await changed.wait()
                    heard = True
        if heard:
            changed.set()

    def _waiting(self) -> bool:
        """Whether something may still come that the report should wait for. The end of a task is a change too."""
        tasks, facts = self._run.tasks, self._ledger.facts
        if facts.login.silent and facts.driver.state is DriverState.WAITING:
            return bool(tasks)  # A server that takes long over a login is not silent: the driver goes on waiting.
        if self._reporter.verdict is Verdict.FAILED and has_failed(facts):
            # The driver would only wait for its timeout; a late answer to a probe makes it worth waiting for again.
            return not tasks <= {self._run.driver_task}
        return bool(tasks)

    def judge(self) -> None:
        """Give the verdict as soon as it is known, and tell it at once."""
        facts = self._ledger.facts
        if is_connected(facts):
            if self._reporter.verdict is not Verdict.CONNECTED:
                self._reporter.decide(Verdict.CONNECTED)
                self._reporter.frame(force=True)
        elif self._reporter.verdict is None and has_failed(facts) and self._is_explained():
            self._reporter.decide(Verdict.FAILED)
            self._reporter.frame(force=True)

    def _is_explained(self) -> bool:
        """Whether everything has been asked that could name the cause; each question has its own deadline."""
        facts = self._ledger.facts
        if any(m.severity is Severity.FAILURE for m in facts.uri.mistakes):
            return True
        if self._run.examiner is None:
            return not self._run.tasks or all(t.done() for t in self._run.tasks)
        if facts.uri.srv and not facts.dns.finished and not facts.members:
            return False
        if (
            facts.driver.state is DriverState.RAISED
            and self._run.driver_task is not None
            and not self._run.driver_task.done()
        ):
            return False  # It asks on about the login, or about the server that it lost.
        inspected = bool(facts.computer.system) or (self._run.inspection is not None and self._run.inspection.done())
        # Behind a hop that is silent nothing is asked: its silence has had its deadline.
        asked = any(hop.silent for hop in facts.hops) or all(m.finished for m in facts.members)
        return inspected and facts.files_checked and asked

    async def explain_login(self) -> None:
        """After a refused login: which users and mechanisms the server knows, over a line that is open already."""
        self._run.trouble.set()
        while not _can_be_asked(self._ledger.facts):
            self._ledger.changed.clear()
            await self._ledger.changed.wait()
        if self._run.examiner is not None:
            await self._run.examiner.ask_mechanisms(candidate_users(self._ledger.facts))


def _can_be_asked(facts: Facts) -> bool:
    """Whether some server has answered the probes' hello, or none will."""
    members = facts.members
    ready = any(standing(facts, m) is Standing.ANSWERED and m.finished for m in members)
    return ready or (bool(members) and all(m.finished for m in members))


def candidate_users(facts: Facts) -> tuple[str, ...]:
    """``database.user`` for the databases where a user may live, and for the name in small letters."""
    login = facts.login
    user = login.user or facts.uri.user or ""
    databases = dict.fromkeys(d for d in (login.database, facts.uri.database, "admin", "$external") if d)
    composed = unicodedata.normalize("NFC", user)  # a name pasted from a Mac may come in decomposed letters
    names = dict.fromkeys(n for n in (user, user.lower(), user.strip(), composed) if n)
    return tuple(f"{database}.{name}" for name in names for database in databases)
