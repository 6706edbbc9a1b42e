"""``clearline check --all`` and ``clearline list`` over real saved profiles, as a CI job runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.report.history import History
from clearline.core.report.report import Verdict
from clearline.core.storage.store import save_in
from clearline.core.uri.connection_string import read
from lab import deployments, peers
from lab.deployment import Deployment
from lab.mongo_peer import MongoPeer
from lab.terminals import on_a_terminal

CANARY = "s3cr3t-c0mmand-horse"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def run(home: Path, *arguments: str, stdin: str = "", timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clearline", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, "CLEARLINE_HOME": str(home)},
    )


def saved(home: Path, uri: str, name: str, folder: str = "", **fields: Any) -> Profile:
    profile = replace(read(uri).profile, id=name.lower(), name=name, folder=folder, **fields)
    save_in(home / "profiles", profile)
    return profile


def test_every_profile_is_checked_and_one_failure_fails_the_job(home: Path, standalone: Deployment) -> None:
    with peers.closed_port() as port:
        saved(home, standalone.uri(), "Alpha")
        saved(home, f"mongodb://127.0.0.1:{port}/", "Beta", "Shop")
        result = run(home, "check", "--all", "--json")
    assert result.returncode == 1
    reports = json.loads(result.stdout)
    assert [(r["target"]["profile"], r["verdict"]) for r in reports] == [("Alpha", "connected"), ("Beta", "failed")]
    assert "[2/2]" in result.stderr
    kept = History(home / "history")
    assert {name: last.verdict for name, last in kept.lasts().items()} == {
        "alpha": Verdict.CONNECTED,
        "beta": Verdict.FAILED,
    }
    assert kept.reports("beta")[0].diagnosis is not None


def test_a_folder_holds_what_is_below_it(home: Path, standalone: Deployment) -> None:
    for name, folder in (("Alpha", "Shop"), ("Beta", "Shop/Staging"), ("Gamma", "Other")):
        saved(home, standalone.uri(), name, folder)
    result = run(home, "check", "--all", "--folder", "shop")
    assert result.returncode == 0
    assert "Shop/Alpha: connected" in result.stdout
    assert "2 of 2 connected" in result.stdout
    assert "Gamma" not in result.stdout


def test_junit_is_written_for_many_and_for_one(home: Path, standalone: Deployment, tmp_path: Path) -> None:
    with peers.closed_port() as port:
        saved(home, standalone.uri(), "Alpha", "Shop")
        saved(home, f"mongodb://127.0.0.1:{port}/", "Beta", "Shop")
        (home / "profiles" / "broken.json").write_text('{"half')
        file = tmp_path / "junit.xml"
        result = run(home, "check", "--all", "--junit", str(file))
    assert (result.returncode, result.stdout) == (1, "")
    [suite] = ElementTree.parse(file).getroot()
    assert [case.get("name") for case in suite] == ["Alpha", "Beta", "broken.json"]
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["3", "1", "1"]
    assert run(home, "check", "Alpha", "--junit", str(file)).returncode == 0
    assert len(ElementTree.parse(file).getroot()[0]) == 1
    assert run(home, "check", "Alpha", "--junit", str(tmp_path / "no" / "where.xml")).returncode == 2


def test_a_broken_profile_hides_nothing_and_fails_the_job(home: Path, standalone: Deployment) -> None:
    saved(home, standalone.uri(), "Alpha")
    (home / "profiles" / "broken.json").write_text('{"half')
    result = run(home, "check", "--all", "--json")
    assert result.returncode == 1
    assert [r["verdict"] for r in json.loads(result.stdout)] == ["connected"]
    assert "broken.json: line 1" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--all"],
        ["--all", "--folder", "nowhere"],
        ["--all", "x"],
        ["--folder", "x", "y"],
        ["--all", "--password-stdin"],
    ],
)
def test_a_wrong_command_line_exits_with_two(home: Path, arguments: Sequence[str]) -> None:
    result = run(home, "check", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1


def test_options_about_the_way_of_checking_count_for_all(home: Path, standalone: Deployment) -> None:
    saved(home, standalone.uri(), "Alpha")
    with peers.closed_port() as port:
        saved(home, f"mongodb://127.0.0.1:{port}/", "Beta")
        quiet = run(home, "check", "--all", "--quiet")
        again = run(home, "check", "--all", "--attempts", "2", "--delay", "0.05")
        awaited = run(home, "check", "--all", "--until", "primary", "--for", "1")
    assert [line.split(": ")[0][2:] for line in quiet.stdout.splitlines()] == ["Beta"]
    assert quiet.stderr == ""
    assert "attempt 1 of 2 failed (tcp.refused)" in again.stderr
    assert (quiet.returncode, again.returncode, awaited.returncode) == (1, 1, 1)


@pytest.mark.parametrize(
    "option",
    [
        ("--via", "ssh://bastion"),
        ("--secret-env", "password=HOME"),
        ("--far-dns", "ssh"),
        ("--accept-host-key", "SHA256:x"),
    ],
)
def test_what_is_of_one_target_is_refused_for_all(home: Path, standalone: Deployment, option: tuple[str, str]) -> None:
    saved(home, standalone.uri(), "Alpha")
    result = run(home, "check", "--all", *option)
    assert (result.returncode, result.stdout) == (2, "")
    assert "--all takes no target" in result.stderr


def test_silent_servers_are_waited_for_side_by_side(home: Path) -> None:
    with peers.silent() as silent:
        for number in range(8):
            saved(home, f"mongodb://{silent.address}/", f"Silent{number}")
        result = run(home, "check", "--all", "--json", "--timeout", "2")
        reports = json.loads(result.stdout)
    assert result.returncode == 1
    times = [(datetime.fromisoformat(report["started"]), report["elapsed_ms"]) for report in reports]
    first_end = min(start + timedelta(milliseconds=elapsed_ms) for start, elapsed_ms in times)
    assert all(start < first_end for start, _ in times)
    assert silent.connections >= 8


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for child processes")
def test_ctrl_c_ends_all_of_them_with_what_is_known(home: Path) -> None:
    with peers.silent() as silent:
        for number in range(10):
            saved(home, f"mongodb://{silent.address}/", f"Silent{number}")
        process = subprocess.Popen(
            [sys.executable, "-m", "clearline", "check", "--all", "--json", "--timeout", "30"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "CLEARLINE_HOME": str(home)},
        )
        silent.wait_for(lambda: silent.connections >= 8)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert [report["verdict"] for report in json.loads(out)] == ["cancelled"] * 10
    assert History(home / "history").lasts() == {}


# ---------------------------------------------------------------- secrets


def _prints(word: str) -> SecretSource:
    return SecretSource(place="command", command=f"{sys.executable} -c \"print('{word}')\"")


def test_a_command_that_prints_the_password_runs_only_after_it_was_agreed_to(
    home: Path, login_server: Deployment
) -> None:
    uri = login_server.uri("app", authSource="admin", path="appdb")
    saved(home, uri, "Alpha", secrets={"password": _prints("pass")})
    refused = run(home, "check", "Alpha", "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "runs a program on this computer" in refused.stderr
    assert "--yes" in refused.stderr
    agreed = run(home, "check", "Alpha", "--json", "--yes")
    assert json.loads(agreed.stdout)["verdict"] == "connected"
    again = run(home, "check", "--all", "--json")
    assert again.returncode == 0, again.stderr


def test_without_agreement_the_others_are_checked_all_the_same(
    home: Path, login_server: Deployment, standalone: Deployment, tmp_path: Path
) -> None:
    uri = login_server.uri("app", authSource="admin", path="appdb")
    saved(home, uri, "Alpha", secrets={"password": _prints("pass")})
    saved(home, standalone.uri(), "Beta")
    result = run(home, "check", "--all", "--json")
    assert [report["verdict"] for report in json.loads(result.stdout)] == ["failed", "connected"]
    assert "runs a program on this computer" in result.stderr
    assert "command" in json.dumps(json.loads(result.stdout)[0]["findings"][0])


def test_a_failing_command_is_told_without_its_output(home: Path, login_server: Deployment, tmp_path: Path) -> None:
    program = tmp_path / "prints.py"
    program.write_text(f"print({CANARY!r})\nraise SystemExit(3)\n")
    source = SecretSource(place="command", command=f"{sys.executable} {program}")
    saved(home, login_server.uri("app", authSource="admin"), "Alpha", secrets={"password": source})
    result = run(home, "check", "Alpha", "--json", "--yes")
    assert result.returncode == 1
    assert "ended with the exit code 3" in result.stdout
    assert CANARY not in result.stderr + result.stdout


def test_a_password_that_is_asked_each_time_says_so_without_a_terminal(home: Path, login_server: Deployment) -> None:
    uri = login_server.uri("app", authSource="admin", path="appdb")
    saved(home, uri, "Alpha", secrets={"password": SecretSource(place="ask")})
    result = run(home, "check", "Alpha", "--json")
    assert (result.returncode, result.stdout) == (2, "")
    assert "asked each time" in result.stderr
    assert "--password-stdin" in result.stderr
    given = run(home, "check", "Alpha", "--json", "--password-stdin", stdin="pass\n")
    assert json.loads(given.stdout)["verdict"] == "connected"


def test_a_password_from_a_reference_is_looked_up_at_each_check(
    home: Path, login_server: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = login_server.uri("app", authSource="admin", path="appdb")
    source = SecretSource(place="reference", reference="${CLEARLINE_TEST_PASSWORD}")
    saved(home, uri, "Alpha", secrets={"password": source})
    missing = run(home, "check", "Alpha", "--json", "--yes")
    assert missing.returncode == 1
    assert "CLEARLINE_TEST_PASSWORD" in json.loads(missing.stdout)["findings"][0]["summary"]
    monkeypatch.setenv("CLEARLINE_TEST_PASSWORD", "pass")
    found = run(home, "check", "Alpha", "--json", "--yes")
    assert json.loads(found.stdout)["verdict"] == "connected"


def _on_a_terminal(home: Path, *arguments: str, answers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    return on_a_terminal(*arguments, answers=answers, environ={**os.environ, "CLEARLINE_HOME": str(home)})


@pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals as Linux has them")
def test_a_password_that_is_asked_each_time_is_asked_on_a_terminal_and_not_shown(
    home: Path, login_server: Deployment
) -> None:
    uri = login_server.uri(deployments.User("special"), path="")
    special = next(user for user in deployments.USERS if user.name == "special")
    saved(home, uri, "Alpha", secrets={"password": SecretSource(place="ask")})
    code, said = _on_a_terminal(home, "check", "Alpha", answers=[("Alpha, password: ", special.password)])
    assert code == 0, said
    assert "Connected" in said
    assert special.password not in said


# ---------------------------------------------------------------- consent


def _elsewhere(folder: Path, uri: str) -> Path:
    from clearline.core.storage.store import save

    file = folder / "sent.json"
    save(replace(read(uri).profile, id="sent", name="Sent"), file)
    return file


def test_a_file_from_elsewhere_that_switches_security_off_needs_agreement_once(
    home: Path, tls_server: Deployment, tmp_path: Path
) -> None:
    file = _elsewhere(tmp_path, f"mongodb://{tls_server.address}/?tls=true&tlsInsecure=true")
    refused = run(home, "check", str(file), "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "It sets tlsInsecure" in refused.stderr
    assert run(home, "check", str(file), "--json", "--yes").returncode == 0
    again = run(home, "check", str(file), "--json")
    assert (again.returncode, again.stderr) == (0, "")


def test_a_connection_string_in_a_script_is_told_and_checked(home: Path, tls_server: Deployment) -> None:
    uri = f"mongodb://{tls_server.address}/?tls=true&tlsInsecure=true"
    told = run(home, "check", uri, "--json")
    assert told.returncode == 0
    assert "It sets tlsInsecure" in told.stderr
    assert json.loads(told.stdout)["verdict"] == "connected"
    quiet = run(home, "check", uri, "--json", "--yes")
    assert (quiet.returncode, quiet.stderr) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals as Linux has them")
def test_a_connection_string_pasted_into_a_terminal_asks_first(home: Path, tls_server: Deployment) -> None:
    uri = f"mongodb://{tls_server.address}/?tls=true&tlsInsecure=true"
    code, said = _on_a_terminal(home, "check", uri, answers=[("[y/N] ", "n")])
    assert code == 2
    assert "nothing was connected" in said
    code, said = _on_a_terminal(home, "check", uri, answers=[("[y/N] ", "y")])
    assert code == 0, said
    code, said = _on_a_terminal(home, "check", uri, answers=[])
    assert code == 0
    assert "[y/N]" not in said


# ---------------------------------------------------------------- list and open


def test_the_list_says_name_folder_address_and_last_verdict(home: Path, standalone: Deployment) -> None:
    saved(home, standalone.uri(), "Alpha", "Shop")
    saved(home, "mongodb://app@db1.example.com/", "Beta")
    run(home, "check", "Alpha")
    result = run(home, "list")
    assert result.returncode == 0
    head, alpha, beta = result.stdout.splitlines()
    assert head.split() == ["name", "folder", "last", "check", "at", "connection"]
    assert alpha.split()[:3] == ["Alpha", "Shop", "connected"]
    assert "UTC" in alpha
    assert beta.split() == ["Beta", "not", "tested", "mongodb://app@db1.example.com/"]


def test_the_list_as_json_names_what_cannot_be_read(home: Path) -> None:
    saved(home, "mongodb://app@db1.example.com/", "Beta", "Shop")
    (home / "profiles" / "broken.json").write_text('{"half')
    result = run(home, "list", "--json")
    assert result.returncode == 1
    beta, broken = json.loads(result.stdout)
    assert (beta["name"], beta["folder"], beta["uri"], beta["verdict"]) == (
        "Beta",
        "Shop",
        "mongodb://app@db1.example.com/",
        None,
    )
    assert "line 1" in broken["problem"]
    assert run(home, "list", "--json", "--folder", "nowhere").returncode == 1


def test_an_empty_list_says_so(home: Path) -> None:
    result = run(home, "list")
    assert (result.returncode, result.stdout) == (0, "")
    assert "No profiles" in result.stderr


def test_opening_a_file_that_does_not_exist_is_a_wrong_command_line(home: Path, tmp_path: Path) -> None:
    for arguments in (["open", str(tmp_path / "x.json")], ["open"]):
        result = run(home, *arguments)
        assert result.returncode == 2
        assert "Traceback" not in result.stderr


def _imported(home: Path, uri: str, name: str) -> None:
    from clearline.core.consent.outside import FILE_NAME, Outside

    Outside(home / FILE_NAME).mark([saved(home, uri, name).id])


def test_an_imported_profile_asks_for_everything_until_it_was_agreed_to(home: Path, tls_server: Deployment) -> None:
    _imported(home, f"mongodb://{tls_server.address}/?tls=true&tlsInsecure=true", "Alpha")
    refused = run(home, "check", "Alpha", "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "It sets tlsInsecure" in refused.stderr
    agreed = run(home, "check", "Alpha", "--json", "--yes")
    assert json.loads(agreed.stdout)["verdict"] == "connected"
    assert run(home, "check", "--all", "--json").returncode == 0


def test_among_all_one_that_was_not_agreed_to_is_not_contacted_and_its_report_says_why(
    home: Path, standalone: Deployment
) -> None:
    with MongoPeer({}) as peer:
        _imported(home, f"mongodb://{peer.address}/?appName=${{HOME}}", "Alpha")
        saved(home, standalone.uri(), "Beta")
        result = run(home, "check", "--all", "--json")
        assert peer.connections == 0
    reports = json.loads(result.stdout)
    assert [report["verdict"] for report in reports] == ["failed", "connected"]
    assert "was not agreed to on this computer" in reports[0]["findings"][0]["summary"]
    assert "${HOME}" in reports[0]["target"]["uri"]


def test_an_oidc_profile_gives_one_json_object_without_a_terminal(home: Path) -> None:
    saved(home, "mongodb://db1.example.com/?authMechanism=MONGODB-OIDC", "Alpha")
    result = run(home, "check", "Alpha", "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["findings"][0]["cause"] == "auth.oidc-not-configured"
