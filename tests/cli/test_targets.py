"""What a command of the terminal asks before it connects: by where the profile comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearline.cli.targets import wanted_by
from clearline.core.exchange.consent import ConcernKind
from clearline.core.exchange.outside import FILE_NAME, Outside
from clearline.core.keyring import vault
from clearline.core.profiles.profile import Auth, Profile, Seeds
from clearline.core.secrets.secret import PASSWORD, Secret

TAKEN = Profile(id="taken", seeds=Seeds(hosts=("evil.example.com",)), auth=Auth(user="app"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLEARLINE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """This computer keeps a password for the id that the file names."""
    mine = vault.Vault()
    mine.keep_for_session("taken", PASSWORD, Secret("k3pt-here"))
    monkeypatch.setattr(vault, "Vault", lambda: mine)


def kinds(profile: Profile, *, elsewhere: bool = False) -> list[ConcernKind]:
    return [concern.kind for concern in wanted_by(profile, elsewhere=elsewhere)]


def test_one_s_own_profile_asks_for_nothing(home: Path, kept: None) -> None:
    assert kinds(TAKEN) == []


def test_a_file_that_names_the_id_of_a_kept_password_asks_before_it_gets_it(home: Path, kept: None) -> None:
    assert kinds(TAKEN, elsewhere=True) == [ConcernKind.SECRETS]


def test_an_imported_replacement_asks_before_it_gets_what_was_kept(home: Path) -> None:
    Outside(home / FILE_NAME).mark(["taken"])
    assert kinds(TAKEN) == []
    Outside(home / FILE_NAME).mark(["taken"], keeping_secrets=["taken"])
    assert kinds(TAKEN) == [ConcernKind.SECRETS]


def test_where_to_sign_in_cannot_steer_the_terminal(capsys):
    from clearline.cli.targets import say_where_to_sign_in

    say_where_to_sign_in("https://id.example.com/\x1b[2J\rhttps://evil", "AB\x1b]0;x\x07CD\rEF")
    printed = capsys.readouterr().err
    assert not {"\x1b", "\r", "\x07"} & set(printed)
    assert printed.count("\n") == 1
