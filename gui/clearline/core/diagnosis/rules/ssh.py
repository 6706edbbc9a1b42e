"""SSH servers as hops: what a login came to, and what the server answers to the wish for a channel."""

from __future__ import annotations

from typing import Final

from clearline.core.diagnosis.catalogue import listed
from clearline.core.facts.hops import HopFacts, HopFailure, HopStage, Trouble
from clearline.core.findings import Certainty

REFUSED: Final = frozenset({111, 61, 10061})
NO_NAME: Final = frozenset({-2, -5, 7, 8, 11001, 11004})
"""EAI_NONAME and EAI_NODATA of Linux, macOS and Windows."""
UNREACHED: Final = frozenset({113, 65, 10065, 101, 51, 10051, 110, 60, 10060})

_KEY_FORMS: Final = {
    "cut off": "its end is missing",
    "putty": "it has PuTTY's form",
    "no key": "there is no key in it",
    "certificate": "the certificate cannot be read",
    None: "its form is not known",
}
_PLAIN: Final = {
    Trouble.BANNER_SILENT: "ssh.silent",
    Trouble.HANDSHAKE_HANGS: "ssh.handshake-hangs",
    Trouble.NO_COMMON: "ssh.no-common-algorithm",
    Trouble.HOST_KEY_UNKNOWN: "ssh.host-key-unknown",
    Trouble.HOST_KEY_CHANGED: "ssh.host-key-changed",
    Trouble.HOST_KEY_OTHER_TYPE: "ssh.host-key-other-type",
    Trouble.HOST_KEY_REVOKED: "ssh.host-key-revoked",
    Trouble.KEY_REFUSED: "ssh.key-refused",
    Trouble.KEY_NOT_ENOUGH: "ssh.key-not-enough",
    Trouble.KEY_UNSIGNED: "ssh.key-unsigned",
    Trouble.KEY_TYPE_REFUSED: "ssh.key-type-refused",
    Trouble.KEY_MISSING: "ssh.key-missing",
    Trouble.KEY_UNREADABLE: "ssh.key-unreadable",
    Trouble.KEY_IS_PUBLIC: "ssh.key-is-public",
    Trouble.KEY_FORMAT: "ssh.key-format",
    Trouble.KEY_ENCRYPTED: "ssh.key-encrypted",
    Trouble.PASSPHRASE_WRONG: "ssh.passphrase-wrong",
    Trouble.AGENT_UNAVAILABLE: "ssh.agent-unavailable",
    Trouble.TOO_MANY_KEYS: "ssh.too-many-keys",
    Trouble.PASSWORD_NOT_OFFERED: "ssh.password-not-offered",
    Trouble.LOGIN_REFUSED: "ssh.password-refused",
    Trouble.ANSWER_REFUSED: "ssh.answer-refused",
    Trouble.NO_WAY_IN: "ssh.login-refused",
    Trouble.LOST: "ssh.lost",
    Trouble.KEEPALIVE_LOST: "ssh.keepalive-lost",
    Trouble.COMMAND_MISSING: "ssh.proxy-command-missing",
    Trouble.COMMAND_FAILED: "ssh.proxy-command-failed",
    Trouble.COMMAND_NOT_AGREED: "ssh.proxy-command-not-agreed",
    Trouble.CONFIG_BROKEN: "ssh.config-broken",
    Trouble.FILE_SILENT: "files.no-answer",
    Trouble.UNSAFE_NAME: "ssh.unsafe-name",
}
"""Troubles that are one cause, whatever else is known."""


_GUESSED: Final = frozenset(
    {
        "ssh.silent", "ssh.proxy-command-silent", "ssh.closed-early", "ssh.handshake-hangs", "ssh.login-ended",
        "ssh.far-refused", "ssh.far-silent",
    }
)  # fmt: skip
"""A firewall in between may be silent, refuse and hang up just as well."""


def certainty_of(code: str, failure: HopFailure) -> Certainty:
    """How sure a cause of this room is by itself."""
    guessed = failure.what != "second" if code == "ssh.key-not-enough" else code in _GUESSED
    return Certainty.LIKELY if guessed else Certainty.PROVEN


def own(failure: HopFailure) -> tuple[str, dict[str, str]] | None:
    """Cause and blanks of a failure of an SSH server itself; None: it is one that every kind of hop may have."""
    code = _PLAIN.get(failure.trouble)
    match failure.trouble:
        case Trouble.CLOSED if failure.stage in (HopStage.TCP, HopStage.BANNER):  # a reset may meet the connect itself
            code = "ssh.closed-early"
        case Trouble.BANNER_SILENT if failure.what is not None:  # a program, which accepts no connection
            code = "ssh.proxy-command-silent"
        case Trouble.CLOSED if failure.stage is HopStage.LOGIN:
            code = "ssh.login-ended"
        case Trouble.ANSWER_WANTED:
            code = "ssh.second-factor-needed" if failure.what == "second" else "ssh.answer-needed"
        case _:
            pass
    if code is None:
        return None
    return code, {
        "user": failure.user or "",
        "methods": listed(failure.offered, nothing="other ways to log in"),
        "theirs": listed(failure.offered),
        "takes": listed(failure.offered),
        "what": _in_common(failure),
        "type": failure.key_type,
        "fingerprint": failure.fingerprint,
        "known": listed(failure.known),
        "file": failure.file or "",
        "line": str(failure.line),
        "key": failure.file or "",
        "why": _KEY_FORMS.get(failure.what, _KEY_FORMS[None]),
        "prompt": failure.said,
        "said": failure.said or "nothing",
        "option": "What the way needs",
        "s": failure.said,
        "count": str(failure.count),
        "place": failure.file or "SSH_AUTH_SOCK is not set",
        "program": failure.what or "the program",
        "status": "no exit status" if failure.code is None else f"exit status {failure.code}",
        "seconds": f"{failure.elapsed_ms / 1000:.0f}",
    }


def _in_common(failure: HopFailure) -> str:
    """What there is too little of in common, or else what a failure is about."""
    what = failure.what or ""
    plain = failure.trouble is not Trouble.NO_COMMON or failure.stage is HopStage.BANNER
    return what if plain else f"{what} algorithm"


def reply(failure: HopFailure, hop: HopFacts) -> tuple[str, Certainty]:
    """Cause and certainty of what an SSH server answered to the wish for a channel."""
    openssh = "OpenSSH" in (hop.software or "")  # it sends the words of the system's own errors
    sure = Certainty.PROVEN if openssh else Certainty.LIKELY
    match failure.code:
        case 1 if _forwards_elsewhere(failure, hop):
            return "ssh.target-prohibited", Certainty.PROVEN
        case 1:
            return "ssh.forwarding-prohibited", Certainty.LIKELY
        case 3:
            return "ssh.no-forwarding-support", Certainty.PROVEN
    if failure.errno in REFUSED:
        return "ssh.far-refused", Certainty.LIKELY
    if failure.eai is not None:
        return "ssh.far-name-unknown", sure if failure.eai in NO_NAME else Certainty.LIKELY
    if failure.errno in UNREACHED:
        return "ssh.far-silent", Certainty.LIKELY
    return "ssh.far-failed", Certainty.PROVEN


def _forwards_elsewhere(failure: HopFailure, hop: HopFacts) -> bool:
    """Another target was opened, or failed for a reason that comes only after the server's own rules (session.c)."""
    return bool(hop.opened) or any(
        other.trouble is Trouble.REPLY and other.code == 2 and other.target != failure.target for other in hop.unopened
    )
