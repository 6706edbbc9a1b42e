"""What this computer runs in and beside: container, pod, virtual machine, CI, tunnels, proxies, who its resolver is.

Marks raise a remedy and decide nothing: a build machine may be a container itself. No names of people, no serial
numbers. Files are read below ``root``, so that a test can lay them out.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from clearline.core.facts.computer import Pod, Resolver, SurroundingFacts
from clearline.core.probes.windows import policy_namespaces
from clearline.core.text.late_patterns import late

_LONGEST: Final = 100_000
_CONTAINER_WORDS: Final = (
    ("kubepods", "Kubernetes"),
    ("crio", "CRI-O"),
    ("libpod", "Podman"),
    ("docker", "Docker"),
    ("containerd", "containerd"),
    ("lxc", "LXC"),
)
_CI: Final = {
    "GITHUB_ACTIONS": "GitHub Actions",
    "GITLAB_CI": "GitLab CI",
    "JENKINS_URL": "Jenkins",
    "TF_BUILD": "Azure Pipelines",
    "CIRCLECI": "CircleCI",
    "TRAVIS": "Travis CI",
    "BITBUCKET_BUILD_NUMBER": "Bitbucket Pipelines",
    "TEAMCITY_VERSION": "TeamCity",
    "BUILDKITE": "Buildkite",
    "CODEBUILD_BUILD_ID": "AWS CodeBuild",
    "DRONE": "Drone",
}
_PLATFORMS: Final = {
    "AWS_LAMBDA_FUNCTION_NAME": "AWS Lambda",
    "K_SERVICE": "Cloud Run",
    "FUNCTIONS_WORKER_RUNTIME": "Azure Functions",
    "WEBSITE_SITE_NAME": "Azure App Service",
    "VERCEL": "Vercel",
    "NETLIFY": "Netlify",
    "RENDER": "Render",
    "RAILWAY_ENVIRONMENT": "Railway",
    "FLY_APP_NAME": "Fly.io",
    "DYNO": "Heroku",
    "ECS_CONTAINER_METADATA_URI_V4": "Amazon ECS",
}
_VENDORS: Final = (
    (r"qemu|kvm", "QEMU/KVM"),
    (r"vmware", "VMware"),
    (r"innotek|virtualbox", "VirtualBox"),
    (r"microsoft.*virtual|hyper-v", "Hyper-V"),
    (r"amazon ec2", "Amazon EC2"),
    (r"google", "Google Compute Engine"),
    (r"\bxen\b", "Xen"),
    (r"parallels", "Parallels"),
    (r"openstack|digitalocean|hetzner", "a cloud"),
)
_TUNNEL: Final = late(
    r"(?:tun|tap|utun|wg|ppp|ipsec|vpn|tailscale|zt|nordlynx|proton|mullvad|gpd|cscotun|zcctun|ts)\d*.*", re.IGNORECASE
)
_TUNNEL_TYPES: Final = frozenset({"512", "65534"})
"""ARPHRD_PPP and ARPHRD_NONE of Linux's if_arp.h: links without addresses of their own."""
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "socks_proxy")
_LOCAL_RESOLVERS: Final = {
    "127.0.0.53": "systemd-resolved",
    "127.0.0.54": "systemd-resolved",
    "127.0.0.11": "Docker",
    "127.0.1.1": "dnsmasq",
    "100.100.100.100": "Tailscale",
    "169.254.169.253": "AWS",
    "168.63.129.16": "Azure",
    "169.254.169.254": "Google Cloud",
    "169.254.20.10": "Kubernetes (node-local)",
}
_PUBLIC_RESOLVERS: Final = frozenset(
    {
        *("1.1.1.1", "1.0.0.1", "2606:4700:4700::1111", "8.8.8.8", "8.8.4.4", "2001:4860:4860::8888"),
        *("2001:4860:4860::8844", "9.9.9.9", "149.112.112.112", "2620:fe::fe", "208.67.222.222", "94.140.14.14"),
    }
)
_RUNTIME_NAMES: Final = late(
    r"(?:host|gateway)\.docker\.internal|kubernetes\.docker\.internal|host\.containers\.internal|host\.(?:lima|orb|minikube"
    r"|rancher-desktop)\.internal|kubernetes(?:\.default\S*)?|\S+\.wsl\.local"
)
_CARRIER: Final = ipaddress.ip_network("100.64.0.0/10")
_CLAT: Final = ipaddress.ip_network("192.0.0.0/29")


def has_desktop_settings(environ: Mapping[str, str] | None = None, *, root: Path = Path("/")) -> bool:
    """Whether there is anything in which a desktop keeps its settings: reading that takes more than this look."""
    if sys.platform in ("win32", "darwin"):
        return True
    environ = os.environ if environ is None else environ
    config = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or "/nowhere") / ".config")
    places = (config / "dconf/user", config / "kioslaverc", root / "etc/dconf/profile/user")
    return any(map(_is_there, places))


def look_around(root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> SurroundingFacts:
    """The surroundings of this computer; reads a dozen small files and sends nothing (about 1 ms)."""
    resolv = _text(root / "etc/resolv.conf")
    search, ndots = _search(resolv)
    pod = _pod(root, environ, search, ndots)
    interfaces = _interfaces()
    return SurroundingFacts(
        container=_container(root, environ, pod),
        image=_image(root),
        pod=pod,
        wsl=_wsl(root),
        vm=_vm(root),
        ci=next((name for variable, name in _CI.items() if environ.get(variable)), "CI" if environ.get("CI") else None),
        platform=next((name for variable, name in _PLATFORMS.items() if environ.get(variable)), None),
        tunnels=tuple(sorted(name for name in _interface_names() if _is_tunnel(root, name))),
        proxies={name: endpoint(value) for name, value in sorted(environ.items()) if name.lower() in _PROXIES},
        libc=_libc(root),
        resolvers=tuple(Resolver(address=a, kind=_resolver_kind(a, pod is not None)) for a in _nameservers(resolv)),
        search=search,
        ndots=ndots,
        hosts_names=_runtime_names(_text(root / "etc/hosts")),
        interfaces=interfaces,
        name_policies=policy_namespaces(),
        nat=_nat(interfaces),
    )


def _container(root: Path, environ: Mapping[str, str], pod: Pod | None) -> str | None:
    if pod is not None:
        return "Kubernetes"
    if _is_there(root / ".dockerenv"):
        return "Docker"
    if _is_there(root / "run/.containerenv"):
        return "Podman"
    if (said := environ.get("container")) and re.fullmatch(r"[\w\-]{2,30}", said):
        return {"podman": "Podman", "docker": "Docker", "lxc": "LXC", "oci": "a container"}.get(said, said)
    text = _text(root / "proc/1/cgroup") + _text(root / "proc/self/cgroup")
    if "/docker/containers/" in (mounts := _text(root / "proc/self/mountinfo")):
        text += "docker"
    elif "/containers/storage/overlay-containers/" in mounts:
        text += "libpod"
    return next((name for word, name in _CONTAINER_WORDS if word in text), None)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder on the way may not be looked into
        return False


def _pod(root: Path, environ: Mapping[str, str], search: tuple[str, ...], ndots: int | None) -> Pod | None:
    account = root / "var/run/secrets/kubernetes.io/serviceaccount"
    if not environ.get("KUBERNETES_SERVICE_HOST") and not _is_there(account):
        return None
    namespace = _text(account / "namespace").strip()
    domain = next((s.partition(".svc.")[2] for s in search if ".svc." in s), None)
    if domain is None:
        domain = next((s.removeprefix("svc.") for s in search if s.startswith("svc.")), None)
    return Pod(
        namespace=namespace if re.fullmatch(r"[a-z0-9\-]{1,63}", namespace) else None,
        service_account=_is_there(account / "token"),
        cluster_domain=domain,
    )


def _image(root: Path) -> str | None:
    release = dict(line.split("=", 1) for line in _text(root / "etc/os-release").splitlines() if "=" in line)
    name = release.get("ID", "").strip('"'), release.get("VERSION_ID", "").strip('"')
    return " ".join(part for part in name if re.fullmatch(r"[\w.\-]{1,30}", part)) or None


def _wsl(root: Path) -> str | None:
    kernel = _text(root / "proc/sys/kernel/osrelease").lower()
    if "microsoft" not in kernel:
        return None
    return "WSL 2" if "wsl2" in kernel or "microsoft-standard" in kernel else "WSL 1"


def _vm(root: Path) -> str | None:
    dmi = root / "sys/class/dmi/id"
    told = f"{_text(dmi / 'sys_vendor')} {_text(dmi / 'product_name')} {_text(root / 'sys/hypervisor/type')}"
    return next((name for pattern, name in _VENDORS if re.search(pattern, told, re.IGNORECASE)), None)


def _interface_names() -> tuple[str, ...]:
    try:
        return tuple(name for _, name in socket.if_nameindex())
    except (OSError, AttributeError):
        return ()


def _is_tunnel(root: Path, name: str) -> bool:
    return bool(_TUNNEL.fullmatch(name)) or _text(root / "sys/class/net" / name / "type").strip() in _TUNNEL_TYPES


def _interfaces() -> dict[str, str]:
    """The interface of each of this computer's addresses, where the system tells (Linux)."""
    if sys.platform != "linux":
        return {}
    found: dict[str, str] = {}
    for row in (line.split() for line in _text(Path("/proc/thread-self/net/if_inet6")).splitlines()):
        found[str(ipaddress.IPv6Address(bytes.fromhex(row[0])))] = row[5]
    import fcntl
    import struct

    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    except OSError:
        return found  # no file handle is left
    with sock:
        for name in _interface_names():
            try:
                answer = fcntl.ioctl(sock.fileno(), 0x8915, struct.pack("256s", name.encode()[:15]))  # SIOCGIFADDR
            except OSError:
                continue  # it has no IPv4 address
            found[socket.inet_ntoa(answer[20:24])] = name
    return found


def endpoint(value: str) -> str:
    """A proxy's scheme, host and port, without what may be a password."""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        return f"{parts.scheme}://{parts.hostname or '?'}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "unreadable"


def _libc(root: Path) -> str:
    try:
        if told := os.confstr("CS_GNU_LIBC_VERSION"):  # platform.libc_ver() searches the interpreter's file for it
            return told
    except (AttributeError, ValueError, OSError):
        pass  # Windows, macOS, musl
    return "musl" if any((root / "lib").glob("ld-musl-*")) else ""


def _nameservers(resolv: str) -> Iterable[str]:
    return dict.fromkeys(re.findall(r"(?m)^\s*nameserver\s+([0-9A-Fa-f:.]+)", resolv))


def _search(resolv: str) -> tuple[tuple[str, ...], int | None]:
    lists = re.findall(r"(?m)^\s*(?:search|domain)\s+(.+)$", resolv)
    dots = re.findall(r"(?m)^\s*options\s.*\bndots:(\d+)", resolv)
    return tuple(lists[-1].split()) if lists else (), int(dots[-1]) if dots else None


def _resolver_kind(address: str, in_pod: bool) -> str:
    if known := _LOCAL_RESOLVERS.get(address):
        return known
    if address in _PUBLIC_RESOLVERS:
        return "public"
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.is_loopback:
        return "on this computer"
    if in_pod:
        return "the cluster's"
    return "in this network" if parsed.is_private else "the provider's"


def _runtime_names(hosts: str) -> tuple[str, ...]:
    names = {name for line in hosts.splitlines() for name in line.partition("#")[0].split()[1:]}
    return tuple(sorted(name for name in names if _RUNTIME_NAMES.fullmatch(name)))


def _nat(interfaces: Mapping[str, str]) -> str | None:
    for address in interfaces:
        parsed = ipaddress.ip_address(address)
        if parsed.version == 4 and parsed in _CLAT:
            return "NAT64 (464XLAT)"
        if parsed.version == 4 and parsed in _CARRIER and not _TUNNEL.fullmatch(interfaces[address]):
            return "a carrier's or overlay network's (100.64.0.0/10)"
    return None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
    except OSError:
        return ""
