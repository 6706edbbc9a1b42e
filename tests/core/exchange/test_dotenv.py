"""Connection strings in environment files, with references to other variables kept as references."""

from __future__ import annotations

from pathlib import Path

from clearline.core.exchange.imported import Format
from clearline.core.exchange.reading import read_file, read_text
from clearline.core.profiles.profile import SecretSource
from clearline.core.secrets.secret import PASSWORD, Secret

ENV = """# database
export MONGODB_URI="mongodb://app:p%40ss@db1:27017/orders"   # main
REPORTS_URI='mongodb+srv://cluster0.abcde.mongodb.net/?retryWrites=true'
LOGS_URI = mongodb://db3/?appName=x#y # comment
DB_PASSWORD=hunter2
SHARED_URI=mongodb://app:${DB_PASSWORD}@db4/
#OLD_URI=mongodb://db5/
"""


def test_every_variable_with_a_connection_string_is_one(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"\xef\xbb\xbf" + ENV.replace("\n", "\r\n").encode())
    read = read_file(path)
    assert read.format is Format.DOTENV
    assert [item.name for item in read.items] == ["MONGODB_URI", "REPORTS_URI", "LOGS_URI", "SHARED_URI"]
    assert read.items[0].secrets == {PASSWORD: Secret("p@ss")}
    assert read.items[1].profile.seeds.srv
    assert read.items[2].profile.options.app_name == "x#y"


def test_a_reference_to_another_variable_stays_one(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(ENV)
    item = read_file(path).items[3]
    assert item.secrets == {}
    assert item.profile.secrets == {PASSWORD: SecretSource(place="reference", reference="${DB_PASSWORD}")}
    assert item.profile.env_file == str(path)
    assert item.problem == ""
    assert read_file(path).items[0].profile.env_file is None


def test_a_pasted_environment_has_no_file() -> None:
    item = read_text("URI=mongodb://app:${DB_PASSWORD}@db4/").items[0]
    assert item.profile.env_file is None
