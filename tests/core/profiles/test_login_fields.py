"""Which fields each sign-in method needs, and what the driver makes of them."""

from __future__ import annotations

import pytest
from pymongo.auth_shared import _build_credentials_tuple

from clearline.core.keyring.login_memory import first_login, login_of
from clearline.core.options.catalogue import AUTH_PROPERTIES, MECHANISMS, OIDC_ENVIRONMENTS
from clearline.core.profiles.login_fields import (
    EXTERNAL,
    NONE,
    AwsSource,
    aws_source_of,
    default_source,
    family_of,
    fields_of,
    method_of,
    sends_readable_password,
    tls_wanted,
    with_property,
)
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds, Tls
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, PASSWORD, Secret


@pytest.mark.parametrize("mechanism", [*MECHANISMS, None, NONE])
def test_every_method_has_its_words(mechanism: str | None) -> None:
    assert fields_of(mechanism).words


@pytest.mark.parametrize(
    ("source", "asked_for", "word"),
    [("key", True, "IAM identity of the key"), ("environment", False, "AWS_ACCESS_KEY_ID"), ("role", False, "EC2")],
)
def test_a_key_of_aws_is_asked_for_where_it_comes_from_nowhere_else(
    source: AwsSource, asked_for: bool, word: str
) -> None:
    fields = fields_of("MONGODB-AWS", aws=source)
    assert (bool(fields.user), bool(fields.hidden), fields.session_token) == (asked_for,) * 3
    assert word in fields.words


@pytest.mark.parametrize("mechanism", ["GSSAPI", "MONGODB-OIDC"])
def test_every_property_that_the_driver_reads_has_a_field(mechanism: str) -> None:
    offered = {"ENVIRONMENT"} if mechanism == "MONGODB-OIDC" else set()
    for environment in (None, *OIDC_ENVIRONMENTS):
        offered |= set(fields_of(mechanism, environment=environment).properties)
    assert offered == set(AUTH_PROPERTIES[mechanism])


@pytest.mark.parametrize("environment", OIDC_ENVIRONMENTS)
def test_the_fields_of_an_oidc_environment_are_enough_for_the_driver(environment: str) -> None:
    fields = fields_of("MONGODB-OIDC", environment=environment)
    properties = {"ENVIRONMENT": environment, **dict.fromkeys(fields.properties, "x")}
    user = "client" if fields.user else None
    built = _build_credentials_tuple("MONGODB-OIDC", None, user, None, {"authmechanismproperties": properties}, "db")
    assert built.source == EXTERNAL


def test_a_password_alone_or_a_place_for_one_is_a_login() -> None:
    assert method_of(Profile(), {}) == NONE
    assert method_of(Profile(auth=Auth(user="u")), {}) is None
    assert method_of(Profile(), {PASSWORD: Secret("x")}) is None
    assert method_of(Profile(secrets={PASSWORD: SecretSource(place="ask")}), {}) is None
    assert method_of(Profile(secrets={PASSWORD: SecretSource(place="session")}), {}) == NONE
    assert method_of(Profile(auth=Auth(mechanism="DEFAULT")), {}) is None


def test_the_scrams_are_one_family() -> None:
    assert {family_of(None), family_of("SCRAM-SHA-1"), family_of("SCRAM-SHA-256")} == {"password"}
    assert family_of("PLAIN") == "PLAIN"


def test_ldap_begins_with_the_user_of_scram_in_its_own_database() -> None:
    before = login_of(Profile(auth=Auth(user="u", source="admin")), {PASSWORD: Secret("p"), "other": Secret("o")})
    begun = first_login("PLAIN", before)
    assert begun.auth == Auth(user="u", source=EXTERNAL)
    assert begun.secrets == {PASSWORD: Secret("p")}
    assert first_login("GSSAPI", None).auth == Auth()


def test_what_is_kept_of_a_login_prints_no_secret() -> None:
    kept = login_of(Profile(), {PASSWORD: Secret("tell-nobody"), AWS_SESSION_TOKEN: Secret("nor-this")})
    assert "tell-nobody" not in repr(kept)
    assert "nor-this" not in repr(kept)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
@pytest.mark.parametrize("database", [None, "orders"])
def test_the_default_auth_source_is_the_drivers(mechanism: str, database: str | None) -> None:
    built = _build_credentials_tuple(mechanism, None, "u", "p", {}, database)
    profile = Profile(seeds=Seeds(database=database), auth=Auth(mechanism=mechanism))
    assert built.source in default_source(profile)


@pytest.mark.parametrize(
    ("profile", "wanted"),
    [
        (Profile(), False),
        (Profile(seeds=Seeds(srv=True)), True),
        (Profile(seeds=Seeds(srv=True), tls=Tls(enabled=False)), False),
        (Profile(tls=Tls(ca_file="/x")), True),
        (Profile(tls=Tls(enabled=True)), True),
    ],
)
def test_whether_the_driver_will_encrypt(profile: Profile, wanted: bool) -> None:
    assert tls_wanted(profile) is wanted


def test_a_password_is_readable_only_on_the_way_to_another_computer() -> None:
    plain = Auth(mechanism="PLAIN", user="u")
    for hosts, readable in ((("localhost", "127.0.0.1:1", "[::1]:1"), False), (("localhost", "db1"), True)):
        assert sends_readable_password(Profile(seeds=Seeds(hosts=hosts), auth=plain)) is readable
    assert not sends_readable_password(Profile(seeds=Seeds(hosts=("db1",)), auth=Auth(user="u")))
    assert sends_readable_password(Profile(seeds=Seeds(hosts=("db1",)), auth=Auth(mechanism="MONGODB-OIDC")))


@pytest.mark.parametrize(
    ("user", "environ", "source"),
    [("AKIA", {}, "key"), (None, {"AWS_ACCESS_KEY_ID": "x"}, "environment"), (None, {}, "role")],
)
def test_aws_keys_are_found_in_the_drivers_order(user: str | None, environ: dict[str, str], source: AwsSource) -> None:
    assert aws_source_of(Profile(auth=Auth(user=user)), environ) == source


def test_a_property_comes_and_goes() -> None:
    auth = with_property(Auth(properties={"A": "1"}), "B", "2")
    assert auth.properties == {"A": "1", "B": "2"}
    assert with_property(with_property(auth, "A", None), "B", "").properties == {}


def test_an_srv_name_s_txt_record_counts_before_the_default_database() -> None:
    profile = Profile(seeds=Seeds(srv=True, hosts=("c0.abcde.lab.test",), database="orders"))
    assert default_source(profile) == "default: as the TXT record says, else orders, the database"
    assert default_source(Profile(seeds=Seeds(hosts=("db1",)))) == "default: admin"
