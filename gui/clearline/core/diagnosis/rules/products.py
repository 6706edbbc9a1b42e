"""Notes about the product that answers: an old MongoDB, or something that only speaks like it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.standing import answered
from clearline.core.facts.servers import Hello
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding

COMMAND_NOT_FOUND = 59
"""Server code CommandNotFound."""

DOCUMENTDB = (".docdb.amazonaws.com", ".docdb-elastic.amazonaws.com", ".docdb.amazonaws.com.cn")
COSMOSDB = (".cosmos.azure.com", ".cosmos.azure.cn", ".documents.azure.com", ".documents.azure.cn")
"""Host suffixes (pymongo.mongo_client_shared and those of other clouds and older accounts)."""

COMPATIBLE = (".firestore.goog", ".oraclecloudapps.com", ".oraclecloud.com")
"""Firestore and Oracle, which answer buildInfo as a MongoDB server does."""

_END_OF_LIFE = {  # https://www.mongodb.com/legal/support-policy/lifecycles; rapid releases end with the next major one
    "2.6": "2016-10", "3.0": "2018-02", "3.2": "2018-09", "3.4": "2020-01", "3.6": "2021-04", "4.0": "2022-04",
    "4.2": "2023-04", "4.4": "2024-02", "5.0": "2024-10", "5.1": "2022-07", "5.2": "2022-07", "5.3": "2022-07",
    "6.0": "2025-07", "6.1": "2023-08", "6.2": "2023-08", "6.3": "2023-08", "7.0": "2027-08", "7.1": "2024-10",
    "7.2": "2024-10", "7.3": "2024-10", "8.0": "2029-10",
}  # fmt: skip
"""Month of the last updates, by release."""
_SURE_SINCE = "2025-10"
"""Ends before this month are certain even where no clock is known."""
_DAY_S = 86400
_FIELDS_OF_MONGODB = frozenset({"version", "versionArray"})
"""What buildInfo of every MongoDB server has."""


def _named(facts: Facts, suffixes: tuple[str, ...]) -> str | None:
    """The first host, as typed or as found, that ends in one of the suffixes."""
    hosts = [seed.rpartition(":")[0] or seed for seed in (*facts.uri.hosts, *facts.driver.seeds)]
    hosts += [m.host for m in facts.members]
    return next((h for h in hosts if h.lower().rstrip(".").endswith(suffixes)), None)


def is_ferretdb(facts: Facts) -> bool:
    """Whether buildInfo names FerretDB."""
    return facts.access.ferretdb or any(m.extras is not None and m.extras.ferretdb for m in facts.members)


def product_named(facts: Facts) -> str | None:
    """The product other than MongoDB that buildInfo names."""
    return facts.access.product or next(
        (m.extras.product for m in facts.members if m.extras and m.extras.product), None
    )


def is_genuine(facts: Facts) -> bool:
    """Whether buildInfo proves that MongoDB's own build answers."""
    return facts.access.genuine is True or any(m.extras is not None and m.extras.genuine for m in facts.members)


def products(facts: Facts) -> Iterable[Finding]:
    """Servers that speak the protocol and are something else."""
    for code, suffixes in (("hello.cosmosdb", COSMOSDB), ("hello.documentdb", DOCUMENTDB)):
        if host := _named(facts, suffixes):
            writes = facts.uri.options.get("retryWrites")
            yield finding(
                code,
                Certainty.LIKELY,
                evidence={"host": host, "retryWrites": writes},
                patch={"options": {"retryWrites": False}} if writes is not False else None,
            )
            return
    if is_ferretdb(facts):
        yield finding("hello.ferretdb", Certainty.PROVEN, evidence={"buildInfo": "ferretdb"})
        return
    if product := product_named(facts):
        version = facts.access.product_version or next((m.extras.version for m in facts.members if m.extras), None)
        yield finding(
            "hello.compatible-server",
            Certainty.PROVEN,
            evidence={"buildInfo names": product},
            summary=f"This is {product}, which speaks MongoDB's protocol"
            + (f" as version {version}" if version else "")
            + " but is not MongoDB.",
        )
        return
    unknown = [m for m in facts.members if m.extras and m.extras.build_info_code == COMMAND_NOT_FOUND]
    fields = facts.access.build_info_fields
    missing = sorted(_FIELDS_OF_MONGODB.difference(fields)) if fields else []
    other = _named(facts, COMPATIBLE)
    strange = [m for m in facts.members if m.extras and m.extras.genuine is False]
    if strange and not (unknown or missing or other):
        yield finding(
            "hello.compatible-server",
            Certainty.LIKELY,
            server=strange[0].address,
            evidence={"buildInfo": "without what MongoDB's own builds list"},
            detail="Another build of MongoDB may look the same.",
        )
        return
    if unknown or missing or other:
        yield finding(
            "hello.compatible-server",
            Certainty.LIKELY,
            server=unknown[0].address if unknown else None,
            evidence={"host": other} if other else {"buildInfo": "unknown" if unknown else {"missing": missing}},
        )


def retryable_writes(facts: Facts) -> Iterable[Finding]:
    """Retryable writes are on, and the server does not know them."""
    if facts.uri.options.get("retryWrites") is False:
        return
    host = _named(facts, (*DOCUMENTDB, *COSMOSDB))
    would_retry = any(h.kind in ("primary", "router") for _, h in answered(facts))
    if host and would_retry:
        yield finding(
            "hello.no-retryable-writes",
            Certainty.LIKELY,
            evidence={"host": host},
            patch={"options": {"retryWrites": False}},
        )


def end_of_life(facts: Facts) -> Iterable[Finding]:
    """Releases that get no more updates, one note per release."""
    if is_ferretdb(facts) or product_named(facts) or _named(facts, (*DOCUMENTDB, *COSMOSDB, *COMPATIBLE)):
        return  # Their version is that of the protocol.
    told = set()
    for member, hello in answered(facts):
        if member.extras and member.extras.genuine is False:
            continue  # Its version is that of the protocol.
        version = member.extras.version if member.extras and member.extras.version else None
        if version is None and len(facts.members) == 1:
            version = facts.access.product_version
        release = ".".join((version or "").split(".")[:2])
        end = _END_OF_LIFE.get(release)
        if end is not None and end < _this_month(hello) and release not in told:
            told.add(release)
            yield finding(
                "hello.end-of-life",
                Certainty.PROVEN if is_genuine(facts) else Certainty.LIKELY,
                evidence={"version": version, "end": end},
                server=member.address,
                version=version,
                host=member.host,
                date=end,
            )


def _this_month(hello: Hello) -> str:
    """What the server's clock and this computer's agree on: a wrong one ends no release."""
    agreed = hello.local_time is not None and hello.clock_skew_s is not None and abs(hello.clock_skew_s) < _DAY_S
    return max((hello.local_time or "")[:7], _SURE_SINCE) if agreed else _SURE_SINCE


RULES: tuple[Callable[[Facts], Iterable[Finding]], ...] = (products, retryable_writes, end_of_life)
