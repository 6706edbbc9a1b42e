"""Every Python snippet is run against real servers, with its secrets in the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds, Tls
from clearline.core.snippets import Language, snippets
from core.snippets.profiles import profile_of

EVERY = (
    "sync async context-manager singleton factory retry health pool collection environment".split()  # noqa: SIM905
)


def run(
    folder: Path, profile: Profile | None, keys: Any = EVERY, **variables: str
) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run the snippets of a profile side by side, each in a process of its own."""
    ours = ("MONGODB", "DB_", "SSL_CERT")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    made = {snippet.key: snippet for snippet in snippets(profile)}
    if "environment" in keys:
        text = made["dotenv"].text
        for name, value in variables.items():
            text = text.replace(f"{name}=\n", "'".join((f"{name}=", value.replace("'", "\\'"), "\n")))
        (folder / ".env").write_text(text, "utf-8")
    started = {}
    for key in keys:
        assert made[key].language is Language.PYTHON
        file = folder / f"{key}.py"
        file.write_text(made[key].text, "utf-8")
        given = environ if key == "environment" else {**environ, **variables}
        started[key] = subprocess.Popen(
            [sys.executable, "-W", "error", str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=given,
            cwd=folder,
        )
    done = {}
    for key, process in started.items():
        output, _ = process.communicate(timeout=60)
        done[key] = subprocess.CompletedProcess(key, process.returncode, output)
    return done


def proves_itself(done: Any) -> None:
    for key, process in done.items():
        assert process.returncode == 0, f"{key}\n{process.stdout}"
        assert "ping ok" in process.stdout, f"{key}\n{process.stdout}"


def test_all_run_against_a_server_without_login(standalone: Any, tmp_path: Path) -> None:
    done = run(tmp_path, profile_of(f"mongodb://{standalone.address}/appdb"))
    proves_itself(done)
    assert "in_use=0, waiting=0, refused=0), idle: 1" in done["pool"].stdout
    assert "one client: True" in done["singleton"].stdout
    assert "appdb.items" in done["collection"].stdout


def test_all_run_with_a_login_whose_password_is_full_of_marks(login_server: Any, tmp_path: Path) -> None:
    user = next(user for user in login_server.users if user.name == "special")
    profile = profile_of(
        f"mongodb://special@{login_server.address}/appdb?authSource=admin&maxPoolSize=3&appName=it's%20us"
    )
    proves_itself(run(tmp_path, profile, MONGODB_PASSWORD=user.password))


def test_options_of_every_section_run(replica_set: Any, tmp_path: Path) -> None:
    profile = profile_of(
        f"mongodb://{','.join(replica_set.addresses)}/appdb?replicaSet=rs0&maxPoolSize=5&maxIdleTimeMS=1500.5&w=2"
        "&waitQueueTimeoutMS=9000&connectTimeoutMS=5000&readPreference=nearest&readPreferenceTags=dc:east"
        "&readPreferenceTags=&maxStalenessSeconds=120&readConcernLevel=local&journal=true&wTimeoutMS=900&retryReads=false"
        "&compressors=zstd,snappy,zlib&zlibCompressionLevel=3&serverMonitoringMode=poll&uuidRepresentation=standard"
        "&tz_aware=true&datetime_conversion=DATETIME_AUTO&appName=the%20%22app%22&unicode_decode_error_handler=replace"
    )
    profile = replace(profile, options=replace(profile.options, server_api="1", driver="lib"))
    proves_itself(run(tmp_path, profile, ("sync", "async", "factory", "collection", "environment", "retry")))


def test_a_private_authority_is_trusted_by_file_and_as_the_systems_own(tls_server: Any, tmp_path: Path) -> None:
    keys = ("sync", "async", "environment")
    plain = profile_of(f"mongodb://{tls_server.address}/")
    proves_itself(run(tmp_path, replace(plain, tls=Tls(ca_file=str(tls_server.ca_file))), keys))
    # SSL_CERT_FILE is what OpenSSL and truststore take for the system's list.
    system = replace(plain, tls=Tls(enabled=True, trust="system"))
    proves_itself(run(tmp_path, system, ("sync", "async"), SSL_CERT_FILE=str(tls_server.ca_file)))


def test_a_client_certificate_is_presented(mutual_tls_server: Any, tmp_path: Path) -> None:
    tls = Tls(ca_file=str(mutual_tls_server.ca_file), certificate_key_file=str(mutual_tls_server.client_file))
    profile = replace(profile_of(f"mongodb://{mutual_tls_server.address}/"), tls=tls)
    proves_itself(run(tmp_path, profile, ("sync", "environment")))


def test_references_are_read_from_the_environment(login_server: Any, tmp_path: Path) -> None:
    host, _, port = login_server.address.partition(":")
    profile = replace(
        profile_of("mongodb://localhost/"),
        seeds=Seeds(hosts=("${DB_HOST}:${DB_PORT}",), database="${DB_NAME}"),
        auth=Auth(user="${DB_USER}", source="admin"),
        secrets={"password": SecretSource(place="reference", reference="${DB_PASSWORD}")},
    )
    variables = {"DB_HOST": host, "DB_PORT": port, "DB_NAME": "appdb", "DB_USER": "app", "DB_PASSWORD": "pass"}
    proves_itself(run(tmp_path, profile, ("sync", "factory", "environment"), **variables))


def test_the_profiles_own_env_file_is_read(login_server: Any, tmp_path: Path) -> None:
    (tmp_path / "own.env").write_text("MONGODB_PASSWORD=pass\n")
    profile = replace(profile_of(f"mongodb://app@{login_server.address}/"), env_file="own.env")
    # As when the profile is used, the file comes before the environment.
    proves_itself(run(tmp_path, profile, ("sync",), MONGODB_PASSWORD="another"))


def test_a_refused_login_is_never_tried_again(login_server: Any, tmp_path: Path) -> None:
    profile = profile_of(f"mongodb://app@{login_server.address}/")
    done = run(tmp_path, profile, ("retry",), MONGODB_PASSWORD="wrong")["retry"]
    assert done.returncode == 1
    assert "the login was refused" in done.stdout
    assert "attempt" not in done.stdout.partition("Traceback")[0]


def test_a_server_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    text = code(profile_of("mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=50"), "retry")
    file = tmp_path / "retry.py"
    file.write_text(text.replace("attempts: int = 6", "attempts: int = 2").replace("0.5 * 2**attempt", "0.01"), "utf-8")
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    assert "attempt 1 of 2 failed" in done.stderr
    assert "ServerSelectionTimeoutError" in done.stderr


@pytest.mark.parametrize("kind", ["local", "replica-set", "atlas"])
def test_the_factory_makes_every_kind(standalone: Any, kind: Any) -> None:
    text = code(profile_of(f"mongodb://{standalone.address}/?maxPoolSize=2&w=1"), "factory")
    check = f"with make_client(Deployment('{kind}')) as client:\n    print(client.options.pool_options.max_pool_size)"
    variables = {"MONGODB_USERNAME": "u", "MONGODB_PASSWORD": "p", "REPLICA_SET_NAME": "rs0"}
    variables |= {"REPLICA_SET_URI": "mongodb://127.0.0.1:9", "ATLAS_URI": "mongodb://127.0.0.1:9"}
    command, environ = [sys.executable, "-c", text.partition("def main")[0] + check], {**os.environ, **variables}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "2", done.stderr


def code(profile: Profile | None, key: Any) -> Any:
    return next(snippet.text for snippet in snippets(profile) if snippet.key == key)
