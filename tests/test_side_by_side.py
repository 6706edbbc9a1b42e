"""Forked processes run each test once, and what came of it is told as if one process had run them all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from secret_search import TESTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fast loop forks on Linux alone")

MEETS = """
    import os
    from pathlib import Path
    import pytest

    HERE = Path(__file__).parent

    @pytest.fixture
    def both(request):
        '''Until each of two processes has begun a file.'''
        for pipe in ("a", "b"):
            with open(HERE / f"pipe-{pipe}", "w" if __name__.endswith(pipe) else "r"):
                pass
        with open(HERE / "ran", "a") as ran:
            ran.write(f"{os.getpid()} {request.node.name}\\n")
    """


def session(folder: Path, files: dict[str, str], *more: str) -> subprocess.CompletedProcess[str]:
    """A test session of its own in two processes, each of which takes one of two files."""
    for pipe in ("pipe-a", "pipe-b"):
        os.mkfifo(folder / pipe)
    for name, code in files.items():
        (folder / name).write_text(dedent(MEETS) + dedent(code))
    options = ["-p", "side_by_side", "-p", "no:hypothesispytest", "--processes", "2", "-c", os.devnull]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-ra", f"--rootdir={folder}", *options, *more, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        timeout=60,
    )


def test_each_test_runs_once_and_every_failure_is_told(tmp_path: Path) -> None:
    files = {
        f"test_{letter}.py": f"""
            @pytest.fixture(scope="module")
            def once():
                yield
                with open(HERE / "ran", "a") as ran:
                    ran.write("end {letter}\\n")

            def test_passes_{letter}(both, once, capfd):
                print("heard")
                assert capfd.readouterr().out == "heard\\n"

            def test_fails_{letter}(once):
                print("printed in {letter}")
                assert "one" == "another"

            def test_is_left_out_{letter}():
                pytest.skip("a reason {letter}")
            """
        for letter in "ab"
    }
    result = session(tmp_path, files)
    assert result.returncode == 1, result.stdout
    assert "2 failed, 2 passed, 2 skipped" in result.stdout
    for letter in "ab":
        assert f"printed in {letter}" in result.stdout
        assert f"FAILED test_{letter}.py::test_fails_{letter}" in result.stdout
        assert f"a reason {letter}" in result.stdout
    ran = [line.split() for line in (tmp_path / "ran").read_text().splitlines()]
    processes = {who for who, _ in ran if who != "end"}
    assert sorted(what for _, what in ran) == ["a", "b", "test_passes_a", "test_passes_b"]
    assert len(processes) == 2
    again = json.loads((tmp_path / ".pytest_cache" / "v" / "cache" / "lastfailed").read_text())
    assert sorted(again) == ["test_a.py::test_fails_a", "test_b.py::test_fails_b"]


def test_a_process_that_dies_fails_the_run(tmp_path: Path) -> None:
    code = """
        def test_it(both, pytestconfig):
            if hasattr(pytestconfig, "workerinput"):
                os.kill(os.getpid(), 9)
        """
    result = session(tmp_path, {"test_a.py": code, "test_b.py": code})
    assert result.returncode == 1, result.stdout
    assert "a process of tests ended with -9" in result.stdout
    assert "1 passed" in result.stdout


@pytest.mark.parametrize("more", [(), ("--basetemp=made",)])
def test_what_each_process_finds_in_its_own_folder_fails_the_run(
    tmp_path: Path, more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
        from clearline.core.files.whole_files import write_whole
        PASSWORD = "planted-{n}-one"

        def test_it(both, tmp_path):
            (tmp_path / "input-{n}").write_text(PASSWORD)
            write_whole(tmp_path / "leak-{n}", PASSWORD.encode())
        """
    files = {"test_a.py": code.replace("{n}", "1"), "test_b.py": code.replace("{n}", "2")}
    monkeypatch.setenv("SECRET_SEARCH_TESTS", str(tmp_path))
    result = session(tmp_path, files, "-p", "secret_search", *more)
    assert result.returncode == 1, result.stdout
    for number in "12":
        assert f"leak-{number} holds the secret pla…" in result.stdout
        assert f"input-{number} holds" not in result.stdout
