"""The one door to the terminal: nothing printed steers it, and a character that its encoding lacks costs nothing.

Names, servers' words and pages of sign-in providers may hold anything; only our own colours pass as they are.
"""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from clearline.core.text.late_patterns import late
from clearline.core.text.plain_text import visible

_BEYOND_ASCII: Final = late(r"[^\x00-\x7f]+")
_COLOURS: Final = late(r"(\x1b\[[0-9;]{0,16}m)")


def print_json(text: str) -> None:
    """Print JSON; what steers a terminal or has no place in its encoding is escaped, as JSON allows."""
    text = "".join(json.dumps(c)[1:-1] if visible(c, but="\n") != c else c for c in text)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = _BEYOND_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)
    with readers_end():
        print(text, flush=True)


def print_text(text: str) -> None:
    """Print text for people, colours of ours included, with question marks for what the encoding does not have."""
    pieces = _COLOURS.split(text)
    clean = "".join(piece if number % 2 else harmless(piece) for number, piece in enumerate(pieces))
    encoding = sys.stdout.encoding or "utf-8"
    with readers_end():
        print(clean.encode(encoding, "replace").decode(encoding), flush=True)


def print_aside(text: str, *, end: str = "\n") -> None:
    """Say something beside the result, on standard error."""
    if sys.stderr is None:  # a windowed program has none
        return
    encoding = sys.stderr.encoding or "utf-8"
    with suppress(OSError):  # its disk is full, or its reader gone: the result matters more than what is said beside it
        print(harmless(text).encode(encoding, "replace").decode(encoding), end=end, file=sys.stderr, flush=True)


@contextmanager
def readers_end() -> Iterator[None]:
    """For writing: raises `BrokenPipeError` where the reader has gone, on Windows too, which says EINVAL then."""
    try:
        yield
    except OSError as error:
        if sys.platform == "win32" and error.errno == errno.EINVAL:
            raise BrokenPipeError(errno.EPIPE, "the reader has gone") from error
        raise


def harmless(text: str) -> str:
    """Text whose control characters and turns of direction are visible; line breaks stay."""
    return visible(text, but="\n")
