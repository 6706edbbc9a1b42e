"""What the command line prints goes through one door, and steers no terminal."""

from __future__ import annotations

import ast
import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import clearline.cli
from clearline.cli.output import harmless, print_aside, print_json, print_text

HOSTILE = "a\x1b]0;title\x07b\rc\x9bd\u202ee\x1b[2J\x00"
STEERING = set("\x1b\x07\r\x9b\u202e\x00")


def test_no_module_prints_by_another_door() -> None:
    for path in Path(clearline.cli.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        prints = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "print"]
        writes = [
            n.lineno
            for n in ast.walk(tree)
            if isinstance(n, ast.Attribute)
            and n.attr in ("write", "writelines")
            and ast.unparse(n.value).startswith("sys.")
        ]
        assert path.name == "output.py" or not prints + writes, path.name


def test_texts_lose_what_steers(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(f"one {HOSTILE}\ntwo")
    print_aside(f"three {HOSTILE}\nfour")
    printed = capsys.readouterr()
    for text, last in ((printed.out, "two\n"), (printed.err, "four\n")):
        assert not STEERING & set(text)
        assert text.endswith(last)


def test_our_colours_stay_in_results_and_nowhere_else(capsys: pytest.CaptureFixture[str]) -> None:
    print_text("\x1b[1;31mred\x1b[0m")
    print_aside("\x1b[31mred")
    printed = capsys.readouterr()
    assert printed.out == "\x1b[1;31mred\x1b[0m\n"
    assert "\x1b" not in printed.err


def test_json_stays_json_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"said": HOSTILE, "also": "é漢"}
    print_json(json.dumps(document, ensure_ascii=False, indent=1))
    printed = capsys.readouterr().out
    assert not STEERING & set(printed)
    assert json.loads(printed) == document


def test_harmless_text_stays() -> None:
    assert harmless("é漢 – a\nb") == "é漢 – a\nb"


class WithoutReader(io.StringIO):
    """A pipe of Windows whose reader has gone."""

    def flush(self) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")


@pytest.mark.parametrize("tell", [print_text, print_json])
def test_windows_has_another_word_for_a_reader_that_has_gone(
    monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], None]
) -> None:
    monkeypatch.setattr(sys, "stdout", WithoutReader())
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(BrokenPipeError):
        tell("a result")
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(OSError, match="Invalid argument"):
        tell("a result")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of Unix closes streams")
@pytest.mark.parametrize(
    ("command", "streams", "code", "said"),
    [
        ("check 127.0.0.1:1", ">/dev/full", 1, "clearline: the output cannot be written: No space left on device.\n"),
        ("check 127.0.0.1:1 --json", ">/dev/full", 1, "No space left on device"),
        ("--version", ">/dev/full", 1, "No space left on device"),
        ("check 127.0.0.1:1", "2>/dev/full", 1, ""),
        ("check 127.0.0.1:1 --json", ">&-", 1, ""),
        ("check 127.0.0.1:1", "<&- >&- 2>&-", 1, ""),
        ("list", "<&- >&-", 0, ""),
    ],
)
def test_streams_that_are_closed_or_full_cost_what_they_would_show(
    command: str, streams: str, code: int, said: str, tmp_path: Path
) -> None:
    around = {**os.environ, "CLEARLINE_HOME": str(tmp_path)}
    line = f"{sys.executable} -m clearline {command} {streams}"
    done = subprocess.run(line, shell=True, env=around, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe of Unix")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("check", "missing.json"), 2), (("check", "--no-such-option"), 2), (("no-such-command",), 2), (("list",), 0)],
)
def test_words_beside_the_result_that_have_no_reader_change_no_exit_code(
    arguments: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [sys.executable, "-m", "clearline", *arguments]
        around = {**os.environ, "CLEARLINE_HOME": str(tmp_path)}
        assert subprocess.run(command, env=around, stdout=subprocess.DEVNULL, stderr=writer).returncode == code
    finally:
        os.close(writer)
