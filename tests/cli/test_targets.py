"""What a command of the terminal asks before it connects: by where the profile comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from clearline.cli.targets import wanted_by
from clearline.core.exchange.consent import ConcernKind
from clearline.core.exchange.outside import FILE_NAME, Outside
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
    from clearline.cli.targets import say_where_to_sign_in

    say_where_to_sign_in("https://id.example.com/\x1b[2J\rhttps://evil", "AB\x1b]0;x\x07CD\rEF")
    printed = capsys.readouterr().err
    assert not {"\x1b", "\r", "\x07"} & set(printed)
    assert printed.count("\n") == 1
