"""The short film of the README: paste, cause, fix, connected. ``python tests/ui/film.py FILE.png``, an animated PNG.

Drawn as the pictures are, from seeded data; Qt writes no animation, but an APNG is PNG frames with chunks renamed.
"""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["TZ"] = "UTC"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from msgspec.structs import replace
from PySide6.QtCore import QBuffer, QByteArray, QPoint, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest

from clearline.core.findings import Stage
from clearline.core.report.report import Report, Status, Verdict
from clearline.ui import app as ui
from ui import played_checks as play
from ui import scenes

SIZE = (1100, 560)
WIDTH = 880
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def main(arguments: list[str]) -> int:
    """Draw it."""
    app = ui._application()
    with tempfile.TemporaryDirectory() as home, scenes.seen(app, Path(home), size=SIZE) as seen:
        frames = [(small(image), ms) for image, ms in film(seen)]
    Path(arguments[0]).write_bytes(animated(frames))
    print(f"{len(frames)} frames, {Path(arguments[0]).stat().st_size:,} bytes")
    return 0


def film(seen: scenes.Seen) -> Iterator[tuple[QImage, int]]:
    """Each frame, and for how many milliseconds it stands."""
    QTest.qWait(300)
    yield seen.window.grab().toImage(), 1200
    seen.type()
    seen.window.connection.field.setFocus()
    QTest.qWait(300)
    yield seen.window.grab().toImage(), 1200
    seen.test(ends=False)
    QTest.qWait(100)
    yield seen.window.grab().toImage(), 300
    seen.workbench.stop()
    seen.until(lambda: not seen.front.running)
    seen.test(failed())
    QTest.qWait(300)
    yield seen.window.grab().toImage(), 3000
    seen.window.answer.banner.press_fix()
    dialog = seen.dialog()
    QTest.qWait(200)
    yield over(seen.window.grab().toImage(), dialog.grab().toImage()), 3000
    dialog.close()
    seen.test(replace(play.connected(), started=now()), uri=scenes.URI + "&authSource=admin")
    QTest.qWait(500)
    yield seen.window.grab().toImage(), 3500


def failed() -> Report:
    """The user lives in another database; what comes after the login was not reached."""
    server = play.server(1, failed_at=Stage.AUTH)
    refused = replace(server.cells["auth"], note="refused", evidence={"code": 18, "name": "AuthenticationFailed"})
    servers = (replace(server, cells={**server.cells, "auth": refused}),)
    report = play.report(Verdict.FAILED, play.WRONG_SOURCE, servers=servers, started=now())
    left_out = {Stage.FILES, Stage.HOP, Stage.ACCESS, Stage.DRIVER}
    stages = tuple(replace(one, status=Status.SKIPPED) if one.stage in left_out else one for one in report.stages)
    return replace(report, stages=stages)


def now() -> str:
    """The time of a report that was made just now."""
    return datetime.now(UTC).isoformat()


def over(window: QImage, dialog: QImage) -> QImage:
    """A dialog before its window."""
    painter = QPainter(window)
    painter.fillRect(window.rect(), QColor(0, 0, 0, 70))
    place = window.rect().center() - dialog.rect().center()
    painter.fillRect(dialog.rect().translated(place + QPoint(2, 4)), QColor(0, 0, 0, 60))
    painter.drawImage(place, dialog)
    painter.end()
    return window


def small(image: QImage) -> QImage:
    """As wide as a README, in fewer shades, which pack better."""
    scaled = image.scaledToWidth(WIDTH, Qt.TransformationMode.SmoothTransformation)
    return scaled.convertToFormat(QImage.Format.Format_RGB444).convertToFormat(QImage.Format.Format_RGB888)


def animated(frames: list[tuple[QImage, int]]) -> bytes:
    """An APNG that begins anew for ever; https://www.w3.org/TR/png-3/#apng-frame-based-animation."""
    pieces = [_SIGNATURE]
    number = 0
    for place, (image, ms) in enumerate(frames):
        chunks = list(_chunks(_png(image)))
        if place == 0:
            pieces.append(_chunk(b"IHDR", chunks[0][1]))
            pieces.append(_chunk(b"acTL", struct.pack(">II", len(frames), 0)))
        pieces.append(
            _chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, image.width(), image.height(), 0, 0, ms, 1000, 0, 0))
        )
        number += 1
        data = b"".join(content for kind, content in chunks if kind == b"IDAT")
        if place == 0:
            pieces.append(_chunk(b"IDAT", data))
        else:
            pieces.append(_chunk(b"fdAT", struct.pack(">I", number) + data))
            number += 1
    pieces.append(_chunk(b"IEND", b""))
    return b"".join(pieces)


def _png(image: QImage) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG", 0)  # type: ignore[call-overload]  # smallest
    return bytes(data.data())


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(png):
        length = struct.unpack(">I", png[at : at + 4])[0]
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
