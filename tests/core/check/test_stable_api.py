"""A server that wants a version of the Stable API declared: the probes declare what the profile does."""

from __future__ import annotations

import asyncio

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.profiles.profile import Options, Profile, Seeds
from clearline.core.report.report import Report
from lab import loops
from lab.mongo_peer import Answer, Command, Failure, MongoPeer, hello

_WANTS_IT = Failure(498870, "The apiVersion parameter is required", "Location498870")
_WANTS_A_LOGIN = Failure(13, "command find requires authentication", "Unauthorized")


def _strict(answer: Answer) -> object:
    def answered(command: Command) -> Answer:
        return answer if command.document.get("apiVersion") == "1" else _WANTS_IT

    return answered


def _checked(server_api: str | None) -> tuple[Report, list[str]]:
    async def run(port: int) -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        seeds = Seeds(hosts=(f"127.0.0.1:{port}",))
        request = Request(Profile(seeds=seeds, options=Options(server_api=server_api)), {})
        report = await check(request, lambda _report: None)
        await farewells()
        return report

    answers = {"hello": _strict(hello()), "find": _strict(_WANTS_A_LOGIN), "*": _strict({})}
    with MongoPeer(answers) as peer:  # type: ignore[arg-type]
        report = loops.run(run(peer.port))
        undeclared = [command.name for command in peer.commands if "apiVersion" not in command.document]
    return report, undeclared


def test_what_the_probes_learn_is_learnt_where_the_driver_declares_a_version() -> None:
    report, undeclared = _checked("1")
    assert undeclared == []
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "auth.credentials-missing"


def test_nothing_is_declared_that_the_profile_does_not_declare() -> None:
    report, undeclared = _checked(None)
    assert undeclared
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "hello.api-version-required"
