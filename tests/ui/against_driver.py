"""What a driver says after half a minute, and Clearline at once: ``python tests/ui/against_driver.py FOLDER``.

Both are asked the same in the same run, of a real replica set whose name the connection string gets wrong; both times
are measured. Draws ``failed-light.png`` and ``failed-dark.png`` for the README.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pymongo
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from clearline.core.keyring.vault import Vault
from clearline.core.secrets.secret import Secret
from clearline.ui import app as ui
from clearline.ui.look import theme
from clearline.ui.profiles.open_profile import Origin
from lab import deployments
from ui.conftest import KeyringInMemory

SIZE = (1180, 530)
MARGIN = 16
_PATIENCE_S = 60.0


def main(arguments: list[str]) -> int:
    """Ask both, and draw."""
    app = ui._application()
    folder = Path(arguments[0])
    with deployments.replica_set(deployments.Member()) as deployment:
        uri = re.sub(r"replicaSet=[^&]*", "replicaSet=orders", deployment.uri())
        error, driver_s = asked_driver(uri)
        for scheme in (theme.Scheme.LIGHT, theme.Scheme.DARK):
            window, ours_ms = asked_clearline(app, uri, scheme)
            picture = beside(window, f"PyMongo {pymongo.version}, after {driver_s:.1f} s", error, ours_ms)
            picture.save(str(folder / f"failed-{scheme.value}.png"))
            print(f"driver {driver_s:.2f} s, Clearline {ours_ms / 1000:.2f} s ({scheme.value})")
    return 0


def asked_driver(uri: str) -> tuple[str, float]:
    """What PyMongo with its defaults says, and after how many seconds."""
    began = time.perf_counter()
    with pymongo.MongoClient[dict[str, object]](uri) as client:
        try:
            client.admin.command("ping")
        except pymongo.errors.PyMongoError as error:
            return f"{type(error).__name__}: {error}", time.perf_counter() - began
    raise SystemExit("PyMongo connected: there is nothing to compare")


def asked_clearline(app: QApplication, uri: str, scheme: theme.Scheme) -> tuple[QImage, float]:
    """The window after a test, and after how many milliseconds its verdict stood there."""
    app.setStyleSheet("")
    looks = theme.Theme(app, scheme)
    with tempfile.TemporaryDirectory() as home:
        desktop = ui.compose(app, theme=looks, vault=Vault(KeyringInMemory()), folder=Path(home, "profiles"))
        looks.choose(scheme)
        desktop.window.resize(*SIZE)
        desktop.window.show()
        opened = desktop.workbench.profiles.current
        opened.set_text(Secret(uri), Origin.ELSEWHERE)
        for _ in range(2):  # the first loads what a check needs, as the program does before one is asked for
            desktop.workbench.test()
            ends = time.monotonic() + _PATIENCE_S
            while opened.running or opened.report is None:
                if time.monotonic() > ends:
                    raise TimeoutError("no verdict")
                QTest.qWait(20)
        QTest.qWait(300)
        desktop.window.setFocus()
        image = desktop.window.grab().toImage()
        report = opened.report
        desktop.window.may_close = lambda: True
        desktop.window.close()
        desktop.workbench.close()
    assert report.verdict_ms is not None
    return image, report.verdict_ms


def beside(window: QImage, driver: str, error: str, ours_ms: float) -> QImage:
    """Both answers, one below the other."""
    c = theme.colours()
    wrapped = Qt.TextFlag.TextWordWrap
    room = QRect(0, 0, window.width() - 20, 400)
    text = QFontMetrics(theme.mono_font()).boundingRect(room, wrapped, error)
    box = QRect(MARGIN, MARGIN + 30, window.width(), text.height() + 12)
    below = box.bottom() + 12
    made = QImage(window.width() + 2 * MARGIN, below + 32 + window.height() + MARGIN, QImage.Format.Format_RGB32)
    made.fill(QColor(c.window))
    painter = QPainter(made)
    painter.setFont(_large())
    painter.setPen(QColor(c.muted))
    painter.drawText(QRect(MARGIN, MARGIN, window.width(), 24), Qt.AlignmentFlag.AlignVCenter, driver)
    words = f"Clearline, after {ours_ms / 1000:.2f} s"
    painter.drawText(QRect(MARGIN, below, window.width(), 24), Qt.AlignmentFlag.AlignVCenter, words)
    painter.fillRect(box, QColor(c.base))
    painter.setFont(theme.mono_font())
    painter.setPen(QColor(c.text))
    painter.drawText(box.adjusted(10, 6, -10, -6), wrapped, error)
    painter.drawImage(MARGIN, below + 32, window)
    painter.setPen(QColor(c.line_strong))
    painter.drawRect(MARGIN, below + 32, window.width(), window.height())
    painter.end()
    return made


def _large() -> QFont:
    font = theme.strong_font()
    font.setPointSizeF(font.pointSizeF() * 1.2)
    return font


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
