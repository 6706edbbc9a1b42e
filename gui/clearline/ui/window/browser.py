"""Addresses and folders opened with the desktop's own programs."""

from __future__ import annotations

import subprocess
import sys

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from clearline.paths import is_frozen, restored_environ


def open_address(url: QUrl) -> bool:
    """Open it outside; False when nothing here can.

    The frozen program on Linux starts the opener itself, because Qt's would hand the program's own libraries to the
    browser.
    """
    if not (is_frozen() and sys.platform == "linux"):
        return QDesktopServices.openUrl(url)
    try:
        subprocess.Popen(["xdg-open", url.toString()], env=restored_environ(), start_new_session=True)
    except OSError:
        return False
    return True
