"""What was pasted: an error, or an address."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clearline.core.explain.recognise import is_error_text

TEXTS = [
    json.loads(line)
    for name in ("texts.jsonl", "met.jsonl")
    for line in Path(__file__).with_name(name).read_text("utf-8").splitlines()
]


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
        "Use this one: mongodb://app:secret@alert.example.com:27017/denied?serverSelectionTimeoutMS=5000",
        'client = MongoClient("mongodb://db1.example.com:27017", serverSelectionTimeoutMS=5000)',
        "MONGO_HOST=db1.example.com\nMONGO_PORT=27018\nMONGO_TIMEOUT=5000",
        "mongoimport --host db1.example.com -d shop -c orders --file error.json",
        "docker run --rm mongo mongosh mongodb://db1.example.com:27017",
        "Orders prod",
        "",
    ],
)
def test_an_address_is_no_error_text(text: str) -> None:
    assert not is_error_text(text)


def test_most_errors_are_taken_for_errors() -> None:
    faults = [str(row["text"]) for row in TEXTS if row["causes"]]
    taken = [text for text in faults if is_error_text(text)]
    assert len(taken) >= 0.99 * len(faults), [text[:70] for text in faults if text not in taken]
