"""What a running check tells: the verdict and its time, partial reports once a frame, the whole report at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from clearline.core.check.ledger import Ledger
from clearline.core.diagnosis.assembly import assemble
from clearline.core.diagnosis.server_selection import has_failed
from clearline.core.driver.foreseen import driver_version
from clearline.core.findings import Stage
from clearline.core.report.masking import CLOSED, masked
from clearline.core.report.report import Report, Verdict
from clearline.core.secrets.redaction import redact
from clearline.core.secrets.secret import Secret
from clearline.core.typed_values import from_plain

FRAME_S = 1 / 30
"""Partial reports come no more often than the window paints."""
_REST = 10
"""By how much longer than telling took nothing is told: the report of a thousand servers is dear."""

_FEW = 20
"""Servers whose results are looked through for secrets in every frame, and not only at the end."""

_log = logging.getLogger(__name__)


class Reporter:
    """Keeps the clock and the verdict of one check, and hands reports to ``emit``."""

    def __init__(
        self, profile_name: str, ledger: Ledger, emit: Callable[[Report], None], began: float, frame_s: float
    ) -> None:
        self.began = began
        """As time.perf_counter() counts."""
        self.started = datetime.now(UTC)
        self.verdict: Verdict | None = None
        self.stage_ms: dict[Stage, float] = {}
        self._profile_name = profile_name
        self._ledger = ledger
        self._emit = emit
        self._verdict_ms: float | None = None
        self._frame_s = frame_s
        self._next_frame = began + frame_s
        self._finished = False
        self._hidden: tuple[Secret, ...] = ()
        self._known: tuple[Secret, ...] = ()

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the check began."""
        return (time.perf_counter() - self.began) * 1000

    def decide(self, verdict: Verdict) -> None:
        """Give the verdict. A later upgrade changes it, and not the time at which a first one was known."""
        self.verdict = verdict
        if self._verdict_ms is None:
            self._verdict_ms = self.elapsed_ms

    def frame(self, *, force: bool = False) -> None:
        """Tell the newest state, at most once a frame; a verdict does not wait for the frame. Not after `finish`."""
        now = time.perf_counter()
        if self._finished:  # the driver may lose its Stop, and be through when nothing is waited for any more
            return
        if force or now >= self._next_frame:
            # A late answer can make a failed check possible again: then it is running once more.
            reopened = self.verdict is Verdict.FAILED and not has_failed(self._ledger.facts)
            self._emit(self._assemble(None if reopened else self.verdict))
            told = time.perf_counter()
            self._next_frame = max(now + self._frame_s, told + _REST * (told - now))

    def finish(self) -> Report:
        """Tell the whole report, and return it."""
        report = self._assemble(self.verdict, last=True)
        self._finished = True
        self._emit(report)
        return report

    def note_bug(self, error: BaseException) -> None:
        """Keep the check going without what a mistake of ours has broken; the log has its stack."""
        _log.error("unexpected in a check: %s", type(error).__name__, exc_info=error)

    def hide(self, exposed: Iterable[Secret], known: Iterable[Secret]) -> None:
        """Cover the exposed wherever they stand: values of variables that were put where no secret belongs.

        Every other secret of the check that is known is covered in what servers said.
        """
        self._hidden, self._known = tuple(exposed), tuple(known)

    def _assemble(self, verdict: Verdict | None, *, last: bool = False) -> Report:
        report = self._assembled(verdict)
        if self._hidden:
            report = _without(report, self._hidden)
        return masked(report, self._known, servers=last or len(report.servers) <= _FEW)

    def _assembled(self, verdict: Verdict | None) -> Report:
        return assemble(
            self._ledger.facts,
            profile_name=self._profile_name,
            started=self.started,
            elapsed_ms=self.elapsed_ms,
            verdict_ms=self._verdict_ms,
            verdict=verdict,
            stage_ms=self.stage_ms,
            driver_version=driver_version(),
            on_bug=self.note_bug,
        )


def _without(report: Report, secrets: tuple[Secret, ...]) -> Report:
    def cover(value: Any) -> Any:
        match value:
            case str():
                return redact(value, secrets)
            case list() | tuple():
                return [cover(item) for item in value]
            case dict():
                return {name: item if name in CLOSED else cover(item) for name, item in value.items()}
        return value

    return from_plain(cover(msgspec.to_builtins(report)), Report)
