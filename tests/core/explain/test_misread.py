"""Words that were read wrong from a picture: known words are meant, names and numbers stay."""

from __future__ import annotations

import pytest

from clearline.core.explain.explain import explain
from clearline.core.explain.misread import repaired


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("MongoServerSelectionError: getaddrinfo EN0TFOUND db.example.com", "dns.host-not-found"),
        ("Error: querySrv ETlMEOUT _mongodb._tcp.cluster0.x1y2z.mongodb.net", "dns.resolver-silent"),
        ("MongoParseError: lnvalid scheme, expected connection string to start with", "uri.bad-scheme"),
        ("Could not connect to any servers in your MongoDB At1as c1uster. IP that isn't white1isted.",
         "tcp.atlas-access-list"),
    ],
)  # fmt: skip
def test_a_misread_word_tells_what_the_word_tells(text: str, cause: str) -> None:
    assert explain(text).causes[0].cause == cause


@pytest.mark.parametrize(
    "text",
    [
        "db01.example.com shard01 mongo1:27017 host1 conn1",
        "error:0A000438:SSL routines",
        "fall, full, file1, Io, 10.0.1.0",
    ],
)
def test_names_and_numbers_stay_as_they_are(text: str) -> None:
    assert repaired(text) == text


def test_places_stay_for_a_repaired_word_is_as_long() -> None:
    text = "c0nnection refused by l0calhost, EC0NNREFUSED"
    assert len(repaired(text)) == len(text)
