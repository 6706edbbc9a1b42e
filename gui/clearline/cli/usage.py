"""A command line that is wrong: how a command says so, and what it ends with."""

from __future__ import annotations

WRONG_USAGE = 2


class UsageProblem(Exception):
    """The command line itself is wrong: said in one sentence, exit code 2."""
