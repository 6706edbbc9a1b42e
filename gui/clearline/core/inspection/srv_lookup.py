"""What an SRV name stands for: asked of name servers now, or read from what a colleague's ``nslookup`` printed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import unquote_plus

import msgspec

from clearline.core.addresses import port_number
from clearline.core.facts.names import DnsOutcome, Question, seeds_from, srv_target_allowed
from clearline.core.uri.srv_forms import TxtOptions

DEADLINE_S: Final = 3.0
"""Longer than a check waits: who looks up by hand wants the answer of a slow name server too."""
LONGEST_PASTE: Final = 100_000
"""Characters of a pasted answer that are looked at."""

_NAME = r"(?:[\w\-]+\.)+[\w\-]+"
_FULL: Final = re.compile(rf"\bSRV\s+(?:record\s+)?\d+\s+\d+\s+(\d+)\s+({_NAME})")  # dig, host
_UNIX: Final = re.compile(rf"service\s*=\s*\d+\s+\d+\s+(\d+)\s+({_NAME})")  # nslookup on Linux and macOS
_SHORT: Final = re.compile(rf"^\s*\d+\s+\d+\s+(\d+)\s+({_NAME})\.?\s*$", re.M)  # dig +short
_POWERSHELL: Final = re.compile(
    rf"\bSRV\s+(?:record\s+)?\d+\s+\w+\s+({_NAME})\s+\d+\s+\d+\s+(\d+)\b"
)  # Resolve-DnsName as a table: type, TTL, section, target, priority, weight, port
_WINDOWS_PORT: Final = re.compile(r"^\s*port\s*=\s*(\d+)", re.M | re.I)
_WINDOWS_HOST: Final = re.compile(rf"^\s*(?:svr|srv) hostname\s*=\s*({_NAME})", re.M | re.I)
_LIST_PORT: Final = re.compile(r"^\s*Port\s*:\s*(\d+)", re.M)  # Resolve-DnsName | Format-List
_LIST_HOST: Final = re.compile(rf"^\s*NameTarget\s*:\s*({_NAME})", re.M)
_OWNER: Final = re.compile(rf"_([\w\-]+)\._tcp\.({_NAME})")
_TXT: Final = re.compile(r"(?:authSource|replicaSet|loadBalanced)=[^\s\"'{}]+")


class SrvAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one SRV name.

    ``hosts`` are the targets that PyMongo would accept, ``host:port``, sorted; ``outside`` those that it refuses,
    because they lie in another domain. ``txt`` is the TXT record as written. ``questions`` is who was asked what, empty
    for a pasted answer.
    """

    name: str | None
    service: str | None = None
    hosts: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    txt: str = ""
    txt_records: int = 0
    """More than one is an error for every driver; then ``txt`` is the first and does not count."""
    questions: tuple[Question, ...] = ()

    @property
    def options(self) -> TxtOptions:
        """What the TXT record says, as far as it counts."""
        if self.txt_records > 1:
            return TxtOptions()
        pairs = (part.partition("=") for part in self.txt.split("&"))
        said = {name.lower(): unquote_plus(value) for name, _, value in pairs if value}
        balanced = said.get("loadbalanced")
        return TxtOptions(
            auth_source=said.get("authsource"),
            replica_set=said.get("replicaset"),
            load_balanced=None if balanced is None else balanced == "true",
        )

    @property
    def answered_by(self) -> str | None:
        """The name server whose SRV answer this is."""
        return next((q.nameserver for q in self.questions if q.type == "SRV" and q.records), None)


async def look_up_srv(
    name: str,
    service: str | None = None,
    *,
    suffix: str | None = None,
    server: tuple[str, int] | None = None,
    deadline_s: float = DEADLINE_S,
) -> SrvAnswer:
    """Ask for the SRV and TXT records of a name: ``server``, or else every name server of this computer.

    The first one with an SRV record counts. Never raises: who did not answer is among the questions.
    """
    from clearline.core.daemon_threads import run_in_daemon
    from clearline.core.probes import dns

    await run_in_daemon(dns.preload)
    servers = (server,) if server is not None else (await run_in_daemon(dns.nameservers))[: dns.MAX_SERVERS]
    name = name.strip().rstrip(".")
    asked: list[Question] = []

    async def ask_one(server: tuple[str, int], question: tuple[str, str, str]) -> None:
        target, kind, purpose = question
        answer = await dns.ask(target, kind, nameserver=server, purpose=purpose, deadline_s=deadline_s, late_s=0.0)
        if answer.truncated or answer.outcome in (DnsOutcome.SILENT, DnsOutcome.PORT_CLOSED):
            asked.append(answer)
            answer = await dns.ask(
                target, kind, nameserver=server, purpose=purpose, deadline_s=deadline_s, late_s=0.0, transport="tcp"
            )
        asked.append(answer)

    async with asyncio.TaskGroup() as group:
        for one in servers:
            group.create_task(ask_one(one, (f"_{service or 'mongodb'}._tcp.{name}", "SRV", "srv")))
            group.create_task(ask_one(one, (name, "TXT", "txt")))
    order = {dns.label(one): place for place, one in enumerate(servers)}
    asked.sort(key=lambda q: (order.get(q.nameserver, 0), q.type))
    return _answer(name, service, seeds_from(asked), _txt(asked), suffix, tuple(asked))


def read_pasted(text: str, *, name: str | None = None, suffix: str | None = None) -> SrvAnswer:
    """The records in what ``nslookup``, ``dig``, ``host`` or ``Resolve-DnsName`` printed, on any system.

    ``name`` is the SRV name where it is known; else it is taken from the text. Never raises; without any record
    ``hosts`` and ``outside`` are empty.
    """
    text = text[:LONGEST_PASTE]
    pairs = [(target, port_number(port) or 0) for port, target in (*_UNIX.findall(text), *_FULL.findall(text))]
    pairs += [(target, port_number(port) or 0) for target, port in _POWERSHELL.findall(text)]
    pairs += [(target, port_number(port) or 0) for port, target in _SHORT.findall(text)]
    for ports, targets in ((_WINDOWS_PORT, _WINDOWS_HOST), (_LIST_PORT, _LIST_HOST)):
        pairs += [
            (target, port_number(port) or 0)
            for port, target in zip(ports.findall(text), targets.findall(text), strict=False)  # cut off at the end
        ]
    owner = _OWNER.search(text)
    service = owner[1] if owner and owner[1] != "mongodb" else None
    found = _TXT.findall(text.replace('" "', ""))  # a long TXT record is printed in pieces
    txt = ("&".join(dict.fromkeys(part for piece in found for part in piece.split("&"))),) if found else ()
    seeds = tuple(sorted({(target, port) for target, port in pairs if 0 < port < 65536}))
    return _answer(name or (owner[2] if owner else None), service, seeds, txt, suffix, ())


def _answer(
    name: str | None,
    service: str | None,
    seeds: Sequence[tuple[str, int]],
    txt: Sequence[str],
    suffix: str | None,
    questions: tuple[Question, ...],
) -> SrvAnswer:
    within: list[str] = []
    outside: list[str] = []
    for target, port in seeds:
        allowed = name is None or srv_target_allowed(name, target, suffix)
        (within if allowed else outside).append(f"{target.lower().rstrip('.')}:{port}")
    return SrvAnswer(
        name=name,
        service=service,
        hosts=tuple(within),
        outside=tuple(outside),
        txt=txt[0] if txt else "",
        txt_records=len(txt),
        questions=questions,
    )


def _txt(questions: Iterable[Question]) -> tuple[str, ...]:
    return next((q.records for q in questions if q.type == "TXT" and q.records), ())
