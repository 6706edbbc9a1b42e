"""Resources and user folders are found from a checkout, a wheel and the frozen program."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from clearline import paths


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of a program that says it is frozen."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "clearline"))
    monkeypatch.delenv("CLEARLINE_HOME", raising=False)
    return tmp_path


def test_resources_of_a_checkout_are_beside_gui() -> None:
    assert paths.resource("demo/orders.json").is_file()


def test_resources_of_an_installed_package_are_inside_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "resources").mkdir()
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path)
    paths._resources.cache_clear()
    try:
        assert paths.resource("icons/app.svg") == tmp_path / "resources" / "icons" / "app.svg"
    finally:
        paths._resources.cache_clear()


def test_clearline_home_decides_where_user_data_lives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLEARLINE_HOME", str(tmp_path))
    assert paths.user_data_dir() == tmp_path
    assert paths.profiles_dir() == tmp_path / "profiles"


def test_without_it_the_operating_system_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLEARLINE_HOME", raising=False)
    assert paths.user_data_dir().name == "Clearline"


def test_what_can_be_made_anew_stays_with_the_data_or_where_the_system_keeps_such(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLEARLINE_HOME", str(tmp_path))
    assert paths.user_cache_dir() == tmp_path / "cache"
    monkeypatch.delenv("CLEARLINE_HOME")
    assert paths.user_cache_dir() != paths.user_data_dir()


def test_a_frozen_program_with_a_data_folder_beside_it_is_portable(frozen: Path) -> None:
    assert paths.user_data_dir().name == "Clearline"
    (frozen / "Clearline-data").mkdir()
    assert paths.user_data_dir() == frozen / "Clearline-data"


def test_a_data_folder_means_nothing_to_a_checkout(frozen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (frozen / "Clearline-data").mkdir()
    monkeypatch.delattr(sys, "frozen")
    assert paths.user_data_dir().name == "Clearline"


def test_children_of_the_frozen_program_get_the_library_path_of_before(
    frozen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{frozen}/_internal:/opt/lib")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/opt/lib")
    environ = paths.restored_environ()
    assert environ["LD_LIBRARY_PATH"] == "/opt/lib"
    assert "LD_LIBRARY_PATH_ORIG" not in environ


def test_children_of_the_frozen_program_get_no_library_path_when_there_was_none(
    frozen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{frozen}/_internal")
    monkeypatch.delenv("LD_LIBRARY_PATH_ORIG", raising=False)
    assert "LD_LIBRARY_PATH" not in paths.restored_environ()


def test_children_of_a_checkout_inherit_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/lib")
    assert paths.restored_environ() == dict(os.environ)


def test_a_portable_copy_is_found_beside_the_app_and_the_app_image(
    frozen: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert paths.portable_dir() is None
    (frozen / "Clearline-data").mkdir()
    assert paths.portable_dir() == frozen / "Clearline-data"
    inside = frozen / "Clearline.app" / "Contents" / "MacOS" / "clearline-window"
    monkeypatch.setattr(sys, "executable", str(inside))
    assert paths.portable_dir() == frozen / "Clearline-data"
    monkeypatch.setattr(sys, "executable", "/tmp/.mount_x/usr/lib/clearline/clearline")
    monkeypatch.setenv("APPIMAGE", str(frozen / "Clearline.AppImage"))
    assert paths.portable_dir() == frozen / "Clearline-data"
    monkeypatch.setenv("CLEARLINE_HOME", str(tmp_path))
    assert paths.portable_dir() is None


def test_what_was_agreed_to_stays_on_the_computer_when_the_copy_goes(frozen: Path) -> None:
    assert paths.agreements_file().parent == paths.user_data_dir()
    (frozen / "Clearline-data").mkdir()
    assert paths.profiles_dir() == frozen / "Clearline-data" / "profiles"
    assert frozen not in paths.agreements_file().parents
