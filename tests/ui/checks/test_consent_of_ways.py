"""A profile from elsewhere runs nothing of this computer before the window was told to connect. The checks are real."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.storage import store
from clearline.ui.checks.hop_questions import KeyDialog
from clearline.ui.widgets.questions import Question
from lab import planted, ssh_server
from lab.ssh_server import make_keys, sshd

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shell scripts")


def opened(qtbot: QtBot, desktop: Any, path: Path) -> Any:
    desktop.workbench.storage.load(path)
    qtbot.waitUntil(lambda: desktop.workbench.profiles.current.path == path)
    return desktop.workbench.profiles.current


def dialog(qtbot: QtBot, desktop: Any, kind: type[Any]) -> Any:
    def there() -> list[Any]:
        return [one for one in desktop.window.findChildren(QDialog) if isinstance(one, kind) and one.isVisible()]

    qtbot.waitUntil(lambda: len(there()) == 1)
    return there()[0]


@pytest.mark.parametrize("kind", planted.KINDS)
def test_a_program_runs_only_after_connect_was_pressed(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    one = planted.plant(kind, tmp_path)
    for name, value in one.environ.items():
        monkeypatch.setenv(name, value)
    desktop = make_desktop()
    profile = opened(qtbot, desktop, one.file)
    desktop.workbench.test()
    asked = dialog(qtbot, desktop, Question)
    assert one.words in " ".join(label.text() for label in asked.findChildren(QLabel))
    qtbot.keyClick(asked, Qt.Key.Key_Escape)
    assert not one.ran
    assert profile.report is None
    desktop.workbench.test()
    qtbot.mouseClick(dialog(qtbot, desktop, Question).buttons["Connect"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: one.ran)
    qtbot.waitUntil(lambda: not profile.running)


@pytest.mark.skipif(ssh_server.unavailable() is not None, reason=str(ssh_server.unavailable()))
@pytest.mark.xdist_group("ssh")
@pytest.mark.parametrize("trusted", [False, True])
def test_a_key_never_seen_is_asked_about_and_kept_only_then(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path, trusted: bool
) -> None:
    keys = make_keys(tmp_path)
    (tmp_path / "empty").write_text("")
    with sshd(keys) as server:
        hop = server.hop(known_hosts=tmp_path / "empty")
        store.save(Profile(name="Sent", hops=(hop,), seeds=Seeds(hosts=("127.0.0.1:1",))), tmp_path / "sent.json")
        desktop = make_desktop()
        profile = opened(qtbot, desktop, tmp_path / "sent.json")
        desktop.workbench.test()
        qtbot.mouseClick(dialog(qtbot, desktop, Question).buttons["Connect"], Qt.MouseButton.LeftButton)
        asked = dialog(qtbot, desktop, KeyDialog)
        assert keys.host.get_fingerprint() in [entry.text() for entry in asked.findChildren(QLineEdit)]
        assert not kept(tmp_path)
        asked.accept() if trusted else asked.reject()
        qtbot.waitUntil(lambda: not profile.running and profile.report is not None)
    found = profile.report.diagnosis
    assert found is not None
    assert (found.cause == "ssh.host-key-unknown") is not trusted
    assert bool(kept(tmp_path)) is trusted
    assert (tmp_path / "empty").read_text() == ""


def kept(folder: Path) -> list[Path]:
    """Files of known hosts in which a key stands."""
    found = (path for path in folder.rglob("*known_hosts*") if path.is_file())
    return [path for path in found if path.read_text().strip()]
