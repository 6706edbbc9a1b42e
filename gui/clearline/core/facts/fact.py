"""What every fact is: frozen, given by keyword, silent about defaults when recorded."""

from __future__ import annotations

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all facts: frozen, only by keyword, silent about defaults when recorded."""
