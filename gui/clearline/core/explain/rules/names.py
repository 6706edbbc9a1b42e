"""Names that could not be looked up, and what the name servers said."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearline.core.explain.record import Record
from clearline.core.explain.rules.guess import Guess
from clearline.core.findings import Certainty

_DNS = {
    "srv nxdomain": ("dns.srv-not-found", "dns.srv-blocked"),
    "srv nodata": ("dns.no-srv-record", "dns.srv-blocked"),
    "srv servfail": ("dns.servfail",),
    "srv refused": ("dns.srv-blocked",),
    "srv silent": ("dns.resolver-silent", "dns.srv-blocked"),
    "srv port-closed": ("dns.resolver-not-running",),
    "srv malformed": ("dns.srv-blocked",),
    "txt nodata": ("dns.txt-blocked", "dns.no-srv-record"),
    "txt silent": ("dns.txt-blocked", "dns.resolver-silent"),
    "txt refused": ("dns.txt-blocked",),
    "txt servfail": ("dns.servfail", "dns.txt-blocked"),
    "txt malformed": ("dns.txt-blocked",),
    "txt nxdomain": ("dns.txt-blocked", "dns.srv-not-found"),
    "host silent": ("dns.resolver-silent",),
    "host servfail": ("dns.servfail",),
    "host port-closed": ("dns.resolver-not-running",),
}


def dns_answers(record: Record, text: str) -> Iterator[Guess]:
    """What a name server said, by its answer code."""
    for sign in record.signs:
        if sign.kind == "dns":
            node = sign.name == "srv port-closed" and record.driver == "node"
            causes = ("app.runtime-resolver", *_DNS[sign.name]) if node else _DNS.get(sign.name, ())
            for place, cause in enumerate(causes):
                yield Guess(weight=2400 - 10 * place, cause=cause, at=sign.at)


def name_server_answers(record: Record, text: str) -> Iterator[Guess]:
    """PyMongo lists what each name server answered; a truncated answer shows as an empty one."""
    if re.search(r"answered \[Errno (?:111|61|10061)\]|answered \[WinError 10061\]", text):
        cause = "dns.tcp-blocked" if "answered ;" in text else "dns.resolver-not-running"
        yield Guess(weight=2650, cause=cause)


def container_ids(record: Record, text: str) -> Iterator[Guess]:
    """Names that only exist inside of containers, where no driver's own view is printed."""
    for found in re.finditer(
        r"(?:ENOTFOUND|EAI_AGAIN|(?<![$\w])lookup|UnknownHostException:|Unknown host:?)\s?([0-9a-f]{12})\b", text
    ):
        yield Guess(weight=2650, cause="topology.internal-names", server=f"{found[1]}:27017")


def short_names(record: Record, text: str) -> Iterator[Guess]:
    """A name without a dot that could not be looked up."""
    found = _ASKED.search(text)
    if found:
        name = next(part for part in found.groups() if part)
        if not re.fullmatch(r"[0-9a-f]{12}", name) and name.lower() not in _NO_HOSTS:
            yield Guess(weight=2420, cause="dns.short-name", server=f"{name}:27017")
            yield Guess(weight=2100, cause="dns.host-not-found", certainty=Certainty.POSSIBLE)


def cluster_names(record: Record, text: str) -> Iterator[Guess]:
    """A name of a Kubernetes service that could not be looked up."""
    found = _IN_CLUSTER.search(text)
    unanswered = any(s.kind == "dns" and s.name in ("host servfail", "host silent") for s in record.signs)
    if found and not unanswered:
        name = found[1] or found[2]
        summary = (
            f"{name} exists only inside its Kubernetes cluster: the program runs outside of it, or that namespace has "
            "no such service, or no such pod that is ready."
        )
        fix = (
            "From outside, use kubectl port-forward with directConnection=true, or an external address of the service. "
            "From inside, compare the name with kubectl get service,pod in that namespace."
        )
        yield Guess(weight=2430, cause="dns.host-not-found", summary=summary, fix=fix, server=f"{name}:27017")


_SERVICE = r"(?<![\w.\-])([\w\-]{1,63}(?:\.[\w\-]{1,63}){0,20}\.svc(?:\.[\w\-]{1,63}){0,20})"
"""Only from the beginning of a name: a text of a single long word would be searched from each of its letters."""
_IN_CLUSTER = re.compile(
    rf"(?:ENOTFOUND|EAI_AGAIN|(?<![$\w])lookup|UnknownHostException:|Failed to resolve)[ ']*{_SERVICE}"
    rf"|{_SERVICE}:\d+: \[Errno (?:-2|-3|8)\]"
)
_NO_HOSTS = ("localhost", "undefined", "null", "none", "http", "https")
"""What stands where a host should, and is none."""
_ASKED = re.compile(
    r"(?:UnknownHostException: (?!Failed to resolve)|Unknown host:? |Failed to resolve '|bad address '|EAI_AGAIN "
    r"|ENOTFOUND )"
    r"([A-Za-z0-9][\w\-]*)(?![\w.\-/@]|:\d)"
    r"|(?<![$\w])lookup ([A-Za-z0-9][\w\-]*)(?=:| on )|getaddrinfo\(\\?\"([A-Za-z0-9][\w\-]*)\\?\"\)"
    r"|(?<![\w.\-])(?!localhost\b)([A-Za-z0-9][\w\-]*):\d+: \[Errno (?:-2|-3|8|1100[12])\]"
)
