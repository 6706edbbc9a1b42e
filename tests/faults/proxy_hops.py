"""Faults of SOCKS and HTTP proxies (``X``, ``P``), of Kubernetes (``K``) and of Docker's names (``D``)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

from clearline.core.profiles.hop import HttpProxy, KubernetesForward, Socks5Proxy, SystemProxy
from clearline.core.profiles.profile import Tls
from clearline.core.secrets.secret import hop_password
from faults.hop_fault import FAR, HERE, HopCase, HopLaboratory, HopTable
from lab import kubernetes_api, peers, proxies
from lab.certificates import Authority, server_context
from lab.contained_member import contained
from lab.dns_server import DnsServer
from lab.meddling_proxies import MeddlingProxy
from lab.pac_script import evaluated
from lab.peer import Conversation, Peer

TABLE = HopTable()
WRONG = {hop_password(0): "wrong-password-9Xk"}
_NAME_SERVER = "127.0.0.153"
"""An address of this computer whose port 53 is free."""


def _socks(port: int, *hosts: str, user: str | None = None, **more: Any) -> HopCase:
    return HopCase([Socks5Proxy(host=HERE, port=port, user=user)], hosts or ("db.example.com:27017",), **more)


def _http(port: int, *hosts: str, **more: Any) -> HopCase:
    return HopCase([HttpProxy(host=HERE, port=port)], hosts or ("db.example.com:27017",), **more)


def _logged_in(port: int) -> HopCase:
    return HopCase([HttpProxy(host=HERE, port=port, user=proxies.USER, login="basic")], secrets=WRONG)


# ---------------------------------------------------------------- SOCKS5


TABLE.plain("X01", "a login is wanted", "microsocks", "socks.login-required", lambda lab: _socks(lab.closed_socks))
TABLE.plain(
    "X02",
    "a wrong password",
    "microsocks",
    "socks.login-refused",
    lambda lab: _socks(lab.closed_socks, user=proxies.USER, secrets=WRONG),
)


@TABLE.row("X03", "a rule forbids the target", "dante", "socks.not-allowed")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with proxies.dante(blocked_port=lab.closed) as port:
        yield _socks(port, f"10.255.255.1:{lab.closed}")


@TABLE.row("X04", "it does not know the name", "dante", "socks.name-unknown")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with proxies.dante() as port:
        yield _socks(port, "m9.far.invalid:27017")


TABLE.plain(
    "X06",
    "nothing listens behind it",
    "microsocks",
    "socks.far-refused",
    lambda lab: _socks(lab.socks, f"{FAR}:{lab.closed}"),
)


@TABLE.row("X09", "it connects to no IPv6 addresses", "dante", "socks.address-type")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with proxies.dante() as port:
        yield _socks(port, "[fd00::1]:27017")


@TABLE.row("X10", "an error without a name", "scripted", "socks.failed")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(b"\x05\x00")
        await line.read()
        await line.write(bytes([5, 9, 0, 1, 0, 0, 0, 0, 0, 0]))
        await line.until_closed()

    with Peer(script) as peer:
        yield _socks(peer.port)


@TABLE.row("X11", "it picks a login that was not offered", "scripted", "socks.login-required")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with peers.answering(b"\x05\x01") as peer:
        yield _socks(peer.port)


# ---------------------------------------------------------------- HTTP


TABLE.plain("P01", "a login is wanted", "squid", "proxy.login-required", lambda lab: _http(lab.closed_squid))
TABLE.plain("P02", "a wrong password", "squid", "proxy.login-refused", lambda lab: _logged_in(lab.closed_squid))


def _answering(head: bytes) -> Callable[[Conversation], Any]:
    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(head + b"Content-Length: 0\r\n\r\n")
        await line.until_closed()

    return script


@TABLE.row("P03", "it takes other logins only", "scripted", "proxy.login-scheme")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    schemes = b"Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n"
    with Peer(_answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n" + schemes)) as peer:
        yield _logged_in(peer.port)


@TABLE.row("P04", "it takes a login only that is not known here", "scripted", "proxy.login-scheme")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    scheme = b'Proxy-Authenticate: Digest realm="x", nonce="y"\r\n'
    with Peer(_answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n" + scheme)) as peer:
        yield _http(peer.port)


TABLE.plain(
    "P06",
    "it opens port 443 only",
    "squid",
    "proxy.port-forbidden",
    lambda lab: _http(lab.only_443, f"{FAR}:27017"),
)


@TABLE.row("P07", "it forbids the host", "squid", "proxy.host-forbidden")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    rules = "acl inside dstdomain .far.test\nhttp_access deny inside\nhttp_access allow all"
    with proxies.squid(rules=rules) as port:
        yield _http(port, f"{FAR}:27017")


@TABLE.row("P08", "it does not know the name", "squid with a name server", "proxy.name-unknown")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with DnsServer(host=_NAME_SERVER, port=53) as server, proxies.squid(name_server=server.host) as port:
        yield _http(port, "m9.far.test:27017")


TABLE.plain(
    "P09",
    "nothing listens behind it",
    "squid",
    "proxy.far-refused",
    lambda lab: _http(lab.squid, f"{FAR}:{lab.closed}"),
)


@TABLE.row("P11", "a web server where the proxy should be", "Python's http.server", "proxy.no-connect")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with (
        mock.patch.object(SimpleHTTPRequestHandler, "log_message"),
        ThreadingHTTPServer((HERE, 0), SimpleHTTPRequestHandler) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield _http(server.server_address[1])
        server.shutdown()


@TABLE.row("P13", "it breaks TLS open", "scripted, before a real mongod", "proxy.intercepts-tls")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    folder = lab.folder / "gate"
    folder.mkdir()
    gate = Authority(folder, "Corporate TLS inspection CA", "Zscaler Inc.")
    with MeddlingProxy(lab.standalone.address, tls=server_context(gate.server(FAR))) as proxy:
        yield _http(proxy.port, f"{FAR}:27017", tls=Tls(enabled=True))


@TABLE.row("P15", "it ends quiet lines after 1 s (by a watch)", "scripted, before a real mongod", "proxy.idle-limit")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with MeddlingProxy(lab.standalone.address, idle_s=1.0) as proxy:
        yield _http(proxy.port, f"{FAR}:27017", watched=True)


@TABLE.row("P16", "it is overloaded", "scripted", "proxy.overloaded")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with Peer(_answering(b"HTTP/1.1 504 Gateway Timeout\r\nVia: 1.1 gate\r\n")) as peer:
        yield _http(peer.port)


@TABLE.row("P17", "its script has a mistake", "a stand-in for WinHTTP and CFNetwork", "proxy.pac-broken")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with evaluated({}):
        yield HopCase([SystemProxy()])


@TABLE.row("P18", "NO_PROXY excepts the host", "this computer's environment", "proxy.bypassed")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    environ = {"ALL_PROXY": f"http://{HERE}:{lab.squid}", "NO_PROXY": f"example.com, {HERE}"}
    with mock.patch.dict("os.environ", environ):
        yield HopCase([SystemProxy()], [f"{HERE}:{lab.closed}"])


@TABLE.row("P19", "its certificate is not trusted", "a TLS server with a private authority", "proxy.unknown-ca")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    host, _, port = lab.tls_server.address.rpartition(":")
    yield HopCase([HttpProxy(host=host, port=int(port), tls=True)])


@TABLE.row("P20", "it speaks TLS and is spoken to plainly", "a TLS server", "proxy.wants-tls")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    host, _, port = lab.tls_server.address.rpartition(":")
    yield HopCase([HttpProxy(host=host, port=int(port))])


TABLE.plain(
    "P21",
    "it does not open the SSH server's port",
    "squid before OpenSSH",
    "proxy.port-forbidden",
    lambda lab: HopCase([HttpProxy(host=HERE, port=lab.only_443), lab.bastion.hop()]),
    hop=1,
)


# ---------------------------------------------------------------- Kubernetes, Docker


def _pods(lab: HopLaboratory, script: Callable[[Conversation], Any], *hosts: str) -> HopCase:
    return HopCase([KubernetesForward(kubeconfig=lab.kubeconfig(script))], hosts, direct=len(hosts) == 1 or None)


def _status(id: str, title: str, status: str, cause: str) -> None:
    script = kubernetes_api.answering(status)
    TABLE.plain(id, title, "a scripted API server", cause, lambda lab: _pods(lab, script, "mongo-0:27017"))


_status("K01", "the login is refused", "401 Unauthorized", "k8s.login-refused")
_status("K02", "no right to forward ports", "403 Forbidden", "k8s.forbidden")
_status("K03", "there is no such pod", "404 Not Found", "k8s.pod-not-found")
TABLE.plain(
    "K05",
    "nothing listens in the pod",
    "a scripted API server",
    "k8s.far-refused",
    lambda lab: _pods(lab, kubernetes_api.refusing(27018), "mongo-0:27018"),
)
TABLE.plain(
    "K07",
    "the set announces a name that is no pod",
    "a scripted API server",
    "k8s.member-unmapped",
    lambda lab: _pods(lab, kubernetes_api.answering("404 Not Found"), "db.example.com:27017"),
)


@TABLE.row("D01", "members announce names of containers", "a real set with such names", "topology.internal-names")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    folder = lab.folder / "contained"
    folder.mkdir()
    with contained(folder, "mongo-1") as server:
        yield HopCase((), [f"{HERE}:{server.port}"], replica_set="rs0")
