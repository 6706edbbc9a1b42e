"""The SSH tunnel of another program's connection as a hop."""

from __future__ import annotations

from typing import Any

from clearline.core.exchange.imported import one_line
from clearline.core.profiles.hop import SshLogin, SshServer
from clearline.core.secrets.secret import Secret, hop_passphrase, hop_password

_PORT = 22


def ssh_hop(host: Any, port: Any, user: Any, key_file: Any) -> SshServer | None:
    """The SSH server of a tunnel; None where it names no host.

    Those programs check no host key: here it is asked about once.
    """
    name, key = one_line(host), one_line(key_file)
    if not name:
        return None
    number = int(port) if str(port).isdecimal() and 0 < int(port) < 65536 else _PORT
    login: tuple[SshLogin, ...] = ("key", "interactive") if key else ("password", "interactive")
    return SshServer(host=name, port=number, user=one_line(user) or None, login=login, key_file=key or None)


def hop_secrets_of(password: Any, passphrase: Any) -> dict[str, Secret]:
    """The secrets of the first hop, as far as there are any."""
    given = {hop_password(0): password, hop_passphrase(0): passphrase}
    return {name: Secret(text) for name, text in given.items() if isinstance(text, str) and text}
