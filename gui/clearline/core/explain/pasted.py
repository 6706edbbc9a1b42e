"""A pasted text as it may be shown: short, without secrets, without the name of the user whose folder it names."""

from __future__ import annotations

import re

from clearline.core.secrets.redaction import redact

_LONGEST = 300
"""Characters of one line that is shown."""
_NAMED = re.compile(
    r"((?:\b|_)(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|access[_-]?key)\\*['\"]?\s*[:=]\s*\\*['\"]?)"
    r"(?!\*\*\*|<)[^\s'\",;}\\]+",
    re.IGNORECASE,
)
"""A name that tells of a secret, also within JSON within JSON, and the value beside it."""
_CALLED = re.compile(r"(\.auth\(\s*\\*['\"][^'\"]*['\"]\s*,\s*\\*['\"])[^'\"]+")
"""The shell's ``db.auth("user", "password")``."""
_TOKENS = re.compile(r"\beyJ[\w\-]{6,}\.[\w\-]+(?:\.[\w\-]*)?")
"""A JSON Web Token."""
_KEYS = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END|\Z)", re.DOTALL)
_FOLDERS = re.compile(
    r"([\\/]+(?:home|Users|Documents and Settings|Benutzer|Utilisateurs|Usuarios|Utenti|Пользователи|用户)[\\/]+)"
    r"[^\\/\s'\":]+",
    re.IGNORECASE,
)


def shown(line: str) -> str:
    """A line of the text as it may be shown."""
    return redacted(line.strip())[:_LONGEST]


def redacted(text: str) -> str:
    """The text without what the product masks everywhere, and what stands in prose, code, tokens and paths."""
    text = _KEYS.sub(r"\1***\2", redact(text))
    for pattern, left in ((_NAMED, r"\1***"), (_CALLED, r"\1***"), (_FOLDERS, r"\1***")):
        text = pattern.sub(left, text)
    return _TOKENS.sub("***", text)
