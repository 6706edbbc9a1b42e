"""Clearline tests MongoDB connections and says exactly what is wrong with them.

The names in ``__all__`` are the library, and keep to semantic versioning. They are loaded when they are first used, so
that importing the package imports nothing else.
"""

from __future__ import annotations

TYPE_CHECKING = False  # the import of typing would take a tenth of `clearline --version`
if TYPE_CHECKING:
    from typing import Any

    from clearline.core.check.library import check, check_sync
    from clearline.core.check.request import Request
    from clearline.core.explain.explain import explain
    from clearline.core.explain.explanation import Explanation
    from clearline.core.report.errors import ClearlineError, LoopRunningError, TargetError
    from clearline.core.report.report import Report, Verdict

__all__ = [
    "ClearlineError",
    "Explanation",
    "LoopRunningError",
    "Report",
    "Request",
    "TargetError",
    "Verdict",
    "__version__",
    "check",
    "check_sync",
    "explain",
]
__version__ = "0.1.0"

_HOMES = {
    "ClearlineError": "clearline.core.report.errors",
    "Explanation": "clearline.core.explain.explanation",
    "LoopRunningError": "clearline.core.report.errors",
    "Report": "clearline.core.report.report",
    "Request": "clearline.core.check.request",
    "TargetError": "clearline.core.report.errors",
    "Verdict": "clearline.core.report.report",
    "check": "clearline.core.check.library",
    "check_sync": "clearline.core.check.library",
    "explain": "clearline.core.explain.explain",
}
"""Where each name is, for its first use."""


def __getattr__(name: str) -> Any:
    """A public name at its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
