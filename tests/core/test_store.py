"""Profiles survive as files: readable, strict, never half-written, and what is broken is named and left alone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearline.core import store
from clearline.core.profile import Auth, Pool, Profile, Seeds
from clearline.core.store import BrokenProfile, NewerVersion, NotSaved, ProfileProblem, Unreadable
from clearline.paths import resource

SAMPLE = Path(__file__).parent / "samples" / "profile-v1.json"
ORDERS = Profile(
    id="0123456789abcdef0123456789abcdef",
    name="Orders (staging)",
    seeds=Seeds(hosts=("db1.example.com:27017",), database="orders"),
    auth=Auth(user="app", source="admin"),
)


def _written(folder: Path, text: str | bytes, name: str = "one.json") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _document(**fields: Any) -> str:
    return json.dumps({"format": "clearline-profile", "version": 1, "id": "a1", **fields})


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != store.SCHEMA_FILE)


# ---------------------------------------------------------------- the file


def test_a_saved_profile_comes_back_the_same(tmp_path: Path) -> None:
    store.save(ORDERS, tmp_path / "orders.json")
    assert store.load(tmp_path / "orders.json") == ORDERS


def test_the_file_is_readable_by_people_and_says_only_what_is_set(tmp_path: Path) -> None:
    store.save(ORDERS, tmp_path / "orders.json")
    assert (
        (tmp_path / "orders.json").read_text()
        == """\
{
  "format": "clearline-profile",
  "version": 1,
  "id": "0123456789abcdef0123456789abcdef",
  "name": "Orders (staging)",
  "seeds": {
    "hosts": [
      "db1.example.com:27017"
    ],
    "database": "orders"
  },
  "auth": {
    "user": "app",
    "source": "admin"
  }
}
"""
    )


def test_the_sample_of_version_1_is_still_read_and_written_as_it_is(tmp_path: Path) -> None:
    profile = store.load(SAMPLE)
    assert profile.timeouts.server_selection_timeout_ms == 5000.5
    assert profile.reads.tags == ({"dc": "east"}, {})
    store.save(profile, tmp_path / "copy.json")
    written = json.loads((tmp_path / "copy.json").read_text())
    expected = json.loads(SAMPLE.read_text())
    assert written == expected
    assert list(written) == list(expected)


@given(name=st.text(), notes=st.text(), hosts=st.lists(st.text(), max_size=3), size=st.integers(0, 2**31))
def test_any_text_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, name: str, notes: str, hosts: list[str], size: int
) -> None:
    profile = Profile(name=name, notes=notes, seeds=Seeds(hosts=tuple(hosts)), pool=Pool(max_pool_size=size))
    saved = store.save_in(tmp_path_factory.mktemp("profiles"), profile)
    assert store.load(saved) == profile


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    store.save(ORDERS, path)
    path.chmod(0o644)
    store.save(ORDERS, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="links need a right on Windows")
def test_a_link_to_a_file_elsewhere_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "orders.json"
    link.symlink_to(tmp_path / "elsewhere" / "orders.json")
    store.save(ORDERS, link)
    assert link.is_symlink()
    assert store.load(tmp_path / "elsewhere" / "orders.json") == ORDERS


def test_a_mark_of_windows_editors_is_ignored(tmp_path: Path) -> None:
    path = _written(tmp_path, b"\xef\xbb\xbf" + _document(name="x").encode())
    assert store.load(path).name == "x"


def test_a_file_without_an_id_has_the_same_one_each_time(tmp_path: Path) -> None:
    path = _written(tmp_path, '{"format": "clearline-profile", "version": 1, "name": "by hand"}')
    assert store.load(path) == store.load(path)
    assert len(store.load(path).id) == 32


# ---------------------------------------------------------------- what is wrong with it


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        (_document(pool={"maxPoolSize": "many"}), "$.pool.maxPoolSize", "expected int, got str"),
        (_document(pool={"maxPoolSize": -1}), "$.pool.maxPoolSize", "expected int >= 0"),
        (_document(pool={"maxPoolSiz": 1}), "$.pool.maxPoolSiz", "unknown field"),
        (_document(password="x"), "$.password", "unknown field"),
        (_document(unread=[{}]), "$.unread[0].name", "this field is missing"),
        (_document(colour="mauve"), "$.colour", "invalid enum value 'mauve'"),
        (_document(writes={"w": 1.5}), "$.writes.w", "expected int or str, got float"),
        ("{}", "$.format", 'expected "clearline-profile"'),
        ('{"format": "clearline-profile"}', "$.version", "expected a whole number from 1"),
        ('{"format": "clearline-profile", "version": true}', "$.version", "expected a whole number from 1"),
        ("[]", "$", "expected an object"),
        ('{\n  "ä": 1,\n}', "line 3, column 1", "JSON is malformed: trailing comma in object"),
        ("", "line 1, column 1", "Input data was truncated"),
        (b'{"name": "\xff"}', "line 1, column 11", "this is no UTF-8 text"),
        ("[" * 100_000, "", "it is nested too deeply"),
    ],
)
def test_a_broken_file_is_named_with_its_place(tmp_path: Path, text: str | bytes, where: str, message: str) -> None:
    path = _written(tmp_path, text)
    with pytest.raises(BrokenProfile) as caught:
        store.load(path)
    assert (caught.value.path, caught.value.where, caught.value.message) == (path, where, message)
    assert str(caught.value) == ": ".join(part for part in ("one.json", where, message) if part)


def test_a_newer_version_is_refused_even_when_its_fields_are_unknown(tmp_path: Path) -> None:
    path = _written(tmp_path, _document(version=2, folder="new in version 2"))
    with pytest.raises(NewerVersion) as caught:
        store.load(path)
    assert caught.value.where == "$.version"


def test_a_missing_file_and_a_folder_are_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.json", tmp_path):
        with pytest.raises(Unreadable):
            store.load(path)


def test_an_older_version_goes_through_its_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "VERSION", 3)
    monkeypatch.setitem(store.MIGRATIONS, 1, lambda old: {**old, "name": old["name"] + " 2"})
    monkeypatch.setitem(store.MIGRATIONS, 2, lambda old: {**old, "name": old["name"] + " 3"})
    assert store.load(_written(tmp_path, _document(name="1"))).name == "1 2 3"
    assert store.load(_written(tmp_path, _document(name="2", version=2))).name == "2 3"


@pytest.mark.parametrize("text", ['{"half', _document(version=2), "a list of shopping"])
def test_what_cannot_be_read_is_never_overwritten(tmp_path: Path, text: str) -> None:
    path = _written(tmp_path, text)
    with pytest.raises(NotSaved, match="not overwritten"):
        store.save(ORDERS, path)
    assert path.read_text() == text


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "orders.json"
    store.save(ORDERS, path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotSaved, match="No space left on device"):
        store.save(msgspec.structs.replace(ORDERS, name="new"), path)
    assert store.load(path) == ORDERS
    assert _names(tmp_path) == ["orders.json"]


def test_half_a_character_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    with pytest.raises(NotSaved):
        store.save(msgspec.structs.replace(ORDERS, notes="\ud83d"), tmp_path / "orders.json")


def test_a_folder_that_is_a_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(NotSaved):
        store.save_in(_written(tmp_path, "x"), ORDERS)


# ---------------------------------------------------------------- the folder


def test_files_are_named_after_the_profile(tmp_path: Path) -> None:
    assert store.save_in(tmp_path / "profiles", ORDERS).name == "orders-staging-01234567.json"
    nameless = Profile(id="../../etc", name="../..")
    assert store.save_in(tmp_path / "profiles", nameless).name == "profile-etc.json"
    assert _names(tmp_path) == ["profiles"]


def test_a_renamed_profile_keeps_one_file(tmp_path: Path) -> None:
    first = store.save_in(tmp_path, ORDERS)
    renamed = msgspec.structs.replace(ORDERS, name="Заказы & Co")
    second = store.save_in(tmp_path, renamed, first)
    assert _names(tmp_path) == ["заказы-co-01234567.json"]
    assert store.load(second) == renamed
    assert store.save_in(tmp_path, renamed, second) == second


def test_a_file_that_people_named_keeps_its_name(tmp_path: Path) -> None:
    path = _written(tmp_path, _document(name="old"), "my cluster.json")
    profile = msgspec.structs.replace(store.load(path), name="new")
    assert store.save_in(tmp_path, profile, path) == path
    assert _names(tmp_path) == ["my cluster.json"]


def test_profiles_with_the_same_name_and_short_id_do_not_overwrite_each_other(tmp_path: Path) -> None:
    other = msgspec.structs.replace(ORDERS, id="01234567ffff")
    paths = [store.save_in(tmp_path, ORDERS), store.save_in(tmp_path, other), store.save_in(tmp_path, ORDERS)]
    assert [path.name for path in paths] == [
        "orders-staging-01234567.json",
        "orders-staging-01234567-2.json",
        "orders-staging-01234567.json",
    ]
    assert store.load(paths[1]) == other


def test_a_new_profile_never_takes_the_place_of_a_broken_file(tmp_path: Path) -> None:
    broken = _written(tmp_path, '{"half', "orders-staging-01234567.json")
    assert store.save_in(tmp_path, ORDERS) != broken
    assert broken.read_text() == '{"half'


def test_broken_files_are_listed_and_hide_nothing(tmp_path: Path) -> None:
    store.save_in(tmp_path, ORDERS)
    store.save_in(tmp_path, Profile(name="alpha"))
    _written(tmp_path, '{"half', "broken.json")
    _written(tmp_path, _document(version=9), "newer.json")
    _written(tmp_path, "notes", "notes.txt")
    _written(tmp_path, "{", ".hidden.json")
    listed = store.list_profiles(tmp_path)
    assert [one.profile.name for one in listed if one.profile] == ["alpha", "Orders (staging)"]
    problems = [one.problem for one in listed if one.problem]
    assert [(problem.path.name, type(problem)) for problem in problems] == [
        ("broken.json", BrokenProfile),
        ("newer.json", NewerVersion),
    ]


def test_a_copied_file_is_told_to_be_one(tmp_path: Path) -> None:
    first = store.save_in(tmp_path, ORDERS)
    (tmp_path / "zz copy.json").write_bytes(first.read_bytes())
    good, copy = store.list_profiles(tmp_path)
    assert good.profile == ORDERS
    assert copy.problem is not None
    assert copy.problem.where == "$.id"
    assert first.name in copy.problem.message


def test_a_folder_that_does_not_exist_holds_no_profiles(tmp_path: Path) -> None:
    assert store.list_profiles(tmp_path / "missing") == []


def test_a_deleted_profile_is_gone_and_deleting_twice_is_fine(tmp_path: Path) -> None:
    path = store.save_in(tmp_path, ORDERS)
    store.delete(path)
    store.delete(path)
    assert store.list_profiles(tmp_path) == []
    with pytest.raises(ProfileProblem):
        store.delete(tmp_path)


def test_what_killed_saves_left_behind_is_swept_when_it_is_old(tmp_path: Path) -> None:
    old, young = (_written(tmp_path, "", f".clearline-{name}.tmp") for name in ("old", "young"))
    os.utime(old, (0, 0))
    store.save_in(tmp_path, ORDERS)
    assert not old.exists()
    assert young.exists()


# ---------------------------------------------------------------- the schema


def test_the_schema_in_the_resources_is_current() -> None:
    path = resource("profile.schema.json")
    write = "from clearline.core.store import schema_text; print(schema_text(), end='')"
    assert path.read_text("utf-8") == store.schema_text(), f'renew it: python -c "{write}" > {path}'


def test_saved_files_point_to_the_schema_beside_them(tmp_path: Path) -> None:
    path = store.save_in(tmp_path, ORDERS)
    document = json.loads(path.read_text())
    assert next(iter(document)) == "$schema"
    assert (tmp_path / document["$schema"]).read_text("utf-8") == store.schema_text()
    assert store.load(path) == ORDERS


def test_the_schema_knows_every_key_of_the_sample() -> None:
    schema = store.schema()
    properties = schema["$defs"]["Profile"]["properties"]
    document = json.loads(SAMPLE.read_text())
    assert set(document) <= set(properties)
    for section in ("seeds", "auth", "tls", "pool", "timeouts", "reads", "writes", "options"):
        known = schema["$defs"][properties[section]["$ref"].rpartition("/")[2]]
        assert set(document[section]) <= set(known["properties"])
        assert known["additionalProperties"] is False


# ---------------------------------------------------------------- crashes

_SAVES_FOR_EVER = """
import itertools, sys
from pathlib import Path
import msgspec
from clearline.core.profile import Profile
from clearline.core.store import save
path = Path(sys.argv[1])
for number in itertools.count():
    save(Profile(id="a1", name=f"save {number}", notes=str(number % 10) * 200_000), path)
    print(number, flush=True)
"""


@pytest.mark.parametrize("saves", [1, 7, 13, 19, 25, 35])
def test_a_program_that_is_killed_while_saving_leaves_a_whole_file(tmp_path: Path, saves: int) -> None:
    path = tmp_path / "one.json"
    command = [sys.executable, "-c", _SAVES_FOR_EVER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        for _ in range(saves):
            last = program.stdout.readline()
        program.kill()
        done = int((program.stdout.readlines() or [last])[-1])
    profile = store.load(path)
    number = int(profile.name.removeprefix("save "))
    assert number in (done, done + 1)
    assert profile.notes == str(number % 10) * 200_000
