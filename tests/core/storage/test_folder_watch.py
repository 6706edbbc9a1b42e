"""Two looks at a folder tell what was added, changed and removed, without opening a file."""

from __future__ import annotations

from pathlib import Path

from clearline.core.profiles.profile import Profile
from clearline.core.storage import store
from clearline.core.storage.folder_watch import Changes, FolderWatch, Seen, changes


def test_two_looks_are_compared_by_name_time_size_and_inode() -> None:
    before = {"gone": Seen(1, 2, 3), "same": Seen(1, 2, 3), "time": Seen(1, 2, 3), "inode": Seen(1, 2, 3)}
    after = {"same": Seen(1, 2, 3), "time": Seen(9, 2, 3), "inode": Seen(1, 2, 9), "new": Seen(1, 2, 3)}
    assert changes(before, after) == Changes(added=("new",), changed=("inode", "time"), removed=("gone",))
    assert not changes(after, after)


def test_saves_and_edits_by_hand_are_seen_once(tmp_path: Path) -> None:
    watch = FolderWatch(tmp_path)
    path = store.save_in(tmp_path, Profile(id="a1", name="Orders"))
    assert watch.look() == Changes(added=(path.name,))
    assert not watch.look()
    store.save(Profile(id="a1", name="Orders", notes="x"), path)
    assert watch.look() == Changes(changed=(path.name,))
    path.write_text("by hand")
    assert watch.look() == Changes(changed=(path.name,))
    path.unlink()
    assert watch.look() == Changes(removed=(path.name,))


def test_what_is_no_profile_is_not_watched_and_a_missing_folder_is_empty(tmp_path: Path) -> None:
    for name in (".hidden.json", store.SCHEMA_FILE, "notes.txt", ".clearline-x.tmp"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "nowhere.json").symlink_to(tmp_path / "missing")
    assert FolderWatch(tmp_path).look() == Changes(added=("nowhere.json",))
    assert not FolderWatch(tmp_path / "missing").look()
