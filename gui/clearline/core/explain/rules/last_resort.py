"""What a text allows that tells no more than that something failed: asked only when no other rule speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearline.core.explain.record import Record
from clearline.core.explain.rules.guess import Guess
from clearline.core.findings import Certainty
from clearline.core.text.late_patterns import late

_TOLD: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (late(pattern, re.IGNORECASE), causes)
    for pattern, causes in (
        (r"(?:invalid|malformed|bad|pars(?:e|ing)).{0,40}(?:connection string|\bur[il]\b)|InvalidURI|\bURI options?\b"
         r"|(?:connection string|\bur[il]\b).{0,120}(?:invalid|malformed|pars(?:e|ing)|not valid)",
         ("uri.unescaped-credentials", "uri.stray-characters", "uri.not-set")),
        (r"certificate|\bx509\b", ("tls.unknown-ca", "tls.name-mismatch", "tls.certificate-expired")),
        (r"\b(?:SSL|TLS)\b.{0,60}(?:error|fail|handshake)|(?:error|fail)\w{0,12}.{0,60}\b(?:SSL|TLS)\b",
         ("tls.handshake-refused", "tls.not-offered", "tls.unknown-ca")),
        (r"authenticat|credential|log ?in failed",
         ("auth.wrong-password", "auth.unknown-user", "auth.wrong-authsource")),
        (r"not authoriz|unauthoriz|permission denied|access denied",
         ("access.no-privilege", "auth.credentials-missing")),
        (r"\bDNS\b|\bSRV\b|resolve|name resolution",
         ("dns.host-not-found", "dns.srv-not-found", "dns.resolver-silent")),
        (r"opening (?:a )?(?:socket|connection)", ("tcp.refused", "tcp.no-answer", "dns.host-not-found")),
        (r"time(?:d )?out while (?:receiving|sending|writing)",
         ("tcp.too-slow", "pool.line-went-silent", "tcp.no-answer")),
        (r"(?:receiving|sending) (?:a )?message",
         ("pool.idle-connections-dropped", "pool.server-went-away", "tls.required")),
        (r"context deadline exceeded", ("pool.operation-timeout", "tcp.no-answer", "pool.exhausted")),
        (r"time(?:d)?[ \-]?out|:timeout", ("tcp.no-answer", "tcp.too-slow", "tcp.refused")),
        (r"(?:lost|drop\w{0,12}|closed|reset|broke\w{0,12}|terminated|disconnect\w{0,12})",
         ("pool.idle-connections-dropped", "pool.server-went-away", "tcp.reset-on-connect")),
        (r"(?:fail|unable|could ?n[o']?t|can ?n[o']?t|error).{0,60}connect|connect\w{0,12}.{0,40}(?:fail|error|refused)"
         r"|not (?:reachable|connected)|unreachable",
         ("tcp.refused", "tcp.no-answer", "dns.host-not-found")),
    )
)  # fmt: skip
_FAILED = late(
    r"error|exception|fail|unable|could ?n[o']?t|can ?n[o']?t|refused|denied|time(?:d)?[ \-]?out|fatal|panic|invalid"
    r"|lost|deadline exceeded",
    re.IGNORECASE,
)
_ADDRESS = late(r"mongodb(?:\+srv)?://\S+", re.IGNORECASE)
"""Its options are no words of an error."""
_HARMLESS = late(r"DeprecationWarning|deprecated", re.IGNORECASE)


def last_resort(record: Record, text: str) -> Iterator[Guess]:
    """The commonest causes of what the text only hints at, all possible."""
    for line in _ADDRESS.sub(" ", text).splitlines():
        if not _FAILED.search(line) or _HARMLESS.search(line):
            continue
        for place, (words, causes) in enumerate(_TOLD):
            if found := words.search(line):
                for rank, cause in enumerate(causes):
                    yield Guess(weight=90 - 3 * place - rank, cause=cause, certainty=Certainty.POSSIBLE, words=found[0])
                break
