"""Standard output as it is: an encoding that lacks a character must not cost the whole result."""

from __future__ import annotations

import json
import re
import sys

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def print_json(text: str) -> None:
    """Print JSON; a text that standard output's encoding cannot hold is escaped, as JSON allows."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = _BEYOND_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)
    print(text, flush=True)


def print_text(text: str) -> None:
    """Print text for people, with question marks for what the encoding does not have."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), flush=True)
