"""A command line that is wrong: how a command says so, and what it ends with."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

WRONG_USAGE = 2


class UsageProblem(Exception):
    """The command line itself is wrong: said in one sentence, exit code 2."""


def seconds(least: float, most: float) -> Callable[[str], float]:
    """The type of an argument that is a number of seconds within limits."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise ArgumentTypeError(f"{text} is not a number of seconds from {least:g} to {most:.10g}")
        return value

    return read
