"""A watch over what changes its servers: an SRV record with other targets, and a balancer in front of routers."""

from __future__ import annotations

import pytest
from bson import ObjectId
from pymongo import common

from clearline.core.watch.health import HealthState
from clearline.core.watch.topology import ChangeKind
from lab import loops
from lab.dns_server import DnsServer, cluster, fresh_resolvers
from lab.mongo_peer import MongoPeer, mongos_hello
from lab.namespaces import OUTSIDE, Network
from lab.watching import Watched

NAME, HOST = "c0.lab.test", "m.lab.test"
FIRST, SECOND = 27017, 27018


def test_servers_that_come_and_go_in_the_srv_record_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyMongo asks again for a sharded cluster alone, and no sooner than after a minute."""
    monkeypatch.setattr(common, "MIN_SRV_RESCAN_INTERVAL", 0.3)

    async def play(dns: DnsServer) -> None:
        async with Watched(f"mongodb+srv://{NAME}/?tls=false&heartbeatFrequencyMS=500") as watched:
            await watched.healthy()
            dns.zone.update(cluster(NAME, {HOST: SECOND}))
            state = await watched.until(
                lambda s: [server.address for server in s.topology.servers] == [f"{HOST}:{SECOND}"]
            )
            assert {ChangeKind.JOINED, ChangeKind.LEFT} <= {change.kind for change in state.topology.changes}
            await watched.healthy()

    router = {"hello": mongos_hello()}
    with (
        Network() as network,
        MongoPeer(router, listener=network.listen(FIRST)),
        MongoPeer(router, listener=network.listen(SECOND)),
        fresh_resolvers(),
    ):
        dns = network.dns_server({**cluster(NAME, {HOST: FIRST}), (HOST, "A"): OUTSIDE})
        network.call(lambda: loops.run(play(dns)))


def test_a_balancer_is_healthy_while_it_answers() -> None:
    async def play(peer: MongoPeer) -> None:
        async with Watched(f"mongodb://{peer.address}/?loadBalanced=true") as watched:
            state = await watched.until(lambda s: s.health.pings >= 2)
            assert state.health.state is HealthState.HEALTHY
            assert [server.role for server in state.topology.servers] == ["LoadBalancer"]
            assert not state.findings

    with MongoPeer({"hello": mongos_hello(serviceId=ObjectId())}) as peer:
        loops.run(play(peer))
