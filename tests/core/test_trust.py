from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from clearline.core import trust
from clearline.core.trust import (
    adopt_system_roots,
    bundled_roots,
    default_roots_count,
    default_roots_source,
    os_roots_context,
    os_roots_file,
)
from lab.certificates import Authority

needs_a_list = pytest.mark.skipif(os_roots_file() is None, reason="this system keeps no list in a file")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def _no_roots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", str(empty))


def test_the_bundled_list_is_one_that_openssl_takes() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(bundled_roots())
    assert context.cert_store_stats()["x509_ca"] > 100


@pytest.mark.usefixtures("_no_roots")
def test_a_computer_without_authorities_counts_none() -> None:
    assert default_roots_count() == 0


def test_the_file_of_the_environment_counts(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "folder"))
    assert default_roots_count() == 1


def test_a_folder_of_hashed_names_is_no_empty_store(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    """OpenSSL opens such a folder's files only when they are needed, so its own count says none."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (first / "README").touch()
    for name in (first / "0123abcd.0", first / "0123abcd.1", second / "fedcba98.0"):
        name.symlink_to(authority.ca_file)
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join([str(first), str(second), str(tmp_path / "none")]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    assert context.cert_store_stats()["x509"] == 0
    assert default_roots_count() == 3


def test_the_source_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/somewhere/ca.pem")
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    assert default_roots_source() == "SSL_CERT_FILE=/somewhere/ca.pem"
    monkeypatch.delenv("SSL_CERT_FILE")
    assert default_roots_source()


@needs_a_list
@pytest.mark.usefixtures("_no_roots")
def test_the_systems_own_list_is_found_whatever_the_environment_says() -> None:
    if sys.platform == "linux":
        assert os_roots_context().cert_store_stats()["x509_ca"] > 50


def test_the_systems_context_refuses_an_authority_of_our_own(authority: Authority) -> None:
    from lab.certificates import server_context

    async def shake_hands() -> int:
        server = await asyncio.start_server(
            lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=server_context(authority.server())
        )
        async with server:
            with pytest.raises(ssl.SSLCertVerificationError) as refused:
                await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=os_roots_context())
        return refused.value.verify_code

    assert asyncio.run(shake_hands()) == 20 or sys.platform != "linux"


def test_a_system_without_a_list_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "_SYSTEM_FILES", ())
    assert os_roots_file() is None


FROZEN = """
import os, ssl, sys
sys.frozen = True
ssl_paths = ssl.get_default_verify_paths()
class Missing:  # what OpenSSL of a foreign build machine finds here
    cafile = capath = None
    openssl_cafile, openssl_capath = "/build/ssl/cert.pem", "/build/ssl/certs"
ssl.get_default_verify_paths = Missing
ssl.SSLContext.load_default_certs = lambda self, purpose=None: None
from clearline.core.trust import adopt_system_roots
print(adopt_system_roots(), os.environ.get("SSL_CERT_FILE"))
"""


def run_frozen(**environment: str) -> list[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("SSL_CERT_")} | environment
    return subprocess.run(
        [sys.executable, "-c", FROZEN], env=env, capture_output=True, text=True, check=True
    ).stdout.split()


@needs_a_list
def test_the_frozen_program_adopts_this_computers_list() -> None:
    assert run_frozen() == [str(os_roots_file())] * 2


def test_the_frozen_program_leaves_what_the_user_has_set() -> None:
    assert run_frozen(SSL_CERT_FILE=os.devnull) == ["None", os.devnull]
    assert run_frozen(SSL_CERT_DIR=os.devnull) == ["None", "None"]


def test_an_ordinary_program_adopts_nothing() -> None:
    before = dict(os.environ)
    assert adopt_system_roots() is None
    assert dict(os.environ) == before
