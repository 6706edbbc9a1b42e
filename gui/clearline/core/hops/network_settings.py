"""What the user's network settings say about proxies on Windows and macOS, as the system tells it; nothing elsewhere.

Python's own `urllib.request.getproxies` does not do: where the environment has so much as NO_PROXY it does not look at
the system, and of Windows' exceptions it tells nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any, Final

from clearline.core.addresses import port_number

LOCAL: Final = "<local>"
"""The exception for every name without a dot."""
_ALSO_LOOPBACK: Final = "<-loopback>"
_OF_WINDOWS: Final = ("localhost", "loopback", "127.0.0.1", "::1")
_OF_MACOS: Final = ("localhost", "127.0.0.1", "::1")
"""What goes directly without being written down."""


@dataclass(frozen=True)
class Configured:
    """``script`` is the address of the script that decides, ``by_script`` whether one does: the network may say where.

    ``proxies`` are places by kind (``socks``, ``https``, ``http``), ``exceptions`` what `fits` takes.
    """

    by_script: bool = False
    script: str | None = None
    proxies: Mapping[str, str] = field(default_factory=dict)
    exceptions: tuple[str, ...] = ()


def fits(exception: str, host: str, port: int) -> bool:
    """Whether an exception as Windows and macOS have it is about a target.

    ``*`` stands for any text, a name for itself alone and not for what is below it; macOS knows networks (169.254/16).
    """
    wanted, host = exception.lower().rpartition("://")[2], host.lower().strip("[]").rstrip(".")
    if wanted == LOCAL:
        return "." not in host and ":" not in host
    name, colon, number = wanted.rpartition(":")
    if colon and number.isdecimal() and (name.endswith("]") or ":" not in name):
        if port_number(number) != port:
            return False
        wanted = name
    if "/" in wanted:
        address, _, bits = wanted.partition("/")
        octets = [*address.split("."), "0", "0", "0"][:4] if ":" not in address else [address]
        try:
            return ip_address(host) in ip_network(f"{'.'.join(octets)}/{bits}", strict=False)
        except ValueError:
            return False
    return fnmatchcase(host, wanted.strip("[]"))


def of_windows(proxies: str, exceptions: str) -> Configured:
    """Settings as Windows writes them: ``host:port`` or ``http=a:80;socks=b:1080``, and ``*.example.com;<local>``."""
    places = {}
    for entry in re.split(r"[;\s]+", proxies):
        kind, _, place = entry.rpartition("=")
        if place:
            places[kind.lower() or "https"] = place
    # A network makes no exception there: a slash is no part of a name.
    written = [entry for entry in re.split(r"[;,\s]+", exceptions) if entry and "/" not in entry.rpartition("://")[2]]
    if _ALSO_LOOPBACK in written:
        return Configured(proxies=places, exceptions=tuple(entry for entry in written if entry != _ALSO_LOOPBACK))
    return Configured(proxies=places, exceptions=(*written, *_OF_WINDOWS))


def of_macos(shown: str, proxies: Mapping[str, str], settings: Mapping[str, Any]) -> Configured:
    """Settings as macOS tells them: by ``scutil --proxy``, and those that Python reads from the same store."""
    script = re.search(r"ProxyAutoConfigURLString : (\S+)", shown)
    if script is not None and re.search(r"ProxyAutoConfigEnable : 1\b", shown):
        return Configured(by_script=True, script=script[1])
    simple = (LOCAL,) if settings.get("exclude_simple") else ()
    written = tuple(entry for entry in settings.get("exceptions", ()) if entry)
    return Configured(proxies=proxies, exceptions=(*written, *simple, *_OF_MACOS))


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Settings(ctypes.Structure):
        """WINHTTP_CURRENT_USER_IE_PROXY_CONFIG."""

        _fields_ = (
            ("detect", wintypes.BOOL),
            ("url", wintypes.LPWSTR),
            ("proxy", wintypes.LPWSTR),
            ("bypass", wintypes.LPWSTR),
        )

    def configured() -> Configured:
        """The settings as they are now. Blocks."""
        library: Any = ctypes.WinDLL("winhttp", use_last_error=True)
        found = _Settings()
        if not library.WinHttpGetIEProxyConfigForCurrentUser(ctypes.byref(found)):
            return Configured()
        # Looking for a script is on by default: where a proxy is named, that one counts.
        if found.url or (found.detect and not found.proxy):
            return Configured(by_script=True, script=found.url or None)
        return of_windows(found.proxy or "", found.bypass or "")

elif sys.platform == "darwin":
    import _scproxy
    import subprocess
    import urllib.request

    def configured() -> Configured:
        """The settings as they are now. Blocks."""
        try:
            shown = subprocess.run(
                ["/usr/sbin/scutil", "--proxy"], capture_output=True, text=True, timeout=2.0, check=True
            ).stdout
        except (OSError, subprocess.SubprocessError):
            shown = ""
        return of_macos(shown, urllib.request.getproxies_macosx_sysconf(), _scproxy._get_proxy_settings())

else:

    def configured() -> Configured:
        """Desktops have settings of their own."""
        return Configured()
