"""What a round of questions makes of the deployment: a pure function from answers to a state and its reason."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from clearline.core.diagnosis.catalogue import listed
from clearline.core.watch.health import HealthState
from clearline.core.watch.pool import PoolSnapshot
from clearline.core.watch.session import Answer, Outcome
from clearline.core.watch.topology import ServerState, TopologySnapshot

_NO_PRIMARY = "ReplicaSetNoPrimary"


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The state, and why. ``outage``: something is missing, so it is told as an outage."""

    state: HealthState
    why: str
    outage: bool = False
    missing: frozenset[str] = frozenset()
    """Servers that do not answer, the driver or us."""


def judged(
    answer: Answer,
    others: Iterable[Answer],
    topology: TopologySnapshot,
    *,
    busy: PoolSnapshot | None = None,
    usual_ms: float | None = None,
) -> Judgement:
    """What it is, after the server for reads gave ``answer`` and each other server that holds data one of ``others``.

    ``busy`` is the pool that is used up; ``usual_ms`` the usual time of an answer, where this one is far above it.
    """
    others = tuple(others)
    silent = {a.server for a in others if a.outcome is Outcome.SILENT and a.server}
    missing = tuple(s for s in topology.servers if not s.known or s.address in silent)
    gone = frozenset(server.address for server in missing)
    degraded = HealthState.DEGRADED
    if answer.outcome is Outcome.QUEUED:
        count = f"All {busy.in_use}" if busy else "All"
        return Judgement(state=degraded, why=f"{count} connections of the pool are busy.", outage=True, missing=gone)
    if answer.outcome is Outcome.SILENT:
        if not any(other.outcome is Outcome.ANSWERED for other in others):
            # No server was asked where the driver knows none: then it is the driver's knowledge that tells.
            why = f"{answer.server}: {answer.text}" if answer.server else lacking(topology, missing) or answer.text
            return Judgement(state=HealthState.DOWN, why=why, outage=True, missing=gone)
        why = lacking(topology, missing) or f"{answer.server or 'The server for reads'} does not answer; others do."
        return Judgement(state=degraded, why=why, outage=True, missing=gone)
    if why_lacking := lacking(topology, missing):
        return Judgement(state=degraded, why=why_lacking, outage=True, missing=gone)
    if usual_ms is not None and answer.rtt_ms is not None:
        why = f"The answer took {answer.rtt_ms:.0f} ms; {usual_ms:.0f} ms are usual."
        return Judgement(state=degraded, why=why)
    return Judgement(state=HealthState.HEALTHY, why="Every server answers.")


def lacking(topology: TopologySnapshot, missing: Iterable[ServerState] | None = None) -> str | None:
    """What a deployment lacks, as far as the driver knows (or ``missing`` says): a sentence; None: nothing."""
    if missing is None:
        missing = (server for server in topology.servers if not server.known)
    names = [server.address for server in missing]
    if topology.kind == _NO_PRIMARY and topology.set_name is not None and len(names) < len(topology.servers):
        return "There is no primary."
    if not names:
        return None
    return f"{listed(names)} {'does' if len(names) == 1 else 'do'} not answer."
