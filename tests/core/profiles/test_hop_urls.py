"""A hop in one line."""

from __future__ import annotations

import pytest

from clearline.core.profiles.hop import Hop, HttpProxy, Socks5Proxy
from clearline.core.profiles.hop_urls import hop_of, url_of
from clearline.core.secrets.secret import Secret


@pytest.mark.parametrize(
    ("text", "hop", "password"),
    [
        ("socks5://gate.example.com", Socks5Proxy(host="gate.example.com"), None),
        ("socks5h://gate:1081", Socks5Proxy(host="gate", port=1081), None),
        ("socks5://walker:s%40cret@gate", Socks5Proxy(host="gate", user="walker"), "s@cret"),
        ("socks5://[::1]:1080", Socks5Proxy(host="::1"), None),
        ("http://proxy", HttpProxy(host="proxy"), None),
        ("https://proxy", HttpProxy(host="proxy", port=443, tls=True), None),
        ("http://walker@proxy:8080/", HttpProxy(host="proxy", port=8080, user="walker", login="basic"), None),
        ("http://:@proxy:8080", HttpProxy(host="proxy", port=8080, login="kerberos"), None),
    ],
)
def test_kinds_ports_and_logins(text: str, hop: Hop, password: str | None) -> None:
    found, secret = hop_of(text)
    assert found == hop
    assert hop_of(url_of(hop)) == (hop, None)
    assert secret == (Secret(password) if password is not None else None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "proxy:3128",
        "ftp://proxy",
        "socks4://gate",
        "socks5://",
        "socks5://gate:0",
        "socks5://gate:99999",
        "http://proxy/path",
        "http://walker:pass-in-it@proxy?x=1",
        "ssh://walker:pass-in-it/2@bastion",
    ],
)
def test_what_is_no_hop_is_said_without_its_password(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        hop_of(text)
    assert "pass-in-it" not in str(refused.value)


@pytest.mark.parametrize("password", ["1/2", "1?2", "1#2"])
def test_what_ends_a_password_too_early_is_named(password: str) -> None:
    with pytest.raises(ValueError, match="%2F, %3F and %23"):
        hop_of(f"ssh://walker:{password}@bastion:22")
