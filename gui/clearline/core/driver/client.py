"""The only place that builds a PyMongo client: its timeouts, its listeners, and the TLS context that it would use."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from clearline.core.addresses import is_loopback
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.driver.event_texts import address_text
from clearline.core.driver.foreseen import deciding
from clearline.core.driver.monitors import Monitors
from clearline.core.hops.loop import Lines
from clearline.core.secrets.secret import KEY_PASSWORD, Secrets

if TYPE_CHECKING:
    import ssl

    from pymongo import AsyncMongoClient
    from pymongo.monitoring import _EventListener

APP_NAME = "Clearline"
CLOSE_TIMEOUT_S = 1.0
"""Closing says goodbye to the servers (endSessions), which a dead one never answers."""


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """A client that has contacted no server yet, and what PyMongo warned about while reading its options."""

    client: Any
    monitors: Monitors
    lines: Lines
    """The client is used `going` with them."""
    warnings: tuple[str, ...]


def build_client(
    text: str,
    options: Mapping[str, Any],
    *,
    listeners: Sequence[_EventListener],
    longest_wait_s: float | None,
    server_api: str | None = None,
    extra: Mapping[str, Any] | None = None,
    confined: bool = False,
) -> Built:
    """A client for one check with the user's own options; only its waiting is cut to ``longest_wait_s``.

    None, for a watch, leaves the user's own timeouts and minPoolSize alone. ``extra`` are more keyword arguments.

    ``options`` are the text's valid options by canonical name; ``server_api`` is the Stable API version, which no text
    can hold. ``confined``: it logs in to servers on this computer alone, wherever these may lead (`on_this_computer`).
    No pool is filled ahead (minPoolSize), for each of those connections would be a login of its own. Raises
    whatever the driver's constructor raises, which is more than
    PyMongoError: ValueError, TypeError, OSError, ssl.SSLError.
    """
    from pymongo import AsyncMongoClient

    limits: dict[str, Any] = dict(extra or {})
    if longest_wait_s is not None:
        # Lower than the selection's own: else silence reads "No servers found yet".
        limits["connectTimeoutMS"] = _at_most(options.get("connectTimeoutMS"), longest_wait_s * 900)
        limits["serverSelectionTimeoutMS"] = _at_most(options.get("serverSelectionTimeoutMS"), longest_wait_s * 1000)
        limits["socketTimeoutMS"] = _at_most(options.get("socketTimeoutMS"), longest_wait_s * 1000)
        if options.get("minPoolSize"):
            limits["minPoolSize"] = 0
    if "tlsCertificateKeyFile" in options and "tlsCertificateKeyFilePassword" not in options:
        # Without any password OpenSSL would ask for the one of an encrypted key on the terminal, and wait for it.
        limits["tlsCertificateKeyFilePassword"] = ""
    if confined:
        chosen = limits.get("server_selector")
        limits["server_selector"] = lambda servers: on_this_computer(chosen(servers) if chosen else servers)
        limits["minPoolSize"] = 0  # a pool is filled, and logged in, without any selection
    if server_api is not None:
        from pymongo.server_api import ServerApi

        limits["server_api"] = ServerApi(server_api)
    monitors = Monitors(brief=longest_wait_s is not None)
    limits["_monitor_class"] = monitors.kind()
    if "appName" not in options:
        limits["appName"] = APP_NAME
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(text, event_listeners=list(listeners), **limits)
    # What SRV and TXT records bring is read at the first use, where nothing collects its warnings: the lint tells them.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"pymongo\.")
    told = tuple(str(w.message) for w in caught)
    return Built(client=client, monitors=monitors, lines=Lines(), warnings=told)


async def built_beside(build: Callable[[], Built], *, tls: bool) -> Built:
    """What ``build``, a `build_client`, makes or raises. With TLS it reads the trusted roots first (20 to 40 ms), and
    the loop does not wait for that.
    """
    return await run_in_daemon(build) if tls else build()


def on_this_computer(servers: Sequence[Any]) -> Sequence[Any]:
    """Those of some server descriptions that are on this computer, by the look of their addresses."""
    return [server for server in servers if is_loopback(address_text(server.address))]


async def close_client(built: Built) -> None:
    """Close a client, for `CLOSE_TIMEOUT_S` at most. Cancelling it ends the waiting too; never raises anything else.

    A dead server never answers the goodbye, and over what an odd one answers PyMongo raises before it has closed
    anything: the second close has no server left to say goodbye to.
    """
    try:
        for attempt in range(2):
            if attempt or built.monitors.crowded:
                built.monitors.stop()
            farewell = asyncio.ensure_future(built.client.close())
            farewell.add_done_callback(_heard)
            try:
                await asyncio.wait([farewell], timeout=CLOSE_TIMEOUT_S / 2)
            finally:
                farewell.cancel()  # not waited for: PyMongo may lose it
            if farewell.done() and not farewell.cancelled() and farewell.exception() is None:
                break
    finally:
        built.lines.cut()
        built.monitors.let_go(built.client)
    await asyncio.sleep(0)


def _heard(farewell: asyncio.Future[None]) -> None:
    if not farewell.cancelled():
        farewell.exception()


def _at_most(value: object, limit_ms: float) -> float:
    """The user's milliseconds where they are shorter; 0 and None mean "for ever" to the driver."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < limit_ms:
        return value
    return limit_ms


def tls_context(options: Mapping[str, Any], secrets: Secrets) -> ssl.SSLContext:
    """The context that the driver makes from these options (pymongo.client_options._parse_ssl_options).

    Raises what loading the files raises: OSError, ssl.SSLError, pymongo.errors.ConfigurationError. Blocks while it
    reads the trusted roots (5 to 30 ms): call it off the loop.
    """
    from pymongo.ssl_support import get_ssl_context

    insecure = options.get("tlsInsecure") is True
    password = secrets.get(KEY_PASSWORD)
    return get_ssl_context(  # type: ignore[return-value]  # never PyOpenSSL's, which is for the sync client
        options.get("tlsCertificateKeyFile"),
        # An empty password instead of None: OpenSSL would ask for it on the terminal.
        password.reveal() if password else "",
        options.get("tlsCAFile"),
        options.get("tlsCRLFile"),
        insecure or options.get("tlsAllowInvalidCertificates") is True,
        insecure or options.get("tlsAllowInvalidHostnames") is True,
        options.get("tlsDisableOCSPEndpointCheck") is True,
        False,
    )


def effective_options(client: AsyncMongoClient[Any]) -> dict[str, Any]:
    """What is in force after TXT records and defaults, as far as it decides a connection."""
    options = client.options
    credentials = options.pool_options._credentials
    found: dict[str, Any] = {
        "tls": options.pool_options._ssl_context is not None,
        "replicaSet": options.replica_set_name,
        "directConnection": options.direct_connection,
        "loadBalanced": options.load_balanced,
        "readPreference": options.read_preference.mongos_mode,
        "retryWrites": options.retry_writes,
        "maxPoolSize": options.pool_options.max_pool_size,
    }
    if credentials is not None:
        found |= {"authSource": credentials.source, "authMechanism": credentials.mechanism}
    return deciding(found)
