"""Names that PyMongo does not know: slips of the pen, options of other drivers and old versions, proxies."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Final

from clearline.core.options.catalogue import OPTIONS, known_names

PROXY_OPTIONS: Final = frozenset({"proxyhost", "proxyport", "proxyusername", "proxypassword"})

_FOREIGN: Final[dict[str, str | None]] = {
    # PyMongo before 4
    "ssl_ca_certs": "tlsCAFile",
    "ssl_certfile": "tlsCertificateKeyFile",
    "ssl_keyfile": "tlsCertificateKeyFile",
    "ssl_cert_reqs": "tlsAllowInvalidCertificates",
    "ssl_match_hostname": "tlsAllowInvalidHostnames",
    "ssl_crlfile": "tlsCRLFile",
    "ssl_pem_passphrase": "tlsCertificateKeyFilePassword",
    "j": "journal",
    "wtimeout": "wTimeoutMS",
    "slaveok": "readPreference",
    "safe": "w",
    "use_greenlets": None,
    "network_timeout": "socketTimeoutMS",
    "max_pool_size": "maxPoolSize",
    "tag_sets": "readPreferenceTags",
    "read_preference": "readPreference",
    "max_idle_time_ms": "maxIdleTimeMS",
    "auto_start_request": None,
    "secondary_acceptable_latency_ms": "localThresholdMS",
    "secondaryacceptablelatencyms": "localThresholdMS",
    # Node.js
    "useunifiedtopology": None,
    "usenewurlparser": None,
    "usecreateindex": None,
    "usefindandmodify": None,
    "autoreconnect": None,
    "reconnecttries": None,
    "reconnectinterval": None,
    "buffermaxentries": None,
    "keepalive": None,
    "keepaliveinitialdelay": None,
    "nodelay": None,
    "family": None,
    "autoselectfamily": None,
    "forceservobjectid": None,
    "promotevalues": None,
    "ignoreundefined": None,
    "monitorcommands": None,
    "maxtimems": "timeoutMS",
    "poolsize": "maxPoolSize",
    "minsize": "minPoolSize",
    "sslvalidate": "tlsAllowInvalidCertificates",
    "sslca": "tlsCAFile",
    "sslcert": "tlsCertificateKeyFile",
    "sslkey": "tlsCertificateKeyFile",
    "sslpass": "tlsCertificateKeyFilePassword",
    "sslcrl": "tlsCRLFile",
    "tlscertificatefile": "tlsCertificateKeyFile",
    "authdb": "authSource",
    "authdatabase": "authSource",
    "readconcern": "readConcernLevel",
    "minheartbeatfrequencyms": "heartbeatFrequencyMS",
    # the mongo shell and the Java, Go and C# drivers
    "sslcafile": "tlsCAFile",
    "sslpemkeyfile": "tlsCertificateKeyFile",
    "sslpemkeypassword": "tlsCertificateKeyFilePassword",
    "sslallowinvalidcertificates": "tlsAllowInvalidCertificates",
    "sslallowinvalidhostnames": "tlsAllowInvalidHostnames",
    "sslinsecure": "tlsInsecure",
    "sslinvalidhostnameallowed": "tlsAllowInvalidHostnames",
    "sslcertificateauthorityfile": "tlsCAFile",
    "sslclientcertificatekeyfile": "tlsCertificateKeyFile",
    "sslclientcertificatekeypassword": "tlsCertificateKeyFilePassword",
    "sslverifycertificate": "tlsAllowInvalidCertificates",
    "tlsdisablecertificaterevocationcheck": None,
    "serverselectiontryonce": None,
    "gssapiservicename": "authMechanismProperties",
    "waitqueuesize": None,
    "maxlifetimems": None,
    "maxconnectionlifetime": "maxIdleTimeMS",
    "maxconnectionidletime": "maxIdleTimeMS",
    "maintenancefrequencyms": None,
    "minconnectionsperhost": "minPoolSize",
    "connectionsperhost": "maxPoolSize",
    "threadsallowedtoblockforconnectionmultiplier": None,
    "serverapi": None,
    "guids": "uuidRepresentation",
    "ipv6": None,
    # Java, Spring, C, PHP, Ruby, Rust, Perl
    "maxwaittime": "waitQueueTimeoutMS",
    "connectiontimeout": "connectTimeoutMS",
    "maxconnectionlifetimems": None,
    "maxconnectionidletimems": "maxIdleTimeMS",
    "heartbeatfrequency": "heartbeatFrequencyMS",
    "heartbeatinterval": "heartbeatFrequencyMS",
    "minheartbeatfrequency": "heartbeatFrequencyMS",
    "canonicalizehostname": "authMechanismProperties",
    "gssapiservicerealm": "authMechanismProperties",
    "streamtype": None,
    "sslenabled": "tls",
    "ssl.enabled": "tls",
    "usessl": "tls",
    "usetls": "tls",
    "enablessl": "tls",
    "ssl_verify": "tlsAllowInvalidCertificates",
    "ssl_ca_cert": "tlsCAFile",
    "ssl_cert": "tlsCertificateKeyFile",
    "ssl_key": "tlsCertificateKeyFile",
    "ca_file": "tlsCAFile",
    "ca_dir": None,
    "pem_file": "tlsCertificateKeyFile",
    "pem_pwd": "tlsCertificateKeyFilePassword",
    "weak_cert_validation": "tlsAllowInvalidCertificates",
    "allow_invalid_hostname": "tlsAllowInvalidHostnames",
    "cafile": "tlsCAFile",
    "certfile": "tlsCertificateKeyFile",
    "tlsca": "tlsCAFile",
    "tlscert": "tlsCertificateKeyFile",
    "tlskey": "tlsCertificateKeyFile",
    "tlskeyfile": "tlsCertificateKeyFile",
    "tlscertfile": "tlsCertificateKeyFile",
    "tlscertificatekeypassword": "tlsCertificateKeyFilePassword",
    "tlspemkeyfile": "tlsCertificateKeyFile",
    "rejectunauthorized": "tlsAllowInvalidCertificates",
    "checkserveridentity": "tlsAllowInvalidHostnames",
    "authenticationdatabase": "authSource",
    "authentication-database": "authSource",
    "authenticationmechanism": "authMechanism",
    "authentication_database": "authSource",
    "replica-set-name": "replicaSet",
    "replicasetname": "replicaSet",
    "rs_name": "replicaSet",
    "connectionmode": "directConnection",
    "slave_ok": "readPreference",
    "readpreferencemode": "readPreference",
    "uuidrepresentationmode": "uuidRepresentation",
    "uuid-representation": "uuidRepresentation",
    # the mongo shell and mongosh
    "sslpemkeyfilepassword": "tlsCertificateKeyFilePassword",
    "sslcertificateselector": None,
    "apiversion": None,
    "apistrict": None,
    "apideprecationerrors": None,
    # keyword arguments
    "username": None,
    "password": None,
    "host": None,
    "port": None,
}
IN_USE_ENCRYPTION: Final = frozenset(
    {
        *("autoencryption", "autoencryptionopts", "auto_encryption_opts", "encryptedfieldsmap", "keyvaultnamespace"),
        *("keyvaultclient", "kmsproviders", "kms_providers", "schemamap", "bypassautoencryption", "tlsoptions"),
        *("bypassqueryanalysis", "mongocryptduri", "mongocryptdbypassspawn", "mongocryptdspawnpath", "kms_tls_options"),
        *("mongocryptdspawnargs", "cryptsharedlibpath", "cryptsharedlibrequired", "extraoptions", "kmstlsoptions"),
        *("key_vault_namespace", "key_vault_client", "encrypted_fields_map", "schema_map", "bypass_auto_encryption"),
        *("bypass_query_analysis", "crypt_shared_lib_path", "crypt_shared_lib_required", "keyexpirationms"),
    }
)
"""Options of in-use encryption (CSFLE, Queryable Encryption), lower case: programs set them, no address can."""
_PLAIN: Final = {name.lower().replace("_", ""): name for name in known_names()}
_ALIASES: Final = frozenset(alias for option in OPTIONS for alias in option.aliases)
_LETTERS: Final = {known: Counter(known) for known in _PLAIN}
_SHORTEST: Final = 3


_INVERTED: Final = frozenset(
    {"ssl_match_hostname", "sslvalidate", "sslverifycertificate", "ssl_verify", "rejectunauthorized"}
)
"""Options that demand what the option of today gives up."""
_VALUES: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("connect", "direct"): ("directConnection", "true"),
    ("connect", "replicaset"): ("directConnection", "false"),
    ("connect", "automatic"): ("directConnection", "false"),
    ("connectionmode", "direct"): ("directConnection", "true"),
    ("connectionmode", "replicaset"): ("directConnection", "false"),
    ("slaveok", "true"): ("readPreference", "secondaryPreferred"),
    ("slave_ok", "true"): ("readPreference", "secondaryPreferred"),
    ("slaveok", "false"): ("readPreference", "primary"),
    ("safe", "true"): ("w", "1"),
    ("safe", "false"): ("w", "0"),
    ("ssl_cert_reqs", "cert_none"): ("tlsAllowInvalidCertificates", "true"),
    ("ssl_cert_reqs", "ssl.cert_none"): ("tlsAllowInvalidCertificates", "true"),
    ("ssl_cert_reqs", "0"): ("tlsAllowInvalidCertificates", "true"),
    ("ssl_cert_reqs", "cert_required"): ("tlsAllowInvalidCertificates", "false"),
    ("ssl_cert_reqs", "ssl.cert_required"): ("tlsAllowInvalidCertificates", "false"),
    ("ssl_cert_reqs", "2"): ("tlsAllowInvalidCertificates", "false"),
}
_ALONE: Final = frozenset({"ssl_keyfile", "sslkey", "tlskey", "tlskeyfile", "ssl_key"})
"""Keys in a file of their own, which PyMongo wants behind the certificate in one file."""


def successor(name: str, value: str) -> tuple[str, str] | None:
    """The option, and its value, that says today what an option of another driver or age said; None where none does.

    Sources: the changelogs of PyMongo 3.9 and 4.0, and the URI options specification.
    """
    key, said = name.strip().lower(), value.strip().lower()
    if (exact := _VALUES.get((key, said))) is not None:
        return exact
    new = _FOREIGN.get(key)
    if new is None or key in _ALONE or new in ("authMechanismProperties", "readPreference", "directConnection", "w"):
        return (new, value) if new == "readPreference" and key in ("read_preference", "readpreferencemode") else None
    if new in ("tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames", "tls", "journal"):
        if said not in ("true", "false", "1", "0"):
            return None
        on = (said in ("true", "1")) is not (key in _INVERTED)
        return new, "true" if on else "false"
    return new, value


def studio_ssh(name: str) -> bool:
    """Whether an option is one of Studio 3T's own, which no driver knows (``3t.ssh``, ``3t.sshAddress`` …)."""
    return name.strip().lower().startswith("3t.")


def foreign_name(name: str) -> tuple[bool, str | None]:
    """Whether another driver or an old PyMongo has that option, and PyMongo's name for it."""
    key = name.strip().lower()
    return key in _FOREIGN or studio_ssh(key), _FOREIGN.get(key)


@lru_cache(maxsize=4096)
def closest_name(name: str) -> str | None:
    """The option that was probably meant: one slip per four letters at most, underscores not counted."""
    typed = "".join(c for c in name.lower() if c.isalnum())
    if len(typed) < _SHORTEST:
        return None
    allowed = 1 if len(typed) <= 5 else 2 if len(typed) <= 11 else 3
    letters = Counter(typed)
    near = [
        known
        for known, held in _LETTERS.items()
        if abs(len(known) - len(typed)) <= min(allowed, len(known) // 2) and (letters - held).total() <= allowed
    ]
    # An alias comes last among equals: "tsl" means tls, not ssl.
    ranked = ((distance(typed, known), _PLAIN[known] in _ALIASES, known) for known in near)
    slips, _, best = min(ranked, default=(allowed + 1, True, ""))
    return _PLAIN[best] if slips <= min(allowed, len(best) // 2) else None


def distance(one: str, other: str) -> int:
    """Edit distance with swapped neighbours as one slip (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before = before, row
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
