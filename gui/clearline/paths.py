"""Where resources and user data live: the only code that knows whether Clearline is frozen or portable."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_PORTABLE_FOLDER = "Clearline-data"
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")  # what PyInstaller's boot loader may change


def is_frozen() -> bool:
    """True in the program that PyInstaller made."""
    return bool(getattr(sys, "frozen", False))


@cache
def _resources() -> Path:
    """The wheel and the frozen program carry the resources inside the package; a checkout has them beside gui/."""
    installed = _PACKAGE / "resources"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "resources"


def resource(name: str) -> Path:
    """The file of a resource, by its path below ``resources/`` (with forward slashes)."""
    return _resources() / name


def user_data_dir() -> Path:
    """The folder of everything that the user keeps; it may not exist yet.

    ``CLEARLINE_HOME`` decides when set; else `portable_dir`; else the place that the operating system names.
    """
    if home := os.environ.get("CLEARLINE_HOME"):
        return Path(home).expanduser()
    return portable_dir() or _of_this_user()


def portable_dir() -> Path | None:
    """The folder of a portable copy, such as one on a USB stick: ``Clearline-data`` beside the standalone program.

    Beside the app on macOS, beside the AppImage on Linux. None where there is none, or CLEARLINE_HOME decides.
    """
    if not is_frozen() or os.environ.get("CLEARLINE_HOME"):
        return None
    program = Path(os.environ.get("APPIMAGE") or sys.executable).resolve()
    app = next((parent for parent in program.parents if parent.suffix == ".app"), program)
    folder = app.parent / _PORTABLE_FOLDER
    return folder if folder.is_dir() else None


def _of_this_user() -> Path:
    import platformdirs

    return platformdirs.user_data_path("Clearline", appauthor=False)


def profiles_dir() -> Path:
    """The folder of the saved profiles, one JSON file each; it may not exist yet."""
    return user_data_dir() / "profiles"


def history_dir() -> Path:
    """The folder of the kept reports; it may not exist yet."""
    return user_data_dir() / "history"


def crashes_dir() -> Path:
    """The folder of stacks of native crashes that were not shown yet; it may not exist yet."""
    return user_data_dir() / "crashes"


def unsaved_dir() -> Path:
    """The folder of edits that were not saved when a program ended; it may not exist yet."""
    return user_data_dir() / "unsaved"


def settings_file() -> Path:
    """The file of the program's own settings; it may not exist yet."""
    return user_data_dir() / "settings.json"


def agreements_file(data: Path | None = None) -> Path:
    """The file that says what the user has agreed to on this computer, by hash; it may not exist yet.

    A portable copy does not carry it along. ``data`` stands in for `user_data_dir`.
    """
    return (_of_this_user() if portable_dir() else data or user_data_dir()) / "agreements.json"


def known_servers_file(data: Path | None = None) -> Path:
    """The file that says where each profile may sign in on this computer; it stands where `agreements_file` does."""
    return agreements_file(data).with_name("servers.json")


def known_hosts_file() -> Path:
    """The keys of SSH servers that the user has agreed to, in OpenSSH's own form; it may not exist yet."""
    return user_data_dir() / "known_hosts"


def secrets_file() -> Path:
    """The encrypted file of secrets, for a computer without a keyring; it may not exist."""
    return user_data_dir() / "secrets.json"


def user_cache_dir() -> Path:
    """The folder of what can be made anew at any time; it may not exist yet. Decided as `user_data_dir` is."""
    import platformdirs

    data = user_data_dir()
    return platformdirs.user_cache_path("Clearline", appauthor=False) if data == _of_this_user() else data / "cache"


def restored_environ() -> dict[str, str]:
    """The environment for child processes: the library paths as they were before the frozen program changed them.

    PyInstaller's boot loader keeps the value of before in ``LD_LIBRARY_PATH_ORIG``; without one there was none.
    """
    environ = dict(os.environ)
    if not is_frozen():
        return environ
    for name in _LIBRARY_PATHS:
        before = environ.pop(f"{name}_ORIG", None)
        if before is not None:
            environ[name] = before
        else:
            environ.pop(name, None)
    return environ
