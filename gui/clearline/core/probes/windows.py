"""What Windows does otherwise with sockets and names, told in the numbers of its headers and its registry."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable
from typing import Any, Final

SIO_TCP_INITIAL_RTO: Final = 0x98000011
"""mstcpip.h: _WSAIOW(IOC_VENDOR, 17)."""
_ANY_ROUND_TRIP: Final = 0xFFFF  # TCP_INITIAL_RTO_UNSPECIFIED_RTT
_NO_RETRANSMISSIONS: Final = 0xFE  # TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS
NO_SYN_AGAIN: Final = struct.pack("<HBx", _ANY_ROUND_TRIP, _NO_RETRANSMISSIONS)
"""mstcpip.h: TCP_INITIAL_RTO_PARAMETERS."""

_RULES: Final = (
    r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient\DnsPolicyConfig",  # from the domain's policies
    r"SYSTEM\CurrentControlSet\Services\Dnscache\Parameters\DnsPolicyConfig",  # set here, as VPN programs do
)
_MOST_RULES: Final = 200

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


def policy_namespaces(registry: Any = None) -> tuple[str, ...]:
    """The namespaces that Windows' name resolution policy (NRPT) sends to name servers of their own, small letters.

    ``.corp.example`` stands for a domain, without the dot it is one name. PyMongo's DNS library does not know them.
    ``registry`` stands in for the module `winreg`. Never raises.
    """
    if registry is None and sys.platform == "win32":
        import winreg

        registry = winreg
    if registry is None:
        return ()
    found: dict[str, None] = {}
    for place in _RULES:
        try:
            with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, place) as rules:
                for number in range(_MOST_RULES):
                    try:
                        with registry.OpenKey(rules, registry.EnumKey(rules, number)) as rule:
                            names = registry.QueryValueEx(rule, "Name")[0]
                            found.update(dict.fromkeys(str(name).lower() for name in names))
                    except FileNotFoundError:  # a rule without names
                        continue
        except OSError:  # there are none, or no more
            continue
    return tuple(found)


def _control() -> Control:
    import ctypes

    library = ctypes.WinDLL("ws2_32")  # type: ignore[attr-defined, unused-ignore]

    def control(handle: int, code: int, given: bytes) -> int:
        sock, size, told = ctypes.c_size_t(handle), len(given), ctypes.c_uint32()
        return int(library.WSAIoctl(sock, ctypes.c_uint32(code), given, size, None, 0, ctypes.byref(told), None, None))

    return control
