from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from clearline.core.addresses import eai_name, is_ip_address
from clearline.core.facts.names import Lookup
from clearline.core.probes import lookup
from clearline.core.probes.lookup import hosts_file_addresses, hosts_path, look_up
from lab import loops, namespaces
from lab.dns_server import SILENT, Delayed


def ask(host: str, **more: object) -> Lookup:
    return loops.run(look_up(host, deadline_s=1.0, late_s=3.0, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("[::1]", "::1"), ("fe80::1%lo", "fe80::1%lo")]
)
def test_an_ip_address_is_returned_without_asking(host: str, address: str) -> None:
    assert ask(host) == Lookup(host=host, addresses=(address,), literal=True)


def test_localhost_is_ipv4_alone_as_for_the_driver() -> None:
    found = ask("localhost")
    assert found.addresses == ("127.0.0.1",)
    assert (found.eai, found.silent, found.literal) == (None, False, False)
    if sys.platform != "win32":  # which answers by itself, without a line in the file
        assert "127.0.0.1" in found.hosts_file


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".test", "nul\0byte"])
def test_a_text_that_is_no_name_does_not_exist(host: str) -> None:
    found = ask(host)
    assert found.addresses == ()
    assert found.eai == socket.EAI_NONAME


def test_the_error_number_has_a_name() -> None:
    assert eai_name(socket.EAI_NONAME) == "EAI_NONAME"
    assert eai_name(socket.EAI_AGAIN) == "EAI_AGAIN"
    assert eai_name(987654) is None


@pytest.mark.parametrize(("host", "literal"), [("::", True), ("10.0.0.1", True), ("10.0.0", False), ("db1", False)])
def test_addresses_are_told_from_names(host: str, literal: bool) -> None:
    assert is_ip_address(host) is literal


HOSTS = """# a comment
127.0.0.1\tlocalhost
10.8.0.15   DB1.lab.test db1   # moved
#10.8.0.16  db1
10.8.0.17 other db1
10.8.0.18 db10 xdb1
garbage
10.8.0.15 db1
"""


def test_the_hosts_file_is_read_as_the_system_reads_it() -> None:
    assert hosts_file_addresses(HOSTS, "db1") == ("10.8.0.15", "10.8.0.17")
    assert hosts_file_addresses(HOSTS, "db1.lab.test.") == ("10.8.0.15",)
    assert hosts_file_addresses(HOSTS.replace("\n", "\r\n"), "DB10") == ("10.8.0.18",)
    assert hosts_file_addresses(HOSTS, "moved") == ()
    assert hosts_file_addresses(HOSTS, "garbage") == ()


def test_the_hosts_file_is_told_with_the_answer(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_bytes(b"10.8.0.15 localhost \xff\n")
    assert ask("localhost", hosts_file=file).hosts_file == ("10.8.0.15",)
    assert ask("localhost", hosts_file=tmp_path / "none").hosts_file == ()
    assert hosts_path().name == "hosts"


@pytest.mark.skipif(namespaces.unavailable() is not None, reason=str(namespaces.unavailable()))
class TestInsideANetwork:
    def test_addresses_come_in_the_systems_order_and_families(self) -> None:
        zone = {("db.lab.test", "A"): ["10.79.0.1", "10.79.0.9"], ("db.lab.test", "AAAA"): "fd79::1"}
        with namespaces.Network(ipv6=True, search="lab.test") as network:
            network.dns_server(zone)
            found = network.call(lambda: ask("db.lab.test"))
            short = network.call(lambda: ask("db"))
        assert sorted(found.addresses) == ["10.79.0.1", "10.79.0.9", "fd79::1"]
        assert short.addresses == found.addresses
        assert found.eai is None
        assert 0 < found.elapsed_ms < 1000

    def test_a_name_that_does_not_exist_has_its_number(self) -> None:
        with namespaces.Network() as network:
            network.dns_server()
            found = network.call(lambda: ask("none.lab.test"))
        assert (found.eai, found.addresses, found.silent) == (socket.EAI_NONAME, (), False)

    def test_a_failing_resolver_has_another_number(self) -> None:
        with namespaces.Network(nameservers=("127.0.0.1",)) as network:
            found = network.call(lambda: ask("db.lab.test"))
        assert (found.eai, found.silent) == (socket.EAI_AGAIN, False)

    def test_a_silent_resolver_is_told_at_the_deadline_and_left_behind(self) -> None:
        early: list[Lookup] = []

        def look() -> Lookup:
            return loops.run(look_up("db.lab.test", deadline_s=0.1, late_s=0.3, on_early=early.append))

        with namespaces.Network() as network:
            network.dns_server(default=SILENT)
            started = time.perf_counter()
            found = network.call(look)
            elapsed_s = time.perf_counter() - started
        assert [(e.silent, e.elapsed_ms) for e in early] == [(True, 100.0)]
        assert found.silent
        assert found.eai is None
        assert 300 <= found.elapsed_ms < 800
        assert elapsed_s < 1.5

    def test_a_late_answer_replaces_the_silence(self) -> None:
        early: list[Lookup] = []

        def look() -> Lookup:
            return loops.run(look_up("db.lab.test", deadline_s=0.1, late_s=4, on_early=early.append))

        with namespaces.Network() as network:
            network.dns_server({("db.lab.test", "A"): Delayed(0.4, "10.79.0.1")})
            found = network.call(look)
        assert [e.silent for e in early] == [True]
        assert found.addresses == ("10.79.0.1",)
        assert found.elapsed_ms >= 400

    def test_the_hosts_file_wins_over_dns_and_is_shown(self) -> None:
        with namespaces.Network(hosts={"db.lab.test": "10.8.0.15"}) as network:
            network.dns_server({("db.lab.test", "A"): "10.79.0.1"})
            found = network.call(lambda: ask("db.lab.test"))
        assert found.addresses == found.hosts_file == ("10.8.0.15",)

    def test_cancelling_a_silent_look_up_returns_at_once(self) -> None:
        asked = threading.Event()

        async def cancel() -> float:
            task = asyncio.create_task(look_up("db.lab.test", deadline_s=5, late_s=9))
            await asyncio.to_thread(asked.wait, 5)
            return await loops.cancelled_in_s(task)

        with namespaces.Network() as network:
            server = network.dns_server(default=SILENT)
            answer = server.answer

            async def note(packet: bytes, *, tcp: bool) -> bytes | None:
                asked.set()
                return await answer(packet, tcp=tcp)

            server.answer = note  # type: ignore[method-assign]
            assert network.call(lambda: loops.run(cancel())) < 0.5


def test_a_question_whose_packet_is_lost_is_asked_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    lost, asked = threading.Event(), []

    def addresses(host: str) -> tuple[tuple[str, ...], int | None]:
        asked.append(host)
        if len(asked) == 1:
            lost.wait(10)  # as glibc waits five seconds before it repeats
        return ("192.0.2.7",), None

    monkeypatch.setattr(lookup, "_addresses", addresses)
    monkeypatch.setattr(lookup, "AGAIN_S", 0.01)
    try:
        found = ask("db1.example.com")
    finally:
        lost.set()
    assert (found.addresses, found.silent, asked) == (("192.0.2.7",), False, ["db1.example.com"] * 2)
    assert found.elapsed_ms < 1000
