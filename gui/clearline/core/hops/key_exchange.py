"""What both sides of an SSH connection propose, read from their first packets, which are sent in clear (RFC 4253)."""

from __future__ import annotations

from typing import Final, NamedTuple

_KEXINIT: Final = 20
_MOST: Final = 65536
_KINDS: Final = ("key exchange", "host key", "cipher", "cipher", "MAC", "MAC", "compression", "compression")
_COMBINED: Final = ("gcm@openssh.com", "poly1305@openssh.com")
"""Ciphers that need no MAC (RFC 5647)."""

Proposal = tuple[tuple[str, ...], ...]
"""The lists of RFC 4253, section 7.1, in their order there."""


class Lack(NamedTuple):
    """What two proposals do not have in common: the kind, and what the server has of it."""

    kind: str
    theirs: tuple[str, ...]


class Overheard:
    """The beginning of one direction of a connection, until its proposal is known or cannot be found."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.proposal: Proposal | None = None
        self.over = False

    def hear(self, data: bytes) -> None:
        """A piece of it."""
        if self.over:
            return
        self._data += data
        if (packet := self._packet()) is not None:
            self.proposal = _read(packet)
            self.over = True
        elif len(self._data) > _MOST:
            self.over = True
        if self.over:
            self._data.clear()

    def _packet(self) -> bytes | None:
        """The payload of the first packet after the line that begins with ``SSH-``."""
        at = 0 if self._data.startswith(b"SSH-") else self._data.find(b"\nSSH-") + 1
        if at == 0 and not self._data.startswith(b"SSH-"):
            return None
        begin = self._data.find(b"\n", at) + 1
        if begin == 0 or len(self._data) < begin + 5:
            return None
        size = int.from_bytes(self._data[begin : begin + 4], "big")
        if len(self._data) < begin + 4 + size or size > _MOST:
            return None
        padding = self._data[begin + 4]
        return bytes(self._data[begin + 5 : begin + 4 + size - padding])


def _read(packet: bytes) -> Proposal | None:
    if len(packet) < 17 or packet[0] != _KEXINIT:
        return None
    lists, at = [], 17
    for _ in _KINDS:
        size = int.from_bytes(packet[at : at + 4], "big")
        text = packet[at + 4 : at + 4 + size].decode("ascii", "replace")
        lists.append(tuple(filter(None, text.split(","))))
        at += 4 + size
    return tuple(lists)


def lacking(ours: Proposal | None, theirs: Proposal | None) -> Lack | None:
    """The first kind of algorithm that both do not have in common."""
    if ours is None or theirs is None:
        return None
    combined = any(name.endswith(_COMBINED) for name in set(ours[2]) & set(theirs[2]))
    for kind, mine, other in zip(_KINDS, ours, theirs, strict=True):
        if not set(mine) & set(other) and not (kind == "MAC" and combined):
            return Lack(kind, other)
    return None
