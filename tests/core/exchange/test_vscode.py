"""Preset connections in the settings of VS Code, comments and all."""

from __future__ import annotations

from clearline.core.exchange.imported import Format
from clearline.core.exchange.reading import read_text
from clearline.core.profiles.hop import Socks5Proxy
from clearline.core.secrets.secret import PASSWORD, Secret

SETTINGS = """\ufeff// Place your settings here\r
{\r
    "editor.rulers": [120,],  // "quoted" in a comment\r
    /* "mdb.presetConnections": [] */\r
    "some.pattern": "https://example.com/*.js", \r
    "mdb.presetConnections": [\r
        {"name": "Orders, dev", "connectionString": "mongodb://app:a+b@db1:27017/?replicaSet=rs0"},\r
        {"name": "Broken"},\r
        {"name": "Proxied", "connectionString": "mongodb://db2/?proxyHost=10.0.0.1"}, // last\r
    ],\r
}\r
"""


def test_comments_trailing_commas_and_windows_line_ends_are_no_obstacle() -> None:
    read = read_text(SETTINGS)
    assert read.format is Format.VSCODE
    assert [item.name for item in read.items] == ["Orders, dev", "Broken", "Proxied"]
    assert read.items[0].profile.seeds.replica_set == "rs0"
    assert read.items[0].secrets == {PASSWORD: Secret("a+b")}
    assert read.items[1].problem == "There is no connection string."
    assert read.items[2].profile.hops == (Socks5Proxy(host="10.0.0.1"),)
    assert read.items[2].kept_foreign == ()


def test_workspaces_and_dev_containers_are_read_too() -> None:
    nested = (
        '{"customizations": {"vscode": {"settings": {"mdb.presetConnections": [{"connectionString": "mongodb://a"}]}}}}'
    )
    [item] = read_text(nested).items
    assert item.profile.seeds.hosts == ("a",)
