"""Another program can go the same way: the commands name every hop and every server."""

from __future__ import annotations

import shlex
from typing import Any

from clearline.core.profiles.hop import HttpProxy, Socks5Proxy, SshServer
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.snippets import snippets

HOSTS = ("db1:27017", "db2", "[fd00::1]:27019")


def by_hand(*hops: Any, srv: bool = False) -> list[Any]:
    found = snippets(Profile(hops=hops, seeds=Seeds(hosts=HOSTS[: 1 if srv else 3], srv=srv)))
    return [one for one in found if one.key == "way"]


def test_a_direct_profile_needs_none() -> None:
    assert by_hand() == []


def test_jumps_and_every_member_are_forwarded() -> None:
    inner = SshServer(host="inner", port=2222, key_file="/keys/my id")
    [snippet] = by_hand(SshServer(host="first", user="me"), inner)
    words = shlex.split(snippet.text)
    assert words[:8] == ["ssh", "-N", "-i", "/keys/my id", "-p", "2222", "-J", "me@first"]
    assert [words[n + 1] for n, word in enumerate(words) if word == "-L"] == [
        "27017:db1:27017",
        "27018:db2:27017",
        "27019:[fd00::1]:27019",
    ]
    assert words[-1] == "inner"
    [snippet] = by_hand(SshServer(host="first"), srv=True)
    assert "-D 1080" in snippet.text


def test_what_a_host_says_is_quoted() -> None:
    [snippet] = by_hand(SshServer(host="a; rm -rf /"))
    assert "a; rm -rf /" in shlex.split(snippet.text)


def test_proxies_have_settings_of_other_drivers() -> None:
    [snippet] = by_hand(Socks5Proxy(host="gate", user="me"))
    assert "proxyHost=gate&proxyPort=1080&proxyUsername=me" in snippet.text
    [snippet] = by_hand(HttpProxy(host="proxy", port=8080))
    assert "-Dhttps.proxyHost=proxy -Dhttps.proxyPort=8080" in snippet.text
