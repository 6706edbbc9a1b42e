"""The number that a system gives an error of a socket, the same on Windows whichever call failed."""

from __future__ import annotations

import socket
import ssl

# Overlapped calls of the Windows Proactor loop report Win32 codes instead of WSA codes.
_WSA_BY_WIN32 = {5: 10013, 64: 10054, 121: 10060, 1225: 10061, 1231: 10051, 1232: 10065, 1234: 10061, 1236: 10053}


def error_number(error: OSError) -> int | None:
    """The system's number for an error: errno, on Windows the WSA code; None for an error that is not the system's."""
    if isinstance(error, ssl.SSLError | socket.gaierror):
        return None
    number: int | None = getattr(error, "winerror", None)
    if number is not None:
        return _WSA_BY_WIN32.get(number, number)
    return error.errno
