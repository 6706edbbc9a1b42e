"""A mistake of the text as a sentence of the cause catalogue."""

from __future__ import annotations

from html import escape

from clearline.core.diagnosis.catalogue import causes
from clearline.core.facts import Mistake
from clearline.ui import theme


def mistake_sentence(mistake: Mistake, number: int) -> str:
    """Rich text; where the place is known, a link named ``number`` leads to it."""
    cause = causes()[mistake.cause]
    sentence = escape(cause.title.format_map(mistake.blanks))
    if mistake.end <= mistake.start:
        return sentence
    return f'{sentence} <a href="{number}" style="color:{theme.colours().accent}">Show</a>'
