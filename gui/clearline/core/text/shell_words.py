"""Texts as one word of a shell, for commands that are shown to be copied; commands to run, taken apart into words."""

from __future__ import annotations

import os
import re
import shlex
from typing import Final

_SINGLE: Final = re.compile("['\u2018\u2019\u201a\u201b]")
"""PowerShell takes typographic quotation marks for plain ones (CharExtensions in its source)."""
_RESERVED: Final = re.compile('[$`"\u201c\u201d\u201e]')
_OF_WINDOWS: Final = re.compile(r'(?:"[^"]*"|[^\s"])+')
_PLAIN: Final = re.compile(r"[\w\\/:.][\w\\/:.\-]*")


def posix(text: str) -> str:
    """One word of a POSIX shell."""
    return shlex.quote(text)


def posix_path(path: str) -> str:
    """A file's path as one word of a POSIX shell, which no program takes for an option."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def powershell(text: str) -> str:
    """One word of PowerShell, in single quotation marks."""
    return "'" + _SINGLE.sub(lambda found: found[0] * 2, text) + "'"


def powershell_path(path: str) -> str:
    """A file's path as one word of PowerShell, bare where it needs no quotation marks."""
    given = f".\\{path}" if path.startswith("-") else path
    return given if _PLAIN.fullmatch(given) else powershell(given)


def in_double_quotes_of_powershell(text: str) -> str:
    """A part of a word in double quotation marks, in which variables stand too."""
    return _RESERVED.sub(lambda found: "`" + found[0], text)


def taken_apart(command: str, *, windows: bool = os.name == "nt") -> list[str]:
    """The program and its arguments, as a shell of this system has them. `ValueError`: a quotation mark has no partner.

    On ``windows`` a backslash is part of a path, and only double quotation marks hold words together.
    """
    if not windows:
        return shlex.split(command)
    if command.count('"') % 2:
        raise ValueError("a quotation mark without its partner")
    return [word.replace('"', "") for word in _OF_WINDOWS.findall(command)]
