"""What this computer has: files, certificates, trusted roots, packages."""

from __future__ import annotations

from enum import Enum

from clearline.core.facts.fact import Fact


class Readable(Enum):
    """What asking the file system for a file said."""

    OK = "ok"
    NOT_FOUND = "not-found"
    FOLDER = "folder"
    NO_PERMISSION = "no-permission"
    NO_FILE = "no-file"
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
    unit: str | None = None
    is_ca: bool = False
    self_signed: bool = False
    key_type: str = ""
    key_bits: int = 0
    signature_hash: str = ""
    purposes: tuple[str, ...] = ()
    """extendedKeyUsage by OID; empty: any purpose."""
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
    holds: tuple[str, ...] = ()
    """Labels of PEM blocks that are neither certificates, keys nor lists, and the kind of another known text: ``SSH
    public key``, ``web page``, ``key file of a replica set``."""
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
    key_fits_later: int = 0
    """Where the first certificate does not belong to the key: the number of a later one that does (1: the second)."""
    damaged: str | None = None
    """What is damaged: ``empty``, ``cut off in the middle of a block``, ``not decodable``, ``saved as UTF-16 text``."""
    openssl_error: str | None = None
    """Library and reason (or number) with which OpenSSL refuses the file as the driver would load it, e.g. ``X509
    NO_CERTIFICATE_OR_CRL_FOUND`` or ``SSL 524297``; None: accepted, or not tried because the file cannot be read."""
    literal_plus_path: str | None = None
    """The path with its literal ``+``, when that file exists and the decoded one does not."""


class Pod(Fact, frozen=True, kw_only=True):
    """The Kubernetes pod that this program runs in."""

    namespace: str | None = None
    service_account: bool = False
    cluster_domain: str | None = None


class Resolver(Fact, frozen=True, kw_only=True):
    """One name server of this computer and who it is, as its address tells: ``systemd-resolved``, ``public`` …"""

    address: str
    kind: str


class SurroundingFacts(Fact, frozen=True, kw_only=True):
    """What this computer runs in and beside. Marks raise a remedy; none of them decides."""

    container: str | None = None
    """The runtime: ``Docker``, ``Podman``, ``Kubernetes`` …"""
    image: str | None = None
    """The distribution, e.g. ``alpine 3.20``."""
    pod: Pod | None = None
    wsl: str | None = None
    vm: str | None = None
    ci: str | None = None
    platform: str | None = None
    """The hosting platform, e.g. ``AWS Lambda``."""
    tunnels: tuple[str, ...] = ()
    """Interfaces of VPNs and other tunnels."""
    proxies: dict[str, str] = {}
    """By variable name: scheme, host and port."""
    libc: str = ""
    resolvers: tuple[Resolver, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int | None = None
    hosts_names: tuple[str, ...] = ()
    """Names of container runtimes that the hosts file knows."""
    interfaces: dict[str, str] = {}
    """Interface by own address, where the system tells."""
    nat: str | None = None
    name_policies: tuple[str, ...] = ()
    """Namespaces for which Windows asks name servers of their own (NRPT): ``.corp.example``; ``.`` is every name."""


class SystemProxyFacts(Fact, frozen=True, kw_only=True):
    """What the system's or desktop's own settings say about proxies; the environment's are among the surroundings."""

    readable: bool = True
    source: str = ""
    """``GNOME``, ``KDE``, ``Windows``, ``macOS``; empty where nothing is set."""
    proxy: str | None = None
    """Scheme, host and port."""
    script: str | None = None
    """Where the script is that decides instead; ``(found by itself)``: the network says."""
    exceptions: tuple[str, ...] = ()
    """What is reached directly."""


class ComputerFacts(Fact, frozen=True, kw_only=True):
    """This computer, as far as a connection depends on it."""

    system: str = ""
    trusted_roots: int | None = None
    """Number of authorities the driver would trust by default; None when not counted."""
    trust_source: str = ""
    missing_packages: tuple[str, ...] = ()
    """Importable names among those that the profile's mechanism or compressors need and that are absent."""
    how_to_get: dict[str, str] = {}
    """By importable name: the package that is missing and how to get it here, in words that fit after "Install"."""
    file_handle_limit: int | None = None
    has_ipv6_route: bool | None = None
    openssl: str = ""
    python: str = ""
    surroundings: SurroundingFacts = SurroundingFacts()
