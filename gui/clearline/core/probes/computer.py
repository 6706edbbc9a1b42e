"""This computer, as far as a connection depends on it: trusted roots, packages, addresses, routes, limits."""

from __future__ import annotations

import ipaddress
import platform
import socket
import ssl
import sys
from pathlib import Path
from typing import Final

from clearline.core.facts.computer import ComputerFacts
from clearline.core.options.packages import how_to_get, missing_for_compressor, missing_for_mechanism
from clearline.core.probes.surroundings import look_around
from clearline.core.profiles.profile import Profile
from clearline.core.tls.trust import count_in, default_roots_count, default_roots_source

_DOCUMENTATION_V6: Final = ("2001:db8::1", 9)
_FIRST_WINDOWS_11: Final = 22000


def inspect_computer(profile: Profile, ca_file: str | None = None) -> ComputerFacts:
    """Facts of this computer that matter to ``profile``, but for `trusted_roots`. Sends nothing: for a daemon thread.

    ``ca_file`` is the file of the profile's trust source, which stands for the driver's default authorities.
    """
    return ComputerFacts(
        system=system_words(),
        trust_source=default_roots_source() if ca_file is None else ca_file,
        missing_packages=missing_packages(profile),
        how_to_get={name: how_to_get(name) for name in missing_packages(profile)},
        file_handle_limit=_file_handle_limit(),
        has_ipv6_route=_source_address(socket.AF_INET6, _DOCUMENTATION_V6) is not None,
        openssl=ssl.OPENSSL_VERSION.removeprefix("OpenSSL ").partition(" ")[0],
        python=platform.python_version(),
        surroundings=look_around(),
    )


def trusted_roots(ca_file: str | None = None) -> int | None:
    """How many authorities the driver trusts, of ``ca_file`` or by default; None where that cannot be known.

    About 30 ms, with a large store of the system's seconds: for a daemon thread.
    """
    if ca_file is None:
        return default_roots_count()
    try:
        return count_in(Path(ca_file))
    except OSError:
        return None  # the driver tells


def system_words() -> str:
    """The operating system and its version, e.g. ``Linux 6.1.0``, ``Windows 11 (10.0.26100)``."""
    if sys.platform == "win32":  # platform.release() asks WMI, which takes seconds on managed computers
        version = sys.getwindowsversion()
        return windows_words(version.major, version.minor, version.build)
    return f"{platform.system()} {platform.release()}"


def windows_words(major: int, minor: int, build: int) -> str:
    """What a version of Windows is called: 11 calls itself 10.0, and only its build tells."""
    name = f"Windows {11 if build >= _FIRST_WINDOWS_11 else 10}" if major == 10 else "Windows"
    return f"{name} ({major}.{minor}.{build})"


def missing_packages(profile: Profile) -> tuple[str, ...]:
    """Importable names that PyMongo needs for the profile's mechanism and compressors, and that are absent."""
    lacks = [missing_for_mechanism(profile.auth.mechanism), *map(missing_for_compressor, profile.options.compressors)]
    return tuple(name for name in lacks if name is not None)


def is_own_address(address: str) -> bool:
    """Whether an IP address is one of this computer's: a socket can be bound to it. Sends nothing."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if parsed.is_unspecified or parsed.is_multicast or address == "255.255.255.255":  # these can be bound everywhere
        return False
    family = socket.AF_INET if parsed.version == 4 else socket.AF_INET6
    try:
        target = socket.getaddrinfo(address, 0, family, socket.SOCK_DGRAM, 0, socket.AI_NUMERICHOST)[0][4]
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind(target)
    except OSError:
        return False
    return True


def _file_handle_limit() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def _source_address(family: socket.AddressFamily, target: tuple[str, int]) -> str | None:
    """The address that packets to ``target`` would leave from; None without a route. Connecting UDP sends nothing."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect(target)
            return str(sock.getsockname()[0])
    except OSError:
        return None
