"""What one hop notes of itself while it is tried: its stages with their times, and what stopped it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec
from msgspec.structs import replace

from clearline.core.facts.hops import HopFacts, HopFailure, HopStage, HopStep, Trouble
from clearline.core.facts.whole import SILENCE_S
from clearline.core.hops.trouble import HopError


class Terms(msgspec.Struct, frozen=True):
    """How patient a hop is. A step is silent after ``deadline_s`` and given up at ``late_s``."""

    deadline_s: float = SILENCE_S
    late_s: float = 6.5


class Step:
    """One step that is being waited for."""

    def __init__(self, timeout: asyncio.Timeout, on_silence: Callable[[], object], terms: Terms) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._timeout, self._on_silence, self._terms = timeout, on_silence, terms
        self._wait()

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since it began."""
        return round((self._loop.time() - self._began) * 1000, 3)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While a human is asked, or this computer works: no silence of the other side. Patience begins anew."""
        self._timer.cancel()
        self._timeout.reschedule(None)
        try:
            yield
        finally:
            self._wait()

    def end(self) -> None:
        """It is over."""
        self._timer.cancel()

    def _wait(self) -> None:
        now = self._loop.time()
        self._timer = self._loop.call_at(now + self._terms.deadline_s, self._on_silence)
        self._timeout.reschedule(now + self._terms.late_s)


class HopLog:
    """The facts of one hop, replaced at every entry; ``changed`` is called then."""

    def __init__(self, number: int, facts: HopFacts, terms: Terms, changed: Callable[[], None]) -> None:
        self.number = number
        self.facts = facts
        self.terms = terms
        self._changed = changed

    def put(self, **fields: Any) -> None:
        """Replace fields of the facts."""
        changed = replace(self.facts, **fields)
        if changed != self.facts:
            self.facts = changed
            self._changed()

    def failure(self, stage: HopStage, trouble: Trouble, **fields: Any) -> HopFailure:
        """What is known of a failure of this hop."""
        facts = self.facts
        known = {"kind": facts.kind, "host": facts.host, "port": facts.port, "user": facts.user, **fields}
        return HopFailure(hop=self.number, stage=stage, trouble=trouble, **known)

    def failed(self, stage: HopStage, trouble: Trouble, **fields: Any) -> HopError:
        """The error for a failure, which is entered: as the hop's own, or as that of the target behind it."""
        failure = self.failure(stage, trouble, **fields)
        if failure.target is None:
            self.put(failure=failure, up=False, steps=self._steps(stage, False, failure.elapsed_ms))
        else:
            others = tuple(known for known in self.facts.unopened if known.target != failure.target)
            self.put(unopened=(*others, failure))
        return HopError(failure)

    def passed(self, stage: HopStage, elapsed_ms: float) -> None:
        """A stage was passed; the first time counts."""
        known = next((s for s in self.facts.steps if s.stage is stage), None)
        if known is None or not known.passed:
            self.put(steps=self._steps(stage, True, elapsed_ms))

    def works(self, target: str, **fields: Any) -> None:
        """The hop has opened a target: whatever stopped either before is over."""
        opened = self.facts.opened if target in self.facts.opened else (*self.facts.opened, target)
        unopened = tuple(known for known in self.facts.unopened if known.target != target)
        self.put(failure=None, up=True, opened=opened, unopened=unopened, **fields)

    def answers(self) -> None:
        """The hop speaks its protocol and let us in, whatever it says to the target."""
        self.put(failure=None, up=True)

    def _steps(self, stage: HopStage, passed: bool | None, elapsed_ms: float) -> tuple[HopStep, ...]:
        others = tuple(s for s in self.facts.steps if s.stage is not stage)
        order = tuple(HopStage)
        step = HopStep(stage=stage, passed=passed, elapsed_ms=elapsed_ms)
        return tuple(sorted((*others, step), key=lambda s: order.index(s.stage)))

    @asynccontextmanager
    async def step(
        self,
        stage: HopStage,
        silence: Trouble,
        *,
        more: Callable[[], dict[str, Any]] | None = None,
        patience: float = 1.0,
        **fields: Any,
    ) -> AsyncIterator[Step]:
        """A stage of the hop: its time, its patience. A silence raises `HopError` with the trouble ``silence``.

        At the deadline the silence is entered while the waiting goes on; ``more`` gives further fields then.
        ``patience`` multiplies the deadline of a step that takes its time on a healthy server, too.
        """

        def silent() -> HopError:
            found = {**fields, **(more() if more else {})}
            return self.failed(stage, silence, elapsed_ms=step.elapsed_ms, **found)

        about_target = "target" in fields
        known = next((s for s in self.facts.steps if s.stage is stage), None)
        if not about_target and (known is None or not known.passed):
            self.put(steps=self._steps(stage, None, 0.0))
        try:
            async with asyncio.timeout(None) as timeout:
                terms = self.terms
                longer = Terms(terms.deadline_s * patience, max(terms.late_s, terms.deadline_s * patience))
                step = Step(timeout, silent, longer)
                try:
                    yield step
                finally:
                    step.end()
        except TimeoutError:
            if timeout.expired():
                raise silent() from None
            raise
        if not about_target:
            self.passed(stage, step.elapsed_ms)
