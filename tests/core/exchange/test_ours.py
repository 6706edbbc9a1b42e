"""Our own files: what goes out comes back, and no secret goes out in clear."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.exchange import ours
from clearline.core.exchange.imported import Format, NeedsPassphrase, NewerFormat, NotRecognised, WrongPassphrase
from clearline.core.exchange.ours import NotExported, write
from clearline.core.exchange.planning import plan
from clearline.core.exchange.reading import read_file, read_text
from clearline.core.profiles.profile import Auth, Options, Pool, Profile, SecretSource, Seeds, Unread
from clearline.core.secrets.secret import PASSWORD, PROXY_PASSWORD, Secret
from clearline.core.storage import profile_file
from clearline.core.uri.connection_string import read as read_string

ORDERS = Profile(
    id="0123456789abcdef0123456789abcdef",
    name="Orders, production",
    folder="Orders/Production",
    favourite=True,
    colour="red",
    notes="Ask the data team.",
    seeds=Seeds(srv=True, hosts=("cluster0.abcde.mongodb.net",), database="orders"),
    auth=Auth(user="app", source="admin"),
    pool=Pool(max_pool_size=50),
    options=Options(app_name="orders"),
    unread=(Unread(name="proxyHost", value="10.0.0.1"), Unread(name=PROXY_PASSWORD, value=None)),
    secrets={PASSWORD: SecretSource(place="ask")},
)
LOCAL = Profile(id="local", name="Local", seeds=Seeds(hosts=("localhost:27017",)))
PASSWORDS = {ORDERS.id: {PASSWORD: Secret("pa55 w\u00f6rd"), PROXY_PASSWORD: Secret("pr0xy")}}


def test_everything_but_the_secrets_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "shared.json"
    write([ORDERS, LOCAL], path)
    read = read_file(path)
    assert read.format is Format.OURS
    assert [item.profile for item in read.items] == [ORDERS, LOCAL]
    assert all(item.whole and item.has_identity and not item.secrets for item in read.items)
    assert read.items[0].kept_foreign == ("proxyHost", PROXY_PASSWORD)


def test_an_encrypted_file_brings_the_secrets_as_well(tmp_path: Path) -> None:
    path = tmp_path / "shared.json"
    write([ORDERS, LOCAL], path, PASSWORDS, Secret("open sesame"))
    content = path.read_text()
    # As words in quotes, which base64 cannot hold by chance.
    assert not any(f'"{word}' in content for word in ("pa55", "pr0xy", "Orders", "cluster0", "app"))
    sealed = base64.b64decode(json.loads(content)["data"])
    assert not any(word in sealed for word in (b"pa55 w", b"pr0xy", b"Orders", b"cluster0"))
    read = read_file(path, Secret("open sesame"))
    assert read.format is Format.OURS_ENCRYPTED
    assert [(item.profile, item.secrets) for item in read.items] == [(ORDERS, PASSWORDS[ORDERS.id]), (LOCAL, {})]


def test_an_encrypted_file_asks_for_its_passphrase_and_says_when_it_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "shared.json"
    write([LOCAL], path, passphrase=Secret("open sesame"))
    with pytest.raises(NeedsPassphrase):
        read_file(path)
    with pytest.raises(WrongPassphrase):
        read_file(path, Secret("open sesam"))


def test_secrets_without_a_passphrase_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        write([ORDERS], tmp_path / "shared.json", PASSWORDS)
    assert not list(tmp_path.iterdir())


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=6).filter(lambda text: text.strip()))
def test_no_secret_of_a_connection_string_is_in_a_plain_export(
    tmp_path_factory: pytest.TempPathFactory, secret: str
) -> None:
    secret = f"\u2603{secret}\u2603"
    from urllib.parse import quote_plus

    raw = quote_plus(secret)
    reading = read_string(
        f"mongodb://app:{raw}@db1/?tlsCertificateKeyFilePassword={raw}&proxyPassword={raw}&3t.sshPassword={raw}"
    )
    path = tmp_path_factory.mktemp("export") / "shared.json"
    write([reading.profile], path)
    content = path.read_text("utf-8")
    assert secret not in content
    assert secret not in json.dumps(json.loads(content), ensure_ascii=False)
    assert raw not in content


def test_free_texts_and_commands_are_looked_through_before_they_go_out(tmp_path: Path) -> None:
    path = tmp_path / "shared.json"
    risky = Profile(
        name="risky",
        seeds=Seeds(hosts=("db1",)),
        notes="old: mongodb://app:hunter2@db1/",
        secrets={
            PASSWORD: SecretSource(place="command", command="vault read --token=hunter2 mongo"),
            "proxyPassword": SecretSource(place="reference", reference="hunter2"),
        },
    )
    write([risky], path)
    assert "hunter2" not in path.read_text()
    [item] = read_file(path).items
    assert item.profile is not None
    assert item.profile.secrets["proxyPassword"] == SecretSource(place="ask")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "shared.json"
    write([LOCAL], path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotExported, match=r"shared\.json: "):
        write([LOCAL], tmp_path / "nowhere" / "shared.json")


def test_a_broken_entry_does_not_hide_the_others() -> None:
    document = {
        "format": ours.FORMAT,
        "version": 1,
        "profiles": [
            {"name": "first", "seeds": {"hosts": ["db1"]}},
            {"name": "second", "pool": {"maxPoolSize": "ten"}},
            "third",
            {"name": "fourth", "version": 99},
            {"seeds": {"hosts": ["db5"]}, "password": "x"},
            {"id": "a/b", "seeds": {"hosts": ["db6"]}},
        ],
    }
    items = read_text(json.dumps(document)).items
    assert [item.profile is None for item in items] == [False, True, True, True, True, False]
    assert items[1].problem.startswith("$.pool.maxPoolSize: expected `int`".replace("`", ""))
    assert "newer" in items[3].problem
    assert "password" in items[4].problem
    assert items[5].name == "db6"
    assert not items[5].has_identity, "an id that is no file's and no keyring's name is not taken over"


def test_the_file_of_one_profile_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    path.write_bytes(profile_file.encode(ORDERS, schema=True))
    [item] = read_file(path).items
    assert item.profile == ORDERS


def test_a_profile_of_the_first_version_is_read(tmp_path: Path) -> None:
    text = '{"format": "clearline-profile", "version": 1, "id": "old", "name": "Old", "seeds": {"hosts": ["db1"]}}'
    [item] = read_text(text).items
    assert item.profile == Profile(id="old", name="Old", seeds=Seeds(hosts=("db1",)))


def test_a_command_from_elsewhere_is_pointed_out() -> None:
    text = json.dumps(
        {
            "format": ours.FORMAT,
            "version": 1,
            "profiles": [
                {
                    "version": 2,
                    "seeds": {"hosts": ["db1"]},
                    "secrets": {"password": {"place": "command", "command": "rm -rf ~"}},
                }
            ],
        }
    )
    [planned] = plan(read_text(text).items, [])
    assert any("rm -rf ~" in remark for remark in planned.remarks)


def test_a_newer_file_and_an_empty_one_are_told_apart() -> None:
    with pytest.raises(NewerFormat):
        read_text('{"format": "clearline-profiles", "version": 2, "profiles": []}')
    with pytest.raises(NotRecognised):
        read_text('{"format": "clearline-profiles", "version": 1}')
    assert read_text('{"format": "clearline-profiles", "version": 1, "profiles": []}').items == ()
