"""The self-test says of each part whether it works, and notices when one does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import clearline
from clearline.cli import self_test
from clearline.core.tls import trust
from lab import peers
from lab.deployment import Deployment


def marks(printed: str) -> dict[str, str]:
    return {line[6:18].strip(): line[:5].strip() for line in printed.splitlines()[:-1]}


def test_every_part_is_tried_and_works(capsys: pytest.CaptureFixture[str]) -> None:
    assert self_test.run(["--without-window"]) == 0
    printed = capsys.readouterr().out
    assert marks(printed) == {name: "ok" for name, _ in self_test._TRIALS}
    assert printed.endswith("Everything works.\n")


def test_no_probe_is_forgotten() -> None:
    """They are named one by one: a standalone program has no folder to look into."""
    folder = Path(clearline.__file__).parent / "core" / "probes"
    assert set(self_test.PROBES) == {path.stem for path in folder.glob("[a-z]*.py")}


def test_a_part_that_is_broken_is_told_and_the_others_are_tried(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").touch()
    monkeypatch.setattr(trust, "bundled_roots", lambda: tmp_path / "empty.pem")
    assert self_test.run(["--without-window"]) == 1
    tried = marks(capsys.readouterr().out)
    assert tried["trust"] == "FAIL"
    assert tried["compressors"] == "ok"


def test_a_server_that_is_given_is_checked(capsys: pytest.CaptureFixture[str], standalone: Deployment) -> None:
    assert self_test.run(["--without-window", standalone.uri()]) == 0
    with peers.closed_port() as port:
        assert self_test.run(["--without-window", f"127.0.0.1:{port}"]) == 1
    assert "tcp.refused" in capsys.readouterr().out


def test_the_window_is_painted_and_tests_the_server(standalone: Deployment, tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    ended = subprocess.run(
        [sys.executable, "-m", "clearline", "self-test", standalone.uri(), "--picture", picture],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    tried = marks(ended.stdout)
    assert {tried[name] for name in ("fonts", "icons", "window", "server")} == {"ok"}
    assert picture.stat().st_size > 5000


@pytest.mark.skipif(sys.platform != "linux", reason="fontconfig")
def test_a_computer_without_fonts_is_told_which_package_has_some(tmp_path: Path) -> None:
    (tmp_path / "fonts.conf").write_text('<?xml version="1.0"?><fontconfig/>')
    ended = subprocess.run(
        [sys.executable, "-m", "clearline", "self-test"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "FONTCONFIG_FILE": str(tmp_path / "fonts.conf")},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ended.returncode == 1
    assert marks(ended.stdout)["fonts"] == "FAIL"
    assert "every letter is a box" in ended.stdout
    assert "clearline: No fonts are installed here" in ended.stderr
