"""A portable copy is from elsewhere on each computer until its user says otherwise, and uses no keyring of theirs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from clearline import paths
from clearline.cli.agreement import wanted_by
from clearline.core.consent.portable import is_foreign_copy, trust_this_copy
from clearline.core.keyring.vault import Vault, WhyMemory
from clearline.core.profiles.profile import Profile, Seeds, Tls
from clearline.core.secrets.secret import PASSWORD, Secret
from lab.file_keyring import FileKeyring

DEMANDING = Profile(name="x", seeds=Seeds(hosts=("db.test:27017",)), tls=Tls(insecure=True))


@pytest.fixture
def stick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The data folder of a portable copy, on the first computer."""
    folder = tmp_path / "stick" / "Clearline-data"
    folder.mkdir(parents=True)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(folder.parent / "clearline"))
    monkeypatch.delenv("CLEARLINE_HOME", raising=False)
    go_to(monkeypatch, tmp_path / "first")
    return folder


def go_to(monkeypatch: pytest.MonkeyPatch, computer: Path) -> None:
    monkeypatch.setattr(paths, "_of_this_user", lambda: computer)


def test_a_copy_is_trusted_once_on_each_computer(stick: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert is_foreign_copy()
    assert [concern.kind.value for concern in wanted_by(DEMANDING)] == ["security-off"]
    trust_this_copy()
    assert not is_foreign_copy()
    assert wanted_by(DEMANDING) == ()
    go_to(monkeypatch, tmp_path / "second")
    assert is_foreign_copy()
    trust_this_copy()
    go_to(monkeypatch, tmp_path / "first")
    assert not is_foreign_copy()


def test_what_lies_on_the_stick_cannot_say_that_it_is_trusted(stick: Path, tmp_path: Path) -> None:
    trust_this_copy()
    assert {path.name for path in stick.iterdir()} == {"copy.txt"}
    (stick / "copy.txt").write_text("of another copy")
    assert is_foreign_copy()
    (stick / "copy.txt").write_text("0" * 32)
    assert is_foreign_copy()


def test_an_installed_program_is_no_copy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not is_foreign_copy()
    trust_this_copy()  # does nothing
    assert not is_foreign_copy()


@pytest.mark.usefixtures("stick")
def test_its_secrets_never_go_into_the_computer_s_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import keyring

    monkeypatch.setenv("LAB_KEYRING", str(tmp_path / "computer.json"))
    monkeypatch.setattr(keyring, "get_keyring", FileKeyring)
    vault = Vault()
    vault.write("p", PASSWORD, Secret("s3cret"))
    assert vault.state.why is WhyMemory.NO_KEYRING
    assert str(vault.state) == "this session only: a portable copy uses no keyring of the computers that it meets"
    assert not (tmp_path / "computer.json").exists()
    monkeypatch.setenv("LAB_KEYRING", str(tmp_path / "encrypted.json"))  # stands in for the file that the user opens
    assert vault.use(FileKeyring()).why is None
    assert (tmp_path / "encrypted.json").exists()
