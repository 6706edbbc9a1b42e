"""What the checklist's rules say, and what they look at: the profile with the driver's defaults worked out."""

from __future__ import annotations

import ipaddress
import re
from enum import Enum
from functools import cached_property
from typing import Any, Final

import msgspec

from clearline.core.findings import Remedy
from clearline.core.options.catalogue import option
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import Secrets

_MANUAL: Final = "https://www.mongodb.com/docs/manual/"
OPTIONS_DOCS: Final = "reference/connection-string-options/#mongodb-urioption-urioption."
"""Where the manual explains an option, before its name."""
_ATLAS: Final = (".mongodb.net", ".mongodb-qa.net", ".mongodb-dev.net")
_NO_RETRIES: Final = (
    (".mongo.cosmos.azure.com", "Azure Cosmos DB"),
    (".documents.azure.com", "Azure Cosmos DB"),
    (".docdb.amazonaws.com", "Amazon DocumentDB"),
    (".docdb.amazonaws.com.cn", "Amazon DocumentDB"),
)
_LOCAL: Final = ("localhost", "localhost.localdomain", "ip6-localhost")
_PORT: Final = re.compile(r":\d+$")


class Importance(Enum):
    """How much a piece of advice matters."""

    WARNING = "warning"
    """Something is lost, unsafe, or waits for ever."""
    ADVICE = "advice"
    """It works, and could work better."""
    PASSED = "passed"


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the checklist.

    ``remedy`` carries a patch (one click does it) or an asking action; None where only the user knows the value: then
    ``fields`` (canonical option names, or ``hosts``, ``user``, ``name``) say where it belongs. ``docs`` is where to
    read on. Never holds a secret.
    """

    code: str
    importance: Importance
    title: str
    why: str = ""
    remedy: Remedy | None = None
    fields: tuple[str, ...] = ()
    docs: str = ""


def passed(code: str, title: str, *fields: str) -> Advice:
    """Something that is in order."""
    return Advice(code=code, importance=Importance.PASSED, title=title, fields=fields)


def warning(
    code: str, title: str, why: str, *fields: str, fix: str = "", patch: dict[str, Any] | None = None, docs: str = ""
) -> Advice:
    """Something that should not stay."""
    return _open(Importance.WARNING, code, title, why, fields, fix, patch, docs)


def advice(
    code: str, title: str, why: str, *fields: str, fix: str = "", patch: dict[str, Any] | None = None, docs: str = ""
) -> Advice:
    """Something that could be better."""
    return _open(Importance.ADVICE, code, title, why, fields, fix, patch, docs)


def _open(
    importance: Importance,
    code: str,
    title: str,
    why: str,
    fields: tuple[str, ...],
    fix: str,
    patch: dict[str, Any] | None,
    docs: str,
) -> Advice:
    return Advice(
        code=code,
        importance=importance,
        title=title,
        why=why,
        remedy=Remedy(text=fix, patch=patch) if fix and patch is not None else None,
        fields=fields,
        docs=_MANUAL + docs if docs else "",
    )


class Look:
    """A profile as the rules see it."""

    def __init__(self, profile: Profile, secrets: Secrets) -> None:
        self.profile = profile
        self.secrets = secrets
        self.hosts = tuple(_PORT.sub("", host).strip("[]").lower().rstrip(".") for host in profile.seeds.hosts)

    @cached_property
    def local(self) -> bool:
        """Whether everything is on this computer: less is asked of such a deployment."""
        return all(map(is_local, self.hosts))

    @cached_property
    def atlas(self) -> bool:
        """Whether it is MongoDB Atlas, by its names."""
        return any(host.endswith(_ATLAS) for host in self.hosts)

    @cached_property
    def without_retries(self) -> str:
        """The product that refuses retryable writes, by its names; empty for others."""
        return next((product for end, product in _NO_RETRIES for host in self.hosts if host.endswith(end)), "")

    @cached_property
    def several(self) -> bool:
        """Whether there may be more than one member."""
        seeds = self.profile.seeds
        return len(self.hosts) > 1 or seeds.srv or bool(seeds.replica_set)

    @cached_property
    def encrypted(self) -> bool:
        """Whether the driver uses TLS; an SRV address and most TLS options switch it on."""
        tls = self.profile.tls
        if tls.enabled is not None:
            return tls.enabled
        files = tls.ca_file or tls.certificate_key_file or tls.crl_file
        said = (tls.insecure, tls.allow_invalid_certificates, tls.allow_invalid_hostnames)
        return self.profile.seeds.srv or bool(files) or False in (*said, tls.disable_ocsp_endpoint_check)

    @property
    def limited(self) -> bool:
        """Whether every operation has a limit as a whole."""
        return bool(self.profile.timeouts.timeout_ms)


def is_local(host: str) -> bool:
    """Whether a host (no port, no brackets) is this computer."""
    if host in _LOCAL or host.endswith((".sock", ".localhost")):
        return True
    address = address_of(host)
    return address is not None and address.is_loopback


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that stands in a name's place; None for a name."""
    if not host[-1:].isdigit() and ":" not in host:
        return None
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def default_ms(name: str) -> float:
    """The driver's default of a time option that has one."""
    return float(option(name).default)
