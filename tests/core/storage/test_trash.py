"""A deleted profile can be brought back, and leaves the trash for good only after its time."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from clearline.core.profiles.profile import Profile
from clearline.core.storage import store, trash
from clearline.core.storage.profile_file import NotSaved, ProfileProblem

ORDERS = Profile(id="0123456789abcdef", name="Orders")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "profiles"


@pytest.fixture
def bin(tmp_path: Path) -> Path:
    return tmp_path / "trash"


def test_a_deleted_profile_is_gone_and_comes_back_as_it_was(folder: Path, bin: Path) -> None:
    path = store.save_in(folder, ORDERS)
    before = path.read_bytes()
    deleted = trash.delete(path, bin)
    assert store.list_profiles(folder) == []
    assert trash.undo_delete(deleted) == path
    assert path.read_bytes() == before
    assert list(bin.iterdir()) == []


def test_deleting_twice_is_fine_and_a_folder_is_not_deleted(folder: Path, bin: Path) -> None:
    path = store.save_in(folder, ORDERS)
    trash.delete(path, bin)
    assert trash.delete(path, bin).kept is None
    with pytest.raises(ProfileProblem):
        trash.delete(folder, bin)
    assert trash.delete(folder / "nowhere" / "x.json", bin).kept is None


def test_a_broken_file_is_deleted_and_brought_back_too(folder: Path, bin: Path) -> None:
    folder.mkdir()
    path = folder / "broken.json"
    path.write_text('{"half')
    assert trash.undo_delete(trash.delete(path, bin)).read_text() == '{"half'


def test_an_undo_replaces_no_other_file(folder: Path, bin: Path) -> None:
    path = store.save_in(folder, ORDERS)
    deleted = trash.delete(path, bin)
    other = Profile(id="ffff", name="Other")
    store.save(other, path)
    back = trash.undo_delete(deleted)
    assert back.name == "orders-01234567-2.json"
    assert store.load(back) == ORDERS
    assert store.load(path) == other


def test_a_profile_that_exists_again_is_not_put_beside_itself(folder: Path, bin: Path) -> None:
    deleted = trash.delete(store.save_in(folder, ORDERS), bin)
    store.save_in(folder, ORDERS)
    with pytest.raises(NotSaved, match="there again"):
        trash.undo_delete(deleted)
    assert len(store.list_profiles(folder)) == 1


def test_undoing_twice_says_that_it_is_no_longer_there(folder: Path, bin: Path) -> None:
    path = store.save_in(folder, ORDERS)
    deleted = trash.delete(path, bin)
    trash.undo_delete(deleted)
    path.unlink()
    with pytest.raises(NotSaved, match="no longer in the trash"):
        trash.undo_delete(deleted)


@pytest.mark.skipif(os.name != "posix", reason="links need a right on Windows")
def test_deleting_a_link_leaves_the_file_that_it_leads_to(folder: Path, bin: Path, tmp_path: Path) -> None:
    real = tmp_path / "team" / "orders.json"
    real.parent.mkdir()
    store.save(ORDERS, real)
    folder.mkdir()
    link = folder / "orders.json"
    link.symlink_to(real)
    deleted = trash.delete(link, bin)
    assert store.load(real) == ORDERS
    assert not link.exists()
    assert trash.undo_delete(deleted) == link
    assert store.load(link) == ORDERS
    assert link.is_symlink()


def test_the_trash_forgets_what_is_old_and_tells_whose_secrets_can_go(folder: Path, bin: Path) -> None:
    deleted = [trash.delete(store.save_in(folder, Profile(id=f"{n}{n}", name=str(n))), bin) for n in range(3)]
    assert trash.purge(bin) == ()
    assert [profile.id for profile in trash.purge(bin, most=2)] == ["00"]
    assert [profile.id for profile in trash.purge(bin, kept_s=-1)] == ["22", "11"]
    with pytest.raises(NotSaved):
        trash.undo_delete(deleted[2])
    assert trash.purge(bin / "nowhere") == ()


@pytest.mark.skipif(os.name != "posix", reason="modes as POSIX has them")
def test_a_shared_file_comes_back_from_another_file_system_as_open_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_file_system(_self: Path, _target: Path) -> Path:
        raise OSError(errno.EXDEV, "another file system")

    path = tmp_path / "profiles" / "shared.json"
    store.save(Profile(id="a"), tmp_path / "shared.json")
    path.parent.mkdir()
    path.write_bytes((tmp_path / "shared.json").read_bytes())
    path.chmod(0o664)
    monkeypatch.setattr(Path, "rename", another_file_system)
    deleted = trash.delete(path, tmp_path / "trash")
    assert not path.exists()
    assert trash.undo_delete(deleted) == path
    assert path.stat().st_mode & 0o777 == 0o664
