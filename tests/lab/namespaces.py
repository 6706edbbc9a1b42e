"""Networks of their own, with every fault that a kernel can play (Linux, root).

``with Network() as network`` gives two network namespaces that see only each other: *inside*, where the product runs
(10.79.0.2), and *outside* (10.79.0.1), which swallows whatever is addressed to nobody. All addresses exist only there,
so nothing can reach a real network.

    outside                                   inside
    10.79.0.1  servers, DNS on port 53  <──>  10.79.0.2   run(), check(), call()
    outside_address("10.8.0.15")              127.0.0.1   publish("127.0.0.1:27017") brings a server of this computer in

What `drop` hits vanishes in silence, on the inside's loopback and on the way out. `reject` answers as a router on the
way would (``here=True``: as a filter on this computer). ``Line(delay_s=0.05, loss=0.2)`` makes the way long and lossy.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from lab.dns_server import DnsServer, Zone, bound_sockets
from lab.in_namespace import in_namespace
from lab.long_line import Line, LongLine
from lab.peer import bound_socket
from lab.relay import Relay

T = TypeVar("T")

OUTSIDE, INSIDE = "10.79.0.1", "10.79.0.2"
OUTSIDE_V6, INSIDE_V6 = "fd79::1", "fd79::2"
DEAD_NEIGHBOUR = "10.79.0.66"
"""An address of the own subnet that nobody has: EHOSTUNREACH after 3 s."""

_MAC = {INSIDE_V6: "02:00:00:00:79:02", OUTSIDE_V6: "02:00:00:00:79:01"}

Rejection = Literal["host-unreachable", "net-unreachable", "admin-prohibited", "port-unreachable", "tcp reset"]
_SETTINGS = Path("/etc/netns")  # where `ip netns exec` looks for a namespace's own resolv.conf and hosts
_PREFIX = "clearline"
_numbers = itertools.count()


@functools.cache
def unavailable() -> str | None:
    """Why this computer cannot make networks; None if it can."""
    if sys.platform != "linux":
        return "network namespaces need Linux"
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "nft"):
        if not shutil.which(program):
            return f"network namespaces need the program {program}"
    name = f"{_PREFIX}-{os.getpid()}-probe"
    try:
        made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
        if made.returncode:
            return f"this kernel refuses network namespaces: {made.stderr.strip()}"
        filtered = subprocess.run(
            ["ip", "netns", "exec", name, "nft", "add table inet lab"], capture_output=True, text=True, check=False
        )
        return f"nft does not work here: {filtered.stderr.strip()}" if filtered.returncode else None
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


class Network:
    """Two namespaces, inside and outside; a context manager.

    ``nameservers``, ``search`` and ``hosts`` (name to address) are what the inside's resolv.conf and hosts file say.
    ``ipv6=True`` gives both ends IPv6 and the inside a default route; without, IPv6 is "network unreachable".
    """

    def __init__(
        self,
        *,
        nameservers: Sequence[str] = (OUTSIDE,),
        hosts: Mapping[str, str] | None = None,
        search: str | None = None,
        ipv6: bool = False,
        line: Line | None = None,
    ) -> None:
        number = next(_numbers)
        self.inside = f"{_PREFIX}-{os.getpid()}-{number}-in"
        self.outside = f"{_PREFIX}-{os.getpid()}-{number}-out"
        self._nameservers = nameservers
        self._hosts = dict(hosts or {})
        self._search = search
        self._ipv6 = ipv6
        self._line = line
        self._age = 0
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        if reason := unavailable():
            raise RuntimeError(reason)
        _sweep()
        with self._stack:
            for name in (self.inside, self.outside):
                _ip("netns", "add", name)
                self._stack.callback(_ip, "netns", "del", name)
                _ip("-n", name, "link", "set", "lo", "up")
                in_namespace(name, _no_address_probing)
            self._write_settings()
            self._connect()
            self._make_tables()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # -- running things inside

    def run(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 60,
        stdin: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run a program inside; its output as text."""
        return subprocess.run(
            ["ip", "netns", "exec", self.inside, *command],
            env={**os.environ, **(env or {})},
            input=stdin,
            timeout=timeout_s,
            capture_output=True,
            text=True,
            check=False,
        )

    def check(self, uri: str, *arguments: str, env: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON report of ``clearline check`` run inside."""
        command = [sys.executable, "-m", "clearline", "check", uri, "--json", *arguments]
        done = self.run(command, env=env)
        try:
            report = json.loads(done.stdout)
        except ValueError:
            raise AssertionError(f"no report; exit code {done.returncode}; {done.stderr}") from None
        assert isinstance(report, dict)
        return report

    def call(self, function: Callable[[], T]) -> T:
        """The result of ``function``, run in a thread that lives inside (as do the threads that it starts).

        It finds the inside's ``/etc/resolv.conf`` and ``/etc/hosts``. Sockets stay where they were made.
        """
        return in_namespace(self.inside, function, settings=_SETTINGS / self.inside)

    # -- servers

    def listen(self, port: int = 0, host: str = OUTSIDE) -> socket.socket:
        """A bound socket outside, to be given to a peer as ``listener``."""
        return in_namespace(self.outside, lambda: bound_socket(host, port))

    def listen_inside(self, port: int = 0, host: str = "127.0.0.1") -> socket.socket:
        """A bound socket inside, to be given to a peer as ``listener``."""
        return in_namespace(self.inside, lambda: bound_socket(host, port))

    def publish(self, address: str, *, host: str = "127.0.0.1", port: int | None = None, **line: Any) -> Relay:
        """Make a server of this computer reachable from inside, at the same port (or ``port``) of ``host``.

        ``host`` is an address of the inside's loopback, or an outside one; ``line`` as for `Relay`, which ends with the
        network.
        """
        wanted = int(address.rpartition(":")[2]) if port is None else port
        here = host.startswith("127.") or host in ("::1", INSIDE, INSIDE_V6)
        listener = self.listen_inside(wanted, host) if here else self.listen(wanted, host)
        return self._stack.enter_context(Relay(address, listener=listener, **line))

    def dns_server(self, zone: Zone | None = None, *, host: str = OUTSIDE, **behaviour: Any) -> DnsServer:
        """A DNS server on port 53 of ``host``, an address outside or of the inside's loopback. Ends with the network.

        ``behaviour`` as for `DnsServer`.
        """
        tcp = behaviour.pop("tcp", True)
        side = self.inside if host.startswith("127.") else self.outside
        sockets = in_namespace(side, lambda: bound_sockets(host, 53, tcp=tcp))
        return self._stack.enter_context(DnsServer(zone, sockets=sockets, **behaviour))

    # -- addresses and routes

    def outside_address(self, address: str) -> None:
        """Give the outside one more address, e.g. a private or a public one."""
        _ip("-n", self.outside, "addr", "add", *_host_route(address), "dev", "lo", *_nodad(address))

    def inside_address(self, address: str) -> None:
        """Give the inside one more address of its own."""
        _ip("-n", self.inside, "addr", "add", *_host_route(address), "dev", "lo", *_nodad(address))

    def route(self, kind: Literal["prohibit", "unreachable", "blackhole"], destination: str) -> None:
        """A route inside that leads nowhere: EACCES, EHOSTUNREACH, EINVAL."""
        _ip("-n", self.inside, "route", "add", kind, destination)

    def leave_from(self, address: str) -> None:
        """Let connections to the outside leave from another address of the own subnet."""
        _ip("-n", self.inside, "addr", "add", f"{address}/24", "dev", "line")
        subnet = f"{address.rpartition('.')[0]}.0/24"
        _ip("-n", self.inside, "route", "replace", subnet, "dev", "line", "proto", "kernel", "src", address)
        _ip("-n", self.inside, "route", "replace", "default", "via", OUTSIDE, "src", address)

    def no_default_route(self) -> None:
        """Leave the inside only its own subnet: everything else is ENETUNREACH."""
        _ip("-n", self.inside, "route", "del", "default")

    # -- filters

    def drop(self, *, host: str | None = None, port: int | None = None, udp: bool = False, here: bool = False) -> None:
        """Let packets to ``host`` (any), to ``port`` (any), TCP or UDP, vanish; established connections too.

        ``here=True``: a filter on this computer does it (TCP stays silent, UDP senders get EPERM).
        """
        self._rule("output" if here else "arrive", host, port, "udp" if udp else "tcp", "drop")

    def reject(
        self,
        kind: Rejection,
        *,
        host: str | None = None,
        port: int | None = None,
        here: bool = False,
        udp: bool = False,
    ) -> None:
        """Answer TCP (or UDP) packets to ``host`` and ``port`` with an ICMP error or a reset."""
        answer: str
        match kind:
            case "tcp reset":
                answer = kind
            case "net-unreachable":
                answer = f"icmp type {kind}"
            case _:
                answer = f"icmpx type {kind}"
        self._rule("output" if here else "arrive", host, port, "udp" if udp else "tcp", f"reject with {answer}")

    def accept_only(self, address: str, *, port: int) -> None:
        """Let the outside take connections to ``port`` from one address alone; others vanish."""
        self._nft(self.outside, f"add rule inet lab arrive ip saddr != {address} tcp dport {port} drop")

    def allow_connections(self, count: int, *, port: int) -> None:
        """Let the outside take that many connections to ``port`` at a time; more are reset."""
        over = f"tcp dport {port} ct state new ct count over {count}"
        self._nft(self.outside, f"add rule inet lab arrive {over} reject with tcp reset")

    def drop_larger_than(self, size: int, *, back: bool = True) -> None:
        """Lose every IP packet above ``size`` bytes, in both directions, or on the way out alone."""
        for name in (self.inside, self.outside) if back else (self.outside,):
            self._nft(name, f"add rule inet lab arrive meta length > {size} drop")

    def drop_established(self, port: int) -> None:
        """Let every connection to ``port`` that is open now go silent; new ones work, until it is called again."""
        # Connections are marked by their first packet, so those from before the rules have a lower mark or none.
        self._age += 1
        to_port = f"add rule inet lab arrive tcp dport {port}"
        mark = f"{to_port} tcp flags syn / syn,ack ct mark set {self._age}"
        for name in (self.inside, self.outside):
            self._nft(name, f"{mark}; {to_port} ct mark < {self._age} drop")

    def open_again(self) -> None:
        """Take all filters away."""
        for name in (self.inside, self.outside):
            self._nft(name, "flush table inet lab")

    def _rule(self, chain: str, host: str | None, port: int | None, protocol: str, verdict: str) -> None:
        family = "ip6" if host and ":" in host else "ip"
        to_host = f"{family} daddr {host} " if host else ""
        to_port = f"{protocol} dport {port} " if port else f"meta l4proto {protocol} "
        for name in (self.inside, self.outside):
            self._nft(name, f"add rule inet lab {chain} {to_host}{to_port}{verdict}")

    def _nft(self, name: str, rule: str) -> None:
        subprocess.run(["ip", "netns", "exec", name, "nft", rule], check=True, capture_output=True)

    # -- building

    def _make_tables(self) -> None:
        for name in (self.inside, self.outside):
            self._nft(
                name,
                "add table inet lab;"
                "add chain inet lab arrive { type filter hook prerouting priority 0; };"
                "add chain inet lab output { type filter hook output priority 0; }",
            )

    def _connect(self) -> None:
        if self._line:
            self._stack.enter_context(LongLine(self._line, self.inside, self.outside))
        else:
            near = ("line", "address", _MAC[INSIDE_V6], "netns", self.inside)
            far = ("line", "address", _MAC[OUTSIDE_V6], "netns", self.outside)
            _ip("link", "add", *near, "type", "veth", "peer", "name", *far)
        ends = ((self.inside, INSIDE, INSIDE_V6), (self.outside, OUTSIDE, OUTSIDE_V6))
        for name, address, address_v6 in ends:
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", "line")
            if self._ipv6:
                _ip("-n", name, "addr", "add", f"{address_v6}/64", "dev", "line", "nodad")
            _ip("-n", name, "link", "set", "line", "up")
        _ip("-n", self.inside, "route", "add", "default", "via", OUTSIDE)
        # Packets to addresses that are not there vanish, also where the computer around passes packets on (ip_forward).
        _ip("-n", self.outside, "route", "add", "blackhole", "default")
        if self._ipv6 and not self._line:  # known neighbours: a fresh link may lose the first question for one
            for name, other in ((self.inside, OUTSIDE_V6), (self.outside, INSIDE_V6)):
                _ip("-n", name, "neigh", "replace", other, "lladdr", _MAC[other], "dev", "line", "nud", "permanent")
        if self._ipv6:
            _ip("-n", self.inside, "route", "add", "default", "via", OUTSIDE_V6)
            _ip("-n", self.outside, "-6", "route", "add", "blackhole", "default")

    def _write_settings(self) -> None:
        folder = _SETTINGS / self.inside
        folder.mkdir(parents=True)
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        lines = [f"nameserver {address}" for address in self._nameservers]
        if self._search:
            lines.append(f"search {self._search}")
        (folder / "resolv.conf").write_text("".join(f"{line}\n" for line in lines))
        known = {"localhost": "127.0.0.1", "ip6-localhost": "::1", **self._hosts}
        (folder / "hosts").write_text("".join(f"{address} {name}\n" for name, address in known.items()))


def _no_address_probing() -> None:
    """IPv6 works from the first packet on, not after a second of looking for duplicates."""
    for which in ("all", "default"):
        setting = Path("/proc/sys/net/ipv6/conf", which, "accept_dad")
        if setting.exists():
            setting.write_text("0")


def _host_route(address: str) -> tuple[str]:
    return (f"{address}/{128 if ':' in address else 32}",)


def _nodad(address: str) -> tuple[str, ...]:
    return ("nodad",) if ":" in address else ()


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


@functools.cache
def _sweep() -> None:
    """Remove the namespaces of test runs that were killed."""
    for path in Path("/run/netns").glob(f"{_PREFIX}-*"):
        owner = path.name.split("-")[1]
        if owner.isdecimal() and not Path("/proc", owner).exists():
            subprocess.run(["ip", "netns", "del", path.name], capture_output=True, check=False)
            shutil.rmtree(_SETTINGS / path.name, ignore_errors=True)
