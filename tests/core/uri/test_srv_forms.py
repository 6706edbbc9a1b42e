from __future__ import annotations

from msgspec.structs import replace

from clearline.core.profiles.profile import Profile
from clearline.core.uri import connection_string
from clearline.core.uri.srv_forms import TxtOptions, as_seed_list, as_srv, likely_srv_name

HOSTS = ("db1.abcde.lab.test:27017", "db2.abcde.lab.test:27017")
TXT = TxtOptions(auth_source="admin", replica_set="atlas-x1")


def read(text: str) -> Profile:
    return replace(connection_string.read(text).profile, id="p")


def text_of(profile: Profile) -> str:
    return connection_string.build(profile, {}, show="none")


def test_the_long_form_says_what_dns_said() -> None:
    long = as_seed_list(read("mongodb+srv://app@c0.abcde.lab.test/orders?retryWrites=true"), HOSTS, TXT)
    assert text_of(long) == (
        "mongodb://app@db1.abcde.lab.test:27017,db2.abcde.lab.test:27017/orders"
        "?replicaSet=atlas-x1&authSource=admin&tls=true&retryWrites=true"
    )


def test_what_the_profile_says_itself_counts_before_the_txt_record() -> None:
    profile = read("mongodb+srv://app@c0.abcde.lab.test/?authSource=people&replicaSet=rs0&tls=false")
    long = as_seed_list(profile, HOSTS, TXT)
    assert (long.auth.source, long.seeds.replica_set, long.tls.enabled) == ("people", "rs0", False)


def test_there_and_back_is_the_same() -> None:
    for text in (
        "mongodb+srv://app@c0.abcde.lab.test/orders?retryWrites=true",
        "mongodb+srv://c0.abcde.lab.test/",
        "mongodb+srv://app@c0.abcde.lab.test/?appName=x",
    ):
        short = read(text)
        assert as_srv(as_seed_list(short, HOSTS, TXT), "c0.abcde.lab.test", TXT) == short


def test_the_short_form_drops_what_it_cannot_say() -> None:
    profile = read("mongodb://db1.abcde.lab.test:27017/?directConnection=true&tls=false")
    short = as_srv(profile, "c0.abcde.lab.test", TXT)
    assert (short.seeds.direct_connection, short.tls.enabled) == (None, False)


def test_the_members_of_an_atlas_cluster_tell_its_name_and_newer_ones_do_not() -> None:
    hosts = tuple(f"cluster0-shard-00-0{n}.abcde.mongodb.net:27017" for n in range(3))
    assert likely_srv_name(hosts) == "cluster0.abcde.mongodb.net"
    assert likely_srv_name((*hosts, "db1.example.com:27017")) is None
    assert likely_srv_name(("ac-1a2b3c-shard-00-00.abcde.mongodb.net:27017",)) is None
    assert likely_srv_name(()) is None
