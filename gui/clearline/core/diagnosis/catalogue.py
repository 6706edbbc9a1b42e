"""The cause catalogue, and the one way to make a finding from it."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from clearline.core.facts.text import Mistake
from clearline.core.findings import Certainty, Finding, Json, Remedy, Severity, Stage
from clearline.core.typed_values import from_plain

LONGEST_BLANK = 300
HOP_FAMILIES = frozenset({"socks", "proxy", "ssh", "k8s"})
"""Causes of one kind of hop; like those of ``hop`` they carry its stage."""


class Cause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of ``causes.toml``: its sentences with ``{blanks}``, usual severity, proof and treatment."""

    title: str
    means: str
    fix: str
    severity: Severity
    tells: str
    may_pass: bool = False
    delay: bool = False
    comes_first: bool = False
    wrong_address: bool = False
    splits_password: bool = False
    product: str | None = None
    rivals: tuple[str, ...] = ()
    """What else it may be where the evidence makes it no more than possible."""


class _Causes(Mapping[str, Cause]):
    """The rows of ``causes.toml``, each read when it is asked for: all of them cost a short command 10 ms."""

    def __init__(self, text: str) -> None:
        rows = (row.partition("]\n") for row in f"\n{text}".split("\n[")[1:])
        self._texts = {code: row for code, _, row in rows}
        self._rows: dict[str, Cause] = {}

    def __getitem__(self, code: str) -> Cause:
        if code not in self._rows:
            import tomllib

            self._rows[code] = from_plain(tomllib.loads(self._texts[code]), Cause)
        return self._rows[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@cache
def causes() -> Mapping[str, Cause]:
    """All causes by code (``stage.name``), in the catalogue's order."""
    return _Causes(Path(__file__).with_name("causes.toml").read_text(encoding="utf-8"))


def blanks_of(cause: Cause) -> frozenset[str]:
    """Names of the blanks in a cause's sentences."""
    texts = (cause.title, cause.means, cause.fix)
    return frozenset(name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name)


def finding(
    code: str,
    certainty: Certainty,
    *,
    stage: Stage | None = None,
    server: str | None = None,
    severity: Severity | None = None,
    evidence: Mapping[str, Json] | None = None,
    summary: str = "",
    means: str = "",
    detail: str = "",
    fix: str = "",
    patch: Mapping[str, Any] | None = None,
    action: str | None = None,
    also: tuple[Remedy, ...] = (),
    fill: Mapping[str, str] | None = None,
    **blanks: object,
) -> Finding:
    """A finding of the cause ``code``: title, meaning and fix, filled, are its summary, detail and first remedy.

    ``stage`` defaults to the code's own; causes of ``env`` and ``pool`` are no stages and must name one, those of one
    kind of hop carry the stage ``hop``. ``detail`` is added to the cause's meaning; ``summary``, ``means`` and ``fix``
    stand for its sentence, meaning and advice where the evidence says more. Blanks come by keyword, or in ``fill``.
    ``patch`` or ``action`` belongs to the first remedy; ``also`` are further remedies.
    One that is merely possible names its rivals in the detail.
    Raises KeyError for an unknown code, an unfilled blank or missing rivals: a rule's bug that the tests find.
    """
    cause = causes()[code]
    filled = {name: _short(str(value)) for name, value in {**(fill or {}), **blanks}.items()}
    means = means or cause.means.format_map(filled)
    if certainty is Certainty.POSSIBLE:
        if not cause.rivals:
            raise KeyError(f"what else {code} may be")
        detail = f"{detail} It may as well be: {'; '.join(cause.rivals)}.".strip()
    return Finding(
        cause=code,
        severity=severity or cause.severity,
        certainty=certainty,
        stage=stage or _stage_of(code),
        server=server,
        page=f"causes/{code}.md",
        summary=summary or cause.title.format_map(filled),
        detail=f"{means} {detail}".strip() if detail else means,
        remedies=(
            Remedy(
                text=fix or cause.fix.format_map(filled),
                patch=dict(patch) if patch is not None else None,
                action=action,
            ),
            *also,
        ),
        evidence=dict(evidence or {}),
    )


def title_of(mistake: Mistake) -> str:
    """What is wrong with the text, in one sentence."""
    return causes()[mistake.cause].title.format_map(mistake.blanks)


def fix_of(mistake: Mistake) -> str:
    """What to do about a mistake of the text."""
    return mistake.fix or causes()[mistake.cause].fix.format_map(mistake.blanks)


def _stage_of(code: str) -> Stage:
    family = code.partition(".")[0]
    return Stage.HOP if family in HOP_FAMILIES else Stage(family)


def _short(text: str) -> str:
    """A blank's text; an endless one is cut, so that a sentence stays one."""
    return text if len(text) <= LONGEST_BLANK else f"{text[: LONGEST_BLANK - 1]}…"


def listed(names: tuple[str, ...] | list[str], *, most: int = 4, nothing: str = "none") -> str:
    """Names as a sentence has them: ``a, b and c``; past ``most`` the rest is counted."""
    if not names:
        return nothing
    shown = list(names[:most])
    if len(names) > most:
        return ", ".join(shown) + f" and {len(names) - most} more"
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]
