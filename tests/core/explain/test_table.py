"""The table of texts: what a driver says leads to the cause in whose row it stands."""

from __future__ import annotations

from clearline.core.diagnosis.texts import rows
from clearline.core.explain.explain import explain

_FEWEST = 8
"""Characters of a text: a number alone needs its surroundings."""


def test_each_text_leads_to_its_own_cause() -> None:
    """One of the first two: a symbol in the text may mean its neighbour, which is named beside it."""
    missed = []
    for cause, row in rows().items():
        for entry in (*row.stated, *row.likely):
            words = entry.partition(": ")[2]
            told = [c.cause for c in explain(f"mongodb {words.replace('…', ' x ')}").causes[:2]]
            if len(words) >= _FEWEST and cause not in told:
                missed.append((cause, entry, told))
    assert missed == []
