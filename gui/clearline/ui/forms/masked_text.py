"""A connection string that shows dots where its secrets stand: what the masked field displays, and what it means.

Free of Qt. The text is a row of pieces, plain or secret. A secret that was typed shows one dot per character, so that
typing it feels like typing; one that was pasted or loaded always shows three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from clearline.core.secrets.secret import Secret

DOT: Final = "•"
FOLDED: Final = DOT * 3
Redact = Callable[[str], str]
"""Replaces each secret of a text by `MASK`, and nothing else."""

MASK: Final = "***"


@dataclass(frozen=True)
class _Piece:
    shown: str
    secret: Secret | None = None

    @property
    def meant(self) -> str:
        return self.shown if self.secret is None else self.secret.reveal()

    @property
    def folded(self) -> bool:
        return self.secret is not None and len(self.secret.reveal()) != len(self.shown)


@dataclass(frozen=True)
class MaskedText:
    """One state of the field; edits make new ones."""

    _pieces: tuple[_Piece, ...] = ()

    def __repr__(self) -> str:
        return f"MaskedText({self.shown!r})"

    @property
    def shown(self) -> str:
        """With dots for secrets."""
        return "".join(piece.shown for piece in self._pieces)

    @property
    def plain(self) -> Secret:
        """The text itself."""
        return Secret("".join(piece.meant for piece in self._pieces))

    @property
    def hides(self) -> bool:
        """Whether there is a secret in it."""
        return any(piece.secret is not None for piece in self._pieces)

    @property
    def folded(self) -> MaskedText:
        """With three dots for every secret, however long it is."""
        return MaskedText(tuple(replace(p, shown=FOLDED) if p.secret is not None else p for p in self._pieces))

    def edited(self, start: int, end: int, inserted: str, redact: Redact) -> tuple[MaskedText, int]:
        """What comes of replacing ``shown[start:end]``, and where the cursor stands afterwards.

        Folded secrets are touched whole: replacing one dot replaces the secret, typing beside it adds to it.
        """
        if start == end:  # nothing is replaced, so a folded secret around the cursor stays
            before, after = self._split(start)
        else:
            before, after = self._meant_up_to(start), self._meant_from(end)
        kept = {p.secret for p in self._pieces if p.folded}
        plain = before + inserted + after
        pieces = _masked(plain, redact)
        typed = len(inserted) <= 1
        made = MaskedText(tuple(_unfolded(p) if typed and p.secret not in kept else p for p in pieces))
        return made, made.shown_position(len(before) + len(inserted))

    def shown_position(self, meant_position: int) -> int:
        """Where a place of the plain text is displayed."""
        shown = 0
        for piece in self._pieces:
            length = len(piece.meant)
            if meant_position < length:
                return shown + (min(meant_position, 1) * len(piece.shown) if piece.folded else meant_position)
            meant_position -= length
            shown += len(piece.shown)
        return shown

    def _split(self, position: int) -> tuple[str, str]:
        """The plain text before and after a cursor; inside a folded secret it counts as after it."""
        before, after = "", ""
        for piece in self._pieces:
            length = len(piece.shown)
            if position >= length or (piece.folded and position > 0):
                before += piece.meant
                position = max(0, position - length)
            elif position <= 0:
                after += piece.meant
            else:
                before += piece.meant[:position]
                after += piece.meant[position:]
                position = 0
        return before, after

    def _meant_up_to(self, position: int) -> str:
        """Plain text before a selection's start; a folded secret that the selection touches is not part of it."""
        meant = ""
        for piece in self._pieces:
            length = len(piece.shown)
            if position >= length:
                meant += piece.meant
                position -= length
                continue
            return meant if piece.folded else meant + piece.meant[:position]
        return meant

    def _meant_from(self, position: int) -> str:
        """Plain text after a selection's end; a folded secret that the selection touches is not part of it."""
        for number, piece in enumerate(self._pieces):
            length = len(piece.shown)
            if position >= length:
                position -= length
                continue
            rest = "".join(p.meant for p in self._pieces[number + 1 :])
            if position == 0:
                return piece.meant + rest
            return rest if piece.folded else piece.meant[position:] + rest
        return ""


def masked(plain: Secret, redact: Redact) -> MaskedText:
    """A text as the field shows it at first: every secret folded."""
    return MaskedText(_masked(plain.reveal(), redact))


def _masked(plain: str, redact: Redact) -> tuple[_Piece, ...]:
    """Cut a text at the places that ``redact`` hides."""
    open_parts = redact(plain).split(MASK)
    if len(open_parts) == 1:
        return (_Piece(plain),) if plain else ()
    nothing_shown = (_Piece(FOLDED, Secret(plain)),)  # where redaction changed more than the secrets
    pieces = []
    at = 0
    for number, part in enumerate(open_parts):
        # The last one stands at the end, the others at their next place: each secret is as short as it can be.
        last = number == len(open_parts) - 1
        start = len(plain) - len(part) if last else plain.find(part, at) if number else 0
        if start < at or not plain.startswith(part, start):
            return nothing_shown
        if number:
            pieces.append(_Piece(FOLDED, Secret(plain[at:start])))
        if part:
            pieces.append(_Piece(part))
        at = start + len(part)
    return tuple(pieces)


def _unfolded(piece: _Piece) -> _Piece:
    return piece if piece.secret is None else replace(piece, shown=DOT * len(piece.secret.reveal()))
