"""What the driver tells while it tries: each answer, silence and refusal is entered as it comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from clearline.core.check.driver_errors import described
from clearline.core.check.running import Running
from clearline.core.facts.login import DriverState, Heard
from clearline.core.probes.hello import parse_hello
from clearline.core.secrets.secret import Secrets

if TYPE_CHECKING:
    from clearline.core.driver.events import DriverEvent, DriverEvents

_MOST_HEARD = 50
"""Servers whose answers to the driver are kept: as many as a replica set has members."""


class DriverNews:
    """Hears one client's events for a check, whose own listener is told them until it is over."""

    def __init__(self, run: Running, secrets: Secrets, on_event: Callable[[DriverEvent], None] | None) -> None:
        self._run = run
        self._ledger = run.ledger
        self._secrets = secrets
        self._on_event = on_event

    def listen(self) -> DriverEvents:
        """The listeners that the client is to be built with."""
        from clearline.core.driver.events import DriverEvents  # late: not where every server refuses

        return DriverEvents(
            self._heard if self._on_event is not None else None,
            secrets=self._secrets,
            on_command_failed=self._command_failed,
            on_heartbeat_failed=self._heartbeat_failed,
            on_heartbeat_succeeded=self._heartbeat_succeeded,
        )

    def _heard(self, event: DriverEvent) -> None:
        if self._on_event is not None and not self._run.over:
            self._on_event(event)

    def _command_failed(self, name: str, code: int | None) -> None:
        if code is None and self._ledger.facts.driver.state is DriverState.WAITING:
            self._ledger.driver(unanswered=name)

    def _heartbeat_failed(self, server: str, error: Exception) -> None:
        if self._ledger.facts.driver.state is DriverState.WAITING:
            from pymongo.errors import NotPrimaryError, OperationFailure

            unheard = self._ledger.facts.driver.unheard
            answered = isinstance(error, NotPrimaryError | OperationFailure)  # with an error: no line was lost
            if not answered and (len(unheard) < _MOST_HEARD or server in unheard):
                unheard = {**unheard, server: unheard.get(server, 0) + 1}
            self._ledger.driver(**described(error, self._secrets), unheard=unheard)
        self._run.trouble.set()

    def _heartbeat_succeeded(self, server: str, document: Mapping[str, Any], _seconds: float) -> None:
        heard = self._ledger.facts.driver.heard
        hello = parse_hello(document)
        answer = Heard(process_id=hello.process_id, me=hello.me, set_name=hello.set_name, kind=hello.kind)
        if answer != heard.get(server) and (len(heard) < _MOST_HEARD or server in heard):
            self._ledger.driver(heard={**heard, server: answer})
