"""What the servers are reached through: one value per hop, without any secret.

A hop's passwords are filed under its place in the profile (``core.secrets.secret.hop_password`` and its neighbours).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from clearline.core.profiles.section import NonNegative, Port, Section
from clearline.core.text.late_patterns import late


class Socks5Proxy(Section, frozen=True, kw_only=True, tag_field="kind", tag="socks5"):
    """A SOCKS5 proxy (RFC 1928); with ``user`` it is logged in to by password, which lives in the vault."""

    host: str
    port: Port = 1080
    user: str | None = None


ProxyLogin = Literal["none", "basic", "kerberos", "ntlm"]


class HttpProxy(Section, frozen=True, kw_only=True, tag_field="kind", tag="http"):
    """An HTTP proxy that is asked for a tunnel (CONNECT); ``tls`` encrypts the way to the proxy itself.

    ``login``: *basic* sends user and password, *kerberos* the ticket of the user who is signed in to this computer,
    *ntlm* a proof of the password of ``user`` (``DOMAIN\\user``), on Windows also of who is signed in there.
    """

    host: str
    port: Port = 3128
    tls: bool = False
    user: str | None = None
    login: ProxyLogin = "none"


SshLogin = Literal["key", "agent", "password", "interactive"]


class SshServer(Section, frozen=True, kw_only=True, tag_field="kind", tag="ssh"):
    """An SSH server that opens connections (RFC 4254, section 7.2); one behind another is a chain of jumps.

    ``login``: the ways to log in that are tried, in this order. Its password and the passphrase of its key live in the
    vault.
    """

    host: str
    port: Port = 22
    user: str | None = None
    """None: as ``~/.ssh/config`` says, else the user's name on this computer."""
    login: tuple[SshLogin, ...] = ("key", "agent", "password", "interactive")
    key_file: str | None = None
    """None: the IdentityFile of ``~/.ssh/config``, else the usual files of ``~/.ssh``."""
    certificate_file: str | None = None
    """None: the file beside the key that ``ssh-keygen -s`` writes, where there is one."""
    agent: str | None = None
    """A path or pipe; None: this computer's agent."""
    known_hosts: str | None = None
    """None: the user's own files and what was agreed to here."""
    config_alias: str | None = None
    """A Host of ``~/.ssh/config``, which fills what is not set here."""
    proxy_command: str | None = None
    """A program over whose input and output the server is reached, as OpenSSH's ProxyCommand."""
    keep_alive_s: NonNegative = 5
    """Seconds between questions whether the server is still there, three of which may stay unanswered; 0: none."""


class SystemProxy(Section, frozen=True, kw_only=True, tag_field="kind", tag="system"):
    """Whatever this computer's settings say for each target: its environment, or those of the desktop."""

    @property
    def host(self) -> str:
        """Known only when it is used; these are words for it."""
        return "this computer's proxy"

    @property
    def port(self) -> int:
        """Known only when it is used."""
        return 0

    @property
    def user(self) -> str | None:
        """None: it has no login of the profile's."""
        return None


class KubernetesForward(Section, frozen=True, kw_only=True, tag_field="kind", tag="kubernetes"):
    """The port-forward of a Kubernetes API server, signed in to as kubectl does."""

    context: str | None = None
    """None: the current one of the kubeconfig file."""
    namespace: str | None = None
    kubeconfig: str | None = None
    """None: as kubectl finds it."""
    pods: dict[str, str] = {}  # noqa: RUF012 - msgspec copies an empty dict
    """The pod of a host, where its name (``name-0.service.namespace.svc…``) does not say it."""

    @property
    def host(self) -> str:
        """Known only when the file is read; these are words for it."""
        return f"Kubernetes {self.context}" if self.context else "Kubernetes"

    @property
    def port(self) -> int:
        """Known only when the file is read."""
        return 0

    @property
    def user(self) -> str | None:
        """None: the file says who signs in."""
        return None


Hop = Socks5Proxy | HttpProxy | SshServer | SystemProxy | KubernetesForward


_POD: Final = late(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
"""What Kubernetes calls pods and namespaces (RFC 1123). A server may announce any text as a member: one with slashes
would be another request, with the user's rights."""


def pod_of(host: str, pods: Mapping[str, str], namespace: str) -> tuple[str | None, str]:
    """The pod that a host stands for, and its namespace; None: its name does not say it, or says what is no pod.

    By the list ``pods``, else by the name: ``name-0.service.namespace.svc…``, or the bare name of a pod.
    """
    pod, within = _named_pod(host, pods, namespace)
    good = all(name is not None and _POD.fullmatch(name) for name in (pod, within or "default"))
    return (pod if good else None), within


def _named_pod(host: str, pods: Mapping[str, str], namespace: str) -> tuple[str | None, str]:
    if host in pods:
        return pods[host], namespace
    labels = host.split(".")
    if len(labels) == 1 and host != "localhost":
        return host, namespace
    if "svc" in labels[3:4] or (len(labels) >= 3 and labels[-1] == "local" and "svc" in labels):
        at = labels.index("svc")
        if at == 3:
            return labels[0], labels[2]
    return None, namespace
