"""Findings about reaching a server's address and port. The line to one that is reached: `lines`."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from functools import partial
from ipaddress import ip_address
from typing import Final

from clearline.core.addresses import is_ip_address
from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules import lines
from clearline.core.diagnosis.rules.places import (
    family_words,
    in_container,
    is_link_local_without_zone,
    localhost_remedies,
    proxy_remedies,
    refused_words,
)
from clearline.core.diagnosis.standing import is_connected
from clearline.core.facts.servers import MemberFacts, OtherPort, Reach, TcpFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Json, Remedy, Severity, Stage

NEARBY_MS = 2500.0
"""ARP gives up after about 3 s; an ICMP message comes within a round trip."""


_AT_ONCE_MS = 2.0

ATLAS = ".mongodb.net"


def is_atlas(host: str) -> bool:
    """Whether a host name belongs to Atlas."""
    return host.lower().rstrip(".").endswith(ATLAS)


def atlas_may_refuse(facts: Facts, member: MemberFacts) -> bool:
    """Whether Atlas' access list can be why a member turns this computer away: it holds for all members alike."""
    return is_atlas(member.host) and not any(
        m is not member and is_atlas(m.host) and (m.hello is not None or any(t.server_hello for t in m.tls))
        for m in facts.members
    )


def _worst(member: MemberFacts) -> TcpFacts:
    """The attempt that explains the member: a network that this computer has at all, IPv4 before IPv6, and an answer
    before silence."""
    order = [Reach.NO_HANDLES, Reach.DENIED, Reach.REFUSED, Reach.HOST_UNREACHABLE, Reach.NETWORK_UNREACHABLE]

    def rank(attempt: TcpFacts) -> tuple[bool, bool, int]:
        no_network = attempt.reach is Reach.NETWORK_UNREACHABLE
        place = order.index(attempt.reach) if attempt.reach in order else len(order)
        return no_network, attempt.family == "ipv6", place

    return min(member.tcp, key=rank)


def _evidence(member: MemberFacts) -> dict[str, Json]:
    return {
        "attempts": [
            f"{t.address} ({t.family}): {t.reach.value}, errno {t.errno}, {t.elapsed_ms:.0f} ms" for t in member.tcp
        ],
        "other_ports": {str(p.port): p.reach.value for p in member.other_ports},
    }


def unreachable(facts: Facts, member: MemberFacts) -> Finding | None:
    """Why no address of a member accepts a connection. Called for members with TCP attempts that all failed."""
    attempt = _worst(member)
    tell = partial(finding, server=member.address, evidence=_evidence(member))
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
            return _refused(facts, member, attempt)
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
            routed = attempt.source not in (None, *_UNSPECIFIED)
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
            return _silent(facts, member, attempt)
        case Reach.RESET if atlas_may_refuse(facts, member):
            # The reset may arrive before connect() has returned.
            return tell("tcp.atlas-access-list", Certainty.LIKELY, how="a reset")
        case Reach.RESET:
            return tell("tcp.reset-on-connect", Certainty.LIKELY, host=host, port=member.port)
        case _:
            return None


_RESERVED = "an address that is kept for later use (240.0.0.0/4)"
_NO_COMPUTER = "what lists of blocked names give in place of an address"
_UNSPECIFIED = ("0.0.0.0", "::")  # noqa: S104


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
    return _NO_COMPUTER if named and address in _UNSPECIFIED else None


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
        evidence=_evidence(member),
        summary="" if own else "This computer has run out of file handles or buffers, for all programs together.",
        fix="" if own else "End programs that hold many connections; then raise the system's limits (fs.file-max).",
        limit=facts.computer.file_handle_limit or "unknown",
    )


_FAR_MS: Final = 20.0
"""A host that takes longer is far away; a nearby one takes some milliseconds where this computer is busy."""


def _private_endpoint(member: MemberFacts) -> bool:
    return is_atlas(member.host) and member.host.startswith("pl-") and any(t.private for t in member.tcp)


def _refused(facts: Facts, member: MemberFacts, attempt: TcpFacts) -> Finding:
    tell = partial(finding, server=member.address, evidence=_evidence(member))
    if is_atlas(member.host) and all(any(t.reach is Reach.REFUSED for t in m.tcp) for m in facts.members if m.tcp):
        cluster = facts.uri.hosts[0].partition(".")[0] if facts.uri.srv and facts.uri.hosts else member.host
        return tell("tcp.atlas-paused", Certainty.LIKELY, cluster=cluster)
    if member.loopback is not None and member.loopback.reach is Reach.OK and attempt.own and not attempt.loopback:
        return tell(
            "tcp.bind-address",
            Certainty.LIKELY,
            detail="A tunnel, or a container's port that is published on 127.0.0.1 alone, looks the same; then another "
            "server answers there."
            if attempt.listening is False
            else "A rule of this computer's firewall for that address alone looks the same.",
            address=attempt.address,
            port=member.port,
        )
    answering = [p for p in member.other_ports if p.reach is Reach.OK]
    beyond = max(_FAR_MS, 8 * attempt.elapsed_ms)
    if answering and not attempt.loopback and min(port.elapsed_ms for port in answering) > beyond:
        return tell("tcp.local-firewall", Certainty.LIKELY, host=member.host, port=member.port)
    unheard = (attempt.loopback or attempt.own) and attempt.listening is False
    detail, fix = refused_words(facts, member)
    over_ipv6 = member.over_ipv6 is not None and member.over_ipv6.reach is Reach.OK
    by_ipv6 = "At ::1 (IPv6) that port takes connections, so what listens there listens on IPv6 alone."
    words = [_led_here(member, attempt), family_words(member.tcp), _other_door(answering), detail]
    words += [by_ipv6] if over_ipv6 else []
    patch: dict[str, object] | None = None
    here = localhost_remedies(facts, member) if attempt.loopback else ()
    if over_ipv6:
        fix, here = f"Write [::1]:{member.port}, or add 127.0.0.1 to net.bindIp.", ()
        if facts.uri.hosts == (member.address,):
            patch = {"seeds": {"hosts": [f"[::1]:{member.port}"]}}
    if here and in_container(facts) is not None:
        fix, here = here[0].text, (Remedy(text="If it is meant to run in here, start mongod, or correct the port."),)
    if not unheard:
        words.append("A firewall that rejects instead of dropping looks the same: a look at the server itself decides.")
    return tell(
        "tcp.refused",
        Certainty.PROVEN if unheard and attempt.loopback and is_this_computer(member.host) else Certainty.LIKELY,
        detail=" ".join(filter(None, words)),
        fix=fix,
        patch=patch,
        also=(*_other_ports(facts, member, answering), *here),
        host=member.host,
        port=member.port,
    )


def _other_ports(facts: Facts, member: MemberFacts, answering: list[OtherPort]) -> tuple[Remedy, ...]:
    """The port of MongoDB's that takes connections there, to be tried in place of the one that was written."""
    if len(answering) != 1 or len(facts.uri.hosts) != 1 or facts.uri.srv or not member.seed:
        return ()
    host = f"[{member.host}]" if ":" in member.host else member.host
    where = f"{host}:{answering[0].port}"
    text = f"Try port {answering[0].port}, which takes connections there."
    return (Remedy(text=text, patch={"seeds": {"hosts": [where]}}),)


def _other_door(answering: list[OtherPort]) -> str:
    if not answering:
        return ""
    return f"Another port of MongoDB's takes connections there: {listed([str(p.port) for p in answering])}."


def _socket(member: MemberFacts, attempt: TcpFacts) -> Finding:
    """A socket file that is not there, at which nothing listens, or that may not be opened."""
    reason, fix = _SOCKETS.get(attempt.errno or 0, ("cannot be used", "Check the path, and whether mongod runs."))
    doubt = _SOCKET_DOUBTS.get(attempt.errno or 0, "")
    return finding(
        "tcp.socket-missing",
        Certainty.PROVEN if attempt.errno in _SOCKETS and not doubt else Certainty.LIKELY,
        server=member.address,
        evidence=_evidence(member),
        detail=doubt,
        fix=fix,
        path=member.host,
        reason=reason,
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


def is_this_computer(host: str) -> bool:
    """Whether a host is this computer by its very name or address."""
    return host in ("localhost", "::1") or host.startswith("127.")


def _led_here(member: MemberFacts, attempt: TcpFacts) -> str:
    """A word about a name of another computer that leads to this one."""
    if member.host in _UNSPECIFIED:
        return (
            f"{member.host} stands for all addresses of a computer where a server listens, and is none to connect to: "
            "from here it leads to this computer itself."
        )
    literal = member.lookup is None or member.lookup.literal
    own_name = "." not in member.host or member.host.endswith((".localhost", ".localdomain"))
    if literal or own_name or not attempt.loopback:
        return ""
    return (
        f"The name leads to {attempt.address}, which is this computer itself: a DNS filter that blocks the name "
        "answers like this."
    )


_COSMOS_RU = (".mongo.cosmos.azure.com", ".mongo.cosmos.azure.cn", ".documents.azure.com", ".documents.azure.cn")
_COSMOS_PORT = 10255


def _silent(facts: Facts, member: MemberFacts, attempt: TcpFacts) -> Finding | None:
    tell = partial(finding, server=member.address, evidence=_evidence(member))
    host, port = member.host, member.port
    if attempt.neighbour in ("FAILED", "INCOMPLETE"):
        return tell("tcp.host-down-nearby", Certainty.LIKELY, address=attempt.address)
    if (attempt.loopback or attempt.own) and attempt.listening is True:
        return tell(
            "tcp.accept-queue-full",
            Certainty.LIKELY,
            detail="A rule of this computer's firewall that drops the packets looks the same.",
            host=host,
            port=port,
        )
    if atlas_may_refuse(facts, member) and not attempt.private:
        return tell(
            "tcp.atlas-access-list",
            Certainty.POSSIBLE,
            detail=f"A network that drops packets to port {port} looks the same: ask for it to be opened.",
            how="silence",
            also=proxy_remedies(facts),
        )
    if (
        attempt.private
        and not attempt.own
        and not any(p.reach in (Reach.OK, Reach.REFUSED) for p in member.other_ports)
        and not _neighbour_answers(facts, attempt)
    ):
        inside = host.lower().endswith((".docdb.amazonaws.com", ".docdb-elastic.amazonaws.com"))
        return tell(
            "tcp.private-address",
            Certainty.LIKELY,
            fix="Connect from a computer in the cluster's VPC, by a VPN into it, or through an SSH tunnel to one of "
            "its EC2 instances; its security group must allow the port. DocumentDB has no public address."
            if inside
            else "",
            summary=f"Nothing answers at the private address {attempt.address}." if is_ip_address(host) else "",
            detail="Where no network hands a computer an address, it gives itself one that begins with 169.254, and "
            "only its neighbours reach it there."
            if attempt.address.startswith("169.254.")
            else "",
            host=host,
            address=attempt.address,
        )
    if host.lower().endswith(_COSMOS_RU) and port != _COSMOS_PORT and len(facts.uri.hosts) == 1:
        return tell(
            "tcp.no-answer",
            Certainty.LIKELY,
            detail=f"Azure Cosmos DB for MongoDB (RU) listens on port {_COSMOS_PORT} alone.",
            fix=f"Write the port, {host}:{_COSMOS_PORT}; copy the connection string from the account in Azure.",
            patch={"seeds": {"hosts": [f"{host}:{_COSMOS_PORT}"]}},
            host=host,
            port=port,
        )
    alive = any(p.reach in (Reach.OK, Reach.REFUSED) for p in member.other_ports)
    more = (
        "Other ports of the host answer, so a firewall drops this one."
        if alive
        else "Other ports of the host are silent too."
        if member.other_ports
        else ""
    )
    full = "A server whose queue of new connections is full keeps silent as well."
    return tell(
        "tcp.no-answer",
        Certainty.LIKELY,
        detail=f"{more} {full}".strip(),
        also=() if attempt.loopback or attempt.own else proxy_remedies(facts),
        host=host,
        port=port,
    )


def _neighbour_answers(facts: Facts, attempt: TcpFacts) -> bool:
    """Whether another member in the same private network (of 65,536 addresses) was reached."""
    network = attempt.address.rsplit(".", 2)[0]
    return any(
        t.reach is Reach.OK and not t.own and t.address.rsplit(".", 2)[0] == network
        for m in facts.members
        for t in m.tcp
    )


def container_localhost(facts: Facts) -> Iterable[Finding]:
    """Localhost is refused and this program runs in a container, where it is the container itself."""
    place = in_container(facts)
    if place is None or is_connected(facts):
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
