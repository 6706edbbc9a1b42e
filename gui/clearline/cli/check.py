"""``clearline check``: one check in a terminal, as text or as JSON, or with ``--all`` those of the saved profiles."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Sequence
from pathlib import Path

from msgspec.structs import replace

from clearline.cli import interrupts
from clearline.cli.interrupts import LoopStuck, on_signals
from clearline.cli.output import print_json, print_text
from clearline.cli.results import colours, not_begun, record, write_junit
from clearline.cli.targets import WRONG_USAGE, UsageProblem, add_arguments, adopt, chosen
from clearline.core.check.request import Patience, Request
from clearline.core.check.retry import MOST_ATTEMPTS, Attempt, RetryPlan, with_retries
from clearline.core.facts.whole import SILENCE_S
from clearline.core.report.report import Report, Verdict, exit_code, to_json


def run(argv: Sequence[str]) -> int:
    """Check what the arguments name; returns the exit code of the report format (0, 1, 2, 130)."""
    arguments = _parser().parse_args(argv)
    if arguments.all:
        from clearline.cli import check_all

        if arguments.target or arguments.password_stdin or arguments.password_env:
            print("clearline check: --all takes no target and no password.", file=sys.stderr)
            return WRONG_USAGE
        return check_all.run(arguments)
    if arguments.folder:
        print("clearline check: --folder needs --all.", file=sys.stderr)
        return WRONG_USAGE
    if arguments.target is None:
        print("clearline check: nothing to check: give a target, or --all.", file=sys.stderr)
        return WRONG_USAGE
    try:
        target = chosen(arguments, Patience(silence_s=arguments.timeout))
    except UsageProblem as problem:
        print(f"clearline check: {problem}", file=sys.stderr)
        return WRONG_USAGE
    plan = RetryPlan(attempts=arguments.attempts, delay_s=arguments.delay)
    report = _check(target.request, plan)
    if target.saved:
        record(target.request.profile, report, target.request.secrets)
        if report.verdict is Verdict.CONNECTED:
            adopt(target.request.profile, target.unremembered)
    if arguments.junit is not None and not write_junit(arguments.junit, [(target.request.profile, report)]):
        return WRONG_USAGE
    if arguments.json:
        print_json(to_json(report))
    elif arguments.junit is None:
        from clearline.cli.report_text import render, terminal_width, unicode_fits

        unicode = unicode_fits(sys.stdout.encoding)
        print_text(render(report, colour=colours(), width=terminal_width(), unicode=unicode))
    return exit_code(report)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="clearline check", description="Test one MongoDB connection, or all saved.")
    add_arguments(parser, optional=True)
    parser.add_argument("--all", action="store_true", help="check every saved profile, up to eight at a time")
    parser.add_argument("--folder", metavar="X", help="with --all: only those in this folder of the list and below it")
    parser.add_argument("--json", action="store_true", help="print the report as JSON; with --all an array of reports")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the result as JUnit XML")
    parser.add_argument(
        "--timeout",
        type=_seconds,
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
        "--delay", type=_seconds, default=1.0, metavar="S", help="seconds before the second attempt; then doubled"
    )
    return parser


def _check(request: Request, plan: RetryPlan) -> Report:
    from clearline.core.check.check import check, farewells, warm_up

    warm_up()

    def once() -> Awaitable[Report]:
        return check(request, known.append)

    last: list[Report] = []
    known: deque[Report] = deque(maxlen=1)

    def tell(attempt: Attempt) -> None:
        last[:] = [attempt.report]
        if attempt.again_in_s is not None:
            found = attempt.report.diagnosis
            print(
                f"clearline check: attempt {attempt.number} of {attempt.of} failed"
                f" ({found.cause if found else 'no cause'}); again in {attempt.again_in_s:g} s",
                file=sys.stderr,
                flush=True,
            )

    async def repeated() -> Report:
        try:
            return await with_retries(once, plan, tell)
        except asyncio.CancelledError:  # between two attempts
            return replace(last[0], verdict=Verdict.CANCELLED)

    async def checked() -> Report:
        task = asyncio.get_running_loop().create_task(repeated())
        on_signals(task.cancel)
        report = await task
        await farewells()
        return report

    try:
        return interrupts.run(checked)
    except LoopStuck as stuck:
        print(f"clearline check: {stuck}; this is what is known.", file=sys.stderr)
        if not known:
            return asyncio.run(not_begun(request))
        return replace(known[0], verdict=known[0].verdict or Verdict.CANCELLED)


def _attempts(text: str) -> int:
    value = int(text)
    if not 1 <= value <= MOST_ATTEMPTS:
        raise argparse.ArgumentTypeError(f"between 1 and {MOST_ATTEMPTS}")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.05 <= value <= 60:
        raise argparse.ArgumentTypeError("between 0.05 and 60 seconds")
    return value
