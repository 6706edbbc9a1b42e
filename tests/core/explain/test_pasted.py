"""Nothing secret of a pasted text comes back, in whatever way it is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from all_rows import all_rows
from clearline.cli.explain import as_text
from clearline.core.explain.explain import explain
from clearline.core.explain.pasted import redacted

SECRET = "hunter22"
PLACES = [
    "mongodb://app:%s@10.0.0.1:27017/x",
    "mongodb://app:a@%s@10.0.0.1:27017",
    "mongodb://app:a/%s@10.0.0.1:27017",
    "mongodb://app:%s",
    "mongodb%%3A%%2F%%2Fapp%%3A%s%%4010.0.0.1%%3A27017",
    "mongodb://app:%s\n@10.0.0.1:27017/",
    "$ mongosh -u app -p %s --host 10.0.0.1",
    "mongodump --username app --password %s",
    "mongodump --password=%s",
    "--sslPEMKeyPassword %s",
    "tlsCertificateKeyFilePassword=%s",
    "MongoServerError: bad auth : Authentication failed. password: %s user: bob",
    "password='%s'",
    'pwd: "%s"',
    '{"user":"app","password":"%s"}',
    '{\\"user\\":\\"app\\",\\"password\\":\\"%s\\"}',
    "MONGO_INITDB_ROOT_PASSWORD: %s",
    "DB_PASS=%s",
    "AWS_SECRET_ACCESS_KEY=%s",
    "authMechanismProperties=AWS_SESSION_TOKEN:%s",
    "Authorization: Basic %saaaa==",
    "Authorization: Bearer %s.abc.def",
    "Server=h;User Id=app;Password=%s;",
    'MongoCredentials { username: "app", password: "%s", source: "admin" }',
    "MongoClient('h', 27017, username='app', password='%s')",
    'db.auth("app", "%s")',
    "token eyJhbGciOiJIUzI1NiJ9.eyJ%s.abc",
    "/home/%s/app/x.js",
    "/Users/%s/app/x.js",
    "C:\\Users\\%s\\app",
    "C:\\\\Users\\\\%s\\\\app",
    "C:\\Documents and Settings\\%s\\app",
    "C:\\Utilisateurs\\%s\\app",
    "file:///home/%s/app",
    "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----",
]


@pytest.mark.parametrize(
    "error",
    [
        "{} MongoNetworkError: connect ECONNREFUSED 10.0.0.1:27017",
        "MongoServerError: Authentication failed. {}",
        "MongoParseError: Invalid connection string {}",
    ],
)
@all_rows("place", PLACES)
def test_a_planted_secret_does_not_come_back(place: str, error: str) -> None:
    assert SECRET not in repr(explain(error.replace("{}", place % SECRET)))
    assert SECRET not in redacted(place % SECRET)


TOLD = [json.loads(line) for line in Path(__file__).with_name("quoting_secrets.jsonl").read_text("utf-8").splitlines()]
"""Texts that quote a secret (``{}``) in the words of drivers, settings, commands and people."""


@all_rows("text", TOLD)
def test_no_form_of_an_answer_quotes_a_secret(text: str) -> None:
    secret = "Zx9kQ2vTw7"
    explanation = explain(text.replace("{}", secret))
    assert secret not in repr(explanation)
    assert secret not in "\n".join(as_text(explanation))
    assert secret not in redacted(text.replace("{}", secret))


@pytest.mark.parametrize(
    "text",
    [
        "keystore password was incorrect",
        "The password is wrong.",
        "MongoParseError: Password contains unescaped characters",
        "RangeError [ERR_SOCKET_BAD_PORT]: Port should be >= 0 and < 65536. Received type number (NaN).",
        "at packages/mongo/remote_collection_driver.ts:48:13",
    ],
)
def test_words_about_a_secret_stay(text: str) -> None:
    assert redacted(text) == text


ROWS = [
    json.loads(line)
    for name in ("texts.jsonl", "met.jsonl")
    for line in Path(__file__).with_name(name).read_text("utf-8").splitlines()
]


def test_what_is_covered_tells_at_most_of_the_password_itself() -> None:
    covered = [str(row["text"]) for row in ROWS if redacted(str(row["text"])) != row["text"]]
    first = [(explain(text).causes[:1], explain(redacted(text)).causes[:1]) for text in covered]
    lost = {a[0].cause for a, b in first if [c.cause for c in a] != [c.cause for c in b]}
    assert lost <= {"uri.placeholder", "uri.unescaped-credentials"}


@all_rows("text", [*TOLD, *PLACES])
def test_a_covered_text_has_as_many_lines(text: str) -> None:
    assert redacted(text).count("\n") == text.count("\n")
