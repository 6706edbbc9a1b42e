"""Look-alikes of TLS: certificates of servers and clients, files, alerts, and who else answers there."""

from __future__ import annotations

import contextlib
import ssl
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography.x509.oid import ExtendedKeyUsageOID

from faults.fault import Case, Table
from faults.laboratory import SECRET, Laboratory
from lab import peers
from lab.certificates import DAY, Authority, Identity, self_signed, server_context
from lab.mongo_peer import MongoPeer, member_hello
from lab.namespaces import Network
from lab.peer import Peer

TABLE = Table()
TLS12 = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
TLS13 = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)
TLS11 = (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1)


def tls_query(**options: object) -> str:
    return "&".join(["tls=true", *(f"{name}={value}" for name, value in options.items() if value is not None)])


# ---------------------------------------------------------------- the server's certificate


def _server(
    id: str,
    title: str,
    make: Callable[[Laboratory], tuple[Identity, object]],
    *,
    host: str = "127.0.0.1",
    more: str = "",
    context: Callable[[Identity], ssl.SSLContext] = server_context,
    **expected: object,
) -> None:
    """A row with a server certificate and the CA file to go with it."""

    @TABLE.row(id, title, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        identity, ca_file = make(lab)
        with MongoPeer(tls=context(identity)) as peer:
            yield Case(f"mongodb://{host}:{peer.port}/?{tls_query(tlsCAFile=ca_file)}{more}")


def _joined(lab: Laboratory, name: str, *files: Path) -> Path:
    path = lab.folder / name
    path.write_bytes(b"".join(file.read_bytes() for file in files))
    return path


def _below(lab: Laboratory) -> Authority:
    return lab.authority.intermediate("Lab Issuing CA")


def _intermediate_file(lab: Laboratory) -> tuple[Identity, object]:
    below = _below(lab)
    return below.server(), below.certificate_file


_server("KB01", "CA file holds only the intermediate", _intermediate_file, failed="tls.wrong-ca-file")


def _three_others(lab: Laboratory) -> tuple[Identity, object]:
    others = [Authority(lab.folder, f"Old CA {n}", "Elsewhere").ca_file for n in range(3)]
    return lab.authority.server(), _joined(lab, "three.pem", *others)


_server("KB02", "three authorities in the CA file, none of them right", _three_others, failed="tls.wrong-ca-file")


def _root_expired(lab: Laboratory) -> tuple[Identity, object]:
    root = Authority(lab.folder, "Bygone CA", starts=-900 * DAY, ends=-3 * DAY)
    return root.server(), root.ca_file


_server(
    "KB03", "the authority expired, the server's certificate has not", _root_expired, failed="tls.certificate-expired"
)


def _intermediate_expired(lab: Laboratory) -> tuple[Identity, object]:
    return lab.authority.intermediate("Lab Issuing CA 2", ends=-3 * DAY).server(), lab.authority.ca_file


_server("KB04", "the intermediate expired", _intermediate_expired, failed="tls.certificate-expired")


def _clients_only(lab: Laboratory) -> tuple[Identity, object]:
    return lab.authority.server(usages=[ExtendedKeyUsageOID.CLIENT_AUTH]), lab.authority.ca_file


_server("KB05", "a certificate for clients only", _clients_only, failed="tls.weak-certificate")


@TABLE.row("KB06", "wildcard one part too short", failed="tls.name-mismatch", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    host = "m1.prod.lab.test"
    with Network(hosts={host: "127.0.0.1"}) as network:
        identity = lab.authority.server("*.lab.test")
        listener = network.listen_inside(27017)
        with MongoPeer(tls=server_context(identity), listener=listener):
            yield Case(f"mongodb://{host}:27017/?{tls_query(tlsCAFile=lab.authority.ca_file)}", network)


_server(
    "KB07",
    "certificate for another address",
    lambda lab: (lab.authority.server("10.1.2.3"), lab.authority.ca_file),
    failed=("tls.name-mismatch", "tls.ip-not-in-certificate"),
)
_server(
    "KB08",
    "CA file holds the server's own certificate",
    lambda lab: ((identity := lab.authority.server()), identity.certificate_file),
    failed="tls.wrong-ca-file",
)
_server(
    "KB09",
    "self-signed server, CA file of the company",
    lambda lab: (self_signed(lab.folder), lab.authority.ca_file),
    failed="tls.self-signed",
)
_server(
    "KB10",
    "authority made anew under the same name",
    lambda lab: (Authority(lab.folder, "Lab CA", "Lab").server(), lab.authority.ca_file),
    failed="tls.wrong-ca-file",
)
_server(
    "KB11",
    "TLS 1.1 only",
    lambda lab: (lab.authority.server(), lab.authority.ca_file),
    context=lambda identity: server_context(identity, versions=TLS11),
    failed="tls.old-protocol",
)
_server(
    "KB12",
    "tlsInsecure hides an expired certificate",
    lambda lab: (lab.authority.server(ends=-3 * DAY), None),
    more="&tlsInsecure=true",
    connected="tls.validation-off",
)
_server(
    "KB13",
    "tlsAllowInvalidHostnames hides a wrong name",
    lambda lab: (lab.authority.server("db.prod.lab"), lab.authority.ca_file),
    more="&tlsAllowInvalidHostnames=true",
    connected="tls.validation-off",
)
_server(
    "KB14",
    "tlsAllowInvalidHostnames does not help an expired certificate",
    lambda lab: (lab.authority.server(ends=-3 * DAY), lab.authority.ca_file),
    more="&tlsAllowInvalidHostnames=true",
    failed="tls.certificate-expired",
)
_server(
    "KB15",
    "expired and made out to others",
    lambda lab: (lab.authority.server("db.prod.lab", ends=-3 * DAY), lab.authority.ca_file),
    host="localhost",
    failed=("tls.certificate-expired", "tls.name-mismatch"),
)


def _unrelated_chain(lab: Laboratory) -> tuple[Identity, object]:
    leaf = lab.authority.intermediate("Lab Issuing CA 3").server(send_chain=False)
    stranger = lab.authority.intermediate("Lab Issuing CA 4")
    leaf.certificate_key_file.write_bytes(
        leaf.certificate_key_file.read_bytes() + stranger.certificate_file.read_bytes()
    )
    return leaf, lab.authority.ca_file


_server("KB16", "the server sends an intermediate of others", _unrelated_chain, failed="tls.missing-intermediate")


def _root_list_only(lab: Laboratory) -> tuple[Identity, object]:
    return _below(lab).server(), f"{lab.authority.ca_file}&tlsCRLFile={lab.authority.crl()}"


_server("KB17", "a revocation list of the root, not of the intermediate", _root_list_only, failed="tls.crl-missing")


def _openssl(lab: Laboratory, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=lab.folder, check=True, capture_output=True)


def _sha1(lab: Laboratory) -> tuple[Identity, object]:
    """A server certificate signed with SHA-1, which cryptography no longer makes."""
    identity = lab.authority.server(rsa_bits=2048)
    key, request, made = identity.key_file.name, "sha1.csr", "sha1.pem"
    (lab.folder / "authority.key").write_bytes(_key_of(lab.authority))
    (lab.folder / "sha1.cnf").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    _openssl(lab, "req", "-new", "-key", key, "-subj", "/O=Lab/CN=localhost", "-out", request)
    signing = ("-CA", lab.authority.certificate_file.name, "-CAkey", "authority.key", "-extfile", "sha1.cnf")
    _openssl(lab, "x509", "-req", "-sha1", "-days", "90", "-in", request, *signing, "-CAcreateserial", "-out", made)
    identity.certificate_key_file.write_bytes((lab.folder / made).read_bytes() + identity.key_file.read_bytes())
    return identity, lab.authority.ca_file


def _key_of(authority: Authority) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


_server("KB18", "signed with SHA-1", _sha1, failed="tls.weak-certificate")


def _member(id: str, title: str, make: Callable[[Laboratory], Identity], cause: str) -> None:
    @TABLE.row(id, title, connected=cause)
    def _(lab: Laboratory) -> Iterator[Case]:
        good = lab.authority.server()
        with contextlib.ExitStack() as stack:
            made = [stack.enter_context(MongoPeer(tls=server_context(i))) for i in (good, good, make(lab))]
            names = [peer.address for peer in made]
            for number, peer in enumerate(made):
                role = "secondary" if number else "primary"
                peer.answers["hello"] = member_hello("rs0", names, me=peer.address, primary=names[0], role=role)
            yield Case(f"mongodb://{','.join(names)}/?replicaSet=rs0&{tls_query(tlsCAFile=lab.authority.ca_file)}")


_member("KB19", "one secondary of another authority", lambda lab: lab.other_authority.server(), "tls.wrong-ca-file")
_member(
    "KB20",
    "one secondary's certificate expired",
    lambda lab: lab.authority.server(ends=-DAY),
    "tls.certificate-expired",
)

# ---------------------------------------------------------------- the client's certificate


def _client(
    id: str,
    title: str,
    make: Callable[[Laboratory], object],
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion],
    *causes: str,
) -> None:
    @TABLE.row(id, title, failed=causes)
    def _(lab: Laboratory) -> Iterator[Case]:
        demanding = server_context(
            lab.authority.server(), client_ca=lab.authority.ca_file, client_certificate=True, versions=versions
        )
        query = tls_query(tlsCAFile=lab.authority.ca_file, tlsCertificateKeyFile=make(lab))
        with MongoPeer(tls=demanding) as peer:
            yield Case(f"mongodb://{peer.address}/?{query}")


def _servers_only(lab: Laboratory) -> Path:
    return lab.authority.client(usages=[ExtendedKeyUsageOID.SERVER_AUTH]).certificate_key_file


_client("KB21", "client certificate for servers only", _servers_only, TLS13, "tls.server-certificate-as-client")
_client("KB22", "the same with TLS 1.2", _servers_only, TLS12, "tls.server-certificate-as-client")
for _id, _versions in (("KB23", TLS12), ("KB24", TLS13)):
    _client(
        _id,
        "client certificate without its intermediate",
        lambda lab: _below(lab).client(send_chain=False).certificate_key_file,
        _versions,
        "tls.client-certificate-rejected",
        "tls.client-certificate-wrong-ca",
    )
_client(
    "KB25",
    "client certificate not yet valid",
    lambda lab: lab.authority.client(starts=5 * DAY).certificate_key_file,
    TLS13,
    "tls.client-certificate-rejected",
)
_client(
    "KB26",
    "client certificate signed by itself",
    lambda lab: self_signed(lab.folder, "app").certificate_key_file,
    TLS12,
    "tls.client-certificate-wrong-ca",
)
_client(
    "KB27",
    "client certificate of another authority, TLS 1.3",
    lambda lab: lab.other_authority.client().certificate_key_file,
    TLS13,
    "tls.client-certificate-wrong-ca",
)
_client(
    "KB28",
    "client certificate expired, TLS 1.3",
    lambda lab: lab.authority.client(ends=-3 * DAY).certificate_key_file,
    TLS13,
    "tls.client-certificate-expired",
)
TABLE.text(
    "KB29",
    "client certificate not yet valid, mongod",
    lambda lab: lab.mutual_tls_server.uri(
        tlsCertificateKeyFile=lab.authority.client(starts=5 * DAY).certificate_key_file
    ),
    failed="tls.client-certificate-rejected",
)

# ---------------------------------------------------------------- alerts, and who else speaks TLS


def _alert(number: int, *causes: str) -> None:
    @TABLE.row(f"KB30_{number}", f"the server sends alert {number}", failed=causes)
    def _(lab: Laboratory) -> Iterator[Case]:
        with peers.tls_alert(number) as peer:
            yield Case(f"mongodb://{peer.address}/?{tls_query(tlsCAFile=lab.authority.ca_file)}")


_REFUSED = "tls.handshake-refused"
_alert(42, "tls.client-certificate-required", _REFUSED)
_alert(46, "tls.client-certificate-required", _REFUSED)
_alert(47, _REFUSED)
_alert(49, "tls.client-certificate-required", _REFUSED)
_alert(50, _REFUSED)
_alert(51, _REFUSED)
_alert(70, "tls.old-protocol", _REFUSED)
_alert(71, "tls.no-common-cipher")
_alert(80, "tls.internal-error-alert")
_alert(86, _REFUSED, "tls.old-protocol")
_alert(109, _REFUSED)
_alert(112, "tls.host-name-needed")
_alert(113, _REFUSED)
_alert(115, _REFUSED)
_alert(120, _REFUSED)


def _peer(
    id: str, title: str, make: Callable[[], Peer], *causes: str, query: str = "?tls=true", **more: object
) -> None:
    @TABLE.row(id, title, failed=causes, **more)
    def _(lab: Laboratory) -> Iterator[Case]:
        with make() as peer:
            yield Case(f"mongodb://{peer.address}/{query}")


_SERVER_HELLO = (
    b"\x16\x03\x03\x00\x31\x02\x00\x00\x2d\x03\x03" + bytes(range(32)) + b"\x00\xc0\x2f\x00\x00\x05\xff\x01\x00\x01\x00"
)  # TLS 1.2, ECDHE-RSA-AES128-GCM-SHA256
_peer("KB31", "ends after ServerHello", lambda: peers.answering(_SERVER_HELLO), _REFUSED)
_peer("KB32", "MySQL, address with TLS", peers.mysql_server, "hello.other-service")
_peer("KB33", "SSH, address with TLS", peers.ssh_server, "hello.other-service")
_peer("KB34", "Postgres, address with TLS", peers.postgres_server, "hello.other-service")
_peer("KB35", "RabbitMQ", lambda: peers.answering(b"AMQP\x00\x00\x09\x01"), "hello.other-service", query="")
_peer("KB36", "Memcached", lambda: peers.answering(b"ERROR\r\n"), "hello.other-service", query="")
_peer("KB37", "mail server", lambda: peers.greeting(b"220 mx.lab.test ESMTP\r\n"), "hello.other-service")


# ---------------------------------------------------------------- files


def _ca(id: str, title: str, make: Callable[[Laboratory], object], **expected: object) -> None:
    TABLE.text(
        id, title, lambda lab: f"mongodb://{lab.tls_server.address}/?{tls_query(tlsCAFile=make(lab))}", **expected
    )


def _bytes(lab: Laboratory, name: str, data: bytes) -> Path:
    path = lab.folder / name
    path.write_bytes(data)
    return path


def _ca_pem(lab: Laboratory) -> bytes:
    return lab.authority.ca_file.read_bytes()


def _der_of(path: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(path.read_text())


_ca("KB40", "PKCS#12 as CA file", lambda lab: lab.client.pkcs12(SECRET), failed="files.der-format")
_ca(
    "KB41",
    "Java trust store as CA file",
    lambda lab: _bytes(lab, "truststore.jks", b"\xfe\xed\xfe\xed\x00\x00\x00\x02" + bytes(60)),
    failed="files.der-format",
)
_ca(
    "KB42",
    "CA file in DER form",
    lambda lab: _bytes(lab, "ca.crt", _der_of(lab.authority.ca_file)),
    failed="files.der-format",
)
_ca(
    "KB43",
    "CA file with line ends of Windows and text around",
    lambda lab: _bytes(lab, "crlf.pem", b"Subject: Lab CA\r\n" + _ca_pem(lab).replace(b"\n", b"\r\n") + b"end\r\n"),
    connected=(),
)
_ca(
    "KB44",
    "CA file with a byte order mark",
    lambda lab: _bytes(lab, "bom.pem", b"\xef\xbb\xbf" + _ca_pem(lab)),
    connected=(),
)
_ca(
    "KB45",
    "CA file in UTF-16",
    lambda lab: _bytes(lab, "utf16.pem", _ca_pem(lab).decode().encode("utf-16")),
    failed="files.damaged",
)
_ca("KB46", "CA file is a private key", lambda lab: lab.client.key_file, failed="files.no-certificate")
_ca(
    "KB47",
    "CA file cut off",
    lambda lab: _bytes(lab, "cut.pem", _ca_pem(lab)[:-60]),
    failed="files.damaged",
)
_ca("KB48", "CA file under the home folder's sign", lambda lab: "~/no-such-ca.pem", failed="files.not-found")
_ca(
    "KB49",
    "CA file is a certificate request",
    lambda lab: _bytes(lab, "ca.csr", _ca_pem(lab).replace(b" CERTIFICATE-", b" CERTIFICATE REQUEST-")),
    failed="files.no-certificate",
)
_ca(
    "KB50",
    "revocation list file holds a certificate",
    lambda lab: f"{lab.authority.ca_file}&tlsCRLFile={lab.other_authority.ca_file}",
    failed=("files.no-certificate", "tls.crl-missing"),
)
_ca(
    "KB51",
    "lines of the CA file joined into one",
    lambda lab: _bytes(lab, "one-line.pem", _ca_pem(lab).replace(b"\n", b"\\n")),
    failed=("files.damaged", "files.no-certificate"),
)
_ca(
    "KB52",
    "CA file indented, as out of a YAML file",
    lambda lab: _bytes(lab, "yaml.pem", b"    " + _ca_pem(lab).replace(b"\n", b"\n    ")),
    failed=("files.damaged", "files.no-certificate"),
)


def _own(id: str, title: str, make: Callable[[Laboratory], object], **expected: object) -> None:
    TABLE.text(id, title, lambda lab: lab.mutual_tls_server.uri() + f"&tlsCertificateKeyFile={make(lab)}", **expected)


def _traditional(lab: Laboratory) -> Path:
    """The key in OpenSSL's older encrypted form, with a Proc-Type header."""
    plain, locked = lab.client.key_file.name, "traditional.key"
    _openssl(lab, "ec", "-in", plain, "-aes256", "-passout", "pass:another-Kp4", "-out", locked)
    return _joined(lab, "traditional.pem", lab.client.certificate_file, lab.folder / locked)


_own("KB55", "key encrypted in the older form, no password", _traditional, failed="files.key-password-missing")
_own(
    "KB56",
    "password of the key with a line end",
    lambda lab: f"{lab.client.encrypted(SECRET)}&tlsCertificateKeyFilePassword={SECRET}%0A",
    failed="files.key-password-wrong",
)
_own(
    "KB57",
    "client file begins with the intermediate",
    lambda lab: _joined(
        lab, "order.pem", _below(lab).certificate_file, lab.client.certificate_file, lab.client.key_file
    ),
    failed="files.key-mismatch",
)
_own(
    "KB58",
    "public key instead of the private one",
    lambda lab: _bytes(
        lab,
        "public.pem",
        lab.client.certificate_file.read_bytes() + b"-----BEGIN PUBLIC KEY-----\nTUlJ\n-----END PUBLIC KEY-----\n",
    ),
    failed="files.no-key",
)
_own("KB59", "client file as PKCS#12", lambda lab: lab.client.pkcs12(SECRET), failed="files.der-format")
_own("KB60", "client file empty", lambda lab: _bytes(lab, "nothing.pem", b"\n"), failed="files.damaged")


@TABLE.row("KB61", "client file unreadable", failed="files.no-permission")
def _(lab: Laboratory) -> Iterator[Case]:
    path = _bytes(lab, "secret.pem", lab.client.certificate_key_file.read_bytes())
    lab.folder.chmod(0o755)
    lab.authority.ca_file.chmod(0o644)
    path.chmod(0)
    yield Case(lab.mutual_tls_server.uri() + f"&tlsCertificateKeyFile={path}", powerless=True)


def _message(body: bytes, length: int | None = None) -> bytes:
    return struct.pack("<iiii", length or 16 + len(body), 1, 1, 2013) + body


_ODD = ("hello.other-service", "hello.malformed", "driver.unexplained", "hello.member-error")
_peer("KB120", "an answer of garbage", lambda: peers.answering(_message(bytes(5) + b"\xff" * 40)), *_ODD, query="")
_peer(
    "KB121",
    "an answer cut off",
    lambda: peers.answering(_message(bytes(5) + b"\x50\x01\x00\x00\x10", 600)),
    *_ODD,
    "tcp.closed-after-data",
    query="",
)
_peer("KB122", "an answer of 2 GB", lambda: peers.answering(_message(bytes(80), 2**31 - 1)), *_ODD, query="")
_peer("KB123", "an answer of length 0", lambda: peers.answering(bytes(64)), *_ODD, query="")
_peer("KB124", "repeats what it hears", lambda: peers.answering(b"echo\n"), "hello.other-service", query="")


# ---------------------------------------------------------------- two things at once, and what only looks odd


def _root_instead(lab: Laboratory) -> tuple[Identity, object]:
    leaf = lab.authority.intermediate("Lab Issuing CA 5").server(send_chain=False)
    leaf.certificate_key_file.write_bytes(leaf.certificate_key_file.read_bytes() + _ca_pem(lab))
    return leaf, lab.authority.ca_file


_server("KB200", "the root is sent instead of the intermediate", _root_instead, failed="tls.missing-intermediate")
_server(
    "KB201",
    "public authority, its intermediate not sent",
    lambda lab: (Authority(lab.folder, "R11", "Let's Encrypt").server(), None),
    failed=("tls.missing-intermediate", "tls.unknown-ca"),
)


def _renewed(lab: Laboratory) -> tuple[Identity, object]:
    return self_signed(lab.folder), self_signed(lab.folder).certificate_file


_server("KB202", "self-signed and made anew", _renewed, failed=("tls.self-signed", "tls.wrong-ca-file"))
_server(
    "KB203",
    "self-signed and given as CA file",
    lambda lab: ((identity := self_signed(lab.folder)), identity.certificate_file),
    connected=(),
)
_server(
    "KB204",
    "expired, and of an unknown authority",
    lambda lab: (lab.other_authority.server(ends=-3 * DAY), None),
    failed="tls.unknown-ca",
)
_server(
    "KB205",
    "expired, and of another authority than the CA file",
    lambda lab: (lab.other_authority.server(ends=-3 * DAY), lab.authority.ca_file),
    failed="tls.wrong-ca-file",
)


def _young_root(lab: Laboratory) -> tuple[Identity, object]:
    root = Authority(lab.folder, "Coming CA", starts=5 * DAY)
    return root.server(), root.ca_file


_server("KB206", "the authority is not valid yet", _young_root, failed="tls.certificate-not-yet-valid")
_server(
    "KB207",
    "tlsInsecure does not help TLS 1.1",
    lambda lab: (lab.authority.server(), None),
    more="&tlsInsecure=true",
    context=lambda identity: server_context(identity, versions=TLS11),
    failed="tls.old-protocol",
)
_server(
    "KB208",
    "certificate for addresses only, host by name",
    lambda lab: (lab.authority.server("127.0.0.1"), lab.authority.ca_file),
    host="localhost",
    failed="tls.name-mismatch",
)
_server(
    "KB209",
    "self-signed certificate expired",
    lambda lab: (lab.authority.server(ends=-DAY), f"{lab.authority.ca_file}&tlsCRLFile={lab.authority.crl()}"),
    failed="tls.certificate-expired",
)
_server(
    "KB210",
    "a revocation list in order",
    lambda lab: (lab.authority.server(), f"{lab.authority.ca_file}&tlsCRLFile={lab.authority.crl()}"),
    connected=(),
)
_ca(
    "KB211",
    "revocation list in DER form",
    lambda lab: (
        f"{lab.authority.ca_file}&tlsCRLFile={_bytes(lab, 'list.crl', b'0' + bytes((0x82, 1, 0)) + b'0' * 256)}"
    ),
    failed="files.der-format",
)
_ca(
    "KB212",
    "revocation list file missing",
    lambda lab: f"{lab.authority.ca_file}&tlsCRLFile=/no/such.crl",
    failed="files.not-found",
)
_own(
    "KB213",
    "client file in order with a password nobody needs",
    lambda lab: f"{lab.client.certificate_key_file}&tlsCertificateKeyFilePassword={SECRET}",
    connected=(),
)
TABLE.text(
    "KB214",
    "no TLS in the address, client certificate demanded",
    lambda lab: f"mongodb://{lab.mutual_tls_server.address}/",
    failed="tls.required",
)
TABLE.text(
    "KB215",
    "no TLS and no login in the address",
    lambda lab: f"mongodb://{lab.x509_server.address}/",
    failed="tls.required",
)
TABLE.text(
    "KB216",
    "no verification, client certificate demanded",
    lambda lab: f"mongodb://{lab.mutual_tls_server.address}/?tls=true&tlsInsecure=true",
    failed="tls.client-certificate-required",
)
TABLE.text(
    "KB217",
    "client certificate in order, CA file forgotten",
    lambda lab: (
        f"mongodb://{lab.mutual_tls_server.address}/?{tls_query(tlsCertificateKeyFile=lab.client.certificate_key_file)}"
    ),
    failed="tls.unknown-ca",
)
TABLE.text(
    "KB218",
    "client file given as CA file as well",
    lambda lab: (
        f"mongodb://{lab.mutual_tls_server.address}/?"
        + tls_query(tlsCertificateKeyFile=(own := lab.client.certificate_key_file), tlsCAFile=own)
    ),
    failed="tls.wrong-ca-file",
)
TABLE.text(
    "KB219",
    "plain server, CA file that does not exist",
    lambda lab: f"mongodb://{lab.standalone.address}/?{tls_query(tlsCAFile='/no/such.pem')}",
    failed="files.not-found",
)


def _inside(id: str, title: str, make: Callable[..., Peer], *causes: str) -> None:
    @TABLE.row(id, title, failed=causes)
    def _(lab: Laboratory) -> Iterator[Case]:
        with make(tls=server_context(lab.authority.server())) as peer:
            yield Case(f"mongodb://{peer.address}/?{tls_query(tlsCAFile=lab.authority.ca_file)}")


_inside("KB220", "TLS works, then the end", peers.close_after_data, "tls.closed-after-handshake")
_inside("KB221", "TLS works, then a reset", peers.reset_after_data, "tls.closed-after-handshake")
_inside("KB222", "TLS works, then the end at once", peers.closing, "tls.closed-after-handshake")
_inside(
    "KB223",
    "a mail server inside TLS",
    lambda **w: peers.greeting(b"* OK IMAP4rev1 ready\r\n", **w),
    "hello.other-service",
)
_inside("KB224", "garbage inside TLS", lambda **w: peers.answering(b"\x01\x02\x03\x04" * 8, **w), "hello.other-service")
_H2 = b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80\x00\x04\x00\x01\x00\x00\x00\x05\x00\xff\xff\xff"
_peer("KB225", "HTTP/2", lambda: peers.greeting(_H2), "hello.other-service", "hello.http-server", query="")
_peer("KB226", "FTP", lambda: peers.greeting(b"220 (vsFTPd 3.0.5)\r\n"), "hello.other-service", query="")
_peer(
    "KB227",
    "Oracle's listener",
    lambda: peers.answering(b"\x00\x0c\x00\x00\x04\x00\x00\x00\x22\x00\x00\x00"),
    "hello.other-service",
    query="",
)


# ---------------------------------------------------------------- TLS 1.3, where a refusal comes after the handshake


def _demanding(
    id: str, title: str, versions: tuple[ssl.TLSVersion, ssl.TLSVersion], certificate: bool, *causes: str
) -> None:
    """A server that demands a client certificate: none is given, or one of an authority that it does not know."""

    @TABLE.row(id, title, failed=causes)
    def _(lab: Laboratory) -> Iterator[Case]:
        demanding = server_context(
            lab.authority.server(),
            client_ca=(lab.other_authority if certificate else lab.authority).ca_file,
            client_certificate=True,
            versions=versions,
        )
        own = lab.authority.client().certificate_key_file if certificate else None
        with MongoPeer(tls=demanding) as peer:
            yield Case(
                f"mongodb://{peer.address}/?{tls_query(tlsCAFile=lab.authority.ca_file, tlsCertificateKeyFile=own)}"
            )


_demanding("KB260", "no client certificate, TLS 1.2", TLS12, False, "tls.client-certificate-required")
_demanding("KB261", "no client certificate, TLS 1.3", TLS13, False, "tls.client-certificate-required")
_demanding(
    "KB262", "server trusts another authority for clients, TLS 1.2", TLS12, True, "tls.client-certificate-wrong-ca"
)
_demanding(
    "KB263", "server trusts another authority for clients, TLS 1.3", TLS13, True, "tls.client-certificate-wrong-ca"
)
_peer(
    "KB264",
    "stops after ServerHello",
    lambda: peers.greeting(_SERVER_HELLO),
    "tcp.large-packets-lost",
    "tls.no-answer",
    silent=True,
)
_server(
    "KB265",
    "certificate of a wildcard alone for the bare domain",
    lambda lab: (lab.authority.server("*.localhost"), lab.authority.ca_file),
    host="localhost",
    failed="tls.name-mismatch",
)
_server(
    "KB266",
    "server key of 1024 bits, no verification",
    lambda lab: (lab.authority.server(rsa_bits=1024), None),
    more="&tlsAllowInvalidCertificates=true",
    failed=("tls.weak-certificate", "tls.no-common-cipher"),
    connected="tls.validation-off",
)
_server(
    "KB267",
    "tlsAllowInvalidCertificates with a certificate in order",
    lambda lab: (lab.authority.server(), lab.authority.ca_file),
    more="&tlsAllowInvalidCertificates=true",
    connected="tls.validation-off",
)
_server(
    "KB268",
    "host name in capitals",
    lambda lab: (lab.authority.server("localhost"), lab.authority.ca_file),
    host="LOCALHOST",
    connected=(),
)
_own(
    "KB269",
    "client file in order, with text and parameters around",
    lambda lab: _bytes(
        lab,
        "bag.pem",
        b"Bag Attributes\n    friendlyName: app\n"
        + lab.client.key_file.read_bytes()
        + b"subject=/CN=app\n"
        + lab.client.certificate_file.read_bytes(),
    ),
    connected=(),
)
_own(
    "KB270",
    "client key in OpenSSH's form",
    lambda lab: _bytes(
        lab,
        "ssh.pem",
        lab.client.certificate_file.read_bytes()
        + b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n-----END OPENSSH PRIVATE KEY-----\n",
    ),
    failed=("files.no-key", "files.damaged"),
)
_own(
    "KB271",
    "two different client certificates, the key of the second",
    lambda lab: _joined(lab, "two.pem", lab.revoked.certificate_file, lab.client.certificate_file, lab.client.key_file),
    failed="files.key-mismatch",
)
