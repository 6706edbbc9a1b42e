"""A small run of tests/bench/fuzz.py, and that it notices what it is for."""

from __future__ import annotations

import random

import pytest

from bench import fuzz


def test_no_edge_raises_or_shows_a_secret() -> None:
    for name, tally in fuzz.fuzz(0.002, seed=1).items():
        assert (name, dict(tally.raised), tally.leaked) == (name, {}, 0)


def test_a_new_fault_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_address: str) -> None:
        raise KeyError

    monkeypatch.setattr(fuzz, "split_address", fails)
    monkeypatch.setattr(fuzz, "read", lambda text: type("R", (), {"facts": type("F", (), {"redacted": text})}))
    replies, addresses = fuzz.Tally(), fuzz.Tally()
    fuzz.replies(random.Random(1), replies, 20)
    fuzz.addresses(random.Random(1), addresses, 20)
    assert replies.raised
    assert addresses.leaked
