"""The port-forward of a Kubernetes API server, as ``kubectl port-forward`` has it: a websocket for each line.

Protocol ``v4.channel.k8s.io`` (k8s.io/kubelet, portforward/websocket.go): the first byte of each binary message is the
channel, 0 for data and 1 for the error; the first message of each channel holds the port. RFC 6455 for the rest.
"""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
from typing import Final
from urllib.parse import quote

from clearline.core.facts.hops import HopStage, Trouble
from clearline.core.hops.greeting import service_of, shown
from clearline.core.hops.hop_log import HopLog
from clearline.core.hops.http_connect import parsed
from clearline.core.hops.kubeconfig import Cluster
from clearline.core.hops.opener import Entrance
from clearline.core.hops.stream import ProtocolStream, PushStream, SocketStream, Stream
from clearline.core.hops.transport import adopt, encrypted
from clearline.core.profiles.hop import pod_of

_PROTOCOL: Final = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_BINARY, _CLOSE, _PING, _PONG = 2, 8, 9, 10
_LONGEST_HEAD: Final = 32768
_LONGEST_FRAME: Final = 16 << 20
_REST_S: Final = 0.3
"""How long an error of the far side is waited for after a line was opened: the API server opens it before it tries."""


class KubernetesHop:
    """One API server. ``pods``: the pod of a host, where its name does not say it."""

    def __init__(self, log: HopLog, entrance: Entrance, cluster: Cluster, pods: dict[str, str]) -> None:
        self._log = log
        self._entrance = entrance
        self._cluster = cluster
        self._pods = pods

    async def open(self, host: str, port: int) -> Stream:
        """A line to a pod. Raises `HopError`."""
        target = f"{host}:{port}"
        pod, namespace = pod_of(host, self._pods, self._cluster.namespace)
        if pod is None:
            raise self._log.failed(HopStage.CHANNEL, Trouble.UNMAPPED, target=target, what=self._cluster.namespace)
        stream = await self._enter()
        try:
            async with self._log.step(HopStage.CHANNEL, Trouble.TARGET_SILENT, target=target) as step:
                await self._upgrade(stream, pod, namespace, port, target)
                line = PodLine(stream)
                await line.ready(_REST_S)
                if line.refused is not None:
                    raise self._log.failed(
                        HopStage.CHANNEL,
                        Trouble.REPLY,
                        target=target,
                        what=pod,
                        said=line.refused[:300],
                        elapsed_ms=step.elapsed_ms,
                    )
        except OSError as error:
            stream.close()
            if type(error) is not OSError and not isinstance(error, ConnectionError):
                raise
            raise self._log.failed(HopStage.CHANNEL, Trouble.CLOSED, target=target, errno=error.errno) from None
        except BaseException:
            stream.close()
            raise
        self._log.works(target)
        return line

    def close(self) -> None:
        """Nothing is kept open."""

    async def _enter(self) -> PushStream:
        stream = await self._entrance.enter(self._log)
        facts = self._log.facts
        if self._cluster.tls is None:
            if isinstance(stream, PushStream):
                return stream
            assert isinstance(stream, SocketStream)
            _, protocol = await adopt(stream, ProtocolStream, (facts.host, facts.port))
            assert isinstance(protocol, ProtocolStream)
            return protocol
        async with self._log.step(HopStage.TLS, Trouble.HANGS) as step:
            try:
                return await encrypted(stream, self._cluster.tls, self._cluster.server_name, (facts.host, facts.port))
            except ssl.SSLCertVerificationError as error:
                raise self._log.failed(
                    HopStage.TLS, Trouble.CERTIFICATE, verify_code=error.verify_code, elapsed_ms=step.elapsed_ms
                ) from None
            except OSError as error:
                number = None if isinstance(error, ssl.SSLError) else error.errno
                raise self._log.failed(HopStage.TLS, Trouble.TLS_FAILED, errno=number) from None

    async def _upgrade(self, stream: PushStream, pod: str, namespace: str, port: int, target: str) -> None:
        cluster = self._cluster
        token = f"Authorization: Bearer {cluster.token.reveal()}\r\n" if cluster.token else ""
        within, name = quote(namespace, safe=""), quote(pod, safe="")
        path = f"{cluster.path}/api/v1/namespaces/{within}/pods/{name}/portforward?ports={port}"
        await stream.send(
            f"GET {path} HTTP/1.1\r\nHost: {cluster.host}:{cluster.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {_PROTOCOL}\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n{token}\r\n".encode()
        )
        said = b""
        while b"\r\n\r\n" not in said and len(said) < _LONGEST_HEAD and (piece := await stream.receive()):
            said += piece
        head, end, rest = said.partition(b"\r\n\r\n")
        answer = parsed(head)
        if answer is None or not end:
            trouble = Trouble.NOT_SPOKEN if said and answer is None else Trouble.CLOSED
            raise self._log.failed(HopStage.LOGIN, trouble, first_bytes=shown(said), service=service_of(said))
        if answer.status == 101:
            self._log.passed(HopStage.LOGIN, 0.0)
            stream.put_back(rest)
            return
        tell = {"code": answer.status, "said": answer.reason[:200], "user": cluster.user}
        if answer.status == 401:
            raise self._log.failed(HopStage.LOGIN, Trouble.LOGIN_REFUSED, what=cluster.context_name, **tell)
        if answer.status == 403:
            raise self._log.failed(HopStage.LOGIN, Trouble.FORBIDDEN, what=namespace, **tell)
        self._log.answers()
        raise self._log.failed(HopStage.CHANNEL, Trouble.REPLY, target=target, what=f"{namespace}/{pod}", **tell)


class PodLine(PushStream):
    """One websocket as a line."""

    def __init__(self, source: PushStream) -> None:
        super().__init__()
        self._source = source
        self._data = bytearray()
        self._first: set[int] = set()
        self._settled = asyncio.Event()
        self.refused: str | None = None
        source.hand_over(self)

    async def ready(self, wait_s: float) -> None:
        """Until the API server says that the port does not answer, or says nothing of it for a moment."""
        try:
            async with asyncio.timeout(wait_s):
                await self._settled.wait()
        except TimeoutError:
            pass

    # ------------------------------------------------------------ from the websocket

    def data_received(self, data: bytes) -> None:
        """Bytes of the websocket."""
        self._data += data
        while (frame := self._frame()) is not None:
            self._take(*frame)

    def ended(self, error: Exception | None) -> None:
        """It is over."""
        self._settled.set()
        self.feed_end(error)

    def _frame(self) -> tuple[int, bytes] | None:
        data = self._data
        if len(data) < 2:
            return None
        size, begin = data[1] & 0x7F, 2
        if size >= 126:
            begin = 4 if size == 126 else 10
            if len(data) < begin:
                return None
            size = int.from_bytes(data[2:begin], "big")
        if size > _LONGEST_FRAME:
            self.close()
            self.feed_end(ConnectionResetError(104, "an endless frame"))
            return None
        if len(data) < begin + size:
            return None
        frame = (data[0] & 0x0F, bytes(data[begin : begin + size]))
        del data[: begin + size]
        return frame

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == _PING:
            self._send(_PONG, payload)
        elif kind == _CLOSE:
            self.ended(None)
        elif kind in (0, _BINARY) and payload:
            channel, content = payload[0], payload[1:]
            if channel not in self._first:  # the port, as two bytes
                self._first.add(channel)
                content = content[2:]
            if content and channel == _DATA:
                self._settled.set()
                self.feed(content)
            elif content and channel == _ERROR:
                self.refused = content.decode("utf-8", "replace")
                self._settled.set()
                self.feed_end(ConnectionResetError(104, "the pod's port does not answer"))

    # ------------------------------------------------------------ to it

    def write(self, data: bytes) -> None:
        """Send it, or keep it until it can be sent."""
        for at in range(0, len(data), 32768):
            self._send(_BINARY, bytes([_DATA]) + data[at : at + 32768])

    def _send(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        head = bytes([0x80 | kind])
        head += bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + size.to_bytes(2, "big")
        mask = os.urandom(4)
        repeated = (mask * (size // 4 + 1))[:size]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")
        self._source.write(head + mask + masked)

    def _pause(self) -> None:
        self._source.pause()

    def _resume(self) -> None:
        self._source.resume()

    def _hang_up(self) -> None:
        self._source.close()
