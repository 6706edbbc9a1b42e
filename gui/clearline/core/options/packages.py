"""Optional libraries that PyMongo needs for a sign-in method or a compressor: whether they are here, how to get them.

From pymongo/asynchronous/auth.py, auth_aws.py and compression_support.py.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from typing import Final

from clearline.paths import is_frozen

_ZSTD: Final = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
_KERBEROS: Final = ("winkerberos", "kerberos") if sys.platform == "win32" else ("kerberos", "winkerberos")
MECHANISM_PACKAGES: Final = {"MONGODB-AWS": ("pymongo_auth_aws",), "GSSAPI": _KERBEROS}
"""Importable names by mechanism; any one of them will do."""
COMPRESSOR_PACKAGES: Final = {"snappy": "snappy", "zstd": _ZSTD, "zlib": "zlib"}
_DISTRIBUTIONS: Final = {"pymongo_auth_aws": "pymongo-auth-aws", "kerberos": "pykerberos", "winkerberos": "winkerberos"}
_EXTRAS: Final = {"pymongo_auth_aws": "aws", "kerberos": "gssapi", "winkerberos": "gssapi"}


@cache
def is_installed(name: str) -> bool:
    """Whether a module of that name can be imported; nothing is imported but its parent packages."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # its parent package is absent
        return False


def missing_for_mechanism(mechanism: str | None) -> str | None:
    """The importable name that the mechanism lacks; None when it lacks nothing."""
    alternatives = MECHANISM_PACKAGES.get(mechanism or "", ())
    return alternatives[0] if alternatives and not any(map(is_installed, alternatives)) else None


def missing_for_compressor(name: str) -> str | None:
    """The importable name that the compressor lacks; None when it lacks nothing, or is none that PyMongo knows."""
    needed = COMPRESSOR_PACKAGES.get(name)
    return needed if needed is not None and not is_installed(needed) else None


def how_to_get(name: str, *, frozen: bool | None = None) -> str:
    """The package with a module of that name and how to get it, as words that fit after "Install".

    ``frozen`` says whether the standalone program asks, which nothing can be installed into; None finds out.
    """
    package, extra = _DISTRIBUTIONS.get(name, name), _EXTRAS.get(name)
    if extra is None:
        return package
    command = f'pip install "clearline[{extra}]"'
    if is_frozen() if frozen is None else frozen:
        return f"{package} (which this standalone program does not carry; Clearline from {command} does)"
    return f"{package} ({command})"
