"""Real proxies on this computer: microsocks, dante, squid, tinyproxy. Each is a context manager that gives its port.

Their packages are in packaging/dev.py (PROGRAMS). They run in the foreground, on loopback, with files in a folder of
their own that everybody may read: some of them give up root first.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.peers import closed_port

USER, PASSWORD = "walker", "proxy-secret"
_READY_S = 20.0


@contextmanager
def microsocks(*, login: bool = False, hosts: str | None = None) -> Iterator[int]:
    """A SOCKS5 proxy that allows everything; with ``login`` only to `USER`.

    ``hosts`` is what it alone finds in /etc/hosts (Linux, root).
    """
    with closed_port() as port:
        pass
    with _folder() as folder:
        wanted = ["-u", USER, "-P", PASSWORD] if login else []
        command = ["microsocks", "-i", "127.0.0.1", "-p", str(port), *wanted]
        if hosts is not None:
            (folder / "hosts").write_text(hosts)
            mount = f'mount --make-rprivate / && mount --bind {folder}/hosts /etc/hosts && exec "$@"'
            command = ["unshare", "-m", "sh", "-c", mount, "sh", *command]
        with _running(command, port):
            yield port


@contextmanager
def dante(*, blocked_port: int | None = None) -> Iterator[int]:
    """A SOCKS5 proxy with rules: it does not open ``blocked_port``."""
    rule = "socks {verdict} {{ from: 0.0.0.0/0 to: 0.0.0.0/0 {port} }}\n"
    rules = rule.format(verdict="block", port=f"port = {blocked_port}") if blocked_port else ""
    with closed_port() as port, _folder() as folder:
        config = folder / "danted.conf"
        config.write_text(
            f"errorlog: {folder / 'log'}\ninternal: 127.0.0.1 port = {port}\nexternal: 127.0.0.1\n"
            "socksmethod: none\nclientmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\n"
            "client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }\n" + rules + rule.format(verdict="pass", port="")
        )
        with _running(["danted", "-f", str(config), "-p", str(folder / "pid"), "-N", "1"], port):
            yield port


@contextmanager
def squid(
    *,
    login: bool = False,
    ntlm: bool = False,
    rules: str = "http_access allow all",
    hosts: str = "",
    name_server: str = "127.0.0.1",
    environ: Mapping[str, str] | None = None,
) -> Iterator[int]:
    """An HTTP proxy. ``rules`` are lines of its configuration; with ``login`` only `USER` gets to them.

    ``hosts`` is what it finds in its file of hosts, ``name_server`` an address where port 53 is asked for others.

    With ``ntlm`` all who go through NTLM get to them, whatever their password: its helper for tests checks none.
    """
    with closed_port() as port, _folder() as folder:
        auth = ""
        if login:
            hashed = subprocess.run(
                ["openssl", "passwd", "-apr1", PASSWORD], check=True, capture_output=True, text=True
            ).stdout
            (folder / "users").write_text(f"{USER}:{hashed}")
            auth = (
                f"auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder / 'users'}\n"
                "acl signed proxy_auth REQUIRED\nhttp_access deny !signed\n"
            )
        if ntlm:
            auth = (
                "auth_param ntlm program /usr/lib/squid/ntlm_fake_auth\n"
                "acl signed proxy_auth REQUIRED\nhttp_access deny !signed\n"
            )
        (folder / "hosts").write_text(f"127.0.0.1 localhost\n{hosts}\n")
        config = folder / "squid.conf"
        config.write_text(
            f"http_port 127.0.0.1:{port}\npid_filename {folder / 'pid'}\ncache_log {folder / 'log'}\naccess_log none\n"
            f"cache deny all\ncoredump_dir {folder}\nshutdown_lifetime 0 seconds\npinger_enable off\n"
            f"workers 1\ndns_nameservers {name_server}\nhosts_file {folder / 'hosts'}\nacl everything src all\n"
            f"{auth}{rules}\n"
        )
        folder.chmod(0o777)  # it gives up root for the user proxy
        command = ["squid", "-N", "-f", str(config)]
        with _running(command, port, at_once=True, environ=environ):  # it takes two seconds to say goodbye
            yield port


@contextmanager
def tinyproxy(*, connect_port: int | None = None) -> Iterator[int]:
    """An HTTP proxy that allows CONNECT to one port only, or to all."""
    with closed_port() as port, _folder() as folder:
        config = folder / "tinyproxy.conf"
        allowed = f"ConnectPort {connect_port}\n" if connect_port else ""
        config.write_text(f"Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nAllow 127.0.0.1\n{allowed}")
        with _running(["tinyproxy", "-d", "-c", str(config)], port):
            yield port


def missing(*programs: str) -> str:
    """Those of the programs that are not installed, as the reason to skip a test; empty when all are there."""
    absent = [program for program in programs if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="clearline-proxy-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(
    command: Sequence[str], port: int, *, at_once: bool = False, environ: Mapping[str, str] | None = None
) -> Iterator[None]:
    if sys.platform != "linux" and (reason := missing(command[0])):
        pytest.skip(reason)  # Linux has them all: there a missing one is a failure
    around = {**os.environ, **(environ or {})}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=around)
    try:
        wait_until_open(port, process)
        yield
    finally:
        (process.kill if at_once else process.terminate)()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until the process listens on that port of 127.0.0.1. Raises RuntimeError."""
    pause = threading.Event()
    for _ in range(int(_READY_S / 0.02)):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause.wait(0.02)
    raise RuntimeError(f"{process.args!r} does not listen on port {port}")
