"""How a connection string was understood, in one line: it proves the reading, and costs no room of its own."""

from __future__ import annotations

from typing import Final

from clearline.core.profiles.hop import Hop, HttpProxy, Socks5Proxy, SshServer
from clearline.core.profiles.login_fields import tls_wanted
from clearline.core.profiles.profile import Profile

_LONGEST: Final = 40


def reads_as(profile: Profile) -> str:
    """Servers, login, encryption and way of a profile in words; empty without a host."""
    seeds, auth = profile.seeds, profile.auth
    if not seeds.hosts:
        return ""
    if seeds.srv:
        what = f"The servers that DNS names for {_shortened(seeds.hosts[0])}"
    elif seeds.replica_set:
        count = len(seeds.hosts)
        what = f"Replica set {_shortened(seeds.replica_set)}, {count} host" + ("s" if count > 1 else "")
    else:
        what = "One server" if len(seeds.hosts) == 1 else f"{len(seeds.hosts)} servers"
    if auth.user is not None:
        login = f"user {_shortened(auth.user)}"
    else:
        login = f"login by {auth.mechanism}" if auth.mechanism else "no login"
    tls = "no TLS"
    if tls_wanted(profile):
        tls = "TLS with your CA file" if profile.tls.ca_file else "TLS"
    way = ", then ".join(_hop(hop) for hop in profile.hops)
    return ", ".join(filter(None, (what, login, tls, way and f"through {way}")))


def _shortened(name: str) -> str:
    """A name that leaves room for what follows it."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST // 2]}…{name[-_LONGEST // 2 :]}"


def _hop(hop: Hop) -> str:
    match hop:
        case SshServer():
            return f"SSH {hop.host}"
        case Socks5Proxy():
            return f"SOCKS5 {hop.host}"
        case HttpProxy():
            return f"HTTP proxy {hop.host}"
        case _:
            return hop.host  # which are words already
