"""Several processes run the tests that one has collected: ``--processes 2``, for tests that take a millisecond each.

Each takes the next file that none has taken. pytest-xdist has every process collect, and send six messages for a test:
nearly half of the time that 5,000 small tests take. Here processes are forked when all is collected and imported, and
before there are threads, which takes Linux; what the others found is told at the end, as if this one had found it.

``-p side_by_side`` loads this alone; the ``conftest.py`` here calls `share`.
"""

from __future__ import annotations

import itertools
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

_TOKEN = 4
"""Octets that stand for a file; a pipe hands them over as a whole."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--processes", type=int, default=1, help="run the tests in so many forked processes (Linux)")


class SideBySide:
    """The plugin: forks where the tests begin, and gathers what came of them where they end."""

    def __init__(self, config: pytest.Config, begin_apart: Callable[[pytest.Config], None]) -> None:
        self._config = config
        self._begin_apart = begin_apart
        self._answer: int | None = None  # where a forked process writes what came of its tests
        self._children: dict[int, int] = {}
        self._died: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or self._config.option.collectonly or not session.items:
            return None
        files = [list(items) for _, items in itertools.groupby(session.items, key=lambda item: item.path)]
        taken, offered = os.pipe()
        os.write(offered, b"".join(number.to_bytes(_TOKEN, "big") for number in range(len(files))))
        os.close(offered)
        capture: Any = self._config.pluginmanager.getplugin("capturemanager")
        capture.stop_global_capturing()  # the file that it goes to would be one for all
        sys.stdout.flush()
        for number in range(1, self._config.option.processes):
            reading, writing = os.pipe()
            child = os.fork()
            if not child:
                self._children.clear()
                self._answer = writing
                self._become_one_of_several(number)
                break
            os.close(writing)
            self._children[child] = reading
        capture.start_global_capturing()
        capture.suspend_global_capture()
        try:
            self._run(session, files, taken)
        finally:
            self._gather(session)
        return True

    def _become_one_of_several(self, number: int) -> None:
        """Say nothing oneself, and look like a process of pytest-xdist, for all that keeps results or adds to them."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
        config: Any = self._config
        config.workerinput = {"workerid": f"forked-{number}"}
        config.workeroutput = {}
        folders = config._tmp_path_factory
        if folders._given_basetemp is not None:  # else it gets one of its own anyway
            folders._given_basetemp = folders._given_basetemp.with_name(f"{folders._given_basetemp.name}-{number}")
        self._begin_apart(config)

    def _run(self, session: pytest.Session, files: list[list[pytest.Item]], taken: int) -> None:
        """As pytest does, with the files that this process gets hold of."""
        while token := os.read(taken, _TOKEN):
            items = files[int.from_bytes(token, "big")]
            for item, following in itertools.pairwise([*items, session]):  # after a file all but the session's is over
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.shouldfail:
                    raise session.Failed(session.shouldfail)
                if session.shouldstop:
                    raise session.Interrupted(session.shouldstop)

    def _gather(self, session: pytest.Session) -> None:
        """Wait for the others, and take over what came of their tests."""
        for child, reading in self._children.items():
            with os.fdopen(reading, "rb") as answer:
                octets = answer.read()
            _, status = os.waitpid(child, 0)
            code = os.waitstatus_to_exitcode(status)
            if not octets or code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
                session.testsfailed += 1
                self._died.append(f"a process of tests ended with {code}")
            told = pickle.loads(octets) if octets else {"passed": [], "others": [], "output": {}}
            for category, nodeid, when, duration in told["passed"]:
                report = pytest.TestReport(nodeid, ("", None, ""), {}, "passed", None, when, duration=duration)
                self._stats.setdefault(category, []).append(report)
            for data in told["others"]:
                read = self._config.hook.pytest_report_from_serializable(config=self._config, data=data)
                self._config.hook.pytest_runtest_logreport(report=read)
            node = SimpleNamespace(workeroutput=told["output"])
            self._config.hook.pytest_testnodedown(node=node, error=None)

    @property
    def _stats(self) -> dict[str, list[Any]]:
        reporter: Any = self._config.pluginmanager.getplugin("terminalreporter")
        stats: dict[str, list[Any]] = reporter.stats
        return stats

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Iterator[None]:
        yield
        if self._answer is not None:  # now all that has to be said in the end has been
            with os.fdopen(self._answer, "wb") as answer:
                pickle.dump(self._told(), answer)

    def _told(self) -> dict[str, Any]:
        known = [(category, one) for category, reports in self._stats.items() for one in reports]
        reports = [(category, one) for category, one in known if isinstance(one, pytest.TestReport)]
        tell = self._config.hook.pytest_report_to_serializable
        return {
            "passed": [(category, one.nodeid, one.when, one.duration) for category, one in reports if one.passed],
            "others": [tell(config=self._config, report=one) for _, one in reports if not one.passed],
            "output": getattr(self._config, "workeroutput", {}),
        }

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for line in self._died:
            terminalreporter.line(line, red=True)


def share(config: pytest.Config, begin_apart: Callable[[pytest.Config], None] = lambda _config: None) -> None:
    """Let several processes run this session, if asked to; ``begin_apart`` is called in each that is forked."""
    if config.getoption("--processes") > 1:
        config.pluginmanager.register(SideBySide(config, begin_apart), "side-by-side")


def pytest_configure(config: pytest.Config) -> None:
    """As a plugin of its own."""
    share(config)
