"""The words of the product: MongoDB's spelling, and subjects that name who or what acts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = sorted(
    path
    for place in ("gui", "packaging", "resources", "README.md", "pyproject.toml", ".github")
    for path in ([ROOT / place] if (ROOT / place).is_file() else (ROOT / place).rglob("*"))
    if path.suffix in {".py", ".md", ".toml", ".yml"}
)
INSTEAD = {
    r"time-outs?": "timeout",
    r"look-ups?": "lookup",
    r"nobody|somebody|anybody|everybody|whoever": "the user, the server, the program: who it is",
    r"stands? behind": "follows",
}
"""What is not written, and what is written in its place."""


@pytest.mark.parametrize("word", INSTEAD)
def test_one_word_has_one_spelling(word: str) -> None:
    assert WRITTEN
    shape = re.compile(rf"\b(?:{word})\b", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in WRITTEN
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if shape.search(line)
    ]
    assert not found, f"write {INSTEAD[word]}:\n" + "\n".join(found)


def test_names_of_tests_say_who_or_what_acts() -> None:
    shape = re.compile(
        r"^ *(?:async )?def test_(?:\w*_)?(?:nobody|somebody|anybody|everybody|whoever)s?(?:_|\()", re.MULTILINE
    )
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    assert tests
    found = [f"{path.name}: {name[0].strip()}" for path in tests for name in shape.finditer(path.read_text("utf-8"))]
    assert not found
