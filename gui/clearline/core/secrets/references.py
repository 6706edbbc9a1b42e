"""References: ``${NAME}`` in a profile's texts stands for a value of which each user has their own.

They are resolved when the profile is used, from its ``.env`` file and then from the environment, and never stored.
``NAME`` is a letter or underscore followed by letters, digits and underscores; anything else in braces is no reference.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from clearline.core.files.whole_files import expanded, read_whole
from clearline.core.secrets.secret import Unshown
from clearline.core.text.late_patterns import late

_LARGEST: Final = 1_000_000
"""Bytes of a ``.env`` file."""
REFERENCE: Final = late(r"\$\{([A-Za-z_][A-Za-z0-9_]{0,127})\}", needs=("${",))


def is_reference(text: str) -> bool:
    """Whether the text is one reference and nothing else."""
    return REFERENCE.fullmatch(text) is not None


def has_references(text: str) -> bool:
    """Whether the text holds any."""
    return REFERENCE.search(text) is not None


def names_in(text: str) -> tuple[str, ...]:
    """The variables that a text refers to, each once, in order."""
    return tuple(dict.fromkeys(REFERENCE.findall(text)))


def around_references(text: str, change: Callable[[str], str]) -> str:
    """The text with everything but its references changed."""
    pieces: list[str] = []
    at = 0
    for found in REFERENCE.finditer(text):
        pieces += [change(text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*pieces, change(text[at:])])


class Variables(Unshown, frozen=True):
    """The values that references may name, and where they are looked for. Holds secrets, so it never shows itself."""

    environ: Mapping[str, str]
    file: Mapping[str, str] = msgspec.field(default_factory=dict)
    env_file: str | None = None
    problem: OSError | UnicodeError | None = None
    """Why the ``.env`` file could not be read."""

    def find(self, name: str) -> str | None:
        """The value of a variable: the file's comes before the environment's."""
        found = self.file.get(name)
        return self.environ.get(name) if found is None else found

    def resolved(self, text: str) -> str:
        """The text with the values of those of its references that exist."""

        def value(found: re.Match[str]) -> str:
            known = self.find(found[1])
            return found[0] if known is None else known

        return REFERENCE.sub(value, text)

    @property
    def places(self) -> str:
        """Where a variable that is not there was looked for, in words."""
        if self.env_file is None:
            return "nowhere in the environment"
        if self.problem is not None:
            return f"not in the environment, and {self.env_file} could not be read"
        return f"neither in {self.env_file} nor in the environment"


def variables(env_file: str | None, environ: Mapping[str, str] | None = None) -> Variables:
    """The variables of a ``.env`` file and of the environment; ``environ`` stands for the latter.

    Reads the file, which may lie on a slow network: call it in a daemon thread. One that cannot be read is noted.
    """
    around: Mapping[str, str] = os.environ if environ is None else environ
    if not env_file:
        return Variables(around)
    try:
        return Variables(around, read_env_file(expanded(env_file)), env_file)
    except (OSError, UnicodeError) as error:
        return Variables(around, {}, env_file, error)


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a ``.env`` file; a name without a value is left out, nothing in a value is expanded.

    Raises `OSError` and `UnicodeError`.
    """
    from io import StringIO

    from dotenv import dotenv_values

    text = read_whole(path, _LARGEST).decode("utf-8-sig")
    found = dotenv_values(stream=StringIO(text, newline=None), interpolate=False)
    return {name: value for name, value in found.items() if value is not None}
