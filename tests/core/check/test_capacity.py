"""How many connections a real server has left, and who holds them."""

from __future__ import annotations

import contextlib

from pymongo import MongoClient

from clearline.core.check.check import check
from clearline.core.check.request import Request
from clearline.core.findings import Certainty
from clearline.core.report.report import Report, Verdict
from lab import deployments, loops
from lab.deployment import Deployment


def _checked(text: str) -> Report:
    return loops.run(check(Request(text=text), lambda _: None))


def _hold(stack: contextlib.ExitStack, server: Deployment, count: int) -> None:
    """That many connections of an application called orders."""
    for _ in range(count):
        client = stack.enter_context(MongoClient(server.address, directConnection=True, appname="orders"))
        client.admin.command("ping")


def test_a_server_that_is_nearly_full_is_told_with_its_numbers_and_who_holds_them() -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(deployments.connection_limit(40))
        _hold(stack, server, 12)  # two more each, for the driver's own watching
        report = _checked(server.uri(maxPoolSize=7))
        (found,) = (f for f in report.findings if f.cause == "pool.nearly-full")
        assert report.verdict is Verdict.CONNECTED
        assert found.certainty is Certainty.PROVEN
        current, left = found.evidence["current"], found.evidence["available"]
        assert current + left == 40
        assert current >= 0.8 * 40
        assert f"{current} of 40" in found.summary
        assert "up to 7 of them" in found.detail
        assert "orders" in found.detail


def test_a_server_with_room_gives_no_word_about_it() -> None:
    with deployments.connection_limit(100) as server:
        assert "pool.nearly-full" not in {f.cause for f in _checked(server.uri()).findings}


def test_without_the_right_to_look_there_is_a_note_and_no_error(login_server: Deployment) -> None:
    report = _checked(login_server.uri("app", "pass", authSource="admin"))
    assert report.verdict is Verdict.CONNECTED
    causes = {f.cause for f in report.findings}
    assert "access.no-diagnostics" in causes
    assert "pool.nearly-full" not in causes
