"""The icon files hold what their formats say."""

from __future__ import annotations

import struct
from pathlib import Path

import icons
import pytest
from PySide6.QtGui import QIcon, QImage

SVG = Path(__file__).resolve().parents[2] / "resources" / "icons" / "clearline.svg"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, qapp: object) -> Path:
    made = tmp_path_factory.mktemp("icons")
    icons.write(SVG, made)
    return made


def test_windows_icon_is_read_by_qt_in_each_size(folder: Path) -> None:
    icon = QIcon(str(folder / "clearline.ico"))
    assert sorted(size.width() for size in icon.availableSizes()) == list(icons.ICO_SIZES)


def test_macos_icon_holds_a_picture_of_the_right_size_under_each_type(folder: Path) -> None:
    data = (folder / "clearline.icns").read_bytes()
    assert struct.unpack(">4sI", data[:8]) == (b"icns", len(data))
    found, place = {}, 8
    while place < len(data):
        kind, length = struct.unpack(">4sI", data[place : place + 8])
        found[kind] = QImage.fromData(data[place + 8 : place + length]).width()
        place += length
    assert found == dict(icons.ICNS_TYPES)


def test_the_picture_has_colours_and_clear_corners(folder: Path) -> None:
    for size in icons.PNG_SIZES:
        image = QImage(str(folder / f"clearline-{size}.png"))
        assert (image.width(), image.height()) == (size, size)
        assert image.pixelColor(0, 0).alpha() < 40
        assert image.pixelColor(size // 2, size // 8 + 1).blue() > 150
