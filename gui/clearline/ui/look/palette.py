"""The two palettes."""

from __future__ import annotations

from typing import Final, NamedTuple


class Colours(NamedTuple):
    """One palette, as ``#rrggbb``."""

    dark: bool
    window: str
    base: str
    raised: str
    hover: str
    line: str
    line_strong: str
    outline: str
    """Around everything that takes text: 3:1 on every ground."""
    text: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    selection: str
    passed: str
    warning: str
    failed: str
    passed_back: str
    warning_back: str
    failed_back: str
    neutral_back: str


LIGHT: Final = Colours(
    dark=False,
    window="#f5f6f8",
    base="#ffffff",
    raised="#ffffff",
    hover="#eceff4",
    line="#dfe3ea",
    line_strong="#c3cad5",
    outline="#7f8896",
    text="#1c2128",
    muted="#5b6572",
    accent="#2f5bd7",
    accent_hover="#2650c6",
    on_accent="#ffffff",
    selection="#dfe7fb",
    passed="#147246",
    warning="#8a5b00",
    failed="#c02b2b",
    passed_back="#e9f6ef",
    warning_back="#fdf3dd",
    failed_back="#fcecec",
    neutral_back="#eef1f6",
)
DARK: Final = Colours(
    dark=True,
    window="#16181d",
    base="#1b1e25",
    raised="#22262f",
    hover="#282d37",
    line="#2c313c",
    line_strong="#414856",
    outline="#6b7588",
    text="#e4e8ee",
    muted="#98a2b1",
    accent="#83a4ff",
    accent_hover="#9bb6ff",
    on_accent="#11151d",
    selection="#26375f",
    passed="#52c78b",
    warning="#e5b54a",
    failed="#ff7d76",
    passed_back="#172b23",
    warning_back="#302812",
    failed_back="#36201f",
    neutral_back="#22262f",
)

PROFILE_COLOURS: Final = {
    "red": "#d6453d",
    "orange": "#e07b28",
    "yellow": "#d3a414",
    "green": "#3a9d5d",
    "teal": "#1d9a9a",
    "blue": "#3d74e0",
    "purple": "#8a5bd6",
    "pink": "#d6559f",
    "grey": "#8791a0",
}

PRODUCTION: Final = "purple"
"""The colour of a production profile that has none of its own: red would hide every failure."""
_TINT: Final = {False: 0.07, True: 0.10}
"""How much of it the chrome of the window takes on, by whether the palette is dark."""


def tinted(colours: Colours, colour: str) -> str:
    """The ground of the chrome with a tint of one of the profile colours."""
    share = _TINT[colours.dark]
    pairs = zip(_parts(colours.window), _parts(PROFILE_COLOURS[colour]), strict=True)
    return "#" + "".join(f"{round(ground + (tint - ground) * share):02x}" for ground, tint in pairs)


def _parts(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
