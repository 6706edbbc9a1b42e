"""The proxy of the system's or desktop's own settings, which browsers use and MongoDB's drivers do not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from clearline.core.facts.computer import SystemProxyFacts
from clearline.core.hops import system_settings
from clearline.core.hops.system_settings import SettingsProblem
from clearline.core.probes.surroundings import endpoint
from clearline.core.profiles.hop import HttpProxy, Socks5Proxy

_MOST: Final = 50
_LONGEST: Final = 100


def look_at_settings(
    environ: Mapping[str, str] | None = None, *, home: Path | None = None, root: Path = Path("/")
) -> SystemProxyFacts:
    """What the settings name, without users and passwords. Sends nothing: for a daemon thread."""
    try:
        found = system_settings.read_system(environ, home=home, root=root)
    except SettingsProblem as problem:
        if problem.pac is None:
            return SystemProxyFacts(readable=False)
        return SystemProxyFacts(script=_place(problem.pac))
    proxy = None
    if isinstance(found.proxy, HttpProxy | Socks5Proxy):
        scheme = "socks5" if isinstance(found.proxy, Socks5Proxy) else "https" if found.proxy.tls else "http"
        host = f"[{found.proxy.host}]" if ":" in found.proxy.host else found.proxy.host
        proxy = f"{scheme}://{host}:{found.proxy.port}"
    return SystemProxyFacts(
        source=found.source,
        proxy=proxy,
        script=_place(found.script.name) if found.script is not None else None,
        exceptions=tuple(entry[:_LONGEST] for entry in (*found.exceptions, *found.system_exceptions)[:_MOST]),
    )


def _place(script: str) -> str:
    """Where a script is, as far as it names no person: the path of a file may."""
    if "://" not in script:
        return script[:_LONGEST] if script == system_settings.BY_ITSELF else "unreadable"
    return "a file of this computer" if script.lower().startswith("file:") else endpoint(script)[:_LONGEST]
