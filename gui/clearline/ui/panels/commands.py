"""Ready commands that show a fault without Clearline, for the person who must mend it. No secrets."""

from __future__ import annotations

from dataclasses import dataclass

from clearline.core.report import Stage


@dataclass(frozen=True)
class Command:
    """One line for a terminal; ``system`` says for which."""

    system: str
    line: str


def commands_for(stage: Stage, address: str, *, srv_name: str | None = None, redacted_uri: str = "") -> list[Command]:
    """What to type to see the same at one stage of one server (``host:port`` or a socket path)."""
    if address.endswith(".sock"):
        return [Command("Linux, macOS", f"ls -l {address}")]
    host, port = split_address(address)
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
            name = "" if _is_address(host) else f" -servername {host}"
            return [Command("any system", f"openssl s_client -connect {target}{name} -showcerts")]
        case Stage.HELLO:
            ping = """--quiet --eval "db.hello()\""""
            return [Command("any system", f'mongosh "mongodb://{address}/?directConnection=true" {ping}')]
        case _:
            return [Command("any system", f'mongosh "{redacted_uri}"')] if redacted_uri else []


def split_address(address: str) -> tuple[str, str]:
    """Host without brackets, and port."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        host, port = address, "27017"
    return host.strip("[]"), port


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
