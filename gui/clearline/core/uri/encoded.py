"""Texts in base64 form, as a Kubernetes secret shows them and as people copy them from there."""

from __future__ import annotations

from base64 import b64decode
from typing import Final

from clearline.core.text.late_patterns import late

_BASE64: Final = late(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_SHORTEST: Final = 8


def decoded_text(text: str) -> str | None:
    """The printable text of which ``text`` is the base64 form; None when it is none."""
    if len(text) < _SHORTEST or not _BASE64.fullmatch(text):
        return None
    try:
        decoded = b64decode(text, validate=True).decode("utf-8")
    except (ValueError, UnicodeDecodeError):
        return None
    return decoded if decoded.rstrip("\r\n").isprintable() and decoded.strip() else None


def decoded_address(text: str) -> str | None:
    """The address of which a text is the base64 form; None when it is none."""
    decoded = decoded_text("".join(text.split()).strip("\"'"))
    return decoded if decoded is not None and decoded.startswith(("mongodb://", "mongodb+srv://")) else None
