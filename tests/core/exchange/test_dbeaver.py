"""The connections of DBeaver to MongoDB, with the way that they go."""

from __future__ import annotations

import json
from typing import Any

from clearline.core.exchange.imported import Format, ImportedItem
from clearline.core.exchange.reading import read_text
from clearline.core.profiles.hop import Socks5Proxy, SshServer
from clearline.core.secrets.secret import PASSWORD, Secret, hop_password
from clearline.core.uri.connection_string import build


def entry(name: str = "Orders", **configuration: Any) -> dict[str, Any]:
    return {
        "provider": "mongodb",
        "driver": "mongo",
        "name": name,
        "folder": "Prod",
        "configuration": {"host": "db1.example.com", "port": "27018", "database": "shop", **configuration},
    }


def sources(*entries: dict[str, Any], **more: Any) -> str:
    return json.dumps({"folders": {}, "connections": {f"mongo-{n}": one for n, one in enumerate(entries)}, **more})


def imported(*entries: dict[str, Any], **more: Any) -> tuple[ImportedItem, ...]:
    read = read_text(sources(*entries, **more))
    assert read.format is Format.DBEAVER
    return read.items


def tunnel(**properties: Any) -> dict[str, Any]:
    return {"ssh_tunnel": {"type": "TUNNEL", "enabled": True, "properties": {"host": "bastion", **properties}}}


def test_a_connection_of_fields() -> None:
    [item] = imported(entry(user="app"))
    assert item.profile is not None
    assert build(item.profile) == "mongodb://app@db1.example.com:27018/shop"
    assert (item.name, item.folder, item.has_identity, item.problem) == ("Orders", "Prod", True, "")
    assert item.profile.hops == ()
    assert any("encrypts its passwords" in remark for remark in item.remarks)


def test_a_connection_string_that_was_typed() -> None:
    [item] = imported(
        entry(url="jdbc:mongodb+srv://c0.ab12c.mongodb.net/shop?w=majority", user="app", password="s3cr3t")
    )
    assert item.profile is not None
    assert build(item.profile) == "mongodb+srv://app@c0.ab12c.mongodb.net/shop?w=majority"
    assert item.secrets == {PASSWORD: Secret("s3cr3t")}
    assert item.remarks == ()


def test_other_databases_are_passed_over() -> None:
    postgres = {"provider": "postgresql", "driver": "postgres-jdbc", "configuration": {"host": "pg"}}
    read = read_text(sources(entry(), postgres, {"provider": "mysql", "configuration": {"url": "jdbc:mysql://mongo/"}}))
    assert (len(read.items), read.passed_over) == (1, 2)


def test_an_ssh_tunnel_is_a_hop() -> None:
    key = tunnel(port=2222, authType="PUBLIC_KEY", keyPath="/home/me/.ssh/id", userName="deploy")
    agent, password = tunnel(authType="AGENT"), tunnel(authType="PASSWORD", user="me", password="gate")
    with_key, with_agent, with_password, off = imported(
        entry(handlers=key),
        entry(handlers=agent),
        entry(handlers=password),
        entry(handlers={"ssh_tunnel": {"enabled": False, "properties": {"host": "bastion"}}}),
    )
    hop = SshServer(host="bastion", port=2222, user="deploy", login=("key", "interactive"), key_file="/home/me/.ssh/id")
    assert with_key.profile is not None
    assert with_key.profile.hops == (hop,)
    assert with_agent.profile is not None
    assert with_agent.profile.hops == (SshServer(host="bastion", login=("agent", "interactive")),)
    assert with_password.secrets == {hop_password(0): Secret("gate")}
    assert off.profile is not None
    assert off.profile.hops == ()


def test_a_proxy_and_jumps_come_before_the_server() -> None:
    handlers = {
        **tunnel(
            authType="PASSWORD",
            password="inner",
            **{"jumpServer0.enabled": True, "jumpServer0.host": "outer", "jumpServer0.port": 2022},
            **{"jumpServer0.name": "walker", "jumpServer0.authType": "AGENT"},
            **{"jumpServer1.enabled": False, "jumpServer1.host": "unused"},
        ),
        "socks_proxy": {"enabled": True, "user": "me", "properties": {"socks-host": "gate", "socks-port": 1081}},
    }
    [item] = imported(entry(handlers=handlers))
    assert item.profile is not None
    assert item.profile.hops == (
        Socks5Proxy(host="gate", port=1081, user="me"),
        SshServer(host="outer", port=2022, user="walker", login=("agent", "interactive")),
        SshServer(host="bastion", login=("password", "interactive")),
    )
    assert item.secrets == {hop_password(2): Secret("inner")}


def test_the_way_of_a_network_profile_counts() -> None:
    [item] = imported(
        entry(**{"config-profile": "office"}),
        **{"network-profiles": {"office": {"handlers": tunnel(authType="AGENT")}}},
    )
    assert item.profile is not None
    assert [hop.host for hop in item.profile.hops] == ["bastion"]


def test_a_key_in_a_folder_of_its_own_is_not_taken_for_a_variable() -> None:
    [item] = imported(entry(handlers=tunnel(authType="PUBLIC_KEY", keyPath="${project.path}/id")))
    assert item.profile is not None
    assert item.profile.hops == (SshServer(host="bastion", login=("key", "interactive")),)
    assert any("choose its file again" in remark for remark in item.remarks)


def test_nonsense_in_it_is_one_bad_item_at_most() -> None:
    odd: list[Any] = [
        entry(host=7, port=[]),
        {"provider": "mongodb", "configuration": None},
        entry(handlers={"ssh_tunnel": {"enabled": True, "properties": "none"}}),
        entry(handlers=tunnel(port="99999999999", authType=5)),
    ]
    items = imported(*odd)
    assert [bool(item.problem) for item in items] == [True, True, False, False]
    assert items[3].profile is not None
    assert items[3].profile.hops[0].port == 22
