"""Refused logins, and what a server's own number means."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from clearline.core.explain.record import Record
from clearline.core.explain.rules.guess import Guess
from clearline.core.findings import Certainty

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
    352: ("hello.too-new", "app.client-too-old"),
    354: ("topology.load-balanced-mismatch",),
    10107: ("pool.failover", "topology.direct-to-secondary", "topology.balancer-in-front"),
    11600: ("pool.server-went-away",),
    11602: ("pool.failover",),
    13435: ("topology.direct-to-secondary",),
    13436: ("topology.recovering",),
    16500: ("hello.cosmosdb-throttled",),
    17189: ("tls.required",),
    498870: ("hello.api-version-required",),
}


def server_codes(record: Record, text: str) -> Iterator[Guess]:
    """What a server's own number means."""
    numbers = {s.number: s.at for s in record.signs if s.kind == "code"}
    for number, at in numbers.items():
        for place, cause in enumerate(_CODES.get(number, ())):
            yield Guess(weight=1900 - 10 * place, cause=cause, at=at)
    if 18 in numbers:
        yield from _refused_login(record, numbers[18], 1950)


def metadata_service(record: Record, text: str) -> Iterator[Guess]:
    """The address at which clouds hand out credentials did not."""
    if (found := re.search(r"169\.254\.(?:169\.254/latest|170\.2)", text)) or (
        found := re.search(r"not authorized to perform:? sts:\w+", text, re.IGNORECASE)
    ):
        wrong_role = "sts:" in found[0]
        yield Guess(
            weight=2600, cause="auth.wrong-aws-role" if wrong_role else "auth.aws-no-credentials", words=found[0]
        )


def login(record: Record, text: str) -> Iterator[Guess]:
    """A refused login that is told without a number."""
    if any(s.kind == "code" and s.number in (18, 8000) for s in record.signs) or record.log:
        return
    if found := re.search(
        r"(?<!ssh_exception\.AuthenticationException: )Authentication failed(?! because|, see inner)"
        r"|Exception authenticating|auth failed|Unable to authenticate|SCRAM failure"
        r"|sasl(?:Continue|Start) failed",
        text,
        re.IGNORECASE,
    ):
        guesses = list(_refused_login(record, None, 1700))
        if re.search(r"saslStart failed(?!: Unsupported mechanism)", text):
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
    yield Guess(weight=weight - 10, cause="auth.unknown-user", certainty=Certainty.POSSIBLE, at=at)
    yield Guess(weight=weight - 20, cause="auth.wrong-authsource", certainty=Certainty.POSSIBLE, at=at)
