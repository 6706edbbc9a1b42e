"""Look-alikes of logins and rights, and of what a server says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote_plus

from faults.fault import Case, Table
from faults.laboratory import SECRET, USERS, Laboratory
from faults.look_alikes_of_tls import tls_query
from lab import deployments
from lab.deployment import User
from lab.mongo_peer import Failure, MongoPeer, hello, member_hello
from lab.namespaces import Network

TABLE = Table()
WRONG = "wrong-Kp4-word"


# ---------------------------------------------------------------- login and rights


def _login(id: str, title: str, userinfo: str, tail: str = "", **expected: object) -> None:
    at = f"{userinfo}@" if userinfo else ""
    TABLE.text(id, title, lambda lab: f"mongodb://{at}{lab.login_server.address}/{tail}", **expected)


_login(
    "KB70",
    "wrong password in the wrong place",
    f"appuser:{WRONG}",
    "?authSource=other",
    failed=("auth.wrong-authsource", "auth.unknown-user"),
)
_login(
    "KB71",
    "wrong password, user of the path",
    f"appuser:{WRONG}",
    "appdb?authSource=admin",
    failed="auth.wrong-authsource",
)
_login("KB72", "line end after the password", f"app:{SECRET}%0A", failed="auth.control-character")
_login(
    "KB73",
    "user name in small letters beyond ASCII",
    f"{quote_plus('éva')}:{quote_plus('naïve')}",
    failed=("auth.user-name-case", "auth.unknown-user"),
)
_login(
    "KB74",
    "password in decomposed letters",
    f"{quote_plus('Éva')}:{quote_plus('nai' + chr(0x308) + 've')}",
    connected=(),
)
_login(
    "KB75",
    "password in decomposed letters, SCRAM-SHA-1",
    f"{quote_plus('Éva')}:{quote_plus('nai' + chr(0x308) + 've')}",
    "?authMechanism=SCRAM-SHA-1",
    failed="auth.wrong-password",
)
_login(
    "KB76",
    "user name in decomposed letters",
    f"{quote_plus('E' + chr(0x301) + 'va')}:{quote_plus('naïve')}",
    failed=("auth.user-name-case", "auth.unknown-user"),
)
_login(
    "KB77",
    "read role on another database",
    f"reader:{SECRET}",
    "sales?authSource=admin",
    connected="access.no-privilege",
)
_login("KB78", "monitor without find", f"monitor:{SECRET}", "appdb?authSource=admin", connected="access.no-privilege")
_login(
    "KB79",
    "MONGODB-CR",
    f"app:{SECRET}",
    "?authMechanism=MONGODB-CR",
    connected="uri.unknown-mechanism",
)
_login(
    "KB80",
    "Kerberos without its package",
    "app%40LAB:",
    "?authMechanism=GSSAPI",
    failed=("driver.missing-package", "auth.mechanism-not-supported"),
)
_login(
    "KB81",
    "OIDC of Azure without a resource",
    "",
    "?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:azure",
    failed=("auth.oidc-not-configured", "uri.bad-value"),
)
_login(
    "KB82",
    "OIDC of Google Cloud outside of it",
    "",
    "?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:gcp,TOKEN_RESOURCE:lab",
    failed=("auth.oidc-token-missing", "auth.mechanism-not-supported"),
)
_login(
    "KB83",
    "AWS without credentials",
    "",
    "?authMechanism=MONGODB-AWS",
    failed=("driver.missing-package", "auth.aws-no-credentials"),
)
TABLE.text(
    "KB84",
    "PLAIN over TLS at a community server",
    lambda lab: lab.x509_server.uri("app", SECRET, authMechanism="PLAIN"),
    failed="auth.mechanism-not-supported",
)


def _x509(id: str, title: str, user: str, tail: str, cause: str) -> None:
    def make(lab: Laboratory) -> str:
        at = f"{quote_plus(user)}@" if user else ""
        query = tls_query(tlsCAFile=lab.authority.ca_file, tlsCertificateKeyFile=lab.client.certificate_key_file)
        return f"mongodb://{at}{lab.x509_server.address}/?authMechanism=MONGODB-X509&{query}{tail}"

    TABLE.text(id, title, make, failed=cause)


_x509(
    "KB85",
    "X.509: the parts of the subject the other way round",
    "CN=app,O=Lab,OU=Clients",
    "",
    "auth.x509-name-differs",
)
_x509("KB86", "X.509 with authSource=admin", "", "&authSource=admin", "uri.mechanism-mismatch")
_x509("KB87", "X.509 with a password", f"app:{SECRET}".replace(":", "%3A"), "", "auth.x509-name-differs")
TABLE.text(
    "KB88",
    "client certificate given, but no X.509 asked for",
    lambda lab: lab.x509_server.uri() + f"&tlsCertificateKeyFile={lab.client.certificate_key_file}",
    failed="auth.credentials-missing",
)


@TABLE.row("KB89", "a server that demands a login and has no users", failed="auth.unknown-user")
def _(lab: Laboratory) -> Iterator[Case]:
    with deployments.standalone("--auth") as deployment:
        yield Case(f"mongodb://app:{SECRET}@{deployment.address}/")


@TABLE.row("KB90", "login required, no users yet, none given", failed="auth.credentials-missing")
def _(lab: Laboratory) -> Iterator[Case]:
    with deployments.standalone("--auth") as deployment:
        yield Case(f"mongodb://{deployment.address}/")


@TABLE.row("KB91", "login at an arbiter", failed="topology.arbiter")
def _(lab: Laboratory) -> Iterator[Case]:
    refused = Failure(18, "Authentication failed.", "AuthenticationFailed")
    with MongoPeer({"saslStart": refused, "*": Failure(13, "find requires authentication", "Unauthorized")}) as peer:
        names = ["127.0.0.1:1", peer.address]
        peer.answers["hello"] = member_hello("rsA", names[:1], me=peer.address, primary=names[0], role="arbiter")
        yield Case(f"mongodb://app:{SECRET}@{peer.address}/?directConnection=true")


@TABLE.row("KB92", "user of the same name in two databases", failed=("auth.wrong-password", "auth.wrong-authsource"))
def _(lab: Laboratory) -> Iterator[Case]:
    twins = (User("twin", password="first-Kp4-word"), User("twin", "appdb", password=SECRET))
    with deployments.with_login(users=twins) as deployment:
        yield Case(f"mongodb://twin:{SECRET}@{deployment.address}/appdb?authSource=admin")


@TABLE.row("KB93", "role on one collection", connected=())
def _(lab: Laboratory) -> Iterator[Case]:
    with deployments.with_login(users=USERS[:1]) as deployment, deployment.client() as client:
        rights = [{"resource": {"db": "appdb", "collection": "orders"}, "actions": ["find", "insert"]}]
        client.admin.command("createRole", "orders", privileges=rights, roles=[])
        client.admin.command("createUser", "clerk", pwd=SECRET, roles=["orders"])
        yield Case(f"mongodb://clerk:{SECRET}@{deployment.address}/appdb?authSource=admin")


@TABLE.row("KB93b", "a role that may do everything, in one action", connected=())
def _(lab: Laboratory) -> Iterator[Case]:
    with deployments.with_login(users=USERS[:1]) as deployment, deployment.client() as client:
        every = [{"resource": {"anyResource": True}, "actions": ["anyAction"]}]
        client.admin.command("createRole", "everything", privileges=every, roles=[])
        client.admin.command("createUser", "clerk", pwd=SECRET, roles=["everything"])
        yield Case(f"mongodb://clerk:{SECRET}@{deployment.address}/appdb?authSource=admin")


def _scripted(
    id: str, title: str, answers: Mapping[str, object], tail: str = "", *, user: bool = False, **expected: object
) -> None:
    @TABLE.row(id, title, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        with MongoPeer(answers) as peer:  # type: ignore[arg-type]
            at = f"app:{SECRET}@" if user else ""
            yield Case(f"mongodb://{at}{peer.address}/{tail}")


_ATLAS = {"saslStart": Failure(8000, "connection auth mechanism not allowed", "AtlasError")}
_scripted("KB94", "Atlas error 8000 with other words", _ATLAS, user=True, failed="auth.atlas-bad-auth")
_scripted(
    "KB95",
    "Atlas error 8000 at a read",
    {"*": Failure(8000, "user is not allowed to do action [find]", "AtlasError")},
    failed="auth.credentials-missing",
)

# ---------------------------------------------------------------- hello and the product


def _info(version: str, **more: object) -> dict[str, object]:
    numbers = [int(n) for n in version.split(".")]
    return {"version": version, "versionArray": [*numbers, 0], "modules": [], "bits": 64, **more}


def _release(id: str, version: str, wire: int, **expected: object) -> None:
    answers = {"hello": hello(maxWireVersion=wire), "buildInfo": _info(version)}
    _scripted(id, f"MongoDB {version}", answers, **expected)  # type: ignore[arg-type]


_release("KB100", "3.6.23", 6, failed="hello.too-old")
_release("KB101", "5.0.30", 13, connected="hello.end-of-life")
_release("KB102", "7.0.14", 21, connected=())
_release("KB103", "8.0.4", 25, connected=())
_release("KB104", "2.6.12", 2, failed="hello.too-old")
_scripted(
    "KB105", "wire versions from 30 on", {"hello": hello(minWireVersion=30, maxWireVersion=35)}, failed="hello.too-new"
)
_scripted(
    "KB106",
    "FerretDB 1",
    {"hello": hello(maxWireVersion=17), "buildInfo": _info("6.0.42", ferretdbVersion="v1.24.0")},
    connected="hello.ferretdb",
)
_scripted(
    "KB107",
    "a server without buildInfo",
    {"buildInfo": Failure(59, "no such command: 'buildInfo'", "CommandNotFound")},
    connected="hello.compatible-server",
)
for _number, _name, _code in (
    ("KB108", "ShutdownInProgress", 91),
    ("KB109", "InterruptedAtShutdown", 11600),
    ("KB110", "AuthenticationFailed", 18),
    ("KB111", "Unauthorized", 13),
    ("KB112", "InternalError", 1),
):
    _scripted(
        _number,
        f"hello: {_name}",
        {"hello": Failure(_code, "not now", _name)},
        failed=("hello.member-error", *(("auth.credentials-missing",) if _code == 13 else ())),
    )
_scripted(
    "KB113",
    "maintenance: every command but hello refused",
    {"*": Failure(11600, "interrupted", "InterruptedAtShutdown")},
    failed=("driver.unexplained", "hello.member-error", "pool.server-went-away", "topology.recovering"),
)
_scripted(
    "KB114",
    "zlib asked, nothing offered",
    {"hello": hello()},
    "?compressors=zlib",
    connected="driver.compression-not-offered",
)


def _by_name(id: str, title: str, host: str, *causes: str) -> None:
    @TABLE.row(id, title, connected=causes, netns=True)
    def _(lab: Laboratory) -> Iterator[Case]:
        with Network(hosts={host: "127.0.0.1"}) as network:
            network.publish(lab.standalone.address)
            yield Case(f"mongodb://{host}:{lab.standalone.server.port}/", network)


_by_name("KB115", "Cosmos DB, vCore", "lab.mongocluster.cosmos.azure.com", "hello.cosmosdb")
_by_name("KB116", "DocumentDB, elastic", "lab-1.eu-west-1.docdb-elastic.amazonaws.com", "hello.documentdb")
_by_name("KB117", "Firestore", "0f2c.eur3.firestore.goog", "hello.compatible-server")
_by_name("KB118", "Oracle", "LAB-DB.adb.eu-frankfurt-1.oraclecloudapps.com", "hello.compatible-server")

# ---------------------------------------------------------------- more logins

_login("KB230", "password in quotation marks", f"app:%22{SECRET}%22", failed="auth.wrong-password")
_login(
    "KB231",
    "password escaped twice",
    f"special:{quote_plus(quote_plus('p@ss:/?#[]%w ü'))}",
    failed="auth.percent-in-password",
)
_login("KB232", "authSource misspelt", f"app:{SECRET}", "?authSource=amdin", failed="auth.wrong-authsource")
_login(
    "KB233",
    "authSource=$external with a password",
    f"app:{SECRET}",
    "?authSource=%24external",
    failed="auth.wrong-authsource",
)
_login("KB234", "password with a space before it", f"app:%20{SECRET}", failed="auth.space-in-password")
_login(
    "KB235", "user name with a space after it", f"app%20:{SECRET}", failed=("auth.user-name-case", "auth.unknown-user")
)
_login("KB236", "user as user@database", f"app%40admin:{SECRET}", failed="auth.unknown-user")
_login(
    "KB237",
    "SCRAM-SHA-512",
    f"app:{SECRET}",
    "?authMechanism=SCRAM-SHA-512",
    failed="uri.unknown-mechanism",
    connected="uri.unknown-mechanism",
)
_login(
    "KB238",
    "X.509 with a password",
    f"app:{SECRET}",
    "?authMechanism=MONGODB-X509",
    failed=("uri.mechanism-mismatch", "uri.x509-without-tls"),
)
_login(
    "KB239",
    "wrong mechanism and wrong password",
    f"sha1only:{WRONG}",
    "?authMechanism=SCRAM-SHA-256",
    failed="auth.mechanism-not-for-user",
)
TABLE.text(
    "KB240",
    "login at a set without access control",
    lambda lab: lab.replica_set.uri("app", SECRET),
    failed="auth.no-access-control",
)
TABLE.text(
    "KB241",
    "wrong password at a set with TLS",
    lambda lab: lab.tls_login_set.uri("app", WRONG, authMechanism="SCRAM-SHA-1"),
    failed="auth.wrong-password",
)
TABLE.text(
    "KB242",
    "wrong authSource at a set with TLS",
    lambda lab: lab.tls_login_set.uri("app", SECRET, authSource="appdb"),
    failed="auth.wrong-authsource",
)


def _role(id: str, title: str, role: object, tail: str, **expected: object) -> None:
    @TABLE.row(id, title, **expected)
    def _(lab: Laboratory) -> Iterator[Case]:
        name = id.lower()
        with lab.login_server.client() as client:
            client.admin.command("createUser", name, pwd=SECRET, roles=[role])
        yield Case(f"mongodb://{name}:{SECRET}@{lab.login_server.address}/{tail}")


_role(
    "KB243",
    "dbAdmin may not read",
    {"role": "dbAdmin", "db": "appdb"},
    "appdb?authSource=admin",
    connected="access.no-privilege",
)
_role("KB244", "user administrator", "userAdminAnyDatabase", "", connected="access.no-privilege")
_role("KB245", "root", "root", "appdb?authSource=admin", connected=())
_role("KB246", "readAnyDatabase", "readAnyDatabase", "appdb?authSource=admin", connected="access.read-only")
_role("KB247", "backup", "backup", "", connected=())
_role("KB248", "cluster monitor, no database", "clusterMonitor", "", connected=())

_STEP = {"saslStart": Failure(334, "Unsupported mechanism [ -301 ]", "MechanismUnavailable")}
_scripted(
    "KB250",
    "DocumentDB refuses SCRAM-SHA-256",
    _STEP,
    "?authMechanism=SCRAM-SHA-256",
    user=True,
    failed=("auth.mechanism-disabled", "auth.mechanism-not-supported"),
)
_scripted(
    "KB251",
    "saslStart is unknown",
    {"saslStart": Failure(59, "no such command: 'saslStart'", "CommandNotFound")},
    "",
    user=True,
    failed=("auth.mechanism-not-supported", "auth.mechanism-disabled", "auth.no-access-control"),
)
_scripted(
    "KB252",
    "a service that does not tell who is known",
    {
        "saslStart": Failure(18, "Authentication failed.", "AuthenticationFailed"),
        "find": Failure(13, "requires authentication", "Unauthorized"),
    },
    "",
    user=True,
    failed=("auth.unknown-user", "auth.wrong-password"),
)
_scripted(
    "KB253",
    "the login is cut off",
    {"saslStart": Failure(91, "shutting down", "ShutdownInProgress")},
    "",
    user=True,
    failed=("pool.server-went-away", "driver.unexplained"),
)
_scripted(
    "KB254",
    "login: the server has no key yet",
    {"saslStart": Failure(211, "No keys found for HMAC", "KeyNotFound")},
    "",
    user=True,
    failed="auth.login-refused",
)
_scripted(
    "KB255",
    "code 13 at buildInfo, reads open",
    {"buildInfo": Failure(13, "not authorized", "Unauthorized")},
    connected=(),
)
_scripted(
    "KB256",
    "hello without wire versions",
    {"hello": hello(minWireVersion=None, maxWireVersion=None)},
    failed="hello.too-old",
)
_scripted(
    "KB257",
    "every command needs an API version, also hello",
    {
        "hello": Failure(498870, "The apiVersion parameter is required", "APIVersionError"),
        "*": Failure(498870, "The apiVersion parameter is required", "APIVersionError"),
    },
    failed="hello.api-version-required",
)
_scripted(
    "KB258",
    "API version not supported",
    {"*": Failure(322, "API version 1 is not known", "APIVersionError")},
    failed=("access.read-refused", "hello.api-version-required"),
)
