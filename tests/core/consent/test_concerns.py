"""What a connection from elsewhere wants is told in sentences, asked once, and remembered as a hash."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clearline.core.consent.concerns import (
    ConcernKind,
    always_asked,
    asked_of_text,
    concerns,
    objections,
    sign_in_hosts,
)
from clearline.core.profiles.profile import Auth, Options, Profile, SecretSource, Seeds, Tls, Unread, Writes
from clearline.core.secrets.references import Variables
from clearline.core.uri.connection_string import build, read
from clearline.core.uri.filling_in import Edit, edited, places_in, undefined_places
from clearline.core.uri.parts import take_apart


def of_text(text: str) -> list[tuple[ConcernKind, str]]:
    return [(concern.kind, concern.value) for concern in concerns(read(text).profile)]


@pytest.mark.parametrize(
    "text",
    [
        "mongodb://app@db1.example.com/orders?replicaSet=rs0&w=majority",
        "mongodb+srv://app@cluster0.example.net/orders",
        "mongodb://db1/?tls=true&tlsInsecure=false&compressors=zstd",
        "mongodb://localhost:27017/?tls=false",
        "mongodb://app@db1/?authMechanism=MONGODB-AWS&authSource=%24external",
        "mongodb://db1/?tlsDisableOCSPEndpointCheck=true",
    ],
)
def test_an_ordinary_connection_string_asks_for_nothing(text: str) -> None:
    assert of_text(text) == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("mongodb://h/?tls=true&tlsInsecure=true", ConcernKind.SECURITY_OFF, "tlsInsecure"),
        (
            "mongodb://h/?tls=true&tlsAllowInvalidCertificates=true",
            ConcernKind.SECURITY_OFF,
            "tlsAllowInvalidCertificates",
        ),
        ("mongodb://h/?tls=true&tlsAllowInvalidHostnames=true", ConcernKind.SECURITY_OFF, "tlsAllowInvalidHostnames"),
        ("mongodb+srv://c.example.net/?tls=false", ConcernKind.SECURITY_OFF, "tls=false"),
        ("mongodb://h/?tls=true&tlsCAFile=/etc/ca.pem", ConcernKind.LOCAL_FILE, "/etc/ca.pem"),
        (
            "mongodb://h/?tls=true&tlsCertificateKeyFile=/home/me/key.pem",
            ConcernKind.LOCAL_FILE,
            "/home/me/key.pem",
        ),
        ("mongodb://%2Ftmp%2Fmongodb-27017.sock/", ConcernKind.LOCAL_FILE, "/tmp/mongodb-27017.sock"),
        ("mongodb://${HOME_HOST}.example.com/", ConcernKind.ENVIRONMENT, "HOME_HOST"),
        (
            "mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s",
            ConcernKind.IDENTITY,
            "k8s",
        ),
        ("mongodb://h/?authMechanism=MONGODB-AWS", ConcernKind.IDENTITY, "aws"),
        ("mongodb://me@h/?authMechanism=GSSAPI", ConcernKind.IDENTITY, "kerberos"),
        (
            "mongodb://me@h/?authMechanism=GSSAPI&authMechanismProperties=SERVICE_NAME:HTTP,SERVICE_HOST:intranet",
            ConcernKind.IDENTITY,
            "kerberos HTTP intranet",
        ),
        ("mongodb://h/?authMechanism=${M}", ConcernKind.IDENTITY, "mechanism"),
        ("mongodb://${U}@h/?authMechanism=MONGODB-AWS", ConcernKind.IDENTITY, "aws"),
        ("mongodb+srv://c.example.net/?tls=${T}", ConcernKind.SECURITY_OFF, "tls=false"),
    ],
)
def test_what_a_text_wants_is_named(text: str, kind: ConcernKind, value: str) -> None:
    assert (kind, value) in of_text(text)


def test_a_switch_that_is_a_reference_counts_as_switched() -> None:
    assert (ConcernKind.SECURITY_OFF, "tlsInsecure") in of_text("mongodb://h/?tls=true&tlsInsecure=${X}")


def test_every_sentence_names_what_it_is_about_and_no_secret() -> None:
    profile = Profile(
        seeds=Seeds(hosts=("db1", "/tmp/x.sock")),
        auth=Auth(user="app", allow_plain_without_tls=True),
        tls=Tls(insecure=True, ca_file="ca.pem", crl_file="crl.pem", certificate_key_file="key.pem"),
        env_file="~/.env",
        secrets={"password": SecretSource(place="command", command="pass show orders")},
    )
    found = concerns(profile)
    assert [concern.kind for concern in found][:2] == [ConcernKind.COMMAND, ConcernKind.SECURITY_OFF]
    assert {c.value for c in found} >= {"pass show orders", "ca.pem", "crl.pem", "key.pem", "~/.env", "/tmp/x.sock"}
    for concern in found:
        assert concern.words.startswith("It ")
    assert always_asked(profile) == found[:1]


# ---------------------------------------------------------------- whom tokens go to


OIDC = "?authMechanism=MONGODB-OIDC"


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        (f"mongodb://db1.example.com:27018,db2.example.com/{OIDC}", ("db1.example.com", "db2.example.com")),
        (f"mongodb+srv://cluster.db.example.com/{OIDC}", ("*.db.example.com",)),
        (f"mongodb+srv://c.db.example.com/{OIDC}&srvAllowedHostsSuffix=.example.com", ("*.example.com",)),
        (f"mongodb+srv://cluster0.abcde.mongodb.net/{OIDC}", ()),
        (f"mongodb://localhost,127.0.0.1:1,[::1]:2/{OIDC}", ()),
        (f"mongodb://[fe80::1]:27017/{OIDC}", ("fe80::1",)),
        (f"mongodb://evilmongodb.net/{OIDC}", ("evilmongodb.net",)),
        (f"mongodb://db1.example.com/{OIDC}&authMechanismProperties=ENVIRONMENT:k8s", ()),
        ("mongodb://app:pw@db1.example.com/", ()),
    ],
)
def test_a_sign_in_by_hand_asks_for_the_hosts_that_pymongo_does_not_allow(text: str, hosts: tuple[str, ...]) -> None:
    profile = read(text, prompting=True).profile
    assert sign_in_hosts(profile) == hosts
    asked = [concern for concern in always_asked(profile) if concern.kind is ConcernKind.IDENTITY]
    assert bool(asked) is bool(hosts)
    for concern in asked:
        assert all(host in concern.words for host in hosts)
    assert always_asked(profile, prompting=False) == ()


def test_what_was_not_agreed_to_is_said_without_the_command_itself() -> None:
    profile = Profile(secrets={"password": SecretSource(place="command", command="pass show s3cret-path-9")})
    told = repr(objections(concerns(profile)))
    assert "s3cret-path-9" not in told
    assert "not agreed to" in told


# ---------------------------------------------------------------- what no field holds

_TEMPTING = st.sampled_from(
    [
        "tlsInsecure=true",
        "tlsAllowInvalidCertificates=true",
        "tlsCAFile=/etc/shadow",
        "tlsCertificateKeyFile=/home/me/key.pem",
        "authMechanism=MONGODB-AWS",
        "authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s",
        "tls=false",
        "nothing",
        "a=1",
    ]
)
_JOINED = st.lists(_TEMPTING, min_size=1, max_size=3).flatmap(
    lambda pieces: st.sampled_from(["&", ";", "%26", "&amp;"]).map(lambda joint: joint.join(pieces))
)
_UNREAD = st.one_of(
    st.builds(lambda text: Unread(name=text.partition("=")[0], value=text.partition("=")[2]), _JOINED),
    st.builds(lambda text: Unread(name="x", value=text), _JOINED),
    st.builds(lambda text: Unread(name=text, value="", bare=True), _JOINED),
    st.builds(lambda text: Unread(name=text, value="1"), _JOINED),
)


_TEXT = st.text(st.sampled_from("ab.,:/@&;=?%#$*{}[] tlsInsecurehmongodb+"), max_size=12)
_MAYBE = st.one_of(st.none(), _TEXT)
_HOSTS = st.lists(
    st.one_of(st.sampled_from(["h", "h:1", "/tmp/x.sock", "[::1]:2", "${H}", "h?tlsInsecure=true"]), _TEXT)
)
_PROFILES = st.builds(
    Profile,
    seeds=st.builds(Seeds, srv=st.booleans(), hosts=_HOSTS.map(tuple), database=_MAYBE, replica_set=_MAYBE),
    auth=st.builds(
        Auth,
        mechanism=st.sampled_from([None, "PLAIN", "MONGODB-AWS", "MONGODB-OIDC", "x&tlsInsecure=true"]),
        user=_MAYBE,
        source=_MAYBE,
        properties=st.dictionaries(st.sampled_from(["ENVIRONMENT", "TOKEN_RESOURCE", "a,b:c"]), _TEXT, max_size=2),
    ),
    tls=st.builds(
        Tls,
        enabled=st.sampled_from([None, True, False]),
        insecure=st.sampled_from([None, True, False]),
        ca_file=_MAYBE,
        certificate_key_file=_MAYBE,
    ),
    options=st.builds(Options, app_name=_MAYBE, server_api=_MAYBE),
    writes=st.builds(Writes, w=_MAYBE),
    unread=st.lists(_UNREAD, max_size=2).map(tuple),
)


@given(_PROFILES)
def test_any_profile_asks_for_all_that_its_own_connection_string_would(profile: Profile) -> None:
    asked = {(one.kind, one.value) for one in concerns(profile)}
    again = read(build(profile), profile=profile).profile
    assert {(one.kind, one.value) for one in concerns(again)} <= asked


@given(st.lists(_UNREAD, max_size=3), st.booleans(), st.sampled_from([None, True, False]))
def test_a_profile_asks_for_all_that_its_own_connection_string_would(
    unread: list[Unread], srv: bool, insecure: bool | None
) -> None:
    profile = Profile(seeds=Seeds(srv=srv, hosts=("c.example.net",)), tls=Tls(insecure=insecure), unread=tuple(unread))
    asked = {(one.kind, one.value) for one in concerns(profile)}
    again = read(build(profile), profile=profile).profile
    assert {(one.kind, one.value) for one in concerns(again)} <= asked


@pytest.mark.parametrize(
    "unread",
    [
        Unread(name="tlsInsecure", value="true"),
        Unread(name="x", value="x&tlsInsecure=true"),
        Unread(name="x=1&tlsInsecure", value="true"),
        Unread(name="x&tlsInsecure=true", bare=True, value=""),
        Unread(name=" tlsInsecure", value="true"),
    ],
)
@pytest.mark.parametrize("field", [None, False])
def test_verification_is_not_switched_off_by_what_no_field_holds(unread: Unread, field: bool | None) -> None:
    profile = Profile(seeds=Seeds(hosts=("h",)), tls=Tls(enabled=True, insecure=field), unread=(unread,))
    assert ConcernKind.SECURITY_OFF in {one.kind for one in concerns(profile)}


def test_a_login_that_no_field_holds_asks_before_it_takes_credentials_of_this_computer() -> None:
    profile = Profile(seeds=Seeds(hosts=("h",)), unread=(Unread(name="authMechanism", value="MONGODB-AWS"),))
    assert [one.value for one in concerns(profile)] == ["aws"]


_VALUES = st.sampled_from(
    (
        *("", "true", "false", "MONGODB-AWS", "MONGODB-OIDC", "GSSAPI", "ENVIRONMENT:k8s", "k8s", "h1:1,h2:2"),
        *("u:p@evil", "evil/?tlsInsecure=true&x=", "evil/?authMechanism=MONGODB-AWS&x=", "x&tlsInsecure=true"),
    )
)
_REFERRING = st.builds(
    Profile,
    seeds=st.builds(
        Seeds,
        srv=st.booleans(),
        hosts=st.sampled_from([("h",), ("${A}",), ("h${A}", "${B}")]),
        database=st.sampled_from([None, "${A}"]),
    ),
    auth=st.builds(
        Auth,
        mechanism=st.sampled_from([None, "${A}", "MONGODB-AWS", "MONGODB-OIDC"]),
        user=st.sampled_from([None, "${B}"]),
        properties=st.sampled_from([{}, {"ENVIRONMENT": "${A}"}]),
    ),
    options=st.builds(Options, app_name=st.sampled_from([None, "${A}"])),
    unread=st.lists(
        st.builds(
            Unread,
            name=st.sampled_from(["tls", "tlsInsecure", "authMechanism", "authMechanismProperties", "x", "${A}"]),
            value=st.sampled_from(["${A}", "${B}", "ENVIRONMENT:${B}", "1&authMechanism=${A}", "true"]),
        ),
        max_size=2,
    ).map(tuple),
)


def resolved(profile: Profile, values: dict[str, str]) -> Profile | None:
    """As the driver gets it; None where it gets nothing."""
    text = build(profile)
    places = list(places_in(take_apart(text), read(text, profile=profile)))
    known = Variables(values)
    if [*undefined_places(places, known)]:
        return None
    edits = [Edit(place.start, place.end, place.written(known.find(place.name) or "")) for place in places]
    reading = read(edited(text, sorted(edits, key=lambda edit: edit.start)), profile=profile)
    return reading.profile if reading.usable else None


@given(_REFERRING, st.fixed_dictionaries({"A": _VALUES, "B": _VALUES}))
@example(Profile(seeds=Seeds(hosts=("${A}",))), {"A": "evil/?tlsInsecure=true", "B": ""})
@example(Profile(seeds=Seeds(hosts=("h",)), auth=Auth(mechanism="${A}")), {"A": "MONGODB-AWS", "B": ""})
@example(Profile(seeds=Seeds(hosts=("h",)), auth=Auth(mechanism="MONGODB-AWS", user="${B}")), {"A": "", "B": ""})
def test_no_value_of_a_variable_wants_what_was_not_asked_for(profile: Profile, values: dict[str, str]) -> None:
    given_to_driver = resolved(profile, values)
    if given_to_driver is None:
        return

    def grave(profile: Profile) -> set[tuple[ConcernKind, str]]:
        off = ConcernKind.SECURITY_OFF
        found = [one for one in concerns(profile) if one.kind in (off, ConcernKind.IDENTITY)]
        return {(one.kind, one.value if one.kind is off else "") for one in found}

    assert grave(given_to_driver) <= grave(profile)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("mongodb://db1/?appName=${DB_PASSWORD}", True),
        ("mongodb://${API_TOKEN}.example.com/", True),
        ("mongodb://db1/?x=${AWS_SECRET_ACCESS_KEY}", True),
        ("mongodb://app:${DB_PASSWORD}@db1/", False),
        ("mongodb://${AWS_ACCESS_KEY_ID}:${AWS_SECRET_ACCESS_KEY}@db1/?authMechanism=MONGODB-AWS", False),
        ("mongodb://k:s@db1/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:${T_TOKEN}", False),
        ("mongodb://db1/?tls=true&tlsCertificateKeyFile=a&tlsCertificateKeyFilePassword=${KEY_PASSWORD}", False),
        ("mongodb://db1/?proxyHost=p&proxyUsername=u&proxyPassword=${PROXY_PASSWORD}", False),
        ("mongodb://${DB_HOST}/?appName=${USER}", False),
    ],
)
def test_a_secret_of_the_environment_where_none_belongs_asks_in_every_profile(text: str, asked: bool) -> None:
    found = [one for one in always_asked(read(text).profile) if one.kind is ConcernKind.ENVIRONMENT]
    assert bool(found) is asked


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mongodb://app:${DB_PASSWORD}@db1/", "DB_PASSWORD"),
        ("mongodb://app:${SHORT}@db1/?authMechanism=PLAIN&tls=true", "SHORT"),
        ("mongodb+srv://${AWS_SECRET_ACCESS_KEY}.example.com/", "AWS_SECRET_ACCESS_KEY"),
        ("mongodb://${DB_HOST}/?appName=${APP}", None),
        ("mongodb://app:pw@db1/", None),
    ],
)
def test_a_pasted_text_asks_before_a_secret_variable_leaves(text: str, names: str | None) -> None:
    profile = read(text).profile
    asked = [one for one in asked_of_text(profile) if one.value == names]
    assert bool(asked) is (names is not None)
    for concern in asked:
        assert concern.kind is ConcernKind.ENVIRONMENT
        assert f"It takes {names} from this computer's environment" in concern.words
