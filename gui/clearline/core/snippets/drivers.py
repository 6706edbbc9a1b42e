"""What the connection strings of MongoDB's other drivers understand.

Read off their own parsers: Node.js 7 ``src/connection_string.ts``, Java 5 ``ConnectionString.java``, Go 2
``connstring.go``, C# 3 ``ConnectionString.cs``, Rust 3 ``src/client/options.rs``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from clearline.core.snippets.snippet import Language

_COMMON: Final = frozenset({
    "appname", "authmechanism", "authmechanismproperties", "authsource", "compressors", "connecttimeoutms",
    "directconnection", "heartbeatfrequencyms", "journal", "loadbalanced", "localthresholdms", "maxconnecting",
    "maxidletimems", "maxpoolsize", "maxstalenessseconds", "minpoolsize", "readconcernlevel", "readpreference",
    "readpreferencetags", "replicaset", "retryreads", "retrywrites", "servermonitoringmode",
    "serverselectiontimeoutms", "srvmaxhosts", "srvservicename", "tls", "tlsinsecure", "w", "zlibcompressionlevel",
})  # fmt: skip
_PROXY: Final = frozenset(("proxyhost", "proxyport", "proxyusername", "proxypassword"))
_FILES: Final = frozenset(("tlscafile", "tlscertificatekeyfile", "tlscertificatekeyfilepassword"))
_OVERLOAD: Final = frozenset(("maxadaptiveretries", "enableoverloadretargeting"))


class Renamed(NamedTuple):
    """Another name for an option, and how the two differ."""

    name: str
    difference: str


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """One driver: the options that its connection string knows, in lower case, and what to do about the others."""

    key: str
    title: str
    language: Language
    package: str
    known: frozenset[str]
    unknown: str
    """What it does with an option that it does not know."""
    renamed: dict[str, Renamed] = {}
    instead: dict[str, str] = {}
    """By PyMongo's name: how the same is done there."""
    trust: dict[str, str] = {}
    """By `profile.TrustSource`: how the same is done there."""


_NO_NAMES: Final = Renamed("tlsInsecure", "which accepts any host name in the certificate, too")
_NO_CERTIFICATES: Final = Renamed("tlsInsecure", "which accepts any certificate, too")
_SRV_SUFFIX: Final = "the hosts of the SRV record must be in the name's own parent domain"

NODE: Final = Driver(
    key="node",
    title="Node.js",
    language=Language.JAVASCRIPT,
    package="mongodb",
    known=_COMMON
    | _PROXY
    | _FILES
    | _OVERLOAD
    | {"fsync", "sockettimeoutms", "timeoutms", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames", "tlscrlfile"}
    | {"waitqueuetimeoutms", "wtimeoutms"},
    unknown="would refuse the connection string",
    instead={
        "srvAllowedHostsSuffix": _SRV_SUFFIX,
        "tlsDisableOCSPEndpointCheck": "Node.js does not ask the authority's server anyway",
        "uuidRepresentation": "use the UUID class of bson",
    },
    trust={"system": "run node with --use-system-ca", "bundled": "Node.js brings Mozilla's list and uses it"},
)
JAVA: Final = Driver(
    key="java",
    title="Java",
    language=Language.JAVA,
    package="org.mongodb:mongodb-driver-sync",
    known=_COMMON
    | _PROXY
    | {"sockettimeoutms", "timeoutms", "tlsallowinvalidhostnames", "uuidrepresentation", "waitqueuetimeoutms"}
    | {"wtimeoutms"},
    unknown="would log a warning and go on",
    instead={
        "tlsCAFile": "keytool -importcert -file CA.pem -keystore trust.p12, then -Djavax.net.ssl.trustStore=trust.p12",
        "tlsCertificateKeyFile": "openssl pkcs12 -export -in CLIENT.pem -out client.p12, then "
        "-Djavax.net.ssl.keyStore=client.p12",
        "tlsCertificateKeyFilePassword": "-Djavax.net.ssl.keyStorePassword",
        "tlsCRLFile": "an SSLContext of your own",
        "tlsInsecure": "here it accepts any host name, but never an untrusted certificate",
        "tlsAllowInvalidCertificates": "an SSLContext of your own, in applyToSslSettings",
        "tlsDisableOCSPEndpointCheck": "Java asks only with -Dcom.sun.net.ssl.checkRevocation=true",
        "fsync": "journal",
        "srvAllowedHostsSuffix": _SRV_SUFFIX,
    },
    trust={
        "system": "-Djavax.net.ssl.trustStoreType=Windows-ROOT or KeychainStore",
        "bundled": "Java brings a list of its own (cacerts) and uses it",
    },
)
GO: Final = Driver(
    key="go",
    title="Go",
    language=Language.GO,
    package="go.mongodb.org/mongo-driver/v2/mongo",
    known=_COMMON | _FILES | _OVERLOAD | {"timeoutms", "tlsdisableocspendpointcheck"},
    unknown="would say nothing and go on",
    renamed={
        "tlsAllowInvalidCertificates": _NO_NAMES,
        "tlsAllowInvalidHostnames": _NO_CERTIFICATES,
    },
    instead={
        "socketTimeoutMS": "timeoutMS, or a context with a deadline",
        "waitQueueTimeoutMS": "timeoutMS, or a context with a deadline",
        "wTimeoutMS": "timeoutMS, or a context with a deadline",
        "tlsCRLFile": "a tls.Config of your own, in SetTLSConfig",
        "fsync": "journal",
        "uuidRepresentation": "Go stores subtype 4 only",
        "srvAllowedHostsSuffix": _SRV_SUFFIX,
        "proxyHost": "SetDialer with a dialer of golang.org/x/net/proxy",
    },
    trust={"system": "Go uses the system's list anyway", "bundled": "import golang.org/x/crypto/x509roots/fallback"},
)
CSHARP: Final = Driver(
    key="csharp",
    title="C#",
    language=Language.CSHARP,
    package="MongoDB.Driver",
    known=_COMMON
    | _PROXY
    | _OVERLOAD
    | {"fsync", "sockettimeoutms", "srvallowedhostssuffix", "waitqueuetimeoutms", "wtimeoutms"},
    unknown="would say nothing and go on",
    renamed={
        "tlsAllowInvalidCertificates": _NO_NAMES,
        "tlsAllowInvalidHostnames": _NO_CERTIFICATES,
        "tlsDisableOCSPEndpointCheck": Renamed(
            "tlsDisableCertificateRevocationCheck", "which leaves out revocation lists, too"
        ),
    },
    instead={
        "tlsCAFile": "put the authority into the system's store of trusted roots",
        "tlsCertificateKeyFile": "settings.SslSettings.ClientCertificates with X509Certificate2.CreateFromPemFile",
        "tlsCertificateKeyFilePassword": "X509Certificate2.CreateFromEncryptedPemFile",
        "tlsCRLFile": "the system's certificate store",
        "timeoutMS": "a CancellationToken with a deadline",
        "uuidRepresentation": "BsonSerializer.RegisterSerializer(new GuidSerializer(GuidRepresentation.Standard))",
    },
    trust={"system": ".NET uses the system's list anyway", "bundled": ".NET knows only the system's list"},
)
RUST: Final = Driver(
    key="rust",
    title="Rust",
    language=Language.RUST,
    package="mongodb",
    known=_COMMON
    | _FILES
    | _PROXY
    | _OVERLOAD
    | {"tlsallowinvalidcertificates", "uuidrepresentation", "waitqueuetimeoutms", "wtimeoutms"},
    unknown="would refuse the connection string",
    renamed={"tlsAllowInvalidHostnames": _NO_CERTIFICATES},
    instead={
        "socketTimeoutMS": "tokio::time::timeout around the operation",
        "timeoutMS": "tokio::time::timeout around the operation",
        "tlsCRLFile": "revocation lists are not read",
        "tlsDisableOCSPEndpointCheck": "Rust does not ask the authority's server anyway",
        "fsync": "journal",
        "srvAllowedHostsSuffix": _SRV_SUFFIX,
    },
    trust={
        "system": "tlsCAFile with the system's list, e.g. /etc/ssl/certs/ca-certificates.crt",
        "bundled": "with rustls, Mozilla's list is compiled in and used",
    },
)
DRIVERS: Final = (NODE, JAVA, GO, CSHARP, RUST)
