"""Whatever a command is given: one sentence, the right exit code, no traceback, and Ctrl-C and a closed pipe end it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearline.core.report.report import to_json
from lab import peers
from ui import played_checks as play


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Reports that are none, and one that is."""
    good = json.loads(to_json(play.connected()))
    contents: dict[str, bytes] = {
        "good.json": json.dumps(good).encode(),
        "newer.json": json.dumps({**good, "version": 2}).encode(),
        "other.json": b'{"format": "clearline-profile", "version": 1}',
        "damaged.json": json.dumps({**good, "servers": [{"address": 7}]}).encode(),
        "cut.json": json.dumps(good).encode()[:400],
        "deep.json": b"[" * 100_000,
        "binary.json": bytes(range(256)),
        "empty.json": b"",
        "profile.json": b'{"format": "clearline-profile", "version": 99}',
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.json").mkdir()
    return tmp_path


def start(folder: Path, *arguments: str, **more: object) -> subprocess.Popen[str]:
    environ = {**os.environ, "CLEARLINE_HOME": str(folder / "home")}
    environ.pop("MONGODB_URI", None)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen(
        [sys.executable, "-m", "clearline", *arguments], cwd=folder, env=environ, text=True, **pipes
    )  # type: ignore[call-overload,no-any-return]


BAD_REPORTS = ("newer", "other", "damaged", "cut", "deep", "binary", "empty", "folder", "missing")
ROW: list[tuple[tuple[str, ...], int, str]] = [
    *((("diff", "good.json", f"{bad}.json"), 2, f"{bad}.json") for bad in BAD_REPORTS),
    *((("merge", "good.json", f"{bad}.json"), 2, f"{bad}.json") for bad in BAD_REPORTS),
    *((("explain", "good.json", "--near", f"{bad}.json"), 2, bad) for bad in BAD_REPORTS),
    (("explain", "missing.txt"), 2, "missing.txt"),
    (("check", "missing.json"), 2, "missing.json"),
    (("check", "profile.json"), 2, "profile.json"),
    (("check", "binary.json"), 2, "binary.json"),
    (("check", "folder.json"), 2, "folder.json"),
    (("check", "--exit-by", "nagios", "missing.json"), 3, "missing.json"),
    (("check",), 2, "MONGODB_URI"),
    (("check", "--all"), 2, "no saved profile"),
    (("check", "--folder", "X"), 2, "--all"),
    (("check", ""), 2, "nothing to check"),
    (("check", "No such profile"), 2, "No such profile"),
    (("watch", "No such profile"), 2, "No such profile"),
    (("watch", "missing.json"), 2, "missing.json"),
    (("open", "missing.json"), 2, "missing.json"),
    (("check", "--password-env", "NOT_SET", "mongodb://app@127.0.0.1/"), 2, "NOT_SET"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "words"), ROW, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_one_sentence_and_the_right_exit_code(folder: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    process = start(folder, *arguments)
    out, error = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in error
    assert words in error
    assert len(error.strip().splitlines()) == 1, error
    assert out == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check", "--no-such-option"), 2),
        (("check", "--timeout", "soon", "db1"), 2),
        (("check", "--exit-by", "nagios", "--timeout", "soon", "db1"), 3),
        (("check", "--exit-by=nagios", "--no-such-option"), 3),
        (("diff", "good.json"), 2),
        (("merge",), 2),
        (("completion", "tcsh"), 2),
        (("no-such-command",), 2),
    ],
)
def test_wrong_arguments_are_told_on_standard_error(folder: Path, arguments: tuple[str, ...], code: int) -> None:
    process = start(folder, *arguments)
    out, error = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == ""
    assert error.startswith(("usage: clearline", "clearline: unknown arguments"))


@pytest.mark.parametrize("option", ["--summary", "--junit"])
def test_a_file_that_cannot_be_written_costs_no_verdict(folder: Path, option: str) -> None:
    process = start(folder, "check", "--quiet", option, "good.json/x", "mongodb://127.0.0.1:1/")
    out, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "nothing listens" in out
    assert error == "clearline check: good.json/x cannot be written: Not a directory\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("check", "--help"),
        ("check", "mongodb://127.0.0.1:1/"),
        ("check", "--json", "mongodb://127.0.0.1:1/"),
        ("list",),
        ("list", "--json"),
        ("diff", "good.json", "good.json"),
        ("merge", "good.json"),
        ("merge", "--html", "good.json"),
        ("explain", "good.json"),
        ("completion", "bash"),
        ("watch", "--for", "1", "--jsonl", "mongodb://127.0.0.1:1/"),
    ],
    ids=" ".join,
)
def test_a_reader_that_has_gone_is_no_error_to_speak_of(folder: Path, arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = start(folder, *arguments, stdout=writing)
    finally:
        os.close(writing)
    _, error = process.communicate(timeout=60)
    assert "Traceback" not in error
    assert "Exception ignored" not in error
    assert "BrokenPipe" not in error


@pytest.fixture
def silent() -> Iterator[str]:
    with peers.silent() as peer:
        yield f"mongodb://{peer.address}/"


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "URI"),
        ("check", "--json", "URI"),
        ("check", "--fast", "URI"),
        ("check", "--until", "connected", "URI"),
        ("check", "--attempts", "5", "URI"),
        ("check", "-"),
        ("check", "--password-stdin", "mongodb://app@127.0.0.1/"),
        ("watch", "URI"),
        ("explain", "-"),
        ("explain",),
    ],
    ids=" ".join,
)
def test_ctrl_c_ends_every_command(folder: Path, silent: str, arguments: tuple[str, ...]) -> None:
    process = start(folder, *(silent if one == "URI" else one for one in arguments))
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1.0)  # it has begun, and waits for an answer or for its input
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    # Ctrl-C is how a watch that has begun is ended, which is no failure.
    assert process.returncode in ((0, 130) if arguments[0] == "watch" else (130,))
    assert "Traceback" not in error
