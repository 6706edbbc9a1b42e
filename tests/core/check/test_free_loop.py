"""What takes long is done beside the loop of a check: Stop and the probes go on meanwhile."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from clearline.core.check import course
from clearline.core.check.check import check
from clearline.core.check.request import Request
from clearline.core.driver import client
from clearline.core.driver.client import build_client
from clearline.core.report.report import Verdict
from lab import loops

PATIENCE_S = 5.0


def test_stop_ends_a_check_while_its_client_reads_the_trusted_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, over, told = threading.Event(), threading.Event(), threading.Event()
    stopped_first: list[bool] = []

    def slowly(*arguments: Any, **keywords: Any) -> Any:
        begun.set()
        stopped_first.append(over.wait(PATIENCE_S))
        told.set()
        return build_client(*arguments, **keywords)

    async def play() -> Verdict | None:
        task = asyncio.ensure_future(check(Request(text="mongodb://127.0.0.1:1/?tls=true"), lambda _report: None))
        while not begun.is_set():
            await asyncio.sleep(0)
        task.cancel()
        try:
            return (await task).verdict
        finally:
            over.set()

    monkeypatch.setattr(client, "build_client", slowly)
    monkeypatch.setattr(course.Course, "_all_refuse", _not_asked)
    assert loops.run(play()) is Verdict.CANCELLED
    assert told.wait(PATIENCE_S)
    assert stopped_first == [True]


async def _not_asked(_course: course.Course) -> bool:
    return False
