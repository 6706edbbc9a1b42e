"""Certificates become facts, odd ones too."""

from __future__ import annotations

import datetime
import hashlib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.tls.certificates import certificate_facts, distinguished_name, public_key_id
from lab.certificates import DAY, Authority, self_signed

NOW = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def made(
    subject: x509.Name | None = None,
    issuer: x509.Name | None = None,
    *,
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None,
    signed_with: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None,
    serial: int = 7,
    extensions: Sequence[x509.ExtensionType] = (),
) -> bytes:
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "db")])
    key = key or ec.generate_private_key(ec.SECP384R1())
    signer = signed_with or key
    builder = x509.CertificateBuilder(subject or own, issuer or own, key.public_key(), serial)
    builder = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return der(builder.sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA384()))


def test_a_server_certificate_tells_all_that_a_connection_depends_on(authority: Authority) -> None:
    identity = authority.server("db.lab", "*.lab", "10.1.2.3", "::1", must_staple=True, ocsp="http://ocsp.lab/x")
    facts = certificate_facts(der(identity.certificate), datetime.datetime.now(datetime.UTC))
    assert (facts.subject, facts.issuer) == ("OU=Servers,O=Lab,CN=db.lab", "O=Lab,CN=Lab CA")
    assert (facts.common_name, facts.unit) == ("db.lab", "Servers")
    assert (facts.names, facts.addresses, facts.has_san) == (("db.lab", "*.lab"), ("10.1.2.3", "::1"), True)
    assert facts.days_left == pytest.approx(365, abs=0.01)
    assert not facts.not_yet_valid
    assert (facts.is_ca, facts.self_signed, facts.must_staple) == (False, False, True)
    assert facts.ocsp_urls == ("http://ocsp.lab/x",)
    assert (facts.key_type, facts.key_bits, facts.signature_hash) == ("EC", 256, "sha256")
    assert facts.serial == format(identity.certificate.serial_number, "x")
    assert facts.key_id == public_key_id(identity.key.public_key())


def test_what_a_certificate_holds_without_measure_is_cut() -> None:
    long = x509.Name([x509.NameAttribute(NameOID.DN_QUALIFIER, "n" * 30_000)])
    ocsp, at = AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier
    urls = ["http://h/" + "x" * 5_000, *(f"http://ocsp.lab/{n}" for n in range(300))]
    access = x509.AuthorityInformationAccess([x509.AccessDescription(ocsp, at(url)) for url in urls])
    purposes = x509.ExtendedKeyUsage([x509.ObjectIdentifier(f"1.3.6.1.5.5.7.3.{n}") for n in range(1_000)])
    facts = certificate_facts(made(subject=long, extensions=[access, purposes]), NOW)
    assert len(msgspec.json.encode(facts)) < 10_000
    assert facts.ocsp_urls[0] == "http://ocsp.lab/0"


def test_dates_are_utc_and_count_from_the_clock_that_is_given() -> None:
    data = made()
    facts = certificate_facts(data, NOW)
    assert (facts.not_before, facts.not_after) == ("2029-12-31T00:00:00+00:00", "2030-01-02T00:00:00+00:00")
    assert facts.days_left == 1
    assert certificate_facts(data, NOW + 3 * DAY).days_left == -2
    assert certificate_facts(data, NOW - 3 * DAY).not_yet_valid


def test_an_authority_is_one_and_vouches_for_itself(authority: Authority) -> None:
    root = certificate_facts(der(authority.certificate), NOW)
    assert (root.is_ca, root.self_signed, root.has_san) == (True, True, False)
    intermediate = certificate_facts(der(authority.intermediate().certificate), NOW)
    assert (intermediate.is_ca, intermediate.self_signed) == (True, False)


def test_self_signed_needs_the_name_and_the_key(tmp_path: Path) -> None:
    assert certificate_facts(der(self_signed(tmp_path).certificate), NOW).self_signed
    other = ec.generate_private_key(ec.SECP256R1())
    assert not certificate_facts(made(signed_with=other), NOW).self_signed


def test_the_key_id_is_the_hash_of_the_public_key() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    facts = certificate_facts(made(key=key), NOW)
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert (facts.key_type, facts.key_bits, facts.signature_hash) == ("Ed25519", 256, "")
    assert facts.key_id == hashlib.sha256(spki).hexdigest()


def test_names_against_the_rules_neither_warn_nor_fail() -> None:
    data = made()
    broken = data.replace(b"\x0c\x02db", b"\x0c\x02\xff\xfe")  # no UTF-8
    assert broken != data
    facts = certificate_facts(broken, NOW)
    assert (facts.subject, facts.common_name, facts.key_type) == ("", None, "EC")
    zero = data.replace(b"\x02\x01\x07", b"\x02\x01\x00", 1)  # a serial number of zero
    assert certificate_facts(zero, NOW).serial == "0"


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(ValueError):
        certificate_facts(b"\x30\x03\x02\x01\x07", NOW)


@pytest.mark.parametrize("units", [0, 1, 2, 3, 10, 40])
def test_authorities_of_a_certificate_request_become_text(units: int) -> None:
    unit = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Prüfstand, Nord")
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab"), *[unit] * units])
    assert distinguished_name(name.public_bytes()) == name.rfc4514_string() != ""


def test_what_is_no_name_is_empty() -> None:
    assert distinguished_name(b"nonsense") == ""
    assert distinguished_name(b"x" * 70000) == ""


@given(st.data())
def test_a_certificate_with_any_bytes_changed_is_read_or_is_none(data: st.DataObject) -> None:
    der = bytearray(_DER)
    for place in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=4)):
        der[place] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        certificate_facts(
            bytes(der[: data.draw(st.sampled_from([len(der), len(der) // 2]))]), datetime.datetime.now(datetime.UTC)
        )


_DER = ssl.PEM_cert_to_DER_cert(trustme.CA().issue_cert("db.example.com").cert_chain_pems[0].bytes().decode())
