"""Ctrl-C in the terminal, and the end of the session, while Qt's loop sleeps in C where no handler of Python's runs."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtCore import QSocketNotifier

_ENDS: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, ``kill`` and the system's shutdown, a terminal that was closed."""


@contextmanager
def interruptible(interrupt: Callable[[int], object]) -> Iterator[None]:
    """Call ``interrupt`` from Qt's loop with the signal that asks for the end; the handlers of before are put back.

    Never from the signal's handler itself: that runs between any two steps of Python, also while a widget is painted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)
    before = {number: signal.signal(number, lambda *_: None) for number in _ENDS}
    wakeup_before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)

    def read() -> None:
        if ends := [number for number in reader.recv(64) if number in _ENDS]:
            interrupt(ends[0])

    notifier.activated.connect(lambda *_: read())
    try:
        yield
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(wakeup_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        reader.close()
        writer.close()
