"""The window, opened from the command line: what keeps it from opening is said in one sentence, without Qt."""

from __future__ import annotations

from collections.abc import Sequence

from clearline import obstacles


def open_window(arguments: Sequence[str] = ()) -> int:
    """Open the window; an argument names a profile's file. 1 when it cannot be shown here."""
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
