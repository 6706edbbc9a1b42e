"""What an import would do is said before it does it."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.exchange.imported import ImportedItem
from clearline.core.exchange.planning import Choice, State, apply, plan, what_differs
from clearline.core.profiles.profile import Auth, Pool, Profile, Seeds, Unread
from clearline.core.secrets.secret import PASSWORD, Secret

ORDERS = Profile(
    id="orders",
    name="Orders",
    folder="Work",
    colour="red",
    notes="mine",
    seeds=Seeds(hosts=("db1:27017",)),
    auth=Auth(user="app"),
)


def item(profile: Profile = ORDERS, **more: bool | dict[str, Secret] | str) -> ImportedItem:
    return ImportedItem(name=profile.name, profile=profile, **more)


def changed(**fields: Any) -> Profile:
    return msgspec.structs.replace(ORDERS, **fields)


def ours(profile: Profile = ORDERS, **more: dict[str, Secret]) -> ImportedItem:
    return item(profile, has_identity=True, whole=True, **more)


def test_what_is_not_there_yet_is_new_and_saved_unless_told_otherwise() -> None:
    [one] = plan([ours()], [])
    assert (one.state, one.default, one.choices) == (State.NEW, Choice.COPY, (Choice.COPY, Choice.SKIP))
    [saved] = apply([one], {})
    assert saved.profile == ORDERS
    assert apply([one], {0: Choice.SKIP}) == ()


def test_what_is_there_already_is_the_same_and_left_alone() -> None:
    [one] = plan([ours()], [ORDERS])
    assert (one.state, one.default, one.differences) == (State.SAME, Choice.SKIP, ())
    assert apply([one], {}, [ORDERS]) == ()


def test_what_differs_is_said_setting_by_setting() -> None:
    [one] = plan([ours(changed(seeds=Seeds(hosts=("db2",)), pool=Pool(max_pool_size=1), notes=""))], [ORDERS])
    assert one.state is State.CHANGED
    assert one.differences == (
        "notes: mine → not set",
        "pool.maxPoolSize: not set → 1",
        "seeds.hosts: db1:27017 → db2",
    )
    assert one.default is Choice.SKIP


def test_what_is_new_goes_into_the_folder_chosen_and_what_is_replaced_stays() -> None:
    brought = changed(id="0" * 32, name="Stock", folder="Team / West", seeds=Seeds(hosts=("db9:27017",)))
    planned = plan([ours(brought), ours(changed(pool=Pool(max_pool_size=5)))], [ORDERS])
    choices = {0: Choice.COPY, 1: Choice.REPLACE}
    new, replaced = apply(planned, choices, [ORDERS], into=" Imported ")
    assert (new.profile.folder, replaced.profile.folder) == ("Imported/Team/West", ORDERS.folder)
    assert apply(planned, choices, [ORDERS])[0].profile.folder == "Team / West"


def test_replacing_keeps_the_id_and_copying_gives_another_with_another_name() -> None:
    brought = changed(pool=Pool(max_pool_size=5))
    planned = plan([ours(brought)], [ORDERS])
    [replaced] = apply(planned, {0: Choice.REPLACE}, [ORDERS])
    assert (replaced.profile, replaced.replaces) == (brought, ORDERS)
    [copied] = apply(planned, {0: Choice.COPY}, [ORDERS])
    assert copied.profile.id != ORDERS.id
    assert (copied.profile.name, copied.replaces) == ("Orders (2)", None)


def test_a_list_without_ids_meets_its_profiles_by_where_they_lead_else_by_their_name() -> None:
    bare = Profile(name="db1", seeds=ORDERS.seeds, auth=ORDERS.auth)
    [same_place] = plan([item(bare)], [ORDERS])
    assert same_place.existing is ORDERS
    assert same_place.differences == ("name: Orders → db1",)
    elsewhere = Profile(name="orders", seeds=Seeds(hosts=("db9",)))
    [same_name] = plan([item(elsewhere)], [ORDERS])
    assert same_name.existing is ORDERS


def test_what_other_programs_have_no_place_for_survives_a_replacement() -> None:
    bare = Profile(name="Orders", seeds=Seeds(hosts=("db9",)), auth=ORDERS.auth)
    [saved] = apply(plan([item(bare)], [ORDERS]), {0: Choice.REPLACE}, [ORDERS])
    assert saved.profile == changed(seeds=Seeds(hosts=("db9",)))


def test_an_id_that_means_nothing_is_not_compared() -> None:
    stranger = Profile(id=ORDERS.id, name="Other", seeds=Seeds(hosts=("db9",)))
    [one] = plan([item(stranger)], [ORDERS])
    assert one.state is State.NEW
    [saved] = apply([one], {}, [ORDERS])
    assert saved.profile.id != ORDERS.id


def test_other_servers_for_the_saved_password_are_pointed_out() -> None:
    [one] = plan([ours(changed(seeds=Seeds(hosts=("evil",))))], [ORDERS])
    assert one.remarks == ("If you replace the saved one, the saved password would be used with other servers.",)
    [brings] = plan([ours(changed(seeds=Seeds(hosts=("evil",))), secrets={PASSWORD: Secret("x")})], [ORDERS])
    assert brings.remarks == ("It brings its password.",)


def test_what_is_broken_is_not_imported_by_itself() -> None:
    empty = ImportedItem(name="x", problem="There is no host.")
    refused = item(Profile(name="y", seeds=Seeds(hosts=("db1:0",))), problem="Port 0 is no port.")
    nothing, repairable = plan([empty, refused], [])
    assert (nothing.state, nothing.choices) == (State.INVALID, (Choice.SKIP,))
    assert (repairable.state, repairable.default) == (State.INVALID, Choice.SKIP)
    assert Choice.COPY in repairable.choices
    assert apply([nothing, repairable], {0: Choice.COPY}) == ()
    assert len(apply([nothing, repairable], {1: Choice.COPY})) == 1


def test_the_second_of_two_equal_ones_is_left_out() -> None:
    one, other = plan([ours(), ours()], [])
    assert (one.default, other.default) == (Choice.COPY, Choice.SKIP)
    assert other.remarks == ("It is in the file twice.",)
    saved = apply([one, other], {1: Choice.COPY})
    assert len({s.profile.id for s in saved}) == 2
    assert [s.profile.name for s in saved] == ["Orders", "Orders (2)"]


def test_no_secret_is_in_the_differences() -> None:
    hidden = changed(unread=(Unread(name="3t.sshPassword", value=None),), notes="mongodb://a:hunter2@b/")
    assert what_differs(ORDERS, hidden) == (
        "notes: mine → mongodb://a:***@b/",
        "not understood: not set → 3t.sshPassword=***",
    )


NAMES = st.sampled_from(["", "a", "A", "b"])
PROFILES = st.builds(
    Profile, id=st.sampled_from("123"), name=NAMES, seeds=st.builds(Seeds, hosts=st.sampled_from([("h",), ("i",)]))
)
ITEMS = st.builds(
    ImportedItem,
    name=NAMES,
    profile=st.none() | PROFILES,
    has_identity=st.booleans(),
    whole=st.booleans(),
    problem=st.sampled_from(["", "bad"]),
)


@given(
    st.lists(ITEMS, max_size=6),
    st.lists(PROFILES, max_size=3, unique_by=lambda p: p.id),
    st.dictionaries(st.integers(0, 5), st.sampled_from(Choice)),
)
def test_nothing_saved_is_lost_but_what_is_replaced(
    items: list[ImportedItem], existing: list[Profile], choices: dict[int, Choice]
) -> None:
    planned = plan(items, existing)
    saved = apply(planned, choices, existing)
    copies = [one.profile.id for one in saved if one.replaces is None]
    assert len(copies) == len(set(copies))
    assert not set(copies) & {profile.id for profile in existing}
    assert all(one.replaces in existing and one.profile.id == one.replaces.id for one in saved if one.replaces)
