"""What the probes learn: frozen values, one per question, free of secrets and of exception texts that decide anything.

They are plain data (JSON in, JSON out), so that the facts of a real fault can be recorded and the rules be tested on
them without any network. Times are milliseconds; ``elapsed_ms`` counts from the start of that question.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

from clearline.core.findings import Severity


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all facts: frozen, only by keyword, silent about defaults when recorded."""


# ---------------------------------------------------------------- the text


class Mistake(Fact, frozen=True, kw_only=True):
    """One thing wrong with the connection string, found without any network.

    ``cause`` is a code of the cause catalogue and ``blanks`` fills its sentences. ``start`` and ``end`` delimit the
    place in the text as typed. ``severity`` is FAILURE when the driver refuses the text (or would certainly fail).
    ``patch`` (JSON merge patch on the profile) or ``action`` is the remedy, where there is one. ``fields`` says whose
    fault it is, for the form: canonical option names, or ``hosts``, ``user``, ``password``, ``database``; empty when
    it is the text as a whole. Never holds a secret.
    """

    cause: str
    severity: Severity
    blanks: dict[str, str] = {}
    start: int = 0
    end: int = 0
    patch: dict[str, Any] | None = None
    action: str | None = None
    fields: tuple[str, ...] = ()


class PasswordTraits(Fact, frozen=True, kw_only=True):
    """What can be said about the password without showing any of it."""

    given: bool = False
    literal_plus: bool = False
    """A bare ``+`` was typed in the password, which PyMongo reads as a space."""
    user_literal_plus: bool = False
    needless_escape: bool = False
    """A ``%XX`` stands for a letter or digit that nobody needs to escape."""
    double_escape: bool = False
    """A ``%25XX``: an escape that was escaped again."""
    outer_space: str | None = None
    """``begins``, ``ends`` or ``begins and ends``: white space at an end of the decoded password."""
    control_character: str | None = None
    """Name of a character that SASLprep forbids, e.g. ``U+0007``."""
    placeholder: str | None = None
    """The template word, e.g. ``<password>``."""


class UriFacts(Fact, frozen=True, kw_only=True):
    """The connection string as PyMongo reads it, and its mistakes. ``redacted`` is the text without its secrets."""

    redacted: str = ""
    srv: bool = False
    hosts: tuple[str, ...] = ()
    """Seeds as ``host:port`` (default port filled in), or the SRV name alone."""
    user: str | None = None
    password: PasswordTraits = PasswordTraits()
    database: str | None = None
    options: dict[str, Any] = {}
    """Valid options by canonical name with typed values, as PyMongo understands them; secrets are ``"***"``."""
    mistakes: tuple[Mistake, ...] = ()


# ---------------------------------------------------------------- this computer


class Readable(Enum):
    """What asking the file system for a file said."""

    OK = "ok"
    NOT_FOUND = "not-found"
    FOLDER = "folder"
    NO_PERMISSION = "no-permission"
    OTHER = "other"


class FileFormat(Enum):
    """What kind of text or bytes a file holds, by its first bytes and blocks."""

    PEM = "pem"
    DER = "der"
    PKCS12 = "pkcs12"
    JKS = "jks"
    EMPTY = "empty"
    TEXT = "text"
    BINARY = "binary"


class CertificateFacts(Fact, frozen=True, kw_only=True):
    """One X.509 certificate. Dates are ISO 8601 UTC; names are RFC 4514 strings."""

    subject: str
    issuer: str
    serial: str = ""
    not_before: str = ""
    not_after: str = ""
    days_left: float = 0.0
    """Against this computer's clock; negative when expired."""
    not_yet_valid: bool = False
    names: tuple[str, ...] = ()
    """DNS names of subjectAltName."""
    addresses: tuple[str, ...] = ()
    """IP addresses of subjectAltName."""
    has_san: bool = False
    common_name: str | None = None
    organisation: str | None = None
    unit: str | None = None
    is_ca: bool = False
    self_signed: bool = False
    key_type: str = ""
    key_bits: int = 0
    signature_hash: str = ""
    must_staple: bool = False
    ocsp_urls: tuple[str, ...] = ()
    key_id: str = ""
    """SHA-256 of the public key, hex: tells which key belongs to which certificate."""


class FileFacts(Fact, frozen=True, kw_only=True):
    """One file that the profile names. ``option`` is the connection option that names it."""

    option: str
    path: str
    readable: Readable
    errno: int | None = None
    size: int = 0
    format: FileFormat | None = None
    certificates: tuple[CertificateFacts, ...] = ()
    """Of the readable CERTIFICATE blocks of a PEM file, in order, at most 400; a file of another format has none."""
    crl_count: int = 0
    crl_issuers: tuple[str, ...] = ()
    crl_next_update: str | None = None
    crl_expired: bool = False
    key_present: bool = False
    key_encrypted: bool = False
    key_password_given: bool = False
    key_opens: bool | None = None
    """Whether the key could be read with the password that is given; None when there is no key."""
    key_matches: bool | None = None
    """Whether the first certificate belongs to the key; None when one of them is missing or unreadable."""
    damaged: str | None = None
    """What is damaged: ``empty``, ``cut off in the middle of a block``, ``not decodable``, ``saved as UTF-16 text``."""
    openssl_error: str | None = None
    """Library and reason (or number) with which OpenSSL refuses the file as the driver would load it, e.g. ``X509
    NO_CERTIFICATE_OR_CRL_FOUND`` or ``SSL 524297``; None: accepted, or not tried because the file cannot be read."""
    literal_plus_path: str | None = None
    """The path with its literal ``+``, when that file exists and the decoded one does not."""


class ComputerFacts(Fact, frozen=True, kw_only=True):
    """This computer, as far as a connection depends on it."""

    system: str = ""
    trusted_roots: int | None = None
    """Number of authorities the driver would trust by default; None when not counted."""
    trust_source: str = ""
    missing_packages: tuple[str, ...] = ()
    """Importable names among those that the profile's mechanism or compressors need and that are absent."""
    how_to_get: dict[str, str] = {}
    """By importable name: the package that is missing and how to get it here, in words that fit behind "Install"."""
    file_handle_limit: int | None = None
    out_of_file_handles: bool = False
    own_addresses: tuple[str, ...] = ()
    has_ipv6_route: bool | None = None
    environment_proxies: tuple[str, ...] = ()


# ---------------------------------------------------------------- DNS


class DnsOutcome(Enum):
    """How one question at one name server ended."""

    ANSWERED = "answered"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    OTHER_RCODE = "other-rcode"
    SILENT = "silent"
    PORT_CLOSED = "port-closed"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"


class Question(Fact, frozen=True, kw_only=True):
    """One DNS question to one name server over one transport."""

    name: str
    type: str
    nameserver: str
    purpose: str
    """``srv``, ``txt``, ``host`` (a member's address), ``bare`` (address of the SRV name), ``cluster`` (the SRV record
    of a plain host without an address), or ``control`` (a random name under .invalid: an answer means that somebody
    answers every name)."""
    transport: str = "udp"
    outcome: DnsOutcome
    rcode: int | None = None
    errno: int | None = None
    """Why no answer could come: the system's error number behind ``PORT_CLOSED`` and ``UNREACHABLE``."""
    truncated: bool = False
    """The answer did not fit: its records are left out, and a question of the same name over TCP follows."""
    records: tuple[str, ...] = ()
    """SRV: ``priority weight port target``; TXT: the joined text; A and AAAA: the address."""
    elapsed_ms: float = 0.0


class DnsFacts(Fact, frozen=True, kw_only=True):
    """DNS as seen from here.

    ``nameservers`` in the system's order; an empty tuple: none configured; None: not looked at.
    """

    nameservers: tuple[str, ...] | None = None
    questions: tuple[Question, ...] = ()
    finished: bool = False
    """Every question about the SRV name is answered or past its deadline."""


class Lookup(Fact, frozen=True, kw_only=True):
    """What the system's own resolver (getaddrinfo) said of one host name, hosts file and search domains included."""

    host: str
    addresses: tuple[str, ...] = ()
    eai: int | None = None
    """The getaddrinfo error number; None on success."""
    silent: bool = False
    elapsed_ms: float = 0.0
    literal: bool = False
    """The host was an IP address already; nothing was looked up."""
    hosts_file: tuple[str, ...] = ()
    """Addresses that the hosts file gives for this name."""


# ---------------------------------------------------------------- reaching a server


class Reach(Enum):
    """How one connection attempt, or one exchange on it, ended."""

    OK = "ok"
    REFUSED = "refused"
    SILENT = "silent"
    RESET = "reset"
    CLOSED = "closed"
    HOST_UNREACHABLE = "host-unreachable"
    NETWORK_UNREACHABLE = "network-unreachable"
    DENIED = "denied"
    """EACCES, EPERM or EINVAL from connect: this computer's own rules."""
    NO_HANDLES = "no-handles"
    NOT_MONGODB = "not-mongodb"
    """Bytes came that are no MongoDB answer (plain) or no TLS record (TLS)."""
    TLS_ALERT = "tls-alert"
    VERIFY_FAILED = "verify-failed"
    TLS_ERROR = "tls-error"
    OTHER = "other"


class TcpFacts(Fact, frozen=True, kw_only=True):
    """One connection attempt to one address (``address`` is an IP or a socket path)."""

    address: str
    family: str
    """``ipv4``, ``ipv6`` or ``unix``."""
    reach: Reach
    errno: int | None = None
    elapsed_ms: float = 0.0
    late: bool = False
    """The answer came after the deadline of the step."""
    loopback: bool = False
    private: bool = False
    own: bool = False
    """The address is one of this computer's own."""
    listening: bool | None = None
    """Whether some process of this computer listens on that address and port (Linux); None when unknown."""
    neighbour: str | None = None
    """State in the neighbour table (Linux): ``FAILED``, ``INCOMPLETE``, ``REACHABLE`` …; None when unknown."""
    retransmits: int | None = None


class Listening(Fact, frozen=True, kw_only=True):
    """What arrives on a fresh connection before we say anything, within 200 ms. ``SILENT`` is what MongoDB does."""

    reach: Reach
    first_bytes: str = ""
    """Printable form of the first bytes, at most 64."""
    errno: int | None = None
    elapsed_ms: float = 0.0
    attempts: tuple[str, ...] = ()
    """Reaches of repeated attempts: a server at its connection limit lets some through."""


class TlsKind(Enum):
    """What a handshake is for."""

    DRIVER = "driver"
    """Verifying exactly as the driver would."""
    LOOK = "look"
    """Without verification, to see who answers; nothing secret travels over it."""
    TLS12_SNIFF = "tls12-sniff"
    """Over memory buffers, at most TLS 1.2, where the certificate request is readable."""
    OLD_VERSIONS = "old-versions"
    """TLS 1.0 and 1.1 at security level 0."""
    WIDE_CIPHERS = "wide-ciphers"
    WITHOUT_NAME = "without-name"
    """Without server name indication."""
    OTHER_NAME = "other-name"
    """With another server name than the profile's (the name in the certificate, or the bare seed's)."""
    OS_ROOTS = "os-roots"
    BUNDLED_ROOTS = "bundled-roots"
    VALIDATED = "validated"
    """As the driver would verify if validation were not switched off: what that hides."""


class TlsFacts(Fact, frozen=True, kw_only=True):
    """One TLS handshake."""

    kind: TlsKind
    server_name: str | None = None
    reach: Reach
    alert: int | None = None
    """TLS alert number received (RFC 8446, section 6)."""
    verify_code: int | None = None
    """OpenSSL X509_V_ERR number, as in ssl.SSLCertVerificationError.verify_code."""
    errno: int | None = None
    openssl_reason: str | None = None
    """OpenSSL's reason constant, e.g. ``WRONG_VERSION_NUMBER`` (a name, never translated)."""
    version: str | None = None
    cipher: str | None = None
    chain: tuple[CertificateFacts, ...] = ()
    server_hello: bool = False
    """The server's side of the handshake began, so a TLS server is there."""
    received_bytes: int = 0
    first_bytes: str = ""
    certificate_requested: bool | None = None
    """Whether the server asked for a client certificate; None when it could not be seen."""
    requested_authorities: tuple[str, ...] = ()
    stapled: bool | None = None
    closed_after: bool = False
    """The handshake completed and the server then closed, reset or sent an alert within the wait that followed."""
    after_alert: int | None = None
    elapsed_ms: float = 0.0
    late: bool = False


class Hello(Fact, frozen=True, kw_only=True):
    """One server's answer to hello, as far as anything depends on it."""

    ok: bool = True
    code: int | None = None
    code_name: str | None = None
    message: str | None = None
    """The server's errmsg when ok is false (shown, never decided on)."""
    set_name: str | None = None
    is_writable_primary: bool = False
    secondary: bool = False
    arbiter_only: bool = False
    hidden: bool = False
    passive: bool = False
    is_replica_set: bool = False
    """``isreplicaset``: started with --replSet and not a member of an initiated set."""
    msg: str | None = None
    """``isdbgrid`` for mongos."""
    me: str | None = None
    primary: str | None = None
    hosts: tuple[str, ...] = ()
    passives: tuple[str, ...] = ()
    arbiters: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    min_wire_version: int = 0
    max_wire_version: int = 0
    set_version: int | None = None
    election_id: str | None = None
    service_id: str | None = None
    compression: tuple[str, ...] = ()
    logical_session_timeout_minutes: int | None = None
    local_time: str | None = None
    last_write_s: float | None = None
    """When this member's newest operation was written, seconds since 1970."""
    clock_skew_s: float | None = None
    """The server's clock minus this computer's, seconds; None when the server does not tell."""
    sasl_supported_mechs: dict[str, tuple[str, ...]] = {}
    """By ``database.user`` asked for: the mechanisms; an empty tuple means that the user is not there."""
    fields: tuple[str, ...] = ()
    """Names of all fields of the answer."""

    @property
    def kind(self) -> str:
        """PyMongo's server type in words: standalone, router, primary, secondary, arbiter, hidden, ghost, other."""
        if self.msg == "isdbgrid":
            return "router"
        if self.is_replica_set:
            return "ghost"
        if self.set_name is None:
            return "standalone"
        if self.hidden:
            return "hidden"
        if self.is_writable_primary:
            return "primary"
        if self.secondary:
            return "secondary"
        return "arbiter" if self.arbiter_only else "other"


class Exchange(Fact, frozen=True, kw_only=True):
    """One hello sent on a connection of our own, plain or inside TLS (``tls``), and what came of it."""

    tls: bool
    look: bool = False
    """Over a handshake without verification: shows who answers, and is no way that the driver could go."""
    reach: Reach
    hello: Hello | None = None
    errno: int | None = None
    first_bytes: str = ""
    received_bytes: int = 0
    elapsed_ms: float = 0.0
    """From sending hello to the whole answer (or its end)."""
    first_byte_ms: float | None = None
    late: bool = False


class RttFacts(Fact, frozen=True, kw_only=True):
    """Round trips of repeated hellos on one open connection, milliseconds, in order."""

    samples_ms: tuple[float, ...] = ()
    small_bytes: int = 0
    large_bytes: int = 0
    large_ms: float | None = None
    """Time of one answer that is much larger than hello's, where one could be had: tells bandwidth from latency."""
    retransmits: int | None = None


class OtherPort(Fact, frozen=True, kw_only=True):
    """Whether another port of the same host answers: splits a firewall from a dead host. Tried only after silence."""

    port: int
    reach: Reach
    elapsed_ms: float = 0.0


class ServerExtras(Fact, frozen=True, kw_only=True):
    """What unauthenticated commands on a probe's connection said."""

    version: str | None = None
    modules: tuple[str, ...] = ()
    ferretdb: bool = False
    build_info_code: int | None = None
    repl_status_code: int | None = None
    """Code of replSetGetStatus: 94 not yet initialised, 93 removed, 13 not allowed; 0 ok."""
    open_read_code: int | None = None
    """Code of a read without login: 0 it works, 13 it needs a login, others as the server says."""


class MemberFacts(Fact, frozen=True, kw_only=True):
    """Everything known about one seed or advertised member; ``address`` is ``host:port`` or a socket path."""

    address: str
    host: str
    port: int | None
    seed: bool = False
    advertised_by: tuple[str, ...] = ()
    lookup: Lookup | None = None
    tcp: tuple[TcpFacts, ...] = ()
    listening: Listening | None = None
    tls: tuple[TlsFacts, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    rtt: RttFacts | None = None
    other_ports: tuple[OtherPort, ...] = ()
    loopback: TcpFacts | None = None
    """127.0.0.1 on the same port, tried when an address of this computer's own refuses."""
    afterwards: TcpFacts | None = None
    """A further connection attempt, after the driver lost a server that had answered hello before."""
    extras: ServerExtras | None = None
    forbidden: bool | None = None
    """A firewall on the way said by ICMP that it forbids the packets; None when nobody said why (or not on Linux)."""
    ocsp_reach: dict[str, Reach] = {}
    """By address of the revocation service; tried only after a failed handshake."""
    finished: bool = False
    """All that is asked of this member is answered (or past its deadline)."""
    crashed: bool = False
    """A probe failed for a reason of its own, so nothing can be concluded about the server."""

    @property
    def hello(self) -> Hello | None:
        """The answer to hello in the profile's own way of connecting, else in the other way."""
        answers = [e.hello for e in self.exchanges if e.hello is not None]
        return answers[0] if answers else None

    @property
    def resolved(self) -> tuple[str, ...]:
        """Addresses to connect to."""
        return self.lookup.addresses if self.lookup else ()

    def handshake(self, kind: TlsKind) -> TlsFacts | None:
        """The latest handshake of one kind."""
        return next((t for t in reversed(self.tls) if t.kind is kind), None)

    def exchange(self, *, tls: bool) -> Exchange | None:
        """The hello over plain TCP or inside TLS, as the driver would say it, else over a look without verification."""
        found = sorted((e for e in self.exchanges if e.tls is tls), key=lambda e: e.look)
        return found[0] if found else None


# ---------------------------------------------------------------- login, rights, the driver


class LoginFacts(Fact, frozen=True, kw_only=True):
    """The driver's one login attempt, read from its command events and its exception."""

    mechanism: str | None = None
    database: str | None = None
    user: str | None = None
    attempted: bool = False
    succeeded: bool = False
    failed_step: str | None = None
    """Name of the command that failed: ``saslStart``, ``saslContinue``, ``authenticate``."""
    code: int | None = None
    code_name: str | None = None
    server: str | None = None
    refused_here: bool = False
    """Refused on this computer before anything was sent (SASLprep, a missing package, a missing token file)."""


class Privilege(Fact, frozen=True, kw_only=True):
    """What the logged-in user may do on one resource; ``collection`` is empty for the whole database."""

    database: str
    collection: str
    actions: tuple[str, ...]
    cluster: bool = False
    any_resource: bool = False


class AccessFacts(Fact, frozen=True, kw_only=True):
    """What connectionStatus and a few reads on the driver's own connection said."""

    user: str | None = None
    roles: tuple[str, ...] = ()
    privileges: tuple[Privilege, ...] = ()
    asked: bool = False
    read_database: str | None = None
    read_code: int | None = None
    """Code of the driver's one read: 0 it works; None it was not tried or had no server code."""
    read_code_name: str | None = None
    product_version: str | None = None
    modules: tuple[str, ...] = ()
    ferretdb: bool = False
    build_info_fields: tuple[str, ...] = ()
    atlas: bool | None = None
    databases: tuple[str, ...] = ()
    write_concern_modes: tuple[str, ...] | None = None
    fsync_locked: bool | None = None
    connections_available: int | None = None
    diagnostics_code: int | None = None
    shard: str | None = None
    """Name of a shard that answered for want of a primary, where the router tells."""


class DriverState(Enum):
    """How far PyMongo itself came."""

    WAITING = "waiting"
    CONNECTED = "connected"
    RAISED = "raised"
    NOT_STARTED = "not-started"
    GIVEN_UP = "given-up"
    """The check ended before PyMongo did."""


class DriverFacts(Fact, frozen=True, kw_only=True):
    """PyMongo with the user's own options. ``message`` is redacted and only shown, never decided on."""

    state: DriverState = DriverState.WAITING
    exception: str | None = None
    """Qualified name of the exception's class."""
    bases: tuple[str, ...] = ()
    """Qualified names of the exception's base classes, nearest first."""
    message: str | None = None
    code: int | None = None
    code_name: str | None = None
    raised_by: str | None = None
    """``constructor``, ``resolve``, ``login`` or ``read``."""
    selection_timed_out: bool = False
    server: str | None = None
    """The server that the driver's read (or its refusal) came from."""
    warnings: tuple[str, ...] = ()
    effective: dict[str, Any] = {}
    """Options in force after TXT records and defaults, secrets as ``"***"``."""
    seeds: tuple[str, ...] = ()
    compressor_in_use: str | None = None
    connect_timeout_ms: float | None = None
    """The user's own value where it was shorter than ours and therefore used."""
    elapsed_ms: float | None = None


class Facts(Fact, frozen=True, kw_only=True):
    """All that one check has learnt so far."""

    uri: UriFacts = UriFacts()
    files: tuple[FileFacts, ...] = ()
    files_checked: bool = False
    computer: ComputerFacts = ComputerFacts()
    dns: DnsFacts = DnsFacts()
    members: tuple[MemberFacts, ...] = ()
    login: LoginFacts = LoginFacts()
    user_mechanisms: dict[str, tuple[str, ...]] = {}
    """saslSupportedMechs by ``database.user`` over all members asked; an empty tuple: no such user there."""
    access: AccessFacts = AccessFacts()
    driver: DriverFacts = DriverFacts()
    deadline_ms: float = 1500.0

    def member(self, address: str) -> MemberFacts | None:
        """The member with that address."""
        return next((m for m in self.members if m.address == address), None)

    @property
    def tls_wanted(self) -> bool:
        """Whether the driver will speak TLS: the option, else on for SRV (Initial DNS Seedlist Discovery spec)."""
        chosen = self.uri.options.get("tls")
        return bool(chosen) if isinstance(chosen, bool) else self.uri.srv
