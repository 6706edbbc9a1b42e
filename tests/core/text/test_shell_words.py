"""Whatever a text holds, in a command it is one word of its shell."""

from __future__ import annotations

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.text import shell_words

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.text(st.sampled_from("ab'\"`$;&|()‘’‚‛“” -%\\"))
SINGLE = "'‘’‚‛"


def single_quoted(word: str) -> str | None:
    """What PowerShell makes of a word in single quotation marks; None where the word ends before its end."""
    if word[:1] != "'" or word[-1:] != "'" or len(word) < 2:
        return None
    inner = word[1:-1]
    return (
        re.sub(f"([{SINGLE}])[{SINGLE}]", r"\1", inner)
        if re.fullmatch(f"(?:[^{SINGLE}]|[{SINGLE}]{{2}})*", inner)
        else None
    )


@given(TEXTS)
def test_a_posix_shell_reads_the_text_itself(text: str) -> None:
    assert shlex.split(shell_words.posix(text)) == [text]


@given(TEXTS)
def test_powershell_reads_the_text_itself(text: str) -> None:
    assert single_quoted(shell_words.powershell(text)) == text


@given(TEXTS)
def test_in_double_quotes_nothing_ends_them_or_begins_a_variable(text: str) -> None:
    inner = shell_words.in_double_quotes_of_powershell(text)
    assert re.fullmatch('(?:`.|[^`$"“”„])*', inner, re.DOTALL)
    assert re.sub("`(.)", r"\1", inner) == text


@given(TEXTS)
def test_a_path_is_one_word_and_no_option(path: str) -> None:
    [posix] = shlex.split(shell_words.posix_path(path))
    assert posix in (path, f"./{path}")
    assert not posix.startswith("-")
    word = shell_words.powershell_path(path)
    given_path = single_quoted(word)
    assert given_path in (path, f".\\{path}") if given_path is not None else re.fullmatch(r"[\w\\/:.\-]+", word)
    assert not word.startswith("-")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            r'"C:\Program Files\Git\connect.exe" -S proxy:1080 %h %p',
            [r"C:\Program Files\Git\connect.exe", "-S", "proxy:1080", "%h", "%p"],
        ),
        (r"C:\tools\pass.exe it's", [r"C:\tools\pass.exe", "it's"]),
        (r'x --file="C:\a b" ""', ["x", r"--file=C:\a b", ""]),
        ("  ", []),
    ],
)
def test_on_windows_a_backslash_is_part_of_a_path(command: str, words: list[str]) -> None:
    assert shell_words.taken_apart(command, windows=True) == words


def test_a_command_of_a_posix_shell_is_taken_apart_as_it_says() -> None:
    assert shell_words.taken_apart("pass 'a b' c\\ d", windows=False) == ["pass", "a b", "c d"]


@pytest.mark.parametrize("windows", [True, False])
def test_a_quotation_mark_without_its_partner_is_told(windows: bool) -> None:
    with pytest.raises(ValueError, match="quot"):
        shell_words.taken_apart('pass "half', windows=windows)
