"""The settings of Robo 3T (``robo3t.json``) and of Robomongo before it: single fields, no connection strings."""

from __future__ import annotations

from itertools import count, takewhile
from typing import Any

import msgspec

from clearline.core.exchange.from_text import address_name, with_foreign
from clearline.core.exchange.imported import (
    Format,
    Imported,
    ImportedItem,
    foreign_id,
    one_line,
    within_limits,
)
from clearline.core.exchange.tunnels import hop_secrets_of, ssh_hop
from clearline.core.findings import Severity
from clearline.core.profiles.hop import SshServer
from clearline.core.profiles.profile import Auth, Profile, Reads, Seeds, Tls, new_profile_id
from clearline.core.secrets.secret import KEY_PASSWORD, PASSWORD, Secret
from clearline.core.uri.connection_string import build
from clearline.core.uri.connection_string import read as read_text

_SHELL_ONLY = "MONGODB-CR"
_ENCRYPTED = "Robo 3T encrypts its passwords for itself, so none is imported."


def looks_like(document: dict[str, Any]) -> bool:
    """Whether these are settings of Robo 3T."""
    entries = document.get("connections")
    if not isinstance(entries, list):
        return False
    if not entries:
        return "uuidEncoding" in document or "mongoTimeoutSec" in document
    return any(isinstance(entry, dict) and "serverHost" in entry for entry in entries)


def read(document: dict[str, Any]) -> Imported:
    """The connections of the settings. Raises `TooLarge`."""
    entries = within_limits(document["connections"])
    return Imported(format=Format.ROBO3T, items=tuple(_item(entry, n) for n, entry in enumerate(entries, 1)))


def _item(entry: Any, number: int) -> ImportedItem:
    if not isinstance(entry, dict):
        return ImportedItem(name=f"connection {number}", problem="This entry is no object.")
    name = one_line(entry.get("connectionName"))
    seeds = _seeds(entry)
    if not seeds.hosts:
        return ImportedItem(name=name or f"connection {number}", problem="There is no host in it.")
    own_id = entry.get("uuid")
    auth, secrets, remarks = _login(entry)
    tls, key_password, tls_foreign = _tls(_object(entry.get("ssl")))
    if key_password:
        secrets[KEY_PASSWORD] = key_password
    tunnel = _object(entry.get("ssh"))
    if (hop := _tunnel(tunnel)) is not None:
        secrets |= hop_secrets_of(tunnel.get("userPassword"), tunnel.get("passphrase"))
    preferred = seeds.replica_set is not None or bool(entry.get("isReplicaSet"))
    reads = Reads(preference="primaryPreferred" if preferred and _set(entry).get("readPreference") == 1 else None)
    profile = Profile(
        id=foreign_id("robo3t", own_id) if isinstance(own_id, str) and own_id else new_profile_id(),
        name=name,
        notes=with_foreign("", tls_foreign),
        hops=(hop,) if hop is not None else (),
        seeds=seeds,
        auth=auth,
        tls=tls,
        reads=reads,
    )
    profile = msgspec.structs.replace(profile, name=name or address_name(profile))
    # Through the text once, so that what no driver takes is found as in any other connection string.
    reading = read_text(build(profile, secrets, show="plain"))
    refused = any(m.severity is Severity.FAILURE and m.cause.startswith("uri.bad-") for m in reading.mistakes)
    return ImportedItem(
        name=profile.name,
        profile=profile,
        secrets=secrets,
        problem="The driver does not take its host or its port." if refused else "",
        kept_foreign=tls_foreign,
        remarks=remarks,
        has_identity=isinstance(own_id, str) and bool(own_id),
    )


def _seeds(entry: dict[str, Any]) -> Seeds:
    database = one_line(entry.get("defaultDatabase")) or None
    if entry.get("isReplicaSet"):
        members = _set(entry)
        # Robomongo writes a list as an object with the keys "0", "1", …
        listed = takewhile(lambda number: str(number) in members, count())
        hosts = tuple(filter(None, (one_line(members[str(number)]) for number in listed)))
        set_name = one_line(members.get("setNameUserEntered")) or one_line(members.get("cachedSetName"))
        return Seeds(hosts=hosts, database=database, replica_set=set_name or one_line(members.get("setName")) or None)
    host, port = one_line(entry.get("serverHost")), entry.get("serverPort")
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    with_port = f"{host}:{port}" if isinstance(port, int) and not isinstance(port, bool) and port > 0 else host
    return Seeds(hosts=(with_port,) if host else (), database=database, direct_connection=True if host else None)


def _login(entry: dict[str, Any]) -> tuple[Auth, dict[str, Secret], tuple[str, ...]]:
    """The first credential that is switched on; Robo 3T uses no other."""
    listed = entry.get("credentials")
    credentials = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    used = next((one for one in credentials if one.get("enabled")), None)
    if used is None or not (user := one_line(used.get("userName"))):
        return Auth(), {}, ()
    remarks = []
    mechanism = one_line(used.get("mechanism")) or None
    if mechanism == _SHELL_ONLY:
        remarks.append(f"{mechanism} left MongoDB with version 4.0; the server's default mechanism is used.")
        mechanism = None
    password = used.get("userPassword")
    secrets = {PASSWORD: Secret(password)} if isinstance(password, str) and password else {}
    if not secrets and used.get("userPasswordEncrypted"):
        remarks.append(_ENCRYPTED)
    auth = Auth(user=user, source=one_line(used.get("databaseName")) or None, mechanism=mechanism)
    return auth, secrets, tuple(remarks)


def _tls(ssl: dict[str, Any]) -> tuple[Tls, Secret | None, tuple[str, ...]]:
    if not (ssl.get("sslEnabled") or ssl.get("enabled")):
        files = [one_line(ssl.get(name)) for name in ("caFile", "pemKeyFile", "crlFile")]
        off = [file for file in files if file]
        return Tls(), None, (f"TLS, switched off, with {', '.join(off)}",) if off else ()
    advanced = bool(ssl.get("useAdvancedOptions"))
    key_file = one_line(ssl.get("pemKeyFile")) if ssl.get("usePemFile") else ""
    password = ssl.get("pemPassPhrase")
    tls = Tls(
        enabled=True,
        ca_file=one_line(ssl.get("caFile")) or None,
        certificate_key_file=key_file or None,
        crl_file=(one_line(ssl.get("crlFile")) or None) if advanced else None,
        allow_invalid_hostnames=True if advanced and ssl.get("allowInvalidHostnames") else None,
        allow_invalid_certificates=True if ssl.get("allowInvalidCertificates") else None,
    )
    return tls, Secret(password) if key_file and isinstance(password, str) and password else None, ()


def _tunnel(ssh: dict[str, Any]) -> SshServer | None:
    if not ssh.get("enabled"):
        return None
    key = ssh.get("privateKeyFile") if ssh.get("method", "publickey") == "publickey" else None
    return ssh_hop(ssh.get("host"), ssh.get("port"), ssh.get("userName"), key)


def _set(entry: dict[str, Any]) -> dict[str, Any]:
    return _object(entry.get("replicaSet"))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
