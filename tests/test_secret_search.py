"""The search for secrets at the end of a session finds the planted ones, and only those."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import secret_search
from secret_search import TESTS, Needles, distinctive, secrets_of

WORD = "plänted-" + "0ne"  # in two pieces: this file is no user of it


def session(folder: Path, code: str, *more: str) -> subprocess.CompletedProcess[str]:
    """A test session of its own with the search, over one file of tests."""
    tests = folder / "tests"
    tests.mkdir()
    (tests / "conftest.py").write_text(f"PASSWORD = {WORD!r}\n")
    preamble = f"""
        import logging, subprocess, sys
        from pathlib import Path
        import pytest
        from clearline.core.check.request import Request
        from clearline.core.files.whole_files import write_whole
        WORD = {WORD!r}
        """
    (tests / "test_it.py").write_text(dedent(preamble) + dedent(code))
    plugins = ("secret_search", "no:cacheprovider", "no:pytest-qt", "no:hypothesispytest")
    options = [f"--rootdir={tests}", f"--basetemp={folder / 'made'}", "-c", os.devnull]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *(f"-p{name}" for name in plugins), *options, *more, str(tests)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tests,
        env={**os.environ, "PYTHONPATH": str(TESTS), "SECRET_SEARCH_TESTS": str(tests)},
    )


def test_a_secret_in_a_file_that_the_product_wrote_fails_the_run_and_is_not_repeated(tmp_path: Path) -> None:
    result = session(
        tmp_path,
        """
        def test_it(tmp_path):
            write_whole(tmp_path / "leak.json", f'{{"x": "{WORD}"}}'.encode())
        """,
    )
    assert result.returncode == 1, result.stdout
    assert "leak.json holds the secret plä…" in result.stdout
    assert WORD not in result.stdout + result.stderr


def test_what_a_worker_finds_fails_the_whole_run_and_what_is_no_finding_does_not(tmp_path: Path) -> None:
    code = """
        @pytest.mark.writes_secrets("what is printed on purpose")
        def test_on_purpose(tmp_path):
            (tmp_path / "input").write_text(WORD)
            print(WORD)
        """
    (tmp_path / "good").mkdir()
    result = session(tmp_path / "good", code, "-n1")
    assert result.returncode == 0, result.stdout
    (tmp_path / "bad").mkdir()
    leak = """
        def test_leak(tmp_path):
            write_whole(tmp_path / "leak.json", WORD.encode())
        """
    result = session(tmp_path / "bad", code + leak, "-n1")
    assert result.returncode == 1, result.stdout
    assert "leak.json holds the secret plä…" in result.stdout


def test_every_spelling_of_it_is_found(tmp_path: Path) -> None:
    result = session(
        tmp_path,
        """
        import base64, html, json
        from urllib.parse import quote
        @pytest.mark.parametrize("name, leak", [
            ("percent", quote(WORD)),
            ("json", json.dumps(WORD)),
            ("base64", base64.b64encode(WORD.encode()).decode()),
            ("address", "mongodb://app:" + quote(WORD, safe="") + "@h/"),
            ("html", html.escape(WORD)),
        ])
        def test_it(tmp_path, name, leak):
            write_whole(tmp_path / name, leak.encode())
        """,
    )
    for name in ("percent", "json", "base64", "address", "html"):
        assert f"{name} holds the secret" in result.stdout


def test_a_secret_in_a_file_of_another_process_is_found(tmp_path: Path) -> None:
    result = session(
        tmp_path,
        """
        def test_it(tmp_path):
            code = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
            subprocess.run([sys.executable, "-c", code, str(tmp_path / "leak"), WORD], check=True)
        """,
    )
    assert result.returncode == 1, result.stdout


def test_a_secret_in_the_log_and_in_what_is_printed_is_found(tmp_path: Path) -> None:
    result = session(
        tmp_path,
        """
        def test_logged():
            logging.getLogger("clearline.x").warning("it was %s", WORD)
        def test_printed():
            print(WORD)
        """,
    )
    assert result.returncode == 1, result.stdout
    assert "a log record of clearline.x in test_it.py::test_logged" in result.stdout
    assert "Captured stdout call in test_it.py::test_printed" in result.stdout


def test_a_secret_in_the_report_of_a_check_is_found(tmp_path: Path) -> None:
    result = session(
        tmp_path,
        """
        import asyncio
        from clearline.core.check.check import check
        from clearline.core.profiles.profile import Profile, Seeds
        def test_it():
            profile = Profile(name=f"called {WORD}", seeds=Seeds(hosts=("127.0.0.1:1",)))
            asyncio.run(check(Request(profile), lambda _: None))
        """,
    )
    assert result.returncode == 1, result.stdout
    assert "a report in test_it.py::test_it" in result.stdout


def test_what_a_test_wrote_itself_and_what_is_written_on_purpose_is_no_finding(tmp_path: Path) -> None:
    result = session(
        tmp_path,
        """
        def test_input(tmp_path):
            (tmp_path / ".env").write_text(f"PASSWORD={WORD}")
            (tmp_path / "moved").write_text(WORD)
            (tmp_path / "moved").rename(tmp_path / "input")
        @pytest.mark.writes_secrets("an export with passwords")
        def test_on_purpose(tmp_path):
            write_whole(tmp_path / "export.json", WORD.encode())
        def test_masked(tmp_path):
            write_whole(tmp_path / "fine.json", b"mongodb://app:***@h/")
        """,
    )
    assert result.returncode == 0, result.stdout


def test_an_input_that_the_product_wrote_again_is_its_output(tmp_path: Path) -> None:
    result = session(
        tmp_path,
        """
        def test_it(tmp_path):
            (tmp_path / "a.json").write_text("{}")
            write_whole(tmp_path / "a.json", WORD.encode())
        """,
    )
    assert result.returncode == 1, result.stdout


def test_a_secret_is_collected_however_it_is_written(tmp_path: Path) -> None:
    written = r"""
        given = Secret("a-{0}1") or Secret(
            'b-{0}\'1'
            "-c",
        )
        WORD = "d-{0}1"  # (a remark)
        def test(): OTHER_PASSWORDS = ("e-{0}(1", given, 'f-{0}1')
        SECRETS = (
            "g-{0}1",
        )
        NO_WORDS = given("h-{0}1")
        client = "mongodb://app:i-{0}1@db1"
        """
    (tmp_path / "test_it.py").write_text(dedent(written).replace("{0}", "planted").replace("def test(): ", "    "))
    begin = {secret[:2] + secret[9:] for secret in secrets_of(tmp_path)}
    assert begin == {"a-1", "b-'1-c", "d-1", "e-(1", "f-1", "g-1", "i-1"}


def test_the_secrets_are_collected_from_these_tests() -> None:
    found = secrets_of(TESTS)
    assert {"s3cret-w0rd", "s3cr3t-horse", "s3cret-Pä@ss-4711", "Zq7-hunter-9Xk"} <= found
    assert len(found) >= 15


def test_ordinary_words_are_not_distinctive() -> None:
    for word in ("pass", "password", "application", "mongodb://h/", "***", "sesame", "<db_password>"):
        assert not distinctive(word)
    assert distinctive("s3cret-w0rd")


def test_no_secret_means_that_nothing_is_found() -> None:
    assert Needles([]).in_text("anything") is None


def test_this_session_is_searched(request: pytest.FixtureRequest) -> None:
    plugin = request.config.pluginmanager.get_plugin("secret-search")
    assert isinstance(plugin, secret_search.SecretSearch)
