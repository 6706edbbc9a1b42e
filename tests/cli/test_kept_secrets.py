"""A kept secret goes only to the servers that it was given for, whatever the profile's file says by now."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from clearline.core.keyring.given import not_kept
from clearline.core.keyring.vault import Vault
from clearline.core.profiles.hop import HttpProxy
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds, Tls
from clearline.core.profiles.secret_places import ASK
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.storage import store
from lab import deployments, file_keyring, peers
from lab.deployment import Deployment
from lab.terminals import on_a_terminal

CANARY = "k3pt-0n-this-c0mputer"
OWN = Profile(id="own", name="Orders", seeds=Seeds(hosts=("db1.example.com:27017",)), auth=Auth(user="app"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def environment(home: Path) -> Mapping[str, str]:
    return {"CLEARLINE_HOME": str(home), **file_keyring.environment(home / "keyring.json")}


def vault() -> Vault:
    return Vault(file_keyring.FileKeyring())


def kept(profile: Profile, *, now: Profile | None = None) -> Path:
    """A profile whose password is kept, and whose file says something else by now."""
    path = store.save_in(Path(os.environ["CLEARLINE_HOME"]) / "profiles", now or profile)
    vault().keep(profile, PASSWORD, Secret(CANARY))
    return path


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clearline", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def to(address: str, **changes: Any) -> Profile:
    return replace(OWN, seeds=Seeds(hosts=(address,)), **changes)


@pytest.mark.parametrize("command", [["check"], ["watch", "--for", "0.2"]], ids=["check", "watch"])
def test_other_servers_do_not_get_it_and_one_sentence_says_why(home: Path, command: list[str]) -> None:
    with peers.silent() as evil:
        kept(OWN, now=to(evil.address))
        result = run(*command, "Orders")
        assert evil.connections == 0
    assert (result.returncode, result.stdout) == (2, "")
    [said] = result.stderr.splitlines()
    assert said == (
        f"clearline {command[0]}: Orders: the password was given for db1.example.com:27017, not for"
        f" {evil.address}, so it was not used; --yes allows it, also from now on."
    )


def test_yes_settles_it_for_good(home: Path) -> None:
    with peers.closed_port() as port:
        kept(OWN, now=to(f"127.0.0.1:{port}"))
        assert run("check", "Orders", "--yes").returncode == 1
        assert run("check", "Orders").returncode == 1
    assert vault().given_elsewhere(OWN, [PASSWORD]) == ()


def test_all_leaves_out_whose_secret_was_given_for_others_and_says_two(home: Path) -> None:
    with peers.silent() as evil, peers.closed_port() as port:
        kept(OWN, now=to(evil.address))
        store.save_in(home / "profiles", Profile(id="b", name="Beta", seeds=Seeds(hosts=(f"127.0.0.1:{port}",))))
        result = run("check", "--all", "--json", "--timeout", "0.2")
        assert evil.connections == 0
    assert result.returncode == 2
    assert f"given for db1.example.com:27017, not for {evil.address}" in result.stderr
    assert [report["verdict"] for report in json.loads(result.stdout)] == ["failed", "failed"]
    assert CANARY not in result.stdout + result.stderr


def test_a_lost_password_is_no_fault_of_the_connection_for_all_either(home: Path) -> None:
    with peers.silent() as server:
        store.save_in(home / "profiles", to(server.address))
        store.save_in(home / "profiles", to(server.address, id="asked", name="Asked", secrets={PASSWORD: ASK}))
        result = run("check", "--all", "--timeout", "0.2")
        assert server.connections == 0
    assert result.returncode == 2
    assert "not kept on this computer any more" in result.stderr
    assert "without a password" not in result.stdout + result.stderr


def test_a_password_that_is_given_with_the_command_asks_nothing(home: Path) -> None:
    with peers.closed_port() as port:
        kept(OWN, now=to(f"127.0.0.1:{port}"))
        assert run("check", "Orders", "--password-stdin", stdin="typed\n").returncode == 1


def test_fewer_protections_for_the_same_servers_ask_too(home: Path) -> None:
    own = replace(OWN, tls=Tls(enabled=True))
    kept(own, now=replace(own, tls=Tls(enabled=True, insecure=True)))
    result = run("check", "Orders")
    assert result.returncode == 2
    assert "without this: tlsInsecure" in result.stderr


def test_what_an_earlier_version_kept_belongs_to_its_profile_s_servers_after_a_good_login(
    home: Path, login_server: Deployment
) -> None:
    from clearline.core.uri.connection_string import read

    reading = read(login_server.uri(deployments.APP, path=""))
    profile = replace(reading.profile, id="own", name="Orders")
    store.save_in(home / "profiles", profile)
    vault().write("own", PASSWORD, reading.secrets[PASSWORD])
    assert run("check", "Orders").returncode == 0
    assert vault().given_elsewhere(profile, [PASSWORD], foreign=True) == ()


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
def test_a_link_out_of_the_folder_is_from_elsewhere(home: Path, tmp_path: Path) -> None:
    with peers.silent() as evil:
        vault().write("own", PASSWORD, Secret(CANARY))
        (home / "profiles").mkdir()
        store.save(to(evil.address), home / "shared.json")
        link = home / "profiles" / "mine.json"
        link.symlink_to(home / "shared.json")
        for target in ("Orders", str(link), "--all"):
            assert run("check", target).returncode == 2
        assert evil.connections == 0


@pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals as Linux has them")
@pytest.mark.parametrize(("answer", "code"), [("n", 2), ("y", 1)])
def test_a_terminal_asks_once(home: Path, answer: str, code: int) -> None:
    with peers.closed_port() as port:
        kept(OWN, now=to(f"127.0.0.1:{port}"))
        found, said = on_a_terminal("check", "Orders", answers=[("[y/N]", answer)])
    assert found == code
    assert "given for db1.example.com:27017, not for" in said


@pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals as Linux has them")
def test_a_terminal_asks_for_the_passphrase_of_the_encrypted_file_where_there_is_no_keyring(
    home: Path, monkeypatch: pytest.MonkeyPatch, login_server: Deployment
) -> None:
    import keyring.backends.fail

    from clearline.core.exchange.secrets_file import SecretsFile
    from clearline.core.uri.connection_string import read

    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    profile = replace(read(login_server.uri(deployments.APP, path="")).profile, id="own", name="Orders", secrets={})
    store.save_in(home / "profiles", profile)
    own = Vault(keyring.backends.fail.Keyring())
    own.use(SecretsFile(home / "secrets.json", Secret("four words")))
    own.keep(profile, PASSWORD, Secret(deployments.APP.password))
    code, said = on_a_terminal("check", "Orders", answers=[("Passphrase of secrets.json: ", "four words")])
    assert code == 0, said
    code, said = on_a_terminal(
        "check", "Orders", answers=[("Passphrase", "wrong"), ("Orders, password: ", deployments.APP.password)]
    )
    assert code == 0, said
    assert "does not open" in said


def test_a_password_from_a_variable_is_meant_for_certain_servers_too(
    home: Path, monkeypatch: pytest.MonkeyPatch, login_server: Deployment
) -> None:
    from clearline.core.uri.connection_string import read

    monkeypatch.setenv("ORDERS_PASSWORD", deployments.APP.password)
    source = SecretSource(place="reference", reference="${ORDERS_PASSWORD}")
    own = replace(
        read(login_server.uri(deployments.APP, path="")).profile, id="own", name="Orders", secrets={PASSWORD: source}
    )
    path = store.save_in(home / "profiles", own)
    assert run("check", "Orders", "--yes").returncode == 0
    assert run("check", "Orders").returncode == 0
    with peers.silent() as evil:
        store.save(replace(own, seeds=Seeds(hosts=(evil.address,))), path)
        result = run("check", "Orders")
        assert evil.connections == 0
    assert result.returncode == 2
    assert f"was given for {login_server.address} (auth source admin), not for {evil.address}" in result.stderr


@pytest.mark.parametrize("arguments", [["Orders"], ["--all"], ["sent.json"]])
def test_of_a_variable_that_is_not_set_it_is_said_that_it_is_missing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.delenv("ORDERS_PASSWORD", raising=False)
    monkeypatch.chdir(tmp_path)
    source = SecretSource(place="reference", reference="${ORDERS_PASSWORD}")
    with peers.silent() as server:
        own = to(server.address, secrets={PASSWORD: source})
        store.save(own, tmp_path / "sent.json")
        store.save_in(home / "profiles", own)
        result = run("check", *arguments)
        assert server.connections == 0
    assert "ORDERS_PASSWORD" in result.stdout, result.stderr
    assert "--yes" not in result.stderr
    assert result.returncode == 1


@pytest.mark.parametrize("command", [["check", "Orders"], ["watch", "Orders", "--for", "0.2"], ["check", "--all"]])
@pytest.mark.parametrize(
    ("auth", "called"),
    [
        (Auth(user="me@EXAMPLE.COM", mechanism="GSSAPI"), "Kerberos ticket"),
        (Auth(mechanism="MONGODB-AWS"), "AWS identity"),
        (Auth(mechanism="MONGODB-OIDC", properties={"ENVIRONMENT": "k8s"}), "token of the identity service"),
    ],
)
def test_an_identity_of_this_computer_goes_to_no_other_servers_unasked(
    home: Path, monkeypatch: pytest.MonkeyPatch, auth: Auth, called: str, command: list[str]
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")  # as in a container
    own = replace(OWN, auth=auth)
    Vault(known_servers=home / "servers.json").give(own, not_kept(own))
    with peers.silent() as evil:
        store.save_in(home / "profiles", to(evil.address, auth=auth))
        result = run(*command)
        assert evil.connections == 0
    assert result.returncode == 2
    said = result.stderr.splitlines()[0]
    assert f"Orders: the {called} was given for db1.example.com:27017, not for {evil.address}, so it was" in said
    assert "--yes" in said


@pytest.mark.parametrize("command", [["check", "Orders"], ["watch", "Orders", "--for", "0.2"], ["check", "--all"]])
@pytest.mark.parametrize(
    "login",
    [
        {"auth": Auth(user="me@EXAMPLE.COM", mechanism="GSSAPI")},
        {"auth": Auth(mechanism="MONGODB-AWS")},
        {"auth": Auth(mechanism="MONGODB-OIDC", properties={"ENVIRONMENT": "k8s"})},
        {"secrets": {PASSWORD: SecretSource(place="reference", reference="${ORDERS_PASSWORD}")}},
        {"hops": (HttpProxy(host="127.0.0.1", port=1, login="kerberos"),)},
    ],
)
def test_a_file_that_has_just_appeared_in_the_folder_signs_in_nowhere_unasked(
    home: Path, monkeypatch: pytest.MonkeyPatch, login: dict[str, Any], command: list[str]
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")  # as in a container
    monkeypatch.setenv("ORDERS_PASSWORD", CANARY)
    with peers.silent() as evil:
        store.save_in(home / "profiles", to(evil.address, **login))
        result = run(*command)
        assert evil.connections == 0
    assert result.returncode == 2
    assert f"was not given for {evil.address}" in result.stderr.splitlines()[0]
    assert "--yes" in result.stderr
    assert CANARY not in result.stdout + result.stderr


@pytest.mark.parametrize("command", [["check"], ["watch", "--for", "0.2"]], ids=["check", "watch"])
def test_what_was_agreed_to_holds_although_the_login_failed_and_for_these_servers_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("ORDERS_PASSWORD", CANARY)
    secrets = {PASSWORD: SecretSource(place="reference", reference="${ORDERS_PASSWORD}")}
    with peers.closed_port() as port, peers.silent() as evil:
        path = store.save_in(home / "profiles", to(f"127.0.0.1:{port}", secrets=secrets))
        assert run(*command, "Orders").returncode == 2
        assert run(*command, "Orders", "--yes").returncode != 2
        assert run(*command, "Orders").returncode != 2
        assert run("check", "--all", "--timeout", "0.2").returncode == 1
        store.save(to(evil.address, secrets=secrets), path)
        assert run(*command, "Orders").returncode == 2
        assert evil.connections == 0


@pytest.mark.skipif(os.name != "posix", reason="a command of POSIX")
def test_what_a_failing_command_did_is_said_in_whole_words(home: Path) -> None:
    source = SecretSource(place="command", command="false")
    store.save_in(home / "profiles", to("127.0.0.1:1", secrets={PASSWORD: source}))
    result = run("check", "Orders", "--yes", "--quiet")
    assert "password=*** is not possible: the command false ended with the exit code 1." in result.stdout
