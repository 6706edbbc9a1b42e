"""An encrypted file opens with its passphrase, on any system, and with nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from clearline.core.exchange import encrypted
from clearline.core.exchange.encrypted import Strength, seal, strength, unseal
from clearline.core.exchange.imported import NewerFormat, NotRecognised, TooLarge, WrongPassphrase
from clearline.core.exchange.reading import read_text
from clearline.core.secrets.secret import PASSWORD, Secret

# Made by Node.js' crypto from the description in encrypted.py; the passphrase is "café au lait".
MADE_ELSEWHERE = json.dumps(
    {
        "version": 1,
        "format": "clearline-profiles-encrypted",
        "cipher": {"nonce": "MDEyMzQ1Njc4OTo7", "name": "AES-256-GCM"},
        "kdf": {"name": "scrypt", "salt": "ICEiIyQlJicoKSorLC0uLw==", "n": 131072, "r": 8, "p": 1},
        "data": "Zn4veKPRCcOHdQM8Y4tcH4Kz2JNNgB5SNaDeSkZx3hZnqxgwbIgs38g9kyNKHBxJNnHUaGdHzVnks9o7JmGal3B8UiJUyT2IANyf"
        "P58zNJJRy9UentZfa5+PHjSz0Xeg9OrA3smXN9yt8qdpaVQgRp5A/+SJYfWLQfdWyfs9M/5kMxpvzAOzgedJFxqeUoxtU94JVEHK"
        "b+lBOo/C74uajuG1erzpFAIoHErsnsBm4+Evtq1xewOXqKjg6Uok1/o6K+5muIyHT+bRUozlsHkCJQq3b27i",
    }
)
PHRASE = Secret("correct horse battery")


@pytest.mark.parametrize("typed", ["caf\u00e9 au lait", "cafe\u0301 au lait"])
def test_a_file_that_another_program_made_opens_however_the_accent_is_typed(typed: str) -> None:
    [item] = read_text(MADE_ELSEWHERE, Secret(typed)).items
    assert item.name == "Orders"
    assert item.secrets == {PASSWORD: Secret("s3cret")}


def test_the_file_is_what_the_description_says(real_scrypt_n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encrypted, "_N", real_scrypt_n)
    document = json.loads(seal(b"something", PHRASE))
    salt = base64.b64decode(document["kdf"]["salt"])
    key = Scrypt(salt=salt, length=32, n=2**17, r=8, p=1).derive(PHRASE.reveal().encode())
    data = document.pop("data")
    head = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    nonce = base64.b64decode(document["cipher"]["nonce"])
    assert (len(salt), len(nonce)) == (16, 12)
    assert AESGCM(key).decrypt(nonce, base64.b64decode(data), head) == b"something"


def test_two_files_of_the_same_have_nothing_in_common() -> None:
    one, other = (json.loads(seal(b"something", PHRASE)) for _ in range(2))
    assert one["data"] != other["data"]
    assert one["kdf"]["salt"] != other["kdf"]["salt"]


def test_a_wrong_passphrase_is_said_to_be_one() -> None:
    with pytest.raises(WrongPassphrase):
        unseal(json.loads(seal(b"something", PHRASE)), Secret("correct horse batter"))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["kdf"].update(p=2),
        lambda d: d["kdf"].update(extra=1),
        lambda d: d.update(comment="added"),
        lambda d: d.update(data=d["data"][:-8] + "AAAAAAA="),
        lambda d: d["cipher"].update(nonce=base64.b64encode(bytes(12)).decode()),
    ],
)
def test_what_was_changed_after_it_was_encrypted_does_not_open(change: Callable[..., Any]) -> None:
    document = json.loads(seal(b"something, long enough", PHRASE))
    change(document)
    with pytest.raises(WrongPassphrase):
        unseal(document, PHRASE)


@pytest.mark.parametrize("kdf", [{"n": 2**24}, {"r": 2**20}, {"p": 1000}, {"n": 2**31, "r": 2**31}])
def test_a_file_that_would_eat_the_memory_is_refused_before_it_does(kdf: dict[str, int]) -> None:
    document = json.loads(seal(b"something", PHRASE))
    document["kdf"].update(kdf)
    with pytest.raises(TooLarge):
        unseal(document, PHRASE)


@pytest.mark.parametrize(
    "head",
    [
        {"kdf": None},
        {"cipher": []},
        {"version": "1"},
        {"data": 5},
        {"data": "not base64!"},
        {"kdf": {"name": "scrypt", "n": 3, "r": 8, "p": 1, "salt": "AAAA"}},
        {"kdf": {"name": "scrypt", "n": -2, "r": 8, "p": 1, "salt": "AAAA"}},
        {"kdf": {"name": "scrypt", "n": True, "r": 8, "p": 1, "salt": "AAAA"}},
        {"kdf": {"name": "scrypt", "n": 2, "r": 8, "p": 0, "salt": "A" * 24}},
        {"kdf": {"name": "argon2"}},
        {"cipher": {"name": "AES-256-GCM", "nonce": "\u00e9"}},
    ],
)
def test_a_damaged_head_is_said_to_be_damaged(head: Any) -> None:
    with pytest.raises(NotRecognised):
        unseal(json.loads(seal(b"something", PHRASE)) | head, PHRASE)


def test_a_newer_version_is_said_to_be_newer() -> None:
    with pytest.raises(NewerFormat):
        unseal(json.loads(seal(b"something", PHRASE)) | {"version": 2}, PHRASE)


@pytest.mark.parametrize(
    ("passphrase", "expected"),
    [
        ("secret", Strength.WEAK),
        ("aaaaaaaaaaaaaaaaaaaaaaaaa", Strength.WEAK),
        ("Tr0ub4dor&3", Strength.FAIR),
        ("correct horse battery staple", Strength.GOOD),
    ],
)
def test_the_strength_of_a_passphrase_is_said_in_words(passphrase: str, expected: Strength) -> None:
    assert strength(Secret(passphrase)) is expected
