"""Why a certificate did not verify, in the numbers of OpenSSL: for OpenSSL, Windows and macOS alike.

On Windows and macOS truststore lets the system verify, and raises `ssl.SSLCertVerificationError` with the system's own
number; such an error has none of the attributes that OpenSSL's errors have (``reason``, ``library``).
"""

from __future__ import annotations

import ssl
from typing import Final

UNSPECIFIED: Final = 1
"""X509_V_ERR_UNSPECIFIED: what a number that is not known here becomes."""
_HIGHEST_OF_OPENSSL: Final = 999

_WINDOWS: Final = {  # winerror.h: CERT_E_*, TRUST_E_*, CRYPT_E_*, as CertVerifyCertificateChainPolicy returns them
    0x800B0101: 10,  # CERT_E_EXPIRED: outside of its validity period, also before it
    0x800B0105: 34,  # CERT_E_CRITICAL
    0x800B0109: 19,  # CERT_E_UNTRUSTEDROOT
    0x800B010A: 20,  # CERT_E_CHAINING
    0x800B010C: 23,  # CERT_E_REVOKED
    0x800B010F: 62,  # CERT_E_CN_NO_MATCH
    0x800B0110: 26,  # CERT_E_WRONG_USAGE
    0x800B0111: 28,  # TRUST_E_EXPLICIT_DISTRUST
    0x800B0114: 47,  # CERT_E_INVALID_NAME
    0x80092010: 23,  # CRYPT_E_REVOKED
    0x80092012: 3,  # CRYPT_E_NO_REVOCATION_CHECK
    0x80092013: 3,  # CRYPT_E_REVOCATION_OFFLINE
    0x80096004: 7,  # TRUST_E_CERT_SIGNATURE
    0x80096019: 79,  # TRUST_E_BASIC_CONSTRAINTS
}
_MACOS: Final = {  # Security/SecBase.h, as SecTrustEvaluateWithError returns them
    -25318: 20,  # errSecCreateChainFailed
    -67602: 62,  # errSecHostNameMismatch
    -67609: 26,  # errSecInvalidExtendedKeyUsage
    -67635: 3,  # errSecIncompleteCertRevocationCheck
    -67654: 28,  # errSecTrustSettingDeny
    -67818: 10,  # errSecCertificateExpired
    -67819: 9,  # errSecCertificateNotValidYet
    -67820: 23,  # errSecCertificateRevoked
    -67843: 20,  # errSecNotTrusted
}


def verify_code_of(error: ssl.SSLCertVerificationError) -> int:
    """The X509_V_ERR number that says what the error says."""
    number = getattr(error, "verify_code", UNSPECIFIED)
    if 0 < number <= _HIGHEST_OF_OPENSSL:
        return number
    return _MACOS.get(number) or _WINDOWS.get(number & 0xFFFFFFFF, UNSPECIFIED)


def reason_of(error: ssl.SSLError) -> str | None:
    """OpenSSL's name for the reason, e.g. ``WRONG_VERSION_NUMBER``; None for an error that is not OpenSSL's."""
    return getattr(error, "reason", None)
