"""Authorities and certificates as PEM files: right ones, and every wrong one that breaks a TLS connection.

``Authority(folder)`` is a private certificate authority; ``authority.server("localhost", "127.0.0.1")`` and
``authority.client("app")`` return an `Identity`, whose files mongod, pymongo and `server_context` take. Wrong dates,
weak keys, missing names and odd extensions are arguments. Made with cryptography alone: trustme offers neither a
common name for the authority, nor extensions, revocation lists or encrypted keys. Keys are P-256, which takes no time.
"""

from __future__ import annotations

import datetime
import ipaddress
import itertools
import re
import ssl
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
DAY = datetime.timedelta(days=1)
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
_numbers = itertools.count(1)


def new_key(rsa_bits: int | None = None) -> Key:
    """A private key: P-256, or RSA of that size."""
    if rsa_bits is None:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, rsa_bits)


@dataclass(frozen=True)
class Identity:
    """A certificate with its key, and the files that hold them."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...]
    """The intermediates that are sent along."""
    certificate_key_file: Path
    """Certificate, chain and key in one PEM: for mongod and for ``tlsCertificateKeyFile``."""
    certificate_file: Path
    """Certificate and chain, no key."""
    key_file: Path
    """The key alone."""

    @property
    def subject(self) -> str:
        """The subject as MongoDB names an X.509 user, e.g. ``OU=Clients,O=Lab,CN=app``."""
        return self.certificate.subject.rfc4514_string()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hexadecimal."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def encrypted(self, password: str) -> Path:
        """A PEM file like `certificate_key_file` whose key needs a password."""
        locked = serialization.BestAvailableEncryption(password.encode())
        return self._write("encrypted.pem", _pem(self.certificate, *self.chain) + _key_pem(self.key, locked))

    def der(self) -> Path:
        """The certificate in DER form."""
        return self._write("certificate.der", self.certificate.public_bytes(serialization.Encoding.DER))

    def pkcs12(self, password: str) -> Path:
        """Certificate and key as PKCS#12."""
        locked = serialization.BestAvailableEncryption(password.encode())
        data = pkcs12.serialize_key_and_certificates(b"lab", self.key, self.certificate, self.chain, locked)
        return self._write("identity.p12", data)

    def with_key_of(self, other: Identity) -> Path:
        """A PEM file with this certificate and a key that does not belong to it."""
        return self._write("mismatch.pem", _pem(self.certificate, *self.chain) + _key_pem(other.key))

    def _write(self, ending: str, data: bytes) -> Path:
        path = self.key_file.with_name(f"{self.key_file.name.removesuffix('key.pem')}{ending}")
        path.write_bytes(data)
        return path


@dataclass(frozen=True)
class Authority:
    """A certificate authority whose files live in ``folder``; ``parent`` makes it an intermediate one."""

    folder: Path
    name: str = "Lab CA"
    organization: str = "Lab"
    parent: Authority | None = None
    starts: datetime.timedelta = -100 * DAY
    """When its own certificate begins, from now."""
    ends: datetime.timedelta = 3650 * DAY
    """When it ends, from now."""

    @cached_property
    def key(self) -> Key:
        """The authority's private key."""
        return new_key()

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The authority's own certificate: self-signed, or signed by the parent."""
        subject = _name(self.name, self.organization, None)
        issuer, issuer_key = (self.parent.certificate, self.parent.key) if self.parent else (None, self.key)
        builder = _builder(subject, issuer.subject if issuer else subject, self.key, self.starts, self.ends)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
        builder = builder.add_extension(_key_identifier(issuer_key), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    @cached_property
    def ca_file(self) -> Path:
        """The PEM file to trust: the certificate of the root."""
        root = self
        while root.parent:
            root = root.parent
        return root._write("ca.pem", _pem(root.certificate))

    @cached_property
    def certificate_file(self) -> Path:
        """The PEM file with this authority's own certificate."""
        return self._write("authority.pem", _pem(self.certificate))

    def intermediate(self, name: str = "Lab Intermediate CA", ends: datetime.timedelta = 3650 * DAY) -> Authority:
        """An authority that this one vouches for."""
        return Authority(self.folder, name, self.organization, parent=self, ends=ends)

    def server(
        self,
        *names: str,
        common_name: str | None = None,
        starts: datetime.timedelta = -10 * DAY,
        ends: datetime.timedelta = 365 * DAY,
        san: bool = True,
        rsa_bits: int | None = None,
        send_chain: bool = True,
        must_staple: bool = False,
        ocsp: str | None = None,
        crl: str | None = None,
        organization: str = "Lab",
        unit: str = "Servers",
        usages: Sequence[x509.ObjectIdentifier] = BOTH,
    ) -> Identity:
        """A server certificate for host names and IP addresses (default ``localhost`` and ``127.0.0.1``).

        ``starts`` and ``ends`` count from now. ``san=False`` leaves the names in the common name alone.
        ``send_chain=False`` forgets the intermediates. ``ocsp`` and ``crl`` are addresses put into the certificate;
        ``usages`` its extended key usages.
        """
        names = names or ("localhost", "127.0.0.1")
        extensions: list[x509.ExtensionType] = []
        if san:
            extensions.append(x509.SubjectAlternativeName([_general_name(name) for name in names]))
        if must_staple:
            extensions.append(x509.TLSFeature([x509.TLSFeatureType.status_request]))
        if ocsp:
            where = x509.UniformResourceIdentifier(ocsp)
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)
            extensions.append(x509.AuthorityInformationAccess([access]))
        if crl:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl)], None, None, None)
            extensions.append(x509.CRLDistributionPoints([point]))
        subject = _name(common_name or names[0], organization, unit)
        return self._issue(subject, starts, ends, new_key(rsa_bits), extensions, send_chain, usages)

    def client(
        self,
        common_name: str = "app",
        *,
        organization: str = "Lab",
        unit: str = "Clients",
        starts: datetime.timedelta = -10 * DAY,
        ends: datetime.timedelta = 365 * DAY,
        send_chain: bool = True,
        usages: Sequence[x509.ObjectIdentifier] = BOTH,
    ) -> Identity:
        """A client certificate. With ``unit="Servers"`` mongod takes it for a cluster member's."""
        return self._issue(_name(common_name, organization, unit), starts, ends, new_key(), [], send_chain, usages)

    def crl(self, *revoked: Identity, next_update: datetime.timedelta = 30 * DAY) -> Path:
        """A revocation list as PEM; expired with a negative ``next_update``."""
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(now - 60 * DAY).next_update(now + next_update)
        for identity in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(identity.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now - 50 * DAY).build())
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
        builder = builder.add_extension(_key_identifier(self.key), critical=False)
        return self._write("crl.pem", builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _issue(
        self,
        subject: x509.Name,
        starts: datetime.timedelta,
        ends: datetime.timedelta,
        key: Key,
        extensions: list[x509.ExtensionType],
        send_chain: bool,
        usages: Sequence[x509.ObjectIdentifier],
    ) -> Identity:
        builder = _builder(subject, self.certificate.subject, key, starts, ends)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        builder = builder.add_extension(_key_identifier(self.key), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        chain: list[x509.Certificate] = []
        issuer: Authority | None = self
        while send_chain and issuer and issuer.parent:
            chain.append(issuer.certificate)
            issuer = issuer.parent
        return _identity(self.folder, builder.sign(self.key, hashes.SHA256()), key, tuple(chain))

    def _write(self, ending: str, data: bytes) -> Path:
        path = self.folder / f"{next(_numbers):03}-{_stem(self.name)}-{ending}"
        path.write_bytes(data)
        return path


def self_signed(folder: Path, *names: str) -> Identity:
    """A server certificate that vouches for itself, as an appliance brings it."""
    names = names or ("localhost", "127.0.0.1")
    key = new_key()
    subject = _name(names[0], "Lab", "Servers")
    builder = _builder(subject, subject, key, -10 * DAY, 365 * DAY)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
    )
    return _identity(folder, builder.sign(key, hashes.SHA256()), key, ())


def server_context(
    identity: Identity,
    *,
    client_ca: Path | None = None,
    client_certificate: bool = False,
    crl: Path | None = None,
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] | None = None,
    ciphers: str | None = None,
    needs_sni: bool = False,
) -> ssl.SSLContext:
    """The TLS side of a peer.

    ``client_ca`` asks for client certificates of that authority, ``client_certificate`` makes them a condition,
    ``crl`` revokes some. ``versions`` is (lowest, highest), down to TLS 1.0; ``ciphers`` in OpenSSL's words for up to
    TLS 1.2. ``needs_sni`` sends alert 112 to a client that names no host. Keys of any size are accepted.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(f"{ciphers or 'ALL'}:@SECLEVEL=0")
    context.load_cert_chain(identity.certificate_key_file)
    if versions:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # old versions are the point
            context.minimum_version, context.maximum_version = versions
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED if client_certificate else ssl.CERT_OPTIONAL
    if crl:
        context.load_verify_locations(crl)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    if needs_sni:
        context.sni_callback = _demand_name
    return context


def _demand_name(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> int | None:
    return None if name else ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


def _identity(folder: Path, certificate: x509.Certificate, key: Key, chain: tuple[x509.Certificate, ...]) -> Identity:
    (common_name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    stem = folder / f"{next(_numbers):03}-{_stem(str(common_name.value))}"
    certificates, secret = _pem(certificate, *chain), _key_pem(key)
    files = {"identity.pem": certificates + secret, "certificate.pem": certificates, "key.pem": secret}
    paths = {ending: stem.with_name(f"{stem.name}-{ending}") for ending in files}
    for ending, path in paths.items():
        path.write_bytes(files[ending])
    whole, public, private = paths.values()
    return Identity(certificate, key, chain, whole, public, private)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, starts: datetime.timedelta, ends: datetime.timedelta
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now + starts).not_valid_after(now + ends)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _key_identifier(issuer_key: Key) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not signs_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str, organization: str, unit: str | None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    if unit:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name(attributes)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _stem(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name).lower().replace("*", "star")


def _pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def _key_pem(key: Key, locked: serialization.KeySerializationEncryption | None = None) -> bytes:
    plain = locked or serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
