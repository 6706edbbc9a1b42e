"""Advice on profiles: each piece appears where it belongs, its fix ends it, and a good profile gets none."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.checklist.checklist import checklist, open_items
from clearline.core.checklist.rule import Advice, Importance
from clearline.core.options import packages
from clearline.core.options.catalogue import lookup
from clearline.core.profiles.profile import Options, Profile, Seeds, patched
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.uri import connection_string

GOOD = (
    "mongodb+srv://app:sesame-street@c0.abcde.mongodb.net/shop"
    "?appName=shop&timeoutMS=30000&compressors=zstd,zlib&w=majority"
)
SET = "mongodb://app:sesame-street@db1.example.com,db2.example.com/shop?tls=true&replicaSet=rs0"


def advise(text: str, **changes: Options | str) -> dict[str, Advice]:
    reading = connection_string.read(text)
    profile = msgspec.structs.replace(reading.profile, **changes)
    return {item.code: item for item in checklist(profile, reading.secrets)}


def opened(text: str, **changes: Any) -> set[str]:
    return {code for code, item in advise(text, **changes).items() if item.importance is not Importance.PASSED}


CASES = [
    ("mongodb://app:pw@db1.example.com/", "tls.off"),
    ("mongodb+srv://app:pw@c0.abcde.mongodb.net/?tls=false", "tls.atlas"),
    (SET + "&tlsInsecure=true", "tls.unverified"),
    (SET + "&tlsAllowInvalidCertificates=true", "tls.unverified"),
    (SET + "&tlsAllowInvalidHostnames=true", "tls.unverified"),
    ("mongodb://db1.example.com/?tls=true", "login.none"),
    ("mongodb://app:pw@db1.example.com/?authMechanism=PLAIN&authSource=$external", "login.in-clear"),
    (SET + "&authMechanism=SCRAM-SHA-1", "login.sha-1"),
    ("mongodb://app:pw@db1.example.com,db2.example.com/?tls=true", "seeds.set-name"),
    ("mongodb://app:pw@db1.example.com/?tls=true&replicaSet=rs0", "seeds.one-seed"),
    ("mongodb://app:pw@db1.example.com/?tls=true&replicaSet=rs0&directConnection=true", "seeds.direct"),
    ("mongodb://app:pw@10.1.2.3,10.1.2.4/?tls=true&replicaSet=rs0", "seeds.names"),
    (
        "mongodb://app:pw@c0-shard-00-00.abcde.mongodb.net,c0-shard-00-01.abcde.mongodb.net/?tls=true&replicaSet=x",
        "seeds.srv-for-atlas",
    ),
    (
        "mongodb://app:pw@c0-shard-00-00-abcde.mongodb.net,c0-shard-00-01-abcde.mongodb.net/?ssl=true",
        "seeds.srv-for-atlas",
    ),
    (SET + "&useUnifiedTopology=true&keepAlive=true", "options.old"),
    (SET + "&waitQueueMultiple=5", "options.wait-queue-multiple"),
    (SET + "&fsync=true", "options.fsync"),
    (SET + "&maxPoolSize=0", "pool.unbounded"),
    (SET + "&maxPoolSize=10&minPoolSize=20", "pool.bounds"),
    (SET + "&maxPoolSize=1000", "pool.large"),
    (SET + "&minPoolSize=80", "pool.idle"),
    ("mongodb://app:pw@lb.example.com/?tls=true&loadBalanced=true", "pool.firewall"),
    ("mongodb+srv://app:pw@c0-pl-0.abcde.mongodb.net/", "pool.firewall"),
    (SET + "&connectTimeoutMS=40000", "times.order"),
    (SET + "&serverSelectionTimeoutMS=5000", "times.order"),
    (SET + "&connectTimeoutMS=0", "times.connect-for-ever"),
    (SET + "&connectTimeoutMS=2000&serverSelectionTimeoutMS=5000", "times.election"),
    (SET, "times.unlimited"),
    (SET + "&timeoutMS=9000&socketTimeoutMS=5000&wTimeoutMS=100", "times.superseded"),
    (SET + "&socketTimeoutMS=5000", "times.socket"),
    (SET + "&socketTimeoutMS=60000", "times.wait-queue"),
    (SET + "&heartbeatFrequencyMS=600000", "times.heartbeat"),
    (SET + "&retryReads=false", "retries.reads"),
    (SET + "&retryWrites=false", "retries.writes"),
    ("mongodb://app:pw@d.cluster-x.eu-west-1.docdb.amazonaws.com/?tls=true", "retries.refused"),
    ("mongodb://app:pw@x.mongo.cosmos.azure.com:10255/?tls=true", "retries.refused"),
    (SET + "&w=0", "writes.unconfirmed"),
    (SET + "&w=1", "writes.one"),
    (SET + "&journal=false", "writes.journal"),
    (SET + "&readPreference=secondaryPreferred", "reads.staleness"),
    (SET + "&readConcernLevel=linearizable", "reads.linearizable"),
    (SET, "app-name"),
    (SET, "compression"),
    ("mongodb+srv://app:pw@c0.abcde.mongodb.net/", "server-api"),
    (SET + "&uuidRepresentation=javaLegacy", "uuid"),
    (SET + "&unicode_decode_error_handler=ignore", "unicode"),
]


@pytest.mark.parametrize(("text", "code"), CASES)
def test_each_piece_of_advice_appears_where_it_belongs(text: str, code: str) -> None:
    item = advise(text)[code]
    assert item.importance is not Importance.PASSED
    assert item.title.endswith((".", "?"))
    assert item.why.endswith(".")
    assert item.remedy is not None or item.fields


@pytest.mark.parametrize(("text", "code"), CASES)
def test_its_fix_is_a_patch_that_ends_it_and_breaks_nothing(text: str, code: str) -> None:
    reading = connection_string.read(text)
    remedy = advise(text)[code].remedy
    if remedy is None:
        return
    after = patched(reading.profile, remedy.patch)
    assert code not in {item.code for item in open_items(checklist(after, reading.secrets))}
    written = connection_string.build(after, reading.secrets, show="plain")
    severe = [m.cause for m in connection_string.read(written).mistakes if m.severity.value == "failure"]
    before = [m.cause for m in reading.mistakes if m.severity.value == "failure"]
    assert [cause for cause in severe if cause not in before] == []


def test_a_good_profile_has_nothing_open_and_what_is_in_order_is_listed() -> None:
    options = connection_string.read(GOOD).profile.options
    found = advise(GOOD, options=msgspec.structs.replace(options, server_api="1"))
    assert [item.code for item in open_items(tuple(found.values()))] == []
    assert {"tls.verified", "times.order", "pool.bounds", "writes.majority", "retries.writes"} <= found.keys()


@pytest.mark.parametrize(
    "text", ["localhost:27017", "mongodb://127.0.0.1/", "mongodb://[::1]:27017/", "mongodb://%2Ftmp%2Fmongodb.sock/"]
)
def test_a_deployment_on_this_computer_gets_no_demands(text: str) -> None:
    assert opened(text) == set()


def test_a_profile_without_a_host_gets_no_advice() -> None:
    assert checklist(Profile()) == ()
    assert checklist(Profile(seeds=Seeds(hosts=("",)))) == ()


def test_documentdb_with_retries_off_is_in_order() -> None:
    assert "retries.refused" not in opened("mongodb://a:b@x.docdb.amazonaws.com/?tls=true&retryWrites=false")
    assert "retries.writes" not in opened("mongodb://a:b@x.docdb.amazonaws.com/?tls=true&retryWrites=false")


def test_the_profiles_name_is_proposed_as_the_applications_name() -> None:
    item = advise(SET, name="Orders prod")["app-name"]
    assert item.remedy.patch == {"options": {"appName": "Orders prod"}}
    long = advise(SET, name="é" * 100)["app-name"]
    assert len(long.remedy.patch["options"]["appName"].encode()) <= 128


def test_without_any_name_the_field_is_named_instead() -> None:
    item = advise("mongodb+srv://app:pw@c0.abcde.mongodb.net/")["app-name"]
    assert (item.remedy, item.fields) == (None, ("appName",))


@pytest.mark.parametrize("place", ["notes", "name", "folder"])
def test_a_password_in_the_profiles_texts_is_found_masked_and_never_repeated(place: str) -> None:
    item = advise(SET, **{place: "the password is sesame-street"})["file.secret"]
    assert item.importance is Importance.WARNING
    assert "sesame" not in msgspec.json.encode(item).decode()


def test_a_connection_string_with_a_password_in_the_notes_is_found_without_knowing_it() -> None:
    item = advise(SET, notes="old one: mongodb://root:hunter22@db9.example.com/")["file.secret"]
    assert item.remedy.patch == {"notes": "old one: mongodb://root:***@db9.example.com/"}


def test_a_password_that_is_also_the_users_name_is_no_find() -> None:
    profile = connection_string.read("mongodb://application:application@db1.example.com/").profile
    profile = msgspec.structs.replace(profile, notes="for the application")
    found = {i.code: i for i in checklist(profile, {PASSWORD: Secret("application")})}
    assert found["file.secret"].importance is Importance.PASSED


def test_a_compressor_without_its_library_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda name: name != "snappy")
    item = advise(SET + "&compressors=snappy,zlib")["compression.missing"]
    assert item.remedy.patch == {"options": {"compressors": ["zlib"]}}


def test_old_options_are_removed_and_misspelt_ones_kept() -> None:
    item = advise(SET + "&useUnifiedTopology=true&maxPoolSiez=5")["options.old"]
    after = patched(connection_string.read(SET + "&useUnifiedTopology=true&maxPoolSiez=5").profile, item.remedy.patch)
    assert [entry.name for entry in after.unread] == ["maxPoolSiez"]


def test_options_that_carry_references_are_not_called_old() -> None:
    assert "options.old" not in opened(SET + "&maxPoolSize=${POOL}")


def test_warnings_come_first_and_what_is_in_order_last() -> None:
    order = [item.importance for item in checklist(connection_string.read(SET + "&w=0").profile)]
    assert order == sorted(order, key=list(Importance).index)
    assert len(set(order)) == 3


def test_no_code_appears_twice() -> None:
    for text, _ in CASES:
        codes = [item.code for item in checklist(connection_string.read(text).profile)]
        assert len(codes) == len(set(codes)), text


def test_every_field_that_is_named_exists() -> None:
    known = {"hosts", "user", "name", "notes", "folder"}
    named = {field for text, code in CASES for item in [advise(text)[code]] for field in item.fields}
    assert {field for field in named if lookup(field) is None} - known == {"useUnifiedTopology", "keepAlive"}


@given(st.text(max_size=60), st.text(max_size=40), st.integers(0, 10**9), st.text(max_size=30))
def test_no_profile_makes_it_raise(text: str, name: str, size: int, app: str) -> None:
    profile = connection_string.read("mongodb://" + text).profile
    pool = msgspec.structs.replace(profile.pool, max_pool_size=size)
    profile = msgspec.structs.replace(profile, name=name, notes=text, pool=pool, options=Options(app_name=app))
    assert all(isinstance(item, Advice) for item in checklist(profile, {PASSWORD: Secret(name)}))


def test_it_takes_less_than_a_millisecond() -> None:
    reading = connection_string.read(CASES[12][0] + "&useUnifiedTopology=true&w=1&retryReads=false")
    checklist(reading.profile, reading.secrets)
    times = []
    for _ in range(50):
        began = time.perf_counter()
        checklist(reading.profile, reading.secrets)
        times.append(time.perf_counter() - began)
    assert sorted(times)[25] < 0.001
