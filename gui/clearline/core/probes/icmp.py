"""ICMP: why does the network say that a host cannot be reached? connect() tells only that it does.

Linux hands the ICMP message itself to a datagram socket that asks for it (ip(7), IP_RECVERR). The packet is empty and
goes to the very port that was refused, so that it meets the same rules on the way.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys

_IP_RECVERR, _IPV6_RECVERR, _MSG_ERRQUEUE = 11, 25, 0x2000
_FROM_ICMP, _FROM_ICMP6 = 2, 3  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
_FORBIDDEN = {(_FROM_ICMP, 3, 9), (_FROM_ICMP, 3, 10), (_FROM_ICMP, 3, 13), (_FROM_ICMP6, 1, 1), (_FROM_ICMP6, 1, 5)}
"""Origin, type and code of "administratively prohibited" (RFC 792 and 1812, RFC 4443)."""


async def is_forbidden(address: str, port: int, *, wait_s: float = 0.25) -> bool | None:
    """Whether a firewall says that it forbids this address and port; None when it is not said why, or not on Linux."""
    if sys.platform != "linux":
        return None
    loop = asyncio.get_running_loop()
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            level, option = (
                (socket.IPPROTO_IPV6, _IPV6_RECVERR) if family == socket.AF_INET6 else (socket.IPPROTO_IP, _IP_RECVERR)
            )
            sock.setsockopt(level, option, 1)
            sock.connect((address, port))
            heard = asyncio.Event()
            # The error queue makes the socket readable; reading it normally would give the error number alone.
            loop.add_reader(sock, heard.set)
            try:
                sock.send(b"")
                async with asyncio.timeout(wait_s):
                    await heard.wait()
                _, messages, _, _ = sock.recvmsg(0, 512, _MSG_ERRQUEUE)
            finally:
                loop.remove_reader(sock)
    except OSError:  # TimeoutError among them: there was no answer
        return None
    for _, _, data in messages:
        _, origin, kind, code = struct.unpack_from("=IBBB", data)
        if origin in (_FROM_ICMP, _FROM_ICMP6):
            return (origin, kind, code) in _FORBIDDEN
    return None
