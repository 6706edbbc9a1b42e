"""The option catalogue: every connection option of PyMongo once, with all that a form, a check and a page need.

The table agrees with ``pymongo.common.URI_OPTIONS_VALIDATOR_MAP`` (a test compares them). Reading a value is in
``values.py``.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

_MANUAL: Final = "https://www.mongodb.com/docs/manual/reference/connection-string-options/#mongodb-urioption-urioption."
_API: Final = "https://pymongo.readthedocs.io/en/stable/api/pymongo/asynchronous/mongo_client.html"


class OptionType(Enum):
    """What an option's value is, and so which editor and which check it gets."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    """Milliseconds; a fraction is possible."""
    TEXT = "text"
    CHOICE = "choice"
    LIST = "list"
    TAGS = "tags"
    PROPERTIES = "properties"
    FILE = "file"
    COUNT_OR_MODE = "count-or-mode"
    """A number of members, ``majority`` or the name of a mode: the option ``w``."""
    KEYWORD = "keyword"
    """PyMongo knows the name but takes the value only as a Python object: in a text it is always ignored."""


class OptionGroup(Enum):
    """The form page on which an option stands."""

    SERVER = "server"
    AUTH = "auth"
    TLS = "tls"
    POOL = "pool"
    TIMEOUTS = "timeouts"
    READS = "reads"
    WRITES = "writes"
    OTHER = "other"


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One connection option.

    ``minimum`` and ``maximum`` are inclusive and are PyMongo's own; ``zero`` says that 0 is allowed below the minimum.
    ``default`` is what PyMongo does when the option is not set, in words that fit after "default:". ``field`` is the
    profile's ``(section, attribute)``, None for secrets, which live in the vault under the option's name.
    """

    name: str
    type: OptionType
    group: OptionGroup
    help: str
    default: str
    field: tuple[str, str] | None
    docs: str
    minimum: float | None = None
    maximum: float | None = None
    zero: bool = False
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    secret: bool = False
    pymongo_only: bool = False
    """Not in the URI options specification: other drivers ignore or refuse it."""
    ignored: bool = False
    """PyMongo 4.20 accepts the option and does nothing with it."""


_B, _I, _N, _T = OptionType.BOOLEAN, OptionType.INTEGER, OptionType.NUMBER, OptionType.TEXT
_C, _L, _F = OptionType.CHOICE, OptionType.LIST, OptionType.FILE
_ON, _OFF, _NONE = "true", "false", "not set"
_BILLION: Final = 1e9
"""PyMongo's limit for times: ``0 < value < 1e9`` (common.validate_positive_float)."""


def _option(
    group: OptionGroup,
    name: str,
    type_: OptionType,
    field: str | None,
    default: str,
    help_: str,
    *,
    pymongo_only: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    zero: bool = False,
    choices: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    ignored: bool = False,
) -> Option:
    section, _, attribute = (field or "").partition(".")
    return Option(
        name=name,
        type=type_,
        group=group,
        help=help_,
        default=default,
        field=(section, attribute) if field else None,
        docs=_API if pymongo_only else _MANUAL + name,
        minimum=minimum,
        maximum=maximum,
        zero=zero,
        choices=("true", "false") if type_ is _B else choices,
        aliases=aliases,
        secret=field is None,
        pymongo_only=pymongo_only,
        ignored=ignored,
    )


MECHANISMS: Final = (
    "DEFAULT",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1",
    "MONGODB-X509",
    "MONGODB-AWS",
    "MONGODB-OIDC",
    "GSSAPI",
    "PLAIN",
)
AUTH_PROPERTIES: Final[dict[str, tuple[str, ...]]] = {
    "GSSAPI": ("SERVICE_NAME", "CANONICALIZE_HOST_NAME", "SERVICE_REALM", "SERVICE_HOST"),
    "MONGODB-AWS": ("AWS_SESSION_TOKEN",),
    "MONGODB-OIDC": ("ENVIRONMENT", "TOKEN_RESOURCE"),
}
"""The keys of authMechanismProperties that each mechanism reads; the others read none."""
CANONICALIZE_CHOICES: Final = ("false", "true", "none", "forward", "forwardAndReverse")
OIDC_ENVIRONMENTS: Final = ("azure", "gcp", "k8s", "test")
READ_PREFERENCES: Final = ("primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest")
READ_CONCERN_LEVELS: Final = ("local", "available", "majority", "linearizable", "snapshot")
COMPRESSORS: Final = ("zstd", "snappy", "zlib")
UUID_REPRESENTATIONS: Final = ("unspecified", "standard", "pythonLegacy", "javaLegacy", "csharpLegacy")
DATETIME_CONVERSIONS: Final = ("DATETIME_CLAMP", "DATETIME_MS", "DATETIME", "DATETIME_AUTO")

_SERVER, _AUTH, _TLS, _POOL = OptionGroup.SERVER, OptionGroup.AUTH, OptionGroup.TLS, OptionGroup.POOL
_TIMES, _READS, _WRITES, _OTHER = OptionGroup.TIMEOUTS, OptionGroup.READS, OptionGroup.WRITES, OptionGroup.OTHER

OPTIONS: Final[tuple[Option, ...]] = (
    # server
    _option(_SERVER, "replicaSet", _T, "seeds.replica_set", _NONE,
            "Name of the replica set; servers of another set are left out."),
    _option(_SERVER, "directConnection", _B, "seeds.direct_connection", _OFF,
            "Talk to exactly this one server, whatever its role."),
    _option(_SERVER, "loadBalanced", _B, "seeds.load_balanced", _OFF,
            "The one host is a load balancer in front of mongos."),
    _option(_SERVER, "srvServiceName", _T, "seeds.srv_service_name", "mongodb",
            "Service name in the SRV lookup: _NAME._tcp.HOST."),
    _option(_SERVER, "srvMaxHosts", _I, "seeds.srv_max_hosts", "0 (all)", minimum=0,
            help_="Use at most so many, randomly chosen, of the hosts that the SRV record names."),
    _option(_SERVER, "srvAllowedHostsSuffix", _T, "seeds.srv_allowed_hosts_suffix", "the name's own parent domain",
            "Domain in which the hosts of the SRV record must be."),
    # authentication
    _option(_AUTH, "authMechanism", _C, "auth.mechanism", "negotiated (SCRAM-SHA-256 or SCRAM-SHA-1)",
            "How the user proves who they are.", choices=MECHANISMS),
    _option(_AUTH, "authSource", _T, "auth.source", "the path's database, else admin",
            "Database in which the user is defined; $external for X.509, Kerberos, AWS and OIDC."),
    _option(_AUTH, "authMechanismProperties", OptionType.PROPERTIES, "auth.properties", _NONE,
            "KEY:value pairs that the mechanism needs, separated by commas."),
    # TLS
    _option(_TLS, "tls", _B, "tls.enabled", "false; true with mongodb+srv:// or another tls option",
            "Encrypt the connection.", aliases=("ssl",)),
    _option(_TLS, "tlsCAFile", _F, "tls.ca_file", "the default roots of Python's OpenSSL",
            "PEM file with the authorities to trust, instead of the default ones."),
    _option(_TLS, "tlsCertificateKeyFile", _F, "tls.certificate_key_file", _NONE,
            "PEM file with the client's certificate and private key."),
    _option(_TLS, "tlsCertificateKeyFilePassword", _T, None, _NONE,
            "Password that opens the private key."),
    _option(_TLS, "tlsCRLFile", _F, "tls.crl_file", _NONE,
            "PEM file with revocation lists.", pymongo_only=True),
    _option(_TLS, "tlsInsecure", _B, "tls.insecure", _OFF,
            "Accept any certificate and any name in it: no protection against interception."),
    _option(_TLS, "tlsAllowInvalidCertificates", _B, "tls.allow_invalid_certificates", _OFF,
            "Accept certificates that cannot be verified: no protection against interception."),
    _option(_TLS, "tlsAllowInvalidHostnames", _B, "tls.allow_invalid_hostnames", _OFF,
            "Accept certificates that were issued for another host name."),
    _option(_TLS, "tlsDisableOCSPEndpointCheck", _B, "tls.disable_ocsp_endpoint_check", _OFF,
            "Do not ask the authority's server whether the certificate was revoked."),
    # pool
    _option(_POOL, "maxPoolSize", _I, "pool.max_pool_size", "100", minimum=0,
            help_="Most connections to one server at a time; 0 means no limit."),
    _option(_POOL, "minPoolSize", _I, "pool.min_pool_size", "0", minimum=0,
            help_="Connections to each server that are kept open also when idle."),
    _option(_POOL, "maxConnecting", _I, "pool.max_connecting", "2", minimum=1,
            help_="Connections to one server that may be opened at the same time."),
    _option(_POOL, "maxIdleTimeMS", _N, "pool.max_idle_time_ms", "no limit", minimum=0, maximum=_BILLION,
            help_="Close a connection that was idle for so long."),
    _option(_POOL, "waitQueueTimeoutMS", _N, "pool.wait_queue_timeout_ms", "no limit", minimum=0, maximum=_BILLION,
            help_="Longest wait for a free connection of the pool."),
    _option(_POOL, "waitQueueMultiple", _I, "pool.wait_queue_multiple", _NONE, minimum=0, pymongo_only=True,
            ignored=True, help_="Accepted and without effect since PyMongo 4."),
    # timeouts
    _option(_TIMES, "connectTimeoutMS", _N, "timeouts.connect_timeout_ms", "20000", minimum=0, maximum=_BILLION,
            zero=True, help_="Longest time for opening one connection; 0 means no limit."),
    _option(_TIMES, "serverSelectionTimeoutMS", _N, "timeouts.server_selection_timeout_ms", "30000", minimum=0,
            maximum=_BILLION, zero=True, help_="Longest search for a suitable server before an operation fails."),
    _option(_TIMES, "socketTimeoutMS", _N, "timeouts.socket_timeout_ms", "no limit", minimum=0, maximum=_BILLION,
            zero=True, help_="Longest wait for an answer to one message; 0 means no limit."),
    _option(_TIMES, "timeoutMS", _N, "timeouts.timeout_ms", "no limit", minimum=0, maximum=_BILLION, zero=True,
            help_="Longest time for a whole operation with all its retries; 0 means no limit."),
    _option(_TIMES, "heartbeatFrequencyMS", _N, "timeouts.heartbeat_frequency_ms", "10000", minimum=500,
            maximum=_BILLION, help_="Pause between two looks at each server."),
    _option(_TIMES, "localThresholdMS", _N, "timeouts.local_threshold_ms", "15", minimum=0, maximum=_BILLION,
            zero=True, help_="Servers that are so much slower than the nearest one still get reads."),
    # reads
    _option(_READS, "readPreference", _C, "reads.preference", "primary",
            "Which members answer reads.", choices=READ_PREFERENCES),
    _option(_READS, "readPreferenceTags", OptionType.TAGS, "reads.tags", "any member",
            "Tag sets in order of preference, each name:value,name:value; an empty one matches any member."),
    _option(_READS, "maxStalenessSeconds", _I, "reads.max_staleness_seconds", "no limit", minimum=90,
            help_="Leave out secondaries that lag further behind; at least 90 seconds."),
    _option(_READS, "readConcernLevel", _C, "reads.concern_level", "the server's default",
            "How well confirmed the data must be that a read returns.", choices=READ_CONCERN_LEVELS),
    # writes
    _option(_WRITES, "w", OptionType.COUNT_OR_MODE, "writes.w", "the server's default (majority)", minimum=0,
            help_="How many members must confirm a write: a number, majority, or the name of a mode."),
    _option(_WRITES, "wTimeoutMS", _I, "writes.wtimeout_ms", "no limit", minimum=0,
            help_="Longest wait for those confirmations."),
    _option(_WRITES, "journal", _B, "writes.journal", "the server's default",
            "A write counts as done once it is in the journal on disk."),
    _option(_WRITES, "fsync", _B, "writes.fsync", _NONE,
            "Old way to wait for the disk; use journal.", pymongo_only=True),
    # everything else
    _option(_OTHER, "appName", _T, "options.app_name", _NONE, maximum=128,
            help_="Name of the application in the server's logs; at most 128 bytes."),
    _option(_OTHER, "retryReads", _B, "options.retry_reads", _ON, "Repeat a read once after a network error."),
    _option(_OTHER, "retryWrites", _B, "options.retry_writes", _ON, "Repeat a write once after a network error."),
    _option(_OTHER, "compressors", _L, "options.compressors", "none",
            "Compression to offer, in order of preference.", choices=COMPRESSORS),
    _option(_OTHER, "zlibCompressionLevel", _I, "options.zlib_compression_level", "-1 (zlib's)", minimum=-1,
            maximum=9, help_="Effort of the zlib compressor, 0 to 9."),
    _option(_OTHER, "serverMonitoringMode", _C, "options.server_monitoring_mode", "auto",
            "How servers are watched.", choices=("auto", "stream", "poll")),
    _option(_OTHER, "maxAdaptiveRetries", _I, "options.max_adaptive_retries", "2", minimum=0,
            help_="How often an operation is repeated that an overloaded server refused."),
    _option(_OTHER, "enableOverloadRetargeting", _B, "options.enable_overload_retargeting", _OFF,
            "Repeat such an operation on another server."),
    _option(_OTHER, "uuidRepresentation", _C, "options.uuid_representation", "unspecified",
            "How UUIDs are stored.", choices=UUID_REPRESENTATIONS, pymongo_only=True),
    _option(_OTHER, "tz_aware", _B, "options.tz_aware", _OFF,
            "Return dates with their time zone (UTC).", pymongo_only=True),
    _option(_OTHER, "unicode_decode_error_handler", _C, "options.unicode_decode_error_handler", "strict",
            "What to do with text in a document that is not UTF-8.", choices=("strict", "replace", "ignore"),
            pymongo_only=True),
    _option(_OTHER, "datetime_conversion", _C, "options.datetime_conversion", "DATETIME",
            "What to do with dates outside Python's range.", choices=DATETIME_CONVERSIONS, pymongo_only=True),
    _option(_OTHER, "connect", _B, "options.connect", _ON,
            "Begin to look for servers as soon as the client is made.", pymongo_only=True),
    _option(_OTHER, "driver", OptionType.KEYWORD, "options.driver", _NONE,
            "Name of a library built on PyMongo; only a keyword argument counts.", pymongo_only=True, ignored=True),
    _option(_OTHER, "server_api", OptionType.KEYWORD, "options.server_api", _NONE,
            "Version of the Stable API; only a keyword argument counts.", pymongo_only=True, ignored=True),
)  # fmt: skip

_BY_NAME: Final = {name.lower(): option for option in OPTIONS for name in (option.name, *option.aliases)}


def lookup(name: str) -> Option | None:
    """The option of that name or alias in any letter case, as PyMongo compares names; None when it knows none."""
    return _BY_NAME.get(name.lower())


def option(name: str) -> Option:
    """The option of that name; KeyError for a name that PyMongo does not know."""
    return _BY_NAME[name.lower()]


def known_names() -> tuple[str, ...]:
    """Every canonical name and alias."""
    return tuple(name for option in OPTIONS for name in (option.name, *option.aliases))
