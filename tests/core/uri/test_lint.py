"""Every mistake of a connection string is named, and PyMongo refuses exactly what we call refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from all_rows import all_rows
from clearline.core.diagnosis.catalogue import blanks_of
from clearline.core.diagnosis.catalogue import causes as causes_by_code
from clearline.core.facts.text import Mistake
from clearline.core.findings import Severity
from clearline.core.options.catalogue import OPTIONS
from clearline.core.profiles.profile import Place, Profile, SecretSource
from clearline.core.secrets.secret import Secret
from clearline.core.uri.connection_string import Reading, read
from examples import examples
from lab.refusals import run_refusal

OK: list[str] = []

# What PyMongo refuses (the first mistake is the expected one), or takes without harm.
AS_PYMONGO: list[tuple[str, list[str]]] = [
    # --- in order
    ("mongodb://localhost:27017/", OK),
    ("mongodb://localhost", OK),
    ("mongodb://h1:27017,h2,h3:27019/db?replicaSet=rs0", OK),
    ("mongodb://app:p%40ss@h1/db", OK),
    ("mongodb://[::1]:27017/", OK),
    ("mongodb://[fe80::1%25eth0]/", OK),
    ("mongodb://%2Ftmp%2Fmongodb-27017.sock/db", OK),
    ("mongodb+srv://app:pw@cluster0.example.test/db?retryWrites=true&w=majority", OK),
    ("mongodb://app:pw@h/?appName=me@home", OK),
    (
        "mongodb://h/?authMechanismProperties=TOKEN_RESOURCE:api%3A//x,ENVIRONMENT:azure&authMechanism=MONGODB-OIDC&tls=true",
        OK,
    ),
    ("mongodb://u@h/?authMechanism=GSSAPI&authMechanismProperties=SERVICE_NAME:x,CANONICALIZE_HOST_NAME:forward", OK),
    ("mongodb://k:s@h/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:abc", OK),
    ("mongodb://h/?TLS=true&RETRYwrites=false", OK),
    ("mongodb://h/?tls=true&ssl=true", OK),
    ("mongodb://h/?readPreference=secondary&readPreferenceTags=dc:ny&readPreferenceTags=", OK),
    ("mongodb://h/?maxStalenessSeconds=-1", OK),
    ("mongodb://h/?w=0&journal=false", OK),
    ("mongodb://h/?connectTimeoutMS=1e4&socketTimeoutMS=0&serverSelectionTimeoutMS=1e4", OK),
    ("mongodb://h/?maxPoolSize=0&minPoolSize=500", OK),
    ("mongodb://h/?w=1;journal=true", OK),
    ("mongodb://my_host-1.local./?w=1&appName=My App", OK),
    # --- scheme
    ("mongo://h/", ["uri.bad-scheme"]),
    ("mongdb://h/", ["uri.bad-scheme"]),
    ("mongodb:/h/", ["uri.bad-scheme"]),
    ("mongodb:///h.example/", ["uri.bad-scheme"]),
    ("mongodb+srv:////ada:pw@c0.ab1.example.test/db", ["uri.bad-scheme"]),
    ("mongodb:///admin", ["uri.missing-host"]),
    ("mongodb//h/", ["uri.bad-scheme"]),
    ("mongodb;//h/", ["uri.bad-scheme"]),
    ("mongodb:\\\\h/db", ["uri.bad-scheme"]),
    ("MongoDB://h/", ["uri.bad-scheme"]),
    ("mongodb+SRV://c.example.test/", ["uri.bad-scheme"]),
    ("mongodb-srv://c.example.test/", ["uri.bad-scheme"]),
    ("mongodb+srv:/c.example.test/", ["uri.bad-scheme"]),
    ("mongodbsrv://c.example.test/", ["uri.bad-scheme"]),
    ("mongodb ://h/", ["uri.bad-scheme"]),
    ("http://h:27017/", ["uri.bad-scheme"]),
    ("https://cloud.example.test/v2/abc", ["uri.bad-scheme"]),
    ("jdbc:mongodb://h/", ["uri.bad-scheme"]),
    ("h1:27017/db", ["uri.bad-scheme"]),
    ("app:pw@h1/db", ["uri.bad-scheme"]),
    ("://h/", ["uri.bad-scheme"]),
    ("localhost:27017", ["uri.not-portable"]),
    ("h1,h2:27018", ["uri.not-portable"]),
    ("mongodb:27017", ["uri.not-portable"]),
    # --- a second address
    ("mongodb://https://cluster0.example.test/", ["uri.nested-url"]),
    ("mongodb://mongodb://h/", ["uri.nested-url"]),
    ("mongodb://h/ mongodb://app:pw@other/db", ["uri.nested-url"]),
    ("mongodb://app:pw@h/db\nmongodb://h2/db", ["uri.nested-url"]),
    ("mongodb+srv://mongodb+srv://app:pw@c.example.test/", ["uri.nested-url"]),
    ("mongodb://app:pw@http://h:27017/", ["uri.nested-url"]),
    ("https://mongodb://h/", ["uri.nested-url"]),
    # --- strays that are taken away before the driver sees them
    ("mongodb://h/ ", ["uri.stray-characters"]),
    ("\n mongodb://h/\r\n", ["uri.stray-characters"] * 2),
    ("\ufeffmongodb://h/", ["uri.stray-characters"]),
    ("mongodb://h/\u00a0", ["uri.stray-characters"]),
    ("\u200bmongodb://h/", ["uri.stray-characters"]),
    ('"mongodb://h/"', ["uri.stray-characters"]),
    ("'mongodb://h/'", ["uri.stray-characters"]),
    ("“mongodb://h/”", ["uri.stray-characters"]),
    ("`mongodb://h/`;", ["uri.stray-characters"]),
    ("<mongodb://h/>", ["uri.stray-characters"]),
    ('mongodb://h/"', ["uri.stray-characters"]),
    ('"mongodb://h/?w=1",', ["uri.stray-characters"]),
    # --- strays that stay
    ('mongosh "mongodb://h/"', ["uri.stray-characters"]),
    ("MONGODB_URI=mongodb://h/", ["uri.stray-characters"]),
    ("export URI='mongodb://h/'", ["uri.stray-characters"]),
    ("mongodb://h/db;", ["uri.stray-characters"]),
    ("mongodb://h/?w=1;", ["uri.stray-characters"]),
    ("mongodb://h/?w=1&tls=false;", ["uri.stray-characters"]),
    ("mongodb://h/?appName=My App", ["uri.stray-characters"]),
    ("mongodb://h/?w=1 tls=false", ["uri.stray-characters"]),
    ("mongodb://h/?w=1& tls=false", ["uri.stray-characters"]),
    ("mongodb://h/?w=1&\nappName=x", ["uri.stray-characters"]),
    ("mongodb://app:p\nw@h/", ["uri.stray-characters"]),
    ("mongodb://app:p\u200bw@h/", ["uri.stray-characters"]),
    # --- credentials
    ("mongodb://app:one@two@h/", ["uri.unescaped-credentials"]),
    ("mongodb://me@example.com:pw@h/", ["uri.unescaped-credentials"]),
    ("mongodb://app:one:two@h/", ["uri.unescaped-credentials"]),
    ("mongodb://app:one/two@h/", ["uri.unescaped-credentials"]),
    ("mongodb://app:one/two@h1:27017,h2/db?w=1", ["uri.unescaped-credentials"]),
    ("mongodb://app:one?two@h/", ["uri.unescaped-credentials"]),
    ("mongodb://app:one?two=3@h/?w=1", ["uri.unescaped-credentials"]),
    ("mongodb://dom/user:pw@h/", ["uri.unescaped-credentials"]),
    ("mongodb://app:one%two@h/", ["uri.unescaped-credentials"]),
    ("mongodb://app:100%@h/", ["uri.unescaped-credentials"]),
    ("mongodb+srv://app:p@ss@c.example.test/db", ["uri.unescaped-credentials"]),
    ("mongodb://app:a@b/c?d:e@h/", ["uri.unescaped-credentials"]),
    ("mongodb://app:a#b@h/", ["uri.not-portable"]),
    ("mongodb://app:a[b]@h/", ["uri.not-portable"] * 2),
    ("mongodb://app:my pass@h/", ["uri.not-portable"]),
    ("mongodb://:pw@h/", ["uri.missing-username"]),
    ("mongodb://@h/", ["uri.missing-username"]),
    ("mongodb://:@h/", ["uri.missing-username"]),
    ("mongodb://app@h/", ["uri.missing-password"]),
    ("mongodb://app:@h/", ["uri.missing-password"]),
    ("mongodb+srv://app@c.example.test/", ["uri.missing-password"]),
    ("mongodb://app@h/?authMechanism=SCRAM-SHA-1", ["uri.missing-password"]),
    ("mongodb://key@h/?authMechanism=MONGODB-AWS", ["uri.missing-password"]),
    # --- hosts
    ("", ["uri.missing-host"]),
    ("   ", ["uri.missing-host"]),
    ("mongodb://", ["uri.missing-host"]),
    ("mongodb:///", ["uri.missing-host"]),
    ("mongodb:///db", ["uri.missing-host"]),
    ("mongodb://?w=1", ["uri.missing-host", "uri.not-portable"]),
    ("mongodb://app:pw@/db", ["uri.missing-host"]),
    ("mongodb://h1/db,h2/db", ["uri.repeated-per-host"]),
    ("mongodb://h1,", ["uri.missing-host"]),
    ("mongodb://h1,,h2/", ["uri.missing-host"]),
    ("mongodb://,h1/", ["uri.missing-host"]),
    ("mongodb+srv:///", ["uri.missing-host"]),
    ("mongodb://h:99999/", ["uri.bad-port"]),
    ("mongodb://h:0/", ["uri.bad-port"]),
    ("mongodb://h:-1/", ["uri.bad-port"]),
    ("mongodb://h:/", ["uri.bad-port"]),
    ("mongodb://h:abc/", ["uri.bad-port"]),
    ("mongodb://h:27017x/", ["uri.bad-port"]),
    ("mongodb://h1:1,h2:70000/", ["uri.bad-port"]),
    ("mongodb://h:27017:27018/", ["uri.bad-port"]),
    ("mongodb://[::1]:0/", ["uri.bad-port"]),
    ("mongodb://::1:28001/", ["uri.ipv6-brackets"]),
    ("mongodb://::1/", ["uri.ipv6-brackets"]),
    ("mongodb://2001:db8::7:27017/", ["uri.ipv6-brackets"]),
    ("mongodb://[::1/", ["uri.ipv6-brackets"]),
    ("mongodb://h1:27017;h2:27017/", ["uri.host-separator"]),
    ("mongodb://h1:27017|h2:27017/", ["uri.host-separator"]),
    ("mongodb://h1:27017 h2:27017/", ["uri.host-separator"]),
    ("mongodb://h1:27017\nh2:27017/", ["uri.host-separator"]),
    ("mongodb:///tmp/mongodb-27017.sock/db", ["uri.unescaped-socket-path"]),
    ("mongodb:///tmp/mongodb-27017.sock", ["uri.unescaped-socket-path"]),
    ("mongodb://app:pw@/var/run/mongodb-27017.sock", ["uri.unescaped-socket-path"]),
    ("mongodb://h%20x/", ["uri.stray-characters"]),
    ("mongodb://h:27017 /", ["uri.stray-characters"]),
    # --- SRV
    ("mongodb+srv://c.example.test:27017/", ["uri.srv-form"]),
    ("mongodb+srv://a.example.test,b.example.test/", ["uri.srv-form"]),
    ("mongodb+srv://c.example.test:x/", ["uri.srv-form"]),
    ("mongodb+srv://c.example.test/?directConnection=true", ["uri.conflicting-options"]),
    # --- database
    ("mongodb://h/my%20db", ["uri.bad-database-name"]),
    ("mongodb://h/my db", ["uri.bad-database-name"]),
    ("mongodb://h/a/b", ["uri.bad-database-name"]),
    ("mongodb://h/db/?w=1", ["uri.bad-database-name"]),
    ("mongodb://h/a%22b", ["uri.bad-database-name"]),
    ("mongodb://h/$external", ["uri.bad-database-name"]),
    ("mongodb://h/db ?w=1", ["uri.bad-database-name"]),
    ("mongodb://h/a.b", ["uri.not-portable"]),
    ("mongodb://h?tls=false", ["uri.not-portable"]),
    # --- the options' form
    ("mongodb://h/?w=1&tls=false;retryWrites=true", ["uri.malformed-options"]),
    ("mongodb://h/?w=1&amp;tls=false", ["uri.malformed-options"]),
    ("mongodb://h/?tls", ["uri.malformed-options"]),
    ("mongodb://h/?w=1&tls", ["uri.malformed-options"]),
    ("mongodb://h/?w=1&&journal=true", ["uri.malformed-options"]),
    ("mongodb://h/?&w=1", ["uri.malformed-options"]),
    ("mongodb://h/?w=1&", ["uri.malformed-options"]),
    ("mongodb://h/?w=1?tls=true", ["uri.malformed-options"]),
    ("mongodb://h/??w=1", ["uri.malformed-options"]),
    ("mongodb://h/?appName=a=b", ["uri.malformed-options"]),
    ("mongodb://h/?=5", ["uri.malformed-options"]),
    ("mongodb://h/?authSource=", ["uri.malformed-options"]),
    ("mongodb://h/?authMechanismProperties=SERVICE_NAME", ["uri.malformed-options"]),
    # --- names
    ("mongodb://h/?foo=bar", ["uri.unknown-option"]),
    ("mongodb://h/?useUnifiedTopology=true&useNewUrlParser=true", ["uri.unknown-option"] * 2),
    ("mongodb://h/?sslValidate=false", ["uri.unknown-option"]),
    ("mongodb://h/?autoReconnect=true", ["uri.unknown-option"]),
    ("mongodb://h/?j=true&wtimeout=100", ["uri.unknown-option"] * 2),
    ("mongodb://h/?ssl_cert_reqs=CERT_NONE&ssl_ca_certs=ca.pem", ["uri.unknown-option"] * 2),
    ("mongodb://h/?replicSet=rs0", ["uri.misspelt-option"]),
    ("mongodb://h/?replica_set=rs0", ["uri.misspelt-option"]),
    ("mongodb://h/?tsl=true", ["uri.misspelt-option"]),
    ("mongodb://h/?serverSelectionTimeout=5000", ["uri.misspelt-option"]),
    ("mongodb://h/?authSoruce=admin", ["uri.misspelt-option"]),
    ("mongodb://h/?retryWrite=true", ["uri.misspelt-option"]),
    ("mongodb://h/?readPreferences=nearest", ["uri.misspelt-option"]),
    ("mongodb://h/?directconection=true", ["uri.misspelt-option"]),
    ("mongodb://h/?proxyHost=127.0.0.1&proxyPort=1080", ["uri.pymongo-goes-directly"]),
    ("mongodb://h/?w=1&w=majority", ["uri.duplicate-option"]),
    ("mongodb://h/?w=majorty", ["uri.misspelt-value"]),
    ("mongodb://h/?w=Majority", ["uri.misspelt-value"]),
    ("mongodb://h/?w=dc-majority", []),
    ("mongodb://h/?w=2", []),
    ("mongodb://h/?appName=a&APPNAME=b", ["uri.duplicate-option"]),
    # --- values
    ("mongodb://h/?tls=yes", ["uri.tls-value-ignored"]),
    ("mongodb://h/?tls=True", ["uri.tls-value-ignored"]),
    ("mongodb://h/?ssl=1", ["uri.tls-value-ignored"]),
    ("mongodb://h/?tls=", ["uri.tls-value-ignored"]),
    ("mongodb+srv://c.example.test/?tls=yes", ["uri.ignored-value"]),
    ("mongodb://h/?readPreference=fastest", ["uri.ignored-value"]),
    ("mongodb://h/?readPreference=Secondary", ["uri.ignored-value"]),
    ("mongodb://h/?w=-1", ["uri.ignored-value"]),
    ("mongodb://h/?serverSelectionTimeoutMS=5s", ["uri.ignored-value"]),
    ("mongodb://h/?socketTimeoutMS=-5", ["uri.ignored-value"]),
    ("mongodb://h/?maxPoolSize=-1", ["uri.ignored-value"]),
    ("mongodb://h/?maxPoolSize=ten", ["uri.ignored-value"]),
    ("mongodb://h/?maxConnecting=0", ["uri.ignored-value"]),
    ("mongodb://h/?zlibCompressionLevel=10", ["uri.ignored-value"]),
    ("mongodb://h/?compressors=gzip", ["uri.ignored-value"]),
    ("mongodb://h/?compressors=zlib,%20snappy", ["uri.ignored-value"]),
    ("mongodb://h/?uuidRepresentation=legacy", ["uri.ignored-value"]),
    ("mongodb://h/?serverMonitoringMode=push", ["uri.ignored-value"]),
    ("mongodb://h/?retryWrites=1", ["uri.ignored-value"]),
    ("mongodb://h/?maxStalenessSeconds=0", ["uri.ignored-value"]),
    ("mongodb://h/?readPreferenceTags=ny", ["uri.ignored-value"]),
    ("mongodb://h/?heartbeatFrequencyMS=0", ["uri.ignored-value"]),
    ("mongodb://h/?server_api=1", ["uri.ignored-value"]),
    ("mongodb://h/?appName=" + "x" * 129, ["uri.ignored-value"]),
    ("mongodb://h/?datetime_conversion=7", ["uri.ignored-value"]),
    ("mongodb://h/?heartbeatFrequencyMS=100", ["uri.bad-value"]),
    ("mongodb://h/?connectTimeoutMS=0&socketTimeoutMS=0&timeoutMS=0", OK),
    ("mongodb://h/?datetime_conversion=AUTO", ["uri.bad-value"]),
    ("mongodb://h/?minPoolSize=200", ["uri.bad-value"]),
    ("mongodb://h/?readPreference=secondary&maxStalenessSeconds=30", ["uri.bad-value"]),
    ("mongodb://u@h/?authMechanism=GSSAPI&authMechanismProperties=CANONICALIZE_HOST_NAME:maybe", ["uri.bad-value"]),
    # --- pairs
    ("mongodb://h/?tls=true&ssl=false", ["uri.conflicting-options"]),
    ("mongodb://h/?tls=true&ssl=yes", ["uri.conflicting-options", "uri.ignored-value"]),
    ("mongodb://h/?tls=false&tlsAllowInvalidCertificates=false", ["uri.conflicting-options"]),
    ("mongodb://h/?tls=false&tlsInsecure=false", ["uri.conflicting-options"]),
    ("mongodb://h/?tlsInsecure=true&tlsAllowInvalidCertificates=true", ["uri.conflicting-options"]),
    ("mongodb://h/?tlsInsecure=true&tlsAllowInvalidHostnames=maybe", ["uri.conflicting-options", "uri.ignored-value"]),
    ("mongodb://h/?tlsAllowInvalidCertificates=true&tlsDisableOCSPEndpointCheck=true", ["uri.conflicting-options"]),
    ("mongodb://h1,h2/?directConnection=true", ["uri.conflicting-options"]),
    ("mongodb://h1,h2/?loadBalanced=true", ["uri.conflicting-options"]),
    ("mongodb://h/?loadBalanced=true&replicaSet=rs0", ["uri.conflicting-options"]),
    ("mongodb://h/?loadBalanced=true&directConnection=true", ["uri.conflicting-options"]),
    ("mongodb://h/?readPreferenceTags=dc:east", ["uri.conflicting-options"]),
    ("mongodb://h/?readPreference=fastest&readPreferenceTags=dc:e", ["uri.conflicting-options", "uri.ignored-value"]),
    ("mongodb://h/?maxStalenessSeconds=120", ["uri.conflicting-options"]),
    ("mongodb://h/?minPoolSize=10&maxPoolSize=5", ["uri.conflicting-options"]),
    ("mongodb://h/?w=0&journal=true", ["uri.conflicting-options"]),
    ("mongodb://h/?journal=true&fsync=true", ["uri.conflicting-options"]),
    ("mongodb://h/?srvMaxHosts=1", ["uri.conflicting-options"]),
    ("mongodb://h/?srvServiceName=x", ["uri.conflicting-options"]),
    ("mongodb://h/?srvAllowedHostsSuffix=example.test", ["uri.conflicting-options"]),
    # --- pairs that PyMongo takes although one of the two has no effect
    ("mongodb://h/?w=0&retryWrites=true", ["uri.conflicting-options"]),
    ("mongodb://h/?w=0&retryWrites=false", OK),
    ("mongodb://h/?zlibCompressionLevel=5", ["uri.conflicting-options"]),
    ("mongodb://h/?zlibCompressionLevel=5&compressors=snappy", ["uri.conflicting-options"]),
    ("mongodb://h/?zlibCompressionLevel=5&compressors=snappy,zlib", OK),
    ("mongodb://h/?connectTimeoutMS=40000", OK),
    ("mongodb://h/?connectTimeoutMS=20000&serverSelectionTimeoutMS=15000", OK),
    ("mongodb://h/?serverSelectionTimeoutMS=3000", OK),
    ("mongodb://h/?waitQueueMultiple=5", ["uri.unknown-option"]),
    ("mongodb://h/?waitQueueTimeoutMS=0", ["uri.ignored-value"]),
    ("mongodb://h/?readPreference=nearest&maxStalenessSeconds=100&heartbeatFrequencyMS=95000", ["uri.bad-value"]),
    # --- sign-in
    ("mongodb://u:p@h/?authMechanism=SCRAM-SHA-256&authSource=$external", ["uri.mechanism-mismatch"]),
    ("mongodb://u:p@h/?authMechanism=SCRAM-SHA-512", ["uri.unknown-mechanism"]),
    ("mongodb://u:p@h/?authMechanism=scram-sha-256", ["uri.unknown-mechanism"]),
    ("mongodb://u:p@h/?authMechanism=MONGODB-CR", ["uri.unknown-mechanism"]),
    ("mongodb://u:p@h/?authMechanism=MONGODB-X509&tls=true", ["uri.mechanism-mismatch"]),
    ("mongodb://u:p@h/?authMechanism=MONGODB-X509", ["uri.mechanism-mismatch", "uri.x509-without-tls"]),
    ("mongodb://h/?authMechanism=MONGODB-X509&tls=true&authSource=admin", ["uri.mechanism-mismatch"]),
    ("mongodb://u@h/?authMechanism=GSSAPI&authSource=admin", ["uri.mechanism-mismatch"]),
    ("mongodb://k:s@h/?authMechanism=MONGODB-AWS&authSource=admin", ["uri.mechanism-mismatch"]),
    ("mongodb://h/?authMechanism=SCRAM-SHA-256", ["uri.missing-username"]),
    ("mongodb://h/?authMechanism=GSSAPI", ["uri.missing-username"]),
    ("mongodb://h/?authMechanism=PLAIN&tls=true", ["uri.missing-username"]),
    ("mongodb://h/?authMechanism=MONGODB-OIDC&tls=true", ["auth.oidc-not-configured"]),
    (
        "mongodb://h/?authMechanism=MONGODB-OIDC&tls=true&authMechanismProperties=ENVIRONMENT:azure",
        ["uri.bad-value"],
    ),
    ("mongodb://h/?authMechanism=MONGODB-OIDC&tls=true&authMechanismProperties=ENVIRONMENT:aws", ["uri.bad-value"]),
    (
        "mongodb://u:p@h/?authMechanism=MONGODB-OIDC&tls=true&authMechanismProperties=ENVIRONMENT:k8s",
        ["uri.mechanism-mismatch"],
    ),
    ("mongodb://u:p@h/?authMechanism=PLAIN", ["auth.password-in-clear"]),
    (
        "mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s",
        ["auth.password-in-clear"],
    ),
    ("mongodb://u@h/?authMechanism=GSSAPI&authMechanismProperties=FOO:bar", ["uri.unknown-auth-property"]),
    ("mongodb://u:p@h/?authMechanismProperties=FOO:bar", ["uri.unknown-auth-property"]),
    (
        "mongodb://u:p@h/?authMechanism=SCRAM-SHA-1&authMechanismProperties=SERVICE_NAME:x",
        ["uri.unknown-auth-property"],
    ),
]

# The constructor takes these, and yet they cannot work: no server and no name can make up for it.
BEYOND_PYMONGO: list[tuple[str, str, str]] = [
    ("mongodb://app:<password>@h/", "uri.placeholder", "the login must fail"),
    ("mongodb://app:%3Cpassword%3E@h/", "uri.placeholder", "the login must fail"),
    ("mongodb://<username>:<db_password>@h/", "uri.placeholder", "the login must fail"),
    ("mongodb+srv://app:pw@<cluster-url>/", "uri.placeholder", "no such name can exist"),
    ("mongodb+srv://app:pw@cluster0.<id>.mongodb.net/", "uri.placeholder", "no such name can exist"),
    ("mongodb://${MONGO-HOST}/", "uri.not-set", "no such name can exist"),
    ("mongodb://app:pw@h/<dbname>", "uri.placeholder", "nobody is defined in a database of that name"),
    ("mongodb://h/?replicaSet=<name>", "uri.placeholder", "no set can have that name"),
    ("mongodb://undefined/", "uri.not-set", "a program wrote that for want of a value"),
    ("mongodb://app:pw@h/db&authSource=admin", "uri.malformed-options", "nobody is in a database of that name"),
    ("mongodb://h/?replicaSet=", "uri.malformed-options", "no server matches an empty name"),
    ("mongodb://h/?replicaSet=rs0 &w=1", "uri.stray-characters", "no set's name ends in a space"),
    ("mongodb://127.0.0.1 :27017/", "uri.stray-characters", "no such name can exist"),
    ("mongodb://h1, h2/", "uri.stray-characters", "no such name can exist"),
    ('mongodb://"h1"/', "uri.stray-characters", "no such name can exist"),
    ("mongodb://h1;h2/", "uri.host-separator", "no such name can exist"),
    ("mongodb://h1 h2/", "uri.host-separator", "no such name can exist"),
    ("mongodb://:27017/", "uri.missing-host", "there is no host"),
    ("mongodb://app:12/34@h", "uri.unescaped-credentials", "the host would be the user name"),
    ("mongodb://h/?readConcernLevel=foo", "uri.bad-value", "the server refuses the first read"),
    ("mongodb://h1,h2/?readPreference=nearest&maxStalenessSeconds=30", "uri.bad-value", "refused at the first read"),
    ("mongodb://h/?serverSelectionTimeoutMS=0", "uri.bad-value", "it gives up before any server can answer"),
    ("mongodb://h/a\\b", "uri.bad-database-name", "refused at the first use"),
    ("mongodb://h/" + "x" * 64, "uri.bad-database-name", "refused at the first use"),
    ("mongodb://CN=app@h/?authMechanism=MONGODB-X509", "uri.x509-without-tls", "the server sees no name"),
    ("mongodb://app@h/?authMechanism=PLAIN&tls=true", "uri.missing-password", "it would send the word None"),
    ("mongodb+srv://localhost/", "uri.srv-form", "refused at the lookup"),
    ("mongodb+srv://127.0.0.1/", "uri.srv-form", "refused at the lookup"),
    ("mongodb+srv://%2Ftmp%2Fx.sock/", "uri.srv-form", "refused at the lookup"),
    ("mongodb+srv://c.example.test/?srvMaxHosts=1&replicaSet=rs0", "uri.conflicting-options", "after the lookup"),
    ("mongodb+srv://c.example.test/?srvMaxHosts=1&loadBalanced=true", "uri.conflicting-options", "after the lookup"),
    ("mongodb+srv://c.example.test/?srvAllowedHostsSuffix=com", "uri.bad-value", "refused at the lookup"),
]


def causes(reading: Reading) -> list[str]:
    return [mistake.cause for mistake in reading.mistakes]


@all_rows("text, expected", AS_PYMONGO)
def test_what_pymongo_refuses_is_refused_and_named(text: str, expected: list[str]) -> None:
    reading = read(text)
    problem = run_refusal(reading.driver_text)
    assert reading.usable == (problem is None), (problem, reading.mistakes)
    # Which libraries are installed here is another matter.
    assert [cause for cause in causes(reading) if not cause.startswith("driver.")] == expected


@pytest.mark.parametrize(("text", "cause", "why"), BEYOND_PYMONGO)
def test_what_cannot_work_is_refused_although_pymongo_takes_it(text: str, cause: str, why: str) -> None:
    reading = read(text)
    assert run_refusal(reading.driver_text) is None, why
    assert not reading.usable
    assert causes(reading)[0] == cause


def test_tls_off_with_a_certificate_file_is_a_conflict(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    text = f"mongodb://h/?tls=false&tlsCAFile={tmp_path / 'ca.pem'}"
    reading = read(text)
    assert run_refusal(text) is not None
    assert causes(reading) == ["uri.conflicting-options"]
    assert reading.mistakes[0].patch == {"tls": {"enabled": True}}


def test_revocation_lists_cannot_be_had_without_verification(tmp_path: Path) -> None:
    (tmp_path / "crl.pem").touch()
    text = f"mongodb://h/?tlsCRLFile={tmp_path / 'crl.pem'}&tlsInsecure=true"
    assert run_refusal(text) is not None
    assert causes(read(text)) == ["uri.conflicting-options"]


def everything() -> list[tuple[str, Mistake]]:
    texts = [text for text, _ in AS_PYMONGO] + [text for text, _, _ in BEYOND_PYMONGO]
    return [(text, mistake) for text in texts for mistake in read(text).mistakes]


def test_every_sentence_of_a_mistake_is_filled_in() -> None:
    known = causes_by_code()
    for text, mistake in everything():
        assert blanks_of(known[mistake.cause]) <= mistake.blanks.keys(), (text, mistake)


def test_every_uri_cause_has_a_text_that_produces_it() -> None:
    produced = {mistake.cause for _, mistake in everything()} | {"uri.too-long"}  # tests/core/uri/test_long_texts.py
    of_the_network = {"uri.link-local-without-interface"}  # the text may be right; connecting shows that it is not
    assert {code for code in causes_by_code() if code.startswith("uri.")} - of_the_network <= produced


def test_every_mistake_has_a_place_in_the_text() -> None:
    for text, mistake in everything():
        assert 0 <= mistake.start <= mistake.end <= len(text), (text, mistake)


FIELDS = {"hosts", "hops", "user", "password", "database", *(option.name for option in OPTIONS)}
OF_THE_TEXT = {
    "uri.bad-scheme",
    "uri.not-portable",
    "uri.stray-characters",
    "uri.malformed-options",
    "uri.unknown-option",
    "uri.misspelt-option",
}
"""What may be about the text as a whole, which no field of the form can show."""


def test_every_mistake_has_fields_that_a_form_can_have() -> None:
    for text, mistake in everything():
        assert set(mistake.fields) <= FIELDS, (text, mistake)
        assert mistake.fields or mistake.cause in OF_THE_TEXT, (text, mistake)


def test_the_place_of_an_unescaped_character_is_that_character() -> None:
    text = "mongodb://app:one@two@h/"
    mistake = read(text).mistakes[0]
    assert (mistake.start, mistake.end) == (17, 18)
    assert mistake.blanks == {"part": "password", "character": "@", "escaped": "%40"}
    assert mistake.action == "escape-password"


def test_an_at_sign_in_an_email_address_belongs_to_the_user_name() -> None:
    mistake = read("mongodb://me@example.com:pw@h/").mistakes[0]
    assert mistake.blanks["part"] == "user name"
    assert mistake.action == "escape-user"


def test_a_real_password_between_angle_brackets_is_not_shown() -> None:
    reading = read("mongodb://app:<Tr0ub4dor>@h/")
    assert reading.mistakes[0].blanks["placeholder"] == "<…>"
    assert reading.facts.password.placeholder == "<…>"


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("{password}", "{password}"),
        ("[password]", "[password]"),
        ("$%7BMONGODB_PASSWORD%7D", "${MONGODB_PASSWORD}"),
        ("YOUR_PASSWORD", "YOUR_PASSWORD"),
        ("*****", "*****"),
    ],
)
def test_a_likely_template_word_is_a_warning(password: str, word: str) -> None:
    reading = read(f"mongodb://app:{password}@h/")
    assert reading.usable
    assert reading.mistakes[0].cause == "uri.placeholder"
    assert reading.facts.password.placeholder == word


@pytest.mark.parametrize("password", ["secret", "password1", "{Tr0ub4dor}", "your-Tr0ub4dor", "a%3Cb%3Ec", "$ecret"])
def test_an_ordinary_password_is_no_template_word(password: str) -> None:
    assert read(f"mongodb://app:{password}@h/").facts.password.placeholder is None


def test_what_may_be_a_password_in_the_ports_place_is_neither_shown_nor_kept() -> None:
    reading = read("mongodb://app:Tr0ub4dor/db")
    assert causes(reading) == ["uri.bad-port"]
    assert "Tr0ub4dor" not in repr((reading.facts, reading.profile))


def test_the_name_of_another_drivers_option_is_translated() -> None:
    assert read("mongodb://h/?sslCAFile=ca.pem").mistakes[0].blanks["suggestion"] == "tlsCAFile"


def test_switching_tls_on_takes_the_ignored_value_away() -> None:
    mistake = read("mongodb://h/?tls=yes&foo=1").mistakes[0]
    assert mistake.patch == {"tls": {"enabled": True}, "unread": [{"name": "foo", "value": "1"}]}


def test_failures_come_before_warnings() -> None:
    reading = read("mongodb://h/a.b?foo=1&tls=yes&directConnection=true&loadBalanced=true")
    severities = [mistake.severity for mistake in reading.mistakes]
    assert severities == sorted(severities, key=lambda severity: severity is not Severity.FAILURE)
    assert reading.mistakes[0].cause == "uri.conflicting-options"


_FRAGMENTS = st.sampled_from(
    [
        *("mongodb://", "mongodb+srv://", "app", ":", "@", "/", "?", "&", ";", ",", "=", "%", "%40", "+", "[", "]"),
        *("::1", "h1", "h2.example.test", "27017", "99999", "db", ".", "#", "<", ">", '"', "tls=true", "w=1", "%2F"),
        *("replicaSet", "readPreferenceTags", "authMechanism=PLAIN", "x.sock", "authMechanismProperties="),
        *(" ", "\n", "\ufeff", "\ud800", "\0"),
    ]
)


@examples(400)
@given(st.one_of(st.text(), st.lists(_FRAGMENTS, max_size=14).map("".join)))
@example("mongodb://app:pw@h/?appName=\ud800")
def test_reading_any_text_ends_well(text: str) -> None:
    reading = read(text)
    for mistake in reading.mistakes:
        assert 0 <= mistake.start <= mistake.end <= len(text)
    assert isinstance(reading.repaired, str)


@examples(300)
@given(st.lists(_FRAGMENTS, max_size=12).map(lambda pieces: "mongodb://" + "".join(pieces)))
def test_what_pymongo_refuses_is_never_called_usable(text: str) -> None:
    reading = read(text)
    if reading.usable:
        assert run_refusal(reading.driver_text) is None, text


# ---------------------------------------------------------------- what the profile and the place say


@pytest.mark.parametrize("place", ["ask", "command"])
def test_a_password_that_comes_when_it_is_used_is_not_missing(place: Place) -> None:
    profile = Profile(secrets={"password": SecretSource(place=place, command="pass x")})
    assert read("mongodb://app@h/", profile=profile).mistakes == ()
    assert read("mongodb://app:${PW}@h/").mistakes == ()


@pytest.mark.parametrize("place", ["keyring", "session"])
def test_a_password_that_is_not_typed_yet_is_missing(place: Place) -> None:
    profile = Profile(secrets={"password": SecretSource(place=place)})
    assert [m.cause for m in read("mongodb://app@h/", profile=profile).mistakes] == ["uri.missing-password"]


def test_where_a_person_can_sign_in_oidc_needs_no_environment() -> None:
    text = "mongodb://h/?authMechanism=MONGODB-OIDC&tls=true"
    assert read(text, prompting=True).mistakes == ()
    assert [m.cause for m in read(text).mistakes] == ["auth.oidc-not-configured"]


@pytest.mark.parametrize("cloud", ["azure", "gcp"])
def test_a_missing_token_resource_is_named(cloud: str) -> None:
    text = f"mongodb://h/?authMechanism=MONGODB-OIDC&tls=true&authMechanismProperties=ENVIRONMENT:{cloud}"
    for prompting in (True, False):
        [mistake] = read(text, prompting=prompting).mistakes
        assert mistake.blanks["option"] == "TOKEN_RESOURCE"
        assert cloud in mistake.blanks["rule"]


@pytest.mark.parametrize(
    ("text", "character"),
    [
        ("mongodb://h/?tlsCertificateKeyFilePassword=one&two", "&"),
        ("mongodb://h/?tlsCertificateKeyFilePassword=one;two", ";"),
        ("mongodb://h/?tlsCertificateKeyFilePassword=one two", "a space"),
        ("mongodb://k:s@h/?authMechanismProperties=AWS_SESSION_TOKEN:one&two&w=1", "&"),
    ],
)
def test_a_secret_whose_separator_is_not_escaped_is_one_secret(text: str, character: str) -> None:
    assert run_refusal(text) is not None
    reading = read(text)
    mistake = next(m for m in reading.mistakes if m.cause == "uri.unescaped-credentials")
    assert (mistake.severity, mistake.blanks["character"]) == (Severity.FAILURE, character)
    assert any(secret.reveal().startswith("one") and "two" in secret.reveal() for secret in reading.secrets.values())
    assert run_refusal(reading.repaired) is None


def test_an_unknown_option_after_a_secret_keeps_its_place_without_its_name() -> None:
    text = "mongodb://h/?tlsCertificateKeyFilePassword=one&twelve=3&appName=x"
    reading = read(text)
    assert "twelve" not in repr(reading.profile) + repr(reading.mistakes) + reading.facts.redacted
    assert reading.secrets["tlsCertificateKeyFilePassword"] == Secret("one")
    assert "tlsCertificateKeyFilePassword=one&twelve=3" in reading.repaired
    assert read(reading.repaired, profile=reading.profile).profile == reading.profile


def test_an_option_of_another_driver_behind_a_secret_keeps_its_name() -> None:
    for name in ("useUnifiedTopology", "proxyPort", "retryWirtes", "kmsProviders"):
        assert name in repr(read(f"mongodb://h/?tlsCertificateKeyFilePassword=one&{name}=3").profile)


def test_a_token_goes_on_behind_a_comma() -> None:
    reading = read("mongodb://k:s@h/?authMechanismProperties=AWS_SESSION_TOKEN:one,two:3,SERVICE_NAME:x")
    assert reading.secrets["AWS_SESSION_TOKEN"] == Secret("one,two:3")
    assert reading.profile.auth.properties == {"SERVICE_NAME": "x"}
    assert "two" not in repr(reading.mistakes)


@pytest.mark.parametrize(
    "text",
    [
        "https://cloud.mongodb.com/v2/5f0c#/clusters",
        "http://h:27017/db/page.html",
        "mongodb\uff1a//h:27017/",
        "mongodb://h/?retryWrites=truew=majority",
        "mongodb://h/ mongodb://other/",
    ],
)
def test_no_repair_is_offered_that_would_be_no_address(text: str) -> None:
    assert read(text).mistakes[0].action is None


@pytest.mark.parametrize("text", ["http://localhost:27017/", "https://h.example/db", "mongodb://h/?appName=a=b"])
def test_a_repair_is_offered_where_it_is_an_address(text: str) -> None:
    assert read(text).mistakes[0].action == "use-repaired-text"


def test_what_switches_tls_off_is_not_switched_on() -> None:
    (off,) = read("mongodb://h/?ssl=0").mistakes
    (on,) = read("mongodb://h/?ssl=1").mistakes
    assert (off.patch, off.action) == (None, "replace-option:ssl:tls=false")
    assert on.patch is not None


def test_one_unknown_compressor_costs_no_other() -> None:
    (spaced,) = (m for m in read("mongodb://h/?compressors=zlib,%20zstd").mistakes if m.cause == "uri.ignored-value")
    (unknown,) = (m for m in read("mongodb://h/?compressors=zlib,gzip").mistakes if m.cause == "uri.ignored-value")
    assert spaced.fix == "Write compressors=zlib,zstd."
    assert unknown.fix == "Write compressors=zlib."
    assert unknown.blanks["default"] == "zlib"
