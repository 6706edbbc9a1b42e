"""A pasted text as it may be shown: short, without secrets, without the name of the user whose folder it names."""

from __future__ import annotations

import re

from clearline.core.explain.normalise import COLOURS
from clearline.core.secrets.redaction import redact

_LONGEST = 300
"""Characters of one line that is shown."""
_NAMES = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|(?:api|access|account)[_-]?key"
    r"|passwort|kennwort|mot de passe|contraseña|senha|palavra-passe|hasło|wachtwoord|lösenord|şifre|parola"
    r"|пароль|密码|密碼|口令|パスワード|비밀번호"
)
_CALLS = re.compile(
    rf"((?:\b|_)(?:{_NAMES})['\"]?\s?(?:[:=]>?|=)\s?)\w+\([^)]{{0,200}}\)?",
    re.IGNORECASE,
)
"""A secret within a call: ``Some("…")`` of Rust, ``env('NAME', '…')`` of Laravel."""
_NAMED = re.compile(
    rf"((?:\b|_|(?<=[^\x00-\x7f]))(?:{_NAMES})\\*['\"]?\s*[:=：]\s*\\*['\"]?)"
    r"(?!\*\*\*|<)[^\s'\",;}\\]+",
    re.IGNORECASE,
)
"""A name that tells of a secret, also within JSON within JSON, and the value beside it."""
_SAID = re.compile(
    rf"(\b(?:{_NAMES})\s+(?:is|was|=|ist|lautet|est|es|é|это)\s+['\"`]?)(?=[^\s'\"`]*[\d!#$%^&*?])[^\s'\"`,;]+",
    re.IGNORECASE,
)
"""A password told in prose: a word with a digit or a sign in it is none that says how the password is."""
_CALLED = re.compile(
    r"((?:\.auth|(?:change|update)\w{0,12}Password)\(\s*\\*['\"][^'\"]*['\"]\s*,\s*\\*['\"])[^'\"]+", re.IGNORECASE
)
"""The shell's ``db.auth("user", "password")`` and ``db.changeUserPassword``."""
_QUOTES_ADDRESS = re.compile(
    r"\b(?:invalid|bad|illegal|missing)\W+(?:port|host|userinfo)|port (?:must|should|contains|number|is)|base 10"
    r"|For input string|Parse(?:Ui|I)nt|must be (?:url)?-?e(?:scaped|ncoded)|Unable to parse \S+ with URL",
    re.IGNORECASE,
)
"""What drivers say where they take a piece of the password for the host or the port, and quote it."""
_QUOTED = re.compile(r"(?<!\w)(['\"`])((?:(?!\1).)+)\1")
_AS_PORT = re.compile(r"((?<![\w/.])[\w.\-]+:)(?!\d+\b|//|\*)[^\s/'\"`,;)\]:]+(?=\s|$)")
_BEFORE_HOST = re.compile(
    r"((?:ENOTFOUND|EAI_AGAIN|_tcp\.|UnknownHostException:|Unknown host:?|lookup|resolve|escaped:)\s?['\"]?)"
    r"[^\s'\"/]+(?=@)"
)
"""A name that was looked up with a piece of the password before its @."""
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
    """The text without what the product masks everywhere, and what stands in prose, code, tokens and paths.

    It has as many lines as before.
    """
    text = COLOURS.sub("", text)
    text = _KEYS.sub(_covered, redact(_CALLS.sub(_covered, text)))
    for pattern in (_NAMED, _SAID, _CALLED, _FOLDERS, _BEFORE_HOST):
        text = pattern.sub(r"\1***", text)
    text = "\n".join(_without_pieces(line) for line in text.split("\n"))
    return _TOKENS.sub("***", text)


def _covered(found: re.Match[str]) -> str:
    """A mask for several lines, which leaves as many: an explanation tells of lines."""
    return "".join((found[1], "***", "\n" * found[0].count("\n"), *found.groups()[1:]))


def _without_pieces(line: str) -> str:
    if not _QUOTES_ADDRESS.search(line):
        return line
    return _AS_PORT.sub(r"\1***", _QUOTED.sub(_without_piece, line))


def _without_piece(found: re.Match[str]) -> str:
    """What is quoted is covered: all, or what stands before its last @."""
    mark, words = found[1], found[2]
    if "://" in words or words.startswith("***") or (words.isdigit() and len(words) <= 5):
        return found[0]
    _, at, host = words.rpartition("@")
    return f"{mark}***{at}{host if at else ''}{mark}"
