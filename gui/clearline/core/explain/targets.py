"""Which servers of a text may be offered for a check: never a client, a name server, a placeholder or a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearline.core.explain.as_facts import is_address, with_port
from clearline.core.explain.explanation import Candidate, Explanation
from clearline.core.explain.normalise import Text
from clearline.core.explain.record import Record

_BARE_IPV6 = r"(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}|(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}"
"""Node puts a port behind an address without brackets."""
_ADDRESS = (
    rf"(?:\[[0-9a-f:.%]+\]|::1|{_BARE_IPV6}|[a-z0-9_][a-z0-9_.\-]*[a-z0-9]|[a-z0-9])"
    r":\d{4,5}(?!\w|->|[^\s@,'\"]{0,80}@)"
)
HOST = re.compile(rf"(?<![\w.@/\-])(?<!\.(?:go|js|ts|py|rb|rs|cs|cc):)(?<!\.java:){_ADDRESS}", re.IGNORECASE)
"""A host with its port, as it stands in running text; neither a line of code, nor this side of a connection (Go), nor
a user with a password of digits."""
_PLACEHOLDER = re.compile(
    r"^(?:x+(?:\.x+)*|(?:.*[^a-z0-9])?x{3,}(?:[^a-z0-9].*)?|hosts?\w*|my-?host\w*|your.*|redacted|.*\.\.\..*|.*[<>*].*|undefined|null|none|nan"
    r"|\$.*|\{.*|server(?:name|address)?|hostname|line|node|app|index|main|ip|address)$",
    re.IGNORECASE,
)
_FILES = re.compile(r"\.(?:js|ts|mjs|cjs|py|rb|go|java|kt|php|cs|rs|c|cpp|jsx|tsx|cr)$|^[^.]*\.cc$", re.IGNORECASE)
_MOST = 8


def targets(record: Record, causes: tuple[Candidate, ...], text: Text) -> tuple[str, ...]:
    """Connection strings to check, the likeliest first: the address in the text, the failing servers, the others."""
    clients = {entry.remote for entry in record.log}
    found: dict[str, None] = {}
    for address in record.addresses:
        if address.hosts and "appname" not in address.options and all(usable(h) for h in address.hosts):
            if address.srv:
                found[f"mongodb+srv://{address.hosts[0]}/"] = None
            elif len(address.hosts) == 1:
                found[_direct(with_port(address.hosts[0]))] = None
    in_log = bool(record.log) or record.driver == "server-log"  # there most addresses are clients
    servers = [] if in_log else [c.server for c in causes if c.server]
    for server in dict.fromkeys([*servers, *(() if in_log else _seen(record))]):
        if server in clients or server.endswith(":53") or not usable(server):
            continue
        if HOST.fullmatch(server):
            found[_direct(server)] = None
    return tuple(found)[:_MOST]


def as_checked(explanation: Explanation) -> tuple[str, ...]:
    """The targets as a check takes them: with TLS where the program spoke it, for the text alone names no option."""
    spoken = any(c.cause.startswith("tls.") and c.cause != "tls.required" for c in explanation.causes)
    return tuple(
        f"{target}&tls=true" if target.startswith("mongodb://") and (spoken or ".mongodb.net:" in target) else target
        for target in explanation.targets
    )


def together(targets: tuple[str, ...]) -> str | None:
    """One connection string for all servers, so that one check asks each; None where there are not several."""
    servers = [target for target in targets if target.startswith("mongodb://")]
    if len(servers) < 2:
        return None
    hosts = ",".join(server.partition("://")[2].partition("/")[0] for server in servers)
    return f"mongodb://{hosts}/" + ("?tls=true" if all("tls=true" in server for server in servers) else "")


def _seen(record: Record) -> Iterator[str]:
    for server in record.servers:
        if not server.host.endswith(".sock"):
            yield server.address


def usable(server: str) -> bool:
    """Whether that may be a server's address: no gap, no line of a source file, no number alone."""
    host = server.rpartition(":")[0] if re.search(r":\w*$", server) else server
    if host.replace(".", "").isdigit() and not is_address(host):
        return False  # a time, a version
    if host.count("[") != host.count("]") or not host.strip("[]0.:"):
        return False  # cut off; or what a server listens on, all zeros
    return bool(host) and not _PLACEHOLDER.match(host) and not _FILES.search(host) and "@" not in server


def _direct(server: str) -> str:
    host, _, port = server.rpartition(":")
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"mongodb://{host}:{port}/?directConnection=true"
