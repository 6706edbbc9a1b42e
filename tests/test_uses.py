"""Marks follow from what a test uses."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from lab import deployments, namespaces, peers
from lab.deployment import Deployment
from uses import SLOW, marks_behind


def a_program() -> int:
    return subprocess.run([sys.executable, "-c", ""], check=True).returncode


def behind_another_function() -> None:
    a_program()


def a_server() -> None:
    with deployments.standalone():
        pass


def a_network() -> None:
    with namespaces.Network():
        pass


def a_scripted_peer() -> None:
    with peers.silent():
        pass


def a_judgement_of_time() -> bool:
    began = time.perf_counter()
    return time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("function", "marks"),
    [
        (a_program, {"process"}),
        (behind_another_function, {"process"}),
        (a_server, {"server"}),
        (a_network, {"netns"}),
        (a_scripted_peer, {"peer"}),
        (str.upper, set()),
        (a_judgement_of_time, {"timed"}),
        (lambda: [lambda: a_program()], {"process"}),
        (namespaces.unavailable, {"process"}),
    ],
)
def test_what_a_function_names_marks_it(function: object, marks: set[str]) -> None:
    assert marks_behind(function) == marks


def test_a_fixture_marks_the_test_that_asks_for_it(standalone: Deployment, request: pytest.FixtureRequest) -> None:
    assert [name for name in SLOW if request.node.get_closest_marker(name)] == ["server"]
    assert standalone.address


@pytest.mark.parametrize("kind", ["silent"])
@pytest.mark.parametrize("fixture", ["standalone"])
def test_words_that_are_asked_for_mark_it(kind: str, fixture: str, request: pytest.FixtureRequest) -> None:
    assert [name for name in SLOW if request.node.get_closest_marker(name)] == ["server", "peer"]
    with getattr(peers, kind)() as peer:
        assert peer.address
    assert request.getfixturevalue(fixture).address


def test_the_window_is_a_screen(qtbot: object, request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("screen")


def test_a_test_without_any_of_it_is_fast(request: pytest.FixtureRequest) -> None:
    assert not any(map(request.node.get_closest_marker, SLOW))
