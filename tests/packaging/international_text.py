"""Prints as JSON what Qt makes of names from many languages, to be run with and without ICU's data."""

from __future__ import annotations

import json

from PySide6.QtCore import QLocale, QTextBoundaryFinder
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QLineEdit, QListWidget

NAMES = ["zeta", "ärger", "Apfel", "Öl", "été", "日本語", "العربية", "a10", "a9"]
LINE = "db-äöü.example.com 日本語のサーバー الخادم الرئيسي"
LETTERS = "straße İı ǆ ﬁn Σσς"


def said() -> dict[str, object]:
    rows = QListWidget()
    rows.addItems(NAMES)
    rows.sortItems()
    line, stops = QLineEdit(LINE), []
    line.setCursorPosition(0)
    for _ in LINE:
        line.cursorWordForward(False)
        stops.append(line.cursorPosition())
    boundaries = {}
    for kind in QTextBoundaryFinder.BoundaryType:
        finder, places = QTextBoundaryFinder(kind, LINE), []
        while (place := finder.toNextBoundary()) >= 0:
            places.append(place)
        boundaries[kind.name] = places
    image = QImage(600, 60, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.drawText(4, 30, " ".join(NAMES))
    painter.end()
    english, turkish = QLocale("en"), QLocale("tr")
    return {
        "sorted": [rows.item(row).text() for row in range(rows.count())],
        "words": sorted(set(stops)),
        "boundaries": boundaries,
        "case": [
            english.toUpper(LETTERS),
            english.toLower(LETTERS.upper()),
            turkish.toLower("I"),
            turkish.toUpper("i"),
        ],
        "painted": bytes(image.constBits()).hex(),
    }


if __name__ == "__main__":
    app = QApplication([])
    print(json.dumps(said()))
