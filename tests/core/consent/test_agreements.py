"""What was agreed to is remembered as a hash, for the servers and the way that it was agreed to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from clearline.core.consent.agreements import Agreements
from clearline.core.consent.concerns import ConcernKind, always_asked, concerns
from clearline.core.profiles.hop import Socks5Proxy, SshServer
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds, Tls, Unread
from clearline.core.uri.connection_string import read


def test_what_was_agreed_to_is_not_asked_again_and_the_file_says_nothing(tmp_path: Path) -> None:
    profile = read("mongodb://orders.example.com/?tls=true&tlsCAFile=/etc/hidden-ca.pem&tlsInsecure=true").profile
    wanted = concerns(profile)
    agreements = Agreements(tmp_path / "data" / "agreements.json")
    assert agreements.missing(profile, wanted) == wanted
    agreements.remember(profile, wanted[:1])
    assert Agreements(agreements.file).missing(profile, wanted) == wanted[1:]
    agreements.remember(profile, wanted)
    assert agreements.missing(profile, wanted) == ()
    assert "hidden" not in agreements.file.read_text()
    assert "orders" not in agreements.file.read_text()


def test_what_was_agreed_to_cannot_be_guessed_from_its_file(tmp_path: Path) -> None:
    profile = Profile(
        seeds=Seeds(hosts=("db1",)), secrets={"password": SecretSource(place="command", command="echo pw")}
    )
    files = []
    for place in ("mine", "theirs"):
        agreements = Agreements(tmp_path / place / "agreements.json")
        agreements.remember(profile, always_asked(profile))
        files.append(agreements.file.read_bytes())
        assert not agreements.missing(profile, always_asked(profile))
    assert files[0] != files[1]
    key = tmp_path / "mine" / "agreements.key"
    assert os.name != "posix" or key.stat().st_mode & 0o777 == 0o600
    key.write_bytes(b"")
    assert Agreements(tmp_path / "mine" / "agreements.json").missing(profile, always_asked(profile))


def test_agreements_of_the_guessable_kind_are_asked_for_again(tmp_path: Path) -> None:
    profile = read("mongodb://db1/?tls=true&tlsInsecure=true").profile
    agreements = Agreements(tmp_path / "agreements.json")
    agreements.remember(profile, concerns(profile))
    agreements.file.write_text(agreements.file.read_text().replace('"version": 2', '"version": 1'))
    assert agreements.missing(profile, concerns(profile)) == concerns(profile)


def test_the_same_demand_of_other_servers_is_asked_again(tmp_path: Path) -> None:
    profile = read("mongodb://db1/?tls=true&tlsInsecure=true").profile
    agreements = Agreements(tmp_path / "agreements.json")
    agreements.remember(profile, concerns(profile))
    elsewhere = replace(profile, seeds=Seeds(hosts=("evil.example",)))
    assert agreements.missing(elsewhere, concerns(elsewhere)) == concerns(elsewhere)
    renamed = replace(profile, id="other", name="other")
    assert agreements.missing(renamed, concerns(renamed)) == ()


def test_a_command_runs_only_after_it_was_agreed_to_letter_by_letter(tmp_path: Path) -> None:
    agreements = Agreements(tmp_path / "agreements.json")
    profile = Profile(secrets={"password": SecretSource(place="command", command="pass show orders")})
    assert not agreements.may_run(profile, "pass show orders")
    agreements.remember(profile, always_asked(profile))
    assert agreements.may_run(profile, "pass show orders")
    changed = replace(profile, secrets={"password": SecretSource(place="command", command="pass show orders; rm x")})
    assert not agreements.may_run(changed, "pass show orders; rm x")
    assert not agreements.may_run(changed, "pass show orders")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"hashes": 5}', '{"hashes": [5, null]}', "\xff"])
def test_a_broken_file_of_agreements_means_that_nothing_was_agreed_to(tmp_path: Path, text: str) -> None:
    file = tmp_path / "agreements.json"
    file.write_bytes(text.encode("latin-1"))
    profile = read("mongodb://db1/?tls=true&tlsInsecure=true").profile
    assert Agreements(file).missing(profile, concerns(profile))
    Agreements(file).remember(profile, concerns(profile))
    assert not Agreements(file).missing(profile, concerns(profile))


def test_only_hosts_that_were_agreed_to_get_the_token(tmp_path: Path) -> None:
    agreements = Agreements(tmp_path / "agreements.json")
    profile = read("mongodb://db1.example.com/?authMechanism=MONGODB-OIDC").profile
    assert agreements.sign_in_hosts(profile) == ()
    agreements.remember(profile, always_asked(profile))
    assert agreements.sign_in_hosts(profile) == ("db1.example.com",)
    assert agreements.sign_in_hosts(replace(profile, seeds=Seeds(hosts=("db2.example.com",)))) == ()


AWS = Profile(seeds=Seeds(hosts=("db1",)), auth=Auth(mechanism="MONGODB-AWS"), tls=Tls(enabled=True))


@pytest.mark.parametrize(
    "changed",
    [
        replace(AWS, tls=Tls()),
        replace(AWS, tls=Tls(enabled=True, insecure=True)),
        replace(AWS, hops=(Socks5Proxy(host="evil"),)),
        replace(AWS, unread=(Unread(name="proxyHost", value="evil"),)),
        replace(AWS, unread=(Unread(name="x", value="1&proxyHost=evil"),)),
    ],
)
def test_what_is_sent_is_asked_again_on_another_way_and_with_fewer_protections(
    tmp_path: Path, changed: Profile
) -> None:
    agreements = Agreements(tmp_path / "agreements.json")
    agreements.remember(AWS, concerns(AWS))
    assert agreements.missing(replace(AWS, name="renamed"), concerns(AWS)) == ()
    assert "aws" in [one.value for one in agreements.missing(changed, concerns(changed))]


def test_an_ssh_server_on_the_way_asks_for_what_it_gets_and_runs(tmp_path: Path) -> None:
    hop = SshServer(
        host="bastion",
        user="deploy",
        key_file="~/.ssh/id",
        known_hosts="./known",
        config_alias="bastion",
        proxy_command="nc %h %p",
    )
    profile = Profile(hops=(hop,), seeds=Seeds(hosts=("db:27017",)))
    wanted = {(one.kind, one.value) for one in concerns(profile)}
    assert {
        (ConcernKind.COMMAND, "nc %h %p"),
        (ConcernKind.COMMAND, "~/.ssh/config bastion"),
        (ConcernKind.SECURITY_OFF, "knownHosts ./known"),
        (ConcernKind.IDENTITY, "keys bastion:22"),
        (ConcernKind.LOCAL_FILE, "~/.ssh/id"),
    } <= wanted
    assert [one.value for one in always_asked(profile)] == ["nc %h %p"]
    agreements = Agreements(tmp_path / "agreements.json")
    assert not agreements.may_run(profile, "nc %h %p")
    agreements.remember(profile, concerns(profile))
    assert agreements.may_run(profile, "nc %h %p")
    other = replace(profile, hops=(replace(hop, host="elsewhere"),))
    assert not agreements.may_run(other, "nc %h %p"), "the same program for another server was not agreed to"
