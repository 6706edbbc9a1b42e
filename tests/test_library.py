"""The library: the names of ``clearline.__all__`` do what the README says, and cost nothing until they are used."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import clearline
from clearline import ClearlineError, LoopRunningError, Report, Request, TargetError, Verdict, check, check_sync
from clearline.core.profiles.hop import Socks5Proxy
from clearline.core.profiles.profile import Profile, Seeds
from lab import peers, proxies
from lab.deployment import Deployment

ROOT = Path(__file__).resolve().parent.parent


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import clearline; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['__future__', 'clearline']"


def test_every_public_name_is_there_and_no_other() -> None:
    for name in clearline.__all__:
        assert getattr(clearline, name) is not None
    assert set(clearline.__all__) <= set(dir(clearline))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = clearline.no_such_name


def test_type_checkers_see_the_names(tmp_path: Path) -> None:
    [readme] = re.findall(r"```python\n(.+?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    user = tmp_path / "user.py"
    user.write_text(
        f"from clearline import {', '.join(sorted(clearline.__all__))}\n{readme}"
        "async def ask() -> Report:\n    return await check(Request(text='mongodb://db1'))\n"
        "def why(text: str) -> Explanation:\n    return explain(text)\n"
        "problems: tuple[type[ClearlineError], ...] = (TargetError, LoopRunningError)\n"
    )
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(ROOT / "pyproject.toml"),
        "--cache-dir",
        str(ROOT / ".mypy_cache"),
        str(user),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout


def test_a_text_is_checked_in_a_loop_and_without_one(standalone: Deployment) -> None:
    for report in (check_sync(standalone.uri()), asyncio.run(check(standalone.uri()))):
        assert isinstance(report, Report)
        assert report.verdict is Verdict.CONNECTED


def test_a_loop_of_any_kind_goes_on_meanwhile(standalone: Deployment) -> None:
    """The check has a loop of its own: the caller's stands still for nothing, and a hop leads somewhere."""
    gaps: list[float] = []

    async def play() -> Report:
        task = asyncio.ensure_future(check(Request(text=standalone.uri())))
        seen = set(asyncio.all_tasks())
        while not task.done():
            await asyncio.sleep(0)
            gaps.append(len(asyncio.all_tasks() - seen))
        return await task

    assert asyncio.run(play()).verdict is Verdict.CONNECTED
    assert max(gaps) == 0, "none of its tasks runs here"
    with proxies.microsocks() as port:
        hop = Profile(hops=(Socks5Proxy(host="127.0.0.1", port=port),), seeds=Seeds(hosts=(standalone.address,)))
        report = asyncio.run(check(Request(profile=hop)))
    assert (report.verdict, report.hops[0].kind) == (Verdict.CONNECTED, "socks5")


def test_a_stop_before_its_first_step_gives_a_report() -> None:
    async def play() -> Report:
        task = asyncio.ensure_future(check("mongodb://127.0.0.1:1/"))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert asyncio.run(play()).verdict in (Verdict.CANCELLED, Verdict.FAILED)


def test_a_second_stop_does_not_wait() -> None:
    async def play() -> None:
        with peers.silent() as server:
            task = asyncio.ensure_future(check(f"mongodb://{server.address}/"))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(play())


def test_a_failure_is_a_report_and_no_error() -> None:
    with peers.closed_port() as port:
        report = check_sync(Request(text=f"mongodb://127.0.0.1:{port}/"))
    assert report.verdict is Verdict.FAILED
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "tcp.refused"


@pytest.mark.parametrize("text", ["", "  \n", "mongodb://" + "a" * 60_000])
def test_a_text_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(TargetError) as refused:
        check_sync(text)
    assert isinstance(refused.value, ClearlineError)
    assert "aaa" not in str(refused.value)


def test_check_sync_in_a_loop_says_what_belongs_there() -> None:
    async def wrong() -> Report:
        return check_sync("mongodb://127.0.0.1:1/")

    with pytest.raises(LoopRunningError, match="await check"):
        asyncio.run(wrong())


# ---------------------------------------------------------------- the pytest plugin


def pytest_with(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-p", "clearline.pytest_plugin", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=60)


def test_a_preflight_that_fails_is_one_sentence_and_no_test_runs(tmp_path: Path) -> None:
    with peers.closed_port() as port:
        done = pytest_with(tmp_path, "--mongodb-preflight", f"mongodb://app:s3cret@127.0.0.1:{port}/")
    said = done.stdout + done.stderr
    assert done.returncode == 3
    assert "tcp.refused" in said
    assert "s3cret" not in said
    assert "passed" not in said
    assert "Traceback" not in said


def test_a_preflight_that_connects_lets_the_tests_run(tmp_path: Path, standalone: Deployment) -> None:
    done = pytest_with(tmp_path, "--mongodb-preflight", standalone.uri())
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_without_its_option_the_plugin_imports_nothing(tmp_path: Path) -> None:
    code = (
        "def test_it():\n    import sys\n    assert not {'pymongo', 'msgspec', 'clearline.core'} & set(sys.modules)\n"
    )
    (tmp_path / "test_imports.py").write_text(code)
    done = pytest_with(tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_plugin_is_found_by_pytest() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"clearline.pytest_plugin": "clearline.pytest_plugin"}


# ---------------------------------------------------------------- the formats


def test_the_explanation_of_a_text_keeps_to_its_schema() -> None:
    import jsonschema
    import msgspec

    schema = json.loads((ROOT / "resources" / "explanation.schema.json").read_text("utf-8"))
    for text in ("", "pymongo.errors.ServerSelectionTimeoutError: db1:27017: [Errno 111] Connection refused", "hello"):
        jsonschema.validate(json.loads(msgspec.json.encode(clearline.explain(text))), schema)
