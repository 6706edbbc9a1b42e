"""Look-alikes in the connection string."""

from __future__ import annotations

from faults.fault import Table
from faults.laboratory import SECRET, Laboratory

TABLE = Table()


def _text(id: str, title: str, pattern: str, *causes: str, works: bool = False, **expected: object) -> None:
    """HOST is a healthy server, SET a member of the set rs0; ``works``: it connects, and the cause is a finding."""

    def make(lab: Laboratory) -> str:
        text = pattern.replace("HOST", lab.standalone.address) if "HOST" in pattern else pattern
        return text.replace("SET", lab.replica_set.address) if "SET" in text else text

    TABLE.text(id, title, make, **({"connected": causes} if works else {"failed": causes}), **expected)


_STRAY, _SCHEME, _ESCAPE = "uri.stray-characters", "uri.bad-scheme", "uri.unescaped-credentials"
_FORM, _CONFLICT, _IGNORED, _SPELLING = (
    "uri.malformed-options",
    "uri.conflicting-options",
    "uri.ignored-value",
    "uri.misspelt-option",
)
_text("M01", "a line break between two seeds", "mongodb://HOST,\n  HOST/", _STRAY, "uri.host-separator")
_text("M02", "a tab before an option", "mongodb://HOST/?w=1&\tretryWrites=true", _STRAY, works=True)
_text("M03", "typographic quotation marks", "“mongodb://HOST/”", _STRAY, connected=_STRAY)
_text("M04", "angle brackets around it", "<mongodb://HOST/>", _STRAY, connected=_STRAY)
_text("M05", "nothing but a variable", "${MONGODB_URI}", "uri.not-set")
_text("M06", "a variable as host", "mongodb://${MONGO_SERVER}:27017/", "uri.not-set")
TABLE.text(
    "M07",
    "a variable as password",
    lambda lab: f"mongodb://app:${{DB_PASSWORD}}@{lab.login_server.address}/",
    failed="uri.not-set",
)
_text("M08", "one slash", "mongodb:/HOST/", _SCHEME)
_text("M09", "no colon", "mongodb//HOST/", _SCHEME)
_text("M10", "scheme in capitals", "MONGODB://HOST/", _SCHEME)
_text("M11", "two @ around a host", f"mongodb://app:{SECRET}@HOST@HOST/", _ESCAPE)
_text("M12", "letter O in the port", "mongodb://127.0.0.1:27O17/", "uri.bad-port")
_text("M13", "port twice", "mongodb://HOST:27017/", "uri.bad-port")
_text("M14", "port 0", "mongodb://127.0.0.1:0/", "uri.bad-port")
_text("M15", "no scheme, with a path and options", "localhost:27017/?retryWrites=true", _SCHEME)
for _number, _name in enumerate(
    (
        "authsrouce=admin",
        "retryWrite=true",
        "readPrefrence=secondary",
        "serverSelectionTimeout=5000",
        "conectTimeoutMS=5000",
        "maxPoolsize_=5",
        "tlsAllowInvalidCertificate=true",
        "auth_source=admin",
        "replica_set=rs0",
        "direct_connection=true",
        "appname_=x",
        "timeout=5000",
    )
):
    _text(
        f"M16{'abcdefghijkl'[_number]}",
        f"misspelt: {_name}",
        f"mongodb://HOST/?{_name}",
        _SPELLING,
        "uri.unknown-option",
        works=True,
    )
_text("M17", "a unit behind a number", "mongodb://HOST/?connectTimeoutMS=10s", _IGNORED, works=True)
_text("M18", "a decimal comma", "mongodb://HOST/?maxIdleTimeMS=1,5", _IGNORED, works=True)
_text("M19", "tls=TRUE", "mongodb://HOST/?tls=TRUE", "uri.tls-value-ignored", works=True)
_text("M20", "ssl=1", "mongodb://HOST/?ssl=1", "uri.tls-value-ignored", works=True)
_text("M21", "ssl=true&tls=true at a plain server", "mongodb://HOST/?ssl=true&tls=true", "tls.not-offered")
_text("M22", "empty authSource", "mongodb://HOST/?authSource=", _FORM)
_text("M23", "appName of 200 characters", f"mongodb://HOST/?appName={'x' * 200}", _IGNORED, works=True)
_text("M24", "unknown compressor", "mongodb://HOST/?compressors=gzip", _IGNORED, works=True)
_text("M25", "ampersand lost between options", "mongodb://HOST/?retryWrites=truew=majority", _FORM)
_text("M26", "read preference in capitals", "mongodb://HOST/?readPreference=Secondary", _IGNORED, works=True)
TABLE.text(
    "M27",
    "mechanism in lower case",
    lambda lab: lab.login_server.uri(lab.user("app"), authMechanism="scram-sha-256"),
    connected="uri.unknown-mechanism",
    failed="uri.unknown-mechanism",
)
_text(
    "M28",
    "30 seconds of staleness",
    "mongodb://SET/?replicaSet=rs0&readPreference=secondary&maxStalenessSeconds=30",
    "uri.bad-value",
)
_text("M29", "w=0 with journal", "mongodb://HOST/?w=0&journal=true", _CONFLICT)
_text("M30", "SRV with an IP address", "mongodb+srv://127.0.0.1/", "uri.srv-form")
_text("M31", "SRV with localhost", "mongodb+srv://localhost/", "uri.srv-form")
_text("M32", "the colon before the password escaped", f"mongodb://app%3A{SECRET}@HOST/", "uri.missing-password")
_text(
    "M33",
    "the @ behind the password escaped",
    f"mongodb://app:{SECRET}%40HOST/",
    "uri.bad-port",
    "uri.missing-host",
    _ESCAPE,
)
for _letter, _character in zip("abcde", "/?:@%", strict=True):
    _text(f"M34{_letter}", f"bare {_character} in the password", f"mongodb://app:Qx7{_character}Zw9pk@HOST/", _ESCAPE)
_text("M35", "option without a value", "mongodb://HOST/admin?authSource", _FORM)
_text("M36", "options begin with &", "mongodb://HOST/?&w=1", _FORM)
_text("M37", "a shell command around it", 'mongosh "mongodb://HOST/"', _STRAY, connected=_STRAY)
_text("M38", "an assignment", "MONGODB_URI=mongodb://HOST/", _STRAY, _SCHEME, connected=_STRAY)
_text("M39", "HTML's &amp;", "mongodb://HOST/?w=1&amp;retryWrites=true", _FORM)
_text("M40", "escaped by a shell", "mongodb://HOST/\\?w=1", "uri.bad-database-name", _STRAY)
_text("M41", "full-width colon", "mongodb：//HOST/", _SCHEME)
_text("M42", "zero-width space in the host", "mongodb://127.0.0.1\u200b:27017/", _STRAY, connected=_STRAY)
_text("M43", "no-break space at the end", "mongodb://HOST/\u00a0", _STRAY, connected=_STRAY)
_text("M44", "loadBalanced with directConnection", "mongodb://HOST/?loadBalanced=true&directConnection=true", _CONFLICT)
_text("M45", "replicaSet twice", "mongodb://SET/?replicaSet=rsX&replicaSet=rs0", "uri.duplicate-option", works=True)
_text("M46", "readConcernLevel=majorty", "mongodb://HOST/?readConcernLevel=majorty", "uri.bad-value")
_text("M47", "srvServiceName without SRV", "mongodb://HOST/?srvServiceName=mongo", _CONFLICT)
_text("M48", "heartbeat in seconds", "mongodb://HOST/?heartbeatFrequencyMS=10", "uri.bad-value")
_text("M49", "negative timeout", "mongodb://HOST/?connectTimeoutMS=-1", _IGNORED, "uri.bad-value", connected=_IGNORED)
_text("M50", "quotation marks around a value", 'mongodb://SET/?replicaSet="rs0"', "topology.wrong-set-name", _STRAY)
_text("M51", "a trailing comma in the options", "mongodb://HOST/?retryWrites=true,", _IGNORED, _STRAY, works=True)
_text("M52", "maxPoolSize=0, unlimited: healthy", "mongodb://HOST/?maxPoolSize=0", works=True)
_text("M53", "an empty list of options: healthy", "mongodb://HOST/?", works=True)
_text("M54", "the same seed twice: healthy", "mongodb://HOST,HOST/", works=True)
_text("M55", "options in other letter case: healthy", "mongodb://SET/?ReplicaseT=rs0&RetryWrites=true", works=True)
_text(
    "M56",
    "an environment variable of Windows",
    "mongodb://%DB_SERVER%:27017/",
    "uri.not-set",
    "uri.bad-port",
    _STRAY,
)
_text("M57", "a host in a template", "mongodb://{{ host }}:27017/", "uri.not-set")
_text("M58", "the documentation's host names", "mongodb+srv://<user>:<password>@<cluster-url>/", "uri.placeholder")
_text("M59", "an empty text", "", "uri.missing-host", _SCHEME)
_text("M60", "only the scheme", "mongodb://", "uri.missing-host")
_text("M61", "minPoolSize above the default", "mongodb://HOST/?minPoolSize=200", "uri.bad-value", _CONFLICT)
_text("M62", "back slashes", "mongodb:\\\\HOST\\", _SCHEME)
_text("M63", "a question mark too many", "mongodb://HOST/?w=1?retryWrites=true", _FORM)
_text("M64", "a web page's address", "https://cloud.mongodb.com/v2/5f0c#/clusters", _SCHEME)


_text("M150", "set name in other letter case", "mongodb://SET/?replicaSet=RS0", "topology.wrong-set-name")
_text("M157", "w=2 at a single server", "mongodb://HOST/?w=2", "topology.write-concern-impossible", works=True)
_text("M192", "no such socket", "mongodb://%2Ftmp%2Fclearline-none.sock/", "tcp.socket-missing")
_text(
    "M200",
    "snapshot reads at a single server",
    "mongodb://HOST/?readConcernLevel=snapshot",
    "uri.bad-value",
    "topology.not-a-replica-set",
    "access.read-refused",
    works=False,
    connected=("uri.bad-value",),
)


_text("M210", "a colon for the slashes", "mongodb:HOST/", _SCHEME)
_text("M211", "three slashes", "mongodb:///HOST/", "uri.missing-host", _SCHEME)
_text("M212", "mongo+srv", "mongo+srv://c0.example.test/", _SCHEME)
_text("M213", "mongodb+SRV in capitals", "mongodb+SRV://c0.example.test/", _SCHEME)
_text("M214", "mongodb-srv", "mongodb-srv://c0.example.test/", _SCHEME)
_text("M215", "the user alone, with a colon", "mongodb://app:@HOST/", "uri.missing-password")
_text("M216", "a space between the hosts", "mongodb://HOST, HOST/?replicaSet=rs0", _STRAY)
_text("M217", "a colon without a port", "mongodb://127.0.0.1:/", "uri.bad-port")
_text("M218", "a name without value among options", "mongodb://HOST/?retryWrites&w=1", _FORM)
_text("M219", "retryWrites=1", "mongodb://HOST/?retryWrites=1", _IGNORED, works=True)
_text("M220", "replica set in the path", "mongodb://SET/rs0", works=True)
_text(
    "M221", "tlsInsecure with another", "mongodb://HOST/?tlsInsecure=true&tlsAllowInvalidCertificates=true", _CONFLICT
)
_text("M222", "directConnection=yes", "mongodb://SET/?directConnection=yes", _IGNORED, works=True)
_text("M223", "maxPoolSize=many", "mongodb://HOST/?maxPoolSize=many", _IGNORED, works=True)
_text("M224", "srvMaxHosts without SRV", "mongodb://HOST/?srvMaxHosts=2", _CONFLICT)
_text(
    "M225",
    "readPreferenceTags without a colon",
    "mongodb://SET/?readPreference=secondary&readPreferenceTags=east",
    _IGNORED,
    works=True,
)
_text("M226", "options of JDBC", "mongodb://HOST/?useSSL=false&user=app", "uri.unknown-option", _SPELLING, works=True)
_text("M227", "a trailing slash and comma", "mongodb://HOST/,", "uri.bad-database-name", _STRAY, connected=_STRAY)
_text("M228", "YAML's key before it", "uri: mongodb://HOST/", _STRAY, _SCHEME)
_text("M229", "the same text twice", "mongodb://HOST/mongodb://HOST/", "uri.bad-database-name", "uri.nested-url")
_text("M230", "an e-mail address as user", f"mongodb://me@lab.test:{SECRET}@HOST/", _ESCAPE)
_text("M231", "authMechanism=DEFAULT", f"mongodb://app:{SECRET}@HOST/?authMechanism=DEFAULT", "auth.no-access-control")
_text("M232", "a tilde as path", "mongodb://HOST/test db", "uri.bad-database-name")
_text("M233", "$external as database", "mongodb://HOST/$external", "uri.bad-database-name")
_text("M234", "loadBalanced with two hosts", "mongodb://HOST,SET/?loadBalanced=true", _CONFLICT)
