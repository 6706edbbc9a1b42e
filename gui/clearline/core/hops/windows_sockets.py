"""Connecting to this computer itself on Windows: a refusal counts at once."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable
from functools import cache
from typing import Final

ON_WINDOWS: Final = sys.platform == "win32"
SIO_TCP_INITIAL_RTO: Final = 0x98000011
"""mstcpip.h: _WSAIOW(IOC_VENDOR, 17)."""
_ANY_ROUND_TRIP: Final = 0xFFFF  # TCP_INITIAL_RTO_UNSPECIFIED_RTT
_NO_RETRANSMISSIONS: Final = 0xFE  # TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS
NO_SYN_AGAIN: Final = struct.pack("<HBx", _ANY_ROUND_TRIP, _NO_RETRANSMISSIONS)
"""mstcpip.h: TCP_INITIAL_RTO_PARAMETERS."""

Control = Callable[[int, int, bytes], int]
"""WSAIoctl: socket handle, code, input; 0 when it went well."""


def no_syn_again(sock: socket.socket, control: Control | None = None) -> bool:
    """Have a refusal count at once: Windows otherwise sends its SYN again after a RST and tells it 2 s later.

    For addresses of this computer only, where no packet is lost. Returns whether the system took it.
    """
    try:
        return (control or _control())(sock.fileno(), SIO_TCP_INITIAL_RTO, NO_SYN_AGAIN) == 0
    except (OSError, AttributeError):
        return False  # Windows before 10, version 1709


@cache
def _control() -> Control:
    """Loaded once: each load makes a class and its functions, which only a collection of garbage takes away."""
    import ctypes

    library = ctypes.WinDLL("ws2_32")  # type: ignore[attr-defined, unused-ignore]

    def control(handle: int, code: int, given: bytes) -> int:
        sock, size, told = ctypes.c_size_t(handle), len(given), ctypes.c_uint32()
        return int(library.WSAIoctl(sock, ctypes.c_uint32(code), given, size, None, 0, ctypes.byref(told), None, None))

    return control
