"""A small run of tests/bench/soak.py, and that it notices what it is for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parent / "bench" / "soak.py"
QUICK = ("healthy", "refused", "hello close")


def soak(*options: str) -> tuple[int, str]:
    command = [sys.executable, str(SOAK), "--minutes", "0.02", "--seed", "3", "--kinds", *QUICK, *options]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self")
def test_a_small_run_finds_nothing() -> None:
    code, told = soak()
    assert code == 0, told
    assert "crashes  0" in told
    assert "bugs     0" in told
    assert "1 kills of their server, 0 not seen" in told


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self")
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("keyring", ["keyring  did not answer, and was not waited for"]),
        ("rule", ["unexpected in a check: ArithmeticError", "crashes  0"]),
        ("loop", ["STUCK    the loop stood still after ", "in stand_still"]),
    ],
)
def test_a_fault_that_was_injected_is_told(fault: str, said: list[str]) -> None:
    code, told = soak("--inject", fault)
    assert code == 1, told
    for sentence in said:
        assert sentence in told


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self")
def test_a_few_tests_in_a_window_leave_no_bug() -> None:
    command = [sys.executable, str(SOAK.with_name("soak_window.py")), "--tests", "3", "--minutes", "0.5", "--seed", "1"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "     3 tests" in ran.stdout
    assert "bugs told: none" in ran.stdout
