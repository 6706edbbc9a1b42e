"""Findings about reaching a server's address and port.

One that refuses is `tcp_refused`, one that is silent `tcp_silent`, the line to one that is reached `lines`.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from functools import partial
from ipaddress import ip_address

from clearline.core.addresses import is_ip_address
from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.rules import lines
from clearline.core.diagnosis.rules.evidence import atlas_may_refuse, is_atlas, told_by_attempts
from clearline.core.diagnosis.rules.places import (
    in_container,
    is_link_local_without_zone,
    localhost_remedies,
    serves_here,
)
from clearline.core.diagnosis.rules.tcp_refused import UNSPECIFIED, refused
from clearline.core.diagnosis.rules.tcp_silent import silent
from clearline.core.diagnosis.standing import is_connected
from clearline.core.facts.servers import MemberFacts, Reach, TcpFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy, Severity, Stage

NEARBY_MS = 2500.0
"""ARP gives up after about 3 s; an ICMP message comes within a round trip."""


_AT_ONCE_MS = 2.0


def _worst(member: MemberFacts) -> TcpFacts:
    """The attempt that explains the member: a network that this computer has at all, IPv4 before IPv6, and an answer
    before silence."""
    order = [Reach.NO_HANDLES, Reach.DENIED, Reach.REFUSED, Reach.HOST_UNREACHABLE, Reach.NETWORK_UNREACHABLE]

    def rank(attempt: TcpFacts) -> tuple[bool, bool, int]:
        no_network = attempt.reach is Reach.NETWORK_UNREACHABLE
        place = order.index(attempt.reach) if attempt.reach in order else len(order)
        return no_network, attempt.family == "ipv6", place

    return min(member.tcp, key=rank)


def unreachable(facts: Facts, member: MemberFacts) -> Finding | None:
    """Why no address of a member accepts a connection. Called for members with TCP attempts that all failed."""
    attempt = _worst(member)
    tell = partial(finding, server=member.address, evidence=told_by_attempts(member))
    host, address = member.host, attempt.address
    only_v6 = all(t.family == "ipv6" for t in member.tcp)
    if member.port is None:
        return _socket(member, attempt)
    if is_link_local_without_zone(address):
        return tell(
            "uri.link-local-without-interface",
            Certainty.PROVEN if attempt.errno == errno.EINVAL else Certainty.LIKELY,
            stage=Stage.TCP,
            address=address.strip("[]"),
            port=member.port,
        )
    interface = address.strip("[]").partition("%")[2]
    if interface and attempt.reach is Reach.OTHER:
        return tell(
            "uri.link-local-without-interface",
            Certainty.LIKELY,
            stage=Stage.TCP,
            summary=f"This computer has no interface called {interface}, which {address} names.",
            means="Such an address counts on the link of one interface, which is named behind it.",
            fix="Write an interface of this computer (ip link, ipconfig), or another address of the server.",
            address=address.strip("[]").partition("%")[0],
            port=member.port,
        )
    if member.port == 0 and facts.uri.srv:
        return None  # The SRV record is told of.
    if (what := _no_servers_address(address) or _blocked_name(member, address)) is not None:
        return tell(
            "tcp.unusable-address",
            # Some closed networks number their computers out of what is kept for later.
            Certainty.LIKELY if what in (_RESERVED, _NO_COMPUTER) else Certainty.PROVEN,
            address=address,
            what=what,
            host=host,
        )
    if member.forbidden:
        return tell("tcp.admin-prohibited", Certainty.PROVEN, host=host, port=member.port)
    match attempt.reach:
        case Reach.NO_HANDLES:
            return _no_handles(facts, member, attempt)
        case Reach.DENIED:
            return tell("tcp.blocked-by-policy", Certainty.LIKELY, detail=_denied(attempt.errno), address=address)
        case Reach.REFUSED:
            return refused(facts, member, attempt)
        case Reach.NETWORK_UNREACHABLE if attempt.errno in _NO_OWN_ADDRESS and attempt.family == "ipv4":
            return tell("env.no-free-port", Certainty.LIKELY, stage=Stage.TCP, address=address)
        case Reach.NETWORK_UNREACHABLE | Reach.HOST_UNREACHABLE | Reach.SILENT if _private_endpoint(member):
            return tell("tcp.private-endpoint", Certainty.LIKELY, host=host)
        case Reach.NETWORK_UNREACHABLE | Reach.HOST_UNREACHABLE if (
            only_v6 and facts.computer.has_ipv6_route is not True
        ):
            sure = facts.computer.has_ipv6_route is False and attempt.reach is Reach.NETWORK_UNREACHABLE
            return tell("tcp.no-ipv6", Certainty.PROVEN if sure else Certainty.LIKELY, host=host)
        case Reach.NETWORK_UNREACHABLE:
            # The kernel says so at once and picks no address of its own; a router says it as well, a near one at once.
            routed = attempt.source not in (None, *UNSPECIFIED)
            sure = attempt.elapsed_ms < _AT_ONCE_MS and not routed
            return tell(
                "tcp.network-unreachable",
                Certainty.PROVEN if sure else Certainty.LIKELY,
                detail="" if sure else "A router on the way may have said so: then it is the one without a route.",
                address=address,
            )
        case Reach.HOST_UNREACHABLE:
            if attempt.elapsed_ms >= NEARBY_MS or attempt.neighbour in ("FAILED", "INCOMPLETE"):
                sure = attempt.neighbour in ("FAILED", "INCOMPLETE")
                other = "" if sure else "The last router on the way to a computer that is off answers as late."
                return tell(
                    "tcp.host-down-nearby",
                    Certainty.PROVEN if sure else Certainty.LIKELY,
                    detail=other,
                    address=address,
                )
            return tell(
                "tcp.host-unreachable",
                Certainty.LIKELY,
                detail="A firewall that forbids it explicitly (administratively prohibited) looks the same; its "
                "counters or another network tell them apart.",
                also=_macos(facts, attempt),
                host=host,
            )
        case Reach.SILENT:
            return silent(facts, member, attempt)
        case Reach.RESET if atlas_may_refuse(facts, member):
            # The reset may arrive before connect() has returned.
            return tell("tcp.atlas-access-list", Certainty.LIKELY, how="a reset")
        case Reach.RESET:
            return tell("tcp.reset-on-connect", Certainty.LIKELY, host=host, port=member.port)
        case _:
            return None


_RESERVED = "an address that is kept for later use (240.0.0.0/4)"
_NO_COMPUTER = "what lists of blocked names give in place of an address"


def _no_servers_address(text: str) -> str | None:
    """What an address is that no TCP connection can lead to; None for ordinary ones."""
    if not is_ip_address(text):
        return None
    address = ip_address(text.strip("[]").partition("%")[0])
    if address.is_multicast:
        return "a multicast address, which stands for a group"
    if address.version == 4 and address.is_reserved:
        return "the broadcast address" if int(address) == 0xFFFFFFFF else _RESERVED
    return None


def _blocked_name(member: MemberFacts, address: str) -> str | None:
    """The same of the unspecified address, where a name leads to it."""
    named = member.lookup is not None and not member.lookup.literal
    return _NO_COMPUTER if named and address in UNSPECIFIED else None


_NO_OWN_ADDRESS = frozenset({99, 49, 10049})
"""EADDRNOTAVAIL of Linux, macOS and Windows."""
_TOO_MANY_FILES = frozenset({24, 10024})
"""EMFILE of POSIX and Windows: the limit of one process."""


def _no_handles(facts: Facts, member: MemberFacts, attempt: TcpFacts) -> Finding:
    own = attempt.errno in _TOO_MANY_FILES
    return finding(
        "env.file-handles",
        Certainty.PROVEN if own else Certainty.LIKELY,
        stage=Stage.TCP,
        server=member.address,
        evidence=told_by_attempts(member),
        summary="" if own else "This computer has run out of file handles or buffers, for all programs together.",
        fix="" if own else "End programs that hold many connections; then raise the system's limits (fs.file-max).",
        limit=facts.computer.file_handle_limit or "unknown",
    )


def _private_endpoint(member: MemberFacts) -> bool:
    return is_atlas(member.host) and member.host.startswith("pl-") and any(t.private for t in member.tcp)


def _socket(member: MemberFacts, attempt: TcpFacts) -> Finding:
    """A socket file that is not there, at which nothing listens, or that may not be opened."""
    reason, fix = _SOCKETS.get(attempt.errno or 0, ("cannot be used", "Check the path, and whether mongod runs."))
    doubt = _SOCKET_DOUBTS.get(attempt.errno or 0, "")
    size = len(member.host.encode("utf-8", "surrogateescape"))
    too_long = attempt.errno is None and size > _LONGEST_SOCKET_PATH
    if too_long:
        reason, fix = f"has a path of {size} bytes, and systems take {_LONGEST_SOCKET_PATH} at most", _SHORTER
    if attempt.no_socket is not None:
        reason, fix, doubt = f"is {attempt.no_socket}, and no socket", _NO_SOCKET, ""
    return finding(
        "tcp.socket-missing",
        Certainty.PROVEN
        if (attempt.errno in _SOCKETS or attempt.no_socket or too_long) and not doubt
        else Certainty.LIKELY,
        server=member.address,
        evidence=told_by_attempts(member),
        detail=doubt,
        fix=fix,
        path=member.host,
        reason=reason,
    )


_LONGEST_SOCKET_PATH = 107
"""Bytes that Linux has room for in a socket's address; macOS has four less."""
_SHORTER = (
    "Have mongod put its socket into a folder with a short path (net.unixDomainSocket.pathPrefix), and write that."
)
_SOCKETS = {
    errno.ENOENT: (
        "does not exist",
        "Start mongod, or correct the path: it writes its socket to /tmp/mongodb-PORT.sock unless "
        "net.unixDomainSocket.pathPrefix says otherwise. In a container the folder must be mounted.",
    ),
    errno.ECONNREFUSED: (
        "is left over: nothing listens at it",
        "Start mongod; the file stays behind when mongod ends without notice.",
    ),
    errno.EACCES: (
        "may not be opened by this user",
        "Let mongod write it with net.unixDomainSocket.filePermissions 0777, run this program as mongod's user, "
        "or connect to localhost by TCP.",
    ),
    errno.EPERM: (
        "may not be opened by this program",
        "A security profile (AppArmor, SELinux, a sandbox) forbids it: allow the path there, or connect by TCP.",
    ),
    errno.ENOTSOCK: ("is no socket", "Correct the path."),
}


_NO_SOCKET = (
    "Write the path of mongod's socket, which it makes itself: /tmp/mongodb-PORT.sock, or the folder that "
    "net.unixDomainSocket.pathPrefix names."
)

_SOCKET_DOUBTS = {
    errno.ECONNREFUSED: "A socket of another system, in a folder that a virtual machine shares, refuses as well.",
    errno.EACCES: "A security profile (SELinux, AppArmor) that forbids the path gives the same error.",
}


def _denied(number: int | None) -> str:
    """The stories that one error number of connect() can have."""
    match number:
        case errno.EPERM:
            return "EPERM: a packet filter of this computer (iptables, nftables, a security program) turned them down."
        case errno.EACCES:
            return "EACCES: a route of the kind prohibit, a sandbox or SELinux, or a broadcast address."
        case errno.EINVAL:
            return "EINVAL: a route of the kind blackhole, or an address that cannot be connected to."
        case _:
            return ""


def _macos(facts: Facts, attempt: TcpFacts) -> tuple[Remedy, ...]:
    if not facts.computer.system.startswith("Darwin") or not attempt.private:
        return ()
    return (
        Remedy(
            text="On macOS 15 and later: allow this program the local network (System Settings, Privacy & Security, "
            "Local Network). A program that may not use it sees exactly this error."
        ),
    )


def container_localhost(facts: Facts) -> Iterable[Finding]:
    """Localhost is refused and this program runs in a container, where it is the container itself."""
    place = in_container(facts)
    if place is None or is_connected(facts) or serves_here(facts):
        return
    for member in facts.members:
        if member.port and member.tcp and all(t.loopback and t.reach is Reach.REFUSED for t in member.tcp):
            yield finding(
                "env.container-localhost",
                Certainty.LIKELY,
                stage=Stage.TCP,
                severity=Severity.WARNING,
                server=member.address,
                evidence={"container": facts.computer.surroundings.container},
                fix=localhost_remedies(facts, member)[0].text,
                host=member.host,
                place=place,
            )


RULES = (*lines.RULES, container_localhost)
