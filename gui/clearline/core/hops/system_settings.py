"""What this computer's own settings say about proxies: its environment, the desktop's settings, and their exceptions.

The environment comes first, as in every command line tool: MONGODB_PROXY (which MongoDB's own tools know), ALL_PROXY,
HTTPS_PROXY, with NO_PROXY for exceptions. Then the system: the registry of Windows, the network settings of macOS, and
on other systems those of GNOME (``gsettings``) or KDE (``kioslaverc``).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from clearline.core.addresses import port_number
from clearline.core.files.whole_files import read_whole
from clearline.core.hops import dconf, network_settings, pac
from clearline.core.profiles.hop import Hop
from clearline.core.profiles.hop_urls import hop_of
from clearline.core.secrets.secret import Secret

VARIABLES: Final = ("MONGODB_PROXY", "ALL_PROXY", "HTTPS_PROXY")
EXCEPTIONS: Final = "NO_PROXY"
_ASK_S: Final = 2.0
BY_ITSELF: Final = "(found by itself)"
"""Stands for the address of a script whose place the network tells."""
_NO_EVALUATOR: Final = "nothing on this computer evaluates such a script"
_KDE: Final = ".config/kioslaverc"
_GNOME: Final = "/system/proxy/"
_GNOMES_OWN: Final = ("localhost", "127.0.0.0/8", "::1")
"""The default of ``ignore-hosts``."""


class SettingsProblem(Exception):
    """Why the settings cannot be used. ``pac`` is the address of the script that decides, where one does."""

    def __init__(self, words: str, *, pac: str | None = None) -> None:
        super().__init__(words)
        self.words, self.pac = words, pac


@dataclass(frozen=True)
class PacScript:
    """A proxy script, and what evaluates it. ``url`` None: the network says where it is."""

    url: str | None
    evaluator: pac.Evaluator

    @property
    def name(self) -> str:
        """Its address, or words for it."""
        return self.url or BY_ITSELF


@dataclass(frozen=True, repr=False)
class SystemSettings:
    """One proxy for everything but the exceptions; None: no proxy is set. Holds a secret, so it never shows itself."""

    proxy: Hop | None = None
    password: Secret | None = None
    exceptions: tuple[str, ...] = ()
    system_exceptions: tuple[str, ...] = ()
    """Those of Windows and macOS, which are read in their own way."""
    script: PacScript | None = None
    """What decides instead of ``proxy``, for each target."""
    source: str = ""
    """Where it was found: a variable's name, ``GNOME``, ``KDE``, ``Windows``, ``macOS``."""

    def exception_for(self, host: str, port: int) -> str | None:
        """The exception that a target falls under."""
        said = (entry for entry in self.exceptions if matches(entry, host, port))
        also = (entry for entry in self.system_exceptions if network_settings.fits(entry, host, port))
        return next(said, None) or next(also, None)


def matches(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY is about a target: ``*``, a name and all below it, an address, a network, a port."""
    entry, host = entry.strip().lower(), host.lower().strip("[]").rstrip(".")
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return ip_address(host) in ip_network(entry, strict=False)
        except ValueError:
            return False
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdecimal() and ":" not in name:
        if port_number(wanted) != port:
            return False
        entry = name
    entry = entry.strip("[]").removeprefix("*").strip(".")
    return bool(entry) and (host == entry or host.endswith(f".{entry}"))


def read(
    environ: Mapping[str, str] | None = None,
    *,
    home: Path | None = None,
    run: Callable[[list[str]], str] | None = None,
) -> SystemSettings:
    """The settings as they are now. Raises `SettingsProblem`. Blocks: call it in a daemon thread."""
    around = os.environ if environ is None else environ
    exceptions = _split(around.get(EXCEPTIONS.lower()) or around.get(EXCEPTIONS) or "")
    for name in VARIABLES:
        for spelt in (name, name.lower()):
            if url := around.get(spelt, "").strip():
                return _made(url, exceptions, spelt)
    if sys.platform in ("win32", "darwin"):
        return _of_system(exceptions)
    told = _gnome(lambda schema, key: _gsetting(run or _printed, schema, key))
    return told or _kde(home or Path.home()) or SystemSettings(exceptions=exceptions)


def read_system(
    environ: Mapping[str, str] | None = None, *, home: Path | None = None, root: Path = Path("/")
) -> SystemSettings:
    """What the system or its desktop says apart from the environment, in a few milliseconds: no program is started,
    but for ``scutil`` on macOS. GNOME's settings are those of dconf's files. Raises `SettingsProblem`. For a daemon
    thread.
    """
    if sys.platform in ("win32", "darwin"):
        return _of_system(())
    home = home or Path.home()
    try:
        known = dconf.settings(_GNOME, home, os.environ if environ is None else environ, root)
    except (OSError, dconf.Damaged):
        raise SettingsProblem("GNOME's settings cannot be read") from None
    told = _gnome(lambda schema, key: known.get(f"{schema[1:]}/{key}" if schema else key, ""))
    return told or _kde(home) or SystemSettings()


def _made(url: str, exceptions: tuple[str, ...], source: str) -> SystemSettings:
    if "://" not in url:
        url = f"http://{url}"
    url = re.sub(r"^socks(5h)?://", "socks5://", url, flags=re.IGNORECASE)
    try:
        hop, password = hop_of(url)
    except ValueError as error:
        raise SettingsProblem(f"{source}: {error}") from None
    return SystemSettings(hop, password, exceptions, source=source)


def _split(text: str) -> tuple[str, ...]:
    return tuple(entry for entry in re.split(r"[,;\s]+", text) if entry)


def _by_script(url: str | None, source: str, exceptions: tuple[str, ...] = ()) -> SystemSettings:
    """A script decides. Raises `SettingsProblem` where nothing evaluates it."""
    evaluator = pac.evaluator()
    if evaluator is None:
        raise SettingsProblem(_NO_EVALUATOR, pac=url or BY_ITSELF)
    return SystemSettings(script=PacScript(url, evaluator), exceptions=exceptions, source=source)


def _of_system(exceptions: tuple[str, ...]) -> SystemSettings:
    source = "Windows" if sys.platform == "win32" else "macOS"
    found = network_settings.configured()
    if found.by_script:
        return _by_script(found.script, source, exceptions)
    for kind in ("socks", "https", "http"):
        if url := found.proxies.get(kind):
            url = url if kind != "socks" else f"socks5://{url.rpartition('://')[2]}"
            return replace(_made(url, exceptions, source), system_exceptions=found.exceptions)
    return SystemSettings(exceptions=exceptions)


def _gnome(value: Callable[[str, str], dconf.Value]) -> SystemSettings | None:
    """By what GNOME's settings say of a key; None where they name no proxy."""
    try:
        mode = value("", "mode")
        if mode == "auto":
            return _by_script(str(value("", "autoconfig-url")) or None, "GNOME")
        if mode != "manual":
            return None
        ignored = value("", "ignore-hosts")
        exceptions = ignored if isinstance(ignored, tuple) else _GNOMES_OWN if ignored == "" else ()
        for kind, scheme in (("socks", "socks5"), ("https", "http"), ("http", "http")):
            host, port = str(value(f".{kind}", "host")), str(value(f".{kind}", "port"))
            if host and port.isdecimal() and int(port):
                return _made(f"{scheme}://{host}:{port}", exceptions, "GNOME")
    except OSError:
        pass  # no GNOME here
    return None


def _gsetting(run: Callable[[list[str]], str], schema: str, key: str) -> dconf.Value:
    """What ``gsettings`` prints, as values. Raises OSError."""
    printed = run(["gsettings", "get", f"org.gnome.system.proxy{schema}", key]).strip()
    listed = printed.removeprefix("@as ")
    return tuple(re.findall(r"'([^']*)'", listed)) if listed.startswith("[") else printed.strip("'")


def _printed(command: list[str]) -> str:
    """What a program prints. Raises OSError, also when it fails."""
    import subprocess

    from clearline.paths import restored_environ

    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=True,
            env=restored_environ(),
        )
    except subprocess.SubprocessError as error:
        raise OSError(str(error)) from None
    return done.stdout


def _kde(home: Path) -> SystemSettings | None:
    try:
        text = read_whole(home / _KDE).decode("utf-8", "replace")
    except OSError:
        return None
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
        section = parser["Proxy Settings"]
    except (configparser.Error, KeyError):
        return None
    kind = section.get("ProxyType", "0").strip()
    if kind in ("2", "3"):
        return _by_script(section.get("Proxy Config Script", "").strip() or None, "KDE")
    if kind != "1":
        return None
    exceptions = _split(section.get("NoProxyFor", ""))
    for name in ("socksProxy", "httpsProxy", "httpProxy"):
        url = re.sub(r"\s+", ":", section.get(name, "").strip())  # KDE writes "http://host port"
        if url:
            scheme = "socks5" if name == "socksProxy" else "http"
            return _made(f"{scheme}://{url.rpartition('://')[2]}", exceptions, "KDE")
    return None
