"""Findings about what the logged-in user may do."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.products import is_ferretdb, is_genuine
from clearline.core.diagnosis.standing import answered, is_connected
from clearline.core.facts.login import Privilege
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Severity, Stage

NOT_ALLOWED = (13, 8000)
"""Server code Unauthorized, and AtlasError, which the proxy of shared Atlas clusters answers instead."""
NEARLY_FULL = 0.8
"""Share of the server's connections from which on it is worth a word."""
_DEFAULT_POOL = 100
_ANY_ACTION = "anyAction"
"""What a server lists in place of every single action."""
_WRITES = frozenset({"insert", "update", "remove"})


def _on(privilege: Privilege, database: str) -> bool:
    if privilege.cluster or privilege.collection.startswith("system."):
        return False  # A role of the cluster's operator may look at those, and at nothing that holds data.
    return privilege.any_resource or privilege.database in ("", database)


def _actions(facts: Facts, database: str | None) -> set[str]:
    """All actions allowed somewhere in one database; in any database for None."""
    return {
        action
        for p in facts.access.privileges
        if _on(p, p.database if database is None else database)
        for action in p.actions
    }


def rights(facts: Facts) -> Iterable[Finding]:
    """No role, no right to read, or no right to write on the database that the profile names."""
    access, database = facts.access, facts.uri.database
    if not (is_connected(facts) and access.asked and access.user) or is_ferretdb(facts):
        return
    user = access.user.rpartition("@")[0] or access.user
    named = database or access.read_database or "test"
    # Another product may keep rights in its own way, and list none.
    told = Certainty.PROVEN if is_genuine(facts) else Certainty.LIKELY
    evidence = {"user": access.user, "roles": list(access.roles), "database": named, "read_code": access.read_code}
    if not access.roles and not access.privileges:
        yield finding("access.no-roles", told, evidence=evidence, user=user, database=named)
        return
    if access.privileges:
        allowed = _actions(facts, database)
        if _ANY_ACTION in allowed:
            return
        refused, certainty = "find" not in allowed, told
    else:  # A server that does not list privileges: the one read tells, where the profile names its database.
        allowed = {"find", *_WRITES}
        refused, certainty = database is not None and access.read_code in NOT_ALLOWED, Certainty.LIKELY
    if refused:
        yield finding(
            "access.no-privilege",
            certainty,
            evidence=evidence,
            user=user,
            database=f"database {database}" if database else "any database",
            roles=listed(access.roles),
        )
    elif database is not None and not allowed & _WRITES:
        yield finding("access.read-only", told, evidence=evidence, user=user, database=database)


def diagnostics(facts: Facts) -> Iterable[Finding]:
    """The server's diagnostic commands are out of reach, as is normal."""
    access = facts.access
    if is_connected(facts) and access.user and access.diagnostics_code in NOT_ALLOWED:
        user = access.user.rpartition("@")[0] or access.user
        yield finding("access.no-diagnostics", Certainty.PROVEN, evidence={"code": access.diagnostics_code}, user=user)


def writes_blocked(facts: Facts) -> Iterable[Finding]:
    """The server is locked for a backup; a secondary is locked for one as a rule, and takes no writes anyway."""
    if not facts.access.fsync_locked:
        return
    server = facts.driver.server or (facts.members[0].address if len(facts.members) == 1 else None)
    kind = next((h.kind for m, h in answered(facts) if m.address == server), None)
    takes_writes = kind in ("primary", "standalone")
    away = kind in ("secondary", "hidden")
    yield finding(
        "pool.writes-blocked",
        Certainty.PROVEN if takes_writes else Certainty.LIKELY,
        stage=Stage.ACCESS,
        severity=Severity.NOTE if away else None,
        server=server,
        evidence={"fsyncLock": True, "kind": kind},
        summary=f"{server} is locked for a backup (fsyncLock)." if away else "",
        detail="It is a secondary: writes to the primary go on, and those with w above 1 may wait for it."
        if away
        else "",
        host=server or "the server",
    )


def nearly_full(facts: Facts) -> Iterable[Finding]:
    """The server's connections are used up but for a few, and what this profile could take of the rest."""
    current, left = facts.access.connections_current, facts.access.connections_available
    if current is None or left is None or current < NEARLY_FULL * (current + left) or current + left == 0:
        return
    if left == 0 and not is_genuine(facts):
        return  # Another product fills in what the protocol asks for: none left would have turned this check away.
    most = facts.uri.options.get("maxPoolSize", _DEFAULT_POOL)
    servers = max(1, len(facts.members))
    could = "without limit" if most == 0 else f"up to {most} of them per process ({most * servers} over all servers)"
    server = facts.driver.server
    yield finding(
        "pool.nearly-full",
        Certainty.PROVEN if is_genuine(facts) else Certainty.LIKELY,
        stage=Stage.ACCESS,
        server=server,
        evidence={"current": current, "available": left, "active": facts.access.connections_active},
        detail=f"{listed(facts.access.holders)} hold the most." if facts.access.holders else "",
        host=server or "The server",
        current=current,
        limit=current + left,
        left=left,
        could=could,
    )


RULES: tuple[Callable[[Facts], Iterable[Finding]], ...] = (rights, diagnostics, writes_blocked, nearly_full)
