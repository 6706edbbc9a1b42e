"""What stands around a connection string that was pasted: quotation marks, a command, a line of settings, code."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from clearline.core.options.catalogue import lookup
from clearline.core.secrets.redaction import MASK, redact
from clearline.core.text.late_patterns import late
from clearline.core.uri.pieces import HOST_PORT, Piece, is_invisible

_QUOTES: Final = {
    '"': '"', "'": "'", "`": "`", "“": "”", "”": "”", "„": "“", "‘": "’", "’": "’", "‚": "‘", "«": "»", "‹": "›",
    "<": ">",
}  # fmt: skip
QUOTE_CHARACTERS: Final = frozenset("\"'`“”„‘’‚«»‹›")
_AFTER_QUOTE: Final = late(r"[\s;,)\]}]*")
_INNER_SCHEME: Final = late(r"(?i)mongodb(?:\+srv)?://")
_CODE_AFTER: Final = late(r"\s*[,;)\]}]\s|\s+-")
_ENTITY: Final = r"(?:&(?:quot|lt|gt|apos|nbsp|#34|#39|#[xX]2[27]);)+"
_ENTITIES_BEFORE: Final = late(_ENTITY, needs=("&",))
_ENTITIES_BEHIND: Final = late(_ENTITY + "[;,)]*$", needs=("&",))
_LINK: Final = late(r"\[[^\[\]]*\]\((mongodb(?:\+srv)?://[^\s()]*)\)", needs=("](",))
"""What a web page's link becomes in Markdown."""
_OPENED: Final = late(r"([\"'`“‘])\s*[\w.\-]+=$")
"""A quotation mark before the name that the address is assigned to: ``-e "MONGO_URL=…"``."""
_ASSIGNMENT: Final = late(
    r"(?:^|\n)[ \t]*(?:[-*][ \t]+)?(?:(?:export|set|setx|env|const|let|var|final|string)[ \t]+)?"
    r"[\"']?[\w.\-]+[\"']?[ \t]*[=:][ \t]*$",
    re.IGNORECASE,
)
_SHELL_OPTION: Final = late(r"\s+--?[A-Za-z][\w\-]*(?=[\s=]|$)")
_TOOL_OPTION: Final = late(r"\s+(?:--[a-z][A-Za-z]{3,}|-[up])(?=[\s=]|$)")
"""One of MongoDB's tools. Without a command before the address less is no option, but the rest of a secret."""
_COMMENT: Final = late(r"\s+(?:#|//|/\*|--)\s")
_NEXT_LINE: Final = late(
    r"\s*\n\s*(?:[}\])#]|//|(?:[-*][ \t]+)?(?:export[ \t]+)?[\"']?(?P<name>[A-Za-z_][\w.\-]*)[\"']?[ \t]*(?:=|:[ \t]))"
)
_GOES_ON: Final = late(r"\s*[&?/,;@|]")
_BROKEN_OFF: Final = frozenset(",&?@;|=")
_PLAIN_HOST: Final = late(r"(?:\[[^\]]*\]|(?:[\w.\-%]|\$\{\w+\})+)" + HOST_PORT)


TOOL: Final = late(r"(?i)\bmongo(?:sh|dump|restore|export|import|stat|top|files|c)?(?:\.exe)?\b(?!db)")
"""A shell or tool of MongoDB."""
_WRAPPER: Final = late(r"(?:sudo|env|docker|podman|kubectl|oc|winpty|[A-Z_]+=\S*) ")
"""What a tool's command may begin with instead of the tool."""


class Surroundings(NamedTuple):
    """The address, what stands before its scheme, and what follows it; None where there is nothing."""

    address: Piece
    prefix: Piece | None
    tail: Piece | None


def surroundings(typed: str) -> Surroundings:
    """Where the address is in what was typed or pasted. Never fails."""
    core, tail = _unwrapped(typed)
    prefix, core = _without_prefix(core)
    if prefix is not None:
        core, closing = _closed(prefix, core)
        tail = closing or tail
    core, after = _without_rest(core, prefix, quoted=tail is not None)
    return Surroundings(core, prefix, after or tail)


def tool_of(line: str) -> re.Match[str] | None:
    """The tool of MongoDB that a line calls, itself or inside another program (``docker exec``); None: none."""
    tools = (tool for tool in TOOL.finditer(line) if line[tool.end() : tool.end() + 1] in ("", " "))
    return next((tool for tool in tools if tool.start() == 0 or _WRAPPER.match(line)), None)


def _unwrapped(typed: str) -> tuple[Piece, Piece | None]:
    core, tail = _stripped(Piece(typed, 0)), None
    if found := _LINK.fullmatch(core.text):
        return core.cut(found.start(1), found.end(1)), core.cut(found.end(1))
    if found := _ENTITIES_BEFORE.match(core.text):
        core = _stripped(core.cut(found.end()))
    if found := _ENTITIES_BEHIND.search(core.text):
        core = _stripped(core.cut(0, found.start()))
    while core.text:
        closing = _QUOTES.get(core.text[0])
        if closing is not None and (core.text[0] != "<" or _INNER_SCHEME.match(core.text, 1)):
            last = core.text.rfind(closing)
            after = core.cut(last + 1)
            if last > 0 and _AFTER_QUOTE.fullmatch(after.text):
                tail = _stripped(after) if after.text.strip() else tail
                core = _stripped(core.cut(1, last))
            elif core.text[0] == "<":
                break
            else:
                core = _stripped(core.cut(1))
        elif core.text[-1] in QUOTE_CHARACTERS and core.text.count(core.text[-1]) % 2:
            core = _stripped(core.cut(0, -1))
        else:
            break
    return core, tail


def _stripped(piece: Piece) -> Piece:
    start, end = 0, len(piece.text)
    while start < end and is_invisible(piece.text[start]):
        start += 1
    while end > start and is_invisible(piece.text[end - 1]):
        end -= 1
    return piece.cut(start, end)


def _without_prefix(core: Piece) -> tuple[Piece | None, Piece]:
    found = _INNER_SCHEME.search(core.text)
    if found is None or found.start() == 0:
        return None, core
    before = core.text[: found.start()]
    # A second scheme inside an address (or its credentials) is no prefix but a nested address.
    if tool_of(before.lstrip().removeprefix("$ ")) is not None:  # whose options may hold anything
        return core.cut(0, found.start()), core.cut(found.start())
    if "@" in before or ("/" in before and not re.search(r"\s", before)) or not re.search(r"[\s\"'`=(<]", before):
        return None, core
    return core.cut(0, found.start()), core.cut(found.start())


def _closed(prefix: Piece, core: Piece) -> tuple[Piece, Piece | None]:
    opened = _OPENED.search(prefix.text)
    opening = opened[1] if opened is not None else prefix.text[-1]
    closing = _QUOTES.get(opening) or {"(": ")"}.get(opening)
    if closing is None:
        return core, None
    ends = [i for i, c in enumerate(core.text) if c == closing]
    # The password may hold the same quotation mark: the address ends where its hosts are complete.
    last = next((end for end in ends if _ends_here(core.text, end)), None)
    return (core, None) if last is None else (core.cut(0, last), core.cut(last))


def _without_rest(core: Piece, prefix: Piece | None, *, quoted: bool) -> tuple[Piece, Piece | None]:
    """The address without the text that follows it, and that text: options of a command, a comment, other lines."""
    if quoted:
        return core, None
    text = core.text
    scheme = text.find("://")
    for found in re.finditer(r"\s+", text) if scheme >= 0 else ():
        start = found.start()
        if start < scheme + 3 or _GOES_ON.match(text, start) or not _ends_here(text, start):
            continue
        before = text[:start]
        if _is_broken_off(before):
            continue
        option = _TOOL_OPTION if prefix is None else _SHELL_OPTION
        line, comment = _NEXT_LINE.match(text, start), _COMMENT.match(text, start)
        if line or comment or option.match(text, start):
            goes_on = comment and "\n" not in found[0] and _ends_in_secret(before)
            cut = prefix is not None or not (_is_option(line, before) or goes_on)
        elif prefix is None:
            cut = False
        else:
            # A line of settings holds the whole value; a command or a sentence goes on after a blank.
            cut = "\n" in found[0] or not _ASSIGNMENT.search(prefix.text)
        if cut:
            length = _sentence_end(text[:start], prefix)
            return core.cut(0, length), core.cut(length)
    length = _sentence_end(text, prefix)
    return (core, None) if length == len(text) else (core.cut(0, length), core.cut(length))


def _sentence_end(text: str, prefix: Piece | None) -> int:
    """Where an address ends that stands in a sentence or a command: before the marks that follow it."""
    told = prefix is not None and prefix.text[-1:].isspace() and not _ASSIGNMENT.search(prefix.text)
    return len(text.rstrip(",.;:)]}")) if told and "{" not in text else len(text)


def _is_broken_off(before: str) -> bool:
    """Whether more of the address must follow: a comma after the host list is one of a sentence."""
    hosts_end = "/" in before.partition("://")[2].rpartition("@")[2]
    return before[-1] in _BROKEN_OFF and not (before[-1] == "," and hosts_end)


def _is_option(found: re.Match[str] | None, before: str) -> bool:
    """Whether what looks like the next setting is an option of the address, on a line of its own."""
    return found is not None and found["name"] is not None and "?" in before and lookup(found["name"]) is not None


def _ends_in_secret(before: str) -> bool:
    """Whether what follows may be more of a secret, which would be shown as a comment."""
    return redact(before).endswith(MASK)


def _ends_here(text: str, end: int) -> bool:
    line_end = text.find("\n", end + 1)
    if text.find("@", end + 1, line_end if line_end >= 0 else len(text)) < 0:
        return True
    begin = text.find("://", 0, end)
    at = text.rfind("@", begin + 3, end) if begin >= 0 else -1
    if at < 0 and not _CODE_AFTER.match(text, end if text[end].isspace() else end + 1):
        return False
    hosts = re.split(r"[/?]", text[max(at + 1, begin + 3) : end] if begin >= 0 else "", maxsplit=1)[0]
    return all(_PLAIN_HOST.fullmatch(entry) for entry in hosts.split(","))
