"""Python source means what it was made from."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from clearline.core.snippets.python_text import Module, Text, literal


@given(st.text())
def test_a_literal_is_its_text(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text


@given(st.text(min_size=1, max_size=400), st.integers(0, 16))
def test_a_text_in_several_lines_is_the_same_text(text: str, indent: int) -> None:
    source = Text.of(text).broken(indent)
    assert ast.literal_eval(source) == text


@given(st.text(max_size=150), st.text(max_size=150))
def test_references_stand_between_unchanged_texts(before: str, behind: str) -> None:
    if "${" in before + behind or before.endswith("$"):
        return
    value = Module().text(f"{before}${{NAME}}{behind}")
    for source in (value, value.broken(4) if isinstance(value, Text) else value):
        found = eval(source, {"NAME": "<value>", "os": type("os", (), {"environ": {"NAME": "<value>"}})})
        assert found == f"{before}<value>{behind}"


def test_quotation_marks_are_those_that_need_the_fewest_backslashes() -> None:
    assert literal("it's") == '"it\'s"'
    assert literal('"so"') == "'\"so\"'"
    assert literal("'\"") == '"\'\\""'


def test_two_variables_that_differ_only_in_case_get_two_names() -> None:
    module = Module()
    assert (module.constant("db"), module.constant("DB"), module.constant("db")) == ("DB", "DB_", "DB")


def test_a_variable_named_like_a_constant_of_the_snippet_gets_another_name() -> None:
    assert Module().constant("URI") == "URI_"
