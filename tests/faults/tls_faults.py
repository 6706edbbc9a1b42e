"""Faults of TLS, of the server's certificate, and of the files that the text names.

What mongod itself decides (client certificates) is played by mongod; odd server certificates by a scripted one.
"""

from __future__ import annotations

import datetime
import shutil
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

from faults.fault import Case, Table
from faults.laboratory import SECRET, Laboratory
from lab import peers
from lab.certificates import DAY, Authority, Identity, self_signed, server_context
from lab.mongo_peer import MongoPeer, hello
from lab.namespaces import OUTSIDE, Network

TABLE = Table()


def _query(**options: object) -> str:
    return "&".join(["tls=true", *(f"{name}={value}" for name, value in options.items() if value is not None)])


def _at(id: str, title: str, make: Callable[[Laboratory], str], **expected: object) -> None:
    """A row at the shared TLS server, right in all but the options that ``make`` gives."""
    TABLE.text(id, title, lambda lab: f"mongodb://{lab.tls_server.address}/?{make(lab)}", **expected)


def _client(id: str, title: str, make: Callable[[Laboratory], object], **expected: object) -> None:
    """A row at the server that demands a client certificate, with the file that ``make`` gives."""

    def query(lab: Laboratory) -> str:
        return _query(tlsCAFile=lab.authority.ca_file, tlsCertificateKeyFile=make(lab))

    TABLE.text(id, title, lambda lab: f"mongodb://{lab.mutual_tls_server.address}/?{query(lab)}", **expected)


def _server(
    id: str,
    title: str,
    make: Callable[[Laboratory], Identity],
    *,
    host: str = "127.0.0.1",
    ca: Callable[[Laboratory], Path | None] = lambda lab: lab.authority.ca_file,
    context: Callable[[Identity], ssl.SSLContext] = server_context,
    **expected: object,
) -> None:
    """A row with a server certificate of its own."""

    @TABLE.row(id, title, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        with MongoPeer(tls=context(make(lab))) as peer:
            yield Case(f"mongodb://{host}:{peer.port}/?{_query(tlsCAFile=ca(lab))}")


_at("L00", "healthy TLS", lambda lab: _query(tlsCAFile=lab.authority.ca_file), connected=())
_at("L01", "private authority, no CA file given", lambda lab: "tls=true", failed="tls.unknown-ca")
_at(
    "L01b",
    "CA file of another authority",
    lambda lab: _query(tlsCAFile=lab.other_authority.ca_file),
    failed="tls.wrong-ca-file",
)
_server(
    "L02",
    "self-signed server certificate",
    lambda lab: self_signed(lab.folder),
    ca=lambda lab: None,
    failed="tls.self-signed",
)
_server(
    "L03",
    "server certificate expired",
    lambda lab: lab.authority.server(ends=-3 * DAY),
    failed="tls.certificate-expired",
)
_server(
    "L04",
    "server certificate not yet valid",
    lambda lab: lab.authority.server(starts=5 * DAY),
    failed="tls.certificate-not-yet-valid",
)
_server(
    "L05",
    "certificate for other names",
    lambda lab: lab.authority.server("db.prod.lab", "*.prod.lab"),
    host="localhost",
    failed="tls.name-mismatch",
)
_server(
    "L05b",
    "certificate without subjectAltName",
    lambda lab: lab.authority.server("localhost", san=False),
    host="localhost",
    failed="tls.no-san",
    connected="tls.no-san",
)
_server(
    "L05c",
    "IP used, certificate has only names",
    lambda lab: lab.authority.server("localhost", "db.lab.test"),
    failed=("tls.ip-not-in-certificate", "tls.name-mismatch"),
)
_client("L06", "client certificate demanded, none given", lambda lab: None, failed="tls.client-certificate-required")
_client(
    "L07",
    "client certificate of another authority",
    lambda lab: lab.other_authority.client("app").certificate_key_file,
    failed="tls.client-certificate-wrong-ca",
)
_client(
    "L07b",
    "client certificate expired",
    lambda lab: lab.authority.client("late", ends=-3 * DAY).certificate_key_file,
    failed="tls.client-certificate-expired",
)
_client(
    "L07c",
    "client certificate revoked at the server",
    lambda lab: lab.revoked.certificate_key_file,
    failed="tls.client-certificate-rejected",
)
_client(
    "L08",
    "encrypted client key, no password",
    lambda lab: lab.client.encrypted(SECRET),
    failed="files.key-password-missing",
)
_client(
    "L08b",
    "encrypted client key, wrong password",
    lambda lab: f"{lab.client.encrypted('another-Kp4')}&tlsCertificateKeyFilePassword={SECRET}",
    failed="files.key-password-wrong",
)
_client("L09", "client certificate file does not exist", lambda lab: "/no/such.pem", failed="files.not-found")
_at("L09b", "CA file is a folder", lambda lab: _query(tlsCAFile="/tmp"), failed="files.is-a-folder")


@TABLE.row("L09c", "CA file unreadable", failed="files.no-permission")
def _(lab: Laboratory) -> Iterator[Case]:
    locked = lab.folder / "locked.pem"
    shutil.copy(lab.authority.ca_file, locked)
    lab.folder.chmod(0o755)
    locked.chmod(0)
    try:
        yield Case(f"mongodb://{lab.tls_server.address}/?{_query(tlsCAFile=locked)}", powerless=True)
    finally:
        locked.unlink()


def _file(name: str, text: str) -> Callable[[Laboratory], str]:
    def make(lab: Laboratory) -> str:
        (lab.folder / name).write_text(text)
        return _query(tlsCAFile=lab.folder / name)

    return make


_at(
    "L09d",
    "CA file is some other text",
    _file("notes.txt", "Ask Jo for the certificate.\n"),
    failed="files.no-certificate",
)
_at("L09e", "CA file is empty", _file("empty.pem", ""), failed="files.damaged")
_client("L09f", "client file without a key", lambda lab: lab.client.certificate_file, failed="files.no-key")
_client(
    "L09g", "client file without a certificate", lambda lab: lab.client.key_file, failed="files.no-client-certificate"
)
_client(
    "L09h",
    "key and certificate do not match",
    lambda lab: lab.client.with_key_of(lab.revoked),
    failed="files.key-mismatch",
)
_client("L09i", "client file in DER form", lambda lab: lab.client.der(), failed="files.der-format")
TABLE.text(
    "L09k",
    "CA file and client file swapped",
    lambda lab: (
        f"mongodb://{lab.mutual_tls_server.address}/?"
        + _query(tlsCAFile=lab.client.certificate_key_file, tlsCertificateKeyFile=lab.authority.ca_file)
    ),
    failed="files.swapped",
)


@TABLE.row("L09l", "+ in a file path", failed="files.plus-in-path")
def _(lab: Laboratory) -> Iterator[Case]:
    path = lab.folder / "ca+inter.pem"
    shutil.copy(lab.authority.ca_file, path)
    yield Case(f"mongodb://{lab.tls_server.address}/?{_query(tlsCAFile=path)}")


def _old(identity: Identity) -> ssl.SSLContext:
    return server_context(identity, versions=(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1))


def _weak_cipher(identity: Identity) -> ssl.SSLContext:
    versions = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    return server_context(identity, versions=versions, ciphers="AES128-SHA")


_server("L10b", "server with TLS 1.0 only", lambda lab: lab.authority.server(), context=_old, failed="tls.old-protocol")
_server(
    "L10c",
    "no common cipher",
    lambda lab: lab.authority.server(rsa_bits=2048),
    context=_weak_cipher,
    failed="tls.no-common-cipher",
)
_server("L10d", "1024-bit server key", lambda lab: lab.authority.server(rsa_bits=1024), failed="tls.weak-certificate")
_server(
    "L11",
    "company proxy intercepts, its authority unknown",
    lambda lab: Authority(lab.folder, "Zscaler-like Inspection CA", "Zscaler-like Inc.").server(),
    ca=lambda lab: None,
    failed="tls.intercepted",
)


def _alert(id: str, title: str, number: int, cause: str) -> None:
    @TABLE.row(id, title, failed=cause)
    def _(lab: Laboratory) -> Iterator[Case]:
        with peers.tls_alert(number) as peer:
            yield Case(f"mongodb://{peer.address}/?{_query(tlsCAFile=lab.authority.ca_file)}")


_alert("L12_40", "the server sends alert 40 (handshake failure)", 40, "tls.handshake-refused")
_alert("L12_116", "the server sends alert 116 (certificate required)", 116, "tls.client-certificate-required")


@TABLE.row("L13", "server certificate on the given revocation list", failed="tls.revoked")
def _(lab: Laboratory) -> Iterator[Case]:
    identity = lab.authority.server()
    with MongoPeer(tls=server_context(identity)) as peer:
        query = _query(tlsCAFile=lab.authority.ca_file, tlsCRLFile=lab.authority.crl(identity))
        yield Case(f"mongodb://{peer.address}/?{query}")


_at(
    "L13b",
    "revocation list out of date",
    lambda lab: _query(tlsCAFile=lab.authority.ca_file, tlsCRLFile=lab.authority.crl(next_update=-3 * DAY)),
    failed="tls.crl-expired",
)
_at(
    "L13d",
    "revocation list of another authority",
    lambda lab: _query(tlsCAFile=lab.authority.ca_file, tlsCRLFile=lab.other_authority.crl()),
    failed="tls.crl-missing",
)


@TABLE.row(
    "L14c",
    "OCSP address in the certificate gets no answer",
    failed="tls.ocsp-unreachable",
    connected="tls.ocsp-not-asked",
    netns=True,
)
def _(lab: Laboratory) -> Iterator[Case]:
    identity = lab.authority.server(OUTSIDE, ocsp="http://10.8.0.80/ocsp")
    with Network() as network, MongoPeer(tls=server_context(identity), listener=network.listen()) as peer:
        yield Case(f"mongodb://{peer.address}/?{_query(tlsCAFile=lab.authority.ca_file)}", network)


_server(
    "L14d",
    "must-staple certificate, server does not staple",
    lambda lab: lab.authority.server(must_staple=True),
    failed="tls.must-staple",
    connected="tls.must-staple",
)


@TABLE.row("L15", "this computer's clock 800 days ahead", failed="env.clock-wrong")
def _(lab: Laboratory) -> Iterator[Case]:
    # The same differences, seen from the other side: the server and its certificate live 800 days ago.
    then = datetime.datetime.now(datetime.UTC) - 800 * DAY
    authority = Authority(lab.folder, "Old Lab CA", starts=-2000 * DAY)
    identity = authority.server(starts=-810 * DAY, ends=-435 * DAY)
    answers = {"hello": lambda _: hello(localTime=then)}
    with MongoPeer(answers, tls=server_context(identity)) as peer:
        yield Case(f"mongodb://{peer.address}/?{_query(tlsCAFile=authority.ca_file)}")


_server(
    "L16",
    "intermediate certificate missing",
    lambda lab: lab.authority.intermediate().server(send_chain=False),
    failed="tls.missing-intermediate",
)
_at(
    "L17",
    "tlsAllowInvalidCertificates hides an unknown authority",
    lambda lab: "tls=true&tlsAllowInvalidCertificates=true",
    connected="tls.validation-off",
)
_server(
    "L18",
    "proxy that needs the host name, reached by IP",
    lambda lab: lab.authority.server(),
    context=lambda identity: server_context(identity, needs_sni=True),
    failed="tls.host-name-needed",
)


@TABLE.row("L19", "no authorities on this computer", failed=("env.empty-trust-store", "tls.unknown-ca"))
def _(lab: Laboratory) -> Iterator[Case]:
    nowhere = {"SSL_CERT_FILE": "/dev/null", "SSL_CERT_DIR": "/no/such/folder"}
    yield Case(f"mongodb://{lab.tls_server.address}/?tls=true", environ=nowhere)


_server(
    "X50",
    "server certificate expires in 5 days",
    lambda lab: lab.authority.server(ends=5 * DAY),
    connected="tls.certificate-expires-soon",
)
