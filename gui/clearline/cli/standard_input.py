"""A line of standard input, as whichever program wrote it: its bytes need not be of this computer's encoding."""

from __future__ import annotations

import codecs
import sys
from itertools import islice
from typing import Final

_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""How a text begins that Windows' PowerShell has written into a file."""
_MOST_EMPTY_LINES: Final = 1000
_BYTES_OF_A_CHARACTER: Final = 4


def line(most: int, *, past_empty: bool = False) -> str:
    """The first line, without its end and with at most some ``most`` characters; empty where there is none.

    ``past_empty``: the first that holds something. What is neither UTF-8 nor UTF-16 becomes U+FFFD.
    """
    if sys.stdin is None:  # a windowed program has none
        return ""
    stream, limit = sys.stdin.buffer, most * _BYTES_OF_A_CHARACTER
    first = stream.readline(limit)
    if first.startswith(_UTF_16):
        lines = iter((first + stream.read(limit)).decode("utf-16", "replace").splitlines())
        first_line = next(lines, "")
    else:
        lines = (piece.decode("utf-8", "replace") for piece in iter(lambda: stream.readline(limit), b""))
        first_line = first.decode("utf-8-sig", "replace")
    if past_empty and not first_line.strip() and not sys.stdin.isatty():
        first_line = next((one for one in islice(lines, _MOST_EMPTY_LINES) if one.strip()), "")
    return first_line.strip("\r\n")
