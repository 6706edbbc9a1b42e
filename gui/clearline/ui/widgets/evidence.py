"""Evidence as people read it: nested values as a table of names and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from clearline.core.report.report import ServerResult
from clearline.ui.look import theme

_ONE_LINE: Final = 90
"""Characters of a nested mapping that is told in one line."""
_UNITS: Final = {"ms": "ms", "received": "bytes"}
_WHOLE_MS: Final = 1000
"""From here on fractions of a millisecond say nothing."""


def as_html(evidence: Mapping[str, Any]) -> str:
    """A two-column table; nested mappings indent, lists go line by line."""
    rows = "".join(_rows(evidence, 0))
    return f'<table cellspacing="0" cellpadding="1" style="margin-top:6px">{rows}</table>' if rows else ""


def beyond(evidence: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """What evidence holds that is not told elsewhere, neither under its name nor as a value inside."""
    known = set(_leaves(told))
    return {
        name: value
        for name, value in evidence.items()
        if name not in told and not known.issuperset(_leaves({name: value}))
    }


def _leaves(values: Mapping[str, Any]) -> Iterator[str]:
    for value in values.values():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        elif _is_list(value):
            yield from _leaves(dict(enumerate(value)))  # type: ignore[arg-type]
        else:
            yield str(value)


def chain_html(server: ServerResult) -> str:
    """What the handshake agreed on and the certificates as presented, the server's own first."""
    if server.tls is None:
        return ""
    c = theme.colours()
    agreed = " · ".join(filter(None, (server.tls.version, server.tls.cipher)))
    parts = [f'<p style="margin-top:2px; margin-bottom:2px">{escape(agreed)}</p>'] if agreed else []
    for depth, entry in enumerate(server.tls.chain):
        parts.append(
            f'<p style="margin-left:{depth * 12}px; margin-top:2px; margin-bottom:2px">{escape(entry.subject)}<br>'
            f'<span style="color:{c.muted}">issued by {escape(entry.issuer)}, valid until '
            f"{escape(entry.not_after[:10])}</span></p>"
        )
    return "".join(parts)


def _rows(values: Mapping[str, Any], depth: int) -> list[str]:
    c = theme.colours()
    rows = []
    for name, value in values.items():
        if value is None or (isinstance(value, (Mapping, list, tuple)) and not value):
            continue  # what was not found out says nothing
        label = (
            f'<td style="color:{c.muted}; padding-left:{depth * 12}px; white-space:nowrap">{escape(_name(name))}</td>'
        )
        if isinstance(value, Mapping) and (line := _in_one_line(value)):
            rows.append(f'<tr>{label}<td style="padding-left:12px">{escape(line)}</td></tr>')
        elif isinstance(value, Mapping):
            rows.append(f"<tr>{label}<td></td></tr>")
            rows += _rows(value, depth + 1)
        elif _is_list(value) and any(isinstance(entry, Mapping) for entry in value):
            rows.append(f"<tr>{label}<td></td></tr>")
            for number, entry in enumerate(value, 1):
                inner = entry if isinstance(entry, Mapping) else {str(number): entry}
                rows += _rows(inner, depth + 1)
        else:
            text = escape(_with_unit(name, value)) if name in _UNITS else _text(value)
            rows.append(f'<tr>{label}<td style="padding-left:12px">{text}</td></tr>')
    return rows


def _in_one_line(values: Mapping[str, Any]) -> str:
    """A few plain values side by side, such as how a handshake went; empty where they need lines of their own."""
    if any(isinstance(value, Mapping) or _is_list(value) for value in values.values()):
        return ""
    parts = []
    for name, value in values.items():
        match name:
            case "reach" | "reason":  # these words say themselves what they are
                parts.append(str(value))
            case "ms":
                parts.append(_with_unit(name, value))
            case _ if name in _UNITS:
                parts.append(f"{_name(name)} {_with_unit(name, value)}")
            case _:
                parts.append(f"{_name(name)} {value}")
    line = ", ".join(parts)
    return line if len(line) <= _ONE_LINE else ""


def _name(key: object) -> str:
    """A key of the report as people write it."""
    return "took" if key == "ms" else str(key).replace("_", " ")


def _with_unit(name: str, value: Any) -> str:
    """A measured number as people read it."""
    if name == "ms" and isinstance(value, float) and 0 < value < _WHOLE_MS:
        return f"{value:.3g} ms"
    return f"{value:,.0f} {_UNITS[name]}" if isinstance(value, int | float) else str(value)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _is_list(value):
        return "<br>".join(escape(str(entry)) for entry in value) or "none"
    return escape(str(value))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
