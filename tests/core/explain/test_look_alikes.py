"""Sentences that stand for several causes: an explanation never calls the commonest of them proven."""

from __future__ import annotations

import pytest

from clearline.core.explain.explain import explain
from clearline.core.findings import Certainty

SEVERAL_MEANINGS = [
    "mongo-express-1 exited with code 14",
    "mongodb-backup exited with code 132",
    "pymongo.errors.ConfigurationError: [SSL] PEM lib: bad decrypt",
    "com.mongodb.MongoClientException: Keystore was tampered with, or password was incorrect",
    "mongo tunnel: OpenSSH key integrity check failed",
    "MongoServerError: FIPS mode requires TLS",
    "MongoServerError: no replset config has been received (NotYetInitialized)",
    "mongodb through proxy.corp.example: the proxy requires authentication",
    "MongoServerError: bad auth",
    "MongoClientException: Current topology does not support sessions",
    "mongodb: 429 TooManyRequests",
    "mongo: accept: ENFILE: file table overflow",
    "mongodb proxy: Connection limit exceeded",
]


@pytest.mark.parametrize("text", SEVERAL_MEANINGS)
def test_a_sentence_of_several_meanings_proves_nothing(text: str) -> None:
    told = explain(text)
    assert [c.cause for c in told.causes if c.certainty is Certainty.PROVEN] == []


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("MongoServerError: command find requires authentication", "auth.credentials-missing"),
        ("MongoServerError: bad auth : Authentication failed.", "auth.atlas-bad-auth"),
        ("pymongo: OSError: [Errno 24] Too many open files", "env.file-handles"),
        ("x509: decryption password incorrect (mongo driver)", "files.key-password-wrong"),
    ],
)
def test_a_sentence_that_says_its_cause_leads_with_it(text: str, cause: str) -> None:
    assert explain(text).causes[0].cause == cause
