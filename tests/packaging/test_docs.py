"""What is generated from the program is current; shells and man read it."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from clearline.cli.commands import COMMANDS
from clearline.cli.completion import SHELLS, options_of

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("docs", ROOT / "packaging" / "docs.py")
assert spec is not None
assert spec.loader is not None
docs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(docs)


def test_the_generated_files_are_current() -> None:
    stale = [
        name
        for name, text in docs.generated().items()
        if not (path := docs.RESOURCES / name).is_file() or path.read_text("utf-8") != text
    ]
    assert stale == [], "renew them: python3 packaging/dev.py docs"


def test_the_man_page_tells_every_option_and_man_reads_it() -> None:
    page = docs.man_page()
    for command in COMMANDS:
        for option in options_of(command.arguments()):
            assert option.names[0].replace("-", "\\-") in page
    if shutil.which("man") is None:
        return  # Windows
    environ = {"MANWIDTH": "100", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    place = docs.RESOURCES / "man" / "clearline.1"
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", str(place)], capture_output=True, text=True, env=environ
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert "--until" in done.stdout


def script(shell: str) -> str:
    command = [sys.executable, "-m", "clearline", "completion", shell]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def completed(words: str) -> set[str]:
    """What bash offers after these words, the last of which is being typed."""
    listed = words.split(" ")
    code = (
        f"{script('bash')}\nCOMP_WORDS=({' '.join(repr(word) for word in listed)}); COMP_CWORD={len(listed) - 1}\n"
        '_clearline; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-u", "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_commands_options_and_values() -> None:
    assert {"check", "completion"} <= completed("clearline c")
    assert {"--until", "--via", "--fast"} <= completed("clearline check --")
    assert completed("clearline check --exit-by ") == {"plain", "class", "nagios"}
    assert completed("clearline check --until w") == {"writable"}
    assert {"bash", "zsh", "fish"} <= completed("clearline completion ")


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
def test_fish_completes_commands_options_and_values(tmp_path: Path) -> None:
    file = tmp_path / "completion.fish"
    file.write_text(script("fish"))

    def offered(words: str) -> set[str]:
        code = f"source {file}; complete -C '{words}'"
        environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TERM": "dumb"}
        done = subprocess.run(["fish", "-c", code], capture_output=True, text=True, check=True, env=environ, cwd=ROOT)
        return {line.split("\t")[0] for line in done.stdout.splitlines()}

    assert offered("clearline c") == {"check", "completion"}
    assert offered("clearline check --exit-by ") == {"plain", "class", "nagios"}
    assert "--until" in offered("clearline check --un")
    assert offered("clearline completion ") == {"bash", "zsh", "fish"}


ZSH = """
autoload -U compinit; compinit -u -D
source {script}
offered() {{
    compadd() {{ local -a found; builtin compadd -O found "$@"; print -rl -- $found >>{offered}; builtin compadd "$@" }}
    _main_complete
    unfunction compadd
}}
zle -C offered complete-word offered
zle-line-init() {{ BUFFER={words}; CURSOR=$#BUFFER; zle offered; BUFFER=exit; zle accept-line }}
zle -N zle-line-init
"""
"""The start of a shell that completes once, before a key is typed, and ends."""


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh_completes_commands_options_and_values(tmp_path: Path) -> None:
    file, found = tmp_path / "completion.zsh", tmp_path / "offered"
    file.write_text(script("zsh"))

    def offered(words: str) -> set[str]:
        start = ZSH.format(script=file, offered=found, words=shlex.quote(words))
        (tmp_path / ".zshrc").write_text(start)
        found.write_text("")
        environ = {"ZDOTDIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TERM": "vt100"}
        ours, its = os.openpty()
        shell = subprocess.Popen(["zsh", "-d", "-i"], stdin=its, stdout=its, stderr=its, env=environ, cwd=ROOT)
        os.close(its)
        with suppress(OSError):  # what ends a terminal on Linux
            while os.read(ours, 4096):
                pass
        os.close(ours)
        shell.wait()
        return set(found.read_text().split())

    assert {"check", "completion"} <= offered("clearline c")
    assert {"--until", "--via", "--fast"} <= offered("clearline check --")
    assert offered("clearline check --exit-by ") == {"plain", "class", "nagios"}
    assert offered("clearline check --until w") == {"writable"}
    assert offered("clearline completion ") == {"bash", "zsh", "fish"}
    assert "README.md" in offered("clearline check R")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_option_is_in_every_script_and_the_shell_reads_it(shell: str, tmp_path: Path) -> None:
    text = script(shell)
    for command in COMMANDS:
        for option in options_of(command.arguments()):
            long = option.names[-1]
            assert (f"-l {long[2:]}" if shell == "fish" else long) in text
    if shutil.which(shell) is not None:
        file = tmp_path / "completion"
        file.write_text(text)
        subprocess.run([shell, "-n", str(file)], check=True, capture_output=True)
