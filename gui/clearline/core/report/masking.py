"""A report without secrets: it should be so already, and is looked through once more before it leaves the check."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from clearline.core.report.report import Report, ServerResult
from clearline.core.secrets.redaction import redact
from clearline.core.secrets.secret import Secret
from clearline.core.typed_values import from_plain

_FROM_OUTSIDE: Final = {"evidence", "note", "message", "effective", "target"}
"""Fields whose texts others wrote."""
CLOSED: Final = frozenset(
    {
        "cause",
        "severity",
        "certainty",
        "stage",
        "status",
        "verdict",
        "action",
        "format",
        "started",
        "app_version",
        "kind",
        "page",
    }
)
"""Fields of a report whose words are ours."""
_DISTINCTIVE: Final = 6
"""A shorter secret, or one of small letters alone, may as well be a word of ours: masking it would tell it."""


def masked(report: Report, secrets: Iterable[Secret] = (), *, servers: bool = True) -> Report:
    """The report with whatever looks like a secret, and the given ones, covered.

    Without ``servers`` the results of each single server stay as they are: those of a thousand take a while.
    """
    # A secret that happens to be a name in the address would blank that out and so give itself away.
    known = tuple(secret for secret in secrets if secret.reveal() not in report.target.uri)
    sweep = _Sweep(known)
    parts = [name for name in report.__struct_fields__ if name not in ("servers", "not_looked_at")]
    clean = replace(report, **{name: sweep.covered(getattr(report, name), name) for name in parts})
    if not servers:
        return clean
    if any(secret.reveal() in "\n".join(report.not_looked_at) for secret in known):
        clean = replace(clean, not_looked_at=sweep.covered(report.not_looked_at, "not_looked_at"))
    told = tuple(one if sweep.is_clean(one) else sweep.covered(one, "servers") for one in report.servers)
    changed = any(one is not other for one, other in zip(told, report.servers, strict=True))
    return replace(clean, servers=told) if changed else clean


class _Sweep:
    def __init__(self, known: tuple[Secret, ...]) -> None:
        self._known = known
        self._distinctive = tuple(s for s in known if _is_distinctive(s.reveal()))
        self._seen: dict[tuple[bool, str], str] = {}
        """By whose text it is, and the text: a thousand servers say much the same."""

    def is_clean(self, server: ServerResult) -> bool:
        """Whether nothing of a server has to be covered: looked at where texts are alone, for there may be hundreds."""
        ours = (server.address, server.role, server.set_name, server.version, server.source)
        if any(text and self._cover(text, "") != text for text in ours):
            return False
        for cell in server.cells.values():
            if cell.note and self._cover(cell.note, "note") != cell.note:
                return False
            if cell.evidence and not all(map(self._is_clean, cell.evidence, cell.evidence.values())):
                return False
        return not (server.answers or server.tls) or bool(self.covered(server, "servers") is server)

    def _is_clean(self, name: str, value: Any) -> bool:
        plain = value if isinstance(value, str) else msgspec.to_builtins(value)
        return bool(self._cover(name, "evidence") == name and self._cover(plain, "evidence") == plain)

    def covered(self, value: Any, field: str) -> Any:
        """A field of the report; the same object where nothing had to be covered."""
        plain = msgspec.to_builtins(value)
        clean = self._cover(plain, field)
        if clean == plain:
            return value
        kind: Any = tuple[type(value[0]), ...] if isinstance(value, tuple) else type(value)  # type: ignore[misc]
        return from_plain(clean, kind)

    def _cover(self, value: Any, field: str) -> Any:
        match value:
            case str() if field not in CLOSED:
                outside = field in _FROM_OUTSIDE
                if (clean := self._seen.get((outside, value))) is None:
                    clean = self._seen[outside, value] = redact(value, self._known if outside else self._distinctive)
                return clean
            case list() | tuple():
                return type(value)([self._cover(item, field) for item in value])
            case dict() if field in _FROM_OUTSIDE:
                return {self._cover(name, field): self._cover(item, field) for name, item in value.items()}
            case dict():
                return {name: self._cover(item, name) for name, item in value.items()}
        return value


def _is_distinctive(text: str) -> bool:
    return len(text) >= _DISTINCTIVE and not (text.isalpha() and text.islower())
