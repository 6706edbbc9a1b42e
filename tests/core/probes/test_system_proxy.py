"""What the system's own settings say about proxies: of Windows and macOS by what these would answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from clearline.core.facts.computer import SystemProxyFacts
from clearline.core.hops import network_settings, pac, system_settings
from clearline.core.hops.network_settings import Configured
from clearline.core.probes.system_proxy import look_at_settings


@pytest.fixture
def told_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Configured], SystemProxyFacts]:
    """What comes of the settings that a system tells."""

    def look(platform: str, told: Configured) -> SystemProxyFacts:
        monkeypatch.setattr(system_settings, "sys", SimpleNamespace(platform=platform))
        monkeypatch.setattr(network_settings, "configured", lambda: told)
        return look_at_settings({})

    return look


def test_of_windows(told_by: Callable[[str, Configured], SystemProxyFacts]) -> None:
    told = network_settings.of_windows("me:hunter2@p.corp.example:8080", "<local>;192.168.*")
    found = told_by("win32", told)
    assert (found.source, found.proxy) == ("Windows", "http://p.corp.example:8080")
    assert found.exceptions[:2] == ("<local>", "192.168.*")
    assert "hunter2" not in str(found)
    assert told_by("win32", Configured()) == SystemProxyFacts()


def test_a_script_decides(
    told_by: Callable[[str, Configured], SystemProxyFacts], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pac, "evaluator", object)
    found = told_by("win32", Configured(True, "http://me:hunter2@wpad.corp.example/proxy.pac?token=abc"))
    assert (found.source, found.proxy, found.script) == ("Windows", None, "http://wpad.corp.example")
    assert told_by("win32", Configured(True)).script == "(found by itself)"
    assert told_by("darwin", Configured(True, "file:///Users/ada/p.pac")).script == "a file of this computer"


def test_of_macos(told_by: Callable[[str, Configured], SystemProxyFacts]) -> None:
    told = network_settings.of_macos("", {"socks": "http://[fd00::1]:1080", "http": "http://p:1"}, {})
    found = told_by("darwin", told)
    assert (found.source, found.proxy) == ("macOS", "socks5://[fd00::1]:1080")


def test_of_kde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_settings, "sys", SimpleNamespace(platform="linux"))
    (tmp_path / ".config").mkdir()
    file = tmp_path / ".config" / "kioslaverc"
    file.write_text("[Proxy Settings]\nProxyType=1\nhttpsProxy=http://me:hunter2@p.example.com 3129\nNoProxyFor=x,y\n")
    found = look_at_settings({}, home=tmp_path, root=tmp_path)
    assert found == SystemProxyFacts(source="KDE", proxy="http://p.example.com:3129", exceptions=("x", "y"))
    monkeypatch.setattr(pac, "evaluator", lambda: None)
    file.write_text("[Proxy Settings]\nProxyType=2\nProxy Config Script=http://wpad/proxy.pac\n")
    assert look_at_settings({}, home=tmp_path, root=tmp_path) == SystemProxyFacts(script="http://wpad")


def test_settings_that_cannot_be_read_are_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_settings, "sys", SimpleNamespace(platform="linux"))
    (tmp_path / ".config/dconf").mkdir(parents=True)
    (tmp_path / ".config/dconf/user").write_bytes(b"GVariant and nothing else")
    assert look_at_settings({}, home=tmp_path, root=tmp_path) == SystemProxyFacts(readable=False)
