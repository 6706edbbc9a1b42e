"""Real SSH servers: OpenSSH on loopback, with a user of its own that exists nowhere else (Linux, root).

``with sshd(AllowTcpForwarding="no") as server`` starts one. It lives in a mount namespace in which `USER` is in the
files of users and passwords; this computer's own files stay as they are.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from clearline.core.profiles.hop import SshLogin, SshServer
from lab.loop_thread import LoopThread
from lab.peers import closed_port
from lab.proxies import wait_until_open

USER, PASSWORD = "walker", "ssh-secret-of-walker"
PASSPHRASE = "opens-the-key"
_UID = 61234


@functools.cache
def unavailable() -> str | None:
    """Why this computer cannot start an SSH server with a user of its own; None if it can."""
    if sys.platform != "linux":
        return "the laboratory's SSH server needs Linux"
    if os.geteuid() != 0:
        return "a user of its own for the SSH server needs root"
    if shutil.which("sshd", path=_PATH) is None:
        return "not installed: sshd"
    tried = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return f"this kernel refuses mount namespaces: {tried.stderr!r}" if tried.returncode else None


_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


@dataclass(frozen=True)
class Keys:
    """Private keys in files, all for tests alone. ``known`` may log in, ``stranger`` may not."""

    folder: Path
    known: Path
    stranger: Path
    protected: Path
    rsa: Path
    host: asyncssh.SSHKey
    authority: asyncssh.SSHKey

    @property
    def authorized(self) -> str:
        """The lines of authorized_keys."""
        return "".join(f"{_public(path)}\n" for path in (self.known, self.protected, self.rsa))


def _public(path: Path) -> str:
    return Path(f"{path}.pub").read_text().strip()


def make_key(path: Path, kind: str = "ssh-ed25519", passphrase: str | None = None) -> Path:
    """A key in a file, and its public half beside it."""
    key = asyncssh.generate_private_key(kind, comment=path.name, **({"key_size": 2048} if kind == "ssh-rsa" else {}))
    key.write_private_key(path, passphrase=passphrase)
    path.chmod(0o600)
    key.write_public_key(f"{path}.pub")
    return path


def make_keys(folder: Path) -> Keys:
    """A set of keys in a folder."""
    return Keys(
        folder=folder,
        known=make_key(folder / "known"),
        stranger=make_key(folder / "stranger"),
        protected=make_key(folder / "protected", passphrase=PASSPHRASE),
        rsa=make_key(folder / "rsa", "ssh-rsa"),
        host=asyncssh.generate_private_key("ssh-ed25519"),
        authority=asyncssh.generate_private_key("ssh-ed25519"),
    )


@dataclass(frozen=True)
class Server:
    """A running SSH server."""

    port: int
    keys: Keys
    known_hosts: Path
    pid: int

    def hop(
        self,
        *,
        login: tuple[SshLogin, ...] = ("key",),
        key: Path | None = None,
        user: str = USER,
        known_hosts: Path | None = None,
        **fields: object,
    ) -> SshServer:
        """A hop through it, by the key that may log in unless told otherwise."""
        return SshServer(
            host="127.0.0.1",
            port=self.port,
            user=user,
            login=login,
            key_file=str(key or self.keys.known) if "key" in login else None,
            known_hosts=str(known_hosts or self.known_hosts),
            **fields,  # type: ignore[arg-type]
        )

    def children(self) -> list[int]:
        """The processes of its sessions."""
        listed = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True, check=False).stdout
        return [int(word) for word in listed.split()]

    def all_of_them(self) -> list[int]:
        """The processes of its sessions, and those that they have started."""
        found = waiting = self.children()
        while waiting:
            listed = subprocess.run(
                ["pgrep", "-P", ",".join(map(str, waiting))], capture_output=True, text=True, check=False
            )
            waiting = [int(word) for word in listed.stdout.split()]
            found = [*found, *waiting]
        return found

    def end_sessions(self) -> None:
        """Kill every session, and leave the server itself alive."""
        for child in self.all_of_them():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


@contextlib.contextmanager
def sshd(
    keys: Keys,
    *,
    host_key: asyncssh.SSHKey | None = None,
    port: int | None = None,
    files: Mapping[str, str] | None = None,
    **config: str,
) -> Iterator[Server]:
    """Start one; ``config`` are options of sshd_config(5), ``files`` what it alone finds in files as /etc/hosts."""
    if port is None:
        with closed_port() as port:
            pass
    folder = Path(tempfile.mkdtemp(prefix="clearline-sshd-"))
    folder.chmod(0o755)
    shown = keys.host
    try:
        shown.write_private_key(folder / "host")
        (folder / "host").chmod(0o600)
        (folder / "authorized").write_text(keys.authorized)
        shown.write_public_key(folder / "host.pub")
        public = (folder / "host.pub").read_text()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
        (folder / "authority.pub").write_bytes(keys.authority.export_public_key())
        options = {
            "Port": str(port),
            "ListenAddress": "127.0.0.1",
            "HostKey": str(folder / "host"),
            "PidFile": "none",
            "StrictModes": "no",
            "UsePAM": "no",
            "PasswordAuthentication": "yes",
            "KbdInteractiveAuthentication": "no",
            "AuthorizedKeysFile": str(folder / "authorized"),
            "TrustedUserCAKeys": str(folder / "authority.pub"),
            "MaxStartups": "100",
            "LogLevel": "ERROR",
            **config,
        }
        (folder / "config").write_text("".join(f"{name} {value}\n" for name, value in options.items()))
        _write_users(folder)
        own = ""
        for number, (path, text) in enumerate((files or {}).items()):
            (folder / f"file{number}").write_text(text)
            own += f"mount --bind {folder}/file{number} {path} && "
        script = (
            "mount --make-rprivate / && mkdir -p /run/sshd && "
            f"mount --bind {folder}/passwd /etc/passwd && mount --bind {folder}/shadow /etc/shadow && {own}"
            f"exec {shutil.which('sshd', path=_PATH)} -D -e -f {folder}/config"
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdin=subprocess.DEVNULL, stderr=log)
        server = Server(port, keys, folder / "known_hosts", process.pid)
        try:
            wait_until_open(port, process)
            yield server
        finally:
            children = server.all_of_them()
            process.terminate()
            process.wait(60)
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_users(folder: Path) -> None:
    hashed = subprocess.run(
        ["openssl", "passwd", "-5", "-salt", "clearline", PASSWORD], check=True, capture_output=True, text=True
    ).stdout.strip()
    home = folder / "home"
    home.mkdir()
    os.chown(home, _UID, _UID)
    users = Path("/etc/passwd").read_text()
    (folder / "passwd").write_text(f"{users.rstrip()}\n{USER}:x:{_UID}:{_UID}::{home}:/bin/sh\n")
    (folder / "passwd").chmod(0o644)
    (folder / "shadow").write_text(f"root:*:19000::::::\n{USER}:{hashed}:19000:0:99999:7:::\n")
    (folder / "shadow").chmod(0o600)


class _Library(LoopThread):
    def __init__(self, keys: Keys, factory: type[asyncssh.SSHServer], options: dict[str, Any]) -> None:
        super().__init__()
        self._keys, self._factory, self._options = keys, factory, options

    async def open(self) -> None:
        self.listener = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=self._factory, server_host_keys=[self._keys.host], **self._options
        )

    async def close(self) -> None:
        self.listener.close()
        await self.listener.wait_closed()


@contextlib.contextmanager
def by_asyncssh(keys: Keys, factory: type[asyncssh.SSHServer], **options: Any) -> Iterator[Server]:
    """A server of asyncssh's, for what OpenSSH cannot be made to do; ``options`` are those of ``asyncssh.listen``."""
    with tempfile.TemporaryDirectory(prefix="clearline-asyncssh-") as folder, _Library(keys, factory, options) as made:
        port = made.listener.get_port()
        known_hosts = Path(folder, "known_hosts")
        known_hosts.write_text(f"[127.0.0.1]:{port} {keys.host.export_public_key().decode()}")
        yield Server(port, keys, known_hosts, os.getpid())


@contextlib.contextmanager
def agent(*keys: Path) -> Iterator[str]:
    """An ssh-agent that holds keys; the path of its socket."""
    with tempfile.TemporaryDirectory(prefix="clearline-agent-") as folder:
        place = f"{folder}/agent"
        process = subprocess.Popen(
            ["ssh-agent", "-D", "-a", place],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            pause = threading.Event()
            while not Path(place).exists():
                assert process.poll() is None
                pause.wait(0.01)
            for key in keys:
                subprocess.run(["ssh-add", "-q", str(key)], check=True, env={**os.environ, "SSH_AUTH_SOCK": place})
            yield place
        finally:
            process.terminate()
            process.wait(60)
