"""Which host keys are known: the user's own files, which are only read, and ours, of what was agreed to here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from clearline.core.facts.hops import Trouble
from clearline.core.files.whole_files import expanded, locked, read_whole, write_whole

if TYPE_CHECKING:
    import asyncssh

_USERS: Final = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
OF_SYSTEM: Final = Path(os.environ.get("PROGRAMDATA", "C:/ProgramData"), "ssh") if os.name == "nt" else Path("/etc/ssh")
"""The folder with OpenSSH's own files of this computer."""
_DEFAULT_PORT: Final = 22
_MOST_BYTES: Final = 16 << 20


class Entry(NamedTuple):
    """One key that a file has for a server. ``marker``: ``cert-authority``, ``revoked`` or empty."""

    key: asyncssh.SSHKey
    marker: str
    file: Path
    line: int
    for_port: bool
    """It is written down for this very port."""


class Judgement(NamedTuple):
    """What is known of a key that a server shows; no trouble: it is the right one."""

    trouble: Trouble | None
    file: Path | None = None
    line: int | None = None
    known: tuple[str, ...] = ()


class HostKeys(msgspec.Struct, frozen=True):
    """What the user has agreed to: ``own`` is our file, ``accepted`` are fingerprints, ``SHA256:…``."""

    own: Path | None = None
    accepted: frozenset[str] = msgspec.field(default_factory=frozenset)

    def files(self, chosen: Sequence[str] | None) -> tuple[Path, ...]:
        """Where host keys are looked for. ``chosen``: the files of a profile or of ``~/.ssh/config``."""
        names = chosen if chosen is not None else _USERS
        found = [expanded(name) for name in names]
        return (*found, OF_SYSTEM / "ssh_known_hosts", *([self.own] if self.own is not None else []))

    def add(self, host: str, port: int, key: asyncssh.SSHKey) -> None:
        """Write down that the user trusts it. Raises `OSError`."""
        if self.own is None:
            return
        self.own.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.own.parent):
            try:
                before = read_whole(self.own, _MOST_BYTES)
            except FileNotFoundError:
                before = b""
            shown = key.export_public_key("openssh").decode().partition("\n")[0]
            line = f"{called(host, port)} {shown}\n".encode()
            joint = b"" if not before or before.endswith(b"\n") else b"\n"
            write_whole(self.own, before + joint + line)


def called(host: str, port: int) -> str:
    """A server as known_hosts names it (sshd(8))."""
    return host if port == _DEFAULT_PORT else f"[{host}]:{port}"


def find(files: Sequence[Path], host: str, port: int) -> tuple[Entry, ...]:
    """Every key of the files for a server. Reads files: call it in a daemon thread.

    A line that is cut off or makes no sense is passed over. Raises `OSError` for a file that is there and cannot be
    read: it may hold the key, or revoke it. The null device is OpenSSH's way to name none.
    """
    host = host.lower()
    found: list[Entry] = []
    for file in files:
        try:
            text = read_whole(file, _MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            if file != Path(os.devnull) and os.path.exists(file):  # noqa: PTH110 - False also where no look is allowed
                raise
            continue
        for number, line in enumerate(text.splitlines(), 1):
            found += _matching(line.strip(), host, port, file, number)
    return tuple(found)


def _matching(line: str, host: str, port: int, file: Path, number: int) -> list[Entry]:
    if not line or line.startswith("#"):
        return []
    words = line.split(None, 2 if line.startswith("@") else 1)
    marker = words.pop(0)[1:] if line.startswith("@") else ""
    if len(words) < 2 or marker not in ("", "cert-authority", "revoked"):
        return []
    if not any(c in words[0] for c in "*?|!") and host not in words[0].lower():
        return []  # most lines are about other servers, and to read a key takes its time
    from asyncssh import import_known_hosts

    try:
        known = import_known_hosts(line)
        for_port = called(host, port)
        keys = known.match(for_port, "", None)
        exact = any(keys[:3])
        if not exact and port != _DEFAULT_PORT:
            keys = known.match(host, "", None)
    except ValueError:
        return []
    return [Entry(key, marker, file, number, exact) for kind in keys[:3] for key in kind]


def judge(entries: Sequence[Entry], accepted: frozenset[str], key: asyncssh.SSHKey) -> Judgement:
    """Whether a server's key is known, and if not, what is known instead."""
    for entry in entries:
        if entry.marker == "revoked" and entry.key == key:
            return Judgement(Trouble.HOST_KEY_REVOKED, entry.file, entry.line)
    usual = [entry for entry in entries if not entry.marker]
    if any(entry.key == key for entry in usual):
        return Judgement(None)
    usual = [entry for entry in usual if entry.for_port]  # another port may be another server
    for entry in usual:
        if entry.key.get_algorithm() == key.get_algorithm():
            return Judgement(Trouble.HOST_KEY_CHANGED, entry.file, entry.line, (entry.key.get_fingerprint(),))
    if key.get_fingerprint() in accepted:
        return Judgement(None)
    if usual:
        types = tuple(dict.fromkeys(entry.key.get_algorithm() for entry in usual))
        return Judgement(Trouble.HOST_KEY_OTHER_TYPE, usual[0].file, usual[0].line, types)
    return Judgement(Trouble.HOST_KEY_UNKNOWN)


_BY_OPENSSH: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
"""OpenSSH's own order (ssh_config(5), HostKeyAlgorithms): the key that is shown has the fingerprint that it prints."""
_CERTIFIED: Final = (
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
)


def algorithms(entries: Sequence[Entry]) -> list[str]:
    """The host key algorithms to ask for: those of known keys first, so that a server shows a key that is known."""
    known = {entry.key.get_algorithm() for entry in entries if not entry.marker}
    if "ssh-rsa" in known:
        known |= {"rsa-sha2-512", "rsa-sha2-256"}
    certified = list(_CERTIFIED) if any(entry.marker == "cert-authority" for entry in entries) else []
    return certified + sorted(_BY_OPENSSH, key=lambda name: name not in known)
