"""Checklist rules on what travels: reads, writes, retries, the rest of the options."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from clearline.core.checklist.rule import OPTIONS_DOCS, Advice, Look, advice, passed, warning
from clearline.core.options.packages import missing_for_compressor

_OPERATION_MS: Final = 30_000
_STALENESS_S: Final = 120


def _retries(look: Look) -> Iterator[Advice]:
    options = look.profile.options
    if look.without_retries:
        if options.retry_writes is not False:
            yield warning(
                "retries.refused",
                f"{look.without_retries} refuses retryable writes.",
                "They are on unless retryWrites=false says otherwise, and every write fails with “Retryable writes are"
                " not supported”.",
                "retryWrites",
                fix="Switch them off.",
                patch={"options": {"retryWrites": False}},
            )
        return
    for name, value, what in (
        ("retryReads", options.retry_reads, "read"),
        ("retryWrites", options.retry_writes, "write"),
    ):
        if value is False:
            yield advice(
                f"retries.{what}s",
                f"{name} is off.",
                f"Without it a {what} fails whenever a primary steps down or a connection breaks; with it the driver"
                " repeats it once.",
                name,
                fix=f"Use the default: every {what} may be repeated once.",
                patch={"options": {name: None}},
                docs=f"core/retryable-{what}s/",
            )
        else:
            yield passed(f"retries.{what}s", f"A {what} is repeated once after a network error.", name)


def _writes(look: Look) -> Iterator[Advice]:
    writes = look.profile.writes
    if writes.w == 0:
        yield warning(
            "writes.unconfirmed",
            "w=0: no server confirms a write.",
            "A write that the server refuses is lost without an error.",
            "w",
            fix="Wait for the majority.",
            patch={"writes": {"w": "majority"}},
            docs="reference/write-concern/",
        )
    elif writes.w == 1 and not look.local:
        yield advice(
            "writes.one",
            "w=1: a write counts as done once the primary has it.",
            "If the primary fails before others have it, the write is rolled back although your program saw a success.",
            "w",
            fix="Wait for the majority.",
            patch={"writes": {"w": "majority"}},
            docs="reference/write-concern/",
        )
    else:
        words = "what the server says, the majority since MongoDB 5.0" if writes.w is None else f"w={writes.w}"
        yield passed("writes.majority", f"A write waits for {words}.", "w")
    if writes.journal is False and not look.local:
        yield advice(
            "writes.journal",
            "journal=false: a write counts as done before it is on any disk.",
            "A power failure can undo what your program believes to be saved.",
            "journal",
            fix="Leave it to the server.",
            patch={"writes": {"journal": None}},
            docs="reference/write-concern/#j-option",
        )


def _reads(look: Look) -> Iterator[Advice]:
    reads = look.profile.reads
    away = reads.preference not in (None, "primary")
    if away and reads.max_staleness_seconds in (None, -1) and look.several and not look.local:
        yield advice(
            "reads.staleness",
            f"readPreference={reads.preference} reads from a secondary however far it lags.",
            "During a resync or a long build of an index that can be hours.",
            "maxStalenessSeconds",
            "readPreference",
            fix="Leave out members that lag more than two minutes.",
            patch={"reads": {"maxStalenessSeconds": _STALENESS_S}},
            docs="core/read-preference-staleness/",
        )
    elif away and look.several:
        yield passed("reads.staleness", "Secondaries that lag too far are left out.", "maxStalenessSeconds")
    if reads.concern_level == "linearizable" and not look.limited:
        yield warning(
            "reads.linearizable",
            "Linearizable reads have no time limit.",
            "When the majority is away such a read never returns.",
            "readConcernLevel",
            "timeoutMS",
            fix="End every operation after 30 s.",
            patch={"timeouts": {"timeoutMS": _OPERATION_MS}},
            docs="reference/read-concern-linearizable/",
        )


def _other(look: Look) -> Iterator[Advice]:
    options, profile = look.profile.options, look.profile
    if options.app_name:
        yield passed("app-name", f"The server's logs will name {options.app_name}.", "appName")
    elif not look.local:
        name = profile.name.strip() or (f"{profile.seeds.database}-app" if profile.seeds.database else "")
        name = name.encode()[:128].decode(errors="ignore")
        yield advice(
            "app-name",
            "The application has no name.",
            "With appName the server's logs, its profiler and currentOp say whose connection or slow query it is.",
            "appName",
            fix=f"Call it {name}." if name else "",
            patch={"options": {"appName": name}} if name else None,
            docs=OPTIONS_DOCS + "appName",
        )
    yield from _compression(look)
    if look.atlas:
        if options.server_api is None:
            yield advice(
                "server-api",
                "No version of the Stable API is declared.",
                "Atlas upgrades clusters by itself. With version 1 declared, the commands in it keep their behaviour.",
                "server_api",
                fix="Declare version 1. Commands outside of it still work.",
                patch={"options": {"server_api": "1"}},
                docs="reference/stable-api/",
            )
        else:
            yield passed("server-api", f"Version {options.server_api} of the Stable API is declared.", "server_api")
    if options.uuid_representation and options.uuid_representation.endswith("Legacy"):
        yield advice(
            "uuid",
            f"UUIDs are stored as {options.uuid_representation}.",
            "Other drivers read other UUIDs from the same bytes. Keep it only for data that is stored so; new data"
            " belongs to standard.",
            "uuidRepresentation",
        )
    if options.unicode_decode_error_handler == "ignore":
        yield advice(
            "unicode",
            "Characters that are no UTF-8 vanish without a word.",
            "A document that is read and saved again has lost them.",
            "unicode_decode_error_handler",
            fix="Use the default: say so.",
            patch={"options": {"unicode_decode_error_handler": None}},
        )


def _compression(look: Look) -> Iterator[Advice]:
    names = look.profile.options.compressors
    missing = [name for name in names if missing_for_compressor(name)]
    if missing:
        there = [name for name in names if name not in missing]
        yield warning(
            "compression.missing",
            f"{' and '.join(missing)} cannot be used: the library is not installed.",
            "The driver warns and goes on without it.",
            "compressors",
            fix="Offer only what is there.",
            patch={"options": {"compressors": there or None}},
            docs=OPTIONS_DOCS + "compressors",
        )
    elif names:
        yield passed("compression", f"Messages are compressed with {names[0]} where the server can.", "compressors")
    elif not look.local:
        offered = [name for name in ("zstd", "zlib") if not missing_for_compressor(name)]
        yield advice(
            "compression",
            "Messages are not compressed.",
            "Documents usually shrink to a third: faster over slow lines, cheaper where traffic is paid for.",
            "compressors",
            fix=f"Offer {' and '.join(offered)}.",
            patch={"options": {"compressors": offered}},
            docs=OPTIONS_DOCS + "compressors",
        )


RULES: Final[tuple[Callable[[Look], Iterator[Advice]], ...]] = (_writes, _retries, _reads, _other)
"""In the order in which they are told."""
