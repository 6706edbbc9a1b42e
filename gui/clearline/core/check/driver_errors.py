"""What PyMongo raises, as facts: class names and codes to decide on, words to show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from clearline.core.facts.replies import text
from clearline.core.secrets.redaction import redact_beginning
from clearline.core.secrets.secret import Secrets

_LONGEST_WORDS = 240


class Described(TypedDict):
    """An exception, as `DriverFacts` has it."""

    exception: str
    bases: tuple[str, ...]
    message: str
    words: str | None
    code: int | None
    code_name: str | None


def described(error: BaseException, secrets: Secrets) -> Described:
    """An exception as facts: class names and codes to decide on, the redacted message to show."""
    kind = type(error)
    return {
        "exception": f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
        "bases": tuple(f"{b.__module__}.{b.__qualname__}".removeprefix("builtins.") for b in kind.__mro__[1:-2]),
        "message": redact_beginning(str(error), secrets.values()),
        "words": redact_beginning(words, secrets.values(), most=_LONGEST_WORDS) if (words := _words(error)) else None,
        "code": code_of(error),
        "code_name": code_name_of(error),
    }


def code_of(error: BaseException | None) -> int | None:
    """The server's code in a refusal."""
    # NotPrimaryError keeps the server's code in its details alone.
    details = getattr(error, "details", None)
    code = getattr(error, "code", details.get("code") if isinstance(details, Mapping) else None)
    return code if isinstance(code, int) else None


def _words(error: BaseException) -> str | None:
    """The server's own sentence in a refusal, without what PyMongo adds."""
    details = getattr(error, "details", None)
    said = details.get("errmsg") if isinstance(details, Mapping) else None
    return said.rstrip(" .") if isinstance(said, str) and said.strip() else None


def code_name_of(error: BaseException | None) -> str | None:
    """The name of that code, as the server gives it."""
    details = getattr(error, "details", None)
    name = details.get("codeName") if isinstance(details, Mapping) else None
    return text(name)
