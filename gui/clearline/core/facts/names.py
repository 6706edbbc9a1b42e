"""What DNS and the system's resolver said, and what their answers mean."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Generic, TypeVar
from urllib.parse import unquote_plus

from clearline.core.facts.fact import Fact

T = TypeVar("T")


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
    of a plain host without an address), ``alias`` (the SRV record of the name that an SRV name without one stands for),
    ``completed`` (the addresses of a name that a search domain was added to),
    ``control`` (a random name under .invalid: an answer means that something
    answers every name), ``zone`` (of a public name that is denied: the domain it belongs to, and `LANDMARK`), or
    ``over-tcp`` (a random name once more, of a name server that has kept silent over UDP)."""
    transport: str = "udp"
    outcome: DnsOutcome
    rcode: int | None = None
    errno: int | None = None
    """Why no answer could come: the system's error number behind ``PORT_CLOSED`` and ``UNREACHABLE``."""
    truncated: bool = False
    """The answer did not fit: its records are left out, and a question of the same name over TCP follows."""
    records: tuple[str, ...] = ()
    """SRV: ``priority weight port target``; TXT: the joined text; A and AAAA: the address."""
    aliases: tuple[str, ...] = ()
    """The names that CNAME records lead to from ``name``, one after the other; a circle has one of them twice."""
    elapsed_ms: float = 0.0
    far: bool = False
    """Asked over the hops, of a name server at the far side."""


LANDMARK = "example.com"
"""A domain that every resolver of public names knows, for it is reserved for ever (RFC 2606)."""
_PUBLIC_TOPS = frozenset(
    ("com", "net", "org", "info", "biz", "edu", "gov", "mil", "int", "name", "pro", "io", "dev", "app", "cloud", "xyz")
)


def public_zone(name: str) -> str | None:
    """The domain that a public name belongs to (``mongodb.net``); None for names that a network may keep to itself."""
    labels = name.lower().rstrip(".").split(".")
    top = labels[-1]
    country = len(top) == 2 and top.isascii() and top.isalpha()
    return ".".join(labels[-2:]) if len(labels) > 2 and (country or top in _PUBLIC_TOPS) else None


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


class PerQuestions(threading.local, Generic[T]):
    """A function of all questions of a check that looks at them once: for each of thousands of hosts it is asked."""

    def __init__(self, make: Callable[[tuple[Question, ...]], T]) -> None:
        self._make = make
        self._made: tuple[tuple[Question, ...], T] | None = None

    def __call__(self, questions: tuple[Question, ...]) -> T:
        """What is made of them."""
        if self._made is None or self._made[0] is not questions:
            self._made = (questions, self._make(questions))
        return self._made[1]


def _by_host(questions: tuple[Question, ...]) -> dict[str, list[Question]]:
    found: dict[str, list[Question]] = {}
    for question in questions:
        if question.purpose == "host":
            found.setdefault(question.name.rstrip(".").lower(), []).append(question)
    return found


questions_by_host = PerQuestions(_by_host)
"""Those about the addresses of members, by the host's name in small letters."""


def counting(questions: Iterable[Question]) -> tuple[Question, ...]:
    """Of the questions about an SRV name those that the driver goes by: the far side's where it knows the name.

    What the far side was asked counts too where nothing was asked here.
    """
    asked = tuple(questions)
    far = tuple(q for q in asked if q.far)
    here = tuple(q for q in asked if not q.far)
    knows = any(q.purpose == "srv" and q.outcome is DnsOutcome.ANSWERED and q.records for q in far)
    nothing_here = not any(q.purpose == "srv" for q in here)
    if not far or not (knows or nothing_here):
        return here
    return (*far, *(q for q in here if q.purpose not in ("srv", "txt")))


def seeds_from(questions: Iterable[Question]) -> tuple[tuple[str, int], ...]:
    """The seeds (host, port) that the SRV records name, from the first name server that gave any; sorted."""
    for question in questions:
        if question.purpose == "srv" and question.records:
            parts = [record.split(" ") for record in question.records]
            return tuple(sorted({(target, int(port)) for _, _, port, target in parts}))
    return ()


def txt_options(questions: Iterable[Question]) -> dict[str, str]:
    """The options of the TXT answer as written; empty when there is none, or more than one record (drivers refuse)."""
    for question in questions:
        if question.purpose == "txt" and question.records:
            if len(question.records) > 1:
                return {}
            pairs = (part.partition("=") for part in txt_parts(question.records[0]))
            return {name: unquote_plus(value) for name, equals, value in pairs if equals}
    return {}


def txt_parts(record: str) -> list[str]:
    """The options of a TXT record, each with its value; PyMongo takes ; between them where there is no &."""
    return record.split("&" if "&" in record else ";")


def srv_target_allowed(name: str, target: str, suffix: str | None = None) -> bool:
    """Whether PyMongo accepts an SRV target (pymongo/asynchronous/srv_resolver.py, ``_validate_host``).

    Without ``suffix`` (srvAllowedHostsSuffix) it must lie in the parent domain of ``name``.
    """
    name, target = name.lower(), target.lower()
    if suffix is not None:
        from pymongo._psl import _to_punycode

        return target.endswith("." + _to_punycode(suffix.strip(".")).lower())
    labels = name.split(".")
    if len(labels) < 3 and name == target:
        return False
    parent = labels[1:] if len(labels) > 2 else labels
    return target.split(".")[1:][-len(parent) :] == parent
