"""The commands: one table, from which the program chooses and its help, man page and completion are made."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NamedTuple


class Command(NamedTuple):
    """One word after ``clearline``. ``takes`` is its most usual form, ``does`` a few words about it."""

    name: str
    takes: str
    does: str
    module: str
    parser: str = "parser"
    """The function of the module that makes its parser, and `start` the one that runs it."""
    start: str = "run"

    def run(self, argv: Sequence[str]) -> int:
        """Do it; returns the exit code."""
        return int(getattr(import_module(f"clearline.cli.{self.module}"), self.start)(argv))

    def arguments(self) -> argparse.ArgumentParser:
        """The parser of what may follow it."""
        made: argparse.ArgumentParser = getattr(import_module(f"clearline.cli.{self.module}"), self.parser)()
        return made


COMMANDS: Final = (
    Command("open", "open FILE", "open the window with a profile's file", "open_file"),
    Command("check", "check TARGET ...", "test connections in the terminal (--help tells more)", "check"),
    Command("list", "list", "list the saved profiles", "list_profiles"),
    Command("watch", "watch TARGET", "stay on the line and tell how it is (--help tells more)", "watch"),
    Command(
        "explain", "explain FILE", "say what an application's error text means (- reads standard input)", "explain"
    ),
    Command(
        "diff",
        "diff A.json B.json",
        "say what differs between the reports of two places",
        "diff_and_merge",
        "diff_parser",
        "run_diff",
    ),
    Command(
        "merge",
        "merge A.json ...",
        "show which place reaches which server",
        "diff_and_merge",
        "merge_parser",
        "run_merge",
    ),
    Command("demo", "demo", "test a private MongoDB in the window", "demo"),
    Command(
        "self-test",
        "self-test [TARGET]",
        "say whether this program is whole and this computer lets it work",
        "self_test",
    ),
    Command("completion", "completion SHELL", "print the completion for bash, zsh or fish", "completion"),
)
ALONE: Final = (
    ("", "open the window"),
    ("--screenshot FILE", "write a picture of the window and end"),
    ("--version", "say which version this is; --verbose adds those of all parts"),
)
"""What stands without a command."""
_WIDTH: Final = 20


def find(name: str) -> Command | None:
    """The command of that name."""
    return next((command for command in COMMANDS if command.name == name), None)


def usage() -> str:
    """What ``clearline --help`` prints."""
    window, *others = ALONE
    rows = [window, *((command.takes, command.does) for command in COMMANDS), *others]
    lines = [f"clearline {form:<{_WIDTH}} {meaning}" for form, meaning in rows]
    return "usage: " + "\n       ".join(lines) + "\n"
