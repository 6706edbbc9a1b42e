"""Certificate files in a form that the driver does not take: what they hold, and the commands that convert them."""

from __future__ import annotations

from enum import Enum
from functools import partial
from pathlib import Path
from typing import Final

from clearline.core.facts.computer import FileFacts, FileFormat, Readable
from clearline.core.files.whole_files import read_whole
from clearline.core.text import shell_words

CA, CLIENT, CRL = "tlsCAFile", "tlsCertificateKeyFile", "tlsCRLFile"
OTHER_HALF: Final = {True: "the-certificate.pem", False: "the-key.pem"}
"""What a command calls the file that lacks, by whether the key is there; the user puts the right name."""
_PKCS7: Final = bytes.fromhex("06092a864886f70d010702")  # the object identifier signedData
_HEAD: Final = 4096
_MOST_BYTES: Final = 10_000_000


class Der(Enum):
    """What a binary file, or a PEM file without any certificate, turns out to hold."""

    CERTIFICATE = "certificate"
    REVOCATION_LIST = "revocation list"
    KEY = "private key"
    PKCS7 = "PKCS#7 bundle"


def conversions(facts: FileFacts, holds: Der | None, *, windows: bool) -> tuple[str, ...]:
    """The commands that make of a file what the driver takes, for this system's shell; empty where none can."""
    if facts.readable is not Readable.OK or not facts.path.isprintable():
        return ()  # a path like "/" has no name to go by, and a line break ends a command that is pasted
    path = facts.path
    given = _quoted(path, windows)
    made = _quoted(str(Path(path).with_suffix(".pem")), windows)
    match facts.format:
        case FileFormat.PKCS12:
            what = " -cacerts -nokeys" if facts.option == CA else ""
            return (f"openssl pkcs12 -in {given} -out {made}{what}",)
        case FileFormat.JKS if facts.option == CA:
            return (f"keytool -list -rfc -keystore {given} > {made}",)
        case FileFormat.JKS:
            between = _quoted(str(Path(path).with_suffix(".p12")), windows)
            first = f"keytool -importkeystore -srckeystore {given} -destkeystore {between} -deststoretype PKCS12"
            return (first, f"openssl pkcs12 -in {between} -out {made}")
        case FileFormat.DER | FileFormat.PEM if holds is not None:
            form = " -inform der" if facts.format is FileFormat.DER else ""
            made = made if facts.format is FileFormat.DER else _quoted(_beside(path), windows)
            return _from_der(holds, form, given, made)
        case FileFormat.PEM if facts.option == CLIENT and bool(facts.certificates) is not facts.key_present:
            other = OTHER_HALF[facts.key_present]
            return (_joined(given, other, _quoted(_beside(path), windows), windows),)
        case _ if facts.damaged and "UTF-16" in facts.damaged:
            return (_as_ascii(given, _quoted(_beside(path), windows), windows),)
        case _:
            return ()


def _from_der(holds: Der, form: str, given: str, made: str) -> tuple[str, ...]:
    match holds:
        case Der.CERTIFICATE:
            return (f"openssl x509{form} -in {given} -out {made}",)
        case Der.REVOCATION_LIST:
            return (f"openssl crl{form} -in {given} -out {made}",)
        case Der.KEY:
            return (f"openssl pkey{form} -in {given} -out {made}",)
        case Der.PKCS7:
            return (f"openssl pkcs7{form} -in {given} -print_certs -out {made}",)


def _as_ascii(given: str, made: str, windows: bool) -> str:
    if windows:
        return f"Get-Content {given} | Set-Content -Encoding ascii {made}"
    return f"iconv -f UTF-16 -t UTF-8 {given} > {made}"


def _joined(given: str, other: str, made: str, windows: bool) -> str:
    if windows:
        return f"Get-Content {given}, {other} | Set-Content -Encoding ascii {made}"
    return f"cat {given} {other} > {made}"


def _quoted(path: str, windows: bool) -> str:
    return shell_words.powershell_path(path) if windows else shell_words.posix_path(path)


def _beside(path: str) -> str:
    place = Path(path)
    return str(place.with_name(f"{place.stem}-converted.pem"))


def binary_kind(path: str) -> Der | None:
    """What a file holds that has no PEM certificate: found by trying."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    from clearline.core.tls.certificates import readable

    try:
        data = read_whole(Path(path), _MOST_BYTES)
    except (OSError, ValueError):
        return None
    if b"-----BEGIN PKCS7-----" in data or (data[:1] == b"\x30" and _PKCS7 in data[:64]):
        return Der.PKCS7
    if data[:1] != b"\x30" or b"-----BEGIN" in data[:_HEAD]:
        return None
    for kind, load in (
        (Der.CERTIFICATE, x509.load_der_x509_certificate),
        (Der.REVOCATION_LIST, x509.load_der_x509_crl),
        (Der.KEY, lambda der: load_der_private_key(der, None)),
    ):
        if readable(partial(load, data), None) is not None:
            return kind
    return None
