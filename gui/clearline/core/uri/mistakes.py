"""Collects the mistakes of one connection string, so that no secret gets into a sentence and the worst comes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from clearline.core.facts.text import Mistake
from clearline.core.findings import Certainty, Severity
from clearline.core.options.values import shown
from clearline.core.secrets.redaction import MASK
from clearline.core.secrets.secret import Secret
from clearline.core.uri.pieces import Piece
from clearline.core.uri.unset import Unset

_ORDER: Final = (
    "uri.too-long",
    "uri.bad-scheme",
    "uri.nested-url",
    "uri.not-set",
    "uri.repeated-per-host",
    "uri.placeholder",
    "uri.unescaped-credentials",
    "uri.unescaped-socket-path",
    "uri.stray-characters",
    "uri.missing-username",
    "uri.missing-host",
    "uri.host-separator",
    "uri.ipv6-brackets",
    "uri.bad-port",
    "uri.srv-form",
    "uri.bad-database-name",
    "uri.malformed-options",
    "uri.conflicting-options",
    "uri.bad-value",
    "uri.mechanism-mismatch",
    "auth.oidc-not-configured",
    "uri.missing-password",
    "uri.x509-without-tls",
    "uri.unknown-mechanism",
    "uri.tls-value-ignored",
    "auth.password-in-clear",
    "uri.misspelt-option",
    "uri.misspelt-value",
    "uri.ignored-value",
    "uri.duplicate-option",
    "uri.unknown-option",
    "uri.unknown-auth-property",
    "driver.missing-package",
    "driver.compressor-missing",
    "uri.not-portable",
    "uri.pymongo-goes-directly",
)
_PLAIN: Final = frozenset(
    {
        "part",
        "what",
        "where",
        "character",
        "default",
        "choices",
        "rule",
        "keep",
        "user",
        "escaped",
        "placeholder",
        "origin",
        "example",
        "package",
    }
)
"""Blanks whose words are ours, or the user name's; placeholders are known words of templates."""
_SHORT: Final = 3
_ENOUGH: Final = 100


class Mistakes:
    """A growing list of mistakes. ``secrets`` never appear in a blank that quotes the text."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._secrets = [text for secret in secrets if len(text := secret.reveal()) >= _SHORT]
        self._found: list[Mistake] = []
        self._about: tuple[str, ...] = ()

    def about(self, *fields: str) -> None:
        """The fields of the mistakes that follow, unless they name others."""
        self._about = fields

    def add(
        self,
        cause: str,
        severity: Severity,
        place: Piece | tuple[int, int],
        *,
        fields: tuple[str, ...] | None = None,
        patch: dict[str, Any] | None = None,
        action: str | None = None,
        certainty: Certainty = Certainty.PROVEN,
        fix: str = "",
        detail: str = "",
        **blanks: str,
    ) -> None:
        """Note one mistake at a place of the text as typed, blanks by keyword; the others as in `Mistake`.

        ``fix`` and ``detail`` quote nothing of the text but by `quoted`.
        """
        self.note(
            cause,
            severity,
            place,
            blanks,
            fields=fields,
            patch=patch,
            action=action,
            certainty=certainty,
            fix=fix,
            detail=detail,
        )

    def note(
        self,
        cause: str,
        severity: Severity,
        place: Piece | tuple[int, int],
        blanks: Mapping[str, str],
        *,
        fields: tuple[str, ...] | None = None,
        patch: dict[str, Any] | None = None,
        action: str | None = None,
        certainty: Certainty = Certainty.PROVEN,
        fix: str = "",
        detail: str = "",
    ) -> None:
        """Note one mistake whose blanks are at hand as a mapping."""
        if len(self._found) >= _ENOUGH and self.has(cause):
            return
        start, end = (place.start, place.end) if isinstance(place, Piece) else place
        safe = {name: text if name in _PLAIN else self.quoted(text) for name, text in blanks.items()}
        self._found.append(
            Mistake(
                cause=cause,
                severity=severity,
                blanks=safe,
                start=start,
                end=end,
                patch=patch,
                action=action,
                fields=self._about if fields is None else fields,
                certainty=certainty,
                fix=fix,
                detail=detail,
            )
        )

    def quoted(self, text: str) -> str:
        """A piece of the text as a sentence may show it."""
        return MASK if any(secret in text for secret in self._secrets) else shown(text)

    def has(self, cause: str) -> bool:
        """Whether that cause was noted."""
        return any(mistake.cause == cause for mistake in self._found)

    def in_order(self, unresolved: frozenset[str] = frozenset()) -> tuple[Mistake, ...]:
        """All of them: what PyMongo refuses first, then by importance and place.

        Without those about options that are ``unresolved``: it is not known yet whether they are mistakes.
        """

        def rank(mistake: Mistake) -> tuple[bool, int, int]:
            return mistake.severity is not Severity.FAILURE, _ORDER.index(mistake.cause), mistake.start

        told = (mistake for mistake in self._found if not unresolved.intersection(mistake.fields))
        return tuple(sorted(told, key=rank))


def add_unset(found: Mistakes, place: Piece, what: str, left: Unset, severity: Severity) -> None:
    """What stands at a place was to be filled in."""
    found.add(
        "uri.not-set",
        severity,
        place,
        certainty=Certainty.PROVEN if left.certain and what != "password" else Certainty.LIKELY,
        what=what,
        placeholder=left.shown or found.quoted(left.value),
        origin=f"{left.origin}.",
    )
