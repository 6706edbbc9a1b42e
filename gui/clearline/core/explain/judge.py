"""From a record to causes: the check's rules, the text's own rules and the table of texts, weighed against each other.

The innermost cause wins over the headline, and the more specific over the general; the weights say so:
a text that states its cause 3000 and more, relations between parts of the text 2400 to 2900, the check's rules 2300,
a known text 2000, a number alone 1000 to 1900, a headline 50.
"""

from __future__ import annotations

from collections.abc import Iterator

from clearline.core.explain.as_facts import facts_of, is_loopback
from clearline.core.explain.normalise import Text
from clearline.core.explain.phrases import hits
from clearline.core.explain.record import Record
from clearline.core.explain.rules import RULES
from clearline.core.explain.rules.guess import Guess
from clearline.core.explain.rules.hops import ssh_lines
from clearline.core.explain.rules.logs import VERIFY_CLIENT
from clearline.core.explain.signs import Sign
from clearline.core.findings import Certainty, Severity, Stage

STATED, RULED, KNOWN, HEADLINE = 3000, 2300, 2000, 50
_STRENGTH = {Certainty.PROVEN: STATED, Certainty.LIKELY: KNOWN, Certainty.POSSIBLE: 100}

_AFTER: dict[str, tuple[str, ...]] = {
    "refused": ("tcp.refused",),
    "unreachable": ("tcp.host-unreachable",),
    "no-network": ("tcp.network-unreachable",),
    "no-family": ("tcp.no-ipv6",),
    "denied": ("tcp.blocked-by-policy",),
    "no-handles": ("env.file-handles",),
    "silent": ("tcp.no-answer",),
    "unknown-name": ("dns.host-not-found",),
    "name-later": ("dns.resolver-silent",),
    "reset": ("tcp.reset-on-connect", "pool.idle-connections-dropped"),
    "aborted": ("pool.idle-connections-dropped", "tcp.local-firewall"),
    "lost": ("pool.idle-connections-dropped", "pool.server-went-away"),
    "tls-closed": ("tls.not-offered", "tls.handshake-refused", "tls.client-certificate-required"),
    "closed": ("tls.required", "tls.client-certificate-required"),
    "not-tls": ("tls.not-offered",),
    "slow": ("tcp.too-slow",),
    "unreached": ("tcp.refused", "tcp.no-answer"),
    "vague": ("tcp.no-answer",),
}
"""What a symbol means where nothing else in the text says more."""
_ALERTS = {
    40: "tls.no-common-cipher",
    42: "tls.client-certificate-rejected",
    43: "tls.server-certificate-as-client",
    44: "tls.client-certificate-rejected",
    45: "tls.client-certificate-expired",
    46: "tls.client-certificate-rejected",
    48: "tls.client-certificate-wrong-ca",
    70: "tls.old-protocol",
    71: "tls.no-common-cipher",
    80: "tls.internal-error-alert",
    112: "tls.host-name-needed",
    116: "tls.client-certificate-required",
}
_ALERTS_TO_SERVER = {42: "tls.unknown-ca", 45: "tls.certificate-expired", 46: "tls.unknown-ca", 48: "tls.unknown-ca"}
"""In a server's log the client is the one that complains: about the server's certificate."""
_VERIFY = {
    3: "tls.crl-missing",
    9: "tls.certificate-not-yet-valid",
    10: "tls.certificate-expired",
    12: "tls.crl-expired",
    18: "tls.self-signed",
    19: "tls.unknown-ca",
    20: "tls.unknown-ca",
    21: "tls.unknown-ca",
    23: "tls.revoked",
    62: "tls.name-mismatch",
    64: "tls.ip-not-in-certificate",
    24: "tls.weak-certificate",
    26: "tls.weak-certificate",
    66: "tls.weak-certificate",
    67: "tls.weak-certificate",
    68: "tls.weak-certificate",
}


def guesses(record: Record, text: Text) -> Iterator[Guess]:
    """Everything that the text allows, unsorted."""
    always_tls = bool(record.surroundings & {"atlas", "cosmosdb"})
    ssh = ssh_lines([text.view_of(n) for n in range(1, len(text.lines) + 1)])
    for guess in _all(record, text):
        if always_tls and guess.cause == "tls.not-offered":
            continue
        if ssh and guess.cause.startswith(_OF_SERVERS) and _line_of(guess, text) in ssh:
            continue
        yield guess


_OF_SERVERS = ("tcp.", "dns.", "tls.", "pool.", "auth.", "access.", "app.", "files.")
"""What an SSH client's own lines tell nothing of."""


def _line_of(guess: Guess, text: Text) -> int:
    if guess.line:
        return guess.line
    if guess.at is not None:
        return text.line_at(guess.at)
    return next((n for n, line in enumerate(text.lines, 1) if guess.words and guess.words in line), 0)


def _all(record: Record, text: Text) -> Iterator[Guess]:
    for rule in RULES:
        yield from rule(record, text.view)
    yield from _table(record, text)
    yield from _checked(record)
    for place, sign in enumerate(record.signs):
        yield from _sign(record, sign, place)


_TELLING = 14
"""Fewest compact characters in one piece of a text that tells something where another writer says it."""
_CUT_OFF = ("tls.internal-error-alert", "tls.handshake-refused")
"""A handshake that ends without a reason: at Atlas that is the access list."""


def _table(record: Record, text: Text) -> Iterator[Guess]:
    for hit in hits(text):
        certainty = hit.certainty
        if hit.longest < _TELLING and record.driver and hit.writer not in ("any", record.driver):
            certainty = Certainty.POSSIBLE
        if certainty is Certainty.PROVEN and hit.writer not in ("any", record.driver, None) and record.driver:
            # Another writer's sentence: it may stand for something else here.
            certainty = Certainty.LIKELY if hit.length < 40 else certainty
        cause = hit.cause
        if "atlas" in record.surroundings and cause in _CUT_OFF:
            cause = "tcp.atlas-access-list"
        if cause == "tls.not-offered" and hit.writer != "server-log" and record.driver == "server-log":
            cause = "tls.required"
        bonus = 30 if hit.writer == record.driver else 0
        yield Guess(
            weight=_STRENGTH[certainty if certainty is Certainty.POSSIBLE else hit.certainty] + hit.length + bonus,
            cause=cause,
            certainty=certainty,
            line=hit.line,
        )


def _checked(record: Record) -> Iterator[Guess]:
    """What the rules of the check say of the facts in the text: never more than likely, for nothing was asked."""
    if not record.servers:
        return
    from clearline.core.diagnosis.compose import diagnose  # a fifth of the time of a text that names no server

    kinds = {s.kind for s in record.signs}
    later = "name-later" in kinds and "unknown-name" not in kinds
    for place, found in enumerate(diagnose(facts_of(record), lambda _: None)):
        told = found.severity is Severity.FAILURE or (found.severity is Severity.WARNING and found.stage in _ON_THE_WAY)
        if not told or found.cause.startswith("driver."):
            continue
        if found.cause == "tcp.refused" and is_loopback((found.server or "").rpartition(":")[0]):
            weight = RULED - 50
        else:
            weight = RULED
        if found.severity is Severity.WARNING:
            weight -= 250
        if found.cause == "dns.host-not-found" and later:
            weight -= 900  # no name server said that the name does not exist
        sure = Certainty.LIKELY if found.certainty is Certainty.PROVEN else found.certainty
        yield Guess(
            weight=weight - 5 * place, cause=found.cause, certainty=sure, server=found.server, summary=found.summary
        )


_ON_THE_WAY = (Stage.DNS, Stage.TCP, Stage.TLS, Stage.HELLO)


def _sign(record: Record, sign: Sign, place: int) -> Iterator[Guess]:
    causes: tuple[str, ...]
    weight = 1500 - 10 * place
    certainty = Certainty.POSSIBLE if sign.kind in ("vague", "unreached") else Certainty.LIKELY
    in_log = bool(record.log) or record.driver == "server-log"
    if sign.kind == "alert":
        causes = (_ALERTS.get(sign.number, "tls.handshake-refused"),)
        if in_log:
            causes = (_ALERTS_TO_SERVER.get(sign.number, causes[0]),)
        weight = RULED + 10
    elif sign.kind == "tls-closed" and "atlas" in record.surroundings:
        causes = ("tcp.atlas-access-list", "tls.handshake-refused")
    elif sign.kind == "verify":
        causes = (_VERIFY[sign.number],)
        if in_log:
            causes = (VERIFY_CLIENT.get(sign.number, "tls.client-certificate-wrong-ca"), *causes)
        weight = RULED + 10 + (20 if sign.number == 23 else 0)
    elif sign.kind in _AFTER:
        causes = _AFTER[sign.kind]
        if sign.kind == "vague":
            weight = HEADLINE
        elif sign.kind in ("closed", "lost"):
            weight = 1000
        elif sign.kind == "unreached":
            weight = 900
        if sign.kind == "not-tls" and in_log:
            causes = ("tls.required",)  # what came from the client was no TLS
        if sign.kind == "closed" and _tls_asked(record):
            causes = ("tls.not-offered", "tls.handshake-refused")
        if sign.kind in ("unknown-name", "silent", "refused") and any(s.kind == "dns" for s in record.signs):
            weight -= 400  # it is the name server's trouble
            certainty = Certainty.POSSIBLE
        if sign.kind == "silent" and len(record.signs) > 1:
            weight -= 100  # what waited tells less than what answered
    else:
        return
    for rank, cause in enumerate(causes):
        if in_log and sign.kind == "verify" and rank:
            certainty = Certainty.POSSIBLE  # the server is a client itself, of another member
        yield Guess(weight=weight - 20 * rank, cause=cause, certainty=certainty, at=sign.at)


def _tls_asked(record: Record) -> bool:
    return any(a.options.get("tls", a.options.get("ssl", "")).lower() == "true" for a in record.addresses)
