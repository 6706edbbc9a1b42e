"""Some running mongods that belong together, and what a test wants of them. `lab.deployments` builds them."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote_plus

from bson import Int64
from pymongo import MongoClient
from pymongo.errors import AutoReconnect

from clearline.cli.mongod import PrivateMongod
from lab.peer import bound_socket

ROOT, ROOT_PASSWORD = "root", "root-secret"
"""A user with the role root, in admin, of every deployment with login."""

PASSWORD = "pass"
"""The password of the users below, if they do not say another."""


@dataclass(frozen=True)
class User:
    """A user to be created. ``roles`` are ``role@database``."""

    name: str
    database: str = "admin"
    password: str = PASSWORD
    roles: tuple[str, ...] = ("readWrite@appdb",)
    mechanisms: tuple[str, ...] = ()
    """Empty: all that the server offers."""
    source: str | None = None
    """The only client address from which the user may log in."""


_LOGIN_RECORDS = {20249: False, 5286307: False, 20250: True, 5286306: True}  # MongoDB up to 6 and since 7


@dataclass
class Deployment:
    """Some mongods that belong together; enter it to start them."""

    servers: tuple[PrivateMongod, ...]
    set_name: str | None = None
    users: tuple[User, ...] = ()
    ca_file: Path | None = None
    client_file: Path | None = None
    """The certificate with which the laboratory itself connects, where one is demanded."""
    key_file: Path | None = None
    """The secret that the members share; removed with the deployment."""
    prepare: Callable[[Deployment], None] = field(default=lambda _: None, repr=False)
    held: list[socket.socket] = field(default_factory=list, repr=False)
    """Keep the servers' ports for them while they are down."""

    def __enter__(self) -> Self:
        try:
            self._hold_ports()
            with concurrent.futures.ThreadPoolExecutor(len(self.servers)) as pool:
                list(pool.map(lambda server: server.start(), self.servers))
            self.prepare(self)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End all servers at once; their data is of no use to anyone."""
        for server in self.servers:
            server.kill()
        for server in self.servers:
            server.stop()
        for held in self.held:
            held.close()
        if self.key_file:
            self.key_file.unlink(missing_ok=True)

    def _hold_ports(self) -> None:
        if sys.platform != "linux":  # elsewhere a server cannot listen on a port that is bound
            return
        for server in self.servers:
            with contextlib.suppress(OSError):  # it is lost already, and another is chosen at the start
                self.held.append(bound_socket("127.0.0.1", server.port))

    @property
    def server(self) -> PrivateMongod:
        """The first server."""
        return self.servers[0]

    @property
    def address(self) -> str:
        """``host:port`` of the first server."""
        return self.server.address

    @property
    def addresses(self) -> tuple[str, ...]:
        """``host:port`` of every server, in the order of their definition."""
        return tuple(server.address for server in self.servers)

    def uri(
        self,
        user: User | str | None = None,
        password: str | None = None,
        *,
        path: str = "",
        hosts: Sequence[str] | None = None,
        **options: object,
    ) -> str:
        """A connection string for all servers (or ``hosts``), credentials escaped, ``options`` after the ``?``.

        With TLS, ``tls`` and ``tlsCAFile`` are set unless ``options`` say otherwise. None leaves an option out.
        """
        login = ""
        if isinstance(user, User):
            options = {"authSource": user.database, **options}
            password, user = user.password, user.name
        if user is not None:
            login = quote_plus(user) + ("" if password is None else f":{quote_plus(password)}") + "@"
        if self.set_name:
            options = {"replicaSet": self.set_name, **options}
        if self.ca_file:
            options = {"tls": "true", "tlsCAFile": self.ca_file, **options}
        query = "&".join(f"{name}={quote_plus(str(value))}" for name, value in options.items() if value is not None)
        return f"mongodb://{login}{','.join(hosts or self.addresses)}/{path}{'?' if query else ''}{query}"

    def client(self, server: PrivateMongod | None = None, **options: Any) -> MongoClient[dict[str, Any]]:
        """A client for the laboratory's own use, of the whole deployment or of one server. Close it."""
        if self.users:
            options = {"username": ROOT, "password": ROOT_PASSWORD, **options}
        if self.ca_file:
            options = {"tls": True, "tlsCAFile": str(self.ca_file), **options}
        if self.client_file:
            options = {"tlsCertificateKeyFile": str(self.client_file), **options}
        if server is not None or not self.set_name:
            return MongoClient((server or self.server).address, directConnection=True, **options)
        return MongoClient(list(self.addresses), replicaSet=self.set_name, **options)

    def member(self, role: str) -> PrivateMongod:
        """The server that is now ``primary``, ``secondary`` (the first), ``arbiter`` or ``hidden``."""
        wanted = {"primary": "isWritablePrimary", "arbiter": "arbiterOnly"}.get(role, role)
        for server in self.servers:
            answer = self.hello(server)
            if answer.get(wanted) and (role == "hidden" or not answer.get("hidden")):
                return server
        raise LookupError(role)

    def hello(self, server: PrivateMongod | None = None) -> dict[str, Any]:
        """What a server says of itself now."""
        with self.client(server or self.server, username=None, password=None) as client:
            return client.admin.command("hello")

    def wait_until(
        self, server: PrivateMongod, condition: Callable[[Mapping[str, Any]], object], *, timeout_s: float = 90
    ) -> dict[str, Any]:
        """The first hello of a server that meets the condition. The server itself tells when its hello changes."""
        deadline = time.monotonic() + timeout_s
        with self.client(server, username=None, password=None) as client:
            answer: dict[str, Any] = {}
            awaiting: dict[str, Any] = {}
            while not answer or not condition(answer):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{server.address} still says {answer}")
                try:
                    answer = client.admin.command("hello", **awaiting)
                except AutoReconnect:  # a member that changes its role may hang up on everybody, and more than once
                    awaiting = {}
                    continue
                version = answer["topologyVersion"]
                version = {"processId": version["processId"], "counter": Int64(version["counter"])}
                awaiting = {"topologyVersion": version, "maxAwaitTimeMS": 1000}
        return answer

    def logins(self, server: PrivateMongod | None = None) -> list[tuple[str, bool]]:
        """(user, success) of every finished login at a server so far, the laboratory's own left out."""
        chosen = server or self.server
        mark = f"mark-{secrets.token_hex(8)}"
        with self.client(chosen, username=None, password=None, appname=mark) as client:
            client.admin.command("ping")
        pause, deadline = threading.Event(), time.monotonic() + 60
        while mark not in (log := chosen.log_path.read_text("utf-8", "replace")):  # it is written by another thread
            if time.monotonic() > deadline:
                raise TimeoutError("the server's log is not written")
            pause.wait(0.01)
        records = [json.loads(line) for line in log.splitlines() if '"c":"ACCESS"' in line]
        found = []
        for record in records:
            if (success := _LOGIN_RECORDS.get(record["id"])) is not None:
                user = record["attr"].get("principalName") or record["attr"].get("user", "")
                if user not in (ROOT, "__system"):
                    found.append((user, success))
        return found
