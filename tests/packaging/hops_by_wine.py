"""Checks by Windows' own Python, on its own loop, through hops of this computer; by wine, which shares its loopback.

Run by name in `dev.py test --windows`, which makes the Python that this takes.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import wine

from lab import peers, proxies, ssh_server
from lab.deployment import Deployment
from lab.ssh_server import Keys, Server, make_keys, sshd

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "build" / "hops-by-wine"
"""What both sides see: it is below the source."""
PROGRAM = r"""
import asyncio, runpy, sys, winreg
from clearline.core.hops.loop import HopLoop

assert issubclass(HopLoop, asyncio.ProactorEventLoop)
place = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"
name = "DefaultConnectionSettings"
with winreg.CreateKey(winreg.HKEY_CURRENT_USER, place) as key:
    winreg.SetValueEx(key, name, 0, winreg.REG_BINARY, bytes.fromhex(sys.argv[1]))
    try:
        sys.argv[:2] = ["clearline"]
        runpy.run_module("clearline", run_name="__main__", alter_sys=True)
    finally:
        winreg.DeleteValue(key, name)
"""
"""A command of Clearline, with settings of Windows for as long as it runs."""

Check = Callable[..., dict[str, Any]]


def settings(proxy: str = "", exceptions: str = "", script: str = "") -> bytes:
    """As Windows keeps them: a version, a count of changes, flags, and texts after their lengths."""
    flags = 1 | 2 * bool(proxy) | 4 * bool(script)
    texts = (struct.pack("<I", len(text)) + text.encode() for text in (proxy, exceptions, script))
    return struct.pack("<III", 0x46, 1, flags) + b"".join(texts) + bytes(32)


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    shutil.rmtree(SHARED, ignore_errors=True)
    SHARED.mkdir(parents=True)
    (SHARED / "program.py").write_text(PROGRAM)
    yield SHARED
    shutil.rmtree(SHARED)


@pytest.fixture
def check(shared: Path) -> Check:
    """The report of a check by Windows' Python, through ``via`` and with these settings of Windows."""
    machine = wine.Wine(ROOT / ".cache" / "wine", ROOT, lambda _: None)

    def checked(address: str, via: str, *words: str, windows: bytes = settings(), **environ: str) -> dict[str, Any]:
        program = [r"Z:\python\python.exe", r"Z:\source\build\hops-by-wine\program.py", windows.hex()]
        words = ("check", address, "--via", via, "--json", *words)
        environ = {"CLEARLINE_HOME": r"Z:\source\build\hops-by-wine\home", **environ}
        command = machine.command(*program, *words, **environ)
        ended = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=100, check=False)
        assert ended.stdout, ended.stderr
        report: dict[str, Any] = json.loads(ended.stdout)
        return report

    return checked


def connected(report: dict[str, Any], kind: str) -> None:
    assert report["verdict"] == "connected", report["findings"]
    assert [hop["kind"] for hop in report["hops"]] == [kind]
    assert {stage["status"] for stage in report["hops"][0]["stages"]} == {"passed"}


def cause(report: dict[str, Any]) -> str:
    assert report["verdict"] == "failed"
    return str(next(finding["cause"] for finding in report["findings"] if finding["severity"] == "failure"))


@pytest.fixture(scope="module")
def keys(shared: Path) -> Keys:
    return make_keys(shared)


@pytest.fixture(scope="module")
def bastion(keys: Keys) -> Iterator[Server]:
    with sshd(keys) as server:
        yield server


def ssh(server: Server, key: Path | None = None, password: str = "") -> str:
    login = f"{ssh_server.USER}:{password}" if password else ssh_server.USER
    named = f"?key=Z:/source/{key.relative_to(ROOT)}" if key else ""
    return f"ssh://{login}@127.0.0.1:{server.port}{named}"


def trusting(server: Server) -> list[str]:
    return ["--accept-host-key", server.keys.host.get_fingerprint()]


def test_through_socks(check: Check, standalone: Deployment, replica_set: Deployment) -> None:
    with proxies.microsocks(login=True) as port:
        way = f"socks5://{proxies.USER}:{proxies.PASSWORD}@127.0.0.1:{port}"
        connected(check(standalone.address, way), "socks5")
        report = check(replica_set.uri(), way)
        connected(report, "socks5")
        assert len(report["servers"]) == len(replica_set.servers)
        assert cause(check(standalone.address, way.replace(proxies.PASSWORD, "wrong"))) == "socks.login-refused"
    with proxies.dante() as port:
        connected(check(standalone.address, f"socks5://127.0.0.1:{port}"), "socks5")


@pytest.fixture
def over_tls(shared: Path, tls_server: Deployment) -> str:
    """The address of a server whose certificate is verified."""
    assert tls_server.ca_file is not None
    authority = shutil.copy(tls_server.ca_file, shared / "authority.pem")
    return tls_server.uri(tlsCAFile=f"Z:/source/{authority.relative_to(ROOT)}")


def test_through_an_http_proxy(check: Check, standalone: Deployment, over_tls: str) -> None:
    with proxies.squid(login=True) as port:
        way = f"http://{proxies.USER}:{proxies.PASSWORD}@127.0.0.1:{port}"
        connected(check(standalone.address, way), "http")
        connected(check(over_tls, way), "http")
        assert cause(check(standalone.address, way.replace(proxies.PASSWORD, "wrong"))) == "proxy.login-refused"
    with proxies.tinyproxy() as port:
        connected(check(standalone.address, f"http://127.0.0.1:{port}"), "http")
        # Windows itself is asked for a ticket: by wine it has none.
        assert cause(check(standalone.address, f"http://:@127.0.0.1:{port}")) == "proxy.no-ticket"


def test_through_ssh_by_key_and_by_password(
    check: Check, bastion: Server, standalone: Deployment, over_tls: str
) -> None:
    trusted = trusting(bastion)
    connected(check(standalone.address, ssh(bastion, bastion.keys.known), *trusted), "ssh")
    connected(check(over_tls, ssh(bastion, bastion.keys.known), *trusted), "ssh")
    connected(check(standalone.address, ssh(bastion, password=ssh_server.PASSWORD), *trusted), "ssh")
    protected = ssh(bastion, bastion.keys.protected)
    passphrase = ["--secret-env", "hop.0.passphrase=OPENS"]
    connected(check(standalone.address, protected, *trusted, *passphrase, OPENS=ssh_server.PASSPHRASE), "ssh")


def test_what_an_ssh_server_refuses_has_its_cause(check: Check, bastion: Server, standalone: Deployment) -> None:
    trusted = trusting(bastion)
    assert cause(check(standalone.address, ssh(bastion, bastion.keys.stranger), *trusted)) == "ssh.key-refused"
    assert cause(check(standalone.address, ssh(bastion, password="wrong"), *trusted)) == "ssh.password-refused"
    with peers.closed_port() as dead:
        assert cause(check(standalone.address, f"ssh://someone@127.0.0.1:{dead}")) == "hop.refused"


def test_as_the_settings_of_windows_say(check: Check, standalone: Deployment) -> None:
    with proxies.squid() as port, peers.closed_port() as dead:
        way = settings(f"127.0.0.1:{port}", "<-loopback>")
        connected(check(standalone.address, "system", windows=way, NO_PROXY="db.example.com"), "http")
        way = settings(f"127.0.0.1:{dead}", "<-loopback>")
        assert cause(check(standalone.address, "system", windows=way)) == "hop.refused"
        way = settings(f"127.0.0.1:{dead}", "10.*;127.*;<-loopback>")
        report = check(standalone.address, "system", windows=way, NO_PROXY="db.example.com")
        assert report["verdict"] == "connected", report["findings"]


@contextlib.contextmanager
def script(text: str) -> Iterator[str]:
    """The address of a proxy script."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/x-ns-proxy-autoconfig")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/proxy.pac"
        finally:
            server.shutdown()
            thread.join()


def test_as_a_proxy_script_says_that_windows_evaluates(check: Check, standalone: Deployment) -> None:
    with proxies.squid() as port:
        with script(f'function FindProxyForURL(url, host) {{ return "PROXY 127.0.0.1:{port}"; }}') as place:
            connected(check(standalone.address, "system", windows=settings(script=place)), "http")
    with script("function FindProxyForURL(url, host) { return ") as place:
        report = check(standalone.address, "system", windows=settings(script=place))
        assert cause(report) == "proxy.pac-broken"
