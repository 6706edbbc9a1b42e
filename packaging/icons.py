"""The program's icon in every form that a system wants, drawn from one SVG: PNG, ICO (Windows), ICNS (macOS).

Run by the virtual environment's Python, which has Qt:  python packaging/icons.py SOURCE.svg FOLDER
"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

PNG_SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
ICNS_TYPES = (
    (b"icp4", 16), (b"icp5", 32), (b"ic07", 128), (b"ic08", 256), (b"ic09", 512), (b"ic10", 1024),
    (b"ic11", 32), (b"ic12", 64), (b"ic13", 256), (b"ic14", 512),
)  # fmt: skip
"""The types of an ICNS file that hold PNGs; from ic11 on for screens of twice the density."""


def ico(pictures: dict[int, bytes]) -> bytes:
    """An ICO file of PNGs, by size in pixels (Windows Vista and later read them)."""
    head = struct.pack("<HHH", 0, 1, len(pictures))
    place, entries, data = len(head) + 16 * len(pictures), b"", b""
    for size, png in sorted(pictures.items()):
        side = size % 256  # 0 stands for 256
        entries += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(png), place + len(data))
        data += png
    return head + entries + data


def icns(pictures: dict[int, bytes]) -> bytes:
    """An ICNS file of PNGs, by size in pixels; every size of `ICNS_TYPES` is wanted."""
    parts = [kind + struct.pack(">I", 8 + len(pictures[size])) + pictures[size] for kind, size in ICNS_TYPES]
    body = b"".join(parts)
    return b"icns" + struct.pack(">I", 8 + len(body)) + body


def drawn(svg: Path, sizes: set[int]) -> dict[int, bytes]:
    """The picture as PNGs, by size."""
    from PySide6.QtCore import QBuffer, QIODevice
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    app = QGuiApplication.instance() or QGuiApplication([])
    found, renderer = {}, QSvgRenderer(str(svg))
    if not renderer.isValid():
        raise SystemExit(f"{svg} is no picture.")
    for size in sorted(sizes):
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(0)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")
        found[size] = bytes(buffer.data().data())
    del app
    return found


def write(svg: Path, folder: Path) -> None:
    """``clearline.ico``, ``clearline.icns`` and ``clearline-SIZE.png`` in the folder."""
    pictures = drawn(svg, {*PNG_SIZES, *ICO_SIZES, *(size for _, size in ICNS_TYPES)})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clearline.ico").write_bytes(ico({size: pictures[size] for size in ICO_SIZES}))
    (folder / "clearline.icns").write_bytes(icns(pictures))
    for size in PNG_SIZES:
        (folder / f"clearline-{size}.png").write_bytes(pictures[size])


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    write(Path(sys.argv[1]), Path(sys.argv[2]))
