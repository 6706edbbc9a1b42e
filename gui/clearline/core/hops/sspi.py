"""Windows' own sign-in (SSPI) at an HTTP proxy, as `gssapi` is that of other systems: by pyspnego, which NTLM uses too.

Not tried against a domain: nothing here brings one. The numbers are those of Windows (winerror.h, SEC_E_*).
"""

from __future__ import annotations

from typing import Any, Final

from clearline.core.hops.gssapi import CREDENTIALS_EXPIRED, FAILURE, NO_CREDENTIALS
from clearline.core.hops.proxy_login import NoTicket

_MEANS: Final = {
    0x8009030E: NO_CREDENTIALS,  # SEC_E_NO_CREDENTIALS
    0x80090317: CREDENTIALS_EXPIRED,  # SEC_E_CONTEXT_EXPIRED
}
_NTLM: Final = b"NTLMSSP\0"


class Context:
    """One sign-in at the HTTP service of ``host``, as who is signed in to Windows."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._context: Any = None
        self.complete = False

    def step(self, said: bytes | None) -> bytes | None:
        """The next token; None when nothing is to be sent. Blocks on the domain. Raises `NoTicket`."""
        import spnego  # late: it takes its time

        try:
            if self._context is None:
                self._context = spnego.client(hostname=self._host, service="HTTP", protocol="negotiate")
            token: bytes | None = self._context.step(said)
        except Exception as problem:  # noqa: BLE001 - what a hostile challenge does to the library is no bug of ours
            number = getattr(getattr(problem, "base_error", None), "winerror", None) or 0
            raise NoTicket("kerberos", _MEANS.get(number & 0xFFFFFFFF, FAILURE)) from None
        if token and _NTLM in token:  # Windows offers that where it gets no ticket for the proxy
            raise NoTicket("kerberos", FAILURE)
        self.complete = self._context.complete
        return token
