"""``clearline check`` as a user or a script runs it: real processes, real servers, real exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.storage.store import save
from clearline.core.uri.connection_string import build, read
from lab import deployments, peers, proxies
from lab.deployment import Deployment


def run(*arguments: str, stdin: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clearline", "check", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **(env or {})},
    )


def report_of(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_json_is_one_object_and_nothing_else(standalone: Deployment) -> None:
    result = run(standalone.uri(), "--json")
    assert result.returncode == 0
    assert result.stderr == ""
    assert report_of(result)["verdict"] == "connected"


def test_a_failed_check_exits_with_one_and_says_why() -> None:
    with peers.closed_port() as port:
        result = run(f"mongodb://127.0.0.1:{port}/")
    assert result.returncode == 1
    assert "nothing listens" in result.stdout
    assert "tcp.refused" in result.stdout


def test_a_bare_host_is_checked_and_called_not_portable(standalone: Deployment) -> None:
    report = report_of(run(standalone.address, "--json"))
    assert report["verdict"] == "connected"
    assert "uri.not-portable" in [f["cause"] for f in report["findings"]]


def test_a_uri_from_standard_input_stays_out_of_the_process_list(login_server: Deployment) -> None:
    result = run("-", "--json", stdin=login_server.uri(deployments.APP, path="appdb") + "\n")
    assert result.returncode == 0
    assert report_of(result)["identity"]["user"] == "app@admin"


def test_a_profile_file_and_its_password_from_the_environment(login_server: Deployment, tmp_path: Path) -> None:
    profile = read(login_server.uri(deployments.APP, path="appdb")).profile
    file = tmp_path / "orders.json"
    save(profile, file)
    result = run(str(file), "--json", "--password-env", "ORDERS_PASSWORD", env={"ORDERS_PASSWORD": "pass"})
    assert report_of(result)["verdict"] == "connected"


def test_a_password_from_standard_input(login_server: Deployment) -> None:
    uri = login_server.uri("app", authSource="admin", path="appdb")
    result = run(uri.replace("app@", "app:@"), "--json", "--password-stdin", stdin="pass\n")
    assert report_of(result)["verdict"] == "connected"


def test_a_saved_profile_is_found_by_its_name(standalone: Deployment, tmp_path: Path) -> None:
    import msgspec

    profile = msgspec.structs.replace(read(standalone.uri()).profile, name="Orders (local)")
    (tmp_path / "profiles").mkdir()
    save(profile, tmp_path / "profiles" / "orders.json")
    result = run("Orders (local)", "--json", env={"CLEARLINE_HOME": str(tmp_path)})
    assert report_of(result)["target"]["profile"] == "Orders (local)"


@pytest.mark.parametrize("arguments", [["/no/such/profile.json"], ["nowhere.json"], [""], ["-"], [], ["x", "--nope"]])
def test_a_wrong_command_line_exits_with_two_and_one_sentence(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_a_text_of_megabytes_is_refused_at_once() -> None:
    result = run("-", stdin="mongodb://" + "a" * 1_000_000)
    assert result.returncode == 2
    assert len(result.stderr) < 200


def test_a_missing_password_variable_is_named() -> None:
    result = run("mongodb://app@127.0.0.1/", "--password-env", "NO_SUCH_VARIABLE")
    assert result.returncode == 2
    assert "NO_SUCH_VARIABLE" in result.stderr


@pytest.mark.parametrize("text", ["mongodb://app:s3cr3t-horse@127.0.0.1:1/", "mongodb://app:s3cr3t-horse@two@h/"])
def test_a_password_is_never_echoed(text: str) -> None:
    for result in (run(text), run(text, "--json")):
        assert "s3cr3t-horse" not in result.stdout + result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for child processes")
def test_ctrl_c_reports_what_is_known_and_exits_with_130() -> None:
    with peers.silent() as silent:
        process = subprocess.Popen(
            [sys.executable, "-m", "clearline", "check", f"mongodb://{silent.address}/", "--json", "--timeout", "30"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        silent.wait_for(lambda: silent.connections >= 1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert json.loads(out)["verdict"] == "cancelled"
    assert err == ""


def test_what_may_pass_is_tried_again_and_each_attempt_is_told() -> None:
    result = run("mongodb://127.0.0.1:1/", "--attempts", "3", "--delay", "0.05", "--json")
    assert (result.returncode, report_of(result)["findings"][0]["cause"]) == (1, "tcp.refused")
    told = result.stderr.splitlines()
    assert [line.partition(" failed")[0] for line in told] == [
        "clearline check: attempt 1 of 3",
        "clearline check: attempt 2 of 3",
    ]
    assert "tcp.refused); again in 0.1 s" in told[1]


def test_a_refused_login_and_a_wrong_setting_are_never_tried_again(login_server: Deployment) -> None:
    profile = read(login_server.uri(deployments.APP)).profile
    refused = build(profile, {PASSWORD: Secret("not-the-password")}, show="plain")
    for uri in (refused, "mongodb://127.0.0.1/?replicaSet"):
        assert "attempt" not in run(uri, "--attempts", "5", "--delay", "0.05").stderr


def test_qt_is_not_imported_for_a_check() -> None:
    code = (
        "import sys; from clearline.__main__ import main;"
        "main(['check', 'mongodb://127.0.0.1:1/', '--json']);"
        "print([m for m in sys.modules if m.startswith('PySide6')], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "[]"


def test_a_server_is_reached_through_the_proxies_of_via(standalone: Deployment) -> None:
    with proxies.microsocks(login=True) as port:
        via = ("--via", f"socks5://{proxies.USER}@127.0.0.1:{port}")
        secret = {"PROXY_PASSWORD": proxies.PASSWORD}
        found = report_of(
            run(standalone.uri(), *via, "--secret-env", "hop.0.password=PROXY_PASSWORD", "--json", env=secret)
        )
        without = report_of(run(standalone.uri(), *via, "--json"))
    assert found["verdict"] == "connected"
    assert [(hop["kind"], hop["server"]) for hop in found["hops"]] == [("socks5", f"127.0.0.1:{port}")]
    assert without["findings"][0]["cause"] == "socks.login-refused"


def test_a_way_is_given_once() -> None:
    result = run("mongodb://127.0.0.1:1/?proxyHost=127.0.0.1", "--via", "socks5://127.0.0.1")
    assert (result.returncode, result.stdout) == (2, "")
    assert "proxyHost" in result.stderr


def test_the_password_of_a_proxy_in_the_address_comes_from_the_environment(login_server: Deployment) -> None:
    profile = read(login_server.uri(deployments.APP))
    with proxies.microsocks(login=True) as port:
        address = f"{build(profile.profile)}&proxyHost=127.0.0.1&proxyPort={port}&proxyUsername={proxies.USER}"
        password = {"PW": profile.secrets[PASSWORD].reveal(), "GATE": proxies.PASSWORD}
        wanted = ("--secret-env", "password=PW", "--secret-env", "hop.0.password=GATE")
        report = report_of(run(address, *wanted, "--json", env=password))
    assert report["verdict"] == "connected"
    assert [hop["server"] for hop in report["hops"]] == [f"127.0.0.1:{port}"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--via", "gopher://gate"),
        ("--secret-env", "nonsense"),
        ("--secret-env", "password=NOT_SET_HERE"),
        ("--secret-env", "hop.0.password=HOME"),
        ("--secret-env", "pasword=HOME"),
    ],
)
def test_a_hop_or_a_secret_that_cannot_be_understood_is_wrong_usage(arguments: tuple[str, str]) -> None:
    result = run("mongodb://127.0.0.1/", *arguments, env={"HOME": "a-secret"})
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
