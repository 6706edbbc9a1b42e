"""What the servers are reached through: one value per hop, without any secret.

A hop's passwords are filed under its place in the profile (``core.secrets.secret.hop_password`` and its neighbours).
"""

from __future__ import annotations

from typing import Literal

from clearline.core.profiles.section import Port, Section


class Socks5Proxy(Section, frozen=True, kw_only=True, tag_field="kind", tag="socks5"):
    """A SOCKS5 proxy (RFC 1928); with ``user`` it is logged in to by password, which lives in the vault."""

    host: str
    port: Port = 1080
    user: str | None = None


ProxyLogin = Literal["none", "basic", "kerberos"]


class HttpProxy(Section, frozen=True, kw_only=True, tag_field="kind", tag="http"):
    """An HTTP proxy that is asked for a tunnel (CONNECT); ``tls`` encrypts the way to the proxy itself.

    ``login``: *basic* sends user and password, *kerberos* the ticket of the user who is signed in to this computer.
    """

    host: str
    port: Port = 3128
    tls: bool = False
    user: str | None = None
    login: ProxyLogin = "none"


Hop = Socks5Proxy | HttpProxy
