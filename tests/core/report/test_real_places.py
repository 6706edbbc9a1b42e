"""Twelve pairs of real places, where it works and where it fails: what decides stands in the first three sentences.

Each place is a network of its own in which ``clearline check --json`` runs as its users run it; its clock, trust store,
proxies and variables are those that the process meets. Played are two things: that the second place is a pod of
Kubernetes (one variable), and the older driver and its old server, which no driver of today speaks to.
"""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import pytest

from clearline.core.report.places import Place, differences
from clearline.core.report.report import Report, Verdict
from lab import deployments, namespaces
from lab.certificates import Authority
from lab.deployment import Deployment
from lab.dns_server import NODATA
from lab.mongo_peer import MongoPeer, hello
from lab.namespaces import OUTSIDE, OUTSIDE_V6, Network

NAME = "db1.lab.test"
ADDRESS = (NAME, "A")
OTHER_CLOCK = Path(f"/usr/lib/{platform.machine()}-linux-gnu/faketime/libfaketime.so.1")
"""Gives one process a clock of its own."""
pytestmark = pytest.mark.skipif(namespaces.unavailable() is not None, reason=str(namespaces.unavailable()))


class Where(NamedTuple):
    """One place: the network, what is asked there, and in which environment."""

    network: Network
    uri: str
    env: Mapping[str, str] = MappingProxyType({})
    driver: str | None = None

    def report(self) -> Report:
        told = self.network.check(self.uri, "--timeout", "0.7", env=self.env)
        if self.driver is not None:
            told["driver"]["version"] = self.driver
        return msgspec.convert(told, Report)


Pair = tuple[Where, Where]
PAIRS: dict[str, tuple[Callable[..., contextlib.AbstractContextManager[Pair]], str]] = {}


def pair(name: str, deciding: str) -> Callable[[Callable[..., Iterator[Pair]]], Callable[..., Iterator[Pair]]]:
    """Enter a pair: the first place connects, the second fails, ``deciding`` is said."""

    def enter(make: Callable[..., Iterator[Pair]]) -> Callable[..., Iterator[Pair]]:
        PAIRS[name] = contextlib.contextmanager(make), deciding
        return make

    return enter


@pytest.fixture(scope="module")
def plain() -> Iterator[Deployment]:
    with deployments.standalone() as deployment:
        yield deployment


class Tls(NamedTuple):
    authority: Authority
    server: Deployment
    other: Authority
    impostor: Deployment


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tls]:
    """One name, served with the certificate of the lab, and with that of a proxy."""
    authority = Authority(tmp_path_factory.mktemp("lab"))
    other = Authority(tmp_path_factory.mktemp("proxy"), name="Proxy CA")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(deployments.with_tls(authority, identity=authority.server(NAME, "localhost")))
        impostor = stack.enter_context(deployments.with_tls(other, identity=other.server(NAME, "localhost")))
        yield Tls(authority, server, other, impostor)


def port(deployment: Deployment) -> str:
    return deployment.address.rpartition(":")[2]


@contextlib.contextmanager
def place(server: Deployment, *, host: str = OUTSIDE, answer: str = OUTSIDE, **network: Any) -> Iterator[Network]:
    """A network with that server at ``host``, and a name server that gives ``answer`` for its name."""
    with Network(**network) as made:
        made.dns_server({ADDRESS: answer})
        made.publish(server.address, host=host)
        yield made


def uri(server: Deployment, query: str = "", host: str = NAME) -> str:
    return f"mongodb://{host}:{port(server)}/{query}"


@pair("split DNS", "192.0.2.7")
def _split_dns(plain: Deployment, **_: object) -> Iterator[Pair]:
    with place(plain) as here, place(plain, answer="192.0.2.7") as there:
        yield Where(here, uri(plain)), Where(there, uri(plain))


@pair("other authority", "Proxy CA")
def _other_authority(tls: Tls, **_: object) -> Iterator[Pair]:
    query = f"?tls=true&tlsCAFile={tls.authority.ca_file}"
    with place(tls.server) as here, Network() as there:
        there.dns_server({ADDRESS: OUTSIDE})
        there.publish(tls.impostor.address, host=OUTSIDE, port=int(port(tls.server)))
        yield Where(here, uri(tls.server, query)), Where(there, uri(tls.server, query))


@pair("access by one address", "leave from 10.79.0.50")
def _one_address(plain: Deployment, **_: object) -> Iterator[Pair]:
    with place(plain) as here, place(plain) as there:
        here.leave_from("10.79.0.50")
        for network in (here, there):
            network.accept_only("10.79.0.50", port=int(port(plain)))
        yield Where(here, uri(plain)), Where(there, uri(plain))


@pair("MTU", "large")
def _mtu(tls: Tls, **_: object) -> Iterator[Pair]:
    query = f"?tls=true&tlsCAFile={tls.authority.ca_file}"
    with place(tls.server) as here, place(tls.server) as there:
        there.drop_larger_than(600)
        yield Where(here, uri(tls.server, query)), Where(there, uri(tls.server, query))


@pair("clock", "clock")
def _clock(tls: Tls, **_: object) -> Iterator[Pair]:
    query = f"?tls=true&tlsCAFile={tls.authority.ca_file}"
    slow = {"LD_PRELOAD": str(OTHER_CLOCK), "FAKETIME": "-800d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    with place(tls.server) as here, place(tls.server) as there:
        yield Where(here, uri(tls.server, query)), Where(there, uri(tls.server, query), slow)


@pair("IPv6", "IPv6 leads out: true; in there false")
def _ipv6(plain: Deployment, **_: object) -> Iterator[Pair]:
    with Network(ipv6=True) as here, Network() as there:
        for network in (here, there):
            network.dns_server({(NAME, "AAAA"): OUTSIDE_V6, ADDRESS: NODATA})
        here.publish(plain.address, host=OUTSIDE_V6)
        yield Where(here, uri(plain)), Where(there, uri(plain))


@pair("proxy", "the proxies are none; in there https_proxy=http://proxy.lab.test:3128")
def _proxy(plain: Deployment, **_: object) -> Iterator[Pair]:
    with place(plain) as here, place(plain) as there:
        there.drop(port=int(port(plain)))
        yield Where(here, uri(plain)), Where(there, uri(plain), {"https_proxy": "http://proxy.lab.test:3128"})


@pair("timeouts", "connectTimeoutMS is 20000; in there 60")
def _timeouts(plain: Deployment, **_: object) -> Iterator[Pair]:
    slow = namespaces.Line(delay_s=0.1)
    with place(plain, line=slow) as here, place(plain, line=slow) as there:
        yield (
            Where(here, uri(plain, "?connectTimeoutMS=20000")),
            Where(there, uri(plain, "?connectTimeoutMS=60&serverSelectionTimeoutMS=800")),
        )


@pair("resolver order", "name server")
def _resolver_order(plain: Deployment, **_: object) -> Iterator[Pair]:
    other = "10.79.0.1"
    with place(plain) as here, Network(nameservers=("10.9.9.53", other)) as there:
        there.outside_address("10.9.9.53")
        there.dns_server({}, host="10.9.9.53")
        there.dns_server({ADDRESS: OUTSIDE})
        there.publish(plain.address, host=OUTSIDE)
        yield Where(here, uri(plain)), Where(there, uri(plain))


@pair("trust store", "the trusted authorities are")
def _trust_store(tls: Tls, **_: object) -> Iterator[Pair]:
    with place(tls.server) as here, place(tls.server) as there:
        yield (
            Where(here, uri(tls.server, "?tls=true"), {"SSL_CERT_FILE": str(tls.authority.ca_file)}),
            Where(there, uri(tls.server, "?tls=true"), {"SSL_CERT_FILE": str(tls.other.ca_file)}),
        )


@pair("library version", "pymongo is 3.12.3; in there")
def _library_version(plain: Deployment, **_: object) -> Iterator[Pair]:
    # One driver is installed here: the other's version is written into the report of the place that connects.
    with place(plain) as here, Network() as there:
        there.dns_server({ADDRESS: OUTSIDE})
        old = {"hello": lambda _: hello(maxWireVersion=6)}
        with MongoPeer(old, listener=there.listen(int(port(plain)))):
            yield Where(here, uri(plain), driver="3.12.3"), Where(there, uri(plain))


@pair("container", "; in there Kubernetes")
def _container(plain: Deployment, **_: object) -> Iterator[Pair]:
    with Network() as here, Network() as there:
        here.publish(plain.address)
        local = uri(plain, host="127.0.0.1")
        yield Where(here, local), Where(there, local, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})


@pytest.mark.parametrize("name", PAIRS)
def test_what_decides_stands_in_the_first_three_sentences(name: str, plain: Deployment, tls: Tls) -> None:
    make, deciding = PAIRS[name]
    with make(plain=plain, tls=tls) as (here, there):
        with ThreadPoolExecutor() as both:
            good, bad = both.map(Where.report, (here, there))
    assert good.verdict is Verdict.CONNECTED, good.diagnosis
    assert bad.verdict is Verdict.FAILED
    words = [found.words for found in differences(Place("here", good), Place("there", bad))]
    assert any(deciding in sentence for sentence in words[:3]), words
