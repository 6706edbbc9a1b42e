"""What a command of the terminal asks before it connects: by where the profile comes from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from clearline.__main__ import main
from clearline.cli.agreement import wanted_by
from clearline.core.consent.concerns import ConcernKind
from clearline.core.consent.outside import FILE_NAME, Outside
from clearline.core.profiles.profile import Auth, Profile, Seeds, Tls

TAKEN = Profile(id="taken", seeds=Seeds(hosts=("evil.example.com",)), auth=Auth(user="app"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLEARLINE_HOME", str(tmp_path))
    return tmp_path


def kinds(profile: Profile, *, elsewhere: bool = False) -> list[ConcernKind]:
    return [concern.kind for concern in wanted_by(profile, elsewhere=elsewhere)]


def test_one_s_own_profile_asks_for_nothing(home: Path) -> None:
    insecure = replace(TAKEN, tls=Tls(insecure=True))
    assert kinds(insecure) == []
    assert kinds(insecure, elsewhere=True) == [ConcernKind.SECURITY_OFF]
    Outside(home / FILE_NAME).mark(["taken"])
    assert kinds(insecure) == [ConcernKind.SECURITY_OFF]


def test_where_to_sign_in_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from clearline.cli.agreement import say_where_to_sign_in

    say_where_to_sign_in("https://id.example.com/\x1b[2J\rhttps://evil", "AB\x1b]0;x\x07CD\rEF")
    printed = capsys.readouterr().err
    assert not {"\x1b", "\r", "\x07"} & set(printed)
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        ("MONGODB_URI=mongodb://127.0.0.1:1/", "mongodb://127.0.0.1:1/"),
        ('mongosh "mongodb://127.0.0.1:1/shop" -u ada -p s3cret-w0rd', "mongodb://ada:***@127.0.0.1:1/shop"),
        ("client = MongoClient('mongodb://127.0.0.1:1/?w=1')", "mongodb://127.0.0.1:1/?w=1"),
    ],
)
def test_the_address_in_a_pasted_command_is_checked_and_said_aloud(
    pasted: str, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", pasted, "--fast"]) == 1
    said = capsys.readouterr()
    assert said.err.rstrip().endswith(address)
    assert "tcp.refused" in said.out
    assert "s3cret-w0rd" not in said.out + said.err


def test_what_else_is_wrong_with_a_pasted_command_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", 'mongodump --uri="mongodb://u:p@ss@127.0.0.1:1"', "--fast"]) == 1
    assert "uri.unescaped-credentials" in capsys.readouterr().out


@pytest.mark.parametrize(
    "typed",
    [
        "ada:s3cr/et-w0rd@127.0.0.1:1",
        "127.0.0.1:1/orders",
        "localhost/db",
        "mongodb:/127.0.0.1:1/",
        "mongodb//127.0.0.1:1/db",
        "mongodb;//127.0.0.1:1",
    ],
)
def test_an_address_with_a_slash_is_no_file(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", typed, "--fast"]) == 1
    said = capsys.readouterr()
    assert "uri.bad-scheme" in said.out
    assert "et-w0rd" not in said.out + said.err


@pytest.mark.parametrize(
    "typed", ["profiles/prod", "./db1:27017", "/srv/db1.prod", "~/ada@db", "C:\\db1\\x", "db1.json"]
)
def test_a_path_is_a_file_that_is_missing(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", typed]) == 2
    assert "No such file" in capsys.readouterr().err


def test_a_file_that_is_there_is_read_whatever_it_looks_like(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "team@work").mkdir()
    (tmp_path / "team@work" / "prod").write_text("{", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "team@work/prod"]) == 2
    assert "prod: " in capsys.readouterr().err


BYTES = "\udcff"
"""As Python has a byte of an argument or a variable that is no text."""


@pytest.mark.parametrize(
    "arguments",
    [
        [f"{BYTES}.example.com:1"],
        [f"mongodb://127.0.0.1:1/?appName={BYTES}"],
        [f"mongodb://{BYTES}:{BYTES}@127.0.0.1:1/?tlsCAFile=/{BYTES}"],
        ["mongodb://127.0.0.1:1/", "--via", f"ssh://{BYTES}@127.0.0.1:1"],
        ["mongodb://127.0.0.1:1/", "--via", "ssh://127.0.0.1:1", "--far-dns", f"a{BYTES}"],
        ["mongodb://${ODD_BYTES}.invalid:1/"],
    ],
)
def test_bytes_that_are_no_text_are_shown_as_such_and_break_no_report(
    home: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.environ", {**os.environ, "ODD_BYTES": f"a{BYTES}", "KUBECONFIG": BYTES, "HOSTNAME": BYTES})
    assert main(["check", *arguments, "--json", "--timeout", "0.2", "--fast"]) in (1, 2)
    printed = capfd.readouterr()
    assert BYTES not in printed.out + printed.err
    if printed.out:
        json.loads(printed.out)
