"""A command line that is wrong: how a command says so, and what it ends with."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

WRONG_USAGE = 2


class UsageProblem(Exception):
    """The command line itself is wrong: said in one sentence, exit code 2."""


class Parser(ArgumentParser):
    """Ends with the exit code that was asked for where the arguments cannot be read, and repeats no secret of them."""

    usage_code = WRONG_USAGE

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As the class above; its message would show the value of an option that is none (``-p secret``)."""
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {said_back(unknown)}")
        return found

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments, and end."""
        from clearline.core.secrets.redaction import redact

        message = message.partition(" explicit argument ")[0]  # what follows is the value of a switch, which has none
        named, could, these = message.partition(" could match ")  # in front of that, a value may follow the option
        if could:
            self.print_usage(sys.stderr)
            self.exit(self.usage_code, f"{self.prog}: {named.partition('=')[0]}{could}{these}\n")
        self.print_usage(sys.stderr)
        self.exit(self.usage_code, f"{self.prog}: {redact(message)}\n")


def complain(command: str, sentence: str) -> None:
    """Say what is wrong with what a command was given; a password in an address or after an option is not repeated."""
    from clearline.cli.output import print_aside
    from clearline.core.secrets.redaction import redact

    print_aside(f"clearline {command}: {redact(sentence)}")


def said_back(arguments: Sequence[str]) -> str:
    """Arguments as they may be repeated: without the values of options, and without secrets in addresses."""
    return " ".join(_said_back(arguments))


def _said_back(arguments: Sequence[str]) -> Iterator[str]:
    from clearline.core.secrets.redaction import redact

    before = ""
    for one in arguments:
        if one.startswith("--"):
            name, equals, _ = one.partition("=")
            yield name + ("=…" if equals else "")
        elif one.startswith("-") and len(one) > 2:
            yield f"{one[:2]}…"
        elif before.startswith("-") and not one.startswith("-"):
            yield "…"
        else:
            yield redact(one)
        before = one


def seconds(least: float, most: float) -> Callable[[str], float]:
    """The type of an argument that is a number of seconds within limits; argparse tells of any other."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise ArgumentTypeError(f"{text} is not a number of seconds from {least:g} to {most:.10g}")
        return value

    return read
