"""What was pasted: an error, or an address."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clearline.core.explain.recognise import is_error_text

TEXTS = [json.loads(line) for line in Path(__file__).with_name("texts.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    "text",
    [
        "mongodb://app:secret@db1.example.com:27017/shop?tls=true",
        "  mongodb+srv://app:p%40ss@cluster0.ab1cd.mongodb.net/\n",
        "MONGODB_URI=mongodb://db1/",
        "db1.example.com:27017",
        "db1.example.com:27017, db2.example.com:27017",
        'mongosh "mongodb://db1.example.com:27017/shop" --tls --username app',
        "host1 host2",
        "Orders prod",
        "",
    ],
)
def test_an_address_is_no_error_text(text: str) -> None:
    assert not is_error_text(text)


def test_most_errors_are_taken_for_errors() -> None:
    faults = [str(row["text"]) for row in TEXTS if row["causes"]]
    taken = [text for text in faults if is_error_text(text)]
    assert len(taken) >= 0.9 * len(faults), [text[:70] for text in faults if text not in taken]
