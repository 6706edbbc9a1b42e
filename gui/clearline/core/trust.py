"""Where trusted roots come from: what the driver loads by default, the operating system's list, and the bundled one."""

from __future__ import annotations

import os
import re
import ssl
import sys
from pathlib import Path
from typing import Final

from clearline.paths import is_frozen

_SYSTEM_FILES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # older RHEL, CentOS
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, BSD, macOS
)
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.\d+")


def default_roots_count() -> int:
    """How many authorities PyMongo trusts when no tlsCAFile is given (pymongo/ssl_support.py, ``get_ssl_context``).

    A folder of hashed names counts too, though OpenSSL opens its files only when a server's chain asks for one. Takes
    about 30 ms: for a thread.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file, folder = _environment()
    if sys.platform == "win32" and (file or folder):
        try:
            context.load_verify_locations(cafile=file, capath=folder)
        except OSError:
            return 0  # the driver raises
    else:
        context.load_default_certs()
    folders = folder.split(os.pathsep) if folder else [ssl.get_default_verify_paths().openssl_capath]
    return max(context.cert_store_stats()["x509"], sum(map(_hashed_files, folders)))


def default_roots_source() -> str:
    """Where PyMongo's default authorities come from, in words, e.g. ``SSL_CERT_FILE=/etc/ca.pem``."""
    file, folder = _environment()
    named = [f"{name}={value}" for name, value in (("SSL_CERT_FILE", file), ("SSL_CERT_DIR", folder)) if value]
    if named:
        return ", ".join(named)
    if sys.platform == "win32":
        return "the Windows certificate stores"
    places = ssl.get_default_verify_paths()
    return places.cafile or places.capath or f"{places.openssl_cafile} (missing)"


def bundled_roots() -> Path:
    """The list of authorities that comes with Clearline (Mozilla's), as a PEM file."""
    import certifi

    return Path(certifi.where())


def os_roots_file() -> Path | None:
    """The operating system's own list as a PEM file, where it keeps one (Linux, BSD), whatever the environment says."""
    return next((Path(name) for name in _SYSTEM_FILES if Path(name).is_file()), None)


def os_roots_context() -> ssl.SSLContext:
    """A client context that trusts what the operating system trusts; on Windows and macOS the system itself verifies.

    Takes about 30 ms: for a thread.
    """
    if sys.platform in ("win32", "darwin"):
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if (file := os_roots_file()) is not None:
        context.load_verify_locations(file)
    else:
        context.load_default_certs()
    return context


def adopt_system_roots() -> Path | None:
    """Let OpenSSL find this computer's authorities in the frozen program; returns the file, None if nothing was done.

    Frozen, OpenSSL looks where the *build* machine kept them. To be called before the first TLS context is made. What
    the user set in the environment stays.
    """
    if not is_frozen() or sys.platform == "win32" or any(_environment()) or default_roots_count():
        return None
    found = os_roots_file() or bundled_roots()
    os.environ["SSL_CERT_FILE"] = str(found)
    return found


def _environment() -> tuple[str | None, str | None]:
    return os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None


def _hashed_files(folder: str) -> int:
    try:
        return sum(_HASHED.fullmatch(path.name) is not None for path in Path(folder).iterdir())
    except OSError:
        return 0
