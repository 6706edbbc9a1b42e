"""A class is looked into by one thread at a time: two at once end the process."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import clearline
from clearline.core.typed_values import from_json, to_bytes, whole_characters

PROGRAM = """
import sys, threading
from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Report
from clearline.core.typed_values import from_json

sys.setswitchinterval(1e-6)
together = threading.Barrier(8)

def work():
    together.wait()
    for kind in (Report, Profile):
        try:
            from_json(b"{}", kind)
        except ValueError:
            pass

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.parametrize("_attempt", range(4))
def test_many_threads_may_read_the_first_value_at_once(_attempt: int) -> None:
    assert subprocess.run([sys.executable, "-c", PROGRAM], check=False).returncode == 0


def test_nothing_else_has_msgspec_look_into_a_class() -> None:
    core = Path(clearline.__file__).parent / "core"
    for file in core.rglob("*.py"):
        text = file.read_text("utf-8")
        if file.name == "typed_values.py" or not ("msgspec.convert" in text or "msgspec.json.decode" in text):
            continue  # parsing every module would take seconds
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                typed = any(keyword.arg == "type" for keyword in node.keywords)
                assert called != "msgspec.convert", file
                assert not (called == "msgspec.json.decode" and typed), file


_ANY = st.characters(min_codepoint=0x20, max_codepoint=0xE000)
"""Halves of characters included."""


@given(st.dictionaries(st.text(_ANY), st.lists(st.text(_ANY) | st.none() | st.integers(0, 9), max_size=3), max_size=3))
def test_whatever_a_text_holds_becomes_json(value: dict[str, list[object]]) -> None:
    assert from_json(to_bytes(value), dict[str, list[object]]) == {
        whole_characters(key): [whole_characters(one) if isinstance(one, str) else one for one in items]
        for key, items in value.items()
    }
    for text in value:
        whole_characters(text).encode()
