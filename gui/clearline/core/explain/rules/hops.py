"""Ways to a server that a text tells of: SSH tunnels and proxies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from clearline.core.explain.as_facts import failing
from clearline.core.explain.decisive import decisive
from clearline.core.explain.record import Record
from clearline.core.explain.rules.guess import Guess
from clearline.core.findings import Certainty

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


_SSH_CLIENT = re.compile(
    r"\bssh: (?:connect to host|Could not resolve)|\b(?:kex|ssh)_exchange_identification: |\bchannel \d+: open failed"
    r"|^Connection (?:reset|closed|timed out)[^\n]{0,80} port \d+\s*$|^ssh_dispatch_run_fatal: "
    r"|: Permission denied \((?:publickey|password|keyboard-interactive|gssapi)|\bclient_loop: send disconnect"
    r"|JSchException|com\.jcraft\.jsch|net\.schmizz\.sshj|paramiko\.ssh_exception|\bsshtunnel\.\w*Error"
    r"|\bssh: handshake failed"
    r"|(?:connect|dial tcp|ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH) [\w.\-\[\]]{1,253}:22(?!\d|:\d)",
)
"""A line of OpenSSH's client or of a program's own: it tells of the SSH server, and of no server behind it."""
_SSH2_LEVEL = re.compile(r"level: '?client-(?:socket|timeout)")
"""Node's SSH library writes it behind the stack of its error."""
_STACK = 15
"""Lines of such a stack that are looked at."""


def ssh_lines(lines: Sequence[str]) -> frozenset[int]:
    """The lines of a text, from 1, that tell of an SSH server."""
    found = {number for number, line in enumerate(lines, 1) if _SSH_CLIENT.search(line)}
    for number, line in enumerate(lines, 1):
        if _SSH2_LEVEL.search(line):
            found |= {n for n in range(max(1, number - _STACK), number + 1) if _kind(lines[n - 1])}
    return frozenset(found)


def _kind(line: str) -> str:
    sign = decisive(line)
    return sign.kind if sign is not None and sign.kind in _NO_WAY_TO_HOP else ""


_NO_WAY_TO_HOP = {
    "refused": "hop.refused",
    "silent": "hop.silent",
    "unreachable": "hop.unreachable",
    "unknown-name": "hop.name-unknown",
}


def ssh_library(record: Record, text: str) -> Iterator[Guess]:
    """A program's own SSH library (of Java, Node, Python, Go) did not reach its server."""
    lines = text.split("\n")
    for number in sorted(ssh_lines(lines)):
        if cause := _NO_WAY_TO_HOP.get(_kind(lines[number - 1])):
            summary = "" if cause == "hop.name-unknown" else _OF_SSH[cause]
            yield Guess(weight=2690, cause=cause, words=lines[number - 1][:60], summary=summary, fix=_SSH_FIX)
            return
    if found := re.search(r"JSchException: timeout|Unable to connect to port 22\b|session to SSH gateway", text):
        yield Guess(weight=2680, cause="hop.silent", words=found[0], summary=_OF_SSH["hop.silent"], fix=_SSH_FIX)
        refused = Certainty.POSSIBLE
        yield Guess(weight=2670, cause="hop.refused", certainty=refused, summary=_OF_SSH["hop.refused"], fix=_SSH_FIX)


_OF_SSH = {
    "hop.refused": "The SSH server refuses the connection: nothing listens on that port, or a firewall rejects it.",
    "hop.silent": "The SSH server does not answer.",
    "hop.unreachable": "There is no way to the SSH server from where this was printed.",
}
_SSH = re.compile(
    r"ssh: (?:connect to host (?P<host>\S+) port (?P<port>\d+): (?P<said>[^\n]+)"
    r"|Could not resolve hostname (?P<name>[^\s:]+))"
)
_SHARED_KEY = re.compile(r"Permissions (?:0\d{3} )?for '?([^'\n]{1,200}?)'? are too open")
_SSH_SAID: tuple[tuple[str, str, str], ...] = (
    (r"refused", "hop.refused", "{host} refuses the connection on port {port}, where the SSH server should be."),
    (r"timed out", "hop.silent", "The SSH server {host} does not answer on port {port}."),
    (r"unreachable|no route", "hop.unreachable", "This computer has no way to the SSH server {host}."),
)
_SSH_FIX = "Check its name and port, the VPN, and the firewall in front of it."


def ssh_client(record: Record, text: str) -> Iterator[Guess]:
    """OpenSSH's client did not reach its server: no server of the database was asked anything."""
    if shared := _SHARED_KEY.search(text):
        yield Guess(
            weight=2720,
            cause="ssh.key-unreadable",
            words=shared[0][:20],
            summary=f"OpenSSH ignores the key {shared[1]}: other users may read it.",
            fix=f"Run chmod 600 {shared[1]} (on Windows: leave only your own user in its rights).",
        )
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


_SESSION_MANAGER: tuple[tuple[str, str], ...] = (
    (r"\(TargetNotConnected\)|\bTargetNotConnected\b", "ssh.proxy-command-failed"),
    (r"SessionManagerPlugin is not found|session-manager-plugin['\"]?: (?:command )?not found",
     "ssh.proxy-command-missing"),
)  # fmt: skip


def session_manager(record: Record, text: str) -> Iterator[Guess]:
    """AWS's program through which an SSH server without an address of its own is reached."""
    for words, cause in _SESSION_MANAGER:
        if found := re.search(words, text):
            summary = (
                "AWS's Session Manager does not reach the instance: it is stopped, or its agent is not connected."
                if cause == "ssh.proxy-command-failed"
                else "The program session-manager-plugin, through which the instance is reached, is not installed here."
            )
            yield Guess(weight=2750, cause=cause, words=found[0], summary=summary)


_SQUID_SAYS = re.compile(r"X-Squid-Error: (ERR_[A-Z_]{3,40})(?: (\d{1,3}))?", re.IGNORECASE)
_SQUID: dict[str, str] = {
    "ERR_ACCESS_DENIED": "proxy.forbidden",
    "ERR_CACHE_ACCESS_DENIED": "proxy.login-required",
    "ERR_DNS_FAIL": "proxy.name-unknown",
    "ERR_CANNOT_FORWARD": "proxy.name-unknown",
}


def squid_answer(record: Record, text: str) -> Iterator[Guess]:
    """Squid names its reason in a header, with the error of the far side's system."""
    if found := _SQUID_SAYS.search(text):
        cause = _SQUID.get(found[1].upper())
        if found[1].upper() == "ERR_CONNECT_FAIL":
            cause = "proxy.far-refused" if found[2] in ("111", "61") else "proxy.far-unreachable"
        if cause:
            yield Guess(weight=2700, cause=cause, words=found[0])


_ACCESS_LOG = re.compile(r"\bTCP_[A-Z_]{3,20}/(\d{3}) \d+ CONNECT \S+")
_ANSWERED = {"403": "proxy.forbidden", "407": "proxy.login-required"}


def access_log(record: Record, text: str) -> Iterator[Guess]:
    """Squid's own log: what it answered to CONNECT."""
    if found := _ACCESS_LOG.search(text):
        cause = _ANSWERED.get(found[1]) or ("proxy.failed" if found[1].startswith("50") else None)
        if cause:
            yield Guess(weight=2600, cause=cause, words=found[0])
