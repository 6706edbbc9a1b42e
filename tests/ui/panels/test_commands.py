from __future__ import annotations

import pytest

from clearline.core.report import STAGES, Stage
from clearline.ui.panels.commands import commands_for, split_address


def lines(stage, address, **more):
    return [command.line for command in commands_for(stage, address, **more)]


def test_tcp_is_tried_with_the_tools_that_each_system_has():
    assert lines(Stage.TCP, "db1.example.com:27018") == [
        "nc -vz -w 5 db1.example.com 27018",
        "Test-NetConnection db1.example.com -Port 27018",
    ]


def test_an_srv_name_is_looked_up_too():
    assert "nslookup -type=SRV _mongodb._tcp.c.example.com" in lines(Stage.DNS, "db1:27017", srv_name="c.example.com")


def test_tls_names_the_server_unless_it_is_an_address():
    assert lines(Stage.TLS, "db1:27017") == ["openssl s_client -connect db1:27017 -servername db1 -showcerts"]
    assert lines(Stage.TLS, "10.0.0.5:27017") == ["openssl s_client -connect 10.0.0.5:27017 -showcerts"]
    assert lines(Stage.TLS, "[fe80::1]:27017") == ["openssl s_client -connect [fe80::1]:27017 -showcerts"]


def test_a_socket_path_is_listed():
    assert lines(Stage.TCP, "/tmp/mongodb-27017.sock") == ["ls -l /tmp/mongodb-27017.sock"]


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_fails_without_an_uri(stage):
    assert isinstance(commands_for(stage, "db1:27017"), list)


def test_addresses_are_split():
    assert split_address("[::1]:27018") == ("::1", "27018")
    assert split_address("db1") == ("db1", "27017")
