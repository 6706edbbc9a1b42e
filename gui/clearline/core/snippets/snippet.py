"""One piece of ready code, and the words for its kind."""

from __future__ import annotations

from enum import Enum

import msgspec


class Group(Enum):
    """Where a snippet stands in the list."""

    PYMONGO = "PyMongo"
    TOOLS = "Shell and tools"
    DRIVERS = "Other drivers"


class Language(Enum):
    """How a snippet is highlighted."""

    PYTHON = "Python"
    BASH = "Bash"
    POWERSHELL = "PowerShell"
    DOTENV = ".env"
    TEXT = "Text"
    JAVASCRIPT = "JavaScript"
    JAVA = "Java"
    GO = "Go"
    CSHARP = "C#"
    RUST = "Rust"


class Snippet(msgspec.Struct, frozen=True, kw_only=True):
    """Code that connects as a profile says; secrets are in it only as names of environment variables.

    ``key`` is the same for every profile. ``note`` is empty or says in a sentence what the reader has to know.
    """

    key: str
    title: str
    group: Group
    language: Language
    text: str
    note: str = ""
    needs: tuple[str, ...] = ()
    """Packages of the language's own registry that have to be installed."""
    env: tuple[str, ...] = ()
    """Environment variables that have to be set."""
    optional_env: tuple[str, ...] = ()
    """Environment variables that may be set."""
