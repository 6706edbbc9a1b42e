"""Faults of the text. HOST is a healthy server, so that only the text can be at fault."""

from __future__ import annotations

from collections.abc import Iterator

from faults.fault import Case, Table
from faults.laboratory import SECRET, Laboratory
from lab import peers
from lab.namespaces import OUTSIDE, Network

TABLE = Table()
WORKS: tuple[str, ...] = ()


def _host(pattern: str) -> object:
    """The pattern with HOST and PORT filled in."""

    def make(lab: Laboratory) -> str:
        server = lab.standalone.server
        return pattern.replace("HOST", server.address).replace("PORT", str(server.port))

    return make


def _row(id: str, title: str, pattern: str, **expected: object) -> None:
    TABLE.text(id, title, _host(pattern), **expected)  # type: ignore[arg-type]


_row("U01", "misspelt scheme", "mongo://HOST/", failed="uri.bad-scheme")
_row("U02", "no scheme, host and port only", "HOST", connected="uri.not-portable")
_row("U04", "bare @ in the password", "mongodb://app:one@two-Qx7@HOST/", failed="uri.unescaped-credentials")
_row("U07", "bare % in the password", "mongodb://app:one%two-Qx7@HOST/", failed="uri.unescaped-credentials")
TABLE.text(
    "U08",
    "# in the password, not escaped",
    lambda lab: f"mongodb://hash:pa#ss@{lab.login_server.address}/?authSource=admin",
    connected="uri.not-portable",
)
_STRAY = {"failed": "uri.stray-characters", "connected": "uri.stray-characters"}
_row("U09", "space at the end", "mongodb://HOST/ ", **_STRAY)
_row("U09d", "space inside the host", "mongodb://127.0.0.1 :PORT/", **_STRAY)
_row("U09f", "quotation marks around it", '"mongodb://HOST/"', **_STRAY)
_row("U10", "port 99999", "mongodb://127.0.0.1:99999/", failed="uri.bad-port")
_row("U11", "<password> left in", "mongodb://app:<password>@HOST/", failed="uri.placeholder")
_row("U12", "empty user name", "mongodb://:pw-Qx7@HOST/", failed="uri.missing-username")
_row("U13", "user without password", "mongodb://app@HOST/", failed="uri.missing-password")
_row("U14", "unknown option foo", "mongodb://HOST/?foo=bar", connected="uri.unknown-option")
_row("U14b", "misspelt option replicSet", "mongodb://HOST/?replicSet=rs0", connected="uri.misspelt-option")
_CONFLICT = "uri.conflicting-options"
_row("U15", "tls=true with ssl=false", "mongodb://HOST/?tls=true&ssl=false", failed=_CONFLICT)
TABLE.text(
    "U16b",
    "tls=false with tlsCAFile",
    lambda lab: f"mongodb://{lab.standalone.address}/?tls=false&tlsCAFile={lab.authority.ca_file}",
    failed=_CONFLICT,
)
_row("U17", "directConnection with two hosts", "mongodb://HOST,HOST/?directConnection=true", failed=_CONFLICT)
_row("U18", "loadBalanced with replicaSet", "mongodb://HOST/?loadBalanced=true&replicaSet=rs0", failed=_CONFLICT)
_row("U19", "SRV address with a port", "mongodb+srv://c0.example.test:27017/", failed="uri.srv-form")
_row("U20", "SRV address with two names", "mongodb+srv://a.example.test,b.example.test/", failed="uri.srv-form")
_row("U20c", "SRV with directConnection", "mongodb+srv://a.example.test/?directConnection=true", failed=_CONFLICT)
_row(
    "U21",
    "authMechanism=SCRAM-SHA-512",
    f"mongodb://app:{SECRET}@HOST/?authMechanism=SCRAM-SHA-512",
    failed=("uri.unknown-mechanism", "auth.no-access-control"),
)
_row(
    "U22",
    "X.509 with a password",
    f"mongodb://app:{SECRET}@HOST/?authMechanism=MONGODB-X509",
    failed=("uri.mechanism-mismatch", "uri.x509-without-tls"),
)
_row("U22c", "SCRAM without a user", "mongodb://HOST/?authMechanism=SCRAM-SHA-256", failed="uri.missing-username")
_row(
    "U22d",
    "Kerberos with authSource=admin",
    "mongodb://app@HOST/?authMechanism=GSSAPI&authSource=admin",
    failed="uri.mechanism-mismatch",
)
_row(
    "U22f",
    "Kerberos without its package, with an unknown property",
    "mongodb://app@HOST/?authMechanism=GSSAPI&authMechanismProperties=FOO:bar",
    failed=("driver.missing-package", "auth.mechanism-not-supported"),
)
_row("U23", "readPreference=fastest", "mongodb://HOST/?readPreference=fastest", connected="uri.ignored-value")
_row("U23d", "tags with read preference primary", "mongodb://HOST/?readPreferenceTags=dc:east", failed=_CONFLICT)
_row("U23f", "w=-1", "mongodb://HOST/?w=-1", connected="uri.ignored-value")
_row(
    "U23g",
    "readConcernLevel=foo",
    "mongodb://HOST/?readConcernLevel=foo",
    failed="uri.bad-value",
    connected=("uri.bad-value", "uri.ignored-value"),
)
_row("U24", "w given twice", "mongodb://HOST/?w=1&w=majority", connected="uri.duplicate-option")
_row("U25c", "tls=yes", "mongodb://HOST/?tls=yes", connected="uri.tls-value-ignored")
_row(
    "U25e",
    "serverSelectionTimeoutMS=5s",
    "mongodb://HOST/?serverSelectionTimeoutMS=5s",
    connected="uri.ignored-value",
)
_row(
    "U25f",
    "minPoolSize above maxPoolSize",
    "mongodb://HOST/?minPoolSize=10&maxPoolSize=5",
    failed=(_CONFLICT, "uri.bad-value"),
)
_row("U25g", "heartbeatFrequencyMS=100", "mongodb://HOST/?heartbeatFrequencyMS=100", failed="uri.bad-value")
_row("U25i", "empty replicaSet", "mongodb://HOST/?replicaSet=", failed="uri.malformed-options")
_row("U25j", "& and ; mixed", "mongodb://HOST/?w=1&tls=false;retryWrites=true", failed="uri.malformed-options")
_row("U26", "space in the database name", "mongodb://HOST/my%20db", failed="uri.bad-database-name")
_row("U26c", "dot in the path", "mongodb://HOST/a.b", connected="uri.not-portable")
_row("U26e", "a path of two parts", "mongodb://HOST/a/b", failed="uri.bad-database-name")
_row("U27", "no host", "mongodb:///", failed="uri.missing-host")
_row("U27b", "spare comma", "mongodb://HOST,/", failed="uri.missing-host")
_row("U27d", "IPv6 without brackets", "mongodb://::1:PORT/", failed="uri.ipv6-brackets")
_row("U27e", "; between the hosts", "mongodb://HOST;HOST/", failed="uri.host-separator")
_row("U27g", "https:// behind mongodb://", "mongodb://https://cluster0.example.test/", failed="uri.nested-url")
_row("U28", "tlsCAFile does not exist", "mongodb://HOST/?tls=true&tlsCAFile=/no/such.pem", failed="files.not-found")
_row(
    "U30",
    "srvMaxHosts with replicaSet",
    "mongodb+srv://c0.example.test/?srvMaxHosts=1&replicaSet=rs0",
    failed=_CONFLICT,
)
_row(
    "U31",
    "proxyPort without proxyHost",
    "mongodb://HOST/?proxyPort=1080",
    failed="uri.bad-value",
)
_row("U32", "socket path not escaped", "mongodb:///tmp/mongodb-PORT.sock/db", failed="uri.unescaped-socket-path")
_row("U33", "localhost: healthy", "mongodb://localhost:PORT/", connected=WORKS)


@TABLE.row("U35", "mongodb+srv for an ordinary host", failed="dns.no-srv-record", netns=True)
def _(lab: Laboratory) -> Iterator[Case]:
    with Network() as network, peers.silent(listener=network.listen(27017)):
        network.dns_server({("127-0-0-1.example.test", "A"): OUTSIDE})
        yield Case("mongodb+srv://127-0-0-1.example.test/", network)
