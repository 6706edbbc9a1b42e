"""Where resources and user data live: the only code that knows whether Clearline is frozen or portable."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_PORTABLE_FOLDER = "clearline-data"
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

    ``CLEARLINE_HOME`` decides when set; else a folder ``clearline-data`` beside the frozen program (portable mode);
    else the place that the operating system names.
    """
    if home := os.environ.get("CLEARLINE_HOME"):
        return Path(home).expanduser()
    if is_frozen():
        portable = Path(sys.executable).resolve().parent / _PORTABLE_FOLDER
        if portable.is_dir():
            return portable
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


def settings_file() -> Path:
    """The file of the program's own settings; it may not exist yet."""
    return user_data_dir() / "settings.json"


def agreements_file() -> Path:
    """The file that says what the user has agreed to, by hash; it may not exist yet."""
    return user_data_dir() / "agreements.json"


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
    own = platformdirs.user_data_path("Clearline", appauthor=False)
    return platformdirs.user_cache_path("Clearline", appauthor=False) if data == own else data / "cache"


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
