"""Certificates as facts: one DER certificate becomes one `CertificateFacts`. Never holds a private key.

``cryptography`` is imported inside the functions: it is not needed before the first certificate is seen.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from clearline.core.facts.computer import CertificateFacts
from clearline.core.facts.replies import LONGEST_TEXT, MOST_NAMES, cut

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

T = TypeVar("T")
_SECONDS_A_DAY = 86400.0
_MOST_PURPOSES = 100
_MOST_URLS = 10
_ED25519 = bytes.fromhex("300506032b6570")  # AlgorithmIdentifier


def certificate_facts(der: bytes, now: datetime) -> CertificateFacts:
    """Facts of the certificate ``der``; ``now`` is this computer's clock, an aware datetime.

    What cannot be read (names or extensions against the rules, as old appliances make them) stays at its default.
    Raises `ValueError` when ``der`` is no certificate at all.
    """
    try:
        return _facts(der, now)
    except ValueError:
        raise
    except Exception as error:  # cryptography has classes of its own for versions, algorithms and extensions
        raise ValueError("no certificate that can be read") from error


def _facts(der: bytes, now: datetime) -> CertificateFacts:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cryptography warns of serial numbers and names that a server is free to have
        certificate = x509.load_der_x509_certificate(der)
        names, addresses, has_san = _alternative_names(certificate)
        key_type, key_bits, key_id = _public_key(certificate)
        starts, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return CertificateFacts(
            subject=cut(readable(lambda: certificate.subject.rfc4514_string(), "")),
            issuer=cut(readable(lambda: certificate.issuer.rfc4514_string(), "")),
            serial=cut(format(certificate.serial_number, "x")),
            not_before=starts.isoformat(),
            not_after=ends.isoformat(),
            days_left=round((ends - now).total_seconds() / _SECONDS_A_DAY, 4),
            not_yet_valid=starts > now,
            names=names,
            addresses=addresses,
            has_san=has_san,
            common_name=_attribute(certificate, NameOID.COMMON_NAME),
            unit=_attribute(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME),
            is_ca=(constraints := _extension(certificate, x509.BasicConstraints)) is not None and constraints.ca,
            self_signed=_self_signed(certificate),
            key_type=key_type,
            key_bits=key_bits,
            signature_hash=readable(lambda: _signature_hash(certificate), ""),
            purposes=tuple(p.dotted_string for p in _extension(certificate, x509.ExtendedKeyUsage) or ())[
                :_MOST_PURPOSES
            ],
            must_staple=_must_staple(certificate),
            ocsp_urls=_ocsp_urls(certificate),
            key_id=key_id,
        )


def public_key_id(key: PublicKeyTypes) -> str:
    """What `CertificateFacts.key_id` holds, for a key that was read elsewhere: SHA-256 of its SPKI form, hex."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def distinguished_name(der: bytes) -> str:
    """A DER name, as a certificate request lists authorities, as RFC 4514 text; empty when it cannot be read."""
    from cryptography import x509

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return readable(lambda: x509.load_der_x509_csr(_request_with(der)).subject.rfc4514_string(), "")


def _request_with(name: bytes) -> bytes:
    """A signing request that consists of a name: cryptography reads a bare one only in its latest versions (50)."""
    key = b"\x30\x2a" + _ED25519 + b"\x03\x21" + bytes(33)
    return _sequence(_sequence(b"\x02\x01\x00" + name + key + b"\xa0\x00") + _ED25519 + b"\x03\x41" + bytes(65))


def _sequence(content: bytes) -> bytes:
    """A DER SEQUENCE around its content."""
    size = len(content)
    if size < 128:
        return bytes((0x30, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x30, 0x80 | len(digits))) + digits + content


def readable(read: Callable[[], T], otherwise: T) -> T:
    """What cryptography reads of a certificate or list, whatever it is; ``otherwise`` where it refuses it."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    own = (x509.ExtensionNotFound, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType)
    try:
        return read()
    except (ValueError, TypeError, UnsupportedAlgorithm, *own):
        return otherwise


E = TypeVar("E", bound="x509.ExtensionType")


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    return readable(lambda: certificate.extensions.get_extension_for_class(kind).value, None)


def _attribute(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str | None:
    def first() -> str | None:
        for attribute in certificate.subject.get_attributes_for_oid(oid):
            value = attribute.value
            return cut(value if isinstance(value, str) else value.decode("utf-8", "replace"))
        return None

    return readable(first, None)


def _alternative_names(certificate: x509.Certificate) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    from cryptography import x509

    names = _extension(certificate, x509.SubjectAlternativeName)
    if names is None:
        return (), (), False
    addresses = tuple(str(address) for address in names.get_values_for_type(x509.IPAddress)[:MOST_NAMES])
    return tuple(map(cut, names.get_values_for_type(x509.DNSName)[:MOST_NAMES])), addresses, True


def _public_key(certificate: x509.Certificate) -> tuple[str, int, str]:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    key = readable(certificate.public_key, None)
    match key:
        case None:
            return "", 0, ""
        case rsa.RSAPublicKey():
            return "RSA", key.key_size, public_key_id(key)
        case ec.EllipticCurvePublicKey():
            return "EC", key.key_size, public_key_id(key)
        case dsa.DSAPublicKey():
            return "DSA", key.key_size, public_key_id(key)
        case ed25519.Ed25519PublicKey():
            return "Ed25519", 256, public_key_id(key)
        case ed448.Ed448PublicKey():
            return "Ed448", 456, public_key_id(key)
        case _:
            return type(key).__name__.removesuffix("PublicKey"), 0, public_key_id(key)


def _signature_hash(certificate: x509.Certificate) -> str:
    algorithm = certificate.signature_hash_algorithm
    return algorithm.name if algorithm else ""


def _self_signed(certificate: x509.Certificate) -> bool:
    """Issued by its own name; and by its own key, as far as that can be computed."""
    from cryptography.exceptions import InvalidSignature

    if not readable(lambda: certificate.subject == certificate.issuer, False):
        return False
    try:
        readable(lambda: certificate.verify_directly_issued_by(certificate), None)
    except InvalidSignature:
        return False
    return True


def _must_staple(certificate: x509.Certificate) -> bool:
    from cryptography import x509

    features = _extension(certificate, x509.TLSFeature)
    return features is not None and x509.TLSFeatureType.status_request in features


def _ocsp_urls(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    access = _extension(certificate, x509.AuthorityInformationAccess) or ()
    found = (
        entry.access_location.value
        for entry in access
        if entry.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(entry.access_location, x509.UniformResourceIdentifier)
    )
    return tuple(url for url in found if len(url) <= LONGEST_TEXT)[:_MOST_URLS]
