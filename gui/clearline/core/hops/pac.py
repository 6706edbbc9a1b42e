"""Proxy scripts (PAC) as the system itself evaluates them: WinHTTP on Windows, CFNetwork on macOS; none elsewhere.

No script is run by this program. `evaluator` is the one place that tests replace.
"""

from __future__ import annotations

import sys
from typing import Any, Final, Protocol

from clearline.core.profiles.hop import Hop, HttpProxy, Socks5Proxy

_LONGEST_URL: Final = 2048
_FETCH_S: Final = 5.0
_LONGEST_SCRIPT: Final = 1 << 20


class PacProblem(Exception):
    """Why a script says nothing about a target; ``words`` are a sentence's end."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Evaluator(Protocol):
    """The system's own evaluation of a script."""

    def find_proxy(self, script: str | None, url: str) -> str:
        """What FindProxyForURL says: ``PROXY host:port; DIRECT``. ``script`` None: the network says where it is.

        Blocks: call it in a daemon thread. Raises `PacProblem`.
        """


def evaluator() -> Evaluator | None:
    """That of this system."""
    if sys.platform == "win32":
        return _WinHttp()
    if sys.platform == "darwin":
        return _CfNetwork()
    return None


def url_of_target(host: str, port: int) -> str:
    """A target as scripts know targets: they decide by host and address."""
    return f"https://{f'[{host}]' if ':' in host else host}:{port}/"


def first_choice(said: str) -> Hop | None:
    """The first way that a script's answer names; None: directly. Raises `PacProblem`."""
    first = said[:_LONGEST_URL].partition(";")[0].split()
    if not first or [word.upper() for word in first] == ["DIRECT"]:
        return None
    kind, place = first[0].upper(), first[1] if len(first) == 2 else ""
    host, colon, text = place.rpartition(":")
    host = host.strip("[]")
    port = int(text) if colon and text.isascii() and text.isdecimal() and len(text) < 6 else 0
    if not host or not 0 < port < 65536:
        raise PacProblem("its answer names no proxy that can be read")
    match kind:
        case "PROXY" | "HTTP":
            return HttpProxy(host=host, port=port)
        case "HTTPS":
            return HttpProxy(host=host, port=port, tls=True)
        case "SOCKS" | "SOCKS5":
            return Socks5Proxy(host=host, port=port)
    raise PacProblem(f"its answer names a kind of proxy that is not known here ({kind[:20]})")


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _NOT_DETECTED = 12180
    _AUTO_DETECT, _CONFIG_URL, _BY_DHCP_AND_DNS = 1, 2, 3
    _NO_PROXY, _NAMED_PROXY = 1, 3
    _PROBLEMS: Final = {
        12015: "its server wants a login",
        12166: "it has a mistake, or takes too long",
        12167: "it cannot be fetched",
    }
    """Errors of WinHTTP (winhttp.h)."""

    class _Options(ctypes.Structure):
        """WINHTTP_AUTOPROXY_OPTIONS."""

        _fields_ = (
            ("flags", wintypes.DWORD),
            ("detect", wintypes.DWORD),
            ("url", wintypes.LPCWSTR),
            ("reserved", wintypes.LPVOID),
            ("reserved_too", wintypes.DWORD),
            ("log_on", wintypes.BOOL),
        )

    class _Found(ctypes.Structure):
        """WINHTTP_PROXY_INFO."""

        _fields_ = (("access", wintypes.DWORD), ("proxy", wintypes.LPWSTR), ("bypass", wintypes.LPWSTR))

    class _WinHttp:
        """WinHttpGetProxyForUrl."""

        def find_proxy(self, script: str | None, url: str) -> str:
            """See `Evaluator`."""
            library: Any = ctypes.WinDLL("winhttp", use_last_error=True)
            library.WinHttpOpen.restype = wintypes.LPVOID
            library.WinHttpGetProxyForUrl.argtypes = (
                wintypes.LPVOID,
                wintypes.LPCWSTR,
                wintypes.LPVOID,
                wintypes.LPVOID,
            )
            library.WinHttpCloseHandle.argtypes = (wintypes.LPVOID,)
            session = library.WinHttpOpen("Clearline", _NO_PROXY, None, None, 0)
            if not session:
                raise PacProblem(f"Windows does not evaluate it (error {ctypes.get_last_error()})")
            try:
                options, found = _Options(log_on=True), _Found()
                if script is None:
                    options.flags, options.detect = _AUTO_DETECT, _BY_DHCP_AND_DNS
                else:
                    options.flags, options.url = _CONFIG_URL, script
                if not library.WinHttpGetProxyForUrl(session, url, ctypes.byref(options), ctypes.byref(found)):
                    number = ctypes.get_last_error()
                    if script is None and number == _NOT_DETECTED:  # looking for one is on by default
                        return "DIRECT"
                    raise PacProblem(_PROBLEMS.get(number, f"Windows does not evaluate it (error {number})"))
                if found.access != _NAMED_PROXY or not found.proxy:
                    return "DIRECT"
                return "; ".join(f"PROXY {place}" for place in found.proxy.replace(" ", ";").split(";") if place)
            finally:
                library.WinHttpCloseHandle(session)

elif sys.platform == "darwin":
    import ctypes
    import http.client
    import urllib.request

    _UTF8: Final = 0x08000100
    _SINT32: Final = 3

    class _CfNetwork:
        """CFNetworkCopyProxiesForAutoConfigurationScript, over a script that is fetched here."""

        def find_proxy(self, script: str | None, url: str) -> str:
            """See `Evaluator`."""
            if script is None or not script.lower().startswith(("http://", "https://", "file://")):
                raise PacProblem("its address is not known")
            try:
                direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with direct.open(script, timeout=_FETCH_S) as answer:
                    text = answer.read(_LONGEST_SCRIPT)
            except (OSError, ValueError, http.client.HTTPException):
                raise PacProblem("it cannot be fetched") from None
            return self._evaluated(text, url)

        def _evaluated(self, text: bytes, url: str) -> str:
            core: Any = ctypes.CDLL("/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation")
            network: Any = ctypes.CDLL("/System/Library/Frameworks/CFNetwork.framework/CFNetwork")
            pointer = ctypes.c_void_p
            for name in ("CFStringCreateWithBytes", "CFURLCreateWithString", "CFArrayGetValueAtIndex"):
                getattr(core, name).restype = pointer
            core.CFDictionaryGetValue.restype = network.CFNetworkCopyProxiesForAutoConfigurationScript.restype = pointer
            core.CFStringCreateWithBytes.argtypes = (
                pointer,
                ctypes.c_char_p,
                ctypes.c_long,
                ctypes.c_uint32,
                ctypes.c_bool,
            )
            core.CFURLCreateWithString.argtypes = (pointer, pointer, pointer)
            core.CFArrayGetCount.argtypes, core.CFArrayGetCount.restype = (pointer,), ctypes.c_long
            core.CFArrayGetValueAtIndex.argtypes = (pointer, ctypes.c_long)
            core.CFDictionaryGetValue.argtypes = (pointer, pointer)
            core.CFStringGetCString.argtypes = (pointer, ctypes.c_char_p, ctypes.c_long, ctypes.c_uint32)
            core.CFNumberGetValue.argtypes = (pointer, ctypes.c_long, pointer)
            core.CFRelease.argtypes = (pointer,)
            network.CFNetworkCopyProxiesForAutoConfigurationScript.argtypes = (pointer, pointer, pointer)

            def string(raw: bytes) -> Any:
                return core.CFStringCreateWithBytes(None, raw, len(raw), _UTF8, False)

            def words(value: Any) -> str:
                buffer = ctypes.create_string_buffer(1024)
                return (
                    buffer.value.decode("utf-8", "replace")
                    if core.CFStringGetCString(value, buffer, 1024, _UTF8)
                    else ""
                )

            def constant(name: str) -> Any:
                return pointer.in_dll(network, name)

            program, target = string(text), string(url.encode())
            place = core.CFURLCreateWithString(None, target, None)
            error = pointer()
            proxies = network.CFNetworkCopyProxiesForAutoConfigurationScript(program, place, ctypes.byref(error))
            try:
                if not proxies:
                    raise PacProblem("it has a mistake")
                said = []
                for number in range(min(core.CFArrayGetCount(proxies), 10)):
                    entry = core.CFArrayGetValueAtIndex(proxies, number)
                    kind = words(core.CFDictionaryGetValue(entry, constant("kCFProxyTypeKey")))
                    if kind.endswith("None"):
                        said.append("DIRECT")
                        continue
                    host = words(core.CFDictionaryGetValue(entry, constant("kCFProxyHostNameKey")))
                    port = ctypes.c_int32()
                    value = core.CFDictionaryGetValue(entry, constant("kCFProxyPortNumberKey"))
                    core.CFNumberGetValue(value, _SINT32, ctypes.byref(port))
                    said.append(f"{'SOCKS' if 'SOCKS' in kind else 'PROXY'} {host}:{port.value}")
                return "; ".join(said) or "DIRECT"
            finally:
                for held in (program, target, place, proxies):
                    if held:
                        core.CFRelease(held)
