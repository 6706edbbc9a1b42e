"""Nothing secret of a pasted text comes back, in whatever way it is written."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "error",
    [
        "{} MongoNetworkError: connect ECONNREFUSED 10.0.0.1:27017",
        "MongoServerError: Authentication failed. {}",
        "MongoParseError: Invalid connection string {}",
    ],
)
def test_a_planted_secret_does_not_come_back(place: str, error: str) -> None:
    assert SECRET not in repr(explain(error.replace("{}", place % SECRET)))
    assert SECRET not in redacted(place % SECRET)
