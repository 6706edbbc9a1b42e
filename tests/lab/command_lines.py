"""A command as a user of this system writes it into a profile."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence


def command_line(words: Sequence[str]) -> str:
    """The words with quotes where they need them: Windows knows double ones alone."""
    return shlex.join(words) if os.name == "posix" else " ".join(f'"{word}"' for word in words)
