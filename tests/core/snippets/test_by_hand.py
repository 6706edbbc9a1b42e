"""Another program can go the same way: the commands name every hop and every server."""

from __future__ import annotations

import shlex
from typing import Any

from clearline.core.profiles.hop import HttpProxy, KubernetesForward, Socks5Proxy, SshServer
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


def test_a_socks_proxy_has_settings_of_other_programs() -> None:
    [snippet] = by_hand(Socks5Proxy(host="gate", user="me"))
    assert "proxyHost=gate&proxyPort=1080&proxyUsername=me" in snippet.text
    assert "export ALL_PROXY=socks5://gate:1080" in snippet.text
    [machine] = [line for line in snippet.text.splitlines() if line.startswith("export JAVA_TOOL_OPTIONS")]
    assert shlex.split(machine)[1].partition("=")[2].split() == [
        "-DsocksProxyHost=gate",
        "-DsocksProxyPort=1080",
        "-Djava.net.socks.username=me",
    ]


def test_an_http_proxy_is_asked_by_another_program() -> None:
    [snippet] = by_hand(HttpProxy(host="proxy", port=8080))
    assert "export HTTPS_PROXY=http://proxy:8080" in snippet.text
    ways = [shlex.split(line) for line in snippet.text.splitlines() if line.startswith("socat")]
    assert [words[1].partition(",")[0] for words in ways] == [f"TCP-LISTEN:{27017 + n}" for n in range(3)]
    assert ways[0][2] == "PROXY:proxy:db1:27017,proxyport=8080"


def test_pods_are_forwarded_one_by_one() -> None:
    hop = KubernetesForward(context="my cluster", namespace="db", pods={"db2": "other-0"})
    hosts = ("mongo-0.mongo.prod.svc.cluster.local:27017", "db2", "db.example.com:27018")
    found = snippets(Profile(hops=(hop,), seeds=Seeds(hosts=hosts)))
    [snippet] = [one for one in found if one.key == "way"]
    start = ["kubectl", "--context", "my cluster", "--namespace"]
    assert [shlex.split(line) for line in snippet.text.splitlines()] == [
        [*start, "prod", "port-forward", "pod/mongo-0", "27017:27017"],
        [*start, "db", "port-forward", "pod/other-0", "27018:27017"],
        [*start, "db", "port-forward", "pod/POD", "27019:27018"],
    ]
