"""Ctrl-C and the like on asyncio's loop, so that a command ends in its own way."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable


def on_signals(act: Callable[[], object], *numbers: signal.Signals) -> None:
    """Call ``act`` from the running loop when one of these signals comes (Ctrl-C unless others are named).

    On Windows there are none on a loop: asyncio.Runner turns Ctrl-C into the cancellation of its main coroutine.
    """
    loop = asyncio.get_running_loop()
    for number in numbers or (signal.SIGINT,):
        try:
            loop.add_signal_handler(number, act)
        except NotImplementedError:
            return
