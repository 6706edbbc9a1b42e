"""``host:port`` texts taken apart: the host, the port, what is an IP address, what leads to this computer."""

from __future__ import annotations

import socket
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from clearline.core.text.late_patterns import late

_DNS_PORT: Final = 53
_NAME: Final = late(r"(?!-)[A-Za-z0-9_.-]{1,253}")


def split_address(address: str) -> tuple[str, int | None]:
    """``host:port``, ``[v6]:port`` or a socket path into host and port; a path has port None.

    Servers name addresses too, so any text is taken: one whose port is none is a host as a whole, which no lookup
    finds.
    """
    if address.endswith(".sock"):
        return address, None
    if address.startswith("["):
        host, bracket, rest = address[1:].partition("]")
        port = port_number(rest.removeprefix(":")) if rest else 27017
        return (host, port) if bracket and port is not None else (address, 27017)
    host, colon, text = address.rpartition(":")
    port = port_number(text)
    if colon and port is not None and ":" not in host:
        return host, port
    return address, 27017


def name_server(text: str) -> tuple[str, int] | None:
    """Host and port of a name server as it is written, ``10.0.0.2``, ``fd00::1`` or ``host:5353``; None: it is none."""
    said = text.count(":") == 1 or "]:" in text
    host, port = split_address(text if said else f"[{text.strip('[]')}]:{_DNS_PORT}")
    if not port or not (is_ip_address(host) or is_host_name(host)):
        return None
    return host, port


def port_number(text: str) -> int | None:
    """The port that a text names; None for one that no socket takes."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 5:
        return None
    return int(text) if int(text) <= 65535 else None


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    """Whether a member's address leads to this computer itself, by the look of it."""
    host, port = split_address(address)
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return port is None or host == "localhost" or host.endswith(".localhost")


def is_host_name(host: str) -> bool:
    """Whether it is a name as DNS has them, which every shell takes for itself and for nothing else."""
    return _NAME.fullmatch(host) is not None


def is_ip_address(host: str) -> bool:
    """Whether ``host`` is an IPv4 or IPv6 address (with or without brackets or a zone) rather than a name."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def eai_name(number: int) -> str | None:
    """The name of a getaddrinfo error on this system, e.g. ``EAI_NONAME``; its number differs between systems."""
    names = (name for name in dir(socket) if name.startswith("EAI_") and getattr(socket, name) == number)
    return min(names, key=lambda name: (name != "EAI_NONAME", name), default=None)


def server_name(host: str) -> str:
    """The name for the certificate check and for SNI; the library leaves an IP address out of SNI itself.

    A dot at the end stays, as PyMongo leaves it there: no certificate has such a name.
    """
    bare = host.partition("%")[0]
    try:
        return str(ip_address(bare))
    except ValueError:
        return bare
