"""``clearline check``: one check in a terminal, as text or as JSON, or with ``--all`` those of the saved profiles."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, get_args

from clearline.cli.attempts import Until, checked, code_of, manner_of
from clearline.cli.output import print_aside, print_json, print_text
from clearline.cli.results import colours, record, write_junit, write_summary
from clearline.cli.targets import Target, add_arguments, chosen
from clearline.cli.text_grid import shown
from clearline.cli.usage import Parser, UsageProblem, complain, seconds
from clearline.core.check.request import Patience
from clearline.core.check.retry import MOST_ATTEMPTS
from clearline.core.facts.whole import SILENCE_S
from clearline.core.report.exit_codes import WAYS, not_tried, together
from clearline.core.report.report import Report, Verdict, to_json

_OF_ONE: Final = ("password_stdin", "password_env", "secret_env", "via", "far_dns", "accept_host_key")


def run(argv: Sequence[str]) -> int:
    """Check what the arguments name; returns the exit code of the report format (0, 1, 2, 130)."""
    made = parser()
    if _asks_for_nagios(argv):
        made.usage_code = not_tried("nagios")
    arguments = made.parse_args(argv)
    if arguments.all:
        from clearline.cli import check_all

        if arguments.target or any(getattr(arguments, name) for name in _OF_ONE):
            print_aside("clearline check: --all takes no target, no secret and no way: each profile has its own.")
            return not_tried(arguments.exit_by)
        return check_all.run(arguments)
    if arguments.folder:
        print_aside("clearline check: --folder needs --all.")
        return not_tried(arguments.exit_by)
    if len(arguments.target) > 1 and (arguments.password_stdin or arguments.password_env or "-" in arguments.target):
        print_aside("clearline check: several targets take no password and no '-'.")
        return not_tried(arguments.exit_by)
    targets, refused = _targets(arguments)
    reports = checked([target.request for target in targets], manner_of(arguments)) if targets else []
    for target, report in zip(targets, reports, strict=True):
        if target.saved:
            record(target.request.profile, report, target.request.secrets)
    named = [(target.request.profile, report) for target, report in zip(targets, reports, strict=True)]
    junit = arguments.junit is not None and write_junit(arguments.junit, named)
    kept = arguments.summary is None or write_summary(arguments.summary, reports)
    codes = [code_of(report, arguments) for report in reports] + [not_tried(arguments.exit_by)] * refused
    if not kept or (arguments.junit is not None and not junit):
        codes.append(not_tried(arguments.exit_by))
    code = together(codes, arguments.exit_by)
    if arguments.json:
        if len(arguments.target) > 1:
            print_json(f"[{', '.join(map(to_json, reports))}]")
        elif reports:
            print_json(to_json(reports[0]))
    elif not junit:
        monitored = arguments.exit_by == "nagios"
        if monitored and reports:  # else what is wrong with the command has been said
            from clearline.cli.monitor_line import monitor_line

            print_text(monitor_line(reports, code))
        if not (arguments.quiet and monitored):
            _print(reports, quiet=arguments.quiet, notes=arguments.notes, bars=not monitored)
    return code


def _targets(arguments: argparse.Namespace) -> tuple[list[Target], int]:
    """What can be checked, and how many of the targets cannot, which is told."""
    targets, refused = [], 0
    for named in arguments.target or [None]:
        try:
            targets.append(chosen(named, arguments, Patience(silence_s=arguments.timeout)))
        except UsageProblem as problem:
            complain("check", str(problem))
            refused += 1
    return targets, refused


def _print(reports: Sequence[Report], *, quiet: bool, notes: bool, bars: bool) -> None:
    """Each report as text, or one sentence; without ``bars`` for a monitor, which draws what follows one."""
    from clearline.cli.report_text import render, terminal_width, unicode_fits

    unicode = unicode_fits(sys.stdout.encoding)
    for number, report in enumerate(reports):
        if not quiet:
            text = render(report, colour=colours(), width=terminal_width(), unicode=unicode, notes=notes)
            text = text if bars else text.replace("|", "/")
            print_text(f"\n{text}" if number else text)
        elif report.verdict is not Verdict.CONNECTED:
            print_text(
                f"{shown(report.target.uri)}: {shown(report.diagnosis.summary if report.diagnosis else 'stopped')}"
            )


def _asks_for_nagios(argv: Sequence[str]) -> bool:
    """Whether ``--exit-by nagios`` stands there, before anything is read."""
    return "--exit-by=nagios" in argv or ("--exit-by", "nagios") in pairwise(argv)


def parser() -> Parser:
    """What may follow the command."""
    parser = Parser(prog="clearline check", description="Test one MongoDB connection, or all saved.")
    add_arguments(parser, several=True)
    parser.add_argument("--all", action="store_true", help="check every saved profile, up to eight at a time")
    parser.add_argument("--folder", metavar="X", help="with --all: only those in this folder of the list and below it")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the report as JSON; for several targets and --all an array of reports",
    )
    parser.add_argument("--quiet", action="store_true", help="print one sentence about what fails, and nothing else")
    parser.add_argument("--notes", action="store_true", help="print the notes under a green verdict too")
    parser.add_argument("--fast", action="store_true", help="leave at the verdict; the report is then partial")
    parser.add_argument(
        "--until",
        choices=get_args(Until),
        help="check again until this is so, or until the failure cannot pass by waiting (a refused login)",
    )
    parser.add_argument(
        "--for",
        dest="within",
        type=seconds(1, 86_400),
        default=60.0,
        metavar="S",
        help="how long --until waits, seconds (60)",
    )
    parser.add_argument(
        "--exit-by", choices=WAYS, default="plain", help="what the exit code says: see the table in the README"
    )
    parser.add_argument(
        "--summary", type=Path, metavar="FILE", help="add the result to this file as Markdown ($GITHUB_STEP_SUMMARY)"
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the result as JUnit XML")
    parser.add_argument(
        "--timeout",
        type=seconds(0.05, 60),
        default=SILENCE_S,
        metavar="S",
        help="seconds without progress that count as silence",
    )
    parser.add_argument(
        "--attempts",
        type=_attempts,
        default=1,
        metavar="N",
        help="try N times in all, while waiting may help: never after wrong settings or a refused login",
    )
    parser.add_argument(
        "--delay",
        type=seconds(0.05, 60),
        default=1.0,
        metavar="S",
        help="seconds before the second attempt; then doubled",
    )
    return parser


def _attempts(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_ATTEMPTS:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to {MOST_ATTEMPTS}")
    return int(text)
