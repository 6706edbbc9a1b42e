"""MongoDB's own test suites for connection strings: what is valid survives text, profile and text; the rest is refused.

The suites come with PyMongo's source distribution, which `packaging/dev.py test` fetches; they are not in this
repository.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.uri_parser_shared import _validate_uri

from all_rows import all_rows
from clearline.core.findings import Severity
from clearline.core.uri.connection_string import build, read

ROOT = Path(__file__).resolve().parents[3]
SUITES = ROOT / ".cache" / "pymongo-4.20.0"
FETCH = "The test suites of MongoDB are missing: run `python3 packaging/dev.py test`, which fetches them first."
COUNT = {"connection_string": 90, "uri_options": 90, "auth": 50}
"""There are at least so many cases, so that an empty folder is no green test."""


def cases(*folders: str) -> list[Any]:
    found = []
    for folder in folders:
        for file in sorted((SUITES / folder).rglob("*.json")):
            for case in json.loads(file.read_text(encoding="utf-8")).get("tests", ()):
                if "uri" in case:
                    found.append(pytest.param(case, id=f"{file.stem}: {case['description']}"))
    return found


CASES = cases("connection_string", "uri_options", "auth")
VALID = [case for case in CASES if case.values[0]["valid"]]
INVALID = [case for case in CASES if not case.values[0]["valid"]]


@pytest.fixture(autouse=True)
def _certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some cases name certificate files, which lie beside them."""
    if SUITES.is_dir():
        monkeypatch.chdir(SUITES / "uri_options")


@pytest.mark.parametrize("folder", COUNT)
def test_the_suites_are_there(folder: str) -> None:
    assert SUITES.is_dir(), FETCH
    assert len(cases(folder)) >= COUNT[folder]


def parsed(text: str) -> dict[str, Any] | str:
    """What PyMongo's parser makes of the text, or the class of its refusal: it is stricter than the suites at times."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = _validate_uri(text, warn=True)
        except Exception as problem:
            return type(problem).__name__
    return {**found, "options": dict(found["options"])}


def credentials(text: str) -> Any:
    """The credentials, hosts and TLS of the client that PyMongo makes of the text, or the class of its refusal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            client: MongoClient[Any] = MongoClient(text, connect=False)
        except Exception as problem:
            return type(problem).__name__
    with client:
        options = client.options
        login = options.pool_options._credentials
        shown = None if login is None else (*login[:4], str(login.mechanism_properties and vars_of(login)))
        return (shown, sorted(client._topology_settings.seeds, key=str), options.pool_options._ssl_context is not None)


def vars_of(login: Any) -> object:
    properties = login.mechanism_properties
    known = vars(properties).items() if hasattr(properties, "__dict__") else properties._asdict().items()
    return {name: type(value).__name__ if "callback" in name else value for name, value in known}


@all_rows("case", VALID)
def test_a_valid_text_means_the_same_after_text_profile_text(case: dict[str, Any]) -> None:
    text = case["uri"]
    reading = read(text)
    again = build(reading.profile, reading.secrets, show="plain")
    assert parsed(again) == parsed(text)
    assert read(again, profile=reading.profile).profile == reading.profile


@all_rows("case", [case for case in VALID if not case.values[0]["uri"].startswith("mongodb+srv")])
def test_the_client_of_a_valid_text_logs_in_as_the_same_user(case: dict[str, Any]) -> None:
    text = case["uri"]
    reading = read(text)
    assert credentials(reading.repaired) == credentials(text)


@all_rows("case", VALID)
def test_a_valid_text_is_refused_only_where_pymongo_refuses_it(case: dict[str, Any]) -> None:
    text = case["uri"]
    refused = {mistake.cause for mistake in read(text).mistakes if mistake.severity is Severity.FAILURE}
    if isinstance(parsed(text), dict) and not isinstance(credentials(text), str):
        assert refused <= CANNOT_WORK.keys()


CANNOT_WORK = {
    "uri.x509-without-tls": "without TLS the server sees no certificate",
    "uri.bad-value": "every server refuses the first read with an unknown read concern",
}
"""What PyMongo takes although no server can make up for it."""


@all_rows("case", INVALID)
def test_an_invalid_text_is_refused_with_its_place(case: dict[str, Any]) -> None:
    text = case["uri"]
    failure = read(text).mistakes[0]
    assert failure.severity is Severity.FAILURE
    assert 0 <= failure.start <= failure.end <= len(text)
    assert failure.blanks or failure.fields
