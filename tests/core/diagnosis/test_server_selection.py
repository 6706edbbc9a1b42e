"""Whether the driver can still succeed: PyMongo's own server selection is the judge."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo import common
from pymongo.hello import Hello as DriverHello
from pymongo.read_preferences import make_read_preference, read_pref_mode_from_name
from pymongo.server_description import ServerDescription
from pymongo.topology_description import TOPOLOGY_TYPE, TopologyDescription, updated_topology_description

from clearline.core.diagnosis import server_selection as selection
from clearline.core.diagnosis.server_selection import Outlook, has_failed, outlook
from clearline.core.diagnosis.standing import is_connected
from clearline.core.facts.login import DriverFacts, DriverState
from clearline.core.facts.names import DnsFacts, DnsOutcome, Question
from clearline.core.facts.servers import Hello, MemberFacts
from clearline.core.facts.text import Mistake
from clearline.core.facts.whole import Facts
from clearline.core.findings import Severity
from examples import examples
from lab.hand_made_deployments import GHOST, ROUTER, SRV, THREE, dead, in_set, live
from lab.hand_made_facts import HELLO, facts, member, plain

# ---------------------------------------------------------------- against the driver itself

ADDRESSES = ("a:1", "b:1", "c:1")


def hellos() -> st.SearchStrategy[Hello | None]:
    """What one server may say: nothing, or any kind of answer, with any list of members and name of its own."""
    hosts = st.lists(st.sampled_from(ADDRESSES), unique=True, max_size=3).map(tuple)
    members = st.builds(
        in_set,
        st.sampled_from(("primary", "secondary", "arbiter", "hidden", "other")),
        st.sampled_from(("rs0", "rsB")),
        hosts,
        me=st.sampled_from((None, *ADDRESSES)),
        tags=st.sampled_from(({}, {"dc": "east"})),
    )
    return st.one_of(st.none(), st.just(HELLO), st.just(ROUTER), st.just(GHOST), members)


def document(hello: Hello) -> dict[str, Any]:
    fields = {
        "ok": 1,
        "isWritablePrimary": hello.is_writable_primary,
        "secondary": hello.secondary,
        "arbiterOnly": hello.arbiter_only,
        "hidden": hello.hidden,
        "setName": hello.set_name,
        "isreplicaset": hello.is_replica_set,
        "msg": hello.msg,
        "me": hello.me,
        "hosts": list(hello.hosts),
        "tags": hello.tags,
        "minWireVersion": 0,
        "maxWireVersion": 17,
    }
    return {name: value for name, value in fields.items() if value not in (None, False)}


class Settings:
    """As much of pymongo's TopologySettings as server selection reads."""

    heartbeat_frequency = 10
    local_threshold_ms = 15
    _srv_max_hosts = 0
    _topology_id = None

    def __init__(self, seeds: tuple[str, ...]) -> None:
        self.seeds = {common.clean_node(seed) for seed in seeds}


def descriptions(known: Facts, order: tuple[str, ...]) -> Iterator[TopologyDescription]:
    """What the driver knows after each answer when the servers answer in that order, twice each."""
    wanted = known.uri.options.get("replicaSet")
    initial = TOPOLOGY_TYPE.Unknown if wanted is None else TOPOLOGY_TYPE.ReplicaSetNoPrimary
    if known.uri.options.get("directConnection"):
        initial = TOPOLOGY_TYPE.Single
    settings_ = Settings(known.uri.hosts)
    servers = {seed: ServerDescription(seed) for seed in settings_.seeds}
    now = TopologyDescription(initial, servers, wanted, None, None, settings_)  # type: ignore[arg-type]
    for address in (*order, *order, *order):
        node, found = common.clean_node(address), known.member(address)
        hello = found.exchanges[0].hello if found and found.exchanges else None
        if node not in now.server_descriptions() or hello is None:
            continue
        answer = ServerDescription(node, DriverHello(document(hello)), round_trip_time=0.001)
        now = updated_topology_description(now, answer)
        yield now


def driver_may_select(known: Facts) -> bool:
    mode = read_pref_mode_from_name(selection.read_mode(known))
    selector = make_read_preference(mode, selection.wanted_tags(known) or None)
    orders = itertools.permutations([m.address for m in known.members])
    return any(now.apply_selector(selector) for order in orders for now in descriptions(known, order))


MODES = ("primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest")


@examples(400)
@given(
    st.lists(hellos(), min_size=3, max_size=3),
    st.integers(1, 3),
    st.sampled_from((None, "rs0")),
    st.sampled_from(MODES),
    st.booleans(),
)
def test_the_outlook_is_what_pymongo_would_find_in_some_order_of_answers(
    answers: list[Hello | None], seeds: int, wanted: str | None, mode: str, tagged: bool
) -> None:
    options: dict[str, Any] = {"readPreference": mode} | ({"replicaSet": wanted} if wanted else {})
    if tagged and mode != "primary":
        options["readPreferenceTags"] = [{"dc": "east"}]
    everybody = [
        MemberFacts(
            address=address,
            host=address[0],
            port=1,
            seed=index < seeds,
            exchanges=(plain(answer),) if answer else (),
            finished=True,
        )
        for index, (address, answer) in enumerate(zip(ADDRESSES, answers, strict=True))
    ]
    met, found = list(ADDRESSES[:seeds]), []
    while met:  # A server is examined when it is a seed, or advertised by one that is.
        address = met.pop(0)
        one = next(m for m in everybody if m.address == address)
        found.append(one)
        hosts = one.exchanges[0].hello.hosts if one.exchanges and one.exchanges[0].hello else ()
        met += [h for h in hosts if h not in met and h not in [m.address for m in found]]
    known = facts(*found, options=options, hosts=ADDRESSES[:seeds])
    # Possible for the driver must never be impossible here. The other way round the driver has the last word.
    if driver_may_select(known):
        assert outlook(known) is Outlook.POSSIBLE
    elif all(not m.exchanges or is_ordinary(m) for m in found):
        assert outlook(known) is Outlook.IMPOSSIBLE


def is_ordinary(one: MemberFacts) -> bool:
    """Whether a server says about itself what real ones say: its own name, in its own list, of the one set."""
    hello = one.exchanges[0].hello
    assert hello is not None
    return hello.set_name in (None, "rs0") and (hello.set_name is None or (one.address in hello.hosts and not hello.me))


# ---------------------------------------------------------------- the deployment


def asked(outcome: DnsOutcome, *records: str, purpose: str = "srv") -> Question:
    return Question(
        name="c0.example.com", type=purpose, nameserver="192.0.2.53", purpose=purpose, outcome=outcome, records=records
    )


NAMED = asked(DnsOutcome.ANSWERED, "0 0 27017 db1.example.com")
LOOKUPS = [
    ((NAMED, asked(DnsOutcome.NODATA, purpose="txt")), Outlook.PENDING),
    ((NAMED, asked(DnsOutcome.SILENT, purpose="txt")), Outlook.IMPOSSIBLE),
    ((asked(DnsOutcome.NXDOMAIN),), Outlook.IMPOSSIBLE),
    ((asked(DnsOutcome.SILENT),), Outlook.IMPOSSIBLE),
]


@pytest.mark.parametrize(("questions", "expected"), LOOKUPS)
def test_without_an_srv_answer_or_a_word_about_txt_there_is_no_way(
    questions: tuple[Question, ...], expected: Outlook
) -> None:
    assert outlook(facts(dns=DnsFacts(questions=questions, finished=True), **SRV)) is expected
    assert outlook(facts(dns=DnsFacts(questions=questions), **SRV)) is Outlook.PENDING


def test_a_single_server_behind_an_srv_name_is_as_good_as_one_in_the_text() -> None:
    assert outlook(facts(live(HELLO), **SRV)) is Outlook.POSSIBLE
    assert outlook(facts(live(HELLO), live(HELLO, "db2"), **SRV)) is Outlook.IMPOSSIBLE


def test_of_many_srv_targets_the_driver_takes_as_many_as_it_is_told() -> None:
    limited = {**SRV, "options": {"tls": False, "srvMaxHosts": 1}}
    assert outlook(facts(live(HELLO), live(HELLO, "db2"), **limited)) is Outlook.POSSIBLE


def test_the_same_seed_twice_is_one_seed() -> None:
    assert outlook(facts(live(HELLO), hosts=("db1:27017", "db1:27017"))) is Outlook.POSSIBLE


def test_a_member_that_is_still_asked_keeps_the_outlook_open() -> None:
    assert outlook(facts(dead("db1"), dead("db2", finished=False))) is Outlook.PENDING
    assert outlook(facts(dead("db1"), dead("db2"))) is Outlook.IMPOSSIBLE


def test_a_member_advertised_later_reopens_the_outlook() -> None:
    seed = live(in_set("secondary", hosts=THREE))
    assert outlook(facts(seed)) is Outlook.IMPOSSIBLE
    assert outlook(facts(seed, dead("db2", seed=False, finished=False))) is Outlook.PENDING
    assert outlook(facts(seed, live(in_set("primary", hosts=THREE), "db2", seed=False))) is Outlook.POSSIBLE


def test_a_single_server_where_the_set_advertises_a_member_is_no_member() -> None:
    seed = live(in_set("primary", hosts=("localhost:27017",), me="localhost:27017"))
    assert outlook(facts(seed, live(HELLO, "localhost", seed=False))) is Outlook.IMPOSSIBLE


def test_an_old_server_spoils_the_set_and_not_the_list_that_it_is_dropped_from() -> None:
    healthy = live(in_set("primary", hosts=THREE))
    old_member = live(in_set("secondary", hosts=THREE, max_wire_version=8), "db2")
    old_standalone = live(Hello(max_wire_version=8), "db9")
    assert outlook(facts(healthy, old_member)) is Outlook.IMPOSSIBLE
    assert outlook(facts(healthy, old_standalone)) is Outlook.POSSIBLE


@pytest.mark.parametrize(
    ("hello", "serves"),
    [
        (HELLO, True),
        (ROUTER, True),
        (in_set("secondary"), True),
        (in_set("hidden"), True),
        (in_set("arbiter"), False),
        (in_set("other"), False),
        (GHOST, False),
    ],
)
def test_a_direct_connection_serves_reads_at_any_member_with_data(hello: Hello, serves: bool) -> None:
    expected = Outlook.POSSIBLE if serves else Outlook.IMPOSSIBLE
    assert outlook(facts(live(hello), options={"directConnection": True})) is expected


def test_a_direct_connection_insists_on_the_set_name() -> None:
    options = {"directConnection": True, "replicaSet": "rs0"}
    assert outlook(facts(live(in_set("secondary")), options=options)) is Outlook.POSSIBLE
    assert outlook(facts(live(in_set("secondary", "rsB")), options=options)) is Outlook.IMPOSSIBLE


def test_a_load_balancer_gives_a_service_id() -> None:
    behind = Hello(service_id="65a0", msg="isdbgrid", max_wire_version=21)
    assert outlook(facts(live(behind), options={"loadBalanced": True})) is Outlook.POSSIBLE
    assert outlook(facts(live(HELLO), options={"loadBalanced": True})) is Outlook.IMPOSSIBLE


def test_a_mistake_that_the_driver_refuses_ends_it_before_any_contact() -> None:
    refused = Mistake(cause="uri.bad-port", severity=Severity.FAILURE)
    assert outlook(facts(live(HELLO), mistakes=(refused,))) is Outlook.IMPOSSIBLE


def test_the_driver_has_the_last_word() -> None:
    connected = facts(dead("db1"), connected=True)
    raised = facts(live(HELLO), driver=DriverFacts(state=DriverState.RAISED))
    assert is_connected(connected)
    assert not has_failed(connected)
    assert has_failed(raised)


def test_a_secondary_that_the_primary_does_not_list_serves_no_reader() -> None:
    first = Hello(set_name="rs0", is_writable_primary=True, hosts=("db1:27017",), me="db1:27017", max_wire_version=17)
    late = Hello(set_name="rs0", secondary=True, hosts=("db1:27017",), me="db2:27017", max_wire_version=17)
    both = (member(plain(first)), member(plain(late), host="db2"))
    secondary = {"readPreference": "secondary"}
    assert outlook(facts(*both, options=secondary)) is Outlook.IMPOSSIBLE
    assert outlook(facts(both[1], options=secondary)) is Outlook.POSSIBLE
    assert outlook(facts(*both)) is Outlook.POSSIBLE
