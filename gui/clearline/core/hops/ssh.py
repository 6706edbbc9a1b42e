"""An SSH server as a hop: one login for all, and a channel of its own for each line (RFC 4254, section 7.2).

Imported only where an SSH hop is used: asyncssh takes its time. The library checks no host keys here and answers no
questions by itself: `ssh_login.Login` does both, so that the reason of every refusal is known.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import asyncssh

from clearline.core.addresses import is_ip_address
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.drives import NoAnswer, asked
from clearline.core.facts.hops import HopStage, Trouble
from clearline.core.hops import known_hosts, proxy_command
from clearline.core.hops.asking import Asker, ShownKey
from clearline.core.hops.greeting import service_of, service_that_answers, shown
from clearline.core.hops.hop_log import HopLog
from clearline.core.hops.key_exchange import Overheard, lacking
from clearline.core.hops.known_hosts import HostKeys
from clearline.core.hops.opener import Entrance
from clearline.core.hops.proxy_command import CommandStream
from clearline.core.hops.ssh_config import ConfigProblem, Settings
from clearline.core.hops.ssh_login import Login, methods
from clearline.core.hops.stream import ProtocolStream, PushStream, SocketStream, Stream
from clearline.core.hops.transport import HopTransport, adopt
from clearline.core.hops.trouble import HopError
from clearline.core.secrets.secret import Secret

_MISSED: Final = 3
"""So many questions whether the server is still there may stay unanswered."""
_CIPHERS: Final = [
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
]
"""Processors have AES built in: it takes a quarter less of their time than the library's own first choice."""
_SMALL: Final = 4096
_PIECE: Final = 65536
"""A large read takes a fifth less of the processor by pieces of this size."""
_LONGEST_GREETING: Final = 8192
_LONGEST_SETTINGS: Final = 8192
_LOOK_S: Final = 1.0
_LOGIN_PATIENCE: Final = 3.0
"""PAM lets a wrong password wait for two seconds and more."""
_TRANSIENT: Final = frozenset(
    {Trouble.CLOSED, Trouble.HANGS, Trouble.BANNER_SILENT, Trouble.LOST, Trouble.KEEPALIVE_LOST, Trouble.COMMAND_FAILED}
)
"""What may be over at the next try; a login that was refused is not tried again by itself."""
_ERRNO_OF: Final = {
    "Connection refused": errno.ECONNREFUSED,
    "No route to host": errno.EHOSTUNREACH,
    "Host is unreachable": errno.EHOSTUNREACH,
    "Network is unreachable": errno.ENETUNREACH,
    "Connection timed out": errno.ETIMEDOUT,
    "Operation timed out": errno.ETIMEDOUT,
}
"""strerror(3) of glibc, musl and the BSDs, which sshd sends as they are: the protocol has no number for them."""
_EAI_OF: Final = {
    "Name or service not known": socket.EAI_NONAME,
    "Name does not resolve": socket.EAI_NONAME,
    "nodename nor servname provided, or not known": socket.EAI_NONAME,
    "hostname nor servname provided, or not known": socket.EAI_NONAME,
    "No address associated with hostname": socket.EAI_NONAME,
    "Temporary failure in name resolution": socket.EAI_AGAIN,
}
"""gai_strerror(3), likewise."""


class SshHop:
    """One SSH server. ``secrets`` are the password and the passphrase of the key.

    ``may_run`` says whether the user has agreed to a program that the profile names.
    """

    def __init__(
        self,
        log: HopLog,
        entrance: Entrance,
        settings: Settings,
        secrets: tuple[Secret | None, Secret | None],
        host_keys: HostKeys,
        asker: Asker | None,
        may_run: Callable[[str], bool] | None = None,
    ) -> None:
        self._log = log
        self._entrance = entrance
        self._settings = settings
        self._secrets = secrets
        self._host_keys = host_keys
        self._asker = asker
        self._may_run = may_run
        self._conn: asyncssh.SSHClientConnection | None = None
        self._login: asyncio.Task[asyncssh.SSHClientConnection] | None = None
        self._refused: HopError | None = None
        self._carried: _Carried | None = None
        self._end: HopError | None = None
        self._closed = False

    async def enter(self) -> None:
        """Log in, where that is not done yet. Raises `HopError`."""
        await self._connected()

    async def open(self, host: str, port: int) -> Stream:
        """A line to ``host:port``; the name is resolved by the SSH server. Raises `HopError`."""
        conn = await self._connected()
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        async with self._log.step(HopStage.CHANNEL, Trouble.TARGET_SILENT, target=target) as step:
            try:
                _, channel = await conn.create_connection(lambda: Channel(self._lost_as), host, port)
            except asyncssh.ChannelOpenError as problem:
                if self._conn is not conn:  # it went while we asked
                    raise self._lost_as() from None
                self._log.answers()
                raise self._log.failed(
                    HopStage.CHANNEL,
                    Trouble.REPLY,
                    target=target,
                    code=problem.code,
                    said=problem.reason[:300],
                    errno=_ERRNO_OF.get(problem.reason),
                    eai=_EAI_OF.get(problem.reason),
                    elapsed_ms=step.elapsed_ms,
                ) from None
            except (asyncssh.Error, OSError):
                raise self._lost_as() from None
        self._log.works(target)
        assert isinstance(channel, Channel)
        return channel

    async def name_servers(self) -> tuple[str, ...]:
        """The name servers of the server's ``/etc/resolv.conf``; empty where it tells nothing. Raises `HopError`."""
        conn = await self._connected()
        try:
            async with asyncio.timeout(self._log.terms.deadline_s):
                process = await conn.create_process("cat /etc/resolv.conf", encoding=None)
                printed = await process.stdout.read(_LONGEST_SETTINGS)
                process.close()
        except (TimeoutError, asyncssh.Error, OSError):
            return ()
        lines = (line.split() for line in printed.decode("ascii", "replace").splitlines())
        return tuple(words[1] for words in lines if words[:1] == ["nameserver"] and is_ip_address("".join(words[1:2])))

    def close(self) -> None:
        """End the connection, or the login that is under way, at once. Idempotent."""
        self._closed = True
        if self._login is not None:
            self._login.cancel()
        if self._conn is not None:
            self._conn.abort()
            self._conn = None

    # ------------------------------------------------------------ one login for all

    async def _connected(self) -> asyncssh.SSHClientConnection:
        if self._conn is not None:
            return self._conn
        if self._refused is not None:
            raise HopError(self._refused.failure)
        if self._closed:
            raise self._lost_as()
        if self._login is None:
            from clearline.core.hops.loop import going

            with going(None):  # the agent's socket and the like are of this computer
                self._login = asyncio.get_running_loop().create_task(self._log_in())
            self._login.add_done_callback(self._logged_in)
        try:
            return await asyncio.shield(self._login)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._has_closed() and (task is None or not task.cancelling()):
                raise self._lost_as() from None
            raise

    def _logged_in(self, login: asyncio.Task[asyncssh.SSHClientConnection]) -> None:
        self._login = None
        if login.cancelled():
            return
        error = login.exception()
        if error is None:
            self._conn = login.result()
            if self._has_closed():
                self.close()
        elif isinstance(error, HopError) and self._final(error):
            self._refused = error

    def _has_closed(self) -> bool:
        return self._closed

    def _final(self, error: HopError) -> bool:
        failure = error.failure
        return failure.hop == self._log.number and failure.stage is HopStage.LOGIN and failure.trouble not in _TRANSIENT

    async def _log_in(self) -> asyncssh.SSHClientConnection:
        while True:
            try:
                return await self._connect()
            except _Unknown as stop:
                if not await self._trusted(stop):
                    self._refused = stop.error
                    raise stop.error from None

    async def _trusted(self, stop: _Unknown) -> bool:
        """Ask the user about a key that is not known; what was agreed to is written down."""
        failure = stop.error.failure
        if self._asker is None or failure.trouble not in (Trouble.HOST_KEY_UNKNOWN, Trouble.HOST_KEY_OTHER_TYPE):
            return False
        shown_key = ShownKey(self._log.facts.server, failure.key_type, failure.fingerprint, failure.known)
        if not await self._asker.trusts(shown_key):
            return False
        await self._remember(stop.key)
        self._host_keys = HostKeys(self._host_keys.own, self._host_keys.accepted | {failure.fingerprint})
        self._log.put(failure=None)
        return True

    async def _remember(self, key: asyncssh.SSHKey) -> None:
        with suppress(OSError):  # it is asked about again the next time
            await run_in_daemon(self._host_keys.add, *self._settings.key_name, key)

    # ------------------------------------------------------------ one connection

    async def _connect(self) -> asyncssh.SSHClientConnection:
        settings, log = self._settings, self._log
        files = self._host_keys.files(settings.known_hosts)
        place = str(files[-1]) if files else ""
        try:
            entries = await asked(place, known_hosts.find, files, *settings.key_name)
        except NoAnswer as silence:  # what is not read may hold the key, or revoke it
            raise log.failed(HopStage.NAME, Trouble.FILE_SILENT, file=place, said=f"{silence.limit_s:g}") from None
        command, stream = await self._enter()
        login = Login(settings, log, entries, self._host_keys, self._secrets, self._asker)
        carried: _Carried | None = None
        connecting: asyncio.Future[asyncssh.SSHClientConnection] | None = None
        try:
            await self._greeted(stream, command)
            carried = _Carried(stream, (log.facts.host, log.facts.port))
            connecting = asyncio.ensure_future(
                asyncssh.connect(
                    log.facts.host,
                    log.facts.port,
                    tunnel=carried,
                    config=None,
                    client_factory=lambda: login,
                    known_hosts=lambda *_: ([], [], []),
                    server_host_key_algs=known_hosts.algorithms(entries),
                    encryption_algs=_CIPHERS,
                    username=settings.user,
                    client_keys=None,
                    agent_path=None,
                    gss_host=None,
                    host_based_auth=False,
                    preferred_auth=methods(settings),
                    login_timeout=0,
                    keepalive_interval=settings.keep_alive_s,
                    keepalive_count_max=_MISSED,
                )
            )
            await self._exchanged(login, connecting, carried)
            conn = await self._let_in(login, connecting)
            self._carried, self._end = carried, None
            return conn
        except BaseException:
            if connecting is not None:
                connecting.cancel()
            stream.close()
            raise

    async def _enter(self) -> tuple[str | None, PushStream]:
        try:
            command = self._settings.command()
        except ConfigProblem as problem:
            raise self._log.failed(HopStage.NAME, Trouble.UNSAFE_NAME, said=problem.words) from None
        foreign = self._settings.foreign_command
        if foreign is not None and not await self._agreed_to(foreign.strip()):
            raise self._log.failed(HopStage.NAME, Trouble.COMMAND_NOT_AGREED, what=proxy_command.program_of(foreign))
        if command is not None:
            return command, await proxy_command.start(self._log, command)
        return None, await pushed(await self._entrance.enter(self._log), self._log.facts.host)

    async def _agreed_to(self, command: str) -> bool:
        return self._may_run is not None and await run_in_daemon(self._may_run, command)

    async def _greeted(self, stream: PushStream, command: str | None) -> None:
        """Read what the server says of itself, and leave it for the library."""
        log, said = self._log, b""
        async with log.step(HopStage.BANNER, Trouble.BANNER_SILENT) as step:
            looking = asyncio.get_running_loop().create_task(self._look(command))
            try:
                while not _banner(said):
                    receiving = asyncio.ensure_future(stream.receive())
                    await asyncio.wait({receiving, looking}, return_when=asyncio.FIRST_COMPLETED)
                    if not receiving.done():
                        receiving.cancel()
                        if answer := looking.result():
                            raise log.failed(
                                HopStage.BANNER,
                                Trouble.NOT_SPOKEN,
                                first_bytes=shown(answer),
                                service=service_of(answer),
                                elapsed_ms=step.elapsed_ms,
                            )
                        receiving = asyncio.ensure_future(stream.receive())
                    try:
                        piece = await receiving
                    except OSError as error:
                        raise self._closed_early(said, step.elapsed_ms, error.errno) from None
                    said += piece
                    if not piece and isinstance(stream, CommandStream):
                        raise await proxy_command.failed(log, stream, command or "")
                    if not piece or len(said) > _LONGEST_GREETING or service_of(said):
                        if said and not _banner(said):
                            raise self._not_ssh(said, step.elapsed_ms, ended=not piece)
                        if not piece:
                            raise self._closed_early(said, step.elapsed_ms, None)
            finally:
                looking.cancel()
        log.put(software=_banner(said))
        stream.put_back(said)

    async def _look(self, command: str | None) -> bytes:
        """Nothing is said for long: what speaks only when it is spoken to answers on a line of its own."""
        if command is not None:
            await asyncio.Event().wait()
        await asyncio.sleep(min(_LOOK_S, self._log.terms.deadline_s / 2))
        return await service_that_answers(lambda: self._entrance.enter(self._log), self._log.terms.deadline_s / 4)

    def _not_ssh(self, said: bytes, elapsed_ms: float, *, ended: bool) -> HopError:
        # sshd ends it so with a sentence: Exceeded MaxStartups, Not allowed at this time.
        if ended and service_of(said) is None and said.isascii():
            words = said.decode("ascii").strip()
            return self._log.failed(
                HopStage.BANNER, Trouble.CLOSED, said=words[:200], first_bytes=shown(said), elapsed_ms=elapsed_ms
            )
        fields: dict[str, Any] = {"first_bytes": shown(said), "service": service_of(said), "elapsed_ms": elapsed_ms}
        return self._log.failed(HopStage.BANNER, Trouble.NOT_SPOKEN, **fields)

    def _closed_early(self, said: bytes, elapsed_ms: float, number: int | None) -> HopError:
        return self._log.failed(
            HopStage.BANNER, Trouble.CLOSED, errno=number, first_bytes=shown(said), elapsed_ms=elapsed_ms
        )

    async def _exchanged(
        self, login: Login, connecting: asyncio.Future[asyncssh.SSHClientConnection], carried: _Carried
    ) -> None:
        """The key exchange, up to the host key. Raises `HopError`, `_Unknown`."""
        async with self._log.step(HopStage.KEY_EXCHANGE, Trouble.HANDSHAKE_HANGS) as step:
            key_shown = asyncio.ensure_future(login.key_shown.wait())
            both: set[asyncio.Future[Any]] = {connecting, key_shown}
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                key_shown.cancel()
            if not login.key_shown.is_set():
                raise self._no_exchange(connecting, carried, step.elapsed_ms)
        judgement, key = login.judgement, login.host_key
        assert judgement is not None
        assert key is not None
        if judgement.trouble is not None:
            error = self._log.failed(
                HopStage.HOST_KEY,
                judgement.trouble,
                key_type=key.get_algorithm(),
                fingerprint=key.get_fingerprint(),
                file=str(judgement.file) if judgement.file else None,
                line=judgement.line,
                known=judgement.known,
            )
            with suppress(asyncssh.Error, OSError):
                await connecting
            raise _Unknown(error, key)
        self._log.passed(HopStage.HOST_KEY, 0.0)
        if key.get_fingerprint() in self._host_keys.accepted:
            await self._remember(key)

    def _no_exchange(
        self, connecting: asyncio.Future[asyncssh.SSHClientConnection], carried: _Carried, elapsed_ms: float
    ) -> HopError:
        error = connecting.exception()
        lack = lacking(carried.ours.proposal, carried.theirs.proposal)
        if isinstance(error, asyncssh.KeyExchangeFailed) and lack is not None:
            return self._log.failed(
                HopStage.KEY_EXCHANGE, Trouble.NO_COMMON, what=lack.kind, offered=lack.theirs, elapsed_ms=elapsed_ms
            )
        if error is None or isinstance(error, OSError | asyncssh.Error | ValueError):
            return self._log.failed(
                HopStage.KEY_EXCHANGE, Trouble.CLOSED, code=getattr(error, "code", None), elapsed_ms=elapsed_ms
            )
        raise error

    async def _let_in(
        self, login: Login, connecting: asyncio.Future[asyncssh.SSHClientConnection]
    ) -> asyncssh.SSHClientConnection:
        async with self._log.step(HopStage.LOGIN, Trouble.HANGS, patience=_LOGIN_PATIENCE) as step:
            login.pausing = step.paused
            try:
                conn = await connecting
            except (asyncssh.PermissionDenied, asyncssh.ProtocolError) as error:
                raise login.failure(error, step.elapsed_ms) from None
            except asyncssh.HostKeyNotVerifiable:  # a certificate that has expired, or is for another name
                raise self._log.failed(HopStage.HOST_KEY, Trouble.HOST_KEY_REVOKED, what="certificate") from None
            except (asyncssh.Error, OSError) as error:
                raise self._log.failed(
                    HopStage.LOGIN, Trouble.CLOSED, code=getattr(error, "code", None), elapsed_ms=step.elapsed_ms
                ) from None
        login.on_lost = lambda error: self._lost(conn, error)
        self._log.answers()
        return conn

    # ------------------------------------------------------------ its end

    def _lost(self, conn: asyncssh.SSHClientConnection, error: Exception | None) -> None:
        if self._conn is not conn:
            return
        self._conn = None
        if not self._closed:
            self._lost_as(error)

    def _lost_as(self, error: Exception | None = None) -> HopError:
        """The error of every line that went with the connection."""
        if self._closed:
            return HopError(self._log.failure(HopStage.LOGIN, Trouble.LOST))
        if self._end is None:
            silent = (
                isinstance(error, asyncssh.ConnectionLost) and self._carried is not None and not self._carried.ended
            )
            trouble = Trouble.KEEPALIVE_LOST if silent else Trouble.LOST
            quiet_ms = (_MISSED + 1) * self._settings.keep_alive_s * 1000.0 if silent else 0.0
            self._end = self._log.failed(
                HopStage.LOGIN, trouble, code=getattr(error, "code", None), elapsed_ms=quiet_ms
            )
        return HopError(self._end.failure)


class _Unknown(Exception):
    """A host key that is not known, so that the user may be asked."""

    def __init__(self, error: HopError, key: asyncssh.SSHKey) -> None:
        super().__init__()
        self.error, self.key = error, key


class _Carried:
    """What asyncssh takes for a tunnel, and uses as its line."""

    def __init__(self, stream: PushStream, peer: tuple[str, int]) -> None:
        self._stream = stream
        self._peer = peer
        self.ours, self.theirs = Overheard(), Overheard()
        self.ended = False
        """The line itself is over, and not only silent."""

    async def create_connection(self, factory: Any, host: str, port: int) -> tuple[None, Any]:
        """Called by the library."""
        conn = factory()
        _SshTransport(self._stream, conn, ("", 0), self)
        return None, conn


class _SshTransport(HopTransport):
    """Also listens to the beginning, which tells what both sides propose."""

    def __init__(self, stream: PushStream, protocol: Any, peer: tuple[str, int], carried: _Carried) -> None:
        self._carried = carried
        self._socket = _socket_of(stream)
        super().__init__(stream, protocol, peer)

    def data_received(self, data: bytes) -> None:
        """A piece from the server."""
        if not self._carried.theirs.over:
            self._carried.theirs.hear(data)
        if self._socket is not None and len(data) < _SMALL:
            # sshd waits for the acknowledgement with its next small packet (Nagle), 40 ms without this.
            with suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        # The library copies all that is left for each packet that it takes out: little at a time is copied little.
        for start in range(0, len(data), _PIECE):
            super().data_received(data[start : start + _PIECE])

    def ended(self, error: Exception | None) -> None:
        """The line is over."""
        self._carried.ended = True
        super().ended(error)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """A piece for the server."""
        if not self._carried.ours.over:
            self._carried.ours.hear(bytes(data))
        super().write(data)


class Channel(PushStream, asyncssh.SSHTCPSession[bytes]):
    """One line through the server."""

    def __init__(self, lost: Any) -> None:
        super().__init__()
        self._lost = lost
        self._channel: asyncssh.SSHTCPChannel[bytes] | None = None

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        """Called by the library."""
        self._channel = chan

    def data_received(self, data: bytes, datatype: Any = None) -> None:
        """Called by the library."""
        self.feed(data)

    def eof_received(self) -> bool:
        """Called by the library."""
        self.feed_end(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the library: with an error when the whole connection is gone."""
        self.feed_end(None if exc is None else self._lost(exc))

    def write(self, data: bytes) -> None:
        """Send it, or keep it until it can be sent."""
        if self._channel is not None and not self._channel.is_closing():
            with suppress(BrokenPipeError):
                self._channel.write(data)

    def _pause(self) -> None:
        if self._channel is not None:
            self._channel.pause_reading()

    def _resume(self) -> None:
        if self._channel is not None:
            self._channel.resume_reading()

    def _hang_up(self) -> None:
        if self._channel is not None:
            self._channel.close()


async def pushed(stream: Stream, host: str) -> PushStream:
    """A stream that can be handed over to a protocol."""
    if isinstance(stream, PushStream):
        return stream
    assert isinstance(stream, SocketStream)
    _, protocol = await adopt(stream, ProtocolStream, (host, 0))
    assert isinstance(protocol, ProtocolStream)
    return protocol


def _banner(said: bytes) -> str:
    """The line with which a server says who it is, once it is whole; lines before it are allowed (RFC 4253)."""
    for line in said.split(b"\n")[:-1]:
        if line.startswith(b"SSH-"):
            return line.strip().decode("ascii", "replace")[:100]
    return ""


def _socket_of(stream: Stream) -> Any:
    """The TCP socket underneath, where it can be told to acknowledge at once (Linux)."""
    if not hasattr(socket, "TCP_QUICKACK") or not isinstance(stream, ProtocolStream):
        return None
    sock = stream.transport.get_extra_info("socket")
    return sock if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6) else None
