"""An SSH server as a hop: one login for all, and a channel of its own for each line (RFC 4254, section 7.2).

Imported only where an SSH hop is used: asyncssh takes its time. The library checks no host keys here and answers no
questions by itself: `ssh_login.Login` does both, so that the reason of every refusal is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import asyncssh

from clearline.core.addresses import is_ip_address
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.hops import HopStage, Trouble
from clearline.core.files.drives import NoAnswer, asked
from clearline.core.hops import known_hosts, proxy_command
from clearline.core.hops.asking import Asker, ShownKey
from clearline.core.hops.hop_log import HopLog
from clearline.core.hops.key_exchange import lacking
from clearline.core.hops.known_hosts import HostKeys
from clearline.core.hops.opener import Entrance
from clearline.core.hops.proxy_command import CommandStream
from clearline.core.hops.ssh_config import ConfigProblem, Settings
from clearline.core.hops.ssh_greeting import greeted
from clearline.core.hops.ssh_line import Carried, Channel, pushed, why_refused
from clearline.core.hops.ssh_login import Login, methods
from clearline.core.hops.stream import PushStream, Stream
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
_LONGEST_SETTINGS: Final = 8192
_LOGIN_PATIENCE: Final = 3.0
"""PAM lets a wrong password wait for two seconds and more."""
_REST_S: Final = 0.4
"""After a login that came to nothing the next one is not begun at once: monitors ask again every half second."""
_TRANSIENT: Final = frozenset(
    {Trouble.CLOSED, Trouble.HANGS, Trouble.BANNER_SILENT, Trouble.LOST, Trouble.KEEPALIVE_LOST, Trouble.COMMAND_FAILED}
)
"""What may be over at the next try; a login that was refused is not tried again by itself."""


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
        self._failed: tuple[float, HopError] | None = None
        """The latest login that came to nothing, and until when its answer is everyone's."""
        self._carried: Carried | None = None
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
                    elapsed_ms=step.elapsed_ms,
                    **why_refused(problem),
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
        loop = asyncio.get_running_loop()
        if self._login is None and self._failed is not None and loop.time() < self._failed[0]:
            raise HopError(self._failed[1].failure)
        if self._login is None:
            from clearline.core.hops.loop import going

            with going(None):  # the agent's socket and the like are of this computer
                self._login = loop.create_task(self._log_in())
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
        elif isinstance(error, HopError):
            self._failed = (asyncio.get_running_loop().time() + _REST_S, error)
            if self._final(error):
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
        except OSError as problem:
            said = f"known hosts {problem.filename}: {problem.strerror}"
            raise log.failed(HopStage.NAME, Trouble.CONFIG_BROKEN, file=problem.filename, said=said) from None
        command, stream = await self._enter()
        login = Login(settings, log, entries, self._host_keys, self._secrets, self._asker)
        carried: Carried | None = None
        connecting: asyncio.Future[asyncssh.SSHClientConnection] | None = None
        try:
            await greeted(log, self._entrance, stream, command)
            carried = Carried(stream, (log.facts.host, log.facts.port))
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
            try:
                await self._exchanged(login, connecting, carried)
            except HopError as error:
                if error.failure.trouble is Trouble.CLOSED and isinstance(stream, CommandStream) and carried.ended:
                    raise await proxy_command.failed(log, stream, command or "") from None
                raise
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

    async def _exchanged(
        self, login: Login, connecting: asyncio.Future[asyncssh.SSHClientConnection], carried: Carried
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
        self, connecting: asyncio.Future[asyncssh.SSHClientConnection], carried: Carried, elapsed_ms: float
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
                    HopStage.LOGIN,
                    Trouble.CLOSED,
                    code=getattr(error, "code", None),
                    said=login.notice,
                    elapsed_ms=step.elapsed_ms,
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
