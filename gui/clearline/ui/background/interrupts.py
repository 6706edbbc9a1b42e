"""Ctrl-C in the terminal, while Qt's loop sleeps in C where Python's signal handlers cannot run."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QSocketNotifier


@contextmanager
def interruptible(interrupt: Callable[[], object]) -> Iterator[None]:
    """Call ``interrupt`` from Qt's loop when Ctrl-C is pressed; the handler of before is put back at the end.

    Never from the signal's handler itself: that runs between any two steps of Python, also while a widget is painted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)
    before = signal.signal(signal.SIGINT, lambda *_: None)
    wakeup_before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)

    def read() -> None:
        if signal.SIGINT in reader.recv(64):
            interrupt()

    notifier.activated.connect(lambda *_: read())
    try:
        yield
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(wakeup_before)
        signal.signal(signal.SIGINT, before)
        reader.close()
        writer.close()
