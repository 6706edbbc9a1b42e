"""A check that runs in a container or pod, as its marks say: the cause, and the command that mends it there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab import namespaces
from lab.containers import Container, docker, pod, podman
from lab.dns_server import Delayed
from lab.mongo_peer import MongoPeer
from lab.namespaces import OUTSIDE, Network
from lab.peer import Peer

pytestmark = pytest.mark.skipif(namespaces.unavailable() is not None, reason=str(namespaces.unavailable()))


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with Network() as network:
        network.dns_server({}, host="127.0.0.11")
        network.dns_server({("mongo", "A"): OUTSIDE, ("far.lab.test", "A"): OUTSIDE})
        yield network


def told(network: Network, container: Container, uri: str) -> dict[str, Any]:
    report = container.check(network, uri)
    found: dict[str, Any] = report["findings"][0]
    return {**found, "first": found["remedies"][0]["text"], "computer": report["computer"]}


CASES = {
    "Docker, localhost": (
        docker(), "localhost", "tcp.refused", "In a Docker container, localhost is the container itself"
    ),
    "Podman, localhost": (podman(OUTSIDE), "127.0.0.1", "tcp.refused", "by host.containers.internal:27017"),
    "pod, localhost": (pod(OUTSIDE), "localhost", "tcp.refused", "kubectl get services -A"),
    "Docker, a name of no shared network": (docker(), "mongo-db", "dns.short-name", "docker network connect"),
    "Docker's default bridge": (docker(nameserver=OUTSIDE), "mongo-db", "dns.short-name", "docker network create"),
    "Docker, the computer around": (
        docker(), "host.docker.internal", "dns.host-not-found", "--add-host host.docker.internal:host-gateway"
    ),
    "Podman, Docker's name for it": (
        podman(OUTSIDE), "host.docker.internal", "dns.host-not-found", "write host.containers.internal:27017"
    ),
    "pod, a service of another namespace": (
        pod(OUTSIDE, domain="k8s.corp"), "mongo-db", "dns.short-name", "mongo-db.NAMESPACE.svc.k8s.corp"
    ),
    "pod, an unknown service": (
        pod(OUTSIDE), "mongo.data.svc.cluster.local", "dns.host-not-found", "kubectl get service mongo -n data"
    ),
    "pod, another cluster's domain": (
        pod(OUTSIDE, domain="k8s.corp"), "mongo.data.svc.cluster.local", "dns.host-not-found", "mongo.data.svc.k8s.corp"
    ),
    "Docker, on 127.0.0.1 of the computer around": (
        docker(hosts=f"{OUTSIDE} host.docker.internal\n"), "host.docker.internal", "tcp.refused", "-p 127.0.0.1:27017"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_remedy_fits_the_place(name: str, network: Network) -> None:
    container, host, cause, command = CASES[name]
    found = told(network, container, f"mongodb://{host}:27017/")
    assert found["cause"] == cause
    assert command in found["first"]
    assert found["computer"]["container"] == ("Kubernetes" if name.startswith("pod") else name.partition(",")[0][:6])


def test_the_published_port_is_no_port_between_containers(network: Network) -> None:
    with MongoPeer(listener=network.listen(27017)):
        found = told(network, docker(nameserver=OUTSIDE), "mongodb://mongo:27018/")
    assert found["cause"] == "tcp.refused"
    assert "own port" in found["detail"]
    assert "mongo:27017" in found["first"]
    assert {"seeds": {"hosts": ["mongo:27017"]}} in [remedy.get("patch") for remedy in found["remedies"]]


def test_a_published_port_without_a_server_behind_it_accepts_and_closes(network: Network) -> None:
    async def hang_up(_line: object) -> None:
        return

    with Peer(hang_up, listener=network.listen(27017)):
        found = told(network, docker(hosts=f"{OUTSIDE} host.docker.internal\n"), "mongodb://host.docker.internal/")
    assert found["cause"] == "tcp.closed-on-connect"
    assert any("--bind_ip_all" in remedy["text"] for remedy in found["remedies"])


def test_a_search_list_that_is_tried_first_is_named_where_lookups_are_slow() -> None:
    with Network() as network, MongoPeer(listener=network.listen(27017)):
        network.dns_server({("far.lab.test", "A"): Delayed(0.45, OUTSIDE)})
        report = pod(OUTSIDE).check(network, "mongodb://far.lab.test:27017/")
    slow = next(f for f in report["findings"] if f["cause"] == "dns.slow")
    assert "ndots:5" in slow["detail"]
