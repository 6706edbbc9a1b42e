"""Masking: what a text shows once every secret in it is covered.

Two nets, repeated until nothing changes: the secrets that the caller knows, in every way of writing them; and whatever
stands where a secret would stand: between the colon and the @ of an address (also of a broken one), after
``password=`` and its like. When unsure, it masks too much; user names stay.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote, quote_plus

from clearline.core.secrets.references import is_reference
from clearline.core.secrets.secret import Secret
from clearline.core.text.late_patterns import late

MASK: Final = "***"
DOTS: Final = "•••"
"""What stands for a secret where it can be typed."""
_ROUNDS: Final = 50
_EMBEDDED: Final = 8
"""Fewest base64 characters of a secret in the middle of a longer text (``user:password``) that are worth masking."""
_HEX: Final = 8
_LONGEST: Final = 256
_LONGEST_SPELLING: Final = 12
"""Characters that one may be written with, as in ``\\\\ud83d\\\\ude00``."""

_SECRET_NAME: Final = late(
    r"pass?(?:word|phrase|wd|code)|(?<![a-z])pass(?![a-z])|pwd|secret|token(?!_?resource)|api_?key|access_?key|private_?key|credentials?\b",
    re.IGNORECASE,
)

_SUSPECT: Final = late(
    r"[@%]|:\\?/|mongo|pass|pwd|secret|token|key|credential|authorization|bearer|basic", re.IGNORECASE
)
"""What every place of a secret has; most of a report's texts are host names and numbers, and have none of it."""


def dotted(redacted: str) -> str:
    """A redacted text as the window shows it beside the field, whose secrets are dots."""
    return redacted.replace(MASK, DOTS)


def looks_secret(name: str) -> bool:
    """Whether an option or property of that name holds something that only the user may read."""
    return _SECRET_NAME.search(name) is not None


def redact(text: str, secrets: Iterable[Secret | str] = ()) -> str:
    """The text without its secrets: the given ones in every encoding, and whatever stands in a secret's place.

    Masks read ``***``. A secret of one character is masked only where an address or option holds it. Idempotent.
    """
    known = tuple(sorted({s.reveal() if isinstance(s, Secret) else s for s in secrets}, key=len, reverse=True))
    sought = [secret for secret in known if len(secret) > 1 and secret.strip("*")]
    for _ in range(_ROUNDS):
        before = text
        for secret in sought:
            text = _without(text, secret)
        if _SUSPECT.search(text) is not None:
            text = _mask_options(text, _OF_COMMANDS)
            text = _mask_addresses(text)
            text = _mask_options(text, _OPTIONS)
        if text == before:
            return text
    return MASK


def redact_beginning(text: str, secrets: Iterable[Secret | str] = (), *, most: int = 1000) -> str:
    """The beginning of a text of any length, `redact`ed. Of a secret at the place where it is cut nothing stays."""
    if len(text) <= most:
        return redact(text, secrets)
    known = [s.reveal() if isinstance(s, Secret) else s for s in secrets]
    margin = _LONGEST_SPELLING * max(map(len, known), default=0) + _LONGEST
    beginning = redact(text[: most + margin], known)[:-margin]
    return f"{beginning[: most - 1]}…"


# ---------------------------------------------------------------- known secrets


def _without(text: str, secret: str) -> str:
    if len(secret) <= _LONGEST:
        return _pattern(secret).sub(MASK, text)
    octets = [form.hex() for form in _octets(secret)]
    for form in (*_whole_spellings(secret), *_base64_forms(secret), *octets, *map(str.upper, octets)):
        text = text.replace(form, MASK)
    return text


@lru_cache(maxsize=64)
def _pattern(secret: str) -> re.Pattern[str]:
    alternatives = ["".join(map(_spellings, form)) for form in _normal_forms(secret)]
    alternatives += map(re.escape, _base64_forms(secret))
    alternatives += ["(?i:" + form.hex() + ")" for form in _octets(secret) if len(form.hex()) >= _HEX]
    return re.compile("|".join(alternatives))


def _normal_forms(secret: str) -> list[str]:
    """A secret as it is, and as Unicode's normal forms write it: macOS's names of files, SASLprep."""
    if secret.isascii():
        return [secret]
    return list(dict.fromkeys((secret, *(unicodedata.normalize(form, secret) for form in ("NFC", "NFD", "NFKC")))))


def _octets(secret: str) -> list[bytes]:
    """In UTF-8, and as Windows' programs encode it."""
    return [secret.encode(encoding, "surrogatepass") for encoding in ("utf-8", "utf-16-le")]


def _base64_forms(secret: str) -> list[str]:
    """What base64 makes of it alone and inside of a longer text, the longest first."""
    forms = {form for octets in _octets(secret) for form in _base64_of(octets)}
    return sorted((form for form in forms if len(form) > 1), key=len, reverse=True)


def _base64_of(octets: bytes) -> set[str]:
    forms = {base64.b64encode(octets).decode(), base64.urlsafe_b64encode(octets).decode()}
    forms |= {form.rstrip("=") for form in forms}
    forms |= {form.replace("=", "%3D").replace("+", "%2B").replace("/", "%2F") for form in forms}
    for shift in range(3):
        # Three bytes make four characters: what does not share a character with its neighbours is always the same.
        encoded = base64.b64encode(b"\0" * shift + octets).decode()
        start = (shift * 8 + 5) // 6
        core = encoded[start : (shift + len(octets)) * 8 // 6]
        if len(core) >= _EMBEDDED:
            forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms


def _whole_spellings(secret: str) -> list[str]:
    """A long secret as a whole, the longest form first: a pattern for each of its characters takes too long."""
    import html

    forms = {
        secret,
        quote(secret, safe="", errors="replace"),
        quote(secret, errors="replace"),
        quote_plus(secret, errors="replace"),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
    }
    return sorted(forms, key=len, reverse=True)


def _spellings(character: str) -> str:
    """One character in plain, percent-encoded (once or twice), and escaped as JSON, Python, HTML and shells do."""
    from html.entities import codepoint2name  # late: most checks have no secret

    code = ord(character)
    octets = character.encode("utf-8", "surrogatepass")
    percent = "".join("%(?:25)*(?i:" + f"{octet:02x}" + ")" for octet in octets)
    ways = [percent, r"&\#0*" + str(code) + ";?", r"&\#[xX]0*(?i:" + f"{code:x}" + ");?"]
    if name := codepoint2name.get(code):
        ways.append(f"&{name};?")
    if character == "'":
        ways += ["&apos;?", r"'\\''", "'\"'\"'", "''"]
    ways.append("".join(rf"\\+x(?i:{octet:02x})" for octet in octets))
    if code <= 0xFF:
        ways.append(rf"\\+x(?i:{code:02x})")
    if code <= 0xFFFF:
        ways.append(rf"\\+u(?i:{code:04x})")
    else:
        units = character.encode("utf-16-be")
        ways.append(rf"\\+u(?i:{units[:2].hex()})\\+u(?i:{units[2:].hex()})")
    ways.append(rf"\\+U(?i:{code:08x})")
    short = {"\n": "n", "\t": "t", "\r": "r", "\b": "b", "\f": "f", "\a": "a", "\v": "v", "\0": "0"}.get(character)
    if short:
        ways.append(rf"\\+{short}")
    if character == " ":
        ways.append(r"\+")
    if character == "\ufffd":  # what octets became that are no UTF-8
        ways.append(r"(?:%(?:25)*[89A-Fa-f][0-9A-Fa-f])+")
    if not character.isascii():
        ways += [re.escape(octets.decode(misread, "replace")) for misread in ("latin-1", "cp1252")]
    plain = re.escape(character)
    ways.append(rf"\\*{plain}" if character in "\"'/\\" else plain)
    return "(?:" + "|".join(ways) + ")"


# ---------------------------------------------------------------- addresses

_SCHEME: Final = r"\bmongo\w{0,20}(?:\+\w{1,20})?"
_ADDRESS: Final = late(
    rf"(?i)(?P<ours>{_SCHEME}(?:\s?[:;]\s?(?:\\?/){{1,3}}|\s?(?:\\?/){{2,3}})"
    rf"|(?<![\\/]){_SCHEME}\s?\\?/)"  # in packages/mongo/x.js:218 it is a folder
    r"|\b[a-z][a-z0-9+.\-]{0,40}:(?:\\?/){2,3}"
)
_ENCODED_ADDRESS: Final = late(
    r"(?i)(mongodb(?:(?:\+|%2B)srv)?%3A%2F%2F(?:(?!%3A|%40)[^\s])*)%3A((?:(?!\s|mongodb(?:\+srv)?(?:%3A|:)).)*)%40",
    needs=("%3a",),
)
_SLASHES: Final = late(r"(?<!\\)\\*/\\*/")
_WORDS: Final = late(r"[^\s\"']+")
_BARE_USER: Final = late(r"(?<![\w/@:%])(?!Do53:)(?:mongodb(?:\+srv)?:)?[^\s:/@\"'=&?,;<>()]{1,128}:(?=[^\s@\"'/:])")
"""What stands before the password of ``user:password@host`` without slashes, or without any scheme."""
_BARE_HOST: Final = late(r"[\]:/?,]|[\w\[.%\-]{1,253}(?:[:/?,\s\"']|$)|[\s\"']|$")
_TOKEN: Final = late(r"[^\s\"'`<>“”‘’]*")
_HOST: Final = (
    r"(?:\[[^\]\s@]*\]|[^\s:/?#@,;|&=%\[\]()]+|[^\s:/?#@,;|]*%2[Ff][^\s:/?#@,;|]*)?(?::(?:\$\{\w+\}|\d{0,5}))?"
)
_HOSTS: Final = late(rf"{_HOST}(?:[,;|]{_HOST})*")
_END_OF_HOSTS: Final = late(r"[/?\s\"'`<>“”‘’),\\;]|\.(?=\s|$)|:?$|:(?=\s)")
_OPTION_START: Final = late(r"[A-Za-z][A-Za-z_]*=")


def _mask_addresses(text: str) -> str:
    pieces: list[str] = []
    at = 0
    for found in _ADDRESS.finditer(text):
        if found.start() < at:
            continue
        end_of_line = min((i for i in (text.find("\n", found.end()),) if i >= 0), default=len(text))
        following = _ADDRESS.search(text, found.end(), end_of_line)
        end = following.start() if following else end_of_line
        rest = text[found.end() : end]
        secret = _secret_span(rest, ours=found["ours"] is not None)
        if secret is None:
            continue
        start, stop = secret
        if _is_shown(rest[start:stop]):
            continue
        pieces += [text[at : found.end()], rest[:start], MASK]
        at = found.end() + stop
    text = "".join([*pieces, text[at:]])
    text = _ENCODED_ADDRESS.sub(lambda m: m[0] if _is_shown(m[2]) else f"{m[1]}%3A{MASK}%40", text)
    return _mask_bare_credentials(text)


def _is_shown(text: str) -> bool:
    """Whether what stands in a secret's place is none: a mask already, or a reference to one."""
    return not text.strip("*") or is_reference(text)


def _mask_bare_credentials(text: str) -> str:
    if "@" not in text:
        return text
    pieces: list[str] = []
    done = 0
    for word in _WORDS.finditer(text):
        at = text.rfind("@", word.start(), word.end())
        while at >= 0 and not _BARE_HOST.match(text, at + 1):
            at = text.rfind("@", word.start(), at)
        slashes = _SLASHES.search(text, word.start(), word.end()) if at >= 0 else None
        # Behind slashes an address was looked at already.
        for user in _BARE_USER.finditer(text, word.start(), slashes.start() if slashes else at) if at >= 0 else ():
            if user.end() < at and not _is_shown(text[user.end() : at]):
                pieces += [text[done : user.end()], MASK]
                done = at
                break
    return "".join([*pieces, text[done:]])


def _secret_span(rest: str, *, ours: bool) -> tuple[int, int] | None:
    """Where the password is in what follows ``scheme://`` on a line; None where there is none.

    ``ours``: the scheme is MongoDB's, so that a port that is no number is a password whose ``@host`` is missing.
    """
    found = _TOKEN.match(rest)
    token = found[0] if found else ""
    at = _end_of_credentials(token)
    colon = rest.find(":")
    last = rest.rfind("@")
    if at is None:
        if not ours:
            return None
        if colon < 0 or (colon >= len(token) and last < colon):
            return None
        cut_short = token.endswith(":") and len(rest) > len(token) and not rest[len(token)].isspace()
        if colon < len(token) and _are_hosts(token) and not cut_short:
            return None
        if colon >= len(token) and "/" in token:
            return None
        return colon + 1, last if last > colon else len(rest)
    if last > at and last >= len(token) and _hosts_follow(rest, last):
        at = last
    return (colon + 1, at) if 0 <= colon < at - 1 else None


def _end_of_credentials(token: str) -> int | None:
    """Index of the @ that ends the credentials: the last one that is not part of an option's value."""
    question = token.find("?")
    while question >= 0:
        if _OPTION_START.match(token, question + 1) and ("@" in token[:question] or _are_hosts(token[:question])):
            token = token[:question]
            break
        question = token.find("?", question + 1)
    at = token.rfind("@")
    return at if at >= 0 else None


def _are_hosts(token: str) -> bool:
    found = _HOSTS.match(token)
    if found and _END_OF_HOSTS.match(token, found.end()):
        return True
    return _is_bare_ipv6(re.split(r"[/?]", token, maxsplit=1)[0])


def _hosts_follow(rest: str, at: int) -> bool:
    found = _HOSTS.match(rest, at + 1)
    return found is not None and found.end() > at + 1 and _END_OF_HOSTS.match(rest, found.end()) is not None


def _is_bare_ipv6(entry: str) -> bool:
    for candidate in (entry, entry.rpartition(":")[0]):
        try:
            ipaddress.IPv6Address(candidate)
        except ValueError:
            continue
        return True
    return False


# ---------------------------------------------------------------- options

_WORD: Final = (
    r"(?:passwd|password|passphrase|passcode|(?<![A-Za-z])pass(?=\s?=|%3D)|pwd|secret|token(?!_?resource)|api_?key|(?:access|account)_?key|private_?key|credentials?)"
    r"[A-Za-z_\-]{0,40}"
)
_QUOTED: Final = r"\"(?:\\.|[^\"\\]){0,4096}\"|'(?:\\.|[^'\\]){0,4096}'"
_CURLED: Final = "[‘“][^‘’“”\\n]{1,4096}[’”]"
_UNCLOSED: Final = r"[\"'\\][^\n]{0,4096}"
_WORD_OF_SHELL: Final = rf"(?!-)(?:{_QUOTED}|{_CURLED}|\\.|[^\s\"'\\]|{_UNCLOSED})+"
_VALUE: Final = (
    rf"(?:{_QUOTED}|"
    r"(?:(?![,;][A-Za-z_]{1,40}[=:])[^\s\"'&]|&(?!(?:amp;|#38;)?[A-Za-z_][\w.\-]{0,60}=)(?=[^\s\"'&]))+)"
)
_NAMES: Final = ("pass", "pwd", "secret", "token", "key", "credential")
"""One of these is in every `_WORD`."""
_OPTIONS: Final = (
    late(rf"(?i)(?P<head>{_WORD}(?:\s?=>?\s?|%3D))(?P<value>{_VALUE})", needs=_NAMES),
    late(rf"(?i)(?P<head>{_WORD}[\"']\s?(?::|=>)\s?)(?P<value>{_VALUE})", needs=_NAMES),
    late(rf"(?i)(?P<head>{_WORD}(?::|%3A))(?P<value>(?![\s/]){_VALUE})", needs=_NAMES),
    late(rf"(?im)(?P<head>^[ \t]*[\w.\-]{{0,40}}?{_WORD}:[ \t]+)(?P<value>\S+)(?=[ \t]*$)", needs=_NAMES),
    # In prose, in code, in a log
    late(
        r"(?i)(?P<head>(?:passwd|password|passphrase|passcode|pwd|secret|token|api[_\-]?key|access_?key|private_?key)[\"']?"
        rf"[ \t]{{0,8}}(?:[:=]>?|->)[ \t]{{1,8}})(?P<value>{_QUOTED}|(?!<)[^\s\"',;}}]+)",
        needs=_NAMES,
    ),
    # Headers of HTTP
    late(
        r"(?i)(?P<head>\bauthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?[A-Z][\w\-]{0,30}\s{1,3})(?P<value>[^\s\"',;]{1,8192})",
        needs=("authorization",),
    ),
    late(
        r"(?P<head>\b(?:[Bb]earer|BEARER|[Bb]asic)\s{1,3})"
        r"(?P<value>(?=[A-Za-z\-]{0,80}(?:[\d=+/_~]|\.\w|[a-z][A-Z]))[\w\-.~+/=]{6,8192})",
        needs=("bearer", "basic"),
    ),
)
_OF_CURL: Final = r"(?i)(?P<head>\bcurl\b[^\n]{0,300}?\s(?:-u|--user)[ =]?"
_OF_COMMANDS: Final = (
    late(
        r"(?i)(?P<head>(?<!\S)--[\w\-]{0,40}?(?:password|passwd|pwd|passphrase|token|secret|private-?key)(?:[ ]+|=))"
        rf"(?P<value>{_WORD_OF_SHELL})",
        needs=("--",),
    ),
    late(r"(?i)(?P<head>(?<!\S)/password:)(?P<value>\"[^\"\n]+\"|\S+)", needs=("/password:",)),
    late(
        r"(?i)(?P<head>\bmongo(?:sh|dump|restore|export|import|stat|top|files)?(?:\.exe)?\b[^\n]{0,500}?[ ]-p[ ]?)"
        rf"(?P<value>(?!\d+:\d){_WORD_OF_SHELL})",
        needs=(" -p",),
    ),
    late(rf"{_OF_CURL}[^\s:\"']{{1,100}}:)(?P<value>{_WORD_OF_SHELL})", needs=("curl",)),
    late(
        rf"{_OF_CURL}(?P<quote>[\"'])[^\s:\"']{{1,100}}:)(?P<value>(?:\\.|(?!(?P=quote))[^\n]){{1,4096}})",
        needs=("curl",),
    ),
)
"""Their values are words of a shell, whatever these hold: an @ in one ends no address before it."""


def in_commands(text: str) -> list[tuple[int, int]]:
    """Where the options of the commands in a text have their secrets."""
    spans = (_within_quotes(found) for pattern in _OF_COMMANDS for found in pattern.finditer(text))
    return [(start, end) for start, end in spans if not _is_shown(text[start:end])]


def _mask_options(text: str, patterns: tuple[re.Pattern[str], ...]) -> str:
    for pattern in patterns:
        text = pattern.sub(_masked_option, text)
    return text


def _masked_option(found: re.Match[str]) -> str:
    start, end = _within_quotes(found)
    text = found.string
    return found[0] if _is_shown(text[start:end]) else f"{text[found.start() : start]}{MASK}{text[end : found.end()]}"


def _within_quotes(found: re.Match[str]) -> tuple[int, int]:
    value = found["value"]
    start, end = found.span("value")
    return (start + 1, end - 1) if value[0] in "\"'" and value[-1] == value[0] and len(value) > 1 else (start, end)
