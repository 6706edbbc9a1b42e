"""The program's settings while it runs: read once, changed in one place, written in the background."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QByteArray, QObject, Signal
from PySide6.QtWidgets import QWidget

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.storage import settings as files
from clearline.core.storage.settings import Settings
from clearline.ui.background.background import Background


class CurrentSettings(QObject):
    """`values` as they are; `changed` when they are others."""

    changed = Signal()

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._writing = False
        self.values: Settings = files.load(file)

    def change(self, background: Background, **values: Any) -> None:
        """Set something and write it; what the disk refuses is only not remembered."""
        new = msgspec.structs.replace(self.values, **values)
        if new != self.values:
            self.values = new
            self._write(background)
            self.changed.emit()

    def _write(self, background: Background) -> None:
        """One after the other: of two that write at once the older one could be the last."""
        if self._writing:
            return
        self._writing = True
        values = self.values

        def done(_result: object) -> None:
            self._writing = False
            if self.values != values:
                self._write(background)

        background.ask(lambda: run_in_daemon(files.save, values, self._file), done, done)

    def restore(self, window: QWidget) -> bool:
        """Put the window where it was; False when it never was anywhere, or that place is gone."""
        raw = QByteArray.fromBase64(self.values.geometry.encode())
        return bool(self.values.geometry) and window.restoreGeometry(raw)

    def keep_place(self, window: QWidget) -> None:
        """Write where the window stands, at its end."""
        place = bytes(window.saveGeometry().toBase64().data()).decode()
        if place != self.values.geometry or self._writing:
            self.values = msgspec.structs.replace(self.values, geometry=place)
            try:
                files.save(self.values, self._file)
            except OSError:
                pass  # the next start opens in the middle
