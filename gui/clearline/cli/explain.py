"""``clearline explain``: which causes an application's error text means, from the text alone."""

from __future__ import annotations

import argparse
import errno
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from clearline.cli.output import print_aside, print_json, print_text
from clearline.cli.usage import Parser, complain
from clearline.core.files.drives import waited_for
from clearline.core.typed_values import to_bytes

if TYPE_CHECKING:
    from clearline.core.explain.explanation import Explanation

NOTHING_RECOGNISED = 1
WRONG_USAGE = 2


def run(argv: Sequence[str]) -> int:
    """Explain a file, standard input, a cause code or a text.

    Returns 0 explained, 1 nothing recognised, 2 wrong usage; with ``--check`` the exit code of the check.
    """
    arguments = parser().parse_args(argv)
    source = arguments.source
    if source is not None and source != "-" and (page := _page_of(source)) is not None:
        if arguments.json or arguments.check or arguments.near:
            complain("explain", f"{source} is the code of a cause; --json, --check and --near go with an error text.")
            return WRONG_USAGE
        print_text(page)
        return 0
    if source is None and sys.stdin.isatty():
        print_aside("Paste the error, then press Ctrl+D (Windows: Ctrl+Z and Enter).")
    try:
        explanation = _explained(source or "-", arguments.near)
    except OSError as error:
        typed = _typed(source or "") if error.errno in _NO_SUCH_FILE and arguments.near is None else None
        if typed is None:
            unknown = ", and no cause has that code" if isinstance(error, FileNotFoundError) else ""
            unknown += "; an address is tested by clearline check" if "://" in (source or "") else ""
            complain("explain", f"{source} cannot be read: {error.strerror}{unknown}.")
            return WRONG_USAGE
        explanation = typed
    except _Refused as refused:
        complain("explain", str(refused))
        return WRONG_USAGE
    if arguments.json:
        import msgspec

        print_json(msgspec.json.format(to_bytes(explanation), indent=2).decode())
    else:
        print_text("\n".join(as_text(explanation)))
    if arguments.check and explanation.targets:
        from clearline.cli import check
        from clearline.core.explain.targets import as_checked

        return check.run([as_checked(explanation)[0]])
    if arguments.check:
        print_aside("clearline explain: the text names no server that could be checked.")
    return 0 if explanation.causes or explanation.server_knew else NOTHING_RECOGNISED


_NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL)
"""What a text is told when it is taken for the name of a file; Windows has EINVAL for a colon in it."""


def _typed(text: str) -> Explanation | None:
    """Of an error text that stands on the command line itself; None when it is none that is recognised."""
    from clearline.core.explain.explain import explain

    explanation = explain(text) if " " in text else None
    return explanation if explanation and (explanation.causes or explanation.server_knew) else None


class _Refused(Exception):
    """The command line names something that cannot be used; the text is a whole sentence."""


def parser() -> argparse.ArgumentParser:
    """What may follow the command."""
    parser = Parser(prog="clearline explain", description="Say what an error text means.")
    parser.add_argument(
        "source",
        nargs="?",
        metavar="FILE | - | CODE | TEXT",
        help="a file, '-' for standard input, the code of a cause, or the text itself",
    )
    parser.add_argument("--json", action="store_true", help="print the explanation as JSON")
    parser.add_argument("--check", action="store_true", help="then check the first server that the text names")
    parser.add_argument(
        "--near", type=Path, metavar="REPORT.json", help="of a server's log only what belongs to that check"
    )
    return parser


def _explained(source: str, near: Path | None) -> Explanation:
    from clearline.core.explain.explain import explain_stream

    with _opened(source) as stream:
        if near is None:
            return explain_stream(stream)
        from clearline.core.explain.server_log import Nothing, explain_server_log
        from clearline.core.report.report_file import ReportProblem, report_of

        try:
            return explain_server_log(stream, report_of(near))
        except (Nothing, ReportProblem) as problem:
            raise _Refused(str(problem)) from problem


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == "-":
        yield sys.stdin.buffer
        return
    path = Path(source)
    # What another program prints into a pipe may take its time: <(kubectl logs deployment/orders).
    regular = waited_for(path, path.is_file)
    with waited_for(path, _open_log, path) if regular else path.open("rb") as stream:
        yield stream


def _open_log(path: Path) -> BinaryIO:
    from clearline.core.explain.explain import open_log

    return open_log(path)


def as_text(explanation: Explanation) -> Iterator[str]:
    """The lines of an explanation for people."""
    yield from explanation.server_knew
    if explanation.why:
        yield explanation.why
    for found in explanation.causes:
        yield f"{found.summary} ({found.certainty.value}, {found.cause})"
        yield from (f"  {words}" for words in found.because)
        yield f"  What to do: {found.fix}"
    if explanation.causes and (question := explanation.causes[0].question):
        yield f"To be sure: {question}"
    yield from explanation.missing
    yield from (f"Check it: clearline check '{target}'" for target in explanation.targets)


def _page_of(code: str) -> str | None:
    """What is known of a cause; None when there is none of that code."""
    from clearline.core.diagnosis.catalogue import causes
    from clearline.core.diagnosis.texts import rows

    known, row = causes().get(code), rows().get(code)
    if known is None and row is None:
        return None
    lines = [code, ""]
    lines += [f"{known.title} {known.means}", f"What to do: {known.fix}"] if known else []
    if row:
        lines += [] if known else [row.summary, f"What to do: {row.fix}"]
        printed = [f"  {writer}: {words}" for writer, texts in row.by_writer.items() for words in texts]
        lines += ["", "What programs print:", *printed] if printed else []
    return re.sub(r"\{(\w+)\}", r"<\1>", "\n".join(lines))
