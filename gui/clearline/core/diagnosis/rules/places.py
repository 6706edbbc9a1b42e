"""Where a name, an address and this program stand to each other: containers, pods, tunnels. They choose the words.

A name tells by itself that it belongs to a container network; the marks of a container round this program only put a
remedy first.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from clearline.core.facts.servers import MemberFacts, Reach
from clearline.core.facts.whole import Facts
from clearline.core.findings import Remedy
from clearline.core.text.late_patterns import late

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


def serves_here(facts: Facts) -> bool:
    """Whether a server of the deployment answers on loopback, so that its servers are on this side of any container."""
    return any(t.loopback and t.reach is Reach.OK for m in facts.members for t in m.tcp)


def is_here(member: MemberFacts) -> bool:
    """Whether a server is reached by this computer's own addresses: it runs here, or a tunnel's near end does."""
    opened = [t for t in member.tcp if t.reach is Reach.OK]
    return bool(opened) and all(t.loopback or t.own or t.family == "unix" for t in opened)


def proxy_remedies(facts: Facts) -> tuple[Remedy, ...]:
    """What may lead out of a network in which the servers cannot be reached directly: the proxy that browsers use."""
    settings, around = facts.system_proxy, facts.computer.surroundings.proxies
    set_here = [value for name, value in around.items() if name.lower() in ("https_proxy", "all_proxy")]
    if settings is not None:
        set_here += [place for place in (settings.proxy, settings.script) if place]
    if not set_here or facts.hops:
        return ()
    text = (
        f"Browsers leave this computer through a proxy ({set_here[0]}), which MongoDB's drivers do not use. "
        "Where it is the only way out, try it as a hop: --via system, or Way in the settings."
    )
    return (Remedy(text=text),)


def localhost_remedies(facts: Facts, member: MemberFacts) -> tuple[Remedy, ...]:
    """What to do where localhost is refused and a container is in play: in front when this program runs in one."""
    port = member.port or 27017
    place = in_container(facts)
    if place == "pod":
        text = (
            f"In a pod, localhost is the pod itself: connect to the service (SERVICE.NAMESPACE.svc.{_domain(facts)}; "
            "kubectl get services -A lists them)."
        )
    elif place is not None:
        text = (
            f"In a {place}, localhost is the container itself: connect to the other container by its service name on a "
            f"shared network, or to the computer around it by {_around(facts)}:{port}"
            f"{_ADDED if place.startswith('Docker') else ''}."
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


_ADDED = " (on Linux started with --add-host host.docker.internal:host-gateway)"


def _around(facts: Facts) -> str:
    """What the runtime calls the computer around its containers."""
    return "host.containers.internal" if facts.computer.surroundings.container == "Podman" else "host.docker.internal"


def _domain(facts: Facts) -> str:
    pod = facts.computer.surroundings.pod
    return (pod.cluster_domain if pod is not None else None) or "cluster.local"


def refused_words(facts: Facts, member: MemberFacts) -> tuple[str, str]:
    """Detail and first remedy where a name of the container world is refused; empty for others."""
    port = member.port or 27017
    if is_runtime_host(member.host):
        return (
            "That name is the computer around this container: what listens there on 127.0.0.1 alone is not reached.",
            f"Let mongod there listen on the containers' bridge too (net.bindIp: 127.0.0.1,172.17.0.1), or publish the "
            f"other container's port to all addresses (-p {port}:27017, not -p 127.0.0.1:{port}:27017).",
        )
    if in_container(facts) in (None, "pod") or "." in member.host or ":" in member.host or is_loopback(member):
        return "", ""
    if port == 27017:
        return "", "Start mongod in that container; where it runs, let it listen on all addresses (--bind_ip_all)."
    return (
        "Between containers the other container's own port counts, mostly 27017, and not the one that is published.",
        f"Write {member.host}:27017; if that is refused as well, start mongod there with --bind_ip_all.",
    )


def ndots_words(facts: Facts) -> str:
    """A word about a search list that is tried before every name, as in a pod; empty where there is none."""
    around = facts.computer.surroundings
    hosts = [m.host.rstrip(".") for m in facts.members if m.lookup is not None and not m.lookup.literal]
    dots = max((host.count(".") for host in (*hosts, *(facts.uri.hosts if facts.uri.srv else ()))), default=0)
    if not around.search or around.ndots is None or around.ndots <= max(1, dots):
        return ""
    return (
        f"Names with fewer than {around.ndots} dots are looked up in {len(around.search)} search domains first "
        f"(ndots:{around.ndots}). A dot at the end of the name, or ndots:1 in the pod's dnsConfig, spares that."
    )


def name_words(facts: Facts, member: MemberFacts) -> tuple[str, str, tuple[Remedy, ...]] | None:
    """Detail, first remedy and further remedies for a name that belongs to a container network; None for others."""
    host, port = member.host, member.port or 27017
    place = in_container(facts)
    if is_runtime_host(host):
        detail = "That name stands for the computer that a container runs on, and is known only inside of containers."
        return detail, _runtime_host(facts, host, port), ()
    if service := cluster_service(host):
        name, namespace = service
        inside = facts.computer.surroundings.pod
        if inside is not None:
            domain, said = _domain(facts), host.partition(".svc")[2].strip(".")
            return (
                f"This is a name of the cluster's own DNS, and this pod's cluster domain is {domain}.",
                f"Write {name}.{namespace}.svc.{domain}: this cluster does not call itself {said}."
                if said and said != domain
                else f"Check the service and its namespace: kubectl get service {name} -n {namespace}.",
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
            here = f"this pod's namespace, {pod.namespace}" if pod.namespace else "this pod's namespace"
            return (
                f"In a pod a short name is a service of {here}, and there is no {host} in it.",
                f"For a service of another namespace write {host}.NAMESPACE.svc.{_domain(facts)}; kubectl get services "
                "-A shows where it is.",
                (),
            )
        if place is not None:
            shared = any(r.address == "127.0.0.11" for r in facts.computer.surroundings.resolvers)
            return (
                f"In a {place} a short name is a container, or a service of Compose, on a network that both share.",
                "Put both on one network (docker network connect NETWORK CONTAINER; in Compose under networks) and "
                "write its name there: docker network inspect NETWORK lists who is on it."
                if shared or not place.startswith("Docker")
                else "Make a network and start both containers on it (docker network create NETWORK, docker run "
                "--network NETWORK): on Docker's default bridge no container knows another one's name.",
                (Remedy(text=f"From outside of containers: the published port, as in mongodb://localhost:{port}."),),
            )
        return (
            "A short name like this is usually a service of Docker Compose or Kubernetes, known only in that network.",
            f"From this computer use the published port: mongodb://localhost:{port}. Between containers, both must be "
            "on the same network.",
            (Remedy(text=f"In a company network: use the full name, or connect the VPN that completes {host}."),),
        )
    return None


def _runtime_host(facts: Facts, host: str, port: int) -> str:
    """How the computer around a container gets the name that was written."""
    place = in_container(facts)
    if place == "pod":
        return "A pod has no such name: use the node's address, or a service without selector that leads there."
    if place is not None and _around(facts) == "host.containers.internal" != host:
        return f"Podman calls it host.containers.internal: write host.containers.internal:{port}."
    outside = "" if place else f" Outside of a container write localhost:{port}."
    return f"On Linux start the container with --add-host {host}:host-gateway (in Compose: extra_hosts).{outside}"


def _elsewhere(host: str) -> tuple[str, str] | None:
    """Detail and remedy for a name that something else than public DNS answers."""
    name = host.lower().rstrip(".")
    if name.endswith(".local"):
        return (
            "Names in .local are answered by mDNS (Bonjour, Avahi), by the computer itself, on its own network.",
            "Use the server's address or its DNS name. On Linux the resolver asks mDNS only with libnss-mdns; "
            "containers, WSL and VPNs do not pass it on.",
        )
    if name.endswith(".localhost"):
        return (
            "Browsers and some systems lead every name under localhost to this computer; the lookup here does not.",
            "Write localhost, or 127.0.0.1.",
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


def family_words(member: MemberFacts) -> str:
    """A word about the address family where all that was refused is IPv6."""
    if not member.tcp or any(t.family != "ipv6" for t in member.tcp):
        return ""
    named = member.lookup is not None and not member.lookup.literal
    return (
        f"It refuses over IPv6{', and the name has no IPv4 address' if named else ''}: mongod listens on IPv4 only "
        "unless net.ipv6 is set and net.bindIp has :: or the address in it."
    )


def is_link_local_without_zone(address: str) -> bool:
    """Whether an IPv6 address is valid on one link only, and no interface is named."""
    if ":" not in address:
        return False
    try:
        parsed = ip_address(address.strip("[]"))
    except ValueError:
        return False
    return parsed.version == 6 and parsed.is_link_local and parsed.scope_id is None
