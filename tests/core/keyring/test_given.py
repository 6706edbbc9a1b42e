"""A kept secret knows for which servers it was given; others, and the same ones less protected, are told apart."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import keyring.backends.fail
import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from msgspec.structs import replace

from clearline.core.keyring.given import (
    Destination,
    Given,
    brought_by,
    destination,
    from_text,
    not_kept,
    other_servers,
    to_text,
)
from clearline.core.keyring.vault import Vault
from clearline.core.profiles.hop import HttpProxy, Socks5Proxy
from clearline.core.profiles.profile import Auth, Options, Profile, SecretSource, Seeds, Tls, Unread
from clearline.core.secrets.secret import PASSWORD, Secret

OWN = Profile(
    id="p1",
    name="Orders",
    seeds=Seeds(hosts=("db1.example.com:27017", "db2.example.com")),
    auth=Auth(user="app"),
    tls=Tls(enabled=True),
)
SRV = replace(OWN, seeds=Seeds(srv=True, hosts=("cluster.example.com",)))


def vault(*kept: Profile) -> Vault:
    own = Vault(keyring.backends.fail.Keyring())
    for one in kept:
        own.keep(one, PASSWORD, Secret("s3cret"))
    return own


def elsewhere(before: Profile, now: Profile) -> bool:
    return vault(before).given_elsewhere(now, [PASSWORD]) == (PASSWORD,)


@pytest.mark.parametrize(
    "now",
    [
        OWN,
        replace(OWN, name="Other", folder="x", notes="y"),
        replace(OWN, seeds=Seeds(hosts=("DB2.example.com:27017", "db1.example.com."))),
        replace(OWN, seeds=replace(OWN.seeds, replica_set="rs0", direct_connection=True)),
        replace(OWN, auth=Auth(user="another", mechanism="SCRAM-SHA-256")),
    ],
)
def test_the_same_servers_in_other_words_are_the_same(now: Profile) -> None:
    assert not elsewhere(OWN, now)


@pytest.mark.parametrize(
    "now",
    [
        replace(OWN, seeds=Seeds(hosts=("evil.example.com",))),
        replace(OWN, seeds=Seeds(hosts=(*OWN.seeds.hosts, "evil.example.com"))),
        replace(OWN, seeds=Seeds(hosts=("db1.example.com:27018", "db2.example.com"))),
        replace(OWN, seeds=Seeds(srv=True, hosts=("db1.example.com",))),
        replace(OWN, seeds=Seeds(hosts=("db1.example.com,evil", "db2.example.com"))),
        replace(OWN, seeds=Seeds(hosts=("/tmp/mongodb-27017.sock",))),
        replace(OWN, auth=Auth(user="app", source="$external")),
        replace(OWN, seeds=replace(OWN.seeds, database="other")),
        replace(OWN, auth=Auth(user="app", mechanism="PLAIN")),
        replace(OWN, auth=Auth(user="app", allow_plain_without_tls=True)),
        replace(OWN, tls=Tls(enabled=False)),
        replace(OWN, tls=Tls()),
        replace(OWN, tls=Tls(enabled=True, insecure=True)),
        replace(OWN, tls=Tls(enabled=True, allow_invalid_certificates=True)),
        replace(OWN, tls=Tls(enabled=True, allow_invalid_hostnames=True)),
        replace(OWN, tls=Tls(enabled=True, ca_file="/shared/ca.pem")),
        replace(OWN, unread=(Unread(name="tlsInsecure", value="true"),)),
    ],
)
def test_other_servers_and_fewer_protections_are_others(now: Profile) -> None:
    assert elsewhere(OWN, now)


@pytest.mark.parametrize(
    "seeds",
    [
        Seeds(srv=True, hosts=("cluster.evil.com",)),
        replace(SRV.seeds, srv_service_name="other"),
        replace(SRV.seeds, srv_allowed_hosts_suffix="com"),
    ],
)
def test_what_decides_where_an_srv_name_leads_counts(seeds: Seeds) -> None:
    assert elsewhere(SRV, replace(SRV, seeds=seeds))
    assert not elsewhere(SRV, SRV)


def test_another_way_to_the_same_servers_counts() -> None:
    proxied = replace(OWN, hops=(Socks5Proxy(host="proxy.example.com"),))
    assert elsewhere(OWN, proxied)
    assert elsewhere(proxied, replace(OWN, hops=(Socks5Proxy(host="evil.example.com"),)))
    assert not elsewhere(proxied, proxied)


def test_more_protection_asks_nothing() -> None:
    assert not elsewhere(replace(OWN, tls=Tls(enabled=True, insecure=True)), OWN)


def test_a_reference_counts_with_its_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = tmp_path / ".env"
    variables.write_text("TARGET=db1\n")
    one = replace(OWN, seeds=Seeds(hosts=("${TARGET}",)), env_file=str(variables))
    own = vault(one)
    assert own.given_elsewhere(one, [PASSWORD]) == ()
    variables.write_text("TARGET=evil\n")
    assert own.given_elsewhere(one, [PASSWORD]) == (PASSWORD,)
    variables.unlink()
    monkeypatch.setenv("TARGET", "db1")
    assert own.given_elsewhere(one, [PASSWORD]) == ()
    assert "db1" not in repr(own.given(one, PASSWORD))  # what a variable holds may be a secret


def test_an_agreement_adds_servers_and_a_new_secret_begins_afresh() -> None:
    own, other = vault(OWN), replace(OWN, seeds=Seeds(hosts=("db9",)))
    own.give(other, [PASSWORD])
    assert own.given_elsewhere(other, [PASSWORD]) == own.given_elsewhere(OWN, [PASSWORD]) == ()
    own.keep(other, PASSWORD, Secret("new"))
    assert own.given_elsewhere(OWN, [PASSWORD]) == (PASSWORD,)


def test_what_remembers_nothing_belongs_to_its_own_profile_from_its_first_use_and_is_refused_to_others() -> None:
    own = vault()
    own.keep_for_session(OWN.id, PASSWORD, Secret("from before"))
    assert own.given_elsewhere(OWN, [PASSWORD]) == ()
    assert own.given_elsewhere(OWN, [PASSWORD], foreign=True) == (PASSWORD,)
    own.adopt(OWN, [PASSWORD])
    assert own.given_elsewhere(OWN, [PASSWORD], foreign=True) == ()
    changed = replace(OWN, seeds=Seeds(hosts=("evil",)))
    assert own.given_elsewhere(changed, [PASSWORD]) == (PASSWORD,)
    own.adopt(changed, [PASSWORD])
    assert own.given_elsewhere(changed, [PASSWORD]) == (PASSWORD,)


def test_a_copy_and_a_move_change_nothing_of_what_it_was_given_for() -> None:
    own, changed = vault(OWN), replace(OWN, seeds=Seeds(hosts=("evil",)))
    copy = replace(changed, id="p2")
    own.copy_all(changed, copy, [PASSWORD])
    assert own.given_elsewhere(copy, [PASSWORD]) == (PASSWORD,)
    from clearline.core.profiles.secret_places import SESSION

    moved = own.move(changed, PASSWORD, SESSION)
    assert moved.done
    assert own.given_elsewhere(moved.profile, [PASSWORD]) == (PASSWORD,)
    assert own.given_elsewhere(OWN, [PASSWORD]) == ()


def test_no_name_of_a_secret_leads_to_the_memory_of_another() -> None:
    own, changed = vault(OWN), replace(OWN, seeds=Seeds(hosts=("evil",)))
    forged = Secret(to_text(Given().also(destination(changed))))
    for name in ("password given for", "password/servers", "Clearline servers/password"):
        own.write(OWN.id, name, forged)
        own.write(f"{OWN.id}/password", name, forged)
    assert own.given_elsewhere(changed, [PASSWORD]) == (PASSWORD,)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"destinations":5}', '{"destinations":[{"digest":1}]}', "null"])
def test_a_memory_that_cannot_be_read_covers_nothing(text: str) -> None:
    assert from_text(text) == Given()
    assert not from_text(text).covers(destination(OWN))


@examples(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=40), st.integers(1, 12))
def test_what_is_kept_fits_into_any_keyring(hosts: list[str], times: int) -> None:
    kept = Given()
    for number in range(times):
        newest = destination(replace(OWN, seeds=Seeds(hosts=(*hosts, str(number)))))
        kept = kept.also(newest)
        assert kept.covers(newest)
        assert from_text(to_text(kept)) == kept
    assert len(kept.destinations) == 1 or len(to_text(kept)) <= 1000


def test_the_sentence_names_old_and_new_servers() -> None:
    given = Given(destinations=(destination(OWN),))
    other = destination(replace(OWN, seeds=Seeds(hosts=("db9:1",)), auth=Auth(source="x")))
    assert other_servers(PASSWORD, given, other) == (
        "the password was given for db1.example.com:27017, db2.example.com, not for db9:1 (auth source x)"
    )
    assert "was not given for db9:1" in other_servers(PASSWORD, None, other)
    insecure = destination(replace(OWN, tls=Tls(enabled=True, insecure=True)))
    assert other_servers("proxyPassword", given, insecure).endswith("without this: tlsInsecure")
    assert isinstance(insecure, Destination)


def test_what_is_about_to_be_kept_is_known_before_any_keyring_is_asked() -> None:
    own = Vault(None)
    one = OWN
    own.intend(one, PASSWORD)
    assert own.knows_given(one, [PASSWORD])
    assert own.given_elsewhere(one, [PASSWORD]) == ()
    assert own.given_elsewhere(replace(one, seeds=Seeds(hosts=("evil:27017",))), [PASSWORD]) == (PASSWORD,)


# ---------------------------------------------------------------- what no keyring keeps

IDENTITY_LOGINS = {
    "Kerberos ticket": {"auth": Auth(user="me@EXAMPLE.COM", mechanism="GSSAPI")},
    "AWS identity": {"auth": Auth(mechanism="MONGODB-AWS")},
    "token of the identity service": {"auth": Auth(mechanism="MONGODB-OIDC", properties={"ENVIRONMENT": "k8s"})},
    "login to the proxy": {"hops": (HttpProxy(host="proxy", login="kerberos"),)},
    "login of this computer": {"auth": Auth(mechanism="${M}")},
}
EVIL = Seeds(hosts=("evil.example.com",))


def signing_in_by(identity: str, **changes: Any) -> Profile:
    return replace(OWN, **(IDENTITY_LOGINS[identity] | changes))


@pytest.mark.parametrize("identity", IDENTITY_LOGINS)
def test_an_identity_asks_in_a_file_that_has_just_appeared_and_then_for_other_servers(
    tmp_path: Path, identity: str
) -> None:
    own, file = signing_in_by(identity), tmp_path / "servers.json"
    first = Vault(keyring.backends.fail.Keyring(), file)
    assert not_kept(own) == (identity,)
    assert first.given_elsewhere(own, not_kept(own)) == (identity,)
    assert f"the {identity} was not given for" in other_servers(identity, None, destination(own, [identity]))
    first.give(own, not_kept(own))
    later, moved = Vault(keyring.backends.fail.Keyring(), file), replace(own, seeds=EVIL)
    assert later.given_elsewhere(own, not_kept(own)) == ()
    assert later.given_elsewhere(moved, not_kept(moved)) == (identity,)
    assert later.given_elsewhere(replace(own, tls=Tls(enabled=False)), not_kept(own)) == (identity,)
    assert other_servers(identity, later.given(moved, identity), destination(moved)) == (
        f"the {identity} was given for {destination(own).words}, not for {destination(moved).words}"
    )
    later.give(moved, not_kept(moved))
    assert Vault(keyring.backends.fail.Keyring(), file).given_elsewhere(moved, not_kept(moved)) == ()


@pytest.mark.parametrize("identity", IDENTITY_LOGINS)
@pytest.mark.parametrize("login", ["no login", "a password", "a variable"])
def test_a_profile_that_signed_in_otherwise_does_not_bring_an_identity_to_other_servers(
    identity: str, login: str
) -> None:
    before = {
        "no login": replace(OWN, auth=Auth()),
        "a password": OWN,
        "a variable": replace(OWN, secrets={PASSWORD: SecretSource(place="reference", reference="${P}")}),
    }[login]
    own = vault()
    own.give(before, not_kept(before))
    assert own.given_elsewhere(signing_in_by(identity, seeds=EVIL), [identity]) == (identity,)
    kept = vault(OWN)  # it was saved with its password
    assert kept.given_elsewhere(signing_in_by(identity, seeds=EVIL), [identity]) == (identity,)
    assert kept.given_elsewhere(signing_in_by(identity), [identity]) == (identity,)


VARIABLE = replace(OWN, secrets={PASSWORD: SecretSource(place="reference", reference="${DB_PASSWORD}")})


@pytest.fixture(autouse=True)
def _set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DB_PASSWORD", "ANOTHER", "DATABASE_URL", "P"):
        monkeypatch.setenv(name, "here")


@pytest.mark.parametrize("profile", [VARIABLE, replace(OWN, options=Options(app_name="${DATABASE_URL}"))])
def test_a_variable_that_is_not_set_has_nothing_to_give(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    own = vault()
    assert own.given_elsewhere(profile, not_kept(profile)) == not_kept(profile)
    monkeypatch.delenv("DB_PASSWORD")
    monkeypatch.delenv("DATABASE_URL")
    assert own.given_elsewhere(profile, not_kept(profile)) == ()
    monkeypatch.setenv("DB_PASSWORD", "")
    monkeypatch.setenv("DATABASE_URL", "now")
    assert own.given_elsewhere(profile, not_kept(profile)) == not_kept(profile), "it is asked about once it is set"


def test_a_file_of_variables_that_holds_the_variable_has_something_to_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DB_PASSWORD")
    file = tmp_path / ".env"
    profile = replace(VARIABLE, env_file=str(file))
    assert vault().given_elsewhere(profile, [PASSWORD]) == ()
    file.write_text("DB_PASSWORD=there", "utf-8")
    assert vault().given_elsewhere(profile, [PASSWORD]) == (PASSWORD,)


@pytest.mark.parametrize(
    "now",
    [
        replace(VARIABLE, secrets={PASSWORD: SecretSource(place="reference", reference="${ANOTHER}")}),
        replace(VARIABLE, env_file="/home/me/another/.env"),
        replace(VARIABLE, auth=Auth(user="another")),
        signing_in_by("Kerberos ticket"),
        signing_in_by("AWS identity"),
    ],
)
def test_the_same_servers_get_no_other_variable_or_identity_unasked(now: Profile) -> None:
    own = vault()
    own.give(VARIABLE, not_kept(VARIABLE))
    assert own.given_elsewhere(VARIABLE, not_kept(VARIABLE)) == ()
    [name] = not_kept(now)
    assert own.given_elsewhere(now, [name]) == (name,)
    said = other_servers(name, own.given(now, name), destination(now, [name]))
    assert said.startswith(f"what was given for {destination(now).words} was another login")


@pytest.mark.parametrize(
    "told",
    [
        {"options": Options(app_name="${DATABASE_URL}")},
        {"seeds": Seeds(hosts=("${DATABASE_URL}.evil.example.com",))},
        {"auth": Auth(user="${DATABASE_URL}")},
        {"seeds": replace(OWN.seeds, replica_set="${DATABASE_URL}")},
        {"hops": (Socks5Proxy(host="proxy", user="${DATABASE_URL}"),)},
        {"unread": (Unread(name="x", value="${DATABASE_URL}"),)},
    ],
)
def test_a_variable_that_a_new_file_tells_its_servers_asks_whatever_it_is_called(told: dict[str, Any]) -> None:
    own, sent = vault(), replace(OWN, **told)
    assert "value of a variable" in own.given_elsewhere(sent, not_kept(sent))
    own.give(sent, not_kept(sent))
    assert own.given_elsewhere(sent, not_kept(sent)) == ()
    other = replace(sent, options=Options(app_name="${ANOTHER}"))
    assert "value of a variable" in own.given_elsewhere(other, not_kept(other))
    assert not_kept(replace(OWN, notes="${DATABASE_URL}", env_file="/home/me/.env")) == ()


def test_a_token_of_another_resource_is_another_token() -> None:
    def of(resource: str) -> Profile:
        properties = {"ENVIRONMENT": "azure", "TOKEN_RESOURCE": resource}
        return replace(OWN, auth=Auth(mechanism="MONGODB-OIDC", properties=properties))

    own = vault()
    own.give(of("api://db"), not_kept(of("api://db")))
    assert own.given_elsewhere(of("api://db"), not_kept(OWN)) == ()
    assert own.given_elsewhere(of("api://payroll"), not_kept(of("x"))) == not_kept(of("x"))
    assert brought_by(OWN) == {}


def test_what_is_written_here_is_given_for_its_servers_and_for_no_earlier_ones() -> None:
    own, moved = vault(), replace(VARIABLE, seeds=Seeds(hosts=("db9",)))
    own.intend(VARIABLE)
    assert own.knows_given(VARIABLE, not_kept(VARIABLE))
    assert own.given_elsewhere(VARIABLE, not_kept(VARIABLE)) == ()
    own.entrust(VARIABLE)
    assert own.given_elsewhere(VARIABLE, not_kept(VARIABLE)) == ()
    own.entrust(moved)
    assert own.given_elsewhere(moved, not_kept(moved)) == ()
    assert own.given_elsewhere(VARIABLE, not_kept(VARIABLE)) == (PASSWORD,)


def test_a_copy_may_sign_in_where_its_model_may() -> None:
    own, copy = vault(), replace(VARIABLE, id="p2")
    own.copy_all(VARIABLE, copy, [PASSWORD])
    assert own.given_elsewhere(copy, not_kept(copy)) == (PASSWORD,)
    own.give(VARIABLE, not_kept(VARIABLE))
    own.copy_all(VARIABLE, copy, [PASSWORD])
    assert own.given_elsewhere(copy, not_kept(copy)) == ()


def test_a_secret_that_is_called_like_an_identity_does_not_vouch_for_it() -> None:
    own, named = vault(), "Kerberos ticket"
    profile = signing_in_by(named)
    own.give(profile, [named])
    moved = replace(profile, seeds=EVIL, secrets={named: SecretSource(place="session")})
    own.adopt(moved, [named])
    assert own.given_elsewhere(moved, [named]) == (named,)


@pytest.mark.parametrize(
    "unread",
    [
        Unread(name="authMechanism", value="GSSAPI"),
        Unread(name=" AUTHMECHANISMProperties", value="ENVIRONMENT:k8s"),
        Unread(name="x", value="1&authMechanism=MONGODB-AWS"),
        Unread(name="y=1&authMechanism", value="MONGODB-AWS"),
    ],
)
def test_a_login_that_no_field_holds_counts_as_an_identity(unread: Unread) -> None:
    assert not_kept(replace(OWN, unread=(unread,))) == ("login of this computer",)


@pytest.mark.parametrize(
    "auth",
    [
        Auth(),
        Auth(user="app"),
        Auth(user="AKIA123", mechanism="MONGODB-AWS"),
        Auth(mechanism="MONGODB-OIDC"),
        Auth(mechanism="MONGODB-X509"),
    ],
)
def test_a_login_with_what_is_typed_or_shown_is_no_identity(auth: Auth) -> None:
    assert not_kept(replace(OWN, auth=auth, unread=(Unread(name="loadBalance", value="true"),))) == ()


def test_what_another_person_wrote_is_asked_about_as_such_and_not_twice() -> None:
    own = vault()
    ticket = signing_in_by("Kerberos ticket")
    assert own.given_elsewhere(replace(ticket, seeds=EVIL), ["Kerberos ticket"], foreign=True) == ()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version":1}', '{"version":9,"profiles":{}}', '{"version":1,"profiles":{"p1":5}}']
)
def test_a_broken_memory_of_servers_asks_and_is_whole_after_the_answer(tmp_path: Path, text: str) -> None:
    file = tmp_path / "servers.json"
    file.write_text(text)
    own = Vault(keyring.backends.fail.Keyring(), file)
    ticket = signing_in_by("Kerberos ticket")
    assert own.given_elsewhere(ticket, not_kept(ticket)) == not_kept(ticket)
    own.give(ticket, not_kept(ticket))
    assert Vault(keyring.backends.fail.Keyring(), file).given_elsewhere(ticket, not_kept(ticket)) == ()


def test_the_memory_of_servers_is_for_its_owner_and_ends_with_the_profile(tmp_path: Path) -> None:
    file = tmp_path / "data" / "servers.json"
    own = Vault(keyring.backends.fail.Keyring(), file)
    own.delete_all(OWN.id, [PASSWORD])
    assert not file.exists()
    own.give(VARIABLE, [PASSWORD])
    own.give(replace(VARIABLE, id="p2"), [PASSWORD])
    assert os.name != "posix" or file.stat().st_mode & 0o777 == 0o600
    own.delete_all(OWN.id, [PASSWORD])
    assert [*json.loads(file.read_text())["profiles"]] == ["p2"]
    assert own.given(signing_in_by("AWS identity"), "AWS identity") is None
