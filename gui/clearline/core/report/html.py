"""The report as one HTML file: for a browser, for printing, for readers without Clearline. No script, nothing loaded.

It says what the report says, in the same order, and so holds no secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from clearline.core.findings import SERVER_STAGES, Finding
from clearline.core.report.marks import MARKS, left_out
from clearline.core.report.places import Matrix, Meeting, Place
from clearline.core.report.report import Cell, Report, ServerResult, Status
from clearline.core.text.plain_text import visible

_STYLE: Final = """
:root { color-scheme: light dark; --back: #ffffff; --text: #1c2430; --faint: #5c6775; --line: #d8dee6;
  --card: #f5f7fa; --good: #1a7f4b; --warning: #8f5a00; --bad: #b3261e; --quiet: #5c6775; }
@media (prefers-color-scheme: dark) { :root { --back: #161b22; --text: #e3e8ee; --faint: #9aa6b4; --line: #323b47;
  --card: #1e252e; --good: #56c98d; --warning: #e3a948; --bad: #ff8a80; --quiet: #9aa6b4; } }
@media print { :root { --back: #ffffff; --text: #000000; --faint: #444444; --line: #bbbbbb; --card: #ffffff;
  --good: #14613a; --warning: #6d4500; --bad: #8e1d16; --quiet: #444444; } .card, tr { break-inside: avoid; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 2rem 1.5rem; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0 0 .25rem; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
code { font: .875em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.uri { margin: 0 0 1.5rem; color: var(--faint); }
.card { margin: 0 0 1rem; padding: .75rem 1rem; border: 1px solid var(--line); border-left: 4px solid var(--mark);
  border-radius: 6px; background: var(--card); }
.card h3 { font-size: 1rem; margin: 0; } .card p, .card ul { margin: .5rem 0 0; } .card ul { padding-left: 1.25rem; }
.about { color: var(--faint); font-size: .875rem; }
.good { --mark: var(--good); } .warning { --mark: var(--warning); } .bad { --mark: var(--bad); }
.quiet { --mark: var(--quiet); }
.mark { color: var(--mark); font-weight: 700; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { padding: .375rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--faint); font-weight: 600; }
td small { display: block; color: var(--faint); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; font-size: .875rem; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
"""


def to_html(report: Report) -> str:
    """The whole page. Every text of the report is escaped."""
    mark, _, word, tone = MARKS[report.verdict]
    title = f"{word}: {report.target.profile or report.target.uri}"
    return _page(
        title,
        f'<h1 class="{tone}"><span class="mark">{mark}</span> {_text(title)}</h1>',
        f'<p class="uri">{_code(report.target.uri)}</p>',
        *(_finding(finding) for finding in report.findings),
        *_servers(report.servers),
        *([f"<p>{_text(left_out(report))}</p>"] if report.not_looked_at else []),
        *_certificates(report.servers),
        "<h2>Details</h2>",
        "<dl>",
        *(f"<dt>{_text(name)}</dt><dd>{value}</dd>" for name, value in _facts(report)),
        "</dl>",
    )


def places_to_html(merged: Matrix) -> str:
    """The page about several places: which of them reaches which server, and what each says."""
    title = f"{len(merged.places)} places, {len(merged.servers)} servers"
    heads = _heads(("Server", *(place.name for place in merged.places)))
    rows = (
        f"<tr><td>{_code(server)}</td>{''.join(map(_meeting, row))}</tr>"
        for server, row in zip(merged.servers, merged.cells, strict=True)
    )
    table = ["<tbody>", *rows, "</tbody>"] if merged.servers else []
    return _page(
        title,
        f"<h1>{_text(title)}</h1>",
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead>',
        *table,
        "</table></div>",
        *(_place(place) for place in merged.places),
    )


def _meeting(seen: Meeting | None) -> str:
    if seen is None:
        return "<td></td>"
    mark, _, word, tone = MARKS[seen.status]
    stage = f" {seen.stage.value}" if seen.stage else ""
    note = f"<small>{_text(seen.note)}</small>" if seen.note else ""
    return f'<td class="{tone}"><span class="mark" role="img" aria-label="{word}">{mark}</span>{stage}{note}</td>'


def _place(place: Place) -> str:
    mark, _, word, tone = MARKS[place.report.verdict]
    told = place.report.diagnosis
    lines = [f'<section class="card {tone}">', f'<h3><span class="mark">{mark}</span> {_text(place.name)}: {word}</h3>']
    lines += [f"<p>{_text(told.summary)}</p>"] if told else []
    return "\n".join([*lines, f'<p class="uri">{_code(place.report.target.uri)}</p>', "</section>"])


def _page(title: str, *body: str) -> str:
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        # Belt and braces: should a text ever get through unescaped, it can load and run nothing.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{_text(title)} – Clearline</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        *body,
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _finding(finding: Finding) -> str:
    lines = [
        f'<section class="card {MARKS[finding.severity].tone}">',
        f'<h3><span class="mark">{_text(finding.severity.value.capitalize())}:</span> {_text(finding.summary)}</h3>',
    ]
    if finding.detail:
        lines.append(f"<p>{_text(finding.detail)}</p>")
    if finding.remedies:
        lines += ["<ul>", *(f"<li>{_text(remedy.text)}</li>" for remedy in finding.remedies), "</ul>"]
    about = [finding.stage.value, finding.certainty.value]
    codes = [finding.cause, *(text for text in (finding.server, finding.page) if text)]
    lines.append(f'<p class="about">{_text(", ".join(about))}, {", ".join(map(_code, codes))}</p>')
    if finding.evidence:
        pairs = (f"<dt>{_text(name)}</dt><dd>{_code(_flat(value))}</dd>" for name, value in finding.evidence.items())
        lines += ['<dl class="about">', *pairs, "</dl>"]
    return "\n".join([*lines, "</section>"])


def _servers(servers: Iterable[ServerResult]) -> Iterator[str]:
    rows = [_row(server) for server in servers]
    if not rows:
        return
    heads = ["Server", "Role", *(stage.value for stage in SERVER_STAGES), "Round trip"]
    yield "<h2>Servers</h2>"
    yield '<div class="wide"><table>'
    yield f"<thead><tr>{_heads(heads)}</tr></thead>"
    yield from ("<tbody>", *rows, "</tbody>", "</table></div>")


def _heads(names: Iterable[str]) -> str:
    return "".join(f'<th scope="col">{_text(name)}</th>' for name in names)


def _row(server: ServerResult) -> str:
    cells = "".join(_cell(server.cells.get(stage.value)) for stage in SERVER_STAGES)
    rtt = f"{server.rtt_ms.median:.1f} ms" if server.rtt_ms else ""
    return f"<tr><td>{_code(server.address)}</td><td>{_text(server.role or '')}</td>{cells}<td>{rtt}</td></tr>"


def _cell(cell: Cell | None) -> str:
    status = cell.status if cell else Status.SKIPPED
    mark, _, word, tone = MARKS[status]
    took = f" {cell.elapsed_ms:.1f} ms" if cell and cell.elapsed_ms is not None else ""
    note = f"<small>{_text(cell.note)}</small>" if cell and cell.note else ""
    spoken = f'<span class="mark" role="img" aria-label="{word}">{mark}</span>'
    return f'<td class="{tone}">{spoken}{took}{note}</td>'


def _certificates(servers: Iterable[ServerResult]) -> Iterator[str]:
    rows = [
        f"<tr><td>{_code(server.address)}</td><td>{_text(entry.subject)}</td><td>{_text(entry.issuer)}</td>"
        f"<td>{_text(entry.not_after)}</td></tr>"
        for server in servers
        if server.tls
        for entry in server.tls.chain
    ]
    if rows:
        heads = _heads(("Server", "Certificate", "Issuer", "Valid until"))
        yield "<h2>Certificates</h2>"
        yield f'<div class="wide"><table><thead><tr>{heads}</tr></thead>'
        yield from ("<tbody>", *rows, "</tbody>", "</table></div>")


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    if deployment := report.deployment:
        words = (deployment.kind, deployment.set_name, deployment.product, deployment.version, deployment.edition)
        yield "Deployment", _text(" ".join(word for word in words if word))
        if deployment.primary:
            yield "Primary", _code(deployment.primary)
    if identity := report.identity:
        yield "Logged in as", f"{_code(identity.user)} {_text(identity.mechanism or '')}"
        if identity.roles:
            yield "Roles", ", ".join(map(_code, identity.roles))
    if report.effective:
        yield "Options in force", ", ".join(_code(f"{name}={_flat(v)}") for name, v in report.effective.items())
    driver = report.driver
    yield "Driver", _text(f"{driver.name} {driver.version}")
    if driver.exception:
        yield "It raised", f"{_code(driver.exception)} {_text(driver.message or '')}"
    elif not driver.asked:
        yield "It was", "not asked: it could not have connected"
    yield "Checked", _text(report.started)
    verdict = f"verdict after {report.verdict_ms:.0f} ms, " if report.verdict_ms is not None else ""
    yield "Took", f"{verdict}{report.elapsed_ms:.0f} ms in all"
    yield "Clearline", _text(report.app_version)


def _flat(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(_flat(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_flat(item)}" for name, item in value.items())
    return str(value)


def _text(text: str) -> str:
    return escape(visible(text, but="\n\t"), quote=True)


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"
