"""Whether a pasted text is what a program printed, and no connection string. Quick: no grammar, no rule."""

from __future__ import annotations

import re

from clearline.core.explain.normalise import compact
from clearline.core.explain.signs import signs

_LOOKED_AT = 20_000
_SCHEME = re.compile(r"[\w\-.]*[=:]?\s*['\"]?mongodb(?:\+srv)?://\S+$", re.IGNORECASE)
_ADDRESS = re.compile(r"mongodb(?:\+srv)?://[^\s\"']+", re.IGNORECASE)
"""Its host may be called alert, and it may set a timeout."""
_PRINTED = re.compile(
    r"errors?\b|exception|failure|failed|timed ?out|\btimeout\b(?!\s?[=:]\s?\d)|Traceback"
    r"|^\s+at \S|\"ctx\"|\[initandlisten\]|\[conn\d+\]"
    r"|exit(?:ed with)? code|denied|authoriz|x509|warning:"
    r"|Topology is|disconnected|cannot|not found|requires|parameter"
    r"|InvalidURI|must be (?:set|escaped|in)|must have|You must set|\bWARN\b|alert|\"?ok\"? ?: ?0\b|errmsg|panicked"
    r"|exited|Illegal instr|core dumped|unexpectedly|does not|only allowed|not initialized|unable to|could not"
    r"|NoResolverConf|Expecting|no (?:suitable )?servers?\b|not primary|bad auth"
    r"|\bE(?:CONN[A-Z]{5,7}|NOTFOUND|TIMEDOUT|TIMEOUT|AI_[A-Z]+|HOSTUNREACH|NETUNREACH|MFILE|PIPE|ACCES|PERM|NOENT)\b",
    re.MULTILINE | re.IGNORECASE,
)
_COMMAND = re.compile(
    r"(?:[$>#] ?)?(?:(?:mongo(?:sh|dump|restore|export|import|stat|top|files)?|docker|kubectl)(?=\s|$)"
    r"(?!\s+(?:exited|process))"
    r"|MongoClient\()[^\n]*$"
)


def is_error_text(text: str) -> bool:
    """True for an error, a stack or log lines; False for an address, a command, one word or nothing."""
    head = text[:_LOOKED_AT].strip()
    if not any(c.isspace() for c in head) or _SCHEME.fullmatch(head) or _COMMAND.fullmatch(head):
        return False
    words = _ADDRESS.sub(" ", head)
    if _PRINTED.search(words):
        return True
    return any(s.kind not in ("closed", "code", "vague") for s in signs(compact(words)))
