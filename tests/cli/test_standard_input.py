"""What other programs write into standard input: blank lines first, marks of an encoding, bytes of another one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clearline.cli.standard_input import line

URI = "mongodb://app@127.0.0.1:1/"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (f"{URI}\n".encode(), URI),
        (URI.encode(), URI),
        (f"\n  \r\n{URI}\r\nmore\n".encode(), URI),
        (f"\ufeff{URI}\n".encode(), URI),
        (f"\ufeff\r\n{URI}\n".encode("utf-16-le"), URI),
        (f"\ufeff{URI}\n".encode("utf-16-be"), URI),
        (b"mongodb://app:na\xefve@db1/\n", "mongodb://app:na\ufffdve@db1/"),
        (b"", ""),
        (b"\n" * 5000, ""),
    ],
)
def test_the_first_line_that_holds_something(written: bytes, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(written), "utf-8", "strict"))
    assert line(1000, past_empty=True) == expected


def test_an_empty_line_may_be_the_answer_and_a_long_one_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\nsecret\n"), "utf-8"))
    assert line(1000) == ""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 100_000), "utf-8"))
    assert len(line(1000)) < 10_000


@pytest.mark.parametrize(
    ("arguments", "written"),
    [(("-",), b"mongodb://app:na\xefve@127.0.0.1:1/\n"), (("--password-stdin", URI), b"na\xefve\n")],
)
def test_bytes_of_another_encoding_are_an_answer_and_no_crash(
    arguments: tuple[str, ...], written: bytes, tmp_path: Path
) -> None:
    around = {**os.environ, "CLEARLINE_HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8:strict"}  # a desktop's locale
    command = [sys.executable, "-m", "clearline", "check", *arguments]
    done = subprocess.run(command, input=written, env=around, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"Failed" in done.stdout
    assert b"na\xef" not in done.stdout
