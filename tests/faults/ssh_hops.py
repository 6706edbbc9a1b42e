"""Faults of hops of every kind (``H``), and of SSH servers (``S``)."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncssh

from clearline.core.profiles.hop import Socks5Proxy, SshServer
from clearline.core.secrets.secret import hop_passphrase, hop_password
from faults.hop_fault import FAR, HERE, HopCase, HopLaboratory, HopTable
from lab import peers, ssh_server
from lab.peers import FullAcceptQueue
from lab.ssh_server import make_key

TABLE = HopTable()
_SSHD = "OpenSSH"
_BY_ASYNCSSH = "a server by asyncssh (OpenSSH does not do it)"
WRONG = {hop_password(0): "wrong-password-9Xk"}


# ---------------------------------------------------------------- any hop


@TABLE.row(
    "H01", "the hop's name does not exist", "this computer's resolver", "hop.name-unknown", "hop.name-unresolved"
)
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    yield HopCase([SshServer(host="bastion.near.invalid")])  # a computer without any name server cannot know


TABLE.plain(
    "H02",
    "nothing listens at the hop's port",
    "this computer",
    "hop.refused",
    lambda lab: HopCase([SshServer(host=HERE, port=lab.closed)]),
)


@TABLE.row("H03", "no packet comes back from the hop", "a listener whose queue is full", "hop.silent")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with FullAcceptQueue() as queue:
        yield HopCase([SshServer(host=HERE, port=queue.port)])


TABLE.plain(
    "H05",
    "an HTTP proxy where the SSH server should be",
    "squid",
    "hop.wrong-service",
    lambda lab: HopCase([SshServer(host=HERE, port=lab.squid)]),
)
TABLE.plain(
    "H08",
    "an SSH server where the SOCKS proxy should be",
    _SSHD,
    "hop.wrong-service",
    lambda lab: HopCase([Socks5Proxy(host=HERE, port=lab.bastion.port)]),
)
TABLE.plain(
    "H09",
    "localhost through a hop is the hop itself",
    _SSHD,
    "hop.localhost-is-remote",
    lambda lab: HopCase([lab.bastion.hop()], [f"localhost:{lab.closed}"]),
)


# ---------------------------------------------------------------- before the login


@TABLE.row("S01", "accepts and is silent", "scripted", "ssh.silent")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with peers.silent() as peer:
        yield HopCase([SshServer(host=HERE, port=peer.port)])


@TABLE.row("S02", "ends the line before SSH begins", "scripted", "ssh.closed-early")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with peers.resetting() as peer:
        yield HopCase([SshServer(host=HERE, port=peer.port)])


@TABLE.row("S05", "says who it is and stops", "scripted", "ssh.handshake-hangs")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with peers.ssh_server() as peer:
        yield HopCase([SshServer(host=HERE, port=peer.port)])


TABLE.plain(
    "S06",
    "only a key exchange that is too old",
    _SSHD,
    "ssh.no-common-algorithm",
    lambda lab: HopCase([lab.sshd(KexAlgorithms="diffie-hellman-group1-sha1").hop()]),
)


@TABLE.row("S07", "it speaks the first version of SSH alone", "scripted", "ssh.no-common-algorithm")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with peers.greeting(b"SSH-1.5-OpenSSH_2.0\r\n") as peer:
        yield HopCase([SshServer(host=HERE, port=peer.port)])


# ---------------------------------------------------------------- host keys


def _known(lab: HopLaboratory, kind: str | None) -> HopCase:
    """The bastion, of which another key of that kind is known; None: nothing."""
    path = lab.folder / f"known-{kind}"
    key = "" if kind is None else asyncssh.generate_private_key(kind).export_public_key().decode()
    path.write_text(f"[{HERE}]:{lab.bastion.port} {key}" if key else "")
    return HopCase([lab.bastion.hop(known_hosts=path)])


TABLE.plain("S08", "its key is not known", _SSHD, "ssh.host-key-unknown", lambda lab: _known(lab, None))
TABLE.plain("S09", "another key is known", _SSHD, "ssh.host-key-changed", lambda lab: _known(lab, "ssh-ed25519"))
TABLE.plain(
    "S12",
    "a key of another type is known",
    _SSHD,
    "ssh.host-key-other-type",
    lambda lab: _known(lab, "ecdsa-sha2-nistp256"),
)


# ---------------------------------------------------------------- logins


def _by_key(lab: HopLaboratory, path: Path, **secrets: str) -> HopCase:
    return HopCase([lab.bastion.hop(key=path)], secrets=secrets)


TABLE.plain(
    "S20",
    "a key that is not accepted",
    _SSHD,
    "ssh.key-refused",
    lambda lab: HopCase([lab.only_keys.hop(key=lab.keys.stranger)]),
)
TABLE.plain(
    "S21",
    "a wrong password",
    _SSHD,
    "ssh.password-refused",
    lambda lab: HopCase([lab.bastion.hop(login=("password",))], secrets=WRONG),
)
TABLE.plain(
    "S22",
    "a password where only keys are taken",
    _SSHD,
    "ssh.password-not-offered",
    lambda lab: HopCase([lab.only_keys.hop(login=("password",))], secrets=WRONG),
)
TABLE.plain(
    "S23",
    "a wrong password that is asked for (PAM waits 2 s)",
    f"{_SSHD} with PAM",
    "ssh.password-refused",
    lambda lab: HopCase([lab.asking.hop(login=("password",))], secrets=WRONG),
)


@TABLE.row("S24", "a second factor, and no human to ask", f"{_SSHD} with PAM", "ssh.second-factor-needed")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    both = "publickey,keyboard-interactive"
    server = lab.sshd(UsePAM="yes", KbdInteractiveAuthentication="yes", AuthenticationMethods=both)
    yield HopCase([server.hop(login=("key", "interactive"))])


@TABLE.row("S25", "too many keys in the agent", f"{_SSHD}, ssh-agent", "ssh.too-many-keys")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    others = [make_key(lab.folder / f"other-{number}") for number in range(3)]
    with ssh_server.agent(*others, lab.keys.known) as place:
        yield HopCase([lab.sshd(MaxAuthTries="2").hop(login=("agent",), agent=place)])


TABLE.plain(
    "S26",
    "a passphrase is needed",
    _SSHD,
    "ssh.key-encrypted",
    lambda lab: _by_key(lab, lab.keys.protected),
)
TABLE.plain(
    "S27",
    "a wrong passphrase",
    _SSHD,
    "ssh.passphrase-wrong",
    lambda lab: _by_key(lab, lab.keys.protected, **{hop_passphrase(0): "wrong-passphrase-9Xk"}),
)
TABLE.plain(
    "S29",
    "the public half of the key",
    _SSHD,
    "ssh.key-is-public",
    lambda lab: _by_key(lab, Path(f"{lab.keys.known}.pub")),
)


@TABLE.row("S30", "a key that was cut off", _SSHD, "ssh.key-format")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    cut = lab.folder / "cut"
    cut.write_bytes(lab.keys.known.read_bytes()[:-40])
    yield _by_key(lab, cut)


TABLE.plain("S31", "a key that is not here", _SSHD, "ssh.key-missing", lambda lab: _by_key(lab, lab.folder / "absent"))
TABLE.plain(
    "S32",
    "no agent answers",
    _SSHD,
    "ssh.agent-unavailable",
    lambda lab: HopCase([lab.bastion.hop(login=("agent",), agent=str(lab.folder / "no-agent"))]),
)


class ByKey(asyncssh.SSHServer):
    """Takes keys, and none that it knows."""

    def public_key_auth_supported(self) -> bool:
        """Asked by the library."""
        return True


class Refusing(asyncssh.SSHServer):
    """Lets everyone in, and opens no channel of that type."""

    def begin_auth(self, username: str) -> bool:
        """Asked by the library."""
        return False

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> Any:
        """Asked by the library."""
        raise asyncssh.ChannelOpenError(asyncssh.OPEN_UNKNOWN_CHANNEL_TYPE, "unknown channel type")


@TABLE.row("S35", "a type of key that is not accepted", _BY_ASYNCSSH, "ssh.key-type-refused")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with ssh_server.by_asyncssh(lab.keys, ByKey, signature_algs=["ssh-ed25519"]) as server:
        yield HopCase([server.hop(key=lab.keys.rsa)])


# ---------------------------------------------------------------- what is said of a target


@TABLE.row("S36", "it accepts the key, and wants the password besides", _SSHD, "ssh.key-not-enough")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    yield HopCase([lab.sshd(AuthenticationMethods="publickey,password").hop()])


@TABLE.row("S37", "the agent does not sign unless its user agrees", f"{_SSHD}, ssh-agent", "ssh.key-unsigned")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with ssh_server.agent() as place:
        around = {**os.environ, "SSH_AUTH_SOCK": place}
        subprocess.run(["ssh-add", "-q", "-c", lab.keys.known], check=True, env=around, stderr=subprocess.DEVNULL)
        yield HopCase([lab.bastion.hop(login=("agent",), agent=place)])


TABLE.plain(
    "S40",
    "it forwards nothing",
    _SSHD,
    "ssh.forwarding-prohibited",
    lambda lab: HopCase([lab.sshd(AllowTcpForwarding="no").hop()], [lab.standalone.address]),
)
TABLE.plain(
    "S41",
    "it forwards, but not to one member",
    _SSHD,
    "ssh.target-prohibited",
    lambda lab: HopCase(
        [lab.sshd(PermitOpen=" ".join(lab.replica_set.addresses[:2])).hop()], lab.replica_set.addresses
    ),
)
TABLE.plain(
    "S44",
    "nothing listens behind it",
    _SSHD,
    "ssh.far-refused",
    lambda lab: HopCase([lab.bastion.hop()], [f"{FAR}:{lab.closed}"]),
)
TABLE.plain(
    "S45",
    "it does not know the name",
    _SSHD,
    "ssh.far-name-unknown",
    lambda lab: HopCase([lab.bastion.hop()], ["m9.far.invalid:27017"]),
)


@TABLE.row("S46", "no packet comes back from the server behind it", _SSHD, "ssh.far-silent")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with FullAcceptQueue() as queue:
        yield HopCase([lab.bastion.hop()], [f"{FAR}:{queue.port}"])


@TABLE.row("S49", "it cannot forward at all", _BY_ASYNCSSH, "ssh.no-forwarding-support")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    with ssh_server.by_asyncssh(lab.keys, Refusing) as server:
        yield HopCase([server.hop()])


# ---------------------------------------------------------------- its end, jumps, programs


@TABLE.row("S60", "the session is killed (at the way, which heals)", _SSHD, "ssh.lost")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    server = lab.sshd()
    yield HopCase([server.hop()], [lab.standalone.address], then=server.end_sessions)


@TABLE.row("S61", "the session is silent (keep-alive of 1 s)", f"{_SSHD}, stopped", "ssh.keepalive-lost")
def _(lab: HopLaboratory) -> Iterator[HopCase]:
    server = lab.sshd()
    with ExitStack() as stack:

        def stop() -> None:
            for child in server.all_of_them():
                os.kill(child, signal.SIGSTOP)
                stack.callback(_go_on, child)

        yield HopCase([server.hop(keep_alive_s=1)], [lab.standalone.address], then=stop)


def _go_on(process: int) -> None:
    os.kill(process, signal.SIGCONT)


TABLE.plain(
    "S70",
    "the second jump refuses the key",
    _SSHD,
    "ssh.key-refused",
    lambda lab: HopCase([lab.bastion.hop(), lab.only_keys.hop(key=lab.keys.stranger)]),
    hop=2,
)
TABLE.plain(
    "S72",
    "the program that leads there is missing",
    _SSHD,
    "ssh.proxy-command-missing",
    lambda lab: HopCase([lab.bastion.hop(proxy_command="no-such-program-here %h")]),
)
TABLE.plain(
    "S73",
    "the program that leads there fails",
    _SSHD,
    "ssh.proxy-command-failed",
    lambda lab: HopCase([lab.bastion.hop(proxy_command="sh -c 'echo TargetNotConnected >&2; exit 254'")]),
)
TABLE.plain(
    "S74",
    "the program that leads there runs and hears nothing",
    _SSHD,
    "ssh.proxy-command-silent",
    lambda lab: HopCase([lab.bastion.hop(proxy_command="sh -c 'echo waiting for the instance >&2; sleep 60'")]),
)
