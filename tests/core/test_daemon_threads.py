from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from clearline.core import daemon_threads
from clearline.core.daemon_threads import DaemonExecutor, run_in_daemon, start_daemon
from lab import loops


def run_program(text: str) -> tuple[float, subprocess.CompletedProcess[str]]:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", text],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return time.perf_counter() - started, done


BLOCKED_EXECUTOR = """
import asyncio, threading, time
from clearline.core import daemon_threads
from clearline.core.daemon_threads import DaemonExecutor

async def main():
    loop = asyncio.get_running_loop()
    loop.set_default_executor(DaemonExecutor())
    entered = threading.Event()
    def block():
        entered.set()
        threading.Event().wait()
    waiting = loop.run_in_executor(None, block)
    assert await loop.run_in_executor(None, entered.wait, 60)

asyncio.run(main())
print("left the loop")
"""

BLOCKED_CALL = """
import asyncio, threading
from clearline.core import daemon_threads
from clearline.core.daemon_threads import run_in_daemon

async def main():
    entered = threading.Event()
    def block():
        entered.set()
        threading.Event().wait()
    waiting = asyncio.create_task(run_in_daemon(block))
    assert await run_in_daemon(entered.wait, 60)
    waiting.cancel()

asyncio.run(main())
print("left the loop")
"""


@pytest.mark.parametrize("program", [BLOCKED_EXECUTOR, BLOCKED_CALL])
def test_a_program_ends_at_once_although_a_thread_is_blocked_for_ever(program: str) -> None:
    empty_s, _ = run_program("import asyncio; from clearline.core.daemon_threads import run_in_daemon")
    elapsed_s, done = run_program(program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "left the loop\n", "")
    assert elapsed_s < empty_s + 1


def test_closing_the_loop_does_not_wait_for_a_blocked_thread() -> None:
    release = threading.Event()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(DaemonExecutor())
        loop.run_in_executor(None, release.wait)
        await asyncio.sleep(0)

    started = time.perf_counter()
    asyncio.run(main())
    assert time.perf_counter() - started < 1
    release.set()


def test_a_result_that_comes_after_the_loop_closed_is_dropped_without_a_word(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_threads, "_IDLE_S", 0.0)  # its threads are joined here
    release = threading.Event()
    threads: list[threading.Thread] = []

    def late() -> None:
        threads.append(threading.current_thread())
        release.wait()
        raise OSError("nobody is there to hear it")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(DaemonExecutor())
        waiting = [asyncio.create_task(run_in_daemon(late)), loop.run_in_executor(None, late)]
        while len(threads) < 2:
            await asyncio.sleep(0)
        for future in waiting:
            future.cancel()

    asyncio.run(main())
    release.set()
    for thread in threads:
        thread.join(60)
    gc.collect()
    assert not caplog.records


def test_cancelling_returns_at_once() -> None:
    release = threading.Event()

    async def main() -> float:
        waiting = asyncio.create_task(run_in_daemon(release.wait))
        await asyncio.sleep(0)
        return await loops.cancelled_in_s(waiting)

    assert asyncio.run(main()) < 0.5
    release.set()


def test_the_result_and_the_exception_come_back() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(DaemonExecutor())
        assert await run_in_daemon(divmod, 7, 2) == (3, 1)
        assert await loop.run_in_executor(None, os.getpid) == os.getpid()
        with pytest.raises(ZeroDivisionError):
            await run_in_daemon(divmod, 7, 0)
        with pytest.raises(ZeroDivisionError):
            await loop.run_in_executor(None, divmod, 7, 0)

    asyncio.run(main())


def test_blocked_calls_leave_room_for_the_next() -> None:
    release = threading.Event()

    async def main() -> int:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(DaemonExecutor())
        for _ in range(40):  # more than the pool of an ordinary executor has threads
            loop.run_in_executor(None, release.wait)
        return await asyncio.wait_for(loop.run_in_executor(None, os.getpid), 5)

    assert asyncio.run(main()) == os.getpid()
    release.set()


def test_names_are_looked_up_through_the_executor() -> None:
    async def main() -> list[object]:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(DaemonExecutor())
        return list(await loop.getaddrinfo("localhost", 27017))

    assert asyncio.run(main())


def test_a_thread_that_has_ended_its_work_takes_the_next_of_the_same_starter() -> None:
    def in_a_row() -> set[int]:
        async def main() -> set[int]:
            return {await run_in_daemon(threading.get_ident) for _ in range(20)}

        return asyncio.run(main())

    ours = in_a_row()
    assert len(ours) < 20
    with ThreadPoolExecutor(1) as other:
        assert not ours & other.submit(in_a_row).result()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_whose_work_raised_takes_no_more_and_the_next_work_is_done() -> None:
    broken: SimpleQueue[threading.Thread] = SimpleQueue()

    def break_off() -> None:
        broken.put(threading.current_thread())
        raise SystemExit  # which ends a thread without a word

    start_daemon(break_off, "breaks off")
    assert asyncio.run(run_in_daemon(os.getpid)) == os.getpid()
    broken.get().join()  # what it raised is told in this test, not in one that comes later
