"""Private keys and certificates of SSH: read from files, or held by an agent."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.hops import Trouble
from clearline.core.files.whole_files import expanded, read_whole
from clearline.core.secrets.secret import Secret

if TYPE_CHECKING:
    import asyncssh

USUAL: Final = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa", "~/.ssh/id_ed25519_sk", "~/.ssh/id_ecdsa_sk")
_MOST_BYTES: Final = 1 << 20
_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_PUBLIC = re.compile(rb"\s*(---- BEGIN SSH2 PUBLIC KEY|(ssh|ecdsa|sk)-[a-z0-9@.\-]+ AAAA)")
_MAGIC: Final = b"openssh-key-v1\0"


class KeyProblem(Exception):
    """Why a private key cannot be used. ``what`` tells more of a form that is not understood."""

    def __init__(self, trouble: Trouble, file: str, what: str | None = None, errno: int | None = None) -> None:
        super().__init__(trouble.value)
        self.trouble, self.file, self.what, self.errno = trouble, file, what, errno


@dataclass(frozen=True)
class LoadedKey:
    """A key ready to be shown; ``file`` is where it comes from, None: an agent."""

    pair: asyncssh.SSHKeyPair
    file: str | None

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The signature algorithms that it can use."""
        return tuple(name.decode("ascii", "replace") for name in self.pair.sig_algorithms)

    @property
    def kind(self) -> str:
        """Its type as people name it."""
        return self.pair.get_algorithm()

    def signer(self) -> Callable[[bytes], Awaitable[bytes]]:
        """What signs with it; a person may be asked, or have to touch something, before it does."""
        by_agent: Callable[[bytes], Awaitable[bytes]] | None = getattr(self.pair, "sign_async", None)
        return by_agent or (lambda data: run_in_daemon(self.pair.sign, data))

    @property
    def words(self) -> str:
        """Which key it is: its file, or what an agent calls it."""
        return self.file or f"{self.pair.get_comment(errors='replace')} of the agent"


@dataclass(frozen=True)
class KeyFiles:
    """What the files of one key hold; certificates by the names of their files."""

    file: str
    data: bytes
    certificates: tuple[tuple[str, bytes], ...]


def read(file: str, certificates: Sequence[str]) -> KeyFiles:
    """A key's file and those of its certificates. Raises `KeyProblem`. Blocks while a drive is away."""
    try:
        data = read_whole(expanded(file), _MOST_BYTES)
    except FileNotFoundError:
        raise KeyProblem(Trouble.KEY_MISSING, file) from None
    except OSError as error:
        raise KeyProblem(Trouble.KEY_UNREADABLE, file, errno=error.errno) from None
    found = []
    for name in certificates or [f"{file}-cert.pub"]:
        try:
            found.append((name, read_whole(expanded(name), _MOST_BYTES)))
        except OSError as error:
            if certificates:
                missing = Trouble.KEY_MISSING if isinstance(error, FileNotFoundError) else Trouble.KEY_UNREADABLE
                raise KeyProblem(missing, name, "certificate", error.errno) from None
    return KeyFiles(file, data, tuple(found))


def unlock(files: KeyFiles, passphrase: Secret | None) -> tuple[LoadedKey, ...]:
    """The key of its files, with its certificates first. Raises `KeyProblem`. Blocks: key derivation takes its time."""
    import asyncssh

    file = files.file
    protected = _look(files.data, file)
    if protected and not passphrase:
        raise KeyProblem(Trouble.KEY_ENCRYPTED, file)
    try:
        key = asyncssh.import_private_key(files.data, passphrase.reveal() if passphrase and protected else None)
    except asyncssh.KeyEncryptionError:
        raise KeyProblem(Trouble.PASSPHRASE_WRONG, file) from None
    except ValueError:
        # A wrong passphrase may also open something: then what is inside makes no sense.
        raise KeyProblem(Trouble.PASSPHRASE_WRONG if protected else Trouble.KEY_FORMAT, file) from None
    pairs: list[asyncssh.SSHKeyPair] = []
    for name, certificate in files.certificates:
        try:
            pairs += asyncssh.load_keypairs([(key, asyncssh.import_certificate(certificate))])
        except ValueError:
            raise KeyProblem(Trouble.KEY_FORMAT, name, "certificate") from None
    pairs += asyncssh.load_keypairs([key])
    return tuple(LoadedKey(pair, file) for pair in pairs)


def _look(data: bytes, file: str) -> bool:
    """Whether a key is protected by a passphrase. Raises `KeyProblem` for what is no whole private key."""
    if _PUBLIC.match(data):
        raise KeyProblem(Trouble.KEY_IS_PUBLIC, file)
    if data.startswith(b"PuTTY-User-Key-File"):
        raise KeyProblem(Trouble.KEY_FORMAT, file, "putty")
    begin = _BEGIN.search(data)
    if begin is None:
        if data[:1] == b"\x30":
            return False  # DER
        raise KeyProblem(Trouble.KEY_FORMAT, file, "no key")
    name = begin.group(1)
    if b"PUBLIC" in name:
        raise KeyProblem(Trouble.KEY_IS_PUBLIC, file)
    end = data.find(b"-----END " + name + b"-----", begin.end())
    if end < 0:
        raise KeyProblem(Trouble.KEY_FORMAT, file, "cut off")
    body = data[begin.end() : end]
    if name != b"OPENSSH PRIVATE KEY":
        return b"ENCRYPTED" in name or b"Proc-Type: 4,ENCRYPTED" in body
    try:
        raw = base64.b64decode(b"".join(body.split()))
    except (binascii.Error, ValueError):
        raise KeyProblem(Trouble.KEY_FORMAT, file, "cut off") from None
    if not raw.startswith(_MAGIC):
        raise KeyProblem(Trouble.KEY_FORMAT, file)
    at = len(_MAGIC)
    size = int.from_bytes(raw[at : at + 4], "big")
    return raw[at + 4 : at + 4 + size] != b"none"
