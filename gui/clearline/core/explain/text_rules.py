"""Rules for what only a text can show: relations between its parts, server codes, the program's own surroundings.

Each gives `Guess`es; the heavier one counts. A rule reads numbers, symbols, types and relations of the record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from clearline.core.explain.as_facts import decisive, is_address, is_loopback, is_private
from clearline.core.explain.record import Record, Seen
from clearline.core.findings import Certainty

_LIKELY, _POSSIBLE = Certainty.LIKELY, Certainty.POSSIBLE


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """One cause that a text allows, and how much speaks for it."""

    weight: int
    cause: str
    certainty: Certainty = Certainty.LIKELY
    line: int = 0
    server: str | None = None
    summary: str = ""
    at: int | None = None
    """Place in the compact text, where the line is not known yet."""
    words: str = ""
    """Words of the deciding line, where neither is known."""


_CODES: dict[int, tuple[str, ...]] = {
    6: ("topology.member-unreachable",),
    7: ("topology.member-unresolvable",),
    11: ("auth.unknown-user",),
    13: ("access.no-privilege",),
    20: ("topology.no-transactions",),
    50: ("pool.operation-timeout",),
    79: ("topology.unknown-write-concern",),
    89: ("tcp.too-slow", "pool.line-went-silent"),
    91: ("pool.server-went-away",),
    93: ("topology.removed-member", "topology.member-name-unknown"),
    94: ("topology.not-initiated",),
    100: ("topology.write-concern-impossible",),
    133: ("topology.no-primary", "topology.shard-no-primary"),
    189: ("pool.failover",),
    262: ("pool.operation-timeout",),
    301: ("hello.no-retryable-writes",),
    322: ("hello.api-version-required",),
    334: ("auth.mechanism-not-supported", "auth.mechanism-disabled"),
    352: ("app.client-too-old",),
    354: ("topology.load-balanced-mismatch",),
    10107: ("pool.failover", "topology.direct-to-secondary", "topology.balancer-in-front"),
    11600: ("pool.server-went-away",),
    11602: ("pool.failover",),
    13435: ("topology.direct-to-secondary",),
    13436: ("topology.recovering",),
    16500: ("hello.cosmosdb-throttled",),
    17189: ("tls.required",),
}
_DNS = {
    "srv nxdomain": ("dns.srv-not-found", "dns.srv-blocked"),
    "srv nodata": ("dns.no-srv-record", "dns.srv-blocked"),
    "srv servfail": ("dns.servfail",),
    "srv refused": ("dns.srv-blocked",),
    "srv silent": ("dns.resolver-silent", "dns.srv-blocked"),
    "srv port-closed": ("dns.resolver-not-running",),
    "srv malformed": ("dns.srv-blocked",),
    "txt nodata": ("dns.txt-blocked", "dns.no-srv-record"),
    "txt silent": ("dns.txt-blocked", "dns.resolver-silent"),
    "txt refused": ("dns.txt-blocked",),
    "txt servfail": ("dns.servfail", "dns.txt-blocked"),
    "txt malformed": ("dns.txt-blocked",),
    "txt nxdomain": ("dns.txt-blocked", "dns.srv-not-found"),
    "host silent": ("dns.resolver-silent",),
    "host servfail": ("dns.servfail",),
    "host port-closed": ("dns.resolver-not-running",),
}


def address_text(record: Record, text: str) -> Iterator[Guess]:
    """Gaps and mistakes in the address itself, as far as the text shows it."""
    if _UNSET.search(text):
        yield Guess(weight=3500, cause="uri.not-set")
    if re.search(r"mongodb(?:\+srv)?://[^\s/@]*:[^\s/@]*@[^\s/@]*@", text):
        yield Guess(weight=3500, cause="uri.unescaped-credentials")
    if re.search(r"Invalid SRV host: \.(?:\s|$)", text):
        yield Guess(weight=3300, cause="dns.srv-withdrawn")


_UNSET = re.compile(
    r"(?:\bENOTFOUND|_tcp\.|//|@|getaddrinfo|lookup|host:?)\s?['\"]?(?:undefined|null|None|NaN)\b(?!\.)"
    r"|\[object Object\]"
    r"|mongodb(?:\+srv)?://[^\s\"]*(?:\$\{\w+\}|\{\{)|Invalid \w+ ?: ?['\"]?\$\{\w+\}|<no value>|null:null"
    r"|process\.env\.\w+['\"]? ?(?:is|=|:) ?undefined|_tcp\.\$\{",
    re.IGNORECASE,
)


def foreign_bytes(record: Record, text: str) -> Iterator[Guess]:
    """PyMongo shows the first bytes of a foreign answer as a number: ``Got response id N``, four bytes."""
    found = re.search(r"Got response id (-?\d{8,10})", text)
    if not found:
        return
    said = (int(found[1]) & 0xFFFFFFFF).to_bytes(4, "little").decode("latin-1")
    if re.fullmatch(r" [1-5]\d\d", said):
        yield Guess(weight=3200, cause="hello.http-server")
    elif said.isprintable():
        yield Guess(weight=3200, cause="hello.other-service")


def emptied(record: Record, text: str) -> Iterator[Guess]:
    """The driver threw every server out: they answered, and none belongs to the set that was asked for."""
    for view in record.views:
        if view.emptied and view.topology.startswith("replicaset"):
            yield Guess(weight=2800, cause="topology.wrong-set-name", certainty=_LIKELY)
            yield Guess(weight=2790, cause="topology.standalone-in-list", certainty=_POSSIBLE)
            yield Guess(weight=2780, cause="topology.not-a-replica-set", certainty=_POSSIBLE)


def _failing(record: Record) -> Iterator[tuple[Seen, str]]:
    for server in record.servers:
        sign = next((s for e in reversed(server.errors) if (s := decisive(e))), None)
        yield server, sign.kind if sign else ""


def advertised(record: Record, text: str) -> Iterator[Guess]:
    """A failing server that is not among the hosts of the address comes from the set's own configuration."""
    seeds = {h.partition(":")[0].lower() for a in record.addresses for h in a.hosts if a.options.get("appname") is None}
    seeds |= {h for h in seeds if h}
    replica = any(v.topology.startswith("replicaset") for v in record.views) or any(
        "replicaset" in a.options for a in record.addresses
    )
    for server, kind in _failing(record):
        host = server.host.lower()
        if re.fullmatch(r"[0-9a-f]{12}", host):
            yield Guess(weight=2650, cause="topology.internal-names", server=server.address)
            continue
        if not seeds or host in seeds or host.endswith(".mongodb.net"):
            continue
        if is_loopback(host) and not any(is_loopback(s) for s in seeds):
            yield Guess(weight=2600, cause="topology.loopback-names", server=server.address)
        elif is_private(host) and not any(is_private(s) for s in seeds):
            resolved = not replica and not all(is_address(s) or s == "localhost" for s in seeds)
            if not resolved or replica:
                yield Guess(weight=2600, cause="topology.internal-addresses", server=server.address)
        elif kind in ("unknown-name", "name-later") and not is_address(host):
            yield Guess(weight=2600, cause="topology.internal-names", server=server.address)


def container_ids(record: Record, text: str) -> Iterator[Guess]:
    """Names that only exist inside of containers, where no driver's own view is printed."""
    for found in re.finditer(
        r"(?:ENOTFOUND|EAI_AGAIN|lookup|UnknownHostException:|Unknown host:?)\s?([0-9a-f]{12})\b", text
    ):
        yield Guess(weight=2650, cause="topology.internal-names", server=f"{found[1]}:27017")


def loopback(record: Record, text: str) -> Iterator[Guess]:
    """Refused on this computer: inside a container that is the container itself."""
    for server, kind in _failing(record):
        if kind != "refused" or not is_loopback(server.host):
            continue
        words = " ".join(server.errors)
        only_v6 = "::1" in words + server.host and "127.0.0.1" not in text
        if only_v6 and record.driver in (None, "node", "mongosh", "compass") and "localhost" in text:
            yield Guess(weight=2560, cause="app.localhost-ipv6-first", server=server.address)
        several = len([s for s in record.servers if is_loopback(s.host)]) > 1
        in_set = any(v.topology.startswith("replicaset") for v in record.views)
        if in_set and not several:
            yield Guess(weight=2580, cause="topology.loopback-names", server=server.address)
        if "container" in record.surroundings:
            yield Guess(weight=2570, cause="env.container-localhost", server=server.address)
        elif "function" in record.surroundings or "hosted" in record.surroundings:
            yield Guess(weight=2540, cause="env.container-localhost", certainty=_LIKELY, server=server.address)


def atlas(record: Record, text: str) -> Iterator[Guess]:
    """At Atlas the access list cuts a handshake off, resets or stays silent; everything refused is a paused cluster."""
    if "atlas" not in record.surroundings:
        return
    kinds = {kind for _, kind in _failing(record)}
    signs = {s.kind for s in record.signs}
    if kinds & {"closed", "reset"} or any(s.kind == "alert" and s.number == 80 for s in record.signs):
        yield Guess(weight=2500, cause="tcp.atlas-access-list")
    elif "refused" in kinds and "silent" not in kinds:
        yield Guess(weight=2500, cause="tcp.atlas-paused")
    elif not signs & {"verify", "code", "unknown-name", "name-later", "not-tls", "refused", "dns"}:
        collapsed = record.servers and not any(s.errors or s.type not in ("", "unknown") for s in record.servers)
        if collapsed or signs & {"silent", "closed", "reset"}:
            yield Guess(weight=1900, cause="tcp.atlas-access-list")
            yield Guess(weight=1600, cause="tcp.no-answer", certainty=_POSSIBLE)
    verify = {s.number for s in record.signs if s.kind == "verify"}
    if verify & {20}:
        yield Guess(weight=2550, cause="env.empty-trust-store")
    elif verify & {18, 19, 21}:
        yield Guess(weight=2550, cause="tls.intercepted")


def dns_answers(record: Record, text: str) -> Iterator[Guess]:
    """What a name server said, by its answer code."""
    for sign in record.signs:
        if sign.kind == "dns":
            node = sign.name == "srv port-closed" and record.driver == "node"
            causes = ("app.runtime-resolver", *_DNS[sign.name]) if node else _DNS.get(sign.name, ())
            for place, cause in enumerate(causes):
                yield Guess(weight=2400 - 10 * place, cause=cause, at=sign.at)


def name_server_answers(record: Record, text: str) -> Iterator[Guess]:
    """PyMongo lists what each name server answered; a truncated answer shows as an empty one."""
    if re.search(r"answered \[Errno (?:111|61|10061)\]|answered \[WinError 10061\]", text):
        cause = "dns.tcp-blocked" if "answered ;" in text else "dns.resolver-not-running"
        yield Guess(weight=2650, cause=cause)


def all_unknown(record: Record, text: str) -> Iterator[Guess]:
    """A driver that tells only types, and no server of the view ever answered."""
    kinds = {s.kind for s in record.signs}
    for view in record.views:
        if view.servers and all(s.type == "unknown" and not s.errors for s in view.servers) and kinds <= {"vague"}:
            yield Guess(weight=2350, cause="tcp.no-answer")
            yield Guess(weight=2300, cause="tcp.refused", certainty=_POSSIBLE)


def server_codes(record: Record, text: str) -> Iterator[Guess]:
    """What a server's own number means."""
    numbers = {s.number: s.at for s in record.signs if s.kind == "code"}
    for number, at in numbers.items():
        for place, cause in enumerate(_CODES.get(number, ())):
            yield Guess(weight=1900 - 10 * place, cause=cause, at=at)
    if 18 in numbers:
        yield from _refused_login(record, numbers[18], 1950)


def login(record: Record, text: str) -> Iterator[Guess]:
    """A refused login that is told without a number."""
    if any(s.kind == "code" and s.number in (18, 8000) for s in record.signs) or record.log:
        return
    if found := re.search(
        r"Authentication failed(?! because)|Exception authenticating|auth failed|Unable to authenticate|SCRAM failure"
        r"|sasl(?:Continue|Start) failed",
        text,
        re.IGNORECASE,
    ):
        guesses = list(_refused_login(record, None, 1700))
        if re.search(r"saslStart failed", text):
            guesses.insert(0, Guess(weight=1720, cause="auth.unknown-user"))
        yield from (msgspec.structs.replace(g, words=found[0]) for g in guesses)


def _refused_login(record: Record, at: int | None, weight: int) -> Iterator[Guess]:
    source = record.credential.source
    addresses = [a for a in record.addresses if a.options.get("appname") is None or a.user]
    by_path = any(a.database not in ("", "admin") and "authsource" not in a.options and a.user for a in addresses)
    named = {a.options["authsource"] for a in addresses if "authsource" in a.options}
    elsewhere = source not in (None, "admin", "$external")
    if elsewhere or (by_path and source is None):
        yield Guess(weight=weight + 20, cause="auth.wrong-authsource", at=at)
    elif named and any(a.database not in ("", "admin") and a.options.get("authsource") == "admin" for a in addresses):
        yield Guess(weight=weight - 5, cause="auth.wrong-authsource", at=at)
    yield Guess(weight=weight, cause="auth.wrong-password", at=at)
    yield Guess(weight=weight - 10, cause="auth.unknown-user", certainty=_POSSIBLE, at=at)
    yield Guess(weight=weight - 20, cause="auth.wrong-authsource", certainty=_POSSIBLE, at=at)


def pool_counts(record: Record, text: str) -> Iterator[Guess]:
    """A driver's own counts decide whether its pool was used up."""
    pool = record.pool
    most = pool.get("most", 0)
    if most and pool.get("used", pool.get("total", -1)) >= most and not pool.get("idle"):
        yield Guess(weight=2900, cause="pool.exhausted")
    elif most and 0 <= pool.get("used", pool.get("total", most)) < most * 0.8:
        yield Guess(weight=2900, cause="pool.slow-growth")
        yield Guess(weight=2890, cause="tcp.too-slow", certainty=_POSSIBLE)


def sockets(record: Record, text: str) -> Iterator[Guess]:
    """A UNIX socket is a file."""
    for server in record.servers:
        if server.host.endswith(".sock"):
            yield Guess(weight=2700, cause="tcp.socket-missing", server=server.address)
    if found := re.search(r"(?:connect |\b)(?:ENOENT|EACCES|ECONNREFUSED) (/[\w./\-]+\.sock)", text):
        yield Guess(weight=2700, cause="tcp.socket-missing", server=found[1])


def surroundings(record: Record, text: str) -> Iterator[Guess]:
    """Where the program runs decides between equal silences."""
    kinds = {kind for _, kind in _failing(record)} | {s.kind for s in record.signs}
    if "function" in record.surroundings:
        if kinds & {"reset", "lost"}:
            yield Guess(weight=1650, cause="app.serverless-freeze")
        if "silent" in kinds and "atlas" not in record.surroundings:
            yield Guess(weight=1550, cause="tcp.platform-blocks-egress")
    apple = "macos" in record.surroundings or any(s.kind == "unreachable" and s.number == 65 for s in record.signs)
    if apple and "unreachable" in kinds and any(is_private(s.host) for s in record.servers):
        yield Guess(weight=1800, cause="env.macos-local-network", certainty=_POSSIBLE)
    if "documentdb" in record.surroundings and kinds & {"silent", "vague"} and not kinds & {"refused", "verify"}:
        yield Guess(weight=1600, cause="tcp.private-address", certainty=_POSSIBLE)


def short_names(record: Record, text: str) -> Iterator[Guess]:
    """A name without a dot that could not be looked up."""
    found = _ASKED.search(text)
    if found:
        name = next(part for part in found.groups() if part)
        if not re.fullmatch(r"[0-9a-f]{12}", name) and name.lower() not in ("localhost", "undefined", "null", "none"):
            yield Guess(weight=2420, cause="dns.short-name", server=f"{name}:27017")
            yield Guess(weight=2100, cause="dns.host-not-found", certainty=_POSSIBLE)


_ASKED = re.compile(
    r"(?:UnknownHostException: |Unknown host:? |Failed to resolve '|\blookup |bad address '|EAI_AGAIN |ENOTFOUND )"
    r"([A-Za-z0-9][\w\-]*)(?![\w.\-/]|:\d)"
    r"|(?<![\w.\-])(?!localhost\b)([A-Za-z0-9][\w\-]*):\d+: \[Errno (?:-2|-3|8|1100[12])\]"
)


def broken_later(record: Record, text: str) -> Iterator[Guess]:
    """PyMongo raises AutoReconnect for a connection that an operation was using: it had worked before."""
    if "AutoReconnect: " in text and "ServerSelectionTimeoutError" not in text:
        kinds = {s.kind for s in record.signs}
        if kinds & {"closed", "reset"} and not kinds & {"alert", "verify", "not-tls"} and "SSL" not in text:
            yield Guess(weight=2350, cause="pool.idle-connections-dropped")
            yield Guess(weight=2340, cause="pool.server-went-away", certainty=_POSSIBLE)


def early_certificate(record: Record, text: str) -> Iterator[Guess]:
    """Go tells both times: before the beginning the certificate is new, or this computer's clock is behind."""
    if re.search(r"current time \S+ is before ", text):
        yield Guess(weight=2700, cause="tls.certificate-not-yet-valid", words="is before")
        yield Guess(weight=2690, cause="env.clock-wrong", certainty=_POSSIBLE, words="is before")


def selector(record: Record, text: str) -> Iterator[Guess]:
    """All members answer, and the wanted address is none of them."""
    if "ServerAddressSelector" in text and any(s.type == "primary" for s in record.servers):
        yield Guess(weight=2450, cause="topology.member-name-unknown", certainty=_POSSIBLE)


_TIMEOUT = re.compile(
    r"(?:Timeout: |timed out after |Timeout was |TimeoutMS[=:] ?)(\d+(?:\.\d+)?) ?(ms|s)?\b", re.IGNORECASE
)


def hurried(record: Record, text: str) -> Iterator[Guess]:
    """A timeout set far below what a path needs, and nothing else told."""
    found = re.search(
        r"(?:Timeout: |timed out after |Timeout was |TimeoutMS[=:] ?)(\d+(?:\.\d+)?) ?(ms|s)?\b", text, re.IGNORECASE
    )
    if found:
        value = float(found[1]) * (1 if found[2] == "ms" or "MS" in found[0] else 1000)
        kinds = {s.kind for s in record.signs} - {"vague"}
        if 0 < value <= 1000 and kinds <= {"silent"}:
            yield Guess(weight=1450, cause="app.timeout-too-short")


def server_log(record: Record, text: str) -> Iterator[Guess]:
    """The server's JSON log, by the number of the message and the error's own name."""
    for entry in record.log:
        cause = _LOG.get(entry.id)
        if entry.id in (20249, 5286307, 20428):
            name = entry.error.partition(":")[0]
            cause = {"UserNotFound": "auth.unknown-user", "MechanismUnavailable": "auth.mechanism-not-supported"}.get(
                name
            )
            if entry.code == 11:
                cause = "auth.unknown-user"
            if cause is None:
                cause = "auth.wrong-password"
        if cause:
            yield Guess(weight=2900, cause=cause, line=entry.line)


_LOG = {
    22942: "pool.connection-limit",
    23255: "tls.client-certificate-required",
    23256: "tls.client-certificate-wrong-ca",
    23257: "tls.client-certificate-wrong-ca",
    23248: "server.does-not-start",
    21405: "topology.not-initiated",
    20557: "server.does-not-start",
    20568: "server.does-not-start",
    23378: "server.does-not-start",
}

RULES: tuple[Callable[[Record, str], Iterator[Guess]], ...] = (
    address_text,
    foreign_bytes,
    emptied,
    advertised,
    container_ids,
    loopback,
    atlas,
    dns_answers,
    name_server_answers,
    all_unknown,
    server_codes,
    login,
    pool_counts,
    sockets,
    surroundings,
    short_names,
    broken_later,
    early_certificate,
    selector,
    hurried,
    server_log,
)
