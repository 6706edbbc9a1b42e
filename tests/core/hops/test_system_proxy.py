"""The proxy of this computer's settings: where it is found, what it is not used for, and what becomes of that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.findings import Certainty
from clearline.core.hops import system_settings
from clearline.core.hops.loop import HopLoop
from clearline.core.hops.system_settings import SettingsProblem, matches, read
from clearline.core.profiles.hop import HttpProxy, Socks5Proxy, SystemProxy
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Report, Verdict
from lab import peers, proxies
from lab.deployment import Deployment


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("MONGODB_PROXY", "ALL_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def run(*hosts: str) -> Report:
    async def checked() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        report = await check(Request(Profile(hops=(SystemProxy(),), seeds=Seeds(hosts=hosts))), lambda _: None)
        await farewells()
        return report

    with asyncio.Runner(loop_factory=HopLoop) as runner:
        return runner.run(checked())


@pytest.mark.parametrize(
    ("entry", "host", "port", "applies"),
    [
        ("*", "db.example.com", 27017, True),
        (".far.test", "db.far.test", 27017, True),
        ("far.test", "db.far.test", 27017, True),
        ("*.far.test", "db.far.test", 27017, True),
        ("far.test", "notfar.test", 27017, False),
        ("db.far.test:27017", "db.far.test", 27017, True),
        ("db.far.test:27018", "db.far.test", 27017, False),
        ("10.0.0.0/8", "10.1.2.3", 27017, True),
        ("10.0.0.0/8", "db.far.test", 27017, False),
        ("fd00::/8", "fd00::1", 27017, True),
        ("[::1]", "::1", 27017, True),
        ("DB.Far.Test", "db.far.test.", 27017, True),
    ],
)
def test_an_exception(entry: str, host: str, port: int, applies: bool) -> None:
    assert matches(entry, host, port) is applies


@pytest.fixture
def on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where desktops have settings of their own; Windows and macOS tell Python theirs."""
    monkeypatch.setattr(system_settings, "sys", SimpleNamespace(platform="linux"))


def gnome(values: Mapping[str, str]) -> object:
    return lambda command: values.get(f"{command[2].removeprefix('org.gnome.system.proxy')} {command[3]}", "''")


@pytest.mark.usefixtures("on_linux")
def test_where_the_setting_is_found(tmp_path: Path) -> None:
    found = read({"HTTPS_PROXY": "proxy.example.com:3128", "no_proxy": "a, .b"}, home=tmp_path, run=lambda _: "")
    assert found.proxy == HttpProxy(host="proxy.example.com", port=3128)
    assert (found.exceptions, found.source) == (("a", ".b"), "HTTPS_PROXY")
    found = read({"all_proxy": "socks5h://me:gate-s3cret@gate", "HTTPS_PROXY": "http://p"}, home=tmp_path)
    assert found.proxy == Socks5Proxy(host="gate", user="me")
    assert found.password is not None
    assert "gate-s3cret" not in repr(found)
    values = {" mode": "'manual'", " ignore-hosts": "['localhost', '10.0.0.0/8']"}
    values |= {".https host": "'p.example.com'", ".https port": "8080", ".socks host": "''", ".socks port": "0"}
    found = read({}, home=tmp_path, run=gnome(values))  # type: ignore[arg-type]
    assert (found.proxy, found.source) == (HttpProxy(host="p.example.com", port=8080), "GNOME")
    assert found.exceptions == ("localhost", "10.0.0.0/8")
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "kioslaverc").write_text(
        "[Proxy Settings]\nProxyType=1\nsocksProxy=\nhttpsProxy=http://p.example.com 3129\nNoProxyFor=x,y\n"
    )
    found = read({}, home=tmp_path, run=lambda _: "'none'")
    assert (found.proxy, found.source) == (HttpProxy(host="p.example.com", port=3129), "KDE")
    assert read({}, home=tmp_path / "other", run=lambda _: "'none'").proxy is None


@pytest.mark.usefixtures("on_linux")
def test_a_script_that_decides_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {" mode": "'auto'", " autoconfig-url": "'http://wpad/proxy.pac'"}
    with pytest.raises(SettingsProblem) as raised:
        read({}, home=tmp_path, run=gnome(values))  # type: ignore[arg-type]
    assert raised.value.pac == "http://wpad/proxy.pac"
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "kioslaverc").write_text(
        "[Proxy Settings]\nProxyType=2\nProxy Config Script=http://wpad/proxy.pac\n"
    )
    report = run("db.example.com:27017")
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "proxy.pac-broken"
    assert "http://wpad/proxy.pac" in report.diagnosis.summary


def test_a_setting_that_makes_no_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://p")
    report = run("db.example.com:27017")
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "proxy.settings-broken"


def test_the_servers_are_reached_through_it(monkeypatch: pytest.MonkeyPatch, standalone: Deployment) -> None:
    with proxies.squid() as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        report = run(standalone.address)
    assert report.verdict is Verdict.CONNECTED, report.findings
    assert (report.hops[0].kind, report.hops[0].server) == ("http", f"127.0.0.1:{port}")


def test_an_exception_goes_directly_and_says_so_when_that_fails(
    monkeypatch: pytest.MonkeyPatch, standalone: Deployment
) -> None:
    with peers.closed_port() as dead:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{dead}")
        report = run(standalone.address)
        assert report.diagnosis is not None
        assert report.diagnosis.cause == "hop.refused"
        monkeypatch.setenv("NO_PROXY", ".example.com, 127.0.0.1")
        assert run(standalone.address).verdict is Verdict.CONNECTED
        report = run(f"127.0.0.1:{dead}")
    assert report.diagnosis is not None
    assert (report.diagnosis.cause, report.diagnosis.certainty) == ("proxy.bypassed", Certainty.PROVEN)
    assert "127.0.0.1 is excepted from this computer's proxy by 127.0.0.1" in report.diagnosis.summary


def test_without_any_proxy_it_goes_directly_as_the_settings_say(standalone: Deployment) -> None:
    assert run(standalone.address).verdict is Verdict.CONNECTED
    with peers.closed_port() as dead:
        report = run(f"127.0.0.1:{dead}")
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "proxy.none-set"
