"""From a pasted text to the causes that it allows. Pure: asks no server, keeps nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearline.core.diagnosis.catalogue import causes
from clearline.core.explain.explanation import Candidate, Explanation, Recognised
from clearline.core.explain.normalise import Text
from clearline.core.explain.phrases import hits, rows
from clearline.core.explain.symbols import HOST, symbols
from clearline.core.findings import Certainty
from clearline.core.secrets.redaction import redact

LONGEST = 2_000_000
"""Characters that are read; of a longer text its end counts, where the error stands."""
_MOST = 5
_OTHER_PRODUCTS = re.compile(
    r"\b(?:E11000|CastError|ValidationError|SequelizeConnection|SequelizeDatabase|heap out of memory|nodemailer|KafkaJS"
    r"|Unrecognized pipeline stage|redis\w*|psycopg2?|mysql\w*|postgres\w*|amqp\w*)\b"
    r"|:(?:6379|5432|3306|9092|465|587|11434|5672|9200)\b|access MongoDB over HTTP|port: (?:6379|5432|3306|9092)\b",
    re.IGNORECASE,
)
_CONTAINER = re.compile(
    r"^[\w.\-]+[_\-]\d+ +\| |\bdocker\b|laradock|/app/node_modules|/usr/src/app|\bn8n\b|these settings|kubernetes"
    r"|container",
    re.IGNORECASE | re.MULTILINE,
)
_UNSET = re.compile(
    r"\b(?:ENOTFOUND|_tcp\.|//|@)\s?(?:undefined|null|None|NaN)\b|\[object Object\]|\$\{\w+\}|<no value>|null:null",
    re.IGNORECASE,
)
_UNKNOWN_NAME = re.compile(
    r"(?:UnknownHostException: |Failed to resolve '|\blookup )(?!localhost\b)([A-Za-z0-9][\w\-]*)(?![\w.\-])"
    r"|(?<![\w.\-])(?!localhost\b)([A-Za-z0-9][\w\-]*):\d+: \[Errno (?:-2|-3|8|1100[12])\]"
)
"""A name without a dot that could not be looked up."""
_PLACEHOLDER = re.compile(r"^(?:x+(?:\.x+)*|host\w*|your.*|redacted|.*\.\.\..*)$", re.IGNORECASE)
_DRIVERS = (
    ("mongosh", r"Current Mongosh Log|mongosh"),
    ("prisma", r"prisma"),
    ("pymongo", r"pymongo|Traceback \(most|_ssl\.c|Topology Description: <"),
    ("csharp", r"MongoDB\.Driver\.|---> System\.|Mdbc|Servers : \["),
    ("java", r"com\.mongodb|javax\.net\.ssl|java\.net\.|client view of cluster"),
    ("ruby", r"Mongo::|mongoid"),
    ("rust", r"Kind: |os error \d"),
    ("php", r"MongoDB\\Driver|\.php\b"),
    ("c", r"No suitable servers found|Failed to look up SRV record"),
    ("server-log", r"\"c\":\"|I  ?NETWORK|\[initandlisten\]|\[conn\d+\]"),
    ("mongodump", r"error connecting to host:|mongodump|mongorestore"),
    ("go", r"server selection error|current topology: \{|x509: |go\.mongodb"),
    ("node", r"Mongo(?:ose)?\w*Error|node_modules|querySrv|getaddrinfo E|connect E"),
)
_AFTER: dict[str, tuple[str, ...]] = {
    "refused": ("tcp.refused",),
    "unreachable": ("tcp.host-unreachable",),
    "no-network": ("tcp.network-unreachable",),
    "no-family": ("tcp.no-ipv6",),
    "denied": ("tcp.blocked-by-policy",),
    "silent": ("tcp.no-answer",),
    "slow": ("tcp.too-slow",),
    "unknown-name": ("dns.host-not-found",),
    "name-later": ("dns.resolver-silent",),
    "reset": ("tcp.reset-on-connect",),
    "lost": ("pool.idle-connections-dropped", "pool.server-went-away"),
    "closed": ("tls.required",),
    "login": ("auth.wrong-password",),
    "vague": ("tcp.no-answer",),
}
_STRENGTH = {Certainty.PROVEN: 3000, Certainty.LIKELY: 2000, Certainty.POSSIBLE: 100}


def explain(text: str) -> Explanation:
    """Say which causes a text allows, the likeliest first. Never raises, whatever the text is."""
    if not text.strip():
        return Explanation(why="There is no text.")
    if "\0" in text[:4096]:
        return Explanation(why="This is no text but binary data: paste the words of the error.")
    text = text[-LONGEST:]
    paste = Text.of(text)
    driver = next((name for name, words in _DRIVERS if re.search(words, text, re.IGNORECASE)), None)
    ranked = sorted(_ranked(text, paste, driver), key=lambda found: -found[0])
    other = _OTHER_PRODUCTS.search(text)
    if not ranked or (other and not any(certainty is Certainty.PROVEN for _, _, certainty, _, _ in ranked)):
        why = "The text tells of another product, or of a mistake in a query or document." if other else None
        why = why or "Nothing in the text is known as a fault of a MongoDB connection."
        return Explanation(recognised=Recognised(driver=driver), why=why)
    found: dict[str, Candidate] = {}
    for _, cause, certainty, line, server in ranked:
        if cause not in found:
            # Two causes cannot both be the one that the text states.
            sure = certainty if not found or certainty is not Certainty.PROVEN else Certainty.POSSIBLE
            found[cause] = _candidate(cause, sure, paste, line, server)
    for cause in [c for first in list(found)[:2] if first in rows() for c in rows()[first].also]:
        if cause not in found and (cause in rows() or cause in causes()):
            found[cause] = _candidate(cause, Certainty.POSSIBLE, paste, 0, None)
    best = tuple(found.values())[:_MOST]
    return Explanation(
        recognised=Recognised(driver=driver, events=len({line for *_, line, _ in ranked})),
        about_connection=True,
        causes=best,
        targets=_targets(best),
    )


def _ranked(text: str, paste: Text, driver: str | None) -> Iterator[tuple[int, str, Certainty, int, str | None]]:
    """Weight, cause, certainty, line and server of everything that the text shows; the heavier comes first."""
    atlas = "mongodb.net" in text or "Atlas cluster" in text
    if _UNSET.search(text):
        yield 3500, "uri.not-set", Certainty.LIKELY, 0, None
    if re.search(r"mongodb(?:\+srv)?://[^\s/@]*:[^\s/@]*@[^\s/@]*@", text):
        yield 3500, "uri.unescaped-credentials", Certainty.LIKELY, 0, None
    if re.search(r"Invalid SRV host: \.(?:\s|$)", text):
        yield 4000, "dns.srv-withdrawn", Certainty.PROVEN, 0, None
    if re.search(r"answered \[Errno (?:111|61)\]", text):
        cut = "answered ;" in text  # the answer over UDP was too long, and TCP is refused
        yield 2500, "dns.tcp-blocked" if cut else "dns.resolver-not-running", Certainty.LIKELY, 0, None
    if asked := _UNKNOWN_NAME.search(text):
        name = next(part for part in asked.groups() if part)
        inside = re.fullmatch(r"[0-9a-f]{12}", name) is not None  # a container's id
        yield 2400, "topology.internal-names" if inside else "dns.short-name", Certainty.LIKELY, 0, None
    if "RSSecondary" in text and "RSPrimary" not in text:
        yield 2200, "topology.no-primary", Certainty.LIKELY, 0, None
    if "ServerAddressSelector" in text and "ReplicaSetPrimary" in text:
        yield 2200, "topology.member-name-unknown", Certainty.POSSIBLE, 0, None
    for hit in hits(paste):
        bonus = 30 if hit.writer == driver else 0
        cause = hit.cause
        if atlas and cause in ("tls.internal-error-alert", "tls.handshake-refused"):
            cause = "tcp.atlas-access-list"
        if atlas and cause == "tls.unknown-ca" and "local issuer" in text:
            yield 2500, "env.empty-trust-store", Certainty.LIKELY, hit.line, None
        yield _STRENGTH[hit.certainty] + hit.length + bonus, cause, hit.certainty, hit.line, None
    for place, symbol in enumerate(symbols(paste.lines)):
        for cause in _in_context(symbol.kind, symbol.server, text, atlas=atlas):
            weight = (1500 if symbol.kind not in ("closed", "login", "vague") else 1000) - 10 * place
            if symbol.kind == "vague":
                weight = 50
            certainty = Certainty.POSSIBLE if symbol.kind == "vague" else Certainty.LIKELY
            yield weight, cause, certainty, symbol.line, symbol.server
    if "GHOST" in text.upper() and re.search(r"REPLICA_SET_GHOST|RSGhost", text, re.IGNORECASE):
        yield 2900, "topology.not-initiated", Certainty.LIKELY, 0, None


def _in_context(kind: str, server: str | None, text: str, *, atlas: bool) -> tuple[str, ...]:
    host = (server or "").rpartition(":")[0]
    loopback = host in ("localhost", "127.0.0.1", "::1", "[::1]")
    if kind == "refused":
        if "::1" in text and "ECONNREFUSED 127.0.0.1" not in text and "localhost" in text:
            return ("app.localhost-ipv6-first", "tcp.refused")
        if loopback and _CONTAINER.search(text):
            return ("env.container-localhost", "tcp.refused")
        if loopback and text.count("type=REPLICA_SET") and text.count("address=") == 1:
            return ("topology.loopback-names", "tcp.refused")
        if atlas:
            return ("tcp.atlas-paused", "tcp.refused")
    if kind in ("silent", "closed", "reset", "vague") and atlas:
        return ("tcp.atlas-access-list", "tcp.no-answer")
    if kind == "closed" and re.search(r"(?:ssl|tls)=true", text, re.IGNORECASE):
        return ("tls.not-offered",)
    if kind in ("unknown-name", "name-later"):
        asked = re.search(r"(?:ENOTFOUND|EAI_AGAIN|Unspecified/)\s?([\w.\-]+)", text)
        name = asked[1] if asked else host
        if re.fullmatch(r"[0-9a-f]{12}", name):
            return ("topology.internal-names", "dns.host-not-found")
        if name and "." not in name:
            return ("dns.short-name", "dns.host-not-found")
    if kind == "login" and re.search(r"mongodb://[^\s/]+/(?!admin\b)\w+(?!\S*authSource)", text):
        return ("auth.wrong-authsource", "auth.wrong-password")
    return _AFTER[kind]


def _candidate(cause: str, certainty: Certainty, paste: Text, line: int, server: str | None) -> Candidate:
    row = rows().get(cause)
    known = causes().get(cause)
    summary = row.summary if row else known.title if known else cause
    fix = row.fix if row and row.fix else known.fix if known else ""
    words = redact(paste.lines[line - 1].strip()) if 0 < line <= len(paste.lines) else ""
    words = re.sub(r"((?:/home/|/Users/|[\\/]Users[\\/]))[^\\/\s]+", r"\1***", words)
    return Candidate(
        cause=cause,
        certainty=certainty,
        summary=re.sub(r"\{\w+\}", "…", summary),
        fix=re.sub(r"\{\w+\}", "…", fix),
        server=server,
        because=(f"line {line}: {words[:300]}",) if words else (),
        question=row.question if row else None,
    )


def _targets(found: tuple[Candidate, ...]) -> tuple[str, ...]:
    """The servers of the text, ready to be checked: no placeholder, no name server."""
    servers = dict.fromkeys(c.server for c in found if c.server and HOST.fullmatch(c.server))
    good = [s for s in servers if not s.endswith(":53") and not _PLACEHOLDER.match(s.rpartition(":")[0])]
    return tuple(f"mongodb://{s if not s.startswith('::1') else '[::1]' + s[3:]}/?directConnection=true" for s in good)
