"""Faults of the login and of the rights that follow it: real servers with real users wherever there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote_plus

from faults.fault import Case, Table
from faults.laboratory import SECRET, Laboratory
from lab.mongo_peer import Failure, MongoPeer

TABLE = Table()


def _login(id: str, title: str, userinfo: str, tail: str = "", **expected: object) -> None:
    """A row at the server that demands a login; ``tail`` is what follows the slash."""
    at = f"{userinfo}@" if userinfo else ""
    TABLE.text(id, title, lambda lab: f"mongodb://{at}{lab.login_server.address}/{tail}", **expected)


_login("A00", "healthy login", f"app:{SECRET}", connected=())
_login("A01", "wrong password", "app:wrong-Kp4-word", failed="auth.wrong-password")
_login("A02", "unknown user", f"nobody:{SECRET}", failed="auth.unknown-user")
_login(
    "A03",
    "user lives in appdb, authSource=admin",
    f"appuser:{SECRET}",
    "appdb?authSource=admin",
    failed="auth.wrong-authsource",
)
_login("A03b", "database in the path, user lives in admin", f"app:{SECRET}", "appdb", failed="auth.wrong-authsource")
_login(
    "A04",
    "SCRAM-SHA-256 forced, user has only SCRAM-SHA-1",
    f"sha1only:{SECRET}",
    "?authMechanism=SCRAM-SHA-256",
    failed="auth.mechanism-not-for-user",
)
TABLE.text(
    "A04c",
    "SCRAM-SHA-256 forced, the server has it off",
    lambda lab: f"mongodb://app:{SECRET}@{lab.sha1_server.address}/?authMechanism=SCRAM-SHA-256",
    failed=("auth.mechanism-disabled", "auth.mechanism-not-for-user"),
)
_login("A05", "login required, none given", "", failed="auth.credentials-missing")


def _x509(id: str, title: str, make: Callable[[Laboratory], Path | None], cause: str, user: str = "") -> None:
    def uri(lab: Laboratory) -> str:
        at = f"{quote_plus(user)}@" if user else ""
        tls = f"tls=true&tlsCAFile={lab.authority.ca_file}"
        file = make(lab)
        certificate = f"&tlsCertificateKeyFile={file}" if file else ""
        return f"mongodb://{at}{lab.x509_server.address}/?authMechanism=MONGODB-X509&{tls}{certificate}"

    TABLE.text(id, title, uri, failed=cause)


_x509(
    "A06",
    "X.509: the subject is no user",
    lambda lab: lab.authority.client("batch", unit="Batch").certificate_key_file,
    "auth.x509-unknown-subject",
)
_x509("A06b", "X.509: no client certificate", lambda lab: None, "auth.x509-no-certificate")
_x509(
    "A06d",
    "X.509: user name differs from the subject",
    lambda lab: lab.client.certificate_key_file,
    "auth.x509-name-differs",
    user="OU=Clients,O=Lab,CN=other",
)
_login("A06e", "X.509 without TLS", "", "?authMechanism=MONGODB-X509", failed="uri.x509-without-tls")
_x509(
    "A06g",
    "X.509: certificate looks like a cluster member's",
    lambda lab: lab.authority.client("app", unit="Servers").certificate_key_file,
    "auth.x509-member-certificate",
)
_login(
    "A07",
    "AWS sign-in without its package",
    f"AKIAQX7LAB:{SECRET}",
    "?authMechanism=MONGODB-AWS",
    failed=("driver.missing-package", "auth.mechanism-not-supported"),
)
_login(
    "A09",
    "PLAIN at a server that does not offer it",
    f"app:{SECRET}",
    "?authMechanism=PLAIN",
    failed=("auth.mechanism-not-supported", "auth.password-in-clear"),
)
_login("A10", "OIDC without a token source", "", "?authMechanism=MONGODB-OIDC", failed="auth.oidc-not-configured")
_login(
    "A10b",
    "OIDC for Kubernetes outside of it",
    "",
    "?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s",
    failed=("auth.oidc-token-missing", "auth.mechanism-not-supported"),
)
_login(
    "A11",
    "no privilege on the database in the path",
    f"app:{SECRET}",
    "other?authSource=admin",
    connected="access.no-privilege",
)
_login("A11b", "read-only user", f"reader:{SECRET}", "appdb?authSource=admin", connected="access.read-only")
_login(
    "A11c",
    "user without any role",
    f"noroles:{SECRET}",
    connected=("access.no-roles", "access.no-privilege"),
)
_login("A13", "+ in the password not escaped", "plus:pa+ss", failed="auth.plus-in-password")
_login("A13b", "%41 in the password not escaped", "percent:pa%41ss", failed="auth.percent-in-password")
TABLE.text(
    "A14",
    "credentials given, server has no access control",
    lambda lab: f"mongodb://app:{SECRET}@{lab.standalone.address}/",
    failed="auth.no-access-control",
)
_login("A15", "control character in the password", f"app:{SECRET}%07", failed="auth.control-character")
_login("A16", "user name with a capital", f"App:{SECRET}", failed="auth.user-name-case")
_login("A17", "space at the end of the password", f"app:{SECRET}%20", failed="auth.space-in-password")
TABLE.text("A19", "healthy login at a set", lambda lab: lab.login_set.uri(lab.user("app")), connected=())


@TABLE.row("A22", "Atlas error 8000", failed="auth.atlas-bad-auth")
def _(lab: Laboratory) -> Iterator[Case]:
    bad = Failure(8000, "bad auth : authentication failed", "AtlasError")
    with MongoPeer({"saslStart": bad}) as peer:
        yield Case(f"mongodb://app:{SECRET}@{peer.address}/")
