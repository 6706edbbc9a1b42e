"""The first lines that a program for Windows runs: its modules are in a file that both programs share.

Each would carry them all by itself, 8 MB. PyInstaller's own start, which runs next, reads them from where this says.
"""

import os
import sys

# What pathlib imports is not there yet, and the loader's names are nothing that a checker of types knows.
sys._pyinstaller_pyz = os.path.join(sys._MEIPASS, "modules.pyz")  # type: ignore[attr-defined]  # noqa: PTH118
