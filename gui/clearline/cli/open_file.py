"""``clearline open FILE``: the window with a profile's file in it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from clearline.cli.usage import Parser, complain

_CHECK = "; an address is tested by clearline check"


def run(argv: Sequence[str]) -> int:
    """Open the window; 2 when there is no such file. What is wrong within the file is said in the window."""
    typed: str = parser().parse_args(argv).file
    file = Path(typed)
    if not file.is_file():
        is_address = "mongodb:" in typed or "mongodb+srv:" in typed
        complain("open", f"there is no file {typed}{_CHECK if is_address else ''}")
        return 2
    from clearline.cli.window import open_window

    return open_window([str(file.absolute())])


def parser() -> argparse.ArgumentParser:
    """What may follow the command."""
    made = Parser(prog="clearline open", description="Open a profile's file in the window.")
    made.add_argument("file", metavar="FILE", help="a profile's file")
    return made
