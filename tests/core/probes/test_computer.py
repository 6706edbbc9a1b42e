from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clearline.core.probes.computer import (
    inspect_computer,
    is_own_address,
    missing_packages,
    trusted_roots,
    windows_words,
)
from clearline.core.profiles.profile import Auth, Options, Profile
from lab import namespaces


def test_this_computer_is_described() -> None:
    facts = inspect_computer(Profile())
    assert facts.system.startswith(("Linux ", "Darwin ", "Windows "))
    assert trusted_roots() is not None
    assert facts.trust_source
    assert facts.missing_packages == ()


def test_the_mechanisms_package_is_missed() -> None:
    kerberos = "winkerberos" if sys.platform == "win32" else "kerberos"
    for mechanism, package in (("MONGODB-AWS", "pymongo_auth_aws"), ("GSSAPI", kerberos)):
        expected = () if importlib.util.find_spec(package) else (package,)
        assert missing_packages(Profile(auth=Auth(mechanism=mechanism))) == expected
    assert missing_packages(Profile(auth=Auth(mechanism="SCRAM-SHA-256"))) == ()


def test_a_missing_compressor_is_named_and_an_unknown_one_is_not() -> None:
    profile = Profile(options=Options(compressors=("snappy", "zstd", "zlib", "lz4")))
    assert missing_packages(profile) == ()


@pytest.mark.parametrize("hidden", ["snappy", "backports"])
def test_a_compressors_package_is_missed_where_pymongo_misses_it(hidden: str) -> None:
    program = f"""
import sys, warnings
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {hidden!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hide())
warnings.simplefilter("ignore")
from pymongo.compression_support import validate_compressors
from clearline.core.probes.computer import missing_packages
from clearline.core.profiles.profile import Options, Profile
wanted = ("snappy", "zstd", "zlib")
print(len(validate_compressors(None, wanted)), *missing_packages(Profile(options=Options(compressors=wanted))))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    name = {"snappy": "snappy", "backports": "backports.zstd"}[hidden]
    assert done.stdout.split() == ["2", name]


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("203.0.113.7", False),
        ("2001:db8::7", False),
        ("0.0.0.0", False),
        ("::", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_own_addresses_are_told_from_others(address: str, own: bool) -> None:
    assert is_own_address(address) is own


def test_every_own_address_is_told_from_a_neighbours() -> None:
    with namespaces.Network(ipv6=True) as network:
        network.inside_address("192.168.7.9")
        own = network.call(lambda: [is_own_address(a) for a in ("192.168.7.9", "10.79.0.2", "fd79::2", "10.79.0.1")])
    assert own == [True, True, True, False]


@pytest.mark.parametrize("ipv6", [True, False])
def test_a_route_for_ipv6_is_seen_without_sending(ipv6: bool) -> None:
    with namespaces.Network(ipv6=ipv6) as network:
        assert network.call(lambda: inspect_computer(Profile())).has_ipv6_route is ipv6


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_the_limit_of_file_handles_is_told_also_when_they_are_used_up() -> None:
    import resource

    program = """
import resource, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from clearline.core.probes.computer import inspect_computer
from clearline.core.profiles.profile import Profile
inspect_computer(Profile())
held = []
try:
    while True:
        held.append(socket.socket())
except OSError:
    pass
facts = inspect_computer(Profile())
print(facts.file_handle_limit)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["64"]
    assert inspect_computer(Profile()).file_handle_limit == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_an_empty_trust_store_counts_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    facts = inspect_computer(Profile())
    assert trusted_roots() == 0
    assert facts.trust_source == f"SSL_CERT_FILE={os.devnull}, SSL_CERT_DIR={tmp_path}"


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ((10, 0, 26100), "Windows 11 (10.0.26100)"),
        ((10, 0, 19045), "Windows 10 (10.0.19045)"),
        ((6, 1, 7601), "Windows (6.1.7601)"),
    ],
)
def test_windows_is_called_by_its_build(version: tuple[int, int, int], words: str) -> None:
    assert windows_words(*version) == words
