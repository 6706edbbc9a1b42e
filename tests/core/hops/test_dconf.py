"""GNOME's settings are read from databases that dconf itself has written."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from clearline.core.hops.dconf import Damaged, Value, settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="GNOME is a desktop of Unix")

PROXY = """
[system/proxy]
mode='manual'
ignore-hosts=['localhost', '10.0.0.0/8', '*.corp.example']
use-same-proxy=true
[system/proxy/https]
host='p.corp.example'
port=8080
[org/gnome/desktop]
text-scaling-factor=1.5
"""


def compiled(database: Path, keys: str, *locks: str) -> None:
    folder = database.parent / f"{database.name}.d"
    (folder / "locks").mkdir(parents=True)
    (folder / "keys").write_text(keys)
    (folder / "locks" / "all").write_text("".join(f"{lock}\n" for lock in locks))
    subprocess.run(["dconf", "compile", str(database), str(folder)], check=True)


def users(home: Path) -> Path:
    return home / ".config" / "dconf" / "user"


def read(home: Path) -> dict[str, Value]:
    return settings("/system/proxy/", home, {}, home / "root")


def test_what_the_user_has_set(tmp_path: Path) -> None:
    assert read(tmp_path) == {}
    compiled(users(tmp_path), PROXY)
    assert read(tmp_path) == {
        "mode": "manual",
        "ignore-hosts": ("localhost", "10.0.0.0/8", "*.corp.example"),
        "use-same-proxy": True,
        "https/host": "p.corp.example",
        "https/port": 8080,
    }


def test_the_system_counts_where_the_user_has_set_nothing_or_may_not(tmp_path: Path) -> None:
    profile = tmp_path / "root" / "etc/dconf/profile/user"
    profile.parent.mkdir(parents=True)
    profile.write_text("user-db:user  # his own\nsystem-db:local\nfile-db:/elsewhere\nsystem-db:../../out\n")
    company = "[system/proxy]\nmode='manual'\n[system/proxy/http]\nhost='gate'\nport=3128\n"
    compiled(tmp_path / "root" / "etc/dconf/db/local", company, "/system/proxy/mode")
    compiled(users(tmp_path), "[system/proxy]\nmode='none'\n[system/proxy/http]\nhost='own'\n")
    assert read(tmp_path) == {"mode": "manual", "http/host": "own", "http/port": 3128}


def test_a_list_of_many(tmp_path: Path) -> None:
    hosts = [f"db{number:05}.corp.example" for number in range(4000)]
    compiled(users(tmp_path), f"[system/proxy]\nignore-hosts={hosts!r}\n")
    assert read(tmp_path) == {"ignore-hosts": tuple(hosts)}


def test_a_damaged_database_is_told_and_nothing_else_is_raised(tmp_path: Path) -> None:
    compiled(users(tmp_path), PROXY)
    whole, dice = users(tmp_path).read_bytes(), random.Random(7)
    told = 0
    for _ in range(2000):
        spoilt = bytearray(whole[: dice.randrange(len(whole))] if dice.random() < 0.3 else whole)
        for _ in range(dice.randrange(1, 6)):
            if spoilt:
                spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
        users(tmp_path).write_bytes(spoilt)
        try:
            read(tmp_path)
        except Damaged:
            told += 1
    assert told > 100
    users(tmp_path).write_bytes(b"no database")
    with pytest.raises(Damaged):
        read(tmp_path)
