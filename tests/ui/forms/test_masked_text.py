from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.secrets.redaction import redact
from clearline.core.secrets.secret import Secret
from clearline.ui.forms.masked_text import DOT, FOLDED, MaskedText, masked

URI = "mongodb://app:s3cret-w0rd@db1:27017/orders?replicaSet=rs0"
SHOWN = f"mongodb://app:{FOLDED}@db1:27017/orders?replicaSet=rs0"


def test_a_secret_shows_three_dots_however_long_it_is() -> None:
    assert masked(Secret(URI), redact).shown == SHOWN


def test_the_representation_shows_no_secret() -> None:
    assert "s3cret" not in repr(masked(Secret(URI), redact))


def test_an_edit_beside_the_secret_keeps_it() -> None:
    state, cursor = masked(Secret(URI), redact).edited(len(SHOWN), len(SHOWN), "1", redact)
    assert (state.shown, state.plain.reveal(), cursor) == (SHOWN + "1", URI + "1", len(SHOWN) + 1)


def test_replacing_the_host_keeps_the_secret() -> None:
    start = SHOWN.index("db1")
    state, _ = masked(Secret(URI), redact).edited(start, start + 3, "other", redact)
    assert state.plain.reveal() == URI.replace("db1", "other")
    assert state.shown == SHOWN.replace("db1", "other")


@pytest.mark.parametrize("touched", [(14, 15), (15, 17), (14, 17)])
def test_deleting_any_of_the_dots_deletes_the_whole_secret(touched: tuple[int, int]) -> None:
    state, _ = masked(Secret(URI), redact).edited(*touched, "", redact)
    assert state.plain.reveal() == URI.replace("s3cret-w0rd", "")


def test_selecting_the_dots_and_typing_replaces_the_secret() -> None:
    state, cursor = masked(Secret(URI), redact).edited(14, 17, "n", redact)
    assert state.plain.reveal() == URI.replace("s3cret-w0rd", "n")
    assert (state.shown[14:16], cursor) == (DOT + "@", 15)


def test_typing_a_password_shows_one_dot_per_character_and_never_the_characters() -> None:
    state, cursor = masked(Secret("mongodb://app:@db1/"), redact), 14
    for character in "pa55word":
        state, cursor = state.edited(cursor, cursor, character, redact)
        assert not set("5word") & set(state.shown[14:-5])
    assert (state.shown, cursor) == (f"mongodb://app:{DOT * 8}@db1/", 22)
    assert state.plain.reveal() == "mongodb://app:pa55word@db1/"
    assert state.folded.shown == f"mongodb://app:{FOLDED}@db1/"


def test_a_password_typed_in_the_middle_goes_where_the_cursor_is() -> None:
    state, cursor = masked(Secret("mongodb://app:@db1/"), redact), 14
    for character in "abcdef":
        state, cursor = state.edited(cursor, cursor, character, redact)
    state, _ = state.edited(16, 16, "X", redact)
    assert state.plain.reveal() == "mongodb://app:abXcdef@db1/"


def test_a_pasted_string_is_folded_at_once() -> None:
    state, cursor = MaskedText().edited(0, 0, URI, redact)
    assert (state.shown, state.plain.reveal(), cursor) == (SHOWN, URI, len(SHOWN))


def test_places_of_the_plain_text_are_found_in_the_shown_one() -> None:
    state = masked(Secret(URI), redact)
    assert state.shown_position(URI.index("db1")) == SHOWN.index("db1")
    assert state.shown_position(URI.index("cret")) == SHOWN.index("@")


def test_a_redaction_that_changes_more_than_secrets_hides_the_whole_text() -> None:
    assert masked(Secret("a secret"), lambda _text: "other***").shown == FOLDED


words = st.text("abcdefghijklmnop0123456789-_.~", min_size=1, max_size=12)


@given(user=words, password=st.text("qrstuvwxyz%4F!$", min_size=4, max_size=16), host=words, database=words)
def test_masking_loses_nothing_and_shows_no_password(user: str, password: str, host: str, database: str) -> None:
    text = f"mongodb://{user}:{password}@{host}/{database}"
    state = masked(Secret(text), redact)
    assert state.plain.reveal() == text
    assert f":{password}@" not in state.shown


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8), st.text("ab:@/?=&,%x1", max_size=5)), max_size=12))
def test_any_row_of_edits_outside_of_secrets_means_what_is_shown(edits: list[tuple[int | str, ...]]) -> None:
    state = MaskedText()
    for start, length, inserted in edits:
        start = min(start, len(state.shown))
        end = min(start + length, len(state.shown))
        state, cursor = state.edited(start, end, inserted, redact)
        assert 0 <= cursor <= len(state.shown)
        if not state.hides:
            assert state.plain.reveal() == state.shown
