"""A drive that is away becomes a sentence and never a hang: in a check, on the way to the servers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clearline.core.check import hop_values, this_computer
from clearline.core.check.check import check, warm_up
from clearline.core.check.request import Request
from clearline.core.files.drives import NoAnswer, asked, on_another_computer, waited_for
from clearline.core.hops import known_hosts, ssh, ssh_login, way
from clearline.core.probes import files
from clearline.core.profiles.hop import SshServer
from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Report, Verdict
from clearline.core.secrets import references
from lab import loops
from lab.peers import silent

Away = Callable[..., Any]
AT_ONCE_S = 0.05


@pytest.fixture
def away() -> Iterator[Away]:
    """A reader that a drive holds until the test is over."""
    back = threading.Event()

    def read(*_arguments: object, **_more: object) -> None:
        back.wait()
        raise OSError

    yield read
    back.set()


def checked(text: str, profile: Profile) -> Report:
    warm_up()
    return loops.run(check(Request(profile, {}, text=text), lambda _report: None))


def impatient(monkeypatch: pytest.MonkeyPatch, *modules: Any) -> None:
    for module in modules:
        monkeypatch.setattr(module, "asked", lambda *a, **more: asked(*a, **more | {"limit_s": AT_ONCE_S}))


def summary_of(report: Report) -> str:
    assert report.verdict is Verdict.FAILED
    return " ".join(finding.summary for finding in report.findings)


def test_what_does_not_answer_in_time_is_left_behind(away: Away) -> None:
    with pytest.raises(NoAnswer) as caught:
        loops.run(asked("/net/team.env", away, limit_s=AT_ONCE_S))
    assert caught.value.sentence == "/net/team.env did not answer in 0.05 s: is it on a network drive that is away?"
    with pytest.raises(NoAnswer):
        waited_for(Path("/net"), away, limit_s=AT_ONCE_S)


def test_what_answers_comes_back_with_its_errors() -> None:
    assert loops.run(asked("a", int, "7")) == waited_for("a", int, "7") == 7
    for ask in (lambda: loops.run(asked("a", int, "x")), lambda: waited_for("a", int, "x")):
        with pytest.raises(ValueError, match="x"):
            ask()


def test_a_file_of_variables(away: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "read_env_file", away)
    impatient(monkeypatch, hop_values)
    report = checked("mongodb://${HOST}:1/", Profile(env_file="/net/team.env"))
    assert "/net/team.env" in summary_of(report)


def test_a_file_of_certificates(away: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_read", away)
    impatient(monkeypatch, files)
    report = checked("mongodb://127.0.0.1:1/?tls=true&tlsCAFile=/net/ca.pem", Profile())
    assert "The drive of /net/ca.pem does not answer." in summary_of(report)


def test_the_settings_of_the_desktop_hold_nothing(away: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(this_computer, "_proxy_settings", away)
    impatient(monkeypatch, this_computer)
    report = checked("mongodb://127.0.0.1:1/", Profile())
    assert report.findings[0].cause == "tcp.refused"
    assert report.computer is not None
    assert report.computer.system_proxy is None


@pytest.mark.parametrize(("module", "name"), [(way, "_told"), (known_hosts, "find")])
def test_what_ssh_is_configured_by(away: Away, monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    monkeypatch.setattr(module, name, away)
    impatient(monkeypatch, way if module is way else ssh)
    with silent() as server:
        host, _, port = server.address.rpartition(":")
        profile = Profile(hops=(SshServer(host=host, port=int(port), user="ada"),))
        report = checked("mongodb://127.0.0.1:1/", profile)
    assert report.findings[0].cause == "files.no-answer"
    assert ".ssh/" in report.findings[0].summary or "known_hosts" in report.findings[0].summary


def test_a_key_of_ssh_is_a_problem_of_its_file(away: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_login, "read", away)
    impatient(monkeypatch, ssh_login)
    login = ssh_login.Login.__new__(ssh_login.Login)
    login._settings = type("Settings", (), {"certificate_files": (), "chosen_keys": True})()
    login._passphrase, login.problems, login._queue = None, [], []
    loops.run(login._load("/net/id_ed25519"))
    assert [(one.trouble.value, one.file, one.what) for one in login.problems] == [
        ("file-silent", "/net/id_ed25519", "0.05")
    ]


@pytest.mark.parametrize(
    ("path", "elsewhere"),
    [
        (r"\\files.example.net\share\ca.pem", True),
        ("//files.example.net/share/ca.pem", True),
        (r"\\?\UNC\files.example.net\share\ca.pem", True),
        (r"C:\keys\ca.pem", False),
        (r"keys\ca.pem", False),
        ("~/ca.pem", False),
    ],
)
def test_a_path_of_windows_that_leads_to_another_computer_is_known_by_its_look(path: str, elsewhere: bool) -> None:
    assert on_another_computer(path, windows=True) is elsewhere
    assert not on_another_computer(path, windows=False)
