"""Where there is no keyring, an encrypted file takes its place: nothing in clear, nothing lost, two at once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import keyring.backends.fail
import pytest

from clearline.core.exchange import encrypted
from clearline.core.exchange.imported import NotRecognised, WrongPassphrase
from clearline.core.exchange.secrets_file import SecretsFile
from clearline.core.keyring.vault import Vault, WhereKept, WhyMemory
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.secrets.secret import PASSWORD, Secret

PASSPHRASE = Secret("four words in a row")
OWN = Profile(id="p1", seeds=Seeds(hosts=("db1",)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "secrets.json"


def test_what_waited_in_memory_goes_into_the_file_and_is_there_the_next_day(file: Path) -> None:
    vault = Vault(keyring.backends.fail.Keyring())
    assert vault.keep(OWN, PASSWORD, Secret("s3cret-w0rd")) is WhereKept.MEMORY
    assert vault.state.why is WhyMemory.NO_KEYRING
    assert vault.use(SecretsFile(file, PASSPHRASE)).where is WhereKept.KEYRING
    assert vault.place(OWN, PASSWORD) == "in the encrypted file"
    assert b"s3cret" not in file.read_bytes()
    assert os.name != "posix" or file.stat().st_mode & 0o777 == 0o600

    later = Vault(keyring.backends.fail.Keyring())
    assert later.read(OWN.id, PASSWORD) is None
    later.use(SecretsFile(file, PASSPHRASE))
    assert later.secrets_of(OWN.id, [PASSWORD]) == {PASSWORD: Secret("s3cret-w0rd")}
    moved = Profile(id="p1", seeds=Seeds(hosts=("evil",)))
    assert later.given_elsewhere(moved, [PASSWORD]) == (PASSWORD,)
    assert later.delete(OWN.id, PASSWORD)
    assert later.read(OWN.id, PASSWORD) is None


def test_another_passphrase_opens_nothing_and_changes_nothing(file: Path) -> None:
    SecretsFile(file, PASSPHRASE).set_password("s", "u", "x")
    before = file.read_bytes()
    with pytest.raises(WrongPassphrase):
        SecretsFile(file, Secret("another"))
    assert file.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX")
def test_a_pipe_in_its_place_is_not_waited_for(file: Path) -> None:
    file.parent.mkdir()
    os.mkfifo(file)
    with pytest.raises(OSError):
        SecretsFile(file, PASSPHRASE)


def test_two_programs_lose_nothing_of_each_other(file: Path) -> None:
    one, other = SecretsFile(file, PASSPHRASE), SecretsFile(file, PASSPHRASE)
    one.set_password("s", "a", "1")
    other.set_password("s", "b", "2")
    assert (one.get_password("s", "b"), other.get_password("s", "a")) == ("2", "1")


@pytest.mark.parametrize("inner", [b"[]", b"{", b'{"format":"clearline-profiles"}', b'{"format":"clearline-secrets"}'])
def test_what_is_no_file_of_secrets_is_left_alone(file: Path, inner: bytes) -> None:
    file.parent.mkdir()
    for raw in (inner, encrypted.seal(inner, PASSPHRASE), json.dumps({"format": "x"}).encode()):
        file.write_bytes(raw)
        with pytest.raises(NotRecognised):
            SecretsFile(file, PASSPHRASE)
        assert file.read_bytes() == raw


def test_a_file_that_is_damaged_meanwhile_keeps_new_secrets_in_memory(file: Path) -> None:
    vault = Vault(keyring.backends.fail.Keyring())
    vault.use(SecretsFile(file, PASSPHRASE))
    file.write_bytes(b"damaged")
    assert vault.keep(OWN, PASSWORD, Secret("s3cret")) is WhereKept.MEMORY
    assert vault.read(OWN.id, PASSWORD) == Secret("s3cret")
    assert file.read_bytes() == b"damaged"
