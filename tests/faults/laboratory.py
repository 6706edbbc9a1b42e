"""The servers and certificates that the rows share, started when the first row asks for them."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

from lab import deployments
from lab.certificates import Authority, Identity
from lab.deployment import PASSWORD, Deployment, User

T = TypeVar("T")

SECRET = "Zq7-hunter-9Xk"
"""The password of ordinary users: no word that a report could contain by chance."""
USERS = tuple(dataclasses.replace(u, password=SECRET) if u.password == PASSWORD else u for u in deployments.USERS)


class Laboratory:
    """Shared, lazily started deployments; a context manager. Rows that break a server start their own."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, deployment: Deployment) -> Deployment:
        return self._stack.enter_context(deployment)

    @cached_property
    def folder(self) -> Path:
        """A folder for certificates and other files."""
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="clearline-faults-")))

    @cached_property
    def authority(self) -> Authority:
        """The private authority of the shared TLS servers."""
        return Authority(self.folder)

    @cached_property
    def other_authority(self) -> Authority:
        """An authority that has signed none of their certificates."""
        return Authority(self.folder, "Other CA", "Elsewhere")

    @cached_property
    def client(self) -> Identity:
        """A client certificate that every server accepts; also a user of `x509_server`."""
        return self.authority.client("app")

    @cached_property
    def standalone(self) -> Deployment:
        """No login, no TLS."""
        return self._start(deployments.standalone())

    @cached_property
    def login_server(self) -> Deployment:
        """Login demanded."""
        return self._start(deployments.with_login(users=USERS))

    @cached_property
    def sha1_server(self) -> Deployment:
        """Login demanded, SCRAM-SHA-256 switched off."""
        users = tuple(user for user in USERS if not user.mechanisms)
        only = ("--setParameter", "authenticationMechanisms=SCRAM-SHA-1")
        return self._start(deployments.with_login(*only, users=users))

    @cached_property
    def tls_server(self) -> Deployment:
        """TLS only."""
        return self._start(deployments.with_tls(self.authority))

    @cached_property
    def mutual_tls_server(self) -> Deployment:
        """TLS only, client certificate demanded; `revoked` is on its revocation list."""
        crl = self.authority.crl(self.revoked)
        return self._start(deployments.with_tls(self.authority, demand_certificate=True, crl=crl))

    @cached_property
    def revoked(self) -> Identity:
        """A client certificate that `mutual_tls_server` no longer accepts."""
        return self.authority.client("revoked")

    @cached_property
    def x509_server(self) -> Deployment:
        """TLS only, login demanded, with users and `client`."""
        return self._start(deployments.with_x509(self.authority, certificate_user=self.client, users=USERS))

    @cached_property
    def replica_set(self) -> Deployment:
        """A healthy set of three, ``rs0``."""
        return self._start(deployments.replica_set())

    @cached_property
    def other_set(self) -> Deployment:
        """A set of one, ``rsB``."""
        return self._start(deployments.replica_set(deployments.Member(), name="rsB"))

    @cached_property
    def diverse_set(self) -> Deployment:
        """A healthy set of five, ``rs5``, with tags, a hidden member and an arbiter."""
        return self._start(deployments.diverse_set())

    @cached_property
    def login_set(self) -> Deployment:
        """A healthy set of two, ``rsL``, with a key file and users."""
        pair = (deployments.Member(priority=2), deployments.Member())
        return self._start(deployments.replica_set(*pair, name="rsL", login=True, users=USERS))

    @cached_property
    def tls_login_set(self) -> Deployment:
        """A healthy set of two, ``rsT``, with TLS and login."""
        pair = (deployments.Member(priority=2), deployments.Member())
        return self._start(
            deployments.replica_set(*pair, name="rsT", login=True, users=USERS, authority=self.authority)
        )

    @cached_property
    def uninitiated(self) -> Deployment:
        """Started with --replSet, never initiated."""
        return self._start(deployments.uninitiated())

    def user(self, name: str) -> User:
        """One of `USERS`."""
        return next(user for user in USERS if user.name == name)
