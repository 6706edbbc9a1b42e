"""What Windows does otherwise, fed on any system: the numbers of its headers, the keys of its registry."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearline.core.facts.servers import Reach
from clearline.core.hops import windows_sockets
from clearline.core.probes import dns, tcp, windows
from lab import loops, peers


def test_no_syn_is_sent_again_by_the_numbers_of_the_header() -> None:
    asked: list[tuple[int, int, bytes]] = []

    def control(handle: int, code: int, given: bytes) -> int:
        asked.append((handle, code, given))
        return 0

    with socket.socket() as sock:
        assert windows_sockets.no_syn_again(sock, control)
        assert asked == [(sock.fileno(), 0x98000011, bytes([0xFF, 0xFF, 0xFE, 0]))]


def test_a_windows_that_does_not_know_the_code_is_left_as_it_is() -> None:
    def broken(*_: object) -> int:
        raise AttributeError("WSAIoctl")

    with socket.socket() as sock:
        assert not windows_sockets.no_syn_again(sock, lambda *_: -1)
        assert not windows_sockets.no_syn_again(sock, broken)


@pytest.mark.parametrize(("address", "asked"), [("127.0.0.1", True), ("192.0.2.1", False)])
def test_only_for_addresses_of_this_computer_a_refusal_counts_at_once(
    monkeypatch: pytest.MonkeyPatch, address: str, asked: bool
) -> None:
    """A packet to another computer may be lost, and then has to be sent again."""
    told: list[socket.socket] = []
    monkeypatch.setattr(windows_sockets, "ON_WINDOWS", True)
    monkeypatch.setattr(windows_sockets, "no_syn_again", told.append)
    with peers.closed_port() as port:
        facts = loops.run(tcp.connect(address, port, deadline_s=0.05))
    assert bool(told) is asked
    if asked:
        assert facts.reach is Reach.REFUSED


class _Registry:
    """The keys below HKEY_LOCAL_MACHINE, as `winreg` reads them."""

    HKEY_LOCAL_MACHINE = ""

    def __init__(self, rules: dict[str, list[list[str] | None]]) -> None:
        self._rules = rules

    @contextlib.contextmanager
    def OpenKey(self, key: Any, name: str) -> Iterator[Any]:
        if key == "":
            if name not in self._rules:
                raise FileNotFoundError(2, "no such key")
            yield self._rules[name]
        else:
            yield key[int(name)]

    def EnumKey(self, key: Any, number: int) -> str:
        if number >= len(key):
            raise OSError(259, "no more data")
        return str(number)

    def QueryValueEx(self, key: Any, name: str) -> tuple[Any, int]:
        if key is None:
            raise FileNotFoundError(2, "no such value")
        return key, 7


def test_the_name_policies_of_domain_and_vpn_are_read() -> None:
    domain, local = windows._RULES
    registry = _Registry({domain: [[".Corp.example"], None], local: [["db.test", ".corp.example"]]})
    assert windows.policy_namespaces(registry) == (".corp.example", "db.test")
    assert windows.policy_namespaces(_Registry({})) == ()


def test_a_missing_key_of_the_registry_means_no_name_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import dns.asyncresolver as asyncresolver

    def missing() -> None:
        raise FileNotFoundError(2, "The system cannot find the file specified")

    monkeypatch.setattr(asyncresolver, "default_resolver", None)
    monkeypatch.setattr(dns, "_of_the_system", None)
    monkeypatch.setattr(asyncresolver, "reset_default_resolver", missing)
    assert dns.nameservers() == ()
