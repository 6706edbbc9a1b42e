"""Words and outlines stand out in both palettes, by the formula of WCAG 2."""

from __future__ import annotations

import pytest

from clearline.ui.look.palette import DARK, LIGHT, PROFILE_COLOURS, Colours, tinted

TEXT = 4.5
OUTLINE = 3.0
GROUNDS = ("window", "base", "raised", "selection", "neutral_back")


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_gives_the_known_ends() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("words", "grounds"),
    [
        ("text", (*GROUNDS, "hover")),
        ("muted", GROUNDS),
        ("passed", (*GROUNDS, "passed_back")),
        ("warning", (*GROUNDS, "warning_back")),
        ("failed", (*GROUNDS, "failed_back")),
        ("accent", ("window", "base", "raised")),
        ("on_accent", ("accent", "accent_hover")),
    ],
)
def test_words_can_be_read(palette: Colours, words: str, grounds: tuple[str, ...]) -> None:
    found = {ground: contrast(getattr(palette, words), getattr(palette, ground)) for ground in grounds}
    assert min(found.values()) >= TEXT, found


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_a_field_can_be_seen(palette: Colours) -> None:
    grounds = ("window", "base", "passed_back", "warning_back", "failed_back")
    found = {ground: contrast(palette.outline, getattr(palette, ground)) for ground in grounds}
    assert min(found.values()) >= OUTLINE, found


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("colour", PROFILE_COLOURS)
def test_a_tinted_window_can_be_read(palette: Colours, colour: str) -> None:
    ground = tinted(palette, colour)
    assert min(contrast(getattr(palette, words), ground) for words in ("text", "muted", "failed")) >= TEXT
    assert contrast(palette.outline, ground) >= OUTLINE
