"""What all parts of a profile share: frozen, strict when read, silent about what is not set."""

from __future__ import annotations

from typing import Annotated

import msgspec

Number = int | float
"""A time or size as PyMongo takes it: whole, or with a fraction."""

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]

NonNegative = Annotated[int, msgspec.Meta(ge=0)]


class Section(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """Common settings of the profile's parts: frozen, strict when read, silent about what is not set.

    Values that cannot form cycles: the collector need not walk over ten thousand of them.
    """
