"""The connections of DBeaver (``data-sources.json``) that are about MongoDB; those to other databases are passed over.

Passwords are in a file of their own there (``credentials-config.json``), encrypted. The way stands in ``handlers``
(``ssh_tunnel``, ``socks_proxy``), of the connection or of the network profile that it names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote_plus

from clearline.core.exchange.from_text import item_from
from clearline.core.exchange.imported import Format, Imported, ImportedItem, foreign_id, one_line, within_limits
from clearline.core.exchange.tunnels import hop_secrets_of, port_of, ssh_hop
from clearline.core.profiles.hop import Hop, Socks5Proxy, SshLogin, SshServer
from clearline.core.profiles.profile import Auth, Profile
from clearline.core.secrets.secret import PASSWORD, Secret

_MONGODB: Final = "mongo"
_MOST_JUMPS: Final = 8
_LOGINS: Final[dict[str, tuple[SshLogin, ...]]] = {
    "PASSWORD": ("password", "interactive"),
    "PUBLIC_KEY": ("key", "interactive"),
    "AGENT": ("agent", "interactive"),
}
_ENCRYPTED: Final = "DBeaver encrypts its passwords in another file, so none is imported."
_OWN_FOLDER: Final = "The SSH key lies in a folder of DBeaver's own: choose its file again."


def looks_like(document: dict[str, Any]) -> bool:
    """Whether these are the connections of DBeaver."""
    entries = document.get("connections")
    return isinstance(entries, dict) and any(
        isinstance(entry, dict) and "provider" in entry and "configuration" in entry for entry in entries.values()
    )


def read(document: dict[str, Any]) -> Imported:
    """The connections to MongoDB. Raises `TooLarge`."""
    entries = [(str(key), _object(entry)) for key, entry in within_limits(document["connections"].items())]
    ours = [(key, entry) for key, entry in entries if _is_mongodb(entry)]
    networks = _object(document.get("network-profiles"))
    return Imported(
        format=Format.DBEAVER,
        items=tuple(_item(key, entry, networks) for key, entry in ours),
        passed_over=len(entries) - len(ours),
    )


def _is_mongodb(entry: dict[str, Any]) -> bool:
    url = _object(entry.get("configuration")).get("url")
    known = (entry.get("provider"), entry.get("driver"), url if isinstance(url, str) and ":" in url else "")
    return any(_MONGODB in one_line(text).partition("//")[0].lower() for text in known)


def _item(key: str, entry: dict[str, Any], networks: dict[str, Any]) -> ImportedItem:
    said = _object(entry.get("configuration"))
    own = _object(said.get("auth-properties"))
    user = one_line(said.get("user")) or one_line(own.get("user")) or one_line(own.get("userName"))
    password = said.get("password")
    remarks = [_ENCRYPTED] if user and not password else []
    handlers = {**_object(_object(networks.get(one_line(said.get("config-profile")))).get("handlers"))}
    handlers |= _object(said.get("handlers"))
    hops, secrets = _way(handlers, remarks)
    if isinstance(password, str) and password and user:
        secrets[PASSWORD] = Secret(password)
    base = Profile(
        id=foreign_id("dbeaver", key),
        folder=one_line(entry.get("folder")),
        hops=tuple(hops),
        auth=Auth(user=user or None),
    )
    return item_from(
        _address(said, user),
        name=one_line(entry.get("name")) or key[:60],
        base=base,
        extra_secrets=secrets,
        remarks=tuple(remarks),
        has_identity=True,
    )


def _address(said: dict[str, Any], user: str) -> str | None:
    """The connection string: the one that was typed, else one made of the fields."""
    url = one_line(said.get("url")).removeprefix("jdbc:")
    if url.lower().startswith("mongodb"):
        scheme, mark, rest = url.partition("://")
        if user and mark and "@" not in rest.partition("/")[0]:
            rest = f"{quote_plus(user)}@{rest}"
        return f"{scheme}{mark}{rest}"
    host = one_line(said.get("host"))
    if not host:
        return None
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    port = port_of(said.get("port"), 27017)
    login = f"{quote_plus(user)}@" if user else ""
    return f"mongodb://{login}{host}:{port}/{quote_plus(one_line(said.get('database')))}"


# ---------------------------------------------------------------- the way


def _way(handlers: dict[str, Any], remarks: list[str]) -> tuple[list[Hop], dict[str, Secret]]:
    """The proxy first, then the jumps, then the SSH server itself; and what stands in the file of their secrets."""
    hops: list[Hop] = []
    secrets: dict[str, Secret] = {}
    socks = _switched_on(handlers, "socks_proxy")
    if socks is not None and (host := one_line(socks.get("socks-host"))):
        user = one_line(_object(handlers["socks_proxy"]).get("user")) or None
        hops.append(Socks5Proxy(host=host, port=port_of(socks.get("socks-port"), 1080), user=user))
    tunnel = _switched_on(handlers, "ssh_tunnel")
    if tunnel is None:
        return hops, secrets
    for server, said in (*_jumps(tunnel, remarks), (_server(tunnel, handlers["ssh_tunnel"], remarks), tunnel)):
        if server is not None:
            secrets |= hop_secrets_of(said.get("password"), said.get("passphrase"), place=len(hops))
            hops.append(server)
    return hops, secrets


def _jumps(tunnel: dict[str, Any], remarks: list[str]) -> Iterator[tuple[SshServer | None, dict[str, Any]]]:
    for number in range(_MOST_JUMPS):
        prefix = f"jumpServer{number}."
        said = {name.removeprefix(prefix): value for name, value in tunnel.items() if str(name).startswith(prefix)}
        if not said:
            return
        if str(said.get("enabled", True)).lower() == "true":
            yield _server(said, {}, remarks), said


def _server(said: dict[str, Any], handler: Any, remarks: list[str]) -> SshServer | None:
    known = (said.get("user"), said.get("userName"), said.get("name"), _object(handler).get("user"))
    user = next(filter(None, map(one_line, known)), "")
    key = one_line(said.get("keyPath"))
    if "${" in key:
        key = ""
        remarks.append(_OWN_FOLDER)
    kind = one_line(said.get("authType")).upper() or "PASSWORD"
    return ssh_hop(said.get("host"), said.get("port"), user, key, login=_LOGINS.get(kind))


def _switched_on(handlers: dict[str, Any], name: str) -> dict[str, Any] | None:
    handler = _object(handlers.get(name))
    return _object(handler.get("properties")) if handler.get("enabled") is True else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
