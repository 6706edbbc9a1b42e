"""What a script reads is one JSON object on standard output, and nothing else, whatever the terminal can show."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize(
    ("uri", "cause"),
    [
        ("mongodb://é日:p@127.0.0.1:1/?replicaSet=→", None),
        ("mongodb://h/?tlsCertificateKeyFilePassword=one&two", "uri.unescaped-credentials"),
        ("mongodb://h/?authMechanism=MONGODB-OIDC", "auth.oidc-not-configured"),
        ("mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:azure", "uri.bad-value"),
        ("mongodb://${NOWHERE_SET}/", "uri.not-set"),
        ("mongodb://h/?tls=true&tlsInsecure=true&tlsCAFile=/nowhere.pem&w=0&journal=true", "uri.conflicting-options"),
    ],
)
def test_a_report_in_json_is_one_object_and_nothing_else(
    tmp_path: Path, uri: str, cause: str | None, encoding: str
) -> None:
    environ = {**os.environ, "CLEARLINE_HOME": str(tmp_path), "PYTHONIOENCODING": encoding}
    result = subprocess.run(
        [sys.executable, "-m", "clearline", "check", uri, "--json"], capture_output=True, check=False, env=environ
    )
    report = json.loads(result.stdout.decode(encoding))
    assert result.returncode == 1
    assert b"Traceback" not in result.stderr
    if cause is not None:
        assert report["findings"][0]["cause"] == cause


def test_text_for_people_is_printed_as_far_as_the_encoding_goes(tmp_path: Path) -> None:
    environ = {**os.environ, "CLEARLINE_HOME": str(tmp_path), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "clearline", "check", "mongodb://é:p@127.0.0.1:1/"]
    result = subprocess.run(command, capture_output=True, check=False, env=environ)
    assert result.returncode == 1
    assert b"127.0.0.1:1" in result.stdout
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"]])
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_the_list_is_printed_whatever_the_encoding(tmp_path: Path, arguments: list[str], encoding: str) -> None:
    environ = {**os.environ, "CLEARLINE_HOME": str(tmp_path), "PYTHONIOENCODING": encoding}
    here = "from clearline.core.profiles.profile import Profile; from clearline.core.storage.store import save_in"
    save = f"{here}; from clearline.paths import profiles_dir; save_in(profiles_dir(), Profile(name='日本 → é'))"
    subprocess.run([sys.executable, "-c", save], check=True, env=environ)
    command = [sys.executable, "-m", "clearline", *arguments]
    result = subprocess.run(command, capture_output=True, check=False, env=environ)
    assert (result.returncode, result.stderr) == (0, b"")
    if "--json" in arguments:
        [entry] = json.loads(result.stdout.decode(encoding))
        assert entry["name"] == "日本 → é"
