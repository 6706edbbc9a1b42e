"""A pipe whose readers wait for ever: whether the programs that read it are gone is seen without their numbers."""

from __future__ import annotations

import os
import threading
from pathlib import Path


class HeldPipe:
    """Readers open it at once, and hear nothing; leaving the ``with`` lets them go."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._holding: int | None = os.open(path, os.O_RDWR)

    def __enter__(self) -> HeldPipe:
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()

    def assert_no_reader_is_left(self) -> None:
        """The ends of killed programs are closed a moment after they were killed."""
        writing = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        self._let_go()
        try:
            for _ in range(500):
                try:
                    os.write(writing, b"x")
                except BrokenPipeError:
                    return
                threading.Event().wait(0.01)
        finally:
            os.close(writing)
        raise AssertionError("a program still reads the pipe")

    def _let_go(self) -> None:
        if self._holding is not None:
            os.close(self._holding)
            self._holding = None
