"""The window, opened from the command line: what keeps it from opening is said in one sentence, without Qt."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from clearline import obstacles


def open_window(arguments: Sequence[str] = ()) -> int:
    """Open the window; an argument names a profile's file. 1 when it cannot be shown here.

    Raises ModuleNotFoundError where PySide6 is not installed.
    """
    if find_spec("PySide6") is None:  # before anything else that may be missing: only this command cannot do without
        raise ModuleNotFoundError("PySide6 is not installed", name="PySide6")
    if problem := obstacles.before_window():
        obstacles.tell(problem)
        return 1
    try:
        from clearline.ui.app import run_window
    except ImportError:
        if problem := obstacles.after_import_error():
            obstacles.tell(problem)
            return 1
        raise
    return run_window(list(arguments))
