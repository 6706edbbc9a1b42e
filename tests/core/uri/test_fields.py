"""Every mistake says which fields of the form it stands beside, a contradiction all of those that take part in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearline.core.findings import Severity
from clearline.core.options import packages
from clearline.core.uri.connection_string import read
from lab.refusals import run_refusal

CONTRADICTIONS: list[tuple[str, tuple[str, ...]]] = [
    ("mongodb://h/?minPoolSize=10&maxPoolSize=5", ("minPoolSize", "maxPoolSize")),
    ("mongodb://h/?minPoolSize=200", ("minPoolSize", "maxPoolSize")),
    ("mongodb://h1,h2/?directConnection=true", ("directConnection", "hosts")),
    ("mongodb+srv://c.example.test/?directConnection=true", ("directConnection", "hosts")),
    ("mongodb://h/?loadBalanced=true&replicaSet=rs0", ("loadBalanced", "replicaSet")),
    ("mongodb://h1,h2/?loadBalanced=true", ("loadBalanced", "hosts")),
    ("mongodb://h/?loadBalanced=true&directConnection=true", ("loadBalanced", "directConnection")),
    ("mongodb://h/?heartbeatFrequencyMS=400", ("heartbeatFrequencyMS",)),
    ("mongodb://h/?maxStalenessSeconds=120", ("maxStalenessSeconds", "readPreference")),
    ("mongodb://h/?readPreference=primary&maxStalenessSeconds=120", ("maxStalenessSeconds", "readPreference")),
    ("mongodb://h/?readPreferenceTags=dc:ny", ("readPreferenceTags", "readPreference")),
    ("mongodb://h/?w=0&journal=true", ("w", "journal")),
    ("mongodb://h/?fsync=true&journal=true", ("fsync", "journal")),
    ("mongodb://h/?srvMaxHosts=2", ("srvMaxHosts", "hosts")),
    ("mongodb://h/?srvServiceName=x", ("srvServiceName", "hosts")),
    ("mongodb://h/?srvAllowedHostsSuffix=example.test", ("srvAllowedHostsSuffix", "hosts")),
    ("mongodb://h/?tlsInsecure=true&tlsAllowInvalidCertificates=true", ("tlsInsecure", "tlsAllowInvalidCertificates")),
    ("mongodb://h/?tlsInsecure=true&tlsAllowInvalidHostnames=true", ("tlsInsecure", "tlsAllowInvalidHostnames")),
    ("mongodb://h/?tlsInsecure=true&tlsDisableOCSPEndpointCheck=true", ("tlsInsecure", "tlsDisableOCSPEndpointCheck")),
    (
        "mongodb://h/?tlsAllowInvalidCertificates=true&tlsDisableOCSPEndpointCheck=true",
        ("tlsAllowInvalidCertificates", "tlsDisableOCSPEndpointCheck"),
    ),
    ("mongodb://h/?tls=false&tlsInsecure=false", ("tls", "tlsInsecure")),
    ("mongodb://h/?tls=true&ssl=false", ("tls",)),
    ("mongodb://h/?authMechanism=MONGODB-X509&tls=true&authSource=admin", ("authSource", "authMechanism")),
    ("mongodb://u@h/?authMechanism=GSSAPI&authSource=admin", ("authSource", "authMechanism")),
    ("mongodb://k:s@h/?authMechanism=MONGODB-AWS&authSource=admin", ("authSource", "authMechanism")),
    ("mongodb://u:p@h/?authMechanism=MONGODB-X509&tls=true", ("password", "authMechanism")),
    ("mongodb://h/?authMechanism=SCRAM-SHA-256", ("user", "authMechanism")),
    ("mongodb://h/?authMechanism=MONGODB-OIDC", ("authMechanismProperties",)),
]
"""What PyMongo's constructor refuses, with the fields that take part."""

AT_THE_FIRST_USE: list[tuple[str, tuple[str, ...]]] = [
    ("mongodb+srv://c.example.test/?srvMaxHosts=1&replicaSet=rs0", ("srvMaxHosts", "replicaSet")),
    ("mongodb+srv://c.example.test/?srvMaxHosts=1&loadBalanced=true", ("srvMaxHosts", "loadBalanced")),
    ("mongodb://h/?replicaSet=r&readPreference=nearest&maxStalenessSeconds=30", ("maxStalenessSeconds",)),
    (
        "mongodb://h/?replicaSet=r&readPreference=nearest&maxStalenessSeconds=100&heartbeatFrequencyMS=95000",
        ("maxStalenessSeconds", "heartbeatFrequencyMS"),
    ),
    ("mongodb://h/?authMechanism=MONGODB-X509", ("authMechanism", "tls")),
]

WITHOUT_EFFECT: list[tuple[str, tuple[str, ...]]] = [
    ("mongodb://h/?w=0&retryWrites=true", ("retryWrites", "w")),
    ("mongodb://h/?zlibCompressionLevel=5", ("zlibCompressionLevel", "compressors")),
    ("mongodb://h/?waitQueueMultiple=5", ("waitQueueMultiple",)),
    ("mongodb://h/?waitQueueTimeoutMS=0", ("waitQueueTimeoutMS",)),
    ("mongodb://u:p@h/?authMechanism=SCRAM-SHA-1&authSource=$external", ("authSource", "authMechanism")),
]


@pytest.mark.parametrize(("text", "fields"), CONTRADICTIONS)
def test_a_contradiction_that_pymongo_refuses_stands_beside_all_its_fields(text: str, fields: tuple[str, ...]) -> None:
    assert run_refusal(text) is not None
    mistake = read(text).mistakes[0]
    assert (mistake.severity, mistake.fields) == (Severity.FAILURE, fields)


@pytest.mark.parametrize(("text", "fields"), AT_THE_FIRST_USE)
def test_one_that_shows_at_the_first_use_is_a_failure_as_well(text: str, fields: tuple[str, ...]) -> None:
    assert run_refusal(text) is None
    mistake = read(text).mistakes[0]
    assert (mistake.severity, mistake.fields) == (Severity.FAILURE, fields)


@pytest.mark.parametrize(("text", "fields"), WITHOUT_EFFECT)
def test_what_has_no_effect_is_a_warning_beside_its_fields(text: str, fields: tuple[str, ...]) -> None:
    assert run_refusal(text) is None
    mistake = read(text).mistakes[0]
    assert (mistake.severity, mistake.fields) == (Severity.WARNING, fields)


def test_tls_off_with_a_file_for_tls_stands_beside_both(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    text = f"mongodb://h/?tls=false&tlsCAFile={tmp_path / 'ca.pem'}"
    assert run_refusal(text) is not None
    assert read(text).mistakes[0].fields == ("tls", "tlsCAFile")


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("mongodb://app:a@b@h/", ("password",)),
        ("mongodb://me@example.com:pw@h/", ("user",)),
        ("mongodb://app:<password>@h/", ("password",)),
        ("mongodb://<credentials>@h/", ("user", "password")),
        ("mongodb://app@h/", ("password",)),
        ("mongodb://:pw@h/", ("user",)),
        ("mongodb://h:99999/", ("hosts",)),
        ("mongodb://::1/", ("hosts",)),
        ("mongodb+srv://127.0.0.1/", ("hosts",)),
        ("mongodb://mongodb://h/", ("hosts",)),
        ("mongodb:///tmp/x.sock", ("hosts",)),
        ("mongodb://h/a%20b", ("database",)),
        ("mongodb://h/<dbname>", ("database",)),
        ("mongodb://h/?w=1&w=2", ("w",)),
        ("mongodb://h/?tls=yes", ("tls",)),
        ("mongodb://h/?replicaSet=<name>", ("replicaSet",)),
        ("mongodb://h/?replicaSet=", ("replicaSet",)),
        ("mongo://h/", ()),
        ("mongodb://h/?foo=1", ()),
    ],
)
def test_a_mistake_stands_beside_its_field(text: str, fields: tuple[str, ...]) -> None:
    assert read(text).mistakes[0].fields == fields


def test_a_mechanism_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda _name: False)
    found = {mistake.cause: mistake for mistake in read("mongodb://k:s@h/?authMechanism=MONGODB-AWS").mistakes}
    missing = found["driver.missing-package"]
    assert missing.fields == ("authMechanism",)
    assert missing.blanks["package"] == 'pymongo-auth-aws (pip install "clearline[aws]")'
    (note,) = read("mongodb://h/?compressors=snappy").mistakes
    assert (note.cause, note.fields, note.severity) == ("driver.compressor-missing", ("compressors",), Severity.NOTE)
