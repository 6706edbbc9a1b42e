"""Findings about the text of the connection string: each mistake was found by the lint and becomes one finding."""

from __future__ import annotations

from collections.abc import Iterable

from clearline.core.diagnosis.catalogue import finding
from clearline.core.facts import Facts
from clearline.core.report import Certainty, Finding


def mistakes(facts: Facts) -> Iterable[Finding]:
    """One finding per mistake of the text, in the lint's order of importance."""
    for mistake in facts.uri.mistakes:
        yield finding(
            mistake.cause,
            Certainty.PROVEN,
            severity=mistake.severity,
            evidence={"from": mistake.start, "to": mistake.end},
            patch=mistake.patch,
            action=mistake.action,
            fill=mistake.blanks,
        )


RULES = (mistakes,)
