"""Whatever a command is given: one sentence, the right exit code, no traceback, and Ctrl-C and a closed pipe end it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clearline.__main__ import main
from clearline.cli.commands import COMMANDS
from clearline.core.report.report import to_json
from lab import peers
from ui import played_checks as play


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Reports that are none, and one that is."""
    good = json.loads(to_json(play.connected()))
    contents: dict[str, bytes] = {
        "good.json": json.dumps(good).encode(),
        "failed.json": json.dumps({**good, "verdict": "failed"}).encode(),
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
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.json")
    return tmp_path


def start(folder: Path, *arguments: str, **more: object) -> subprocess.Popen[str]:
    environ = {**os.environ, "CLEARLINE_HOME": str(folder / "home")}
    environ.pop("MONGODB_URI", None)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen(
        [sys.executable, "-m", "clearline", *arguments], cwd=folder, env=environ, text=True, **pipes
    )  # type: ignore[call-overload,no-any-return]


BAD_REPORTS = ("newer", "other", "damaged", "cut", "deep", "binary", "empty", "folder", "pipe", "missing")
Arguments = tuple[str, ...]
URI = "mongodb://127.0.0.1:1/"
SILENT = "SILENT"
"""Stands for the address of a server that never answers."""


class Cases(NamedTuple):
    """What one command is given; every command has each kind, but for bad input where it takes none."""

    wrong: tuple[Arguments, ...]
    """Arguments that it cannot read: told with its usage, exit code 2."""
    gone: tuple[Arguments, ...]
    """Started while the reader of its output has gone."""
    stopped: tuple[Arguments, ...] = ()
    """Stopped by Ctrl-C while it waits for the answer of a server."""
    piped: tuple[Arguments, ...] = ()
    """Stopped by Ctrl-C while it waits for its input, or for the reader of its output."""
    bad: tuple[tuple[Arguments, int, str], ...] = ()
    """Arguments, the exit code, and words of the one sentence on standard error."""
    takes_none: str = ""
    """Why there is no bad input."""


CASES = {
    "open": Cases(
        wrong=((), ("good.json", "other.json")),
        gone=(("--help",),),
        piped=(("--help",),),
        bad=(
            (("missing.json",), 2, "missing.json"),
            (("folder.json",), 2, "folder.json"),
            (("mongodb://db1/",), 2, "clearline check"),
        ),
    ),
    "check": Cases(
        wrong=(("--no-such-option",), ("--timeout", "soon", "db1"), ("--until", "tomorrow")),
        gone=(("--help",), (URI,), ("--json", URI), ("--exit-by", "nagios", URI)),
        stopped=(
            (SILENT,),
            ("--json", SILENT),
            ("--fast", SILENT),
            ("--until", "connected", SILENT),
            ("--attempts", "5", SILENT),
        ),
        piped=(("-",), ("--password-stdin", "mongodb://app@127.0.0.1/"), (URI,)),
        bad=(
            (("missing.json",), 2, "missing.json"),
            (("profile.json",), 2, "profile.json"),
            (("binary.json",), 2, "binary.json"),
            (("folder.json",), 2, "folder.json"),
            (("--exit-by", "nagios", "missing.json"), 3, "missing.json"),
            ((), 2, "MONGODB_URI"),
            (("--all",), 2, "no saved profile"),
            (("--folder", "X"), 2, "--all"),
            (("",), 2, "nothing to check"),
            (("No such profile",), 2, "No such profile"),
            (("--password-env", "NOT_SET", "mongodb://app@127.0.0.1/"), 2, "NOT_SET"),
        ),
    ),
    "list": Cases(
        wrong=(("extra",),),
        gone=((), ("--json",)),
        piped=(("--json",),),
        takes_none="a profile that cannot be read is told beside the others",
    ),
    "watch": Cases(
        wrong=((), ("--interval", "soon", "db1")),
        gone=(("--for", "1", "--jsonl", URI),),
        stopped=((SILENT,), ("--jsonl", SILENT)),
        bad=((("No such profile",), 2, "No such profile"), (("missing.json",), 2, "missing.json")),
    ),
    "explain": Cases(
        wrong=(("good.json", "other.json"),),
        gone=(("good.json",), ("tcp.refused",)),
        piped=(("-",), (), ("tcp.refused",)),
        bad=(
            *((("good.json", "--near", f"{bad}.json"), 2, bad) for bad in BAD_REPORTS),
            (("missing.txt",), 2, "missing.txt"),
            (("mongodb://db1/",), 2, "clearline check"),
            (("tcp.refused", "--json"), 2, "code of a cause"),
            (("tcp.refused", "--check"), 2, "code of a cause"),
            (("folder.json",), 2, "folder.json"),
        ),
    ),
    "diff": Cases(
        wrong=((), ("good.json",)),
        gone=(("good.json", "good.json"), ("good.json", "failed.json")),
        piped=(("good.json", "failed.json"),),
        bad=tuple((("good.json", f"{bad}.json"), 2, f"{bad}.json") for bad in BAD_REPORTS),
    ),
    "merge": Cases(
        wrong=((), ("--text", "good.json")),
        gone=(("good.json",), ("--html", "good.json")),
        piped=(("good.json",), ("--json", "good.json")),
        bad=tuple((("good.json", f"{bad}.json"), 2, f"{bad}.json") for bad in BAD_REPORTS),
    ),
    "demo": Cases(
        wrong=(("extra",),),
        gone=(("--help",),),
        piped=(("--help",),),
        takes_none="a picture that cannot be written is told by the window; what ends it has tests of its own",
    ),
    "self-test": Cases(
        wrong=(("db1", "db2"),),
        gone=(("--without-window",),),
        stopped=(("--without-window", SILENT),),
        takes_none="a server that cannot be used is one of its lines",
    ),
    "completion": Cases(
        wrong=((), ("tcsh",)),
        gone=(("bash",),),
        piped=(("bash",), ("zsh",), ("fish",)),
        takes_none="its argument is one of a list",
    ),
}


def rows(kind: str) -> list[Any]:
    """Every case of a kind, as arguments of the program."""
    found = []
    for name, cases in CASES.items():
        for case in getattr(cases, kind):
            arguments, *expected = case if kind == "bad" else (case,)
            found.append(pytest.param((name, *arguments), *expected, id=" ".join((name, *arguments))))
    return found


def test_every_command_has_its_cases() -> None:
    assert set(CASES) == {command.name for command in COMMANDS}
    for name, cases in CASES.items():
        assert cases.wrong, name
        assert cases.gone, name
        assert cases.stopped or cases.piped, name
        assert bool(cases.bad) != bool(cases.takes_none), name


@pytest.mark.parametrize(("arguments", "code", "words"), rows("bad"))
def test_one_sentence_and_the_right_exit_code(folder: Path, arguments: Arguments, code: int, words: str) -> None:
    process = start(folder, *arguments)
    out, error = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in error
    assert words in error
    assert len(error.strip().splitlines()) == 1, error
    assert out == ""


@pytest.mark.parametrize("arguments", [*rows("wrong"), ("no-such-command",), ("--screenshot",), ("--version", "twice")])
def test_wrong_arguments_are_told_on_standard_error(folder: Path, arguments: Arguments) -> None:
    process = start(folder, *arguments)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert error.startswith(("usage: clearline", "clearline: unknown arguments"))


_TYPED_PASSWORD = "Zq7-pLant3d"


@pytest.mark.parametrize("password", [_TYPED_PASSWORD, "Zq7pLant3d"], ids=["no name", "could be a name"])
@pytest.mark.parametrize(
    "line",
    [
        "mongodb://app:{}@db1/",
        "-p {}",
        "check db1 -p {}",
        "check db1 -p{}",
        "check db1 -u app --password={}",
        "check db1 --passwd {}",
        "check db1 --password-stdin={}",
        "check db1 --timeout mongodb://app:{}@db1/",
        "check db1 --password-env {}",
        "check db1 --secret-env password={}",
        "check mongosh mongodb://db1/ -u app -p {}",
        "check ./app:{}@db1",
        "check ////app:{}@db1",
        "check --all --folder mongodb://app:{}@db1/",
        "watch db1 -u app -p {}",
        "list -p {}",
        "open mongodb://app:{}@db1/",
        "explain mongodb://app:{}@db1/",
        "diff mongodb://app:{}@db1/ other.json",
        "merge mongodb://app:{}@db1/ other.json",
        "completion mongodb://app:{}@db1/",
    ],
)
def test_a_password_that_was_typed_where_it_does_not_belong_is_not_repeated(
    line: str, password: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLEARLINE_HOME", str(tmp_path))
    try:
        code = main(line.format(password).split())
    except SystemExit as ended:
        code = int(ended.code or 0)
    printed = capsys.readouterr()
    assert code == 2
    assert printed.err
    assert password not in printed.out + printed.err


@pytest.mark.parametrize("option", ["--password", "--password="])
def test_the_options_that_were_meant_are_named(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", *f"{option} {_TYPED_PASSWORD}".replace("= ", "=").split(), "db1"])
    assert ended.value.code == 2
    assert "--password could match --password-stdin, --password-env" in capsys.readouterr().err


def test_two_slashes_before_a_login_are_an_address_and_no_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLEARLINE_HOME", str(tmp_path))
    assert main(["check", "--quiet", f"//app:{_TYPED_PASSWORD}@127.0.0.1:1"]) == 1
    assert "//app:***@127.0.0.1:1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "option", "typed", "expected"),
    [
        ("check", "--timeout", "soon", "soon is not a number of seconds from 0.05 to 60"),
        ("check", "--timeout", "nan", "nan is not a number of seconds from 0.05 to 60"),
        ("check", "--attempts", "1.5", "1.5 is not a number from 1 to 100"),
        ("check", "--for", "0", "0 is not a number of seconds from 1 to 86400"),
        ("watch", "--interval", "0", "0 is not a number of seconds from 0.05 to 3600"),
    ],
)
def test_a_number_that_is_none_is_told_with_its_limits(
    command: str, option: str, typed: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, option, typed, "db1"])
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"argument {option}: {expected}")


@pytest.mark.parametrize("arguments", [("--timeout", "soon", "db1"), ("--exit-by=nagios", "--no-such-option")])
def test_a_monitor_hears_of_wrong_arguments_as_unknown(folder: Path, arguments: Arguments) -> None:
    process = start(folder, "check", "--exit-by", "nagios", *arguments)
    process.communicate(timeout=60)
    assert process.returncode == 3


@pytest.mark.parametrize("option", ["--summary", "--junit"])
def test_a_file_that_cannot_be_written_costs_no_verdict(folder: Path, option: str) -> None:
    process = start(folder, "check", "--quiet", option, "good.json/x", "mongodb://127.0.0.1:1/")
    out, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "nothing listens" in out
    assert error.startswith(f"clearline check: {Path('good.json/x')} cannot be written: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [*rows("gone"), ("--help",), ("--version",)])
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


@pytest.mark.skipif(sys.platform == "win32", reason="Python sends no program of Windows a Ctrl-C")
@pytest.mark.parametrize("arguments", rows("stopped"))
def test_ctrl_c_ends_every_command(folder: Path, arguments: Arguments) -> None:
    with peers.silent() as silent:
        address = f"mongodb://{silent.address}/"
        process = start(folder, *(address if one == SILENT else one for one in arguments))
        silent.wait_for(lambda: silent.connections > 0, timeout_s=30)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    # Ctrl-C is how a watch that has begun is ended, which is no failure.
    assert process.returncode in ((0, 130) if arguments[0] == "watch" else (130,))
    assert "Traceback" not in error


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells where a process waits")
@pytest.mark.parametrize("arguments", [*rows("piped"), ("--help",), ("--version",)])
def test_ctrl_c_ends_a_command_that_waits_for_its_input_or_its_reader(folder: Path, arguments: Arguments) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b" " * 4096)
    os.set_blocking(writing, True)
    try:
        process = start(folder, *arguments, stdout=writing)
        waits = Path("/proc", str(process.pid), "wchan")
        until = time.monotonic() + 30
        while "pipe_" not in waits.read_text():
            assert process.poll() is None
            assert time.monotonic() < until
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    finally:
        os.close(reading)
        os.close(writing)
    assert process.returncode == 130
    assert "Traceback" not in error
