"""``clearline diff`` and ``clearline merge``, as a user runs them."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from clearline.__main__ import main


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of a real check of a port where nothing listens."""
    folder = tmp_path_factory.mktemp("reports")
    file = folder / "refused.json"
    with file.open("w", encoding="utf-8") as out, contextlib.redirect_stdout(out):
        assert main(["check", "--json", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300"]) == 1
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


def write(path: Path, tree: object) -> str:
    path.write_text(json.dumps(tree), encoding="utf-8")
    return str(path)


def test_two_places_are_compared(refused: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laptop = write(tmp_path / "laptop.json", {**refused, "verdict": "connected", "findings": []})
    pod = write(tmp_path / "pod.json", refused)
    assert main(["diff", laptop, pod]) == 1
    assert capsys.readouterr().out.startswith("- In laptop it connects; in pod it fails at tcp")
    assert main(["diff", "--json", laptop, pod]) == 1
    assert json.loads(capsys.readouterr().out)[0]["subject"] == "finding"
    assert main(["diff", pod, pod]) == 0


def test_many_places_are_merged(refused: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = write(tmp_path / "both.json", [refused, refused])
    assert main(["merge", both]) == 1
    out = capsys.readouterr().out
    assert "both (2)" in out
    assert "127.0.0.1:1" in out
    assert main(["merge", "--json", both]) == 1
    merged = json.loads(capsys.readouterr().out)
    assert [place["verdict"] for place in merged["places"]] == ["failed", "failed"]
    assert merged["servers"][0]["seen"][0] == {
        "status": "failed",
        "stage": "tcp",
        "note": merged["servers"][0]["seen"][0]["note"],
    }
    assert main(["merge", "--html", both]) == 1
    assert "<table>" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is no report of Clearline"),
        ("[]", "holds 0 reports"),
        ("{}", "is no report of Clearline"),
        ('{"format": "clearline-report", "version": 2}', "newer Clearline"),
        ('{"format": "clearline-report", "version": 1, "servers": 7}', "is damaged"),
        ("[" * 100_000, "is no report of Clearline"),
        ("\ufeff\x00", "is no report of Clearline"),
    ],
)
def test_what_is_no_report_is_said_in_one_sentence(
    content: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(content, encoding="utf-8")
    for command in (["diff", str(bad), str(bad)], ["merge", str(bad)]):
        assert main(command) == 2
        said = capsys.readouterr().err
        assert words in said
        assert said.count("\n") == 1


def test_a_file_that_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["merge", str(tmp_path / "none.json")]) == 2
    assert "none.json cannot be read: No such file" in capsys.readouterr().err
