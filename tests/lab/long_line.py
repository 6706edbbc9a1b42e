"""A long, lossy way between two network namespaces: a stand-in for netem, which many kernels lack (Linux, root)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import struct
from dataclasses import dataclass

from lab.in_namespace import in_namespace
from lab.loop_thread import LoopThread

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 1, 0x1000


@dataclass(frozen=True)
class Line:
    """A long way between inside and outside. ``delay_s`` is one way; ``loss`` a share of the packets, each way.

    ``seed`` decides which packets are lost, so that a test always loses the same ones.
    """

    delay_s: float = 0.0
    loss: float = 0.0
    seed: int = 1


class LongLine(LoopThread):
    """Joins two namespaces by a pair of TUN devices and carries each packet late, or not at all."""

    def __init__(self, line: Line, *names: str) -> None:
        super().__init__()
        self._line = line
        self._names = names
        self._random = random.Random(line.seed)
        self._devices: list[int] = []

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._devices = [in_namespace(name, _tun_device) for name in self._names]
        first, second = self._devices
        loop.add_reader(first, self._carry, first, second)
        loop.add_reader(second, self._carry, second, first)

    async def close(self) -> None:
        for device in self._devices:
            asyncio.get_running_loop().remove_reader(device)
            os.close(device)
        self._devices = []

    def _carry(self, source: int, target: int) -> None:
        packet = os.read(source, 65536)
        if self._random.random() >= self._line.loss:
            asyncio.get_running_loop().call_later(self._line.delay_s, self._deliver, target, packet)

    def _deliver(self, target: int, packet: bytes) -> None:
        if target in self._devices:
            with contextlib.suppress(OSError):  # the device is still down
                os.write(target, packet)


def _tun_device() -> int:
    import fcntl  # not on Windows, where this module is imported too

    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", b"line", _IFF_TUN | _IFF_NO_PI))
    except BaseException:
        os.close(device)
        raise
    return device
