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


_SSH = re.compile(
    r"ssh: (?:connect to host (?P<host>\S+) port (?P<port>\d+): (?P<said>[^\n]+)"
    r"|Could not resolve hostname (?P<name>[^\s:]+))"
)
_SSH_SAID: tuple[tuple[str, str, str], ...] = (
    (r"refused", "hop.refused", "{host} refuses the connection on port {port}, where the SSH server should be."),
    (r"timed out", "hop.silent", "The SSH server {host} does not answer on port {port}."),
    (r"unreachable|no route", "hop.unreachable", "This computer has no way to the SSH server {host}."),
)
_SSH_FIX = "Check its name and port, the VPN, and the firewall in front of it."


def ssh_client(record: Record, text: str) -> Iterator[Guess]:
    """OpenSSH's client did not reach its server: no server of the database was asked anything."""
    if not (found := _SSH.search(text)):
        return
    if name := found["name"]:
        yield Guess(
            weight=2700,
            cause="hop.name-unknown",
            words=found[0][:40],
            summary=f"The name of the SSH server, {name}, does not exist where this was printed.",
            fix="Correct the name; if it exists in another network only, join that network or its VPN.",
        )
        return
    for words, cause, summary in _SSH_SAID:
        if re.search(words, found["said"], re.IGNORECASE):
            told = summary.format(host=found["host"], port=found["port"])
            yield Guess(weight=2700, cause=cause, words=found[0][:40], summary=told, fix=_SSH_FIX)
            return


def ended_forwarding(record: Record, text: str) -> Iterator[Guess]:
    """kubectl's way through ended: whatever used it breaks with it."""
    if found := re.search(r"lost connection to pod", text):
        yield Guess(
            weight=2600,
            cause="k8s.failed",
            words=found[0],
            summary="kubectl port-forward ended: the pod went away, or nothing was sent for too long.",
            fix="Look at the pod with kubectl get pod, and start the forwarding again.",
        )


_ACCESS_LOG = re.compile(r"\bTCP_[A-Z_]{3,20}/(\d{3}) \d+ CONNECT \S+")
_ANSWERED = {"403": "proxy.forbidden", "407": "proxy.login-required"}


def access_log(record: Record, text: str) -> Iterator[Guess]:
    """Squid's own log: what it answered to CONNECT."""
    if found := _ACCESS_LOG.search(text):
        cause = _ANSWERED.get(found[1]) or ("proxy.failed" if found[1].startswith("50") else None)
        if cause:
            yield Guess(weight=2600, cause=cause, words=found[0])
