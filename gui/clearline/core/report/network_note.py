"""A short message for the people who run the network: what fails, where, and how to see it without Clearline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from clearline.core.addresses import is_host_name, is_ip_address, is_loopback, split_address
from clearline.core.findings import Finding, Severity, Stage
from clearline.core.report.report import Report
from clearline.core.text import shell_words
from clearline.core.text.plain_text import visible

NETWORK_STAGES = (Stage.DNS, Stage.TCP, Stage.TLS)
"""Stages whose failures a network team can mend."""

_ZONE: Final = re.compile(r"[A-Za-z0-9_.-]*")
_SAFE_IN_QUOTES: Final = re.compile(r"[A-Za-z0-9_.,:;/?&=@*+~\[\]-]*")
"""Characters that mean themselves between double quotes in every shell, cmd.exe included."""


@dataclass(frozen=True)
class Command:
    """One line for a terminal; ``system`` says for which."""

    system: str
    line: str


def commands_for(stage: Stage, address: str, *, srv_name: str | None = None, redacted_uri: str = "") -> list[Command]:
    """What to type to see the same at one stage of one server (``host:port`` or a socket path). No secrets.

    Servers name each other, and may choose names that a shell would obey: a name that is none gets no command, and
    every other text is quoted for its shell.
    """
    host, port = split_address(address)
    if port is None:
        return [Command("Linux, macOS", f"ls -l -- {shell_words.posix(address)}")] if _printable(address) else []
    if stage in _OF_HOSTS and not _well_formed(host):
        return []
    srv_name = srv_name if srv_name and is_host_name(srv_name) else None
    match stage:
        case Stage.DNS:
            found = [Command("any system", f"nslookup {host}"), Command("PowerShell", f"Resolve-DnsName {host}")]
            if srv_name:
                service = f"_mongodb._tcp.{srv_name}"
                found += [
                    Command("any system", f"nslookup -type=SRV {service}"),
                    Command("PowerShell", f"Resolve-DnsName -Type SRV {service}"),
                ]
            return found
        case Stage.TCP:
            return [
                Command("Linux, macOS", f"nc -vz -w 5 {host} {port}"),
                Command("PowerShell", f"Test-NetConnection {host} -Port {port}"),
            ]
        case Stage.TLS:
            target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            name = "" if is_ip_address(host) else f" -servername {host}"
            return [
                Command("Linux, macOS", f"openssl s_client -connect {target}{name} -showcerts"),
                Command("PowerShell", f"curl.exe -v https://{target}"),
            ]
        case Stage.HELLO:
            hello = """--quiet --eval "db.hello()\""""
            return [Command("any system", f'mongosh "mongodb://{address}/?directConnection=true" {hello}')]
        case _:
            return _mongosh(redacted_uri) if redacted_uri and _printable(redacted_uri) else []


_OF_HOSTS: Final = frozenset({Stage.DNS, Stage.TCP, Stage.TLS, Stage.HELLO})


def _well_formed(host: str) -> bool:
    bare, _, zone = host.partition("%")
    return is_host_name(host) or (is_ip_address(bare) and bool(_ZONE.fullmatch(zone)))


def _printable(text: str) -> bool:
    return text.isprintable()


def _mongosh(uri: str) -> list[Command]:
    if _SAFE_IN_QUOTES.fullmatch(uri):
        return [Command("any system", f'mongosh "{uri}"')]
    return [
        Command("Linux, macOS", f"mongosh {shell_words.posix(uri)}"),
        Command("PowerShell", f"mongosh {shell_words.powershell(uri)}"),
    ]


def concerns_network(finding: Finding) -> bool:
    """Whether a network team is the right reader: of what goes on inside this computer it is not."""
    here = finding.server is not None and is_loopback(finding.server)
    return finding.stage in NETWORK_STAGES and not here


def network_note(report: Report, finding: Finding) -> str:
    """The message about one finding of DNS, TCP or TLS; redacted, as the report is."""
    fails = finding.severity is Severity.FAILURE
    lines = [
        f"{'Connections' if fails else 'There is trouble with connections'} from this computer to MongoDB"
        f"{' fail' if fails else ''}: {finding.summary}",
        f"({finding.certainty.value}; measured {report.started})",
        "",
        "Hosts and ports that must be reachable:",
    ]
    for server in report.servers:
        addresses = ", ".join(server.addresses or ("no address",))
        tcp = server.cells.get(Stage.TCP.value)
        state = f"; TCP {tcp.note or tcp.status.value}" if tcp else ""
        lines.append(f"  {server.address}  ({addresses}{state})")
    if not report.servers:
        lines.append(f"  {report.target.uri}")
    srv = _srv_name(report)
    address = finding.server or (report.servers[0].address if report.servers else srv)
    if address is not None:
        commands = commands_for(finding.stage, address, srv_name=srv)
        lines += ["", "To see it without Clearline:", *(f"  {command.system}: {command.line}" for command in commands)]
    lines += ["", f"What is asked for: {finding.remedies[0].text}"] if finding.remedies else []
    return "\n".join(visible(" ".join(line.splitlines())) for line in lines) + "\n"


def _srv_name(report: Report) -> str | None:
    """The SRV name of the target; None for a host list."""
    scheme, _, rest = report.target.uri.partition("://")
    if scheme != "mongodb+srv":
        return None
    return rest.rpartition("@")[2].partition("/")[0].partition("?")[0]
