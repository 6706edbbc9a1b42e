"""Findings about the driver on this computer, and the last word when nothing else explains a failure."""

from __future__ import annotations

from collections.abc import Iterable

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.hello import answers_nothing_else
from clearline.core.diagnosis.server_selection import Outlook, outlook
from clearline.core.diagnosis.standing import answered, is_connected, open_addresses
from clearline.core.facts.login import DriverState
from clearline.core.facts.servers import A_READ
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Json, Stage

PACKAGE_OF = {
    "pymongo_auth_aws": "pymongo[aws]",
    "kerberos": "pymongo[gssapi]",
    "gssapi": "pymongo[gssapi]",
    "winkerberos": "pymongo[gssapi]",
    "snappy": "pymongo[snappy]",
    "zstandard": "pymongo[zstd]",
    "backports.zstd": "pymongo[zstd]",
    "zlib": "a Python with zlib",
}
_NETWORK_TIMEOUT = "pymongo.errors.NetworkTimeout"
_COMPRESSOR_OF = {"snappy": "snappy", "zstandard": "zstd", "backports.zstd": "zstd", "zlib": "zlib"}


def missing_package(facts: Facts) -> Iterable[Finding]:
    """An auth mechanism whose library is not installed."""
    for name in facts.computer.missing_packages:
        if name not in _COMPRESSOR_OF:
            yield finding(
                "driver.missing-package",
                Certainty.PROVEN,
                evidence={"import": name},
                mechanism=facts.uri.options.get("authMechanism", "This"),
                package=facts.computer.how_to_get.get(name, PACKAGE_OF.get(name, name)),
            )


def compressors(facts: Facts) -> Iterable[Finding]:
    """Compressors that cannot be used, here or there."""
    missing = {_COMPRESSOR_OF[n] for n in facts.computer.missing_packages if n in _COMPRESSOR_OF}
    for name in sorted(missing):
        yield finding("driver.compressor-missing", Certainty.PROVEN, evidence={"compressor": name}, name=name)
    asked = [c for c in facts.uri.options.get("compressors") or () if c not in missing]
    live = answered(facts)
    if asked and live and is_connected(facts) and not any(set(asked) & set(h.compression) for _, h in live):
        yield finding(
            "driver.compression-not-offered",
            Certainty.PROVEN,
            evidence={m.address: list(h.compression) for m, h in live},
            names=", ".join(asked),
        )


def last_word(facts: Facts) -> Finding:
    """The finding for a failed check that no rule explains: said plainly, rather than guessed."""
    driver = facts.driver
    message = driver.words or driver.message or "PyMongo found no suitable server in time"
    evidence: dict[str, Json] = {"exception": driver.exception, "code": driver.code, "state": driver.state.value}
    if (
        found := _too_long(facts)
        or _too_small(facts)
        or _unreadable(facts)
        or _cut_off(facts)
        or _refused(facts, evidence)
    ):
        return found
    healthy = outlook(facts) is Outlook.POSSIBLE and driver.state is not DriverState.NOT_STARTED
    code = "driver.disagrees" if healthy and driver.code is None else "driver.unexplained"
    several = next((m for m in facts.members if len(open_addresses(m)) > 1), None)
    words = several and (
        f"{several.host} has several addresses ({listed(open_addresses(several), most=4)}), and PyMongo goes to the "
        "first that opens: another server may stand there than the one that answered the probes."
    )
    return finding(code, Certainty.POSSIBLE, evidence=evidence, detail=words or "", message=message)


def _too_long(facts: Facts) -> Finding | None:
    """A server that the probes reach, and the driver's longer first word does not."""
    member = next((m for m, _ in answered(facts) if m.long_hello_lost), None)
    if member is None:
        return None
    return finding(
        "tcp.large-packets-lost",
        Certainty.LIKELY,
        stage=Stage.DRIVER,
        server=member.address,
        evidence={"short hello": "answered", "long hello": "no answer"},
        summary=f"{member.host} answers a short hello at once, and one as long as a driver's not at all.",
        detail="A firewall that reads MongoDB's messages, and holds back what it does not know, looks the same.",
        host=member.host,
    )


_UNREADABLE = frozenset({"pymongo.errors.ProtocolError", "bson.errors.InvalidBSON", "TypeError", "KeyError"})
"""What PyMongo raises at an answer whose form it cannot read."""


def _unreadable(facts: Facts) -> Finding | None:
    """Hello is answered as by MongoDB, and a read is not."""
    driver = facts.driver
    if driver.raised_by != "read" or driver.exception not in _UNREADABLE or not answered(facts):
        return None
    server = driver.server or answered(facts)[0][0].address
    return finding(
        "hello.malformed",
        Certainty.LIKELY,
        stage=Stage.DRIVER,
        server=server,
        evidence={"exception": driver.exception},
        summary=f"{server} answers hello as MongoDB does, and a read in a form that PyMongo cannot read.",
        host=server,
        what="a read",
    )


_TOO_LARGE = "pymongo.errors.DocumentTooLarge"
_ANY_COMMAND = 1024
"""No MongoDB allows documents that are smaller than this, bytes."""


def _too_small(facts: Facts) -> Finding | None:
    """A server that allows no document as large as the driver's own commands."""
    sizes = [(h.max_bson_size, m.address) for m, h in answered(facts) if h.max_bson_size is not None]
    if facts.driver.exception != _TOO_LARGE or not sizes or min(sizes)[0] >= _ANY_COMMAND:
        return None
    size, server = min(sizes)
    return finding(
        "hello.malformed",
        Certainty.PROVEN,
        stage=Stage.DRIVER,
        server=server,
        evidence={"exception": _TOO_LARGE, "maxBsonObjectSize": size},
        means=f"It allows documents of {size} bytes, and MongoDB allows 16,777,216: the driver's own commands are "
        "larger, so it sends none. Something that imitates MongoDB, or changes its answers on the way, says such.",
        host=server,
        what=f"maxBsonObjectSize is {size}",
    )


def _cut_off(facts: Facts) -> Finding | None:
    """Hello is answered, and the login or every other command is not."""
    login, live = facts.login, answered(facts)
    if login.failed_step is not None and login.code is None and live and facts.driver.exception != _TURNED_DOWN:
        address = login.server or live[0][0].address
        silent = login.silent or facts.driver.exception == _NETWORK_TIMEOUT
        return finding(
            "auth.no-answer",
            Certainty.LIKELY,
            server=address,
            evidence={"failed_step": login.failed_step, "exception": facts.driver.exception},
            detail=_SLOW_LOGIN if silent else "",
            how="keeps silent" if silent else "ends the connection",
            host=address,
        )
    if facts.driver.unanswered == A_READ and live and facts.driver.exception != _TURNED_DOWN:
        address = facts.driver.server or live[0][0].address
        return finding(
            "hello.answers-nothing-else",
            Certainty.LIKELY,
            server=address,
            evidence={"unanswered": A_READ, "exception": facts.driver.exception},
            how="hangs" if facts.driver.exception == _NETWORK_TIMEOUT else "is cut off",
            host=address,
        )
    return next((found for m, _ in live if (found := answers_nothing_else(facts, m))), None)


_SLOW_LOGIN = (
    "A server that takes longer over a login than a check waits looks the same; PyMongo itself waits for "
    "connectTimeoutMS, 20 s where it is not set."
)
_TURNED_DOWN = "pymongo.errors.OperationFailure"
"""What PyMongo raises at an answer that says no, with or without a code."""
_NO_CODE = "MongoDB gives a code with such words, and these have none: another product, or something in front, says so."
_READ_CONCERN = frozenset({123, 148})
"""Server codes NotAReplicaSet and ReadConcernMajorityNotEnabled."""


_READ_CODES = {
    70: (
        "A router says so whose cluster has no shard yet, or lost the one that held the database.",
        "sh.status() on the router lists the shards; sh.addShard() adds one.",
    ),
    146: (
        "The server has not enough memory for what it was asked.",
        "Look at the server's load and memory; it is not the connection.",
    ),
    14031: (
        "The server's disk is full, or nearly so.",
        "Make room on the disk of the server's data folder; it is not the connection.",
    ),
}
"""Server codes ShardNotFound, ExceededMemoryLimit and OutOfDiskSpace: what each means, and what helps."""


def _refused(facts: Facts, evidence: dict[str, Json]) -> Finding | None:
    """The server's own words for a code that stands for many causes."""
    driver, login = facts.driver, facts.login
    words = driver.words or driver.code_name or "no message"
    if (driver.code is None and driver.exception != _TURNED_DOWN) or not answered(facts):
        return None
    told = f"{driver.code} ({driver.code_name})" if driver.code_name else str(driver.code)
    blanks = {"words": words, "code": told}
    means = "" if driver.code is not None else _NO_CODE
    if login.failed_step is not None or driver.raised_by == "login":
        return finding(
            "auth.login-refused",
            Certainty.LIKELY,
            server=login.server,
            evidence={**evidence, **blanks},
            means=means,
            fill=blanks,
        )
    if driver.raised_by == "read":
        host = driver.server or "The server"
        level = facts.uri.options.get("readConcernLevel")
        if driver.code in _READ_CONCERN and level is not None:
            return finding(
                "access.read-refused",
                Certainty.LIKELY,
                server=driver.server,
                evidence={**evidence, **blanks},
                means=f"readConcernLevel={level} asks for more than it can do: linearizable and snapshot are for "
                "members of a set alone, and some sets have majority switched off.",
                fix="Remove readConcernLevel, or connect to a set that knows it.",
                patch={"reads": {"readConcernLevel": None}},
                fill={**blanks, "host": host},
            )
        told_means, fix = _READ_CODES.get(driver.code or 0, ("", ""))
        return finding(
            "access.read-refused",
            Certainty.LIKELY,
            server=driver.server,
            evidence={**evidence, **blanks},
            means=told_means or means,
            fix=fix,
            fill={**blanks, "host": host},
        )
    return None


RULES = (missing_package, compressors)
