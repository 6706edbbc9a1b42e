"""A hop written as one line, as ``--via`` and the proxy variables of a shell have it: ``socks5://user@host:1080``."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from clearline.core.profiles.hop import Hop, HttpProxy, KubernetesForward, Socks5Proxy, SshServer, SystemProxy
from clearline.core.secrets.secret import Secret

SYSTEM: Final = "system"
"""What this computer's settings say."""
_SOCKS: Final = ("socks5", "socks5h")
_HTTP: Final = ("http", "https")
_NTLM: Final = "login=ntlm"
_KUBERNETES: Final = "k8s"
_SSH: Final = "ssh"
_SSH_PORT: Final = 22
_PORTS: Final = {"http": 3128, "https": 443}


def hop_of(text: str) -> tuple[Hop, Secret | None]:
    """The hop that a URL names, and the password in it. Raises `ValueError` with a sentence without the password.

    Kerberos at an HTTP proxy is asked for by a user ``:``, as curl has it: ``http://:@proxy.example.com:3128``; NTLM by
    ``?login=ntlm`` at the end.
    """
    if text.strip().lower() == SYSTEM:
        return SystemProxy(), None
    if text.strip().lower().startswith(f"{_KUBERNETES}:"):
        context, _, namespace = text.strip()[len(_KUBERNETES) + 1 :].removeprefix("//").partition("/")
        hop = KubernetesForward(context=unquote(context) or None, namespace=unquote(namespace) or None)
        return hop, None
    parts = urlsplit(text.strip())
    kinds = ", ".join(f"{scheme}://" for scheme in (_SSH, "socks5", *_HTTP, _KUBERNETES))
    if parts.scheme not in (_SSH, *_SOCKS, *_HTTP):
        raise ValueError(f"A hop begins with one of {kinds}, or is the word {SYSTEM}.")
    if "@" in parts.path + parts.query + parts.fragment:
        raise ValueError("In the user and the password of a hop, /, ? and # are written %2F, %3F and %23.")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("The port of a hop is a number from 1 to 65535.") from None
    if port == 0:
        raise ValueError("The port of a hop is a number from 1 to 65535.")
    if not parts.hostname:
        raise ValueError(f"A hop names a host: {parts.scheme}://proxy.example.com.")
    if parts.scheme == _SSH and not parts.fragment and parts.path in ("", "/"):
        return _ssh(parts)
    ntlm = parts.scheme in _HTTP and parts.query == _NTLM
    if parts.path not in ("", "/") or (parts.query and not ntlm) or parts.fragment:
        raise ValueError("Nothing may follow the port of a hop.")
    user = unquote(parts.username) if parts.username else None
    password = Secret(unquote(parts.password)) if parts.password else None
    if parts.scheme in _SOCKS:
        return Socks5Proxy(host=parts.hostname, port=port or 1080, user=user), password
    ticket = parts.username == "" and parts.password == ""
    return (
        HttpProxy(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            tls=parts.scheme == "https",
            user=user,
            login="ntlm" if ntlm else "basic" if user else "kerberos" if ticket else "none",
        ),
        password,
    )


def _ssh(parts: SplitResult) -> tuple[Hop, Secret | None]:
    """As ``ssh`` takes the name: ``~/.ssh/config`` may know it as a Host. ``?key=FILE`` names the private key."""
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    key = given.pop("key", None)
    if given:
        raise ValueError("After the port of an SSH server only ?key=FILE may follow.")
    assert parts.hostname is not None
    hop = SshServer(
        host=parts.hostname,
        port=parts.port or _SSH_PORT,
        user=unquote(parts.username) if parts.username else None,
        key_file=key or None,
        config_alias=parts.hostname,
    )
    return hop, Secret(unquote(parts.password)) if parts.password else None


def place_of(hop: Hop) -> str:
    """Where a hop is, in words: ``bastion:22``."""
    return hop.host if isinstance(hop, SystemProxy | KubernetesForward) else f"{hop.host}:{hop.port}"


def url_of(hop: Hop) -> str:
    """The URL that `hop_of` reads as this hop, without a password."""
    if isinstance(hop, SystemProxy):
        return SYSTEM
    if isinstance(hop, KubernetesForward):
        return f"{_KUBERNETES}://{quote(hop.context or '', safe='')}/{quote(hop.namespace or '', safe='')}".rstrip("/")
    host = f"[{hop.host}]" if ":" in hop.host else hop.host
    user = f"{quote(hop.user, safe='')}@" if hop.user is not None else ""
    if isinstance(hop, SshServer):
        key = f"?key={quote(hop.key_file)}" if hop.key_file is not None else ""
        return f"ssh://{user}{host}{'' if hop.port == _SSH_PORT else f':{hop.port}'}{key}"
    if isinstance(hop, Socks5Proxy):
        return f"socks5://{user}{host}:{hop.port}"
    if hop.login == "kerberos":
        user = ":@"
    end = f"?{_NTLM}" if hop.login == "ntlm" else ""
    return f"{'https' if hop.tls else 'http'}://{user}{host}:{hop.port}{end}"
