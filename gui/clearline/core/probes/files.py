"""The certificate files that a profile names: can they be read, and do they hold what the driver needs."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import ssl
import stat
import warnings
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, unquote_plus

import msgspec

from clearline.core.facts.computer import CertificateFacts, FileFacts, FileFormat, Readable
from clearline.core.facts.text import Mistake
from clearline.core.files.drives import ANSWER_S, NoAnswer, asked
from clearline.core.findings import Severity
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import KEY_PASSWORD, Secrets
from clearline.core.tls.pem import Block, blocks_of, contents_of, format_of, is_utf16_pem, spoilt

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

NO_FILE: Final = "files.not-a-file"
NO_ANSWER: Final = "files.no-answer"
_MAX_BYTES: Final = 10_000_000
_MAX_CERTIFICATES: Final = 400  # Mozilla's whole list has 145
_CERTIFICATE_KEY_FILE: Final = "tlsCertificateKeyFile"


def inspect_files(profile: Profile, secrets: Secrets, now: datetime, raw: str = "") -> tuple[FileFacts, ...]:
    """Facts of tlsCAFile, tlsCertificateKeyFile and tlsCRLFile, as far as the profile names them.

    ``now`` is this computer's clock, an aware datetime; ``raw`` the connection string as typed, if there is one, which
    shows a literal ``+`` in a path. Takes milliseconds, but files can lie on a slow network: call it in a daemon
    thread. Pipes and devices are not opened, and at most 10 MB are read.
    """
    secret = secrets.get(KEY_PASSWORD)
    password = secret.reveal().encode() if secret is not None else None
    return tuple(
        _inspect(FileFacts(option=option, path=path, readable=Readable.OK), password, now, raw)
        for option, path in _named(profile).items()
    )


async def unopenable(profile: Profile, timeout_s: float = ANSWER_S) -> Mistake | None:
    """A file for which the driver, which opens it in the loop's own thread, would wait for ever: a pipe, a drive away.

    Takes one byte of each; whatever else is wrong with them `inspect_files` tells.
    """
    return await _unopenable(_named(profile), timeout_s)


async def unopenable_around(named: Mapping[str, str], field: str, timeout_s: float = ANSWER_S) -> Mistake | None:
    """The same of files that the surroundings name for ``field`` of a profile, and not the profile itself."""
    return await _unopenable({name: file for name, file in named.items() if file != os.devnull}, timeout_s, (field,))


async def _unopenable(named: Mapping[str, str], timeout_s: float, fields: tuple[str, ...] = ()) -> Mistake | None:
    if not named:
        return None
    seen: dict[str, bool] = {}
    with contextlib.suppress(NoAnswer):
        await asked(next(iter(named.values())), _touch, named, seen, limit_s=timeout_s)
    for option, path in named.items():
        blanks = {"file": path, "option": option}
        if option not in seen:
            return _stuck(NO_ANSWER, fields or (option,), {**blanks, "s": f"{timeout_s:g}"})
        if not seen[option]:
            return _stuck(NO_FILE, fields or (option,), blanks)
    return None


def _touch(named: Mapping[str, str], seen: dict[str, bool]) -> None:
    for option, path in named.items():
        try:
            data, _ = _read(path, 1)
            seen[option] = data is not None
        except (OSError, ValueError):
            seen[option] = True  # it says so, and the driver gets the same answer


def _stuck(cause: str, fields: tuple[str, ...], blanks: dict[str, str]) -> Mistake:
    return Mistake(cause=cause, severity=Severity.FAILURE, blanks=blanks, fields=fields)


def _named(profile: Profile) -> dict[str, str]:
    tls = profile.tls
    paths = {"tlsCAFile": tls.ca_file, _CERTIFICATE_KEY_FILE: tls.certificate_key_file, "tlsCRLFile": tls.crl_file}
    return {option: path for option, path in paths.items() if path is not None}


def _inspect(named: FileFacts, password: bytes | None, now: datetime, raw: str) -> FileFacts:
    try:
        data, size = _read(named.path)
    except OSError as error:
        readable = _readable(error)
        literal = _literal_plus(named, raw) if readable is Readable.NOT_FOUND else None
        return _with(named, readable=readable, errno=error.errno, literal_plus_path=literal)
    except ValueError:  # a NUL in the path
        return _with(named, readable=Readable.OTHER)
    if data is None:
        return _with(named, readable=Readable.NO_FILE)
    format = format_of(data)
    facts = _with(named, size=size, format=format, openssl_error=_refused_by_openssl(named, password))
    if format is FileFormat.EMPTY:
        return _with(facts, damaged="empty")
    if is_utf16_pem(data):
        return _with(facts, damaged="saved as UTF-16 text")
    blocks, cut = blocks_of(data)
    certificates, bad_certificate = _certificates(blocks, now)
    facts = _with(
        facts,
        certificates=certificates,
        holds=contents_of(data, blocks),
        **_lists(blocks, now),
        **_key(blocks, password),
    )
    if facts.openssl_error is None:  # the driver's own judgement: what is odd about the file does not matter
        accepted_key = {"key_opens": True, "key_matches": True} if named.option == _CERTIFICATE_KEY_FILE else {}
        return _with(facts, **accepted_key)
    bad_key = facts.key_present and not facts.key_encrypted and facts.key_opens is False
    unreadable = bad_certificate or bad_key or any(block.der is None for block in blocks)
    if (how := spoilt(data)) is not None:
        return _with(facts, damaged=how)
    if not blocks and not cut and b"-----BEGIN " in data:
        return _with(facts, damaged="spoilt: its BEGIN and END do not stand on lines of their own, without indentation")
    if cut and size == len(data):
        return _with(facts, damaged="cut off in the middle of a block")
    return _with(facts, damaged="not decodable") if unreadable or facts.crl_count < _crls(blocks) else facts


def _with(facts: FileFacts, **changes: Any) -> FileFacts:
    return msgspec.structs.replace(facts, **changes)


def _read(path: str, most: int = _MAX_BYTES) -> tuple[bytes | None, int]:
    """The first bytes of a file and its size; None for what is no file. Raises `OSError`, `IsADirectoryError`."""
    status = Path(path).stat()
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a directory")
    if not stat.S_ISREG(status.st_mode):  # a pipe would block, a device may never end
        return None, 0
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:  # a pipe that has taken its place since does not block
        return file.read(most), status.st_size


def _readable(error: OSError) -> Readable:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return Readable.NOT_FOUND
        case IsADirectoryError():
            return Readable.FOLDER
        case PermissionError():
            return Readable.NO_PERMISSION
        case _:
            return Readable.OTHER


def _literal_plus(named: FileFacts, raw: str) -> str | None:
    """The path with the ``+`` that was typed, if that file exists."""
    if raw:
        values = re.findall(rf"[?&;]{named.option}=([^&;#]*)", raw, re.IGNORECASE)
        candidates = [unquote(value) for value in values if unquote_plus(value) == named.path]
    else:
        candidates = [named.path.replace(" ", "+")]
    return next((path for path in candidates if path != named.path and _exists(path)), None)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _refused_by_openssl(named: FileFacts, password: bytes | None) -> str | None:
    """The file loaded just as PyMongo loads it (pymongo/ssl_support.py); never asks at the terminal for a password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if named.option == _CERTIFICATE_KEY_FILE:
            context.load_cert_chain(named.path, None, lambda: password or b"")
        else:
            context.load_verify_locations(named.path)
    except ssl.SSLError as error:
        return f"{error.library} {error.reason or error.errno}"
    except (OSError, ValueError) as error:  # gone since it was read, or a password of more than 1024 characters
        return type(error).__name__
    return None


def _certificates(blocks: tuple[Block, ...], now: datetime) -> tuple[tuple[CertificateFacts, ...], bool]:
    """The certificates that can be read, and whether there are others."""
    from clearline.core.tls.certificates import certificate_facts

    found, bad = [], False
    for block in [block for block in blocks if block.is_certificate][:_MAX_CERTIFICATES]:
        try:
            found.append(certificate_facts(block.der or b"", now))
        except ValueError:
            bad = True
    return tuple(found), bad


def _crls(blocks: tuple[Block, ...]) -> int:
    return sum(block.is_crl for block in blocks)


def _lists(blocks: tuple[Block, ...], now: datetime) -> dict[str, Any]:
    """The fields about revocation lists: ``crl_next_update`` is the earliest."""
    if not _crls(blocks):
        return {}
    from cryptography import x509

    from clearline.core.tls.certificates import readable

    def read(der: bytes) -> tuple[str, datetime | None]:
        crl = x509.load_der_x509_crl(der)
        return crl.issuer.rfc4514_string(), crl.next_update_utc

    found = [readable(partial(read, block.der or b""), None) for block in blocks if block.is_crl]
    lists = [one for one in found if one is not None]
    updates = [update for _, update in lists if update is not None]
    return {
        "crl_count": len(lists),
        "crl_issuers": tuple(dict.fromkeys(issuer for issuer, _ in lists)),
        "crl_next_update": min(updates).isoformat() if updates else None,
        "crl_expired": any(update < now for update in updates),
    }


def _key(blocks: tuple[Block, ...], password: bytes | None) -> dict[str, Any]:
    """The fields about the first private key, which is the one that OpenSSL takes."""
    block = next((block for block in blocks if block.is_key), None)
    if block is None:
        return {"key_password_given": password is not None}
    opens, key = _open(block, password)
    return {
        "key_present": True,
        "key_encrypted": block.encrypted,
        "key_password_given": password is not None,
        "key_opens": opens,
        **(_matches(blocks, key) if key is not None else {}),
    }


def _open(block: Block, password: bytes | None) -> tuple[bool | None, PublicKeyTypes | None]:
    """Whether the key can be read (None: of a kind that cryptography does not know), and its public half."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if block.encrypted and not password:
        return False, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old ciphers and small keys are the user's
            return True, load_pem_private_key(block.text, password if block.encrypted else None).public_key()
    except UnsupportedAlgorithm:
        return None, None
    except (ValueError, TypeError):
        return False, None


def _matches(blocks: tuple[Block, ...], key: PublicKeyTypes) -> dict[str, Any]:
    """Whether the first certificate belongs to the key, as OpenSSL demands, and else which later one does."""
    fits = [_fits(block, key) for block in [one for one in blocks if one.is_certificate][:_MAX_CERTIFICATES]]
    if not fits or fits[0] is None:
        return {}
    return {"key_matches": fits[0], "key_fits_later": 0 if fits[0] or True not in fits else fits.index(True)}


def _fits(certificate: Block, key: PublicKeyTypes) -> bool | None:
    from cryptography import x509

    from clearline.core.tls.certificates import readable

    if (der := certificate.der) is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return readable(lambda: x509.load_der_x509_certificate(der).public_key() == key, None)
