from __future__ import annotations

import sys

import pytest

from clearline.core.options import packages
from clearline.core.options.packages import how_to_get, is_installed, missing_for_compressor, missing_for_mechanism


def test_what_is_here_is_found_without_importing_it() -> None:
    assert is_installed("pymongo")
    assert not is_installed("no_such_library")
    assert not is_installed("no_such_parent.library")


def test_a_mechanism_and_a_compressor_name_what_they_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda _name: False)
    assert missing_for_mechanism("MONGODB-AWS") == "pymongo_auth_aws"
    assert missing_for_mechanism("GSSAPI") == ("winkerberos" if sys.platform == "win32" else "kerberos")
    assert missing_for_mechanism("SCRAM-SHA-256") is None
    assert missing_for_mechanism(None) is None
    assert missing_for_compressor("snappy") == "snappy"
    assert missing_for_compressor("unknown") is None


def test_one_of_the_alternatives_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda name: name == "winkerberos")
    assert missing_for_mechanism("GSSAPI") is None


@pytest.mark.parametrize(
    ("name", "extra"), [("pymongo_auth_aws", "aws"), ("kerberos", "gssapi"), ("winkerberos", "gssapi")]
)
def test_it_is_said_how_to_get_it(name: str, extra: str) -> None:
    command = f'pip install "clearline[{extra}]"'
    assert command in how_to_get(name, frozen=False)
    assert "does not carry" not in how_to_get(name, frozen=False)
    frozen = how_to_get(name, frozen=True)
    assert "this standalone program does not carry" in frozen
    assert command in frozen


def test_the_extras_are_those_of_the_project() -> None:
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"aws", "gssapi"} <= project["optional-dependencies"].keys()
