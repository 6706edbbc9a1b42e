"""Whatever is pasted gets an answer: no traceback, and no time that grows with the square of the length."""

from __future__ import annotations

import io
import time

import pytest

from clearline.core.explain.explain import explain, explain_stream
from clearline.core.explain.recognise import is_error_text
from clearline.core.inspection.srv_lookup import read_pasted

LENGTH = 40_000
MOST_S = 3.0
"""Of the processor, where each takes less than one: a search that begins anew at each letter takes five or more."""
TEXTS = {
    "one word again and again": "mongo unable " + "error" * (LENGTH // 5),
    "one phrase again and again": "mongodb SSL " + "fail SSL " * (LENGTH // 9),
    "many hosts": "mongodb://" + "a," * (LENGTH // 2) + " connection string invalid",
    "many at signs": "mongodb://" + "a@" * (LENGTH // 2) + " invalid",
    "a name within a name": "_mongodb._tcp." * (LENGTH // 14) + "ENOTFOUND " + "a" * LENGTH,
    "views that never end": "TopologyDescription {" * (LENGTH // 20),
    "brackets that never close": "cluster state is {type=X, servers=[" + "{" * LENGTH,
    "numbers that never end": "[Errno " * (LENGTH // 7) + "pymongo Timeout: ",
    "a service of many words": "mongo_" * (LENGTH // 6) + " exited with code 14",
    "lookups": "lookup " * (LENGTH // 7) + "on 192.0.2.1:53: mongodb error",
    "escapes": 'mongodb error {"a":"' + '\\"' * LENGTH + '"}',
    "percent signs": "mongodb error " + "%20%22" * (LENGTH // 6),
    "servers that never end": "<TopologyDescription servers: ["
    + "<ServerDescription ('a', 1) error=x(" * (LENGTH // 36),
    "empty lines": "\n" * LENGTH + "mongodb failed",
    "one letter": "mongodb error " + "ж" * LENGTH,
    "folders": "mongodb error " + "/home/" * (LENGTH // 6),
    "names of secrets": "mongodb failed password=" * (LENGTH // 24),
    "names of files": "mongodb ENOENT: " + "a.b" * LENGTH,
    "a name of a variable": "MONGO" * (LENGTH // 5) + " is not set",
    "variables that are missing": "missing a b c d MONGO " * (LENGTH // 22),
    "quoted pieces": "mongodb invalid port " + "'a@" * LENGTH,
    "channels": "mongodb channel 1: open failed: " * (LENGTH // 32),
    "half a character": "mongodb error \ud800",
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_made_to_be_slow_is_explained(name: str) -> None:
    explain(TEXTS["half a character"])  # the tables are read
    began = time.thread_time()
    assert len(explain(TEXTS[name]).causes) <= 5
    assert time.thread_time() - began < MOST_S
    assert is_error_text(TEXTS[name]) in (True, False)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "There is no text."),
        (b" \n\t\n", "There is no text."),
        (b"\x89PNG\r\n\x1a\n", "This is a picture: paste the words of the error instead."),
        (b"PK\x03\x04", "This file is packed: unpack it, or paste the words of the error."),
        (b"ELF\0\1\2", "This is no text but binary data: paste the words of the error."),
        (b"x" * 600_000, "Nothing in the text is known as a fault of a MongoDB connection."),
    ],
)
def test_what_is_no_error_text_gets_a_sentence(raw: bytes, why: str) -> None:
    found = explain_stream(io.BytesIO(raw))
    assert found.why == why
    assert found.causes == ()


def test_an_error_at_the_end_of_a_line_of_megabytes_is_found() -> None:
    raw = b"x" * 10_000_000 + b" MongoServerSelectionError: connect ECONNREFUSED 192.0.2.5:27017"
    assert explain_stream(io.BytesIO(raw)).causes[0].cause == "tcp.refused"


def test_bytes_that_are_no_utf8_do_not_hide_the_error() -> None:
    raw = "Fehler: MongoServerError: bad auth : Authentication failed. Schlüssel".encode("latin-1")
    assert explain_stream(io.BytesIO(raw)).causes[0].cause == "auth.atlas-bad-auth"


DIGITS = "9" * 5000
"""More than Python reads as a number."""


@pytest.mark.parametrize(
    "text",
    [
        f"MongoTimeoutException: maxPoolSize: {DIGITS}, total connections: {DIGITS}, in use by cursors: {DIGITS}",
        f"ssl alert number {DIGITS}, verify code: {DIGITS}, error {DIGITS} at 0 depth lookup",
        f"ECONNREFUSED [Errno {DIGITS}] (os error {DIGITS}) WinError {DIGITS} code: {DIGITS} errno: {DIGITS}",
        f"<ServerDescription ('h', {DIGITS}) server_type: Unknown, rtt: None, error=AutoReconnect('h:{DIGITS}: x')>",
        f"servers: {{ h:{DIGITS}=ServerDescription{{address=h:{DIGITS}, type=UNKNOWN}} }} Timed out after {DIGITS} ms",
        f"connect ECONNREFUSED db1:{DIGITS} mongodb://db1:{DIGITS}/?maxPoolSize={DIGITS}",
        "connect ECONNREFUSED db1:\u00b2\u00b2\u00b2\u00b2 <ServerDescription ('h', \u00b2) server_type: Unknown>",
    ],
)
def test_a_number_of_thousands_of_digits_is_no_number(text: str) -> None:
    explain(text)
    assert read_pasted(f"service = 0 5 {DIGITS} db1.\nSRV 0 0 {DIGITS} db2.\n0 0 {DIGITS} db3.\n").hosts == ()
