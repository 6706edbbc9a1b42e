"""The SSH tunnel of another program's connection as a hop."""

from __future__ import annotations

from typing import Any, Final

from clearline.core.exchange.imported import one_line
from clearline.core.profiles.hop import SshLogin, SshServer
from clearline.core.secrets.secret import Secret, hop_passphrase, hop_password

_PORT: Final = 22


def ssh_hop(
    host: Any, port: Any, user: Any, key_file: Any, *, login: tuple[SshLogin, ...] | None = None
) -> SshServer | None:
    """The SSH server of a tunnel; None where it names no host. Without ``login`` the key says how it is logged in to.

    Those programs check no host key: here it is asked about once.
    """
    name, key = one_line(host), one_line(key_file)
    if not name:
        return None
    ways: tuple[SshLogin, ...] = ("key", "interactive") if key else ("password", "interactive")
    return SshServer(
        host=name,
        port=port_of(port, _PORT),
        user=one_line(user) or None,
        login=login or ways,
        key_file=key or None,
    )


def port_of(value: Any, usual: int) -> int:
    """A port as a number or text of a file has it; the usual one for anything else."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 and 0 < int(text) < 65536 else usual


def hop_secrets_of(password: Any, passphrase: Any, *, place: int = 0) -> dict[str, Secret]:
    """The secrets of the hop at a place, as far as there are any."""
    given = {hop_password(place): password, hop_passphrase(place): passphrase}
    return {name: Secret(text) for name, text in given.items() if isinstance(text, str) and text}
