from __future__ import annotations

import shlex

import pytest

from clearline.core.findings import STAGES, Certainty, Finding, Remedy, Severity, Stage
from clearline.core.report.network_note import commands_for, concerns_network, network_note
from clearline.core.report.report import Cell, Report, ServerResult, Status, Target
from lab import hand_made_reports

REFUSED = Finding(
    cause="tcp.refused",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.TCP,
    server="db1.example.com:27018",
    summary="db1.example.com refuses connections on port 27018.",
    remedies=(Remedy(text="Open port 27018 on db1.example.com."),),
)


def report(*findings: Finding, uri: str = "mongodb://app:***@db1.example.com:27018/", servers: int = 1) -> Report:
    cells = {
        "dns": Cell(status=Status.PASSED, evidence={"addresses": ["192.0.2.7"]}),
        "tcp": Cell(status=Status.FAILED, note="refused"),
    }
    return hand_made_reports.report(
        started="2026-01-01T00:00:00.000Z",
        target=Target(profile="", uri=uri),
        findings=findings,
        servers=(ServerResult(address="db1.example.com:27018", seed=True, advertised=False, cells=cells),)[:servers],
    )


def lines(stage: Stage, address: str, **more: str) -> list[str]:
    return [command.line for command in commands_for(stage, address, **more)]


def test_tcp_is_tried_with_the_tools_that_each_system_has() -> None:
    assert lines(Stage.TCP, "db1.example.com:27018") == [
        "nc -vz -w 5 db1.example.com 27018",
        "Test-NetConnection db1.example.com -Port 27018",
    ]


def test_an_srv_name_is_looked_up_too() -> None:
    assert "nslookup -type=SRV _mongodb._tcp.c.example.com" in lines(Stage.DNS, "db1:27017", srv_name="c.example.com")


@pytest.mark.parametrize(
    ("address", "command"),
    [
        ("db1:27017", "openssl s_client -connect db1:27017 -servername db1 -showcerts"),
        ("10.0.0.5:27017", "openssl s_client -connect 10.0.0.5:27017 -showcerts"),
        ("[fe80::1]:27017", "openssl s_client -connect [fe80::1]:27017 -showcerts"),
    ],
)
def test_tls_names_the_server_unless_it_is_an_address(address: str, command: str) -> None:
    assert lines(Stage.TLS, address) == [command, f"curl.exe -v https://{address}"]


def test_a_socket_path_is_listed() -> None:
    assert lines(Stage.TCP, "/tmp/mongodb-27017.sock") == ["ls -l -- /tmp/mongodb-27017.sock"]


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_fails_without_an_uri(stage: Stage) -> None:
    assert isinstance(commands_for(stage, "db1:27017"), list)


def test_only_names_ports_and_certificates_concern_the_network_team() -> None:
    assert concerns_network(REFUSED)
    assert not concerns_network(Finding(**{**vars_of(REFUSED), "stage": Stage.AUTH}))


@pytest.mark.parametrize("server", ["127.0.0.1:27017", "localhost:27017", "[::1]:27017", "/tmp/mongodb-27017.sock"])
def test_what_goes_on_inside_this_computer_does_not_concern_the_network_team(server: str) -> None:
    assert not concerns_network(Finding(**{**vars_of(REFUSED), "server": server}))


def test_the_note_holds_what_fails_where_it_leads_and_how_to_see_it() -> None:
    note = network_note(report(REFUSED), REFUSED)
    assert note.startswith("Connections from this computer to MongoDB fail: db1.example.com refuses connections")
    assert "db1.example.com:27018  (192.0.2.7; TCP refused)" in note
    assert "nc -vz -w 5 db1.example.com 27018" in note
    assert "Test-NetConnection db1.example.com -Port 27018" in note
    assert note.endswith("What is asked for: Open port 27018 on db1.example.com.\n")


def test_a_warning_is_not_told_as_a_failure() -> None:
    slow = Finding(**{**vars_of(REFUSED), "severity": Severity.WARNING})
    assert network_note(report(slow), slow).startswith("There is trouble with connections from this computer")


def test_without_any_server_the_srv_name_is_what_is_looked_up() -> None:
    missing = Finding(**{**vars_of(REFUSED), "stage": Stage.DNS, "server": None})
    note = network_note(report(missing, uri="mongodb+srv://app:***@c.example.com/db?w=1", servers=0), missing)
    assert "nslookup -type=SRV _mongodb._tcp.c.example.com" in note
    assert "nslookup c.example.com" in note


def vars_of(finding: Finding) -> dict[str, object]:
    return {name: getattr(finding, name) for name in finding.__struct_fields__}


_ODD_HOSTS = (
    "x;touch /tmp/p #",
    "$(touch /tmp/p)",
    "`id`",
    "a b",
    "a'b",
    'a"b',
    "a|b",
    "a&b",
    "-oProxyCommand=x",
    "a\nb",
    "a\u202eb",
    "%USERNAME%",
    "fe80::1%$(id)",
    "",
)


@pytest.mark.parametrize("host", _ODD_HOSTS)
@pytest.mark.parametrize("stage", [Stage.DNS, Stage.TCP, Stage.TLS, Stage.HELLO])
def test_a_name_that_a_shell_would_obey_gets_no_command(stage: Stage, host: str) -> None:
    assert commands_for(stage, f"{host}:27017", srv_name=None) == []


@pytest.mark.parametrize("host", ["db1.example.com", "10.0.0.5", "my_host-2"])
def test_a_well_formed_name_does(host: str) -> None:
    for stage in (Stage.DNS, Stage.TCP, Stage.TLS, Stage.HELLO):
        assert commands_for(stage, f"{host}:27017")


def test_an_odd_srv_name_gets_no_command_of_its_own() -> None:
    found = commands_for(Stage.DNS, "db1:27017", srv_name="x;touch /tmp/p")
    assert not any("touch" in command.line for command in found)


@pytest.mark.parametrize("host", [host for host in _ODD_HOSTS if host.isprintable()])
def test_an_address_is_one_word_of_its_shell(host: str) -> None:
    uri = f"mongodb://app:***@{host}:1/?appName={host}"
    lines = {command.system: command.line for command in commands_for(Stage.AUTH, "db1:1", redacted_uri=uri)}
    posix = lines.get("Linux, macOS") or lines["any system"]
    assert shlex.split(posix) == ["mongosh", uri]
    if "PowerShell" in lines:
        word = lines["PowerShell"].removeprefix("mongosh ")
        assert word[0] == word[-1] == "'"
        assert word[1:-1].replace("''", "") == uri.replace("'", "")
    else:
        assert not set(uri) & set("$`%!'\"")


def test_a_socket_path_is_one_word_too() -> None:
    [command] = commands_for(Stage.TCP, "/tmp/x; touch p.sock")
    assert shlex.split(command.line) == ["ls", "-l", "--", "/tmp/x; touch p.sock"]


def test_a_cell_from_elsewhere_may_hold_anything() -> None:
    cell = Cell(status=Status.PASSED, evidence={"addresses": 5})
    server = ServerResult(address="a:1", seed=True, advertised=False, cells={"dns": cell, "tls": cell})
    assert server.addresses == ()
    assert server.certificate_serial == ""
