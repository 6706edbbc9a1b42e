"""The certificates are wrong in the way they promise, seen by a real TLS handshake."""

from __future__ import annotations

import contextlib
import socket
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

from lab import peers
from lab.certificates import DAY, Authority, Identity, self_signed, server_context
from lab.peer import Peer

EXPIRED, NOT_YET_VALID, SELF_SIGNED, NO_ISSUER, REVOKED, WEAK = 10, 9, 18, 20, 23, 66
SELF_SIGNED_IN_CHAIN, CRL_EXPIRED, NO_CRL, WRONG_NAME, WRONG_IP = 19, 12, 3, 62, 64


def handshake(
    peer: Peer, ca: Path, name: str | None = "localhost", client: Identity | None = None, **changes: object
) -> str:
    context = ssl.create_default_context(cafile=ca)
    if client:
        context.load_cert_chain(client.certificate_key_file)
    for change, value in changes.items():
        setattr(context, change, value)
    with socket.create_connection((peer.host, peer.port), 5) as plain:
        with context.wrap_socket(plain, server_hostname=name) as line:
            version = str(line.version())
            line.sendall(b"hello")
            line.recv(1)
            return version


def verify_code(identity: Identity, ca: Path, name: str = "localhost") -> int:
    with (
        peers.close_after_data(tls=server_context(identity)) as peer,
        pytest.raises(ssl.SSLCertVerificationError) as raised,
    ):
        handshake(peer, ca, name)
    return raised.value.verify_code


def test_a_right_certificate_verifies_by_name_and_by_address(authority: Authority) -> None:
    with peers.close_after_data(tls=server_context(authority.server())) as peer:
        assert handshake(peer, authority.ca_file) == "TLSv1.3"
        assert handshake(peer, authority.ca_file, "127.0.0.1") == "TLSv1.3"
        assert peer.received == [b"hello", b"hello"]


def test_wrong_dates_names_keys_and_issuers_give_openssl_s_own_codes(
    authority: Authority, other_authority: Authority, tmp_path: Path
) -> None:
    ca = authority.ca_file
    assert verify_code(authority.server(ends=-3 * DAY), ca) == EXPIRED
    assert verify_code(authority.server(starts=5 * DAY), ca) == NOT_YET_VALID
    assert verify_code(authority.server("db.prod.lab", "*.prod.lab"), ca) == WRONG_NAME
    assert verify_code(authority.server("localhost"), ca, "127.0.0.1") == WRONG_IP
    assert verify_code(authority.server(rsa_bits=1024), ca) == WEAK
    assert verify_code(self_signed(tmp_path), ca) == SELF_SIGNED
    assert verify_code(authority.server(), other_authority.ca_file) == NO_ISSUER
    assert verify_code(Authority(tmp_path, "Zscaler Inspection CA").server(), ca) == NO_ISSUER


def test_an_intermediate_can_be_sent_or_forgotten(authority: Authority) -> None:
    between = authority.intermediate()
    with peers.close_after_data(tls=server_context(between.server())) as peer:
        handshake(peer, authority.ca_file)
    assert verify_code(between.server(send_chain=False), authority.ca_file) == NO_ISSUER


def test_a_certificate_without_san_keeps_its_name_in_the_subject(authority: Authority) -> None:
    with peers.close_after_data(tls=server_context(authority.server(san=False))) as peer:
        handshake(peer, authority.ca_file)


@pytest.mark.parametrize(("kind", "code"), [("revoking", REVOKED), ("expired", CRL_EXPIRED), ("foreign", NO_CRL)])
def test_revocation_lists(authority: Authority, other_authority: Authority, kind: str, code: int) -> None:
    identity = authority.server()
    crl = {
        "revoking": lambda: authority.crl(identity),
        "expired": lambda: authority.crl(next_update=-DAY),
        "foreign": lambda: other_authority.crl(),
    }[kind]()
    context = ssl.create_default_context(cafile=authority.ca_file)
    context.load_verify_locations(crl)
    context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    with peers.close_after_data(tls=server_context(identity)) as peer, contextlib.ExitStack() as stack:
        raised = stack.enter_context(pytest.raises(ssl.SSLCertVerificationError))
        plain = stack.enter_context(socket.create_connection((peer.host, peer.port), 5))
        context.wrap_socket(plain, server_hostname="localhost")
    assert raised.value.verify_code == code


def test_a_server_can_demand_a_client_certificate(authority: Authority, other_authority: Authority) -> None:
    client = authority.client()
    assert client.subject == "OU=Clients,O=Lab,CN=app"
    revoked = authority.client("old")
    crl = authority.crl(revoked)
    context = server_context(authority.server(), client_ca=authority.ca_file, client_certificate=True, crl=crl)
    with peers.close_after_data(tls=context) as peer:
        handshake(peer, authority.ca_file, client=client)
        for wrong in (None, other_authority.client(), authority.client(ends=-DAY), revoked):
            with pytest.raises(ssl.SSLError):
                handshake(peer, authority.ca_file, client=wrong)
        assert (peer.connections, peer.handshakes) == (5, 1)


def test_old_versions_and_ciphers_and_a_needed_name(authority: Authority) -> None:
    old = server_context(authority.server(), versions=(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1))
    with peers.close_after_data(tls=old) as peer, pytest.raises(ssl.SSLError) as raised:
        handshake(peer, authority.ca_file)
    assert raised.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"
    tls12 = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    narrow = server_context(authority.server(rsa_bits=2048), versions=tls12, ciphers="AES128-SHA")
    with peers.close_after_data(tls=narrow) as peer, pytest.raises(ssl.SSLError) as raised:
        handshake(peer, authority.ca_file)
    assert raised.value.reason == "SSLV3_ALERT_HANDSHAKE_FAILURE"
    with peers.close_after_data(tls=server_context(authority.server(), needs_sni=True)) as peer:
        handshake(peer, authority.ca_file, "localhost")
        with pytest.raises(ssl.SSLError) as raised:
            handshake(peer, authority.ca_file, "127.0.0.1")
    assert raised.value.reason == "TLSV1_UNRECOGNIZED_NAME"


def test_the_file_formats(authority: Authority) -> None:
    identity, other = authority.client(), authority.client("other")
    with pytest.raises(TypeError):
        load_pem_private_key(identity.encrypted("secret").read_bytes(), None)
    key, certificate, _ = load_key_and_certificates(identity.pkcs12("secret").read_bytes(), b"secret")
    assert key is not None
    assert certificate == identity.certificate
    assert identity.der().read_bytes()[0] == 0x30
    assert b"PRIVATE KEY" not in identity.certificate_file.read_bytes()
    assert b"CERTIFICATE" not in identity.key_file.read_bytes()
    with pytest.raises(ssl.SSLError) as raised:
        ssl.create_default_context().load_cert_chain(identity.with_key_of(other))
    assert raised.value.reason == "KEY_VALUES_MISMATCH"


def test_extensions_say_must_staple_and_where_to_ask(authority: Authority) -> None:
    certificate = authority.server(must_staple=True, ocsp="http://10.8.0.15/").certificate
    names = {type(extension.value).__name__ for extension in certificate.extensions}
    assert {"TLSFeature", "AuthorityInformationAccess"} <= names
