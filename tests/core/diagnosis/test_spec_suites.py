"""MongoDB's suites for discovery, server selection and staleness judge what the probes' hellos are taken for."""

from __future__ import annotations

from typing import Any

import pytest

from all_rows import all_rows
from clearline.core.diagnosis.assembly import assemble
from clearline.core.diagnosis.server_selection import Outlook, outlook, suitable
from clearline.core.diagnosis.standing import answered
from clearline.core.facts.servers import Hello, MemberFacts, Reach
from clearline.core.facts.whole import Facts
from clearline.core.probes.hello import parse_hello
from clearline.core.uri.connection_string import read
from lab.hand_made_deployments import dead
from lab.hand_made_facts import NOW, facts, member, plain
from lab.spec_suites import FETCH, ONE_LOOK, SUITES, Play, documents, serves

_ROLES = {
    "RSPrimary": {"primary"},
    "RSSecondary": {"secondary"},
    "RSArbiter": {"arbiter"},
    "RSOther": {"other", "hidden"},
    "RSGhost": {"ghost"},
    "Standalone": {"standalone"},
    "Mongos": {"router"},
}
SELECTION = [pytest.param(case, id=name) for name, case in documents("server_selection/server_selection")]
STALENESS = [pytest.param(case, id=name) for name, case in documents("max_staleness") if not case.get("error")]


def test_the_suites_are_there() -> None:
    assert SUITES.is_dir(), FETCH
    assert len(ONE_LOOK) >= 50
    assert len(SELECTION) >= 80
    assert len(STALENESS) >= 25


def _looked_at(case: dict[str, Any]) -> tuple[Facts, dict[str, Any]]:
    """What probes would have learnt of the deployment when everything has answered, and what PyMongo makes of it."""
    *_, (latest, outcome) = Play(case).phases()
    profile = read(case["uri"]).facts
    seeds = profile.hosts
    named = {
        a for answer in latest.values() for kind in ("hosts", "passives", "arbiters") for a in answer.get(kind, ())
    }
    members = []
    for address in (*seeds, *sorted(named - set(seeds))):
        host = address.rpartition(":")[0]
        answer = latest.get(address)
        if answer:
            members.append(member(plain(parse_hello(answer)), host=host, address=address, seed=address in seeds))
        else:
            members.append(dead(host, Reach.REFUSED, address=address, seed=address in seeds))
    return Facts(uri=profile, members=tuple(members)), outcome


@all_rows("case", [pytest.param(case, id=name) for name, case in ONE_LOOK])
def test_one_look_at_all_servers_comes_to_the_outcome(case: dict[str, Any]) -> None:
    known, outcome = _looked_at(case)
    roles = {m.address: h.kind for m, h in answered(known)}
    for address, server in outcome["servers"].items():
        if server["type"] in _ROLES and address in roles:
            assert roles[address] in _ROLES[server["type"]]
    assert (outlook(known) is Outlook.POSSIBLE) is serves(case, outcome)
    primaries = [address for address, server in outcome["servers"].items() if server["type"] == "RSPrimary"]
    told = assemble(known, profile_name="", started=NOW, elapsed_ms=1.0).deployment
    if primaries and told is not None:
        assert told.primary == primaries[0]


def _hello(server: dict[str, Any]) -> Hello:
    kind = server["type"]
    write = server.get("lastWrite", {}).get("lastWriteDate")
    fields: dict[str, Any] = {
        "tags": server.get("tags", {}),
        "max_wire_version": 21,
        "set_name": "rs" if kind.startswith("RS") else None,
        "is_writable_primary": kind in ("RSPrimary", "Standalone", "Mongos"),
        "secondary": kind == "RSSecondary",
        "arbiter_only": kind == "RSArbiter",
        "msg": "isdbgrid" if kind == "Mongos" else None,
        "service_id": "s" if kind == "LoadBalancer" else None,
        "last_write_s": None if write is None else int(write) / 1000,
    }
    return Hello(**fields)


def _members(case: dict[str, Any]) -> list[MemberFacts]:
    servers = [s for s in case["topology_description"]["servers"] if s["type"] not in ("Unknown", "PossiblePrimary")]
    return [member(plain(_hello(s)), host=s["address"].partition(":")[0], address=s["address"]) for s in servers]


def _options(case: dict[str, Any]) -> dict[str, Any]:
    preference = case["read_preference"]
    mode = preference.get("mode", "Primary")
    options: dict[str, Any] = {"readPreference": mode[0].lower() + mode[1:]}
    if sets := [tags for tags in preference.get("tag_sets", ()) if tags or len(preference["tag_sets"]) > 1]:
        options["readPreferenceTags"] = sets
    if "maxStalenessSeconds" in preference:
        options["maxStalenessSeconds"] = preference["maxStalenessSeconds"]
    if "heartbeatFrequencyMS" in case:
        options["heartbeatFrequencyMS"] = case["heartbeatFrequencyMS"]
    return options


@all_rows("case", SELECTION)
def test_a_member_is_suitable_where_the_suite_says_so(case: dict[str, Any]) -> None:
    kind = case["topology_description"]["type"]
    options = {"readPreference": "primary"} if case["operation"] == "write" else _options(case)
    known = facts(*_members(case), options=options)
    wanted = {server["address"] for server in case["suitable_servers"]}
    if kind.startswith("ReplicaSet"):
        # PyMongo takes the primary for secondaryPreferred and nearest only where nothing else fits better.
        fits = {m.address for m, h in answered(known) if suitable(known, h)}
        assert wanted <= fits
        assert bool(wanted) == bool(fits)
    elif kind == "Sharded":
        assert bool(wanted) == bool(answered(known))
    else:
        assert {m.address for m, _ in answered(known)} >= wanted


@all_rows("case", STALENESS)
def test_nothing_is_called_stale_that_pymongo_takes(case: dict[str, Any]) -> None:
    known = facts(*_members(case), options=_options(case))
    if case["topology_description"]["type"].startswith("ReplicaSet"):
        fits = {m.address for m, h in answered(known) if suitable(known, h)}
        assert {server["address"] for server in case["suitable_servers"]} <= fits
