"""Edits that were not saved are found by the next program, and by no other while theirs runs."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from clearline.core.files.whole_files import MOST_BYTES
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds, Unread
from clearline.core.storage.unsaved_edits import Edit, UnsavedEdits

PROGRAM = """
import sys
from pathlib import Path
from clearline.core.profiles.profile import Profile
from clearline.core.storage.unsaved_edits import Edit, UnsavedEdits

edit = Edit(profile=Profile(id="a", name="one"), saved_among_profiles=True, from_elsewhere=False)
files = UnsavedEdits(Path(sys.argv[1]))
files.write([edit])
print("written", flush=True)
sys.stdin.read()
"""


def an_edit(name: str = "one", *, saved: bool = False, foreign: bool = False) -> Edit:
    return Edit(
        profile=Profile(id=name, name=name, seeds=Seeds(hosts=("db1:27018",))),
        saved_among_profiles=saved,
        from_elsewhere=foreign,
    )


def left_behind(folder: Path, *edits: Edit) -> Path:
    """The file of a program that ended without a word."""
    before = set(folder.glob("*.json"))
    UnsavedEdits(folder).close(edits)
    [path] = set(folder.glob("*.json")) - before
    return path


def test_a_killed_program_leaves_its_edits_and_a_running_one_keeps_them(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "written\n"
        assert UnsavedEdits(tmp_path).take_left_over().edits == ()
        program.kill()
        program.wait()
    files = UnsavedEdits(tmp_path)
    [edit] = files.take_left_over().edits
    assert (edit.profile.name, edit.saved_among_profiles, edit.from_elsewhere) == ("one", True, False)
    assert UnsavedEdits(tmp_path).take_left_over().edits == (), "the second of two programs takes them too"
    files.close([])
    assert list(tmp_path.iterdir()) == []


def test_what_was_taken_stays_until_it_is_written_anew(tmp_path: Path) -> None:
    left_behind(tmp_path, an_edit("one"), an_edit("two", foreign=True))
    first = UnsavedEdits(tmp_path)
    taken = first.take_left_over().edits
    assert [(one.profile.name, one.from_elsewhere) for one in taken] == [("one", False), ("two", True)]
    first.close([], instead=False)  # it ended before they were opened
    second = UnsavedEdits(tmp_path)
    assert second.take_left_over().edits == taken
    second.write(taken[1:])
    assert len(list(tmp_path.glob("*.json"))) == 1
    second.close(taken[1:])
    assert UnsavedEdits(tmp_path).take_left_over().edits == taken[1:]


def test_without_edits_there_is_no_file(tmp_path: Path) -> None:
    files = UnsavedEdits(tmp_path / "unsaved")
    files.write([])
    assert not (tmp_path / "unsaved").exists()
    files.write([an_edit()])
    assert len(list((tmp_path / "unsaved").glob("*.json"))) == 1
    files.write([])
    assert list((tmp_path / "unsaved").glob("*.json")) == []
    files.close([])
    files.write([an_edit()])  # too late
    assert list((tmp_path / "unsaved").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    left_behind(tmp_path, an_edit())
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_no_secret_is_written_also_where_it_should_be_a_reference(tmp_path: Path) -> None:
    profile = Profile(
        id="a",
        auth=Auth(properties={"AWS_SESSION_TOKEN": "hunter2", "SERVICE_NAME": "mongodb"}),
        unread=(Unread(name="password", value="hunter2"), Unread(name="token", value="${TOKEN}")),
        secrets={"password": SecretSource(place="reference", reference="hunter2")},
    )
    path = left_behind(tmp_path, Edit(profile=profile, saved_among_profiles=False, from_elsewhere=False))
    assert b"hunter2" not in path.read_bytes()
    left = UnsavedEdits(tmp_path).take_left_over()
    assert left.problems == ()
    assert left.edits[0].profile.auth.properties["SERVICE_NAME"] == "mongodb"
    assert left.edits[0].profile.unread[1].value == "${TOKEN}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format": "clearline-profile", "version": 1, "edits": []}',
        b'{"format": "clearline-unsaved-edits", "version": 1, "edits": [7]}',
        b'{"format": "clearline-unsaved-edits", "version": 2, "edits": {"new": 1}}',
        b'{"format": "clearline-unsaved-edits", "version": true, "edits": []}',
        b" " * (MOST_BYTES + 1),
    ],
    ids=["empty", "no text", "nested", "another format", "a number", "newer", "no version", "huge"],
)
def test_a_file_that_cannot_be_read_is_set_aside_once(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    left = UnsavedEdits(tmp_path).take_left_over()
    assert left.edits == ()
    assert len(left.problems) == 1
    assert "x.set-aside" in left.problems[0]
    assert (tmp_path / "x.set-aside").read_bytes() == content
    assert UnsavedEdits(tmp_path).take_left_over().problems == ()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no pipes among its files")
def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.json")
    assert len(UnsavedEdits(tmp_path).take_left_over().problems) == 1
    assert not (tmp_path / "x.json").exists()


def test_one_profile_of_a_newer_program_leaves_the_others_readable(tmp_path: Path) -> None:
    path = left_behind(tmp_path, an_edit("one"), an_edit("two"))
    document = json.loads(path.read_bytes())
    document["edits"][0]["profile"]["version"] = 99
    path.write_bytes(msgspec.json.encode(document))
    left = UnsavedEdits(tmp_path).take_left_over()
    assert [edit.profile.name for edit in left.edits] == ["two"]
    assert "newer" in left.problems[0]


def test_what_is_too_long_to_be_read_again_is_not_written(tmp_path: Path) -> None:
    long = msgspec.structs.replace(an_edit("long").profile, notes="x" * MOST_BYTES)
    path = left_behind(tmp_path, an_edit("one"), msgspec.structs.replace(an_edit(), profile=long))
    assert path.stat().st_size < MOST_BYTES
    assert [edit.profile.name for edit in UnsavedEdits(tmp_path).take_left_over().edits] == ["one"]
