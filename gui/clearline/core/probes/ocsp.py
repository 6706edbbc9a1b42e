"""Whether a certificate is revoked, asked of the service that it names (RFC 6960), where the profile wants it asked."""

from __future__ import annotations

import asyncio
import http.client
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.servers import OcspAnswer

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509 import ocsp

_MOST_BYTES: Final = 65_536
_TYPE: Final = "application/ocsp-request"


async def ask(url: str, certificate: bytes, issuer: bytes, *, deadline_s: float) -> OcspAnswer:
    """What the service at ``url`` says of ``certificate``, which ``issuer`` issued (both DER). Raises nothing."""
    silent = OcspAnswer(url=url)
    try:
        async with asyncio.timeout(deadline_s):
            said = await run_in_daemon(_asked, url, certificate, issuer, deadline_s)
    except (OSError, http.client.HTTPException, ValueError):  # a timeout is an OSError
        return silent
    try:
        return _read(url, said, certificate, issuer)
    except Exception:  # noqa: BLE001 - cryptography has classes of its own for what cannot be parsed or verified
        return silent


def _asked(url: str, certificate: bytes, issuer: bytes, timeout_s: float) -> bytes:
    """The service's answer. Raises OSError, HTTPException, or ValueError for an address that cannot be asked."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509 import ocsp

    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("not an address of HTTP")
    leaf, above = (x509.load_der_x509_certificate(der) for der in (certificate, issuer))
    question = ocsp.OCSPRequestBuilder().add_certificate(leaf, above, hashes.SHA1()).build()  # noqa: S303 - as all do
    line = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout_s)
    try:
        body = question.public_bytes(serialization.Encoding.DER)
        line.request("POST", parts.path or "/", body, {"Content-Type": _TYPE})
        answer = line.getresponse()
        if answer.status != http.client.OK:
            raise ValueError(f"status {answer.status}")
        return answer.read(_MOST_BYTES)
    finally:
        line.close()


def _read(url: str, said: bytes, certificate: bytes, issuer: bytes) -> OcspAnswer:
    """The answer as facts; raises for one that is none, out of date, about another, or not signed as it must be."""
    from cryptography import x509
    from cryptography.x509 import ocsp

    leaf, above = (x509.load_der_x509_certificate(der) for der in (certificate, issuer))
    response = ocsp.load_der_ocsp_response(said)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return OcspAnswer(url=url, answered=True)
    if response.serial_number != leaf.serial_number:
        raise ValueError("about another certificate")
    if (until := response.next_update_utc) is not None and until < datetime.now(UTC):
        raise ValueError("an answer of earlier days")
    _verify(response, above)
    status = response.certificate_status
    revoked_at = response.revocation_time_utc if status is ocsp.OCSPCertStatus.REVOKED else None
    return OcspAnswer(
        url=url,
        answered=True,
        status=status.name.lower(),
        revoked_at=revoked_at.isoformat() if revoked_at else None,
    )


def _verify(response: ocsp.OCSPResponse, issuer: x509.Certificate) -> None:
    """Raises unless the issuer signed it, or one whom the issuer named for that (RFC 6960, section 4.2.2.2)."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID

    signer = issuer
    for delegate in response.certificates:
        usage = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if ExtendedKeyUsageOID.OCSP_SIGNING in usage:
            delegate.verify_directly_issued_by(issuer)
            signer = delegate
            break
    key, hashed = signer.public_key(), response.signature_hash_algorithm
    signed = (response.signature, response.tbs_response_bytes)
    if isinstance(key, rsa.RSAPublicKey) and hashed is not None:
        key.verify(*signed, padding.PKCS1v15(), hashed)
    elif isinstance(key, ec.EllipticCurvePublicKey) and hashed is not None:
        key.verify(*signed, ec.ECDSA(hashed))
    else:
        raise ValueError("a signature of another kind")
