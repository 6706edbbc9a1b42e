"""Ways to a server that a text tells of: SSH tunnels and proxies."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearline.core.explain.as_facts import failing
from clearline.core.explain.record import Record
from clearline.core.explain.rules.guess import Guess

_CHANNEL = re.compile(
    r"(?:\bchannel \d+: open failed: |Channel open failure: )(?:connect failed: )?([^\n]{0,60})", re.I
)
_AT_THE_FAR_END: tuple[tuple[str, str], ...] = (
    (r"administratively prohibited|open failed", "ssh.forwarding-prohibited"),
    (r"refused", "ssh.far-refused"),
    (r"timed out|timeout", "ssh.far-silent"),
    (r"not known|resolve|unknown host|nodename|no such host", "ssh.far-name-unknown"),
    (r"route|unreachable", "ssh.far-failed"),
)
"""RFC 4254, section 5.1: what an SSH server says of a connection that it was asked to open; no system translates it."""


def channels(record: Record, text: str) -> Iterator[Guess]:
    """The SSH server could not open the tunnel: what fails beside it in the text is the tunnel's near end."""
    if found := _CHANNEL.search(text):
        for words, cause in _AT_THE_FAR_END:
            if re.search(words, found[1], re.IGNORECASE):
                yield Guess(weight=2700, cause=cause, words=found[0][:40])
                return


def proxy_refuses(record: Record, text: str) -> Iterator[Guess]:
    """Node's client of a SOCKS proxy stands in the stack: what refused is the proxy."""
    if found := re.search(r"socksclient\.(?:js|ts)|\bSocksClient\.", text):
        for server, kind in failing(record):
            cause = {"refused": "hop.refused", "silent": "hop.silent", "unknown-name": "hop.name-unknown"}.get(kind)
            if cause:
                yield Guess(weight=2500, cause=cause, words=found[0], server=server.address)
