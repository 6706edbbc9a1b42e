"""A limit to the handshakes that asyncio does for the driver: a hostile server's have no end."""

from __future__ import annotations

import errno
import ssl
from typing import Any

MOST_HANDSHAKE_BYTES = 1_000_000
"""Bytes of a handshake, or of records that carry no data: OpenSSL takes 100 kB of certificates at most."""


class EndlessHandshake(ssl.SSLError):
    """More came than a handshake can have."""


class _Bounded(ssl.SSLObject):
    _incoming: ssl.MemoryBIO
    _taken = 0

    @classmethod
    def _create(cls, incoming: ssl.MemoryBIO, *arguments: Any, **keywords: Any) -> _Bounded:
        self: _Bounded = super()._create(incoming, *arguments, **keywords)  # type: ignore[misc]
        self._incoming = incoming
        return self

    def do_handshake(self) -> None:
        """As ever; raises `EndlessHandshake` where OpenSSL would go on reading for as long as something comes."""
        before = self._incoming.pending
        try:
            super().do_handshake()
        except ssl.SSLWantReadError:
            self._taken += before - self._incoming.pending
            if self._taken > MOST_HANDSHAKE_BYTES:
                raise EndlessHandshake(errno.EMSGSIZE, "a TLS handshake without end") from None
            raise


def bound(context: object) -> None:
    """Have the handshakes of a context end where a server does not let them.

    By what Python has for it (``SSLContext.sslobject_class``). A class that another has set stays: PyMongo's own, for
    servers with which a handshake was done before.
    """
    if isinstance(context, ssl.SSLContext) and context.sslobject_class is ssl.SSLObject:
        context.sslobject_class = _Bounded
