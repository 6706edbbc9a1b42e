"""What "Go to" finds for a few letters."""

from __future__ import annotations

from typing import Any

from clearline.ui.models.go_to_entries import Entry, GoToModel, Kind, found


def entry(title: Any, kind: Any = Kind.SETTING, words: str = "") -> Any:
    return Entry(kind, title, "", f"{title} {words}".casefold(), lambda: None)


ENTRIES = [
    entry("maxPoolSize", words="connections per server"),
    entry("minPoolSize"),
    entry("Pool server", Kind.PROFILE),
    entry("Test", Kind.ACTION),
]


def titles(text: str) -> Any:
    return [one.title for one in found(ENTRIES, text)]


def test_titles_that_begin_with_it_come_first() -> None:
    assert titles("pool") == ["Pool server", "maxPoolSize", "minPoolSize"]


def test_every_word_has_to_fit_in_any_case() -> None:
    assert titles("SERVER connections") == ["maxPoolSize"]
    assert titles("nothing of it") == []


def test_before_anything_is_typed_the_actions_stand_there() -> None:
    assert titles("  ") == ["Test"]


def test_its_model_keeps_the_rules_of_qt(qtmodeltester: Any) -> None:
    model = GoToModel()
    qtmodeltester.check(model)
    model.show(ENTRIES)
    assert model.index(0).data() == "maxPoolSize"
