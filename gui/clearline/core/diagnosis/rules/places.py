"""Where a name, an address and this program stand to each other: containers, pods, tunnels. They choose the words.

A name tells by itself that it belongs to a container network; the marks of a container round this program only put a
remedy first.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from clearline.core.facts.servers import MemberFacts, Reach, TcpFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Remedy
from clearline.core.late_patterns import late

_CLUSTER_NAME = late(r"(?P<service>\w[\w\-]*(?:\.\w[\w\-]*)?)\.(?P<namespace>\w[\w\-]*)\.svc(?:\.[\w.\-]+)?\.?")
_RUNTIME_HOST = late(r"(?:host|gateway)\.docker\.internal|host\.containers\.internal", re.IGNORECASE)


def in_container(facts: Facts) -> str | None:
    """What kind of container this program runs in, by its marks; None without any."""
    around = facts.computer.surroundings
    return "pod" if around.pod is not None else f"{around.container} container" if around.container else None


def cluster_service(host: str) -> tuple[str, str] | None:
    """Service and namespace of a name that a Kubernetes cluster alone knows."""
    found = _CLUSTER_NAME.fullmatch(host)
    return (found["service"].rpartition(".")[2], found["namespace"]) if found else None


def is_runtime_host(host: str) -> bool:
    """Whether a name stands for the computer that a container runs on."""
    return _RUNTIME_HOST.fullmatch(host) is not None


def is_loopback(member: MemberFacts) -> bool:
    """Whether a server's address is this computer's loopback, so that it may be the near end of a tunnel."""
    return any(t.loopback for t in member.tcp)


def is_here(member: MemberFacts) -> bool:
    """Whether a server is reached without any network, so that nothing stands between."""
    opened = [t for t in member.tcp if t.reach is Reach.OK]
    return bool(opened) and all(t.loopback or t.own or t.family == "unix" for t in opened)


def localhost_remedies(facts: Facts, member: MemberFacts) -> tuple[Remedy, ...]:
    """What to do where localhost is refused and a container is in play: in front when this program runs in one."""
    port = member.port or 27017
    place = in_container(facts)
    if place == "pod":
        text = "In a pod, localhost is the pod itself: connect to the service (SERVICE.NAMESPACE.svc.cluster.local)."
    elif place is not None:
        text = (
            f"In a {place}, localhost is the container itself: connect to the other container by its service name on a "
            f"shared network, or to this computer by host.docker.internal:{port} (on Linux started with --add-host "
            "host.docker.internal:host-gateway)."
        )
    elif facts.computer.surroundings.wsl is not None:
        text = (
            "In WSL localhost is the Linux side: for a server on Windows use the address of the default route "
            "(ip route show default), let it listen there, or set networkingMode=mirrored in .wslconfig."
        )
    else:
        text = (
            f"If the server runs in a container, publish its port (docker run -p {port}:27017); if the program does, "
            "localhost there is the container itself: use the server's service name or host.docker.internal."
        )
    return (Remedy(text=text),)


def name_words(facts: Facts, member: MemberFacts) -> tuple[str, str, tuple[Remedy, ...]] | None:
    """Detail, first remedy and further remedies for a name that belongs to a container network; None for others."""
    host, port = member.host, member.port or 27017
    if is_runtime_host(host):
        return (
            "That name stands for the computer that a container runs on, and is known only inside of containers.",
            f"On Linux start the container with --add-host {host}:host-gateway (in Compose: extra_hosts). Outside of a "
            f"container write localhost:{port}.",
            (),
        )
    if service := cluster_service(host):
        name, namespace = service
        inside = facts.computer.surroundings.pod
        if inside is not None:
            domain = inside.cluster_domain or "cluster.local"
            return (
                f"This is a name of the cluster's own DNS, and this pod's cluster domain is {domain}.",
                f"Check the service and its namespace: kubectl get service {name} -n {namespace}.",
                (),
            )
        return (
            "That name exists only inside its Kubernetes cluster.",
            f"From outside: kubectl port-forward -n {namespace} service/{name} {port}:27017, and connect to "
            f"mongodb://localhost:{port}/?directConnection=true; or use an external address of the service.",
            (),
        )
    if (own := _elsewhere(host)) is not None:
        return (*own, ())
    if "." not in host.rstrip("."):
        pod = facts.computer.surroundings.pod
        if pod is not None:
            return (
                "In a pod a short name is a service of the same namespace.",
                f"For a service of another namespace write {host}.NAMESPACE.svc.cluster.local.",
                (),
            )
        return (
            "A short name like this is usually a service of Docker Compose or Kubernetes, known only in that network.",
            f"From this computer use the published port: mongodb://localhost:{port}. Between containers, both must be "
            "on the same network.",
            (Remedy(text=f"In a company network: use the full name, or connect the VPN that completes {host}."),),
        )
    return None


def _elsewhere(host: str) -> tuple[str, str] | None:
    """Detail and remedy for a name that something else than public DNS answers."""
    name = host.lower().rstrip(".")
    if name.endswith(".local"):
        return (
            "Names in .local are answered by mDNS (Bonjour, Avahi), by the computer itself, on its own network.",
            "Use the server's address or its DNS name. On Linux the resolver asks mDNS only with libnss-mdns; "
            "containers, WSL and VPNs do not pass it on.",
        )
    if _CLOUD_NAME.fullmatch(name):
        return (
            "This is a name of a cloud provider's private network, and is known inside that network only.",
            "From outside use the server's public name, or a VPN, bastion or tunnel into that network.",
        )
    if name.endswith(_OF_A_ROUTER):
        return (
            "Names like this are given by the router of a home or office network, and known to its name server only.",
            "Ask that network's name server (a VPN or another DNS server by hand takes it away), or use the address.",
        )
    return None


_CLOUD_NAME = late(
    r".+\.(?:ec2|compute|c\.[\w\-]+)\.internal|.+\.[\w\-]+\.compute\.internal|.+\.internal\.cloudapp\.net"
)
_OF_A_ROUTER = (".lan", ".home", ".home.arpa", ".fritz.box", ".localdomain", ".mshome.net", ".speedport.ip")


def family_words(attempts: tuple[TcpFacts, ...]) -> str:
    """A word about the address family where all that was refused is IPv6."""
    if attempts and all(t.family == "ipv6" for t in attempts):
        return (
            "It refuses over IPv6, and the name has no IPv4 address: mongod listens on IPv4 only unless net.ipv6 is "
            "set and net.bindIp has :: or the address in it."
        )
    return ""


def is_link_local_without_zone(address: str) -> bool:
    """Whether an IPv6 address is valid on one link only, and no interface is named."""
    if ":" not in address:
        return False
    try:
        parsed = ip_address(address.strip("[]"))
    except ValueError:
        return False
    return parsed.version == 6 and parsed.is_link_local and parsed.scope_id is None
