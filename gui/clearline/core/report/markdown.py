"""The report as Markdown, for a ticket or a chat: the same facts in the same order as everywhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from clearline.core.findings import SERVER_STAGES, Finding
from clearline.core.report.marks import MARKS, left_out
from clearline.core.report.report import Cell, Report, Status
from clearline.core.text.plain_text import visible


def to_markdown(report: Report) -> str:
    """The report for people elsewhere. It holds nothing that the report does not, and so no secret."""
    return "\n\n".join(_blocks(report)) + "\n"


def ticket(report: Report) -> str:
    """The report in a few lines for a ticket: verdict, cause, proof, what is asked for, and where it was seen."""
    verdict = MARKS[report.verdict].word
    told = report.diagnosis or next(iter(report.findings), None)
    lines = [
        f"**{verdict}: {plain(told.summary) if told else plain(report.target.profile or report.target.uri)}**",
        "",
    ]
    lines.append(f"- Connection: {_code(report.target.uri)}")
    if told is not None:
        server = f", {_code(told.server)}" if told.server else ""
        page = f", page {_code(told.page)}" if told.page else ""
        lines.append(f"- Cause: {_code(told.cause)} ({told.certainty.value}{server}){page}")
        shown = [f"{plain(name)} {_code(_flat(value))}" for name, value in told.evidence.items() if _says(value)]
        proof = " ".join(filter(None, (plain(told.detail), "; ".join(shown))))
        lines += [f"- Proof: {proof}"] if proof else []
        lines += [f"- Fix: {plain(told.remedies[0].text)}"] if told.remedies else []
    others = [finding for finding in report.findings if finding is not told]
    if others:
        lines.append("- Also found: " + ", ".join(dict.fromkeys(_code(finding.cause) for finding in others)))
    if deployment := report.deployment:
        words = (deployment.kind, deployment.set_name, deployment.product, deployment.version)
        lines.append("- Deployment: " + plain(" ".join(word for word in words if word)))
    if report.driver.exception:
        said = f"{_code(report.driver.exception)}: {plain(report.driver.message or '')}".rstrip(": ")
        lines.append(f"- The driver says: {said}")
    driver = f"{plain(report.driver.name)} {plain(report.driver.version)}"
    lines.append(f"- Seen {plain(report.started)} with Clearline {plain(report.app_version)}, {driver}")
    return "\n".join(lines) + "\n"


def _says(value: object) -> bool:
    """Whether a piece of evidence is worth a line's room."""
    return value not in (None, "", [], (), {}) and len(_flat(value)) <= 200


def _blocks(report: Report) -> Iterator[str]:
    verdict = MARKS[report.verdict].word
    yield f"## {verdict}: {plain(report.target.profile or report.target.uri)}"
    yield _code(report.target.uri)
    for finding in report.findings:
        yield _finding(finding, diagnosis=finding is report.diagnosis)
    if report.servers:
        yield _servers(report)
    if report.not_looked_at:
        yield left_out(report)
    yield "\n".join(f"- {line}" for line in _facts(report))


def _finding(finding: Finding, *, diagnosis: bool) -> str:
    severity = "" if diagnosis else f"{finding.severity.value.capitalize()}: "
    lines = [f"**{severity}{plain(finding.summary)}**"]
    if finding.detail:
        lines += ["", plain(finding.detail)]
    if finding.remedies:
        lines += ["", *(f"- {plain(remedy.text)}" for remedy in finding.remedies)]
    codes = [finding.cause, *(text for text in (finding.server, finding.page) if text)]
    about = [finding.certainty.value, *map(_code, codes)]
    lines += ["", ", ".join(about)]
    if finding.evidence:
        lines += ["", *(f"- {plain(name)}: {_code(_flat(value))}" for name, value in finding.evidence.items())]
    return "\n".join(lines)


def _servers(report: Report) -> str:
    head = ["server", "role", *(stage.value for stage in SERVER_STAGES)]
    rows: list[Sequence[str]] = [head, ["---"] * len(head)]
    for server in report.servers:
        cells = [_cell(server.cells.get(stage.value)) for stage in SERVER_STAGES]
        rows.append([_code(server.address), plain(server.role or ""), *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return MARKS[Status.SKIPPED].glyph
    parts = [MARKS[cell.status].glyph]
    if cell.elapsed_ms is not None:
        parts.append(f"{cell.elapsed_ms:.1f} ms")
    if cell.note:
        parts.append(plain(cell.note))
    return " ".join(parts)


def _facts(report: Report) -> Iterator[str]:
    if deployment := report.deployment:
        words = (deployment.kind, deployment.set_name, deployment.product, deployment.version, deployment.edition)
        yield "Deployment: " + plain(" ".join(word for word in words if word))
    if identity := report.identity:
        yield f"Logged in as {_code(identity.user)} with {plain(identity.mechanism or 'no mechanism named')}"
        if identity.roles:
            yield "Roles: " + ", ".join(_code(role) for role in identity.roles)
    if report.effective:
        yield "Options in force: " + ", ".join(_code(f"{k}={_flat(v)}") for k, v in report.effective.items())
    driver = report.driver
    yield f"Driver: {plain(driver.name)} {plain(driver.version)}"
    if driver.exception:
        yield f"It raised {_code(driver.exception)}: {plain(driver.message or '')}".rstrip(": ")
    took = f"verdict after {report.verdict_ms:.0f} ms, " if report.verdict_ms is not None else ""
    yield f"Clearline {plain(report.app_version)}, {plain(report.started)}, {took}{report.elapsed_ms:.0f} ms in all"


def _flat(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_flat(item) for item in value)
    return str(value)


def plain(text: str) -> str:
    """Text on one line in which nothing is Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>#|~&])", r"\\\1", visible(" ".join(text.split())))


def _code(text: str) -> str:
    """Text as code, also inside a table; a backtick in it would end it."""
    return "`" + visible(" ".join(text.split())).replace("`", "'").replace("|", "¦") + "`"
