"""HTTP CONNECT (RFC 9110, section 9.3.6), through a proxy that is spoken to plainly or over TLS."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.hops import HopStage, Trouble
from clearline.core.hops import proxy_login
from clearline.core.hops.greeting import answer_to, looked_at, service_of, service_that_answers, shown, tls_hello
from clearline.core.hops.hop_log import HopLog
from clearline.core.hops.opener import Entrance
from clearline.core.hops.stream import PushStream, SocketStream, Stream, receive_exactly
from clearline.core.hops.transport import encrypted
from clearline.core.hops.trouble import HopError
from clearline.core.profiles.hop import ProxyLogin
from clearline.core.secrets.secret import Secret

OTHER_PORT = 443
_LEFT: Final = 2 / 3
"""Of the patience, after a first third went without an answer."""
_REST_S = 0.2
"""How long more is waited for that tells what answers instead."""
_LONGEST_HEAD = 32768
_LONGEST_BODY = 65536
_ENDS = (b"\r\n\r\n", b"\n\n")
_STATUS: Final = re.compile(r"[0-9]{3}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
"""Python refuses to read thousands of digits, which a proxy may send."""
_TELLING = ("server", "via", "x-squid-error", "retry-after", "proxy-agent", "x-cache")
_BAD_REQUEST = 400
_PROXY_AUTHENTICATION_REQUIRED = 407
_SPOKEN = frozenset({"basic", "ntlm", "negotiate"})
"""The schemes by which a login is possible here."""


class Answer(NamedTuple):
    """The head of an HTTP answer; header names in lower case, several of one name as several entries."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of one header."""
        return tuple(value for known, value in self.headers if known == name)

    @property
    def telling(self) -> dict[str, str]:
        """What tells who answered."""
        return {name: value[:200] for name, value in self.headers if name in _TELLING}


class HttpHop:
    """One HTTP proxy. Each line is a connection of its own."""

    def __init__(
        self,
        log: HopLog,
        entrance: Entrance,
        login: ProxyLogin,
        password: Secret | None,
    ) -> None:
        self._log = log
        self._entrance = entrance
        self._login = login
        self._password = password
        self._context: ssl.SSLContext | None = None
        self._refused: HopError | None = None
        self._let_in = login == "none"
        self._first = asyncio.Lock()

    async def open(self, host: str, port: int) -> Stream:
        """A line to ``host:port``. Raises `HopError`. A login that was refused once is not tried again."""
        if self._let_in:
            return await self._open(host, port)
        # One login at a time until one was let in: a refusal comes at once, a target may be silent for long.
        waited = False
        with suppress(TimeoutError):
            async with asyncio.timeout(self._log.terms.deadline_s):
                await self._first.acquire()
                waited = True
        try:
            if self._refused is not None:
                raise HopError(self._refused.failure)
            return await self._open(host, port)
        finally:
            if waited:
                self._first.release()

    def close(self) -> None:
        """Nothing is kept open."""

    async def _open(self, host: str, port: int) -> Stream:
        target = _target(host, port)
        answer, stream = await self._answered(target)
        if 200 <= answer.status < 300:
            self._log.works(target, software=self._log.facts.software or _software(answer))
            return stream
        stream.close()
        raise await self._refusal(answer, host, port)

    async def _answered(self, target: str) -> tuple[Answer, Stream]:
        """What the proxy answers once we are signed in, and the line on which it does. Raises `HopError`."""
        lines = [await self._enter()]
        try:
            return await self._signed_in(lines, target), lines[-1]
        except OSError as error:
            lines[-1].close()
            if not isinstance(error, HopError):
                raise self._closed(target, errno=error.errno) from None
            raise
        except BaseException:
            lines[-1].close()
            raise

    async def _enter(self) -> Stream:
        stream = await self._entrance.enter(self._log)
        if not self._log.facts.tls:
            return stream
        host = self._log.facts.host
        async with self._log.step(HopStage.TLS, Trouble.HANGS) as step:
            try:
                if self._context is None:
                    self._context = await run_in_daemon(ssl.create_default_context)
                return await encrypted(stream, self._context, host, (host, self._log.facts.port))
            except ssl.SSLCertVerificationError as error:
                raise self._log.failed(
                    HopStage.TLS, Trouble.CERTIFICATE, verify_code=error.verify_code, elapsed_ms=step.elapsed_ms
                ) from None
            except OSError as error:
                number = None if isinstance(error, ssl.SSLError) else error.errno
                raise self._log.failed(
                    HopStage.TLS, Trouble.TLS_FAILED, errno=number, elapsed_ms=step.elapsed_ms
                ) from None

    async def _signed_in(self, lines: list[Stream], target: str) -> Answer:
        """The proxy's answer after as many rounds as the sign-in needs, on the last of the lines. Raises `OSError`.

        Another one is added where the proxy ends the line between two rounds.
        """
        facts = self._log.facts
        steps = proxy_login.begin(self._login, facts.host, facts.user, self._password)
        header = await self._token(steps, None)
        asked_bare = header is None and self._login != "none"
        while True:
            answer = await self._request(lines[-1], target, header)
            if answer.status != _PROXY_AUTHENTICATION_REQUIRED:
                self._let_in = True
                self._log.passed(HopStage.LOGIN, 0.0)
                self._log.answers()
                return answer
            wanted = proxy_login.challenges(answer.all("proxy-authenticate"))
            schemes = tuple(wanted)
            tell = {"code": 407, "offered": schemes, "headers": answer.telling}
            if steps is None:
                spoken = not schemes or any(scheme.lower() in _SPOKEN for scheme in schemes)
                raise self._stop(HopStage.LOGIN, Trouble.LOGIN_WANTED if spoken else Trouble.LOGIN_SCHEME, tell)
            ours = {scheme.lower(): token for scheme, token in wanted.items()}
            if schemes and steps.scheme.lower() not in ours:
                raise self._stop(HopStage.LOGIN, Trouble.LOGIN_SCHEME, tell)
            challenge = ours.get(steps.scheme.lower(), "")
            if not challenge and not asked_bare and not steps.proved:
                raise self._stop(HopStage.LOGIN, Trouble.NO_TICKET, {**tell, "what": "ntlm-challenge"})
            if not asked_bare and (steps.finished or not challenge):
                raise self._stop(HopStage.LOGIN, Trouble.LOGIN_REFUSED, {**tell, "what": self._login})
            asked_bare = False
            if _closes(answer):
                if steps.one_line and challenge:
                    raise self._stop(HopStage.LOGIN, Trouble.NO_TICKET, {**tell, "what": "ntlm-line"})
                lines[-1].close()
                lines.append(await self._enter())
            header = await self._token(steps, challenge)

    async def _token(self, steps: proxy_login.Steps | None, challenge: str | None) -> str | None:
        if steps is None:
            return None
        try:
            return await run_in_daemon(steps.next, challenge)
        except proxy_login.NoTicket as problem:
            raise self._stop(
                HopStage.LOGIN,
                Trouble.NO_TICKET,
                {"code": problem.major, "what": problem.what},
            ) from None

    def _stop(self, stage: HopStage, trouble: Trouble, fields: dict[str, object]) -> HopError:
        error = self._log.failed(stage, trouble, **fields)
        if trouble in (Trouble.LOGIN_REFUSED, Trouble.LOGIN_SCHEME):
            self._refused = error
        return error

    async def _request(self, stream: Stream, target: str, header: str | None) -> Answer:
        login = f"Proxy-Authorization: {header}\r\n" if header else ""
        await stream.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n".encode())
        heads = asyncio.ensure_future(_head(stream))
        try:
            patience = 1.0 if self._log.facts.up else await self._first_sign(heads)
            async with self._log.step(
                HopStage.CHANNEL, Trouble.TARGET_SILENT, target=target, patience=patience
            ) as step:
                head = await heads
                while (answer := parsed(head)) is not None and answer.status < 200 and head.endswith(_ENDS):
                    head = await _head(stream)  # an interim one (RFC 9110, section 15.2)
                if answer is None:
                    await self._not_http(stream, head, target, step.elapsed_ms)
                assert answer is not None
                if not head.endswith(_ENDS):
                    raise self._unfinished(answer, head, target, step.elapsed_ms)
                if answer.status >= 300:
                    await _skip_body(stream, answer)
                return answer
        finally:
            heads.cancel()

    async def _first_sign(self, answering: asyncio.Future[bytes]) -> float:
        """Until it answers, or shows on another line that it speaks HTTP; returns how much patience is left then.

        What says nothing at all may be no proxy, or one that is spoken to over TLS. Raises `HopError`.
        """
        async with self._log.step(HopStage.LOGIN, Trouble.HANGS):
            enter = partial(self._entrance.enter, self._log)
            looking = asyncio.ensure_future(looked_at(enter, self._log.terms.deadline_s))
            try:
                await asyncio.wait({answering, looking}, return_when=asyncio.FIRST_COMPLETED)
                if not answering.done() and (said := looking.result()):
                    if (service := service_of(said)) == "http":
                        return _LEFT
                    raise self._log.failed(HopStage.LOGIN, Trouble.NOT_SPOKEN, first_bytes=shown(said), service=service)
                await asyncio.wait({answering})
            finally:
                looking.cancel()
        return 1.0

    async def _not_http(self, stream: Stream, head: bytes, target: str, elapsed_ms: float) -> None:
        if head:
            with suppress(OSError):  # a timeout is one, too
                async with asyncio.timeout(_REST_S):
                    head += await stream.receive(64)
        else:
            enter = partial(self._entrance.enter, self._log)
            head = await answer_to(await enter(), b"", _REST_S) or await service_that_answers(enter, _REST_S)
            head = b"" if service_of(head) == "http" else head
        if not head:
            raise self._closed(target, elapsed_ms=elapsed_ms)
        raise self._log.failed(HopStage.LOGIN, Trouble.NOT_SPOKEN, first_bytes=shown(head), service=service_of(head))

    def _unfinished(self, answer: Answer, head: bytes, target: str, elapsed_ms: float) -> HopError:
        """It hung up within its answer, or the answer has no end: whatever it says first, no line is open."""
        if len(head) < _LONGEST_HEAD:
            return self._closed(target, elapsed_ms=elapsed_ms)
        tell: dict[str, Any] = {
            "code": answer.status,
            "said": "with an answer that has no end",
            "elapsed_ms": elapsed_ms,
        }
        return self._log.failed(HopStage.CHANNEL, Trouble.REPLY, target=target, **tell)

    def _closed(self, target: str, **fields: Any) -> HopError:
        """It hung up without an answer: that is about the target once it has answered for another one."""
        if self._log.facts.up:
            return self._log.failed(HopStage.CHANNEL, Trouble.CLOSED, target=target, **fields)
        return self._log.failed(HopStage.LOGIN, Trouble.CLOSED, **fields)

    async def _refusal(self, answer: Answer, host: str, port: int) -> HopError:
        """The proxy does not open the target; ask it for the same host on port 443, too."""
        if answer.status == _BAD_REQUEST and not self._log.facts.tls and (hello := await self._tls_hello()):
            return self._log.failed(HopStage.LOGIN, Trouble.NOT_SPOKEN, first_bytes=shown(hello), service="tls")
        other: int | None = None
        if answer.status == 403 and port != OTHER_PORT:
            other = await self._status(host, OTHER_PORT)
        return self._log.failed(
            HopStage.CHANNEL,
            Trouble.REPLY,
            target=_target(host, port),
            code=answer.status,
            errno=_far_errno(answer),
            said=answer.reason[:200],
            headers=answer.telling,
            what=_sends_to(answer),
            other_port=other,
        )

    async def _tls_hello(self) -> bytes:
        """What it answers to a client that speaks TLS, where that is TLS as well: servers say 400 to any other."""
        with suppress(OSError):
            said = await answer_to(await self._entrance.enter(self._log), tls_hello(), _REST_S)
            return said if service_of(said) == "tls" else b""
        return b""

    async def _status(self, host: str, port: int) -> int:
        """What the proxy answers to that, once it has refused another port; 0: nothing, or nothing in time."""
        try:
            async with asyncio.timeout(self._log.terms.deadline_s):
                answer, stream = await self._answered(_target(host, port))
        except OSError:  # a timeout is one, too
            return 0
        stream.close()
        return answer.status


def parsed(head: bytes) -> Answer | None:
    """The head of an HTTP answer; None when it is none."""
    lines = head.decode("latin-1").split("\r\n" if b"\r\n" in head else "\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[0].upper().startswith("HTTP/") or not _STATUS.fullmatch(words[1]):
        return None
    pairs = (line.partition(":") for line in lines[1:] if line)
    headers = tuple((name.strip().lower(), value.strip()) for name, colon, value in pairs if colon)
    return Answer(int(words[1]), words[2] if len(words) > 2 else "", headers)


async def _head(stream: Stream) -> bytes:
    """Everything up to the empty line, and not a byte more: what follows belongs to the next protocol.

    Shorter where the proxy hangs up before, where it is no HTTP, or where it is too long to be an answer.
    """
    head = b""
    while len(head) < _LONGEST_HEAD and (piece := await _next_of_head(stream, head)):
        head += piece
        if head.endswith(_ENDS) or not b"HTTP/".startswith(head[:5].upper()):
            break
    return head


async def _next_of_head(stream: Stream, head: bytes) -> bytes:
    """What has come, up to the empty line. A socket is looked into; any other stream takes back what is too much."""
    if isinstance(stream, SocketStream):
        piece = await stream.receive(1)
        with suppress(OSError):
            known = head + piece + stream.socket.recv(4096, socket.MSG_PEEK)
            if (more := _end_of_head(known) - len(head) - len(piece)) > 0:
                piece += stream.socket.recv(more)
        return piece
    piece = await stream.receive(4096)
    size = _end_of_head(head + piece) - len(head)
    if isinstance(stream, PushStream):
        stream.put_back(piece[size:])
    return piece[:size]


def _end_of_head(data: bytes) -> int:
    """Where the empty line ends; else all of it."""
    return min((at + len(end) for end in _ENDS if (at := data.find(end)) >= 0), default=len(data))


async def _skip_body(stream: Stream, answer: Answer) -> None:
    """Read what belongs to a refusal, so that the connection can be used for the next step of a sign-in."""
    sizes = answer.all("content-length")
    if answer.status == _PROXY_AUTHENTICATION_REQUIRED and sizes and _NUMBER.fullmatch(sizes[0]):
        await receive_exactly(stream, min(int(sizes[0]), _LONGEST_BODY))


def _closes(answer: Answer) -> bool:
    said = " ".join((*answer.all("connection"), *answer.all("proxy-connection"))).lower()
    return "close" in said or (not answer.all("content-length") and "keep-alive" not in said)


def _far_errno(answer: Answer) -> int | None:
    """The far side's error number: Squid's ``X-Squid-Error: ERR_CONNECT_FAIL 111``."""
    for value in answer.all("x-squid-error"):
        name, _, number = value.partition(" ")
        if name == "ERR_CONNECT_FAIL" and _NUMBER.fullmatch(number.strip()):
            return int(number) or None
    return None


def _sends_to(answer: Answer) -> str | None:
    """The host of the page to which it sends; the rest of that address may hold what signs in."""
    try:
        return next(((urlsplit(place).hostname or "")[:100] for place in answer.all("location")), None)
    except ValueError:
        return None


def _software(answer: Answer) -> str | None:
    return next((v[:100] for v in (*answer.all("proxy-agent"), *answer.all("via"), *answer.all("server"))), None)


def _target(host: str, port: int) -> str:
    if not host.isascii():
        host = host.encode("idna").decode()
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
