"""What Windows and macOS say of a certificate counts as what OpenSSL says of it."""

from __future__ import annotations

import ssl

import pytest

from clearline.core.probes.connection import reach_of
from clearline.core.probes.tls_records import alert_of
from clearline.core.tls.verify_codes import UNSPECIFIED, reason_of, verify_code_of


def of_the_system(code: int | None) -> ssl.SSLCertVerificationError:
    """As truststore raises it: made in Python, so that it has none of OpenSSL's attributes."""
    error = ssl.SSLCertVerificationError("A certificate chain could not be built to a trusted root authority.")
    if code is not None:
        error.verify_code = code
    return error


@pytest.mark.parametrize(
    ("system", "openssl"),
    [
        (0x800B0109, 19),
        (0x800B0109 - 2**32, 19),  # the same as a signed number
        (0x800B010A, 20),
        (0x800B010F, 62),
        (0x800B0101, 10),
        (-67843, 20),
        (-67602, 62),
        (-67818, 10),
        (-67819, 9),
        (18, 18),
        (0x800B01FF, UNSPECIFIED),
        (-1, UNSPECIFIED),
        (None, UNSPECIFIED),
    ],
)
def test_a_system_s_number_becomes_openssl_s(system: int | None, openssl: int) -> None:
    assert verify_code_of(of_the_system(system)) == openssl


def test_such_an_error_has_no_reason_and_no_alert() -> None:
    error = of_the_system(0x800B0109)
    assert not hasattr(error, "reason")
    assert reason_of(error) is None
    assert alert_of(error) is None
    assert reach_of(error).value == "verify-failed"
