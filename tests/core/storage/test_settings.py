"""Settings survive, and nothing that is wrong with their file keeps the program from starting."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from clearline.core.storage.settings import Settings, load, save


def test_settings_come_back_and_the_file_holds_only_what_differs(tmp_path: Path) -> None:
    file = tmp_path / "data" / "settings.json"
    assert load(file) == Settings()
    chosen = Settings(colours="dark", event_limit=1000, geometry="AAAA", extra={"events.filter": "pool"})
    save(chosen, file)
    assert load(file) == chosen
    assert json.loads(file.read_text()) == {
        "format": "clearline-settings",
        "version": 1,
        "colours": "dark",
        "geometry": "AAAA",
        "event_limit": 1000,
        "extra": {"events.filter": "pool"},
    }


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    save(Settings(), tmp_path / "settings.json")
    assert stat.S_IMODE((tmp_path / "settings.json").stat().st_mode) == 0o600


def test_a_value_that_makes_no_sense_leaves_the_others_alone(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    document = {"format": "clearline-settings", "version": 9, "colours": "mauve", "event_limit": -1, "tray": True}
    file.write_text(json.dumps({**document, "of_a_later_version": 5, "silence_s": 2}))
    assert load(file) == Settings(tray=True, silence_s=2.0)
    assert file.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"5", b"\xff\xfe", b'{"format": "else"}', b"[" * 100_000])
def test_a_file_that_is_none_is_put_aside_and_the_defaults_hold(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(content)
    assert load(file) == Settings()
    assert not file.exists()
    assert (tmp_path / "settings.json.broken").read_bytes() == content
    save(Settings(tray=True), file)
    assert load(file).tray


def test_a_folder_in_its_place_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "settings.json").mkdir()
    assert load(tmp_path / "settings.json") == Settings()
