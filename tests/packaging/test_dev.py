"""The commands pass arguments on, end at the first failure, and run the tests as they have to be run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import dev
import pytest
import steps


@pytest.mark.parametrize(
    ("argv", "arguments", "skips"),
    [
        (["test", "-k", "tls", "-x"], ["-k", "tls", "-x"], False),
        (["run", "--version"], ["--version"], False),
        (["run", "check", "localhost", "--json"], ["check", "localhost", "--json"], False),
        (["--skip-system", "demo"], [], True),
        (["demo", "--skip-system"], [], True),
    ],
)
def test_arguments_after_the_command_are_passed_on(argv: list[str], arguments: list[str], skips: bool) -> None:
    parsed = dev.parse(argv)
    assert (parsed.command, parsed.arguments, parsed.skip_system) == (
        argv[skips and argv[0] != "demo"],
        arguments,
        skips,
    )


def test_an_unknown_command_is_refused_with_the_known_ones() -> None:
    refused = subprocess.run([sys.executable, dev.__file__, "tset"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert all(command in refused.stderr for command in dev.COMMANDS)


def test_a_step_that_fails_ends_everything_with_its_code(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        steps.step([sys.executable, "-c", "raise SystemExit(7)"])
    assert ended.value.code == 7
    assert "SystemExit(7)" in capfd.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_step_that_was_killed_is_a_failure_too() -> None:
    with pytest.raises(SystemExit) as ended:
        steps.step([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
    assert ended.value.code == 137


SLEEPS = "import sys, time; time.sleep(float(sys.argv[1])); print('over')"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("fails_first", [True, False])
def test_of_two_steps_the_first_that_fails_ends_the_other(fails_first: bool) -> None:
    both = [[sys.executable, "-c", "raise SystemExit(7)"], [sys.executable, "-c", SLEEPS, "100"]]
    command, beside = both if fails_first else both[::-1]
    with pytest.raises(SystemExit) as ended:
        steps.step(command, beside=beside)
    assert ended.value.code == 7


def test_two_steps_are_over_when_both_are(capfd: pytest.CaptureFixture[str]) -> None:
    for command, beside in (("0", "0.3"), ("0.3", "0")):
        steps.step([sys.executable, "-c", SLEEPS, command], beside=[sys.executable, "-c", SLEEPS, beside])
    assert capfd.readouterr().out.splitlines().count("over") == 4


def test_tests_run_side_by_side_and_those_that_judge_times_alone_afterwards() -> None:
    side_by_side, alone = dev.runs_of_pytest([], 2)
    if sys.platform == "linux":
        assert side_by_side[:2] == ["--processes", "3"]
    else:
        assert side_by_side[:4] == ["-n", "3", "--dist", "loadfile"]
    assert side_by_side[-2:] == ["-m", "not frozen and not crowd and not timed"]
    assert alone == ["-m", "timed and not frozen"]
    assert dev.runs_of_pytest([], 64)[0][1] == str(dev.MOST_PROCESSES)


def test_the_fast_loop_is_one_run_and_arguments_of_one_s_own_are_left_alone() -> None:
    (fast,) = dev.runs_of_pytest(["--fast"], 2)
    assert fast[:2] == (["--processes", "3"] if sys.platform == "linux" else ["-n", "3"])
    assert "--fast" in fast
    assert dev.runs_of_pytest(["-k", "tls"], 2) == [["-m", "not frozen and not crowd", "-k", "tls"]]
    assert dev.runs_of_pytest(["-m", "netns", "--fast"], 2) == [["-m", "netns", "--fast"]]


def test_the_tests_stop_at_the_first_failure_and_leave_the_frozen_program_out(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[list[str]] = []

    def step(command: list[str], environ: object = None, *, beside: Sequence[str] = ()) -> None:
        taken.extend(list(one[2:]) for one in (beside, command) if one)

    monkeypatch.setattr(dev, "step", step)
    monkeypatch.setattr(dev, "fetch_servers", lambda: None)
    monkeypatch.setattr(dev, "fetch_judges", lambda: None)
    dev.test(["-k", "tls"])
    assert taken == [
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["mypy"],
        ["pytest", "-m", "not frozen and not crowd", "-k", "tls"],
    ]


def test_a_measurement_that_does_not_exist_is_named_with_those_that_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "tests" / "bench"
    folder.mkdir(parents=True)
    (folder / "speed.py").touch()
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    with pytest.raises(steps.Stop, match=r"'sped'.*speed"):
        dev.bench(["sped"])
