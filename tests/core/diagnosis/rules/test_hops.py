"""What a proxy answers to the wish for a server: cause and certainty by its number."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from clearline.core.diagnosis.rules import hops
from clearline.core.facts.fact import replace
from clearline.core.facts.hops import HopFacts, HopFailure, HopStage, Trouble
from clearline.core.findings import Certainty
from lab.hand_made_facts import facts, member

PROVEN, LIKELY = Certainty.PROVEN, Certainty.LIKELY
AT_NAME, AT_ADDRESS = "db1:27017", "192.0.2.7:27017"


def answer(kind: str, target: str = AT_NAME, *, software: str = "", **told: Any) -> tuple[str, Certainty] | None:
    """The finding about a server that the one hop did not open."""
    fields: dict[str, Any] = {"stage": HopStage.CHANNEL, "trouble": Trouble.REPLY, "target": target, **told}
    failure = HopFailure(hop=0, kind=kind, host="gate", port=1080, **fields)
    known = replace(
        facts(member(host=target.rpartition(":")[0])),
        hops=(HopFacts(kind=kind, host="gate", port=1080, up=True, software=software, unopened=(failure,)),),
    )
    found = hops.not_opened(known, known.members[0])
    return (found.cause, found.certainty) if found else None


@pytest.mark.parametrize(
    ("code", "told", "expected"),
    [
        (2, {}, ("socks.not-allowed", PROVEN)),
        (3, {}, ("socks.far-unreachable", LIKELY)),
        (4, {"elapsed_ms": 1.0}, ("socks.name-unknown", LIKELY)),
        (4, {"elapsed_ms": 1.0, "target": AT_ADDRESS}, ("socks.far-unreachable", LIKELY)),
        (4, {"elapsed_ms": 9000.0}, ("socks.far-unreachable", LIKELY)),
        (5, {}, ("socks.far-refused", LIKELY)),
        (8, {"what": "ipv6"}, ("socks.address-type", PROVEN)),
        (8, {"what": "name"}, ("socks.failed", PROVEN)),
        (1, {}, ("socks.failed", PROVEN)),
    ],
)
def test_a_socks_proxy_says_by_its_reply(code: int, told: dict[str, Any], expected: tuple[str, Certainty]) -> None:
    assert answer("socks5", code=code, **told) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"code": 1}, ("ssh.forwarding-prohibited", LIKELY)),
        ({"code": 3}, ("ssh.no-forwarding-support", PROVEN)),
        ({"code": 2, "errno": errno.ECONNREFUSED}, ("ssh.far-refused", LIKELY)),
        ({"code": 2, "errno": errno.EHOSTUNREACH}, ("ssh.far-silent", LIKELY)),
        ({"code": 2, "errno": errno.ETIMEDOUT}, ("ssh.far-silent", LIKELY)),
        ({"code": 2, "eai": -2}, ("ssh.far-name-unknown", LIKELY)),
        ({"code": 2, "eai": -3}, ("ssh.far-name-unknown", LIKELY)),
        ({"code": 2}, ("ssh.far-failed", PROVEN)),
        ({"trouble": Trouble.TARGET_SILENT}, ("ssh.far-silent", LIKELY)),
    ],
)
def test_an_ssh_server_says_by_the_reason_of_a_channel_that_it_does_not_open(
    told: dict[str, Any], expected: tuple[str, Certainty]
) -> None:
    assert answer("ssh", **told) == expected


def test_a_name_is_unknown_for_certain_where_the_server_tells_the_systems_own_error() -> None:
    assert answer("ssh", code=2, eai=-2, software="SSH-2.0-OpenSSH_9.2p1") == ("ssh.far-name-unknown", PROVEN)


def test_a_status_that_asks_to_sign_in_to_the_network_is_told_as_that() -> None:
    failure = HopFailure(
        hop=0,
        kind="http",
        host="gate",
        port=80,
        stage=HopStage.CHANNEL,
        trouble=Trouble.REPLY,
        target=AT_NAME,
        code=511,
    )
    known = replace(facts(member()), hops=(HopFacts(kind="http", host="gate", port=80, up=True, unopened=(failure,)),))
    found = hops.not_opened(known, known.members[0])
    assert found is not None
    assert "web browser" in found.detail


@pytest.mark.parametrize(
    ("status", "told", "expected"),
    [
        (403, {}, ("proxy.forbidden", PROVEN)),
        (503, {"errno": errno.ECONNREFUSED}, ("proxy.far-refused", LIKELY)),
        (503, {"headers": {"x-squid-error": "ERR_DNS_FAIL 0"}}, ("proxy.name-unknown", PROVEN)),
        (503, {"headers": {"x-squid-error": "ERR_CANNOT_FORWARD 0"}}, ("proxy.name-unknown", LIKELY)),
        (
            503,
            {"headers": {"x-squid-error": "ERR_CANNOT_FORWARD 0"}, "target": AT_ADDRESS},
            ("proxy.overloaded", LIKELY),
        ),
        (503, {}, ("proxy.overloaded", LIKELY)),
        (500, {"headers": {"via": "1.1 gate"}}, ("proxy.failed", PROVEN)),
    ],
)
def test_an_http_proxy_says_by_its_status(status: int, told: dict[str, Any], expected: tuple[str, Certainty]) -> None:
    assert answer("http", code=status, **told) == expected
