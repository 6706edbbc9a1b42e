"""The program's loop lets Stop pass by what is ready, and looks up no address that is written out."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from pymongo.periodic_executor import AsyncPeriodicExecutor

from clearline.core.hops.loop import HopLoop, Lines, going
from lab import loops

READY = 100


def test_what_is_called_first_passes_by_all_that_is_ready() -> None:
    ran: list[str] = []

    async def play() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, HopLoop)
        called, done = threading.Event(), asyncio.Event()

        def begin() -> None:
            ran.append("begin")
            started.set()
            assert called.wait(60)

        def elsewhere() -> None:
            started.wait(60)
            loop.call_first(lambda: ran.append("stop"))
            called.set()

        started = threading.Event()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        loop.call_soon(begin)
        for _ in range(READY):
            loop.call_soon(ran.append, "ready")
        loop.call_soon(done.set)
        await done.wait()
        thread.join()

    loops.run(play())
    assert ran == ["begin", "stop", *["ready"] * READY]


def test_what_is_called_first_wakes_a_loop_that_waits() -> None:
    async def play() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, HopLoop)
        woken = asyncio.Event()
        threading.Timer(0.01, lambda: loop.call_first(woken.set)).start()
        async with asyncio.timeout(60):
            await woken.wait()

    loops.run(play())


class Counting(ThreadPoolExecutor):
    calls = 0

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        self.calls += 1
        return super().submit(function, *arguments, **keywords)


def looked_up(host: str, port: int | str, family: int = socket.AF_UNSPEC) -> tuple[Any, int]:
    """What the program's loop says, and how many threads it took; the error's number where it raises."""

    async def play() -> tuple[Any, int]:
        loop = asyncio.get_running_loop()
        executor = Counting()
        loop.set_default_executor(executor)
        try:
            found: Any = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        except OSError as error:
            found = error.errno
        return found, executor.calls

    return loops.run(play())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "192.0.2.7", "2001:db8::1"])
def test_an_address_that_is_written_out_is_itself_and_takes_no_thread(host: str) -> None:
    expected = socket.getaddrinfo(host, 27017, type=socket.SOCK_STREAM)
    assert looked_up(host, 27017) == (expected, 0)


@pytest.mark.parametrize(("host", "port"), [("localhost", 27017), ("127.1", 27017), ("127.0.0.1", "http")])
def test_what_has_to_be_looked_up_does_not_hold_the_loop(host: str, port: int | str) -> None:
    found, threads = looked_up(host, port)
    assert found
    assert threads == 1


def test_an_address_of_another_family_is_refused_as_everywhere() -> None:
    with pytest.raises(socket.gaierror) as refused:
        socket.getaddrinfo("::1", 27017, socket.AF_INET, socket.SOCK_STREAM)
    assert looked_up("::1", 27017, socket.AF_INET) == (refused.value.errno, 0)


def test_what_a_task_of_the_driver_raises_is_no_bug_and_what_another_raises_is() -> None:
    told: list[str] = []

    async def fail() -> bool:
        raise KeyError("ours")

    async def play() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(repr(context["exception"])))
        executor = AsyncPeriodicExecutor(interval=60, min_interval=60, target=fail, name="monitor")
        executor.open()
        await asyncio.sleep(0.05)
        del executor
        gc.collect()
        assert told == []
        own = asyncio.ensure_future(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del own
        gc.collect()

    loops.run(play())
    assert told == ["KeyError('ours')"]


async def _line(address: tuple[str, int]) -> asyncio.Transport:
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, *address)
    return transport


def test_a_line_that_its_client_forgets_is_cut_with_the_others_and_not_by_the_collector() -> None:
    async def play(address: tuple[str, int]) -> None:
        lines = Lines()
        with going(None, lines):
            (await _line(address)).pause_reading()  # now the loop does not hold it
        gc.collect()  # a transport that goes unclosed warns
        lines.cut()
        await asyncio.sleep(0)

    with socket.create_server(("127.0.0.1", 0)) as server:
        loops.run(play(server.getsockname()))
        server.accept()[0].close()
    gc.collect()


def test_lines_that_are_closed_are_not_held_for_ever() -> None:
    async def play(address: tuple[str, int]) -> int:
        lines = Lines()
        left: list[weakref.ref[asyncio.Transport]] = []
        with going(None, lines):
            for _ in range(READY):
                line = await _line(address)
                left.append(weakref.ref(line))
                line.abort()
                await asyncio.sleep(0)
        del line
        gc.collect()
        held = sum(ref() is not None for ref in left)
        lines.cut()
        return held

    with socket.create_server(("127.0.0.1", 0), backlog=2 * READY) as server:
        assert loops.run(play(server.getsockname())) < READY / 4
