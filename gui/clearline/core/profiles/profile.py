"""What to connect to: frozen values without any secret, the shape of the JSON files that teams share.

Field names in JSON are PyMongo's option names inside the sections ``pool``, ``timeouts``, ``reads``, ``writes`` and
``options``; ``None`` means "not set", and what a profile does not set is never sent. The option catalogue
(``options/catalogue.py``) says which URI option lives in which field.

Any text of ``seeds``, ``auth``, ``tls``, ``options`` may hold references, ``${NAME}``, which are resolved when the
profile is used (``references.py``) and never before, so that a team shares the profile and each member has their own
values.
"""

from __future__ import annotations

import uuid
from typing import Any, Final, Literal

import msgspec

from clearline.core.profiles.hop import Hop
from clearline.core.profiles.section import NonNegative, Number, Section
from clearline.core.typed_values import from_plain


class Seeds(Section, frozen=True, kw_only=True):
    """Where the deployment is found: a seed list, or one SRV name.

    ``hosts`` holds ``host``, ``host:port``, ``[v6]:port`` or a Unix socket path ending in ``.sock``, decoded.
    With ``srv`` set, ``hosts`` holds exactly one name without a port.
    """

    srv: bool = False
    hosts: tuple[str, ...] = ()
    database: str | None = None
    replica_set: str | None = msgspec.field(default=None, name="replicaSet")
    direct_connection: bool | None = msgspec.field(default=None, name="directConnection")
    load_balanced: bool | None = msgspec.field(default=None, name="loadBalanced")
    srv_service_name: str | None = msgspec.field(default=None, name="srvServiceName")
    srv_max_hosts: NonNegative | None = msgspec.field(default=None, name="srvMaxHosts")
    srv_allowed_hosts_suffix: str | None = msgspec.field(default=None, name="srvAllowedHostsSuffix")


class Auth(Section, frozen=True, kw_only=True):
    """Who logs in. The password and everything that looks like a secret live in the vault."""

    mechanism: str | None = None
    user: str | None = None
    source: str | None = None
    properties: dict[str, str] = {}
    allow_plain_without_tls: bool | None = msgspec.field(default=None, name="allowPlainWithoutTLS")
    """The user's consent to send a password in clear (PLAIN without TLS) to another computer."""


TrustSource = Literal["system", "bundled"]


class Tls(Section, frozen=True, kw_only=True):
    """Encryption; the key's password lives in the vault.

    ``trust`` says whose authorities are trusted when there is no ``ca_file``: None leaves it to the driver; the others
    are handed to it as an exported CA file, for PyMongo takes no SSL context (``trust.py``).
    """

    enabled: bool | None = None
    trust: TrustSource | None = None
    ca_file: str | None = msgspec.field(default=None, name="caFile")
    certificate_key_file: str | None = msgspec.field(default=None, name="certificateKeyFile")
    crl_file: str | None = msgspec.field(default=None, name="crlFile")
    insecure: bool | None = None
    allow_invalid_certificates: bool | None = msgspec.field(default=None, name="allowInvalidCertificates")
    allow_invalid_hostnames: bool | None = msgspec.field(default=None, name="allowInvalidHostnames")
    disable_ocsp_endpoint_check: bool | None = msgspec.field(default=None, name="disableOCSPEndpointCheck")


class Pool(Section, frozen=True, kw_only=True):
    """Connections kept per server. Times in milliseconds."""

    max_pool_size: NonNegative | None = msgspec.field(default=None, name="maxPoolSize")
    min_pool_size: NonNegative | None = msgspec.field(default=None, name="minPoolSize")
    max_connecting: int | None = msgspec.field(default=None, name="maxConnecting")
    max_idle_time_ms: Number | None = msgspec.field(default=None, name="maxIdleTimeMS")
    wait_queue_timeout_ms: Number | None = msgspec.field(default=None, name="waitQueueTimeoutMS")
    wait_queue_multiple: NonNegative | None = msgspec.field(default=None, name="waitQueueMultiple")


class Timeouts(Section, frozen=True, kw_only=True):
    """How long the driver waits. Milliseconds."""

    connect_timeout_ms: Number | None = msgspec.field(default=None, name="connectTimeoutMS")
    server_selection_timeout_ms: Number | None = msgspec.field(default=None, name="serverSelectionTimeoutMS")
    socket_timeout_ms: Number | None = msgspec.field(default=None, name="socketTimeoutMS")
    timeout_ms: Number | None = msgspec.field(default=None, name="timeoutMS")
    heartbeat_frequency_ms: Number | None = msgspec.field(default=None, name="heartbeatFrequencyMS")
    local_threshold_ms: Number | None = msgspec.field(default=None, name="localThresholdMS")


class Reads(Section, frozen=True, kw_only=True):
    """Where reads go and what they may see. ``tags`` is the ordered list of tag sets; ``{}`` matches any member."""

    preference: str | None = msgspec.field(default=None, name="readPreference")
    tags: tuple[dict[str, str], ...] = msgspec.field(default=(), name="readPreferenceTags")
    max_staleness_seconds: int | None = msgspec.field(default=None, name="maxStalenessSeconds")
    concern_level: str | None = msgspec.field(default=None, name="readConcernLevel")


class Writes(Section, frozen=True, kw_only=True):
    """What a write waits for: ``w`` is a number of members, ``majority`` or the name of a mode."""

    w: int | str | None = None
    wtimeout_ms: NonNegative | None = msgspec.field(default=None, name="wTimeoutMS")
    journal: bool | None = None
    fsync: bool | None = None


class Options(Section, frozen=True, kw_only=True):
    """Every other connection option that PyMongo accepts in a connection string."""

    app_name: str | None = msgspec.field(default=None, name="appName")
    retry_reads: bool | None = msgspec.field(default=None, name="retryReads")
    retry_writes: bool | None = msgspec.field(default=None, name="retryWrites")
    compressors: tuple[str, ...] = ()
    zlib_compression_level: int | None = msgspec.field(default=None, name="zlibCompressionLevel")
    server_monitoring_mode: str | None = msgspec.field(default=None, name="serverMonitoringMode")
    max_adaptive_retries: NonNegative | None = msgspec.field(default=None, name="maxAdaptiveRetries")
    enable_overload_retargeting: bool | None = msgspec.field(default=None, name="enableOverloadRetargeting")
    uuid_representation: str | None = msgspec.field(default=None, name="uuidRepresentation")
    tz_aware: bool | None = None
    unicode_decode_error_handler: str | None = None
    datetime_conversion: str | None = None
    connect: bool | None = None
    driver: str | None = None
    server_api: str | None = None


class Unread(Section, frozen=True, kw_only=True):
    """One ``name=value`` of the text that no field can hold: unknown, misspelt, ill-typed or given twice.

    Kept in order and written back as it was, so that the driver meets (and warns about) the same text.
    ``value`` is the raw, still percent-encoded text; ``None`` says that it looks like a secret and lives in the vault.
    """

    name: str
    value: str | None = ""
    bare: bool = False
    """No equals sign was typed; without a value it is all of it that lives in the vault, and ``name`` only a label."""


Place = Literal["keyring", "session", "ask", "reference", "command"]


class SecretSource(Section, frozen=True, kw_only=True):
    """Where one secret of the profile comes from; it is never the secret itself.

    ``reference`` (with that place) is a text with ``${NAME}``, ``command`` one whose output is the secret.
    """

    place: Place = "keyring"
    reference: str | None = None
    command: str | None = None


def new_profile_id() -> str:
    """A fresh identity; secrets are filed under it, never under the URL."""
    return uuid.uuid4().hex


Colour = Literal["red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "grey"]


OF_SSH: Final = "ssh"
"""In the place of a name server at the far side: those that the SSH server there uses itself."""


class FarDns(Section, frozen=True, kw_only=True):
    """Where a ``mongodb+srv`` name is asked for, over the hops, that this computer's name servers do not know."""

    server: str | None = None
    """``host`` or ``host:port`` of a name server at the far side; `OF_SSH`: those that the last hop, an SSH server,
    uses itself (it is asked to print its ``/etc/resolv.conf``). None: no other is asked than this computer's."""
    first: bool = False
    """Only it is asked."""


class Profile(Section, frozen=True, kw_only=True):
    """One saved connection, without secrets."""

    id: str = msgspec.field(default_factory=new_profile_id)
    name: str = ""
    folder: str = ""
    """Where it stands in the list: names separated by ``/``."""
    favourite: bool = False
    colour: Colour | None = None
    notes: str = ""
    env_file: str | None = msgspec.field(default=None, name="envFile")
    """A ``.env`` file whose values come before those of the environment when references are resolved."""
    secrets: dict[str, SecretSource] = {}
    """By the secret's name (``core.secrets.secret``); one that is not named is kept in the keyring."""
    hops: tuple[Hop, ...] = ()
    """What the servers are reached through, the outermost first; empty: directly."""
    far_dns: FarDns = msgspec.field(default=FarDns(), name="farDns")
    seeds: Seeds = Seeds()
    auth: Auth = Auth()
    tls: Tls = Tls()
    pool: Pool = Pool()
    timeouts: Timeouts = Timeouts()
    reads: Reads = Reads()
    writes: Writes = Writes()
    options: Options = Options()
    unread: tuple[Unread, ...] = ()


def patched(profile: Profile, patch: dict[str, Any]) -> Profile:
    """The profile after a JSON merge patch (RFC 7396): ``None`` unsets a field, lists are replaced as a whole.

    Raises ``msgspec.ValidationError`` when the patch leads to something that is no profile.
    """
    return from_plain(_merged(msgspec.to_builtins(profile), patch), Profile)


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged
