"""``clearline open FILE``: the window with a profile's file in it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from clearline.cli.output import print_aside


def run(argv: Sequence[str]) -> int:
    """Open the window; 2 when there is no such file. What is wrong within the file is said in the window."""
    file: Path = parser().parse_args(argv).file
    if not file.is_file():
        print_aside(f"clearline open: there is no file {file}")
        return 2
    from clearline.cli.window import open_window

    return open_window([str(file.absolute())])


def parser() -> argparse.ArgumentParser:
    """What may follow the command."""
    made = argparse.ArgumentParser(prog="clearline open", description="Open a profile's file in the window.")
    made.add_argument("file", metavar="FILE", type=Path, help="a profile's file")
    return made
