"""``clearline diff`` and ``clearline merge``: the reports of several places compared. Nothing is contacted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from clearline.cli.output import print_json, print_text
from clearline.cli.results import colours
from clearline.cli.text_grid import COLOURS, Palette, grid, shown
from clearline.cli.usage import WRONG_USAGE, Parser, complain
from clearline.core.report.marks import MARKS
from clearline.core.report.places import Matrix, Meeting, Place, differences, matrix, named
from clearline.core.report.report_file import ReportProblem, report_of, reports_of
from clearline.core.typed_values import to_bytes


def run_diff(argv: Sequence[str]) -> int:
    """Tell what differs between two reports: 0 nothing, 1 something, 2 when one of them cannot be read."""
    arguments = diff_parser().parse_args(argv)
    try:
        one, other = named((_name(path), report_of(path)) for path in arguments.reports)
    except ReportProblem as problem:
        complain("diff", str(problem))
        return WRONG_USAGE
    found = differences(one, other)
    if arguments.json:
        import msgspec

        print_json(msgspec.json.format(to_bytes([one._asdict() for one in found]), indent=2).decode())
    elif found:
        for difference in found:
            print_text(f"- {shown(difference.words)}")
    else:
        print_text("Nothing that the two reports tell is different.")
    return int(bool(found))


def run_merge(argv: Sequence[str]) -> int:
    """Show every server from every place: 0 when all places connected, 1 when one did not, 2 for what is no report."""
    arguments = merge_parser().parse_args(argv)
    try:
        places = named((_name(path), report) for path in arguments.reports for report in reports_of(path))
    except ReportProblem as problem:
        complain("merge", str(problem))
        return WRONG_USAGE
    merged = matrix(places)
    if arguments.json:
        print_json(_json(merged))
    elif arguments.html:
        from clearline.core.report.html import places_to_html

        print_text(places_to_html(merged))
    else:
        print_text("\n".join(_text(merged)))
    return int(any(MARKS[place.report.verdict].tone != "good" for place in places))


def diff_parser() -> argparse.ArgumentParser:
    """What may follow the command."""
    parser = Parser(
        prog="clearline diff",
        description="It works there and fails here: what differs between two reports (clearline check --json).",
    )
    parser.add_argument("reports", nargs=2, type=Path, metavar="REPORT", help="a file with one report")
    parser.add_argument("--json", action="store_true", help="print the differences as JSON")
    return parser


def merge_parser() -> argparse.ArgumentParser:
    """What may follow the command."""
    parser = Parser(
        prog="clearline merge", description="Show which place reaches which server, from reports of several places."
    )
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="a file with one report or several")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print the matrix as JSON")
    shape.add_argument("--html", action="store_true", help="print the matrix as a page of HTML")
    return parser


def _name(path: Path) -> str:
    return shown(path.name.removesuffix(".json")) or "report"


def _json(merged: Matrix) -> str:
    import msgspec

    def meeting(seen: Meeting | None) -> dict[str, str | None] | None:
        stage = seen.stage.value if seen and seen.stage else None
        return {"status": seen.status.value, "stage": stage, "note": seen.note} if seen else None

    def place(one: Place) -> dict[str, str | None]:
        told = one.report.diagnosis
        verdict = one.report.verdict.value if one.report.verdict else None
        return {"name": one.name, "verdict": verdict, "cause": told.cause if told else None}

    tree = {
        "format": "clearline-places",
        "version": 1,
        "places": [place(one) for one in merged.places],
        "servers": [
            {"address": server, "seen": [meeting(seen) for seen in row]}
            for server, row in zip(merged.servers, merged.cells, strict=True)
        ],
    }
    return msgspec.json.format(to_bytes(tree), indent=2).decode()


def _text(merged: Matrix) -> list[str]:
    from clearline.cli.report_text import terminal_width, unicode_fits

    paint = Palette(colours())
    unicode = unicode_fits(sys.stdout.encoding)

    def cell(seen: Meeting | None) -> str:
        if seen is None:
            return ""
        mark = MARKS[seen.status]
        stage = f" {seen.stage.value}" if seen.stage else ""
        return paint(f"{mark.glyph if unicode else mark.plain}{stage}", COLOURS[mark.tone])

    rows = [["server", *(place.name for place in merged.places)]]
    rows += [
        [shown(server), *(cell(seen) for seen in row)] for server, row in zip(merged.servers, merged.cells, strict=True)
    ]
    table = grid(rows, terminal_width()) if merged.servers else []
    if table is None:  # too many places for the width: one after the other
        table = [
            f"{server} from {place.name}: {cell(seen)}"
            for server, row in zip(merged.servers, merged.cells, strict=True)
            for place, seen in zip(merged.places, row, strict=True)
            if seen is not None
        ]
    lines = [*table, ""] if table else []
    for place in merged.places:
        mark = MARKS[place.report.verdict]
        told = place.report.diagnosis
        why = f": {shown(told.summary)}" if told else ""
        sign = paint(mark.glyph if unicode else mark.plain, COLOURS[mark.tone])
        lines.append(f"{sign} {place.name}: {mark.word.lower()}{why}")
    return lines
