"""What every fact is: frozen, given by keyword, silent about defaults when recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    # mypy knows the fields by this one: a fact that is misspelt, or of another type, is an error. msgspec's takes any.
    from dataclasses import replace
else:
    from msgspec.structs import replace

__all__ = ["Fact", "replace"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of all facts: frozen, only by keyword, silent about defaults when recorded."""
