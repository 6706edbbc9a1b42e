"""Names that PyMongo does not know: slips of the pen, options of other drivers and old versions, proxies."""

from __future__ import annotations

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
_SHORTEST: Final = 3


def foreign_name(name: str) -> tuple[bool, str | None]:
    """Whether another driver or an old PyMongo has that option, and PyMongo's name for it."""
    key = name.strip().lower()
    return key in _FOREIGN, _FOREIGN.get(key)


def closest_name(name: str) -> str | None:
    """The option that was probably meant: one slip per four letters at most, underscores not counted."""
    typed = "".join(c for c in name.lower() if c.isalnum())
    if len(typed) < _SHORTEST:
        return None
    allowed = 1 if len(typed) <= 5 else 2 if len(typed) <= 11 else 3
    near = [known for known in _PLAIN if abs(len(known) - len(typed)) <= min(allowed, len(known) // 2)]
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
