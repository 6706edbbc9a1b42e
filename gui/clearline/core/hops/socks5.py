"""SOCKS5 (RFC 1928) with a login by user and password (RFC 1929). Names travel to the proxy and are resolved there."""

from __future__ import annotations

import asyncio
from functools import partial
from ipaddress import ip_address

from clearline.core.facts.hops import HopStage, Trouble
from clearline.core.hops.greeting import answer_to, looked_at, service_of, shown
from clearline.core.hops.hop_log import HopLog
from clearline.core.hops.opener import Entrance
from clearline.core.hops.stream import Stream, receive_exactly
from clearline.core.hops.trouble import HopError
from clearline.core.secrets.secret import Secret

_NO_LOGIN, _BY_PASSWORD = 0, 2
_LOOK_S = 1.0
_LONGEST = 255


class Socks5Hop:
    """One SOCKS5 proxy. Each line is a connection of its own."""

    def __init__(self, log: HopLog, entrance: Entrance, password: Secret | None) -> None:
        self._log = log
        self._entrance = entrance
        self._user = log.facts.user
        self._password = password
        self._refused: HopError | None = None
        self._let_in = self._user is None
        self._first = asyncio.Lock()

    async def open(self, host: str, port: int) -> Stream:
        """A line to ``host:port``. Raises `HopError`. A login that was refused once is not tried again."""
        stream = await self._entrance.enter(self._log)
        asked = None
        try:
            if self._let_in:
                await self._greet(stream)
            else:
                async with self._first:
                    if self._refused is not None:
                        raise HopError(self._refused.failure)
                    await self._greet(stream)
                    self._let_in = True
            self._log.answers()
            asked = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            await self._ask(stream, host, port, asked)
        except BaseException as error:
            stream.close()
            if isinstance(error, OSError) and not isinstance(error, HopError):
                stage = HopStage.CHANNEL if asked else HopStage.LOGIN
                raise self._log.failed(stage, Trouble.CLOSED, errno=error.errno, target=asked) from None
            raise
        self._log.works(asked)
        return stream

    def close(self) -> None:
        """Nothing is kept open."""

    async def _greet(self, stream: Stream) -> None:
        with_login = self._user is not None
        methods = [_NO_LOGIN, _BY_PASSWORD] if with_login else [_NO_LOGIN]
        async with self._log.step(HopStage.LOGIN, Trouble.HANGS) as step:
            await stream.send(bytes([5, len(methods), *methods]))
            answer = await self._first_words(stream)
            if not answer:
                raise self._log.failed(HopStage.LOGIN, Trouble.CLOSED, elapsed_ms=step.elapsed_ms)
            if len(answer) < 2 or answer[0] != 5:
                await self._not_socks(stream, answer)
            if answer[1] not in methods:  # 0xFF: none of them; some name the one that they want
                trouble = Trouble.LOGIN_SCHEME if with_login else Trouble.LOGIN_WANTED
                raise self._log.failed(HopStage.LOGIN, trouble, code=answer[1], elapsed_ms=step.elapsed_ms)
            if answer[1] == _BY_PASSWORD:
                user = (self._user or "").encode()[:_LONGEST]
                password = (self._password.reveal() if self._password else "").encode()[:_LONGEST]
                await stream.send(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
                answer = await receive_exactly(stream, 2)
                if len(answer) < 2 or answer[1] != 0:
                    code = answer[1] if len(answer) == 2 else None
                    self._refused = self._log.failed(
                        HopStage.LOGIN, Trouble.LOGIN_REFUSED, code=code, elapsed_ms=step.elapsed_ms
                    )
                    raise self._refused

    async def _first_words(self, stream: Stream) -> bytes:
        """What comes first; while nothing does, it is asked what else it may be. Raises `OSError`."""
        receiving = asyncio.ensure_future(receive_exactly(stream, 2))
        enter = partial(self._entrance.enter, self._log)
        looking = asyncio.ensure_future(looked_at(enter, self._log.terms.deadline_s, besides="socks5"))
        try:
            await asyncio.wait({receiving, looking}, return_when=asyncio.FIRST_COMPLETED)
            if not receiving.done() and (said := looking.result()):
                service = service_of(said)
                raise self._log.failed(HopStage.LOGIN, Trouble.NOT_SPOKEN, first_bytes=shown(said), service=service)
            return await receiving
        finally:
            looking.cancel()
            receiving.cancel()

    async def _ask(self, stream: Stream, host: str, port: int, target: str) -> None:
        kind, place = _place(host)
        async with self._log.step(HopStage.CHANNEL, Trouble.TARGET_SILENT, target=target) as step:
            await stream.send(bytes([5, 1, 0, kind]) + place + port.to_bytes(2, "big"))

            def cut() -> HopError:
                return self._log.failed(HopStage.CHANNEL, Trouble.CLOSED, target=target, elapsed_ms=step.elapsed_ms)

            head = await receive_exactly(stream, 4)
            if len(head) < 4:
                raise cut()
            if head[0] != 5:
                await self._not_socks(stream, head)
            if head[1] != 0:
                raise self._log.failed(
                    HopStage.CHANNEL,
                    Trouble.REPLY,
                    target=target,
                    code=head[1],
                    what={1: "IPv4", 3: "name", 4: "IPv6"}[kind],
                    elapsed_ms=step.elapsed_ms,
                )
            size = {1: 4, 4: 16}.get(head[3])
            if size is None:
                size = (await receive_exactly(stream, 1) or b"\0")[0]
            if len(await receive_exactly(stream, size + 2)) < size + 2:
                raise cut()

    async def _not_socks(self, stream: Stream, answer: bytes) -> None:
        """Something else answers; what it says to a question of another protocol tells more. Raises `HopError`."""
        said = answer
        if service_of(answer) is None:
            said = answer + await answer_to(stream, b"", 0.2)
        if service_of(said) is None:
            said = await answer_to(await self._entrance.enter(self._log), b"", _LOOK_S) or said
        raise self._log.failed(HopStage.LOGIN, Trouble.NOT_SPOKEN, first_bytes=shown(said), service=service_of(said))


def _place(host: str) -> tuple[int, bytes]:
    """Address type and address of RFC 1928, section 5."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        name = host.encode("idna") if not host.isascii() else host.encode()
        return 3, bytes([min(len(name), _LONGEST)]) + name[:_LONGEST]
    return (1 if address.version == 4 else 4), address.packed
