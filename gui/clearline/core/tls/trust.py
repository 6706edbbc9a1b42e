"""Where trusted roots come from: what the driver loads by default, the operating system's list, and the bundled one.

PyMongo takes no TLS context of ours, only a tlsCAFile, which replaces its default roots: so the operating system's list
and the bundled one are given to it as a file.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clearline.core.text.late_patterns import late
from clearline.paths import is_frozen, restored_environ, user_cache_dir

if TYPE_CHECKING:
    from clearline.core.profiles.profile import Tls, TrustSource

_SYSTEM_FILES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # older RHEL, CentOS
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, BSD, macOS
)
_MAC_KEYCHAINS: Final = (
    "/System/Library/Keychains/SystemRootCertificates.keychain",
    "/Library/Keychains/System.keychain",
)
_SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"
_PATIENCE_S: Final = 20
_HASHED: Final = late(r"[0-9a-f]{8}\.\d+")


def default_roots_count() -> int:
    """How many authorities PyMongo trusts when no tlsCAFile is given (pymongo/ssl_support.py, ``get_ssl_context``).

    A folder of hashed names counts too, though OpenSSL opens its files only when a server's chain asks for one. Takes
    about 30 ms, but where nothing has changed since: for a thread.
    """
    file, folder = _environment()
    if sys.platform == "win32":  # its stores do not tell whether they have changed
        return _counted_anew(file, folder)
    places = (file or ssl.get_default_verify_paths().openssl_cafile, *_folders(folder))
    return _counted_by_default(file, folder, tuple(map(_state, places)))


_State = tuple[int, int, int] | None


def _state(place: str | Path) -> _State:
    """What is another one when a file or folder was changed or replaced; None where there is none."""
    try:
        known = Path(place).stat()
    except (OSError, ValueError):
        return None
    return known.st_mtime_ns, known.st_size, known.st_ino


@lru_cache(maxsize=4)
def _counted_by_default(file: str | None, folder: str | None, _states: tuple[_State, ...]) -> int:
    return _counted_anew(file, folder)


def _counted_anew(file: str | None, folder: str | None) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if sys.platform == "win32" and (file or folder):
        try:
            context.load_verify_locations(cafile=file, capath=folder)
        except OSError:
            return 0  # the driver raises
    else:
        context.load_default_certs()
    return max(context.cert_store_stats()["x509"], sum(map(_hashed_files, _folders(folder))))


def _folders(named: str | None) -> list[str]:
    return named.split(os.pathsep) if named else [ssl.get_default_verify_paths().openssl_capath]


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


def named_roots() -> dict[str, str]:
    """The file and folders of PyMongo's default authorities that the environment names, by the variable."""
    file, folders = _environment()
    found = {"SSL_CERT_FILE": file} if file else {}
    for folder in (folders or "").split(os.pathsep):
        if folder:
            found.setdefault("SSL_CERT_DIR", folder)
    return found


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


def roots_file(source: TrustSource) -> Path | None:
    """The authorities of a trust source as a PEM file for tlsCAFile; None where the system has no list.

    On Windows and macOS the system's stores are written into the user's cache folder, again whenever they differ: what
    is trusted for servers, without what the system only distrusts later (it verifies with more than a list). Blocks,
    up to a second: for a thread. Raises OSError.
    """
    if source == "bundled":
        return bundled_roots()
    if sys.platform == "win32":
        certificates = (der for store in ("ROOT", "CA") for der in _windows_store(store))
        return written_roots(map(ssl.DER_cert_to_PEM_cert, certificates))
    if sys.platform == "darwin":
        return written_roots(_pem_blocks(_mac_keychains()))
    return os_roots_file()


def written_roots(pem: Iterable[str], folder: Path | None = None) -> Path | None:
    """A file with these certificates, each once, named by its content; None for no certificate. Raises OSError."""
    from clearline.core.files.whole_files import write_whole

    data = "".join(dict.fromkeys(pem)).encode("ascii")
    if not data:
        return None
    place = user_cache_dir() if folder is None else folder
    file = place / f"system-roots-{hashlib.sha256(data).hexdigest()[:16]}.pem"
    if not file.is_file() or file.stat().st_size != len(data):
        place.mkdir(parents=True, exist_ok=True)
        write_whole(file, data)
    return file


def count_in(file: Path) -> int:
    """How many certificates OpenSSL takes from a CA file. Raises OSError, of which ssl.SSLError is one."""
    return _counted_in(file, _state(file))


@lru_cache(maxsize=8)
def _counted_in(file: Path, _unchanged: _State) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file)
    return context.cert_store_stats()["x509"]


def trust_words(tls: Tls) -> str:
    """What PyMongo really does with these settings: whom it trusts, and how many of them. About 30 ms: for a thread."""
    for name, on in (("tlsInsecure", tls.insecure), ("tlsAllowInvalidCertificates", tls.allow_invalid_certificates)):
        if on:
            return f"Every certificate: {name} switches the check of certificates off."
    if tls.ca_file is not None:
        return f"Only {_counted(Path(tls.ca_file))}, given as tlsCAFile; this computer's own list does not count."
    if tls.trust is None:
        return f"{_authorities(default_roots_count())} of {default_roots_source()}: PyMongo's own choice."
    whose = "The operating system's list" if tls.trust == "system" else "The public list that comes with Clearline"
    try:
        file = roots_file(tls.trust)
    except OSError as error:
        return f"{whose}, which cannot be had: {error.strerror or type(error).__name__}."
    if file is None:
        return f"{whose}, which is not there: this system keeps none."
    return f"{whose}, given to PyMongo as tlsCAFile: {_counted(file)}."


def _counted(file: Path) -> str:
    try:
        return f"{_authorities(count_in(file))} of {file}"
    except (OSError, ValueError) as error:
        return f"the authorities of {file}, which cannot be read ({type(error).__name__})"


def _authorities(count: int) -> str:
    return "1 authority" if count == 1 else f"{count} authorities"


def _windows_store(store: str) -> list[bytes]:
    """The certificates of a store that may vouch for servers, DER (as ssl.SSLContext.load_default_certs takes them)."""
    enum_certificates: Any = getattr(ssl, "enum_certificates")  # noqa: B009 - Windows only
    return [
        der
        for der, encoding, purposes in enum_certificates(store)
        if encoding == "x509_asn" and (purposes is True or _SERVER_AUTH in purposes)
    ]


def _mac_keychains() -> str:
    command = ["/usr/bin/security", "find-certificate", "-a", "-p", *_MAC_KEYCHAINS]
    try:
        return subprocess.run(
            command, stdout=subprocess.PIPE, check=True, timeout=_PATIENCE_S, encoding="ascii", env=restored_environ()
        ).stdout
    except subprocess.SubprocessError as error:
        raise OSError(f"{command[0]} gave no certificates") from error


def _pem_blocks(text: str) -> list[str]:
    return re.findall(r"-----BEGIN CERTIFICATE-----\n.+?-----END CERTIFICATE-----\n", text, re.DOTALL)


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
