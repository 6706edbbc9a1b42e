"""What was learnt of each hop on the way to the servers: how far it came, and what stopped it."""

from __future__ import annotations

from enum import Enum

from clearline.core.facts.fact import Fact


class HopStage(Enum):
    """How far one hop has come; the order in which a hop goes through them, as far as its kind has them."""

    NAME = "name"
    TCP = "tcp"
    TLS = "tls"
    BANNER = "banner"
    """The SSH server says who it is (RFC 4253, section 4.2)."""
    KEY_EXCHANGE = "key-exchange"
    HOST_KEY = "host-key"
    LOGIN = "login"
    """Greeting and login; it speaks the hop's protocol once this is passed."""
    CHANNEL = "channel"
    """Opening the way to one target behind it: no step of the hop, for it differs by target."""


class Trouble(Enum):
    """What stopped a hop, as it was observed. The rules (``diagnosis/rules/hops.py``) make a cause of it."""

    NAME_UNKNOWN = "name-unknown"
    NAME_SILENT = "name-silent"
    REFUSED = "refused"
    SILENT = "silent"
    UNREACHABLE = "unreachable"
    DENIED = "denied"
    """EACCES or EPERM from connect: this computer's own rules."""
    CLOSED = "closed"
    """The other side ended the connection instead of answering."""
    NOT_SPOKEN = "not-spoken"
    """What answers speaks another protocol than the hop's; ``service`` names it where its first bytes tell."""
    HANGS = "hangs"
    """It took the connection and does not answer."""
    CERTIFICATE = "certificate"
    TLS_FAILED = "tls-failed"
    LOGIN_WANTED = "login-wanted"
    LOGIN_REFUSED = "login-refused"
    LOGIN_SCHEME = "login-scheme"
    """It takes none of the ways to log in that we have; ``offered`` are its own."""
    NO_TICKET = "no-ticket"
    """This computer has nothing to sign in with at an HTTP proxy; ``code`` is the major status of GSSAPI."""
    REPLY = "reply"
    """It answered the wish for a target with ``code``: SOCKS (RFC 1928, section 6), or an HTTP status."""
    TARGET_SILENT = "target-silent"
    NO_TARGET = "no-target"
    """A name that cannot be asked for: white space or control characters in it."""
    LOCAL_TARGET = "local-target"
    """A Unix socket, which is a file of this computer."""

    BYPASSED = "bypassed"
    """The settings of this computer go directly to the target (``what``: their exception), which fails."""
    FORBIDDEN = "forbidden"
    """Signed in, but without the right to it; ``what`` is the namespace."""
    UNMAPPED = "unmapped"
    """A name that stands for no pod; ``what`` is the namespace."""
    SETTINGS_BROKEN = "settings-broken"
    """``said`` tells why; ``what`` is the address of a script that decides about proxies."""

    # -- SSH
    BANNER_SILENT = "banner-silent"
    """It took the connection and does not say who it is."""
    HANDSHAKE_HANGS = "handshake-hangs"
    NO_COMMON = "no-common-algorithm"
    """``what``: of which kind; ``offered``: what the server has."""
    HOST_KEY_UNKNOWN = "host-key-unknown"
    HOST_KEY_CHANGED = "host-key-changed"
    HOST_KEY_OTHER_TYPE = "host-key-other-type"
    HOST_KEY_REVOKED = "host-key-revoked"
    KEY_REFUSED = "key-refused"
    KEY_TYPE_REFUSED = "key-type-refused"
    """No key was shown, for the server takes none of its type (``offered``: what it takes, RFC 8308)."""
    KEY_MISSING = "key-missing"
    KEY_UNREADABLE = "key-unreadable"
    KEY_IS_PUBLIC = "key-is-public"
    KEY_FORMAT = "key-format"
    KEY_ENCRYPTED = "key-encrypted"
    PASSPHRASE_WRONG = "passphrase-wrong"  # noqa: S105 - a trouble, no secret
    AGENT_UNAVAILABLE = "agent-unavailable"
    KEY_UNSIGNED = "key-unsigned"
    """What holds a key does not sign with it; the server had asked for that."""
    KEY_NOT_ENOUGH = "key-not-enough"
    """The server asked for a key's signature, got it, and did not let the user in; ``what`` is *second* where it took
    other ways than before from then on (``offered``)."""
    TOO_MANY_KEYS = "too-many-keys"
    PASSWORD_NOT_OFFERED = "password-not-offered"  # noqa: S105
    ANSWER_WANTED = "answer-wanted"
    """It asks a question (``said``) that was not answered; ``what`` is *second* after another proof was accepted."""
    ANSWER_REFUSED = "answer-refused"
    NO_WAY_IN = "no-way-in"
    """Nothing that it takes (``offered``) could be tried."""
    LOST = "lost"
    """A connection that had worked ended."""
    KEEPALIVE_LOST = "keepalive-lost"
    COMMAND_MISSING = "command-missing"
    COMMAND_FAILED = "command-failed"
    """The ProxyCommand ended with ``code``; ``said`` is its last line."""
    COMMAND_NOT_AGREED = "command-not-agreed"
    CONFIG_BROKEN = "config-broken"
    FILE_SILENT = "file-silent"
    """``file`` is on a drive that does not answer; ``said`` is for how many seconds."""
    UNSAFE_NAME = "unsafe-name"
    """A host or user name that no command line may get."""


_SILENCES = frozenset(
    {Trouble.NAME_SILENT, Trouble.SILENT, Trouble.HANGS, Trouble.BANNER_SILENT, Trouble.HANDSHAKE_HANGS}
)


class HopFailure(Fact, frozen=True, kw_only=True):
    """What stopped one hop. ``hop`` counts from 0, the outermost; ``host`` and ``port`` are its own."""

    hop: int
    kind: str
    host: str
    port: int
    stage: HopStage
    trouble: Trouble
    target: str | None = None
    """``host:port`` that it was to open; None when the hop itself failed."""
    code: int | None = None
    errno: int | None = None
    """Of this computer, or as the hop reports it of the far side."""
    eai: int | None = None
    elapsed_ms: float = 0.0
    retransmits: int | None = None
    user: str | None = None
    said: str = ""
    """A text of the other side: shown, never decided on."""
    first_bytes: str = ""
    service: str | None = None
    """What answers instead, by its first bytes: ``ssh``, ``http``, ``socks4``, ``tls``."""
    offered: tuple[str, ...] = ()
    """Ways to log in that the other side takes: the schemes of an HTTP proxy."""
    what: str | None = None
    """What kind of thing it is about: an address type, what is missing for a sign-in."""
    verify_code: int | None = None
    headers: dict[str, str] = {}
    """Of an HTTP answer, those that tell who answered: server, via, x-squid-error, retry-after."""
    file: str | None = None
    line: int | None = None
    """Of ``file``, counted from 1."""
    key_type: str = ""
    fingerprint: str = ""
    """Of the key that was shown, as OpenSSH prints it: ``SHA256:…``."""
    known: tuple[str, ...] = ()
    """What is known already: types of host keys, or fingerprints."""
    count: int | None = None
    other_port: int | None = None
    """How the proxy answered a wish for the same host on port 443 (an HTTP status; 0: nothing)."""

    @property
    def server(self) -> str:
        """``host:port`` of the hop's own server."""
        return _joined(self.host, self.port)


class HopStep(Fact, frozen=True, kw_only=True):
    """One stage of a hop that was passed, or is being waited for (``passed`` None)."""

    stage: HopStage
    passed: bool | None = None
    elapsed_ms: float = 0.0


class HopFacts(Fact, frozen=True, kw_only=True):
    """One hop of the way, outermost first."""

    kind: str
    host: str
    port: int
    user: str | None = None
    tls: bool = False
    software: str | None = None
    """What the server says of itself: a proxy's Server or Via header."""
    steps: tuple[HopStep, ...] = ()
    failure: HopFailure | None = None
    """Why the hop itself cannot be used; a target that it does not open is no failure of its own."""
    alias: str | None = None
    """Under which name it was asked for, where that is not ``host``."""
    up: bool = False
    password_in_clear: bool = False
    """A password goes to it over a line that is not encrypted."""
    opened: tuple[str, ...] = ()
    """Targets that it opened, ``host:port``."""
    unopened: tuple[HopFailure, ...] = ()
    """Why it did not open a target, the latest word for each."""

    @property
    def silent(self) -> bool:
        """It has not answered in time: all that is asked through it waits, and it may still answer."""
        return self.failure is not None and self.failure.trouble in _SILENCES

    def not_opened(self, target: str) -> HopFailure | None:
        """Why it did not open ``host:port``; None when it did, or was never asked."""
        return next((failure for failure in self.unopened if failure.target == target), None)

    @property
    def server(self) -> str:
        """``host:port`` of the hop's own server."""
        return _joined(self.host, self.port)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
