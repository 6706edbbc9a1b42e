"""How another program goes the way of a profile: the commands for it, and the settings that some drivers have."""

from __future__ import annotations

import shlex
from urllib.parse import quote

from clearline.core.profiles.hop import Hop, HttpProxy, KubernetesForward, Socks5Proxy, SshServer, pod_of
from clearline.core.profiles.profile import Profile
from clearline.core.snippets.snippet import Group, Language, Snippet

_PORT = "27017"


def way(profile: Profile) -> tuple[Snippet, ...]:
    """The commands that open the way by hand; nothing where the servers are reached directly."""
    if not profile.hops:
        return ()
    hosts = profile.seeds.hosts or ("db.example.com",)
    if all(isinstance(hop, SshServer) for hop in profile.hops):
        text = _ssh(tuple(hop for hop in profile.hops if isinstance(hop, SshServer)), hosts, srv=profile.seeds.srv)
        note = (
            "It opens ports on this computer while it runs. Then connect to 127.0.0.1 with directConnection=true; over "
            "TLS the name of the server has to be checked by itself (tlsAllowInvalidHostnames checks none)."
        )
    elif isinstance(last := profile.hops[-1], KubernetesForward) and len(profile.hops) == 1:
        text = "".join(_port_forward(last, host, 27017 + number) for number, host in enumerate(hosts))
        note = (
            "Each line runs in a terminal of its own and opens a port on this computer. Then connect to 127.0.0.1 with "
            "directConnection=true; over TLS the name of the server has to be checked by itself."
        )
    else:
        text = "\n".join(_settings(hop, hosts) for hop in profile.hops) + "\n"
        note = "PyMongo itself goes through no proxy."
    return (
        Snippet(
            key="way",
            title="The way, by hand",
            group=Group.TOOLS,
            language=Language.BASH,
            text=text,
            note=note,
        ),
    )


def _ssh(hops: tuple[SshServer, ...], hosts: tuple[str, ...], *, srv: bool) -> str:
    *jumps, last = hops
    words = ["ssh", "-N"]
    if last.key_file is not None:
        words += ["-i", last.key_file]
    if last.port != 22:
        words += ["-p", str(last.port)]
    if jumps:
        words += ["-J", ",".join(_place(hop) + (f":{hop.port}" if hop.port != 22 else "") for hop in jumps)]
    if srv:  # its members are found at run time
        return f"{shlex.join([*words, '-D', '1080', '--', _place(last)])}   # a SOCKS proxy on port 1080\n"
    for number, host in enumerate(hosts):
        name, port = _split(host)
        words += ["-L", f"{27017 + number}:{name}:{port}"]
    return f"{shlex.join([*words, '--', _place(last)])}\n"


def _split(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal() and (name.endswith("]") or ":" not in name):
        return name, port
    return (f"[{host}]" if ":" in host and not host.startswith("[") else host), _PORT


def _place(hop: SshServer) -> str:
    host = hop.config_alias or hop.host
    return _plain(f"{hop.user}@{host}" if hop.user else host)


def _plain(text: str) -> str:
    """What can stand in one line."""
    return "".join(letter for letter in text if letter.isprintable())


def _port_forward(hop: KubernetesForward, host: str, port: int) -> str:
    """One member's line; Kubernetes knows pods, and no hosts."""
    name, far_port = _split(host)
    pod, namespace = pod_of(name, hop.pods, hop.namespace or "")
    words = ["kubectl"]
    if hop.kubeconfig is not None:
        words += ["--kubeconfig", _plain(hop.kubeconfig)]
    if hop.context is not None:
        words += ["--context", _plain(hop.context)]
    if namespace:
        words += ["--namespace", _plain(namespace)]
    words += ["port-forward", f"pod/{_plain(pod or 'POD')}", f"{port}:{far_port}"]
    return f"{shlex.join(words)}\n"


def _settings(hop: Hop, hosts: tuple[str, ...]) -> str:
    host = quote(_plain(hop.host), safe="[]:.-_")
    match hop:
        case Socks5Proxy():
            login = f"&proxyUsername={quote(hop.user, safe='')}&proxyPassword=…" if hop.user else ""
            options = f"proxyHost={host}&proxyPort={hop.port}{login}"
            machine = f"-DsocksProxyHost={host} -DsocksProxyPort={hop.port}"
            if hop.user:
                machine += f" -Djava.net.socks.username={_plain(hop.user)}"
            return (
                f"# Drivers for Node.js, Java and Rust: append to the connection string\n# {options}\n"
                f"# Any other program on the JVM\nexport JAVA_TOOL_OPTIONS={shlex.quote(machine)}\n"
                f"# mongosh and Compass\nexport ALL_PROXY=socks5://{host}:{hop.port}"
            )
        case HttpProxy():
            url = f"{'https' if hop.tls else 'http'}://{host}:{hop.port}"
            lines = [f"# mongosh and Compass\nexport HTTPS_PROXY={url}"]
            lines.append(
                "# Drivers, also those for Node.js and Java, ask no HTTP proxy: a port of this computer for each server"
            )
            for number, server in enumerate(hosts):
                name, port = _split(server)
                way = f"PROXY:{host}:{_plain(name)}:{port},proxyport={hop.port}"
                lines.append(shlex.join(["socat", f"TCP-LISTEN:{27017 + number},bind=127.0.0.1,reuseaddr,fork", way]))
            return "\n".join(lines)
        case SshServer():
            return f"ssh -N -D 1080 -- {shlex.quote(_place(hop))}"
        case KubernetesForward():
            return "".join(_port_forward(hop, server, 27017 + number) for number, server in enumerate(hosts)).rstrip()
    return "# What HTTPS_PROXY, ALL_PROXY and NO_PROXY of this computer say"
