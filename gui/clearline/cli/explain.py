"""``clearline explain``: which causes an application's error text means, from the text alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

WRONG_USAGE = 2
_MOST_BYTES = 8_000_000
"""Of a longer log its end is read: that is where the error stands."""


def run(argv: Sequence[str]) -> int:
    """Explain a file, standard input or a cause code; returns 0 explained, 1 nothing recognised, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="clearline explain", description="Say what an error text means.")
    parser.add_argument("source", nargs="?", default="-", metavar="FILE|-|CODE", help="a file, - or a cause code")
    parser.add_argument("--json", action="store_true", help="print the explanation as JSON")
    arguments = parser.parse_args(argv)
    from clearline.core.diagnosis.catalogue import causes
    from clearline.core.explain.phrases import rows

    source = arguments.source
    if source in causes() or source in rows():
        _print_cause(source)
        return 0
    try:
        text = _read(source)
    except OSError as error:
        print(f"clearline explain: {source} cannot be read: {error.strerror}.", file=sys.stderr)
        return WRONG_USAGE
    from clearline.cli.output import print_json, print_text
    from clearline.core.explain.explain import explain

    explanation = explain(text)
    if arguments.json:
        import msgspec

        print_json(msgspec.json.format(msgspec.json.encode(explanation), indent=2).decode())
    else:
        lines = [] if explanation.about_connection else [explanation.why or ""]
        for found in explanation.causes:
            lines += [f"{found.summary} ({found.certainty.value}, {found.cause})", f"  What to do: {found.fix}"]
            lines += [f"  {words}" for words in found.because]
        if explanation.causes and (question := explanation.causes[0].question):
            lines.append(question)
        lines += [f"Check it: clearline check '{target}'" for target in explanation.targets]
        print_text("\n".join(lines))
    return 0 if explanation.causes else 1


def _read(source: str) -> str:
    """The end of a file or of standard input, in bounded memory."""
    tail = b""
    with sys.stdin.buffer if source == "-" else Path(source).open("rb") as stream:
        while block := stream.read(1 << 20):
            tail = (tail + block)[-_MOST_BYTES:]
    if tail.startswith((b"\xff\xfe", b"\xfe\xff")):
        return tail.decode("utf-16", "replace")
    return tail.decode("utf-8", "replace")


def _print_cause(code: str) -> None:
    from clearline.cli.output import print_text
    from clearline.core.diagnosis.catalogue import causes
    from clearline.core.explain.phrases import rows

    lines, known, row = [code, ""], causes().get(code), rows().get(code)
    lines += [f"{known.title} {known.means}", f"What to do: {known.fix}"] if known else []
    if row:
        lines += [] if known else [row.summary, f"What to do: {row.fix}"]
        lines += ["", "What drivers print:", *(f"  {entry}" for entry in (*row.stated, *row.likely, *row.possible))]
    print_text("\n".join(lines))
