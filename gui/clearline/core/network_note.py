"""A short message for the people who run the network: what fails, where, and how to see it without Clearline."""

from __future__ import annotations

from dataclasses import dataclass

from clearline.core.ledger import split_address
from clearline.core.probes.lookup import is_ip_address
from clearline.core.report import Finding, Report, Severity, Stage

NETWORK_STAGES = (Stage.DNS, Stage.TCP, Stage.TLS)
"""Stages whose failures a network team can mend."""


@dataclass(frozen=True)
class Command:
    """One line for a terminal; ``system`` says for which."""

    system: str
    line: str


def commands_for(stage: Stage, address: str, *, srv_name: str | None = None, redacted_uri: str = "") -> list[Command]:
    """What to type to see the same at one stage of one server (``host:port`` or a socket path). No secrets."""
    host, port = split_address(address)
    if port is None:
        return [Command("Linux, macOS", f"ls -l {address}")]
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
            return [Command("any system", f'mongosh "{redacted_uri}"')] if redacted_uri else []


def concerns_network(finding: Finding) -> bool:
    """Whether a network team is the right reader."""
    return finding.stage in NETWORK_STAGES


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
        name = server.cells.get(Stage.DNS.value)
        addresses = ", ".join((name.evidence.get("addresses") if name else None) or ["no address"])
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
    return "\n".join(lines) + "\n"


def _srv_name(report: Report) -> str | None:
    """The SRV name of the target; None for a host list."""
    scheme, _, rest = report.target.uri.partition("://")
    if scheme != "mongodb+srv":
        return None
    return rest.rpartition("@")[2].partition("/")[0].partition("?")[0]
