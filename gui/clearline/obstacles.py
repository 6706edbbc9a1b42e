"""What keeps the window from opening on this Linux, in one sentence with the package that helps; told without Qt.

Where Qt's own way is a traceback or an abort, these questions are asked before: libraries, screen, fonts, folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from clearline.paths import restored_environ

WITHOUT_WINDOW: Final = "clearline check ADDRESS works without the window."

Loads = Callable[[str], bool]
"""Whether a shared library can be loaded."""

_INSTALL: Final = (
    (("debian", "ubuntu"), "sudo apt install", 0),
    (("fedora", "rhel", "centos"), "sudo dnf install", 1),
    (("suse", "opensuse", "sles"), "sudo zypper install", 2),
    (("arch",), "sudo pacman -S", 3),
)
"""By the words of os-release's ID and ID_LIKE: the command, and the column of `PACKAGES`."""
PACKAGES: Final = {
    "libGL.so.1": ("libgl1", "libglvnd-glx", "libglvnd", "libglvnd"),
    "libEGL.so.1": ("libegl1", "libglvnd-egl", "libglvnd", "libglvnd"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig", "fontconfig", "fontconfig"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs", "libdbus-1-3", "dbus"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2", "libglib-2_0-0", "glib2"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon", "libxkbcommon0", "libxkbcommon"),
    "libxcb.so.1": ("libxcb1", "libxcb", "libxcb1", "libxcb"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor", "libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm", "libxcb-icccm4", "xcb-util-wm"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms", "libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image", "libxcb-image0", "xcb-util-image"),
    "libxcb-render-util.so.0": (
        "libxcb-render-util0", "xcb-util-renderutil", "libxcb-render-util0", "xcb-util-renderutil",
    ),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11-0", "libxkbcommon-x11"),
    "libwayland-client.so.0": ("libwayland-client0", "libwayland-client", "libwayland-client0", "wayland"),
    "libwayland-cursor.so.0": ("libwayland-cursor0", "libwayland-cursor", "libwayland-cursor0", "wayland"),
    "libwayland-egl.so.1": ("libwayland-egl1", "libwayland-egl", "libwayland-egl1", "wayland"),
    "fonts": ("fonts-dejavu-core", "dejavu-sans-fonts", "dejavu-fonts", "ttf-dejavu"),
}  # fmt: skip
"""Packages of Debian, Fedora, openSUSE and Arch, by what is missing."""
_OF_QT: Final = tuple(PACKAGES)[:6]
_OF_X11: Final = tuple(name for name in PACKAGES if "xcb" in name or "x11" in name)
_OF_WAYLAND: Final = tuple(name for name in PACKAGES if "wayland" in name)
_DIALOGS: Final = (
    ("zenity", "--error", "--no-markup", "--title=Clearline", "--text={text}"),
    ("kdialog", "--title", "Clearline", "--error", "{text}"),
    ("xmessage", "-center", "{text}"),
)


class Screen(NamedTuple):
    """How this session reaches a screen; None where its variable is not set."""

    x11: str | None
    wayland: Path | None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Screen:
        """What DISPLAY and WAYLAND_DISPLAY name."""
        named = environ.get("WAYLAND_DISPLAY")
        wayland = Path(environ.get("XDG_RUNTIME_DIR") or "/nowhere", named) if named else None
        return cls(environ.get("DISPLAY") or None, wayland)


def before_window(
    environ: Mapping[str, str] = os.environ,
    *,
    platform: str = sys.platform,
    loads: Loads | None = None,
    answers: Callable[[str], bool] | None = None,
) -> str | None:
    """Why no window can be shown here, before Qt is imported; None when nothing is known against it.

    ``loads`` and ``answers`` (whether an X server takes a connection to that display) stand in for the system's.
    """
    if platform != "linux" or environ.get("QT_QPA_PLATFORM", "xcb").split(":")[0] not in ("xcb", "wayland"):
        return None
    screen = Screen.of(environ)
    if screen == Screen(None, None):
        return f"There is no screen here: neither DISPLAY nor WAYLAND_DISPLAY is set. {WITHOUT_WINDOW}"
    loads = loads or loads_library
    because = []
    if screen.wayland is not None:
        if lacking := _missing(_OF_WAYLAND, loads):
            because.append(_needs(lacking, "A window on Wayland"))
        elif not _listens(screen.wayland):
            because.append(_silent("WAYLAND_DISPLAY", screen.wayland))
        else:
            return None
    if screen.x11 is not None:
        if lacking := _missing(_OF_X11, loads):
            because.append(_needs(lacking, "A window on X11"))
        elif not (answers or _x_answers)(screen.x11):
            because.append(_silent("DISPLAY", screen.x11))
        else:
            return None
    return because[0]


def after_import_error(loads: Loads | None = None, platform: str = sys.platform) -> str | None:
    """Why Qt could not be imported; None where its libraries are all there."""
    lacking = _missing(_OF_QT, loads or loads_library) if platform == "linux" else ()
    return _needs(lacking, "The window") if lacking else None


def no_fonts(platform: str = sys.platform) -> str:
    """What to say where every letter is a box."""
    helps = {
        "win32": "Control Panel, Fonts, Font settings restores those of Windows",
        "darwin": "Font Book restores them",
    }
    return f"No fonts are installed here, so every letter is a box: {helps.get(platform) or install(('fonts',))}."


def unwritable(folder: Path) -> str | None:
    """Why nothing can be kept in a folder, which need not exist yet; None when it can."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
        return None
    return f"Nothing can be kept: {folder} cannot be written. CLEARLINE_HOME names another folder for it."


def install(names: Sequence[str], release: str | None = None) -> str:
    """The command that installs what is missing, on the distribution that ``release`` (os-release) describes."""
    words = _distribution(_os_release() if release is None else release)
    for family, command, column in _INSTALL:
        if words & set(family):
            return f"{command} {' '.join(dict.fromkeys(PACKAGES[name][column] for name in names))}"
    packages = " ".join(dict.fromkeys(PACKAGES[name][0] for name in names))
    return f"install what Debian calls {packages}"


def tell(sentence: str, environ: Mapping[str, str] = os.environ) -> None:
    """Print it; where there is no terminal to read it, show it by whatever dialog this desktop has."""
    if sys.stderr is not None:
        sys.stderr.write(f"clearline: {sentence}\n")
        sys.stderr.flush()
        if sys.stderr.isatty():
            return
    if Screen.of(environ) == Screen(None, None):
        return
    for program, *words in _DIALOGS:
        if found := shutil.which(program):
            command = [found, *(word.format(text=sentence) for word in words)]
            try:
                subprocess.run(command, env=restored_environ(), stderr=subprocess.DEVNULL, check=False)
            except OSError:
                continue
            return


def loads_library(name: str) -> bool:
    """Whether the dynamic linker finds a library here."""
    import ctypes

    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _missing(names: Sequence[str], loads: Loads) -> tuple[str, ...]:
    return tuple(name for name in names if not loads(name))


def _needs(lacking: Sequence[str], what: str) -> str:
    return f"{what} needs {', '.join(lacking)}, which this system lacks: {install(lacking)}. {WITHOUT_WINDOW}"


def _silent(variable: str, named: object) -> str:
    return f"The screen that {variable} names ({named}) does not answer. {WITHOUT_WINDOW}"


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(str(path))
        except OSError:
            return False
    return True


def _x_answers(display: str) -> bool:
    import ctypes

    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(os.fsencode(display), None))
    answered = not xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return answered


def _os_release() -> str:
    for place in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            return Path(place).read_text("utf-8", "replace")[:10_000]
        except OSError:
            continue
    return ""


def _distribution(release: str) -> set[str]:
    pairs = (line.partition("=") for line in release.splitlines())
    return {word for name, _, value in pairs if name in ("ID", "ID_LIKE") for word in value.strip("\"'").split()}
