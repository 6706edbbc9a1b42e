"""One row, run: the check in process, in the row's own network, with the facts that it ended with."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from clearline.core.check.check import check
from clearline.core.check.request import LATE_S, Patience, Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.facts.whole import Facts
from clearline.core.report.report import Report, to_json
from faults.fault import Case, Fault
from faults.laboratory import Laboratory
from lab import loops
from lab.dns_server import fresh_resolvers

T = TypeVar("T")
_NOBODY = 65534


@dataclass(frozen=True)
class Outcome:
    """What a row came to."""

    report: Report
    facts: Facts
    miss: str | None
    """None when it was right, else what was said instead."""
    leaked: bool
    """Whether the report, as JSON, or the facts hold a secret of the row's text."""


def run(fault: Fault, lab: Laboratory, late_s: float = LATE_S) -> Outcome:
    """Set the row up, check it, judge it; ``late_s`` as in `Patience`."""
    with fault.set_up(lab) as case:
        report, facts = run_case(case, late_s)
        texts = (to_json(report), msgspec.json.encode(facts).decode())
        leaked = any(secret in text for secret in case.secrets for text in texts)
    return Outcome(report, facts, fault.judge(report), leaked)


def run_case(case: Case, late_s: float = LATE_S) -> tuple[Report, Facts]:
    """Check one case, in its network and environment."""

    def work() -> tuple[Report, Facts]:
        return _checked(case.text, late_s)

    with _environment(case.environ), fresh_resolvers():
        if case.network is not None:
            return case.network.call(work)
        return _powerless(work) if case.powerless else work()


def _checked(text: str, late_s: float) -> tuple[Report, Facts]:
    found: list[Facts] = []
    request = Request(text=text, patience=Patience(late_s=late_s))

    async def main() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        return await check(request, lambda _: None, on_facts=found.append)

    report = loops.run(main())
    return report, found[-1]


@contextlib.contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _powerless(function: Callable[[], T]) -> T:
    """Run a function in a thread (and those that it starts) for which file permissions count, also as root."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return function()
    results: list[T] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            ctypes.CDLL(None).setfsuid(_NOBODY)
            results.append(function())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]
