"""What ``~/.ssh/config`` says of an SSH server, and all that a login there needs.

OpenSSH's own rules (ssh_config(5)): Host, Match, Include, HostName, HostKeyAlias, User, Port, IdentityFile,
IdentitiesOnly, IdentityAgent, CertificateFile, ProxyJump, ProxyCommand, UserKnownHostsFile, ServerAliveInterval.
"""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from clearline.core.addresses import port_number
from clearline.core.files.whole_files import expanded
from clearline.core.hops.known_hosts import OF_SYSTEM
from clearline.core.hops.ssh_keys import USUAL
from clearline.core.profiles.hop import SshLogin, SshServer
from clearline.core.text.shell_words import taken_apart

CONFIG: Final = "~/.ssh/config"
_MOST_JUMPS: Final = 8
_WINDOWS_AGENT: Final = r"\\.\pipe\openssh-ssh-agent"
_UNSAFE: Final = re.compile(r"[\s'\"`$\\;&<>|(){}*?!#\x00-\x1f\x7f]|^-")
"""As OpenSSH has it since 9.6: a name with these may become a command where a ProxyCommand names it."""
_TOKEN: Final = re.compile(r"%([%hnpr])")


class ConfigProblem(Exception):
    """Why a configuration of SSH cannot be used; ``words`` is a text of the library that reads it."""

    def __init__(self, file: str, words: str, *, unsafe: bool = False) -> None:
        super().__init__(words)
        self.file, self.words, self.unsafe = file, words, unsafe


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One SSH server, with everything filled in. ``number``: its place in the profile, None for a jump before it."""

    host: str
    port: int
    user: str
    number: int | None = None
    alias: str | None = None
    """The name under which it was asked for."""
    login: tuple[SshLogin, ...] = ()
    key_files: tuple[str, ...] = USUAL
    chosen_keys: bool = False
    """The key files were named; else they are the usual ones, which need not be there."""
    certificate_files: tuple[str, ...] = ()
    agent: str | None = None
    chosen_agent: bool = False
    identities_only: bool = False
    known_hosts: tuple[str, ...] | None = None
    host_key_alias: str | None = None
    proxy_command: str | None = None
    foreign_command: str | None = None
    """The ProxyCommand as it stands in the profile, which may be another user's; not that of ``~/.ssh/config``."""
    keep_alive_s: int = 5

    @property
    def key_name(self) -> tuple[str, int]:
        """Name and port under which its host key is known."""
        return (self.host_key_alias, 22) if self.host_key_alias else (self.host, self.port)

    def command(self) -> str | None:
        """The ProxyCommand with its tokens replaced. Raises `ConfigProblem` for names that would be more than names."""
        if self.proxy_command is None:
            return None
        values = {"%": "%", "h": self.host, "n": self.alias or self.host, "p": str(self.port), "r": self.user}
        for letter, value in values.items():
            if letter in "hnr" and f"%{letter}" in self.proxy_command and _UNSAFE.search(value):
                raise ConfigProblem(CONFIG, value, unsafe=True)
        return _TOKEN.sub(lambda match: values[match.group(1)], self.proxy_command)


def settings_of(hop: SshServer, number: int | None) -> tuple[Settings, ...]:
    """The servers that a hop stands for: the jumps of its ProxyJump, then itself.

    Reads files and runs the commands of ``Match exec``: call it in a daemon thread. Raises `ConfigProblem`.
    """
    return tuple(_with_jumps(hop, number, 0))


def _with_jumps(hop: SshServer, number: int | None, depth: int) -> list[Settings]:
    said = _config(hop)
    own = _filled(hop, number, said)
    jump = said.get("ProxyJump")
    if hop.proxy_command is not None or not jump or str(jump).lower() == "none":
        return [own]
    if depth >= _MOST_JUMPS:
        raise ConfigProblem(CONFIG, f"more than {_MOST_JUMPS} jumps")
    before: list[Settings] = []
    for place in str(jump).split(","):
        # Only the first of them is reached by what its own entry says (ssh_config(5), ProxyJump).
        jumps = _with_jumps(_jump(place.strip(), hop), None, depth + 1)
        before += jumps if not before else jumps[-1:]
    return [*before, replace(own, proxy_command=None)]


def _jump(place: str, hop: SshServer) -> SshServer:
    place = place.removeprefix("ssh://")
    user, _, rest = place.rpartition("@")
    host, _, port = rest.rpartition(":") if not rest.endswith("]") else (rest, "", "")
    if not host:
        host, port = rest, ""
    number = port_number(port) if port else 22
    if not number:
        raise ConfigProblem(CONFIG, f"ProxyJump {place}")
    host = host.strip("[]")
    return SshServer(
        host=host,
        port=number,
        user=user or None,
        login=tuple(way for way in hop.login if way != "password") or ("key", "agent"),
        config_alias=host,
        keep_alive_s=hop.keep_alive_s,
    )


def _config(hop: SshServer) -> dict[str, Any]:
    """What the user's and the system's configuration say of an alias."""
    if hop.config_alias is None:
        return {}
    from asyncssh import config

    if _UNSAFE.search(hop.config_alias) or _UNSAFE.search(hop.user or ""):
        raise ConfigProblem(CONFIG, hop.config_alias, unsafe=True)
    port = hop.port if hop.port != SshServer(host="").port else ()
    user = hop.user or ()
    try:
        files = [path for path in (expanded(CONFIG), OF_SYSTEM / "ssh_config") if path.is_file()]
        arguments = (_own_name(), user, hop.config_alias, port)
        found = config.SSHClientConfig.load(None, files, False, False, False, *arguments)
    except RecursionError:
        raise ConfigProblem(CONFIG, "a file that includes itself") from None
    except (config.ConfigParseError, OSError, UnicodeError, ValueError) as error:
        raise ConfigProblem(CONFIG, str(error)) from None
    return found.get_options(False)


def _filled(hop: SshServer, number: int | None, said: dict[str, Any]) -> Settings:
    keys, agent = said.get("IdentityFile"), hop.agent or said.get("IdentityAgent")
    if agent in ("SSH_AUTH_SOCK", None):
        agent = os.environ.get("SSH_AUTH_SOCK") or (_WINDOWS_AGENT if sys.platform == "win32" else None)
    default = SshServer(host="")
    command = hop.proxy_command
    if command is None and (found := said.get("ProxyCommand")):
        command = str(found).replace("%", "%%")  # its tokens are replaced already
    known_hosts = (hop.known_hosts,) if hop.known_hosts else said.get("UserKnownHostsFile")
    alive = said.get("ServerAliveInterval") if hop.keep_alive_s == default.keep_alive_s else None
    return Settings(
        host=_real_name(hop, said),
        port=hop.port if hop.port != default.port else int(said.get("Port") or hop.port),
        user=hop.user or said.get("User") or _own_name(),
        number=number,
        alias=hop.config_alias,
        login=hop.login,
        key_files=(hop.key_file,) if hop.key_file else tuple(keys) if keys else USUAL,
        chosen_keys=hop.key_file is not None,
        certificate_files=_certificates(hop, said),
        agent=os.path.expandvars(str(expanded(agent))) if agent else None,
        chosen_agent=hop.agent is not None,
        identities_only=bool(said.get("IdentitiesOnly")),
        known_hosts=tuple(known_hosts) if known_hosts else None,
        host_key_alias=said.get("HostKeyAlias"),
        proxy_command=None if not command or command.lower() == "none" else command,
        foreign_command=hop.proxy_command,
        keep_alive_s=int(alive) if alive else hop.keep_alive_s,
    )


def _certificates(hop: SshServer, said: dict[str, Any]) -> tuple[str, ...]:
    if hop.certificate_file:
        return (hop.certificate_file,)
    return () if hop.key_file else tuple(said.get("CertificateFile") or ())


def _real_name(hop: SshServer, said: dict[str, Any]) -> str:
    if hop.config_alias is not None and hop.host != hop.config_alias:
        return hop.host
    return str(said.get("Hostname") or hop.host)


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container without an entry for its user
        return "root" if sys.platform != "win32" and os.geteuid() == 0 else "user"


def words_of(command: str) -> Sequence[str] | None:
    """A command as the words of its program and arguments; None: it needs a shell."""
    if os.name == "posix" and any(letter in command for letter in "|&;<>()$`*?~\n"):
        return None
    try:
        return taken_apart(command)
    except ValueError:
        return None
