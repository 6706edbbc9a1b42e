"""Where slow things are done for the window (files, lookups): never in the GUI thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Background(Protocol):
    """Where pages have slow things done (files, lookups): never in the GUI thread."""

    def ask(
        self,
        question: Callable[[], Awaitable[T]],
        answered: Callable[[T], object],
        failed: Callable[[Exception], object] | None = None,
    ) -> Callable[[], None]:
        """Await something elsewhere, then call ``answered`` in the GUI thread; what is returned gives up on it."""
