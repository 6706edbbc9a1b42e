"""What a test uses, read from its code; `conftest.py` makes marks of it, so that none is set by hand.

A test uses what its function, its fixtures and its parameters name, and what the tests' own functions and classes
behind those names name in turn. Product code is not followed: what it starts is named in `PRODUCT`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parent

MARKS = {
    "server": "starts a mongod, or shares one",
    "peer": "lets a scripted server listen on this computer",
    "netns": "needs root and network namespaces (Linux)",
    "process": "starts another program",
    "build": "packs the whole program",
    "screen": "drives the window, offscreen",
    "timed": "judges the seconds that something took: nothing else runs beside it",
}
SLOW = ("server", "peer", "netns", "process", "build")
"""What the fast loop leaves out."""

PARTS = {
    "lab.namespaces": {"Network": "netns", "LongLine": "netns"},
    "lab.in_namespace": {"in_namespace": "netns"},
    "http.server": {"HTTPServer": "peer", "ThreadingHTTPServer": "peer"},
    "asyncio.subprocess": {"create_subprocess_exec": "process", "create_subprocess_shell": "process"},
}
PRODUCT = {
    "clearline.cli.mongod": {"PrivateMongod": "server"},
    "clearline.cli.demo": {"demo_deployment": "server", "run": "server"},
    "clearline.core.keyring.commands": {"printed_by": "process"},
    "one_file": {"pyz": "build"},
}
TIMES = {
    "perf_counter",
    "monotonic",
    "cancelled_in_s",
    "verdict_ms",
    "elapsed_ms",
    "elapsed_s",
    "rtt_ms",
    "duration_ms",
}
"""What a test reads that judges times. The laboratory's own code does not count: it has deadlines, no judgement."""
LISTENS = {"listen", "start_server", "create_server", "create_datagram_endpoint"}
MODULES = {"subprocess": "process", "multiprocessing": "process"}
FIXTURES = {"qapp": "screen", "pytester": "process"}


def marks_of(item: pytest.Function) -> set[str]:
    """The names of `MARKS` that hold for a test."""
    known = item._fixtureinfo.name2fixturedefs  # as pytest resolved them for this test
    found = {FIXTURES[name] for name in item.fixturenames if name in FIXTURES}
    start: list[Any] = [item.function]
    start += [definitions[-1].func for name, definitions in known.items() if name in item.fixturenames]
    for value in item.callspec.params.values() if hasattr(item, "callspec") else ():
        start += _meant_by(value, item) if isinstance(value, str) else [value]
    for each in start:
        if isinstance(each, FunctionType):
            found |= _marks_of_function(each)
        elif not isinstance(each, _PLAIN):
            found |= marks_behind(each)
    return found


def _meant_by(word: str, item: pytest.Function) -> list[Any]:
    """The fixture, or the thing of a module, that a test asks for by a word among its parameters."""
    names = _all_names(item.function)
    found: list[Any] = []
    if "getfixturevalue" in names:
        found += [one.func for one in item.session._fixturemanager.getfixturedefs(word, item) or ()]
    if "getattr" in names:
        modules = [value for value in map(item.function.__globals__.get, names) if isinstance(value, ModuleType)]
        found += [vars(module)[word] for module in modules if word in vars(module)]
    return found


_PLAIN = (str, int, float, bytes, type(None))


@functools.cache
def _marks_of_function(function: FunctionType) -> set[str]:
    marks, named = _told_by(function)
    return marks.union(*(_marks_of_part(one) if isinstance(one, _NAMED_OFTEN) else marks_behind(one) for one in named))


_NAMED_OFTEN = (FunctionType, type)


@functools.cache
def _marks_of_part(one: FunctionType | type) -> set[str]:
    """Many tests name the same helpers."""
    return marks_behind(one)


def marks_behind(start: Any) -> set[str]:
    """What one function, class or value comes to, with all that it leads to."""
    found: set[str] = set()
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if mark := _own_mark(one):
            found.add(mark)
            continue
        if isinstance(one, FunctionType):
            marks, named = _told_by(one)
            found |= marks
            waiting += named
        else:
            waiting += _named_by(one)
    return found


@functools.cache
def _told_by(function: FunctionType) -> tuple[set[str], list[Any]]:
    return _read_off(function) if _is_of_the_tests(function) else set(), _named_by(function)


def _read_off(function: FunctionType) -> set[str]:
    """What single names in a function of the tests come to."""
    names = _all_names(function)
    found = {"process"} if {"sys", "executable"} <= names else set()
    if names & LISTENS:
        found.add("peer")
    if names & TIMES and function.__module__.split(".")[0] not in ("lab", "faults"):
        found.add("timed")
    return found


def _own_mark(one: Any) -> str | None:
    if isinstance(one, ModuleType):
        return MODULES.get(one.__name__)
    if isinstance(one, type | FunctionType):
        return (PARTS | PRODUCT).get(one.__module__, {}).get(one.__name__)
    return None


def _named_by(one: Any) -> list[Any]:
    """What the code of a function or class of the tests names; what a value of a parameter holds."""
    match one:
        case functools.partial():
            return [one.func, *one.args, *one.keywords.values()]
        case MethodType():
            return [one.__func__]
        case property():
            return [one.fget]
        case functools.cached_property():
            return [one.func]
        case FunctionType():
            wrapped = getattr(one, "__wrapped__", None)
            held = [cell.cell_contents for cell in one.__closure__ or () if _is_filled(cell)]
            named = list(_globals_named(one.__code__, one.__globals__)) if _is_of_the_tests(one) else []
            return [*named, *held, *([wrapped] if wrapped else [])]
        case staticmethod() | classmethod():
            return [one.__func__]
        case functools._lru_cache_wrapper():
            return [one.__wrapped__]
        case type():
            return [*vars(one).values(), *one.__bases__] if _is_of_the_tests(one) else []
        case list() | tuple():
            return list(one)
        case _ if dataclasses.is_dataclass(one) and _is_of_the_tests(type(one)):
            return [getattr(one, field.name) for field in dataclasses.fields(one)]
        case _:
            return []


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 (asking is what raises)
    except ValueError:
        return False
    return True


def _is_of_the_tests(one: FunctionType | type) -> bool:
    return isinstance(one.__module__, str) and _is_module_of_the_tests(one.__module__)


@functools.cache
def _is_module_of_the_tests(name: str) -> bool:
    file = getattr(sys.modules.get(name), "__file__", None)
    return file is not None and Path(file).resolve().is_relative_to(TESTS)


def _globals_named(code: CodeType, globals_: dict[str, Any]) -> Iterator[Any]:
    names = set(_names(code))
    for name in names & globals_.keys():
        value = globals_[name]
        yield value
        if isinstance(value, ModuleType):  # "peers.silent": the module, and then its name
            yield from (vars(value)[inner] for inner in names & vars(value).keys())


@functools.cache
def _all_names(function: FunctionType) -> frozenset[str]:
    return frozenset(_names(function.__code__))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from _names(constant)
