"""Every page, state and dialog of the window as a picture, and all of them on one sheet: ``dev.py shots [FOLDER]``.

Drawn without a screen, on seeded data. Qt takes its scale when it starts, so each scale is a process of its own. The
pictures of the README are made last, into ``readme``.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["TZ"] = "UTC"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from clearline.ui import app as ui
from ui import scenes

VARIANTS = (
    # percent, logical width and height without a title bar, dark, every scene or only the key ones
    (100, (1366, 740), False, True),
    (100, (1366, 740), True, True),
    (100, (1024, 672), False, False),
    (100, (800, 420), False, False),
    (100, (1920, 1052), False, False),
    (150, (911, 484), False, False),
    (150, (911, 484), True, False),
    (200, (960, 512), False, False),
)
_THUMB = 420
_COLUMNS = 4


def main(arguments: list[str]) -> int:
    """``[FOLDER] [WORD …]``: only scenes whose name holds one of the words."""
    folder = Path(arguments[0] if arguments else "shots").resolve()
    if len(arguments) > 1 and arguments[1] == "--percent":
        return draw(folder, int(arguments[2]), arguments[3:])
    folder.mkdir(parents=True, exist_ok=True)
    for percent in sorted({variant[0] for variant in VARIANTS}):
        environ = {**os.environ, "QT_SCALE_FACTOR": str(percent / 100)}
        command = [sys.executable, __file__, str(folder), "--percent", str(percent), *arguments[1:]]
        if code := subprocess.run(command, env=environ).returncode:
            return code
    sheet(folder)
    if len(arguments) < 2:
        readme = folder / "readme"
        readme.mkdir(exist_ok=True)
        for program, made in (("film.py", readme / "paste-cause-fix.png"), ("against_driver.py", readme)):
            subprocess.run([sys.executable, str(Path(__file__).with_name(program)), str(made)], check=True)
    print(f"{len(list(folder.glob('*.png')))} pictures are in {folder}; contact-sheet.png shows them all.")
    return 0


def draw(folder: Path, percent: int, words: list[str]) -> int:
    """The pictures of one scale."""
    gc.disable()  # widgets in cycles are no business of whatever thread happens to collect
    app = ui._application()
    for scale, size, dark, every in VARIANTS:
        if scale != percent:
            continue
        for scene in scenes.SCENES:
            if not (every or scene.key) or not (any(word in scene.name for word in words) or not words):
                continue
            tone = "dark" if dark else "light"
            name = f"{scene.name}_{size[0]}x{size[1]}_{percent}_{tone}.png"
            with tempfile.TemporaryDirectory() as home:
                with scenes.seen(
                    app, Path(home), size=size, dark=dark, profiles=scene.profiles, keyring=scene.keyring
                ) as seen:
                    widget = scene.act(seen) or seen.window
                    QTest.qWait(200)
                    widget.grab().save(str(folder / name))
    return 0


def sheet(folder: Path) -> None:
    """All pictures, small, with their names."""
    files = sorted(file for file in folder.glob("*.png") if file.name != "contact-sheet.png")
    _app = QApplication.instance() or QApplication(["shots"])
    height = round(_THUMB * 0.62) + 24
    whole = QPixmap(_COLUMNS * _THUMB, -(-len(files) // _COLUMNS) * height)
    whole.fill(QColor("#808080"))
    painter = QPainter(whole)
    for place, file in enumerate(files):
        left, top = place % _COLUMNS * _THUMB, place // _COLUMNS * height
        small = QPixmap(str(file)).scaled(
            _THUMB - 8, height - 28, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        painter.drawText(QRect(left + 4, top, _THUMB - 8, 20), Qt.AlignmentFlag.AlignVCenter, file.stem)
        painter.drawPixmap(left + 4, top + 20, small)
    painter.end()
    whole.save(str(folder / "contact-sheet.png"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
