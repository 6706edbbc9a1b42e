"""Asking one chosen server of a deployment, and learning who answered, over the driver's ordinary client.

PyMongo selects servers by read preference; its option ``server_selector`` (public) narrows the choice. The wish, and
what came of it, travel with the asking task as a context variable, for the driver works in that very task.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from clearline.core.driver.event_texts import address_text
from clearline.core.driver.events import DriverEvent


class Question:
    """What one task asks of whom, and what the driver's events said about it."""

    __slots__ = ("answered_ms", "began_connection", "connection_id", "server", "wanted")

    def __init__(self, wanted: str | None) -> None:
        self.wanted = wanted
        self.server: str | None = None
        """Who was asked."""
        self.answered_ms: float | None = None
        """How long the latest command took, from sending it to its answer."""
        self.connection_id: int | None = None
        """The connection that was checked out; None while none was."""
        self.began_connection = False
        """A connection was made for it."""

    def note(self, event: DriverEvent) -> None:
        """One driver event that happened in the asking task."""
        match event.name:
            case "CommandStarted":
                self.server = event.server
            case "CommandSucceeded":
                self.answered_ms = event.duration_ms
            case "ConnectionCheckOutStarted":
                self.server = event.server
                self.connection_id = None
            case "ConnectionCreated":
                self.began_connection = True
            case "ConnectionCheckedOut":
                self.connection_id = event.connection_id
            case _:
                pass


_question: ContextVar[Question | None] = ContextVar("clearline_question", default=None)


@contextmanager
def asking(wanted: str | None = None) -> Iterator[Question]:
    """Within it, this task's commands go to ``wanted`` (``host:port``); None leaves the choice to the driver.

    The client must have been built with `selector`, and `note` must hear its events.
    """
    question = Question(wanted)
    token = _question.set(question)
    try:
        yield question
    finally:
        _question.reset(token)


def selector(servers: Sequence[Any]) -> Sequence[Any]:
    """For ``server_selector`` of a client."""
    question = _question.get()
    if question is None or question.wanted is None:
        return servers
    return [server for server in servers if address_text(server.address) == question.wanted]


def note(event: DriverEvent) -> None:
    """Let the asking task, if this is one, know what happened."""
    question = _question.get()
    if question is not None and event.kind in ("command", "connection"):
        question.note(event)
