"""Real MongoDB deployments: builders without pytest; `conftest.py` offers the common ones as session fixtures.

Every builder returns a `Deployment` that is a context manager. Each server takes about 5 MB of disk and is up in half a
second, a replica set in one to two. Tests that kill, freeze or reconfigure a server build their own; those of the
fixtures are shared. Waiting is done by the servers' own awaitable hello, never by sleeping.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clearline.cli.mongod import PrivateMongod
from lab.certificates import Authority, Identity
from lab.deployment import ROOT, ROOT_PASSWORD, Deployment, User

APP = User("app")
USERS = (
    APP,
    User("appuser", "appdb"),
    User("sha1only", mechanisms=("SCRAM-SHA-1",)),
    User("reader", roles=("read@appdb",)),
    User("noroles", roles=()),
    User("monitor", roles=("clusterMonitor@admin",)),
    User("plus", password="pa+ss"),
    User("percent", password="pa%41ss"),
    User("hash", password="pa#ss"),
    User("special", password="p@ss:/?#[]%w ü"),
    User("elsewhere", source="203.0.113.7"),
    User("Éva", password="naïve"),
)
"""The users of every deployment with login."""

_ROLES = ("isWritablePrimary", "secondary", "arbiterOnly")
_SMALL = ("--wiredTigerEngineConfigString", "log=(file_max=4MB,prealloc=false)")


def standalone(*arguments: str, bind_ip: str = "127.0.0.1") -> Deployment:
    """One mongod without login and without TLS."""
    return Deployment((_mongod(arguments, bind_ip),))


def with_login(*arguments: str, users: Sequence[User] = USERS, **fields: Any) -> Deployment:
    """One mongod that demands a login, with ``users``."""
    return Deployment((_mongod(("--auth", *arguments)),), users=tuple(users), prepare=_create_users, **fields)


def without_sha256() -> Deployment:
    """One mongod that demands a login and has SCRAM-SHA-256 switched off."""
    users = tuple(user for user in USERS if not user.mechanisms)
    return with_login("--setParameter", "authenticationMechanisms=SCRAM-SHA-1", users=users)


def with_tls(
    authority: Authority,
    *arguments: str,
    identity: Identity | None = None,
    demand_certificate: bool = False,
    crl: Path | None = None,
) -> Deployment:
    """One mongod that speaks TLS only. It asks for client certificates of ``authority``, or demands one."""
    tls = _tls(authority, identity, demand_certificate, crl) + arguments
    own = authority.client("lab", unit="Laboratory").certificate_key_file if demand_certificate else None
    return Deployment((_mongod(tls),), ca_file=authority.ca_file, client_file=own)


def with_x509(authority: Authority, *, certificate_user: Identity, users: Sequence[User] = USERS) -> Deployment:
    """One mongod with TLS and login, whose users are ``users`` and, by certificate, ``certificate_user``."""
    known = User(certificate_user.subject, "$external")
    arguments = _tls(authority, None, False, None)
    return with_login(*arguments, users=(*users, known), ca_file=authority.ca_file)


def of_age(binary: Path, authority: Authority, *, users: Sequence[User] = USERS) -> Deployment:
    """One mongod of another version, with TLS and login."""
    server = PrivateMongod((*_SMALL, "--auth", *_tls(authority, None, False, None)), binary=binary)
    return Deployment((server,), users=tuple(users), ca_file=authority.ca_file, prepare=_create_users)


def connection_limit(connections: int = 8) -> Deployment:
    """One mongod that accepts only so many connections."""
    return standalone("--maxConns", str(connections))


@dataclass(frozen=True)
class Member:
    """A member of a replica set."""

    arbiter: bool = False
    hidden: bool = False
    priority: float = 1
    votes: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)


def replica_set(
    *members: Member,
    name: str = "rs0",
    login: bool = False,
    users: Sequence[User] = USERS,
    authority: Authority | None = None,
    election_timeout_ms: int = 2000,
) -> Deployment:
    """A replica set of three, or of ``members``; the first data-bearing one with the highest priority is primary.

    ``login``: with a key file and ``users``. ``authority``: TLS only, also among the members.
    """
    members = members or (Member(priority=2), Member(), Member())
    arguments = ["--replSet", name, "--oplogSize", "8", "--setParameter", "enableTestCommands=1"]
    if authority:
        arguments += _tls(authority, None, False, None)
    key_file: Path | None = None
    if login:
        key_file = _key_file()
        arguments += ["--auth", "--keyFile", str(key_file)]
    servers = tuple(_mongod(arguments) for _ in members)

    def prepare(deployment: Deployment) -> None:
        _initiate(deployment, members, election_timeout_ms)
        if login:
            _create_users(deployment)

    known = tuple(users) if login else ()
    ca_file = authority.ca_file if authority else None
    return Deployment(servers, set_name=name, users=known, ca_file=ca_file, key_file=key_file, prepare=prepare)


def diverse_set() -> Deployment:
    """A healthy set of five: a primary and a secondary with tags, one with priority 0, a hidden one, an arbiter."""
    return replica_set(
        Member(priority=2, tags={"dc": "east"}),
        Member(tags={"dc": "west"}),
        Member(priority=0, tags={"dc": "west", "use": "reports"}),
        Member(hidden=True, priority=0),
        Member(arbiter=True),
        name="rs5",
    )


def calm(deployment: Deployment) -> None:
    """Let a set from which no test takes a member look for them as rarely as MongoDB does by default.

    Looking five times a second, as sets do that have to notice a loss soon, costs a tenth of a processor.
    """
    with deployment.client(deployment.member("primary")) as client:
        config = client.admin.command("replSetGetConfig")["config"]
        config["settings"] |= {"heartbeatIntervalMillis": 2000, "electionTimeoutMillis": 10_000}
        config["version"] += 1
        client.admin.command("replSetReconfig", config)


def uninitiated() -> Deployment:
    """One mongod with ``--replSet`` that nobody has initiated."""
    return Deployment((_mongod(("--replSet", "rs0", "--oplogSize", "8")),))


def remove_member(deployment: Deployment, server: PrivateMongod) -> None:
    """Take a member out of its set and wait until it knows."""
    with deployment.client(deployment.member("primary")) as client:
        config = client.admin.command("replSetGetConfig")["config"]
        config["members"] = [member for member in config["members"] if member["host"] != server.address]
        config["version"] += 1
        client.admin.command("replSetReconfig", config)
    deployment.wait_until(server, lambda hello: "setName" not in hello)


class Frozen:
    """A server that is stopped by the kernel: it accepts connections and says nothing (POSIX)."""

    def __init__(self, server: PrivateMongod) -> None:
        self._server = server

    def __enter__(self) -> None:
        self._server.freeze()

    def __exit__(self, *_: object) -> None:
        self._server.thaw()


def _mongod(arguments: Sequence[str], bind_ip: str = "127.0.0.1") -> PrivateMongod:
    return PrivateMongod((*_SMALL, *arguments), bind_ip=bind_ip)


def _tls(
    authority: Authority, identity: Identity | None, demand_certificate: bool, crl: Path | None
) -> tuple[str, ...]:
    server = identity or authority.server()
    arguments = ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(server.certificate_key_file)]
    arguments += ["--tlsCAFile", str(authority.ca_file)]
    if not demand_certificate:
        arguments.append("--tlsAllowConnectionsWithoutCertificates")
    if crl:
        arguments += ["--tlsCRLFile", str(crl)]
    return tuple(arguments)


def _key_file() -> Path:
    descriptor, name = tempfile.mkstemp(prefix="clearline-lab-")  # readable by its owner alone, as mongod demands
    os.close(descriptor)
    path = Path(name)
    path.write_text(secrets.token_hex(64))
    return path


def _create_users(deployment: Deployment) -> None:
    server = deployment.member("primary") if deployment.set_name else deployment.server
    with deployment.client(server, username=None, password=None) as client:  # MongoDB's localhost exception
        hello = client.admin.command("hello")
        everywhere = len(hello.get("hosts", ())) + len(hello.get("passives", ()))
        concern = {"w": everywhere, "wtimeout": 20_000} if everywhere else {"w": 1}  # a member that lags knows nobody
        client.admin.command("createUser", ROOT, pwd=ROOT_PASSWORD, roles=["root"], writeConcern=concern)
    for each in deployment.servers:
        with deployment.client(each) as client:
            client.admin.command("setParameter", 1, quiet=False)  # a quiet server does not log successful logins
    with deployment.client(server) as client:
        for user in deployment.users:
            command: dict[str, Any] = {"roles": [_role(role) for role in user.roles]}
            if user.database != "$external":
                command["pwd"] = user.password
            if user.mechanisms:
                command["mechanisms"] = list(user.mechanisms)
            if user.source:
                command["authenticationRestrictions"] = [{"clientSource": [user.source]}]
            client[user.database].command("createUser", user.name, **command)


def _role(text: str) -> dict[str, str]:
    role, _, database = text.partition("@")
    return {"role": role, "db": database}


def _initiate(deployment: Deployment, members: Sequence[Member], election_timeout_ms: int) -> None:
    config = []
    for number, (server, member) in enumerate(zip(deployment.servers, members, strict=True)):
        entry: dict[str, Any] = {"_id": number, "host": server.address, "priority": member.priority}
        entry |= {"votes": member.votes, "tags": dict(member.tags)}
        if member.arbiter:
            entry = {"_id": number, "host": server.address, "arbiterOnly": True, "priority": 0}
        if member.hidden:
            entry |= {"hidden": True, "priority": 0}
        config.append(entry)
    settings = {"electionTimeoutMillis": election_timeout_ms, "heartbeatIntervalMillis": 200, "catchUpTimeoutMillis": 0}
    first = max(range(len(members)), key=lambda number: (members[number].priority, -number))
    with deployment.client(deployment.servers[first], username=None, password=None) as client:
        document = {"_id": deployment.set_name, "members": config, "settings": settings}
        client.admin.command("replSetInitiate", document)
    deployment.wait_until(deployment.servers[first], lambda hello: hello.get("isWritablePrimary"))
    for server in deployment.servers:
        deployment.wait_until(server, lambda hello: any(hello.get(role) for role in _ROLES))
