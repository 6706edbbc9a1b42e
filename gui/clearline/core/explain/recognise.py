"""Whether a pasted text is what a program printed, and no connection string. Quick: no grammar, no rule."""

from __future__ import annotations

import re

from clearline.core.explain.normalise import compact
from clearline.core.explain.signs import signs

_LOOKED_AT = 20_000
_SCHEME = re.compile(r"[\w\-.]*[=:]?\s*['\"]?mongodb(?:\+srv)?://\S+$", re.IGNORECASE)
_PRINTED = re.compile(
    r"errors?\b|exception|failure|failed|timed? ?out|Traceback|^\s+at \S|\"ctx\"|\[initandlisten\]|\[conn\d+\]"
    r"|exit(?:ed with)? code|denied|authoriz|x509|warning:"
    r"|Topology is|disconnected|cannot|not found|requires|parameter",
    re.MULTILINE | re.IGNORECASE,
)
_COMMAND = re.compile(r"(?:[$>#] ?)?(?:mongo(?:sh|dump|restore|export|import)?|MongoClient\(|docker|kubectl)\b[^\n]*$")


def is_error_text(text: str) -> bool:
    """True for an error, a stack or log lines; False for an address, a command, one word or nothing."""
    head = text[:_LOOKED_AT].strip()
    if not any(c.isspace() for c in head) or _SCHEME.fullmatch(head) or _COMMAND.fullmatch(head):
        return False
    if _PRINTED.search(head):
        return True
    return any(s.kind not in ("closed", "code") for s in signs(compact(head)))
