from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from clearline.core.profiles.profile import Tls
from clearline.core.tls import trust
from clearline.core.tls.trust import (
    adopt_system_roots,
    bundled_roots,
    count_in,
    default_roots_count,
    default_roots_source,
    os_roots_context,
    os_roots_file,
    roots_file,
    trust_words,
    written_roots,
)
from lab import loops
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows' own store counts there")
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows' stores are counted each time")
def test_authorities_are_counted_again_where_they_have_changed_and_only_there(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    file, folder = tmp_path / "roots.pem", tmp_path / "folder"
    folder.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    assert default_roots_count() == 0
    file.write_bytes(authority.ca_file.read_bytes())
    assert (default_roots_count(), count_in(file)) == (1, 1)
    with monkeypatch.context() as once:
        once.delattr(ssl, "SSLContext")
        assert (default_roots_count(), count_in(file)) == (1, 1)
    file.write_bytes(file.read_bytes() + Authority(tmp_path, "Other CA").ca_file.read_bytes())
    assert (default_roots_count(), count_in(file)) == (2, 2)
    for name in ("0123abcd.0", "0123abcd.1", "0123abcd.2"):
        (folder / name).symlink_to(file)
    assert default_roots_count() == 3
    file.unlink()
    with pytest.raises(FileNotFoundError):
        count_in(file)


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

    assert loops.run(shake_hands()) == 20 or sys.platform != "linux"


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
from clearline.core.tls.trust import adopt_system_roots
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


# ---------------------------------------------------------------- roots as a file


def test_written_roots_are_named_by_their_content(tmp_path: Path, authority: Authority) -> None:
    pem = authority.ca_file.read_text("ascii")
    first = written_roots([pem, pem], tmp_path / "cache")
    assert first is not None
    assert count_in(first) == 1
    written = first.stat().st_mtime_ns
    assert written_roots([pem], tmp_path / "cache") == first
    assert first.stat().st_mtime_ns == written
    other = written_roots([pem, Authority(tmp_path, "Other CA").ca_file.read_text("ascii")], tmp_path / "cache")
    assert other is not None
    assert other != first
    assert count_in(other) == 2


def test_a_spoilt_file_is_written_again(tmp_path: Path, authority: Authority) -> None:
    pem = authority.ca_file.read_text("ascii")
    file = written_roots([pem], tmp_path)
    assert file is not None
    file.write_bytes(b"")
    assert written_roots([pem], tmp_path) == file
    assert count_in(file) == 1


def test_no_certificate_makes_no_file(tmp_path: Path) -> None:
    assert written_roots([], tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_stores_of_windows_become_a_file_of_those_that_may_vouch_for_servers(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    der = ssl.PEM_cert_to_DER_cert(authority.ca_file.read_text("ascii"))
    other = ssl.PEM_cert_to_DER_cert(Authority(tmp_path, "Other CA").ca_file.read_text("ascii"))
    stores = {
        "ROOT": [(der, "x509_asn", True), (other, "x509_asn", {"1.3.6.1.5.5.7.3.4"}), (b"x", "pkcs_7_asn", True)],
        "CA": [(der, "x509_asn", {"1.3.6.1.5.5.7.3.1"})],
    }
    monkeypatch.setattr(ssl, "enum_certificates", stores.__getitem__, raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("CLEARLINE_HOME", str(tmp_path))
    file = roots_file("system")
    assert file is not None
    assert file.parent == tmp_path / "cache"
    assert count_in(file) == 1


@needs_a_list
def test_on_linux_the_systems_own_file_is_used() -> None:
    if sys.platform == "linux":
        assert roots_file("system") == os_roots_file()


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        (Tls(), "PyMongo's own choice"),
        (Tls(insecure=True), "Every certificate: tlsInsecure"),
        (Tls(allow_invalid_certificates=True, trust="system"), "Every certificate: tlsAllowInvalidCertificates"),
        (Tls(trust="bundled"), "public list that comes with clearline, given to pymongo as tlscafile"),
        (Tls(ca_file="/nowhere/ca.pem"), f"{Path('/nowhere/ca.pem')}, which cannot be read (FileNotFoundError)"),
    ],
)
def test_what_the_driver_does_is_said_in_words(tls: Tls, words: str) -> None:
    assert words.lower() in trust_words(tls).lower()


def test_a_file_of_the_users_own_is_counted(authority: Authority) -> None:
    words = trust_words(Tls(ca_file=str(authority.ca_file), trust="system"))
    assert words.startswith(f"Only 1 authority of {authority.ca_file}")


def test_the_count_is_that_of_the_driver() -> None:
    count = count_in(bundled_roots())
    assert count > 100
    assert f" {count} authorities " in trust_words(Tls(trust="bundled"))
