"""Signing in at an HTTP proxy: Basic (RFC 7617), Negotiate (RFC 4559) and NTLM (MS-NTHT)."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Sequence
from typing import Any, Final, Protocol

from clearline.core.profiles.hop import ProxyLogin
from clearline.core.secrets.secret import Secret

_LISTED: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
"""One of a list whose commas may stand in quotes, too."""
_SCHEME: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]+([^ \t=].*))?")
"""A scheme, alone or with what follows it; no parameter, which has a ``=`` behind its name."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def challenges(values: Sequence[str]) -> dict[str, str]:
    """The schemes of Proxy-Authenticate, as they are written, each with its token (RFC 9110, section 11.6.1).

    One header may list several. Empty for a scheme without a token, and for what is none (RFC 4559: base64).
    """
    found: dict[str, str] = {}
    for value in values:
        for one in _LISTED.findall(value):
            if (match := _SCHEME.fullmatch(one.strip())) is not None:
                token = match.group(2) or ""
                found.setdefault(match.group(1), token if _TOKEN.fullmatch(token) and len(token) % 4 == 0 else "")
    return found


class NoTicket(Exception):
    """This computer has nothing to sign in with. ``major`` and ``minor`` are GSSAPI's numbers."""

    def __init__(self, what: str, major: int | None = None, minor: int | None = None) -> None:
        super().__init__(what)
        self.what, self.major, self.minor = what, major, minor


class Steps(Protocol):
    """One sign-in: what to send next, given what the proxy said."""

    scheme: str
    finished: bool
    """Nothing more can be sent: a further 407 is a refusal."""
    proved: bool
    """What was sent says who we are: a 407 without a challenge is a refusal as well."""
    one_line: bool
    """All of it has to go over one connection."""

    def next(self, challenge: str | None) -> str | None:
        """The value of Proxy-Authorization; None to ask without one first. May block. Raises `NoTicket`."""


def begin(login: ProxyLogin, host: str, user: str | None, password: Secret | None) -> Steps | None:
    """A new sign-in at the proxy ``host``; None when there is none."""
    match login:
        case "basic" if user is not None:
            return _Basic(user, password)
        case "kerberos":
            return _Negotiate(host)
        case "ntlm":
            return _Ntlm(host, user, password)
    return None


class _Basic:
    scheme = "Basic"
    finished = proved = True
    one_line = False

    def __init__(self, user: str, password: Secret | None) -> None:
        self._word = base64.b64encode(f"{user}:{password.reveal() if password else ''}".encode()).decode()

    def next(self, challenge: str | None) -> str | None:
        """At once: it is no secret that a login will be asked for."""
        return f"Basic {self._word}"


class _Negotiate:
    scheme = "Negotiate"
    finished = one_line = False
    proved = True

    def __init__(self, host: str) -> None:
        self._host = host
        self._context: Any = None

    def next(self, challenge: str | None) -> str | None:
        """The ticket for ``HTTP/host`` at once, as the sign-in of this computer has it."""
        said = base64.b64decode(challenge) if challenge else None
        if self._context is None:
            from clearline.core.hops import gssapi, sspi  # with ctypes: only where it is used

            windows = sys.platform == "win32"
            self._context = sspi.Context(self._host) if windows else gssapi.Context(f"HTTP@{self._host}")
        token: bytes | None = self._context.step(said)
        self.finished = self._context.complete
        return f"Negotiate {base64.b64encode(token).decode()}" if token else None


class _Ntlm:
    """Three messages over one connection: the wish, the proxy's challenge, the proof of the password."""

    scheme = "NTLM"
    one_line = True

    def __init__(self, host: str, user: str | None, password: Secret | None) -> None:
        self._host, self._user, self._password = host, user, password
        self._context: Any = None
        self.finished = self.proved = False

    def next(self, challenge: str | None) -> str | None:
        """The wish first, then the proof."""
        if sys.platform != "win32" and (self._user is None or self._password is None):
            raise NoTicket("ntlm-user")
        import spnego  # late: it takes its time

        try:
            said = base64.b64decode(challenge) if challenge else None
            if self._context is None:
                password = self._password.reveal() if self._password is not None and self._user is not None else None
                self._context = spnego.client(
                    self._user, password, hostname=self._host, service="HTTP", protocol="ntlm"
                )
            token = self._context.step(said)
        except Exception as problem:  # noqa: BLE001 - what a hostile challenge does to the library is no bug of ours
            raise NoTicket("ntlm-challenge" if challenge else "ntlm", getattr(problem, "nt_status", None)) from None
        self.finished = self.proved = said is not None
        return f"NTLM {base64.b64encode(token).decode()}" if token else None
