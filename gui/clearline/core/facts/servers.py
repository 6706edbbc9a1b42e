"""What was learnt of each server: connections, handshakes, hellos, round trips."""

from __future__ import annotations

from enum import Enum

from clearline.core.facts.computer import CertificateFacts
from clearline.core.facts.fact import Fact
from clearline.core.facts.names import Lookup


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


_DROP_BYTES = 16
_FEWEST_DROPS = 3


def is_trickle(received_bytes: int, pieces: int) -> bool:
    """Whether bytes came drop by drop: no protocol sends so, and a network delivers what was sent together."""
    return pieces >= _FEWEST_DROPS and received_bytes <= _DROP_BYTES * pieces


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
    source: str | None = None
    """The address of this computer that the connection leaves from."""
    no_socket: str | None = None
    """What stands at the path in place of a socket: ``a file``, ``a folder``, ``a device``."""


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
    unreadable: bool = False
    """What was sent as the server's certificate is none that can be read."""
    endless: bool = False
    """More came than any handshake holds, and no end of it."""
    received_bytes: int = 0
    pieces: int = 0
    """Into how many reads they were cut."""
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
    max_bson_size: int | None = None
    """``maxBsonObjectSize``, bytes."""
    set_version: int | None = None
    election_id: str | None = None
    service_id: str | None = None
    process_id: str | None = None
    """``topologyVersion.processId``: made anew by each start of a server (4.4 and later)."""
    compression: tuple[str, ...] = ()
    local_time: str | None = None
    last_write_s: float | None = None
    """When this member's newest operation was written, seconds since 1970."""
    clock_skew_s: float | None = None
    """The server's clock minus this computer's, seconds; None when the server does not tell."""
    sasl_supported_mechs: dict[str, tuple[str, ...]] = {}
    """By ``database.user`` asked for: the mechanisms; an empty tuple means that the user is not there."""
    fields: tuple[str, ...] = ()
    """Names of all fields of the answer."""
    malformed: tuple[str, ...] = ()
    """Fields whose values are of no type that drivers can read, each with what came: ``maxWireVersion (a text)``."""

    @property
    def kind(self) -> str:
        """PyMongo's server type in words: standalone, router, primary, secondary, arbiter, hidden, ghost, other;
        unknown for an answer that is an error."""
        if not self.ok:
            return "unknown"
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
    pieces: int = 0
    """Into how many reads the answer was cut."""
    compressed_bytes: int | None = None
    """The answer came compressed, which was not agreed on, and claims to be that long when it is unpacked."""
    endless: bool = False
    """TLS records came one after another, without data in them."""
    late: bool = False


class RttFacts(Fact, frozen=True, kw_only=True):
    """Round trips of repeated hellos on one open connection, milliseconds, in order."""

    samples_ms: tuple[float, ...] = ()
    small_bytes: int = 0
    large_bytes: int = 0
    large_ms: float | None = None
    """Time of one answer that is much larger than hello's, where one could be had: tells bandwidth from latency."""
    retransmits: int | None = None

    @property
    def median_ms(self) -> float:
        """The middle one of the samples, 0.0 without any; statistics would take longer to import than a check has."""
        ordered = sorted(self.samples_ms) or [0.0]
        return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


class Knock(Fact, frozen=True, kw_only=True):
    """What came back for another protocol's first word, that of ``said``: ``redis``, ``postgresql`` or ``kafka``."""

    said: str
    reach: Reach
    first_bytes: str = ""


class OtherPort(Fact, frozen=True, kw_only=True):
    """Whether another port of the same host answers: splits a firewall from a dead host. Tried only after silence."""

    port: int
    reach: Reach
    elapsed_ms: float = 0.0


A_READ = "find"
"""The command among the extras without whose answer a server is of no use."""


class ServerExtras(Fact, frozen=True, kw_only=True):
    """What unauthenticated commands on a probe's connection said."""

    version: str | None = None
    modules: tuple[str, ...] = ()
    ferretdb: bool = False
    build_info_code: int | None = None
    genuine: bool | None = None
    """buildInfo has what only MongoDB's own builds have (gitVersion, allocator, storageEngines, openssl)."""
    product: str | None = None
    """Another product that buildInfo names."""
    slowest_ms: float | None = None
    """How long the slowest of the commands took."""
    silent_at: str | None = None
    """The first command that got no answer on a line on which hello had got one."""
    cut_at: str | None = None
    """The first command that ended the connection."""
    compressed_at: str | None = None
    """The first command whose answer came compressed, which was not agreed on."""
    compressed_bytes: int | None = None
    """How long that answer claims to be when it is unpacked."""
    config_hosts: tuple[str, ...] = ()
    """The members' names in the configuration that a removed or unreachable node still holds (replSetGetConfig)."""
    config_alive: tuple[str, ...] = ()
    """Those of them that take a connection at another address or port than this server's."""
    repl_message: str | None = None
    """The server's words where replSetGetStatus fails (shown, never decided on)."""
    repl_status_code: int | None = None
    """Code of replSetGetStatus: 94 not yet initialised, 93 removed, 13 not allowed; 0 ok."""
    open_read_code: int | None = None
    """Code of a read without login: 0 it works, 13 it needs a login, others as the server says."""


class OcspAnswer(Fact, frozen=True, kw_only=True):
    """What the revocation service of a certificate said; asked only where the profile wants it asked."""

    url: str
    answered: bool = False
    """An answer came that can be read and is signed as it should be."""
    status: str | None = None
    """``good``, ``revoked`` or ``unknown``; None where the service did not say."""
    revoked_at: str | None = None


class LearntOfMember(Fact, frozen=True, kw_only=True):
    """What a check finds out about one seed or advertised member; nothing at first."""

    seed: bool = False
    advertised_by: tuple[str, ...] = ()
    lookup: Lookup | None = None
    tcp: tuple[TcpFacts, ...] = ()
    listening: Listening | None = None
    tls: tuple[TlsFacts, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    elsewhere: dict[str, Exchange] = {}
    """By address: hello, as the driver would say it, at further addresses of the same name that took a connection."""
    rtt: RttFacts | None = None
    other_ports: tuple[OtherPort, ...] = ()
    knocks: tuple[Knock, ...] = ()
    """Tried only where neither MongoDB nor TLS was understood."""
    loopback: TcpFacts | None = None
    """127.0.0.1 on the same port, tried when an address of this computer's own refuses."""
    over_ipv6: TcpFacts | None = None
    """``::1`` on the same port, where ``localhost`` stands for it too, or 127.0.0.1 refuses: PyMongo does not try it,
    other drivers do."""
    afterwards: TcpFacts | None = None
    """A further connection attempt, after the driver lost a server that had answered hello before."""
    long_hello_lost: bool | None = None
    """A hello as long as the driver's got no answer and a short one did; None where the driver was heard."""
    extras: ServerExtras | None = None
    forbidden: bool | None = None
    """A firewall on the way said by ICMP that it forbids the packets; None without a reason (or not on Linux)."""
    ocsp_reach: dict[str, Reach] = {}
    """By address of the revocation service; tried only after a failed handshake."""
    ocsp: OcspAnswer | None = None
    finished: bool = False
    """All that is asked of this member is answered (or past its deadline)."""
    crashed: bool = False
    """A probe failed for a reason of its own, so nothing can be concluded about the server."""


class MemberFacts(LearntOfMember, frozen=True, kw_only=True):
    """Everything known about one seed or advertised member; ``address`` is ``host:port`` or a socket path."""

    address: str
    host: str
    port: int | None

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
