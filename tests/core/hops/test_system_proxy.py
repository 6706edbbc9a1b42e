"""The proxy of this computer's settings: where it is found, what it is not used for, and what becomes of that."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Request
from clearline.core.consent.concerns import concerns
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.findings import Certainty
from clearline.core.hops import direct, network_settings, pac, system_settings
from clearline.core.hops.network_settings import Configured, fits, of_macos, of_windows
from clearline.core.hops.system_settings import SettingsProblem, matches, read
from clearline.core.profiles.hop import HttpProxy, Socks5Proxy, SystemProxy
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Report, Status, Verdict
from lab import loops, peers, proxies
from lab.deployment import Deployment
from lab.pac_script import evaluated


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("MONGODB_PROXY", "ALL_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))


def run(*hosts: str) -> Report:
    async def checked() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        report = await check(Request(Profile(hops=(SystemProxy(),), seeds=Seeds(hosts=hosts))), lambda _: None)
        await farewells()
        return report

    return loops.run(checked())


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
    monkeypatch.setattr(pac, "evaluator", lambda: None)
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


# ---------------------------------------------------------------- Windows and macOS, fed with what they tell


@pytest.fixture
def on_windows(monkeypatch: pytest.MonkeyPatch) -> Callable[[Configured], None]:
    monkeypatch.setattr(system_settings, "sys", SimpleNamespace(platform="win32"))
    return lambda told: monkeypatch.setattr(network_settings, "configured", lambda: told)


@pytest.mark.parametrize(
    ("entry", "host", "port", "applies"),
    [
        ("*.far.test", "db.far.test", 27017, True),
        ("far.test", "far.test", 27017, True),
        ("far.test", "db.far.test", 27017, False),  # as NO_PROXY would have it
        ("db*.far.test", "DB7.far.test.", 27017, True),
        ("10.*", "10.1.2.3", 27017, True),
        ("10.*", "110.1.2.3", 27017, False),
        ("<local>", "db", 27017, True),
        ("<local>", "db.far.test", 27017, False),
        ("<local>", "::1", 27017, False),
        ("https://db.far.test", "db.far.test", 27017, True),
        ("db.far.test:27018", "db.far.test", 27017, False),
        ("db.far.test:27017", "db.far.test", 27017, True),
        ("[fd00::1]:27017", "fd00::1", 27017, True),
        ("[fd00::1]", "fd00::1", 27017, True),
        ("169.254/16", "169.254.3.4", 27017, True),
        ("169.254/16", "169.253.3.4", 27017, False),
        ("fd00::/8", "fd00::1", 27017, True),
        ("no/network", "10.0.0.1", 27017, False),
        ("*", "db.far.test", 27017, True),
    ],
)
def test_an_exception_as_windows_and_macos_have_it(entry: str, host: str, port: int, applies: bool) -> None:
    assert fits(entry, host, port) is applies


def test_settings_as_windows_writes_them() -> None:
    told = of_windows("proxy:8080", "*.far.test;10.*, <local>;10.0.0.0/8")
    assert told.proxies == {"https": "proxy:8080"}
    assert told.exceptions[:3] == ("*.far.test", "10.*", "<local>")
    assert {"localhost", "127.0.0.1", "::1"} < set(told.exceptions)
    assert "10.0.0.0/8" not in told.exceptions
    told = of_windows("http=a:80;https=b:81 SOCKS=c:1080", "<-loopback>;db")
    assert told.proxies == {"http": "a:80", "https": "b:81", "socks": "c:1080"}
    assert told.exceptions == ("db",)
    assert of_windows("", "").proxies == {}


def test_settings_as_macos_tells_them() -> None:
    shown = "  ProxyAutoConfigEnable : {}\n  ProxyAutoConfigURLString : http://wpad/proxy.pac\n"
    places = {"https": "http://p:3128"}
    settings = {"exclude_simple": True, "exceptions": ("*.far.test", None, "169.254/16")}
    told = of_macos(shown.format(1), places, settings)
    assert (told.by_script, told.script) == (True, "http://wpad/proxy.pac")
    told = of_macos(shown.format(0), places, settings)
    assert (told.by_script, told.proxies) == (False, places)
    assert told.exceptions[:3] == ("*.far.test", "169.254/16", "<local>")


def test_exceptions_of_the_environment_do_not_hide_the_settings_of_windows(
    on_windows: Callable[[Configured], None],
) -> None:
    on_windows(of_windows("proxy.far.test:8080", "*.near.test;<local>"))
    found = read({"NO_PROXY": "db.other.test"})
    assert (found.proxy, found.source) == (HttpProxy(host="proxy.far.test", port=8080), "Windows")
    assert found.exception_for("db.near.test", 27017) == "*.near.test"
    assert found.exception_for("near.test", 27017) is None
    assert found.exception_for("db", 27017) == "<local>"
    assert found.exception_for("db.other.test", 27017) == "db.other.test"
    assert found.exception_for("127.0.0.1", 27017) == "127.0.0.1"
    assert found.exception_for("db.far.test", 27017) is None
    on_windows(of_windows("socks=socks.far.test:1080", ""))
    assert read({}).proxy == Socks5Proxy(host="socks.far.test", port=1080)
    on_windows(Configured())
    assert read({"NO_PROXY": "x"}).proxy is None


def test_an_exception_of_windows_goes_directly(
    on_windows: Callable[[Configured], None], standalone: Deployment
) -> None:
    with peers.closed_port() as dead:
        on_windows(of_windows(f"127.0.0.1:{dead}", "<-loopback>"))
        assert run(standalone.address).verdict is Verdict.FAILED
        on_windows(of_windows(f"127.0.0.1:{dead}", "127.*;<-loopback>"))
        assert run(standalone.address).verdict is Verdict.CONNECTED


def test_windows_has_another_number_for_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its overlapped calls report codes of Win32, not of its sockets."""

    class WindowsError(OSError):
        winerror = 1225

    async def refused(*_: object) -> socket.socket:
        raise WindowsError

    monkeypatch.setattr(direct, "_attempt", refused)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    report = run("db.example.com:27017")
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "hop.refused"


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


# ---------------------------------------------------------------- a script, where the system evaluates it


def test_a_script_decides_for_each_server(replica_set: Deployment) -> None:
    first, second, third = (f":{server.port}/" for server in replica_set.servers)
    with proxies.squid() as http, proxies.microsocks() as socks:
        answers = {first: f"PROXY 127.0.0.1:{http}; DIRECT", second: f"SOCKS5 127.0.0.1:{socks}", third: "DIRECT"}
        with evaluated(answers) as script:
            report = run(*replica_set.addresses)
    assert report.verdict is Verdict.CONNECTED, report.findings
    assert {asked for asked, _ in script.asked} == {"http://wpad/proxy.pac"}
    assert all(url.startswith("https://") for _, url in script.asked)
    assert [server.cells["hello"].status for server in report.servers] == [Status.PASSED] * 3
    assert len(report.hops) == 1


def test_a_script_that_breaks_is_named_with_what_the_system_says() -> None:
    with evaluated({}):
        report = run("db.example.com:27017")
    assert report.diagnosis is not None
    assert (report.diagnosis.cause, report.diagnosis.certainty) == ("proxy.pac-broken", Certainty.PROVEN)
    assert "http://wpad/proxy.pac cannot be used: it has a mistake" in report.diagnosis.summary


def test_a_proxy_of_a_script_that_is_dead_is_the_cause() -> None:
    with peers.closed_port() as dead, evaluated({"": f"PROXY 127.0.0.1:{dead}; DIRECT"}):
        report = run("127.0.0.1:27017")
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "hop.refused"
    assert report.hops[0].server == f"127.0.0.1:{dead}"


def test_directly_by_a_script_and_not_reachable() -> None:
    with peers.closed_port() as dead, evaluated({"": "DIRECT"}):
        report = run(f"127.0.0.1:{dead}")
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "proxy.bypassed"
    assert "http://wpad/proxy.pac" in report.diagnosis.summary


def test_without_an_evaluator_one_sentence_says_so(tmp_path: Path) -> None:
    if pac.evaluator() is not None:
        pytest.skip("this system evaluates scripts")
    values = {" mode": "'auto'", " autoconfig-url": "''"}
    with pytest.raises(SettingsProblem, match="nothing on this computer evaluates such a script") as raised:
        read({}, home=tmp_path, run=gnome(values))  # type: ignore[arg-type]
    assert raised.value.pac == "(found by itself)"


@pytest.mark.parametrize(
    ("said", "hop"),
    [
        ("DIRECT", None),
        ("", None),
        ("PROXY p:3128; DIRECT", HttpProxy(host="p", port=3128)),
        ("  https  [fd00::1]:443 ", HttpProxy(host="fd00::1", port=443, tls=True)),
        ("SOCKS s:1080;PROXY p:1", Socks5Proxy(host="s", port=1080)),
    ],
)
def test_an_answer_of_a_script(said: str, hop: object) -> None:
    assert pac.first_choice(said) == hop


@pytest.mark.parametrize("said", ["PROXY p", "PROXY :1", "PROXY p:0", "PROXY p:99999", "SOCKS4 s:1", "other", "PROXY"])
def test_an_answer_that_is_none(said: str) -> None:
    with pytest.raises(pac.PacProblem):
        pac.first_choice(said)


def test_a_profile_from_elsewhere_asks_before_the_settings_of_this_computer_are_used() -> None:
    profile = Profile(hops=(SystemProxy(),), seeds=Seeds(hosts=("db",)))
    assert [one.value for one in concerns(profile)] == ["system proxy"]
