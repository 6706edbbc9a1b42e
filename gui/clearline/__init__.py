"""Clearline tests MongoDB connections and says exactly what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clearline.core.explain.explain import explain
    from clearline.core.explain.explanation import Explanation

__all__ = ["Explanation", "__version__", "explain"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The library's public names, imported when they are first used: a start of the window needs none of them."""
    match name:
        case "explain":
            from clearline.core.explain.explain import explain

            return explain
        case "Explanation":
            from clearline.core.explain.explanation import Explanation

            return Explanation
    raise AttributeError(name)
