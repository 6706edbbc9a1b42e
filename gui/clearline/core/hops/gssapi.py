"""The system's GSSAPI (RFC 2743, RFC 2744) by ctypes: the one call that makes a Kerberos ticket a token.

The library comes with the operating system (MIT Kerberos or Heimdal; GSS.framework on macOS). The Python packages for
it have no wheels for Linux, and this is all of it that an HTTP proxy needs.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from functools import cache
from typing import Any, Final

from clearline.core.hops.proxy_login import NoTicket

_CONTINUE_NEEDED: Final = 1
_MUTUAL: Final = 2
_CALLING_OR_ROUTINE: Final = 0xFFFF0000
NO_CREDENTIALS: Final = 7 << 16
"""GSS_S_NO_CRED, RFC 2743 section 1.2.1.1."""
CREDENTIALS_EXPIRED: Final = 11 << 16
FAILURE: Final = 13 << 16


class _Buffer(ctypes.Structure):
    _fields_ = [("length", ctypes.c_size_t), ("value", ctypes.c_void_p)]


class _Oid(ctypes.Structure):
    if sys.platform == "darwin":
        _pack_ = 2  # GSS.framework packs its structures
    _fields_ = [("length", ctypes.c_uint32), ("elements", ctypes.c_void_p)]


_HOST_BASED = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04"
_SPNEGO = b"\x2b\x06\x01\x05\x05\x02"


@cache
def _library() -> Any:
    names = (
        ["/System/Library/Frameworks/GSS.framework/GSS"]
        if sys.platform == "darwin"
        else ["libgssapi_krb5.so.2", "libgssapi.so.3", ctypes.util.find_library("gssapi_krb5") or ""]
    )
    for name in filter(None, names):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _oid(data: bytes) -> _Oid:
    return _Oid(len(data), ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p))


class Context:
    """One sign-in at a service, ``HTTP@proxy.example.com``, with the default ticket of this user."""

    def __init__(self, service: str) -> None:
        self._service = service.encode()
        self._context = ctypes.c_void_p()
        self.complete = False

    def step(self, said: bytes | None) -> bytes | None:
        """The next token; None when nothing is to be sent. Blocks on the KDC. Raises `NoTicket`."""
        library = _library()
        if library is None:
            raise NoTicket("library")
        minor = ctypes.c_uint32()
        name = ctypes.c_void_p()
        text = _Buffer(len(self._service), ctypes.cast(ctypes.c_char_p(self._service), ctypes.c_void_p))
        kind, mechanism = _oid(_HOST_BASED), _oid(_SPNEGO)
        major = library.gss_import_name(ctypes.byref(minor), ctypes.byref(text), ctypes.byref(kind), ctypes.byref(name))
        self._check(major, minor)
        given = _Buffer(len(said or b""), ctypes.cast(ctypes.c_char_p(said or b""), ctypes.c_void_p))
        token = _Buffer()
        try:
            major = library.gss_init_sec_context(
                ctypes.byref(minor),
                None,
                ctypes.byref(self._context),
                name,
                ctypes.byref(mechanism),
                ctypes.c_uint32(_MUTUAL),
                ctypes.c_uint32(0),
                None,
                ctypes.byref(given),
                None,
                ctypes.byref(token),
                None,
                None,
            )
            self._check(major, minor)
            self.complete = not major & _CONTINUE_NEEDED
            return ctypes.string_at(token.value, token.length) if token.length and token.value else None
        finally:
            library.gss_release_name(ctypes.byref(minor), ctypes.byref(name))
            if token.value:
                library.gss_release_buffer(ctypes.byref(minor), ctypes.byref(token))

    def _check(self, major: int, minor: ctypes.c_uint32) -> None:
        if (failed := major & _CALLING_OR_ROUTINE) != 0:
            if failed & 0xFFFFFFFF == FAILURE and _expired():
                failed = CREDENTIALS_EXPIRED
            raise NoTicket("kerberos", failed & 0xFFFFFFFF, ctypes.c_int32(minor.value).value)


def _expired() -> bool:
    """Whether the user's ticket has run out: gss_init_sec_context says only that it failed (MIT krb5 1.20)."""
    minor, lifetime = ctypes.c_uint32(), ctypes.c_uint32(1)
    major = _library().gss_inquire_cred(ctypes.byref(minor), None, None, ctypes.byref(lifetime), None, None)
    if major == 0:
        return lifetime.value == 0
    return bool((major & _CALLING_OR_ROUTINE) & 0xFFFFFFFF == CREDENTIALS_EXPIRED)
