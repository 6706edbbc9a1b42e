"""AWS credentials are fetched before the driver needs them, off the event loop.

The library brings boto3 and is an extra, so a stand-in with its interface is used where it is not installed.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from clearline.core.check import preparation
from clearline.core.check.preparation import prepared
from clearline.core.check.request import Request
from clearline.core.driver.aws import fetch_credentials, files_of
from clearline.core.findings import Severity
from clearline.core.options import packages
from clearline.core.probes import files
from clearline.core.profiles.profile import Auth, Profile
from lab import loops

STAND_IN = {
    "__init__.py": "",
    "errors.py": "class PyMongoAuthAwsError(Exception): pass\n",
    "auth.py": (
        "import threading\nfrom pymongo_auth_aws.errors import PyMongoAuthAwsError\n"
        "asked, cached, there = [], [], True\n"
        "def set_use_cached_credentials(on): cached.append(on)\n"
        "def aws_temp_credentials():\n"
        "    asked.append(threading.current_thread())\n"
        "    if not there: raise PyMongoAuthAwsError('none')\n"
    ),
}
ROLE = Profile(auth=Auth(mechanism="MONGODB-AWS"))


@pytest.fixture(autouse=True)
def _library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "pymongo_auth_aws").mkdir()
    for name, text in STAND_IN.items():
        (tmp_path / "pymongo_auth_aws" / name).write_text(text, encoding="utf-8")
    before = {name: module for name, module in sys.modules.items() if name.startswith("pymongo_auth_aws")}
    for name in before:
        del sys.modules[name]
    monkeypatch.syspath_prepend(str(tmp_path))
    forget = packages.is_installed.cache_clear
    forget()
    yield
    forget()
    for name in [name for name in sys.modules if name.startswith("pymongo_auth_aws")]:
        del sys.modules[name]
    sys.modules.update(before)


def test_a_role_is_asked_for_in_another_thread() -> None:
    text = "mongodb://h/?authMechanism=MONGODB-AWS"
    ready = loops.run(prepared(Request(text=text)))
    assert ready.usable
    from pymongo_auth_aws import auth

    (thread,) = auth.asked
    assert thread is not threading.main_thread()
    assert auth.cached == [True]


def test_a_computer_without_credentials_is_told_before_any_contact() -> None:
    from pymongo_auth_aws import auth

    auth.there = False
    ready = loops.run(prepared(Request(text="mongodb://h/?authMechanism=MONGODB-AWS")))
    (mistake,) = ready.facts.mistakes
    assert (mistake.cause, mistake.severity) == ("auth.aws-no-credentials", Severity.FAILURE)
    assert not ready.usable


def test_a_key_of_the_profile_needs_no_role() -> None:
    assert fetch_credentials(Profile(auth=Auth(mechanism="MONGODB-AWS", user="AKIA")))
    from pymongo_auth_aws import auth

    assert auth.asked == []


def test_for_a_missing_library_the_driver_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda _name: False)
    assert fetch_credentials(ROLE)
    assert fetch_credentials(Profile())


def test_credentials_on_a_drive_that_is_away_are_named_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/net/credentials")
    back = threading.Event()
    monkeypatch.setattr(files, "_read", lambda *_: back.wait())
    monkeypatch.setattr(preparation, "unopenable_around", partial(files.unopenable_around, timeout_s=0.05))
    ready = loops.run(prepared(Request(text="mongodb://h/?authMechanism=MONGODB-AWS")))
    back.set()
    [mistake] = [one for one in ready.mistakes if one.severity is Severity.FAILURE]
    assert (mistake.cause, mistake.blanks["file"]) == ("files.no-answer", str(Path("/net/credentials")))
    from pymongo_auth_aws import auth

    assert auth.asked == [], "the library would wait for ever"


def test_no_files_are_looked_into_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    assert loops.run(prepared(Request(text="mongodb://h/?authMechanism=MONGODB-AWS"))).usable
    assert files_of(Profile(auth=Auth(mechanism="MONGODB-AWS", user="key"))) == {}
