"""Servers, roles and changes, folded from the driver's own descriptions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Code, MinKey, ObjectId
from pymongo.asynchronous.settings import TopologySettings
from pymongo.errors import AutoReconnect
from pymongo.hello import Hello
from pymongo.server_description import ServerDescription
from pymongo.topology_description import TopologyDescription, updated_topology_description

from clearline.core.watch.topology import ChangeKind, TopologyFold

HOSTS = ("a:27017", "b:27017", "c:27017")


def address(host: str) -> tuple[str, int]:
    name, _, port = host.partition(":")
    return name, int(port)


class Story:
    """A replica set as the driver would describe it, one hello after another."""

    def __init__(self, *seeds: str) -> None:
        settings = TopologySettings(seeds=[address(seed) for seed in seeds], replica_set_name="rs0")
        self.description = TopologyDescription(
            settings.get_topology_type(), settings.get_server_descriptions(), "rs0", None, None, settings
        )
        self.fold = TopologyFold(lambda text: text.replace("s3cret", "***"))
        self.now = 0.0
        self.election = 1
        self.look()

    def look(self) -> bool:
        self.now += 1.0
        return self.fold.observe(self.description, self.now, 1000.0 + self.now)

    def hello(self, host: str, role: str, *, hosts: tuple[str, ...] = HOSTS, **more: Any) -> Story:
        document = {"ok": 1, "setName": "rs0", "hosts": list(hosts), "me": host, "maxWireVersion": 17, **more}
        document |= {"minWireVersion": 0, "setVersion": 1}
        if role == "primary":
            document |= {"isWritablePrimary": True, "electionId": ObjectId(f"{self.election:024x}")}
            self.election += 1
        else:
            document[role] = True
        return self.take(ServerDescription(address(host), Hello(document), 0.002))

    def lost(self, host: str, text: str = "gone") -> Story:
        return self.take(ServerDescription(address(host), error=AutoReconnect(text)))

    def take(self, server: ServerDescription) -> Story:
        self.description = updated_topology_description(self.description, server)
        self.look()
        return self

    @property
    def lines(self) -> list[str]:
        return [change.text for change in self.fold.snapshot().changes]


def full_set() -> Story:
    return (
        Story("a:27017")
        .hello("a:27017", "primary")
        .hello("b:27017", "secondary", tags={"dc": "west"})
        .hello("c:27017", "secondary")
    )


def test_servers_are_told_with_all_that_hello_says() -> None:
    snapshot = full_set().fold.snapshot()
    assert (snapshot.kind, snapshot.set_name, snapshot.primary) == ("ReplicaSetWithPrimary", "rs0", "a:27017")
    a, b, _ = snapshot.servers
    assert (a.address, a.role, a.seed, a.known) == ("a:27017", "RSPrimary", True, True)
    assert (b.role, b.seed, dict(b.tags), b.wire_version, b.set_name) == (
        "RSSecondary",
        False,
        {"dc": "west"},
        17,
        "rs0",
    )
    assert b.hosts == HOSTS
    assert b.known_by == HOSTS
    assert b.rtt_ms == 2.0


def test_a_secondary_that_falls_behind_is_measured_against_the_primary() -> None:
    def written(seconds: float) -> dict[str, Any]:
        return {"lastWrite": {"lastWriteDate": datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)}}

    story = full_set().hello("a:27017", "primary", **written(10_000)).hello("b:27017", "secondary", **written(9_500))
    behind = {server.address: server.behind_s for server in story.fold.snapshot().servers}
    assert behind["b:27017"] == pytest.approx(500, abs=1)
    assert (behind["a:27017"], behind["c:27017"]) == (None, None), "the primary itself, and one that does not tell"


def test_finding_the_members_is_told_in_order() -> None:
    assert full_set().lines == [
        "b:27017 is a new member.",
        "c:27017 is a new member.",
        "a:27017 is primary.",
        "b:27017 is secondary.",
        "c:27017 is secondary.",
    ]


def test_an_election_is_told_with_the_old_primary_first() -> None:
    story = full_set().hello("a:27017", "secondary").hello("b:27017", "primary")
    assert story.lines[-4:] == [
        "a:27017 is secondary now; it was primary.",
        "The deployment is now ReplicaSetNoPrimary; it was ReplicaSetWithPrimary.",
        "b:27017 was elected primary, in place of a:27017.",
        "The deployment is now ReplicaSetWithPrimary; it was ReplicaSetNoPrimary.",
    ]
    elected = story.fold.snapshot().changes[-2]
    assert (elected.kind, elected.server, elected.before, elected.after) == (
        ChangeKind.ELECTED,
        "b:27017",
        "RSSecondary",
        "RSPrimary",
    )
    assert (elected.at_s, elected.at) == (story.now, 1000.0 + story.now)


def test_a_lost_server_and_its_return_are_told_without_secrets() -> None:
    story = full_set().lost("b:27017", "cut, s3cret").hello("b:27017", "secondary")
    assert story.lines[-2:] == [
        "b:27017 does not answer any more: AutoReconnect: cut, ***.",
        "b:27017 is back as secondary.",
    ]
    kinds = [change.kind for change in story.fold.snapshot().changes[-2:]]
    assert kinds == [ChangeKind.LOST, ChangeKind.BACK]


def test_a_server_that_was_lost_may_come_back_with_another_version() -> None:
    story = full_set()
    story.fold.pinged("b:27017", 1.0, "6.0.5")
    story.lost("b:27017")
    assert story.fold.version("b:27017") is None


def test_a_server_that_is_back_is_told_apart_from_one_that_stands_in_its_place() -> None:
    first, second = ({"processId": ObjectId(f"{n:024x}"), "counter": 1} for n in (1, 2))
    story = full_set().hello("b:27017", "secondary", topologyVersion=first)
    story.lost("b:27017").hello("b:27017", "secondary", topologyVersion=first)
    assert story.lines[-1] == "b:27017 is back as secondary: the same process as before."
    assert story.fold.returned_since(0) == {"b:27017": True}
    story.lost("b:27017").hello("b:27017", "secondary", topologyVersion=second)
    assert story.lines[-1] == (
        "b:27017 is back as secondary: "
        "another process than before, so it was restarted, or another server answers there."
    )
    assert story.fold.returned_since(0) == {"b:27017": False}
    assert not story.fold.returned_since(story.now + 1)


def test_a_member_that_leaves_is_told_and_forgotten() -> None:
    story = full_set()
    story.fold.pinged("c:27017", 1.0, "6.0.5")
    story.hello("a:27017", "primary", hosts=HOSTS[:2])
    assert story.lines[-1] == ("c:27017 is not named by the set any more: it was removed, or it is hidden now.")
    assert [server.address for server in story.fold.snapshot().servers] == ["a:27017", "b:27017"]
    assert story.fold.version("c:27017") is None


def test_looking_twice_changes_nothing() -> None:
    story = full_set()
    before = story.fold.snapshot()
    assert not story.look()
    assert story.fold.snapshot() is before


def test_another_heartbeat_is_no_change_of_roles_but_its_time_is_told() -> None:
    story = full_set()
    lines = story.lines
    story.description = updated_topology_description(
        story.description, story.description.server_descriptions()["b", 27017]
    )
    story.fold.heartbeat("b:27017", 77.0)
    assert not story.look()
    assert story.lines == lines
    assert story.fold.snapshot().servers[1].heartbeat_at_s == 77.0


def test_pings_versions_and_errors_are_kept_with_the_server() -> None:
    story = full_set()
    story.fold.pinged("b:27017", 1.5, "6.0.5")
    story.fold.failure("b:27017", 9.0, "no answer")
    story.fold.pinged("b:27017", None)
    server = story.fold.snapshot().servers[1]
    assert (server.ping_ms, server.version, server.last_error, server.last_error_at_s) == (
        None,
        "6.0.5",
        "no answer",
        9.0,
    )


def test_another_client_repeats_nothing_but_tells_what_is_new() -> None:
    story = full_set()
    lines = story.lines
    story.fold.begin_anew(str)
    again = Story("a:27017")
    again.fold, again.now = story.fold, story.now
    again.look()
    again.hello("a:27017", "primary").hello("b:27017", "secondary")
    assert again.lines == lines
    again.lost("c:27017")
    assert again.lines[len(lines) :] == ["c:27017 does not answer any more: AutoReconnect: gone."]


def test_the_diary_is_bounded() -> None:
    story = full_set()
    for _ in range(150):
        story.lost("b:27017").hello("b:27017", "secondary")
    assert len(story.fold.snapshot().changes) == 200


@pytest.mark.parametrize("odd", [MinKey(), b"\0", ["x" * 5], Code("x", {"y": 1}), 7])
def test_tags_that_are_no_document_are_none(odd: object) -> None:
    story = Story("a:27017").hello("a:27017", "primary", tags=odd)
    assert {server.address: server.tags for server in story.fold.snapshot().servers}["a:27017"] == {}
