"""The standalone program starts, paints, and tests a real MongoDB over TLS with a login, on its own libraries."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote_plus

import bundle
import pymongo
import pytest
import trustme
from PyInstaller.archive.readers import CArchiveReader
from PySide6.QtGui import QImage

import clearline
from clearline.cli.mongod import PrivateMongod
from lab import proxies, ssh_server

pytestmark = pytest.mark.frozen

_FOLDER = Path(__file__).resolve().parents[2] / "dist" / "clearline"
_PROGRAM = _FOLDER / ("clearline.exe" if sys.platform == "win32" else "clearline")
_WITH_ARCHIVE = _PROGRAM.with_name("clearline-program") if sys.platform == "linux" else _PROGRAM
_OF_THIS_PYTHON = ("PYTHON", "VIRTUAL_ENV", "QT_", "LD_", "SSL_", "PYTEST")
_PASSWORD = "p@ss/word"
_HARMLESS = {"This plugin does not support propagateSizeHints()"}  # Qt's offscreen platform says it of any window


class _Deployment(NamedTuple):
    address: str
    user: str
    password: str
    """As a connection string has it."""
    ca_file: Path


@pytest.fixture
def environ(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """What a user without any Python has: nothing of ours leaks into the program."""
    if not _PROGRAM.exists():
        # Chosen on purpose, a missing program is a failure; met in passing, it is only not there.
        (pytest.fail if request.config.option.markexpr else pytest.skip)("packaging/dev.py build makes the program")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THIS_PYTHON)}
    return kept | {"CLEARLINE_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "offscreen"}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Deployment]:
    """A mongod that speaks TLS only and demands a login."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "key.pem"))
    tls = ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(folder / "key.pem")]
    with PrivateMongod(["--auth", *tls]) as server:
        with pymongo.MongoClient(server.address, tls=True, tlsCAFile=str(folder / "ca.pem")) as first:
            first.admin.command("createUser", "app", pwd=_PASSWORD, roles=["readWriteAnyDatabase"])
        yield _Deployment(server.address, "app", quote_plus(_PASSWORD), folder / "ca.pem")


def _run(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([_PROGRAM, *arguments], env=environ, capture_output=True, text=True, timeout=60, check=False)


def _unexpected(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if line not in _HARMLESS]


def test_it_says_its_version(environ: dict[str, str]) -> None:
    ended = _run(environ, "--version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"clearline {clearline.__version__}\n", "")


def test_its_window_paints(environ: dict[str, str], tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    ended = _run(environ, "--screenshot", str(picture))
    assert (ended.returncode, _unexpected(ended.stderr)) == (0, [])
    image = QImage(str(picture))
    assert image.width() >= 640
    assert image.height() >= 400
    colours = {image.pixel(x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)}
    assert len(colours) > 8, "a window with text and icons has more colours"


def test_plugins_of_another_qt_are_not_touched(environ: dict[str, str], tmp_path: Path) -> None:
    """Desktops name theirs in QT_PLUGIN_PATH."""
    other = tmp_path / "platforms" / "libqoffscreen.so"
    other.parent.mkdir()
    other.write_bytes(b"of another Qt")
    ended = _run(
        {**environ, "QT_PLUGIN_PATH": str(tmp_path), "QT_DEBUG_PLUGINS": "1"}, "--screenshot", str(tmp_path / "x.png")
    )
    assert ended.returncode == 0
    assert str(other) not in ended.stderr


def test_it_connects_over_tls_with_a_login(environ: dict[str, str], deployment: _Deployment) -> None:
    login = f"{deployment.user}:{deployment.password}@{deployment.address}"
    ended = _run(environ, "check", f"mongodb://{login}/?tls=true&tlsCAFile={deployment.ca_file}", "--json", "--yes")
    assert ended.stderr == ""
    report = json.loads(ended.stdout)
    assert (report["verdict"], ended.returncode) == ("connected", 0), report["findings"]
    assert report["identity"]["mechanism"] == "SCRAM-SHA-256"
    assert deployment.password not in ended.stdout
    assert _PASSWORD not in ended.stdout


@pytest.mark.skipif(ssh_server.unavailable() is not None, reason=str(ssh_server.unavailable()))
@pytest.mark.xdist_group("ssh")
def test_it_goes_through_ssh_socks_and_ntlm(environ: dict[str, str], deployment: _Deployment, tmp_path: Path) -> None:
    """The libraries of SSH and NTLM are in it, with the ciphers that they use."""
    login = f"mongodb://{deployment.user}:{deployment.password}@{deployment.address}/?tls=true&tlsCAFile={deployment.ca_file}"
    keys = ssh_server.make_keys(tmp_path)
    with ssh_server.sshd(keys) as server, proxies.microsocks() as socks, proxies.squid(ntlm=True) as squid:
        ways = {
            "ssh": (
                f"ssh://{ssh_server.USER}@127.0.0.1:{server.port}?key={keys.known}",
                "--accept-host-key",
                keys.host.get_fingerprint(),
            ),
            "socks5": (f"socks5://127.0.0.1:{socks}",),
            "http": (f"http://LAB%5Cwalker:secret@127.0.0.1:{squid}?login=ntlm",),
        }
        for kind, (way, *more) in ways.items():
            ended = _run({**environ, "HOME": str(tmp_path)}, "check", login, "--json", "--yes", "--via", way, *more)
            report = json.loads(ended.stdout)
            assert (report["verdict"], ended.returncode) == ("connected", 0), (report["findings"], ended.stderr)
            assert [hop["kind"] for hop in report["hops"]] == [kind]


def test_it_does_not_trust_a_certificate_without_a_known_authority(
    environ: dict[str, str], deployment: _Deployment
) -> None:
    ended = _run(environ, "check", f"mongodb://{deployment.address}/?tls=true", "--json")
    assert ended.stderr == ""
    report = json.loads(ended.stdout)
    assert (report["verdict"], ended.returncode) == ("failed", 1)
    assert report["findings"][0]["stage"] == "tls"


def test_it_carries_the_roots_that_it_trusts(environ: dict[str, str]) -> None:
    roots = next(_FOLDER.rglob("certifi/cacert.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(roots)
    assert len(context.get_ca_certs()) > 50


def test_it_carries_its_resources(environ: dict[str, str]) -> None:
    assert next(_FOLDER.rglob("clearline/resources/demo/orders.json")).is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="sizes are those of the Linux program")
def test_it_is_no_larger_than_it_has_to_be(environ: dict[str, str]) -> None:
    size = sum(path.stat().st_size for path in _FOLDER.rglob("*") if path.is_file() and not path.is_symlink())
    assert size <= 128e6


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_it_asks_for_no_newer_glibc_than_its_parts_need(environ: dict[str, str]) -> None:
    """2.34 where it is built on such a base, as the release is; elsewhere libraries of the build host ask for more."""
    asked = bundle.floor_of(_FOLDER)
    newer = {name for name, floor in asked.items() if floor > bundle.FLOOR}
    assert {name for name in newer if "/PySide6/" in name or "/cryptography/" in name or "/pymongo/" in name} == set()
    host = tuple(map(int, os.confstr("CS_GNU_LIBC_VERSION").split()[1].split(".")))  # type: ignore[union-attr]
    floor = max(asked.values())
    print(f"needs glibc {'.'.join(map(str, floor))}, for {sorted(newer)}")
    assert floor <= max(bundle.FLOOR, host)


@pytest.mark.skipif(sys.platform != "linux", reason="Wayland")
def test_a_window_on_wayland_gets_a_title_bar(environ: dict[str, str]) -> None:
    assert list(_FOLDER.rglob("wayland-decoration-client/libbradient.so"))


def test_nothing_runs_at_each_start_that_only_the_window_needs(environ: dict[str, str]) -> None:
    started = [name for name, (*_, kind) in CArchiveReader(str(_WITH_ARCHIVE)).toc.items() if kind == "s"]
    assert "entry" in started
    assert not bundle.SLOW_HOOKS & set(started)


@pytest.mark.parametrize("unwanted", ["numpy", "libgtk*", "libpango*", "libQt6Quick*", "libQt6Qml*", "fiftyone"])
def test_it_carries_nothing_that_it_does_not_use(environ: dict[str, str], unwanted: str) -> None:
    assert not list(_FOLDER.rglob(unwanted))


def test_every_link_in_it_leads_somewhere(environ: dict[str, str]) -> None:
    assert [path for path in _FOLDER.rglob("*") if path.is_symlink() and not path.exists()] == []
