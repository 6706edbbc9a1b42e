"""What the network itself says about a host that cannot be reached."""

from __future__ import annotations

import pytest

from clearline.core.probes.icmp import is_forbidden
from lab import loops, peers
from lab.namespaces import OUTSIDE, Network


def asked(network: Network, *, wait_s: float = 0.25) -> bool | None:
    return network.call(lambda: loops.run(is_forbidden(OUTSIDE, 27017, wait_s=wait_s)))


@pytest.mark.parametrize(("kind", "forbidden"), [("admin-prohibited", True), ("host-unreachable", False)])
def test_a_firewall_that_forbids_is_told_from_a_host_that_is_off(kind: str, forbidden: bool) -> None:
    with Network() as network:
        network.reject(kind, host=OUTSIDE, udp=True)  # type: ignore[arg-type]
        assert asked(network, wait_s=10) is forbidden


def test_silence_says_nothing() -> None:
    with Network() as network:
        network.drop(host=OUTSIDE, udp=True)
        assert asked(network) is None


def test_a_closed_port_is_no_prohibition() -> None:
    with peers.closed_port() as port:
        assert loops.run(is_forbidden("127.0.0.1", port)) in (False, None)
