"""How each kind of driver event looks: an icon, and a colour that only repeats it."""

from __future__ import annotations

from typing import Final

from clearline.ui.look import theme

KINDS: Final = ("pool", "connection", "command", "server", "topology", "heartbeat", "log")
_COLOURS: Final = {  # in the light palette, in the dark one
    "pool": ("#0c7489", "#4fc3d9"),
    "connection": ("#2f5bd7", "#7ea0f7"),
    "command": ("#6b3fb5", "#b595f2"),
    "server": ("#8f5f00", "#e0b25a"),
    "topology": ("#a13a7f", "#ec8fcb"),
    "heartbeat": ("#5b6572", "#98a2b1"),
    "log": ("#46705a", "#8fc3a6"),
}


def kind_icon(kind: str) -> str:
    """The icon's name."""
    return f"kind-{kind}" if kind in _COLOURS else "note"


def kind_colour(kind: str) -> str:
    """The kind's colour in the palette in use."""
    c = theme.colours()
    light, dark = _COLOURS.get(kind, (c.muted, c.muted))
    return dark if c.dark else light
