"""What can be said about the password of a connection string without showing any of it."""

from __future__ import annotations

import re
import stringprep
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, unquote_plus

from clearline.core.facts.text import PasswordTraits
from clearline.core.secrets.references import is_reference
from clearline.core.text.late_patterns import late
from clearline.core.uri.encoded import decoded_text
from clearline.core.uri.parts import UriText

_DOUBLE: Final = late(r"%25[0-9A-Fa-f]{2}")
_ESCAPE: Final = late(r"%[0-9A-Fa-f]{2}")
_NEEDLESS: Final = late(r"%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")
_WORDS: Final = late(
    r"(?i)(?:your|my|the|enter|insert|put|change|here|db|database|mongo|mongodb|atlas|cluster|root|admin|user|username|login"
    r"|pass|password|passwd|pwd|pw|passphrase|secret|credential|credentials|name|me|real|actual|encoded|url|uri|host|hostname"
    r"|server|address|domain|com|port|id|region|project|xxx+|abc|app|application|set|replica|rs|default|auth|collection)"
)
_ANGLES: Final = late(r"<([^<>]*)>")
_BRACES: Final = late(r"\$?\{\{?([^{}]*)\}\}?|\[([^\[\]]*)\]|\$\(?([A-Za-z_]+)\)?|%([A-Za-z_]+)%")
_YOUR: Final = late(r"(?i)(?:your|enter|insert|put)[ _\-]?\w*(?:pass|pwd|secret|credential|user|login|name)\w*")
_JOINED: Final = late(r"""["'`]\s*[+.]\s*([\w.\[\]()"']+)\s*[+.]\s*["'`]""")
"""Code that puts an address together: ``"mongodb://app:" + password + "@host"``."""
_EXPRESSION: Final = late(r"\$\{[^{}]*[.(][^{}]*\}")
"""What JavaScript would compute."""
_DOTS: Final = late(r"\*{3,}|•{3,}|x{5,}|X{5,}|\.{3,}|…")

_LONGEST_WORD: Final = 32
"""Words that run together can be told apart in many ways; a limit keeps the search short."""

# RFC 4013 section 2.3, the tables of pymongo.saslprep; those of C.1.2 and B.1 are mapped away before.
_PROHIBITED: Final = (
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
)


def password_traits(parts: UriText) -> PasswordTraits:
    """The traits of the password as typed."""
    user_plus = parts.user is not None and "+" in parts.user.text
    if parts.password is None or not parts.password.text:
        return PasswordTraits(user_literal_plus=user_plus)
    raw = parts.password.text
    decoded = unquote_plus(raw)
    return PasswordTraits(
        given=True,
        literal_plus="+" in raw,
        user_literal_plus=user_plus,
        needless_escape=_NEEDLESS.search(raw) is not None,
        double_escape=_DOUBLE.search(raw) is not None,
        outer_space=_outer_space(decoded),
        outer_quotes=len(decoded) > 2 and decoded[0] == decoded[-1] and decoded[0] in "\"'`",
        control_character=_forbidden(decoded),
        mixed_directions=_mixes_directions(decoded),
        control_from_escape=_forbidden(_without_outer(decoded)) is not None and _forbidden(raw) is None,
        line_break_ends=_forbidden(decoded) is not None and _forbidden(decoded.rstrip("\r\n")) is None,
        escaped=_ESCAPE.search(raw) is not None,
        base64_text=decoded_text(decoded) is not None,
        placeholder=placeholder(raw),
    )


def placeholder(raw: str) -> str | None:
    """The template's word that a value consists of, None when it is none.

    People type the real password between the angle brackets: what is no word of a template reads ``<…>``.
    """
    if is_reference(raw):
        return None  # its value comes from the environment
    text = unquote(raw)
    if found := _ANGLES.fullmatch(text.strip()):
        return f"<{found[1]}>" if _is_template(found[1]) else "<…>"
    if (found := _BRACES.fullmatch(text)) and _is_template(next((group for group in found.groups() if group), "")):
        return text
    if found := _JOINED.fullmatch(text):
        return f"<{found[1]}>" if _is_template(found[1]) else "<…>"
    if _EXPRESSION.fullmatch(text):
        return "${…}"
    if _DOTS.fullmatch(text):
        return text[:5]
    if _YOUR.fullmatch(text) and _is_template(text):
        return text
    return None


def is_certain(placeholder: str) -> bool:
    """Whether only a template writes a value like this."""
    return placeholder.startswith("<")


def _is_template(text: str) -> bool:
    words = [word for word in re.split(r"[\s_\-.:]+|(?<=[a-z])(?=[A-Z])", text) if word]
    return bool(words) and all(
        len(word) <= _LONGEST_WORD and re.fullmatch(f"(?i:{_WORDS.pattern[4:]})+", word) for word in words
    )


def _outer_space(decoded: str) -> str | None:
    begins, ends = decoded[:1].isspace(), decoded[-1:].isspace()
    if begins and ends:
        return "begins and ends"
    return "begins" if begins else "ends" if ends else None


def _without_outer(decoded: str) -> str:
    """Without the forbidden characters at its ends, which came along with it."""
    start, end = 0, len(decoded)
    while start < end and _forbidden(decoded[start]):
        start += 1
    while end > start and _forbidden(decoded[end - 1]):
        end -= 1
    return decoded[start:end]


def _forbidden(decoded: str) -> str | None:
    if decoded.isascii() and decoded.isprintable():
        return None
    return next((f"U+{ord(character):04X}" for character in decoded if _is_forbidden(character)), None)


def _mixes_directions(decoded: str) -> bool:
    """Whether a password breaks the rule about letters from right to left (RFC 3454, section 6)."""
    if decoded.isascii() or not any(map(stringprep.in_table_d1, decoded)):
        return False
    at_ends = stringprep.in_table_d1(decoded[0]) and stringprep.in_table_d1(decoded[-1])
    return not at_ends or any(map(stringprep.in_table_d2, decoded))


@lru_cache(maxsize=4096)
def _is_forbidden(character: str) -> bool:
    if stringprep.in_table_c12(character) or stringprep.in_table_b1(character):
        return False
    return any(in_table(character) for in_table in _PROHIBITED)
