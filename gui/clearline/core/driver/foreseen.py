"""What PyMongo makes of a plain text, told without importing it; the tests hold this against PyMongo's constructor.

Its import takes longer than all the rest of a check whose servers refuse the connection, of which it then only says
what the operating system said.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any, Final

from clearline.core.facts.text import UriFacts
from clearline.core.findings import Severity

_PLAIN: Final = frozenset(
    {
        *("replicaSet", "directConnection", "readPreference", "retryReads", "retryWrites", "maxPoolSize", "appName"),
        *("connectTimeoutMS", "serverSelectionTimeoutMS", "socketTimeoutMS", "w", "authSource", "authMechanism"),
    }
)
"""Options that need no file, no other package and no network; a valid value of one is valid whatever the others are."""
_MECHANISMS: Final = frozenset({None, "DEFAULT", "SCRAM-SHA-1", "SCRAM-SHA-256"})


def is_plain(uri: UriFacts) -> bool:
    """Whether PyMongo's constructor is sure to take the text, without a word about it, and to connect to its hosts.

    False where that is not sure: for SRV names, sockets of this computer, TLS, other logins, and doubts about the text.
    """
    login = uri.password.given if uri.user is not None else uri.options.get("authMechanism") is None
    return (
        not uri.srv
        and not uri.declares_api
        and login
        and uri.options.keys() <= _PLAIN
        and uri.options.get("authMechanism") in _MECHANISMS
        and (len(uri.hosts) == 1 or uri.options.get("directConnection") is not True)
        and not any(host.endswith(".sock") for host in uri.hosts)
        and all(mistake.severity is Severity.NOTE for mistake in uri.mistakes)
    )


def options_in_force(uri: UriFacts) -> dict[str, Any]:
    """What `effective_options` says of the client of a plain text."""
    options = uri.options
    found: dict[str, Any] = {
        "tls": False,
        "replicaSet": options.get("replicaSet"),
        "directConnection": options.get("directConnection"),
        "readPreference": options.get("readPreference", "primary"),
        "retryWrites": options.get("retryWrites", True),
        "maxPoolSize": options.get("maxPoolSize", 100),
    }
    if uri.user is not None:
        found["authSource"] = options.get("authSource") or uri.database or "admin"
        found["authMechanism"] = options.get("authMechanism", "DEFAULT")
    return deciding(found)


def deciding(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that say something: those that are off and not set go, but for TLS."""
    return {name: value for name, value in options.items() if value not in (None, False) or name == "tls"}


@cache
def driver_version() -> str:
    """PyMongo's version."""
    known = getattr(sys.modules.get("pymongo"), "version", None) or _version_of_file()
    if known is not None:
        return known
    import pymongo

    return pymongo.version


def _version_of_file() -> str | None:
    """What PyMongo's module of its version says, without the package around it; None where there is no such module."""
    package = find_spec("pymongo")
    places = package.submodule_search_locations if package is not None else None
    spec = PathFinder.find_spec("pymongo._version", places) if places is not None else None
    if spec is None or spec.loader is None:
        return None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found = getattr(module, "__version__", None)
    return found if isinstance(found, str) else None
