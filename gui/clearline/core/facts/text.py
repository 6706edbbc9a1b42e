"""What the connection string itself says, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from clearline.core.facts.fact import Fact
from clearline.core.findings import Certainty, Severity


class Mistake(Fact, frozen=True, kw_only=True):
    """One thing wrong with the connection string, found without any network.

    ``cause`` is a code of the cause catalogue and ``blanks`` fills its sentences. ``start`` and ``end`` delimit the
    place in the text as typed. ``severity`` is FAILURE when the driver refuses the text (or would certainly fail).
    ``patch`` (JSON merge patch on the profile) or ``action`` is the remedy, where there is one. ``fields`` says whose
    fault it is, for the form: canonical option names, or ``hosts``, ``user``, ``password``, ``database``; empty when
    it is the text as a whole. Never holds a secret.
    """

    cause: str
    severity: Severity
    blanks: dict[str, str] = {}
    start: int = 0
    end: int = 0
    patch: dict[str, Any] | None = None
    action: str | None = None
    fields: tuple[str, ...] = ()
    certainty: Certainty = Certainty.PROVEN
    """LIKELY where another reading of the same text is open."""
    fix: str = ""
    """What to do, where the evidence says more than the catalogue's sentence; holds no blanks."""
    detail: str = ""
    """What is to be added to the cause's meaning."""


class PasswordTraits(Fact, frozen=True, kw_only=True):
    """What can be said about the password without showing any of it."""

    given: bool = False
    literal_plus: bool = False
    """A bare ``+`` was typed in the password, which PyMongo reads as a space."""
    user_literal_plus: bool = False
    needless_escape: bool = False
    """A ``%XX`` stands for a letter or digit that needs no escape."""
    double_escape: bool = False
    """A ``%25XX``: an escape that was escaped again."""
    outer_space: str | None = None
    """``begins``, ``ends`` or ``begins and ends``: white space at an end of the decoded password."""
    outer_quotes: bool = False
    """It begins and ends with the same quotation mark."""
    control_character: str | None = None
    """Name of a character that SASLprep forbids, e.g. ``U+0007``."""
    mixed_directions: bool = False
    """Letters that are written from right to left stand beside others, in a way that SASLprep forbids."""
    control_from_escape: bool = False
    """That character, or a byte that is no text, stands inside of it and came from a ``%XX`` as it was typed."""
    line_break_ends: bool = False
    """Line breaks at the end are the only such characters, as ``echo`` and editors leave them in a file."""
    escaped: bool = False
    """A ``%XX`` stands in the text as typed."""
    base64_text: bool = False
    """It can be read as the base64 form of some printable text."""
    placeholder: str | None = None
    """The template word, e.g. ``<password>``."""


class UriFacts(Fact, frozen=True, kw_only=True):
    """The connection string as PyMongo reads it, and its mistakes. ``redacted`` is the text without its secrets."""

    redacted: str = ""
    srv: bool = False
    hosts: tuple[str, ...] = ()
    """Seeds as ``host:port`` (default port filled in), or the SRV name alone."""
    user: str | None = None
    password: PasswordTraits = PasswordTraits()
    database: str | None = None
    options: dict[str, Any] = {}
    """Valid options by canonical name with typed values, as PyMongo understands them; secrets are ``"***"``."""
    declares_api: bool = False
    """The profile declares a version of the Stable API (no text can): the driver sends it, the probes do not."""
    mistakes: tuple[Mistake, ...] = ()
