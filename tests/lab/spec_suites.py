"""MongoDB's own suites about deployments, as PyMongo's source distribution carries them, and PyMongo's view of them.

``packaging/dev.py test`` fetches them; they are not in this repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bson.json_util
from pymongo.asynchronous.settings import TopologySettings
from pymongo.asynchronous.topology import _is_stale_server_description  # type: ignore[attr-defined]
from pymongo.errors import AutoReconnect, NetworkTimeout
from pymongo.hello import Hello
from pymongo.server_description import ServerDescription
from pymongo.topology_description import TopologyDescription, updated_topology_description
from pymongo.uri_parser_shared import _validate_uri

ROOT = Path(__file__).resolve().parents[2]
SUITES = ROOT / ".cache" / "pymongo-4.20.0"
FETCH = "The test suites of MongoDB are missing: run `python3 packaging/dev.py test`, which fetches them first."


def documents(*folders: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every JSON file below some folders of the suites, with a short name."""
    for folder in folders:
        for file in sorted((SUITES / folder).rglob("*.json")):
            name = str(file.relative_to(SUITES / folder.partition("/")[0]).with_suffix(""))
            yield name, bson.json_util.loads(file.read_text(encoding="utf-8"))


def split(address: str) -> tuple[str, int]:
    """``host:port`` in PyMongo's form."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


@dataclass
class Play:
    """One case of discovery_and_monitoring, played into PyMongo's own description of the deployment."""

    case: dict[str, Any]

    def __post_init__(self) -> None:
        parsed = _validate_uri(self.case["uri"], warn=True)
        options = parsed["options"]
        settings = TopologySettings(
            seeds=parsed["nodelist"],
            replica_set_name=options.get("replicaSet"),
            direct_connection=options.get("directConnection"),
            load_balanced=options.get("loadBalanced", False),
        )
        self.description = TopologyDescription(
            settings.get_topology_type(),
            settings.get_server_descriptions(),
            settings.replica_set_name,
            None,
            None,
            settings,
        )
        if settings.load_balanced:  # nothing is asked there, see pymongo.asynchronous.topology
            balancer = Hello({"ok": 1, "serviceId": 1, "maxWireVersion": 13})
            self._take(ServerDescription(next(iter(settings.seeds)), balancer))

    def phases(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """After each phase: the latest answer of every server that was asked, and the outcome that is expected."""
        latest: dict[str, Any] = {}
        for phase in self.case["phases"]:
            for address, answer in phase.get("responses", ()):
                latest[address] = answer
                self._answer(address, answer)
            for error in phase.get("applicationErrors", ()):
                self._lost(error)
            yield latest, phase["outcome"]

    def _answer(self, address: str, answer: dict[str, Any]) -> None:
        if split(address) not in self.description.server_descriptions():
            return
        if answer:
            server = ServerDescription(split(address), Hello(answer), 0.01)
        else:
            server = ServerDescription(split(address), error=AutoReconnect("no answer"))
        self._take(server)

    def _take(self, server: ServerDescription) -> None:
        known = self.description.server_descriptions().get(server.address)
        if known is None or not _is_stale_server_description(known, server):
            self.description = updated_topology_description(self.description, server)

    def _lost(self, error: dict[str, Any]) -> None:
        """A connection that the application used broke: where nothing says otherwise the server counts as lost."""
        if error["type"] == "network":
            lost = ServerDescription(split(error["address"]), error=NetworkTimeout("broken"))
            self._take(lost)


def _settled(case: dict[str, Any]) -> bool:
    """Whether each server answers once: what it says at another time is no matter of one look at all of them."""
    asked = [address for phase in case["phases"] for address, _ in phase.get("responses", ())]
    answers = [answer for phase in case["phases"] for _, answer in phase.get("responses", ())]
    undated = [a for a in answers if a.get("isWritablePrimary") and a.get("setName") and not a.get("electionId")]
    errors = any(phase.get("applicationErrors") for phase in case["phases"])
    # Of two primaries without an election the later answer counts, and one look has no order.
    return len(asked) == len(set(asked)) and not errors and len({a["setName"] for a in undated}) == len(undated)


ONE_LOOK = [
    (name, case)
    for name, case in documents(
        "discovery_and_monitoring/rs", "discovery_and_monitoring/single", "discovery_and_monitoring/sharded"
    )
    if _settled(case)
]
"""Cases of discovery_and_monitoring, with their names, that one look at all servers comes to the end of."""
_SERVES = {"RSPrimary", "Standalone", "Mongos", "LoadBalancer"}


def serves(case: dict[str, Any], outcome: dict[str, Any]) -> bool:
    """Whether a read of the primary finds a server in that outcome."""
    kinds = {server["type"] for server in outcome["servers"].values()}
    single = case["uri"].endswith("directConnection=true") and outcome["topologyType"] == "Single"
    return bool(outcome.get("compatible", True) and kinds & _SERVES) or (single and "RSSecondary" in kinds)
