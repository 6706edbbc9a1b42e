"""The report for a terminal: the verdict and its reason first, then the proof, then the rest."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence

from clearline.cli.text_grid import COLOURS, Palette, cut, grid, shown
from clearline.core.findings import SERVER_STAGES, Finding, Severity
from clearline.core.report.marks import MARKS, left_out
from clearline.core.report.report import (
    Cell,
    Computer,
    Report,
    ServerResult,
    StageResult,
    Status,
    SystemProxyResult,
    Verdict,
)

_NARROWEST, _WIDEST = 40, 120
_LONGEST_NOTE = 22
_INDENT = "  "


def render(report: Report, *, colour: bool, width: int, unicode: bool = True, notes: bool = True) -> str:
    """The report as lines of at most ``width`` columns, longer words apart, without a line break at the end.

    ``colour`` adds ANSI colours; nothing is told by colour alone. Without ``unicode`` our own marks are ASCII words
    (names that the servers gave stay as they are). Without ``notes`` those under a green verdict are only counted.
    """
    return "\n".join(_Page(colour, max(width, _NARROWEST), unicode, notes).lines(report))


def unicode_fits(encoding: str | None) -> bool:
    """Whether a stream of that encoding can print the marks."""
    try:
        "✔✖–→…·".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def terminal_width() -> int:
    """Columns to use on standard output: the terminal's, at most 120, which is wide enough for reading."""
    return min(shutil.get_terminal_size((_WIDEST, 0)).columns, _WIDEST)


class _Page:
    """One rendering: its width, its marks, and how much it tells."""

    def __init__(self, colour: bool, width: int, unicode: bool, notes: bool) -> None:
        self._notes = notes
        self._paint = Palette(colour)
        self._width = width
        self._unicode = unicode

    def lines(self, report: Report) -> Iterator[str]:
        others = self._others(report)
        folds = not self._notes and report.verdict is Verdict.CONNECTED
        folded = [finding for finding in others if folds and finding.severity is Severity.NOTE]
        blocks = [
            self._headline(report),
            self._finding(report.diagnosis, headed=False) if report.diagnosis else [],
            self._servers(report.servers),
            self._wrapped(left_out(report), _INDENT, "dim"),
            *(self._finding(finding) for finding in others if finding not in folded),
            self._wrapped(f"{len(folded)} note{'s'[: len(folded) != 1]} more: --notes shows them.", "", "dim")
            if folded
            else [],
            self._summary(report),
        ]
        for number, block in enumerate(block for block in blocks if block):
            if number:
                yield ""
            yield from block

    @staticmethod
    def _others(report: Report) -> list[Finding]:
        others = [finding for finding in report.findings if finding is not report.diagnosis]
        return sorted(others, key=lambda finding: list(Severity).index(finding.severity))

    def _headline(self, report: Report) -> list[str]:
        mark, word, text, tone = MARKS[report.verdict]
        colour = COLOURS[tone]
        took = f" in {_duration(report.verdict_ms)}" if report.verdict_ms is not None else ""
        name = shown(report.target.profile)
        head = f"{mark if self._unicode else word} {text}{took}"
        lines = [self._paint(head, colour, "bold")]
        if name and name != report.target.uri:
            lines[0] += self._paint(cut(f"{_INDENT}{name}", self._width - len(head)), "bold")
        return lines + self._wrapped(report.target.uri, _INDENT, "dim")

    def _finding(self, finding: Finding, *, headed: bool = True) -> list[str]:
        if headed:
            mark, word, name, tone = MARKS[finding.severity]
            colour = COLOURS[tone]
            head = f"{mark} {name}: " if self._unicode else f"{word} "
            lines = self._wrapped(finding.summary, head, rest=_INDENT)
            lines[0] = self._paint(head.rstrip(), colour) + lines[0][len(head) - 1 :]
        else:
            lines = self._wrapped(finding.summary, "", "bold")
        lines += self._wrapped(finding.detail, _INDENT)
        arrow = "→ " if self._unicode else "-> "
        for remedy in finding.remedies:
            fix = self._wrapped(remedy.text, _INDENT + arrow, rest=_INDENT + " " * len(arrow))
            fix[0] = _INDENT + self._paint(arrow, "cyan") + fix[0][len(_INDENT + arrow) :]
            lines += fix
        about = [finding.certainty.value, finding.cause, *([finding.server] if finding.server else [])]
        return lines + self._wrapped(self._joined(about), _INDENT, "dim")

    # ------------------------------------------------------------ the matrix

    def _servers(self, servers: Sequence[ServerResult]) -> list[str]:
        if not servers:
            return []
        with_rtt = any(server.rtt_ms for server in servers)
        head = ["server", "", *(stage.value for stage in SERVER_STAGES), *(["rtt"] if with_rtt else [])]
        rows = [[self._paint(title, "dim") for title in head]]
        for server in servers:
            row = [shown(server.address), shown(server.role or "")]
            row += [self._cell(server.cells.get(stage.value)) for stage in SERVER_STAGES]
            if with_rtt:
                row.append(_ms(server.rtt_ms.median) if server.rtt_ms else "")
            rows.append(row)
        if table := grid(rows, self._width - len(_INDENT)):
            legend = "milliseconds from the start of each step; rtt: one round trip, median"
            legend = legend if with_rtt else legend.partition(";")[0]
            return [_INDENT + line for line in table] + self._wrapped(legend, _INDENT, "dim")
        return [line for server in servers for line in self._server_block(server)]

    def _server_block(self, server: ServerResult) -> list[str]:
        """One server over several lines, where the terminal is too narrow for the matrix."""
        lines = self._wrapped(" ".join(part for part in (server.address, server.role) if part), _INDENT)
        line = ""
        for stage in SERVER_STAGES:
            cell = f"{stage.value} {self._cell(server.cells.get(stage.value))}"
            if line and len(self._paint.stripped(f"{_INDENT * 2}{line}  {cell}")) > self._width:
                lines.append(_INDENT * 2 + line)
                line = ""
            line += ("  " if line else "") + cell
        return [*lines, _INDENT * 2 + line]

    def _cell(self, cell: Cell | None) -> str:
        mark, word, _, tone = MARKS[cell.status if cell else Status.SKIPPED]
        colour = COLOURS[tone]
        mark = self._paint(mark if self._unicode else word, colour)
        if cell is None:
            return mark
        if cell.status in (Status.FAILED, Status.WARNING) and cell.note:
            return f"{mark} {self._paint(cut(shown(cell.note), _LONGEST_NOTE), colour)}"
        return f"{mark} {_ms(cell.elapsed_ms)}" if cell.elapsed_ms is not None else mark

    # ------------------------------------------------------------ the rest

    def _summary(self, report: Report) -> list[str]:
        lines: list[str] = []
        if deployment := report.deployment:
            product = [deployment.product, deployment.version, deployment.edition]
            parts = [
                f"{deployment.kind} {deployment.set_name}" if deployment.set_name else deployment.kind,
                " ".join(part for part in product if part),
                f"primary {deployment.primary}" if deployment.primary else "",
            ]
            lines += self._entry("deployment", self._joined(parts))
        if identity := report.identity:
            parts = [f"{identity.user} ({identity.mechanism})" if identity.mechanism else identity.user]
            parts += [f"roles {', '.join(identity.roles)}"] if identity.roles else []
            parts += [f"databases {', '.join(identity.databases)}"] if identity.databases else []
            lines += self._entry("logged in as", self._joined(parts))
        if report.computer is not None:
            lines += self._entry("checked from", self._joined(_surroundings(report.computer, report.verdict)))
        said = [f"{report.driver.name} {report.driver.version}"]
        if report.driver.exception:
            said.append(f"{report.driver.exception}: {report.driver.message or ''}".rstrip(": "))
        elif not report.driver.asked:
            said.append("not asked: it could not have connected")
        lines += self._entry("driver", self._joined(said))
        timed = [self._stage(stage) for stage in report.stages if stage.elapsed_ms is not None]
        return lines + self._entry("timings", self._joined([*timed, f"{_duration(report.elapsed_ms)} in all"]))

    @staticmethod
    def _stage(stage: StageResult) -> str:
        return f"{stage.stage.value} {_ms(stage.elapsed_ms)}"

    def _entry(self, title: str, text: str) -> list[str]:
        head = f"{title:<14}"
        lines = self._wrapped(text, head, rest=" " * len(head))
        return [self._paint(lines[0][: len(head)], "dim") + lines[0][len(head) :], *lines[1:]] if lines else []

    def _joined(self, parts: Sequence[str]) -> str:
        return (" · " if self._unicode else ", ").join(part for part in parts if part)

    def _wrapped(self, text: str, head: str, *style: str, rest: str | None = None) -> list[str]:
        """Lines of a text, the first after ``head``, the others after ``rest``; no lines of an empty text."""
        lines = textwrap.wrap(
            shown(text),
            self._width,
            initial_indent=head,
            subsequent_indent=re.sub(r"\S", " ", head) if rest is None else rest,
            break_on_hyphens=False,
            break_long_words=False,  # a copied address has to stay whole; the terminal wraps it
        )
        return [self._paint(line, *style) if style else line for line in lines]


def _ms(elapsed_ms: float | None) -> str:
    if elapsed_ms is None:
        return ""
    return f"{elapsed_ms:.1f}" if elapsed_ms < 10 else f"{elapsed_ms:.0f}"


def _surroundings(computer: Computer, verdict: Verdict | None) -> list[str]:
    """What of the surroundings changes how names, addresses and ports look from here."""
    pod = computer.pod
    inside = f"a pod in namespace {pod.namespace}" if pod and pod.namespace else "a pod" if pod else ""
    if not inside and computer.container:
        inside = f"a {computer.container} container" if computer.container[0].isupper() else computer.container
    if inside and computer.image:
        inside += f" ({computer.image})"
    return [
        inside or computer.wsl or "",
        computer.platform or computer.ci or "",
        f"tunnels {', '.join(computer.tunnels[:3])}" if computer.tunnels else "",
        f"proxies in the environment ({', '.join(computer.proxies)})" if computer.proxies else "",
        _system_proxy(computer.system_proxy) if verdict is not Verdict.CONNECTED else "",
        f"addresses of {computer.nat}" if computer.nat else "",
    ]


def _system_proxy(settings: SystemProxyResult | None) -> str:
    """Drivers do not use it, so that what a browser reaches says nothing."""
    if settings is None or not (settings.proxy or settings.script):
        return ""
    what = f"proxy {settings.proxy}" if settings.proxy else f"proxy script {settings.script}"
    return f"{what} in {settings.source or 'the system'}'s settings"


def _duration(elapsed_ms: float) -> str:
    return f"{elapsed_ms / 1000:.1f} s" if elapsed_ms >= 1000 else f"{elapsed_ms:.0f} ms"
