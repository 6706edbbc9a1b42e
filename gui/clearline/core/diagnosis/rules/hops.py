"""The hops in front of the servers: what stops one of them, and what one says about a server behind it."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Mapping
from typing import Final

from clearline.core.addresses import is_ip_address, is_loopback
from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules import ssh
from clearline.core.facts.hops import HopFacts, HopFailure, Trouble
from clearline.core.facts.servers import MemberFacts
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Json

KINDS: Final = {
    "socks5": "SOCKS proxy",
    "http": "HTTP proxy",
    "ssh": "SSH server",
    "system": "proxy of this computer",
    "kubernetes": "Kubernetes API server",
}
"""A hop's kind as a sentence has it."""
_SPOKEN_WITH_AN: Final = ("HTTP", "SSH")

_NO_NAME = frozenset({-2, -5, 7, 8, 11001, 11004, int(socket.EAI_NONAME)})
"""EAI_NONAME and EAI_NODATA of Linux, macOS and Windows."""
_SERVICES: Final = {
    "ssh": "an SSH server",
    "http": "a web server or HTTP proxy",
    "socks4": "a SOCKS4 proxy",
    "socks5": "a SOCKS5 proxy",
    "tls": "something that speaks TLS",
    "mongodb": "a MongoDB server",
    None: "something else",
}
_TAKE_IT_OUT: Final = (
    "Enter the hop's own host and port. If this is the server that you want, take the hop out: it is reached without."
)
_RUN_IT: Final = "Run the ProxyCommand by itself: it should print a line that begins with SSH-."
_NTLM_BREAKS: Final = {
    "ntlm-challenge": "The proxy offers NTLM and then sends no challenge that can be answered.",
    "ntlm-line": "The proxy ends the connection between its challenge and the answer, which have to share one.",
    "ntlm": "This computer could not begin it.",
}
_KUBERNETES: Final = {
    Trouble.CONFIG_BROKEN: "k8s.config-broken",
    Trouble.FILE_SILENT: "files.no-answer",
    Trouble.COMMAND_NOT_AGREED: "k8s.command-not-agreed",
    Trouble.LOGIN_REFUSED: "k8s.login-refused",
    Trouble.FORBIDDEN: "k8s.forbidden",
}
_REFUSED = frozenset({111, 61, 10061})
_UNREACHED = frozenset({113, 65, 10065, 101, 51, 10051, 110, 60, 10060, errno.EHOSTUNREACH, errno.ENETUNREACH})
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
"""X509_V_ERR of a chain that ends at no authority that is trusted."""
_FAR_REFUSED: Final = frozenset({"socks.far-refused", "proxy.far-refused", "ssh.far-refused"})
_NO_CREDENTIALS, _EXPIRED = 7 << 16, 11 << 16
"""GSS_S_NO_CRED and GSS_S_CREDENTIALS_EXPIRED (RFC 2743, section 1.2.1.1)."""
_PROXY_HEADERS = frozenset({"via", "x-squid-error", "proxy-agent", "x-cache"})
_WEB_SERVER = frozenset({400, 401, 404, 405, 501})
_ELSEWHERE = range(300, 400)
_SIGN_IN_FIRST = 511
"""Network Authentication Required (RFC 6585, section 6)."""
_SIGN_IN = (
    "Open any page in a web browser on this computer and sign in there; if none asks for it, correct the proxy's "
    "address and port."
)
_AT_ONCE_MS = 1000.0
"""A proxy knows within this time that a name does not exist; a silent address takes it longer."""


def hop_fails(facts: Facts) -> Iterable[Finding]:
    """The first hop that cannot be used at all: nothing behind it can be judged."""
    stopped = next((hop.failure for hop in facts.hops if hop.failure is not None), None)
    if stopped is None:
        return
    if stopped.target is not None:  # a hop that does not open the next one
        yield _target(facts, stopped, None)
        return
    code, certainty, blanks = _own(stopped)
    yield finding(
        code,
        certainty,
        evidence=told(stopped),
        detail=_more(stopped, code),
        fix=_fix(stopped, code),
        fill={
            **_words(stopped.kind),
            "host": stopped.host or "(no host is set)",
            "server": stopped.server,
            "port": str(stopped.port),
            **blanks,
        },
    )


def _fix(failure: HopFailure, code: str) -> str:
    """What helps in a case that the catalogue's own words do not fit."""
    special = _RUN_IT if failure.what else _TAKE_IT_OUT if failure.service == "mongodb" else ""
    return special if code == "hop.wrong-service" else ""


def _more(failure: HopFailure, code: str) -> str:
    """What else may explain it, where the evidence allows more than one reason of one cause."""
    if code == "ssh.key-refused":
        rsa = "It may also accept no RSA keys at all (PubkeyAcceptedAlgorithms there): an Ed25519 key tells. "
        other = (
            "A user who does not exist there, or may not log in (AllowUsers), is declined in the same way; so is a key "
            "whose line there excludes this computer (from=) or has expired, and one in a file that others may change."
        )
        return f"{rsa if 'rsa' in failure.key_type else ''}{other}"
    if code == "ssh.password-refused":
        return (
            "A user who may not log in there, or not by password (AllowUsers, PermitRootLogin), is refused in the same "
            "way with the right one, and so is an account that is locked or has expired."
        )
    if code == "ssh.key-not-enough" and failure.what != "second":
        return (
            "An account that has expired or is barred for now (nologin, access.conf) looks so, and so does a server "
            "that wants two proofs (AuthenticationMethods), or one that asks for the signature of any key."
        )
    if code == "ssh.host-key-revoked" and failure.what == "certificate":
        return (
            "It is a certificate of an authority that is known here: it is made for other names, or this computer's "
            "time lies outside of its dates. Nothing was sent to it."
        )
    told = code in ("ssh.closed-early", "ssh.login-ended") and failure.said
    return f"Its words: {failure.said.rstrip('.')}." if told else ""


def _own(failure: HopFailure) -> tuple[str, Certainty, dict[str, str]]:
    """Cause, certainty and blanks of a failure of the hop itself."""
    proven, likely = Certainty.PROVEN, Certainty.LIKELY
    if failure.kind == "ssh" and (found := ssh.own(failure)) is not None:
        return found[0], ssh.certainty_of(found[0], failure), found[1]
    schemes = listed(failure.offered, nothing="unknown schemes")
    user = {"user": failure.user or "of this computer"}
    if failure.kind == "kubernetes" and (code := _KUBERNETES.get(failure.trouble)) is not None:
        blanks = {"file": failure.file or "", "error": failure.said, "program": failure.what or ""}
        blanks |= {"option": "What the way needs", "s": failure.said}
        return code, proven, {**blanks, **user, "context": failure.what or "", "namespace": failure.what or ""}
    match failure.trouble:
        case Trouble.NAME_UNKNOWN if failure.eai in _NO_NAME:
            return "hop.name-unknown", likely, {}  # a private zone looks the same from outside of its network
        case Trouble.NAME_UNKNOWN | Trouble.NAME_SILENT:
            return "hop.name-unresolved", likely, {}
        case Trouble.REFUSED:
            # A firewall that rejects looks the same, but not on this computer.
            return "hop.refused", proven if is_loopback(failure.host) else likely, {}
        case Trouble.SILENT:
            return "hop.silent", likely, {}
        case Trouble.UNREACHABLE:
            return "hop.unreachable", likely, {}
        case Trouble.DENIED:
            return "hop.denied", likely, {}
        case Trouble.NOT_SPOKEN if failure.kind == "http" and failure.service == "tls":
            return "proxy.wants-tls", likely, {}  # whether a proxy speaks inside of it is not known
        case Trouble.NOT_SPOKEN:
            # An SSH server may send lines of text before it says who it is (RFC 4253, section 4.2).
            text = failure.kind == "ssh" and failure.service is None and "\\x" not in failure.first_bytes
            through = {"server": f"the far end of {failure.what}"} if failure.what else {}
            through["service"] = _SERVICES.get(failure.service, "something else")
            return "hop.wrong-service", likely if text else proven, through
        case Trouble.HANGS:
            return "hop.hangs", likely, {}
        case Trouble.CERTIFICATE if failure.verify_code in _UNKNOWN_AUTHORITY:
            return "proxy.unknown-ca", proven, {}
        case Trouble.CERTIFICATE:
            return "proxy.certificate", proven, {"code": str(failure.verify_code)}
        case Trouble.TLS_FAILED:
            return "proxy.tls-failed", proven, {}
        case Trouble.LOGIN_WANTED if failure.kind == "socks5":
            return "socks.login-required", proven, {}
        case Trouble.LOGIN_WANTED:
            return "proxy.login-required", proven, {"schemes": schemes}
        case Trouble.LOGIN_SCHEME if failure.kind == "socks5":
            return "socks.login-method", proven, {}
        case Trouble.LOGIN_SCHEME:
            return "proxy.login-scheme", proven, {"schemes": schemes}
        case Trouble.LOGIN_REFUSED if failure.kind == "socks5":  # to hang up is an answer, but of few words
            return "socks.login-refused", likely if failure.code is None else proven, user
        case Trouble.LOGIN_REFUSED if failure.what == "kerberos":
            return "proxy.kerberos-refused", proven, {}
        case Trouble.LOGIN_REFUSED if failure.what == "ntlm":
            return "proxy.ntlm-refused", proven, user
        case Trouble.LOGIN_REFUSED:
            return "proxy.login-refused", proven if failure.offered else likely, user
        case Trouble.SETTINGS_BROKEN if failure.what is not None:
            return "proxy.pac-broken", proven, {"url": failure.what, "error": failure.said}
        case Trouble.SETTINGS_BROKEN:
            return "proxy.settings-broken", proven, {"error": failure.said}
        case Trouble.NO_TICKET if failure.what == "ntlm-user":
            return "proxy.ntlm-user-missing", proven, {}
        case Trouble.NO_TICKET if failure.what is not None and failure.what.startswith("ntlm"):
            return "proxy.ntlm-broken", proven, {"what": _NTLM_BREAKS.get(failure.what, _NTLM_BREAKS["ntlm"])}
        case Trouble.NO_TICKET if failure.what == "library":
            return "proxy.kerberos-missing", proven, {}
        case Trouble.NO_TICKET if failure.code == _NO_CREDENTIALS:
            return "proxy.no-ticket", proven, {}
        case Trouble.NO_TICKET if failure.code == _EXPIRED:
            return "proxy.ticket-expired", proven, {}
        case Trouble.NO_TICKET:
            return "proxy.kerberos-failed", likely, {}
    return "hop.closed", likely, {}


def not_opened(facts: Facts, member: MemberFacts) -> Finding | None:
    """Why the last hop does not open a line to one server; None when it does, or when the way ends earlier."""
    failure = facts.hops[-1].not_opened(member.address) if facts.hops else None
    if failure is None or any(hop.failure is not None for hop in facts.hops):
        return None
    return _target(facts, failure, member)


def _words(kind: str) -> dict[str, str]:
    """A hop's kind, alone and with its article."""
    words = KINDS[kind]
    return {"kind": words, "one": f"{'an' if words.startswith(_SPOKEN_WITH_AN) else 'a'} {words}"}


def _target(facts: Facts, failure: HopFailure, member: MemberFacts | None) -> Finding:
    """A finding about what is behind a hop: a member, or (None) the next hop."""
    target = failure.target or ""
    host, _, port = target.rpartition(":")
    host = host.strip("[]")
    blanks: Mapping[str, str] = {
        **_words(failure.kind),
        "host": host,
        "port": port,
        "target": target,
        "path": target,
        "seconds": f"{failure.elapsed_ms / 1000:.1f}",
        "code": str(failure.code),
        "status": str(failure.code),
        "reason": failure.said,
        "family": failure.what or "such",
        "said": failure.said,
        "entry": failure.what or "",
        "pod": failure.what or "",
        "namespace": failure.what or "",
        "user": failure.user or "",
        "server": failure.server,
    }
    code, certainty = _reply(failure, host, facts.hops[failure.hop])
    if member is not None and is_loopback(member.address) and code in _FAR_REFUSED:
        code, certainty = "hop.localhost-is-remote", Certainty.LIKELY  # or the server there is meant, and stopped
    means = _sign_in(failure) if failure.kind == "http" else ""
    return finding(
        code,
        certainty,
        server=member.address if member else None,
        evidence=told(failure),
        means=means,
        fix=_SIGN_IN if means else "",
        fill={**blanks},
    )


def _sign_in(failure: HopFailure) -> str:
    """What an answer means that may ask to sign in on a page of the web first; empty for any other."""
    if failure.code == _SIGN_IN_FIRST:
        return "This status asks to sign in to the network first, on a page in a web browser."
    if failure.code not in _ELSEWHERE:
        return ""
    place = f" at {failure.what}" if failure.what else ""
    return (
        f"It sends to another page{place}. A gateway that wants a sign-in in a web browser first does so, and so does "
        "a web server that is no proxy."
    )


def _reply(failure: HopFailure, host: str, hop: HopFacts) -> tuple[str, Certainty]:
    """Cause and certainty of what a hop answered to the wish for a target."""
    match failure.trouble:
        case Trouble.LOCAL_TARGET:
            return "hop.socket-is-local", Certainty.PROVEN
        case Trouble.NO_TARGET:
            return "hop.name-unusable", Certainty.PROVEN
        case Trouble.UNMAPPED:
            return "k8s.member-unmapped", Certainty.PROVEN
        case Trouble.BYPASSED if failure.what is not None:
            return "proxy.bypassed", Certainty.PROVEN
        case Trouble.BYPASSED:
            return "proxy.none-set", Certainty.PROVEN
        case Trouble.TARGET_SILENT if failure.kind == "ssh":
            return "ssh.far-silent", Certainty.LIKELY
        case Trouble.TARGET_SILENT:
            return "hop.far-silent", Certainty.LIKELY
        case Trouble.CLOSED:
            return "hop.far-closed", Certainty.LIKELY
    if failure.kind == "kubernetes":
        status = {None: "k8s.far-refused", 404: "k8s.pod-not-found"}
        return status.get(failure.code, "k8s.failed"), Certainty.LIKELY if failure.code is None else Certainty.PROVEN
    if failure.kind == "ssh":
        return ssh.reply(failure, hop)
    return _socks(failure, host) if failure.kind == "socks5" else _http(failure, host)


def _socks(failure: HopFailure, host: str) -> tuple[str, Certainty]:
    """By the reply field (RFC 1928, section 6)."""
    match failure.code:
        case 2:
            return "socks.not-allowed", Certainty.PROVEN
        case 4 if not is_ip_address(host) and failure.elapsed_ms < _AT_ONCE_MS:
            return "socks.name-unknown", Certainty.LIKELY  # the number also stands for a host that does not answer
        case 3 | 4 | 6:
            return "socks.far-unreachable", Certainty.LIKELY
        case 5:
            return "socks.far-refused", Certainty.LIKELY  # by the server, or by a firewall before it
        case 8 if failure.what != "name":
            return "socks.address-type", Certainty.PROVEN
    return "socks.failed", Certainty.PROVEN


def _http(failure: HopFailure, host: str) -> tuple[str, Certainty]:
    """By the status, and by what the proxy adds to it."""
    status = failure.code or 0
    squid = failure.headers.get("x-squid-error", "").partition(" ")[0]
    if status == 403:
        if failure.other_port == 403:
            return "proxy.host-forbidden", Certainty.LIKELY
        told_apart = failure.other_port is not None and (200 <= failure.other_port < 300 or failure.other_port >= 500)
        return ("proxy.port-forbidden" if told_apart else "proxy.forbidden"), Certainty.PROVEN
    if failure.errno in _REFUSED:
        return "proxy.far-refused", Certainty.LIKELY
    if failure.errno in _UNREACHED:
        return "proxy.far-unreachable", Certainty.LIKELY
    if squid == "ERR_DNS_FAIL":
        return "proxy.name-unknown", Certainty.PROVEN
    if squid == "ERR_CANNOT_FORWARD" and not is_ip_address(host):
        return "proxy.name-unknown", Certainty.LIKELY
    if status in _ELSEWHERE:
        return "proxy.failed", Certainty.LIKELY
    if status in _WEB_SERVER and not _PROXY_HEADERS & failure.headers.keys():
        return "proxy.no-connect", Certainty.LIKELY
    if status in (429, 502, 503, 504):
        return "proxy.overloaded", Certainty.LIKELY
    return "proxy.failed", Certainty.PROVEN


def told(failure: HopFailure) -> dict[str, Json]:
    """What is known of a hop's failure, for the report."""
    evidence: dict[str, Json] = {
        "hop": failure.hop + 1,
        "server": failure.server,
        "stage": failure.stage.value,
        "result": failure.trouble.value,
        "target": failure.target,
        "code": failure.code,
        "errno": failure.errno,
        "eai": failure.eai,
        "ms": failure.elapsed_ms or None,
        "retransmits": failure.retransmits,
        "said": failure.said,
        "first_bytes": failure.first_bytes,
        "offered": list(failure.offered),
        "verify_code": failure.verify_code,
        "user": failure.user if failure.kind == "ssh" else None,
        "key_type": failure.key_type,
        "fingerprint": failure.fingerprint,
        "known": list(failure.known),
        "file": failure.file,
        "line": failure.line,
        "keys": failure.count,
        "about": failure.what,
        "headers": failure.headers,
        "port_443": failure.other_port,
    }
    return {name: value for name, value in evidence.items() if value not in (None, "", [], {})}


def password_in_clear(facts: Facts) -> Iterable[Finding]:
    """A password for a hop that can be read on the way."""
    for hop in facts.hops:
        if hop.password_in_clear and hop.up and not is_loopback(hop.host):
            remedy = (
                "Use TLS to the proxy where it offers it."
                if hop.kind == "http"
                else "SOCKS has no encryption of its own: reach the proxy through a VPN, or use another kind of hop."
            )
            yield finding(
                "hop.password-in-clear",
                Certainty.PROVEN,
                evidence={"server": hop.server},
                kind=KINDS[hop.kind],
                host=hop.host,
                remedy=remedy,
            )


def through(hops: tuple[HopFacts, ...]) -> str:
    """The way in words: ``the SOCKS proxy p.example.com:1080``."""
    return ", then ".join(f"the {KINDS[hop.kind]} {hop.server}" for hop in hops)


RULES = (hop_fails, password_in_clear)
