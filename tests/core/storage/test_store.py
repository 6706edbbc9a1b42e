"""Profiles survive as files: readable, strict, never half-written, and what is broken is named and left alone."""

from __future__ import annotations

import json
import os
import random
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.files import whole_files
from clearline.core.profiles.hop import SshServer
from clearline.core.profiles.profile import Auth, FarDns, Pool, Profile, SecretSource, Seeds, Tls
from clearline.core.storage import profile_file, store
from clearline.core.storage.store import (
    BrokenProfile,
    ChangedOnDisk,
    NewerVersion,
    NotSaved,
    Unreadable,
    list_profiles,
    save_in,
)
from clearline.core.uri.connection_string import read
from clearline.paths import resource

SAMPLES = Path(__file__).parent / "samples"
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


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("profile-v*.json")), ids=lambda path: path.stem)
def test_the_sample_of_each_version_is_written_as_it_was_read(sample: Path, tmp_path: Path) -> None:
    """Also with its version: an older Clearline can go on reading what it could read."""
    profile = store.load(sample)
    store.save(profile, tmp_path / "copy.json")
    assert (tmp_path / "copy.json").read_text() == sample.read_text()


def test_what_the_samples_say_is_understood() -> None:
    oldest, second, newest = (store.load(SAMPLES / f"profile-v{version}.json") for version in (1, 2, 3))
    assert oldest.timeouts.server_selection_timeout_ms == 5000.5
    assert oldest.reads.tags == ({"dc": "east"}, {})
    assert second.hops == ()
    assert newest.secrets["password"] == SecretSource(place="reference", reference="${ORDERS_PASSWORD}")


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        ({}, 1),
        ({"tls": Tls(enabled=True)}, 1),
        ({"tls": Tls(trust="system")}, 2),
        ({"auth": Auth(user="app", allow_plain_without_tls=True)}, 2),
        ({"folder": "Shop"}, 2),
        ({"favourite": True}, 2),
        ({"env_file": ".env"}, 2),
        ({"secrets": {"password": SecretSource(place="ask")}}, 2),
        ({"hops": (SshServer(host="bastion"),), "folder": "Shop"}, 3),
        ({"far_dns": FarDns(server="10.0.0.2")}, 3),
    ],
)
def test_a_file_has_the_oldest_version_that_can_say_it(changes: dict[str, Any], version: int) -> None:
    profile = msgspec.structs.replace(ORDERS, **changes)
    assert json.loads(profile_file.encode(profile, schema=True))["version"] == version


def test_every_field_of_a_profile_came_with_some_version() -> None:
    """A field that is new needs a new version: an older Clearline refuses the file."""
    first = {"id", "name", "colour", "notes", "seeds", "auth", "tls", "pool", "timeouts", "reads", "writes", "options"}
    added = {place for places in profile_file._ADDED.values() for place in places}
    names = {field.encode_name for field in msgspec.structs.fields(Profile)}
    assert names == first | {"unread"} | {place for place in added if "." not in place}


def test_there_is_a_sample_of_each_version_and_a_migration_from_each_but_the_newest() -> None:
    older = range(1, profile_file.VERSION)
    assert list(profile_file.MIGRATIONS) == list(older)
    assert sorted(path.name for path in SAMPLES.glob("profile-v*.json")) == [
        f"profile-v{version}.json" for version in (*older, profile_file.VERSION)
    ]


def test_the_same_profile_gives_the_same_text_whatever_it_was_edited_from(tmp_path: Path) -> None:
    texts = set()
    for properties in ({"SERVICE_NAME": "a", "REALM": "b"}, {"REALM": "b", "SERVICE_NAME": "a"}):
        store.save(Profile(id="a1", auth=Auth(properties=properties)), tmp_path / "one.json")
        texts.add((tmp_path / "one.json").read_text())
    assert len(texts) == 1


def test_a_secret_where_a_reference_belongs_is_neither_saved_nor_read(tmp_path: Path) -> None:
    profile = Profile(id="a1", secrets={"password": SecretSource(place="reference", reference="hunter2-in-clear")})
    with pytest.raises(NotSaved) as refused:
        store.save(profile, tmp_path / "one.json")
    assert refused.value.where == "$.secrets.password.reference"
    assert not (tmp_path / "one.json").exists()
    source = {"place": "reference", "reference": "hunter2-in-clear"}
    with pytest.raises(BrokenProfile) as broken:
        store.load(_written(tmp_path, _document(secrets={"password": source})))
    assert broken.value.where == "$.secrets.password.reference"
    for problem in (refused.value, broken.value):
        assert "hunter2" not in str(problem)


@given(name=st.text(), notes=st.text(), hosts=st.lists(st.text(), max_size=3), size=st.integers(0, 2**31))
def test_any_text_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, name: str, notes: str, hosts: list[str], size: int
) -> None:
    profile = Profile(name=name, notes=notes, seeds=Seeds(hosts=tuple(hosts)), pool=Pool(max_pool_size=size))
    saved = store.save_in(tmp_path_factory.mktemp("profiles"), profile)
    assert store.load(saved) == profile


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_only_the_owner_may_read_a_new_file_of_the_profiles_folder(tmp_path: Path) -> None:
    assert stat.S_IMODE(store.save_in(tmp_path, ORDERS).stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_colleagues_keep_their_right_to_a_shared_file(tmp_path: Path, mode: int) -> None:
    path = store.save_in(tmp_path, ORDERS)
    path.chmod(mode)
    store.save(msgspec.structs.replace(ORDERS, notes="1"), path)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    store.save_in(tmp_path, msgspec.structs.replace(ORDERS, notes="2"), path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


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
    path = _written(tmp_path, _document(version=profile_file.VERSION + 1, shelf="new in a later version"))
    with pytest.raises(NewerVersion) as caught:
        store.load(path)
    assert caught.value.where == "$.version"


def test_a_clearline_before_hops_says_that_the_file_is_newer_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "behind.json"
    store.save(
        msgspec.structs.replace(ORDERS, hops=(SshServer(host="bastion"),), far_dns=FarDns(server="10.0.0.2")), path
    )
    written = path.read_bytes()
    assert json.loads(written)["version"] == 3
    monkeypatch.setattr(profile_file, "VERSION", 2)
    with pytest.raises(NewerVersion, match="3 was written by a newer Clearline; this one reads up to 2"):
        store.load(path)
    for base in (None, ORDERS):
        with pytest.raises(NotSaved):
            store.save(ORDERS, path, base=base)
    assert path.read_bytes() == written
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".json"] == ["behind.json"]


def test_a_missing_file_and_a_folder_are_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.json", tmp_path):
        with pytest.raises(Unreadable):
            store.load(path)


def test_an_older_version_goes_through_its_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_file, "VERSION", 3)
    monkeypatch.setitem(profile_file.MIGRATIONS, 1, lambda old: {**old, "name": old["name"] + " 2"})
    monkeypatch.setitem(profile_file.MIGRATIONS, 2, lambda old: {**old, "name": old["name"] + " 3"})
    assert store.load(_written(tmp_path, _document(name="1"))).name == "1 2 3"
    assert store.load(_written(tmp_path, _document(name="2", version=2))).name == "2 3"


@pytest.mark.parametrize("text", ['{"half', _document(version=99), "a list of shopping"])
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


def test_what_killed_saves_left_behind_is_swept_when_it_is_old(tmp_path: Path) -> None:
    old, young = (_written(tmp_path, "", f".clearline-{name}.tmp") for name in ("old", "young"))
    os.utime(old, (0, 0))
    store.save_in(tmp_path, ORDERS)
    assert not old.exists()
    assert young.exists()


# ---------------------------------------------------------------- somebody else's edits


def _edited(profile: Profile, **changes: Any) -> Profile:
    return msgspec.structs.replace(profile, **changes)


def test_a_file_that_another_program_changed_is_not_overwritten_and_both_edits_are_at_hand(tmp_path: Path) -> None:
    path = store.save_in(tmp_path, ORDERS)
    theirs = _edited(ORDERS, notes="theirs")
    store.save(theirs, path, base=ORDERS)
    mine = _edited(ORDERS, notes="mine")
    for save in (
        lambda: store.save(mine, path, base=ORDERS),
        lambda: store.save_in(tmp_path, mine, path, base=ORDERS),
    ):
        with pytest.raises(ChangedOnDisk) as conflict:
            save()
        assert (conflict.value.path, conflict.value.current) == (path, theirs)
        assert store.load(path) == theirs
    store.save(mine, path, base=conflict.value.current)
    assert store.load(path) == mine


def test_another_layout_of_the_same_values_is_no_conflict(tmp_path: Path) -> None:
    path = store.save_in(tmp_path, ORDERS)
    path.write_text(json.dumps(json.loads(path.read_text())))
    store.save(_edited(ORDERS, notes="mine"), path, base=ORDERS)
    assert store.load(path).notes == "mine"


def test_who_made_the_same_edit_is_not_asked(tmp_path: Path) -> None:
    path = store.save_in(tmp_path, ORDERS)
    same = _edited(ORDERS, notes="the same")
    store.save(same, path)
    store.save(same, path, base=ORDERS)
    assert store.load(path) == same


def test_a_file_that_another_program_deleted_is_a_conflict_until_it_is_saved_anew(tmp_path: Path) -> None:
    path = store.save_in(tmp_path, ORDERS)
    path.unlink()
    for save in (
        lambda: store.save(ORDERS, path, base=ORDERS),
        lambda: store.save_in(tmp_path, ORDERS, path, base=ORDERS),
    ):
        with pytest.raises(ChangedOnDisk, match="deleted") as conflict:
            save()
        assert conflict.value.current is None
        assert not path.exists()
    assert store.save_in(tmp_path, ORDERS, path) == path


def test_a_file_that_another_program_renamed_is_found_and_there_is_never_a_second_one(tmp_path: Path) -> None:
    path = store.save_in(tmp_path, ORDERS)
    theirs = _edited(ORDERS, name="Bills")
    moved = store.save_in(tmp_path, theirs, path, base=ORDERS)
    mine = _edited(ORDERS, notes="mine")
    with pytest.raises(ChangedOnDisk) as conflict:
        store.save_in(tmp_path, mine, path, base=ORDERS)
    assert (conflict.value.path, conflict.value.current) == (moved, theirs)
    assert store.save_in(tmp_path, mine, path) == path
    assert _names(tmp_path) == [path.name]


_ADDS_LINES = """
import sys
from pathlib import Path
import msgspec
from clearline.core.storage import store
folder, who, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
path = next(iter(folder.glob("orders*.json")))
conflicts = 0
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    base = store.load(path)
    while True:
        try:
            store.save_in(folder, msgspec.structs.replace(base, notes=f"{base.notes}{who}{number} "), path, base=base)
            break
        except store.ChangedOnDisk as conflict:
            base, conflicts = conflict.current, conflicts + 1
print(conflicts)
"""


def test_two_programs_that_save_the_same_profile_lose_no_edit_of_each_other(tmp_path: Path) -> None:
    path = store.save_in(tmp_path, ORDERS)
    commands = [[sys.executable, "-c", _ADDS_LINES, str(tmp_path), who, "60"] for who in "ab"]
    programs = [subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for c in commands]
    for program in programs:
        assert program.stdout
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin
        program.stdin.write("go\n")
        program.stdin.flush()
    told = [program.communicate(timeout=60)[0] for program in programs]
    assert [program.returncode for program in programs] == [0, 0]
    assert sum(map(int, told)) > 0, "they never met, so nothing was shown"
    edits = store.load(path).notes.split()
    for who in "ab":
        assert [edit for edit in edits if edit[0] == who] == [f"{who}{number}" for number in range(60)]


def test_a_program_that_was_killed_with_the_lock_leaves_it_free(tmp_path: Path) -> None:
    holds = "import sys; from pathlib import Path; from clearline.core.files.whole_files import locked\n"
    holds += "with locked(Path(sys.argv[1])): print(1, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", holds, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout
        program.stdout.readline()
        program.kill()
    store.save_in(tmp_path, ORDERS)
    assert _names(tmp_path) == ["orders-staging-01234567.json"]


def test_a_folder_that_stays_locked_is_said_and_not_waited_for_longer_than_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_files, "PATIENCE_S", 0.05)
    with whole_files.locked(tmp_path), pytest.raises(NotSaved, match="another program"):
        store.save_in(tmp_path, ORDERS)
    assert list(tmp_path.iterdir()) == []


def test_only_changed_files_are_read_again(tmp_path: Path) -> None:
    first, second = (store.save_in(tmp_path, Profile(id=name, name=name)) for name in ("one", "two"))
    for path in (first, second):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    folder = store.ProfileFolder(tmp_path)
    before = folder.read()
    store.save(Profile(id="two", name="two", notes="new"), second)
    after = folder.read()
    assert after[0] is before[0]
    assert after[1].profile is not None
    assert after[1].profile.notes == "new"
    second.unlink()
    assert folder.read() == [before[0]]


def test_a_file_changed_twice_within_a_tick_of_its_clock_is_read_again(tmp_path: Path) -> None:
    path = _written(tmp_path, _document(name="A"))
    folder = store.ProfileFolder(tmp_path)
    folder.read()
    status = path.stat()
    path.write_text(_document(name="B"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    [stored] = folder.read()
    assert stored.profile is not None
    assert stored.profile.name == "B"


# ---------------------------------------------------------------- the schema


def test_the_schema_in_the_resources_is_current() -> None:
    path = resource("profile.schema.json")
    write = "from clearline.core.storage.store import schema_text; print(schema_text(), end='')"
    assert path.read_text("utf-8") == store.schema_text(), f'renew it: python -c "{write}" > {path}'


def test_saved_files_point_to_the_schema_beside_them(tmp_path: Path) -> None:
    path = store.save_in(tmp_path, ORDERS)
    document = json.loads(path.read_text())
    assert next(iter(document)) == "$schema"
    assert (tmp_path / document["$schema"]).read_text("utf-8") == store.schema_text()
    assert store.load(path) == ORDERS


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("profile-v*.json")), ids=lambda path: path.stem)
def test_the_schema_knows_every_key_of_the_samples(sample: Path) -> None:
    schema = store.schema()
    properties = schema["$defs"]["Profile"]["properties"]
    document = json.loads(sample.read_text())
    assert set(document) <= set(properties)
    for section in ("seeds", "auth", "tls", "pool", "timeouts", "reads", "writes", "options"):
        known = schema["$defs"][properties[section]["$ref"].rpartition("/")[2]]
        assert set(document.get(section, ())) <= set(known["properties"])
        assert known["additionalProperties"] is False


# ---------------------------------------------------------------- crashes

_SAVES_FOR_EVER = """
import itertools, sys
from pathlib import Path
import msgspec
from clearline.core.profiles.profile import Profile
from clearline.core.storage.store import save
path, start = Path(sys.argv[1]), int(sys.argv[2])
for number in itertools.count(start):
    save(Profile(id="a1", name=f"save {number}", notes=str(number % 10) * 20_000), path)
    print(number, flush=True)
"""


def test_programs_killed_during_a_thousand_saves_leave_each_file_whole(tmp_path: Path) -> None:
    files, done = [tmp_path / f"{name}.json" for name in "abcd"], 0
    chance = random.Random(4711)
    numbers = dict.fromkeys(files, 0)
    kills = 0
    while done < 1000:
        programs = {
            path: subprocess.Popen(
                [sys.executable, "-c", _SAVES_FOR_EVER, str(path), str(numbers[path])],
                stdout=subprocess.PIPE,
                text=True,
            )
            for path in files
        }
        for path, program in programs.items():
            assert program.stdout
            saves = chance.randint(20, 120)
            last = ""
            for _ in range(saves):
                last = program.stdout.readline()
            program.kill()
            told = [last, *program.stdout.readlines()]
            program.wait()
            program.stdout.close()
            newest = int(told[-1])
            profile = store.load(path)
            number = int(profile.name.removeprefix("save "))
            assert number in (newest, newest + 1)
            assert profile.notes == str(number % 10) * 20_000
            done += newest - numbers[path] + 1
            numbers[path] = number + 1
            kills += 1
    assert kills >= 4
    assert sorted(path.name for path in tmp_path.glob("*.json")) == [path.name for path in files]


@pytest.mark.parametrize(
    "item",
    [
        {"name": "x", "value": "1&tlsInsecure=true"},
        {"name": "x", "value": "1;tlsInsecure=true"},
        {"name": "tlsInsecure=true&x", "value": "1"},
        {"name": "tlsInsecure=true", "value": "", "bare": True},
        {"name": "a;b", "value": "", "bare": True},
    ],
)
def test_an_option_that_is_several_is_refused_with_its_place(tmp_path: Path, item: dict[str, Any]) -> None:
    path = tmp_path / "sent.json"
    path.write_text(_document(unread=[item]))
    with pytest.raises(BrokenProfile) as refused:
        store.load(path)
    assert refused.value.where.startswith("$.unread[0].")


@given(st.text(st.sampled_from("ab=&;%:@/?#, \t"), max_size=40))
def test_whatever_was_read_from_a_text_can_be_saved_and_read_again(tmp_path_factory: Any, text: str) -> None:
    path = tmp_path_factory.mktemp("one") / "x.json"
    profile = read(f"mongodb://h/?{text}").profile
    store.save(profile, path)
    assert store.load(path) == profile


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes in the file system")
def test_a_pipe_among_the_profiles_is_told_and_holds_up_no_other(tmp_path: Path) -> None:
    save_in(tmp_path, Profile(name="good"))
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    listed = list_profiles(tmp_path)
    assert [stored.profile.name for stored in listed if stored.profile] == ["good"]
    assert {stored.path.name for stored in listed if stored.problem} == {"pipe.json", "zero.json"}
