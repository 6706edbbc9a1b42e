"""The versions of all that an answer depends on: for ``clearline --version --verbose`` and the window."""

from __future__ import annotations

import platform
import ssl
import sys

import clearline
from clearline.licences import parts
from clearline.paths import is_frozen, user_data_dir


def versions() -> dict[str, str]:
    """Version by part, in the order in which one reads them. Reads the disk: for another thread than the window's."""
    kind = "standalone program" if is_frozen() else "Python package"
    own = {"clearline", "python"}
    return {
        "Clearline": f"{clearline.__version__}, {kind}",
        "System": _system(),
        "Python": f"{platform.python_version()}, {platform.machine()}",
        "OpenSSL": ssl.OPENSSL_VERSION.removeprefix("OpenSSL "),
        **{name: version for name, version in parts().items() if name.lower() not in own},
        "Program": sys.executable,
        "Data": str(user_data_dir()),
    }


def in_lines(found: dict[str, str]) -> str:
    """A line each, aligned."""
    width = max(map(len, found))
    return "\n".join(f"{name:<{width}}  {version}" for name, version in found.items())


def _system() -> str:
    if sys.platform == "win32":
        version = sys.getwindowsversion()
        return f"Windows {version.major}.{version.minor}.{version.build}"
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    return ", ".join(filter(None, (f"{platform.system()} {platform.release()}", " ".join(platform.libc_ver()))))
