"""No text of the window is cut off, and it looks as it was agreed to look."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from operator import sub
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt, qVersion
from PySide6.QtGui import QColor, QFontInfo, QImage
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from clearline.ui.look import theme
from ui import passing_time, scenes
from ui.cut_off import cut_off, nameless
from ui.scenes import Scene

PICTURES = Path(__file__).with_name("pictures")
PINNED = ("linux", "DejaVu Sans", "6.11")
"""The system, the font and the Qt with which the references were drawn."""
REFERENCES = ("first-start", "failed", "connected", "fifty-servers")
AT_150_PERCENT = (911, 484)
SMALLEST = (800, 420)
SMALL = QSize(683, 370)
BLOCK = 16
TOLERANCE = 12.0
"""The mean difference of a block of pixels, of 255, that is still the same picture."""


@pytest.fixture(autouse=True)
def the_same_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the window tells of the environment, at its longest, whatever that of the tests is."""
    monkeypatch.setenv("SSL_CERT_FILE", scenes.LONG_PATH)
    monkeypatch.setenv("SSL_CERT_DIR", scenes.LONG_PATH)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pictures show times of day. Windows has one zone for all programs; there no picture is compared."""
    if sys.platform == "win32":
        yield
        return
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def named(name: str) -> Scene:
    return next(scene for scene in scenes.SCENES if scene.name == name)


def settled(so: Callable[[], bool]) -> None:
    """What paints itself a moment later may still be wrong now: what stays wrong is wrong."""
    for _ in range(40):
        if so():
            return
        passing_time.run_for(25)


LOOKED_AT = [(scene, scenes.USUAL) for scene in scenes.SCENES] + [
    (scene, size) for scene in scenes.SCENES if scene.key for size in (AT_150_PERCENT, SMALLEST)
]


@pytest.mark.parametrize(("scene", "size"), LOOKED_AT, ids=lambda value: getattr(value, "name", str(value)))
def test_nothing_is_cut_off_and_everything_has_a_name(
    qapp: QApplication, tmp_path: Path, scene: Scene, size: tuple[int, ...]
) -> None:
    with scenes.seen(qapp, tmp_path, size=size, profiles=scene.profiles, keyring=scene.keyring) as seen:
        widget = scene.act(seen) or seen.window
        seen.settle()
        settled(lambda: not cut_off(widget))
        assert cut_off(widget) == []
        assert nameless(widget) == []
        if widget is seen.window:
            assert len(filled(widget)) == (scene.name != "running"), "one button is the next step"
            assert chrome(seen) == CHROME, "nothing above the page moves"
        else:
            assert len(filled(widget)) <= 1


CHROME = 102
"""Where the page begins below the menu, in every state; a text of several lines has more."""


def chrome(seen: scenes.Seen) -> int:
    """How high everything above the page is, without what further lines of the text take."""
    window = seen.window
    return window.results.mapTo(window.centralWidget(), QPoint(0, 0)).y() - window.connection.field.height()


def filled(top: QWidget) -> list[str]:
    """The buttons that say: this next."""
    buttons = [button for button in top.findChildren(QPushButton) if button.isVisible() and button.window() is top]
    return [
        button.text()
        for button in buttons
        if (button.objectName() == "primary" and button.property("running") != "true")
        or button.property("next") == "true"
    ]


COLOURFUL = 40
"""Of a pixel: the difference of its strongest and its weakest colour that an eye takes for a colour."""
OLD = ("failed-three-servers", "connected", "connected-one-server", "unknown-authority", "failed-for-the-network")


def colourful(image: QImage) -> int:
    """How many pixels have a colour."""
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    counted = Counter(memoryview(bytes(plain.constBits())).cast("I"))  # a window has few colours and many pixels
    return sum(count for pixel, count in counted.items() if _range(pixel) > COLOURFUL)


def _range(pixel: int) -> int:
    """The difference of a pixel's strongest and weakest colour."""
    three = (pixel & 0xFF, pixel >> 8 & 0xFF, pixel >> 16 & 0xFF)
    return max(three) - min(three)


@pytest.mark.parametrize("name", OLD)
def test_an_answer_about_something_else_is_grey_as_a_whole(qapp: QApplication, tmp_path: Path, name: str) -> None:
    with scenes.seen(qapp, tmp_path) as seen:
        named(name).act(seen)
        passing_time.run_for(50)
        answer = seen.window.answer
        assert colourful(answer.grab().toImage()) > 0
        seen.type(scenes.URI + "&appName=other")
        answer.stale.setVisible(False)  # it says so, in the colour of a warning
        settled(lambda: colourful(answer.grab().toImage()) == 0)
        assert colourful(answer.grab().toImage()) == 0
        grey = QColor(theme.tone("muted"))
        for label in (answer.banner.word, answer.banner.sentence, answer.banner.remedy):
            assert label.palette().color(label.foregroundRole()) == grey


def test_what_has_no_name_is_found(qapp: QApplication, tmp_path: Path) -> None:
    with scenes.seen(qapp, tmp_path) as seen:
        assert nameless(seen.window) == []
        seen.window.name.setAccessibleName("")
        seen.window.connection.eye.setAccessibleName(" ")
        assert [one.split(" in ")[0] for one in nameless(seen.window)] == [
            "EditableText NameField",
            "CheckBox IconButton",
        ]


def difference(one: QImage, other: QImage) -> float:
    """The mean difference of the block that differs most, from 0 to 255."""
    worst = 0.0
    for top in range(0, one.height(), BLOCK):
        for left in range(0, one.width(), BLOCK):
            block = QRect(left, top, BLOCK, BLOCK)
            a, b = bytes(one.copy(block).constBits()), bytes(other.copy(block).constBits())
            if a != b:  # most of two pictures is the same
                worst = max(worst, sum(map(abs, map(sub, a, b))) / len(a))
    return worst


def small(image: QImage) -> QImage:
    scaled = image.scaled(SMALL, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    return scaled.convertToFormat(QImage.Format.Format_Grayscale8)


@pytest.mark.parametrize("name", REFERENCES)
def test_it_looks_as_agreed(qapp: QApplication, tmp_path: Path, name: str) -> None:
    """With ``CLEARLINE_DRAW=1`` in the environment the references are drawn anew, to be looked at."""
    if (sys.platform, QFontInfo(theme.body_font()).family(), qVersion().rpartition(".")[0]) != PINNED:
        pytest.skip("another system, another font or another Qt draws other pictures")
    with scenes.seen(qapp, tmp_path, profiles=named(name).profiles) as seen:
        named(name).act(seen)
        seen.settle()
        seen.window.setFocus()  # no blinking cursor
        file = PICTURES / f"{name}.png"
        if os.environ.get("CLEARLINE_DRAW"):
            passing_time.run_for(500)
            small(seen.window.grab().toImage()).save(str(file))
        reference = QImage(str(file)).convertToFormat(QImage.Format.Format_Grayscale8)
        settled(lambda: difference(small(seen.window.grab().toImage()), reference) <= TOLERANCE)
        drawn = small(seen.window.grab().toImage())
    assert difference(drawn, reference) <= TOLERANCE


def test_a_moved_button_is_another_picture(qapp: QApplication, tmp_path: Path) -> None:
    with scenes.seen(qapp, tmp_path) as seen:
        before = small(seen.window.grab().toImage())
        seen.window.settings.hide()
        passing_time.run_for(20)
        assert difference(before, small(seen.window.grab().toImage())) > TOLERANCE
